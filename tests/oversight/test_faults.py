"""Faults at every write: killed, disk full or broken, torn. Nothing acknowledged is lost; what broke is named."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import faults
import logs
from misyn.canonical import digest
from misyn.errors import LogUnavailable, MisynError
from misyn.oversight.log import mirror, policy, rotation, static
from misyn.oversight.log.fsck import check_log, check_served
from misyn.oversight.log.store import Log

NOW = logs.NOW
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="these faults are injected into forked processes")
START = 254  # so that two entries fill a tile


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of START entries, to be copied."""
    folder = tmp_path_factory.mktemp("seed") / "log"
    logs.made(folder, START).close()
    return folder


def append_and_publish(folder: Path, say: faults.Say) -> None:
    with Log.open(folder) as log:
        for number in range(START, START + 3):
            (receipt,) = logs.fill(log, number)
            say(f"appended {number} {receipt.index}")
        say(f"published {log.publish().checkpoint.size}")


def check_append(folder: Path, outcome: faults.Outcome) -> None:
    """Everything acknowledged is there, the folder is clean, and the log goes on."""
    with Log.open(folder) as log:
        assert check_log(log).problems == []
        for line in outcome.said:
            what, *numbers = line.split()
            if what == "appended":
                opening = log.opening(int(numbers[1]))
                assert opening is not None
                assert opening.digest == digest(logs.content(int(numbers[0])))
            else:
                assert log.published().checkpoint.size >= int(numbers[0])
        assert log.published().checkpoint.size in {START, *range(START, log.database.size() + 1)}
        logs.fill(log, 1000)
        assert log.publish().checkpoint.size == log.database.size()
        assert check_log(log).problems == []


@pytest.mark.parametrize("fault", ["kill", "full", "broken"])
def test_append_and_publish_survive_a_fault_at_every_write(fault: str, seed: Path, tmp_path: Path) -> None:
    met = 0
    for at in range(1, 200):
        folder = tmp_path / str(at)
        shutil.copytree(seed, folder)
        outcome = faults.run(partial(append_and_publish, folder), fault=fault, at=at)
        check_append(folder, outcome)
        shutil.rmtree(folder)
        if outcome.finished and len(outcome.said) == 4 and at > met + 3:
            break
        met = met if outcome.finished else at
    else:
        pytest.fail("the faults never ran past the last write")
    assert met > 25  # the control: so many writes were there to fail at


def forget(folder: Path, say: faults.Say) -> None:
    with Log.open(folder) as log:
        log.forget(2, reason=digest(b"why"))
        say("forgotten")


def test_forgetting_survives_a_kill_at_every_write(seed: Path, tmp_path: Path) -> None:
    killed = 0
    for at in range(1, 100):
        folder = tmp_path / str(at)
        shutil.copytree(seed, folder)
        outcome = faults.run(partial(forget, folder), fault="kill", at=at)
        with Log.open(folder) as log:
            found = [(one.where, one.what) for one in check_log(log).problems]
            half = [("opening of entry 2", "is still there, though its removal was logged")]
            assert found in ([], half)
            assert log.opening(2) is None or not outcome.said
            if found:
                log.forget(2, reason=digest(b"why"))
            assert check_log(log).clean
        shutil.rmtree(folder)
        killed += outcome.killed
        if outcome.finished:
            break
    assert killed > 5


def rotate(folder: Path, say: faults.Say) -> None:
    with Log.open(folder) as log:
        rotation.rotate(log)
        say("rotated")


def test_a_change_of_keys_survives_a_kill_at_every_write(seed: Path, tmp_path: Path) -> None:
    killed = 0
    for at in range(1, 100):
        folder = tmp_path / str(at)
        shutil.copytree(seed, folder)
        outcome = faults.run(partial(rotate, folder), fault="kill", at=at)
        with Log.open(folder) as log:
            assert check_log(log).problems == []
            assert len(log.keys) == 2 or not outcome.said
            rotation.rotate(log)
            logs.fill(log, 1000)
            assert len(log.publish().note.signatures) == len(log.keys)
            assert check_log(log).clean
        shutil.rmtree(folder)
        killed += outcome.killed
        if outcome.finished:
            break
    assert killed > 10


