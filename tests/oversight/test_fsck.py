"""fsck: what is untouched is clean; what was touched is named, with its place; and nothing wrong is ever signed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import logs
from misyn.errors import LogBroken, MisynError
from misyn.oversight.log import policy, static, tree
from misyn.oversight.log.fsck import check_log, check_served
from misyn.oversight.log.store import Log

SIZE = 260
SEED = 20261122


def places(log: Log) -> list[str]:
    return [one.where for one in check_log(log).problems]


def change(log: Log, sql: str, *values: object) -> None:
    log.database._dialect.execute(sql.replace("?", log.database._dialect.mark), values)


# (what is done to the database, what fsck has to say)
CHANGES: list[tuple[str, tuple[object, ...], list[str]]] = [
    ("UPDATE leaf SET entry = ? WHERE idx = 5", (b"{}",), ["entry 5"]),
    ("UPDATE leaf SET entry = ? WHERE idx = 258", (b"{}",), ["entry 258"]),
    ("UPDATE leaf SET hash = ? WHERE idx = 5", (bytes(32),), ["leaf hash of entry 5"]),
    ("UPDATE leaf SET hash = ? WHERE idx = 258", (bytes(32),), ["leaf hash of entry 258"]),
    ("UPDATE leaf SET hash = ? WHERE idx = 5", (b"short",), ["leaf hash of entry 5"]),
    ("UPDATE leaf SET opening = ? WHERE idx = 5", (b"{}",), ["opening of entry 5"]),
    ("UPDATE leaf SET opening = NULL WHERE idx = 5", (), ["opening of entry 5"]),
    ("UPDATE leaf SET opening = (SELECT opening FROM leaf WHERE idx = 6) WHERE idx = 5", (), ["opening of entry 5"]),
    ("DELETE FROM leaf WHERE idx = 5", (), ["entry 5"]),
    ("DELETE FROM leaf WHERE idx = 259", (), ["entry 259"]),
    ("UPDATE node SET hash = ? WHERE level = 1 AND idx = 0", (bytes(32),), ["node 1/0"]),
    ("DELETE FROM node WHERE level = 1 AND idx = 0", (), ["node 1/0"]),
    ("UPDATE checkpoint SET note = ? WHERE size = 100", (b"",), ["checkpoint of 100 entries"]),
    ("UPDATE checkpoint SET size = 101 WHERE size = 100", (), ["checkpoint of 101 entries"]),
]


@pytest.fixture
def log(address: str | None, tmp_path: Path) -> Log:
    made = logs.made(tmp_path / "log", 100, address=address)
    logs.fill(made, *range(100, SIZE))
    made.publish()
    return made


def test_a_change_of_any_stored_thing_is_one_problem_with_its_place(log: Log) -> None:
    assert places(log) == []
    for sql, values, expected in CHANGES:
        log.database._dialect.execute("BEGIN")
        change(log, sql, *values)
        found = places(log)
        log.database._dialect.execute("ROLLBACK")
        assert found == expected, sql
    assert places(log) == []


def test_what_is_missing_or_too_much_in_the_counts_is_told(log: Log) -> None:
    cases: list[tuple[str, str]] = [
        ("UPDATE state SET size = 259", "holds entries 0 to 259"),
        ("UPDATE state SET size = 261", "is missing"),
        ("INSERT INTO node (level, idx, hash) VALUES (1, 1, ?)", "2 nodes are stored"),
        ("DELETE FROM state", "how many entries"),
    ]
    for sql, words in cases:
        log.database._dialect.execute("BEGIN")
        change(log, sql, *([bytes(32)] if "?" in sql else []))
        found = [one.what for one in check_log(log).problems]
        log.database._dialect.execute("ROLLBACK")
        assert any(words in one for one in found), (sql, found)


def test_entries_rewritten_together_with_their_hashes_are_not_what_was_signed(log: Log) -> None:
    entry = logs.item(9999)[0].to_bytes()
    log.database._dialect.execute("BEGIN")
    change(log, "UPDATE leaf SET entry = ?, hash = ? WHERE idx = 5", entry, tree.leaf_hash(entry))
    found = places(log)
    log.database._dialect.execute("ROLLBACK")
    assert "node 1/0" in found
    assert {"checkpoint of 100 entries", "checkpoint of 260 entries"} <= set(found)


def test_swapped_entries_are_not_what_was_signed(log: Log) -> None:
    log.database._dialect.execute("BEGIN")
    for sql in ("idx = -1 WHERE idx = 5", "idx = 5 WHERE idx = 6", "idx = 6 WHERE idx = -1"):
        change(log, f"UPDATE leaf SET {sql}")  # noqa: S608 - our own words
    found = places(log)
    log.database._dialect.execute("ROLLBACK")
    assert "checkpoint of 100 entries" in found


def test_unsigned_entries_that_changed_are_told_as_such(log: Log) -> None:
    logs.fill(log, SIZE)
    log.database._dialect.execute("BEGIN")
    change(log, "UPDATE leaf SET entry = ? WHERE idx = ?", b"{}", SIZE)
    found = check_log(log).problems
    log.database._dialect.execute("ROLLBACK")
    assert [(one.where, "no signature says" in one.what) for one in found] == [(f"entry {SIZE}", True)]


def test_a_wrong_cosignature_and_a_wrong_key_file_are_told(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    one = logs.witness(tmp_path, "w1", log)
    (tmp_path / "log" / "policy").write_text(logs.wanting(1, one, log=log).to_text())
    log.publish(witnesses=[one])
    assert places(log) == []
    (line,) = log.database.cosignatures(3)
    change(log, "UPDATE cosignature SET line = ?", line.replace("AAAA", "AAAB", 1))
    assert places(log) == ["cosignatures on 3 entries"]
    change(log, "UPDATE cosignature SET line = ?", line)
    (tmp_path / "log" / "log-1.key").unlink()
    assert places(log) == ["log-1.key"]


def test_of_very_many_problems_a_hundred_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 300)
    change(log, "DELETE FROM leaf")
    report = check_log(log)
    assert len(report.problems) == 100
    assert report.untold >= 200


# --- flipped bits ---


def flips(data: bytes, count: int) -> list[tuple[int, int]]:
    chance = random.Random(SEED)  # noqa: S311 - places to test at
    return [(chance.randrange(len(data)), chance.randrange(8)) for _ in range(count)]


def flipped(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def test_a_flipped_bit_anywhere_in_the_database_is_told_or_harmless_and_never_signed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    logs.made(source, 12).close()
    whole = (source / "log.sqlite3").read_bytes()
    right = [tree.leaf_hash(logs.item(n)[0].to_bytes()) for n in (*range(12), 77)]
    told = refused = 0
    for at, bit in flips(whole, 250):
        folder = tmp_path / "log"
        shutil.copytree(source, folder)
        (folder / "log.sqlite3").write_bytes(flipped(whole, at, bit))
        try:
            with Log.open(folder) as log:
                report = check_log(log)
                told += not report.clean
                if report.clean:  # then everything is still there
                    assert [leaf.hash for _, leaf in log.database.leaves(0, 12)] == right[:12]
                    assert all(log.opening(n) == logs.item(n)[1] for n in range(12))
                logs.fill(log, 77)
                assert log.publish().checkpoint.root == tree.root(right)
        except MisynError:
            refused += 1
        shutil.rmtree(folder)
    assert told > 20
    assert refused > 5


def test_a_flipped_bit_in_any_row_is_told_with_its_row(tmp_path: Path) -> None:
    """Where the bit lies in something the log keeps, the problem names that thing."""
    source = tmp_path / "source"
    logs.made(source, 12).close()
    whole = (source / "log.sqlite3").read_bytes()
    with Log.open(source) as log:
        leaf = log.database.leaf(7)
        note = log.latest().to_bytes()
    assert leaf.opening is not None
    targets = {"entry 7": leaf.entry, "leaf hash of entry 7": leaf.hash, "opening of entry 7": leaf.opening}
    targets["checkpoint of 12 entries"] = note
    for where, data in targets.items():
        start = whole.rindex(data)
        for offset in (0, len(data) // 2, len(data) - 1):
            folder = tmp_path / "log"
            shutil.copytree(source, folder)
            (folder / "log.sqlite3").write_bytes(flipped(whole, start + offset, 0))
            with Log.open(folder) as log:
                assert places(log) == [where]
            shutil.rmtree(folder)


def test_a_flipped_bit_in_any_public_file_is_told_with_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    log = logs.made(folder, 12)
    shutil.copytree(folder / "public", tmp_path / "copy")
    for file in sorted(one for one in (folder / "public").rglob("*") if one.is_file()):
        whole = file.read_bytes()
        name = file.relative_to(folder).as_posix()
        copy = tmp_path / "copy" / file.relative_to(folder / "public")
        for at, bit in flips(whole, 12):
            file.write_bytes(flipped(whole, at, bit))
            assert places(log) == ["public" if name == "public/checkpoint" else name]
            copy.write_bytes(flipped(whole, at, bit))
            assert not check_served(static.Folder(tmp_path / "copy"), log.keys).clean
        file.write_bytes(whole)
        copy.write_bytes(whole)
    assert places(log) == []


def test_a_damaged_database_never_overwrites_the_public_copy_that_is_right(log: Log) -> None:
    change(log, "UPDATE leaf SET entry = ? WHERE idx = 5", b"{}")
    before = log.public.read("tile/entries/000")
    with pytest.raises(LogBroken, match="entry 5"):
        log.restore_public()
    assert log.public.read("tile/entries/000") == before
    (problem,) = check_log(log).problems
    assert (problem.where, problem.what) == ("entry 5", "is not what was signed: its bytes changed")


def test_bytes_changed_in_postgresqls_own_files_are_noticed(
    postgres_server: Any, new_database: Callable[[], str], tmp_path: Path
) -> None:
    """The server's page checksums refuse; what it refuses is told, not a traceback."""
    import psycopg

    address = new_database()
    logs.made(tmp_path / "log", 40, address=address).close()
    with psycopg.connect(address, autocommit=True) as other:
        sql = "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('leaf')"
        path = Path(other.execute(sql).fetchall()[0][0])
    postgres_server.stop()
    whole = path.read_bytes()
    path.write_bytes(flipped(whole, 5000, 3))
    postgres_server.start()
    try:
        with Log.open(tmp_path / "log") as log:
            report = check_log(log)
        assert any("XX001" in one.what for one in report.problems)
    finally:
        postgres_server.stop()
        path.write_bytes(whole)
        postgres_server.start()
    with Log.open(tmp_path / "log") as log:
        assert check_log(log).clean


