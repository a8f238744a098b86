"""The figures of the limits, as SVG by hand: markers and dashes carry the meaning, so that greyscale loses nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

Scale = Callable[[float], float]

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 560, 300, 56, 30, 46, 150
MARKS = ("plus", "circle", "square", "triangle", "diamond", "ring", "cross")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "12 4", "3 1")
ORDER = ("unseen medical", "pca", "compositor", "super-resolution", "diffusion", "copycat", "collapsed")
STYLE = (
    "text{font:12px sans-serif;fill:#222}.axis{stroke:#222;fill:none}.grid{stroke:#ddd}.line{stroke:#222;fill:none;"
    "stroke-width:1.5}.mark{fill:#222;stroke:#222}.ring{fill:#fff;stroke:#222;stroke-width:1.5}.band{fill:#ccc}"
    ".page{fill:#fff}"
)


@dataclass(frozen=True)
class Line:
    """One line: its name and its points."""

    name: str
    points: Sequence[tuple[str, float]]


def figures(content: Mapping[str, Any]) -> dict[str, str]:
    """Figures: support, representation and shift at growing training sets; coverage by group; generations."""
    rows = content["rows"]
    base = [row for row in rows if row["part"] == "baseline"]
    found = {}
    sized = [row for row in rows if row["part"] == "baseline-size"]
    for measure, title in (
        ("support", "Share of images near held-out medical images"),
        ("represented", "Share of training images with a synthetic image near them"),
        ("covered", "Share of held-out medical images with a synthetic image near them"),
        ("shift", "Fréchet distance to held-out medical images (log scale)"),
    ):
        sizes = list(dict.fromkeys(row["training"] for row in sized))
        means = [(str(n), _mean([row for row in sized if row["training"] == n], measure)) for n in sizes]
        lines = [_line(rows, "size", name, "training", measure) for name in _names(rows, "size")]
        band = None if measure == "represented" else _band(base, measure)
        lines = [Line("unseen medical", means), *lines] if band is None else lines
        found[f"limits-{measure}.svg"] = chart(
            title, "training images", lines, band=band, logarithmic=measure == "shift"
        )
    for measure, words in (("covered", "Coverage of held-out medical images"), ("support", "Support")):
        lines = [_line(rows, "capacity", name, "capacity", measure) for name in _names(rows, "capacity")]
        title = f"{words} as capacity grows"
        found[f"limits-capacity-{measure}.svg"] = chart(
            title, "axes (pca) or channels (diffusion)", lines, band=_band(base, measure), by_number=True
        )
    groups = list(base[0]["by_group"])
    largest = max(row["training"] for row in rows if row["part"] == "size")
    last = [row for row in rows if row["part"] == "size" and row["training"] == largest]
    lines = [Line(row["generator"], [(group, row["by_group"][group]) for group in groups]) for row in last]
    means = [(group, sum(row["by_group"][group] for row in base) / len(base)) for group in groups]
    found["limits-groups.svg"] = chart(
        "Coverage by group of held-out medical images", "", [Line("unseen medical", means), *lines], joined=False
    )
    lines = [_line(rows, "generation", name, "generation", "covered") for name in _names(rows, "generation")]
    found["limits-generations.svg"] = chart(
        "Coverage when each generation learns from the one before", "generation", lines, band=_band(base, "covered")
    )
    return found


def _mean(rows: Sequence[Mapping[str, Any]], measure: str) -> float:
    return float(sum(row[measure] for row in rows) / len(rows))


def _names(rows: Sequence[Mapping[str, Any]], part: str) -> list[str]:
    return list(dict.fromkeys(row["generator"] for row in rows if row["part"] == part))


def _line(rows: Sequence[Mapping[str, Any]], part: str, name: str, by: str, measure: str) -> Line:
    own = [row for row in rows if row["part"] == part and row["generator"] == name]
    return Line(name, [(str(row[by]), row[measure]) for row in sorted(own, key=lambda row: row[by])])


def _band(base: Sequence[Mapping[str, Any]], measure: str) -> tuple[float, float]:
    values = [row[measure] for row in base]
    return min(values), max(values)


def chart(
    title: str,
    below: str,
    lines: Sequence[Line],
    *,
    band: tuple[float, float] | None = None,
    logarithmic: bool = False,
    joined: bool = True,
    by_number: bool = False,
) -> str:
    """Draw lines over shared places on the horizontal axis; the grey band is what medical images reach themselves."""
    places = list(dict.fromkeys(place for line in lines for place, _ in line.points))
    places = sorted(places, key=int) if by_number else places
    values = [value for line in lines for _, value in line.points] + list(band or ())
    low, high, scale = _scale(values, logarithmic=logarithmic)
    step = (WIDTH - LEFT - RIGHT) / max(1, len(places))
    across = {place: LEFT + step * (number + 0.5) for number, place in enumerate(places)}
    body = [f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>']
    if band is not None:
        top, bottom, wide = scale(band[1]) - 1, scale(band[0]) + 1, WIDTH - LEFT - RIGHT
        body.append(f'<rect class="band" x="{LEFT}" y="{top:.1f}" width="{wide}" height="{bottom - top:.1f}"/>')
        body.append(_text(WIDTH - RIGHT + 14, HEIGHT - BOTTOM, "grey: unseen medical"))
    body += _axes(low, high, scale, logarithmic=logarithmic)
    named = [(place, _short(place)) for place in places]
    body += [_text(across[place], HEIGHT - BOTTOM + 16, words, "middle") for place, words in named]
    body.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, below, "middle"))
    for number, line in enumerate(lines):
        aside = (number - (len(lines) - 1) / 2) * (0 if joined else min(6.0, step / (len(lines) + 1)))
        points = [(across[place] + aside, scale(value)) for place, value in line.points]
        body += _draw(line, number, points, joined=joined)
    return _page(title, _said(lines, band), [*body, _text(8, 18, title)])


def _short(place: str) -> str:
    """A group's name without its column."""
    return place.removeprefix("dx=").removeprefix("sex=").removeprefix("age").strip().replace(">=", "\u2265")


