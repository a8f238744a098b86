r"""Read one file's credential and say in which of its states it is.

Rules
-----
1. No credential is there: ``absent``; the C2PA library is not even imported.
2. What is there and cannot be read, does not verify, or does not bind these pixels is ``invalid``.
3. ``trusted`` is only what the library calls Trusted with the caller's anchors: *Valid* means that somebody signed it.
4. An expired certificate makes a credential ``invalid``, unless a proof shows that it existed while the certificate was
   valid; then its signature and chain are checked again, by our own code, at that time.
5. An embedded credential that no longer fits the file's bytes is asked for the pixels it signed: the same pixels in a
   changed file are ``changed``, other pixels are ``other``.
6. Reading never raises for what a file holds.

Follows C2PA 2.1, chapters "Validation" and "Trust model".

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.png"
    ...     _ = path.write_bytes(b"\x89PNG")
    ...     read(path, format="png").state
    'absent'
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from misyn.canonical import digest
from misyn.errors import SigningError, UnreadableImage
from misyn.marks.credential import library
from misyn.marks.credential.manifest import Claimed, bound_line, claimed
from misyn.marks.credential.places import Place, place_for
from misyn.marks.credential.state import ABSENT, Credential, State
from misyn.marks.credential.trust import Anchors, Proof, Trust, anchors_from

EXPIRED = frozenset({"signingCredential.expired", "signingCredential.untrusted"})
_MISMATCH = "assertion.dataHash.mismatch"
_UNTRUSTED = frozenset({"signingCredential.untrusted"})
_STATES: dict[str, State] = {"Trusted": "trusted", "Valid": "untrusted"}


@dataclass(frozen=True)
class _Asked:
    """One file and what its reader was told."""

    path: Path
    place: Place
    anchors: Anchors
    proof: Proof | None
    pixels: str | None
    manifest: bytes


def read(
    path: Path,
    *,
    format: str,  # noqa: A002 - the word of the house for it
    trust: Trust = None,
    proof: Proof | None = None,
    pixels: str | None = None,
) -> Credential:
    """Read a file's credential.

    Args:
        path: the file.
        format: the format's name in :data:`misyn.images.FORMATS`.
        trust: the roots the caller trusts: a PEM file, or certificates. None trusts nobody.
        proof: from a manifest's digest to the time from which on it is proven to exist (rule 4).
        pixels: digest of the canonical pixels, where the caller knows it already; None has them decoded.

    Raises:
        SigningError: what the caller says to trust cannot be read.
        OSError: the file cannot be read.
    """
    anchors = anchors_from(trust)
    place = place_for(format)
    try:
        with path.open("rb") as source:
            manifest = place.get(source)
    except UnreadableImage:
        return _invalid(place, "misyn.unreadable", "a credential is there and cannot be read: it is damaged")
    if manifest is None:
        return ABSENT
    if not library.is_installed():
        sentence = "a credential is there and was not checked: pip install 'misyn[credential]'"
        return Credential(state="not searched", binding=place.binding, digest=digest(manifest), problems=(sentence,))
    return _read(_Asked(path, place, anchors, proof, pixels, manifest))


def _read(asked: _Asked) -> Credential:
    pixels = None
    if asked.place.binding == "detached":
        pixels = _pixels(asked)
        if pixels is None:
            sentence = "a credential is there, but the pixels it speaks of cannot be read"
            return replace(_invalid(asked.place, "misyn.pixels", sentence), digest=digest(asked.manifest))
    try:
        store = _store(asked, pixels)
    except UnreadableImage:
        sentence = "a credential is there, but it is damaged or not one"
        return replace(_invalid(asked.place, "misyn.manifest", sentence), digest=digest(asked.manifest))
    return _judged(asked, store, claimed(store), pixels)


def _pixels(asked: _Asked) -> str | None:
    if asked.pixels is not None:
        return asked.pixels
    from misyn.images import read as read_image  # noqa: PLC0415 - decoding only where a credential asks for it

    try:
        return read_image(asked.path).digest
    except UnreadableImage:
        return None


def _store(asked: _Asked, pixels: str | None) -> Mapping[str, Any]:
    """What the library says of the file, as its JSON.

    Raises:
        UnreadableImage: nothing that could be read.
    """
    if pixels is None:
        with asked.path.open("rb") as source:
            return _parsed(asked, source, None)
    return _parsed(asked, io.BytesIO(bound_line(pixels)), asked.manifest)


def _parsed(asked: _Asked, source: BinaryIO, manifest: bytes | None) -> Mapping[str, Any]:
    c2pa = library.load()
    settings = library.settings(anchors=asked.anchors.pem)
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(asked.place.media_type, source, manifest_data=manifest, context=context) as reader,
        ):
            parsed = json.loads(reader.json())
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        raise UnreadableImage("expected a C2PA manifest, found something else") from error
    if not isinstance(parsed, Mapping):
        raise UnreadableImage("expected a C2PA manifest, found something else")
    return parsed


def _judged(asked: _Asked, store: Mapping[str, Any], said: Claimed, pixels: str | None) -> Credential:
    codes = _codes(store)
    state = _STATES.get(str(store.get("validation_state")), "invalid")
    if state == "trusted" and (codes or not asked.anchors.pem):  # the library's word alone is not enough
        state = "invalid" if codes else "untrusted"
    problems = [said.malformed] if said.malformed else []
    if state == "invalid" and "signingCredential.expired" in codes and codes <= EXPIRED:
        state, sentence = _after_expiry(asked, store)
        problems.append(sentence)
    image = _image(asked, codes, said, pixels)
    if state == "invalid" and not problems:
        problems.append(_why(asked.place, codes, image))
    return Credential(
        state=state,
        binding=asked.place.binding,
        declaration=said.declaration,
        synthetic=said.synthetic,
        name=said.name,
        generator=said.generator,
        digest=digest(asked.manifest),
        image=image,
        codes=tuple(sorted(codes - _UNTRUSTED)),
        problems=tuple(problems),
    )


def _codes(store: Mapping[str, Any]) -> frozenset[str]:
    """Every failure the library reports, of the active manifest or of an ingredient."""
    results = store.get("validation_results")
    active = results.get("activeManifest") if isinstance(results, Mapping) else None
    failures = active.get("failure") if isinstance(active, Mapping) else None
    listed = failures if isinstance(failures, list) else []
    return frozenset(str(one.get("code"))[:80] for one in listed if isinstance(one, Mapping))


def _after_expiry(asked: _Asked, store: Mapping[str, Any]) -> tuple[State, str]:
    """Rule 4."""
    when = asked.proof(digest(asked.manifest)) if asked.proof else None
    if when is None:
        return "invalid", "the certificate has expired, and nothing proves that the credential is older than that"
    from misyn.marks.credential.cose import signed_at  # noqa: PLC0415 - expired credentials only

    try:
        signer = signed_at(asked.manifest, str(store.get("active_manifest")), roots=asked.anchors.certificates, at=when)
    except (SigningError, UnreadableImage):
        return "invalid", "the certificate has expired, and the proof of age does not lead to a trusted root either"
    day = signer.not_after.date().isoformat()
    return "trusted", f"the certificate expired on {day}; a proof shows that the credential is older"


def _image(
    asked: _Asked, codes: frozenset[str], said: Claimed, pixels: str | None
) -> Literal["bound", "changed", "other", "unknown"]:
    """Rule 5. A digest that is not bound by a valid signature is nobody's word."""
    if _MISMATCH not in codes:
        return "bound" if codes <= EXPIRED else "unknown"
    if pixels is not None:
        return "other"
    if codes - _UNTRUSTED != {_MISMATCH} or said.pixels is None:
        return "unknown"
    return "changed" if _pixels(asked) == said.pixels else "other"


def _why(place: Place, codes: frozenset[str], image: str) -> str:
    if image == "changed":
        return "the credential does not fit: the file was changed after it was signed, though not its pixels"
    if image == "other":
        return "the credential does not fit: it was signed for other pixels"
    if _MISMATCH in codes:
        return f"the credential does not fit this {place.format} file: it was changed, or the credential is another's"
    return f"the credential does not hold ({', '.join(sorted(codes - _UNTRUSTED)) or 'the library gives no reason'})"


def _invalid(place: Place, code: str, sentence: str) -> Credential:
    return Credential(state="invalid", binding=place.binding, codes=(code,), problems=(sentence,))
