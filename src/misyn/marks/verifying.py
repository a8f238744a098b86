"""What a file says of its origin: one look at its header, judged by the written rules of :mod:`misyn.marks.policy`.

Rules
-----
1. Four verdicts: ``synthetic``, ``contradictory``, ``no-evidence``, ``unreadable``. There is no verdict for a medical
   image.
2. Verifying never raises for what a file holds: a file that cannot be read as an image has the verdict ``unreadable``,
   unless what was read before the damage is evidence.
3. Pixels are read where a credential, a fingerprint or a watermark needs them; without ``search`` and ``store`` mostly
   headers are. A layer that was not searched says so (``searched: false``) and is never "absent".
4. Text from the file is made safe to show; nothing of a patient is in a verdict.

Example:
    >>> verify("no such file").verdict
    'unreadable'
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from misyn.errors import NoRoomForMark, UnreadableImage
from misyn.images.formats import FORMATS, HEAD_BYTES, sniff
from misyn.images.limits import read_head
from misyn.marks.credential.reading import read as read_credential
from misyn.marks.credential.state import Credential
from misyn.marks.credential.trust import Proof, Trust, anchors_from
from misyn.marks.fingerprint import UNSEARCHED, look_up
from misyn.marks.inspection import Inspection, MetadataMark
from misyn.marks.metadata import inspect_file
from misyn.marks.policy import DEFAULT, Observed, Policy
from misyn.marks.sighting import DEFAULT_SEARCH, Search, look
from misyn.marks.sighting import UNSEARCHED as NOT_LOOKED

SCHEMA = "misyn/verify/1"
_NOT_SEARCHED = {"searched": False}
_UNSEARCHED = Credential(state="not searched")


@dataclass(frozen=True, kw_only=True)
class FileVerdict:
    """The verdict on one file.

    Attributes:
        path: the file.
        verdict: ``synthetic``, ``contradictory``, ``no-evidence`` or ``unreadable``.
        trusted: whether a signature that leads to a trusted root says so; never by metadata alone.
        format: the format's name, or None where none was recognised.
        layers: what each layer says, as in ``misyn verify --json``.
        declaration: the declaration as JSON-like data, or None.
        problems: sentences: what is missing, what disagrees, what was passed over.
        rules: the numbers of the rules that spoke.
        status: of the technique in a registry; ``unknown`` without one.
        known_as_of: when that status was known, or None.
    """

    path: Path
    verdict: str
    trusted: bool = False
    format: str | None = None
    layers: Mapping[str, Any] = field(default_factory=dict, hash=False)
    declaration: Mapping[str, Any] | None = field(default=None, hash=False)
    problems: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    status: str = "unknown"
    known_as_of: str | None = None

    @property
    def explain(self) -> str:
        """One plain sentence for people."""
        if self.verdict == "synthetic":
            return f"Something in this file says that the image is synthetic: {self._who()}."
        sentences = {
            "contradictory": "What this file says of its origin does not fit together: do not rely on any of it.",
            "no-evidence": self._silent(),
            "unreadable": "This file could not be read as an image, so nothing can be said of its origin.",
        }
        return sentences[self.verdict]

    def _silent(self) -> str:
        if self.layers.get("watermark", {}).get("found"):
            return (
                "No text in this file says that it is synthetic; a watermark in its pixels makes it worth asking about."
            )
        return "Nothing in this file says that it is synthetic; that does not make it a medical image."

    def _who(self) -> str:
        if self.declaration is not None:
            how = "signed by a trusted party" if self.trusted else "which no trusted party has signed"
            return f"it carries a declaration, {how}"
        if self.layers.get("credential", {}).get("state") in ("trusted", "untrusted"):
            return f"a signed credential does, of a party {'trusted' if self.trusted else 'that is not trusted'} here"
        if self.layers.get("metadata", {}).get("found"):
            return "its format's standard field does, without a declaration of who made it and how"
        if self.layers.get("fingerprint", {}).get("found") and not self.layers.get("foreign", {}).get("found"):
            return "its pixels do, which a store of fingerprints knows as a declared synthetic image's"
        if self.layers.get("label", {}).get("found"):
            return "a visible label over it does, without a declaration of who made it and how"
        return "only what the generating program left in it does; nobody declared it"

    def as_json(self) -> dict[str, Any]:
        """Give the file's object of ``misyn verify --json``."""
        return {
            "path": str(self.path),
            "verdict": self.verdict,
            "trusted": self.trusted,
            "format": self.format,
            "explain": self.explain,
            "layers": dict(self.layers),
            "declaration": None if self.declaration is None else dict(self.declaration),
            "status": self.status,
            "known_as_of": self.known_as_of,
            "problems": list(self.problems),
            "rules": list(self.rules),
        }


