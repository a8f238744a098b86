"""What a manifest says: written from a declaration, and read back from any issuer's.

Rules
-----
1. A manifest of ours has two assertions: the action ``c2pa.created`` with its DigitalSourceType, and misyn's own, with
   the declaration and the digest of the canonical pixels. No thumbnail, no title, no path.
2. Of a manifest that is read, only the active one counts: what an ingredient says is about another image.
3. Everything read is bounded and made safe to show.
4. A detached manifest signs one line that names the canonical pixels by digest (:func:`bound_line`), not the samples:
   SHA-256 binds them either way, and the library would hold a second copy of a volume to hash it.

Follows C2PA 2.1, "Assertions" (c2pa.actions.v2) and IPTC Digital Source Type NewsCodes.

Example:
    >>> bound_line("sha256:" + "0" * 64)[:22]
    b'misyn/pixels/1 sha256:'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from misyn import __version__
from misyn.canonical import is_digest
from misyn.errors import RecordError
from misyn.marks.declaration import Declaration
from misyn.marks.metadata.xmp import CAPTURE_CODES, SYNTHETIC_CODES, TRAINED
from misyn.marks.shown import shown

ACTIONS = ("c2pa.actions", "c2pa.actions.v2")
DECLARATION = "org.misyn.declaration"
_MAKING = ("c2pa.created", "c2pa.edited", "c2pa.converted", "c2pa.opened", "c2pa.placed")


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What the active manifest claims, true or not.

    Attributes:
        synthetic: True where a source type says so, False where all of them say captured, None where none speaks.
        declaration: misyn's assertion, or None.
        malformed: a sentence where that assertion is there and does not hold.
        pixels: the digest of the canonical pixels that misyn's assertion names, or None.
        name: the name on the certificate.
        generator: the program.
    """

    synthetic: bool | None = None
    declaration: Declaration | None = None
    malformed: str | None = None
    pixels: str | None = None
    name: str | None = None
    generator: str | None = None


def bound_line(pixels: str) -> bytes:
    """The bytes that a detached manifest signs (rule 4); ``pixels`` is :attr:`misyn.images.Image.digest`."""
    return f"misyn/pixels/1 {pixels}\n".encode("ascii")


def definition(declaration: Declaration, *, pixels: str) -> dict[str, Any]:
    """Give the manifest of a declaration (rule 1)."""
    created = {"action": "c2pa.created", "digitalSourceType": TRAINED}
    return {
        "claim_generator_info": [{"name": "misyn", "version": __version__}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": DECLARATION, "data": {"declaration": declaration.compact(), "pixels": pixels}},
        ],
    }


def claimed(store: Mapping[str, Any]) -> Claimed:
    """Read the active manifest out of the library's JSON (rules 2 and 3)."""
    manifests, label = store.get("manifests"), store.get("active_manifest")
    active = manifests.get(label) if isinstance(manifests, Mapping) and isinstance(label, str) else None
    if not isinstance(active, Mapping):
        return Claimed()
    assertions = active.get("assertions")
    found = [
        (one["label"], one["data"])
        for one in (assertions if isinstance(assertions, list) else ())
        if isinstance(one, Mapping) and isinstance(one.get("label"), str) and isinstance(one.get("data"), Mapping)
    ]
    ours = [data for label, data in found if label == DECLARATION]
    declaration, malformed = _declaration(ours)
    pixels = ours[0].get("pixels") if len(ours) == 1 else None
    return Claimed(
        synthetic=_synthetic([data for label, data in found if label in ACTIONS]),
        declaration=declaration,
        malformed=malformed,
        pixels=pixels if is_digest(pixels) else None,
        name=_name(active.get("signature_info")),
        generator=_generator(active),
    )


def _declaration(found: list[Mapping[str, Any]]) -> tuple[Declaration | None, str | None]:
    if not found:
        return None, None
    if len(found) > 1:
        return None, "the credential carries more than one declaration"
    given = found[0].get("declaration")
    try:
        return Declaration.from_json(given if isinstance(given, Mapping) else {}), None
    except RecordError as error:
        return None, f"the declaration in the credential does not hold: {shown(str(error))}"


def _synthetic(actions: list[Mapping[str, Any]]) -> bool | None:
    """What the source types of the making actions say, taken together: synthetic outweighs captured."""
    codes = set()
    for data in actions:
        listed = data.get("actions")
        for action in listed if isinstance(listed, list) else ():
            kind = action.get("digitalSourceType") if isinstance(action, Mapping) else None
            if isinstance(kind, str) and action.get("action") in _MAKING:
                codes.add(kind.strip().rstrip("/").rpartition("/")[2])
    if codes & SYNTHETIC_CODES:
        return True
    return False if codes & CAPTURE_CODES else None


def _name(signature: object) -> str | None:
    if not isinstance(signature, Mapping):
        return None
    name = signature.get("issuer") or signature.get("common_name")
    return shown(name) if isinstance(name, str) else None


def _generator(active: Mapping[str, Any]) -> str | None:
    info = active.get("claim_generator_info")
    first = info[0] if isinstance(info, list) and info and isinstance(info[0], Mapping) else {}
    name, version = first.get("name") or active.get("claim_generator"), first.get("version")
    words = [word for word in (name, version) if isinstance(word, str)]
    return shown(" ".join(words)) or None
