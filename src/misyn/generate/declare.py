r"""From a technique's record to the declaration its images carry.

Rules
-----
1. What a declaration says comes from the record; only time and weights are added.
2. The present time is an argument, written in UTC to the second: the same facts make the same bytes.

Example:
    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     record = Path(folder) / "misyn.yaml"
    ...     _ = record.write_text("misyn: 1\ntechnique: {name: pca}\nresponsible: A. Author\n")
    ...     declare(record, now=datetime(2026, 11, 22, tzinfo=UTC)).created
    '2026-11-22T00:00:00Z'
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from misyn.marks.declaration import Declaration
from misyn.practice.record import load


def declare(record_path: Path, *, now: datetime, weights: str | None = None) -> Declaration:
    """Make the declaration for images of the technique that a record describes.

    Args:
        record_path: the technique's ``misyn.yaml``.
        now: the present time, with its zone.
        weights: digest of the weights that drew the images, where the record does not name them.

    Raises:
        RecordError: the record has mistakes, or lacks a technique's name or someone responsible.
    """
    record = load(record_path)
    content = dict(record.content)
    if weights is not None:
        content["technique"] = {**content["technique"], "weights": weights}
    created = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Declaration.from_record(content, created=created, record_digest=record.digest)
