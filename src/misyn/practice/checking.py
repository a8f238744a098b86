"""Check an evidence bundle: its bytes, its digests, and every status derived again, without a network.

Rules
-----
1. Nothing that can be derived is believed: digests, phase, scope, findings, claims, warnings. Each difference is named.
2. What cannot be derived, the evidence itself, is as good as the digest of the bundle: put that in a log, and compare.
3. A status that rests on a log holds only where the caller's ``proven`` accepts the proof of the entry.
4. Content from outside never ends in a traceback: evidence from which nothing can be derived does not hold.

Source: issue list of the project's design, item *Findings and report*.

Example:
    >>> import tempfile
    >>> from misyn.practice.record import parse
    >>> record = parse("{misyn: 1, technique: {name: demo}, responsible: A. Person}")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "bundle.zip"
    ...     written = bundle.write(path, record=record, evidence={}, caveats=(), version="1", seed=0)
    ...     found = check(path)
    >>> found.differences, found.digest == written
    ((), True)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from misyn.canonical import canonical_bytes, digest, record_digest
from misyn.errors import EvidenceError, MisynError, NotProven, RecordError
from misyn.practice import bundle, derivation, disclosure
from misyn.practice import record as records
from misyn.practice.bundle import AUDIT, MANIFEST, RECORD, Difference
from misyn.results import ClaimStatus, Evidence, FindingStatus

Proven = Callable[[Mapping[str, Any]], None]
_STATUSES = {*get_args(FindingStatus), *get_args(ClaimStatus)}
# What an audit says beside what is derived.
_OWN = {"misyn", "seed", "command", "local"}


@dataclass(frozen=True)
class Checked:
    """What checking a bundle came to. ``content`` is its ``audit.json``, as stated; empty where it does not read."""

    digest: str
    differences: tuple[Difference, ...]
    content: Mapping[str, Any] = field(default_factory=dict)
    log_entries: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def check(path: Path, *, proven: Proven | None = None) -> Checked:
    """Check a bundle: its bytes, its digests, and every status derived again.

    Args:
        path: the bundle.
        proven: called with each entry of its log evidence (``digest``, ``index``, ``proof``); raises NotProven where
            the proof does not hold. None: statuses that rest on a log do not hold.

    Raises:
        EvidenceError: it cannot be read as a bundle at all.
    """
    return check_bytes(bundle.bytes_of(path), proven=proven)


def check_bytes(data: bytes, *, proven: Proven | None = None) -> Checked:
    """Check a bundle that is in memory; see :func:`check`."""
    members, found = bundle.members_of(data)
    contents = {name: content for name in members if (content := _read(name, members[name], found)) is not None}
    found += [d for d in _manifest(contents.get(MANIFEST), members) if d.where not in {f.where for f in found}]
    if not found and bundle.packed({name: raw for name, raw in members.items() if name != MANIFEST}) != data:
        found.append(
            Difference(bundle.NAME, "it holds bytes beside its members, or in another order than misyn writes")
        )
    if RECORD in contents and AUDIT in contents:
        found += _derived(contents)
    found += _logged(contents.get("log.json"), proven)
    entries = contents.get("log.json", {}).get("entries")
    return Checked(
        digest(data), tuple(found), contents.get(AUDIT, {}), len(entries) if isinstance(entries, list) else 0
    )


def _read(name: str, data: bytes, found: list[Difference]) -> dict[str, Any] | None:
    """A member's content; it has to be canonical, so that no byte of it can say two things."""
    try:
        content = json.loads(data)
        if isinstance(content, dict) and canonical_bytes(content) == data:
            return content
    except (ValueError, RecursionError, EvidenceError):
        pass
    found.append(Difference(name, "expected canonical JSON (RFC 8785) of one mapping, found something else"))
    return None


def _manifest(manifest: Mapping[str, Any] | None, members: Mapping[str, bytes]) -> Iterator[Difference]:
    """The digests of all members, and nothing else."""
    if manifest is None:
        return
    stated = manifest.get("members")
    stated = stated if isinstance(stated, Mapping) else {}
    if manifest.get("schema") != bundle.SCHEMA or set(manifest) != {"schema", "members"}:
        yield Difference(MANIFEST, f"expected the keys schema ({bundle.SCHEMA}) and members, found others")
    for name in sorted({*stated, *members} - {MANIFEST}):
        if name not in members:
            yield Difference(bundle.quoted(name), f"{MANIFEST} names it, and it is not there")
        elif name not in stated:
            yield Difference(name, f"{MANIFEST} does not name it")
        elif stated[name] != digest(members[name]):
            yield Difference(name, "its content is not what its digest says")


