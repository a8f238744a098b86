"""A credential outlives its certificate: from the command line, by a log with witnesses or by a time stamp."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import authority as tsa
from misyn import signing
from misyn.canonical import digest
from misyn.cli import main
from misyn.marks import verify
from misyn.marks.credential import ages
from misyn.marks.declaration import Declaration
from misyn.marks.metadata.xmp import TRAINED

RECORD = "misyn: 1\ntechnique: {name: pca, version: '1'}\nresponsible: A. Author\n"


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[tsa.Authority, str]]:
    pytest.importorskip("rfc3161_client", reason="time stamps need the extra: pip install 'misyn[credential]'")
    if shutil.which("openssl") is None:
        pytest.skip("the time-stamping authority of these tests is openssl's")
    made = tsa.Authority(tmp_path_factory.mktemp("stamps") / "authority")
    server = tsa.served(made)
    yield made, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def run(words: str, *, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(main, [*words.split(), "--json"])
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout) if result.stdout.startswith("{") else result.output


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, stamps: tuple[tsa.Authority, str]) -> Path:
    """Files that were marked, logged and stamped with a key whose certificate has expired since."""
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")
    for seconds in (6, 30, 150):  # a busy machine may need longer than the certificate lasts
        place = tmp_path_factory.mktemp("world")
        if made_within(place, seconds, stamps):
            return place
    pytest.fail("nothing was signed within 150 seconds")


def made_within(place: Path, seconds: int, stamps: tuple[tsa.Authority, str]) -> bool:
    """Make the world with a key whose certificate lasts some seconds; False where that was too short."""
    (place / "misyn.yaml").write_text(RECORD)
    (place / "drawn").mkdir()
    for seed in (1, 2):
        noise = np.random.default_rng(seed).integers(0, 255, (64, 64), np.uint8)
        Image.fromarray(noise).save(place / "drawn" / f"{seed}.png")
    vkey = run(f"log init {place}/L --origin example.org/log")["vkey"]
    witness = run(f"log witness new {place}/W --name w.example --log {vkey}")["vkey"]
    (place / "policy").write_text(f"log {vkey}\nwitness w {witness}\nquorum w\n")
    (place / "lonely").write_text(f"log {vkey}\nquorum none\n")
    key = brief(place / "key", seconds)
    try:
        sign_everything(place, key, stamps)
    except (AssertionError, signing_refusals()):
        if datetime.now(UTC) >= key.chain[0].not_valid_after_utc:
            return False
        raise
    time.sleep(max(0.0, (key.chain[0].not_valid_after_utc - datetime.now(UTC)).total_seconds()) + 1.1)
    return True


def signing_refusals() -> type[Exception]:
    import c2pa

    refusal: type[Exception] = c2pa.C2paError
    return refusal


def sign_everything(place: Path, key: signing.SigningKey, stamps: tuple[tsa.Authority, str]) -> None:
    common = f"mark {place}/drawn --record {place}/misyn.yaml --key {place}/key"
    published = run(f"{common} --out {place}/logged --log {place}/L --witness {place}/W --proofs {place}/by-log")
    assert published["published"]["log_entries"] == ["example.org/log#0"]
    run(f"{common} --out {place}/stamped --tsa {stamps[1]} --proofs {place}/by-stamp")
    quiet = run(f"{common} --out {place}/quiet --proofs {place}/by-nobody")
    assert "send credentials-" in quiet["published"]["notes"][0]
    (request,) = (place / "by-nobody").glob("*.tsq")
    request.with_suffix(".tsr").write_bytes(stamps[0].reply(request.read_bytes()))
    by_the_library(place / "drawn" / "1.png", place / "others.png", key, stamps[1])


def brief(folder: Path, seconds: int) -> signing.SigningKey:
    """A key whose certificate runs out soon."""
    then = datetime.now(UTC) - timedelta(days=1) + signing.certificates.SKEW + timedelta(seconds=seconds)
    return signing.create(folder, owner="Brief", now=then, leaf_days=1)


def by_the_library(source: Path, target: Path, key: signing.SigningKey, address: str) -> None:
    """Sign as other C2PA software does: the time stamp lies in the credential itself."""
    import c2pa

    chain = signing.certificates.to_pem(key.chain[:-1])
    action = {"action": "c2pa.created", "digitalSourceType": TRAINED}
    made = {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}]}
    information = c2pa.C2paSignerInfo(b"ed25519", chain, key.private_pem, address.encode())
    with (
        source.open("rb") as before,
        target.open("w+b") as after,
        c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}}) as context,
        c2pa.Signer.from_info(information) as signer,
        c2pa.Builder(json.dumps(made), context=context) as builder,
    ):
        builder.sign(signer, "image/png", before, after)


def states(place: Path, name: str, options: str = "") -> tuple[set[str], list[str]]:
    trust = f"--trust {place}/key/root.pem --workers 0"
    exit_code = 0
    found = run(f"verify {place}/{name} {trust} {options}", exit_code=exit_code)
    problems = found["summary"].get("proofs", {}).get("problems", [])
    return {file["layers"]["credential"]["state"] for file in found["files"]}, problems


def test_without_proof_an_expired_credential_is_invalid(world: Path) -> None:
    assert states(world, "logged") == ({"invalid"}, [])


def test_a_cosigned_log_entry_keeps_credentials_trusted(world: Path) -> None:
    assert states(world, "logged", f"--proofs {world}/by-log --policy {world}/policy") == ({"trusted"}, [])


def test_a_time_stamp_keeps_credentials_trusted(world: Path, stamps: tuple[tsa.Authority, str]) -> None:
    options = f"--proofs {world}/by-stamp --tsa-trust {stamps[0].root}"
    assert states(world, "stamped", options) == ({"trusted"}, [])


def test_a_request_that_was_carried_by_hand_is_as_good(world: Path, stamps: tuple[tsa.Authority, str]) -> None:
    assert states(world, "quiet", f"--proofs {world}/by-nobody --tsa-trust {stamps[0].root}") == ({"trusted"}, [])


def test_a_stamp_from_after_the_end_shows_nothing(
    world: Path, stamps: tuple[tsa.Authority, str], tmp_path: Path
) -> None:
    proofs = shutil.copytree(world / "by-nobody", tmp_path / "proofs")
    (request,) = proofs.glob("*.tsq")
    request.with_suffix(".tsr").write_bytes(stamps[0].reply(request.read_bytes()))
    assert states(world, "quiet", f"--proofs {proofs} --tsa-trust {stamps[0].root}")[0] == {"invalid"}


def test_a_stamp_inside_another_issuers_credential_counts_where_its_root_is_trusted(
    world: Path, stamps: tuple[tsa.Authority, str], tmp_path: Path
) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes((world / "key" / "root.pem").read_bytes() + stamps[0].root.read_bytes())
    assert verify(world / "others.png", trust=world / "key" / "root.pem").layers["credential"]["state"] == "invalid"
    found = verify(world / "others.png", trust=roots)
    assert (found.layers["credential"]["state"], found.trusted, found.declaration) == ("trusted", True, None)


def test_a_log_without_witnesses_states_no_time(world: Path) -> None:
    state, problems = states(world, "logged", f"--proofs {world}/by-log --policy {world}/lonely")
    assert state == {"invalid"}
    assert "no quorum of witnesses states when" in problems[0]


def test_the_root_of_another_authority_shows_nothing(world: Path) -> None:
    state, problems = states(world, "stamped", f"--proofs {world}/by-stamp --tsa-trust {world}/key/root.pem")
    assert state == {"invalid"}
    assert "an authority that is trusted" in problems[0]


def test_a_list_that_was_added_to_shows_nothing_of_anything(
    world: Path, stamps: tuple[tsa.Authority, str], tmp_path: Path
) -> None:
    """Backdating: a credential that is not in the list cannot be put into it afterwards."""
    proofs = shutil.copytree(world / "by-stamp", tmp_path / "proofs")
    (listed,) = proofs.glob("credentials-*.json")
    listed.write_bytes(listed.read_bytes().replace(b'"credentials":[', b'"credentials":["sha256:' + b"0" * 64 + b'",'))
    assert len(ages.read_list(listed.read_bytes())) == 3
    state, problems = states(world, "stamped", f"--proofs {proofs} --tsa-trust {stamps[0].root}")
    assert (state, len(problems)) == ({"invalid"}, 1)
    logged = shutil.copytree(world / "by-log", tmp_path / "logged")
    (listed,) = logged.glob("credentials-*.json")
    listed.write_bytes(listed.read_bytes() + b" ")
    assert states(world, "logged", f"--proofs {logged} --policy {world}/policy")[0] == {"invalid"}


def test_the_stamp_of_one_list_says_nothing_of_another(
    world: Path, stamps: tuple[tsa.Authority, str], tmp_path: Path
) -> None:
    proofs = shutil.copytree(world / "by-log", tmp_path / "proofs")
    (listed,), (answer,) = proofs.glob("credentials-*.json"), (world / "by-stamp").glob("*.tsr")
    shutil.copy(answer, ages.beside(listed, ".tsr"))
    assert states(world, "logged", f"--proofs {proofs} --tsa-trust {stamps[0].root}")[0] == {"invalid"}


def test_the_declaration_names_its_entry_and_what_was_logged_is_the_rest_of_it(world: Path) -> None:
    found = run(f"verify {world}/logged/1.png --workers 0", exit_code=0)
    declared = found["files"][0]["declaration"]
    assert declared["log_entry"] == "example.org/log#0"
    (path,) = (world / "by-log").glob("declaration-*.json")
    assert Declaration.from_json(declared | {"log_entry": None}).digest == digest(path.read_bytes())
    checked = run(f"log check {world}/by-log --policy {world}/policy --trust {world}/key/root.pem")
    assert {answer["signer"]["name"] for answer in checked["answers"]} == {"Brief"}
    assert [(answer["holds"], answer["kind"]) for answer in checked["answers"]] == [
        (True, "evidence"),
        (True, "declaration"),
    ]


def test_a_list_holds_digests_and_nothing_else_and_the_authority_sees_less(
    world: Path, stamps: tuple[tsa.Authority, str]
) -> None:
    (listed,) = (world / "by-stamp").glob("credentials-*.json")
    assert set(json.loads(listed.read_bytes())) == {"schema", "credentials"}
    assert all(len(request) < 80 for request in stamps[0].asked)


def test_force_is_in_the_declaration_that_is_logged(world: Path, tmp_path: Path) -> None:
    Image.fromarray(np.eye(64, dtype=np.uint8)).save(tmp_path / "a.png")
    exif = Image.Exif()
    exif[271], exif[272] = "a maker", "a camera"
    exif.get_ifd(0x8769)[36867] = "2026:11:22 10:00:00"
    Image.fromarray(np.eye(64, dtype=np.uint8)).save(tmp_path / "b.png", exif=exif)
    words = f"mark {tmp_path}/a.png {tmp_path}/b.png --record {world}/misyn.yaml --out {tmp_path}/out"
    words += f" --force --reason drawn --log {world}/L --witness {world}/W --proofs {tmp_path}/proofs"
    done = run(words)
    assert len(done["published"]["log_entries"]) == 2
    logged = [Declaration.from_json(path.read_bytes()) for path in (tmp_path / "proofs").glob("declaration-*.json")]
    assert sorted(str(one.forced) for one in logged) == ["None", "drawn"]
    assert [file["forced"] for file in done["files"]] == [None, "drawn"]


@pytest.mark.parametrize("options", ["--log {}/L", "--tsa http://127.0.0.1:9/"])
def test_publishing_without_a_place_for_the_proofs_is_refused_before_anything_is_written(
    world: Path, tmp_path: Path, options: str
) -> None:
    words = f"mark {world}/drawn --record {world}/misyn.yaml --out {tmp_path}/out " + options.format(world)
    assert "--proofs FOLDER" in run(words, exit_code=2)
    assert not (tmp_path / "out").exists()


def test_an_authority_that_does_not_answer_leaves_whole_files_and_the_list(world: Path, tmp_path: Path) -> None:
    signing.create(tmp_path / "key", owner="B", now=datetime.now(UTC))
    words = f"mark {world}/drawn --record {world}/misyn.yaml --out {tmp_path}/out --key {tmp_path}/key"
    said = run(f"{words} --tsa http://127.0.0.1:9/ --proofs {tmp_path}/proofs", exit_code=2)
    assert "carry the request" in said
    assert len(list((tmp_path / "out").glob("*.png"))) == 2
    assert len(list((tmp_path / "proofs").glob("credentials-*.json.tsq"))) == 1


def test_a_log_that_cannot_be_used_marks_nothing(world: Path, tmp_path: Path) -> None:
    (tmp_path / "no-log").mkdir()
    words = f"mark {world}/drawn --record {world}/misyn.yaml --out {tmp_path}/out"
    run(f"{words} --log {tmp_path}/no-log --proofs {tmp_path}/proofs", exit_code=2)
    assert not list((tmp_path / "out").glob("*.png"))
