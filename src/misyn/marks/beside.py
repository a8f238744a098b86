"""What is written beside a marked file, or in its stead: sidecars, labelled copies, entries in a store of fingerprints.

Rules
-----
1. Those of :mod:`misyn.marks.marking`, M9 to M11 and M13: this module only carries them out.

Example:
    >>> stored(Path("a.png"), None, None)
    (None, [])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from misyn.errors import MarkError
from misyn.images.formats import read as read_image
from misyn.marks import fingerprint
from misyn.marks.declaration import Declaration
from misyn.marks.imprint import imprinted
from misyn.marks.inspection import Inspection
from misyn.marks.label import labelled
from misyn.marks.metadata import ITK, Writer
from misyn.marks.metadata import sidecar as sidecars
from misyn.marks.shown import shown
from misyn.marks.watermark.keys import Key


class Content(NamedTuple):
    """The file whose content is marked, the words on it, the layers that can be written, and what to say."""

    path: Path
    words: str | None
    layers: tuple[str, ...]
    notes: tuple[str, ...]


@contextmanager
def content(
    source: Path, target: Path, writer: Writer, *, layers: Sequence[str], private: Key | None
) -> Iterator[Content]:
    """The file whose content is marked: the source, or a copy with other pixels (rules M10 and M13)."""
    path, words, written = source, None, tuple(layers)
    notes: tuple[str, ...] = ()
    if {"watermark", "label"} & set(layers):
        target.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if "watermark" in layers:
            made = stack.enter_context(imprinted(path, format=writer.format, beside=target.parent, private=private))
            path, notes = made.path, made.notes
            written = tuple(layer for layer in layers if layer != "watermark" or made.carries)
        if "label" in layers:
            path, words = stack.enter_context(labelled(path, format=writer.format, beside=target.parent))
        yield Content(path, words, written, notes)


def label_of(found: Inspection, declaration: Declaration) -> str | None:
    """The label an earlier declaration of the same technique names: its words are still in the image."""
    earlier = found.mark.declarations if found.mark else ()
    names = [one.label for one in earlier if one.technique.name == declaration.technique.name and one.label]
    return names[0] if names else declaration.label


@contextmanager
def extras(
    source: Path, target: Path, writer: Writer, declaration: Declaration, *, sidecar: bool, exclusive: bool
) -> Iterator[list[str]]:
    """Write what lies beside the file, and say what a person should know of it (rules M10 and M11).

    The file itself is written, and gets its name, within the block; what lies beside it gets its own when that ends.
    """
    notes: list[str] = []
    if declaration.label and writer.format != "dicom":
        notes.append(f"the words {declaration.label} are burned in: the pixels of this copy are not the original's")
    if writer is ITK:
        notes.append("SyntheticData was left out for ITK: software that looks for it alone will miss the mark")
    if writer.format == "nifti" and sidecar:
        target.parent.mkdir(parents=True, exist_ok=True)
        with sidecars.written(source, target, declaration, overwrite=not exclusive) as place:
            yield [*notes, f"the sidecar {shown(place.name)} says so too"]
        return
    if writer.format == "nifti" and sidecars.path_of(source).is_file():
        notes.append("a BIDS sidecar lies beside this file and was left as it is; ask for sidecar to write it too")
    yield notes


def stored(target: Path, declaration: Declaration, store: object) -> tuple[str | None, list[str]]:
    """Keep the fingerprint of the marked file's pixels (rule M9)."""
    if store is None:
        return None, []
    from misyn.marks import perceptual  # noqa: PLC0415 - numerics only where a fingerprint is asked for

    try:
        image = read_image(target)
        digest = fingerprint.fingerprint_of(image)
    except MarkError as error:
        return None, [f"no fingerprint was stored: {error}"]
    fingerprint.add(Path(cast("str", store)), digest, declaration, look=perceptual.of(image))
    return digest, []
