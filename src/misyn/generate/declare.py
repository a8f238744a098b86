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

from misyn.errors import SigningError
from misyn.marks.credential import library
from misyn.marks.declaration import Declaration
from misyn.practice.record import load
from misyn.signing import SigningKey, find
from misyn.signing import load as load_key


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


def signing_key(place: Path | None) -> SigningKey:
    """Load the key that signs credentials: the one named, else ``MISYN_KEY``, else the user's own.

    Args:
        place: a key folder, or None.

    Raises:
        MissingExtra: the C2PA library is not installed.
        SigningError: no key is there, or it cannot be used.
    """
    library.load()
    found = find(place)
    if found is None:
        raise SigningError("expected a signing key for the layer credential, found none. Next: misyn key new")
    return load_key(found)
