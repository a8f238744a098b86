"""A bundle holds when everything in it follows from its evidence, and any change to any part of it is named."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from misyn.canonical import canonical_bytes, digest
from misyn.errors import EvidenceError, NotProven
from misyn.practice import bundle, checking, plans
from misyn.practice.record import Record
from misyn.results import Caveat, Evidence

Members = dict[str, Any]


@pytest.fixture
def path(tmp_path: Path, honest: Record, evidence: dict[str, Evidence]) -> Path:
    bundle.write(tmp_path / "bundle.zip", record=honest, evidence=evidence, caveats=(), version="0", seed=0)
    return tmp_path / "bundle.zip"


def members(path: Path) -> Members:
    found, problems = bundle.members_of(bundle.bytes_of(path))
    assert problems == []
    return {name: json.loads(data) for name, data in found.items() if name != bundle.MANIFEST}


def rewritten(path: Path, contents: Members) -> Path:
    """The bundle with other contents, every digest of its manifest made to fit."""
    path.write_bytes(bundle.packed({name: canonical_bytes(content) for name, content in contents.items()}))
    return path


def differences(path: Path) -> set[str]:
    return {one.where for one in checking.check(path).differences}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from leaves(item, (*path, key))
    if not isinstance(value, (dict, list)):
        yield path


def altered(content: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(content)
    here = changed
    for key in path[:-1]:
        here = here[key]
    old = here[path[-1]]
    here[path[-1]] = (
        f"{old}x" if isinstance(old, str) else 1 - old if old in {0, 1} else "1" if old is None else old + 1
    )
    return changed


def test_what_an_audit_writes_holds_and_says_the_same_bytes_again(
    path: Path, tmp_path: Path, honest: Record, evidence: dict[str, Evidence]
) -> None:
    found = checking.check(path)
    assert found.differences == ()
    assert found.content["phase"] == 1
    again = bundle.write(tmp_path / "b.zip", record=honest, evidence=evidence, caveats=(), version="0", seed=0)
    assert (tmp_path / "b.zip").read_bytes() == path.read_bytes()
    assert found.digest == again == digest(path.read_bytes())


def test_the_bytes_do_not_depend_on_the_machine(tmp_path: Path, minimal: Record) -> None:
    """Pinned, so that a change of the archive's form (by us, or by Python) is noticed: old bundles would not hold."""
    data = bundle.packed({"record.json": canonical_bytes(dict(minimal.content))})
    assert digest(data) == "sha256:99b629568f276f36f18810b44479c3bba0b701641ee572546299870532cb9467"


def test_any_altered_byte_of_the_file_is_noticed(path: Path) -> None:
    data, chance = path.read_bytes(), random.Random(5)  # noqa: S311 - a sample of places
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        frames = [info.header_offset + i for info in archive.infolist() for i in range(30 + len(info.filename))]
        end = range(archive.start_dir, len(data))
    places = [*frames, *end, *chance.sample(range(len(data)), 150)]
    for place in places:
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :])
        try:
            assert not checking.check(path).holds, place
        except EvidenceError:
            continue  # no archive any more


@pytest.mark.parametrize("name", ["audit.json", "record.json", "evaluation.json", "marks.json"])
def test_any_altered_field_of_any_member_is_noticed_though_its_digest_was_made_to_fit(path: Path, name: str) -> None:
    contents = members(path)
    places = list(leaves(contents[name]))
    chance = random.Random(7)  # noqa: S311 - a sample of places
    for place in chance.sample(places, min(len(places), 120)):
        assert not checking.check(rewritten(path, contents | {name: altered(contents[name], place)})).holds, place


@pytest.mark.parametrize(
    "key", ["phase", "scope", "findings", "claims", "technique", "limitations", "record", "schema"]
)
def test_a_deleted_part_of_the_audit_is_named(path: Path, key: str) -> None:
    contents = members(path)
    del contents["audit.json"][key]
    assert any(where.startswith(f"audit.json: {key}") for where in differences(rewritten(path, contents)))


def test_a_prettier_status_is_named_with_what_the_evidence_gives(path: Path) -> None:
    contents = members(path)
    row = next(row for row in contents["audit.json"]["findings"] if row["status"] != "met")
    said, row["status"] = row["status"], "met"
    found = checking.check(rewritten(path, contents))
    assert [(d.where, d.what) for d in found.differences] == [
        (f"audit.json: findings[{row['id']}].status", f'the bundle says "met"; its evidence gives "{said}"')
    ]


@pytest.mark.parametrize("name", ["bundle.json", "record.json", "audit.json", "evaluation.json", "marks.json"])
def test_a_missing_member_is_named(path: Path, name: str) -> None:
    contents = {k: v for k, v in raw(path).items() if k != name}
    assert any(name in where or name in str(where) for where in differences(zipped(path, contents)))


def raw(path: Path) -> dict[str, bytes]:
    return bundle.members_of(bundle.bytes_of(path))[0]


def zipped(path: Path, contents: dict[str, bytes], **more: Any) -> Path:
    with zipfile.ZipFile(path, "w", **more) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