def verify(
    path: str | os.PathLike[str],
    *,
    policy: Policy = DEFAULT,
    trust: Trust = None,
    proof: Proof | None = None,
    store: str | os.PathLike[str] | None = None,
    search: Search | None = DEFAULT_SEARCH,
) -> FileVerdict:
    """Say what one file says of its origin.

    Args:
        path: a file of any format that :func:`misyn.read` knows.
        policy: the rules to judge by.
        trust: the roots whose credentials are trusted: a PEM file, or certificates. None trusts nobody.
        proof: from a credential's digest to the time from which on it is proven to exist, for credentials whose
            certificate has expired; see :mod:`misyn.marks.credential.trust`.
        store: a folder of fingerprints to look the pixels up in (:mod:`misyn.marks.fingerprint`); None looks nowhere.
        search: whose watermarks to look for in the pixels, and how thoroughly; None does not read them for that.
            What is found never makes a verdict by itself (rule P10).

    Returns:
        The verdict; also for a file that cannot be read (rule 2).

    Raises:
        UsageError: the policy has no rules.
        SigningError: ``trust`` cannot be read.
        InputError: ``store`` cannot be used.
    """
    path = Path(path)
    roots = anchors_from(trust).certificates or None
    try:
        name, others = _formats(path)
        inspection = inspect_file(path, name)
        credential = read_credential(path, format=name, trust=roots, proof=proof)
    except (UnreadableImage, NoRoomForMark, OSError) as error:
        nothing = Observed(Inspection(format=""), _UNSEARCHED)
        policy.judge(nothing)  # an empty policy refuses here too
        sentence = str(error) if not isinstance(error, OSError) else "expected a readable file, found one that is not"
        return FileVerdict(
            path=path,
            verdict="unreadable",
            layers=_layers(nothing),
            problems=(sentence,),
        )
    known = UNSEARCHED if store is None else look_up(Path(store), path)
    watermark = NOT_LOOKED if search is None else look(path, search)
    return judged(path, Observed(inspection, credential, known, watermark), others, policy)


def _formats(path: Path) -> tuple[str, tuple[str, ...]]:
    """The format that content decides, and the other signatures that the same bytes match."""
    name = sniff(path).name
    head = read_head(path, HEAD_BYTES)
    return name, tuple(other.name for other in FORMATS if other.name != name and other.matches(head))


def judged(path: Path, observed: Observed, others: tuple[str, ...], policy: Policy) -> FileVerdict:
    """The verdict on what was observed; ``others`` are formats that the same bytes start as too."""
    inspection, credential = observed.inspection, observed.credential
    judgement = policy.judge(observed)
    problems = [*judgement.problems]
    problems += [f"the same bytes also start as {other}; that part was not looked at" for other in others]
    damaged = inspection.damage is not None and not observed.any_evidence and judgement.verdict == "no-evidence"
    if damaged:
        problems.append(str(inspection.damage))
    trusted = judgement.verdict == "synthetic" and credential.state == "trusted" and credential.says_synthetic
    declaration = next(iter(reversed(observed.stated) if trusted else observed.stated), None)  # the signed one is last
    return FileVerdict(
        path=path,
        verdict="unreadable" if damaged else judgement.verdict,
        trusted=trusted,
        format=inspection.format,
        layers=_layers(observed),
        declaration=declaration.to_json() if declaration else None,
        problems=tuple(problems),
        rules=judgement.rules,
    )


def _layers(observed: Observed) -> dict[str, Any]:
    """What each layer says, in the order of the interface, each with whether it was searched at all."""
    return {
        "metadata": _metadata(observed.inspection.mark),
        "credential": observed.credential.as_json(),
        "watermark": observed.watermark.as_json(),
        "fingerprint": observed.fingerprint.as_json(),
        "label": _label(observed),
        "foreign": {
            "found": bool(observed.traces),
            "traces": [{"trace": trace.name, "reveals": dict(trace.reveals)} for trace in observed.traces],
        },
    }


def _metadata(mark: MetadataMark | None) -> dict[str, Any]:
    return {
        "found": mark is not None,
        "fields": [] if mark is None else [_field(s.field, s.value, synthetic=s.synthetic) for s in mark.statements],
        "declarations": len(mark.declarations) + len(mark.malformed) if mark else 0,
    }


def _label(observed: Observed) -> dict[str, Any]:
    """A label is found by what says that it is there; pixels are not searched for letters."""
    if observed.label is None and not observed.has_overlay:
        return {**_NOT_SEARCHED, "found": False}
    kind = "burned-in" if observed.inspection.format != "dicom" else "overlay" if observed.has_overlay else "declared"
    return {**_NOT_SEARCHED, "found": kind != "declared", "kind": kind, "words": observed.label}


def _field(name: str, value: str, *, synthetic: bool) -> dict[str, Any]:
    return {"field": name, "value": value, "synthetic": synthetic}
