"""The report's figures: what is found, where images lie, how groups compare, how near the nearest images are.

Rules
-----
1. A figure shows no number that its section does not also say in words or in a table.
2. Medical images are hollow circles or hatched, synthetic images are filled triangles or solid; colour only repeats it.
3. At most :data:`MOST` points of each kind are drawn, a random sample said to be one.

Example:
    >>> "3 of 41" in parts_of("found", 41, [("full", 3)], title="3 of 41 images have a synthetic image near them")
    True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from misyn.report import svg
from misyn.report.galleries import shuffled
from misyn.report.rows import Row

MOST = 1500
COLUMNS, STEP = 20, 12.0
WIDTH = 360.0
BINS = 24
LONGEST = 36


@dataclass(frozen=True)
class Bar:
    """One bar: its words, its length in the figure's unit, its number in words, its interval, whether it is hatched."""

    words: str
    value: float
    said: str
    interval: tuple[float, float] | None = None
    medical: bool = False


def parts_of(name: str, total: int, marked: Sequence[tuple[str, int]], *, title: str) -> Markup:
    """Draw each image, or each hundredth of them, as a dot; the marked ones differ in shape.

    Args:
        name: what is counted, for the description.
        total: all of them.
        marked: kinds (``full``, ``cross``) and how many images each has; the rest stay hollow.
        title: the sentence the figure says.
    """
    drawn = min(total, 100)
    kinds = [kind for kind, n in marked for _ in range(_in_hundredths(n, total, drawn))]
    kinds = (kinds + ["hollow"] * drawn)[:drawn]
    rows = -(-drawn // COLUMNS) or 1
    body = [_dot(kind, 7 + STEP * (i % COLUMNS), 7 + STEP * (i // COLUMNS)) for i, kind in enumerate(kinds)]
    scale = "one dot per image" if total <= 100 else "one dot per hundredth of the images"
    size = {"width": COLUMNS * STEP + 2, "height": rows * STEP + 2}
    return svg.figure(title, f"Dots: {name} stand out from hollow circles, {scale}.", **size, body=body)


def _in_hundredths(n: int, total: int, drawn: int) -> int:
    """Dots for n of total: never none for some, never all for almost all."""
    if n <= 0 or total <= 0:
        return 0
    dots = round(n * drawn / total)
    return max(1, min(dots, drawn - 1)) if n < total else drawn


def _dot(kind: str, x: float, y: float) -> Markup:
    """One dot of :func:`parts_of`."""
    if kind == "cross":
        return svg.path(svg.crosses([(x, y)], 4), "f-cross")
    return svg.circle(x, y, 4, "f-full" if kind == "full" else "f-hollow")


def nothing_measured(title: str) -> Markup:
    """Draw the absence of evidence: an empty, dashed frame with a question mark."""
    frame = svg.rectangle(1, 1, width=240, height=60, kind="f-frame")
    return svg.figure(
        title,
        "An empty dashed frame.",
        width=242,
        height=62,
        body=[frame, svg.text(121, 40, "?", kind="f-big", anchor="middle")],
    )


def image_map(
    rows: Sequence[Row], *, seed: int, most: int = MOST, size: tuple[float, float] = (WIDTH, 260.0)
) -> Markup | None:
    """Draw where medical and synthetic images lie in two dimensions; None where no image has a place."""
    placed = shuffled((row for row in rows if row.x is not None and row.y is not None), seed=seed, purpose="map")
    if not placed:
        return None
    medical = [row for row in placed if not row.synthetic][:most]
    synthetic = [row for row in placed if row.synthetic][:most]
    small = most < MOST
    place = _Frame.around([*medical, *synthetic], size)
    body = [
        svg.path(svg.dots(map(place, medical), 4 if small else 2.6), "f-medical"),
        svg.path(svg.triangles(map(place, synthetic), 5 if small else 3.6), "f-synthetic"),
    ]
    drawn = f"Hollow circles: {len(medical)} medical images. Triangles: {len(synthetic)} synthetic images."
    description = f"A map without units. {drawn}"
    return svg.figure("Where the images lie", description, width=size[0], height=size[1], body=body)


@dataclass(frozen=True)
class _Frame:
    """Brings places of any unit into the figure, with the same scale both ways."""

    middle: tuple[float, float]
    scale: float
    size: tuple[float, float]

    @classmethod
    def around(cls, rows: Iterable[Row], size: tuple[float, float]) -> _Frame:
        axes = tuple(zip(*((row.x or 0.0, row.y or 0.0) for row in rows), strict=True))
        widest = max((max(axis) - min(axis)) / (side - 16) for axis, side in zip(axes, size, strict=True))
        x, y = ((max(axis) + min(axis)) / 2 for axis in axes)
        return cls((x, y), 1 / widest if widest > 0 else 1.0, size)

    def __call__(self, row: Row) -> tuple[float, float]:
        x, y = (row.x or 0.0) - self.middle[0], (row.y or 0.0) - self.middle[1]
        return self.size[0] / 2 + x * self.scale, self.size[1] / 2 - y * self.scale


def bars(title: str, entries: Sequence[Bar], *, name: str, full: float, reference: Bar | None = None) -> Markup:
    """Draw one bar per entry, words above it, its number at its end; a mark for a reference value.

    Args:
        title: what the bars show.
        entries: from top to bottom; those between medical images are hatched.
        name: a name for this figure, once in the page.
        full: the value whose bar is as long as the figure is wide (1.0 for shares).
        reference: a value to compare each bar with.
    """
    step, top = 34.0, 18.0 if reference else 2.0
    body = [svg.hatch(f"hatch-{name}")] if any(entry.medical for entry in entries) else []
    for place, entry in enumerate(entries):
        body += _bar(entry, top + place * step, WIDTH / (full or 1.0), hatch=f"hatch-{name}")
    height = top + step * len(entries) + 2
    if reference is not None:
        body += _reference(reference, [top + place * step for place in range(len(entries))], WIDTH / (full or 1.0))
    said = "; ".join(f"{entry.words}: {entry.said}" for entry in entries)
    return svg.figure(title, said + ".", width=WIDTH, height=height, body=body)


def _bar(entry: Bar, y: float, scale: float, *, hatch: str) -> list[Markup]:
    """Draw one bar with its words and its interval."""
    words = entry.words if len(entry.words) <= LONGEST else entry.words[: LONGEST - 1] + "…"
    kind = "f-outline" if entry.medical else "f-bar"
    length = svg.rectangle(0, y + 17, width=entry.value * scale, height=10, kind=kind)
    shapes = [
        svg.rectangle(0, y + 17, width=WIDTH, height=10, kind="f-track"),
        svg.filled_by(hatch, [length]) if entry.medical else length,
        svg.text(0, y + 12, words),
        svg.text(WIDTH, y + 12, entry.said, kind="f-number", anchor="end"),
    ]
    if entry.interval is not None:
        low, high = (min(WIDTH - 1, max(1.0, end * scale)) for end in entry.interval)
        ends = f"M{low:.1f} {y + 15:.1f}v14M{high:.1f} {y + 15:.1f}v14"
        shapes.append(svg.path(f"M{low:.1f} {y + 22:.1f}H{high:.1f}{ends}", "f-whisker"))
    return shapes


def _reference(reference: Bar, tops: Sequence[float], scale: float) -> list[Markup]:
    """Draw the mark that each bar is compared with, and its words."""
    x = min(WIDTH - 1, max(1.0, reference.value * scale))
    anchor = "start" if x < WIDTH / 2 else "end"
    marks = [svg.line(x, y + 14, x, y + 30, kind="f-reference") for y in tops]
    return [*marks, svg.text(x, 11, f"┆ {reference.words}: {reference.said}", kind="f-small", anchor=anchor)]


@dataclass(frozen=True)
class Mark:
    """One value on a scale: what it is of, where it lies, its interval, whether it is only what chance gives."""

    words: str
    value: float
    interval: tuple[float, float] | None = None
    chance: bool = False


def scale(
    title: str,
    main: Mark,
    controls: Sequence[Mark],
    *,
    low: float,
    high: float,
    ends: tuple[str, str],
    middle: float | None = None,
) -> Markup:
    """Draw one number on a line: a triangle with its interval, controls, and a dash for "no difference".

    Controls with medical images are hollow circles, those by chance crosses.

    Args:
        title: the sentence the figure says.
        main: the number.
        controls: the same with something else in the synthetic images' place.
        low: the value at the line's left end.
        high: the value at its right end.
        ends: what the two are called.
        middle: the value that means no difference, or None.
    """

    def at(value: float) -> float:
        return 8 + (WIDTH - 16) * min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))

    y, x = 14.0, at(main.value)
    body = [svg.line(8, y, WIDTH - 8, y, kind="f-axis")]
    if middle is not None:
        body.append(svg.line(at(middle), y - 9, at(middle), y + 9, kind="f-reference"))
    if main.interval is not None:
        first, last = (at(end) for end in main.interval)
        body.append(
            svg.path(f"M{first:.1f} {y - 5:.1f}v10M{last:.1f} {y - 5:.1f}v10M{first:.1f} {y}H{last:.1f}", "f-whisker")
        )
    body += [svg.circle(at(mark.value), y, 5, "f-medical-mark") for mark in controls if not mark.chance]
    body += [svg.path(svg.crosses([(at(m.value), y)], 4), "f-chance") for m in controls if m.chance]
    body.append(svg.path(svg.triangles([(x, y)], 6), "f-synthetic"))
    body += [svg.text(0, 36, ends[0], kind="f-small"), svg.text(WIDTH, 36, ends[1], kind="f-small", anchor="end")]
    said = "; ".join(f"{'cross' if mark.chance else 'circle'}: {mark.words.lower()}" for mark in controls)
    description = f"Triangle: synthetic images{'; ' + said if said else ''}."
    return svg.figure(title, description, width=WIDTH, height=40, body=body)


def signed(title: str, entries: Sequence[Bar], *, full: float) -> Markup:
    """Draw bars to both sides of a middle line: to the right more, to the left less.

    Args:
        title: what the bars show.
        entries: from top to bottom, their values of either sign.
        full: the size whose bar reaches the figure's edge.
    """
    step, half = 34.0, WIDTH / 2
    body: list[Markup] = []
    for place, entry in enumerate(entries):
        y, length = place * step, half * min(1.0, abs(entry.value) / full)
        start = half if entry.value >= 0 else half - length
        words = entry.words if len(entry.words) <= LONGEST else entry.words[: LONGEST - 1] + "…"
        body += [
            svg.rectangle(0, y + 17, width=WIDTH, height=10, kind="f-track"),
            svg.rectangle(start, y + 17, width=length, height=10, kind="f-bar"),
            svg.line(half, y + 14, half, y + 30, kind="f-axis"),
            svg.text(0, y + 12, words),
            svg.text(WIDTH, y + 12, entry.said, kind="f-number", anchor="end"),
        ]
    said = "; ".join(f"{entry.words}: {entry.said}" for entry in entries)
    return svg.figure(title, said + ".", width=WIDTH, height=step * len(entries) + 2, body=body)


def nearest_distances(synthetic: Sequence[float], medical: Sequence[float], *, medical_words: str) -> Markup | None:
    """Draw how near the nearest medical image is: synthetic images upwards, held-out medical images downwards.

    Args:
        synthetic: distances from synthetic images.
        medical: distances from medical images that the technique did not see.
        medical_words: what the second set is called.
    """
    if not synthetic:
        return None
    farthest = max([*synthetic, *medical]) or 1.0
    above, below = (_binned(values, farthest) for values in (synthetic, medical))
    tallest = max([*above, *below]) or 1.0
    half, middle, wide = 62.0, 82.0, WIDTH / BINS
    up = [_column(i, v / tallest * half, middle, wide, up=True) for i, v in enumerate(above) if v]
    down = [_column(i, v / tallest * half, middle, wide, up=False) for i, v in enumerate(below) if v]
    words = [svg.text(0, 12, f"▲ {len(synthetic)} synthetic images"), svg.line(0, middle, WIDTH, middle, kind="f-axis")]
    if medical:
        words.append(svg.text(0, 2 * middle, f"▽ {len(medical)} {medical_words}"))
    foot = 2 * middle + 20 if medical else middle + 16
    axis = [svg.text(0, foot, "← nearer", kind="f-small")]
    axis += [svg.text(WIDTH, foot, "farther →", kind="f-small", anchor="end")]
    body = [svg.hatch("hatch-distances"), *up, svg.filled_by("hatch-distances", down), *words, *axis]
    description = (
        "Upwards, solid: share of synthetic images at each distance from the nearest medical image. "
        "Downwards, hatched: the same for medical images."
    )
    return svg.figure("How near is the nearest medical image?", description, width=WIDTH, height=foot + 6, body=body)


def _binned(values: Sequence[float], farthest: float) -> list[float]:
    """Share of values in each of equal bins from 0 to the farthest."""
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int(BINS * max(0.0, value) / farthest))] += 1
    return [n / len(values) if values else 0.0 for n in counts]


def _column(place: int, height: float, middle: float, wide: float, *, up: bool) -> Markup:
    """One column of a histogram."""
    y = middle - height if up else middle
    return svg.rectangle(place * wide, y, width=wide - 1, height=height, kind="f-bar" if up else "f-outline")
