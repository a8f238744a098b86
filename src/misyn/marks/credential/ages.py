"""Since when credentials exist: lists of their digests, whose age a time stamp or a log can show.

Rules
-----
1. One list for the credentials of one run: an authority or a log is asked once, not once per file. A list holds digests
   of credentials, sorted, and nothing else: no path, no pixel, no patient.
2. A list is named by its own digest, written once, whole, and never changed. Marking the same twice makes two lists,
   because every signature is a new one.
3. Beside a list lie its request (``.tsq``), the authority's answer (``.tsr``), and a log's proof (``.tlog-proof``,
   checked by :mod:`misyn.oversight.log`, never here).
4. What does not hold shows nothing, and is a sentence; it never makes a credential older. Of several proofs the
   earliest time holds.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_list(Path(folder), ["sha256:" + "0" * 64])
    ...     read_list(path.read_bytes())
    ('sha256:0000000000000000000000000000000000000000000000000000000000000000',)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from misyn import atomic
from misyn.canonical import canonical_bytes, digest, is_digest
from misyn.errors import EvidenceError, InputError, MissingExtra, SigningError
from misyn.signing import timestamps

SCHEMA = "misyn/credentials/1"
PATTERN = "credentials-*.json"
MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class Ages:
    """From when on each credential is shown to exist, and what showed nothing.

    Attributes:
        times: by the credential's digest, the earliest time that something shows.
        problems: sentences about proofs that do not hold.
    """

    times: Mapping[str, datetime] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def __call__(self, credential: str) -> datetime | None:
        """Answer the question of :data:`misyn.marks.credential.trust.Proof`."""
        return self.times.get(credential)

    def __or__(self, other: Ages) -> Ages:
        """Take the earlier time of each (rule 4)."""
        both = [self.times, other.times]
        names = {name for times in both for name in times}
        earliest = {name: min(times[name] for times in both if name in times) for name in names}
        return Ages(earliest, self.problems + other.problems)


def write_list(folder: Path, credentials: Sequence[str]) -> Path:
    """Write the list of these credentials' digests (rules 1 and 2); the folder is made where it is absent."""
    data = canonical_bytes({"schema": SCHEMA, "credentials": sorted(set(credentials))})
    path = folder / f"credentials-{digest(data).removeprefix('sha256:')[:16]}.json"
    atomic.write_bytes(path, data)
    return path


def read_list(data: bytes) -> tuple[str, ...]:
    """Read a list.

    Raises:
        EvidenceError: these bytes are none.
    """
    try:
        found = json.loads(data)
        listed = found["credentials"] if found["schema"] == SCHEMA else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EvidenceError("expected a list of credentials, found something else") from error
    if not isinstance(listed, list) or not all(is_digest(one) for one in listed):
        raise EvidenceError("expected a list of the digests of credentials, found something else")
    return tuple(listed)


def lists_in(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the lists in a folder and below, in the order of their names.

    Raises:
        InputError: the folder is not there, or a list cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"expected a folder of proofs at {folder}, found none. Next: misyn mark --proofs FOLDER")
    for path in sorted(folder.rglob(PATTERN)):
        if path.is_file() and path.stat().st_size <= MOST_BYTES:
            try:
                yield path, path.read_bytes()
            except OSError as error:
                raise InputError(f"expected a readable list at {path}: {error.strerror}") from error


def beside(path: Path, suffix: str) -> Path:
    """Where a list's request, answer or proof lies."""
    return path.with_name(path.name + suffix)


def stamped(path: Path, *, authority: str | None) -> Path | None:
    """Write a list's request and, where an authority is named, ask it and write its answer.

    Returns:
        The answer's path, or None where nobody was asked.

    Raises:
        SigningError: there was no answer.
        MissingExtra: the library is not installed, and an authority is named.
    """
    if authority is None and not timestamps.is_installed():
        return None
    wanted = timestamps.request(path.read_bytes())
    atomic.write_bytes(beside(path, timestamps.REQUEST_SUFFIX), wanted)
    if authority is None:
        return None
    answer = beside(path, timestamps.REPLY_SUFFIX)
    atomic.write_bytes(answer, timestamps.ask(authority, wanted))
    return answer


def from_time_stamps(folder: Path, *, roots: Sequence[x509.Certificate]) -> Ages:
    """Read what the time stamps in a folder show of the credentials they list.

    Args:
        folder: of lists with their answers.
        roots: certificates of time-stamping authorities to trust.

    Raises:
        InputError: the folder is not there.
        MissingExtra: there is a time stamp, and no library to check it.
    """
    found = Ages()
    for path, data in lists_in(folder):
        answer = beside(path, timestamps.REPLY_SUFFIX)
        if answer.is_file():
            found |= _shown(path, data, answer.read_bytes(), roots)
    return found


def _shown(path: Path, data: bytes, reply: bytes, roots: Sequence[x509.Certificate]) -> Ages:
    try:
        time = timestamps.time_of(reply, data, roots=roots)
        return Ages(dict.fromkeys(read_list(data), time))
    except MissingExtra:
        raise
    except (SigningError, EvidenceError) as error:
        return Ages(problems=(f"{path.name}: {error}",))
