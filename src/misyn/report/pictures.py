"""Small pictures that travel inside the page, and never without saying "synthetic" where that is so.

Rules
-----
1. Every synthetic picture carries SYNTHETIC burnt into its pixels: a picture copied out of the page still says so.
2. Medical pictures are never written into, and are never anywhere but in this local page.
3. A file that does not read becomes a tile with the reason, never a missing picture and never a stopped report.

Example:
    >>> import numpy as np
    >>> labelled = label(np.full((28, 28), 200, np.uint8))
    >>> labelled.size, labelled.getextrema()[0]
    ((168, 193), (0, 255))
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from misyn.errors import MisynError
from misyn.images.image import Image
from misyn.report.windows import show

WORD = "SYNTHETIC"
SMALLEST, LARGEST = 160, 256
NARROWEST = 112
QUALITIES = (82, 60, 30)
MOST_BYTES = 40_000  # so that a page of 84 pictures stays under 5 MB

Reader = Callable[[Path], Image]


@dataclass(frozen=True)
class Picture:
    """One picture in the page, or the reason why there is none.

    Attributes:
        uri: a ``data:`` URI, or None with a ``reason``.
        width, height: pixels of the embedded picture.
        note: how deeper samples or volumes were brought to the screen; may be empty.
        reason: why the file could not be shown, or None.
    """

    uri: str | None = None
    width: int = 0
    height: int = 0
    note: str = ""
    reason: str | None = None


def read_image(path: Path) -> Image:
    """Read a file with the images room.

    Raises:
        UnreadableImage: the file is no image that can be read here.
    """
    from misyn import images  # noqa: PLC0415 - the page can be written without any reader installed

    return images.read(path)


def picture(path: Path, *, synthetic: bool, reader: Reader = read_image, marks: str | None = None) -> Picture:
    """Make the small picture of one file; a synthetic one gets its label burnt in.

    Args:
        path: the file.
        synthetic: whether the evaluation was given this file as synthetic.
        reader: how a file becomes an :class:`~misyn.images.image.Image`.
        marks: ``pair_marks`` of a synthetic picture: what was made up is ringed, what was lost gets a square.
    """
    try:
        shown = show(reader(path))
        canvas = label(shown.grey, marks=marks) if synthetic else scaled(shown.grey)
        return Picture(data_uri(canvas), canvas.width, canvas.height, shown.note)
    except MisynError as error:
        return Picture(reason=str(error))
    except Exception as error:  # a codec's own mistake: a picture must not stop the report (rule 3)
        return Picture(reason=f"{type(error).__name__} while it was read")


def scaled(grey: NDArray[np.uint8]) -> Pillow.Image:
    """Bring a picture between 160 and 256 pixels on its longest side; small ones keep their pixels visible.

    Args:
        grey: shape (Y, X) or (Y, X, 3), uint8.
    """
    canvas = Pillow.fromarray(grey).convert("RGB")
    longest = max(canvas.size)
    if longest > LARGEST:
        size = (max(1, round(side * LARGEST / longest)) for side in canvas.size)
        return canvas.resize(tuple(size), Pillow.Resampling.LANCZOS)  # type: ignore[arg-type]  # always two
    factor = -(-SMALLEST // longest)
    return canvas.resize((canvas.width * factor, canvas.height * factor), Pillow.Resampling.NEAREST)


def label(grey: NDArray[np.uint8], *, marks: str | None = None) -> Pillow.Image:
    """Scale a synthetic picture and burn its visible label in, as a strip below that hides nothing of it.

    Args:
        grey: shape (Y, X) or (Y, X, 3), uint8.
        marks: as in :func:`picture`.
    """
    picture_ = scaled(grey)
    if marks:
        outline(picture_, marks)
    width = max(picture_.width, NARROWEST)
    font = ImageFont.load_default(size=max(14, width // 8))  # Pillow's own: the same label on every machine
    left, top, right, bottom = font.getbbox(WORD)
    strip = int(bottom - top) + 10
    canvas = Pillow.new("RGB", (width, picture_.height + strip), "black")
    canvas.paste(picture_, ((width - picture_.width) // 2, 0))
    place = ((width - (right - left)) / 2 - left, picture_.height + 5 - top)
    ImageDraw.Draw(canvas).text(place, WORD, fill="white", font=font)
    return canvas


def outline(canvas: Pillow.Image, marks: str) -> None:
    """Ring what was made up and frame what was lost, black on white so that it shows on any ground; one plane only."""
    found = json.loads(marks)
    if found.get("planes") != 1:
        return
    draw = ImageDraw.Draw(canvas)
    for kind, _, down, right, width in found.get("marks", ()):
        reach = max(7.0, 2.5 * width * canvas.width)
        x, y = right * canvas.width, down * canvas.height
        shape = draw.ellipse if kind == "hallucinated" else draw.rectangle
        for grown, colour in ((1, "black"), (0, "white"), (-1, "white"), (-2, "black")):
            side = reach + grown
            shape((x - side, y - side, x + side, y + side), outline=colour)


def data_uri(canvas: Pillow.Image) -> str:
    """Write a picture as a ``data:`` URI, as good as fits into :data:`MOST_BYTES`.

    Example:
        >>> data_uri(Pillow.new("RGB", (1, 1)))[:23]
        'data:image/webp;base64,'
    """
    encoded = (_webp(canvas, quality) for quality in QUALITIES)
    fitting = next((data for data in encoded if len(data) <= MOST_BYTES), None) or _webp(canvas, QUALITIES[-1])
    return "data:image/webp;base64," + base64.b64encode(fitting).decode("ascii")


def _webp(canvas: Pillow.Image, quality: int) -> bytes:
    """Encode a picture; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    canvas.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()
