r"""Write the page of a scan: what was found, and pictures of what needs a look.

Rules
-----
1. The first screen says what the answer rests on: how many files, what they say, and what a steward must not pass over.
2. Galleries are chosen by a stated rule and cut at :data:`MOST` each; what is cut is counted, and is in the tables.
3. A picture of a file that says synthetic carries its label; one of a file that says nothing is never called medical.
4. Names of files are made safe to show; nothing of a header is on the page but formats and names of techniques.
5. Same scan, same bytes.

Example:
    >>> says({"verdict": "no-evidence"}), says({"verdict": "synthetic", "technique": "pca"})
    ('no evidence', 'synthetic: pca')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from misyn.atomic import write_bytes
from misyn.images.image import Image
from misyn.images.places import at_hand
from misyn.marks.shown import shown
from misyn.report import pictures
from misyn.report.looks import Gallery, Pair, Tile

MOST = 12
MOST_ERRORS = 20
Row = Mapping[str, Any]
VERDICTS = {
    "synthetic": "say that they are synthetic",
    "contradictory": "contradict themselves",
    "no-evidence": "say nothing; that does not make them medical images",
    "unreadable": "could not be read as an image",
}


def write(
    path: Path,
    *,
    content: Mapping[str, Any],
    rows: Sequence[Row],
    groups: Sequence[Row],
    pairs: Sequence[Row],
    items: Mapping[str, str],
    title: str,
    reader: Callable[[Path], Image] = pictures.read_image,
) -> Path:
    """Write the page, whole or not at all.

    Args:
        path: where it goes.
        content: the aggregate, ``scan.json``.
        rows: one per file.
        groups: series, studies, patients, folders.
        pairs: duplicates.
        items: by path, how a member comes to hand.
        title: what was scanned, for people.
        reader: how a file becomes an image.
    """
    album = _Album({row["path"]: row for row in rows}, items, reader)
    page = _environment().get_template("scan.html.j2")
    text = page.render(
        title=shown(title),
        scan=content,
        verdicts=VERDICTS,
        galleries=_galleries(album, groups, pairs),
        mixed=[group for group in groups if group["mixed"]][:MOST_ERRORS],
        mixed_n=sum(group["mixed"] for group in groups),
        errors=_errors(rows),
        shown=shown,
    )
    write_bytes(path, text.encode("utf-8"))
    return path


def says(row: Row) -> str:
    """What a file says, as a caption."""
    if row["verdict"] == "synthetic":
        who = row.get("technique") or ("undeclared" if row.get("traces") else "no technique named")
        return f"synthetic: {shown(str(who), longest=60)}"
    return str(row["verdict"]).replace("-", " ")


class _Album:
    """Rows and their pictures, each made once."""

    def __init__(self, rows: Mapping[str, Row], items: Mapping[str, str], reader: Callable[[Path], Image]) -> None:
        self.rows, self._items, self._reader = rows, items, reader
        self._made: dict[tuple[str, bool], pictures.Picture] = {}

    def tile(self, path: str, *, known: bool = False) -> Tile:
        """One file's tile; ``known``: its pixels are those of an image that says synthetic."""
        row = self.rows[path]
        synthetic = known or row["verdict"] == "synthetic"
        where = "".join(f", {row[name]}" for name in ("split", "source") if row.get(name))
        name = shown(path.rpartition("/")[2], longest=60)
        labelled = "; labelled SYNTHETIC" if synthetic else ""
        labelled += ", by the same pixels elsewhere" if known and row["verdict"] != "synthetic" else ""
        alt = f"File {name}: {says(row)}{labelled}"
        return Tile(self._picture(path, synthetic=synthetic), alt, f"{says(row)}{shown(where, longest=60)}", synthetic)

    def about(self, path: str) -> list[tuple[str, str]]:
        """The facts about one file."""
        row = self.rows[path]
        named = {"Rules": "rules", "Layers": "layers", "Traces": "traces", "Acquisition shown by": "acquisition"}
        facts = [("File", shown(path, longest=300)), ("Format", row.get("format") or "unknown")]
        facts += [(what, str(row[name])) for what, name in named.items() if row.get(name)]
        return facts + [("Problem", problem) for problem in (row.get("problems") or "").split(" | ") if problem]

    def _picture(self, path: str, *, synthetic: bool) -> pictures.Picture:
        if (path, synthetic) not in self._made:
            item = self._items.get(path)
            if item is None:
                return pictures.Picture(reason="it was not opened")
            made = pictures.picture(Path(item), synthetic=synthetic, reader=lambda _: self._read(item))
            self._made[path, synthetic] = made
        return self._made[path, synthetic]

    def _read(self, item: str) -> Image:
        with at_hand(item) as place:
            return self._reader(place)


