"""The process that reads one uploaded image: bytes in on stdin, a small document out on stdout, and nothing else.

Rules
-----
1. Limits are set before a byte of the image is looked at.
2. Nothing of the file leaves but: its verdict, the digest of its pixels, which layers spoke, and who declared it.
3. The web framework is not imported: this process can reach no database and no secret.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

SECONDS, MOST_MEMORY = 20, 3 << 30


def main() -> None:
    """Read one image."""
    _limit()
    data = sys.stdin.buffer.read()
    descriptor = os.memfd_create("upload")
    os.write(descriptor, data)
    found = _look(Path(f"/proc/self/fd/{descriptor}"))
    sys.stdout.write(json.dumps(found))


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _look(path: Path) -> dict[str, Any]:
    from misyn.errors import MisynError  # noqa: PLC0415 - limits first
    from misyn.marks.fingerprint import fingerprint_of  # noqa: PLC0415
    from misyn.marks.verifying import verify  # noqa: PLC0415

    verdict = verify(path)
    declaration = verdict.declaration or {}
    pixels = None
    with contextlib.suppress(MisynError, MemoryError):
        from misyn.images.formats import read  # noqa: PLC0415

        pixels = fingerprint_of(read(path)).removeprefix("sha256:")
    layers = [name for name, said in verdict.layers.items() if _speaks(said)]
    who = str(declaration.get("responsible") or "")[:400] or None
    return {
        "verdict": verdict.verdict,
        "pixels": pixels,
        "layers": layers,
        "declared_by": who,
        "record": declaration.get("record"),
    }


def _speaks(said: dict[str, Any]) -> bool:
    return bool(said.get("found")) or said.get("state") in ("trusted", "untrusted")


if __name__ == "__main__":
    main()
