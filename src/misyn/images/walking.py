r"""Everything below a folder, found without following a link and without reading a file.

Rules
-----
1. Links are named and not followed, so that no loop can be entered and nothing outside is touched.
2. Hidden files and folders are named and not entered.
3. Names come as the system gives them: bytes that are no UTF-8 are lone surrogates (:func:`os.fsdecode`).
4. No more than ``most`` entries are listed: more are refused before they fill the memory.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = (Path(name) / "a.png").write_bytes(b"")
    ...     os.symlink(name, Path(name) / "loop")
    ...     sorted((entry.relative, entry.kind) for entry in walk(Path(name)))
    [('a.png', 'file'), ('loop', 'link')]
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from misyn.errors import LimitExceeded

Kind = Literal["file", "link", "hidden", "special", "closed"]
MOST = 10_000_000


class Entry(NamedTuple):
    """One entry: its path below the place, ``/`` between folders, and what it is; ``closed`` is a folder's."""

    relative: str
    kind: Kind


def walk(place: Path, *, most: int = MOST) -> Iterator[Entry]:
    """List what lies below a folder, in no particular order.

    Raises:
        LimitExceeded: there are more than ``most`` entries.
    """
    folders, count = [""], 0
    while folders:
        below = folders.pop()
        try:
            with os.scandir(place / below) as entries:
                for entry in entries:
                    count += 1
                    check_count(count, most=most)
                    kind = _kind(entry)
                    if kind == "folder":
                        folders.append(f"{below}{entry.name}/")
                    else:
                        yield Entry(f"{below}{entry.name}", kind)
        except OSError:
            yield Entry(below.rstrip("/"), "closed")


def check_count(count: int, *, most: int) -> None:
    """Refuse more files than allowed.

    Raises:
        LimitExceeded: that is so.
    """
    if count > most:
        error = LimitExceeded(
            f"expected at most {most:,} files in one place, found more. "
            "Next: scan its parts one by one, or allow more with --max-files"
        )
        error.limit = "max_files"
        raise error


def _kind(entry: os.DirEntry[str]) -> Kind | Literal["folder"]:
    if entry.name.startswith("."):
        return "hidden"
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "special"


def is_text(name: str) -> bool:
    """Whether a name can be written into a table (rule 3)."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
