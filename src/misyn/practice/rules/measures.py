"""What has to be measured, E7 to E9, E11 and E12: support, coverage, shift, usefulness, gaps.

Rules
-----
1. ``met`` means measured as asked, whatever the number is; what the number says against the technique is E4's.
2. A reference set is not the training set: what was compared with it alone is at most ``partly``, and says so.
3. Who is left out is a question about groups: without any, coverage by group is ``not-assessed``.

Example:
    >>> [rule.id for rule in RULES]
    ['E7', 'E8', 'E9', 'E11', 'E12']
"""

from __future__ import annotations

from collections.abc import Sequence

from misyn.practice.intrinsic import acknowledged
from misyn.practice.measured import Row, shown
from misyn.practice.rules.case import Case, Decision, Rule, listed, met, not_assessed, partly

_EVALUATE = "name synthetic and medical images in data and run misyn audit"
_GROUPS = "give the medical images a table with patient groups (data.*.table, key, groups)"
# A gap, and what would mend it.
Gap = tuple[str, str]
_BLIND = "support-uninformative"
_DIFFERENT = ("modality-differs", "size-differs", "codec-differs", "bit-depth-differs", "colour-differs")


def support(case: Case) -> Decision:
    """E7: support is measured, held-out-calibrated, and told apart from grounding."""
    row = case.evaluation.estimate("support")
    near = row or case.evaluation.estimate("precision")
    if near is None:
        return not_assessed("support by medical images was not measured", next=_EVALUATE)
    told, gaps = f"{near['name']} {shown(near)}", _support_gaps(case, near)
    if gaps:
        return _with_gaps(told, gaps)
    return met(f"{told}, calibrated on held-out medical images; the record says that support is not grounding")


def _support_gaps(case: Case, near: Row) -> list[Gap]:
    """What keeps support from being measured as asked, each with what would mend it."""
    gaps = [(text, "choose another extractor") for name, text in case.evaluation.warnings.items() if name == _BLIND]
    if near["name"] != "support":
        gaps.append(("only nearness to medical images (precision) was measured", "add held-out medical images"))
    if near.get("set") == "reference":
        told = "it was measured against a reference set, not the training images or others of their source"
        gaps.append((told, "name the training images"))
    if case.evaluation.set("held-out") is None:
        gaps.append(("no held-out images of the training images' source calibrate it", "name them in data.held_out"))
    if not ("grounding" in acknowledged(case.record) or case.record.get("design.grounding")):
        told = "the record does not state that support is not grounding"
        gaps.append((told, "write limitations.intrinsic.grounding"))
    return gaps


def coverage(case: Case) -> Decision:
    """E8: coverage is measured, overall and per group of patients."""
    row = case.evaluation.estimate("coverage")
    if row is None:
        return not_assessed("coverage of medical images was not measured", next=_EVALUATE)
    role = row.get("set") or "medical"
    groups = case.evaluation.by_patient_group("coverage", set=row.get("set"))
    told = f"coverage of the {role} images is {shown(row)}" + _in_their_place(case, row)
    if not groups:
        return not_assessed(
            f"{told} overall; no patient groups were given, so who is left out is unknown", next=_GROUPS
        )
    least = min(groups, key=lambda group: group["value"])
    told += f"; least covered of {len(groups)} groups is {least['group']} with {least['value']:.3g}"
    if role != "training":
        return partly(
            f"{told}; measured against {_article(role)} {role} set, not the training images",
            next="name the training images in data.training",
        )
    return met(told)


def _in_their_place(case: Case, row: Row) -> str:
    """Coverage grows with the number of images: what as many medical images reach is the number to hold it against."""
    control = case.evaluation.estimate("coverage_baseline", set=row.get("set"))
    if control is None:
        return ""
    return f", where {control['n_synthetic']} medical images in their place reach {control['value']:.3g}"


def shift(case: Case) -> Decision:
    """E9: shift and bias, with a test, a baseline, and by group."""
    row = case.evaluation.estimate("frechet") or case.evaluation.estimate("mmd2")
    test = case.evaluation.test("mmd")
    compared = row or test
    if compared is None:
        return not_assessed("no shift was measured", next=_EVALUATE)
    told = [f"{row['name']} {shown(row)}"] if row else []
    told += [f"mmd test p = {p:.3g} (corrected)" for p in [test.get("p_adjusted") if test else None] if p is not None]
    sentence = f"against the {compared.get('set') or 'medical'} images: {listed(told)}"
    gaps = _shift_gaps(case, row, test)
    if gaps:
        return _with_gaps(sentence, gaps)
    return met(f"{sentence}, beside held-out baselines and by group")


def _shift_gaps(case: Case, row: Row | None, test: Row | None) -> list[Gap]:
    """What keeps shift and bias from being measured as asked, each with what would mend it."""
    seen = case.evaluation
    gaps = [(seen.warnings[name], "compare like with like") for name in _DIFFERENT if name in seen.warnings]
    if (row or test or {}).get("set") == "reference":
        told = "measured against a reference set, not the training images: not all of it comes from the synthesis"
        gaps.append((told, "name the training images"))
    if test is None:
        gaps.append(("no two-sample test was made", "give images of at least 20 patients on each side"))
    if not (seen.estimate("frechet_baseline") or seen.estimate("mmd2_baseline") or seen.test("mmd_baseline")):
        told = "there is no held-out baseline, so how much of it is chance or source is unknown"
        gaps.append((told, "name held-out medical images"))
    if not seen.by_patient_group("coverage"):
        told = "nothing was measured by patient group, so bias is unknown"
        gaps.append((told, "give a table with patient groups"))
    return gaps


def usefulness(case: Case) -> Decision:
    """E11: downstream usefulness against medical images only."""
    row = case.evaluation.estimate("utility_gain", set="held-out")
    if row is None:
        return not_assessed(
            "no downstream evidence was given: whether the images help anything is unknown",
            next="train with and without the synthetic images and compare on held-out medical images",
        )
    return met(f"gain over medical images only, on held-out medical images: {shown(row)}")


def gaps_between_groups(case: Case) -> Decision:
    """E12: downstream gaps between groups, with and without synthetic images."""
    rows = case.evaluation.by_patient_group("utility_gain", set="held-out")
    if not rows:
        return not_assessed(
            "no downstream evidence by patient group was given: who is harmed or helped is unknown",
            next="report downstream performance by patient group, with and without the synthetic images",
        )
    least = min(rows, key=lambda row: row["value"])
    return met(f"measured for {len(rows)} groups; least gain for {least['group']}: {shown(least)}")


def _with_gaps(told: str, gaps: Sequence[Gap]) -> Decision:
    """Measured in part: every gap once, and every step once."""
    said = dict.fromkeys(gap.rstrip(".") for gap, _ in gaps)
    return partly(f"{told}; {'; '.join(said)}", next="; ".join(dict.fromkeys(step for _, step in gaps)))


def _article(role: object) -> str:
    return "a" if str(role)[:1] not in "aeiou" else "an"


RULES = (
    Rule(id="E7", decide=support, reads=("limitations.intrinsic", "design.grounding"), uses=("evaluation",)),
    Rule(id="E8", decide=coverage, uses=("evaluation",)),
    Rule(id="E9", decide=shift, uses=("evaluation",)),
    Rule(id="E11", decide=usefulness, uses=("evaluation",)),
    Rule(id="E12", decide=gaps_between_groups, uses=("evaluation",)),
)
