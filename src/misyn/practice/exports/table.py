"""The page that says what each format cannot carry, made from the exports themselves: ``docs/exports.md``.

Rules
-----
1. The page is generated, and a test holds the file to it: ``python -m misyn.practice.exports.table > docs/exports.md``.
2. Each cell is proven elsewhere: *carried* by reading back, *told* and *no place* by what changes in the files.

Example:
    >>> page().startswith("# Exports")
    True
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from misyn.practice.exports import EXPORTS, PARTS
from misyn.practice.exports.format import Export

HEAD = """# Exports

    misyn export misyn.yaml --to FORMAT [--out PATH] [--audit DIR] [--json] [--overwrite]

writes a record, and its audit where there is one, in a format that other people's tools read. This page is generated
from the exports (`python -m misyn.practice.exports.table`) and tested against them.

**What leaves is aggregate.** Paths, names of files, tables and columns, contacts of people, and rows per image or per
patient never leave. Groups of fewer than ten (images, or patients where they are known), and whatever would give them
away by subtracting, are withheld; where the number of patients in a group is not known though it is for the set, the
group counts as small. Sentences that name such a group are withheld whole. Your own sentences leave, with paths
replaced by "(a file)": what you write about a person, misyn cannot see. Statuses are derived again from the evidence
in the audit folder; what `audit.json` says of itself is not believed, and evidence that is not what its digest says is
refused.

No export says that a technique is ethical or safe, gives a score, or is signed. The time in a file is the present, or
`SOURCE_DATE_EPOCH`; with it, the same input gives the same bytes.
"""
MEANING: Mapping[str, str] = {
    "provenance": "digest of the record, version of misyn, time",
    "technique": "name, version, kind, method, description",
    "responsible": "who answers for it",
    "scope": "phase and scope sentence",
    "problem": "need, alternatives, why synthesis",
    "use": "intended, out of scope, prohibited, refusal",
    "data": "the image sets, in words and counts",
    "design": "assumptions, grounding, biases, privacy",
    "limitations": "three aspects, with consequences",
    "claims": "claims with derived status, reason, evidence",
    "findings": "recommendations with derived status",
    "estimates": "measured numbers with intervals",
    "tests": "hypothesis tests",
    "marks": "what the synthetic files say of themselves, counted",
    "warnings": "warnings that lead",
    "evidence": "evidence by digest",
    "reviews": "judgements of people, with their state",
    "concerns": "questions, objections, refusals",
    "oversight": "contact, registry, log, conflicts of interest",
    "release": "date, place, licence, conditions, withdrawal",
    "monitoring": "what happens after release",
    "withheld": "what was left out, and why",
}
LEGEND = """
## What each format carries

**carried**: read back exactly, as a property test shows. *told*: stands there in words for people. –: no place for it.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD + LEGEND, *_table(), "", "## What each format cannot say", *_sentences()]) + "\n"


def _table() -> Iterator[str]:
    yield "| | " + " | ".join(export.name for export in EXPORTS) + " |"
    yield "|---" * (len(EXPORTS) + 1) + "|"
    for part in PARTS:
        yield f"| {part}: {MEANING[part]} | " + " | ".join(_cell(export, part) for export in EXPORTS) + " |"


def _cell(export: Export, part: str) -> str:
    lacking = ", ".join(export.lacks.get(part, ()))
    words = {"carried": "**carried**", "told": "*told*", "no place": "–"}
    return words[export.fate(part)] + (f" without {lacking}" if lacking else "")


def _sentences() -> Iterator[str]:
    for export in EXPORTS:
        files = ", ".join(f"`{name}`" for name in export.writes)
        yield f"\n### {export.title}: `--to {export.name}`\n"
        yield f"Writes {files}. Checked by {export.validator}.\n"
        yield from (f"- {sentence}" for sentence in export.cannot)


if __name__ == "__main__":
    sys.stdout.write(page())
