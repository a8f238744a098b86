"""Checked by code that is not ours: Go's x/mod/sumdb accepts what the log publishes, and rejects what was changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import logs
from misyn.oversight.log import checkpoint, proofs, tree
from misyn.oversight.log.store import Log
from misyn.oversight.log.tiles import TileTree

Ask = Callable[[Sequence[dict[str, Any]]], list[str]]
SIZES = (1, 2, 3, 5, 8, 13, 40, 100, 255, 256, 257, 300)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, list[checkpoint.SignedCheckpoint], list[bytes]]:
    """A log published at each of SIZES, its checkpoints, and its entries."""
    log = logs.made(tmp_path_factory.mktemp("grown") / "log")
    signed = []
    for size in SIZES:
        logs.fill(log, *range(log.database.size(), size))
        signed.append(log.publish())
    entries = [leaf.entry for _, leaf in log.database.leaves(0, SIZES[-1])]
    return log, signed, entries


def inclusion(log: Log, signed: checkpoint.SignedCheckpoint, index: int, entry: bytes) -> dict[str, Any]:
    size = signed.checkpoint.size
    hashes = TileTree(size, log._kept.tile)
    path = tree.inclusion_path(index, size, mth=hashes.mth)
    note = signed.to_bytes().decode()
    return {"vkey": log.keys[0].vkey, "note": note, "index": index, "entry": entry, "path": path}


def growth(log: Log, old: checkpoint.SignedCheckpoint, new: checkpoint.SignedCheckpoint) -> dict[str, Any]:
    hashes = TileTree(new.checkpoint.size, log._kept.tile)
    path = tree.consistency_path(old.checkpoint.size, new.checkpoint.size, mth=hashes.mth)
    notes = {"note": new.to_bytes().decode(), "old": old.to_bytes().decode()}
    return {"vkey": log.keys[0].vkey, **notes, "path": path}


def test_go_accepts_every_proof_of_every_entry_in_every_checkpoint(go: Ask, grown: Any) -> None:
    log, signed, entries = grown
    asked = [inclusion(log, one, n, entries[n]) for one in signed for n in range(one.checkpoint.size)]
    assert len(asked) == sum(SIZES)
    assert set(go(asked)) == {"ok"}


def test_go_accepts_the_growth_between_every_two_checkpoints(go: Ask, grown: Any) -> None:
    log, signed, _ = grown
    asked = [growth(log, old, new) for n, new in enumerate(signed) for old in signed[: n + 1]]
    assert set(go(asked)) == {"ok"}


def test_go_proves_every_entry_and_every_growth_itself_from_the_served_tiles(go: Ask, grown: Any) -> None:
    log, signed, _ = grown
    note, folder = signed[-1].to_bytes().decode(), str(log.folder / "public")
    question = {"vkey": log.keys[0].vkey, "note": note, "tiles": folder, "entries": SIZES[-1]}
    assert go([question]) == ["ok"]


def spoiled(question: dict[str, Any], other: dict[str, Any], stranger: str) -> list[dict[str, Any]]:
    """Ways to tamper with a question, each with what it leaves valid."""
    note: str = question["note"]
    head, tail = note.split("\n\n", 1)
    lines = head.split("\n")
    path: list[bytes] = question["path"]
    flipped = [bytes([path[0][0] ^ 1]) + path[0][1:], *path[1:]] if path else [bytes(32)]
    return [
        {**question, "vkey": stranger},
        {**question, "note": "\n".join([lines[0], str(int(lines[1]) + 1), lines[2]]) + "\n\n" + tail},
        {**question, "note": "\n".join([lines[0] + "x", *lines[1:]]) + "\n\n" + tail},
        {**question, "note": other["note"]},
        {**question, "path": flipped},
        {**question, "path": path[:-1] if path else [bytes(32)]},
        {**question, "path": [*path, bytes(32)]},
    ]


def test_go_rejects_what_was_changed_and_so_do_we(go: Ask, grown: Any) -> None:
    log, signed, entries = grown
    stranger = logs.made(log.folder.parent / "stranger").keys[0].vkey
    asked: list[dict[str, Any]] = []
    for position in (3, 5, 9):
        one, other = signed[position], signed[position + 1]
        for index in (0, one.checkpoint.size - 1):
            question = inclusion(log, one, index, entries[index])
            asked += spoiled(question, inclusion(log, other, index, entries[index]), stranger)
            asked += [{**question, "index": index + 1}, {**question, "entry": entries[index] + b" "}]
        asked += spoiled(growth(log, signed[position - 1], one), growth(log, one, other), stranger)
    answers = go(asked)
    assert [answer for answer in answers if not answer.startswith("no")] == []


def test_go_accepts_the_checkpoint_in_a_proof_file(go: Ask, grown: Any) -> None:
    log, _, entries = grown
    proof = proofs.parse(log.prove(7).to_bytes())
    note = proof.signed.to_bytes().decode()
    question = {"vkey": log.keys[0].vkey, "note": note, "index": 7, "entry": entries[7], "path": list(proof.path)}
    assert go([question]) == ["ok"]


def test_go_accepts_a_witnesss_cosignature_and_rejects_one_of_another_tree(go: Ask, tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    one = logs.witness(tmp_path, "w1", log)
    first = log.publish(witnesses=[one]).to_bytes().decode()
    logs.fill(log, 3)
    second = log.publish().to_bytes().decode()
    moved = second + first.splitlines(keepends=True)[-1]
    vkeys = {"vkey": log.keys[0].vkey, "witness": one.key.vkey}
    accepted, rejected = go([{**vkeys, "note": first}, {**vkeys, "note": moved}])
    assert (accepted, rejected) == ("ok", "no: no cosignature of this witness")
