"""The verdict on one file, by written, numbered rules that compose.

Rules
-----
Evidence that an image is synthetic:

S1. A standard field says so (SyntheticData YES, a synthesizer among the contributing equipment, a DigitalSourceType for
    algorithmic media, our sentence in DerivationDescription, ``descrip`` or a sidecar): ``synthetic``.
S2. A declaration that holds is there: ``synthetic``. Where no standard field says so too, that is a problem: other
    software will not see it.
S3. A generator's own trace is there (:mod:`misyn.marks.foreign`): ``synthetic``. Where nothing else says so, the
    image is undeclared, and that is a problem.
S4. A credential that holds says so (:mod:`misyn.marks.credential`), whoever signed it: ``synthetic``. Where its chain
    leads to a root that the caller trusts, the verdict is trusted, provided that nothing contradicts it.

S5. The store of fingerprints that the caller named knows these very pixels as a declared synthetic image's
    (:mod:`misyn.marks.fingerprint`): ``synthetic``, and never trusted by that. Where nothing in the file says so too,
    its marks were lost or taken off, and that is a problem.
S6. A visible label of ours lies over a DICOM image as an overlay plane: ``synthetic``.

Disagreement, which outweighs any evidence:

C1. A standard field says the opposite while anything says synthetic: ``contradictory``.
C2. Two declarations, signed or not, name different techniques: ``contradictory``.
C3. The header shows acquisition (:mod:`misyn.marks.acquisition`) while anything says synthetic: ``contradictory``,
    forced or not, because whoever copies a declaration onto a medical image can force it too. Only an image-to-image
    technique that declares its source image explains such a header: then it is a problem, not a contradiction.
C4. A declaration is there and does not hold: a problem; and ``contradictory`` where nothing else says synthetic.
C5. A credential that says synthetic was signed for another image, or for this one before it was changed:
    ``contradictory``. Where only the bytes around the same pixels changed, it counts as C6.
C6. A credential is there and does not hold, or no longer: a problem; and ``contradictory`` where it says synthetic and
    nothing else does.
C7. A credential that holds says captured while anything says synthetic: ``contradictory``.

C8. The store of fingerprints knows these pixels only under techniques that the file does not name:
    ``contradictory``.

Problems that do not change the verdict:

P1. The metadata is unsigned: anyone can write it, so ``synthetic`` by it alone is never trusted.
P2. A standard field says "not synthetic" and nothing else says anything: that is a claim, not evidence.
P3. Something was passed over or damaged.
P4. A mark was forced.
P5. A credential holds and leads to no root that the caller trusts: anyone can have signed it.
P6. The declaration in the metadata is not the signed one, though of the same technique.
P7. What the reader of the credential has to say: it could not be checked here, or outlived its certificate.

P8. The pixels could not be looked up in the store, or what it holds of them does not hold.
P9. A DICOM declaration names a visible label, and no overlay of ours is there.
P10. A watermark was found, and nothing that holds says synthetic: the file is worth asking about, and that is all.
P11. The store knows images that look like this one, and not its pixels: candidates to look at, and no evidence.
    With the public key anyone can plant one, on a medical image too. Where the header shows acquisition, that is said.

When no rule finds evidence, the verdict is ``no-evidence``, and means that and nothing else. There is no verdict for a
medical image. A policy without rules refuses to judge: nothing to say is not "all is well".

Example:
    >>> from misyn.marks.inspection import Gathering
    >>> gathering = Gathering("png")
    >>> DEFAULT.judge(Observed(gathering.result())).verdict
    'no-evidence'
    >>> gathering.says("SyntheticData", "YES", synthetic=True)
    >>> judged = DEFAULT.judge(Observed(gathering.result()))
    >>> judged.verdict, judged.rules
    ('synthetic', ('S1', 'P1'))
"""

from __future__ import annotations

from collections.abc import Iterator

from misyn.marks.credential.state import Credential
from misyn.marks.declaration import Declaration
from misyn.marks.judging import Judgement, Observed, Policy, Rule, Ruling, Verdict

__all__ = [
    "DEFAULT",
    "DISAGREEMENT",
    "EVIDENCE",
    "PROBLEMS",
    "Judgement",
    "Observed",
    "Policy",
    "Rule",
    "Ruling",
    "Verdict",
]


