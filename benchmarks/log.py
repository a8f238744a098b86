"""The log against SQLite itself, in the same run: ``python benchmarks/log.py [--entries 1000000] [--folder DIR]``.

Goal: durable appends at least half as fast as SQLite's own durable inserts of the same bytes. Batches, proofs, fsck and
mirrors at growing sizes, each in a process of its own, so that its memory can be seen. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from misyn.canonical import digest
from misyn.oversight.log import entries, mirror, policy, static, tree
from misyn.oversight.log.fsck import check_log, check_served
from misyn.oversight.log.sqlite import SET_UP
from misyn.oversight.log.store import Log

ROUNDS = 15
EACH = 100  # appends per round
BATCHES = (10, 100, 1000)
PROOFS = 300
DIGESTS = [digest(b"%d" % n) for n in range(max(BATCHES))]


def items(first: int, count: int) -> list[tuple[entries.Entry, entries.Opening]]:
    return [entries.commit("declaration", digest(b"%d" % n)) for n in range(first, first + count)]


def timed(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def plain(path: Path) -> sqlite3.Connection:
    """SQLite set up to be as durable as the log is, with one table of the same bytes and no more."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in SET_UP:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE leaf (idx INTEGER PRIMARY KEY, entry BLOB, hash BLOB, opening BLOB)")
    return connection


def insert(connection: sqlite3.Connection, row: tuple[bytes, bytes, bytes], *, batch: int, times: int) -> None:
    for _ in range(times):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO leaf (entry, hash, opening) VALUES (?, ?, ?)", [row] * batch)
        connection.execute("COMMIT")


def log_append(log: Log, *, batch: int, times: int) -> None:
    for _ in range(times):
        log.append(items(0, batch))


def log_contents(log: Log, *, batch: int, times: int) -> None:
    """The way for many: their digests, which somebody has, and nothing that is about or signed."""
    for _ in range(times):
        log.append_contents("declaration", DIGESTS[:batch])


def appends(folder: Path) -> None:
    """Durable appends per second, one by one and in batches, taking turns with SQLite's own inserts."""
    with Log.create(folder / "log", origin="example.org/log") as log:
        log.append(items(0, 1))
        leaf = log.database.leaf(0)
        row = (leaf.entry, leaf.hash, leaf.opening or b"")
        connection = plain(folder / "plain.sqlite3")
        print(f"{'durable appends':<28}{'log /s':>10}{'SQLite /s':>11}{'ratio':>8}{'worst':>8}{'best':>8}")
        for batch in (1, *BATCHES):
            times = EACH if batch == 1 else max(3, 2000 // batch)
            ways = {"one by one": log_append} if batch == 1 else {f"batches of {batch}": log_contents}
            if batch > 1:
                ways[f"batches of {batch}, as objects"] = log_append
            for name, way in ways.items():
                ours = partial(way, log, batch=batch, times=times)
                theirs = partial(insert, connection, row, batch=batch, times=times)
                compare(name, ours, theirs, entries=batch * times)
        connection.close()


def compare(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], *, entries: int) -> None:
    """Take turns, and print both rates and the ratio of each round: its median, worst and best."""
    taken = [(timed(ours), timed(theirs)) for _ in range(ROUNDS)]
    ratios = [there / here for here, there in taken]
    rates = [entries / statistics.median(times) for times in zip(*taken, strict=True)]
    print(
        f"{name:<28}{rates[0]:>10,.0f}{rates[1]:>11,.0f}{statistics.median(ratios):>8.2f}"
        f"{min(ratios):>8.2f}{max(ratios):>8.2f}"
    )


def grow(folder: Path, size: int) -> dict[str, float]:
    """Fill a log to ``size`` entries in batches, publish it, and time both."""
    with Log.create(folder, origin="example.org/log") as log:

        def add() -> None:
            for first in range(0, size, 10_000):
                count = min(10_000, size - first)
                log.append_contents("declaration", [digest(b"%d" % n) for n in range(first, first + count)])

        fill = timed(add)
        publish = timed(log.publish)
        log.append(items(size, 1))
        again = timed(log.publish)
        return {"append in batches of 10,000": fill, "publish": publish, "publish one more": again}


