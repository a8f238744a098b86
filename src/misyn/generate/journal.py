r"""What was born in a folder: a journal while it happens, and a manifest, signed where there is a key, when it is done.

Rules
-----
J1. A file is entered in the journal before it gets its name: after a crash, every file that has a name is listed.
J2. A journal is held (locked) by the process that writes it. What a crashed process left is taken over by the next
    birth in the folder, as far as the files are there and unchanged. Several processes may write into one folder.
J3. The manifest lists every file by path below the folder, with the digest of its bytes, technique, weights, record,
    seed and condition. It says how many lack which of these. The same births give the same bytes.
J4. The signature is Ed25519 over the canonical bytes (RFC 8785) without the signature, after :data:`DOMAIN`. A manifest
    without a key says so.
J5. An earlier manifest's entries are kept. Where this one is signed and that was not signed by the same root, only what
    is there unchanged is.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     journal = Journal.start(Path(name))
    ...     _ = (Path(name) / "a.png").write_bytes(b"x")
    ...     journal.enter(Entry(file="a.png", digest=digest(b"x"), technique="toy", declaration=digest(b"d")))
    ...     content = journal.close()
    ...     [problem for problem in check(Path(name))], content["n"]
    (['the manifest is not signed'], 1)
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from cryptography import x509

from misyn.atomic import write_bytes
from misyn.canonical import canonical_bytes, digest
from misyn.errors import InputError, SigningError
from misyn.images.folder import MANIFEST
from misyn.signing import SigningKey, certificates

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: one process per folder there
    fcntl = None

SCHEMA = "misyn/manifest/1"
DOMAIN = b"misyn-manifest/1\n"
_PREFIX, _SUFFIX = ".misyn-birth-", ".jsonl"
_STATED = ("weights", "record", "seed", "condition")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file: its path below the folder (``/`` between names), the digest of its bytes, and what made it."""

    file: str
    digest: str
    technique: str
    declaration: str
    weights: str | None = None
    record: str | None = None
    seed: str | None = None
    condition: str | None = None


@dataclass
class Journal:
    """The journal of one birth. :meth:`enter` is safe in threads; a fork shares it."""

    folder: Path
    path: Path
    file: BinaryIO
    entries: dict[str, Entry] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @classmethod
    def start(cls, folder: Path) -> Journal:
        """Begin a journal in a folder that is there.

        Raises:
            InputError: a manifest is there that cannot be read.
        """
        _manifest(folder)
        path = folder / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
        file = path.open("xb", buffering=0)
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        return cls(folder, path, file)

    def enter(self, entry: Entry) -> None:
        """Write one entry, and wait until the disk has it (rule J1)."""
        line = json.dumps(asdict(entry), ensure_ascii=True, sort_keys=True).encode() + b"\n"
        with self.lock:
            self.file.write(line)
            os.fsync(self.file.fileno())
            self.entries[entry.file] = entry

    def close(self, *, key: SigningKey | None = None, unwatched: bool = False) -> dict[str, Any] | None:
        """Write the manifest, with what earlier births and crashed ones left; None where nothing was ever born here."""
        with _alone(self.folder):
            entries = {entry.file: entry for entry in _earlier(self.folder, key)}
            left = [path for path in self.folder.glob(f"{_PREFIX}*{_SUFFIX}") if path != self.path and _is_left(path)]
            for path in left:
                entries |= {entry.file: entry for entry in _read(path) if _holds(self.folder, entry)}
            # A fork writes into the same journal: what is on the disk counts, not what this process remembers.
            entries |= {entry.file: entry for entry in _read(self.path) if (self.folder / entry.file).is_file()}
            content = None
            if entries:
                content = _content(list(entries.values()), key, unwatched=unwatched)
                write_bytes(self.folder / MANIFEST, json.dumps(content, indent=1, ensure_ascii=True).encode() + b"\n")
            self.file.close()
            for path in (self.path, *left):
                path.unlink(missing_ok=True)
        return content


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time writes a folder's manifest."""
    if fcntl is None:
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _is_left(path: Path) -> bool:
    """Whether no process holds this journal any more (rule J2)."""
    if fcntl is None:
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(path: Path) -> Iterator[Entry]:
    """The entries of a journal; a last line that was cut off by a crash names a file that never got its name."""
    for line in path.read_bytes().split(b"\n"):
        with contextlib.suppress(ValueError, TypeError):
            yield Entry(**json.loads(line))


