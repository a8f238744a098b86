r"""What a DICOMDIR says its medium holds, compared with what is there.

Rules
-----
1. A reference is a path below the DICOMDIR's folder. One that leads out of it, by ``..``, as an absolute path or
   through a link, is refused and never opened.
2. Discs are read on systems that change the case of names: where no file has the name as written, one that differs in
   case alone is the one that is meant.
3. A file that is referred to and not there is a member that is refused, by the name the DICOMDIR gives it. A file that
   is there and not referred to is said to be unlisted.
4. A DICOMDIR that does not parse is a problem; the folder is scanned all the same.

Follows DICOM PS3.10 section 8 and PS3.3 annex F (Basic Directory IOD).

Example:
    >>> [parts_of(text) for text in ("IMAGES\\A1", "..\\B", "/C", "")]
    [('IMAGES', 'A1'), None, None, None]
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from misyn.errors import MalformedImage, UnreadableImage
from misyn.images.containment import contained
from misyn.images.limits import DEFAULT, read_bytes
from misyn.images.places.folder import survey as survey_folder
from misyn.images.places.folder import within
from misyn.images.places.member import Bounds, Member, Survey, refusal_of, sentence, shown_name

NAME = "DICOMDIR"


def parts_of(text: str) -> tuple[str, ...] | None:
    r"""The parts of a Referenced File ID, or None where it must not be followed (rule 1).

    Args:
        text: the value, parts separated by backslashes.
    """
    parts = tuple(part.strip() for part in text.split("\\"))
    if refusal_of("/".join(parts)) is not None or any("/" in part or not part for part in parts):
        return None
    return parts


def find(folder: Path) -> Path | None:
    """The DICOMDIR at the top of a folder, however its name is written; never a link."""
    for name in (NAME, NAME.lower()):
        place = folder / name
        if place.is_file() and not place.is_symlink():
            return place
    return None


def references(directory: Path) -> tuple[str, ...]:
    """The Referenced File IDs, in order, parts separated by backslashes.

    Raises:
        UnreadableImage: it does not parse, or passes a limit.
    """
    from misyn.images.dicom_header import parse  # noqa: PLC0415 - pydicom, only where there is a DICOMDIR

    with contained("dicom", path=directory, limits=DEFAULT):
        header = parse(read_bytes(directory), limits=DEFAULT, path=directory)
        if "DirectoryRecordSequence" not in header:
            raise MalformedImage("expected a DICOMDIR with directory records, found none", path=directory)
        found = (item.text("ReferencedFileID") for item in header.items("DirectoryRecordSequence"))
        return tuple(text for text in found if text)


def survey(directory: Path, bounds: Bounds, *, listed_alone: bool = False) -> Survey:
    """List the folder of a DICOMDIR, and say of every file whether it is listed there.

    Args:
        directory: the DICOMDIR.
        bounds: what the folder may cost.
        listed_alone: leave out the files that are not listed.
    """
    folder = survey_folder(directory.parent, bounds)
    try:
        said = references(directory)
    except UnreadableImage as error:
        problem = f"the DICOMDIR could not be read, so nothing was compared with it ({error})"
        return replace(folder, kind="dicomdir", problems=(*folder.problems, problem))
    return _compared(directory, folder, said, listed_alone=listed_alone)


def _compared(directory: Path, folder: Survey, said: tuple[str, ...], *, listed_alone: bool) -> Survey:
    there = {member.path: member.path for member in folder.members}
    cases = {path.casefold(): path for path in there}
    listed: set[str] = set()
    lost: list[Member] = []
    for text in dict.fromkeys(said):
        parts = parts_of(text)
        name = "/".join(parts or ())
        found = there.get(name) or cases.get(name.casefold())
        if parts is not None and found is not None:
            listed.add(found)
        else:
            lost.append(_lost(directory.parent, text, parts))
    members = [
        replace(member, listed=member.path in listed)
        for member in folder.members
        if member.path in listed or not (listed_alone or member.path == directory.name)
    ]
    ordered = sorted([*members, *lost], key=lambda member: member.path.split("/"))
    return replace(
        folder, kind="dicomdir", members=tuple(ordered), problems=(*folder.problems, *_problems(members, lost))
    )


def _lost(root: Path, text: str, parts: tuple[str, ...] | None) -> Member:
    """A reference that leads to no file of the place."""
    if parts is None:
        why = "a reference of the DICOMDIR that leads out of the place"
    elif (root / "/".join(parts)).exists() and within(root.resolve(), "/".join(parts)) is None:
        why = "a reference of the DICOMDIR that leads out of the place, through a link"
    else:
        why = "nothing: the DICOMDIR lists it, and it is not there"
    path, raw = shown_name(text.replace("\\", "/"))
    return Member(path=path, path_bytes=raw, refusal=sentence(why), listed=True)


def _problems(members: list[Member], lost: list[Member]) -> tuple[str, ...]:
    unlisted = sum(member.listed is False for member in members)
    told = []
    if unlisted:
        told.append(f"{unlisted} of {len(members)} files are not listed in the DICOMDIR")
    if lost:
        told.append(f"{len(lost)} references of the DICOMDIR lead to no file of the place")
    return tuple(told)
