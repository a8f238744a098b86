r"""One file of a collection, wherever it lies, and the text by which a worker finds it again.

Rules
-----
1. A member is named by its path below the place, ``/`` between folders. Bytes that are no UTF-8 and control characters
   are shown as ``\xNN``; ``path_bytes`` then keeps the name's bytes, in hexadecimal.
2. A member that must not be opened has a ``refusal`` and no ``item``.
3. An ``item`` is the path of a file, or, where that would not do, a NUL and a JSON record: no path holds a NUL, and
   records stay the same from run to run, so that the engine's ledger knows them.
4. A name is judged before it is used: absolute, upwards, a drive, empty, too long, there twice: refused. Names never
   become paths here: what is unpacked gets a name of ours.

Example:
    >>> refusal_of("../out.png"), refusal_of("a/b.png")
    ('a path that leads out of the place', None)
    >>> shown_name("caf\udce9.png")
    ('caf\\xe9.png', '636166e92e706e67')
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from misyn.images.limits import Limits
from misyn.images.walking import is_text

LONGEST_NAME = 1024  # characters; the longest path common systems take is four times that, in bytes
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a collection may cost. Every field is a setting.

    Attributes:
        max_files: files in one place, refused ones included.
        max_unpacked: bytes that the members of one archive may unpack to, all together.
        max_ratio: unpacked bytes per packed byte, asked of members and archives larger than ``ratio_from``.
        ratio_from: bytes up to which ``max_ratio`` is not asked.
    """

    max_files: int = 1_000_000
    max_unpacked: int = 1 << 38
    max_ratio: float = Limits().max_ratio
    ratio_from: int = Limits().ratio_from

    def passed(self, packed: int, unpacked: int) -> bool:
        """Whether something unpacks out of proportion."""
        return unpacked > self.ratio_from and unpacked / max(packed, 1) > self.max_ratio


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of a place.

    Attributes:
        path: rule 1.
        path_bytes: rule 1; None where ``path`` is the name itself.
        size: bytes, as the place says; None where it does not.
        item: rule 3; None where it must not be opened.
        refusal: why not, as a sentence.
        limit: whether a limit is why.
        listed: whether the place's own directory (DICOMDIR) lists it; None where there is none.
    """

    path: str
    path_bytes: str | None = None
    size: int | None = None
    item: str | None = None
    refusal: str | None = None
    limit: bool = False
    listed: bool | None = None


@dataclass(frozen=True)
class Survey:
    """What a place holds, before anything of it is read.

    Attributes:
        kind: ``folder``, ``zip``, ``tar``, ``dicomdir`` or ``file``.
        members: ordered by path.
        problems: sentences with counts, for people.
        hidden: hidden files and folders that were not entered.
    """

    kind: str
    members: tuple[Member, ...]
    problems: tuple[str, ...] = ()
    hidden: int = 0


@dataclass
class Listing:
    """A survey in the making: names judged, each name once."""

    bounds: Bounds
    members: list[Member] = field(default_factory=list)
    hidden: int = 0
    problems: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(self, name: str, *, size: int | None = None, item: str | None = None, refusal: str | None = None) -> None:
        """Take a member in, by its raw name (rule 4); a name that comes again is refused."""
        why = refusal or refusal_of(name) or ("a second member of the same name" if name in self._seen else None)
        if why is None and any(part.startswith(".") and part != "." for part in name.split("/")):
            self.hidden += 1
            return
        self._seen.add(name)
        path, raw = shown_name(name)
        self.members.append(
            Member(path=path, path_bytes=raw, size=size, item=None if why else item, refusal=why and sentence(why))
        )

    def survey(self, kind: str) -> Survey:
        """Put the members in order."""
        ordered = sorted(self.members, key=lambda member: member.path.split("/"))
        return Survey(kind, tuple(ordered), tuple(self.problems), self.hidden)


def refuse(member: Member, why: str, *, limit: bool = False) -> Member:
    """The same member, refused."""
    return replace(member, item=None, refusal=sentence(why), limit=limit)


def sentence(why: str) -> str:
    """A refusal as every error reads."""
    return f"expected a file that can be opened without leaving the place, found {why}. Next: unpack or copy it by hand"


def refusal_of(name: str) -> str | None:
    """Why a name must not be used, or None (rule 4)."""
    if not name or len(name) > LONGEST_NAME:
        return "a name that is empty" if not name else f"a name of more than {LONGEST_NAME} characters"
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return "an absolute path"
    if ".." in name.replace("\\", "/").split("/"):
        return "a path that leads out of the place"
    return None


def shown_name(name: str) -> tuple[str, str | None]:
    """A name that can be written into a table, and the bytes of one that cannot be written as it is (rule 1)."""
    plain = "".join(letter if _is_plain(letter) else f"\\x{ord(letter) & 0xFF:02x}" for letter in name)
    if plain == name:
        return name, None
    return plain[: 2 * LONGEST_NAME], os.fsencode(name).hex() if is_text(name) or _is_bytes(name) else None


def _is_plain(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cs")


def _is_bytes(name: str) -> bool:
    return all(not 0xD800 <= ord(letter) <= 0xDFFF or 0xDC80 <= ord(letter) <= 0xDCFF for letter in name)


def item_of(record: Mapping[str, Any]) -> str:
    """A record as an item (rule 3)."""
    return "\0" + json.dumps(record, sort_keys=True, separators=(",", ":"))


def record_of(item: str) -> dict[str, Any] | None:
    """The record in an item, or None where the item is a path."""
    if not item.startswith("\0"):
        return None
    found: dict[str, Any] = json.loads(item[1:])
    return found


def decoded(raw: bytes, *, utf8: bool = True) -> str:
    """A name in an archive as text; bytes that are no UTF-8 as :func:`os.fsdecode` gives them."""
    return raw.decode("utf-8" if utf8 else "ascii", "surrogateescape")


def stamp(path: Path) -> list[int | str]:
    """Size and time of a file, for records: a changed archive makes other items."""
    status = path.stat()
    return [status.st_size, str(status.st_mtime_ns)]


def over_budget(members: Iterable[tuple[Member, int, int]], bounds: Bounds) -> tuple[list[Member], int]:
    """Refuse members of an archive that unpack to too much, each or all together.

    Args:
        members: each with its packed and its unpacked bytes.
        bounds: ``max_unpacked``, and ``max_ratio``.

    Returns:
        The members, and how many were refused.
    """
    kept: list[Member] = []
    total = refused = 0
    for member, packed, unpacked in members:
        why = None
        if bounds.passed(packed, unpacked):
            why = f"one that unpacks to {unpacked / max(packed, 1):,.0f} times its size"
        elif total + unpacked > bounds.max_unpacked:
            why = f"an archive that unpacks to more than {bounds.max_unpacked:,} bytes"
        if member.item is None or why is None:
            kept.append(member)
            total += unpacked if member.item is not None else 0
            continue
        kept.append(refuse(member, why, limit=True))
        refused += 1
    return kept, refused
