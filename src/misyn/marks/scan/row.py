r"""One file of a collection as one row: what it says of its origin, whose it is, and what its pixels are.

Rules
-----
1. A row never fails for what a file holds: what could not be read is said in ``error`` and ``error_type``.
2. Series, study and patient are pseudonyms: the digest of the identifier, cut. The same identifier has the same
   pseudonym in every scan. Whoever has a list of identifiers can try them all: treat a table like the images.
3. No value of a header leaves a file as it is. The name of a technique is made safe to show.
4. ``digest`` is that of the canonical pixels, ``file_digest`` that of the bytes. An image of one value is ``blank``,
   and counts as nobody's duplicate.

Example:
    >>> pseudonym("patient", b"0815 ") == pseudonym("patient", b"0815"), len(pseudonym("patient", b"0815"))
    (True, 16)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from misyn.canonical import digest, record_digest
from misyn.errors import NoPixels, UnreadableImage
from misyn.images.limits import read_bytes, read_head
from misyn.images.places import at_hand
from misyn.images.places.tarred import is_tar, opener_of
from misyn.marks.acquisition import shown_by
from misyn.marks.credential.trust import Proof
from misyn.marks.metadata import inspect_file
from misyn.marks.metadata.dicom_edits import FACTS
from misyn.marks.metadata.dicom_file import open_file
from misyn.marks.scan.grammar import MODALITY, MOST_VALUE, PATIENT, SERIES, STUDY, WANTED
from misyn.marks.scan.prefilter import Look
from misyn.marks.scan.quick import quick_verify
from misyn.marks.shown import shown
from misyn.marks.verifying import FileVerdict, verify

_PICTURES = frozenset({"png", "jpeg", "webp", "tiff"})
_ARCHIVES = re.compile(rb"PK\x03\x04|PK\x05\x06|Rar!|7z\xbc\xaf\x27\x1c|\x1f\x8b|BZh|\xfd7zXZ\0|\x28\xb5\x2f\xfd")
_LAYERS = ("metadata", "credential", "watermark", "fingerprint", "label", "foreign")


def scan_row(
    item: str,
    *,
    pixels: bool = True,
    watermark: bool = False,
    trust: str | None = None,
    store: str | None = None,
    proof: Proof | None = None,
    scratch: str | None = None,
) -> dict[str, Any]:
    """Read one member of a place, for :func:`misyn.engine.map`.

    Args:
        item: a member's item.
        pixels: whether to decode the pixels, for digests.
        watermark: whether to search them for a watermark.
        trust: the path of the trusted roots.
        store: a folder of fingerprints.
        proof: of the age of credentials.
        scratch: a folder for what is unpacked.

    Raises:
        UnreadableImage: the member does not come to hand, or changes while it is read.
    """
    with at_hand(item, scratch=None if scratch is None else Path(scratch)) as path:
        verdict, seen = quick_verify(path, trust=trust, proof=proof)
        if watermark or store is not None:
            search: dict[str, Any] = {} if watermark else {"search": None}
            verdict = verify(path, trust=trust, proof=proof, store=store, **search)
        row = said(verdict) | _facts(path, verdict, seen)
        row["kind"], row["error"], row["error_type"] = _kind(path, verdict)
        if pixels and verdict.format:
            row |= _pixels(path, damaged=row["kind"] == "unreadable")
        return row


def said(verdict: FileVerdict) -> dict[str, Any]:
    """The verdict's part of a row."""
    declared: Mapping[str, Any] = verdict.declaration or {}
    technique: Mapping[str, Any] = declared.get("technique") or {}
    return {
        "verdict": verdict.verdict,
        "trusted": verdict.trusted,
        "format": verdict.format,
        "rules": " ".join(verdict.rules),
        "layers": " ".join(_found(verdict.layers)),
        "traces": " ".join(trace["trace"] for trace in verdict.layers.get("foreign", {}).get("traces", ())),
        "technique": shown(str(technique["name"])) if technique else None,
        "technique_version": shown(str(technique.get("version") or "")) or None,
        "declaration": record_digest(declared) if declared else None,
        "record": declared.get("record"),
        "watermark_p": verdict.layers.get("watermark", {}).get("p_value"),
        "problems": " | ".join(verdict.problems),
    }


