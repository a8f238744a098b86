"""An entry's badge: its status and the phase its tests reached. No praise, no score, no colour that means something.

Example:
    >>> "withdrawn · phase 1 of 5" in svg("withdrawn", 1)
    True
"""

from __future__ import annotations

from markupsafe import Markup

from misyn.report.sheet import FONTS, width_of

_NAME, _SIZE, _PAD = "misyn registry", 11.0, 7.0


def svg(status: str, phase: int) -> str:
    """Draw the badge."""
    said = f"{status} · phase {phase} of 5"
    left, right = (round(width_of(text, _SIZE) + 2 * _PAD) for text in (_NAME, said))
    shape = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="20" viewBox="0 0 {w} 20" role="img" '
        'aria-label="{name}: {said}" font-family="{fonts}" font-size="{size:g}">\n<title>{name}: {said}</title>\n'
        '<rect width="{w}" height="20" fill="#ffffff" stroke="#333333"/>\n'
        '<rect width="{left}" height="20" fill="#333333"/>\n<text x="{pad:g}" y="14" fill="#ffffff">{name}</text>\n'
        '<text x="{x:g}" y="14" fill="#111111">{said}</text>\n</svg>\n'
    )
    return str(
        shape.format(w=left + right, left=left, name=_NAME, said=said, fonts=FONTS, size=_SIZE, pad=_PAD, x=left + _PAD)
    )
