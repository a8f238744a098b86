"""Whether a file may be marked: what in it speaks against the mark, and what force overrides.

Rules
-----
1. Those of :mod:`misyn.marks.marking`, M3, M4 and M8: this module only carries them out.
2. A reason is recorded only where it was needed: force on a file that nothing speaks against leaves no trace.

Example:
    >>> from misyn.marks.inspection import Gathering
    >>> earlier(Gathering("png").result(), None)
    []
"""

from __future__ import annotations

from dataclasses import replace

from misyn.errors import AcquiredFromPatient, MarkError
from misyn.marks.acquisition import shown_by
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import Inspection


def permitted(
    found: Inspection, declaration: Declaration, against: list[str], *, force: str | None
) -> tuple[Declaration, list[str]]:
    """Rules M3, M4 and M8: the declaration to write, and what to say of it."""
    shown = shown_by(found.facts)
    if not shown and not against:
        again = found.mark is not None and bool(found.mark.declarations)
        return replace(declaration, forced=None), ["an earlier declaration of this technique was replaced"] * again
    sentences = [rule.sentence for rule in shown] + against
    if force is None:
        error = AcquiredFromPatient if shown else MarkError
        raise error(
            f"expected a synthetic image, found that {' and '.join(sentences)}. Next: check the file; if it is "
            "synthetic all the same, force the mark with a reason, which is written into the declaration"
        )
    return replace(declaration, forced=force), [f"forced, although {sentence}" for sentence in sentences]


def earlier(found: Inspection, declaration: Declaration) -> list[str]:
    """Sentences about earlier declarations that must not be overwritten silently (rule M4)."""
    if found.mark is None:
        return []
    names = {declared.technique.name for declared in found.mark.declarations}
    others = ["it carries another technique's declaration"] if names - {declaration.technique.name} else []
    return others + (["it carries a declaration that does not hold"] if found.mark.malformed else [])