def _s1(seen: Observed) -> Iterator[Ruling]:
    if seen.says_synthetic:
        yield Ruling("synthetic")


def _s2(seen: Observed) -> Iterator[Ruling]:
    if seen.declarations:
        missing = (
            "the declaration is there, but the format's standard field does not say synthetic: others will miss it"
        )
        yield Ruling("synthetic", None if seen.says_synthetic else missing)


def _s3(seen: Observed) -> Iterator[Ruling]:
    if seen.traces:
        places = {"png": "PNG text", "exif": "EXIF text", "c2pa": "C2PA credential"}
        kinds = sorted({places.get(trace.name.partition(":")[0], "comment") for trace in seen.traces})
        undeclared = (
            f"undeclared: only the generator's own {' and '.join(kinds)} says so; no standard mark, no declaration"
        )
        yield Ruling("synthetic", None if seen.says_synthetic or seen.declarations else undeclared)


def _s4(seen: Observed) -> Iterator[Ruling]:
    if seen.credential.says_synthetic:
        yield Ruling("synthetic")


def _s5(seen: Observed) -> Iterator[Ruling]:
    if seen.fingerprint.matches:
        lost = "a store of fingerprints knows these pixels as a synthetic image's, and nothing in the file says so: "
        yield Ruling("synthetic", None if seen.stated_in_file else lost + "its marks were lost or taken off")


def _s6(seen: Observed) -> Iterator[Ruling]:
    if seen.has_overlay:
        yield Ruling("synthetic")


def _c1(seen: Observed) -> Iterator[Ruling]:
    if seen.says_not and seen.any_evidence:
        yield Ruling("contradictory", "a standard field says that it is not synthetic; something else in it says it is")


def _c2(seen: Observed) -> Iterator[Ruling]:
    names = {(d.technique.name, d.technique.version) for d in seen.stated}
    if len(names) > 1:
        yield Ruling("contradictory", f"{len(names)} declarations name different techniques")


def _c3(seen: Observed) -> Iterator[Ruling]:
    found = [rule for rule in seen.acquisition if rule.id != "A4"]  # A4's field is what C1 looks at
    if not found or not seen.any_evidence:
        return
    against = " and ".join(rule.sentence for rule in found)
    if seen.stated and all(_explains(declaration) for declaration in seen.stated):
        yield Ruling(
            None, f"{against}; the declaration explains it: an image-to-image technique, with its source image"
        )
    else:
        yield Ruling("contradictory", f"this speaks against the mark: {against}")


def _explains(declaration: Declaration) -> bool:
    return declaration.technique.kind == "image-to-image" and bool(declaration.derived_from)


def _c4(seen: Observed) -> Iterator[Ruling]:
    for sentence in seen.malformed:
        yield Ruling(None if seen.any_evidence else "contradictory", sentence)


def _c5(seen: Observed) -> Iterator[Ruling]:
    if _unfit(seen.credential):
        for sentence in seen.credential.problems:
            yield Ruling("contradictory", sentence)


def _c6(seen: Observed) -> Iterator[Ruling]:
    credential = seen.credential
    if credential.state == "invalid" and not _unfit(credential):
        alone = credential.synthetic is True and not seen.any_evidence
        for sentence in credential.problems:
            yield Ruling("contradictory" if alone else None, sentence)


def _unfit(credential: Credential) -> bool:
    """Whether it says synthetic of an image that is not this one, as far as that can be told."""
    misfit = credential.image == "other" or "assertion.dataHash.mismatch" in credential.codes
    return credential.state == "invalid" and credential.synthetic is True and misfit and credential.image != "changed"


def _c7(seen: Observed) -> Iterator[Ruling]:
    if seen.credential.holds and seen.credential.synthetic is False and seen.any_evidence:
        yield Ruling("contradictory", "a credential says that it was captured; something else says synthetic")


def _c8(seen: Observed) -> Iterator[Ruling]:
    named = {declaration.technique.name for declaration in seen.stated}
    known = {declaration.technique.name for declaration in seen.fingerprint.matches}
    if named and known and not named & known:
        yield Ruling("contradictory", "a store of fingerprints knows these pixels as another technique's image")


