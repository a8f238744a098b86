r"""Text that came out of a file, made safe to show.

Rules
-----
1. What a file says is never printed as it is: control characters, line breaks, text-direction overrides and what is
   not a character become spaces, runs of spaces become one, and the end is cut at ``longest`` characters.
2. Nothing is interpreted: this is for people's eyes and for JSON, never for decisions.

Follows Unicode TR #36 (security considerations): categories Cc, Cf, Cs, Co, Cn, Zl and Zp are not shown.

Example:
    >>> shown("a\x1b[2Jb\u202ec\r\nd")
    'a [2Jb c d'
    >>> shown("x" * 10, longest=4)
    'xxx…'
"""

from __future__ import annotations

import unicodedata

LONGEST = 200
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def shown(text: str, *, longest: int = LONGEST) -> str:
    """Make text from a file safe to show (rules 1 and 2).

    Args:
        text: any text, however hostile.
        longest: the most characters to return.

    Returns:
        One line of at most ``longest`` characters.
    """
    head = text[: 8 * longest]  # a megabyte of text costs no more than a line
    plain = "".join(" " if unicodedata.category(c) in _HIDDEN else c for c in head)
    line = " ".join(plain.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