def _mark_of(name: str, number: int) -> int:
    """The same mark for the same generator in every figure."""
    return ORDER.index(name) if name in ORDER else number


def _said(lines: Sequence[Line], band: tuple[float, float] | None) -> str:
    """The figure in words and numbers."""
    said = [f"{line.name}: " + ", ".join(f"{place} {value:.2f}" for place, value in line.points) for line in lines]
    return "; ".join([*said, *([f"unseen medical images: {band[0]:.2f} to {band[1]:.2f}"] if band else [])]) + "."


def _page(title: str, described: str, body: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    words = f"<title>{escape(title)}</title><desc>{escape(described)}</desc><style>{STYLE}</style>"
    return "\n".join([head + words, *body, "</svg>", ""])


def _scale(values: Sequence[float], *, logarithmic: bool) -> tuple[float, float, Scale]:
    if logarithmic:
        low, high = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))
        span = math.log10(high) - math.log10(low)
        return low, high, lambda v: HEIGHT - BOTTOM - (math.log10(v) - math.log10(low)) / span * (HEIGHT - TOP - BOTTOM)
    return 0.0, 1.0, lambda v: HEIGHT - BOTTOM - v * (HEIGHT - TOP - BOTTOM)


def _axes(low: float, high: float, scale: Scale, *, logarithmic: bool) -> list[str]:
    ticks = [low]
    while logarithmic and ticks[-1] < high * 0.99:
        ticks.append(ticks[-1] * 10)
    ticks = ticks if logarithmic else [0, 0.25, 0.5, 0.75, 1]
    right = WIDTH - RIGHT
    lines = [f'<path class="grid" d="M{LEFT} {scale(tick):.1f}H{right}"/>' for tick in ticks]
    lines += [_text(LEFT - 6, scale(tick) + 4, f"{tick:g}", "end") for tick in ticks]
    return [*lines, f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{right}"/>']


def _draw(line: Line, number: int, points: Sequence[tuple[float, float]], *, joined: bool) -> list[str]:
    y = TOP + 16 + 18 * number
    key = WIDTH - RIGHT + 14
    mark = _mark_of(line.name, number)
    shapes = [_mark(mark, key + 12, y - 4), _text(key + 28, y, line.name)]
    if joined:
        path, dash = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), DASHES[mark % len(MARKS)]
        shapes.append(f'<path class="line" stroke-dasharray="{dash}" d="{path}"/>')
        shapes.append(f'<path class="line" stroke-dasharray="{dash}" d="M{key} {y - 4}h24"/>')
    return shapes + [_mark(mark, x, y) for x, y in points]


def _mark(number: int, x: float, y: float) -> str:
    kind, r = MARKS[number % len(MARKS)], 3.5
    if kind in ("circle", "ring"):
        return f'<circle class="{"ring" if kind == "ring" else "mark"}" cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'
    paths = {
        "square": f"M{x - r:.1f} {y - r:.1f}h7v7h-7z",
        "triangle": f"M{x:.1f} {y - 4:.1f}l4 7h-8z",
        "diamond": f"M{x:.1f} {y - 5:.1f}l4 5l-4 5l-4 -5z",
        "plus": f"M{x - 4:.1f} {y:.1f}h8m-4 -4v8",
        "cross": f"M{x - r:.1f} {y - r:.1f}l7 7m-7 0l7 -7",
    }
    return f'<path class="{"line" if kind in ("cross", "plus") else "mark"}" d="{paths[kind]}"/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
