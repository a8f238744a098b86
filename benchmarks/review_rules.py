"""How precise is each rule of `misyn review`, and how much does it find? On the hand-labelled passages.

    python benchmarks/review_rules.py

Prints, per rule and part of tests/practice/review/passages.yaml, precision and recall with Clopper-Pearson 95 %
intervals. The unit is a passage (or a short document): a rule asked about it, or not, whatever the number of questions.
The same hand wrote passages, labels and rules: figures on other people's papers will be lower.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from misyn.practice import yamltext
from misyn.practice.review import rules
from misyn.practice.review.reading import parse

PASSAGES = Path(__file__).parents[1] / "tests" / "practice" / "review" / "passages.yaml"
WHOLE = {"ethics", "limits-assessed", "limits-design", "limits-intrinsic"}  # rules that read a whole document
BAR = 0.8
# Asked rightly, asked, labelled: sentences of 34 abstracts by other people (sets D, E, F), labelled by hand before the
# rules of the moment were run on them. Their text is not ours to ship; docs/results/review-2026-11-22.md names them.
ELSEWHERE = {
    "benefit": (24, 25, 51),
    "significance": (3, 4, 4),
    "equivalence": (8, 8, 11),
    "realism": (12, 18, 17),
    "privacy": (0, 4, 4),
    "limits": (0, 0, 0),
    "terminology": (35, 35, 40),
}

Outcome = tuple[str, str, bool, bool]  # rule, part, labelled, asked


def load() -> dict[str, list[dict[str, Any]]]:
    """The labelled passages and documents."""
    content: dict[str, list[dict[str, Any]]] = yamltext.plain(yamltext.read(PASSAGES.read_text(encoding="utf-8")))
    return content


def outcomes(content: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Outcome]:
    """Every rule on every passage it is meant for, switched off or not."""
    for group, whole in (("passages", False), ("documents", True)):
        chosen = [rule for rule in rules.RULES if (rule.name in WHOLE) is whole]
        for row in content[group]:
            asked = {q.rule for q in rules.ask(parse(row["text"].encode(), name="passage.md"), rules=chosen)}
            for rule in chosen:
                yield rule.name, row["part"], rule.name in row["labels"], rule.name in asked


def share(hits: int, n: int) -> str:
    """A share with its n and its interval."""
    if n == 0:
        return "none"
    interval = binomtest(hits, n).proportion_ci(0.95, method="exact")
    return f"{hits}/{n} = {hits / n:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def table(rows: Sequence[Outcome], part: str) -> None:
    print(f"\n### {part}\n\n| rule | on | passages | precision | recall |\n|---|---|--:|--:|--:|")
    for rule in rules.RULES:
        mine = [row for row in rows if row[0] == rule.name and part in {row[1], "all"}]
        both = sum(labelled and asked for _, _, labelled, asked in mine)
        precision = share(both, sum(asked for *_, asked in mine))
        recall = share(both, sum(labelled for _, _, labelled, _ in mine))
        print(f"| {rule.name} | {'yes' if rule.on else 'no'} | {len(mine)} | {precision} | {recall} |")


def unseen(rows: Sequence[Outcome], name: str) -> tuple[int, int]:
    """What decides whether a rule is on: asked rightly and asked, held-out passages and other people's text."""
    asked = [labelled for rule, part, labelled, asked in rows if (rule, part, asked) == (name, "held-out", True)]
    hits, n, _ = ELSEWHERE.get(name, (0, 0, 0))
    return sum(asked) + hits, len(asked) + n


def deciding(rows: Sequence[Outcome]) -> None:
    print("\n### What decides\n")
    print("| rule | on other people's abstracts: precision | recall | precision with the held-out passages | on |")
    print("|---|---|---|---|---|")
    for rule in rules.RULES:
        hits, asked, labelled = ELSEWHERE.get(rule.name, (0, 0, 0))
        columns = (
            share(hits, asked),
            share(hits, labelled),
            share(*unseen(rows, rule.name)),
            "yes" if rule.on else "no",
        )
        print(f"| {rule.name} | {' | '.join(columns)} |")


def main() -> None:
    content = load()
    rows = list(outcomes(content))
    for group in ("passages", "documents"):
        innocent = sum(not row["labels"] for row in content[group])
        print(f"{group}: {len(content[group])}, of which without any label: {innocent}")
    for part in ("tune", "held-out", "all"):
        table(rows, part)
    deciding(rows)


if __name__ == "__main__":
    main()
