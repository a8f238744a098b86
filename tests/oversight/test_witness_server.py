"""A witness over HTTP answers as tlog-witness says, cosigns nothing else, and is no way in for strangers."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

import logs
from misyn.cli import main
from misyn.errors import UsageError
from misyn.oversight import witness as remote
from misyn.oversight.log import policy
from misyn.oversight.log.store import Log
from misyn.oversight.log.witness import SIZE_TYPE, Witness

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return logs.made(tmp_path / "log", 3)


@pytest.fixture
def witness(tmp_path: Path, log: Log) -> Witness:
    return logs.witness(tmp_path / "w", "w1", log)


@pytest.fixture
def server(witness: Witness) -> Iterator[ThreadingHTTPServer]:
    made = remote.server(witness, host="127.0.0.1", port=0, note=lambda _: None)
    made.daemon_threads = False  # so that closing waits for them
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def asked(server: ThreadingHTTPServer, method: str, path: str, body: bytes = b"") -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.server_address[1]), timeout=10)
    connection.request(method, path, body=body)
    answer = connection.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.read()
    connection.close()
    return found


def test_a_log_is_cosigned_over_http_and_asks_again_from_the_size_that_is_remembered(
    log: Log, witness: Witness, server: ThreadingHTTPServer
) -> None:
    there = remote.RemoteWitness.of(address(server), key=witness.key)
    wanted = logs.wanting(1, witness, log=log)
    assert wanted.times(log.publish(witnesses=[there]).note)
    logs.fill(log, 3, 4)
    assert wanted.times(log.publish(witnesses=[there]).note)
    assert witness.remembered(log.origin)[0] == 5
    assert there.trouble == []


def test_the_statuses_are_those_of_the_protocol(log: Log, witness: Witness, server: ThreadingHTTPServer) -> None:
    body = log.request(0)
    status, kind, answer = asked(server, "POST", "/add-checkpoint", body)
    assert (status, answer.startswith("— w1.example ".encode())) == (200, True)
    assert asked(server, "POST", "/add-checkpoint", body) == (409, SIZE_TYPE, b"3\n")
    assert asked(server, "POST", "/add-checkpoint", b"old x\n")[0] == 400
    assert asked(server, "POST", "/add-checkpoint", body.replace(b"example.org/log", b"example.org/gol"))[0] == 404
    logs.fill(log, 3)
    log.publish()
    assert (
        asked(server, "POST", "/add-checkpoint", log.request(3).replace(b"old 3\n", b"old 3\n" + b"A" * 43 + b"=\n"))[0]
        == 422
    )
    assert asked(server, "POST", "/", body)[0] == 404
    assert asked(server, "GET", "/add-checkpoint")[0] == 405
    assert kind.startswith("text/plain")
    assert witness.remembered(log.origin)[0] == 3


def raw(server: ThreadingHTTPServer, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(server.server_address[1])), timeout=10) as link:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: link.recv(65536), b""))


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\n\r\n", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n", b" 413 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n", b" 413 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 50\r\n\r\nold", b" 400 "),
        (b"PUT /add-checkpoint HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b" 501 "),
        (b"\x16\x03\x01\x00\xee", b" 400 "),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_the_witness_goes_on(
    server: ThreadingHTTPServer, log: Log, head: bytes, status: bytes
) -> None:
    assert status in raw(server, head).split(b"\r\n")[0] + b" "
    assert asked(server, "POST", "/add-checkpoint", log.request(0))[0] == 200


def test_a_silent_client_keeps_nobody_waiting(server: ThreadingHTTPServer, log: Log) -> None:
    with socket.create_connection(("127.0.0.1", int(server.server_address[1]))) as silent:
        silent.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\n")
        assert asked(server, "POST", "/add-checkpoint", log.request(0))[0] == 200


def test_of_many_that_ask_at_once_one_is_cosigned(server: ThreadingHTTPServer, log: Log) -> None:
    body = log.request(0)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: asked(server, "POST", "/add-checkpoint", body)[0], range(8)))
    assert sorted(found) == [200] + [409] * 7


def test_a_witness_that_does_not_answer_does_not_stop_the_log(log: Log, witness: Witness) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        there = remote.RemoteWitness.of(f"http://127.0.0.1:{nobody.getsockname()[1]}", key=witness.key)
    logs.fill(log, 3)
    assert log.publish(witnesses=[there]).checkpoint.size == 4
    (told,) = there.trouble
    assert told.startswith("w1.example did not answer")


@pytest.mark.parametrize("place", ["http://example.org", "ftp://localhost/x", "file:///etc/passwd"])
def test_a_log_asks_only_where_it_may(place: str, witness: Witness) -> None:
    with pytest.raises(UsageError):
        remote.RemoteWitness.of(place, key=witness.key)


def test_the_commands_serve_and_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, list(arguments))
        assert done.exit_code == 0, done.output
        return done.stdout

    vkey = json.loads(run("log", "init", "L", "--origin", "example.org/log", "--json"))["vkey"]
    key = run("log", "witness", "new", "W", "--name", "w1.example", "--log", vkey).strip()
    command = [
        sys.executable,
        "-c",
        "from misyn.cli import main; main()",
        "log",
        "witness",
        "serve",
        "W",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        (place,) = re.findall(r"http://\S+", serving.stdout.readline())
        run("log", "policy", "L", "--witness", f"{place}={key}", "--out", "L/policy")
        assert policy.load(Path("L/policy")).addresses == {"w1.example": place}
        Path("plan.md").write_text("our plan")
        run("log", "append", "L", "plan.md", "--kind", "plan", "--witness", place)
        assert "w1.example" in run(
            "check", "plan.md.tlog-proof", "plan.md", "--policy", "L/policy", "--before", "2999-01-01"
        )
        serving.terminate()
        _, told = serving.communicate(timeout=20)
    assert serving.returncode == 0
    assert told == "/add-checkpoint 200\n"
    Path("more.md").write_text("more")
    done = CliRunner().invoke(main, ["log", "append", "L", "more.md", "--kind", "record", "--witness", place])
    assert (done.exit_code, "proof pending" in done.stdout, "did not answer" in done.stderr) == (0, True, True)
    assert (
        CliRunner()
        .invoke(main, ["log", "append", "L", "plan.md", "--kind", "plan", "--witness", "https://x"])
        .exit_code
        == 2
    )
