"""The label layer: words that people see. Never written unless asked for: it is not for training data.

Rules
-----
1. Of a picture (PNG, JPEG, TIFF, WebP, GIF) the words are burned into a new copy, in the lower left corner: its pixels
   change, so nothing is ever labelled in place, and the result says so. Of what else was in the file only EXIF and the
   colour profile of 8-bit pictures are carried over.
2. Of a DICOM image the words lie in an overlay plane (60xx): the pixels stay bit-identical, and viewers show or hide
   it. Viewers differ in whether they show overlays on frames behind the first.
3. The words are "SYNTHETIC IMAGE", or "SYNTHETIC" where they do not fit; an image too narrow for that is refused.
4. The declaration says which words were written. A label is found by what the metadata says, and a DICOM one by its
   overlay; pixels are not searched for letters.
5. Anyone can crop or paint a label away. It is for people who look, not for programs.

Example:
    >>> [kind for kind in BURNED if kind != "png"], WORDS
    (['jpeg', 'tiff', 'webp', 'gif'], ('SYNTHETIC IMAGE', 'SYNTHETIC'))
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from misyn.errors import NoRoomForMark

WORDS = ("SYNTHETIC IMAGE", "SYNTHETIC")
BURNED = ("png", "jpeg", "tiff", "webp", "gif")
OVERLAY_LABEL = "misyn"


@contextlib.contextmanager
def labelled(source: Path, *, format: str, beside: Path) -> Iterator[tuple[Path, str]]:  # noqa: A002
    """Give a labelled copy of a file, and its words; the copy goes when the block ends.

    Args:
        source: the file.
        format: its format's name.
        beside: a folder that may be written.

    Raises:
        NoRoomForMark: a format, or a picture, that has no place for a label.
        UnreadableImage: the file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix=".misyn-", dir=beside) as folder:
        copy = Path(folder) / source.name
        if format == "dicom":
            from misyn.marks.label import overlay  # noqa: PLC0415 - as needed

            with source.open("rb") as stream, copy.open("xb") as target:
                words = overlay.write(stream, target)
        elif format in BURNED:
            from misyn.marks.label import burn  # noqa: PLC0415 - as needed

            data, words = burn.burned(source, format=format)
            copy.write_bytes(data)
        else:
            raise NoRoomForMark(
                f"expected a DICOM file or one of {', '.join(BURNED)} for a visible label, found {format}. "
                "Next: export it as PNG, and label that"
            )
        yield copy, words
