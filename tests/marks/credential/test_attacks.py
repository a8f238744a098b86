"""What someone could try: other people's names, other roots, other images, other times, other bytes."""

from __future__ import annotations

import dataclasses
import io
import json
import random
import struct
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import misyn
from misyn import signing
from misyn.errors import AcquiredFromPatient, MarkError, MissingExtra, SigningError, UsageError
from misyn.marks import mark, verify
from misyn.marks.credential import place_for
from misyn.marks.credential.writing import write
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.metadata import writer_for
from misyn.signing import SigningKey

FORMATS = {
    "png": "png",
    "jpeg": "jpeg",
    "webp": "webp",
    "tiff": "tiff",
    "gif": "gif",
    "nifti": "nifti",
    "nrrd": "nrrd",
    "mha": "metaimage",
    "dicom-explicit": "dicom",
}


@pytest.fixture(params=sorted(FORMATS))
def one(request: pytest.FixtureRequest, built: dict[str, bytes], tmp_path: Path) -> tuple[str, Path]:
    """One unsigned file per format."""
    path = tmp_path / f"one.{request.param}"
    path.write_bytes(built[request.param])
    return FORMATS[request.param], path


@pytest.fixture
def other_technique() -> Declaration:
    return Declaration(
        technique=Technique(name="another technique"), responsible="Someone", created="2026-11-22T10:00:00Z"
    )


def with_manifest(kind: str, path: Path, manifest: bytes) -> None:
    target = io.BytesIO()
    with path.open("rb") as source:
        place_for(kind).put(source, target, manifest)
    path.write_bytes(target.getvalue())


def manifest_of(kind: str, path: Path) -> bytes:
    with path.open("rb") as source:
        found = place_for(kind).get(source)
    assert found is not None
    return found


def test_certificates_with_the_same_names_are_not_the_same_party(
    one: tuple[str, Path], sign: Callable[..., Path], root: Path
) -> None:
    verdict = verify(sign(one[1], by="forger"), trust=root)
    layer = verdict.layers["credential"]
    assert (verdict.trusted, layer["state"], layer["issuer"]) == (False, "untrusted", None)
    assert layer["claimed_issuer"] == "Example Hospital"
    assert any("no root that was named" in problem for problem in verdict.problems)


def test_a_wrong_anchor_trusts_nothing(
    one: tuple[str, Path], sign: Callable[..., Path], keys: dict[str, SigningKey]
) -> None:
    verdict = verify(sign(one[1]), trust=keys["forger"].chain[-1:])
    assert (verdict.trusted, verdict.layers["credential"]["state"]) == (False, "untrusted")


