r"""Write the gap report of a reviewed paper: one page and one Markdown file, questions only.

Rules
-----
1. A question stands with its quote and place, what the reviewer decided, and what the authors replied, side by side.
2. Recommendations come in the catalogue's order. Where no question arose, the report says that this shows nothing.
3. There is no total, share, grade or colour. The paper's words are escaped in both files: they are a stranger's.
4. Same content, same bytes.

Example:
    >>> escape_markdown("*bold* <b> [x](y) `z`\n# h")
    '\\*bold\\* &lt;b&gt; \\[x\\]\\(y\\) \\`z\\` \\# h'
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from misyn.atomic import write_bytes

PAGE, TEXT = "review.html", "review.md"
_KEYS: tuple[str, ...] = ("id", "about", "page", "line", "section", "quote", "looked-for", "question", "state", "stale")
_KEYS += ("decision", "reason", "reply", "replied")
DECIDED = {"ask": "put to the authors", "answered": "answered", "dismiss": "dismissed: the rule misread"}


def write(folder: Path, content: Mapping[str, Any]) -> Path:
    """Write ``review.html`` and ``review.md`` out of the content of ``review.json``; give the page's path."""
    shown = _shown(content)
    for name, environment in ((TEXT, _markdown()), (PAGE, _html())):
        page = environment.get_template(f"{name}.j2").render(**shown)
        write_bytes(folder / name, page.encode("utf-8"))
    return folder / PAGE


def escape_markdown(text: object) -> str:
    """Text as text in Markdown: one line, and nothing in it marks up."""
    plain = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", plain)


def place(row: Mapping[str, Any]) -> str:
    """Where a quote stands, in words.

    Example:
        >>> place({"page": 3, "line": 12, "section": "Results"})
        'page 3, line 12, section “Results”'
    """
    parts = [f"{key} {row[key]}" for key in ("page", "line") if row.get(key)]
    parts += [f"section “{row['section']}”"] if row.get("section") else []
    return ", ".join(parts) or "the whole of what was read"


def _shown(content: Mapping[str, Any]) -> dict[str, Any]:
    rows = [{**dict.fromkeys(_KEYS), **row} for row in content["questions"]]
    asked = [
        {**one, "questions": mine}
        for one in content["recommendations"]
        if (mine := [row for row in rows if _leading(row) == one["id"]])
    ]
    quiet = [one for one in content["recommendations"] if one["has_rule"] and not one["asked"]]
    unseen = [one for one in content["recommendations"] if not one["has_rule"] and not one["asked"]]
    off = [one["name"] for one in content["rules"] if not one["ran"]]
    return {"review": content, "asked": asked, "quiet": quiet, "unseen": unseen, "off": off, "decided": DECIDED}


def _leading(row: Mapping[str, Any]) -> str:
    """The first recommendation a question speaks for: it is shown once, under that one."""
    return next(iter(row.get("about") or []), "")


def _html() -> jinja2.Environment:
    environment = _environment(autoescape=True)
    style, _, _ = environment.loader.get_source(environment, "style.css")  # type: ignore[union-attr]  # given below
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own file, no text from outside
    return environment


def _markdown() -> jinja2.Environment:
    """Every text from outside goes through ``finalize``: no template can forget to escape it."""
    return _environment(autoescape=False, finalize=lambda value: escape_markdown(value) if value is not None else "")


def _environment(*, autoescape: bool, finalize: Any = None) -> jinja2.Environment:  # noqa: ANN401 - jinja's own type
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("misyn.report"),
        autoescape=autoescape,  # noqa: S701 - the Markdown file has its own escaping
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["place"] = place
    return environment