# --- mirrors ---


@settings(max_examples=20, deadline=None)
@given(size=st.integers(0, 600))
def test_what_is_served_is_clean_at_any_size(size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("served") / "log"
    log = logs.made(folder, size)
    report = check_served(log.public, log.keys)
    assert (report.problems, report.entries) == ([], size)
    log.close()


def test_a_mirrors_own_damage_is_told_with_its_place(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 600)
    public = tmp_path / "log" / "public"
    cases = {
        "tile/entries/000": "entry 3",
        "tile/0/000": "leaf hash of entry 3",
        "tile/0/002.p/88": "leaf hash of entry 515",
        "tile/1/000.p/2": "node 1/0",
    }
    for name, where in cases.items():
        path = public / name
        whole = path.read_bytes()
        at = 3 * (len(whole) // 256) + 20 if "entries" in name else 3 * 32 if name != "tile/1/000.p/2" else 5
        path.write_bytes(flipped(whole, at, 1))
        found = [one.where for one in check_served(static.Folder(public), log.keys).problems]
        assert where in found, (name, found)
        path.unlink()
        assert any(name in one or where in one for one in
                   [one.where for one in check_served(static.Folder(public), log.keys).problems])  # fmt: skip
        path.write_bytes(whole)
    assert check_served(static.Folder(public), log.keys).clean


def test_a_served_log_without_a_policy_is_said_to_be_unverified(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    (problem,) = check_served(log.public, None).problems
    assert "not verified" in problem.what
    stranger = logs.made(tmp_path / "other", 3, origin="example.org/other")
    (problem,) = check_served(log.public, policy.of(*stranger.keys).logs).problems
    assert "another log" in problem.what
