"""Hugging Face cards: the technique's model card and its images' dataset card, YAML on top, Markdown below.

Rules
-----
1. The scope sentence comes first, limitations before numbers, and every claim stands beside its status.
2. Numbers stand in a table with interval and n. ``model-index`` is not written: it takes bare values.
3. The front matter is one JSON value per line, which is YAML too; texts of the record are escaped in the Markdown.

Source: the hub's documentation of model and dataset cards; YAML 1.2, section 1.3 (JSON is a subset).

Example:
    >>> EXPORT.writes
    ('dataset/README.md', 'model/README.md')
"""

from __future__ import annotations

import json
import re
from typing import Any

from misyn.practice.exports.format import Export, Files, Written, limits
from misyn.practice.exports.subject import Row, Subject
from misyn.practice.measured import shown

DATASET, MODEL = "dataset/README.md", "model/README.md"
CARRIED = ("provenance", "technique", "scope", "claims")
TASKS = {
    "generation": "unconditional-image-generation",
    "text-to-image": "text-to-image",
    "image-to-image": "image-to-image",
}
LICENCES = (
    "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "openrail", "gpl-3.0", "agpl-3.0", "lgpl-3.0", "mpl-2.0",
)  # fmt: skip
MARKUP = re.compile(r"([\\`*_{}\[\]#+!|~$>])")  # parentheses mean nothing where brackets are escaped
TAGS = ["synthetic-images", "not-medical-images", "misyn"]


def write(subject: Subject) -> Written:
    """Write both cards."""
    task = TASKS.get(str(subject.technique.get("kind")))
    ours = {"misyn": {part: getattr(subject, part) for part in CARRIED}}
    tagged = _licence(subject) | {"tags": TAGS}
    dataset = {"pretty_name": f"Synthetic images of {subject.title}", **tagged}
    dataset |= {"task_categories": [task]} if task else {}
    model = tagged | ({"pipeline_tag": task} if task else {})
    files = {
        DATASET: _card(dataset | ours, f"Synthetic images of {subject.title}", subject),
        MODEL: _card(model | ours, subject.title, subject),
    }
    return Written(files, () if "license" in tagged else ("The hub asks for a licence; the record names none.",))


def read(files: Files) -> dict[str, Any]:
    """Read back what the front matter carries."""
    front = files[MODEL].decode().split("---\n", 2)[1]
    values = dict(line.split(": ", 1) for line in front.splitlines())
    found: dict[str, Any] = json.loads(values["misyn"])
    return found


def _licence(subject: Subject) -> Row:
    """The hub's own short names; any other licence is ``other``, with its name."""
    stated = str(subject.release.get("licence", ""))
    if not stated:
        return {}
    known = stated.lower().replace(" ", "-")
    return {"license": known} if known in LICENCES else {"license": "other", "license_name": slug(stated).lower()}


def _card(front: Row, title: str, subject: Subject) -> bytes:
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items()]
    sections = (
        ("Limitations", [f"- {_md(text)}" for text in limits(subject)] or ["The record states none."]),
        ("Use", _use(subject)),
        ("Claims, with their status", _claims(subject)),
        ("Recommendations that are not met", _unmet(subject)),
        ("Numbers", _numbers(subject)),
        ("Medical images behind it", _data(subject)),
        ("Who answers for it, and how to object", _people(subject)),
        ("Where this comes from", _provenance(subject)),
    )
    body = "\n\n".join(f"## {name}\n\n" + "\n".join(text) for name, text in sections if text)
    about = _md(subject.technique.get("description", ""))
    text = f"# {_md(title)}\n\n**{_md(subject.scope['sentence'])}**\n\n{about}\n\n{body}\n"
    return ("---\n" + "\n".join(lines) + f"\n---\n\n{text}").encode()


def _use(subject: Subject) -> list[str]:
    return [
        f"- {key.replace('_', ' ').capitalize()}: {_md(text)}" for key, texts in subject.use.items() for text in texts
    ]


def _claims(subject: Subject) -> list[str]:
    rows = [f"- {_md(row['text'])} **{row['status']}**: {_md(row['reason'])}" for row in subject.claims]
    rows += [f"- Concern, {_md(row.get('state', 'open'))}: {_md(row.get('text', ''))}" for row in subject.concerns]
    for row in subject.reviews:
        judged = f"{row['decision']} ({row['state']})"
        rows.append(f"- {_md(row['reviewer'])} on {_md(row['about'])}: {judged}. {_md(row['reason'])}")
    return rows


def _unmet(subject: Subject) -> list[str]:
    rows = [row for row in subject.findings if row["status"] in {"not-met", "partly", "not-assessed"}]
    return [f"- {row['id']}, {row['status']}: {_md(row['reason'])}" for row in rows]


def _numbers(subject: Subject) -> list[str]:
    """A table; warnings lead."""
    lines = [f"- {_md(row.get('text', row['id']))}" for row in subject.warnings]
    lines += [f"- {_md(text)}" for text in subject.withheld]
    rows = [
        f"| {_md(row['name'])} | {_md(row.get('group', 'all'))} | {_md(row.get('set', ''))} | {shown(row)} "
        f"| {row.get('n_medical', '')} | {row.get('n_synthetic', '')} |"
        for row in subject.estimates
    ]
    head = ["", "| measure | group | set | value | medical images | synthetic images |", "|---|---|---|---|---|---|"]
    return lines + (head + rows if rows else [])


def _data(subject: Subject) -> list[str]:
    return [f"- {role}, {key.replace('_', ' ')}: {_md(value)}" for role, row in subject.data.items()
            for key, value in row.items() if key != "groups"]  # fmt: skip


def _people(subject: Subject) -> list[str]:
    named = ["- " + _md(", ".join(row.values())) for row in subject.responsible]
    return named + [f"- {key.capitalize()}: {_md(text)}" for key, texts in subject.oversight.items() for text in texts]


def _provenance(subject: Subject) -> list[str]:
    lines = [f"- Record: `{subject.provenance['record']}`, written by misyn {subject.provenance['misyn']}"]
    return lines + [f"- Evidence, {row['kind']}: `{row['digest']}`" for row in subject.evidence]


ORDINARY = re.compile(r"[^A-Za-z0-9_.-]")


def slug(text: object) -> str:
    """A name that is safe as a file name and as an identifier in every format.

    Example:
        >>> slug("demo PCA 1.0")
        'demo-PCA-1.0'
    """
    return ORDINARY.sub("-", str(text)).strip("-.") or "technique"


def _md(text: object) -> str:
    r"""Text that Markdown and HTML leave as it is.

    Example:
        >>> _md("a | <b>*")
        'a \\| &lt;b\\>\\*'
    """
    return MARKUP.sub(r"\\\1", str(text).replace("&", "&amp;").replace("<", "&lt;"))


EXPORT = Export(
    name="huggingface",
    title="Hugging Face dataset and model cards",
    writes=(DATASET, MODEL),
    carries=CARRIED,
    tells=(
        "responsible", "use", "data", "limitations", "findings", "estimates", "warnings", "evidence", "reviews",
        "concerns", "oversight", "release", "withheld",
    ),
    cannot=(
        "Numbers where machines look for them: model-index takes bare values without interval, so none is written.",
        "Everything below the front matter is for people: it cannot be read back exactly.",
        "The need, the design, tests, marks and monitoring have no section of their own.",
    ),
    validator="huggingface_hub (cards parsed and written again; its validate() asks the hub and is not run)",
    write=write,
    read=read,
)  # fmt: skip
