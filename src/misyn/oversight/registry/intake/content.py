"""What a publication holds, by name: the record and the evidence of its bundle, all of it aggregate.

Rules
-----
1. A bundle that does not hold (:mod:`misyn.practice.checking`), or holds what is no aggregate, is refused whole.
2. A status that rests on a log holds where this registry's own log proves it.
3. Refusals name places and say what to do; they never repeat a value, because it may be the one that must not be kept.

Example: see ``tests/registry/test_intake.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from misyn.errors import EvidenceError, InputError
from misyn.oversight.registry.intake import aggregate
from misyn.practice import bundle, checking
from misyn.practice.record import Record
from misyn.results import Evidence

MOST_BYTES = 8 << 20
MOST_TOLD = 20
Proven = Callable[[Mapping[str, Any]], None]


class Refused(InputError):
    """A submission is refused; ``problems`` says where and why, without repeating what was found."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems[:MOST_TOLD])
        said = "; ".join(f"{where}: {what}" for where, what in self.problems)
        super().__init__(f"refused, and nothing of it was kept: {said}")


@dataclass(frozen=True)
class Content:
    """A bundle that was accepted: its digest, and its members by name without ``.json``."""

    digest: str
    members: Mapping[str, Mapping[str, Any]]

    @property
    def record(self) -> Record:
        """The record, as it was disclosed."""
        return Record(self.members["record"], files=frozenset(self.members.get("files", {}).get("files", {})))

    @property
    def audit(self) -> Mapping[str, Any]:
        """What the audit found."""
        return self.members["audit"]

    @property
    def evidence(self) -> dict[str, Evidence]:
        """The evidence by kind."""
        return {kind: Evidence(kind, self.members[kind]) for kind in self.members if kind not in ("record", "audit")}


def accept(data: bytes, *, proven: Proven | None = None) -> Content:
    """Accept a bundle, or refuse it (rule 1).

    Raises:
        Refused: with every reason.
    """
    if len(data) > MOST_BYTES:
        raise Refused([("bundle.zip", f"it is larger than {MOST_BYTES >> 20} MiB, which no aggregate needs")])
    try:
        checked = checking.check_bytes(data, proven=proven)
    except EvidenceError as error:
        raise Refused([("bundle.zip", "it is no bundle that misyn audit wrote")]) from error
    if not checked.holds:
        raise Refused([(_place(one.where), "misyn check finds that it does not hold") for one in checked.differences])
    members, _ = bundle.members_of(data)
    found = {name.removesuffix(".json"): json.loads(raw) for name, raw in members.items() if name != bundle.MANIFEST}
    problems = aggregate.problems(found)
    if problems:
        raise Refused(problems)
    return Content(checked.digest, found)


def _place(where: str) -> str:
    """Where a difference is, without names that came from outside."""
    return where.partition(":")[0] if where.partition(":")[0] in bundle.MEMBERS else "bundle.zip"
