"""Private keys as files: Ed25519 everywhere, ML-DSA-44 where this machine's ``cryptography`` has it.

Rules
-----
1. A private key's file is readable by its owner alone from its first byte on, appears whole or not at all, and never
   takes the place of another file.
2. A private key that others on the machine can read is refused, with the command that mends it.

Sources: RFC 8032 (Ed25519), FIPS 204 (ML-DSA-44), RFC 5958 (PKCS #8).

Example:
    >>> len(new_private("ed25519").public_key().public_bytes_raw())
    32
"""

from __future__ import annotations

import os
import secrets
import warnings
from pathlib import Path
from typing import Literal, overload

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from misyn import atomic
from misyn.errors import SigningError

try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
except ImportError:  # pragma: no cover - an older cryptography; Ed25519 is used instead
    MLDSA44PrivateKey = MLDSA44PublicKey = None  # type: ignore[assignment,misc]

Private = Ed25519PrivateKey | MLDSA44PrivateKey
Kind = Literal["ed25519", "ml-dsa-44"]


def ml_dsa_available() -> bool:
    """Say whether this machine's ``cryptography`` can sign with ML-DSA-44."""
    try:
        return MLDSA44PrivateKey is not None and bool(MLDSA44PrivateKey.generate())
    except UnsupportedAlgorithm:
        return False


def best_kind() -> Kind:
    """Give the kind of key a new witness should have here."""
    return "ml-dsa-44" if ml_dsa_available() else "ed25519"


@overload
def new_private(kind: Literal["ed25519"]) -> Ed25519PrivateKey: ...
@overload
def new_private(kind: Literal["ml-dsa-44"]) -> MLDSA44PrivateKey: ...
@overload
def new_private(kind: Kind) -> Private: ...
def new_private(kind: Kind) -> Private:
    """Make a private key.

    Raises:
        SigningError: ML-DSA-44 was asked for and is not here.
    """
    if kind == "ed25519":
        return Ed25519PrivateKey.generate()
    if not ml_dsa_available():
        raise SigningError("this cryptography has no ML-DSA-44. Next: pip install -U cryptography, or use ed25519")
    return MLDSA44PrivateKey.generate()


def ml_dsa_public(public: bytes) -> MLDSA44PublicKey:
    """Read the 1312 public bytes of an ML-DSA-44 key.

    Raises:
        SigningError: this machine cannot verify ML-DSA-44.
    """
    if MLDSA44PublicKey is None:
        raise SigningError("this cryptography has no ML-DSA-44. Next: pip install -U cryptography")
    return MLDSA44PublicKey.from_public_bytes(public)


def to_pem(private: Private) -> bytes:
    """Spell a private key in PEM (PKCS #8, not encrypted). Keep it out of logs and messages."""
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, private: Private) -> None:
    """Write a private key to a new file; its folder is made when absent.

    Raises:
        SigningError: a file is already there; it is untouched.
    """
    write_secret(path, to_pem(private))


def write_secret(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write bytes that only their owner may read, whole or not at all; ``replace`` lets them take an old file's place.

    Raises:
        SigningError: a file is already there, and was not to be replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}{atomic.SUFFIX}")
    try:
        _create(part, data)
        if replace:
            part.replace(path)
        else:
            os.link(part, path)  # unlike a rename, this fails where a file is already there
    except FileExistsError as error:
        raise SigningError(f"expected no file at {path}, found one. Next: choose another folder") from error
    finally:
        part.unlink(missing_ok=True)
    atomic.sync_folder(path.parent)


def _create(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - the descriptor carries the permissions
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def read_private(path: Path) -> Private:
    """Read a private key that only its owner can read.

    Raises:
        SigningError: no such file, others can read it, or it holds no key of a kind used here.
    """
    private = _parse(read_secret(path), path)
    kinds = (Ed25519PrivateKey,) if MLDSA44PrivateKey is None else (Ed25519PrivateKey, MLDSA44PrivateKey)
    if not isinstance(private, kinds):
        raise SigningError(f"expected an Ed25519 or ML-DSA-44 key in {path}, found another kind")
    return private


def read_ed25519(path: Path) -> Ed25519PrivateKey:
    """Read an Ed25519 private key; other kinds are refused."""
    private = read_private(path)
    if not isinstance(private, Ed25519PrivateKey):
        raise SigningError(f"expected an Ed25519 key in {path}, found another kind")
    return private


def read_secret(path: Path) -> bytes:
    """Read a file that only its owner may read; one that others can read is refused."""
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise SigningError(f"others on this machine can read the private key {path}. Next: chmod 600 {path.name}")
        return path.read_bytes()
    except OSError as error:
        raise SigningError(f"expected a private key at {path}: {error.strerror}. Next: misyn key new") from error


def _parse(data: bytes, path: Path) -> object:
    try:
        with warnings.catch_warnings():  # a key of an obsolete kind is refused by the caller, in our own words
            warnings.simplefilter("ignore")
            return serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningError(f"expected an unencrypted private key in PEM in {path}, found something else") from error