def _galleries(album: _Album, groups: Sequence[Row], pairs: Sequence[Row]) -> tuple[Gallery, ...]:
    rows = album.rows.values()
    contradictory = [row["path"] for row in rows if row["verdict"] == "contradictory"]
    undeclared = [row["path"] for row in rows if row["verdict"] == "synthetic" and row.get("layers") == "foreign"]
    suspected = [row["path"] for row in rows if _is_suspected(row)]
    return (
        _singles(album, "contradictory", "Files that contradict themselves", "Their layers disagree.", contradictory),
        _singles(
            album,
            "suspected",
            "A watermark, and nothing else",
            "The public watermark is in their pixels; anyone can have planted it. Ask where they come from.",
            suspected,
        ),
        _mixed(album, groups),
        _pairs(
            album,
            "crossing",
            "The same pixels in two places",
            "Exactly the same samples in two splits or sources, or with a mark and without one.",
            _crossing(pairs, "exact", ("split", "source", "verdict")),
        ),
        _pairs(
            album,
            "alike",
            "Candidates that look alike across splits or sources",
            "Their perceptual fingerprints differ by few bits. Candidates, not findings: strangers can look alike.",
            _crossing(pairs, "near", ("split", "source")),
        ),
        _pairs(
            album,
            "strangers",
            "Candidates that look alike and are named as different patients or units",
            "Either two of them resemble each other, or one image is in the data under two names.",
            [pair for pair in _crossing(pairs, "near", ("patient",)) if "split" not in pair["crosses"]],
        ),
        _singles(
            album,
            "undeclared",
            "Synthetic, and nobody declared it",
            "Only the generating program's own trace says so: it is lost when the file is saved again.",
            undeclared,
        ),
    )


def _is_suspected(row: Row) -> bool:
    """Whether a watermark is there and nothing says synthetic."""
    return row["verdict"] == "no-evidence" and "watermark" in (row.get("layers") or "").split()


def _crossing(pairs: Sequence[Row], kind: str, what: Iterable[str]) -> list[Row]:
    wanted = set(what)
    return [pair for pair in pairs if pair["kind"] == kind and wanted & set(pair["crosses"].split())]


def _singles(album: _Album, name: str, title: str, rule: str, paths: Sequence[str]) -> Gallery:
    made = tuple(Pair((album.tile(path),), tuple(album.about(path))) for path in paths[:MOST])
    return Gallery(name, title, f"{rule} {_cut(len(paths))}", made)


def _pairs(album: _Album, name: str, title: str, rule: str, found: Sequence[Row]) -> Gallery:
    made = tuple(_pair(album, pair) for pair in found[:MOST])
    return Gallery(name, title, f"{rule} {_cut(len(found), 'pairs')}", made)


def _pair(album: _Album, pair: Row) -> Pair:
    first, second = pair["first"], pair["second"]
    bits = [("Bits that differ", f"{pair['bits']} of 256")] if pair["kind"] == "near" else []
    crosses = [("Differ in", pair["crosses"])] if pair["crosses"] else []
    says_so = {album.rows[path]["verdict"] for path in (first, second)}
    known = pair["kind"] == "exact" and "synthetic" in says_so
    tiles = (album.tile(first, known=known), album.tile(second, known=known))
    return Pair(tiles, (*bits, *crosses, *album.about(first), *album.about(second)))


def _mixed(album: _Album, groups: Sequence[Row]) -> Gallery:
    """One image that says synthetic and one that says nothing, from each mixed group; folders only where alone."""
    mixed = [group for group in groups if group["mixed"]]
    mixed = [group for group in mixed if group["level"] != "folder"] or mixed
    made = [(group["example"], _silent(album, group)) for group in mixed[:MOST]]
    tiles = tuple(
        Pair((album.tile(a), album.tile(b)), (*album.about(a), *album.about(b))) for a, b in made if b is not None
    )
    rule = "One that says synthetic beside one of the same group that says nothing."
    return Gallery("mixed", "Groups that mix marked and unmarked images", f"{rule} {_cut(len(mixed), 'groups')}", tiles)


def _silent(album: _Album, group: Row) -> str | None:
    """The first image of a group that says nothing."""
    level, name = group["level"], group["name"]
    for path, row in album.rows.items():
        place = path.rpartition("/")[0] or "."
        if row["verdict"] == "no-evidence" and (place if level == "folder" else row.get(level)) == name:
            return path
    return None


def _cut(n: int, what: str = "files") -> str:
    return f"The first {MOST} of {n:,} {what}; the others are in the tables." if n > MOST else ""


def _errors(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Errors by sentence, the most frequent first, each with the name of one file."""
    found = Counter((row["kind"], row["error"]) for row in rows if row.get("error"))
    example: dict[tuple[str, str], str] = {}
    for row in rows:
        if row.get("error"):
            example.setdefault((row["kind"], row["error"]), row["path"])
    ordered = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    return [
        {"kind": kind, "error": error, "n": n, "example": shown(example[kind, error], longest=120)}
        for (kind, error), n in ordered
    ]


def _environment() -> jinja2.Environment:
    """Templates that escape every text and refuse every name they were not given."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("misyn.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, _, _ = environment.loader.get_source(environment, "style.css")  # type: ignore[union-attr]  # given above
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own file, no text from outside
    return environment
