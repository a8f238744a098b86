"""A key folder: where a signing key, its certificates and its root live, and how it is found.

Rules
-----
1. ``signing.pem`` holds the private key and its chain in one file, so that they can never disagree after a crash.
2. ``watermark.key`` holds 32 random bytes as hexadecimal digits, for a watermark that only their holders find; a folder
   of an earlier version gets it when its key is renewed.
3. A place that was named (``--key``, ``MISYN_KEY``) and holds no key is an error; only silence leads to the
   configuration folder.

Example:
    >>> config_folder({"XDG_CONFIG_HOME": "conf"}, platform="linux").as_posix()
    'conf/misyn'
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from misyn import atomic
from misyn.errors import SigningError
from misyn.signing import certificates, keys

KEY, ROOT, ROOT_KEY = "signing.pem", "root.pem", "root.key"
WATERMARK = "watermark.key"
LEAF_DAYS = 5 * 365  # without a time stamp, what a leaf signed is doubted once it has expired
ROOT_DAYS = 20 * 365


@dataclass(frozen=True)
class SigningKey:
    """A private key and its certificates, leaf first, root last."""

    private: Ed25519PrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]

    def sign(self, data: bytes) -> bytes:
        """Sign bytes with Ed25519: 64 bytes."""
        return self.private.sign(data)

    @property
    def private_pem(self) -> bytes:
        """The private key in PEM, for libraries that sign themselves. Keep it out of files, logs and messages."""
        return keys.to_pem(self.private)

    @property
    def chain_pem(self) -> bytes:
        """The certificates in PEM, leaf first."""
        return certificates.to_pem(self.chain)


def create(folder: Path, *, owner: str, now: datetime, leaf_days: int = LEAF_DAYS) -> SigningKey:
    """Make a root, a leaf and their keys in a folder that has none.

    Args:
        folder: made when absent.
        owner: the person or organisation the certificates name.
        now: the present time, with its time zone.
        leaf_days: how long the leaf is valid.

    Raises:
        SigningError: the folder already holds a key, or the owner's name is empty or too long.
    """
    if not 0 < len(owner) <= 64:
        raise SigningError(f"expected an owner's name of 1 to 64 characters, found {len(owner)}")
    present = [name for name in (KEY, ROOT, ROOT_KEY) if (folder / name).exists()]
    if present:
        raise SigningError(f"expected no key in {folder}, found {', '.join(present)}. Next: choose another folder")
    root_private = Ed25519PrivateKey.generate()
    root = certificates.certify(root_private, owner=owner, issuer=None, now=now, days=ROOT_DAYS)
    keys.write_private(folder / ROOT_KEY, root_private)
    atomic.write_bytes(folder / ROOT, certificates.to_pem([root]))
    _write_watermark(folder)
    _write_leaf(folder, (root_private, root), owner=owner, now=now, days=leaf_days)
    return load(folder)


def renew(folder: Path, *, now: datetime, leaf_days: int = LEAF_DAYS) -> SigningKey:
    """Make a new leaf under the folder's root; the old one is set aside as ``signing-<digits>.pem``.

    Raises:
        SigningError: the root's private key is not here (kept offline: put it back for this moment).
    """
    old = load(folder)
    root_private = keys.read_ed25519(folder / ROOT_KEY)
    aside = folder / f"signing-{certificates.fingerprint(old.chain[0])[7:15]}.pem"
    with contextlib.suppress(FileExistsError):  # a renewal that was interrupted went this far
        os.link(folder / KEY, aside)
    owner = certificates.common_name(old.chain[0])
    _write_watermark(folder)
    _write_leaf(folder, (root_private, old.chain[-1]), owner=owner, now=now, days=leaf_days, replace=True)
    return load(folder)


def _write_leaf(
    folder: Path,
    issuer: tuple[Ed25519PrivateKey, x509.Certificate],
    *,
    owner: str,
    now: datetime,
    days: int,
    replace: bool = False,
) -> None:
    private = Ed25519PrivateKey.generate()
    leaf = certificates.certify(private, owner=owner, issuer=issuer, now=now, days=days)
    data = keys.to_pem(private) + certificates.to_pem([leaf, issuer[1]])
    keys.write_secret(folder / KEY, data, replace=replace)


def _write_watermark(folder: Path) -> None:
    if not (folder / WATERMARK).exists():
        keys.write_secret(folder / WATERMARK, secrets.token_hex(32).encode("ascii") + b"\n")


def watermark_secret(place: Path) -> bytes:
    """Read the private watermark key of a folder (or of the folder a ``signing.pem`` is in): 32 bytes.

    Raises:
        SigningError: missing, readable by others, or not what ``misyn key new`` writes.
    """
    path = (place if place.is_dir() else place.parent) / WATERMARK
    if not path.is_file():
        raise SigningError(f"expected {WATERMARK} beside the key in {path.parent}, found none. Next: misyn key renew")
    try:
        secret = bytes.fromhex(keys.read_secret(path).decode("ascii"))
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise SigningError(f"expected 64 hexadecimal digits in {path}, found something else. Next: restore the file")
    return secret


def load(place: Path) -> SigningKey:
    """Read the signing key of a folder (or a ``signing.pem``), and check that its certificate is its own.

    Raises:
        SigningError: missing, readable by others, malformed, or key and certificate do not belong together.
    """
    path = place / KEY if place.is_dir() else place
    private = keys.read_ed25519(path)
    chain = certificates.parse_certificates(path.read_bytes(), str(path))
    if certificates.public_key(chain[0]).public_bytes_raw() != private.public_key().public_bytes_raw():
        raise SigningError(f"the certificate in {path} is not the one of its key. Next: misyn key new, elsewhere")
    return SigningKey(private, chain)


def config_folder(environ: Mapping[str, str], *, platform: str = sys.platform) -> Path:
    """Give the user's configuration folder of misyn, as the platform has it."""
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    if platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "misyn"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "misyn"
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "misyn"


def find(given: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Find the key folder to use, or None where nobody named one and the configuration folder has none.

    Raises:
        SigningError: the place that was named holds no key.
    """
    named = given or (Path(environ["MISYN_KEY"]) if environ.get("MISYN_KEY") else None)
    place = named or config_folder(environ) / "key"
    if (place / KEY).is_file() or (named and place.is_file()):
        return place
    if named:
        how = "--key" if given else "MISYN_KEY"
        raise SigningError(f"expected {KEY} in {place} (named by {how}), found none. Next: misyn key new {place}")
    return None
