"""What a reader would look for in the whole paper: approval of work with people, and limitations of three kinds.

Rules
-----
1. A rule here reads everything that was read, and asks when it did not find something: never "absent".
2. Approval is asked for only where images or data of people that are not said to be public were used, or people took
   part; that statement is quoted.
3. Limitations of other people's methods (introduction, related work) do not count as limitations of this one.
4. All three intrinsic limits are looked for; the question names those that were not found.

Source: recommendations D3, E6, L1, L2, L3.

Example:
    >>> from misyn.practice.review.text import Statement
    >>> [hit.detail for hit in intrinsic([Statement("No patient stands behind a sample.", "text", "Limits", 1)])]
    ['that the training images cannot be fully represented; that new shift and bias are brought in']
"""

# ruff: noqa: E501 - a pattern is read alternative by alternative; breaking one in two hides it

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from misyn.practice.intrinsic import LIMITS
from misyn.practice.review.hits import Hit
from misyn.practice.review.text import Statement

_PEOPLE = re.compile(
    r"\b(collected|acquired|scanned|exported|obtained|retrieved|taken|photographed|recorded|enrolled|recruited|included|treated)\b"
    r".{0,90}\b(hospitals?|clinics?|institut(e|ion)s?|department|cent(re|er)s?|patients|volunteers|participants|wom[ae]n|men|children)\b"
    r"|\b(we|were) (scanned|enrolled|recruited|photographed|included)\b.{0,40}\b(patients|volunteers|participants|students|readers|wom[ae]n)"
    r"|\b(patients|volunteers|participants|students|readers)\b.{0,30}\b(were|was) (enrolled|recruited|scanned|included|photographed|asked)\b"
    r"|\b(in-house|private|proprietary|internal|institutional) (\w+ ){0,3}(data ?sets?|data|images?|scans?|cts?|videos?|cohort|archive)\b"
    r"|\b(radiologists?|dermatologists?|surgeons?|clinicians?|physicians?|pathologists?|students|readers|experts|nurses|doctors)\b"
    r".{0,40}\b(rated|rates|took part|judged|scored|assessed|graded|participated|evaluated|were asked|interpreted)\b"
    r"|\bimages of \d+ patients\b|\breader study\b",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"\b(public(ly)?|open[- ](access|data|source)|open|downloaded|repository|challenge|phantoms?|benchmark)\b|\bprevious(ly)?\b|\bet al\b",
    re.I,
)
_APPROVED = re.compile(
    r"\b(ethic(s|al) (committee|board|review|approval|commission|vote|clearance)|review boards?|\birb\b|informed consent|written consent"
    r"|(gave|given|with|obtained|provided) (\w+ ){0,2}consent|consent (was|were|form)|consented|waive[dr]|helsinki|hipaa"
    r"|approv(al|ed) (was |were )?(by|of|not|number|from|granted|obtained)|no approval was needed|exempt(ed|ion)?)\b",
    re.IGNORECASE,
)

_ELSEWHERE = re.compile(r"\b(introduction|related|background|abstract|previous|state of the art|motivation)\b", re.I)
_THEIRS = re.compile(
    r"\b(earlier|previous|prior|existing|other|conventional|traditional|manual) (\w+ )?(methods?|works?|approach|gans?|annotation)",
    re.I,
)
_FAILS = re.compile(
    r"\bfail(s|ed|ures?|ing)?\b|\bartefacts?\b|\bartifacts?\b|\bhallucinat|\bmode collapse|\bweakness|\bmistakes?\b|\berrors?\b|\binvents?\b"
    r"|\bmissing\b|\bvanish|\bdoubled\b|\bimplausib|\bunrealistic|\bdistort|\btoo (large|small|bright|dark|smooth)\b",
    re.IGNORECASE,
)
_LEADS_TO = re.compile(
    r"\b(could|may|might|can|would|will)\b.{0,60}\b(mislead|misled|miss(ed)?|overlook(ed)?|hide|hidden|harm(ed)?|false|wrong(ly)?|read as"
    r"|misdiagnos\w+|delay(ed)?|mistaken|planned|cause|unsafe|injur\w+)",
    re.IGNORECASE,
)
_LIMITED = re.compile(
    r"\blimit(ation|ations|ed|s)?\b|\bassum(e|ed|es|ption|ptions)\b|\brestricted\b|\bonly\b|\bsmall\b|\bsingle\b|\bretrospective\b"
    r"|\bno (external|prospective|independent)\b|\bnot (tested|evaluated|validated|studied)\b|\bone (resolution|data ?set|hospital|cent(re|er))\b",
    re.IGNORECASE,
)
_ASPECT = re.compile(
    r"\b(cent(re|er)s?|hospitals?|scanners?|cameras?|manufacturers?|samples? size|number of (patients|cases|readers)|patients|cases"
    r"|data ?sets?|resolutions?|extractors?|slices|two-dimensional|2d|design|retrospective|external|validation|prospective|capacity"
    r"|texture|shape|depth|study|masks)\b",
    re.IGNORECASE,
)
_OWN_LIMITS = re.compile(r"limit|weakness|discussion|outlook|caveat|cannot|conclusion|failure", re.I)

