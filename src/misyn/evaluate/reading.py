"""Read the files of a study: every one twice, in the engine's workers, what is known already not at all.

Rules
-----
1. A file that does not read is counted by set and kind of error, and listed with its path in ``per-image.parquet``; it
   never ends the study.
2. Features that a cache holds are taken from there; results are the same bytes with and without it.

Example:
    >>> paths({})
    []
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from misyn import engine
from misyn.evaluate import features
from misyn.evaluate.cache import Cache, key_of
from misyn.evaluate.extractors import Extractor
from misyn.evaluate.form import sentence
from misyn.evaluate.preprocess import Plan
from misyn.evaluate.sets import NAMES
from misyn.images.collection import Collection
from misyn.images.limits import Limits
from misyn.results import Caveat

Progress = Callable[[int, int], None]
Read = Mapping[str, Mapping[str, Any]]


class Failure(NamedTuple):
    """Why a file is left out: the kind of error, and its sentence."""

    kind: str
    said: str


@dataclass
class Reader:
    """Maps a function over files, and remembers which could not be read, and why."""

    workers: int | None
    progress: Progress | None
    total: int
    ledger: Path
    cache: Path | None = None
    done: int = 0

    def __post_init__(self) -> None:
        """Start with nothing failed."""
        self.failed: dict[str, Failure] = {}

    def read(self, function: engine.Function, paths: list[str]) -> dict[str, Mapping[str, Any]]:
        """Path → value, for those that could be read."""
        rows = engine.map(function, paths, workers=self.workers, progress=self._report, ledger=self.ledger)
        self.done += len(paths)
        self.failed |= {
            row.item: Failure(row.error_type or "error", row.error or "") for row in rows if row.value is None
        }
        return {row.item: row.value for row in rows if row.value is not None}

    def described(
        self, facts: Read, *, plan: Plan, extractor: Extractor, limits: Limits
    ) -> dict[str, Mapping[str, Any]]:
        """Path → features, out of the cache where they are there already; what is new goes into it."""
        function = partial(features.describe, plan=plan, extractor=extractor.spec, limits=limits)
        if self.cache is None:
            return self.read(function, list(facts))
        by = features.made_by(extractor, plan)
        keys = {path: key_of(str(seen["content"]), by=by) for path, seen in facts.items()}
        with Cache(self.cache) as cache:
            known = cache.find(list(dict.fromkeys(keys.values())))
            self._skip(sum(key in known for key in keys.values()))
            new = self.read(function, [path for path, key in keys.items() if key not in known])
            cache.keep({keys[path]: value for path, value in new.items()})
        found = new | {path: known[key] for path, key in keys.items() if key in known}
        return {path: found[path] for path in facts if path in found}

    def _skip(self, n: int) -> None:
        """Count what need not be read."""
        self.done += n

    def _report(self, done: int, _: int) -> None:
        if self.progress is not None:
            self.progress(self.done + done, self.total)

    def caveats(self, named: Mapping[str, Collection]) -> Iterator[Caveat]:
        """Say how many files of each set could not be read, and what tables had to say."""
        for origin, collection in named.items():
            kinds = Counter(self.failed[path].kind for path in of(collection) if path in self.failed)
            if kinds:
                total = f"{kinds.total()} of {len(collection)} of {NAMES[origin]}"
                said = ", ".join(f"{kind}: {n}" for kind, n in sorted(kinds.items()))
                yield Caveat(
                    "unreadable-files",
                    f"{total} could not be read and are left out ({said}). Next: per-image.parquet and the report list "
                    "each of them with the reason",
                )
            for problem in collection.problems:
                yield Caveat("table-problems", f"{sentence(NAMES[origin])}: {problem}")


def paths(named: Mapping[str, Collection]) -> list[str]:
    """Every file once, in order."""
    return list(dict.fromkeys(path for collection in named.values() for path in of(collection)))


def of(collection: Collection) -> list[str]:
    """The files of one set, in order."""
    return [str(item.path) for item in collection.items]
