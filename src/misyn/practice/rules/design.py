"""Design, D1 to D5: what the makers took for granted, and what measurements say about it.

Rules
-----
1. A statement that can be held against a measurement needs both; the measurement never replaces the statement.
2. Privacy is decided by measurement, never by statement; and no copies found is not yet privacy.

Example:
    >>> [rule.id for rule in RULES]
    ['D1', 'D2', 'D3', 'D4', 'D5']
"""

from __future__ import annotations

from misyn.practice.measured import shown
from misyn.practice.rules.case import (
    Case,
    Decision,
    Rule,
    counted,
    entries,
    listed,
    met,
    not_assessed,
    not_met,
    partly,
    stated,
    statement,
)
from misyn.practice.rules.memorisation import exact_copies, memorisation

_TRAINING = (
    ("data.training.origin", "the training images' origin"),
    ("data.training.consent", "consent or ethics approval for them"),
    ("data.training.licence", "their licence"),
    ("data.training.represented", "who is represented in them"),
    ("data.training.not_represented", "who is not represented"),
)


def assumptions(case: Case) -> Decision:
    """D1: each assumption with what happens if it fails."""
    listed_ones = entries(case, "design.assumptions")
    silent = [item for item in listed_ones if not item.get("if_fails")]
    if listed_ones and silent:
        return partly(
            f"stated: {counted(listed_ones, 'assumption')}; what happens if it fails is not stated for {len(silent)}",
            next="give each entry of design.assumptions its if_fails",
        )
    return statement(case, [("design.assumptions", "design assumptions, each with what happens if it fails")])


def grounding(case: Case) -> Decision:
    """D2: what ties the content to medical phenomena, beside measured support."""
    decision = statement(
        case, [("design.grounding", "what ties the content to medical phenomena, and where nothing does")]
    )
    support = case.evaluation.estimate("support")
    if not decision.stated:
        return decision
    if support is None:
        return partly(
            "stated: what ties the content to medical phenomena; support by medical images was not measured beside it",
            next="name held-out medical images in data.held_out, so that support can be measured",
        )
    return stated(f"what ties the content to medical phenomena; measured support is {shown(support)}")


def training_documented(case: Case) -> Decision:
    """D3: the training images are documented, beside coverage by group."""
    if not case.record.get("data.training"):
        return not_met(
            "no training images are documented: their origin, consent, licence and who is represented are unknown",
            next="write data.training (origin, consent, licence, represented, not_represented), or say that it "
            "cannot be known",
        )
    decision = statement(case, _TRAINING)
    groups = case.evaluation.by_patient_group("coverage", set="training")
    if decision.stated and not groups:
        return partly(
            "stated: where the training images come from and who is in them; coverage by group was not measured",
            next="give data.training a table with patient groups, so that coverage by group can be measured",
        )
    return decision


def biases(case: Case) -> Decision:
    """D4: foreseen biases, what was done, and whether anybody looked."""
    foreseen = entries(case, "design.biases")
    if not foreseen:
        return not_met(
            "the record does not state foreseen biases",
            next="write design.biases, each with what was done about it",
        )
    if not (_by_group(case) and case.evaluation.set("reference")):
        lacking = [] if _by_group(case) else ["estimates by patient group"]
        lacking += [] if case.evaluation.set("reference") else ["a reference set of other patients"]
        return not_assessed(
            f"stated: {counted(foreseen, 'foreseen bias')}; none can be looked for without {listed(lacking)}",
            next="name a table with patient groups, and medical images of other patients in data.reference",
        )
    undone = [item for item in foreseen if not item.get("done")]
    if undone:
        return partly(
            f"stated: {counted(foreseen, 'foreseen bias')}; what was done is not stated for {len(undone)}",
            next="give each entry of design.biases its done, even if nothing was done",
        )
    return stated(
        f"{counted(foreseen, 'foreseen bias')} and what was done; measured by group and against a reference set"
    )


def privacy(case: Case) -> Decision:
    """D5: nobody in the training images is given away."""
    copies = exact_copies(case, "training")
    if copies:
        return not_met(
            f"the share of synthetic images that equal a training image is {copies:.3g}",
            next="remove the copies, find out why they were made, and do not release the model",
        )
    measured = memorisation(case)
    if measured.status != "met":
        return not_assessed(f"privacy was not checked: {measured.reason}", next=measured.next or "")
    return _privacy_gaps(case)


def _privacy_gaps(case: Case) -> Decision:
    suspects, baseline = case.evaluation.estimate("copy_suspects"), case.evaluation.estimate("copy_suspects_baseline")
    if suspects and baseline and suspects["value"] > baseline["value"]:
        return partly(
            f"copy suspects {shown(suspects)} exceed those among held-out medical images ({shown(baseline)})",
            next="look at the suspected copies beside their source, and retrain or filter",
        )
    if not case.record.get("design.privacy"):
        return partly(
            "no copies beyond resemblance; the record states no privacy measures", next="write design.privacy"
        )
    membership = case.evaluation.estimate("membership_advantage")
    if membership is None:
        return partly(
            "no copies beyond resemblance, and privacy measures are stated; whether one can tell who was in the "
            "training set was not measured",
            next="measure membership risk; until then do not call the images anonymous",
        )
    return met(f"no copies beyond resemblance; membership advantage {shown(membership)}; privacy measures are stated")


def _support_alone(case: Case) -> object:
    return case.evaluation.estimate("support")


def _training_groups(case: Case) -> object:
    return case.evaluation.by_patient_group("coverage", set="training")


def _groups_and_reference(case: Case) -> object:
    return [case.evaluation.by_patient_group("coverage"), case.evaluation.set("reference")]


def _by_group(case: Case) -> bool:
    return bool(case.evaluation.by_patient_group("coverage"))


RULES = (
    Rule(id="D1", decide=assumptions, reads=("design.assumptions",)),
    Rule(id="D2", decide=grounding, reads=("design.grounding",), uses=("evaluation",), grounds=_support_alone),
    Rule(
        id="D3",
        decide=training_documented,
        reads=("data.training",),
        uses=("evaluation",),
        grounds=_training_groups,
    ),
    Rule(id="D4", decide=biases, reads=("design.biases",), uses=("evaluation",), grounds=_groups_and_reference),
    Rule(id="D5", decide=privacy, reads=("design.privacy", "data.training"), uses=("evaluation",)),
)
