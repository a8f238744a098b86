"""One page with every recommendation: shape and word, never colour alone, no total; the same bytes every time."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from misyn.errors import MissingExtra
from misyn.practice import catalogue
from misyn.report import badge, checklist, sheet
from misyn.report.sheet import Sheet, Sign, Text

STATUSES = tuple(checklist.TECHNICAL)
SVG = "{http://www.w3.org/2000/svg}"
PRAISE = re.compile(r"ethical|safe\b|trusted|compliant|certified|score|%|grade [A-F]|passed", re.IGNORECASE)


def audit(**more: Any) -> dict[str, Any]:
    findings = [{"id": r.id, "status": STATUSES[n % 5], "reason": "x"} for n, r in enumerate(catalogue.load())]
    scope = "Evaluated on existing images only (phase 1). Nothing here shows benefit or safety for patients."
    content = {"technique": {"name": "demo", "version": "1"}, "phase": 1, "scope": scope, "findings": findings}
    return content | {"record": "sha256:" + "0" * 64, "misyn": "0"} | more


@pytest.mark.parametrize("plain", [False, True], ids=["technical", "plain"])
def test_every_recommendation_is_there_with_a_shape_and_a_word(*, plain: bool) -> None:
    page = checklist.draw(audit(), plain=plain)
    body = [mark for mark in page.marks if mark.__class__ is not sheet.Line][2 + 10 :]
    words = " ".join(mark.words for mark in body if isinstance(mark, Text))
    for entry in catalogue.load():
        assert " ".join((entry.plain if plain else entry.technical).split()) in words, entry.id
    signs = [(mark.status, body[n + 1]) for n, mark in enumerate(body) if isinstance(mark, Sign)]
    assert len(signs) == len(catalogue.load()) == 39
    told = checklist.PLAIN if plain else checklist.TECHNICAL
    for status, beside in signs:
        assert isinstance(beside, Text)
        assert beside.words.startswith(told[status])


@pytest.mark.parametrize("plain", [False, True], ids=["technical", "plain"])
def test_all_of_it_lies_on_the_page_and_nothing_on_anything_else(*, plain: bool) -> None:
    long = audit(technique={"name": "W" * 300, "version": "9" * 50}, scope="so far " * 80)
    for content in (audit(), long):
        page = checklist.draw(content, plain=plain)
        texts = [mark for mark in page.marks if isinstance(mark, Text)]
        assert all(mark.x + sheet.width_of(mark.words, mark.size) <= page.width - 20 for mark in texts)
        assert max(mark.y for mark in texts) < page.height - 8
        assert max(mark.y for mark in texts[:-2]) < checklist._BOTTOM
        places = [(round(mark.x), round(mark.y)) for mark in texts]
        assert len(set(places)) == len(places)


@pytest.mark.parametrize("plain", [False, True], ids=["technical", "plain"])
def test_it_is_well_formed_escaped_and_without_colour(*, plain: bool) -> None:
    content = audit(technique={"name": "<script>alert(1)</script> & co", "version": "\u202e1"})
    text = sheet.svg(checklist.draw(content, plain=plain))
    root = ElementTree.fromstring(text)  # noqa: S314 - our own text
    assert "<script" not in text
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    colours = {e.get(key) for e in root.iter() for key in ("fill", "stroke") if e.get(key)}
    assert all(len(set(re.findall("..", colour.lstrip("#")))) == 1 for colour in colours if colour), "greys only"
    words = " ".join(e.text or "" for e in root.iter(f"{SVG}text"))
    assert not re.search(r"\b\d+ (of|out of|/) ?39\b|\b\d+ %", words)
    assert text == sheet.svg(checklist.draw(content, plain=plain))


def test_stages_keep_the_order_of_the_catalogue() -> None:
    page = checklist.draw(audit(), plain=False)
    found = re.findall(r"· ([TPDELO]\d+) ", "\n".join(m.words for m in page.marks if isinstance(m, Text)))
    assert found == [entry.id for entry in catalogue.load()]


def test_what_was_not_judged_is_not_assessed() -> None:
    page = checklist.draw({"findings": [{"id": "T1", "status": "ethical"}]}, plain=False)
    assert {mark.status for mark in page.marks[12:] if isinstance(mark, Sign)} == {"not-assessed"}


def test_a_sign_is_told_from_every_other_by_shape_alone() -> None:
    shapes = {sheet.svg(Sheet(9, 9, "t", "d", (Sign(4, 4, status, 3),))) for status in STATUSES}
    assert len(shapes) == len(STATUSES)


def test_pdf_holds_the_same_words_and_no_date(tmp_path: Path) -> None:
    pytest.importorskip("reportlab", reason="the extra pdf is not installed")
    pypdf = pytest.importorskip("pypdf", reason="read by another library, which is not installed")
    files = checklist.write(tmp_path, audit(), as_pdf=True)
    assert sorted(file.name for file in files) == [
        "checklist-plain.pdf", "checklist-plain.svg", "checklist.pdf", "checklist.svg",
    ]  # fmt: skip
    for plain, name in checklist.NAMES.items():
        data = (tmp_path / f"{name}.pdf").read_bytes()
        read = pypdf.PdfReader(io.BytesIO(data))
        assert len(read.pages) == 1
        words = " ".join(read.pages[0].extract_text().split())
        drawn = [m.words for m in checklist.draw(audit(), plain=plain).marks if isinstance(m, Text)]
        assert [line for line in drawn if line not in words] == []
        assert sheet.pdf(checklist.draw(audit(), plain=plain)) == data


def test_without_the_extra_nothing_is_written_and_the_pip_line_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "reportlab.pdfgen.canvas", None)
    with pytest.raises(MissingExtra, match=r"misyn\[pdf\]"):
        checklist.write(tmp_path, audit(), as_pdf=True)
    assert list(tmp_path.iterdir()) == []


def test_the_badge_says_phase_and_open_findings_and_no_praise() -> None:
    text = badge.svg(audit())
    ElementTree.fromstring(text)  # noqa: S314 - our own text
    assert badge.words(audit()) == "phase 1 of 5 · 24 open findings"
    shown = re.sub(r"<desc>.*?</desc>|<svg [^>]*>", "", text)
    assert not PRAISE.search(shown)
    everything_met = audit(findings=[{"id": "T1", "status": "met"}], phase=5)
    assert badge.words(everything_met) == "phase 5 of 5 · 0 open findings"
    assert not PRAISE.search(re.sub(r"<desc>.*?</desc>|<svg [^>]*>", "", badge.svg(everything_met)))
    colours = set(re.findall(r"#[0-9a-f]{6}", text))
    assert colours == set(re.findall(r"#[0-9a-f]{6}", badge.svg(everything_met))), "colour says nothing"
