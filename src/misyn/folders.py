"""Measuring without a record: folders in, ``evaluation.json`` and the report's evaluation pages out.

Rules
-----
1. The same study as an audit's, from the same rooms; nothing is judged, because nobody claimed anything.
2. A table of the medical images describes them all; synthetic images have one of their own, with the same columns
   unless others are named.
3. Image-to-image techniques are measured in pairs (:mod:`misyn.evaluate.pairs`), beside the sets or alone.
4. An error says which folder it speaks of.

Example:
    >>> Folders(medical=Path("a"), synthetic=Path("b"), out=Path("a")).sets()  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    UsageError: expected --out to be a folder of its own, found one of the images' folders
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misyn.errors import InputError, UsageError

if TYPE_CHECKING:
    from misyn.evaluate.pairs.joined import Pairs
    from misyn.evaluate.study import Sets
    from misyn.images.collection import Collection

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """A table of images, and what its columns mean; see :func:`misyn.images.collection.collect`."""

    table: Path | None = None
    key: str | None = None
    patient: str | None = None
    label: str | None = None
    groups: tuple[str, ...] = ()

    def of(self, place: Path) -> Collection:
        """The images of a place, joined with this table."""
        from misyn.images.collection import collect  # noqa: PLC0415 - numerics only when measuring

        return collect(
            place, table=self.table, key=self.key, patient=self.patient, label=self.label, groups=self.groups
        )


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What the synthetic images of an image-to-image technique were made from.

    Attributes:
        table: of pairs (:func:`misyn.evaluate.pairs.joined.of_table`); else folders, joined by name:
        source: images given to the technique.
        target: images the synthetic ones stand in for.
        regions: masks of regions that are measured on their own.
        columns: what is known of the sources.
    """

    table: Path | None = None
    source: Path | None = None
    target: Path | None = None
    regions: Path | None = None
    columns: Columns = field(default_factory=Columns)

    def pairs(self, synthetic: Path | None) -> Pairs:
        """Join the synthetic images with what they were made from.

        Raises:
            InputError: images or tables cannot be used.
            UsageError: neither a table nor both folders are given.
        """
        from misyn.evaluate.pairs.joined import of_folders, of_table  # noqa: PLC0415 - numerics only when measuring
        from misyn.images.collection import collect  # noqa: PLC0415

        if self.table is not None:
            with _named("--pairs"):
                return of_table(self.table)
        if self.source is None or synthetic is None:
            raise UsageError("expected --pairs, or --synthetic and --source. Next: name both folders")
        with _named("--synthetic"):
            drawn = collect(synthetic)
        with _named("--source"):
            return of_folders(drawn, self.columns.of(self.source), target=self.target, region=self.regions)


