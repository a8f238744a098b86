"""A time-stamping authority on this machine, made of other people's code: ``openssl ts`` behind a loopback address."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

CONFIGURATION = """
[tsa]
default_tsa = it
[it]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""
LEAF = """
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""
ROOT = ("-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign")


class Authority:
    """An authority in a folder: ``root`` is what to trust, :meth:`reply` its answers, ``asked`` what it was sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root.pem"
        self.asked: list[bytes] = []
        folder.mkdir()
        (folder / "tsa.cnf").write_text(CONFIGURATION)
        (folder / "serial").write_text("01\n")
        (folder / "leaf.cnf").write_text(LEAF)
        new = "-newkey rsa:2048 -nodes"
        self._openssl(f"req -x509 {new} -keyout root.key -out root.pem -days 30 -subj /CN=Stamps-root", *ROOT)
        self._openssl(f"req {new} -keyout tsa.key -out tsa.csr -subj /CN=Example-Stamps")
        sign = "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -out tsa.pem -days 30"
        self._openssl(f"{sign} -extfile leaf.cnf")

    def reply(self, request: bytes) -> bytes:
        self.asked.append(request)
        (self.folder / "q.tsq").write_bytes(request)
        self._openssl("ts -reply -config tsa.cnf -queryfile q.tsq -out r.tsr")
        return (self.folder / "r.tsr").read_bytes()

    def _openssl(self, words: str, *more: str) -> None:
        program = shutil.which("openssl")
        assert program is not None
        subprocess.run([program, *words.split(), *more], cwd=self.folder, check=True, capture_output=True)


def served(authority: Authority) -> http.server.HTTPServer:
    """Answer on a free loopback port until ``shutdown``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            answer = authority.reply(request)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
