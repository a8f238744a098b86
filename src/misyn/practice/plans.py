"""The evaluation plan: the bytes of it that a log holds, and what shows that it came before the results.

Rules
-----
1. What is logged is the plan alone, as canonical JSON: rewording anything else in the record leaves it as it is, and so
   does writing down, in ``plan.log``, where its proof lies.
2. That a plan came first is shown in one of two ways. The evaluation names the log's checkpoint that already held the
   plan (``after``): nobody can know that checkpoint before it exists. Or the same log holds the evaluation later.
3. Entries of different logs are never compared. No log shows that nobody had looked before.

Source: issue list of the project's design, item *Record*; recommendation E1.

Example:
    >>> to_bytes("Coverage by group.")
    b'{"text":"Coverage by group."}'
    >>> digest_of({"text": "a", "log": "plan.json.tlog-proof"}) == digest_of({"text": "a"})
    True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from misyn import atomic
from misyn.canonical import canonical_bytes, digest
from misyn.errors import InputError, UsageError
from misyn.practice import yamltext
from misyn.practice.record import Record, parse, text_of
from misyn.results import Evidence

NAME = "plan.json"
PLACE = ("log", "size", "root")  # what names a checkpoint
Order = Literal["before", "after", "unknown"]
Row = Mapping[str, Any]


def to_bytes(plan: Any) -> bytes:  # noqa: ANN401 - a text or a mapping
    """The plan as it is logged: canonical JSON, without its own log entry."""
    kept = {key: value for key, value in plan.items() if key != "log"} if isinstance(plan, Mapping) else {"text": plan}
    return canonical_bytes(kept)


def digest_of(plan: Any) -> str:  # noqa: ANN401 - a text or a mapping
    """The digest a log has to hold: that of the plan without its own log entry."""
    return digest(to_bytes(plan))


def entry(plan: Any, rows: Sequence[Row]) -> Row | None:  # noqa: ANN401 - a text or a mapping
    """The earliest entry of a log that holds this plan, or None."""
    wanted = digest_of(plan)
    found = [row for row in rows if row.get("digest") == wanted and isinstance(row.get("index"), int)]
    return min(found, key=lambda row: int(row["index"]), default=None)


def after(record: Record, rows: Sequence[Row]) -> dict[str, Any] | None:
    """The checkpoint an evaluation names to show that it was made after its plan was in a log; None without one."""
    held = entry(record.get("plan"), rows) if record.get("plan") else None
    return None if held is None else {key: held.get(key) for key in PLACE}


def order(held: Row, evaluation: Evidence, rows: Sequence[Row]) -> Order:
    """Whether the plan that a log holds came before the evaluation (rules 2 and 3)."""
    told = evaluation.content.get("after")
    if isinstance(told, Mapping) and held.get("root") and all(told.get(key) == held.get(key) for key in PLACE):
        return "before"
    later = [
        int(row["index"])
        for row in rows
        if row.get("digest") == evaluation.digest and row.get("log") == held.get("log") and "index" in row
    ]
    if not later:
        return "unknown"
    return "before" if int(held["index"]) < min(later) else "after"


def write(path: Path) -> Path | None:
    """Write the plan of a record beside it, as the file that is logged; None where the file is no record.

    Args:
        path: what somebody wants to log as a plan: a record, or any other file, which is the plan as it is.

    Raises:
        InputError: the record holds no plan.
        UsageError: another plan lies there.
        RecordError: the record has mistakes; all are listed.
    """
    if path.suffix not in {".yaml", ".yml"}:
        return None
    text = text_of(path)
    if "misyn" not in (found := yamltext.plain(yamltext.read(text))) or not isinstance(found, Mapping):
        return None
    plan = parse(text, path=path).get("plan")
    if not plan:
        raise InputError(f"expected a record with a plan, found none in {path.name}. Next: write plan, then log it")
    data, target = to_bytes(plan), path.with_name(NAME)
    if target.exists() and target.read_bytes() != data:
        raise UsageError(
            f"{target} holds another plan. Next: if the plan has changed, move it and its proof away first; both stay "
            "true of the old one"
        )
    atomic.write_bytes(target, data)
    return target
