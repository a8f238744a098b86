"""Map a function over many files on all cores; one bad file never ends the job.

Rules
-----
1. One row per item, in the order of the items, the same rows on one worker or many.
2. An exception in the function is that item's row, with its sentence. Text of foreign exceptions is not shown: it may
   quote a hostile file; their type and place are.
3. A worker that dies or outlasts ``seconds`` costs the item it was on, and only after that item has failed a second
   time in a new worker; every other row is kept.
4. With a ``ledger`` folder, finished parts are renamed into place whole. The same call on the same ledger goes on where
   it was interrupted; another function, other items or a changed file start afresh. How parts are cut depends on the
   items alone.
5. Values cross the process border and the ledger as JSON, so that a row does not depend on the way it took.
6. Workers are spawned, never forked, and compute on one thread each: the parallelism is the files'.

Example:
    >>> [row.value for row in map(len_of, ["a", "abc"], workers=0)]
    [{'length': 1}, {'length': 3}]
    >>> map(len_of, ["a", ""], workers=0)[1].error
    'nothing to measure'
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misyn.atomic import write_bytes
from misyn.canonical import canonical_bytes, digest
from misyn.errors import InputError, MisynError, UsageError

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

Function = Callable[[str], Mapping[str, Any]]
Progress = Callable[[int, int], None]

PART = 64  # items a part file holds: what an interruption may cost, and what one rename pays for
ATTEMPTS = 2  # an item is blamed for killing its worker only after this many workers died on it
SECONDS = 120.0  # the longest an item may take before its worker is killed
UNUSABLE = -1  # in place of an item's index: the function itself cannot be used in another process
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Row:
    """What became of one item: a value, or an error with its type."""

    item: str
    value: dict[str, Any] | None = None
    error: str | None = None
    error_type: str | None = None


def len_of(item: str) -> Mapping[str, Any]:
    """Measure a text: the smallest function the engine can map; the examples and tests use it."""
    if not item:
        raise InputError("nothing to measure")
    return {"length": len(item)}


def map(  # noqa: A001 - `engine.map` is the name the house gave it
    function: Function,
    items: Sequence[str],
    *,
    workers: int | None = None,
    ledger: Path | None = None,
    progress: Progress | None = None,
    seconds: float = SECONDS,
) -> list[Row]:
    """Call ``function`` on every item and return one row each, in order.

    Args:
        function: a module-level function, or a ``functools.partial`` of one, from an item to a JSON-like mapping.
        items: texts, usually paths.
        workers: processes; None for one per core this process may use, 0 to stay in this process (no isolation:
            a file that kills its reader kills the caller).
        ledger: folder that keeps finished parts, to go on after an interruption; the caller removes it.
        progress: called with (done, total) whenever rows arrive.
        seconds: the longest one item may take; its worker is then killed (not enforced with ``workers=0``).

    Raises:
        UsageError: the function cannot be sent to another process, or ``workers`` is negative.
    """
    if workers is not None and workers < 0:
        raise UsageError(f"expected workers to be 0 or more, found {workers}")
    job = _Job(pickled=_pickle(function), items=tuple(items), ledger=_open_ledger(ledger, function, items))
    for start in job.parts:
        job.recall(start)
    _report(progress, job)
    run = _here(function, job) if workers == 0 else _elsewhere(job, _count(workers, job), seconds)
    for index, line in run:
        job.keep(index, line)
        _report(progress, job)
    return [_row(item, job.lines[index]) for index, item in enumerate(job.items)]


@dataclass
class _Job:
    """The items, the lines that came back so far, and where whole parts are kept."""

    pickled: bytes
    items: tuple[str, ...]
    ledger: Path | None
    lines: dict[int, str] = field(default_factory=dict)

    @property
    def parts(self) -> range:
        return range(0, len(self.items), PART)

    def missing(self) -> list[int]:
        return [index for index in range(len(self.items)) if index not in self.lines]

    def keep(self, index: int, line: str) -> None:
        """Take a line in, and write its part once the part is whole."""
        self.lines[index] = line
        start = index - index % PART
        span = range(start, min(start + PART, len(self.items)))
        if self.ledger is not None and all(i in self.lines for i in span):
            write_bytes(self._part(start), "".join(self.lines[i] + "\n" for i in span).encode())

    def recall(self, start: int) -> None:
        """Take in the part that an earlier, interrupted call finished."""
        if self.ledger is None or not self._part(start).is_file():
            return
        found = self._part(start).read_text(encoding="utf-8").splitlines()
        self.lines.update(enumerate(found, start=start))

    def _part(self, start: int) -> Path:
        assert self.ledger is not None  # noqa: S101 - callers asked first
        return self.ledger / f"part-{start:09d}.jsonl"


def _open_ledger(ledger: Path | None, function: Function, items: Sequence[str]) -> Path | None:
    """Name the folder of exactly this job: another function or other items find no parts there."""
    if ledger is None:
        return None
    job = digest(pickle.dumps(function) + canonical_bytes([[item, *_stamp(item)] for item in items]))
    folder = ledger / job.removeprefix("sha256:")[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _stamp(item: str) -> tuple[int, str] | tuple[()]:
    """Size and time of the file an item names, so that a changed file is not taken for the one read before."""
    try:
        found = os.stat(item)  # noqa: PTH116 - an item may be any text, a path only perhaps
    except (OSError, ValueError):
        return ()
    return found.st_size, str(found.st_mtime_ns)


def _pickle(function: Function) -> bytes:
    try:
        return pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise _cannot_travel(repr(function)) from error


def _cannot_travel(found: str) -> UsageError:
    return UsageError(
        "expected a module-level function, or a functools.partial of one, that other processes can import; "
        f"found {found}"
    )


def _count(workers: int | None, job: _Job) -> int:
    """Never more workers than items, and no more than the cores this process may use."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(workers or available, len(job.missing())))


