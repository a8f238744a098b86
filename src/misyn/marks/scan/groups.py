r"""What the files of one series, study, patient or folder say together, and where they do not agree.

Rules
-----
1. A group is *mixed* where some of its images say synthetic (or contradict themselves) and others say nothing: marked
   and unmarked images in one series are what makes a data set quietly wrong.
2. Images only, damaged ones too: what is no image says nothing of its group.
3. Folders are groups too: most formats name no series.

Example:
    >>> rows = [{"path": "a/1", "kind": "image", "verdict": "synthetic", "patient": "p"},
    ...         {"path": "b/2", "kind": "image", "verdict": "no-evidence", "patient": "p"}]
    >>> [(group["level"], group["mixed"]) for group in groups(rows)]
    [('patient', True), ('folder', False), ('folder', False)]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

VERDICTS = ("synthetic", "contradictory", "no-evidence", "unreadable")
LEVELS = ("series", "study", "patient", "folder")
NAMES = ("level", "name", "files", *VERDICTS, "mixed", "splits", "example")
_IMAGES = frozenset({"image", "undecodable", "no-pixels", "unreadable"})


def is_image(row: Mapping[str, Any]) -> bool:
    """Whether a row is of an image, its pixels readable or not."""
    return row["kind"] in _IMAGES


def groups(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Count the verdicts of every series, study, patient and folder, in this order, each by name."""
    return [
        _group(level, name, members)
        for level in LEVELS
        for name, members in sorted(_by(level, rows).items(), key=lambda group: group[0])
    ]


def _by(level: str, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        name = row["path"].rpartition("/")[0] or "." if level == "folder" else row.get(level)
        if name and is_image(row):
            found[name].append(row)
    return found


def _group(level: str, name: str, members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = {verdict: sum(row["verdict"] == verdict for row in members) for verdict in VERDICTS}
    splits = sorted({row["split"] for row in members if row.get("split")})
    says = counts["synthetic"] + counts["contradictory"]
    mixed = bool(says and counts["no-evidence"])
    example = next((row["path"] for row in members if row["verdict"] != "no-evidence"), members[0]["path"])
    return {
        "level": level,
        "name": name,
        "files": len(members),
        **counts,
        "mixed": mixed,
        "splits": " ".join(splits),
        "example": example,
    }
