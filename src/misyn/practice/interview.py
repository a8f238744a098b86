"""The questions themselves, in the order of a technique's life.

Rules
-----
1. Every question stands on its own, in words a person outside the field can answer or pass on.
2. Lists are answered one entry per line; where an entry has two parts, ``|`` stands between them.

Example:
    >>> question = next(q for q in QUESTIONS if q.path == "design.assumptions")
    >>> question.read("wounds look alike | other shapes are missing")
    [{'text': 'wounds look alike', 'if_fails': 'other shapes are missing'}]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "lines", "choice", "number"]


@dataclass(frozen=True)
class Question:
    """One plain question.

    Attributes:
        path: where the answer stands in the record.
        text: the question.
        kind: ``text``; ``lines`` (a list, one entry per line); ``choice`` of ``options``; ``number``.
        options: the allowed answers of a choice.
        parts: names of an entry's parts, where its lines have several.
        needed: whether a record cannot do without it.
    """

    path: str
    text: str
    kind: Kind = "text"
    options: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    needed: bool = False

    @property
    def comment(self) -> str:
        """The question as it stands above its key."""
        told = f" One of: {', '.join(self.options)}." if self.options else ""
        told += f" A list of entries, each with {', '.join(self.parts)}." if self.parts else ""
        return self.text + told

    def read(self, raw: str) -> Any:  # noqa: ANN401 - text, number, list of texts or of mappings
        """What the words of an answer mean; None when it stays open. The record's own check finds mistakes."""
        text = raw.strip()
        if not text:
            return None
        if self.kind == "lines":
            return [self._entry(line.strip()) for line in text.splitlines() if line.strip()]
        return int(text) if self.kind == "number" and text.isdecimal() else text

    def _entry(self, line: str) -> str | dict[str, str]:
        if not self.parts:
            return line
        words = [word.strip() for word in line.split("|")]
        return {name: word for name, word in zip(self.parts, words, strict=False) if word}


SECTIONS: Mapping[str, str] = {
    "technique": "WHAT MAKES THE IMAGES",
    "problem": "THE NEED, BEFORE ANY TECHNIQUE",
    "use": "WHAT THE IMAGES ARE FOR, AND WHAT NOT",
    "data": "THE IMAGES. Paths are relative to this file.",
    "data.training": "Medical images the technique saw.",
    "data.held_out": "Medical images of the same source that it did not see. Without them copying cannot be told.",
    "data.reference": "Other medical images to compare with.",
    "data.synthetic": "The synthetic images.",
    "design": "HOW IT WAS BUILT, AND WHAT THAT TAKES FOR GRANTED",
    "plan": "HOW IT WILL BE JUDGED. Write it, and put it in a log, before you see results.",
    "limitations": "LIMITS, as prominent as the claims",
    "limitations.intrinsic": "The three limits every technique has, in your own words.",
    "phases": "HOW FAR TESTING WENT",
    "oversight": "HOW OTHERS CAN QUESTION IT",
    "release": "RELEASE",
    "monitoring": "AFTER RELEASE",
}

_KINDS = ("generation", "conditional", "text-to-image", "image-to-image", "rendering", "other")
_METHODS = ("gan", "diffusion", "vae", "flow", "autoregressive", "compositing", "physics", "other")


def _images(role: str, *, documented: bool) -> tuple[Question, ...]:
    asked = (
        Question(f"data.{role}.path", "In which folder are they?"),
        Question(f"data.{role}.table", "Is there a table (CSV or Parquet) that describes them? Which file?"),
        Question(f"data.{role}.key", "Which column of it names the image?"),
        Question(f"data.{role}.patient", "Which column says which images belong to one patient?"),
        Question(
            f"data.{role}.label", "Which column holds the class? Write @folder if the folders' names are the classes."
        ),
        Question(f"data.{role}.groups", "Which columns describe patients, such as sex or age?", "lines"),
        Question(f"data.{role}.modality", "What kind of images are they, such as CT or dermoscopy?"),
    )
    if not documented:
        return (asked[0], asked[4], asked[6])
    return (
        *asked,
        Question(f"data.{role}.origin", "Where do they come from, and who collected them, when?"),
        Question(
            f"data.{role}.consent", "Did people agree, or did an ethics board? Board, number, date; or why not needed."
        ),
        Question(f"data.{role}.licence", "Under which terms may they be used?"),
        Question(f"data.{role}.represented", "Who is in them?"),
        Question(f"data.{role}.not_represented", "Who is missing from them?"),
    )


