"""The aggregate of many verdicts: what an audit may keep, because it names no file and no patient.

Rules
-----
1. Counts only: no path, no text from a file except the declared technique's name and version, and record digests.
2. Every list is in a fixed order, so that the same verdicts make the same bytes.
3. A layer counts where it was found; a layer that was not searched counts nowhere.

Example:
    >>> from pathlib import Path
    >>> from misyn.marks.verifying import FileVerdict
    >>> summarise([FileVerdict(path=Path("a"), verdict="no-evidence", format="png")])["verdicts"]["no-evidence"]
    1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from misyn.marks.verifying import FileVerdict

SCHEMA = "misyn/marks/1"
VERDICTS = ("synthetic", "contradictory", "no-evidence", "unreadable")
LAYERS = ("metadata", "credential", "watermark", "fingerprint", "label")


def summarise(verdicts: Sequence[FileVerdict | Mapping[str, Any]]) -> dict[str, Any]:
    """Count what many files say of their origin.

    Args:
        verdicts: verdicts, or their JSON objects.

    Returns:
        The evidence of kind ``marks``: JSON-like, aggregate, in a fixed order.
    """
    files = [verdict.as_json() if isinstance(verdict, FileVerdict) else verdict for verdict in verdicts]
    declared = [file["declaration"] for file in files if file["declaration"] is not None]
    layers = [_found(file) for file in files]
    techniques = Counter((d["technique"]["name"], d["technique"]["version"]) for d in declared)
    traces = [{trace["trace"] for trace in _foreign(file)} for file in files]
    return {
        "schema": SCHEMA,
        "n_files": len(files),
        "verdicts": _counts([file["verdict"] for file in files], VERDICTS),
        "layers": _counts([layer for found in layers for layer in found], LAYERS),
        "foreign": dict(sorted(Counter(name for names in traces for name in names).items())),
        "foreign_only": sum(bool(names) and not found for names, found in zip(traces, layers, strict=True)),
        "declared": len(declared),
        "signed": sum(file["layers"].get("credential", {}).get("state") == "trusted" for file in files),
        "formats": dict(sorted(Counter(file["format"] or "unknown" for file in files).items())),
        "techniques": [{"name": name, "version": version, "n": n} for (name, version), n in sorted(techniques.items())],
        "records": [
            {"digest": digest, "n": n}
            for digest, n in sorted(Counter(d["record"] for d in declared if d["record"]).items())
        ],
        "problems": dict(sorted(Counter(problem for file in files for problem in file["problems"]).items())),
    }


def _counts(found: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    counts = Counter(found)
    return {name: counts[name] for name in names}


def _foreign(file: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    traces: Sequence[Mapping[str, Any]] = file["layers"].get("foreign", {}).get("traces", ())
    return traces


def _found(file: Mapping[str, Any]) -> set[str]:
    """The layers that say something in one file."""
    layers = file["layers"]
    found = {name for name in LAYERS if layers.get(name, {}).get("found") is True}
    if layers.get("credential", {}).get("state") in ("trusted", "untrusted", "invalid"):
        found.add("credential")
    return found