def test_a_leaf_that_certifies_another_leaf_is_not_trusted(
    one: tuple[str, Path], keys: dict[str, SigningKey], declaration: Declaration, root: Path
) -> None:
    """A holder of a signing key may not issue further ones."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    ours = keys["ours"]
    private = Ed25519PrivateKey.generate()
    issued = signing.certificates.certify(
        private, owner="Example Hospital", issuer=(ours.private, ours.chain[0]), now=datetime.now(UTC), days=30
    )
    rogue = SigningKey(private, (issued, *ours.chain))
    kind, path = one
    marked = io.BytesIO()
    with path.open("rb") as source:
        writer_for(kind).write(source, marked, declaration)
    pixels = misyn.read(path).digest
    with path.open("w+b") as target:
        write(marked, target, format=kind, declaration=declaration, key=rogue, pixels=pixels)
    assert not verify(path, trust=root).trusted


DETACHED = ["nifti", "nrrd", "mha", "dicom-explicit"]


@pytest.mark.parametrize("name", DETACHED)
def test_manifests_of_two_images_swapped_are_both_invalid(
    name: str, built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    kind = FORMATS[name]
    pair = [tmp_path / "first", tmp_path / "second"]
    data = bytearray(built[name])
    pair[0].write_bytes(data)
    data[-1] ^= 1
    pair[1].write_bytes(data)
    stores = [manifest_of(kind, sign(path)) for path in pair]
    for path, store in zip(pair, reversed(stores), strict=True):
        with_manifest(kind, path, store)
        verdict = verify(path, trust=root)
        assert (verdict.verdict, verdict.trusted) == ("contradictory", False)
        assert verdict.layers["credential"]["image"] == "other"
        assert "C5" in verdict.rules


@pytest.mark.parametrize("name", DETACHED)
def test_a_credential_copied_onto_an_unmarked_image_makes_it_contradictory_not_synthetic(
    name: str, built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    kind = FORMATS[name]
    signed, victim = tmp_path / "signed", tmp_path / "victim"
    signed.write_bytes(built[name])
    victim.write_bytes(built[name][:-1] + b"\x55")
    with_manifest(kind, victim, manifest_of(kind, sign(signed)))
    verdict = verify(victim, trust=root)
    assert (verdict.verdict, verdict.trusted) == ("contradictory", False)


def test_the_chunk_of_one_picture_put_into_another_is_found_out(
    built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    signed, victim = tmp_path / "signed.png", tmp_path / "victim.png"
    signed.write_bytes(built["png"])
    data = sign(signed).read_bytes()
    at = data.find(b"caBX") - 4
    (n,) = struct.unpack(">I", data[at : at + 4])
    victim.write_bytes(built["png-16-bit"][:33] + data[at : at + 12 + n] + built["png-16-bit"][33:])
    verdict = verify(victim, trust=root)
    assert (verdict.verdict, verdict.trusted) == ("contradictory", False)
    assert verdict.layers["credential"]["image"] == "other"


@pytest.fixture(scope="session")
def expiry(
    tmp_path_factory: pytest.TempPathFactory, built: dict[str, bytes], declaration: Declaration
) -> tuple[SigningKey, datetime, Path]:
    """A key whose certificate has run out, when it had not, and a file per format that was signed then."""
    for seconds in (3, 20, 120):  # a busy machine may need longer than the certificate lasts
        now = datetime.now(UTC)
        made = now - timedelta(days=1) + signing.certificates.SKEW + timedelta(seconds=seconds)
        folder = tmp_path_factory.mktemp("expired")
        key = signing.create(folder / "key", owner="Brief", now=made, leaf_days=1)
        try:
            for name in FORMATS:
                (folder / name).write_bytes(built[name])
                mark(folder / name, declaration=declaration, in_place=True, key=key)
        except (SigningError, MarkError):
            if datetime.now(UTC) < key.chain[0].not_valid_after_utc:
                raise
            continue
        time.sleep(max(0.0, (key.chain[0].not_valid_after_utc - datetime.now(UTC)).total_seconds()) + 1.1)
        return key, now, folder
    pytest.fail("nothing was signed within two minutes")


@pytest.fixture(scope="session")
def expiring(expiry: tuple[SigningKey, datetime, Path]) -> tuple[SigningKey, datetime]:
    return expiry[:2]


@pytest.fixture(scope="session")
def expired(expiry: tuple[SigningKey, datetime, Path]) -> dict[str, Path]:
    return {name: expiry[2] / name for name in FORMATS}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_expired_certificate_needs_proof_of_age(
    name: str, expired: dict[str, Path], expiring: tuple[SigningKey, datetime], keys: dict[str, SigningKey]
) -> None:
    key, signed_at = expiring
    path, roots = expired[name], key.chain[-1:]

    def state(**asked: Any) -> tuple[str, bool]:
        verdict = verify(path, **asked)
        return verdict.layers["credential"]["state"], verdict.trusted

    asked: list[str] = []

    def proof(digest: str) -> datetime:
        asked.append(digest)
        return signed_at

    assert state(trust=roots) == ("invalid", False)
    assert state(trust=roots, proof=lambda _: None) == ("invalid", False)
    assert state(trust=roots, proof=proof) == ("trusted", True)
    assert asked == [verify(path).layers["credential"]["digest"]]
    assert state(proof=proof) == ("invalid", False)
    assert state(trust=keys["forger"].chain[-1:], proof=proof) == ("invalid", False)
    assert state(trust=roots, proof=lambda _: signed_at + timedelta(days=1)) == ("invalid", False)
    assert state(trust=roots, proof=lambda _: signed_at - timedelta(days=9)) == ("invalid", False)


def test_proof_of_age_does_not_help_a_credential_of_other_pixels(
    expired: dict[str, Path], expiring: tuple[SigningKey, datetime], tmp_path: Path
) -> None:
    key, signed_at = expiring
    path = tmp_path / "changed.nii"
    data = bytearray(expired["nifti"].read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    verdict = verify(path, trust=key.chain[-1:], proof=lambda _: signed_at)
    assert (verdict.trusted, verdict.layers["credential"]["state"]) == (False, "invalid")


def test_an_expired_key_refuses_to_sign(
    expired: dict[str, Path], expiring: tuple[SigningKey, datetime], built: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(built["png"])
    with pytest.raises(SigningError, match="misyn key renew"):
        mark(path, declaration=verified_declaration(expired["png"]), in_place=True, key=expiring[0])
    assert path.read_bytes() == built["png"]


def verified_declaration(path: Path) -> Declaration:
    found = verify(path).declaration
    assert found is not None
    return Declaration.from_json(found)


@pytest.mark.parametrize("n", range(30))
@pytest.mark.parametrize("name", DETACHED)
def test_a_damaged_or_hostile_manifest_is_never_trusted_to_say_anything_new(
    n: int,
    name: str,
    built: dict[str, bytes],
    sign: Callable[..., Path],
    root: Path,
    declaration: Declaration,
    tmp_path: Path,
) -> None:
    kind, path = FORMATS[name], tmp_path / "file"
    path.write_bytes(built[name])
    chance = random.Random(f"{name} {n}")  # noqa: S311 - not for secrets
    store = bytearray(manifest_of(kind, sign(path)))
    if n % 3 == 0:
        del store[chance.randrange(len(store)) :]
    elif n % 3 == 1:
        store[chance.randrange(len(store))] ^= 1 << chance.randrange(8)
    else:
        start = chance.randrange(len(store))
        store[start : start + chance.randrange(1, 200)] = chance.randbytes(chance.randrange(200))
    with_manifest(kind, path, bytes(store))
    verdict = verify(path, trust=root)
    if verdict.trusted:  # the change met padding that nothing depends on
        assert n % 3 == 1
        assert verdict.declaration == declaration.to_json()
    else:
        assert verdict.layers["credential"]["state"] in ("invalid", "untrusted")
        assert verdict.verdict in ("synthetic", "contradictory")


@pytest.mark.parametrize("n", range(12))
def test_a_damaged_or_truncated_picture_never_raises_and_is_never_trusted(
    n: int, one: tuple[str, Path], sign: Callable[..., Path], root: Path
) -> None:
    kind, path = one
    data = bytearray(sign(path).read_bytes())
    chance = random.Random(f"{kind} {n}")  # noqa: S311 - not for secrets
    if n % 2:
        del data[chance.randrange(len(data)) :]
    else:
        at = max(data.find(start) for start in (b"jumb", b"misyn_credential", b'{"credential"'))
        assert at > 0
        data[at + 40 : at + 140] = chance.randbytes(chance.randrange(160))
    path.write_bytes(data)
    verdict = verify(path, trust=root)
    assert verdict.verdict in {"synthetic", "contradictory", "no-evidence", "unreadable"}
    assert not verdict.trusted


@pytest.mark.parametrize("manifest", [b"", b"\0", b"\0" * 64, b"\xff" * 5000, b"{}"], ids=lambda m: f"{len(m)}")
@pytest.mark.parametrize("name", DETACHED)
def test_what_is_no_manifest_at_all_is_invalid(
    name: str, manifest: bytes, built: dict[str, bytes], root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(built[name])
    with_manifest(FORMATS[name], path, manifest)
    verdict = verify(path, trust=root)
    assert (verdict.layers["credential"]["state"], verdict.trusted) == ("invalid", False)


def test_a_credential_that_inflates_without_end_stops_at_a_limit(
    built: dict[str, bytes], root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.nrrd"
    path.write_bytes(built["nrrd"])
    with_manifest("nrrd", path, bytes(64 << 20))
    started = time.monotonic()
    assert verify(path, trust=root).layers["credential"]["state"] == "invalid"
    assert time.monotonic() - started < 5


def test_a_tag_that_says_no_contradicts_a_credential(
    built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(built["dicom-explicit"])
    data = pydicom.dcmread(sign(path))
    data.SyntheticData = "NO"
    data.save_as(path)
    verdict = verify(path, trust=root)
    assert (verdict.verdict, verdict.trusted) == ("contradictory", False)
    assert "C1" in verdict.rules


def test_layers_that_name_different_techniques_are_contradictory(
    one: tuple[str, Path], keys: dict[str, SigningKey], declaration: Declaration, other_technique: Declaration
) -> None:
    kind, path = one
    marked = io.BytesIO()
    pixels = misyn.read(path).digest
    with path.open("rb") as source:
        writer_for(kind).write(source, marked, other_technique)
    with path.open("w+b") as target:
        write(marked, target, format=kind, declaration=declaration, key=keys["ours"], pixels=pixels)
    verdict = verify(path, trust=keys["ours"].chain[-1:])
    assert (verdict.verdict, verdict.trusted) == ("contradictory", False)
    assert verdict.layers["credential"]["state"] == "trusted"
    assert "C2" in verdict.rules


def test_metadata_rewritten_for_the_same_technique_is_noticed_and_the_signed_text_is_shown(
    built: dict[str, bytes], sign: Callable[..., Path], root: Path, declaration: Declaration, tmp_path: Path
) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(built["nifti"])
    rewritten = dataclasses.replace(declaration, responsible="Somebody Else")
    target = io.BytesIO()
    with sign(path).open("rb") as source:
        writer_for("nifti").write(source, target, rewritten)
    path.write_bytes(target.getvalue())
    verdict = verify(path, trust=root)
    assert (verdict.verdict, verdict.trusted) == ("synthetic", True)
    assert verdict.declaration == declaration.to_json()
    assert "P6" in verdict.rules


def test_every_layer_stripped_leaves_what_the_others_say(
    one: tuple[str, Path], sign: Callable[..., Path], root: Path
) -> None:
    path = one[1]
    unsigned = path.read_bytes()
    sign(path)
    assert verify(path, trust=root).trusted
    path.write_bytes(unsigned)
    assert verify(path, trust=root).verdict == "no-evidence"


def a_picture_signed_elsewhere(path: Path, key: SigningKey, source_type: str) -> None:
    """Signed with the C2PA library alone, as another program would."""
    import c2pa
    from PIL import Image

    picture, target = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).save(picture, "PNG")
    kind = f"http://cv.iptc.org/newscodes/digitalsourcetype/{source_type}"
    made = {
        "claim_generator_info": [{"name": "a commercial service\x1b[2J", "version": "9"}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": kind}]}}
        ],
    }
    info = c2pa.C2paSignerInfo(b"ed25519", key.chain_pem, key.private_pem, None)
    settings = {"builder": {"thumbnail": {"enabled": False}}}
    with (
        c2pa.Signer.from_info(info) as signer,
        c2pa.Context.from_dict(settings) as context,
        c2pa.Builder(made, context=context) as builder,
    ):
        builder.sign(signer, "image/png", picture, target)
    path.write_bytes(target.getvalue())


def test_another_generator_s_credential_is_evidence_undeclared_and_untrusted(
    keys: dict[str, SigningKey], root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    a_picture_signed_elsewhere(path, keys["forger"], "trainedAlgorithmicMedia")
    verdict = verify(path, trust=root)
    assert (verdict.verdict, verdict.trusted, verdict.declaration) == ("synthetic", False, None)
    (trace,) = verdict.layers["foreign"]["traces"]
    assert trace["trace"] == "c2pa:credential"
    assert trace["reveals"]["claimed issuer"] == "Example Hospital"
    assert "\x1b" not in json.dumps(verdict.as_json(), ensure_ascii=False)


def test_a_camera_s_credential_is_no_evidence_and_contradicts_a_mark(
    keys: dict[str, SigningKey], root: Path, declaration: Declaration, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    a_picture_signed_elsewhere(path, keys["ours"], "digitalCapture")
    before = path.read_bytes()
    verdict = verify(path, trust=root)
    assert (verdict.verdict, verdict.trusted) == ("no-evidence", False)
    assert verdict.layers["credential"]["state"] == "trusted"
    with pytest.raises(MarkError, match="another's credential"):
        mark(path, declaration=declaration, in_place=True, key=keys["ours"])
    assert path.read_bytes() == before


def test_no_network_is_used_for_a_manifest_that_lies_elsewhere(
    built: dict[str, bytes], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that only names an address: nothing may be fetched, and it counts as having no credential."""
    import socket
    import threading

    asked: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(2)

    def serve() -> None:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        asked.append(connection.recv(100))
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    address = f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa"
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{address}"/>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()
    from PIL import Image

    path = tmp_path / "a.webp"
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(path, "WEBP", xmp=xmp)
    assert verify(path, trust=root).layers["credential"]["state"] == "absent"
    server.close()
    thread.join()
    assert asked == []