def _found(layers: Mapping[str, Any]) -> list[str]:
    """The layers that say something, an invalid credential included."""
    return [name for name in _LAYERS if layers.get(name, {}).get("found") is True]


def _facts(path: Path, verdict: FileVerdict, seen: Look) -> dict[str, Any]:
    """Whose the image is, and by which rules its header shows acquisition."""
    if verdict.format == "dicom":
        values = seen.values if seen.clear else {**_header(path), **seen.values}
        facts = {name: values[tag].decode("latin-1") for tag, name in FACTS.items() if tag in values}
        named = {"series": SERIES, "study": STUDY, "patient": PATIENT}
        whose = {name: pseudonym(name, values.get(tag, b"")) for name, tag in named.items()}
        return {**whose, "modality": _code(values.get(MODALITY, b"")), "acquisition": _shown_by(facts)}
    if verdict.format in _PICTURES and verdict.verdict != "unreadable":
        return {"acquisition": _shown_by(inspect_file(path, verdict.format).facts)}
    return {}


def _shown_by(facts: Mapping[str, str]) -> str:
    return " ".join(rule.id for rule in shown_by(facts))


def _header(path: Path) -> dict[int, bytes]:
    """The wanted values of a header that the quick look did not walk to its end; what damage leaves of them."""
    values: dict[int, bytes] = {}
    try:
        with path.open("rb") as source:
            file = open_file(source)
            for element in file.walk():
                if element.tag in WANTED:
                    values[element.tag] = file.text(element, most=MOST_VALUE)
    except (UnreadableImage, OSError):
        return values
    return values


def pseudonym(kind: str, identifier: bytes) -> str | None:
    """Sixteen hexadecimal digits for an identifier; None for an empty one (rule 2)."""
    plain = identifier.strip(b" \0")
    return hashlib.sha256(b"misyn/" + kind.encode() + b"\0" + plain).hexdigest()[:16] if plain else None


def _code(value: bytes) -> str | None:
    """A code string such as a modality, or None where it is none."""
    text = value.strip(b" \0").decode("latin-1")
    return text if re.fullmatch(r"[A-Z0-9_]{1,16}", text) else None


def _kind(path: Path, verdict: FileVerdict) -> tuple[str, str | None, str | None]:
    """What the member is, as far as its header tells, and what is wrong with it."""
    if verdict.verdict != "unreadable":
        return "image", None, None
    sentence = verdict.problems[-1] if verdict.problems else None
    if verdict.format is not None:
        return "unreadable", sentence, "MalformedImage"
    try:
        head = read_head(path, 512)
    except UnreadableImage:
        return "unreadable", sentence, "UnreadableImage"
    if _ARCHIVES.match(head) or is_tar(head) or opener_of(head):
        return "archive", f"{sentence}; archives inside a place are not opened: scan it by itself", "UnknownFormat"
    return "not-an-image", sentence, "UnknownFormat"


def _pixels(path: Path, *, damaged: bool) -> dict[str, Any]:
    """Digests, and what can be told of an image without showing it; a damaged header keeps its own error."""
    from misyn.images import read  # noqa: PLC0415 - numerics only where pixels are asked for
    from misyn.marks import perceptual  # noqa: PLC0415

    row: dict[str, Any] = {}
    try:
        row["file_digest"] = digest(read_bytes(path))
        image = read(path)
    except UnreadableImage as error:
        if damaged:
            return row
        kind = "no-pixels" if isinstance(error, NoPixels) else "undecodable"
        return row | {"kind": kind, "error": str(error), "error_type": type(error).__name__}
    blank = image.pixels.size == 0 or bool(image.pixels.min() == image.pixels.max())
    return row | {
        "digest": image.digest,
        "perceptual": perceptual.of(image),
        "blank": blank,
        "axes": image.axes,
        "shape": "x".join(map(str, image.shape)),
        "bits": image.bits,
        "codec": image.codec,
    }
