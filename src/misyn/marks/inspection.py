"""What one look at a file's header brings home: statements, declarations, texts, facts. No verdict.

Rules
-----
1. A format's reader gathers and never judges; :mod:`misyn.marks.policy` judges and never reads.
2. A *statement* is one of the standard's own fields that says synthetic, or says not. A *declaration* is misyn's
   record. A *text* is what some other program wrote, for :mod:`misyn.marks.foreign`. A *fact* is a header field by its
   standard's name, for :mod:`misyn.marks.acquisition`.
3. Damage does not unsay what was read before it: cutting a file's end must not turn its mark into silence.
4. Everything is bounded: at most :data:`MOST_TEXT` bytes per text, :data:`MOST_TEXTS` texts and declarations each.

Example:
    >>> gathering = Gathering("png")
    >>> gathering.says("Iptc4xmpExt:DigitalSourceType", "trainedAlgorithmicMedia", synthetic=True)
    >>> gathering.result().mark.says_synthetic
    True
    >>> Gathering("png").result().mark is None
    True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from misyn.errors import LimitExceeded, RecordError, UnreadableImage
from misyn.marks.declaration import Declaration
from misyn.marks.shown import shown

Part = TypeVar("Part")

MOST_TEXT = 1 << 20
MOST_TEXTS = 64


@dataclass(frozen=True)
class Statement:
    """One standard field about origin.

    Attributes:
        field: its standard's name, such as ``SyntheticData (0008,001C)``.
        value: what it says, safe to show.
        synthetic: True where that says synthetic, False where it says the opposite.
    """

    field: str
    value: str
    synthetic: bool


@dataclass(frozen=True)
class Text:
    """Text some program wrote: ``place`` such as ``png``, its ``key``, and the text as it is, unsafe to show."""

    place: str
    key: str
    text: str


@dataclass(frozen=True, kw_only=True)
class MetadataMark:
    """The metadata layer of one file.

    Attributes:
        format: the format's name.
        statements: the standard's fields, in the order of the file.
        declarations: the declarations that hold, in the order of the file.
        malformed: sentences about declarations that do not hold.
    """

    format: str
    statements: tuple[Statement, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    malformed: tuple[str, ...] = ()

    @property
    def declaration(self) -> Declaration | None:
        """The first declaration that holds, or None."""
        return self.declarations[0] if self.declarations else None

    @property
    def says_synthetic(self) -> bool:
        """Whether a standard field says synthetic."""
        return any(statement.synthetic for statement in self.statements)

    @property
    def says_not(self) -> bool:
        """Whether a standard field says the opposite."""
        return any(not statement.synthetic for statement in self.statements)


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """Everything one header says that bears on origin.

    Attributes:
        format: the format's name.
        mark: the metadata layer, or None where there is none of it.
        texts: other programs' texts.
        facts: header fields by their standard's names, unsafe to show.
        problems: sentences about what was passed over.
        damage: the error at which reading stopped, or None.
    """

    format: str
    mark: MetadataMark | None = None
    texts: tuple[Text, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    damage: UnreadableImage | None = None


class Gathering:
    """Collects while a header is read; :meth:`result` freezes it."""

    def __init__(self, format: str) -> None:  # noqa: A002 - the word of the house for it
        self.format = format
        self.statements: list[Statement] = []
        self.declarations: list[Declaration] = []
        self.malformed: list[str] = []
        self.texts: list[Text] = []
        self.facts: dict[str, str] = {}
        self.problems: list[str] = []
        self.damage: UnreadableImage | None = None

    def says(self, field: str, value: str, *, synthetic: bool) -> None:
        """Note a standard field."""
        if len(self.statements) < MOST_TEXTS:
            self.statements.append(Statement(field, shown(value), synthetic))

    def declares(self, where: str, text: str | bytes) -> None:
        """Note a declaration, or why it does not hold. ``where`` names its place in the file."""
        if len(self.declarations) + len(self.malformed) >= MOST_TEXTS:
            return
        try:
            declared = Declaration.from_json(text)
            if declared not in self.declarations:  # some formats say it in two places
                self.declarations.append(declared)
        except RecordError as error:
            self.malformed.append(f"the declaration in {where} does not hold: {shown(str(error))}")

    def carries(self, place: str, key: str, text: str) -> None:
        """Note a text some other program wrote."""
        if len(self.texts) < MOST_TEXTS and text:
            self.texts.append(Text(place, key, text[:MOST_TEXT]))

    def passes_over(self, what: str) -> None:
        """Note what was not read, and why."""
        if what not in self.problems and len(self.problems) < MOST_TEXTS:
            self.problems.append(what)

    def breaks(self, error: UnreadableImage) -> None:
        """Note that reading stopped here (rule 3)."""
        self.damage = error
        if not isinstance(error, LimitExceeded):
            self.passes_over("the file is damaged after what was read")

    def result(self) -> Inspection:
        """Freeze what was gathered."""
        if any(not statement.synthetic for statement in self.statements):
            self.facts["not-synthetic"] = "yes"  # rule A4 of the acquisition rules
        any_mark = self.statements or self.declarations or self.malformed
        mark = MetadataMark(
            format=self.format,
            statements=tuple(self.statements),
            declarations=tuple(self.declarations),
            malformed=tuple(self.malformed),
        )
        return Inspection(
            format=self.format,
            mark=mark if any_mark else None,
            texts=tuple(self.texts),
            facts=dict(self.facts),
            problems=tuple(self.problems),
            damage=self.damage,
        )


def gathered(format: str, parts: Iterable[Part], gather: Callable[[Part, Gathering], None]) -> Inspection:  # noqa: A002
    """Gather from a file part by part (chunks, segments, lines), and keep what came before damage (rule 3).

    Example:
        >>> gathered("png", ["YES"], lambda part, to: to.says("a", part, synthetic=True)).mark.says_synthetic
        True
    """
    gathering = Gathering(format)
    try:
        for part in parts:
            gather(part, gathering)
    except UnreadableImage as error:
        gathering.breaks(error)
    return gathering.result()


def together(one: Inspection, other: Inspection) -> Inspection:
    """What two files say of one image; the format, the facts that clash and the damage are the first one's.

    Example:
        >>> image, beside = Gathering("nifti"), Gathering("nifti")
        >>> beside.says("SyntheticData", "YES", synthetic=True)
        >>> together(image.result(), beside.result()).mark.says_synthetic
        True
    """
    marks = [inspection.mark for inspection in (one, other) if inspection.mark is not None]
    mark = MetadataMark(
        format=one.format,
        statements=tuple(statement for mark in marks for statement in mark.statements),
        declarations=tuple(dict.fromkeys(declared for mark in marks for declared in mark.declarations)),
        malformed=tuple(sentence for mark in marks for sentence in mark.malformed),
    )
    return Inspection(
        format=one.format,
        mark=mark if marks else None,
        texts=one.texts + other.texts,
        facts={**other.facts, **one.facts},
        problems=one.problems + other.problems,
        damage=one.damage,
    )
