r"""Which files of a place are images, found by their first bytes.

Rules
-----
1. Files only, in every folder below the place, ordered by relative path; hidden files and folders are skipped.
2. Links to folders are not followed, so that no loop can be entered. A link to a file counts where it leads to a
   regular file inside the place that is not listed under its own name; other links are skipped.
3. Content decides what is an image. What is skipped is counted and said, never listed: names may be a patient's.
4. Files are not read here beyond their first bytes: one that is damaged further in surfaces when it is read.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = (Path(name) / "a b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    ...     _ = (Path(name) / "notes.txt").write_text("not an image")
    ...     found = images_in(Path(name))
    >>> [file.relative for file in found.files], found.problems
    (['a b.png'], ('1 file is not an image and was skipped (.txt 1)',))
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from misyn.errors import InputError, NoImages, UnknownFormat, UnreadableImage
from misyn.images.formats import FORMATS, sniff
from misyn.images.walking import is_text, walk

MANIFEST = "misyn-manifest.json"  # lists the images that were born in a folder; it is none, and no stranger either
_DETACHED = {".raw", ".zraw", ".img", ".gz", ".bin"}
_HEADERS = (".mhd", ".nhdr", ".hdr")


@dataclass(frozen=True)
class File:
    """One image file.

    Attributes:
        path: the place as it was given, joined with ``relative``.
        relative: path below the place, with ``/`` between folders on every system.
        format: a name in :data:`misyn.images.formats.FORMATS`.
    """

    path: Path
    relative: str
    format: str


@dataclass(frozen=True)
class Found:
    """What a place holds.

    Attributes:
        files: its images, ordered by relative path.
        problems: sentences on what was skipped, with counts and without names.
    """

    files: tuple[File, ...]
    problems: tuple[str, ...]


@dataclass
class _Walk:
    """What a walk has come across so far."""

    regular: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def images_in(place: Path) -> Found:
    """Find the images of a folder, or take one file.

    Args:
        place: a folder or a file.

    Raises:
        InputError: there is no such place.
        NoImages: a folder without images.
        UnreadableImage: ``place`` is a file and no image.
    """
    if place.is_file():
        return Found((File(place, place.name, sniff(place).name),), ())
    if not place.is_dir():
        raise InputError("expected a folder of images or an image file, found no such path. Next: check the path")
    walked = _walk(place)
    _add_links(place, walked)
    files, others = _sniffed(place, sorted(walked.regular, key=lambda relative: relative.split("/")), walked)
    problems = _problems(walked, others)
    if not files:
        raise NoImages(
            f"expected images ({', '.join(kind.name for kind in FORMATS)}), found none in this folder"
            + (": " + "; ".join(problems) if problems else " or below it")
            + ". Next: check the path"
        )
    return Found(tuple(files), problems)


def _walk(place: Path) -> _Walk:
    """List regular files and links below ``place``, hidden ones and special ones aside."""
    found = _Walk()
    for relative, kind in walk(place):
        if relative.rpartition("/")[2] == MANIFEST:
            continue
        if not is_text(relative) and kind != "hidden":
            found.skipped["name"] += 1
        elif kind == "link":
            found.links.append(relative)
        elif kind == "file":
            found.regular.append(relative)
        else:
            found.skipped["folder" if kind == "closed" else kind] += 1
    return found


def _add_links(place: Path, walk: _Walk) -> None:
    """Rule 2. Content-addressed stores keep files in a hidden folder, and links to them where people look."""
    if not walk.links:
        return
    root = place.resolve()
    seen = {str(root / relative) for relative in walk.regular}
    for relative in sorted(walk.links):
        try:
            target = (place / relative).resolve(strict=True)
        except (OSError, RuntimeError):  # a loop, or nothing there
            walk.skipped["link"] += 1
            continue
        if target.is_file() and target.is_relative_to(root) and str(target) not in seen:
            seen.add(str(target))
            walk.regular.append(relative)
        else:
            walk.skipped["link"] += 1


def _sniffed(place: Path, ordered: list[str], walk: _Walk) -> tuple[list[File], Counter[str]]:
    files: list[File] = []
    others: list[str] = []
    for relative in ordered:
        path = place / relative
        try:
            files.append(File(path, relative, sniff(path).name))
        except UnknownFormat:
            others.append(relative)
        except UnreadableImage:
            walk.skipped["unopened"] += 1
    stems = {_stem(file.relative) for file in files if file.relative.lower().endswith(_HEADERS)}
    return files, Counter(
        Path(relative).suffix.lower() or "no ending"
        for relative in others
        if not (Path(relative).suffix.lower() in _DETACHED and _stem(relative) in stems)
    )


def _stem(relative: str) -> str:
    """A path without its endings, by which the samples of a detached header are told from strangers."""
    folder, _, name = relative.rpartition("/")
    return f"{folder}/{name.split('.')[0]}"


_SENTENCES = {
    "hidden": ("hidden file or folder was skipped", "hidden files or folders were skipped"),
    "name": ("name is not text in UTF-8 and was skipped; rename it", "names are not text in UTF-8; rename them"),
    "special": ("pipe, socket or device was skipped", "pipes, sockets or devices were skipped"),
    "link": (
        "link was not followed: it leads out of the folder, nowhere, to a folder, or to a file that is listed",
        "links were not followed: they lead out of the folder, nowhere, to folders, or to files that are listed",
    ),
    "folder": ("folder could not be opened", "folders could not be opened"),
    "unopened": ("file could not be opened", "files could not be opened"),
}


def _problems(walk: _Walk, others: Counter[str]) -> tuple[str, ...]:
    sentences = []
    if others:
        one = others.total() == 1
        endings = ", ".join(f"{ending} {n}" for ending, n in others.most_common(5))
        sentences.append(
            f"{others.total()} {'file is not an image and was' if one else 'files are not images and were'} skipped "
            f"({endings}{', …' if len(others) > 5 else ''})"
        )
    for what, (singular, plural) in _SENTENCES.items():
        if n := walk.skipped[what]:
            sentences.append(f"{n} {singular if n == 1 else plural}")
    return tuple(sentences)
