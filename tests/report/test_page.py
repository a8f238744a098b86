"""The page: what stands where; it loads nothing, lets nothing through unescaped, and misses nothing that is missing."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from misyn.errors import UnreadableImage
from misyn.images.image import Image
from misyn.report import page
from report.parsed import Element, parse
from report.toy_study import Study, estimate

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}</style></title>"
URL = re.compile(r"(?:https?:)?//[\w.-]", re.IGNORECASE)


def test_the_first_screen_says_what_who_how_far_and_what_undermines_it(study: Study) -> None:
    first = parse(study.write()).by_id("top").text
    assert "Toy blobs 1.0" in first
    assert "Evaluated on existing images only (phase 1)." in first
    assert "24 training images (12 patients) and 12 held-out medical images (6 patients)" in first
    assert "The two sets differ in image size: any test finds that first." in first
    assert "This page shows medical images; it is for you, not for publishing." in first


def test_four_tiles_in_fixed_order_with_one_sentence_one_picture_and_one_link(study: Study) -> None:
    tiles = parse(study.write()).by_class("tile")
    assert [tile.all("h3")[0].text for tile in tiles] == [
        "What is missing",
        "What shifted",
        "What may be copied",
        "Who is harmed or helped",
    ]
    for tile in tiles:
        shown = [a for a in tile.all("a") if "to-public" in a.attributes["class"].split()]
        assert (len(tile.all("svg")), len(shown)) == (1, 1)
        assert tile.all("p")[0].text.endswith(".")


def test_harm_is_said_to_be_unmeasured_in_this_version(study: Study) -> None:
    assert "Not measured: no downstream evidence" in parse(study.write()).by_id("harmed").text


def test_the_sections_come_in_the_order_of_the_design(study: Study) -> None:
    tree = parse(study.write())
    order = [element.attributes["id"] for element in tree.all("section") if "id" in element.attributes]
    places = [order.index(name) for name, _ in page.SECTIONS]
    assert places == sorted(places)


def test_one_h1_and_no_level_is_skipped(study: Study) -> None:
    levels = [int(h.tag[1]) for h in parse(study.write()).all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_nothing_is_loaded_from_anywhere(study: Study) -> None:
    text = study.write()
    tree = parse(text)
    assert not tree.all("script", "link", "iframe", "object", "embed", "base", "form")
    assert all(img.attributes["src"].startswith("data:image/") for img in tree.all("img"))
    assert all(a.attributes["href"].startswith("#") for a in tree.all("a"))
    assert "@import" not in text
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    assert not URL.search(re.sub(r'src="data:[^"]*"', "", text))
    policy = next(m.attributes["content"] for m in tree.all("meta") if "http-equiv" in m.attributes)
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_ids_are_unique_and_every_link_arrives(study: Study) -> None:
    text = study.write()
    tree = parse(text)
    ids = Counter(e.attributes["id"] for e in tree.all() if "id" in e.attributes)
    assert [name for name, n in ids.items() if n > 1] == []
    assert {a.attributes["href"][1:] for a in tree.all("a")} <= set(ids)
    used = {name for e in tree.all() for name in e.attributes.get("aria-labelledby", "").split()}
    assert used <= set(ids)
    assert set(re.findall(r"url\(#([\w-]+)\)", text)) <= set(ids)


def test_every_depth_has_its_own_links_so_that_following_one_keeps_the_depth(study: Study) -> None:
    tree = parse(study.write())
    for depth in ("reviewer", "developer"):
        links = [a for a in tree.all("a") if f"to-{depth}" in a.attributes.get("class", "").split()]
        assert links
        assert all(a.attributes["href"].startswith(f"#{depth}") for a in links)


def test_every_picture_says_in_words_what_it_is(study: Study) -> None:
    tree = parse(study.write())
    assert tree.all("img")
    for img in tree.all("img"):
        assert re.match(r"(Synthetic|Medical|Nearest medical) image ", img.attributes["alt"])
        synthetic = img.attributes["alt"].startswith("Synthetic")
        assert img.attributes["alt"].endswith("labelled SYNTHETIC") == synthetic
    for svg in tree.all("svg"):
        assert svg.attributes["role"] == "img"
        assert svg.all("title")[0].text
        assert svg.all("desc")[0].text


def test_tables_have_captions_and_their_headers_a_scope(study: Study) -> None:
    tables = parse(study.write()).all("table")
    assert tables
    for table in tables:
        assert table.all("caption")[0].text
        assert all(th.attributes.get("scope") in {"col", "row"} for th in table.all("th"))


def notes_after(table: Element) -> dict[str, str]:
    """Notes of the paragraph that follows a table's frame."""
    frame = table.parent
    assert frame is not None
    assert frame.parent is not None
    following = frame.parent.children[frame.parent.children.index(frame) + 1 :]
    notes = [note for element in following[:1] for note in element.by_class("note")]
    return {note.all("b")[0].text: note.text for note in notes}