def test_a_mirror_survives_a_kill_and_a_full_disk_at_every_write(seed: Path, tmp_path: Path) -> None:
    with Log.open(seed) as log:
        keys, wanted = log.keys, policy.of(*log.keys)
    source = tmp_path / "source"
    shutil.copytree(seed, source)
    mirror.mirror(
        static.Folder(seed / "public"), tmp_path / "old", policy=wanted, now=NOW, unsafe_without_cosignatures=True
    )
    with Log.open(source) as log:
        logs.fill(log, *range(START, START + 4))
        log.publish()

    def copy(folder: Path, say: faults.Say) -> None:
        place = static.Folder(source / "public")
        mirror.mirror(place, folder, policy=wanted, now=NOW, unsafe_without_cosignatures=True)
        say("mirrored")

    for fault in ("kill", "full"):
        failed = 0
        for at in range(1, 100):
            folder = tmp_path / str(at)
            shutil.copytree(tmp_path / "old", folder)
            outcome = faults.run(partial(copy, folder), fault=fault, at=at)
            report = check_served(static.Folder(folder), keys)
            assert (report.problems, report.entries) == ([], START + 4 if outcome.said else report.entries)
            assert report.entries in {START, START + 4}
            mirror.mirror(
                static.Folder(source / "public"), folder, policy=wanted, now=NOW, unsafe_without_cosignatures=True
            )
            assert check_served(static.Folder(folder), keys).clean
            shutil.rmtree(folder)
            failed += not outcome.finished
            if outcome.finished and outcome.said:
                break
        assert failed > 10


def test_a_witness_remembers_what_it_answered_whatever_fails(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 5)
    one = logs.witness(tmp_path, "w1", log)
    log.publish(witnesses=[one])
    logs.fill(log, 5, 6)
    log.publish()
    request = log.request(5)
    memory = tmp_path / "w1.sqlite3"
    before = memory.read_bytes()

    def answer(say: faults.Say) -> None:
        say(str(one.add_checkpoint(request).status))

    for fault in ("kill", "full", "broken"):
        failed = 0
        for at in range(1, 60):
            for left in tmp_path.glob("w1.sqlite3*"):
                left.unlink()
            memory.write_bytes(before)
            outcome = faults.run(answer, fault=fault, at=at)
            size, _ = one.remembered(logs.ORIGIN)
            assert size == 7 if outcome.said else size in {5, 7}
            failed += not outcome.finished
            if outcome.finished and outcome.said == ("200",):
                break
        assert failed > 3


def test_an_append_is_synced_to_disk_before_it_is_acknowledged(seed: Path, tmp_path: Path) -> None:
    """Seen from outside: after the last byte of the write-ahead log, before the acknowledgement, there is a sync."""
    shutil.copytree(seed, tmp_path / "log")
    output = tmp_path / "calls"
    faults.run(partial(append_and_publish, tmp_path / "log"), fault=None, output=str(output))
    calls = [line.split(maxsplit=1)[1] for line in output.read_text().splitlines() if "(" in line]
    said = [n for n, call in enumerate(calls) if '"appended' in call]
    assert len(said) == 3
    for start, end in zip([0, *said], said, strict=False):
        kinds = [call.split("(")[0] for call in calls[start:end]]
        written = max(n for n, kind in enumerate(kinds) if kind == "pwrite64")
        assert any(kind in {"fsync", "fdatasync"} for kind in kinds[written:])
    renames = [call for call in calls if call.startswith("rename")]
    assert '/checkpoint"' in renames[-1]
    assert sum("/tile/" in call for call in renames) == len(renames) - 1 >= 4


# --- torn: what a power cut leaves, byte by byte ---


