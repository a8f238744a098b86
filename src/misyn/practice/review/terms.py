"""Words for the two kinds of image, and captions that show synthetic images without saying so.

Rules
-----
1. 'Real', 'true' or 'genuine' as the kind of an image makes the other kind a lesser image of the same thing; a synthetic
   image is not an image of a patient. The words asked for are "synthetic image" and "medical image".
2. The same words in another meaning (real time, real-valued, the real world) are passed over.
3. A caption is asked about when it shows what a technique made; plots and drawings of networks are passed over.

Source: recommendations T3 and T4.

Example:
    >>> from misyn.practice.review.text import Statement
    >>> [hit.words for hit in terminology([Statement("The probe works in real time.", "text", "", 1)])]
    []
    >>> [hit.words for hit in captions([Statement("Figure 1. Generated wounds.", "caption", "", 1)])]
    ['Generated']
"""

# ruff: noqa: E501 - a pattern is read alternative by alternative; breaking one in two hides it

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from misyn.practice.review.hits import Hit, pattern
from misyn.practice.review.text import Statement

_IMAGE = (
    r"(images?|imag(ery|ing)|scans?|slices?|slides?|samples?|data(sets?)?|cts?|mris?|mrs?|x-?rays?|radiographs?|mammograms?"
    r"|photo(graph)?s?|pictures?|lesions?|tumou?rs?|wounds?|volumes?|patches|ones|examples|cases|training (images?|data|sets?))"
)
_KIND = r"(real|fake|true|genuine|authentic)"
_MADE = r"(synthetic|synthesi[sz]ed|generated|artificial|fake)"
_TERMS = pattern(
    rf"\b(real|fake|genuine|authentic) (?!(time|world|life|part|number|need|valued|anatom|patient)\w*\b)(?:[\w-]+ ){{0,2}}{_IMAGE}\b",
    rf"\b{_KIND}[- ]?(/|vs\.?|versus|and|or|from|to|-vs-|-versus-)[- ]?(the )?({_MADE}|{_KIND})\b",
    rf"\b{_MADE}[- ]?(/|vs\.?|versus|and|or|from|to)[- ]?(the )?{_KIND}\b|\breal, (\w+, )*(and )?(pseudo-?)?(synthetic|generated|fake)\b",
    r"\breal-(data|images?|samples?)\b|\bdeep-?fakes?\b",
    rf"\b{_MADE} (medical|patient|clinical) {_IMAGE}",
    r"\b(identified|classified|labell?ed|recogni[sz]ed|rated|judged|perceived) as (real|fake)\b|\breal[- ](and |or )?(pseudo-?)?(synthetic|generated|fake)\b",
)
_CELL = re.compile(r"(?:^|\|)\s*(real|fake)\s*(?=\||$)", re.IGNORECASE)

_FIGURE = re.compile(r"^\W*((supplementary|supplemental|extended data|appendix) )?fig", re.IGNORECASE)
_SAYS_SO = re.compile(r"\bsynthe(tic|si[sz]ed)|\bartificially (made|generated)", re.IGNORECASE)
_SHOWN = re.compile(
    r"\bgenerat(ed|or|ive|ions?)\b|\bw?gans?\b|\bdiffusion\b|\bproduced by\b|\b(random )?samples? (from|of|drawn)\b|\btranslat(ed|ion)\b"
    r"|\binpaint(ed|ing)\b|\bsuper-?resol(ved|ution)\b|\blatent\b|\boutputs?\b|\bprompts?\b|\bdrawn by\b|\brender(ed|ing)s?\b"
    r"|\bour (model|network|method|technique)('s)?\b|\bfakes?\b|\bcreated by\b|\bseeds?\b|\bvirtual(ly)? stain",
    re.IGNORECASE,
)
_NO_PICTURE = re.compile(
    r"\b(loss(es)?|curves?|architectures?|overview|pipelines?|schematics?|diagrams?|flow ?charts?|flow of|workflow|frameworks?"
    r"|box ?plots?|violin|histograms?|roc|ablation|scatter|t-?sne|umap|bar charts?|plots?|distribution of|heat ?maps?|number of)\b",
    re.IGNORECASE,
)


def terminology(statements: Sequence[Statement]) -> Iterator[Hit]:
    """'Real', 'fake' and the like stand for the kind of an image."""
    for statement in statements:
        words = _TERMS.search(statement.text) or (_CELL.search(statement.text) if statement.kind == "table" else None)
        if words:
            yield Hit(words.group().strip(" |"), statement)


def captions(statements: Sequence[Statement]) -> Iterator[Hit]:
    """A caption shows what a technique made and does not say synthetic."""
    for statement in statements:
        if statement.kind != "caption" or _SAYS_SO.search(statement.text) or _NO_PICTURE.search(statement.text):
            continue
        shown = _SHOWN.search(statement.text)
        if shown and _is_figure(statement.text):
            yield Hit(shown.group(), statement)


def _is_figure(text: str) -> bool:
    """A caption that names no table: in LaTeX and HTML the word Figure is added by the typesetter."""
    return bool(_FIGURE.match(text)) or not re.match(r"^\W*(\w+ )?tab", text, re.IGNORECASE)
