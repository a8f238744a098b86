"""The C2PA library behind one small door: found, fenced, and told to stay offline.

Rules
-----
1. c2pa-python is optional; where it is absent, signing says so with the pip line and reading says "not searched".
2. Every use has settings of its own: no thumbnails, no remote manifests, no OCSP, no host it may speak to; anchors are
   the caller's and nobody else's.
3. Signatures are Ed25519. The chain in a manifest leaves its root out: whoever verifies has it.

Example:
    >>> sorted(settings(anchors=""))
    ['builder', 'core', 'verify']
"""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

from misyn.errors import MissingExtra
from misyn.signing import SigningKey
from misyn.signing.certificates import to_pem


def is_installed() -> bool:
    """Say whether the C2PA library is here, without importing it."""
    return importlib.util.find_spec("c2pa") is not None


def load() -> ModuleType:
    """Import the C2PA library.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import c2pa  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingExtra("C2PA credentials", package="c2pa-python", extra="credential") from error
    module: ModuleType = c2pa
    return module


def settings(*, anchors: str) -> dict[str, Any]:
    """Give the settings of one use (rule 2); ``anchors`` is PEM text, empty for none."""
    common: dict[str, Any] = {
        "builder": {"thumbnail": {"enabled": False}},
        "core": {"allowed_network_hosts": [], "backing_store_memory_threshold_in_mb": 1},  # larger: on the disk
        "verify": {
            "verify_after_sign": False,  # the file is read back by its writer, with the same eyes as any reader
            "verify_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
    }
    return common | {"trust": {"trust_anchors": anchors}} if anchors else common


def signer(key: SigningKey) -> Any:  # noqa: ANN401 - the library has no types
    """Make the library's signer; to be closed by the caller, or used in a ``with``."""
    c2pa = load()
    chain = key.chain[:-1] if len(key.chain) > 1 and key.chain[-1].issuer == key.chain[-1].subject else key.chain
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"ed25519", to_pem(chain), key.private_pem, None))