@dataclass(frozen=True, kw_only=True)
class Folders:
    """What is compared, and where the results go.

    Attributes:
        medical: training images, or other medical images when ``reference`` is true.
        synthetic: synthetic images.
        out: folder for the results.
        held_out: unseen medical images of the training images' source.
        reference: whether ``medical`` are not the training images.
        columns: what is known of the medical images.
        drawn: the synthetic images' own table; what it does not name is called as in ``columns``.
        masks: ``medical``, ``held-out``, ``synthetic`` → folder of masks (:mod:`misyn.evaluate.masks`).
        sources: of an image-to-image technique; with them, ``medical`` (and with a table ``synthetic``) may be None.
    """

    out: Path
    medical: Path | None = None
    synthetic: Path | None = None
    held_out: Path | None = None
    reference: bool = False
    columns: Columns = field(default_factory=Columns)
    drawn: Columns = field(default_factory=Columns)
    masks: Mapping[str, Path] = field(default_factory=dict)
    sources: Sources | None = None

    def sets(self) -> Sets:
        """List the images and join their tables.

        Raises:
            NoImages: a folder holds nothing that reads as an image.
            TableError: a table does not read or does not join the images.
            UsageError: results would go among the images.
        """
        from misyn.evaluate.study import Sets  # noqa: PLC0415 - numerics only when measuring

        self._apart()
        if self.medical is None or self.synthetic is None:
            raise UsageError("expected --medical and --synthetic. Next: name both folders")
        with _named("--medical"):
            seen = self.columns.of(self.medical)
        with _named("--synthetic"):
            drawn = self._of_synthetic().of(self.synthetic)
        with _named("--held-out"):
            unseen = None if self.held_out is None else self.columns.of(self.held_out)
        role = "reference" if self.reference else "training"
        return Sets(
            synthetic=drawn,
            training=None if self.reference else seen,
            reference=seen if self.reference else None,
            held_out=unseen,
            masks={role if of == "medical" else of: place for of, place in self.masks.items()},
        )

    def _apart(self) -> None:
        """Refuse to write among the images."""
        sources = (self.sources.source, self.sources.target) if self.sources else ()
        for place in (self.medical, self.synthetic, self.held_out, *sources):
            if place is not None and self.out.resolve() == place.resolve():
                raise UsageError("expected --out to be a folder of its own, found one of the images' folders")

    def _of_synthetic(self) -> Columns:
        """The columns of the synthetic images (rule 2)."""
        if self.drawn.table is None:
            return Columns(label="@folder" if self.columns.label == "@folder" else None)
        own = self.drawn
        return replace(
            own,
            key=own.key or self.columns.key,
            label=own.label or self.columns.label,
            groups=own.groups or self.columns.groups,
        )

    def evaluate(
        self,
        *,
        extractor: str = "texture",
        seed: int = 0,
        workers: int | None = None,
        progress: Progress | None = None,
        cache: Path | None = None,
        predictions: Sequence[Path] = (),
        margin: float | None = None,
    ) -> tuple[dict[str, Any], Path]:
        """Measure, and show.

        Args:
            extractor: what :func:`misyn.evaluate.extractors.known.by_name` takes.
            seed: of everything random.
            workers: processes, as in :func:`misyn.engine.map`.
            progress: called with (done, total).
            cache: folder that keeps features for later studies.
            predictions: tables of the user's own models, the one trained on medical images first.
            margin: downstream difference in area under the curve that counts as none, fixed beforehand.

        Returns:
            The content of ``evaluation.json``, and the path of the report.

        Raises:
            InputError: images, tables or masks cannot be used.
            EvaluationError: all images are identical.
            UsageError: there is no such extractor, or results would go among the images.
        """
        from misyn.evaluate.pair import Settings  # noqa: PLC0415 - numerics only when measuring
        from misyn.evaluate.study import evaluate  # noqa: PLC0415
        from misyn.report.page import write  # noqa: PLC0415

        content: dict[str, Any] | None = None
        if self.medical is not None or self.sources is None:
            found = evaluate(
                self.sets(),
                out=self.out,
                seed=seed,
                extractor=extractor,
                workers=workers,
                progress=progress,
                cache=cache,
                settings=Settings(margin=margin),
                predictions=predictions,
            )
            content = dict(found.content)
        content = self._in_pairs(content, seed=seed, workers=workers, progress=progress)
        rows = self.out / content["images"]
        return content, write(self.out, audit=None, evaluation=content, marks=None, record=None, images=rows)

    def _in_pairs(
        self, content: dict[str, Any] | None, *, seed: int, workers: int | None, progress: Progress | None
    ) -> dict[str, Any]:
        """Add what the pairs say, where there are any."""
        if self.sources is None:
            return content or {}
        from misyn.evaluate.pairs import study  # noqa: PLC0415 - numerics only when measuring

        self._apart()
        pairs = self.sources.pairs(self.synthetic)
        return study.evaluate(pairs, out=self.out, content=content, seed=seed, workers=workers, progress=progress)


@contextlib.contextmanager
def _named(option: str) -> Iterator[None]:
    """Say which of several folders an error speaks of."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{option}: {error}") from error
