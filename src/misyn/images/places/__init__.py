r"""Places that hold images: folders, archives, discs; what they list, and how one member comes to hand.

Rules
-----
1. A place is recognised by content, in the order of :data:`KINDS`; what is none of them is a place of one file.
2. Listing opens no member. A member comes to hand as a file, for as long as the block lasts; what was unpacked for it
   is removed.
3. A member that changes while it is in hand is refused: what was said of it would be of no file that exists.
4. An archive inside a place is a member like any other, and is not opened.

To add a kind: write a module with ``survey`` and, where members are no files, ``unpack``, and add one line to
:data:`KINDS`.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = (Path(name) / "a.png").write_bytes(b"x")
    ...     found = survey(Path(name))
    ...     with at_hand(found.members[0].item) as path:
    ...         path.read_bytes()
    b'x'
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from misyn.errors import InputError, MalformedImage, UnreadableImage
from misyn.images.limits import DEFAULT, check_bytes
from misyn.images.places import dicomdir, folder, tarred, zipped
from misyn.images.places.member import Bounds, Member, Survey, record_of, shown_name, stamp

__all__ = ["KINDS", "Bounds", "Kind", "Member", "Survey", "at_hand", "survey"]

_HEAD = 512


@dataclass(frozen=True)
class Kind:
    """One kind of place: its name, whether something is of it, and how it is listed."""

    name: str
    fits: Callable[[Path, bytes], bool]
    survey: Callable[[Path, Bounds, Path | None], Survey]


def _folder(place: Path, bounds: Bounds, _scratch: Path | None) -> Survey:
    directory = dicomdir.find(place)
    return folder.survey(place, bounds) if directory is None else dicomdir.survey(directory, bounds)


def _file(place: Path, _bounds: Bounds, _scratch: Path | None) -> Survey:
    path, raw = shown_name(place.name)
    member = Member(path=path, path_bytes=raw, size=place.stat().st_size, item=folder.item_for(place))
    return Survey("file", (member,))


def _is_packed_tar(place: Path, head: bytes) -> bool:
    """Whether a compressed file holds a tar archive: a compressed NIfTI does not."""
    opener = tarred.opener_of(head)
    if opener is None:
        return False
    try:
        with opener(place) as source:
            return tarred.is_tar(source.read(_HEAD))
    except (OSError, EOFError, ValueError):
        return False


KINDS: tuple[Kind, ...] = (
    Kind("folder", lambda place, _: place.is_dir(), _folder),
    Kind("zip", lambda _, head: head[:4] in (b"PK\3\4", b"PK\5\6"), lambda place, b, _: zipped.survey(place, b)),
    Kind("tar", lambda _, head: tarred.is_tar(head), tarred.survey),
    Kind("tar", _is_packed_tar, tarred.survey),
    Kind(
        "dicomdir",
        lambda place, head: place.name.upper() == dicomdir.NAME and head[128:132] == b"DICM",
        lambda place, b, _: dicomdir.survey(place, b, listed_alone=True),
    ),
    Kind("file", lambda place, _: place.is_file(), _file),
)


def survey(place: Path, *, bounds: Bounds | None = None, scratch: Path | None = None) -> Survey:
    """List a place.

    Args:
        place: a folder, an archive, a DICOMDIR, or one file.
        bounds: what it may cost.
        scratch: a folder for what a compressed archive unpacks to; it has to last as long as the members are used.

    Returns:
        Its members, ordered by path, refused ones included.

    Raises:
        InputError: there is no such place, or it cannot be read.
        LimitExceeded: it passes one of its bounds.
        MalformedImage: an archive whose directory is damaged.
    """
    try:
        head = b"" if place.is_dir() else _head(place)
        kind = next((kind for kind in KINDS if kind.fits(place, head)), None)
        if kind is not None:
            return kind.survey(place, bounds or Bounds(), scratch)
    except OSError as error:
        raise InputError(
            f"expected a place that can be read, found an operating system error ({type(error).__name__}). "
            "Next: check the path and its rights"
        ) from error
    raise InputError("expected a folder, an archive or a file, found no such path. Next: check the path")


def _head(place: Path) -> bytes:
    if not place.is_file():  # a pipe would hang
        return b""
    with place.open("rb") as source:
        return source.read(_HEAD)


@contextlib.contextmanager
def at_hand(item: str, *, scratch: Path | None = None) -> Iterator[Path]:
    """Bring a member to hand, as a file.

    Args:
        item: a member's.
        scratch: a folder for what is unpacked; the system's by default.

    Raises:
        LimitExceeded: it is larger than a file may be.
        MalformedImage: it does not unpack.
        UnreadableImage: it cannot be read, or changes while it is in hand (rule 3).
    """
    record = record_of(item)
    if record is None or "path" in record:
        path = Path(item) if record is None else Path(os.fsdecode(bytes.fromhex(record["path"])))
        before = _state(path)
        yield path
        if _state(path) != before:
            raise UnreadableImage(
                "expected a file that stays as it is, found one that changes while it is read. "
                "Next: scan it once it is written",
                path=path,
            )
        return
    with tempfile.TemporaryDirectory(dir=scratch, prefix="misyn-") as name:
        target = Path(name) / "member"
        with target.open("wb") as file:
            _unpack(record, file)
        yield target


def _unpack(record: dict[str, object], target: BinaryIO) -> None:
    kind = zipped if "zip" in record else tarred
    place = Path(cast("str", record["zip" if "zip" in record else "tar"]))
    check_bytes(cast("int", record.get("unpacked", record.get("size", 0))), limits=DEFAULT)
    try:
        if stamp(place) != record["stamp"]:
            raise MalformedImage("expected the archive that was listed, found one that changed. Next: scan it again")
        kind.unpack(record, target)
    except OSError as error:
        raise UnreadableImage(
            f"expected an archive that can be read, found an operating system error ({type(error).__name__})"
        ) from error


def _state(path: Path) -> tuple[int, ...] | None:
    """What tells that a file changed; None where it is not there."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
