"""The verdict's rules, one by one and together: read as the numbered list in the module."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from misyn.errors import UsageError
from misyn.marks.acquisition import RULES, shown_by
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.inspection import Gathering
from misyn.marks.policy import DEFAULT, DISAGREEMENT, EVIDENCE, PROBLEMS, Judgement, Observed, Policy, Rule, Ruling

ACQUIRED = {"ImageType": "ORIGINAL\\PRIMARY", "PatientID": "1", "Manufacturer": "m", "AcquisitionDate": "20260101"}
CAMERA = {"Make": "a", "Model": "b", "DateTimeOriginal": "2026:01:01 00:00:00"}
WEB_UI = "x\nSteps: 20, Sampler: Euler, Seed: 7"


def declared(name: str = "pca", *, kind: str = "generation", source: bool = False, forced: str | None = None) -> str:
    return Declaration(
        technique=Technique(name=name, kind=kind),
        responsible="A",
        created="2026-11-22T10:00:00Z",
        derived_from=("sha256:" + "0" * 64,) if source else (),
        forced=forced,
    ).to_text()


def judged(*steps: Callable[[Gathering], None], policy: Policy = DEFAULT) -> Judgement:
    gathering = Gathering("png")
    for step in steps:
        step(gathering)
    return policy.judge(Observed(gathering.result()))


def yes(gathering: Gathering) -> None:
    gathering.says("SyntheticData", "YES", synthetic=True)


def no(gathering: Gathering) -> None:
    gathering.says("SyntheticData", "NO", synthetic=False)


def trace(gathering: Gathering) -> None:
    gathering.carries("png", "parameters", WEB_UI)


def broken(gathering: Gathering) -> None:
    gathering.declares("the header", "{")


def acquired(gathering: Gathering) -> None:
    gathering.facts.update(ACQUIRED)


def camera(gathering: Gathering) -> None:
    gathering.facts.update(CAMERA)


def declaration(name: str = "pca", *, kind: str = "generation", source: bool = False) -> Callable[[Gathering], None]:
    return lambda gathering: gathering.declares("the header", declared(name, kind=kind, source=source))


@pytest.mark.parametrize(
    ("steps", "verdict", "rules"),
    [
        pytest.param((), "no-evidence", (), id="nothing"),
        pytest.param((yes,), "synthetic", ("S1", "P1"), id="a standard field alone"),
        pytest.param((declaration(),), "synthetic", ("S2", "P1"), id="a declaration without the field"),
        pytest.param((yes, declaration()), "synthetic", ("S1", "S2", "P1"), id="both"),
        pytest.param((trace,), "synthetic", ("S3",), id="a foreign trace alone"),
        pytest.param((trace, yes), "synthetic", ("S1", "S3", "P1"), id="a trace and the field"),
        pytest.param((no,), "no-evidence", ("P2",), id="NO alone"),
        pytest.param((no, yes), "contradictory", ("S1", "C1", "P1"), id="YES and NO"),
        pytest.param((no, declaration()), "contradictory", ("S2", "C1", "P1"), id="NO with a declaration"),
        pytest.param((no, trace), "contradictory", ("S3", "C1"), id="NO with a trace"),
        pytest.param((yes, declaration(), declaration()), "synthetic", ("S1", "S2", "P1"), id="the same twice"),
        pytest.param(
            (yes, declaration(), declaration("gan")), "contradictory", ("S1", "S2", "C2", "P1"), id="two techniques"
        ),
        pytest.param((acquired,), "no-evidence", (), id="an acquisition header alone is no verdict"),
        pytest.param((acquired, yes), "contradictory", ("S1", "C3", "P1"), id="acquired and YES"),
        pytest.param((acquired, trace), "contradictory", ("S3", "C3"), id="acquired and a trace"),
        pytest.param((camera, yes, declaration()), "contradictory", ("S1", "S2", "C3", "P1"), id="a camera and a mark"),
        pytest.param(
            (acquired, yes, declaration(kind="image-to-image", source=True)),
            "synthetic",
            ("S1", "S2", "C3", "P1"),
            id="image-to-image with its source",
        ),
        pytest.param(
            (acquired, yes, declaration(kind="image-to-image")),
            "contradictory",
            ("S1", "S2", "C3", "P1"),
            id="image-to-image without its source",
        ),
        pytest.param((broken,), "contradictory", ("C4",), id="a broken declaration alone"),
        pytest.param((broken, yes), "synthetic", ("S1", "C4", "P1"), id="a broken declaration and the field"),
    ],
)
def test_each_combination_has_its_verdict_and_its_rules(
    steps: tuple[Callable[[Gathering], None], ...], verdict: str, rules: tuple[str, ...]
) -> None:
    result = judged(*steps)
    assert (result.verdict, result.rules) == (verdict, rules)


def test_a_trace_alone_is_undeclared_and_says_so() -> None:
    assert judged(trace).problems == (
        "undeclared: only the generator's own PNG text says so; no standard mark, no declaration",
    )


def test_what_speaks_against_a_mark_is_named_without_its_values() -> None:
    (problem, _) = judged(acquired, yes).problems
    assert problem.startswith("this speaks against the mark: its DICOM header says ORIGINAL")
    assert "20260101" not in problem


def test_a_forced_mark_says_that_it_was() -> None:
    result = judged(lambda gathering: gathering.declares("the header", declared(forced="a phantom")))
    assert any("forced" in problem for problem in result.problems)
    assert not any("phantom" in problem for problem in result.problems)  # the declaration has the words


def test_an_empty_policy_refuses_even_where_nothing_is_wrong() -> None:
    with pytest.raises(UsageError, match="empty"):
        judged(policy=Policy(()))


def test_policies_compose_and_a_shared_rule_speaks_once() -> None:
    assert DEFAULT == EVIDENCE & DISAGREEMENT & PROBLEMS
    assert EVIDENCE & EVIDENCE == EVIDENCE
    never = Rule("X1", lambda _: iter((Ruling("contradictory", "never good enough"),)))
    result = judged(yes, policy=DEFAULT & Policy((never,)))
    assert result.verdict == "contradictory"
    assert result.problems[-1] == "never good enough"


def test_without_the_rules_of_disagreement_a_contradiction_is_not_found() -> None:
    assert judged(no, yes, policy=EVIDENCE).verdict == "synthetic"


@pytest.mark.parametrize(
    ("facts", "rules"),
    [
        (ACQUIRED, ["A1"]),
        (ACQUIRED | {"ImageType": "original"}, ["A1"]),
        (ACQUIRED | {"ImageType": "DERIVED\\PRIMARY"}, []),
        (ACQUIRED | {"PatientID": " "}, []),
        (ACQUIRED | {"PatientID": "", "PatientIdentityRemoved": "YES"}, ["A1"]),
        (ACQUIRED | {"Manufacturer": ""}, []),
        (ACQUIRED | {"Manufacturer": "", "StationName": "x"}, ["A1"]),
        (ACQUIRED | {"AcquisitionDate": ""}, []),
        (ACQUIRED | {"AcquisitionDate": "", "AcquisitionNumber": "1"}, ["A1"]),
        (ACQUIRED | {"ImageType": ""}, []),
        (ACQUIRED | {"ImageType": "", "KVP": "120"}, ["A2"]),
        (ACQUIRED | {"ImageType": "DERIVED", "KVP": "120"}, []),
        (CAMERA, ["A3"]),
        (CAMERA | {"DateTimeOriginal": " "}, []),
        ({"Make": "a", "Model": "b"}, []),
        ({"not-synthetic": "yes"}, ["A4"]),
        ({}, []),
    ],
)
def test_a_header_shows_acquisition_by_the_written_rules(facts: dict[str, str], rules: list[str]) -> None:
    assert [rule.id for rule in shown_by(facts)] == rules


def test_every_rule_has_a_number_that_its_module_explains() -> None:
    from misyn.marks import acquisition, foreign, policy

    for rule in RULES:
        assert f"\n{rule.id}. " in (acquisition.__doc__ or "")
    for decided in DEFAULT.rules:
        assert f"\n{decided.id}. " in (policy.__doc__ or "")
    assert "\nF5. " in (foreign.__doc__ or "")