def prove(folder: Path) -> dict[str, float]:
    """Time proofs at random places of a published log."""
    chance = random.Random(20261122)  # noqa: S311 - places to measure at
    with Log.open(folder) as log:
        size = log.published().checkpoint.size
        at = [chance.randrange(size) for _ in range(PROOFS)]
        made = [log.prove(index) for index in at]
        inclusion = timed(lambda: [log.prove(index) for index in at]) / PROOFS
        leaves = [tree.leaf_hash(log.entry(index).to_bytes()) for index in at]
        root = made[0].signed.checkpoint.root

        def verify() -> None:
            for proof, leaf in zip(made, leaves, strict=True):
                tree.verify_inclusion(leaf, index=proof.index, size=size, path=proof.path, root=root)

        growth = timed(lambda: [tree.consistency_path(n + 1, size, mth=log._tree(size).mth) for n in at]) / PROOFS
        return {"make an inclusion proof": inclusion, "verify it": timed(verify) / PROOFS, "growth proof": growth}


def fsck(folder: Path) -> dict[str, float]:
    """Time fsck of the log, and of its public folder alone."""
    with Log.open(folder) as log:
        report: list[bool] = []
        taken = timed(lambda: report.append(check_log(log).clean))
        served = timed(lambda: report.append(check_served(log.public, log.keys).clean))
        if report != [True, True]:
            sys.exit("the log is not clean, so its times say nothing")
        return {"fsck": taken, "fsck of the public folder": served}


def floor(folder: Path) -> dict[str, float]:
    """What fsck cannot do without: SQLite's integrity check, reading every row, and two hashes an entry."""
    with Log.open(folder) as log:
        check = timed(log.database.integrity)

        def read() -> None:
            for _, leaf in log.database.leaves(0, log.database.size()):
                hashlib.sha256(leaf.entry + leaf.hash).digest()
                hashlib.sha256(leaf.hash + leaf.hash).digest()

        return {"SQLite's integrity check": check, "read and hash": timed(read)}


def copy(folder: Path) -> dict[str, float]:
    """Time a mirror of the public folder, every entry verified."""
    with Log.open(folder) as log:
        wanted, source = policy.of(*log.keys), static.Folder(folder / "public")
    target = folder.parent / "mirror"
    now = datetime.now(UTC)
    taken = timed(lambda: mirror.mirror(source, target, policy=wanted, now=now, unsafe_without_cosignatures=True))
    shutil.rmtree(target)
    return {"mirror": taken}


PHASES = {"prove": prove, "floor": floor, "fsck": fsck, "copy": copy}


def phase(name: str, folder: Path, size: int) -> dict[str, float]:
    """Run a phase in a process of its own, and add the most memory it had (MB)."""
    command = [sys.executable, __file__, "--phase", name, "--folder", str(folder), "--entries", str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def sizes(folder: Path, largest: int) -> None:
    """Everything at growing sizes, how much processor time each phase took in all, and how much memory."""
    found: dict[str, dict[int, float]] = {}
    chosen = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= largest]
    for size in chosen:
        for name in ("grow", *PHASES):
            for what, seconds in phase(name, folder / f"{size}", size).items():
                total = {"MB": f"memory of {name}, MB", "CPU": f"processor time of {name}"}
                found.setdefault(total.get(what, what), {})[size] = seconds
        shutil.rmtree(folder / f"{size}")
    print()
    print(f"{'seconds, at entries':<34}" + "".join(f"{size:>12,}" for size in chosen))
    for what, values in found.items():
        form = "{:>12.0f}" if what.startswith("memory") else "{:>12.5f}"
        print(f"{what:<34}" + "".join(form.format(values[size]) for size in chosen))
    print(f"{'fsck / what it cannot do without':<34}" + "".join(f"{_over(found, size):>12.1f}" for size in chosen))


def _over(found: dict[str, dict[int, float]], size: int) -> float:
    return found["fsck"][size] / (found["SQLite's integrity check"][size] + found["read and hash"][size])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--entries", type=int, default=100_000, help="the largest log")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure; default: a temporary one")
    parser.add_argument("--phase", choices=["grow", *PHASES], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        if options.phase == "grow":
            found = grow(options.folder, options.entries)
        else:
            found = PHASES[options.phase](options.folder)
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({**found, "CPU": used.ru_utime + used.ru_stime, "MB": used.ru_maxrss / 1024}))
        return
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}\n")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        appends(Path(folder))
        sizes(Path(folder), options.entries)


if __name__ == "__main__":
    main()