def _report(progress: Progress | None, job: _Job) -> None:
    if progress is not None:
        progress(len(job.lines), len(job.items))


def _row(item: str, line: str) -> Row:
    return Row(item, **json.loads(line))


def _line(function: Function, item: str) -> str:
    """Run the function on one item; whatever happens becomes a line."""
    try:
        return json.dumps({"value": dict(function(item))}, separators=(",", ":"))
    except MisynError as error:
        return _error_line(str(error), type(error).__name__)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        sentence = f"unexpected {type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
        return _error_line(sentence, type(error).__name__)


def _error_line(sentence: str, kind: str) -> str:
    return json.dumps({"error": sentence, "error_type": kind}, separators=(",", ":"))


def _here(function: Function, job: _Job) -> Iterator[tuple[int, str]]:
    for index in job.missing():
        yield index, _line(function, job.items[index])


@dataclass
class _Worker:
    """One spawned process, the items it holds in order, and when it last spoke."""

    process: SpawnProcess
    connection: Connection
    holds: deque[int] = field(default_factory=deque)
    heard: float = 0.0

    @classmethod
    def hire(cls, pickled: bytes) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, pickled), daemon=True)
        with _unheard(signal.SIGINT):  # Ctrl-C reaches the whole group; ending the workers is the supervisor's to do
            process.start()
        theirs.close()
        return cls(process, ours)

    def give(self, batch: Sequence[tuple[int, str]]) -> None:
        self.holds.extend(index for index, _ in batch)
        self.heard = time.monotonic()
        try:
            self.connection.send(batch)
        except OSError:  # it died between two batches; the supervisor hears of it on its next look
            return

    def dismiss(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


@contextlib.contextmanager
def _unheard(number: signal.Signals) -> Iterator[None]:
    """Start a process deaf to a signal: what is ignored stays ignored in a program that is started."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may change this
        return
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def _serve(connection: Connection, pickled: bytes) -> None:
    """Run in the worker: answer batches until the supervisor hangs up."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # before the function, and numpy with it, is imported
    try:
        function: Function = pickle.loads(pickled)  # noqa: S301 - our own supervisor's bytes, never a file's
    except Exception as error:
        connection.send((UNUSABLE, type(error).__name__))
        return
    try:
        while True:
            for index, item in connection.recv():
                connection.send((index, _line(function, item)))
    except (EOFError, OSError, KeyboardInterrupt):
        return


def _elsewhere(job: _Job, workers: int, seconds: float) -> Iterator[tuple[int, str]]:
    """Supervise the workers: hand out batches, hear rows, replace the dead."""
    waiting = deque(job.missing())
    deaths: dict[int, int] = {}
    batch = max(1, min(16, len(waiting) // (4 * workers)))
    with ExitStack() as stack:
        team: list[_Worker] = []
        stack.callback(_dismiss, team)
        while waiting or any(worker.holds for worker in team):
            _staff(team, job, workers=min(workers, len(waiting)))
            for worker in team:
                if not worker.holds and waiting:
                    worker.give(_batch(waiting, job, batch, deaths))
            yield from _hear(team, seconds)
            yield from _bury(team, waiting, deaths, seconds)


def _dismiss(team: Sequence[_Worker]) -> None:
    for worker in team:
        worker.dismiss()


def _staff(team: list[_Worker], job: _Job, *, workers: int) -> None:
    """Hire until as many workers are there as there is work for."""
    while len(team) < workers:
        team.append(_Worker.hire(job.pickled))


def _batch(waiting: deque[int], job: _Job, size: int, deaths: Mapping[int, int]) -> list[tuple[int, str]]:
    """Take the next items; one that has already seen a worker die travels alone."""
    taken = [waiting.popleft()]
    while waiting and len(taken) < size and not deaths.get(taken[0]) and not deaths.get(waiting[0]):
        taken.append(waiting.popleft())
    return [(index, job.items[index]) for index in taken]


def _hear(team: Sequence[_Worker], seconds: float) -> Iterator[tuple[int, str]]:
    """Wait until some worker speaks or dies, and pass on what was said."""
    busy = {worker.connection: worker for worker in team if worker.holds}
    patience = min((worker.heard + seconds for worker in busy.values()), default=0.0) - time.monotonic()
    for ready in wait(list(busy), timeout=max(0.0, patience)):
        worker = busy[ready]  # type: ignore[index]  # only connections were waited for
        try:
            while worker.connection.poll():
                index, line = worker.connection.recv()
                if index == UNUSABLE:
                    raise _cannot_travel(f"a function that fails to load there ({line})")
                worker.holds.remove(index)
                worker.heard = time.monotonic()
                yield index, line
        except (EOFError, OSError):
            worker.process.kill()
            worker.process.join()


def _bury(
    team: list[_Worker], waiting: deque[int], deaths: dict[int, int], seconds: float
) -> Iterator[tuple[int, str]]:
    """Remove workers that died or fell silent; blame the item they were on, give the others back."""
    for worker in list(team):
        silent = bool(worker.holds) and time.monotonic() - worker.heard > seconds
        if worker.process.is_alive() and not silent:
            continue
        team.remove(worker)
        worker.dismiss()
        if not worker.holds:
            continue
        culprit = worker.holds.popleft()
        waiting.extendleft(reversed(worker.holds))
        deaths[culprit] = deaths.get(culprit, 0) + 1
        if deaths[culprit] < ATTEMPTS:
            waiting.append(culprit)
        elif silent:
            yield culprit, _error_line(f"reading it took longer than {seconds:g} seconds", "LimitExceeded")
        else:
            yield culprit, _error_line("reading it killed the worker process, twice", "WorkerDied")