def _derived(contents: Mapping[str, Mapping[str, Any]]) -> Iterator[Difference]:
    """Everything that can be derived, derived again and compared (rule 4)."""
    audit = contents[AUDIT]
    kinds = [kind for kind in disclosure.KINDS if f"{kind}.json" in contents]
    evidence = {kind: Evidence(kind, contents[f"{kind}.json"]) for kind in _order(audit, kinds)}
    files = contents.get("files.json", {}).get("files")
    try:
        record = records.of(contents[RECORD], files=frozenset(files if isinstance(files, Mapping) else ()))
        if record.digest != record_digest(contents[RECORD]):
            yield Difference(RECORD, "it holds keys with nothing behind them")
        found = derivation.derive(record, evidence)
    except RecordError as error:
        yield from (Difference(f"{RECORD}: {where}", what) for where, what in error.problems)
        return
    except (MisynError, TypeError, ValueError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        yield Difference(AUDIT, f"nothing can be derived from this evidence ({type(error).__name__})")
        return
    yield from _compared(audit, found)
    yield from _made(audit, contents.get("evaluation.json", {}))
    yield from _local(audit.get("local"), found)


def _order(audit: Mapping[str, Any], kinds: list[str]) -> list[str]:
    """The kinds of evidence that are there, in the order in which the audit names them."""
    rows = audit.get("evidence")
    named = [row.get("kind") for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return sorted(kinds, key=lambda kind: named.index(kind) if kind in named else len(named))


def _compared(audit: Mapping[str, Any], found: dict[str, Any]) -> Iterator[Difference]:
    for key in sorted({*audit, *found} - _OWN):
        if key == "warnings":
            yield from _warned(audit.get(key), found[key])
        elif key not in found:
            yield Difference(f"{AUDIT}: {bundle.quoted(key)}", "an audit holds nothing of this name")
        else:
            yield from _differences(f"{AUDIT}: {key}", audit.get(key), found[key])


def _made(audit: Mapping[str, Any], evaluation: Mapping[str, Any]) -> Iterator[Difference]:
    """Version, seed and command agree with each other and with the evaluation."""
    version, seed = evaluation.get("misyn", audit.get("misyn")), evaluation.get("seed", audit.get("seed"))
    stated = {key: audit.get(key) for key in ("misyn", "seed", "command")}
    yield from _differences(AUDIT, stated, bundle.made(version, seed))


def _local(stated: object, found: Mapping[str, Any]) -> Iterator[Difference]:
    """What the full evidence is said to have given: other statuses than here, of what is judged here."""
    here = {row["id"]: row["status"] for row in found["findings"]}
    here |= {f"claim:{row['id']}": row["status"] for row in found["claims"]}
    for row in stated if isinstance(stated, list) else [None]:
        about, status = (str(row.get("about")), str(row.get("status"))) if isinstance(row, dict) else ("", "")
        known = isinstance(row, dict) and set(row) == {"about", "status"} and about in here and status in _STATUSES
        if not known or here[about] == status:
            yield Difference(f"{AUDIT}: local", "expected statuses that differ from those derived here")


def _warned(stated: object, found: list[dict[str, str]]) -> Iterator[Difference]:
    """The evaluation's warnings end the list; before them may stand what was noticed while gathering."""
    rows = stated if isinstance(stated, list) else []
    if rows[len(rows) - len(found) :] != found:
        yield Difference(f"{AUDIT}: warnings", "the evaluation's warnings are not all there, as they stand in it")
    if not all(isinstance(row, dict) and set(row) == {"id", "text"} for row in rows):
        yield Difference(f"{AUDIT}: warnings", "expected an id and a text each, found something else")


def _differences(where: str, stated: Any, found: Any) -> Iterator[Difference]:  # noqa: ANN401 - JSON
    """Name each place at which two JSON values differ; rows with an id are named by it."""
    if isinstance(stated, dict) and isinstance(found, dict):
        for key in sorted({*stated, *found}):
            yield from _differences(f"{where}.{key}", stated.get(key), found.get(key))
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for index, (one, other) in enumerate(zip(stated, found, strict=True)):
            name = other.get("id", index) if isinstance(other, dict) else index
            yield from _differences(f"{where}[{name}]", one, other)
    elif stated != found or type(stated) is not type(found):
        yield Difference(where, f"the bundle says {_short(stated)}; its evidence gives {_short(found)}")


def _short(value: Any) -> str:  # noqa: ANN401 - JSON
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _logged(log: Mapping[str, Any] | None, proven: Proven | None) -> Iterator[Difference]:
    """Every entry that a status may rest on is proven (rule 5)."""
    rows = (log or {}).get("entries")
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        try:
            if proven is None:
                raise NotProven("no policy was given that says which log to believe")
            proven(row)
        except MisynError as error:
            yield Difference(f"log.json: entries[{number}]", str(error))
