"""What may be asked of :func:`misyn.mark`: checks of its arguments, before anything is written.

Rules
-----
1. Those of :mod:`misyn.marks.marking`, M1, M5 and M9 to M11: what cannot mean anything is refused at once.

Example:
    >>> check_arguments(Path("a.png"), out=None, in_place=False, force=None, layers=("metadata",))
    Traceback (most recent call last):
    misyn.errors.UsageError: expected out or in_place, found neither. Next: say where the marked file goes
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from misyn.errors import NoRoomForMark, UnknownFormat, UsageError
from misyn.images.formats import sniff
from misyn.images.limits import read_head
from misyn.marks.metadata import ITK, Writer, writer_for

LAYERS = ("metadata", "credential", "watermark", "fingerprint", "label")
_MGH_ENDINGS = (".mgh", ".mgz")


def check_arguments(source: Path, *, out: object, in_place: bool, force: str | None, layers: Sequence[str]) -> None:
    """Refuse what means nothing, or needs what is not there.

    Raises:
        UsageError: naming what was expected instead.
    """
    if (out is None) == (not in_place):
        found = "both" if in_place else "neither"
        raise UsageError(f"expected out or in_place, found {found}. Next: say where the marked file goes")
    if force is not None and not force.strip():
        raise UsageError("expected a reason with force, found none. Next: say why; it is written into the declaration")
    missing = [layer for layer in layers if layer not in LAYERS]
    if missing or "metadata" not in layers:
        raise UsageError(
            f"expected layers out of {', '.join(LAYERS)}, metadata always among them, found "
            f"{', '.join(layers) or 'none'}. Next: metadata alone, or metadata and credential with a key"
        )
    if source.is_dir():
        raise UsageError("expected a file to mark, found a folder. Next: mark its files one by one")


def check_store(layers: Sequence[str], store: object) -> None:
    """A store without the layer, or the layer without a store, means nothing (rule M9)."""
    if ("fingerprint" in layers) != (store is not None):
        raise UsageError(
            "expected the layer fingerprint together with a store for it, found one without the other. "
            "Next: misyn mark --layers metadata,fingerprint --store FOLDER"
        )


def writer_of(source: Path, *, itk: bool, layers: Sequence[str], in_place: bool) -> Writer:
    """The writer of the format that the content shows (rules M5, M10 and M11)."""
    try:
        format = sniff(source).name  # noqa: A001 - the word of the house for it
    except UnknownFormat as error:
        if source.suffix.lower() in _MGH_ENDINGS or read_head(source, 4) == b"\0\0\0\1":
            raise NoRoomForMark(
                "expected a format with room for a mark, found MGH, which has none. Next: convert it to NIfTI"
            ) from error
        raise
    if "label" in layers and in_place and format != "dicom":
        raise UsageError(
            "expected out for the layer label, found in_place: burned-in words change the pixels of this format. "
            "Next: write a labelled copy with out"
        )
    return ITK if itk and format == "dicom" else writer_for(format)
