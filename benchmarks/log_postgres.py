"""The log in PostgreSQL against PostgreSQL's own durable inserts, and several writers at once, in the same run:
``python benchmarks/log_postgres.py [--folder DIR]``. Nothing here asserts a time.

A server of our own runs in DIR, on a socket, with everything that makes a commit durable turned on. Its own rate is
that of the same driver inserting the same bytes, committed as often.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from log import BATCHES, EACH, compare, items, log_append, log_contents

from misyn.oversight.log.store import Log

WRITERS = (1, 2, 4)
APPENDS = 100  # by each writer
WRITE = (
    "import sys; from pathlib import Path; from misyn.oversight.log import entries; "
    "from misyn.oversight.log.store import Log; from misyn.canonical import digest\n"
    "log = Log.open(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
    "for n in range(int(sys.argv[2])): log.append([entries.commit('declaration', digest(b'%d' % n))])\n"
    "log.close()"
)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A PostgreSQL of our own; gives its address."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user, user)
        folder.chmod(0o755)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries / program), *arguments], user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL
        )

    data = str(folder / "data")
    run("initdb", "-D", data, "--auth=trust", "--username=misyn", "--encoding=UTF8", "--data-checksums")
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log.txt"),
        "-o", f"-c listen_addresses='' -c unix_socket_directories='{folder}'", "start")  # fmt: skip
    try:
        yield f"postgresql://misyn@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")


def insert(connection: psycopg.Connection[Any], row: tuple[bytes, bytes, bytes], *, batch: int, times: int) -> None:
    for _ in range(times):
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany("INSERT INTO plain (entry, hash, opening) VALUES (%s, %s, %s)", [row] * batch)


def appends(log: Log, address: str) -> None:
    leaf = log.database.leaf(0)
    row = (leaf.entry, leaf.hash, leaf.opening or b"")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE plain (idx BIGSERIAL PRIMARY KEY, entry BYTEA, hash BYTEA, opening BYTEA)")
        print(f"{'durable appends':<28}{'log /s':>10}{'theirs /s':>11}{'ratio':>8}{'worst':>8}{'best':>8}")
        for batch in (1, *BATCHES):
            times = EACH if batch == 1 else max(2, 1000 // batch)
            ours = partial(log_append if batch == 1 else log_contents, log, batch=batch, times=times)
            name = "one by one" if batch == 1 else f"batches of {batch}"
            compare(name, ours, partial(insert, connection, row, batch=batch, times=times), entries=batch * times)


def writers(folder: Path, count: int) -> float:
    """Entries per second that so many processes append to one log, one by one."""
    command = [sys.executable, "-c", WRITE, str(folder), str(APPENDS)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    for one in started:
        assert one.stdout is not None  # noqa: S101 - asked for above
        one.stdout.readline()
    begin = time.perf_counter()
    for one in started:
        one.communicate("go\n")
    taken = time.perf_counter() - begin
    if any(one.returncode for one in started):
        sys.exit("a writer failed, so its times say nothing")
    return count * APPENDS / taken


def several(name: str, folder: Path) -> None:
    """Several writers of one log; every entry they were told of has to be there."""
    with Log.open(folder) as log:
        before = log.database.size()
    rates = [writers(folder, count) for count in WRITERS]
    with Log.open(folder) as log:
        lost = before + sum(WRITERS) * APPENDS - log.database.size()
    print(f"{name:<28}" + "".join(f"{rate:>12,.0f}" for rate in rates) + f"{lost:>8}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure; default: a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        folder = Path(place)
        (folder / "pg").mkdir()
        folder.chmod(0o755)
        with server(folder / "pg") as address:
            with Log.create(folder / "log", origin="example.org/log", address=address) as log:
                log.append(items(0, 1))
                appends(log, address)
            print(f"\n{'appends /s by writers':<28}" + "".join(f"{count:>12}" for count in WRITERS) + f"{'lost':>8}")
            several("PostgreSQL", folder / "log")
        Log.create(folder / "sqlite", origin="example.org/log").close()
        several("SQLite", folder / "sqlite")


if __name__ == "__main__":
    main()
