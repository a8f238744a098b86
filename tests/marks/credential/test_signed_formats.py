"""Every kind of file can be signed, reads back as trusted, and is accepted by the C2PA library on its own."""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import misyn
from misyn import signing
from misyn.marks import verify
from misyn.marks.credential import PLACES, place_for
from misyn.marks.credential.reading import read
from misyn.marks.declaration import Declaration
from misyn.marks.metadata import WRITERS
from misyn.signing import SigningKey

MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "tiff": "image/tiff",
    "gif": "image/gif",
}


def c2pa_says(path: Path, kind: str, root: Path) -> dict[str, Any]:
    """What the C2PA library says of a file, asked here without any code of misyn."""
    import c2pa

    settings = {"trust": {"trust_anchors": root.read_text()}, "verify": {"remote_manifest_fetch": False}}
    with c2pa.Context.from_dict(settings) as context:
        if kind in MEDIA_TYPES:
            with path.open("rb") as file, c2pa.Reader(MEDIA_TYPES[kind], file, context=context) as reader:
                return dict(json.loads(reader.json()))
        signed = io.BytesIO(f"misyn/pixels/1 {misyn.read(path).digest}\n".encode())
        manifest = carried_by(path, kind)
        with c2pa.Reader("application/octet-stream", signed, manifest_data=manifest, context=context) as reader:
            return dict(json.loads(reader.json()))


def carried_by(path: Path, kind: str) -> bytes:
    """The manifest a file carries, taken out by other people's readers."""
    if kind == "dicom":
        import pydicom

        block = pydicom.dcmread(path).private_block(0x4D53, "MISYN")
        value = bytes(block[0x02].value)
        return value[: int.from_bytes(value[:4], "big")]  # a zero may make its length even, or be its own last byte
    if kind == "nifti":
        import nibabel

        image: Any = nibabel.load(path)
        comments = [e.get_content() for e in image.header.extensions if e.get_code() == 6]
        texts = [c if isinstance(c, str) else c.decode() for c in comments]
        found = [json.loads(text.rstrip("\0"))["credential"] for text in texts if "credential" in text]
    elif kind == "nrrd":
        import nrrd

        found = [nrrd.read_header(str(path))["misyn_credential"]]
    else:
        import SimpleITK

        volume: Any = SimpleITK.ReadImage(str(path))
        found = [volume.GetMetaData("misyn_credential")]
    assert len(found) == 1
    return zlib.decompress(base64.b64decode(found[0]))


def test_there_is_a_place_for_every_format_that_can_be_marked() -> None:
    assert {place.format for place in PLACES} == {writer.format for writer in WRITERS}


def test_a_signed_file_is_trusted_up_to_a_named_root_and_no_further(
    sample: tuple[str, Path], sign: Callable[..., Path], root: Path, declaration: Declaration
) -> None:
    path = sample[1]
    before = misyn.read(path).digest
    verdict = verify(sign(path), trust=root)
    assert (verdict.verdict, verdict.trusted, verdict.problems) == ("synthetic", True, ())
    assert verdict.declaration == declaration.to_json()
    layer = verdict.layers["credential"]
    assert (layer["state"], layer["issuer"], layer["image"]) == ("trusted", "Example Hospital", "bound")
    assert layer["declaration"] == declaration.digest
    assert misyn.read(path).digest == before
    nobody = verify(path)
    assert (nobody.verdict, nobody.trusted, nobody.layers["credential"]["state"]) == ("synthetic", False, "untrusted")
    assert nobody.layers["credential"]["issuer"] is None


def test_the_c2pa_library_itself_calls_it_trusted_and_finds_no_thumbnail(
    sample: tuple[str, Path], sign: Callable[..., Path], root: Path, declaration: Declaration
) -> None:
    kind, path = sample
    said = c2pa_says(sign(path), kind, root)
    assert said["validation_state"] == "Trusted"
    manifest = said["manifests"][said["active_manifest"]]
    assert len(said["manifests"]) == 1
    assert "thumbnail" not in json.dumps(manifest)
    labels = {assertion["label"]: assertion["data"] for assertion in manifest["assertions"]}
    assert labels["org.misyn.declaration"] == {
        "declaration": json.loads(declaration.to_text()),
        "pixels": misyn.read(path).digest,
    }
    (action,) = labels["c2pa.actions.v2"]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"].endswith("/trainedAlgorithmicMedia")


def test_signing_again_leaves_one_credential_which_is_the_new_one(
    sample: tuple[str, Path], sign: Callable[..., Path], root: Path, declaration: Declaration
) -> None:
    import dataclasses

    kind, path = sample
    sign(path)
    newer = dataclasses.replace(declaration, created="2027-11-22T10:00:00Z")
    verdict = verify(sign(path, declared=newer), trust=root)
    assert (verdict.verdict, verdict.trusted, verdict.problems) == ("synthetic", True, ())
    assert verdict.declaration == newer.to_json()
    assert len(c2pa_says(path, kind, root)["manifests"]) == 1


def test_the_digest_that_a_log_would_hold_names_the_bytes_in_the_file(
    sample: tuple[str, Path], keys: dict[str, SigningKey], declaration: Declaration
) -> None:
    from misyn.canonical import digest
    from misyn.marks import mark

    kind, path = sample
    result = mark(path, declaration=declaration, in_place=True, key=keys["ours"])
    assert result.credential == read(path, format=kind).digest
    with path.open("rb") as source:
        store = place_for(kind).get(source)
    assert store is not None
    assert digest(store) == result.credential
    if kind not in MEDIA_TYPES:
        assert carried_by(path, kind) == store


def test_an_unsigned_file_is_not_even_shown_to_the_library(
    sample: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from misyn.marks.credential import library

    monkeypatch.setattr(library, "load", lambda: pytest.fail("the library was loaded"))
    layer = verify(sample[1]).layers["credential"]
    assert layer == {"state": "absent", "searched": True, "found": False}


def test_a_root_that_cannot_be_read_is_refused(sample: tuple[str, Path], tmp_path: Path) -> None:
    from misyn.errors import SigningError

    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    with pytest.raises(SigningError, match="expected"):
        verify(sample[1], trust=empty)
    with pytest.raises(SigningError, match="expected"):
        verify(sample[1], trust=[])
    with pytest.raises(SigningError, match="expected trusted certificates"):
        verify(sample[1], trust=tmp_path / "absent.pem")


def test_names_on_the_signature_are_those_of_the_key(keys: dict[str, SigningKey]) -> None:
    assert [signing.certificates.common_name(key.chain[0]) for key in keys.values()] == ["Example Hospital"] * 2
