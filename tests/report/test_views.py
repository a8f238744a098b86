"""Three readers, the same facts: what to do next, every number to its evidence, and what is unknown first."""

from __future__ import annotations

import re
from typing import Any

from misyn.practice import catalogue
from misyn.report import views
from misyn.report.facts import Facts
from report.toy_study import Study

STATUSES = ("met", "partly", "not-met", "not-assessed", "not-applicable")


def facts(**more: Any) -> Facts:
    found = [{"id": r.id, "status": STATUSES[n % 5], "next": f"do {r.id}"} for n, r in enumerate(catalogue.load())]
    rows = [{"kind": "evaluation", "digest": "sha256:abc", "file": "evaluation.json"}]
    return Facts(audit={"findings": found, "evidence": rows} | more, evaluation={}, marks=None, record=None, rows=())


def test_the_developer_gets_every_open_finding_most_harm_prevented_per_effort_first() -> None:
    steps = views.steps(facts())
    known = {r.id: r for r in catalogue.load()}
    assert {s.id for s in steps} == {r.id for n, r in enumerate(catalogue.load()) if STATUSES[n % 5] in STATUSES[1:4]}
    ratios = [known[s.id].severity / known[s.id].effort for s in steps]
    assert ratios == sorted(ratios, reverse=True)
    assert len(set(ratios)) > 2
    assert all(step.next == f"do {step.id}" for step in steps)


def test_a_finding_of_another_catalogue_is_not_lost() -> None:
    found = [{"id": "X1", "status": "not-met", "next": "ask"}, {"id": "T1", "status": "not-met", "next": "mark"}]
    assert [step.id for step in views.steps(facts(findings=found))] == ["T1", "X1"]


def test_the_public_gets_what_nobody_checked_in_plain_words() -> None:
    plain = {r.plain for n, r in enumerate(catalogue.load()) if STATUSES[n % 5] == "not-assessed"}
    assert set(views.unchecked(facts())) == plain
    answers = [("What shifted", "We cannot tell what shifted."), ("What is missing", "Most of it.")]
    assert views.unmeasured(answers) == ("What shifted: we cannot tell what shifted.",)


def test_what_is_unknown_stands_before_any_picture_of_the_public_view(study: Study) -> None:
    text = study.write()
    assert text.index('id="unknown"') < text.index('id="look"')
    assert 'class="public-only" id="unknown"' in text
    assert 'class="developer" id="next"' in text


def test_the_reviewer_reads_which_file_bears_the_numbers(study: Study) -> None:
    text = study.write()
    captions = re.findall(r"<caption>[^<]*every number[^<]*</caption>", text)
    assert captions
    assert all(f"from evaluation.json, sha256:{'d' * 64}" in caption for caption in captions)
