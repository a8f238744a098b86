"""The four questions, each with its sentence, picture, numbers by group, how sure we are, and what cannot be told.

Rules
-----
1. Always four, always in this order; a question without evidence keeps its place and says so.
2. Every number of the evaluation stands in one of them; measures the page does not know come under "what shifted".
3. A group too small for a number is listed with its n, not left out.

Example:
    >>> from misyn.report.facts import Facts
    >>> empty = Facts(audit=None, evaluation={}, marks=None, record=None, rows=())
    >>> [question.id for question in all_four(empty)]
    ['missing', 'shifted', 'copied', 'harmed']
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from misyn.report import downstream, each, figures, groups, words
from misyn.report.facts import Facts, mapping
from misyn.report.measure import Measure
from misyn.report.measure import Question as Name
from misyn.report.measures import by_name, control, of_question
from misyn.report.numbers import Number, Test, count, probability, quantity, share, whole

TITLES: dict[Name, str] = {
    "missing": "What is missing",
    "shifted": "What shifted",
    "copied": "What may be copied",
    "harmed": "Who is harmed or helped",
}
LEADS: dict[Name, tuple[str, ...]] = {
    "missing": ("coverage", "coverage_baseline", "pair_lost"),
    "shifted": ("support", "support_baseline", "support_chance", "frechet", "frechet_baseline", "pair_hallucinated"),
    "copied": ("exact_copies", "copy_suspects", "copy_suspects_baseline"),
    "harmed": (),
}
BY_GROUP: dict[Name, tuple[str, ...]] = {
    "missing": ("coverage", "recall"),
    "shifted": ("support", "precision", "density", "frechet"),
    "copied": ("copy_suspects", "exact_copies"),
    "harmed": (),
}
SENTENCES: dict[Name, Callable[[Facts], str]] = {
    "missing": words.missing,
    "shifted": words.shifted,
    "copied": words.copied,
    "harmed": downstream.sentence,
}
NOT_BY_GROUP = "No number: no column describes the patients, or this measure was not made by group."


@dataclass(frozen=True)
class Line:
    """One number as a table row: every part in words, n and interval or reason never empty."""

    name: str
    plain: str
    compared: str
    who: str
    group: str
    value: str
    exact: str
    interval: str
    n_medical: str
    n_synthetic: str
    patients: str
    method: str
    beside: str
    reason: str


@dataclass(frozen=True)
class Table:
    """Numbers whose missing intervals are explained once, in notes, instead of in every row."""

    title: str
    lines: tuple[Line, ...]

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """Each reason for a missing interval with its letter, in the order in which the rows need them."""
        reasons = dict.fromkeys(line.reason for line in self.lines if not line.interval)
        return tuple((_letter(place), reason) for place, reason in enumerate(reasons))

    @property
    def compares(self) -> bool:
        """Whether any row has its control beside it."""
        return any(line.beside for line in self.lines)

    def interval(self, line: Line) -> str:
        """What stands in the interval's place."""
        letters = {reason: letter for letter, reason in self.notes}
        return line.interval or f"none (note {letters[line.reason]})"