def test_a_write_ahead_log_torn_anywhere_keeps_every_acknowledged_entry(seed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    shutil.copytree(seed, folder)
    wal = folder / "log.sqlite3-wal"
    synced: list[tuple[int, int]] = []  # bytes of the write-ahead log, entries acknowledged at that moment
    with Log.open(folder) as log:
        synced.append((0, START))
        for number in range(START, START + 6):
            logs.fill(log, number)
            synced.append((wal.stat().st_size, number + 1))
        log.publish()
        synced.append((wal.stat().st_size, START + 6))
        whole, main = wal.read_bytes(), (folder / "log.sqlite3").read_bytes()
    cuts = {0, 1, 31, 32, len(whole)} | {size + d for size, _ in synced for d in (-1, 0, 1)}
    cuts |= set(range(0, len(whole), 1021))
    for cut in sorted(one for one in cuts if 0 <= one <= len(whole)):
        torn = tmp_path / "torn"
        shutil.copytree(seed, torn)
        (torn / "log.sqlite3").write_bytes(main)
        (torn / "log.sqlite3-wal").write_bytes(whole[:cut])
        acknowledged = max(entries for size, entries in synced if size <= cut)
        with Log.open(torn) as log:
            assert log.database.size() >= acknowledged
            assert check_log(log).problems == []
        shutil.rmtree(torn)


def test_a_public_file_torn_anywhere_is_named_and_written_again(seed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    shutil.copytree(seed, folder)
    with Log.open(folder) as log:
        logs.fill(log, *range(START, START + 10))
        log.publish()
        files = [one for one in (folder / "public").rglob("*") if one.is_file()]
        named = {one: one.relative_to(folder).as_posix() for one in files}
        for file in files:
            whole = file.read_bytes()
            for size in (0, 1, len(whole) // 2, len(whole) - 1):
                file.write_bytes(whole[:size])
                problems = check_log(log).problems
                if named[file].endswith("checkpoint"):
                    assert [one.where for one in problems] == ["public"]
                else:
                    assert [one.where for one in problems] == [named[file]] or ".p/254" in named[file]
                    log.restore_public()
                    assert check_log(log).clean
            file.write_bytes(whole)


def test_without_its_public_folder_the_log_writes_it_again(seed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    shutil.copytree(seed, folder)
    shutil.rmtree(folder / "public")
    with Log.open(folder) as log:
        assert [one.where for one in check_log(log).problems] == ["checkpoint"]
        log.publish()
        assert check_log(log).clean


# --- a full disk, without strace ---


def test_a_full_disk_at_any_size_of_file_is_a_sentence_and_loses_nothing(seed: Path, tmp_path: Path) -> None:
    """``RLIMIT_FSIZE`` refuses to let any file grow beyond a size, as a full disk would."""
    refused = 0
    for limit in [0, 100, 5_000, 50_000, *range(100_000, 300_000, 20_000)]:
        folder = tmp_path / str(limit)
        shutil.copytree(seed, folder)
        reader, writer = os.pipe()
        if (pid := os.fork()) == 0:
            code = 4
            try:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                append_and_publish(folder, partial(faults.tell, writer))
                code = 0
            except (MisynError, OSError):
                code = 3
            finally:
                os._exit(code)
        os.close(writer)
        with os.fdopen(reader) as lines:
            said = tuple(lines.read().splitlines())
        _, status = os.waitpid(pid, 0)
        code = os.WEXITSTATUS(status)
        assert code in {0, 3}
        refused += code == 3
        check_append(folder, faults.Outcome(said, finished=code == 0, refused=code == 3, killed=False))
        shutil.rmtree(folder)
    assert 2 < refused < 14


def test_a_full_database_says_the_disk_is_full(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 5) as log:
        (pages,) = next(iter(log.database._dialect.execute("PRAGMA page_count")))
        log.database._dialect.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LogUnavailable, match="disk is full; nothing was acknowledged"):
            logs.fill(log, *range(5, 500))
        assert log.database.size() == 5
        assert check_log(log).clean


def test_a_log_locked_by_another_program_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from misyn.oversight.log import sqlite

    logs.made(tmp_path / "log", 1).close()
    monkeypatch.setattr(sqlite, "PATIENCE", 0.1)
    other = sqlite3.connect(tmp_path / "log" / "log.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(LogUnavailable, match="locked for"), Log.open(tmp_path / "log") as log:
            logs.fill(log, 1)
    finally:
        other.close()


# --- PostgreSQL ---


@pytest.fixture
def crashing(postgres_server: object, new_database: Callable[[], str], tmp_path: Path) -> tuple[object, Path]:
    """A log in a server that may be made to crash."""
    logs.made(tmp_path / "log", 250, address=new_database()).close()
    return postgres_server, tmp_path / "log"


def reopened(folder: Path) -> Log:
    """Open the log again, waiting for the server's recovery."""
    import time

    for _ in range(600):
        try:
            return Log.open(folder)
        except LogUnavailable:
            time.sleep(0.05)
    return Log.open(folder)


@pytest.mark.parametrize("fault", ["kill", "full", "broken"])
def test_postgresql_loses_nothing_acknowledged_whatever_fails_in_its_process(
    fault: str, crashing: tuple[object, Path]
) -> None:
    """The server's process for us is killed, or told of a full or broken disk, at its n-th write.

    Every n, until a run ends without reaching it.
    """
    _, folder = crashing
    number, failed, reached, at = 250, 0, True, 0
    while reached:
        reached, at = False, at + 1
        log = reopened(folder)
        acknowledged = log.database.size()
        (pid,) = next(iter(log.database._dialect.execute("SELECT pg_backend_pid()")))
        tracer = faults.attach(pid, f"{faults.FAULTS[fault]}:when={at}")
        try:
            for _ in range(4):
                (receipt,) = logs.fill(log, number)
                number, acknowledged = number + 1, receipt.index + 1
            log.publish()
        except LogUnavailable:
            failed += 1
            reached = True
        finally:
            tracer.terminate()
            tracer.communicate()
            log.close()
        with reopened(folder) as again:
            assert again.database.size() >= acknowledged
            again.publish()
            assert check_log(again).problems == []
            number = again.database.size()
    assert failed >= 2


def test_postgresql_recovers_every_acknowledged_entry_after_a_crash(crashing: tuple[object, Path]) -> None:
    import subprocess

    server, folder = crashing
    worker = subprocess.Popen(
        logs.worker(folder, 250, 5000, 50), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    lines = [worker.stdout.readline() for _ in range(120)]
    server.stop("immediate")  # type: ignore[attr-defined]
    output, error = worker.communicate(timeout=60)
    server.start()  # type: ignore[attr-defined]
    assert worker.returncode == 1
    assert "nothing was acknowledged" in error
    told = [line.split() for line in [*lines, *output.splitlines()]]
    with reopened(folder) as log:
        for number, index in ((int(one[1]), int(one[2])) for one in told if one[0] == "appended" and len(one) == 3):
            opening = log.opening(index)
            assert opening is not None
            assert opening.digest == digest(logs.content(number))
        log.publish()
        assert check_log(log).problems == []


def test_a_torn_page_in_postgresql_is_mended_from_its_write_ahead_log(crashing: tuple[object, Path]) -> None:
    """A power cut may leave half of a page: what was acknowledged comes back from the full page that was logged."""
    server, folder = crashing
    with Log.open(folder) as log:
        log.database._dialect.execute("CHECKPOINT")
        receipts = logs.fill(log, *range(250, 260))
        sql = "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('leaf')"
        path = Path(next(iter(log.database._dialect.execute(sql)))[0])
    server.stop("immediate")  # type: ignore[attr-defined]
    data = bytearray(path.read_bytes())
    data[-4096:] = bytes(4096)  # the half of the last page that holds its rows
    path.write_bytes(data)
    server.start()  # type: ignore[attr-defined]
    with reopened(folder) as log:
        for receipt, number in zip(receipts, range(250, 260), strict=True):
            assert log.opening(receipt.index) == logs.item(number)[1]
        log.publish()
        assert check_log(log).problems == []
