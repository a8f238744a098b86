"""A registry's folder: ``registry.json`` (its settings), ``secret.key``, ``registry.sqlite3`` and the ``log``.

Rules
-----
1. No secret is in ``registry.json``; ``secret.key`` is readable by its owner alone. Database passwords are PostgreSQL's
   to find (``PGPASSFILE``, ``pg_service.conf``).
2. One setting, ``database``, decides between SQLite in the folder and PostgreSQL, for pages and log alike.
3. What a later version adds to ``registry.json`` is kept.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = Place.create(Path(folder) / "registry", origin="example.org/registry")
    ...     Place.load(Path(folder) / "registry") == made, made.secure
    (True, False)
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from misyn import atomic
from misyn.errors import InputError, UsageError
from misyn.oversight.log.store import Log
from misyn.signing.keys import read_secret, write_secret

FILE, SECRET, DATABASE, LOG, STATUS = "registry.json", "secret.key", "registry.sqlite3", "log", "status"
SCHEMA = "misyn/registry/1"
ADDRESS = "http://127.0.0.1:8000"
OWN = {"schema", "origin", "address", "database", "proxies", "checkpoint_seconds"}


@dataclass(frozen=True)
class Place:
    """What ``registry.json`` says.

    Attributes:
        folder: where it lies.
        origin: the name of the registry and its log, such as ``example.org/registry``.
        address: where people reach it, such as ``https://registry.example.org``.
        database: ``postgresql://…`` without a password, or None for SQLite in the folder.
        proxies: how many proxies of one's own stand before it; their ``X-Forwarded-For`` is believed, nobody else's.
        checkpoint_seconds: how often a checkpoint is signed while it is served.
    """

    folder: Path
    origin: str
    address: str = ADDRESS
    database: str | None = None
    proxies: int = 0
    checkpoint_seconds: int = 60
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def create(cls, folder: Path, *, origin: str, address: str = ADDRESS, database: str | None = None) -> Self:
        """Make the folder, its secret and its log.

        Raises:
            UsageError: the address is none, or there is a registry already.
        """
        if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname:
            raise UsageError("expected an address such as https://registry.example.org, found another form")
        if (folder / FILE).exists():
            raise UsageError(f"expected no registry in {folder}, found one. Next: misyn registry serve {folder}")
        place = cls(folder, origin, address.rstrip("/"), database)
        Log.create(folder / LOG, origin=origin, address=database).close()
        write_secret(folder / SECRET, secrets.token_urlsafe(48).encode())
        place.save()
        return place

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the settings.

        Raises:
            InputError: there is no registry.
        """
        try:
            found = json.loads((folder / FILE).read_bytes())
            more = {key: value for key, value in found.items() if key not in OWN}
            given = {key: found[key] for key in OWN - {"schema"} if key in found}
            loaded = cls(folder, more=more, **given)
        except OSError as error:
            raise InputError(
                f"expected a registry in {folder}, found none. Next: misyn registry init {folder}"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(
                f"expected {FILE} of this version in {folder}, found another form. Next: mend it"
            ) from error
        if found.get("schema") != SCHEMA:
            raise InputError(f"expected {FILE} of this version in {folder}, found another. Next: update misyn")
        return loaded

    def save(self) -> None:
        """Write the settings, whole or not at all."""
        found = {**self.more, "schema": SCHEMA, **{key: getattr(self, key) for key in sorted(OWN - {"schema"})}}
        atomic.write_bytes(self.folder / FILE, (json.dumps(found, indent=2) + "\n").encode())

    @property
    def log(self) -> Path:
        """The folder of the log."""
        return self.folder / LOG

    @property
    def status(self) -> Path:
        """The folder of the signed status list that clients read."""
        return self.folder / STATUS

    @property
    def secret(self) -> str:
        """What sessions and rate limits are keyed with."""
        return read_secret(self.folder / SECRET).decode()

    @property
    def secure(self) -> bool:
        """Whether people reach it by https, so that cookies may travel by nothing else."""
        return self.address.startswith("https://")
