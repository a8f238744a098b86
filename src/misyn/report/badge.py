"""A badge for a README: the phase reached and how many findings are open, and nothing that could pass for praise.

Rules
-----
1. Open is every finding that is not met and not inapplicable, what nobody could assess included.
2. It never says ethical, safe, trusted or compliant, shows no score, and its colours mean nothing: they are always the
   same.

Source: issue list of the project's design, item *Findings and report*.

Example:
    >>> print(words({"phase": 1, "findings": [{"status": "met"}, {"status": "partly"}]}))
    phase 1 of 5 · 1 open finding
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from misyn.report.facts import mappings
from misyn.report.sheet import FONTS, width_of

NAME = "badge.svg"
CLOSED = ("met", "not-applicable")
_LEFT, _SIZE, _PAD = "misyn audit", 11.0, 7.0


def words(audit: Mapping[str, Any]) -> str:
    """What the badge says."""
    n = sum(row.get("status") not in CLOSED for row in mappings(audit.get("findings")))
    return f"phase {audit.get('phase') or 0} of 5 · {n} open finding{'s' * (n != 1)}"


def svg(audit: Mapping[str, Any]) -> str:
    """Draw the badge; its description is the scope sentence."""
    said = words(audit)
    left, right = (round(width_of(text, _SIZE) + 2 * _PAD) for text in (_LEFT, said))
    shape = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="20" viewBox="0 0 {w} 20" role="img" '
        'aria-label="{name}: {said}" font-family="{fonts}" font-size="{size:g}">\n<title>{name}: {said}</title>\n'
        '<desc>{scope}</desc>\n<rect width="{w}" height="20" fill="#ffffff" stroke="#333333"/>\n'
        '<rect width="{left}" height="20" fill="#333333"/>\n<text x="{pad:g}" y="14" fill="#ffffff">{name}</text>\n'
        '<text x="{x:g}" y="14" fill="#111111">{said}</text>\n</svg>\n'
    )
    return str(
        shape.format(
            w=left + right,
            left=left,
            name=_LEFT,
            said=said,
            scope=str(audit.get("scope") or ""),
            fonts=FONTS,
            size=_SIZE,
            pad=_PAD,
            x=left + _PAD,
        )
    )
