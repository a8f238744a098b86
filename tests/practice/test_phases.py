from __future__ import annotations

import itertools

import pytest

from misyn.practice import phases
from misyn.results import Evidence

RESULT = {"estimates": [{"name": "x", "value": 1.0}], "approval": "board 1"}
SUBSETS = [frozenset(s) for n in range(6) for s in itertools.combinations(phases.KINDS, n)]


def phase(kinds: frozenset[str]) -> int:
    return phases.derive({kind: Evidence(kind, RESULT) for kind in kinds}).number


def test_the_phase_is_the_longest_unbroken_row_of_evidence_over_all_subsets() -> None:
    for kinds in SUBSETS:
        reached = phase(kinds)
        assert set(phases.KINDS[:reached]) <= kinds
        assert reached == 5 or phases.KINDS[reached] not in kinds


def test_more_evidence_never_lowers_the_phase_over_all_pairs_of_subsets() -> None:
    for fewer, more in itertools.product(SUBSETS, SUBSETS):
        if fewer <= more:
            assert phase(fewer) <= phase(more)


def test_taking_away_a_phases_evidence_takes_away_that_phase_and_all_after_it() -> None:
    everything = frozenset(phases.KINDS)
    assert [phase(everything - {kind}) for kind in phases.KINDS] == [0, 1, 2, 3, 4]


def test_evidence_of_other_kinds_reaches_no_phase() -> None:
    assert phases.derive({kind: Evidence(kind, RESULT) for kind in ("marks", "reviews", "log")}).number == 0


def test_an_evaluation_without_a_single_estimate_reaches_no_phase() -> None:
    assert phases.derive({"evaluation": Evidence("evaluation", {"estimates": []})}).number == 0


@pytest.mark.parametrize("kind", phases.KINDS[1:])
def test_a_study_with_people_counts_only_with_its_approval(kind: str) -> None:
    assert phases.counts(kind, Evidence(kind, RESULT))
    assert not phases.counts(kind, Evidence(kind, RESULT | {"approval": " "}))
    assert not phases.counts(kind, Evidence(kind, RESULT | {"estimates": []}))


def test_the_scope_of_phase_1_is_the_reports_sentence() -> None:
    assert phases.derive({"evaluation": Evidence("evaluation", RESULT)}).scope == (
        "Evaluated on existing images only (phase 1). Nothing here shows benefit or safety for patients."
    )


def test_no_scope_sentence_before_phase_4_says_more_than_nothing_about_patients() -> None:
    assert all(scope.endswith("Nothing here shows benefit or safety for patients.") for scope in phases.SCOPES[:4])
    assert all(f"(phase {n})" in scope for n, scope in enumerate(phases.SCOPES))
