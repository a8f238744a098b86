"""The fingerprint layer: the digest of an image's pixels, kept outside the file, for look-up when its marks are gone.

Rules
-----
1. A fingerprint is the exact digest of the canonical pixels (:attr:`misyn.Image.digest`): the same samples in any
   lossless format have it, one changed sample has another. It survives stripping and lossless conversion, no more.
2. A store is a folder with one SQLite file. It is appended to and never changed: a digest may have several
   declarations.
3. An image of a single value has no fingerprint: every blank image of its shape would match it.
4. A store is worth what its keeper is worth. A match is evidence of synthetic origin, never trusted by itself, and no
   match says nothing.
5. A perceptual fingerprint (:mod:`misyn.marks.perceptual`) is kept beside it. What is near it is a *candidate*: to be
   looked at by a person, never evidence, never in a verdict. How often strangers are candidates is measured in
   ``docs/results/fingerprints-2026-11-22.md``.

Example:
    >>> import tempfile
    >>> from misyn.marks.declaration import Technique
    >>> made = Declaration(technique=Technique(name="pca"), responsible="A", created="2026-11-22T10:00:00Z")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     add(Path(folder), "sha256:" + "0" * 64, made)
    ...     find(Path(folder), "sha256:" + "0" * 64) == (made,), find(Path(folder), "sha256:" + "1" * 64)
    (True, ())
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misyn.canonical import is_digest
from misyn.errors import EvidenceError, InputError, MarkError, RecordError
from misyn.marks.declaration import Declaration

if TYPE_CHECKING:
    from misyn.images.image import Image

FILE = "fingerprints.sqlite"
MOST_MATCHES = 16
_SCHEMA = """
create table if not exists fingerprint (
    pixels text not null, declared text not null, declaration text not null, primary key (pixels, declared)
) without rowid;
create table if not exists look (pixels text not null, look text not null, primary key (pixels, look)) without rowid;
create trigger if not exists unchanged before update on fingerprint begin select raise(abort, 'append only'); end;
create trigger if not exists kept before delete on fingerprint begin select raise(abort, 'append only'); end;
"""


@dataclass(frozen=True)
class Candidate:
    """An image in the store that looks like this one: ``bits`` of 256 differ, its pixels' digest, its techniques."""

    bits: int
    digest: str
    techniques: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON-like data."""
        return {"kind": "perceptual", "bits": self.bits, "digest": self.digest, "techniques": list(self.techniques)}


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What looking one image up gave.

    Attributes:
        searched: whether a store was searched.
        digest: of the pixels, or None where they were not read.
        matches: the declarations under which the store knows these pixels.
        candidates: images in the store that look like this one, the nearest first; they decide nothing (rule 5).
        problems: sentences for people.
    """

    searched: bool = False
    digest: str | None = None
    matches: tuple[Declaration, ...] = field(default=())
    candidates: tuple[Candidate, ...] = field(default=())
    problems: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the layer's object of ``misyn verify --json``."""
        if not self.searched:
            return {"searched": False}
        return {
            "searched": True,
            "found": bool(self.matches),
            "kind": "exact",
            "digest": self.digest,
            "matches": [{"declaration": match.digest, "content": match.to_json()} for match in self.matches],
            "candidates": [one.as_json() for one in self.candidates],
        }


UNSEARCHED = Fingerprint()


def fingerprint_of(image: Image) -> str:
    """The fingerprint of an image.

    Raises:
        MarkError: rule 3.
    """
    if image.pixels.size == 0 or image.pixels.min() == image.pixels.max():
        raise MarkError(
            "expected an image that can be told from others, found one of a single value: every blank image would "
            "match its fingerprint. Next: mark it without the layer fingerprint"
        )
    return image.digest


def add(store: Path, digest: str, declaration: Declaration, *, look: str | None = None) -> None:
    """Keep a fingerprint; the folder and its store are made where they are absent.

    Args:
        store: the folder.
        digest: of the pixels.
        declaration: under which they are known.
        look: their perceptual fingerprint, or None where they have none.

    Raises:
        InputError: the folder holds a store that cannot be used, or cannot be written.
        ValueError: this is no digest.
    """
    if not is_digest(digest):
        raise ValueError("expected a digest sha256:<64 hex digits>, found something else")
    with _refusals():
        store.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(store / FILE, timeout=30)) as connection, connection:
            connection.executescript(_SCHEMA)
            row = (digest, declaration.digest, declaration.to_text())
            connection.execute("insert or ignore into fingerprint values (?, ?, ?)", row)
            if look is not None:
                connection.execute("insert or ignore into look values (?, ?)", (digest, look))


