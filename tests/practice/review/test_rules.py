"""The rules on passages labelled by hand; how well they do is published by benchmarks/review_rules.py."""

from __future__ import annotations

import importlib.util
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from misyn.errors import UsageError
from misyn.practice import catalogue
from misyn.practice.review import rules
from misyn.practice.review.reading import parse

ROOT = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location("review_rules", ROOT / "benchmarks" / "review_rules.py")
assert SPEC is not None
assert SPEC.loader is not None
bench = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bench)


@pytest.fixture(scope="module")
def labelled() -> dict[str, list[dict[str, Any]]]:
    content: dict[str, list[dict[str, Any]]] = bench.load()
    return content


@pytest.fixture(scope="module")
def outcomes(labelled: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str, bool, bool]]:
    return list(bench.outcomes(labelled))


def asked(text: str, *names: str) -> list[rules.Question]:
    return list(rules.ask(parse(text.encode(), name="paper.md"), rules=[rules.rule(name) for name in names]))


def test_at_least_sixty_passages_half_of_them_innocent_a_third_held_out(
    labelled: dict[str, list[dict[str, Any]]],
) -> None:
    rows = labelled["passages"]
    assert len(rows) >= 60
    assert 0.45 <= sum(not row["labels"] for row in rows) / len(rows) <= 0.55
    assert 0.25 <= sum(row["part"] == "held-out" for row in rows) / len(rows) <= 0.4
    names = [row["id"] for group in labelled.values() for row in group]
    assert len(set(names)) == len(names)
    assert len({row["text"] for row in rows}) == len(rows)


def test_every_label_is_a_rule_and_every_rule_is_labelled_in_both_parts(
    labelled: dict[str, list[dict[str, Any]]],
) -> None:
    seen = Counter((label, row["part"]) for group in labelled.values() for row in group for label in row["labels"])
    assert {label for label, _ in seen} == {rule.name for rule in rules.RULES}
    assert all(seen[rule.name, part] >= 3 for rule in rules.RULES for part in ("tune", "held-out"))


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_a_rule_is_on_exactly_where_it_was_precise_on_what_it_had_not_seen(
    rule: rules.Rule, outcomes: list[tuple[str, str, bool, bool]]
) -> None:
    hits, n = bench.unseen(outcomes, rule.name)
    assert n > 0
    assert rule.on == (hits / n >= bench.BAR)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_a_rule_finds_most_of_what_it_was_written_for(
    rule: rules.Rule, outcomes: list[tuple[str, str, bool, bool]]
) -> None:
    found = [did for name, _, label, did in outcomes if name == rule.name and label]
    assert sum(found) >= 0.8 * len(found)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_a_rule_speaks_for_recommendations_and_asks_a_question(rule: rules.Rule) -> None:
    assert rule.about
    assert all(catalogue.load()[name] for name in rule.about)
    assert "?" in rule.question
    assert not {"wrong", "false", "absent", "violates", "fails"} & set(rule.question.lower().split())


def test_a_rule_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="significance"):
        rules.rule("grade")


def test_a_test_in_the_sentence_beside_answers_and_one_in_another_section_does_not() -> None:
    said = "The gain is statistically significant."
    assert asked(said, "significance")
    assert not asked(f"{said} A permutation test gave p = 0.01.", "significance")
    assert asked(f"# A\n\n{said}\n\n# B\n\nA permutation test gave p = 0.01.", "significance")


def test_what_is_not_found_says_so_and_names_what_was_looked_for() -> None:
    question = asked("No patient stands behind a sample.", "limits-intrinsic")[0]
    assert "found in what was read" in question.question
    assert "training images" in question.detail
    assert "grounding" not in question.detail
    assert (question.quote, question.page, question.line) == ("", None, None)


def test_references_are_somebody_elses_words() -> None:
    text = "# Results\n\nWe measured.\n\n# References\n\n1. Realistic fake images outperform real data.\n"
    assert not asked(text, "terminology", "benefit", "realism")


def test_code_comments_and_addresses_are_no_statements() -> None:
    text = "```\nfake images\n```\n\n<!-- fake images\nreal images -->\n\nSee [here](fake-images.md).\n"
    assert not asked(text, "terminology")


def test_a_hidden_character_hides_no_word_and_none_is_quoted() -> None:
    question = asked("Our f\u200bake im\u00adages \x1b[31mare\x07 \u202ehere.", "terminology")[0]
    assert question.quote == "Our fake images [31mare here."


def test_a_quote_is_cut_around_the_words_that_matter() -> None:
    question = asked("a " * 400 + "fake images " + "b " * 200, "terminology")[0]
    assert len(question.quote) <= 330
    assert "fake images" in question.quote


def test_an_id_does_not_move_with_the_line_and_repetitions_have_their_own() -> None:
    first = asked("We use fake images.", "terminology")[0]
    later = asked("# Title\n\nWords before.\n\nWe use fake images.\n\nWe use fake images.", "terminology")
    assert [q.id for q in later] == [first.id, f"{first.id}-2"]
    assert [q.line for q in later] == [5, 7]


@pytest.mark.parametrize(
    "filler", ["a ", "real ", "significant ", "not ", "improves ", "privacy ", "(", "the the model "]
)
def test_no_pattern_takes_long_on_a_hostile_text(filler: str) -> None:
    text = "# Abstract\n\n" + filler * (60_000 // len(filler))
    start = time.perf_counter()
    asked(text, *(rule.name for rule in rules.RULES))
    assert time.perf_counter() - start < 10
