from __future__ import annotations

from pathlib import Path

from misyn.practice.exports import EXPORTS, PARTS
from misyn.practice.exports.table import MEANING, page

DOCS = Path(__file__).parents[3] / "docs" / "exports.md"


def test_the_page_is_what_the_exports_say() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), "next: python -m misyn.practice.exports.table > docs/exports.md"


def test_every_part_and_every_format_has_its_row() -> None:
    assert tuple(MEANING) == PARTS
    for export in EXPORTS:
        assert f"`--to {export.name}`" in page()
        assert all(sentence in page() for sentence in export.cannot)
