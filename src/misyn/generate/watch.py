"""A watch over a folder in which only marked images may appear.

Rules
-----
W1. While a folder is watched, Python code that opens an image file below it for writing, or moves one there, fails
    before a byte is written, whichever library it uses. Only a birth may write there.
W2. Programs and libraries that write past Python (OpenCV, SimpleITK, other processes) cannot be stopped: when the watch
    ends, every image that is new or changed is read, and one without a declaration is an error that names it.
W3. What is an image is told by the ending when it is opened, and by its content when the watch ends. Text, tables and
    weights are not images.
W4. Nothing is deleted or changed.

An audit hook (PEP 578) does rule W1. It stays for the life of the process, and does nothing where no folder is watched.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name, Watch(Path(name)):
    ...     try:
    ...         _ = (Path(name) / "a.png").write_bytes(b"")
    ...     except UnmarkedImage:
    ...         print("refused")
    refused
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from misyn.atomic import SUFFIX
from misyn.errors import UnmarkedImage, UnreadableImage
from misyn.images.formats import FORMATS, sniff

_MORE = (".bmp", ".jp2", ".j2k", ".heic", ".avif", ".mgz", ".mgh", ".mnc")
ENDINGS = tuple(ending for kind in FORMATS for ending in kind.extensions) + _MORE
_WRITES = os.O_WRONLY | os.O_RDWR
_watched: dict[str, int] = {}
_allowed = threading.local()
_hooked = threading.Event()


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """What a birth does in this thread is not stopped."""
    before: int = getattr(_allowed, "depth", None) or 0
    _allowed.depth = before + 1
    try:
        yield
    finally:
        _allowed.depth = before


class Watch:
    """Watch one folder from entering to leaving."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place = str(folder.resolve())
        self._before: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> Watch:
        if not _hooked.is_set():
            _hooked.set()
            sys.addaudithook(_hook)
        self._before = _listing(self._folder)
        _watched[self._place] = _watched.get(self._place, 0) + 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _watched[self._place] -= 1
        if not _watched[self._place]:
            del _watched[self._place]
        found = self.unmarked()
        if not found:
            return
        shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        sentence = (
            f"expected only marked images in {self._folder}, found {len(found)} without a declaration: {shown}. "
            "Next: save them with born.save or born.open, or mark them with misyn mark; then delete the unmarked ones"
        )
        if error is None:
            raise UnmarkedImage(sentence)
        error.add_note(sentence)

    def unmarked(self) -> list[str]:
        """Names of images that are new or changed and carry no declaration (rule W2)."""
        now = _listing(self._folder)
        changed = sorted(name for name, state in now.items() if self._before.get(name) != state)
        return [name for name in changed if not _is_declared(self._folder / name)]


def images_below(folder: Path) -> list[str]:
    """Paths below a folder of what is an image by its content, sorted, with ``/`` between names."""
    return [name for name in sorted(_listing(folder)) if _is_image(folder / name)]


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder that is not a part being written: its size and time."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            if name.endswith(SUFFIX) or path.is_symlink():
                continue
            with contextlib.suppress(OSError):
                state = path.stat()
                found[path.relative_to(folder).as_posix()] = (state.st_size, state.st_mtime_ns)
    return found


def _is_image(path: Path) -> bool:
    try:
        sniff(path)
    except UnreadableImage:
        return False
    return True


def _is_declared(path: Path) -> bool:
    """Whether a file is no image, or one that carries a declaration."""
    from misyn.marks import verify  # noqa: PLC0415 - only where something appeared

    if not _is_image(path):
        return True
    verdict = verify(path)
    return verdict.verdict == "synthetic" and verdict.declaration is not None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop what would put an unmarked image below a watched folder (rule W1)."""
    if not _watched or getattr(_allowed, "depth", None):
        return
    if event == "open" and _is_writing(arguments):
        target = arguments[0]
    elif event in ("os.rename", "os.link", "os.symlink"):
        target = arguments[1]
    else:
        return
    if isinstance(target, str | bytes | os.PathLike) and _is_inside(os.fsdecode(target)):
        raise UnmarkedImage(
            f"expected a marked image, found one being written without a mark: {os.fsdecode(target)}. "
            "Next: born.save(array, name), or: with born.open(name) as file: image.save(file)"
        )


def _is_writing(arguments: tuple[Any, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITES)


def _is_inside(target: str) -> bool:
    if not target.lower().endswith(ENDINGS):
        return False
    absolute = os.path.realpath(target)
    return any(absolute.startswith(place + os.sep) for place in tuple(_watched))