def test_every_number_has_its_n_and_its_interval_or_the_reason_why_it_has_none(study: Study) -> None:
    tree = parse(study.write())
    rows = [(table, row) for table in tree.all("table") for row in table.all("tr") if "data-estimate" in row.attributes]
    assert len(rows) >= len((study.evaluation or {})["estimates"])
    for table, row in rows:
        assert re.search(r"\d", row.by_class("n")[0].text)
        said = row.by_class("interval")[0].text
        note = re.fullmatch(r"none \(note (\w+)\)", said)
        assert re.search(r"\d.* to .*\d", said) if note is None else len(notes_after(table)[note[1]]) > 5


def test_every_estimate_is_shown_even_one_the_page_has_never_heard_of(study: Study) -> None:
    text = parse(study.write()).text
    for raw in (study.evaluation or {})["estimates"]:
        assert raw["name"] in text


def test_the_checklist_shows_every_finding_twice_with_the_same_status_and_every_not_met_with_its_next_step(
    study: Study,
) -> None:
    section = parse(study.write()).by_id("recommendations")
    glance = [item.text for item in section.by_class("glance")[0].all("li")]
    rows = section.all("tbody")[0].all("tr")
    assert len(glance) == len(rows) == len((study.audit or {})["findings"])
    for said, row in zip(glance, rows, strict=True):
        status = row.by_class("status")[0].own_text[-1].strip()
        assert f"{status}:" in said
        assert row.by_class("title")[0].text in said
        assert ("Next:" in row.text) or status not in {"Not met"}


def test_nothing_sums_the_findings_up(study: Study) -> None:
    text = parse(study.write()).by_id("recommendations").text
    assert not re.search(r"\d+ (?:of|out of|/) \d+ recommendations|\d+ ?%", text)


def test_a_very_long_reason_is_folded_and_not_cut(study: Study) -> None:
    long = "word " * 200 + "end"
    assert study.audit
    study.audit["findings"][0]["reason"] = long
    folded = parse(study.write()).by_id("recommendations").all("details")
    assert [d for d in folded if " ".join(d.own_text).strip() == long.capitalize()]


def test_same_evidence_same_bytes(study: Study) -> None:
    first = study.write()
    assert study.write() == first
    assert str(study.folder) not in first


def test_no_patient_identifier_reaches_the_page(study: Study) -> None:
    assert "patient-3" not in study.write()


@pytest.mark.parametrize("where", ["technique", "warning", "group", "label", "claim", "finding", "marks", "reason"])
def test_hostile_text_stays_text(study: Study, where: str) -> None:
    assert study.evaluation
    assert study.audit
    assert study.marks
    plant: dict[str, Any] = {
        "technique": lambda: study.audit["technique"].update(name=HOSTILE),
        "warning": lambda: study.evaluation["warnings"].insert(0, {"id": HOSTILE, "text": HOSTILE}),
        "group": lambda: study.evaluation["estimates"].append(estimate("coverage", 0.1, group=f"site={HOSTILE}")),
        "label": lambda: [row.update(label=HOSTILE) for row in study.rows],
        "claim": lambda: study.audit["claims"][0].update(text=HOSTILE, reason=HOSTILE, id=HOSTILE),
        "finding": lambda: study.audit["findings"][-1].update(id=HOSTILE, reason=HOSTILE, next=HOSTILE),
        "marks": lambda: study.marks.update(problems={HOSTILE: 1}, foreign={HOSTILE: 2}),
        "reason": lambda: study.evaluation["estimates"][0].update(reason=HOSTILE, method=HOSTILE),
    }
    plant[where]()
    tree = parse(study.write())
    assert HOSTILE in tree.text
    assert not tree.all("script")
    assert not [e for e in tree.all() for name in e.attributes if name.startswith("on")]
    assert len(tree.all("style")) == 1
    assert all(img.attributes["src"].startswith("data:") for img in tree.all("img"))


def test_hostile_and_long_file_names_stay_text_and_may_break(study: Study) -> None:
    name = "ä <b onclick=x>" + "long" * 50 + '"&.png'
    old = Path(study.rows[-1]["path"])
    new = old.with_name(name)
    old.rename(new)
    study.rows[-1]["path"] = str(new)
    study.rows[-1]["nearest_distance"] = 1e6
    study.rows[-1]["supported"] = False
    text = study.write()
    tree = parse(text)
    assert any(name in img.attributes["alt"] for img in tree.all("img"))
    assert "overflow-wrap: anywhere" in text
    assert not tree.all("b", "i") or all(e.attributes == {} for e in tree.all("b", "i"))


def test_a_file_that_does_not_read_becomes_a_tile_with_the_reason(study: Study) -> None:
    reader = study.reader

    def half(path: Path) -> Image:
        if path.stem == "0004" and path.parent.name == "synthetic":
            raise UnreadableImage("expected a picture, found <nothing>. Next: export it again", path=path)
        if path.stem == "0008" and path.parent.name == "synthetic":
            raise RuntimeError("codec")
        image: Image = reader(path)
        return image

    study.reader = half
    tiles = [tile.text for tile in parse(study.write()).by_class("unseen")]
    assert any("expected a picture, found <nothing>. Next: export it again" in text for text in tiles)
    assert any("RuntimeError" in text for text in tiles)
    assert all("SYNTHETIC" in text for text in tiles)