def find(store: Path, digest: str) -> tuple[Declaration, ...]:
    """Look a fingerprint up.

    Raises:
        InputError: there is no store in this folder, or it cannot be used.
        EvidenceError: what the store holds under this digest is no declaration.
    """
    with _refusals(), contextlib.closing(_opened(store)) as connection:
        query = "select declared, declaration from fingerprint where pixels = ? order by declared limit ?"
        rows = connection.execute(query, (digest, MOST_MATCHES)).fetchall()
    return tuple(_declaration(declared, text) for declared, text in rows)


def resembling(store: Path, look: str, *, besides: str) -> tuple[Candidate, ...]:
    """Find the images in a store that look like one, except those with the very pixels ``besides`` (rule 5).

    Raises:
        InputError, EvidenceError: as :func:`find`.
    """
    from misyn.marks import perceptual  # noqa: PLC0415 - numerics only where a store is searched

    with _refusals():
        status = (store / FILE).stat()
        digests, looks = _looks(store, status.st_mtime_ns, status.st_size)
    near = sorted((bits, digests[n]) for n, bits in perceptual.near(look, looks) if digests[n] != besides)
    chosen = near[:MOST_MATCHES]
    return tuple(
        Candidate(bits, digest, tuple(sorted({one.technique.name for one in find(store, digest)})))
        for bits, digest in chosen
    )


@lru_cache(maxsize=1)
def _looks(store: Path, _changed: int, _size: int) -> tuple[list[str], list[str]]:
    """Every perceptual fingerprint of a store as it is now; read once for many files."""
    with contextlib.closing(_opened(store)) as connection:
        known = connection.execute("select 1 from sqlite_master where name = 'look'").fetchone()
        rows = connection.execute("select pixels, look from look order by pixels, look").fetchall() if known else []
    return [row[0] for row in rows], [row[1] for row in rows]


def check(store: Path) -> None:
    """Refuse a folder without a usable store.

    Raises:
        InputError: that is so.
    """
    find(store, "")


def look_up(store: Path, path: Path) -> Fingerprint:
    """Look the pixels of a file up; pixels that cannot be read, or say nothing, are a problem and no error.

    Raises:
        InputError: the store cannot be used.
    """
    from misyn.images.formats import read  # noqa: PLC0415 - numerics only where a store is searched
    from misyn.marks import perceptual  # noqa: PLC0415

    try:
        image = read(path)
        digest, look = fingerprint_of(image), perceptual.of(image)
        candidates = resembling(store, look, besides=digest) if look is not None else ()
        return Fingerprint(searched=True, digest=digest, matches=find(store, digest), candidates=candidates)
    except MarkError:
        return Fingerprint(problems=("not looked up: an image of a single value has no fingerprint",))
    except EvidenceError as error:
        return Fingerprint(searched=True, problems=(str(error),))
    except InputError as error:
        check(store)  # the store's own trouble is raised, the file's is not
        return Fingerprint(problems=(f"not looked up: the pixels were not read ({error})",))


def _opened(store: Path) -> sqlite3.Connection:
    place = store / FILE
    if not place.is_file():
        raise _unusable()
    return sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro", uri=True, timeout=30)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _unusable() from error


def _unusable() -> InputError:
    return InputError(
        f"expected a folder with a store of fingerprints ({FILE}), found none that can be used. "
        "Next: misyn mark --layers metadata,fingerprint --store FOLDER makes one"
    )


def _declaration(declared: str, text: str) -> Declaration:
    try:
        declaration = Declaration.from_json(text)
    except RecordError as error:
        raise EvidenceError("expected declarations in the store of fingerprints, found something else") from error
    if declaration.digest != declared:
        raise EvidenceError("expected the declaration that was stored, found a store of fingerprints that was altered")
    return declaration