def test_an_acquired_image_is_not_signed_without_force(
    keys: dict[str, SigningKey], declaration: Declaration, tmp_path: Path
) -> None:
    from pydicom.data import get_testdata_file

    source = Path(str(get_testdata_file("CT_small.dcm")))
    with pytest.raises(AcquiredFromPatient):
        mark(source, declaration=declaration, out=tmp_path / "a.dcm", key=keys["ours"])
    mark(source, declaration=declaration, out=tmp_path / "a.dcm", key=keys["ours"], force="a test")
    verdict = verify(tmp_path / "a.dcm", trust=keys["ours"].chain[-1:])
    assert (verdict.verdict, verdict.trusted) == ("contradictory", False)
    assert verdict.layers["credential"]["state"] == "trusted"
    assert any("speaks against the mark" in problem for problem in verdict.problems)


def test_a_credential_without_a_key_is_a_usage_error_and_metadata_over_one_is_refused(
    one: tuple[str, Path], sign: Callable[..., Path], declaration: Declaration
) -> None:
    with pytest.raises(UsageError, match="misyn key new"):
        mark(one[1], declaration=declaration, in_place=True, layers=("metadata", "credential"))
    before = sign(one[1]).read_bytes()
    with pytest.raises(MarkError, match="found one with it"):
        mark(one[1], declaration=declaration, in_place=True)
    assert one[1].read_bytes() == before