def test_a_bomb_is_not_unpacked(path: Path) -> None:
    contents = raw(path) | {"evaluation.json": b"0" * (32 << 20)}
    found = checking.check(zipped(path, contents, compression=zipfile.ZIP_DEFLATED))
    assert {d.what for d in found.differences if d.where == "'evaluation.json'"} == {
        "the members are larger than the archive; it was not read"
    }
    assert not found.content


@pytest.mark.parametrize(
    "name", ["../../outside.json", "/etc/x", "per-image.parquet", "image.png", "a\x1b[2Jb", "x" * 999]
)
def test_an_unknown_member_is_named_and_not_read(path: Path, name: str) -> None:
    found = checking.check(zipped(path, raw(path) | {name: b"{}"}))
    assert "no member of a bundle has this name; it was not read" in {d.what for d in found.differences}
    assert all(d.where.isprintable() and len(d.where) < 400 for d in found.differences)
    assert list(path.parent.iterdir()) == [path]


def test_a_member_that_is_there_twice_is_named(path: Path) -> None:
    data = raw(path)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("audit.json", data["audit.json"])
    assert {d.what for d in checking.check(path).differences} == {"it is there twice; the second was not read"}


@pytest.mark.parametrize("change", [lambda d: b"junk" + d, lambda d: d + b"junk"], ids=["before", "after"])
def test_bytes_beside_the_members_are_named(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))
    assert differences(path) == {"bundle.zip"}


@pytest.mark.parametrize(
    "text", [b"[]", b"{", b'{"a": 1}', b'{"a":NaN}', b'{"a":1,"a":2}', b"[" * 100_000, b"\xff", b'{"a":1e999}', b""]
)
def test_a_member_that_is_not_one_canonical_mapping_is_named(path: Path, text: bytes) -> None:
    found = checking.check(zipped(path, raw(path) | {"evaluation.json": text}))
    assert "expected canonical JSON (RFC 8785) of one mapping, found something else" in {
        d.what for d in found.differences if d.where == "evaluation.json"
    }


@pytest.mark.parametrize(
    "name,content",
    [
        ("evaluation.json", {"estimates": [{"name": "support", "value": 1, "low": "a", "high": {}, "group": 3}]}),
        ("evaluation.json", {"sets": 3, "estimates": "x", "tests": {}, "warnings": 4}),
        ("marks.json", {"n_files": "many", "layers": [], "verdicts": 3, "techniques": 7}),
        ("record.json", {"misyn": 1}),
        ("audit.json", {"findings": [3], "claims": None, "evidence": 4, "warnings": {}, "local": [[]]}),
        ("audit.json", {"local": [{"about": [], "status": {}}], "evidence": [{"kind": []}]}),
    ],
)
def test_content_of_another_shape_does_not_hold_and_raises_nothing(path: Path, name: str, content: Any) -> None:
    assert not checking.check(rewritten(path, members(path) | {name: content})).holds


@pytest.mark.parametrize("data", [b"", b"PK", b"not an archive" * 99])
def test_what_is_no_archive_cannot_be_checked(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(EvidenceError):
        checking.check(tmp_path / "x.zip")


def test_what_was_noticed_while_gathering_leads_the_warnings_and_holds(
    tmp_path: Path, honest: Record, evidence: dict[str, Evidence]
) -> None:
    told = [Caveat("training-not-found", "data.training.path: found nothing at /mnt/ward/anna")]
    bundle.write(tmp_path / "b.zip", record=honest, evidence=evidence, caveats=told, version="0", seed=0)
    found = checking.check(tmp_path / "b.zip")
    assert found.holds
    assert found.content["warnings"][0]["text"] == "data.training.path: found nothing at (a place)"


@pytest.fixture
def logged(tmp_path: Path, honest: Record, evidence: dict[str, Evidence]) -> Path:
    """A bundle whose plan is in a log before the results."""
    rows = [
        {"index": 3, "digest": plans.digest_of(honest.get("plan")), "proof": "plan"},
        {"index": 8, "digest": evidence["evaluation"].digest, "proof": "results"},
    ]
    seen = evidence | {"log": Evidence("log", {"schema": "misyn/log/1", "entries": rows})}
    bundle.write(tmp_path / "b.zip", record=honest, evidence=seen, caveats=(), version="0", seed=0)
    return tmp_path / "b.zip"


def test_a_plan_in_a_log_counts_only_where_its_proofs_are_accepted(logged: Path) -> None:
    asked: list[object] = []
    assert checking.check(logged, proven=lambda row: asked.append(row["proof"])).holds
    assert asked == ["plan", "results"]
    status = {row["id"]: row["status"] for row in members(logged)["audit.json"]["findings"]}
    assert status["E1"] == "met"
    assert differences(logged) == {"log.json: entries[0]", "log.json: entries[1]"}


def test_a_proof_that_does_not_hold_is_named(logged: Path) -> None:
    def refuse(row: Any) -> None:
        if row["index"] == 8:
            raise NotProven("the proof is about another file")

    found = checking.check(logged, proven=refuse)
    assert [(d.where, d.what) for d in found.differences] == [
        ("log.json: entries[1]", "the proof is about another file")
    ]