_INTRINSIC: Mapping[str, re.Pattern[str]] = {
    "grounding": re.compile(
        r"\b(not|no|never|lacks?|nor|without)\b.{0,40}\bground(ed|ing)\b|\bno (\w+ ){0,2}(patient|person|anatomy|body|event|one)\b.{0,40}"
        r"\b(stands?|behind)\b|\bcomes? from no (patient|person|body)\b|\bstands? behind no\b|\bno synthetic image is grounded\b",
        re.IGNORECASE,
    ),
    "representation": re.compile(
        r"\b(cannot|can not|not|never|only partly|incompletely|under-?)\W?(\w+ ){0,3}(fully |entirely |completely )?(represent|cover|captur)\w*"
        r"|\b(leaves? out|left out|miss(es)?|omits?|lacks?)\b.{0,60}\btraining\b|\b(parts?|rest) of the training\b|\bonly partly represented\b",
        re.IGNORECASE,
    ),
    "shift": re.compile(
        r"\b(introduc|bring|brought|add|creat|caus)\w*\b.{0,50}\b(shift|bias)|\b(shift|bias)\w*\b.{0,50}\b(introduced|inevitable|unavoidable"
        r"|come in|brought|added)\b|\binevitabl\w+\b.{0,40}\b(shift|bias)",
        re.IGNORECASE,
    ),
}


def ethics(statements: Sequence[Statement]) -> Iterator[Hit]:
    """Work with people or their images, and no approval, consent or waiver among what was read."""
    if any(_APPROVED.search(s.text) for s in statements):
        return
    for statement in statements:
        words = _PEOPLE.search(statement.text)
        if words and statement.kind == "text" and not _PUBLIC.search(statement.text):
            yield Hit(words.group(), statement)
            return


def assessed(statements: Sequence[Statement]) -> Iterator[Hit]:
    """No failure or weakness of its own with what it may do to people."""
    own = _own(statements)
    for index, statement in enumerate(own):
        beside = [s.text for s in own[index : index + 3] if s.section == statement.section]
        if _FAILS.search(statement.text) and any(_LEADS_TO.search(text) for text in beside):
            return
    yield Hit("", detail="weaknesses and failures of the technique, each with what it may do to people")


def design(statements: Sequence[Statement]) -> Iterator[Hit]:
    """No limit of its own design or evaluation."""
    told = (s for s in _own(statements) if _OWN_LIMITS.search(s.section) or "limitation" in s.text.lower())
    if not any(_LIMITED.search(s.text) and _ASPECT.search(s.text) for s in told):
        yield Hit("", detail="limits of the way the technique was designed and evaluated")


def intrinsic(statements: Sequence[Statement]) -> Iterator[Hit]:
    """Not all of the three limits that every technique has."""
    missing = [LIMITS[key] for key, words in _INTRINSIC.items() if not any(words.search(s.text) for s in statements)]
    if missing:
        yield Hit("", detail="; ".join(missing))


def _own(statements: Sequence[Statement]) -> list[Statement]:
    return [
        s for s in statements if s.kind == "text" and not _ELSEWHERE.search(s.section) and not _THEIRS.search(s.text)
    ]
