"""The folder any web server can host: checkpoint, tiles and entry bundles; how it is written, and how it is read.

Rules
-----
1. Tiles and bundles are written before the checkpoint that needs them; the checkpoint is last, and replaced atomically.
   At every instant the folder is a whole log, of the old size or of the new.
2. A full tile never changes; a partial one is kept until the full one is there.
3. A reader gets bytes, or None where nothing is; what they are worth is proven by the checkpoint's root.
4. Reading over the network is bounded in size and time, and goes to ``https`` (``http`` on this machine only).

Source: C2SP tlog-tiles (APIs).

Example:
    >>> Folder(Path("nowhere")).read("checkpoint") is None
    True
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from misyn import atomic
from misyn.errors import InputError, LogUnavailable, MalformedLogData, UsageError
from misyn.oversight.log.notes import MOST_BYTES
from misyn.oversight.log.tiles import (
    MOST_ENTRY,
    WIDTH,
    Bundle,
    Tile,
    bundles_of,
    decode_bundle,
    encode_bundle,
    tiles_of,
)
from misyn.oversight.log.tree import HASH

CHECKPOINT = "checkpoint"
LARGEST_FILE = WIDTH * (MOST_ENTRY + 2)
SECONDS = 30.0
TOGETHER = 256  # files that are written before the first of them is synced
HERE = ("localhost", "127.0.0.1", "::1")

Piece = TypeVar("Piece", Tile, Bundle)


class Source(Protocol):
    """A place that serves a log's files."""

    def read(self, path: str) -> bytes | None:
        """Give the file at this path below the log's prefix, or None where there is none."""


class Folder:
    """A log's files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes | None:
        """Give a file's bytes, or None where there is none."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise LogUnavailable(f"{path} of the log cannot be read: {error.strerror}") from error


class Web:
    """A log's files behind a URL."""

    def __init__(self, prefix: str, *, seconds: float = SECONDS) -> None:
        parts = urlsplit(prefix)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
            raise UsageError("expected an https:// address (http:// for this machine only), found another")
        self.prefix, self.seconds = prefix.rstrip("/"), seconds

    def read(self, path: str) -> bytes | None:
        """Fetch a file, or give None where the server says there is none."""
        from urllib.error import HTTPError, URLError  # noqa: PLC0415 - the log itself has no web import
        from urllib.request import urlopen  # noqa: PLC0415

        try:
            with urlopen(f"{self.prefix}/{path}", timeout=self.seconds) as answer:  # noqa: S310 - checked above
                data: bytes = answer.read(LARGEST_FILE + 1)
        except HTTPError as error:
            if error.code in {404, 410}:
                return None
            raise LogUnavailable(f"the log's server answers {error.code} for {path}") from error
        except (URLError, OSError) as error:
            raise LogUnavailable(f"the log's server does not answer for {path}. Next: try again") from error
        if len(data) > LARGEST_FILE:
            raise MalformedLogData(f"{path} of the log is larger than any file of a log may be")
        return data


def source_of(place: str | Path) -> Source:
    """Give the reader for a URL, a served folder, or the folder of a log of our own (its ``public`` part).

    Raises:
        InputError: no log is there.
    """
    if "://" in str(place):
        return Web(str(place))
    folder = Path(place)
    for candidate in (folder, folder / "public"):
        if (candidate / CHECKPOINT).is_file():
            return Folder(candidate)
    raise InputError(f"expected a log (a file named {CHECKPOINT}) in {folder}, found none. Next: check the place")


def checkpoint_of(source: Source) -> bytes:
    """Read the checkpoint a place serves now.

    Raises:
        LogUnavailable: there is none.
    """
    data = source.read(CHECKPOINT)
    if data is None:
        raise LogUnavailable("expected the log's checkpoint, found none. Next: check the place")
    if len(data) > MOST_BYTES:
        raise MalformedLogData(f"expected a checkpoint of at most {MOST_BYTES} bytes, found {len(data)}")
    return data


def tile_reader(source: Source) -> Callable[[Tile], bytes]:
    """Read tiles from a place; a partial one that is gone is cut from the full one."""

    def read(tile: Tile) -> bytes:
        data = source.read(tile.path)
        if data is None and tile.width < WIDTH:
            data = (source.read(tile.full_path) or b"")[: tile.width * HASH]
        if data is None:
            raise MalformedLogData(f"{tile.path} is missing. Next: misyn log fsck, or ask the log's operator")
        return data

    return read


def entries_of(source: Source, bundle: Bundle) -> list[bytes]:
    """Read the entries of one bundle; a partial one that is gone is cut from the full one."""
    data = source.read(bundle.path)
    if data is not None:
        return decode_bundle(data, width=bundle.width)
    full = source.read(bundle.full_path) if bundle.width < WIDTH else None
    if full is None:
        raise MalformedLogData(f"{bundle.path} is missing. Next: misyn log fsck, or ask the log's operator")
    return decode_bundle(full, width=WIDTH)[: bundle.width]


def write(
    folder: Path,
    checkpoint: bytes,
    *,
    size: int,
    since: int,
    tile: Callable[[Tile], bytes],
    entries: Callable[[Bundle], list[bytes]],
) -> None:
    """Bring a folder from ``since`` entries to the checkpoint of ``size`` entries (rule 1).

    Raises:
        LogUnavailable: the folder cannot be written; it still is the log of the earlier size.
    """
    with _told(folder):
        for some in _by(TOGETHER, bundles_of(size, since=since)):
            _put(folder, [(bundle, encode_bundle(entries(bundle))) for bundle in some])
        for part in _by(TOGETHER, tiles_of(size, since=since)):
            _put(folder, [(one, tile(one)) for one in part])
        atomic.write_bytes(folder / CHECKPOINT, checkpoint)


def _by(count: int, pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    """Cut into lists of at most ``count``; a tile may be made from those of the list before, never from its own."""
    some: list[Piece] = []
    for piece in pieces:
        if some and (len(some) == count or getattr(piece, "level", 0) != getattr(some[0], "level", 0)):
            yield some
            some = []
        some.append(piece)
    if some:
        yield some


def _put(folder: Path, pieces: Sequence[tuple[Tile | Bundle, bytes]]) -> None:
    """Write files, whole or not at all: all are written before the first is synced, so that the disk can work ahead."""
    parts = [(folder / piece.path, _part_of(folder / piece.path)) for piece, _ in pieces]
    try:
        for (_, part), (_, data) in zip(parts, pieces, strict=True):
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
        for _, part in parts:
            _sync(part)
        for path, part in parts:
            part.replace(path)
    except BaseException:
        for _, part in parts:
            part.unlink(missing_ok=True)
        raise
    for parent in {path.parent for path, _ in parts}:
        atomic.sync_folder(parent)
    for piece, _ in pieces:
        if piece.width == WIDTH:
            shutil.rmtree(folder / f"{piece.full_path}.p", ignore_errors=True)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}{atomic.SUFFIX}")


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LogUnavailable(
            f"the public folder {folder.name} cannot be written ({error.strerror}); entries are safe, and the folder "
            "still is the log it was. Next: make room, then publish again"
        ) from error
