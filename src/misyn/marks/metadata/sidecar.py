"""The BIDS sidecar beside a NIfTI file: ``<stem>.json`` with the statement and the declaration.

Rules
-----
1. Two keys: ``SyntheticData`` = ``YES`` (the DICOM keyword: BIDS names fields by DICOM's keywords where it has none of
   its own) and ``MisynDeclaration``, the declaration. Every other key keeps its place and its value; the layout of the
   text may change.
2. Written only when asked for: it is a second file, which nobody named. A copy of a NIfTI file takes what its source's
   sidecar says along; what already lies beside the copy under that name is replaced only where overwriting is allowed.
3. Whole or not at all. It is on the disk before the image gets its name, and gets its own name right after: whatever
   ends the process in between leaves an image that says synthetic beside a sidecar that does not say so yet, never the
   other way round. Marking again writes it.
4. A sidecar that is no JSON object with each key once is refused, never replaced.
5. It is read with the NIfTI file: many programs drop extension and ``descrip`` and leave the sidecar.

Follows BIDS 1.10, "Key-value files (dictionaries)".

Example:
    >>> path_of(Path("sub-01_T1w.nii.gz")).name, path_of(Path("a.b.nii")).name
    ('sub-01_T1w.json', 'a.b.json')
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from misyn.atomic import replacing
from misyn.errors import MarkError, UnreadableImage, WouldOverwrite
from misyn.images.limits import read_head
from misyn.marks.acquisition import BIDS
from misyn.marks.declaration import Declaration, unique_keys
from misyn.marks.inspection import Gathering, Inspection

STATEMENT, DECLARATION = "SyntheticData", "MisynDeclaration"
MOST_BYTES = 4 << 20
_LONGEST = 200
_ENDINGS = (".nii.gz", ".nii", ".hdr", ".hdr.gz")


def path_of(image: Path) -> Path:
    """The sidecar's path, whether or not it is there."""
    name = image.name
    for ending in _ENDINGS:
        if name.lower().endswith(ending):
            return image.with_name(name[: -len(ending)] + ".json")
    return image.with_name(name + ".json")


def inspect(image: Path) -> Inspection:
    """Read what the sidecar of a NIfTI file says of origin; one that cannot be read is passed over (rule 5)."""
    gathering = Gathering("nifti")
    path = path_of(image)
    try:
        if path.is_file():
            _gather(_read(path), gathering)
    except (MarkError, UnreadableImage):
        gathering.passes_over("the BIDS sidecar was not read: it is no JSON object with each key once, or too long")
    return gathering.result()


def _gather(content: Mapping[str, Any], gathering: Gathering) -> None:
    value = content.get(STATEMENT)
    if isinstance(value, str) and value.upper() in ("YES", "NO"):
        gathering.says(f"{STATEMENT} (BIDS sidecar)", value, synthetic=value.upper() == "YES")
    for name in BIDS:
        given = content.get(name)
        first = given[0] if isinstance(given, list) and given else given
        if isinstance(first, str | int | float):
            gathering.facts[f"bids:{name}"] = str(first)[:_LONGEST]
    if DECLARATION in content:
        declared = content[DECLARATION]
        gathering.declares("the BIDS sidecar", json.dumps(declared) if isinstance(declared, dict) else "")


@contextmanager
def written(source: Path, target: Path, declaration: Declaration, *, overwrite: bool) -> Iterator[Path]:
    """Write the sidecar of ``target`` from that of ``source``, with the declaration in it, named when the block ends.

    Args:
        source: the NIfTI file that is marked.
        target: where the marked file is; the same in place.
        declaration: what to write.
        overwrite: whether a sidecar beside ``target`` that is not the source's own may be replaced.

    Yields:
        The sidecar's path.

    Raises:
        MarkError: the sidecar that is there is no JSON object (rule 4).
        WouldOverwrite: rule 2.
        OSError: the folder cannot be written; nothing has changed.
    """
    earlier, place = path_of(source), path_of(target)
    content = _read(earlier) if earlier.is_file() else {}
    content |= {STATEMENT: "YES", DECLARATION: declaration.to_json()}
    own = place.exists() and earlier.exists() and place.samefile(earlier)
    data = json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"
    exclusive = not (own or overwrite)
    if exclusive and os.path.lexists(place):
        raise _taken()
    try:
        with replacing(place, exclusive=exclusive) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # a full disk says so before the image gets its name
            yield place
    except FileExistsError as error:
        raise _taken() from error


def _taken() -> WouldOverwrite:
    return WouldOverwrite("expected no sidecar where the copy goes, found one. Next: another folder, or overwrite")


def _read(path: Path) -> dict[str, Any]:
    data = read_head(path, MOST_BYTES + 1)
    try:
        content = json.loads(data, object_pairs_hook=unique_keys) if len(data) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise MarkError(
            "expected a BIDS sidecar that is a JSON object with each key once, found another. Next: repair or move it"
        )
    return content
