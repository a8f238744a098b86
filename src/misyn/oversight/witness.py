"""A witness over HTTP: C2SP tlog-witness served by the standard library, and asked by a log.

Rules
-----
1. The server knows one address, ``POST /add-checkpoint``, reads no more than a request may be, and answers what
   :class:`misyn.oversight.log.witness.Witness` answers; what it cannot do is 503, never a cosignature.
2. It listens on this machine unless told otherwise, and speaks no TLS: a reverse proxy stands before it.
3. One slow or silent client keeps nobody else waiting: each has a thread and a deadline.
4. The log's side goes to ``https`` (``http`` on this machine only), follows no redirect, is bounded in size and time,
   and takes a witness that does not answer as one that does not cosign.

Source: C2SP tlog-witness (add-checkpoint).

Example:
    >>> RemoteWitness.of("ftp://w1.example", key=None)
    Traceback (most recent call last):
    misyn.errors.UsageError: expected a witness at an https:// address (http:// for this machine only), found another
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from misyn.errors import LogUnavailable, UsageError
from misyn.oversight.log.notes import MOST_BYTES
from misyn.oversight.log.witness import Answer

if TYPE_CHECKING:
    from misyn.oversight.log.cosignature import WitnessKey
    from misyn.oversight.log.witness import Witness

PATH = "/add-checkpoint"
HERE = frozenset({"localhost", "127.0.0.1", "::1"})
SECONDS = 30.0
_UNAVAILABLE = 503


@dataclass
class RemoteWitness:
    """A witness somewhere else, as a log asks it. ``trouble`` says why it gave no answer, where it gave none."""

    address: SplitResult
    key: WitnessKey
    seconds: float = SECONDS
    trouble: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, address: str, *, key: Any, seconds: float = SECONDS) -> RemoteWitness:  # noqa: ANN401 - WitnessKey
        """Name a witness by its address and the key its cosignatures verify under.

        Raises:
            UsageError: an address a log does not ask.
        """
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
            raise UsageError("expected a witness at an https:// address (http:// for this machine only), found another")
        return cls(parts, key, seconds)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Send one request; a witness that cannot be reached answers 503."""
        kind = HTTPSConnection if self.address.scheme == "https" else HTTPConnection
        connection = kind(self.address.netloc, timeout=self.seconds)
        try:
            connection.request("POST", self.address.path.rstrip("/") + PATH, body=body)
            return self._answered(connection.getresponse())
        except (HTTPException, OSError) as error:
            return self._silent(str(error) or type(error).__name__)
        finally:
            connection.close()

    def _answered(self, response: HTTPResponse) -> Answer:
        data = response.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            return self._silent("it answers more than a witness may")
        if response.status not in {200, 409}:
            self.trouble.append(f"{self.key.name} answers {response.status}")
        return Answer(response.status, data, response.headers.get("Content-Type", ""))

    def _silent(self, why: str) -> Answer:
        self.trouble.append(f"{self.key.name} did not answer: {why}")
        return Answer(_UNAVAILABLE, b"")


def server(witness: Witness, *, host: str, port: int, note: Callable[[str], None]) -> ThreadingHTTPServer:
    """Make the server of one witness; ``serve_forever`` runs it.

    Args:
        witness: what answers.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        note: called with one line per request, without anything of its sender.

    Raises:
        UsageError: the address is taken or not this machine's.
    """
    try:
        made = _Server((host, port), _Handler)
    except (OSError, OverflowError) as error:
        raise UsageError(f"expected an address to listen on, found {host} port {port}: {error}") from error
    made.witness, made.note = witness, note
    return made


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    witness: Witness
    note: Callable[[str], None]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - the library's form
        """A client that goes away is not worth a traceback."""
        self.note("a request ended without an answer")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = SECONDS
    server_version, sys_version = "misyn-witness", ""

    def do_POST(self) -> None:
        """Answer one request (rule 1)."""
        body = self._body()
        if isinstance(body, Answer):
            self._send(body)
            return
        try:
            self._send(self.server.witness.add_checkpoint(body))
        except LogUnavailable:
            self._send(Answer(_UNAVAILABLE, b"this witness cannot use its memory now; nothing was cosigned\n"))

    def do_GET(self) -> None:
        """Say that there is nothing to get here."""
        self._send(Answer(405 if self.path == PATH else 404, b"a witness answers POST /add-checkpoint\n"))

    def _body(self) -> bytes | Answer:
        if self.path != PATH:
            return Answer(404, b"a witness answers POST /add-checkpoint\n")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or self.headers.get("Transfer-Encoding"):
            return Answer(411, b"expected a Content-Length\n")
        if len(length) > 9 or int(length) > MOST_BYTES:
            return Answer(413, b"larger than a request may be\n")
        return self.rfile.read(int(length))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.status not in {200, 409, 422, 403}:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401, ARG002 - the library's form
        """One line per answer: what was asked, and the status; nothing of who asked."""
        if args and str(args[0]).startswith("POST"):
            self.server.note(f"{PATH} {args[1]}")