def _letter(place: int) -> str:
    """Name a note: a to z, then aa, ab and so on.

    Example:
        >>> _letter(0), _letter(26)
        ('a', 'aa')
    """
    return ("" if place < 26 else _letter(place // 26 - 1)) + "abcdefghijklmnopqrstuvwxyz"[place % 26]


@dataclass(frozen=True)
class Question:
    """One of the four questions, ready for the page."""

    id: Name
    title: str
    sentence: str
    tile: Markup
    key: str
    figure: Markup | None
    figure_says: str
    by_group: Table
    no_groups: str
    every: Table
    each: tuple[each.Shown, ...]
    tests: tuple[tuple[str, str, str, str], ...]
    sure: tuple[str, ...]
    measures: tuple[Measure, ...]


def all_four(facts: Facts) -> tuple[Question, ...]:
    """Answer the four questions from one evaluation."""
    return tuple(_question(facts, name) for name in TITLES)


def _question(facts: Facts, name: Name) -> Question:
    """Answer one question."""
    by_group = _groups(facts, name)
    tile, key = figures.tile(facts, name)
    picture, says = figures.section(facts, name)
    return Question(
        id=name,
        title=TITLES[name],
        sentence=SENTENCES[name](facts),
        tile=tile,
        key=key,
        figure=picture,
        figure_says=says,
        by_group=Table(by_group[0].plain if by_group else "", by_group),
        no_groups=NOT_BY_GROUP if _measured(facts, name) else words.NOT_MEASURED,
        every=Table(TITLES[name], tuple(line(e) for e in facts.numbers.estimates if _belongs(e.name, name))),
        each=each.of_question(facts, name),
        tests=tuple(_test(t) for t in facts.numbers.tests if _tests(t.name) == name),
        sure=_sure(facts, name),
        measures=of_question(name),
    )


def _measured(facts: Facts, name: Name) -> bool:
    return bool(downstream.gains(facts) if name == "harmed" else facts.numbers.estimates)


def _tests(test: str) -> Name:
    """The question under which a test is shown."""
    return "harmed" if test.startswith(downstream.PREFIX) else "shifted"


def _belongs(estimate: str, question: Name) -> bool:
    """Whether an estimate is shown under a question (rule 2)."""
    measure = by_name(estimate)
    return (measure.question if measure is not None else "shifted") == question


def _groups(facts: Facts, name: Name) -> tuple[Line, ...]:
    """The numbers of the first measure of a question that was made by group, lowest first, too small groups last."""
    if name == "harmed":
        return tuple(line(e) for e in downstream.gains(facts) if e.group is not None)
    for measure in BY_GROUP[name]:
        found = facts.numbers.by_group(measure)
        if found:
            named = {estimate.group for estimate in found}
            return tuple(line(e, words.beside(facts, e)) for e in found) + (
                _too_small(facts, named) if measure == "coverage" else ()
            )
    return ()


def _too_small(facts: Facts, named: set[str | None]) -> tuple[Line, ...]:
    """Groups of the main set that got no number, with their n."""
    main = mapping(facts.sets.get(facts.numbers.main or ""))
    stated = dict(mapping(main.get("groups"))) | {f"label={k}": v for k, v in mapping(main.get("labels")).items()}
    sizes = ((group, count(n)) for group, n in sorted(stated.items()))
    return tuple(_without(group, n) for group, n in sizes if group not in named and n is not None)


def _without(group: str, n: int) -> Line:
    """A group without a number, and why."""
    why = f"no number: too few to say, under {words.SMALL}" if n < words.SMALL else "no number: not measured"
    none = Number.parse({"name": "coverage", "group": group, "n_medical": n, "reason": why})
    return line(none)


def line(number: Number, beside: Number | None = None) -> Line:
    """Put one number into words, part by part; ``beside`` is its control."""
    measure = by_name(number.name)
    plain = measure.plain if measure is not None else f"Another measure: {number.name}"
    swapped = control(number.name)
    if swapped is not None:
        plain = f"{swapped}: {plain[0].lower()}{plain[1:]}"
    return Line(
        name=number.name,
        plain=plain,
        compared=number.set or "",
        who=groups.short(number.group) if number.group else "All",
        group=number.group or "",
        value=words.of(number),
        exact=_exact(number),
        interval=_interval(number),
        n_medical=_n(number.n_medical),
        n_synthetic=_n(number.n_synthetic),
        patients="unknown" if number.n_patients is None else whole(number.n_patients),
        method="; ".join(part for part in (number.estimand, number.method, _seed(number.seed)) if part),
        beside="" if beside is None else words.of(beside),
        reason=number.reason or "",
    )


def _exact(number: Number) -> str:
    """The value with four significant digits."""
    return "none" if number.value is None else f"{number.value:.4g}"


def _interval(number: Number) -> str:
    """The interval in the unit of its value, or an empty text where there is a reason instead."""
    if number.interval is None:
        return ""
    measure = by_name(number.name)
    write = share if measure is not None and measure.of is not None else quantity
    low, high = (write(end) for end in number.interval)
    return f"{low} to {high} ({share(number.level)})"


def _n(n: int | None) -> str:
    """A count, or that none entered."""
    return "not stated" if n is None else whole(n)


def _seed(seed: int | None) -> str:
    """The seed, where there is randomness."""
    return "" if seed is None else f"seed {seed}"


def _test(test: Test) -> tuple[str, str, str, str]:
    """One test: what was tested, its answer, its n, its method."""
    pair = control(test.name) or "Synthetic images"
    against = words.MEDICAL.get(test.set or "", "medical images")
    among = f", {groups.people(test.group)}" if test.group else ""
    what = f"{pair}, against {against}{among} ({test.name}). Tested: {test.null}"
    p = "no p-value" if test.p is None else probability(test.p)
    if test.p is not None and test.p != test.p_raw and test.p_raw is not None:
        p += f" (corrected: {test.correction or 'for several tests'}; alone {probability(test.p_raw)})"
    n = f"{_n(test.n_medical)} medical, {_n(test.n_synthetic)} synthetic"
    statistic = "" if test.statistic is None else f"statistic {quantity(test.statistic)}"
    return what, p, n, "; ".join(part for part in (statistic, test.method, _seed(test.seed)) if part)


def _sure(facts: Facts, name: Name) -> tuple[str, ...]:
    """How sure the leading numbers of a question are."""
    if name == "harmed":
        return downstream.sure(facts)
    found = [(e, by_name(e.name)) for lead in LEADS[name] if (e := facts.numbers.find(lead)) is not None]
    said = [f"{_lead(e, measure)}: {words.of(e)}; {words.interval(e)}." for e, measure in found if measure is not None]
    return (*said, patients(facts)) if said else ("Nothing was measured, so there is nothing to be sure of.",)


def _lead(number: Number, measure: Measure) -> str:
    """A measure's plain words, said to be a control where they are."""
    return control(number.name) or measure.plain


def patients(facts: Facts) -> str:
    """How many patients stand behind the numbers, and what that means."""
    main = mapping(facts.sets.get(facts.numbers.main or ""))
    n = count(main.get("n_patients"))
    if n is None or main.get("patients_known") is False:
        return (
            "How many patients stand behind the medical images is unknown. Images of one patient resemble each other, "
            "so all this is less certain than the number of images suggests."
        )
    return f"{whole(n)} patient{'s stand' if n != 1 else ' stands'} behind the {words.medical(facts)}."
