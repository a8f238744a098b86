"""Put bytes on disk whole or not at all.

Rules
-----
1. At every instant the target is absent, the old file, or the new file, whole: write beside it, sync, rename.
2. The temporary file lives in the target's folder (a rename across file systems is a copy) and is removed on failure.
3. The folder is synced after the rename, so that a power cut does not undo what was reported as done.
4. With ``exclusive``, a file that is already there when the block ends is never replaced, whoever put it there.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "a.txt") as file:
    ...         _ = file.write(b"whole")
    ...     (Path(folder) / "a.txt").read_bytes()
    b'whole'
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SUFFIX = ".misyn-part"


@contextlib.contextmanager
def replacing(path: Path, *, exclusive: bool = False) -> Iterator[BinaryIO]:
    """Open a file that takes ``path``'s place when the block ends well, and vanishes when it does not.

    The new file gets the old one's permission bits, or the ones a plain ``open`` would give.

    Raises:
        FileExistsError: ``exclusive``, and ``path`` is there when the block ends.
        OSError: the folder cannot be written, or the disk is full; the old file is untouched.
    """
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}{SUFFIX}")
    file = part.open("x+b")
    try:
        with file:
            with contextlib.suppress(FileNotFoundError):
                os.chmod(file.fileno(), path.stat().st_mode & 0o7777)  # noqa: PTH101 - by descriptor, not by name
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(part, path, exclusive=exclusive)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _name(part: Path, path: Path, *, exclusive: bool) -> None:
    """Give the finished file its name (rules 1 and 4)."""
    if not exclusive:
        part.replace(path)
        return
    try:
        os.link(part, path)  # fails where a file is; a rename would replace it
    except FileExistsError:
        raise
    except OSError as error:  # a file system without hard links: look, then rename
        if os.path.lexists(path):
            raise FileExistsError(path) from error
        part.replace(path)
        return
    part.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whole or not at all; folders on the way are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(data)


def sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot sync folders, and renames are journalled there."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