def test_without_the_library_signing_says_how_to_get_it_and_verifying_says_that_it_did_not_look(
    one: tuple[str, Path],
    sign: Callable[..., Path],
    root: Path,
    keys: dict[str, SigningKey],
    declaration: Declaration,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from misyn.marks.credential import library

    unsigned = one[1].read_bytes()
    sign(one[1])
    monkeypatch.setitem(sys.modules, "c2pa", None)
    monkeypatch.setattr(library, "is_installed", lambda: False)
    verdict = verify(one[1], trust=root)
    layer = verdict.layers["credential"]
    assert (layer["state"], layer["searched"], layer["found"]) == ("not searched", False, True)
    assert (verdict.verdict, verdict.trusted) == ("synthetic", False)
    assert any("pip install 'misyn[credential]'" in problem for problem in verdict.problems)
    one[1].write_bytes(unsigned)
    assert verify(one[1]).layers["credential"]["state"] == "absent"
    with pytest.raises(MissingExtra, match=r"Next: pip install 'misyn\[credential\]'"):
        mark(one[1], declaration=declaration, in_place=True, key=keys["ours"])
    assert one[1].read_bytes() == unsigned


def test_the_evidence_of_an_audit_counts_trusted_credentials(
    built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    from misyn.marks.evidence import summarise

    paths = [tmp_path / name for name in ("ours.png", "forged.png", "plain.png")]
    for path in paths:
        path.write_bytes(built["png"])
    sign(paths[0])
    sign(paths[1], by="forger")
    evidence = summarise([verify(path, trust=root) for path in paths])
    assert (evidence["declared"], evidence["signed"], evidence["layers"]["credential"]) == (2, 1, 2)