def _p1(seen: Observed) -> Iterator[Ruling]:
    if (seen.says_synthetic or seen.declarations) and not _is_trusted(seen):
        yield Ruling(None, "untrusted: the metadata is not signed, so anyone can have written it")


def _is_trusted(seen: Observed) -> bool:
    return seen.credential.state == "trusted" and seen.credential.says_synthetic


def _p2(seen: Observed) -> Iterator[Ruling]:
    if seen.says_not and not seen.any_evidence:
        yield Ruling(None, "a standard field says that it is not synthetic; that is a claim, not evidence")


def _p3(seen: Observed) -> Iterator[Ruling]:
    for sentence in seen.inspection.problems:
        yield Ruling(None, sentence)


def _p4(seen: Observed) -> Iterator[Ruling]:
    if any(declaration.forced for declaration in seen.stated):
        yield Ruling(None, "the mark was forced, against what the header said; the declaration gives the reason")


def _p5(seen: Observed) -> Iterator[Ruling]:
    if seen.credential.state == "untrusted":
        yield Ruling(
            None, "the credential holds, but leads to no root that was named as trusted: anyone can have signed it"
        )


def _p6(seen: Observed) -> Iterator[Ruling]:
    signed = seen.credential.declaration if seen.credential.holds else None
    if signed is not None and any(declaration != signed for declaration in seen.declarations):
        yield Ruling(None, "the declaration in the metadata is not the signed one")


def _p7(seen: Observed) -> Iterator[Ruling]:
    if seen.credential.state != "invalid":
        for sentence in seen.credential.problems:
            yield Ruling(None, sentence)


def _p8(seen: Observed) -> Iterator[Ruling]:
    for sentence in seen.fingerprint.problems:
        yield Ruling(None, sentence)


def _p9(seen: Observed) -> Iterator[Ruling]:
    if seen.inspection.format == "dicom" and seen.label and not seen.has_overlay:
        yield Ruling(None, "the declaration names a visible label, and its overlay plane is not there")


def _p10(seen: Observed) -> Iterator[Ruling]:
    if not seen.watermark.found or seen.any_evidence:
        return
    key = "a private key" if seen.watermark.private else "the public key, with which anyone can plant one,"
    against = " and ".join(rule.sentence for rule in seen.acquisition)
    other = f"; against it, {against}: it was planted on this image, or the header is another's" if against else ""
    yield Ruling(
        None, f"worth asking about: a watermark of {key} is in the pixels, and nothing else says synthetic{other}"
    )


def _p11(seen: Observed) -> Iterator[Ruling]:
    found = seen.fingerprint.candidates
    if found and not seen.fingerprint.matches:
        many = "an image" if len(found) == 1 else f"{len(found)} images"
        yield Ruling(
            None,
            f"it looks like {many} in the store of fingerprints (at the least {found[0].bits} of 256 bits differ): "
            "something to look at, no evidence, because neighbouring slices and plain pictures look alike too",
        )


_RULES = (
    *(Rule("S1", _s1), Rule("S2", _s2), Rule("S3", _s3), Rule("S4", _s4), Rule("S5", _s5), Rule("S6", _s6)),
    *(Rule("C1", _c1), Rule("C2", _c2), Rule("C3", _c3), Rule("C4", _c4)),
    *(Rule("C5", _c5), Rule("C6", _c6), Rule("C7", _c7), Rule("C8", _c8)),
    *(Rule("P1", _p1), Rule("P2", _p2), Rule("P3", _p3), Rule("P4", _p4), Rule("P5", _p5)),
    *(Rule("P6", _p6), Rule("P7", _p7), Rule("P8", _p8), Rule("P9", _p9), Rule("P10", _p10), Rule("P11", _p11)),
)
EVIDENCE = Policy(tuple(rule for rule in _RULES if rule.id.startswith("S")))
DISAGREEMENT = Policy(tuple(rule for rule in _RULES if rule.id.startswith("C")))
PROBLEMS = Policy(tuple(rule for rule in _RULES if rule.id.startswith("P")))
DEFAULT = EVIDENCE & DISAGREEMENT & PROBLEMS
