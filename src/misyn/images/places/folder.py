r"""A folder as a place: every file below it, links named and not followed out of it.

Rules
-----
1. Nothing outside the folder is opened: a link is followed only where it leads to a regular file inside that is not
   listed under its own name (content-addressed stores keep files so).
2. Names are taken as the system gives them; those that are no UTF-8 are read all the same, and shown escaped.
3. A DICOMDIR at the top is compared with what is there (:mod:`misyn.images.places.dicomdir`).

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = (Path(name) / "a.png").write_bytes(b"x")
    ...     os.symlink("/", Path(name) / "out")
    ...     [(member.path, member.refusal is None) for member in survey(Path(name), Bounds()).members]
    [('a.png', True), ('out', False)]
"""

from __future__ import annotations

import os
from pathlib import Path

from misyn.images.places.member import Bounds, Listing, Survey, item_of, stamp
from misyn.images.walking import is_text, walk

_REFUSED = {
    "special": "a pipe, a socket or a device",
    "closed": "a folder that could not be opened",
}
_LINK = "a link that leads out of the place, nowhere, to a folder, or to a file that is listed"


def survey(place: Path, bounds: Bounds) -> Survey:
    """List a folder.

    Raises:
        LimitExceeded: it holds more files than ``bounds.max_files``.
    """
    listing, root = Listing(bounds), place.resolve()
    links: list[str] = []
    inside: set[str] = set()
    for relative, kind in walk(place, most=bounds.max_files):
        if kind == "hidden":
            listing.hidden += 1
        elif kind == "link":
            links.append(relative)
        elif kind == "file":
            inside.add(relative)
        else:
            listing.add(relative or ".", refusal=_REFUSED[kind])
    for relative in inside:
        listing.add(relative, size=_size(place / relative), item=item_for(place / relative))
    for relative in sorted(links):
        target = within(root, relative)
        outside = target is None or target in inside
        listing.add(relative, item=None if outside else item_for(place / relative), refusal=_LINK if outside else None)
        inside |= {target} if target is not None else set()
    return listing.survey("folder")


def item_for(path: Path) -> str:
    """The item of a file on the disk; a record where its name is no text."""
    name = str(path)
    return name if is_text(name) else item_of({"path": os.fsencode(name).hex(), "stamp": stamp(path)})


def within(root: Path, relative: str) -> str | None:
    """Where a path below ``root`` really leads, below ``root`` too and to a regular file; None elsewhere."""
    try:
        target = (root / relative).resolve(strict=True)
    except (OSError, RuntimeError):  # a loop, or nothing there
        return None
    return target.relative_to(root).as_posix() if target.is_relative_to(root) and target.is_file() else None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
