from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misyn.practice import expects
from misyn.practice.expects import Term


def test_the_examples_of_the_interface_read() -> None:
    assert expects.parse("coverage < 0.9") == (Term("coverage", None, None, None, "<", 0.9),)
    assert expects.parse("coverage[sex=F] >= 0.8") == (Term("coverage", "sex=F", None, None, ">=", 0.8),)


def test_groups_sets_fields_and_percentages_read() -> None:
    (term,) = expects.parse("coverage[ age=60-79 & sex=F & set=held-out ] >= 80 %")
    assert (term.group, term.set, term.bound) == ("age=60-79 & sex=F", "held-out", 0.8)
    assert expects.parse("mmd.p_adjusted < 1e-3")[0].field == "p_adjusted"


def test_several_terms_are_joined_by_and() -> None:
    assert [term.op for term in expects.parse("x >= -0.1 and x<=.1")] == [">=", "<="]


def test_a_group_named_and_does_not_end_a_term() -> None:
    assert expects.parse("coverage[site=sand] < 1")[0].group == "site=sand"


@pytest.mark.parametrize(
    "text",
    [
        "", "coverage", "coverage = 1", "coverage == 1", "< 1", "x < y", "x[sex] < 1", "x[=F] < 1", "x[set=all] < 1",
        "x < 1 or y < 1", "x[set=training & set=reference] < 1", "x.size < 1", "__import__('os') < 1", "x < nan",
        "x < 1; y", "x" * 600, "x < 1 and",
    ],
)  # fmt: skip
def test_what_does_not_read_is_a_sentence(text: str) -> None:
    assert (expects.problem(text) or "").startswith("expected ")


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_reads_or_is_a_sentence(text: str) -> None:
    assert (expects.problem(text) or "expected").startswith("expected")


_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
_TERMS = st.builds(
    Term,
    name=_NAMES,
    group=st.none() | st.builds("{}={}".format, _NAMES.filter(lambda name: name != "set"), _NAMES),
    set=st.none() | st.sampled_from(expects.SETS),
    field=st.none() | st.sampled_from(expects.FIELDS),
    op=st.sampled_from(sorted(expects.OPERATORS)),
    bound=st.integers(-999, 999).map(lambda n: n / 64),
)


@settings(deadline=None)
@given(_TERMS)
def test_a_term_reads_back_from_what_it_prints(term: Term) -> None:
    (again,) = expects.parse(str(term))
    assert (again.name, again.group, again.set, again.field, again.op) == (
        term.name, term.group, term.set, term.field, term.op,
    )  # fmt: skip
    assert again.bound == pytest.approx(term.bound, rel=1e-5)
