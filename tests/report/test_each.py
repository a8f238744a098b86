"""Claims on what the report says of each measure, of warnings, of what shifted, and of files that could not be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from misyn.report import each, leads, looks, shifts, words
from misyn.report.facts import Facts
from misyn.report.measures import MEASURES, by_name
from misyn.report.rows import Row, Unread
from misyn.report.visible import VISIBLE

DOCS = Path(__file__).parents[2] / "docs" / "measures.md"


def facts(*estimates: dict[str, Any], tests: tuple[dict[str, Any], ...] = (), rows: tuple[Row, ...] = ()) -> Facts:
    shared = {"set": "training", "reason": "none", "n_medical": 40, "n_synthetic": 40}
    evaluation = {"estimates": [shared | e for e in estimates], "tests": [{"set": "training"} | t for t in tests]}
    return Facts(audit=None, evaluation=evaluation, marks=None, record=None, rows=rows)


@pytest.mark.parametrize("measure", [*MEASURES, *VISIBLE], ids=lambda m: m.name)
def test_every_measure_is_one_plain_sentence_with_a_picture(measure: Any) -> None:
    group = "label=a & sex=F" if measure.name in {"group_share", "amplification"} else None
    (shown,) = each.of_question(facts({"name": measure.name, "value": 0.25, "group": group}), measure.question)
    assert shown.sentence.count(". ") == 0, "one sentence"
    assert shown.sentence.endswith((".", ").", "all there are)."))
    assert "{" not in shown.sentence
    assert "<svg" in shown.figure
    assert shown.cannot_tell


@pytest.mark.parametrize("measure", [*MEASURES, *VISIBLE], ids=lambda m: m.name)
def test_every_measure_has_definition_source_and_what_it_cannot_tell_in_the_docs(measure: Any) -> None:
    sections = re.split(r"^### ", DOCS.read_text("utf-8"), flags=re.MULTILINE)[1:]
    section = next((text for text in sections if f"`{measure.name}`" in text.splitlines()[0]), None)
    assert section is not None, f"docs/measures.md has no section on {measure.name}"
    assert "Cannot tell" in section
    assert re.search(r"Sources?:", section)


def test_controls_stand_beside_their_measure() -> None:
    found = each.of_question(
        facts(
            {"name": "label_agreement", "value": 0.54, "low": 0.5, "high": 0.6},
            {"name": "label_agreement_baseline", "value": 0.49},
            {"name": "label_agreement_shuffled", "value": 0.25},
        ),
        "shifted",
    )
    assert found[0].beside == ("Medical images in their place: 49 of 100.", "Labels given out at random: 25 of 100.")
    assert found[0].figure.count("<circle") + found[0].figure.count("f-chance") == 2


def test_groups_that_differ_most_come_first_and_are_counted() -> None:
    shares = [{"name": "group_share", "value": 0.1 + 0.01 * n, "group": f"site={n}"} for n in range(12)]
    medical = [{"name": "group_share_baseline", "value": 0.1, "group": f"site={n}"} for n in range(12)]
    (shown,) = each.of_question(facts(*shares, *medical), "shifted")
    assert "8 of 12 that differ most" in shown.sentence
    assert shown.figure.index("Site: 11") < shown.figure.index("Site: 4")
    assert "Site: 3<" not in shown.figure


def test_support_is_never_named_without_saying_what_it_is_not() -> None:
    measure = by_name("support")
    assert measure is not None
    assert "measurable shadow of grounding, not grounding" in measure.says
    rows = (Row(index=0, path="s.png", origin="synthetic", supported=False, nearest_distance=1.0),)
    gallery = looks.Looks(facts(rows=rows)).galleries()[0]
    assert words.SHADOW in gallery.rule


def test_differences_of_form_are_one_warning_and_the_rest_unfolds() -> None:
    found = leads.leads(
        [
            ("size-differs", "The sets differ in size (a). Any test finds that first."),
            ("codec-differs", "The sets differ in compression (b)."),
            ("few-patients", "Few patients. No interval is given."),
        ]
    )
    assert [lead.ids for lead in found] == [("size-differs", "codec-differs"), ("few-patients",)]
    assert found[0].head.startswith("The sets differ in compression and size;")
    assert "".join(found[0].rest).count("(a)") == 1
    assert (found[1].head, found[1].rest) == ("Few patients.", ("No interval is given.",))


def test_files_that_could_not_be_read_are_named_with_the_reason() -> None:
    unread = [Unread(f"/x/set/{n}.png", "training", "MalformedImage: cut short") for n in range(14)]
    (lead,) = leads.leads([("unreadable-files", "14 of 20 could not be read. Next: look.")], unread)
    assert lead.rest[1] == "set/0.png: MalformedImage: cut short"
    assert lead.rest[-1] == "and 2 more, all in per-image.parquet"


def test_what_shifted_is_said_as_one_would_see_it() -> None:
    tests = (
        {"name": "shift_sharpness", "statistic": 0.9, "p_value": 0.001},
        {"name": "shift_redness", "statistic": 0.3, "p_value": 0.001},
        {"name": "shift_brightness", "statistic": 0.52, "p_value": 0.001},  # too little to see
        {"name": "shift_grain", "statistic": 0.1, "p_value": 0.2},  # chance
        {"name": "shift_ita", "statistic": 0.1, "p_value": 0.001},  # no skin type
    )
    assert shifts.seen(facts(tests=tests)) == "; looked at one by one they are sharper and less red"


def test_links_groups_and_traces_are_said_in_words() -> None:
    tests = (
        {"name": "amplification", "statistic": -0.4, "p_value": 0.001, "group": "label=mel & sex=F"},
        {"name": "left_out", "statistic": 0.4, "p_value": 0.001, "group": "sex=F & age=60-79"},
        {"name": "left_out", "statistic": 0.3, "p_value": 0.001, "group": "age=80+"},
    )
    found = facts({"name": "membership_risk", "value": 0.65, "low": 0.6, "high": 0.7}, tests=tests)
    assert shifts.linked(found) == "; “mel” and female patients go together less than in medical images"
    assert shifts.left_out(found) == "; left out more than all others are images of patients aged 80 or over"
    assert shifts.traced(found).startswith("; in 65 of 100 pairs a training patient lies nearer")
    assert shifts.traced(facts({"name": "membership_risk", "value": 0.55, "low": 0.49, "high": 0.6})) == ""


def test_training_and_held_out_images_that_nothing_covers_are_apart() -> None:
    rows = tuple(
        Row(index=n, path=f"{n}.png", origin=origin, covered=False) for n, origin in enumerate(["training", "held-out"])
    )
    found = [g for g in looks.Looks(facts(rows=rows)).galleries() if g.id.startswith("uncovered")]
    assert [g.title for g in found] == [
        "Training images that nothing synthetic covers",
        "Held-out images that nothing synthetic covers",
    ]
    assert [len(g.pairs) for g in found] == [1, 1]
