"""Read an uploaded image in a process of its own, with little time and memory, from memory, and keep nothing.

Rules
-----
1. The bytes go to the process through a pipe, into a file that exists in its memory alone (``memfd_create``); where a
   system has none, uploads are not offered.
2. The process has a limit on time, memory and open files, may write no file, and sees no environment, no database, no
   secret.
3. Two at a time: others are told to come back. What comes out is a small document without anything of the file.
4. A file that kills or outlasts its reader is "unreadable".

Source: Linux ``memfd_create(2)``, ``setrlimit(2)``.

Example:
    >>> read(b"no image")["verdict"]
    'unreadable'
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import Any

from misyn.oversight.registry.lookup.reader import SECONDS
from misyn.oversight.registry.often import TooOften

AT_ONCE = 2
_ROOM = threading.BoundedSemaphore(AT_ONCE)
UNREADABLE: dict[str, Any] = {
    "verdict": "unreadable",
    "pixels": None,
    "layers": [],
    "declared_by": None,
    "record": None,
}


def offered() -> bool:
    """Whether this system can read an upload without writing it anywhere (rule 1)."""
    return hasattr(os, "memfd_create")


def read(data: bytes) -> dict[str, Any]:
    """Say what an image says of its origin, and the digest of its pixels.

    Returns:
        ``verdict``, ``pixels`` (64 hex digits or None), ``layers`` that say synthetic, ``declared_by`` and ``record``.

    Raises:
        TooOften: others are being read just now.
    """
    if not _ROOM.acquire(timeout=5):
        raise TooOften("other images are being read just now. Next: try again in a minute")
    try:
        command = [sys.executable, "-P", "-m", "misyn.oversight.registry.lookup.reader"]
        done = subprocess.run(  # noqa: S603 - our own module, no text from outside
            command, input=data, capture_output=True, timeout=SECONDS + 10, check=False, env=_environment(), cwd="/"
        )
        return _said(done.stdout)
    except subprocess.TimeoutExpired:
        return dict(UNREADABLE)
    finally:
        _ROOM.release()


def _environment() -> dict[str, str]:
    """Only what Python needs to find itself."""
    kept = {key: os.environ[key] for key in ("PYTHONPATH", "VIRTUAL_ENV") if key in os.environ}
    return {**kept, "PATH": os.defpath, "HOME": "/nonexistent", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _said(output: bytes) -> dict[str, Any]:
    try:
        found = json.loads(output[:10_000])
        return {key: found[key] for key in UNREADABLE}
    except (ValueError, KeyError, TypeError):
        return dict(UNREADABLE)
