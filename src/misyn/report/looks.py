"""Put images side by side: each synthetic image with the medical image nearest to it.

Rules
-----
1. Which images are shown is :mod:`misyn.report.galleries`' affair; here they get pictures, captions and facts.
2. A caption says what the evaluation said of an image and nothing of what one should see in it.
3. Patient identifiers appear nowhere.

Example:
    >>> from misyn.report.facts import Facts
    >>> look = Looks(Facts(audit=None, evaluation={}, marks=None, record=None, rows=()))
    >>> [gallery.id for gallery in look.galleries()]
    ['least', 'random', 'uncovered-training', 'copies']
    >>> look.galleries()[0].empty
    'The evaluation lists no synthetic image, so there is none to show.'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from misyn.report import galleries, pictures, words
from misyn.report.facts import Facts
from misyn.report.numbers import quantity, share, whole
from misyn.report.rows import Row, name_of

ORIGINS = ("training", "reference", "held-out")
NONE_LISTED = "The evaluation lists no synthetic image, so there is none to show."
NONE_FOUND = "None found. That does not show that nothing was copied."


@dataclass(frozen=True)
class Tile:
    """One image with its caption and its text alternative, which says what it is and not what one should see in it."""

    picture: pictures.Picture
    alt: str
    caption: str
    synthetic: bool


@dataclass(frozen=True)
class Pair:
    """One or two tiles that open together, and the facts about them."""

    tiles: tuple[Tile, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Gallery:
    """Tiles chosen by one stated rule; ``empty`` says why there are none."""

    id: str
    title: str
    rule: str
    pairs: tuple[Pair, ...] = ()
    empty: str = ""


@dataclass
class Looks:
    """Makes the galleries of one report, reading each file once."""

    facts: Facts
    reader: pictures.Reader = pictures.read_image
    _made: dict[tuple[str, bool], pictures.Picture] = field(default_factory=dict)

    def galleries(self) -> tuple[Gallery, ...]:
        """All galleries in the order of the page; the best supported only where images are left for it."""
        best = self._best()
        medical = [origin for origin in ORIGINS if any(row.origin == origin for row in self.facts.rows)]
        uncovered = [self._uncovered(origin) for origin in medical or ORIGINS[:1]]
        paired = self._paired()
        first = [*([paired] if paired.pairs else []), self._least(), *([best] if best.pairs else [])]
        return (*first, self._random(), *uncovered, self._copies())

    def _paired(self) -> Gallery:
        """Images of an image-to-image technique beside what they were made from, and what they stand in for."""
        rows = galleries.paired(self.facts.rows)
        rule = (
            "Each synthetic image beside the medical image it was made from and, where there is one, the medical image "
            "it stands in for; those with most structures made up (ringed) or lost (in a square) first, then those "
            "with the largest error. A ring says that the source does not show it, not that it is not there."
        )
        pairs = tuple(Pair((*self._origins(row), self._synthetic(row)), self._of_pair(row)) for row in rows)
        return Gallery("pairs", "What each was made from", rule, pairs)

    def _origins(self, row: Row) -> Iterator[Tile]:
        """Source and target of a synthetic image."""
        for what, path in (("source", row.pair_source), ("target", row.pair_target)):
            if path is not None:
                alt = f"Medical image {name_of(path)}, the {what}"
                yield Tile(self._picture(path, synthetic=False), alt, what, False)

    def _of_pair(self, row: Row) -> tuple[tuple[str, str], ...]:
        counts = {"Structures made up": row.hallucinated, "Structures lost": row.lost}
        facts = [(what, whole(int(n))) for what, n in counts.items() if n is not None]
        if row.pair_error is not None:
            facts.append(("Mean difference", quantity(row.pair_error)))
        return (("File", row.name), ("Source", name_of(row.pair_source or "")), *facts)

    def _least(self) -> Gallery:
        """The least supported synthetic images."""
        rows = galleries.least_supported(self.facts.rows)
        judged = any(row.supported is not None for row in rows)
        title = "Least supported by medical images" if judged else "Farthest from any medical image"
        rule = f"Synthetic images that the medical images support least, the least first. {words.SHADOW}"
        if not judged:
            rule = "Support was not measured: these are the synthetic images farthest from their nearest medical image."
        empty = NONE_LISTED if not any(row.synthetic for row in self.facts.rows) else words.no_support(self.facts)
        return Gallery("least", title, rule, self._pairs(rows), "" if rows else empty)

    def _best(self) -> Gallery:
        """The best supported synthetic images that are not among the least supported."""
        rows = galleries.best_supported(self.facts.rows)
        rule = "Synthetic images nearest to medical images, the nearest first. " + words.NOT_GROUNDED
        judged = any(row.supported is not None for row in rows)
        title = "Best supported by medical images" if judged else "Nearest to medical images"
        return Gallery("best", title, rule, self._pairs(rows))

    def _random(self) -> Gallery:
        """A random sample of synthetic images."""
        rows = galleries.random_sample(self.facts.rows, seed=self.facts.seed)
        total = sum(row.synthetic for row in self.facts.rows)
        drawn = f"{whole(len(rows))} of {whole(total)} synthetic images"
        rule = f"{drawn}, drawn at random, not picked (seed {self.facts.seed})."
        return Gallery("random", "A random sample", rule, self._pairs(rows), "" if rows else NONE_LISTED)

    def _uncovered(self, origin: str) -> Gallery:
        """Medical images of one set that nothing synthetic covers; sets are never mixed."""
        found = galleries.uncovered(self.facts.rows, origin)
        drawn = galleries.shuffled(found, seed=self.facts.seed, purpose="uncovered")[: galleries.UNCOVERED]
        judged = any(row.covered is not None for row in self.facts.rows if row.origin == origin)
        named = words.MEDICAL[origin] if judged else "medical images"
        empty = f"Each of the {named} has a synthetic image near it." if judged else words.NO_COVERAGE
        rule = f"{whole(len(drawn))} of the {whole(len(found))} {named} that have no synthetic image near them"
        rule += "." if len(drawn) == len(found) else f", drawn at random (seed {self.facts.seed})."
        pairs = tuple(Pair((self._medical(row),), self._about(row)) for row in drawn)
        title = f"{named[0].upper()}{named[1:]} that nothing synthetic covers"
        return Gallery(f"uncovered-{origin}", title, rule, pairs, "" if drawn else empty)

    def _copies(self) -> Gallery:
        """Exact and suspected copies beside their source."""
        found = galleries.copies(self.facts.rows)
        shown = found[: galleries.COPIES]
        rule = (
            f"{whole(len(shown))} of {whole(len(found))}: exact copies first, then suspected ones, the nearest first. "
        )
        rule += "A suspected copy looks like a training image; that it was copied is not proven."
        nothing = f"Exact copies: none found. Suspected copies {words.no_suspects(self.facts)}."
        empty = nothing if galleries.compared(self.facts.rows) else words.NOT_MEASURED
        empty = NONE_FOUND if galleries.looked_for_copies(self.facts.rows) else empty
        return Gallery("copies", "Exact and suspected copies", rule, self._pairs(shown), "" if shown else empty)

    def _pairs(self, rows: Iterable[Row]) -> tuple[Pair, ...]:
        """Each synthetic image beside its nearest medical image."""
        return tuple(Pair((self._synthetic(row), *self._nearest(row)), self._about(row)) for row in rows)

    def _synthetic(self, row: Row) -> Tile:
        """A synthetic image."""
        state = _state(row)
        alt = f"Synthetic image {row.name}{', ' + state if state else ''}; labelled SYNTHETIC"
        return Tile(
            self._picture(row.path, synthetic=True, marks=row.pair_marks),
            alt,
            f"synthetic{', ' + state if state else ''}",
            True,
        )

    def _nearest(self, row: Row) -> Sequence[Tile]:
        """The medical image nearest to a synthetic one, where it is known."""
        if row.nearest is None:
            return ()
        source = self.facts.by_path(row.nearest)
        if source is not None:
            return (self._medical(source, nearest=True),)
        alt = f"Nearest medical image {name_of(row.nearest)}"
        return (Tile(self._picture(row.nearest, synthetic=False), alt, "nearest medical", False),)

    def _medical(self, row: Row, *, nearest: bool = False) -> Tile:
        """A medical image."""
        label = f", {row.label}" if row.label else ""
        alt = f"{'Nearest medical' if nearest else 'Medical'} image {row.name}{label}"
        caption = f"{'nearest ' if nearest else ''}medical{label}"
        return Tile(self._picture(row.path, synthetic=False), alt, caption, False)

    def _picture(self, path: str, *, synthetic: bool, marks: str | None = None) -> pictures.Picture:
        """The picture of one file, made once."""
        known = self._made.get((path, synthetic))
        if known is None:
            place = Path(path)
            place = place if place.is_absolute() or place.exists() else self.facts.folder / place
            known = pictures.picture(place, synthetic=synthetic, reader=self.reader, marks=marks)
            self._made[path, synthetic] = known
        return known

    def _about(self, row: Row) -> tuple[tuple[str, str], ...]:
        """The facts about a pair, for the opened view."""
        facts = [("File", row.name), *_about(row)]
        source = self.facts.by_path(row.nearest) if row.synthetic else None
        if row.synthetic and row.nearest:
            facts.append(("Nearest medical image", name_of(row.nearest)))
        if source is not None:
            facts += [("Origin of the nearest", text) for _, text in _about(source)]
        if row.synthetic and row.label_agreement is not None:
            facts.append(("Near medical images with its label", share(row.label_agreement)))
        if row.synthetic and row.nearest_distance is not None:
            facts.append(("Distance between features", quantity(row.nearest_distance)))
        return tuple(facts)


def _about(row: Row) -> list[tuple[str, str]]:
    """Origin, label and groups of one image."""
    described = [f"{column}: {value}" for column, value in row.groups.items()]
    described = [f"label: {row.label}", *described] if row.label else described
    return [("Origin", ", ".join([row.origin, *described]))]


def _state(row: Row) -> str:
    """What the evaluation said of a synthetic image."""
    if row.exact_copy:
        return "exact copy"
    if row.copy_suspect:
        return "suspected copy"
    return {True: "supported", False: "not supported", None: ""}[row.supported]
