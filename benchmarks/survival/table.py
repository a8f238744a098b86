"""The table: kept as JSON beside the documentation, compared with what was found, and written for people."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from judge import ORDER
from paths import PATHS
from samples import ENDINGS, LAYERS
from tools import MODULES, PROGRAMS, version

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs" / "survival.json"
PAGE = ROOT / "docs" / "survival.md"
_SIGNS = {
    "kept": "kept",
    "part": "part",
    "broken": "broken",
    "refused": "refused",
    "lost": "**lost**",
    "not run": "not run",
}
_NAMES = {"dicom": "DICOM", "nifti": "NIfTI", "nrrd": "NRRD", "metaimage": "MetaImage", "png": "PNG", "jpeg": "JPEG",
          "tiff": "TIFF", "webp": "WebP", "gif": "GIF"}  # fmt: skip
_INTRODUCTION = """# What the marks survive

What comes out of {paths} ordinary paths, each through the program that people use, for every layer in every format that
carries it: {cells} cells, {date}. Made by `python benchmarks/survival --write`; a part of it runs with the tests, and a
layer that comes through worse than here fails them.

| word | means |
|---|---|
| kept | as good as before: declaration and field; trusted; p ≤ 1e-4; the store knows the pixels; legible |
| part | metadata without the declaration; a watermark that only `--thorough` finds; a label that is hard to read |
| broken | a credential that is there and does not hold: a warning, not a proof |
| refused | the program would not do it, and said so; no file was made |
| **lost** | nothing is left of this layer |
| – | this format does not carry this layer |

One drawn image of 320 × 288 for each format, so these are cases and not rates: rates of the watermark, by modality and
size, are in [results](results/watermark-2026-11-22.md). JPEG and GIF were watermarked before they were saved. Paths
for pictures take volumes through an 8-bit PNG of the middle slice first. The label of
pictures is judged by correlation with the drawn words.
"""


@dataclass
class Table:
    """Words by path, format and layer."""

    cells: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)

    def add(self, path: str, format: str, words: dict[str, str]) -> None:  # noqa: A002
        """Put words in."""
        self.cells.setdefault(path, {}).setdefault(format, {}).update(words)

    def each(self) -> dict[tuple[str, str, str], str]:
        """Every cell by its place."""
        return {
            (path, name, layer): word
            for path, formats in self.cells.items()
            for name, words in formats.items()
            for layer, word in words.items()
        }


def kept() -> Table:
    """The table that is kept; empty where there is none."""
    if not KEPT.is_file():
        return Table()
    return Table(json.loads(KEPT.read_text(encoding="utf-8"))["cells"])


def keep(found: Table) -> None:
    """Keep a table that holds every cell, and write the page.

    Raises:
        SystemExit: a program was not here.
    """
    absent = sorted({path for (path, _, _), word in found.each().items() if word == "not run"})
    if absent:
        raise SystemExit(f"not kept: these paths were not run: {', '.join(absent)}")
    tools = {tool: version(tool) for tool in (*PROGRAMS, *MODULES)}
    record = {
        "schema": "misyn/survival/1",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "tools": tools,
        "cells": found.cells,
    }
    KEPT.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_page()


def write_page() -> None:
    """Write the page from the table that is kept."""
    PAGE.write_text(page(json.loads(KEPT.read_text(encoding="utf-8"))), encoding="utf-8")


def report(found: Table, before: Table) -> int:
    """Print the comparison and give the exit status."""
    old, worse, better, absent = before.each(), [], [], set()
    for place, word in found.each().items():
        was = old.get(place)
        where = " · ".join(place)
        if word == "not run":
            absent.add(place[0])
        elif was is None:
            worse.append(f"{where}: {word}, and not in the kept table")
        elif ORDER.index(word) < ORDER.index(was):
            worse.append(f"{where}: {word}, was {was}")
        elif word != was:
            better.append(f"{where}: {word}, was {was}")
    print(f"{len(found.each())} cells of {len(found.cells)} paths")
    for title, lines in (
        ("worse", worse),
        ("better (run with --write to keep it)", better),
        ("not run", sorted(absent)),
    ):
        for line in lines:
            print(f"{title}: {line}")
    return 1 if worse else 3 if absent else 0


def page(record: dict[str, object]) -> str:
    """The page for people: a summary, then one table for each format."""
    cells = Table(record["cells"])  # type: ignore[arg-type]
    introduction = _INTRODUCTION.format(paths=len(cells.cells), cells=len(cells.each()), date=record["date"])
    versions = ", ".join(f"{tool} {number}" for tool, number in record["tools"].items())  # type: ignore[attr-defined]
    parts = [introduction, _summary(cells)]
    parts += [_format_table(cells, format) for format in ENDINGS]  # noqa: A001
    return "\n".join([*parts, f"## Versions\n\n{versions}.\n"])


def _summary(cells: Table) -> str:
    """How often each layer came through."""
    lines = ["## In short\n", "| layer | kept | part | broken | refused | lost |", "|---|--:|--:|--:|--:|--:|"]
    for layer in LAYERS:
        words = [word for (path, _, which), word in cells.each().items() if which == layer and path != "copying"]
        counts = " | ".join(str(words.count(word)) for word in ("kept", "part", "broken", "refused", "lost"))
        lines.append(f"| {layer} | {counts} |")
    return "\n".join(lines) + "\n"


def _format_table(cells: Table, format: str) -> str:  # noqa: A002
    """One table: a row for each path, the losers among them, with advice."""
    lines = [
        f"## {_NAMES[format]}\n",
        f"| path | {' | '.join(LAYERS)} | advice |",
        "|---|" + "---|" * (len(LAYERS) + 1),
    ]
    for path in PATHS:
        words = cells.cells.get(path.name, {}).get(format)
        if words is not None:
            found = " | ".join(_SIGNS.get(words.get(layer, ""), "–") for layer in LAYERS)
            lines.append(f"| {path.name} | {found} | {_advice(path.advice, words)} |")
    return "\n".join(lines) + "\n"


def _advice(own: str, words: dict[str, str]) -> str:
    """What to do about what was lost."""
    gone = ("lost", "part", "broken")
    if set(words.values()) <= {"kept"}:
        return "Nothing to do."
    if "refused" in words.values():
        return own
    told = [own] if own else []
    if words.get("metadata") in gone:
        told.append(f"Mark again.{_until(words)}")
    elif words.get("credential") in gone:
        told.append("Sign again.")
    if words.get("label") in ("lost", "part"):
        told.append("Label again.")
    if words.get("metadata") == "kept" and words.get("fingerprint") == "lost":
        told.append("Store the new fingerprint.")
    return " ".join(told)


def _until(words: dict[str, str]) -> str:
    """What still speaks for a file without metadata."""
    speaks = ["the standard field"] if words["metadata"] == "part" else []
    speaks += ["the store of fingerprints"] if words.get("fingerprint") == "kept" else []
    speaks += {"kept": ["the watermark"], "part": ["the watermark, with `--thorough`,"]}.get(
        words.get("watermark", ""), []
    )
    if not speaks:
        return " Nothing speaks for it until then."
    return f" Until then {' and '.join(filter(None, (', '.join(speaks[:-1]), speaks[-1])))} can speak."
