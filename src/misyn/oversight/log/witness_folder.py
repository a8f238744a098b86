"""A witness in a folder: its name, its key, the logs it knows, and its memory.

Rules
-----
1. ``witness.json`` names the witness and the public keys of the logs it knows; ``witness.key`` is private;
   ``memory.sqlite3`` is what it has cosigned, and the one thing that must never be restored from an old copy.
2. A witness that its log's own operator runs proves nothing to others: it is for trying out.

Example:
    >>> import tempfile
    >>> key = "example.org/log+64eb6a7d+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
    >>> with tempfile.TemporaryDirectory() as place:
    ...     create(Path(place), name="witness.example/w1", logs=[key], kind="ed25519").name
    'witness.example/w1'
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from misyn import atomic
from misyn.errors import InputError, MalformedLogData, UsageError
from misyn.oversight.log.cosignature import WitnessKey, WitnessSigner
from misyn.oversight.log.notes import NoteKey, valid_name
from misyn.oversight.log.witness import Witness

if TYPE_CHECKING:
    from misyn.signing import Kind

FILE, KEY, MEMORY = "witness.json", "witness.key", "memory.sqlite3"
SCHEMA = "misyn/witness/1"


def create(folder: Path, *, name: str, logs: Sequence[str], kind: Kind | None = None) -> WitnessKey:
    """Make a witness, and give its public key.

    Args:
        folder: made when absent; must hold no witness.
        name: the witness's name, best an address without ``https://`` that its operator owns.
        logs: public keys (in their one-line form) of the logs it is to know.
        kind: ``ml-dsa-44`` or ``ed25519``; None for the best this machine has.

    Raises:
        UsageError: no log, or a name that cannot be a key's.
        SigningError: the folder holds a witness already.
    """
    from misyn.signing import best_kind, new_private, write_private  # noqa: PLC0415 - help must not pay for it

    keys = [NoteKey.from_vkey(one) for one in logs]
    if not keys or not valid_name(name):
        raise UsageError("expected a witness's name without spaces or plus, and the key of a log at least")
    signer = WitnessSigner(name, new_private(kind or best_kind()))
    write_private(folder / KEY, signer.private)
    found = {"schema": SCHEMA, "name": name, "vkey": signer.verifier.vkey, "logs": [key.vkey for key in keys]}
    atomic.write_bytes(folder / FILE, (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode())
    return signer.verifier


def load(folder: Path, *, clock: Callable[[], int]) -> Witness:
    """Open a witness.

    Args:
        folder: where it is.
        clock: gives the present time in POSIX seconds.

    Raises:
        InputError: the folder holds none, or its file is damaged.
    """
    from misyn.signing import read_private  # noqa: PLC0415

    try:
        found = json.loads((folder / FILE).read_bytes())
        logs: dict[str, list[NoteKey]] = {}
        for vkey in found["logs"]:
            key = NoteKey.from_vkey(vkey)
            logs.setdefault(key.name, []).append(key)
        name, schema = str(found["name"]), found["schema"]
    except FileNotFoundError as error:
        raise InputError(f"expected a witness in {folder}, found no {FILE}. Next: misyn log witness new") from error
    except (ValueError, KeyError, TypeError, AttributeError, MalformedLogData) as error:
        raise InputError(f"{FILE} in {folder} is damaged. Next: restore it") from error
    if schema != SCHEMA:
        raise InputError(f"{FILE} in {folder} is of another version. Next: update misyn")
    return Witness(WitnessSigner(name, read_private(folder / KEY)), logs, memory=folder / MEMORY, clock=clock)
