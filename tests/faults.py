"""Faults at every write: a process is killed, or told that the disk is full or broken, at its n-th call that writes.

``strace`` does this to a process without its knowing; where it is absent, or may not attach, tests are skipped with a
sentence. The process is forked, so that thousands of faults cost seconds.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from misyn.errors import MisynError

WRITES = "write,pwrite64,writev,pwritev,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,unlinkat"
FAULTS = {"kill": "signal=SIGKILL", "full": "error=ENOSPC", "broken": "error=EIO"}
ANY_PROCESS = ctypes.c_ulong(-1 & 2 ** (8 * ctypes.sizeof(ctypes.c_ulong)) - 1)
PR_SET_PTRACER = 0x59616D61

Say = Callable[[str], None]
Action = Callable[[Say], None]


@dataclass(frozen=True)
class Outcome:
    """What the process acknowledged before its end, and how it ended."""

    said: tuple[str, ...]
    finished: bool
    refused: bool
    killed: bool


def strace() -> str:
    """The program, or a skip with a sentence."""
    found = shutil.which("strace")
    if found is None or sys.platform != "linux":
        pytest.skip("strace is not installed, so faults are not injected at every write")
    return found


def attach(pid: int, inject: str, *, output: str = os.devnull, calls: str = WRITES) -> subprocess.Popen[bytes]:
    """Let strace hold a process, and wait until it does.

    strace counts each kind of call on its own: a fault "at 3" of several kinds comes at the first third call of any of
    them. To fault every single call, name one kind at a time.
    """
    command = [strace(), "-qq", "-f", "-o", output, "-p", str(pid), "-e", f"trace={WRITES}"]
    tracer = subprocess.Popen(
        [*command, *(["-e", f"inject={calls}:{inject}"] if inject else [])], stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        if any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in status):
            return tracer
        if tracer.poll() is not None:
            pytest.skip("strace may not attach to processes here, so faults are not injected at every write")
        time.sleep(0.001)
    pytest.fail("strace did not attach")


def run(action: Action, *, fault: str | None, at: int = 0, output: str = os.devnull, calls: str = WRITES) -> Outcome:
    """Run an action in a process of its own, with a fault at its ``at``-th call out of ``calls`` (from one on)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _child(action, writer)
    os.close(writer)
    os.waitpid(pid, os.WUNTRACED)  # it has stopped itself
    tracer = attach(pid, f"{FAULTS[fault]}:when={at}" if fault else "", output=output, calls=calls)
    os.kill(pid, signal.SIGCONT)
    with os.fdopen(reader, encoding="utf-8") as lines:
        said = tuple(lines.read().splitlines())
    _, status = os.waitpid(pid, 0)
    tracer.communicate(timeout=20)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) not in {0, 3}:
        pytest.fail(f"the process ended with a traceback: {said}")
    ended = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1
    return Outcome(said, finished=ended == 0, refused=ended == 3, killed=os.WIFSIGNALED(status))


def _child(action: Action, writer: int) -> None:
    """Stop until traced, act, and leave without any of the parent's cleaning up."""
    code = 4
    try:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY_PROCESS, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        action(lambda text: tell(writer, text))
        code = 0
    except (MisynError, OSError):
        code = 3
    except BaseException as error:
        tell(writer, f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def tell(writer: int, text: str) -> None:
    """Write one line to a pipe."""
    os.write(writer, (text + "\n").encode())
