"""Functions that the engine's tests send to other processes, which must be able to import them.

Each fails in one of the ways a file can make a reader fail.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from misyn.errors import MalformedImage


def work(item: str) -> Mapping[str, Any]:
    """Fail in each way a file can make a reader fail."""
    if item.startswith("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if item.startswith("hang"):
        time.sleep(60)
    if item == "typed":
        raise MalformedImage("expected a header, found none")
    if item == "foreign":
        raise ValueError("PatientName^Secret")
    return {"item": item, "length": len(item), "ratio": len(item) / 3}


def noted(item: str, *, diary: str) -> Mapping[str, Any]:
    with Path(diary).open("a", encoding="utf-8") as file:
        file.write(item + "\n")
    return {"item": item}


def die_once(item: str, *, flag: str) -> Mapping[str, Any]:
    """Stand for a worker that something else killed: the item is innocent."""
    if item == "item 3" and not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"item": item}


def signed(item: str, *, diary: str) -> Mapping[str, Any]:
    return noted(str(os.getpid()), diary=diary)
