"""Memorisation, E10, which privacy (D5) depends on.

Rules
-----
1. Copies of training images need training images; telling copying from resemblance needs held-out images too.
2. Without them only exact copies of what is there are told, and that is said.

Example:
    >>> RULE.id
    'E10'
"""

from __future__ import annotations

from misyn.practice.measured import Row, shown
from misyn.practice.rules.case import Case, Decision, Rule, met, not_assessed, partly


def memorisation(case: Case) -> Decision:
    """E10: copying is measured against training images, calibrated on held-out ones."""
    if not case.evaluation:
        return not_assessed("no evaluation was given", next="name synthetic and training images, run misyn audit")
    if case.evaluation.set("training") is None:
        return not_assessed(
            "no training set is recorded: memorisation cannot be measured" + _copies_of_others(case),
            next="name the training images in data.training, or ask those who have them to run misyn evaluate",
        )
    if case.evaluation.set("held-out") is None:
        return not_assessed(
            "without held-out medical images, copying cannot be told from resemblance" + _copies_told(case, "training"),
            next="name held-out medical images of the same source in data.held_out",
        )
    suspects = case.evaluation.estimate("copy_suspects", set="training")
    if suspects is None:
        warned = "few-held-out" in case.evaluation.warnings  # whose own words lead the report
        few = "there are too few held-out patients" if warned else "suspected copies were not measured"
        return not_assessed(
            f"copying cannot be told from resemblance: {few}{_copies_told(case, 'training')}",
            next="add held-out medical images of other patients of the same source",
        )
    return _calibrated(case, suspects)


def _calibrated(case: Case, suspects: Row) -> Decision:
    baseline = case.evaluation.estimate("copy_suspects_baseline")
    if baseline is None:
        return partly(
            f"copy suspects {shown(suspects)}, with no baseline among held-out medical images",
            next="measure how often held-out medical images look like copies of training images",
        )
    for name in ("patients-overlap", "sets-overlap"):
        if name in case.evaluation.warnings:
            return partly(
                f"copy suspects {shown(suspects)}, but {case.evaluation.warnings[name]}",
                next="separate training and held-out images by patient",
            )
    against = f"among held-out medical images {shown(baseline)}"
    return met(f"copy suspects among the synthetic images {shown(suspects)}, {against}{_copies_told(case, 'training')}")


def exact_copies(case: Case, role: str) -> float | None:
    """The share of synthetic images that equal an image of one set, or None when it was not counted."""
    row = case.evaluation.estimate("exact_copies", set=role)
    return None if row is None else float(row["value"])


def _copies_told(case: Case, role: str) -> str:
    share = exact_copies(case, role)
    return "" if share is None else f"; share of exact copies of {role} images: {share:.3g}"


def _copies_of_others(case: Case) -> str:
    told = [role for role in ("held-out", "reference") if exact_copies(case, role) is not None]
    return f"; exact copies of the {told[-1]} only (share {exact_copies(case, told[-1]):.3g})" if told else ""


RULE = Rule(id="E10", decide=memorisation, uses=("evaluation",))
