r"""What the pages of a TIFF are: plain frames, or what OME or ImageJ say of slices, channels, times and millimetres.

Rules
-----
1. Without a description pages are frames (``F``): nothing says that they are slices of one body.
2. OME-XML: the first image; Z slices, C channels, T frames in its DimensionOrder; PhysicalSize is the spacing.
   Planes kept in other files are refused: this file alone is not the image.
3. ImageJ: channels before slices before frames; ``spacing`` and the resolution in its stated unit.
4. Resolution tags alone are a size on paper, not in a patient: no spacing comes from them.

Follows the OME model 2016-06 (Pixels, TiffData) and the ImageJ description as ImageJ 1.x writes it.

Example:
    >>> plan = pages_of("ImageJ=1.53t\nimages=4\nslices=4\nspacing=2.5\nunit=mm\n", pages=4)
    >>> plan.axes
    (Axis(letter='Z', size=4, spacing=2.5),)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from misyn.errors import MalformedImage, UnsupportedImage
from misyn.images.layout import Axis

_MILLIMETRES = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "\\u00b5m"), 0.001),
    "mm": 1.0,
    "cm": 10.0,
    "m": 1000.0,
    "nm": 1e-6,
    "pm": 1e-9,
    "inch": 25.4,
    "in": 25.4,
}
_LETTERS = {"Z": "Z", "C": "C", "T": "F"}


@dataclass(frozen=True)
class Plan:
    """Which pages make the image, and what they are.

    Attributes:
        axes: axes over pages, fastest first; sizes multiply to the number of pages, or to more where ImageJ keeps
            further planes behind the only page (``behind``).
        pages: indices of the pages in the order of ``axes``; None for all that look like the first.
        row, column: millimetres between rows and columns, or None.
        per_unit: millimetres of the unit in which ImageJ's resolution tags count, or None.
        behind: planes lie behind each other after the only page.
    """

    axes: tuple[Axis, ...] = ()
    pages: tuple[int, ...] | None = None
    row: float | None = None
    column: float | None = None
    per_unit: float | None = None
    behind: bool = False


def pages_of(description: str, *, pages: int) -> Plan:
    """Read the first page's description.

    Args:
        description: text of the ImageDescription tag, possibly empty.
        pages: pages in the file.

    Raises:
        MalformedImage: OME-XML that does not hold together.
        UnsupportedImage: OME planes in other files.
    """
    text = description.strip()
    if text.endswith("OME>") and "<OME" in text[:4096]:
        return _ome(text, pages=pages)
    if text.startswith("ImageJ="):
        return _imagej(text, pages=pages)
    return Plan()


def _imagej(text: str, *, pages: int) -> Plan:
    facts = dict(line.partition("=")[::2] for line in text.splitlines())
    sizes = [_count(facts.get(name, "1")) for name in ("channels", "slices", "frames")]
    planes = math.prod(sizes)
    unit = _MILLIMETRES.get(facts.get("unit", "").strip().lower())
    step = _number(facts.get("spacing", ""))
    axes = tuple(
        Axis(letter, size, abs(step) * unit if letter == "Z" and step and unit else None)
        for letter, size in zip("CZF", sizes, strict=True)
        if size > 1
    )
    if planes == pages and planes > 1:
        return Plan(axes, per_unit=unit)
    if pages == 1 and planes > 1 and planes == _count(facts.get("images", "1")):
        return Plan(axes, per_unit=unit, behind=True)
    return Plan(per_unit=unit)


def _ome(text: str, *, pages: int) -> Plan:
    pixels, own = _first_pixels(text)
    order = pixels.get("DimensionOrder", "")
    if sorted(order) != sorted("XYZCT") or not order.startswith("XY"):
        raise _bad_ome()
    samples = _samples(pixels)
    sizes = {letter: _count(pixels.get(f"Size{letter}", "1")) for letter in "ZCT"}
    if sizes["C"] % samples:
        raise _bad_ome()
    sizes["C"] //= samples
    planes = math.prod(sizes.values())
    if planes > pages:
        raise _elsewhere()
    steps = {letter: _physical(pixels, letter) for letter in "XYZ"}
    axes = tuple(Axis(_LETTERS[letter], sizes[letter], steps.get(letter)) for letter in order[2:])
    return Plan(axes, _planes(pixels, sizes, order=order[2:], own=own, pages=pages), steps["Y"], steps["X"])


def _first_pixels(text: str) -> tuple[Element, str | None]:
    """Find the first ``Pixels`` and the document's own identifier. Entities are refused by the parser."""
    import defusedxml.ElementTree as Parser  # noqa: PLC0415 - few TIFFs carry XML

    root = Parser.fromstring(text.encode("utf-8"))
    pixels = next((element for element in root.iter() if _name(element) == "Pixels"), None)
    if pixels is None:
        raise _bad_ome()
    return pixels, root.get("UUID")


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _samples(pixels: Element) -> int:
    found = {_count(child.get("SamplesPerPixel", "1")) for child in pixels if _name(child) == "Channel"} or {1}
    if len(found) != 1:
        raise UnsupportedImage("expected channels of one kind, found several. Next: save each channel on its own")
    return found.pop()


def _planes(pixels: Element, sizes: dict[str, int], *, order: str, own: str | None, pages: int) -> tuple[int, ...]:
    """Which page holds which plane, planes counted in ``order``."""
    total = math.prod(sizes.values())
    found: dict[int, int] = {}
    for plane, page in _assignments(pixels, sizes, order=order, own=own, total=total):
        if not (plane < total and page < pages):
            raise _bad_ome()
        found[plane] = page
    if not found:
        return tuple(range(total))
    if len(found) != total:
        raise _elsewhere()
    return tuple(found[plane] for plane in range(total))


def _assignments(
    pixels: Element, sizes: dict[str, int], *, order: str, own: str | None, total: int
) -> Iterator[tuple[int, int]]:
    """Yield (plane, page) for every TiffData element (OME model, TiffData)."""
    for element in pixels:
        if _name(element) != "TiffData":
            continue
        other = next((child for child in element if _name(child) == "UUID"), None)
        if other is not None and own is not None and (other.text or "").strip() != own:
            raise _elsewhere()
        first = [int(element.get(f"First{letter}", "0")) for letter in order]
        start = first[0] + sizes[order[0]] * (first[1] + sizes[order[1]] * first[2])
        page = int(element.get("IFD", "0"))
        count = int(element.get("PlaneCount", "1" if "IFD" in element.attrib else str(total)))
        if min(start, page, *first) < 0 or count > total:
            raise _bad_ome()
        yield from ((start + n, page + n) for n in range(count))


def _physical(pixels: Element, letter: str) -> float | None:
    size = _number(pixels.get(f"PhysicalSize{letter}", ""))
    unit = _MILLIMETRES.get(pixels.get(f"PhysicalSize{letter}Unit", "µm"))
    return size * unit if size is not None and unit is not None else None


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _count(text: str) -> int:
    try:
        found = int(text)
    except ValueError:
        found = 0
    if found < 1:
        raise _bad_ome()
    return found


def _bad_ome() -> MalformedImage:
    return MalformedImage("expected a description that fits the pages, found another. Next: export the file again")


def _elsewhere() -> UnsupportedImage:
    return UnsupportedImage(
        "expected every plane of the OME image in this file, found some elsewhere. Next: save it as one OME-TIFF"
    )
