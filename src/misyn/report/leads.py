"""What leads the page: warnings short enough to be read, with the rest one click away.

Rules
-----
1. Differences of form are one sentence, whatever their number: they mislead in the same way.
2. A warning leads with what is so; what that does to the numbers, and what to do, unfolds. Nothing is left out.
3. Files that could not be read are named here, on this machine, with the reason.

Example:
    >>> found = leads([("size-differs", "The sets differ in size (a against b). Any test finds that first."),
    ...                ("codec-differs", "The sets differ in compression (c against d).")])
    >>> print(found[0].head)
    The sets differ in compression and size; any test finds that before it finds anything about the images' content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from misyn.report.rows import Unread

FORM = {
    "modality-differs": "imaging method",
    "bit-depth-differs": "grey levels",
    "codec-differs": "compression",
    "colour-differs": "colour",
    "planes-differ": "kind, volumes against single planes",
    "size-differs": "size",
}
LISTED = 12


@dataclass(frozen=True)
class Lead:
    """One warning: its ids, what it leads with, and what unfolds."""

    ids: tuple[str, ...]
    head: str
    rest: tuple[str, ...]


def leads(warnings: Sequence[tuple[str, str]], unread: Sequence[Unread] = ()) -> tuple[Lead, ...]:
    """Shorten and merge warnings, in their order.

    Args:
        warnings: (id, text).
        unread: files that could not be read, and why.
    """
    form = [(name, text) for name, text in warnings if name in FORM]
    found: list[Lead] = []
    for name, text in warnings:
        if name not in FORM:
            found.append(_lead(name, text, unread if name == "unreadable-files" else ()))
        elif (name, text) == form[0]:
            found.append(_of_form(form))
    return tuple(found)


def _lead(name: str, text: str, unread: Sequence[Unread]) -> Lead:
    head, _, rest = text.partition(". ")
    listed = [f"{file.name}: {file.error}" for file in unread[:LISTED]]
    if len(unread) > LISTED:
        listed.append(f"and {len(unread) - LISTED} more, all in per-image.parquet")
    return Lead((name,), head if head.endswith((".", "!", "?")) else f"{head}.", (*([rest] if rest else []), *listed))


def _of_form(form: Sequence[tuple[str, str]]) -> Lead:
    """All differences of form in one sentence (rule 1)."""
    if len(form) == 1:
        return _lead(*form[0], ())
    named = sorted(FORM[name] for name, _ in form)
    what = f"{', '.join(named[:-1])} and {named[-1]}"
    head = f"The sets differ in {what}; any test finds that before it finds anything about the images' content."
    return Lead(tuple(name for name, _ in form), head, tuple(text for _, text in form))
