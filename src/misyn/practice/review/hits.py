"""What a rule found, and the few tools rules share: said or not said, near or not near, of one's own work or others'.

Rules
-----
1. A word counts as said when it is not negated just before, and its sentence neither asks nor hopes.
2. "Near" is the same sentence, or the one before or after it in the same section.
3. A sentence on other people's work counts only where it also speaks of its own.

Example:
    >>> from misyn.practice.review.text import Statement
    >>> some = [Statement("It may be realistic.", "text", "", 1), Statement("It is realistic.", "text", "", 2)]
    >>> [index for index, _ in said(pattern(r"realistic"), some)]
    [1]
"""

# ruff: noqa: E501 - a pattern is read alternative by alternative; breaking one in two hides it

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from misyn.practice.review.text import Kind, Statement

_NEGATED = re.compile(
    r"\b(not(?! only)|never|cannot|can't|don't|doesn't|isn't|aren't|neither|nor|no|none|without|hardly|far from|fail(s|ed)? to"
    r"|un(able|likely) to|lack(s|ed|ing)?|struggl(e|es|ed|ing)|difficult(y|ies)?|limitations? of|shortcomings?|marginal(ly)?"
    r"|limited|little|small)\b[^.;:!?]{0,45}$|\b(rather than|instead of)\W+$",
    re.IGNORECASE,
)
_HOPED = re.compile(
    r"\b(whether|if|may|might|could|would|should|perhaps|possibly|potentially|hope(s|d|fully)?|aim(s|ed|ing)?|ideally"
    r"|potential (to|of|for|solutions?|benefits?)|goal|purpose|intend(s|ed)?|future (work|research|studies)|unclear|unknown"
    r"|remains? (to be|unclear|unknown|open)|open question|feasibility|explor(e|es|ed|ing)|examin(e|es|ed|ing)|investigat(e|es|ed|ing)|demand for|need for|interest in"
    r"|hold(s)? (great |much )?(potential|promise)|promis(e|ing)|opportunit(y|ies)"
    r"|to (test|examine|investigate|assess|evaluate|study|determine|quantify|measure) (?!the improved)"
    r"|do(es)? not know|hypothes\w+|in order to)\b[^.;!]{0,120}$",
    re.IGNORECASE,
)
_HOPED_AFTER = re.compile(
    r"\b(is|are|remains?) (unclear|unknown|an open question|to be (shown|seen|tested)|not known)\b", re.I
)
_OTHERS = re.compile(
    r"\[\d+(\s*[,–-]\s*\d+)*\]|\bet al\b|\b(previous|earlier|prior|other|recent|existing) (works?|studies|study|authors?|research\w*)\b"
    r"|\b(has|have) (been )?(shown|reported|demonstrated|found|achieved|emerged|revolutioni[sz]ed|made|outperformed|improved)\b|\(\d{4}\)"
    r"|^\W*(deep learning|machine learning|artificial intelligence|ai|convolutional)\b"
    r"|^\W*((latent|denoising|generative|deep|large|modern|conditional|image) )*(diffusion|generative|learning|adversarial)"
    r" (\w+ )?(models?|networks?) (\([^)]{1,20}\) )?achieve",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(we|our|ours|us|this (work|paper|study|article|approach|technique|method|unique|integration|allow(s|ed)|enabl(es|ed)|leads?|led|yields?|results? in)|the proposed|proposed)\b",
    re.IGNORECASE,
)
# Where papers speak of their field: bare plurals ("Generative models improve …") are not about the paper's own work.
_FIELD = re.compile(
    r"\b(abstract|summary|introduction|background|related|motivation|state of the art)\b", re.IGNORECASE
)
_DEFINITE = re.compile(
    r"\b([Tt]he|[Tt]hese|[Tt]his|[Bb]oth) ([\w-]+ ){0,3}(generators?|models?|networks?|techniques?|approach|methods?|frameworks?|pipeline|outputs?"
    r"|images?|samples?|results?|findings|realism|classifiers?|experiments?|workflow|system|synthesis|integration|evaluation|w?gans?|ddpms?|ldms?|vaes?|architecture)\b"
    r"|\b([Rr]esults?|[Ff]indings|[Ee]xperiments?|[Aa]nalysis|[Ee]valuation) (\w+ ){0,4}(show|demonstrat|indicat|reveal|confirm|suggest)\w*"
    r"|\b[A-Z][a-z]+[A-Z]\w*|\b[A-Z]{2,}-[A-Z]\w+",
)
TEXT: tuple[Kind, ...] = ("text", "heading", "caption")


@dataclass(frozen=True)
class Hit:
    """The words that raise a question, and the statement they stand in; none where something was not found."""

    words: str
    statement: Statement | None = None
    detail: str = ""

    @property
    def text(self) -> str:
        """The statement's text, or nothing."""
        return self.statement.text if self.statement else ""


def pattern(*alternatives: str) -> re.Pattern[str]:
    """One pattern out of several, whatever the case."""
    return re.compile("|".join(f"(?:{one})" for one in alternatives), re.IGNORECASE)


def said(
    words: re.Pattern[str],
    statements: Sequence[Statement],
    *,
    kinds: tuple[Kind, ...] = TEXT,
    negated: bool = False,
) -> Iterator[tuple[int, Hit]]:
    """Yield the statements that say the words (rule 1), each once, with their index; ``negated`` ones on request."""
    for index, statement in enumerate(statements):
        if statement.kind not in kinds or statement.text.rstrip().endswith("?"):
            continue
        for match in words.finditer(statement.text):
            before = statement.text[: match.start()]
            if (negated or not _NEGATED.search(before)) and not _hoped(before, statement.text[match.end() :]):
                yield index, Hit(match.group(), statement)
                break


def _hoped(before: str, after: str) -> bool:
    return bool(_HOPED.search(before) or _HOPED_AFTER.search(after))


def nearby(words: re.Pattern[str], statements: Sequence[Statement], index: int) -> bool:
    """Say whether the words stand in a statement, or in its neighbours of the same section."""
    here = statements[index]
    around = statements[max(0, index - 1) : index + 2]
    return any(words.search(near.text) for near in around if near.section == here.section)


def owned(hit: Hit) -> bool:
    """Say whether a sentence speaks of its authors' own work, as far as its words tell."""
    return bool(_OWN.search(hit.text)) or not _OTHERS.search(hit.text)


def not_of_the_field(hit: Hit) -> bool:
    """:func:`owned`; where papers speak of their field, the sentence must also name something of its own."""
    if hit.statement is None or not _FIELD.search(hit.statement.section):
        return owned(hit)
    return owned(hit) and bool(_OWN.search(hit.text) or _DEFINITE.search(hit.text))
