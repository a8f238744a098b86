"""Witnesses (C2SP tlog-witness) cosign consistent growth only, persist before answering, and answer as specified."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import logs
from misyn.errors import InputError, LogBroken, LogUnavailable, UsageError
from misyn.oversight.log import checkpoint, cosigning, notes, tree, witness, witness_folder
from misyn.oversight.log.cosignature import WitnessSigner, time_of
from misyn.signing import ml_dsa_available, new_private

KEY = notes.NoteSigner("example.com/log", new_private("ed25519"))
LEAF = tree.leaf_hash(b"leaf")


def signed(size: int, root: bytes, *, key: notes.NoteSigner = KEY, origin: str = "example.com/log") -> bytes:
    text = checkpoint.Checkpoint(origin, size, root).text
    return notes.Note(text, (key.sign(text),)).to_bytes()


def asking(old: int, note: bytes, path: tuple[bytes, ...] = ()) -> bytes:
    return witness.Request(old, path, checkpoint.parse(note)).to_bytes()


def made(folder: Path, *, kind: str = "ed25519") -> witness.Witness:
    return logs.witness(folder, "w1", keys=(KEY.verifier,), kind=kind)  # type: ignore[arg-type]


LEAVES = [tree.leaf_hash(bytes([n])) for n in range(20)]


def root(size: int) -> bytes:
    return tree.root(LEAVES[:size])


def path(old: int, new: int) -> tuple[bytes, ...]:
    return tuple(tree.consistency_path(old, new, mth=lambda lo, hi: tree.root(LEAVES[lo:hi])))


@pytest.mark.parametrize("kind", ["ed25519", "ml-dsa-44"])
def test_growth_is_cosigned_with_the_time_and_remembered(kind: str, tmp_path: Path) -> None:
    if kind == "ml-dsa-44" and not ml_dsa_available():
        pytest.skip("this cryptography has no ML-DSA-44")
    one = made(tmp_path, kind=kind)
    for old, new in ((0, 3), (3, 7), (7, 7), (7, 20)):
        note = signed(new, root(new))
        answer = one.add_checkpoint(asking(old, note, path(old, new) if old else ()))
        assert answer.status == 200
        (line,) = notes.parse_signatures(answer.body.decode())
        (good,) = notes.verified(notes.parse(note + answer.body), [one.key])
        assert line == good
        assert time_of(line) == int(logs.NOW.timestamp())
        assert one.remembered("example.com/log") == (new, root(new))


# the published table of torchwood's witness (internal/witness, TestZeroSize): known, old, new, root, proof, status
ZERO = [
    (0, 0, 0, tree.EMPTY_ROOT, (), 200),
    (0, 0, 0, LEAF, (), 422),
    (0, 0, 0, bytes(32), (), 422),
    (0, 0, 0, tree.EMPTY_ROOT, (LEAF,), 422),
    (0, 0, 1, LEAF, (), 200),
    (0, 0, 1, LEAF, (LEAF,), 422),
    (1, 0, 1, LEAF, (LEAF,), 409),
    (1, 1, 0, tree.EMPTY_ROOT, (), 400),
]


@pytest.mark.parametrize(("known", "old", "new", "hashed", "proof", "status"), ZERO)
def test_the_published_table_of_small_sizes_is_answered_as_published(
    known: int, old: int, new: int, hashed: bytes, proof: tuple[bytes, ...], status: int, tmp_path: Path
) -> None:
    one = made(tmp_path)
    if known:
        assert one.add_checkpoint(asking(0, signed(1, LEAF))).status == 200
    answer = one.add_checkpoint(asking(old, signed(new, hashed), proof))
    assert answer.status == status
    expected = (new, hashed) if status == 200 else (known, LEAF if known else tree.EMPTY_ROOT)
    assert one.remembered("example.com/log") == expected
    assert (b"\xe2\x80\x94" in answer.body) == (status == 200)


def test_another_size_remembered_is_told_with_409(tmp_path: Path) -> None:
    # "The response body MUST consist of the tree size … in decimal, followed by a newline … text/x.tlog.size"
    one = made(tmp_path)
    one.add_checkpoint(asking(0, signed(7, root(7))))
    for old in (0, 3, 8):
        answer = one.add_checkpoint(asking(old, signed(9, root(9)), path(old, 9) if old else ()))
        assert (answer.status, answer.content_type, answer.body) == (409, "text/x.tlog.size", b"7\n")
        assert answer.known == 7


def test_another_root_at_the_remembered_size_is_409_and_kept_as_evidence(tmp_path: Path) -> None:
    one = made(tmp_path)
    one.add_checkpoint(asking(0, signed(7, root(7))))
    forked = signed(7, tree.root([*LEAVES[:6], LEAF]))
    assert one.add_checkpoint(asking(7, forked)).status == 409
    assert one.evidence() == [forked]


def test_a_proof_that_does_not_hold_is_422_and_kept_as_evidence(tmp_path: Path) -> None:
    one = made(tmp_path)
    one.add_checkpoint(asking(0, signed(7, root(7))))
    forked = signed(9, tree.root([LEAF, *LEAVES[1:9]]))
    for proof in (path(7, 9), (), path(7, 9)[:-1], (*path(7, 9), LEAF)):
        assert one.add_checkpoint(asking(7, forked, proof)).status == 422
    assert one.evidence() == [forked]
    assert one.remembered("example.com/log") == (7, root(7))


def test_unknown_logs_are_404_and_unknown_keys_403(tmp_path: Path) -> None:
    one = made(tmp_path)
    stranger = notes.NoteSigner("example.com/log", new_private("ed25519"))
    other = notes.NoteSigner("example.com/other", KEY.private)
    assert one.add_checkpoint(asking(0, signed(1, LEAF, key=other, origin="example.com/other"))).status == 404
    assert one.add_checkpoint(asking(0, signed(1, LEAF, key=stranger))).status == 403
    assert one.add_checkpoint(asking(0, signed(1, LEAF, key=other))).status == 403
    spoiled = signed(1, LEAF).replace(b"\n1\n", b"\n2\n")
    assert one.add_checkpoint(asking(0, spoiled)).status == 403


GOOD = asking(3, signed(9, root(9)), path(3, 9))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        GOOD.replace(b"old 3", b"old 03"),
        GOOD.replace(b"old 3", b"old -3"),
        GOOD.replace(b"old 3", b"size 3"),
        GOOD.replace(b"old 3\n", b"old 3\n\n"),
        GOOD.replace(b"old 3\n", b"old 3\nAAAA\n"),
        GOOD.replace(b"old 3\n", b"old 3\n" + b"KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64),  # "more than 63"
        GOOD[:-1],
        GOOD + b"x" * 1_000_000,
        GOOD.replace(b"example.com/log\n9", b"example.com/log\n09"),
        asking(10, signed(9, root(9))),
    ],
    ids=range(11),
)
def test_malformed_requests_are_400_and_change_nothing(body: bytes, tmp_path: Path) -> None:
    one = made(tmp_path)
    one.add_checkpoint(asking(0, signed(3, root(3))))
    assert one.add_checkpoint(body).status == 400
    assert one.remembered("example.com/log") == (3, root(3))


def test_what_is_cosigned_is_on_disk_before_it_is_answered(tmp_path: Path) -> None:
    # "The witness MUST persist the new checkpoint before responding"
    one = made(tmp_path)
    one.add_checkpoint(asking(0, signed(3, root(3))))
    with sqlite3.connect(tmp_path / "w1.sqlite3") as memory:
        assert memory.execute("SELECT size FROM seen").fetchall() == [(3,)]


def test_a_memory_that_cannot_be_written_means_no_cosignature(tmp_path: Path) -> None:
    one = made(tmp_path)
    one.add_checkpoint(asking(0, signed(3, root(3))))
    (tmp_path / "w1.sqlite3").write_bytes(b"not a database, and long enough to be noticed as none" * 30)
    for left in tmp_path.glob("w1.sqlite3-*"):
        left.unlink()
    with pytest.raises(LogUnavailable, match="nothing was cosigned"):
        one.add_checkpoint(asking(3, signed(9, root(9)), path(3, 9)))


def race(folder: str, private: bytes, new: int, results: multiprocessing.Queue[tuple[int, int]]) -> None:
    signer = WitnessSigner("w1.example", Ed25519PrivateKey.from_private_bytes(private))
    known = {"example.com/log": [KEY_OF_RACE.verifier]}
    one = witness.Witness(signer, known, memory=Path(folder) / "race.sqlite3", clock=lambda: 1)
    note = signed(new, root(new), key=KEY_OF_RACE)
    results.put((new, one.add_checkpoint(asking(1, note, path(1, new))).status))


KEY_OF_RACE = notes.NoteSigner(
    "example.com/log",
    Ed25519PrivateKey.from_private_bytes(b"r" * 32),
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the racing witnesses are forked processes")
def test_requests_at_once_never_make_it_forget(tmp_path: Path) -> None:
    """The race the specification describes: only one of many requests from the same old size can be cosigned."""
    private = b"w" * 32
    signer = WitnessSigner("w1.example", Ed25519PrivateKey.from_private_bytes(private))
    known = {"example.com/log": [KEY_OF_RACE.verifier]}
    one = witness.Witness(signer, known, memory=tmp_path / "race.sqlite3", clock=lambda: 1)
    one.add_checkpoint(asking(0, signed(1, root(1), key=KEY_OF_RACE)))
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[tuple[int, int]] = context.Queue()
    racers = [context.Process(target=race, args=(str(tmp_path), private, new, results)) for new in range(2, 10)]
    for racer in racers:
        racer.start()
    answers = dict(results.get(timeout=60) for _ in racers)
    for racer in racers:
        racer.join()
    winners = [new for new, status in answers.items() if status == 200]
    assert len(winners) == 1
    assert set(answers.values()) <= {200, 409}
    assert one.remembered("example.com/log") == (winners[0], root(winners[0]))


# --- a log's side ---


def test_a_log_asks_again_from_the_size_a_witness_knows(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    one = logs.witness(tmp_path, "w1", log)
    for size in (3, 10, 300):
        logs.fill(log, *range(log.database.size(), size))
        published = log.publish(witnesses=[one])
        assert len(published.note.signatures) == 2
        assert one.remembered(logs.ORIGIN) == (size, published.checkpoint.root)
        assert log.published() == published


def test_a_witness_that_refuses_leaves_the_log_without_its_cosignature(tmp_path: Path) -> None:
    log, other = logs.made(tmp_path / "log", 3), logs.made(tmp_path / "other", 1, origin="example.org/other")
    published = log.publish(witnesses=[logs.witness(tmp_path, "w1", other)])
    assert len(published.note.signatures) == 1


def test_a_witness_that_knows_more_than_the_log_stops_it(tmp_path: Path) -> None:
    log, twin = logs.made(tmp_path / "log", 3), logs.made(tmp_path / "twin", 9)
    one = logs.witness(tmp_path, "w1", log, twin)
    twin.publish(witnesses=[one])
    with pytest.raises(LogBroken, match="cosigned 9 entries, and the log has 3"):
        log.publish(witnesses=[one])


def test_lines_that_do_not_verify_are_not_taken_in(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    one, other = logs.witness(tmp_path, "w1", log), logs.witness(tmp_path, "w2", log)
    answer = one.add_checkpoint(log.request(0))
    assert answer.status == 200
    for lines, keys in ((answer.body, [other.key]), (b"nonsense", [one.key]), (b"\xff\n", [one.key])):
        with pytest.raises(Exception, match="expected"):
            log.attach(lines, keys=keys)
    assert len(log.published().note.signatures) == 1
    assert len(log.attach(answer.body, keys=[one.key]).note.signatures) == 2
    assert len(log.published().note.signatures) == 2


def test_a_newer_cosignature_takes_the_older_ones_place(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    first = logs.witness(tmp_path, "w1", log)
    log.publish(witnesses=[first])
    later = witness.Witness(first._signer, first._logs, memory=first._memory, clock=lambda: int(logs.LATER.timestamp()))
    published = log.publish(witnesses=[later])
    assert [time_of(one) for one in published.note.signatures[1:]] == [int(logs.LATER.timestamp())]


def test_a_request_for_a_size_the_log_does_not_have_is_refused(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    with pytest.raises(UsageError, match="from 0 to 3"):
        cosigning.request(log.latest(), log._tree(3), old=4)


# --- a witness in a folder ---


def test_a_witness_in_a_folder_is_itself_again_after_a_restart(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    key = witness_folder.create(tmp_path / "w", name="w1.example", logs=[log.keys[0].vkey])
    clock = int((logs.NOW + timedelta(0)).timestamp())
    assert log.publish(witnesses=[witness_folder.load(tmp_path / "w", clock=lambda: clock)])
    again = witness_folder.load(tmp_path / "w", clock=lambda: clock)
    assert again.key == key
    assert again.remembered(logs.ORIGIN)[0] == 3


def test_a_folder_that_is_no_witness_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"witness.json"):
        witness_folder.load(tmp_path, clock=lambda: 0)
    for text in ("{", "{}", '{"schema": "x", "name": "w", "logs": []}', '{"schema": "x", "name": "w", "logs": ["k"]}'):
        (tmp_path / "witness.json").write_text(text)
        with pytest.raises(InputError):
            witness_folder.load(tmp_path, clock=lambda: 0)
    with pytest.raises(UsageError):
        witness_folder.create(tmp_path / "w", name="w 1", logs=[KEY.verifier.vkey])
    with pytest.raises(UsageError):
        witness_folder.create(tmp_path / "w", name="w1", logs=[])
