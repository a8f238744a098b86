"""The declaration of use: which synthetic images were used, how many, how made, and for what (recommendation T5).

Rules
-----
1. Counts, techniques and purposes; no paths, no patients. Groups of fewer than ten medical images, and what would give
   them away, are left out, and how many were is said.
2. The sentence about the intrinsic limits is always there.
3. The same use gives the same bytes: no time is in it.

Example:
    >>> "resemblance is not grounding" in LIMITS
    True
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misyn.atomic import write_bytes
from misyn.practice.withholding import hidden

if TYPE_CHECKING:
    from misyn.generate.guard import Judged
    from misyn.generate.use import Use

SCHEMA = "misyn/use/1"
LIMITS = (
    "No patient stands behind a synthetic image: resemblance is not grounding. Synthetic images cannot fully represent "
    "the images their technique was trained on, and bring distribution shift and bias into what is trained with them."
)
_FACTS = ("name", "version", "kind", "method", "weights")


def declaration_of_use(judged: Sequence[Judged], policy: Use, *, reasons: Mapping[str, int]) -> dict[str, Any]:
    """Make the declaration of what was let through."""
    synthetic = [one for one in judged if one.synthetic]
    medical = len(judged) - len(synthetic)
    return {
        "schema": SCHEMA,
        "split": policy.split,
        "purpose": policy.purpose,
        "n": len(judged),
        "synthetic": {"n": len(synthetic), "share": _share(len(synthetic), len(judged))},
        "medical": {"n": medical, "origin": _origins(judged, policy)},
        "techniques": _techniques(synthetic),
        "trusted": sum(bool(one.facts["trusted"]) for one in synthetic),
        "made_from_patients": sum(bool(one.patients) for one in synthetic),
        **_tables(judged),
        "left_out": dict(sorted(reasons.items())),
        "unsafe": ["unsafe_unknown_sources"] if policy.unsafe_unknown_sources else [],
        "cannot_tell": _cannot_tell(judged, policy),
        "limits": LIMITS,
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def _origins(judged: Sequence[Judged], policy: Use) -> dict[str, int]:
    counted = Counter(policy.origin_of(one.item.path) or "" for one in judged if not one.synthetic)
    return dict(sorted(counted.items()))


def _techniques(synthetic: Sequence[Judged]) -> list[dict[str, Any]]:
    """One row per technique, version and weights, with what its declaration says the images are for."""
    counted: Counter[str] = Counter()
    for one in synthetic:
        declaration = one.facts["declaration"]
        facts = {name: declaration["technique"].get(name) for name in _FACTS}
        row = {**facts, "record": declaration.get("record"), "intended_use": declaration.get("intended_use", "")}
        counted[json.dumps(row, sort_keys=True)] += 1
    return [{**json.loads(row), "n": n} for row, n in sorted(counted.items())]


def _tables(judged: Sequence[Judged]) -> dict[str, Any]:
    """Shares by class and by group (rule 1)."""
    rows: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for one in judged:
        names = dict(one.item.groups)
        for column, value in ({"class": one.item.label} if one.item.label else {}).items() | names.items():
            rows[column][str(value)][one.synthetic] += 1
    medical = sum(not one.synthetic for one in judged)
    tables, left = {}, 0
    for column, cells in sorted(rows.items()):
        sizes = {value: counts[0] for value, counts in cells.items() if counts[0]}
        gone = hidden(sizes, total=medical) if sizes else set()
        left += len(gone)
        tables[column] = {
            value: {"medical": n, "synthetic": m, "share": _share(m, n + m)}
            for value, (n, m) in sorted(cells.items())
            if value not in gone
        }
    return {"shares": tables, "groups_left_out": left}


def _cannot_tell(judged: Sequence[Judged], policy: Use) -> list[str]:
    """What this declaration cannot say, in sentences."""
    unknown = sum(not one.synthetic and not one.patients for one in judged)
    found = []
    if unknown:
        found.append(f"the patients of {unknown} medical images are not known: leakage by patient cannot be excluded")
    if not policy.against:
        found.append("no other split was given: leakage between splits was not looked for")
    if any(one.synthetic for one in judged):
        found.append("whom the techniques were trained on is not in the declarations: see their records")
        if not policy.trust:
            found.append("no root was trusted: anyone can have written the declarations")
    return found


def write(report: Mapping[str, Any], folder: Path) -> None:
    """Write ``declaration-of-use.json`` and, for a model card, ``declaration-of-use.md``."""
    write_bytes(folder / "declaration-of-use.json", json.dumps(report, indent=1, ensure_ascii=False).encode() + b"\n")
    write_bytes(folder / "declaration-of-use.md", markdown(report).encode())


def markdown(report: Mapping[str, Any]) -> str:
    """The declaration as a section of a model card."""
    n, synthetic = report["n"], report["synthetic"]["n"]
    lines = ["## Declaration of use of synthetic images", "", f"Purpose: {_line(report['purpose'])}", ""]
    share = f" ({report['synthetic']['share']:.1%})" if synthetic else ""
    lines.append(f"The {report['split']} split holds {n} images, {synthetic} of them synthetic{share}.")
    for row in report["techniques"]:
        name = _line(f"{row['name']} {row['version']}".strip())
        facts = {"weights": row["weights"], "record": row["record"], "made for": _line(row["intended_use"])}
        said = "; ".join(f"{what} {value or 'not stated'}" for what, value in facts.items())
        lines.append(f"- {row['n']} by {name} ({row['kind']}, {row['method']}); {said}")
    lines += [f"- {count} medical images: {_line(origin)}" for origin, count in report["medical"]["origin"].items()]
    for column, cells in report["shares"].items():
        lines += ["", f"| {_line(column)} | medical | synthetic | share |", "|---|---|---|---|"]
        lines += [
            f"| {_line(value)} | {cell['medical']} | {cell['synthetic']} | {cell['share']:.1%} |"
            for value, cell in cells.items()
        ]
    if report["groups_left_out"]:
        lines += [
            "",
            f"{report['groups_left_out']} groups are left out because they are small, or would give one away.",
        ]
    lines += ["", *(f"Left out: {count} images that {reason}." for reason, count in report["left_out"].items())]
    lines += [f"Weakened: {name}." for name in report["unsafe"]]
    lines += [f"We cannot tell: {sentence}." for sentence in report["cannot_tell"]]
    return "\n".join([*lines, "", report["limits"], ""])


def _line(text: object) -> str:
    """Text of others in one line of Markdown, without what would end a table's cell or start a tag."""
    plain = " ".join(str(text).split())
    return plain.replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
