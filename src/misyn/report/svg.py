"""Write small vector figures that follow the page's own colours, light or dark, screen or paper.

Rules
-----
1. Text stays text, in the page's font; every figure has a title and a description for those who do not see it.
2. Shapes and hatching carry the meaning, colour only repeats it; colours are CSS classes, so that dark mode works.
3. Coordinates are rounded to a tenth: the same input gives the same bytes.

Drawn by hand rather than by a plotting library: identifiers, style sheets and fonts of several figures in one page do
not collide, and a figure costs kilobytes. Follows SVG 2 and WAI-ARIA Graphics (``role="img"``).

Example:
    >>> print(figure("Two dots", "One is filled.", width=10, height=5, body=[circle(1, 1, 1, "f-full")]))
    <svg class="figure" viewBox="0 0 10 5" role="img"><title>Two dots</title><desc>One is filled.</desc>
    <circle class="f-full" cx="1" cy="1" r="1"/>
    </svg>
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

Shape = Markup


def _n(value: float) -> str:
    """Write a coordinate."""
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 0.05 else "0"


def figure(title: str, description: str, *, width: float, height: float, body: Iterable[Shape]) -> Markup:
    """Put shapes into one figure with its text alternative."""
    inside = Markup("\n").join(body)
    return Markup(
        '<svg class="figure" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>\n{}\n</svg>'
    ).format(_n(width), _n(height), title, description, inside)


def circle(x: float, y: float, r: float, kind: str) -> Shape:
    """A circle."""
    return Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(kind, _n(x), _n(y), _n(r))


def rectangle(x: float, y: float, *, width: float, height: float, kind: str) -> Shape:
    """A rectangle."""
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        kind, _n(x), _n(y), _n(max(0.0, width)), _n(max(0.0, height))
    )


def line(x1: float, y1: float, x2: float, y2: float, *, kind: str) -> Shape:
    """A straight line."""
    return Markup('<path class="{}" d="M{} {}L{} {}"/>').format(kind, _n(x1), _n(y1), _n(x2), _n(y2))


def path(commands: str, kind: str) -> Shape:
    """A path from commands of our own making."""
    return Markup('<path class="{}" d="{}"/>').format(kind, commands)


def text(x: float, y: float, words: str, *, kind: str = "", anchor: str = "start") -> Shape:
    """A line of text; ``anchor`` is ``start``, ``middle`` or ``end``."""
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        f"f-text {kind}".strip(), _n(x), _n(y), anchor, words
    )


def hatch(name: str) -> Shape:
    """A hatching that shapes of class ``name`` are filled with (``fill: url(#name)`` is set on the shape's group)."""
    return Markup(
        '<defs><pattern id="{}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path class="f-hatch" d="M0 0V5"/></pattern></defs>'
    ).format(name)


def filled_by(name: str, shapes: Iterable[Shape]) -> Shape:
    """Shapes filled with a hatching of this figure."""
    return Markup('<g fill="url(#{})">{}</g>').format(name, Markup("").join(shapes))


def dots(places: Iterable[tuple[float, float]], r: float) -> str:
    """Commands for circles at places, as one path: a tenth of the bytes of so many elements."""
    turn = f"a{_n(r)} {_n(r)} 0 1 0 {_n(2 * r)} 0a{_n(r)} {_n(r)} 0 1 0 {_n(-2 * r)} 0"
    return "".join(f"M{_n(x - r)} {_n(y)}{turn}" for x, y in places)


def triangles(places: Iterable[tuple[float, float]], r: float) -> str:
    """Commands for triangles at places, as one path."""
    turn = f"l{_n(r)} {_n(1.8 * r)}h{_n(-2 * r)}z"
    return "".join(f"M{_n(x)} {_n(y - r)}{turn}" for x, y in places)


def crosses(places: Iterable[tuple[float, float]], r: float) -> str:
    """Commands for crosses at places, as one path."""
    turn = f"l{_n(2 * r)} {_n(2 * r)}m0 {_n(-2 * r)}l{_n(-2 * r)} {_n(2 * r)}"
    return "".join(f"M{_n(x - r)} {_n(y - r)}{turn}" for x, y in places)
