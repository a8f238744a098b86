"""A log folder's ``log.json``: the log's name, its keys, and where it is kept.

Rules
-----
1. No secrets: private keys are files of their own, database passwords are PostgreSQL's to find.
2. A key is listed for as long as anything it signed exists; ``active`` says whether it signs now.
3. Keys of the file that a later version adds are kept.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     made = Settings.new(Path(place), origin="example.org/log", address=None)
    ...     made.save(Path(place))
    ...     Settings.load(Path(place)) == made
    True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from misyn import atomic
from misyn.errors import InputError, LogBroken, MalformedLogData
from misyn.oversight.log import notes, postgres

FILE = "log.json"
SCHEMA = "misyn/log/1"
OWN = {"schema", "origin", "database", "keys"}


@dataclass(frozen=True)
class KeyFile:
    """One key of the log: its public half, the file of its private half, and whether it signs now."""

    key: notes.NoteKey
    file: str
    active: bool = True

    @classmethod
    def new(cls, folder: Path, *, origin: str) -> Self:
        """Make a key in the folder."""
        from misyn.signing import new_private, write_private  # noqa: PLC0415 - reading settings needs no cryptography

        number = next(n for n in range(1, 10_000) if not (folder / f"log-{n}.key").exists())
        private = new_private("ed25519")
        write_private(folder / f"log-{number}.key", private)
        return cls(notes.NoteKey(origin, private.public_key().public_bytes_raw()), f"log-{number}.key")

    def signer(self, folder: Path) -> notes.NoteSigner:
        """Read the private half.

        Raises:
            LogBroken: the file holds another key.
        """
        from misyn.signing.keys import read_ed25519  # noqa: PLC0415

        signer = notes.NoteSigner(self.key.name, read_ed25519(folder / self.file))
        if signer.verifier != self.key:
            raise LogBroken(f"{self.file} is not the private half of the key that log.json names. Nothing was signed")
        return signer


@dataclass(frozen=True)
class Settings:
    """What ``log.json`` says. ``address`` is a PostgreSQL database, or None for SQLite in the folder."""

    origin: str
    keys: tuple[KeyFile, ...]
    address: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, folder: Path, *, origin: str, address: str | None) -> Self:
        """Make the settings and the key of a log that is not there yet."""
        if address is not None:
            postgres.check_address(address)
        if (folder / FILE).exists():
            raise InputError(f"expected no log in {folder}, found one. Next: choose another folder")
        folder.mkdir(parents=True, exist_ok=True)
        return cls(origin, (KeyFile.new(folder, origin=origin),), address)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a folder's settings.

        Raises:
            InputError: the folder holds no log.
            LogBroken: ``log.json`` is not one.
        """
        try:
            found = json.loads((folder / FILE).read_bytes())
            keys = tuple(_key(one) for one in found["keys"])
            more = {key: value for key, value in found.items() if key not in OWN}
            loaded = cls(found["origin"], keys, found["database"], more)
        except FileNotFoundError as error:
            raise InputError(f"expected a log in {folder}, found no {FILE}. Next: misyn log init {folder}") from error
        except (ValueError, KeyError, TypeError, AttributeError, MalformedLogData) as error:
            raise LogBroken(f"{FILE} in {folder} is damaged ({type(error).__name__}). Next: restore it") from error
        if found.get("schema") != SCHEMA or not keys or any(one.key.name != loaded.origin for one in keys):
            raise LogBroken(f"{FILE} in {folder} is of another version, or names no key of this log. Next: restore it")
        return loaded

    def save(self, folder: Path) -> None:
        """Write the settings, whole or not at all."""
        keys = [{"vkey": one.key.vkey, "file": one.file, "active": one.active} for one in self.keys]
        found = {**self.more, "schema": SCHEMA, "origin": self.origin, "database": self.address, "keys": keys}
        atomic.write_bytes(folder / FILE, (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode())


def _key(found: Mapping[str, Any]) -> KeyFile:
    file = found["file"]
    if Path(file).name != file:
        raise ValueError("a key's file is in the log's own folder")
    return KeyFile(notes.NoteKey.from_vkey(found["vkey"]), file, bool(found["active"]))
