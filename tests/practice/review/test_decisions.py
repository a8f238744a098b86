"""A person's words are never lost, a decision belongs to the version it was made on, and two people can be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from misyn.canonical import digest
from misyn.errors import InputError, RecordError, UsageError
from misyn.practice import yamltext
from misyn.practice.review import decisions
from misyn.practice.review.agreement import FEWEST, compare, kappa
from misyn.practice.review.paper import review

ONE = "# Results\n\nWe mixed real images with others. The technique outperforms all others.\n"
TWO = ONE.replace("We mixed real images with others. ", "We changed this sentence. ") + "\nReal scans were kept.\n"


def run(folder: Path, text: str = ONE, *, today: str = "2026-08-02") -> dict[str, Any]:
    paper = folder / "paper.md"
    paper.write_text(text)
    return review(paper, out=folder / "out", today=today)


def edited(folder: Path, **changes: str) -> Path:
    """Decide on the first question, as a person with an editor would."""
    path = folder / "out" / "review.yaml"
    text = path.read_text()
    for key, value in changes.items():
        text = text.replace(f"    {key}:\n", f"    {key}: {value}\n", 1)
    path.write_text(text)
    return path


def rows(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["rule"]: row for row in content["questions"]}


def test_every_question_is_quoted_with_its_place_and_the_documents_digest(tmp_path: Path) -> None:
    content = run(tmp_path)
    row = rows(content)["terminology"]
    assert (row["quote"], row["line"], row["section"]) == ("We mixed real images with others.", 3, "Results")
    assert content["document"]["digest"] == digest((tmp_path / "paper.md").read_bytes())
    assert (row["decision"], row["reply"]) == (None, None)


def test_reading_again_on_another_day_changes_no_byte(tmp_path: Path) -> None:
    run(tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    run(tmp_path, today="2026-09-30")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_decisions_replies_comments_and_unknown_keys_are_kept(tmp_path: Path) -> None:
    run(tmp_path)
    path = edited(tmp_path, decision="ask  # I am sure", reason="page 2 says otherwise", reply="We will say medical.")
    text = "# mine\n" + path.read_text() + "ours: kept\n"
    path.write_text(text)
    content = run(tmp_path)
    assert path.read_text() == text
    row = next(row for row in content["questions"] if row["decision"])
    assert (row["decision"], row["reason"], row["reply"]) == ("ask", "page 2 says otherwise", "We will say medical.")


def test_a_new_version_makes_decisions_stale_and_removes_nothing(tmp_path: Path) -> None:
    first = run(tmp_path)
    edited(tmp_path, decision="ask", reason="because")
    again = run(tmp_path, TWO, today="2026-09-30")
    row = rows(first)["terminology"]
    gone, new = (row for row in again["questions"] if row["rule"] == "terminology")
    if gone["state"] == "found":
        gone, new = new, gone
    assert (gone["id"], gone["state"], gone["decision"]) == (row["id"], "not found", "ask")
    assert first["document"]["digest"] in gone["stale"]
    assert (new["state"], new["decision"]) == ("found", None)
    assert not rows(again)["benefit"].get("stale"), "what was not decided cannot be stale"
    assert again["document"]["read"] == "2026-09-30"
    assert not decisions.decided(gone)


def test_deleting_the_stale_line_confirms_a_decision(tmp_path: Path) -> None:
    run(tmp_path)
    path = edited(tmp_path, decision="ask")
    run(tmp_path, TWO)
    lines = [line for line in path.read_text().splitlines(keepends=True) if "stale:" not in line]
    path.write_text("".join(lines))
    assert not any(row.get("stale") for row in run(tmp_path, TWO)["questions"])


def test_mistakes_in_the_decisions_are_all_listed_and_nothing_is_written(tmp_path: Path) -> None:
    run(tmp_path)
    path = edited(tmp_path, decision="guilty", reason="[1]")
    before = path.read_bytes()
    with pytest.raises(RecordError) as caught:
        run(tmp_path)
    assert [where for where, _ in caught.value.problems] == ["questions[0].decision", "questions[0].reason"]
    assert path.read_bytes() == before


def test_a_rule_that_is_off_runs_when_it_is_named(tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text("# Results\n\nOur model draws realistic lesions.\n")
    quiet = review(paper, out=tmp_path / "a", today="2026-08-02")
    named = review(paper, out=tmp_path / "b", today="2026-08-02", also=("realism",))
    assert "realism" not in rows(quiet)
    assert "realism" in rows(named)
    with pytest.raises(UsageError):
        review(paper, out=tmp_path / "c", today="2026-08-02", also=("mood",))
    assert not (tmp_path / "c").exists()


# Kappa and its value: statsmodels 0.14, cohens_kappa, on the same tables.
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[40, 9, 0], [0, 21, 0], [0, 0, 0]], 0.7272727272727274),
        ([[53, 8, 3], [4, 14, 2], [1, 5, 10]], 0.5824255628177197),
    ],
)
def test_kappa_is_cohens(table: list[list[int]], expected: float) -> None:
    names = decisions.CHOICES
    pairs = [(names[i], names[j]) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    result = kappa(pairs)
    assert result.kappa == pytest.approx(expected, abs=1e-12)
    assert result.low is not None
    assert result.high is not None
    assert result.low < expected < result.high <= 1
    swapped = kappa([(b, a) for a, b in pairs])
    assert swapped.kappa == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.tuples(*[st.sampled_from(decisions.CHOICES)] * 2), max_size=60))
def test_kappa_keeps_its_bounds_and_says_why_something_is_missing(pairs: list[tuple[str, str]]) -> None:
    result = kappa(pairs)
    assert result.kappa is None or -1 <= result.kappa <= 1
    assert (result.low is None) == (result.reason is not None)
    assert result.low is None or len(pairs) >= FEWEST
    if pairs and all(a == b for a, b in pairs) and result.kappa is not None:
        assert result.kappa == 1


def test_one_answer_throughout_has_no_kappa() -> None:
    assert kappa([("ask", "ask")] * 50).kappa is None


def two_reviews(folder: Path, *, theirs: str = ONE) -> tuple[Path, Path]:
    paths = []
    for name, text, decision in (("a", ONE, "ask"), ("b", theirs, "dismiss")):
        (folder / name).mkdir()
        run(folder / name, text)
        path = edited(folder / name, decision=decision, reason=f"says {name}")
        path.write_text(path.read_text().replace("reviewer:\n", f"reviewer: {name.upper()}. Person\n", 1))
        paths.append(path)
    return paths[0], paths[1]


def test_two_people_are_compared_and_every_disagreement_shows_both_reasons(tmp_path: Path) -> None:
    content = compare(*two_reviews(tmp_path))
    assert content["reviewers"] == ["A. Person", "B. Person"]
    assert content["agreement"]["n"] == 1
    assert content["disagreements"][0]["decisions"] == ["ask", "dismiss"]
    assert content["disagreements"][0]["reasons"] == ["says a", "says b"]
    assert content["notes"] == []


def test_decisions_on_two_versions_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two digests"):
        compare(*two_reviews(tmp_path, theirs=TWO))


def test_stale_decisions_are_not_counted(tmp_path: Path) -> None:
    first, second = two_reviews(tmp_path)
    for folder in ("a", "b"):
        run(tmp_path / folder, ONE + "\nMore.\n")
    content = compare(first, second)
    assert content["agreement"]["n"] == 0
    assert "2 decisions on another version were not counted" in content["notes"]


def test_a_file_of_decisions_is_within_the_limits_of_files_people_edit(tmp_path: Path) -> None:
    text = "\n\n".join(f"We used fake images number {n}, and real scans. " + "word " * 60 for n in range(400))
    run(tmp_path, text)
    assert len((tmp_path / "out" / "review.yaml").read_bytes()) < yamltext.MAX_BYTES
    assert run(tmp_path, text)["cut"] == ["terminology"]
