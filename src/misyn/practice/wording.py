"""Words that claim more than a number shows, and the evidence each of them needs.

Rules
-----
1. A word needs its own named evidence; a good number of another kind does not lend it any.
2. A negated word claims nothing: "not unbiased" is a limitation.
3. Some words speak of a later phase of evaluation, whatever phase the claim names.
4. What no technique can be (free of bias, fully representative, equal to medical images) contradicts the intrinsic
   limits wherever it stands.

Source: issue list of the project's design, recommendations L3, E2, E3, E5.

Example:
    >>> [word.name for word in found("Realistic images improve segmentation significantly; they are not unbiased.")]
    ['significant', 'realistic', 'better']
    >>> contradicts_limits("No technique is free of bias."), contradicts_limits("Our images are unbiased.")
    (None, 'unbiased')
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NEGATED = re.compile(
    r"\b(not|never|cannot|can't|isn't|aren't|neither|nor|no|without|hardly|far from)\b[^.;:!?]{0,40}$", re.I
)


@dataclass(frozen=True)
class Word:
    """A word or phrase, what it needs (named evidence), the phase it speaks of, and how to say so."""

    name: str
    pattern: re.Pattern[str]
    needs: str
    sentence: str
    phase: int = 1


def _word(name: str, pattern: str, *, needs: str, sentence: str, phase: int = 1) -> Word:
    return Word(name, re.compile(pattern, re.IGNORECASE), needs, sentence, phase)


# `needs` names a check of misyn.practice.claims; the order is the order in which words are reported.
WORDS: tuple[Word, ...] = (
    _word(
        "significant",
        r"\bsignificant(ly)?\b|\bsignificance\b",
        needs="corrected-test",
        sentence="needs a test corrected for all comparisons, such as expects: mmd.p_adjusted < 0.05",
    ),
    _word(
        "equivalent",
        r"\bequivalen(t|ce)\b|\bno (significant |measurable |relevant )?differences?\b|\bnon-?inferior\b"
        r"|\bas good as\b|\bcomparable (to|with)\b|\bon par with\b",
        needs="equivalence-test",
        sentence="needs an equivalence test with a margin fixed in the plan; a large p-value shows nothing",
    ),
    _word(
        "indistinguishable",
        r"\bindistinguishable\b|\b(cannot|can not|can't) be (told apart|distinguished)\b",
        needs="readers-equivalence",
        sentence="needs a reader study with an equivalence test",
        phase=2,
    ),
    _word(
        "unbiased",
        r"\bunbiased\b|\bbias[- ]free\b|\bfree (of|from) bias\b|\bno (new )?bias\b|\bfair(ly)? (to|for|across)\b",
        needs="group-equivalence",
        sentence="needs performance by group, with and without synthetic images, and an equivalence test",
    ),
    _word(
        "privacy-preserving",
        r"\bprivacy[- ](preserving|safe|friendly)\b|\bpreserv\w+ (the )?privacy\b|\banonym(ous|ised|ized)\b"
        r"|\bno patient can be identified\b",
        needs="membership",
        sentence="needs membership risk and copy suspects measured against held-out medical images",
    ),
    _word(
        "realistic",
        r"\b(photo-?|hyper-?)?realis(tic|tically|m)\b|\blife-?like\b|\btrue to life\b",
        needs="readers",
        sentence="needs a blinded reader study",
        phase=2,
    ),
    _word(
        "better",
        r"\b(improv(es?|ed|ing|ements?)|outperforms?|outperformed|boosts?|boosted|enhances?|enhanced|superior)\b"
        r"|\bbetter (performance|accuracy|results?|models?|classif\w+|segment\w+|detect\w+|diagnos\w+|general\w+)\b"
        r"|\b(performs?|works?|trains?|generali[sz]es?) (significantly )?better\b",
        needs="utility",
        sentence="needs a comparison with a medical-images-only baseline, such as expects: utility_gain > 0",
    ),
    _word(
        "clinical",
        r"\bclinically (useful|valid|validated|ready|relevant)\b|\bsafe(ly)? (for|in|to use)\b|\bpatient outcomes?\b"
        r"|\bimproves? (care|diagnosis|outcomes?|patient\w*)\b|\bbenefits? (for |to )?patients?\b",
        needs="prospective",
        sentence="needs a prospective study in the clinical setting",
        phase=4,
    ),
)

_LIMITS = re.compile(
    r"\bunbiased\b|\bbias[- ]free\b|\bfree (of|from) (any |all )?bias\b"
    r"|\b(have|has|introduces?|brings?|adds?|with) no (new )?bias\b"
    r"|\bno distribution(al)? shift\b|\bfully represent\w*\b|\brepresents? (all|every)\b"
    r"|\bindistinguishable from\b|\bequivalent to (medical|patient|real|acquired)\b"
    r"|\b(can )?replaces? (medical|patient|real) (images?|data)\b|\b(fully|truly|inherently) grounded\b",
    re.IGNORECASE,
)


def found(text: str) -> tuple[Word, ...]:
    """The words of a claim that need named evidence, in the order of :data:`WORDS`; negated ones are left out."""
    return tuple(word for word in WORDS if any(_said(word.pattern, text)))


def contradicts_limits(text: str) -> str | None:
    """The phrase that contradicts an intrinsic limit, or None."""
    return next(_said(_LIMITS, text), None)


def _said(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield what was said and not negated."""
    for match in pattern.finditer(text):
        if not _NEGATED.search(text[: match.start()]):
            yield match.group()
