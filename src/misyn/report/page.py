"""Write the report: one HTML file that holds everything it shows.

Rules
-----
1. One file: style, figures and pictures are inside it; its own Content-Security-Policy forbids any network and script.
2. Every text from outside is escaped by the template engine; nothing but our own figures is marked as safe.
3. Same evidence, same bytes. No date, no machine's path, no random order but the seed's.
4. An absent part becomes a sentence in its place, never a gap.

Follows WCAG 2.2 AA; the structure is the project's report design.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write(Path(folder), audit=None, evaluation={}, marks=None, record=None, images=None)
    ...     page.name, page.read_text(encoding="utf-8")[:15]
    ('report.html', '<!doctype html>')
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from misyn.atomic import write_bytes
from misyn.canonical import digest
from misyn.errors import EvidenceError
from misyn.report import judgements, leads, looks, origins, pictures, plots, questions, rows, views, words
from misyn.report.facts import Facts, mapping

NAME = "report.html"
FIRST_WARNINGS = 3
FIRST_GROUPS = 12
SECTIONS = (
    ("look", "Look at them"),
    ("questions", "The four questions"),
    ("claims", "Claims"),
    ("limitations", "Limitations"),
    ("recommendations", "Recommendations"),
    ("marks", "Marks"),
    ("provenance", "Provenance of this report"),
)


def write(
    folder: Path,
    *,
    audit: Mapping[str, Any] | None,
    evaluation: Mapping[str, Any] | None,
    marks: Mapping[str, Any] | None,
    record: Mapping[str, Any] | None,
    images: Path | None,
    reader: pictures.Reader = pictures.read_image,
) -> Path:
    """Write ``report.html`` into a folder, whole or not at all.

    Args:
        folder: where the page goes; relative image paths that are not found from here are looked for in it.
        audit: content of ``audit.json``, or None for a plain evaluation.
        evaluation: content of ``evaluation.json``; None or empty where nothing was measured.
        marks: the marks summary, or None where marks were not looked for.
        record: content of ``misyn.yaml``, or None.
        images: ``per-image.parquet``; None, or absent where nothing was measured.
        reader: how a file becomes an image; the images room by default.

    Returns:
        The path of the page.

    Raises:
        EvidenceError: an evaluation names a table of images that cannot be read.
    """
    facts = Facts(
        audit=audit,
        evaluation=mapping(evaluation),
        marks=marks,
        record=record,
        folder=folder,
        **_table(images, measured=bool(evaluation)),
    )
    path = folder / NAME
    write_bytes(path, render(facts, reader=reader).encode("utf-8"))
    return path


def _table(images: Path | None, *, measured: bool) -> dict[str, Any]:
    """The rows of the table of images and its digest; none where nothing was measured."""
    if images is None or (not measured and not images.exists()):
        return {"rows": ()}
    try:
        return {"rows": rows.read(images), "unread": rows.unread(images), "rows_digest": digest(images.read_bytes())}
    except OSError as error:
        raise EvidenceError(
            f"expected {images.name} to be readable, found {type(error).__name__}. Next: check its permissions"
        ) from error


def render(facts: Facts, *, reader: pictures.Reader = pictures.read_image) -> str:
    """Turn facts into the page's text."""
    found = looks.Looks(facts, reader).galleries()
    four = questions.all_four(facts)
    warned = leads.leads(facts.warnings, facts.unread)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            facts=facts,
            scope=words.scope(facts),
            compared=words.compared(facts),
            warnings=warned[:FIRST_WARNINGS],
            more_warnings=warned[FIRST_WARNINGS:],
            sections=SECTIONS,
            questions=four,
            first_groups=FIRST_GROUPS,
            galleries=found,
            shows_medical=any(not tile.synthetic for gallery in found for pair in gallery.pairs for tile in pair.tiles),
            map=plots.image_map(facts.rows, seed=facts.seed),
            map_sample=_sampled(facts),
            claims=judgements.claims(facts),
            aspects=judgements.limitations(facts),
            recommendations=judgements.recommendations(facts),
            steps=views.steps(facts),
            unmeasured=views.unmeasured((question.title, question.sentence) for question in four),
            unchecked=views.unchecked(facts),
            files=views.files(facts),
            marks=origins.marks(facts),
            provenance=origins.provenance(facts),
            not_grounded=words.NOT_GROUNDED,
        )
    )


def _sampled(facts: Facts) -> str:
    """Say that the map draws a sample, where it does."""
    placed = [row.synthetic for row in facts.rows if row.x is not None and row.y is not None]
    if max(placed.count(True), placed.count(False)) <= plots.MOST:
        return ""
    return f"Of each kind at most {plots.MOST:,} images are drawn, chosen at random (seed {facts.seed})."


def _environment() -> jinja2.Environment:
    """Templates that escape every text and refuse every name they were not given."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("misyn.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup(_style(environment))  # noqa: S704 - our own file, no text from outside
    return environment


def _style(environment: jinja2.Environment) -> str:
    """The page's style sheet, as it lies beside the templates."""
    loader = environment.loader
    return loader.get_source(environment, "style.css")[0] if loader is not None else ""