def _holds(folder: Path, entry: Entry) -> bool:
    path = folder / entry.file
    return path.is_file() and digest(path.read_bytes()) == entry.digest


def _manifest(folder: Path) -> Mapping[str, Any] | None:
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_bytes())
        files = [Entry(**one) for one in content["files"]]
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"expected a manifest of misyn at {path}, found something else. Next: move it away") from error
    return {**content, "files": files}


def _earlier(folder: Path, key: SigningKey | None) -> list[Entry]:
    """The entries an earlier manifest lists (rule J5)."""
    found = _manifest(folder)
    if found is None:
        return []
    entries: list[Entry] = found["files"]
    if key is None or not list(_signature_problems(folder, key.chain[-1:])):
        return [entry for entry in entries if (folder / entry.file).is_file()]
    return [entry for entry in entries if _holds(folder, entry)]


def _content(entries: list[Entry], key: SigningKey | None, *, unwatched: bool) -> dict[str, Any]:
    """The manifest (rules J3 and J4)."""
    lacking = {name: sum(getattr(entry, name) is None for entry in entries) for name in _STATED}
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "n": len(entries),
        "files": [asdict(entry) for entry in sorted(entries, key=lambda entry: entry.file)],
        "not_stated": {name: n for name, n in lacking.items() if n},
        **({"unsafe_unwatched": True} if unwatched else {}),
    }
    if key is None:
        return {**content, "signature": None, "reason": "no key was given"}
    signed = base64.b64encode(key.sign(DOMAIN + canonical_bytes(content))).decode()
    return {**content, "signature": signed, "chain": key.chain_pem.decode()}


def check(
    folder: Path, *, roots: Sequence[x509.Certificate] = (), at: datetime | None = None, signed: bool = True
) -> Iterator[str]:
    """Yield what does not hold: files that are missing, changed or not listed, and the signature.

    Args:
        folder: where images were born.
        roots: whose signature is accepted.
        at: when its certificate has to be valid; default: now.
        signed: whether an absent signature is a problem.

    Raises:
        InputError: the manifest cannot be read.
    """
    found = _manifest(folder)
    if found is None:
        yield "there is no manifest"
        return
    listed = {entry.file for entry in found["files"]}
    for entry in found["files"]:
        if not (folder / entry.file).is_file():
            yield f"{entry.file} is missing"
        elif not _holds(folder, entry):
            yield f"{entry.file} is not the file that was born"
    from misyn.generate.watch import images_below  # noqa: PLC0415 - it needs the images room

    yield from (f"{name} is not listed" for name in images_below(folder) if name not in listed)
    if signed:
        yield from _signature_problems(folder, roots, at=at)


def _signature_problems(
    folder: Path, roots: Sequence[x509.Certificate], *, at: datetime | None = None
) -> Iterator[str]:
    content = json.loads((folder / MANIFEST).read_bytes())
    signature, chain = content.pop("signature", None), content.pop("chain", "")
    if signature is None:
        yield "the manifest is not signed"
        return
    try:
        owners = certificates.parse_chain(str(chain).encode())
        data, moment = DOMAIN + canonical_bytes(content), at or datetime.now(UTC)
        certificates.verify(data, base64.b64decode(signature), chain=owners, roots=roots, at=moment)
    except (SigningError, ValueError) as error:
        yield f"the manifest's signature does not hold: {error}"