QUESTIONS: tuple[Question, ...] = (
    Question("technique.name", "What is the technique called?", needed=True),
    Question("technique.version", "Which version of it?"),
    Question("technique.kind", "What are images made from?", "choice", _KINDS),
    Question("technique.method", "By which family of methods?", "choice", _METHODS),
    Question("technique.description", "How is an image made, in a few sentences?"),
    Question("technique.weights", "Where are the model's weights, or what is their digest?"),
    Question("responsible", "Who answers for it? A name, or several.", needed=True),
    Question("stakeholders", "Whom can it touch, and how was each heard?", "lines", parts=("who", "heard")),
    Question("problem.need", "What do people need, in their own words?"),
    Question("problem.evidence", "What shows that the need is real?", "lines"),
    Question("problem.stated_by", "Who has the need and said so?", "lines"),
    Question(
        "problem.alternatives",
        "What else was thought of, simple ways and 'collect more images' included, and why not?",
        "lines",
        parts=("text", "why_not"),
    ),
    Question("problem.why_synthesis", "Why are made images the better way here?"),
    Question("use.intended", "What are the images for?"),
    Question("use.users", "Who is meant to use them?", "lines"),
    Question("use.setting", "Where will they be used: research, teaching, a clinic?"),
    Question("use.out_of_scope", "What were they not made or tested for?", "lines"),
    Question("use.prohibited", "What must nobody do with them?", "lines"),
    Question("use.stop_when", "When should it not be used, or its use end?", "lines"),
    Question("use.refusal", "How can those affected say no to it, or to the use of their data?"),
    *_images("training", documented=True),
    *_images("held_out", documented=True),
    *_images("reference", documented=True),
    *_images("synthetic", documented=False),
    Question(
        "design.assumptions",
        "What did you take for granted, and what happens if it is not so?",
        "lines",
        parts=("text", "if_fails"),
    ),
    Question("design.grounding", "What ties the images to how bodies and diseases are, and where does nothing?"),
    Question(
        "design.biases", "Whom might it treat unfairly, and what did you do about it?", "lines", parts=("text", "done")
    ),
    Question("design.privacy", "What protects the people in the training images?"),
    Question("plan.text", "What will you measure and compare, and what would count against the technique?"),
    Question("plan.fixed", "When was this fixed? A date such as 2026-08-02."),
    Question(
        "claims",
        "What do you claim, for and against it? kind: benefit, limitation or equivalence; expects: what would have "
        "to hold, such as coverage < 0.9.",
        "lines",
        parts=("id", "kind", "text", "expects"),
    ),
    Question(
        "limitations.assessed",
        "Which weaknesses did you find, what shows them, and what can they do to people?",
        "lines",
        parts=("text", "evidence", "consequence"),
    ),
    Question("limitations.design", "What can your way of building and testing it not show?", "lines"),
    Question(
        "limitations.intrinsic.grounding", "No patient stands behind a synthetic image: what does this mean here?"
    ),
    Question("limitations.intrinsic.representation", "Not all of the training images is in the synthetic ones: what?"),
    Question("limitations.intrinsic.shift", "The synthetic images bring their own look and new bias: which?"),
    Question("phases.declared", "How far did testing go, from 0 (none) to 5 (watched after release)?", "number"),
    Question("oversight.registry", "Where is the public page about it?"),
    Question("oversight.contact", "Where can anyone ask, object or refuse?"),
    Question("oversight.answer_within_days", "In how many days do they get an answer?", "number"),
    Question("oversight.log", "Which log holds its history?"),
    Question("oversight.reviews", "Which files hold reviews by people who did not make it?", "lines"),
    Question("oversight.conflicts", "Who gains from it? Write none if nobody does.", "lines"),
    Question("release.date", "When is it released? A date such as 2026-08-02."),
    Question("release.licence", "Under which terms?"),
    Question("release.conditions", "What must users keep: marks, a declaration of use, separation?", "lines"),
    Question("monitoring.plan", "What is watched after release, how often, by whom?"),
    Question("monitoring.incidents", "Where are incidents reported and listed?"),
    Question("monitoring.withdrawal", "What leads to withdrawal, and how do those who hold images learn of it?"),
)
