"""Time stamps of others: a time-stamping authority signs that these bytes existed at a time.

Rules
-----
1. A request carries the SHA-256 of the bytes and nothing else: the authority learns neither the bytes nor of whom.
2. Nothing is sent unless :func:`ask` is called with an address. A request is a file, and so is its answer: both can be
   carried by other means (``curl``, a colleague, a stick).
3. An answer is believed when its certificate leads to a root the caller names, was valid at the time stated, and is
   meant for time stamping alone; and when it is about these very bytes. No roots, no trust.
4. What an answer holds is the authority's word about its clock.

Sources: RFC 3161 (protocol, over HTTP: section 3.4), RFC 5816, through rfc3161-client.

Example:
    >>> time_of(b"", b"a list", roots=())  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    misyn.errors.SigningError: no authority's root was named, so no time stamp can be trusted. Next: ...
"""

from __future__ import annotations

import importlib.util
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import datetime
from types import ModuleType

from cryptography import x509

from misyn.errors import MissingExtra, SigningError

REQUEST_SUFFIX, REPLY_SUFFIX = ".tsq", ".tsr"
MOST_REPLY = 1 << 17
SECONDS = 30.0


def is_installed() -> bool:
    """Say whether the library is here, without importing it."""
    return importlib.util.find_spec("rfc3161_client") is not None


def _library() -> ModuleType:
    try:
        import rfc3161_client  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingExtra("time stamps", package="rfc3161-client", extra="credential") from error
    module: ModuleType = rfc3161_client
    return module


def request(data: bytes) -> bytes:
    """Write the request for a time stamp of these bytes (DER, rule 1); the same bytes give the same request.

    Raises:
        MissingExtra: the library is not installed.
    """
    library = _library()
    builder = library.TimestampRequestBuilder().data(data).hash_algorithm(library.HashAlgorithm.SHA256)
    return bytes(builder.nonce(nonce=False).cert_request(cert_request=True).build().as_bytes())


def ask(address: str, wanted: bytes) -> bytes:
    """Send a request to an authority and return its answer, unchecked: the one place that uses a network.

    Args:
        address: of the authority, ``http://`` or ``https://`` (a time stamp is signed, so either will do).
        wanted: what :func:`request` wrote.

    Raises:
        SigningError: the address is none, or there is no answer of a plausible kind.
    """
    if not address.startswith(("http://", "https://")):
        raise SigningError("expected the http address of a time-stamping authority, found another text")
    headers = {"Content-Type": "application/timestamp-query"}
    query = urllib.request.Request(address, data=wanted, headers=headers)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(query, timeout=SECONDS) as answer:  # noqa: S310 - checked above
            reply: bytes = answer.read(MOST_REPLY + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise SigningError(
            "expected an answer of the time-stamping authority, found none. Next: check its address, or carry the "
            f"request ({REQUEST_SUFFIX}) and its answer ({REPLY_SUFFIX}) by other means"
        ) from error
    if len(reply) > MOST_REPLY:
        raise SigningError(f"expected a time stamp of at most {MOST_REPLY} bytes, found more")
    return reply


def time_of(reply: bytes, data: bytes, *, roots: Sequence[x509.Certificate]) -> datetime:
    """Give the time from which on ``data`` is shown to exist, on an authority's word.

    Args:
        reply: the authority's answer (DER).
        data: the bytes that were stamped.
        roots: certificates of authorities to trust.

    Raises:
        SigningError: rule 3.
        MissingExtra: the library is not installed.
    """
    if not roots:
        raise SigningError("no authority's root was named, so no time stamp can be trusted. Next: --tsa-trust root.pem")
    library = _library()
    try:
        found = library.decode_timestamp_response(reply)
        builder = library.VerifierBuilder()
        for root in roots:
            builder = builder.add_root_certificate(root)
        builder.build().verify_message(found, data)
        time: datetime = found.tst_info.gen_time
    except (library.VerificationError, ValueError, TypeError) as error:
        raise SigningError(
            "expected a time stamp of these bytes by an authority that is trusted, found another. "
            "Next: compare the list with its answer, and the root with the authority's"
        ) from error
    return time
