"""Programs of others that tests of the log ask: Go's checksum database, PostgreSQL. Each is skipped where absent."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import logs

GOCODE = Path("/usr/share/gocode")
POSTGRES = Path("/usr/lib/postgresql")

Ask = Callable[[Sequence[dict[str, Any]]], list[str]]


@pytest.fixture(autouse=True)
def close_logs() -> Iterator[None]:
    """Close the logs a test made (and not those of its module's fixtures)."""
    before = len(logs.OPEN)
    yield
    while len(logs.OPEN) > before:
        logs.OPEN.pop().close()


@pytest.fixture(autouse=True, scope="session")
def close_all_logs() -> Iterator[None]:
    """Close what is left at the end."""
    yield
    while logs.OPEN:
        logs.OPEN.pop().close()


def _in_memory(need: int) -> Path | None:
    """A place in memory with so many bytes free, where the system has one: these tests wait for the disk very often."""
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > need else None


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A temporary folder, in memory where that is possible."""
    place = _in_memory(1 << 28)
    with tempfile.TemporaryDirectory(prefix="misyn-log-", dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask Go's x/mod/sumdb: questions in, "ok" or "no: why" out, in order."""
    if shutil.which("go") is None or not (GOCODE / "src/golang.org/x/mod/sumdb").is_dir():
        pytest.skip("Go with golang-golang-x-mod-dev is not installed, so its checks of the log are not run")
    folder = tmp_path_factory.mktemp("go")
    program = folder / "check"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(GOCODE),
        "GOFLAGS": "",
        "GOCACHE": str(folder / "cache"),
        "CGO_ENABLED": "0",
    }
    source = Path(__file__).parent / "go" / "check.go"
    subprocess.run(["go", "build", "-o", str(program), str(source)], env=environment, check=True)

    def ask(questions: Sequence[dict[str, Any]]) -> list[str]:
        lines = "".join(json.dumps(one, default=_base64) + "\n" for one in questions)
        done = subprocess.run([str(program)], input=lines, capture_output=True, text=True, check=True)
        answers = done.stdout.splitlines()
        assert len(answers) == len(questions)
        return answers

    return ask


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _binaries() -> Path | None:
    found = sorted(POSTGRES.glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Server:
    """A PostgreSQL server of our own, in a temporary folder, without a network."""

    def __init__(self, binaries: Path, folder: Path, *, checksums: bool = True) -> None:
        self.binaries, self.folder = binaries, folder
        self.user: str | None = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self.user = "postgres"
            shutil.chown(folder, "postgres", "postgres")
        options = ["--no-sync", "--auth=trust", "--username=misyn", "--encoding=UTF8", "--wal-segsize=1"]
        self._run("initdb", "-D", str(self.data), *options, *(["--data-checksums"] if checksums else []))

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        subprocess.run(
            [str(self.binaries / program), *arguments],
            user=self.user,
            cwd=self.folder,
            check=check,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        settings = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c shared_buffers=8MB"
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "30", "-o", settings, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "30", "stop", check=False)

    def address(self, database: str = "postgres") -> str:
        return f"postgresql://misyn@/{database}?host={self.folder}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A running server, or a skip with a sentence."""
    pytest.importorskip("psycopg", reason="psycopg is not installed, so the log is not tested in PostgreSQL")
    binaries = _binaries()
    if binaries is None or sys.platform != "linux":
        pytest.skip("PostgreSQL is not installed, so the log is not tested in it")
    place = _in_memory(1 << 30)
    with tempfile.TemporaryDirectory(prefix="misyn-pg-", dir=place, ignore_cleanup_errors=True) as folder:
        server = Server(binaries, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


@pytest.fixture
def new_database(postgres_server: Server) -> Iterator[Callable[[], str]]:
    """Make empty databases, and give their addresses."""
    import psycopg

    made: list[str] = []

    def make() -> str:
        name = f"log{os.getpid()}_{id(made)}_{len(made)}"
        with psycopg.connect(postgres_server.address(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        made.append(name)
        return postgres_server.address(name)

    yield make
    with psycopg.connect(postgres_server.address(), autocommit=True) as connection:
        for name in made:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest) -> str | None:
    """Where a log is kept: None for SQLite, or a PostgreSQL database. A test that asks runs on both."""
    if request.param == "sqlite":
        return None
    make: Callable[[], str] = request.getfixturevalue("new_database")
    return make()
