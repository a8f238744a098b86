"""One bad file never ends a job, and rows do not depend on who computed them."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from jobs import die_once, noted, work
from misyn import engine
from misyn.errors import UsageError

ITEMS = [f"item {i} – ü" for i in range(150)]


def test_rows_are_the_same_on_no_one_and_many_workers() -> None:
    runs = [engine.map(work, ITEMS, workers=n) for n in (0, 1, 3)]
    assert runs[0] == runs[1] == runs[2]
    assert [row.item for row in runs[0]] == ITEMS


def test_no_items_give_no_rows() -> None:
    assert engine.map(work, []) == []


def test_an_exception_is_one_row_and_foreign_text_is_not_repeated() -> None:
    typed, foreign, good = engine.map(work, ["typed", "foreign", "good"], workers=2)
    assert (typed.error_type, typed.error) == ("MalformedImage", "expected a header, found none")
    assert foreign.error_type == "ValueError"
    assert "Secret" not in str(foreign)
    assert good.value is not None


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_kills_its_worker_is_one_row(workers: int) -> None:
    items = ["a", "kill 1", *ITEMS[:40], "kill 2", "z"]
    rows = engine.map(work, items, workers=workers)
    assert [row.item for row in rows if row.error] == ["kill 1", "kill 2"]
    assert {row.error_type for row in rows if row.error} == {"WorkerDied"}
    assert [row.item for row in rows] == items


def test_a_file_that_hangs_is_one_row() -> None:
    rows = engine.map(work, ["a", "hang", "b"], workers=2, seconds=1.5)
    assert [row.error_type for row in rows] == [None, "LimitExceeded", None]


def test_an_innocent_item_survives_the_death_of_its_worker(tmp_path: Path) -> None:
    function = functools.partial(die_once, flag=str(tmp_path / "flag"))
    rows = engine.map(function, [f"item {i}" for i in range(8)], workers=2)
    assert [row.error for row in rows] == [None] * 8
    assert (tmp_path / "flag").exists()


def test_an_interrupted_job_goes_on_where_it_stopped(tmp_path: Path) -> None:
    function = functools.partial(noted, diary=str(tmp_path / "diary"))
    items = [str(i) for i in range(3 * engine.PART)]

    def interrupt(done: int, _total: int) -> None:
        if done >= 2 * engine.PART + 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.map(function, items, workers=0, ledger=tmp_path / "ledger", progress=interrupt)
    (tmp_path / "diary").write_text("")
    rows = engine.map(function, items, workers=0, ledger=tmp_path / "ledger")
    assert (tmp_path / "diary").read_text().split() == items[2 * engine.PART :]
    assert rows == engine.map(function, items, workers=0)


def test_a_ledger_of_another_job_is_not_believed(tmp_path: Path) -> None:
    engine.map(engine.len_of, ["a", "b"], workers=0, ledger=tmp_path)
    rows = engine.map(engine.len_of, ["ccc", "b"], workers=0, ledger=tmp_path)
    assert [row.value for row in rows] == [{"length": 3}, {"length": 1}]


CLIENT = """
import functools, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import jobs
from misyn import engine

def stop(done, total):
    if done > 140:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    place = Path(sys.argv[2])
    function = functools.partial(jobs.signed, diary=str(place / "pids"))
    engine.map(function, [str(i) for i in range(200)], workers=2, ledger=place / "ledger", progress=stop)
"""


def test_a_killed_client_leaves_whole_parts_and_no_workers(tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(CLIENT)
    command = [sys.executable, str(script), str(Path(__file__).parent), str(tmp_path)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    parts = list((tmp_path / "ledger").rglob("*.jsonl"))
    assert parts
    assert all(len(part.read_text().splitlines()) == engine.PART for part in parts)
    workers = set((tmp_path / "pids").read_text().split())
    deadline = time.monotonic() + 10
    while any(_alive(int(pid)) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in workers if _alive(int(pid))]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and ") Z " in status.read_text())  # a zombie waits for init, it does not work


def test_progress_counts_up_to_all_items() -> None:
    seen: list[tuple[int, int]] = []
    engine.map(work, ITEMS[:5], workers=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 5)
    assert seen[-1] == (5, 5)
    assert sorted(seen) == seen


def test_a_function_that_cannot_travel_is_refused_before_work_starts() -> None:
    with pytest.raises(UsageError, match="module-level function"):
        engine.map(lambda item: {"item": item}, ["a"], workers=1)


def test_negative_workers_are_refused() -> None:
    with pytest.raises(UsageError, match="0 or more"):
        engine.map(work, ["a"], workers=-1)


def test_a_function_that_other_processes_cannot_load_is_refused_and_no_item_is_blamed() -> None:
    module = types.ModuleType("only_here")
    exec("def f(item):\n    return {'item': item}\n", module.__dict__)  # noqa: S102 - a module no file holds
    sys.modules["only_here"] = module
    try:
        with pytest.raises(UsageError, match="other processes"):
            engine.map(module.f, ["a", "b"], workers=1)
    finally:
        del sys.modules["only_here"]
