"""A guard where images are used: it reads what each file says once, and lets through what the policy allows.

Rules
-----
G1. Refused in every split: what cannot be read, what contradicts itself, synthetic images that nobody declared, and
    images that say nothing and have no recorded origin.
G2. Refused where something is measured (validation, evaluation): every synthetic image.
G3. A synthetic image that was made from a patient's image counts as that patient's. The source is found by the digest
    of its pixels among the images of this split, of the others and of ``known``; one nobody knows is refused, because
    whose patient it is cannot be told.
G4. Refused against the other splits: a patient of theirs, and pixels that are theirs.
G5. Either everything passes, or the data set is refused with counts by reason; with ``leave_out`` the rest goes on.
    Reasons are sentences with counts, never names of files or patients.

What it cannot see: whether a *generator* was trained on a patient of the evaluation split. A declaration does not say
whom its technique learnt from; the technique's record does.

Example:
    >>> guard(["no such file"], Use(split="training", purpose="an example", medical="nowhere"))
    Traceback (most recent call last):
    misyn.errors.Refused: refused 1 of 1 images for training: 1 cannot be read...
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from misyn.errors import Refused, UsageError
from misyn.generate.members import members
from misyn.generate.use import Use
from misyn.generate.used import declaration_of_use, write
from misyn.generate.verdicts import Facts, gather
from misyn.images.collection import Item

UNREADABLE = "cannot be read"
CONTRADICTORY = "contradict themselves about their origin"
UNDECLARED = "are synthetic and nobody declared them"
UNTRUSTED = "are declared by nobody who is trusted"
NO_ORIGIN = "say nothing of their origin and have no recorded one"
IN_EVALUATION = "are synthetic, and this split is for measuring"
UNKNOWN_SOURCE = "were made from images nobody here knows, so whose patient they show cannot be told"
SAME_PATIENT = "are of a patient, or made from a patient, of another split"
SAME_PIXELS = "have the same pixels as an image of another split"


@dataclass(frozen=True)
class Judged:
    """One file of the data set: what is known, what it says, whose patients it counts as, and why it is refused."""

    item: Item
    facts: Facts
    patients: frozenset[str]
    refused: str | None = None

    @property
    def synthetic(self) -> bool:
        """Whether it says so."""
        return bool(self.facts["verdict"] == "synthetic")


@dataclass(frozen=True, eq=False)
class Guarded:
    """The data set, let through. It is used like the one that was given; ``report`` is its declaration of use.

    Attributes:
        dataset: what was given.
        indices: which of its items are let through, in order.
        report: what was used, in what numbers, made how, and for what (``misyn/use/1``).
        judged: what is known of every file that is let through.
        read: how many files were read; the rest were remembered.
    """

    dataset: Any
    indices: tuple[int, ...]
    report: dict[str, Any]
    judged: tuple[Judged, ...] = field(repr=False)
    read: int = 0

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int | slice) -> Any:  # noqa: ANN401 - as the data set
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return self.dataset[self.indices[index]]

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    @property
    def patients(self) -> frozenset[str]:
        """Whose images these are, those behind synthetic ones included."""
        return frozenset().union(*(judged.patients for judged in self.judged))

    @property
    def pixels(self) -> dict[str, str | None]:
        """Digest of pixels to patient, for every image that is not synthetic."""
        return {j.facts["pixels"]: _own_patient(j.item, j.facts) for j in self.judged if not j.synthetic}


def guard(dataset: Any, policy: Use) -> Guarded:  # noqa: ANN401 - any data set
    """Let a data set through, or refuse it.

    Args:
        dataset: a PyTorch or MONAI data set, a list of paths or mappings, a collection, or a folder
            (:mod:`misyn.generate.members`).
        policy: what is allowed, and what for.

    Returns:
        The data set, used as before, with ``report``.

    Raises:
        Refused: something is not allowed, and ``leave_out`` is off, or nothing would be left.
        UsageError: the data set's files cannot be told, or it is empty.
        SigningError: the trusted roots cannot be read.
    """
    items = members(dataset, key=policy.key, about=policy.about)
    if not items:
        raise UsageError("expected a data set with images, found an empty one")
    trust = None if policy.trust is None else Path(policy.trust)
    cache = None if policy.cache is None else Path(policy.cache)
    facts, read = gather([item.path for item in items], cache=cache, trust=trust, workers=policy.workers)
    judged = _judge(items, facts, policy, _known(policy, cache, trust))
    reasons = Counter(one.refused for one in judged if one.refused)
    kept = [n for n, one in enumerate(judged) if one.refused is None]
    if reasons and (not policy.leave_out or not kept):
        raise _refusal(reasons, len(items), policy)
    through = tuple(judged[n] for n in kept)
    report = declaration_of_use(through, policy, reasons=dict(reasons))
    if policy.out is not None:
        write(report, Path(policy.out))
    return Guarded(_indexable(dataset, items), tuple(kept), report, through, read)


def _indexable(dataset: Any, items: Sequence[Item]) -> Any:  # noqa: ANN401
    """What is indexed: the data set itself, or the paths of a folder or collection."""
    return dataset if hasattr(dataset, "__getitem__") and not isinstance(dataset, str) else [i.path for i in items]


def _known(policy: Use, cache: Path | None, trust: Path | None) -> dict[str, str | None]:
    """Digest of pixels to patient, of everything besides the data set."""
    found: dict[str, str | None] = {}
    for other in policy.against:
        found |= other.pixels
    if policy.known is not None:
        items = policy.known.items
        facts, _ = gather([item.path for item in items], cache=cache, trust=trust, workers=policy.workers)
        found |= {fact["pixels"]: _own_patient(i, fact) for i, fact in zip(items, facts, strict=True) if fact["pixels"]}
    return found


def _own_patient(item: Item, facts: Facts) -> str | None:
    return item.patient or facts["patient"]


def _judge(items: Sequence[Item], facts: Sequence[Facts], policy: Use, known: dict[str, str | None]) -> list[Judged]:
    medical = [(i, f) for i, f in zip(items, facts, strict=True) if f["verdict"] == "no-evidence"]
    known = {**known, **{fact["pixels"]: _own_patient(item, fact) for item, fact in medical}}
    theirs = frozenset().union(*(other.patients for other in policy.against))
    pixels = frozenset().union(*(other.pixels for other in policy.against))
    judged = []
    for item, fact in zip(items, facts, strict=True):
        sources = _sources(fact)
        patients = {known.get(source) for source in sources} | {_own_patient(item, fact)}
        refused = _refused(item, fact, policy) or (
            UNKNOWN_SOURCE
            if not set(sources) <= known.keys() and not policy.unsafe_unknown_sources
            else SAME_PATIENT
            if patients & theirs
            else SAME_PIXELS
            if fact.get("pixels") in pixels
            else None
        )
        judged.append(Judged(item, fact, frozenset(filter(None, patients)), refused))
    return judged


def _refused(item: Item, facts: Facts, policy: Use) -> str | None:
    """Why one file is refused for what it says (rules G1 and G2), or None."""
    verdict = facts["verdict"]
    if verdict == "unreadable":
        return UNREADABLE
    if verdict == "contradictory":
        return CONTRADICTORY
    if verdict == "no-evidence":
        return None if policy.origin_of(item.path) else NO_ORIGIN
    if policy.is_evaluation:
        return IN_EVALUATION
    if facts["declaration"] is None:
        return UNDECLARED
    return UNTRUSTED if policy.only_trusted and not facts["trusted"] else None


def _sources(facts: Facts) -> list[str]:
    """Digests of the images that a synthetic one was made from and that are not synthetic themselves (rule G3)."""
    declaration = facts.get("declaration") or {}
    named = (declaration.get("derivation") or {}).get("sources", [])
    synthetic = {source.get("digest") for source in named if source.get("origin") == "synthetic"}
    return [source for source in declaration.get("derived_from", []) if source not in synthetic]


def _refusal(reasons: Counter[str], n: int, policy: Use) -> Refused:
    total = reasons.total()
    said = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return Refused(
        f"refused {total} of {n} images for {policy.split}: {said}. Next: misyn verify shows what each file says; "
        "settle it at the source, or leave_out=True goes on without them",
        reasons=dict(reasons),
    )
