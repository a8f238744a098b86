"""A scan has one row for every file, says what is mixed and what is there twice, and gives no identifier away."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from misyn.cli import main
from misyn.errors import TableError, UsageError
from misyn.images.places import Bounds
from misyn.marks import mark
from misyn.marks.declaration import Declaration
from misyn.marks.scan import schema
from misyn.marks.scan.joining import Joining, split_of
from misyn.marks.scan.scanning import LEDGER, Looking, scan
from misyn.marks.scan.writing import names_for, write
from misyn.marks.watermark import embed
from toys import blobs, save


@pytest.fixture
def collection(tmp_path: Path, declaration: Declaration) -> Path:
    """Two splits, a copy across them, a marked file in one folder with unmarked ones, a note and a broken file."""
    place = tmp_path / "collection"
    pictures = blobs(7, seed=1, size=64)
    for n, pixels in enumerate(pictures[:4]):
        save(pixels, place / "train" / f"{n}.png")
    save(pictures[0], place / "test" / "again.tiff")
    save(np.clip(pictures[1] * 0.9 + 5, 0, 255).astype(np.uint8), place / "test" / "alike.png")
    save(pictures[5], place / "train" / "drawn.png")
    mark(place / "train" / "drawn.png", declaration=declaration, in_place=True)
    save(np.full((64, 64), 7, np.uint8), place / "test" / "blank.png")
    save(np.full((64, 64), 7, np.uint8), place / "train" / "blank.png")
    (place / "notes.txt").write_text("not an image")
    (place / "test" / "cut.png").write_bytes((place / "train" / "2.png").read_bytes()[:60])
    return place


def rows_of(place: Path, **options: object) -> dict[str, dict[str, object]]:
    return {str(row["path"]): dict(row) for row in scan(place, workers=0, **options).rows}  # type: ignore[arg-type]


def test_every_file_has_one_row_and_every_unreadable_one_its_error(collection: Path) -> None:
    rows = rows_of(collection)
    assert len(rows) == sum(path.is_file() for path in collection.rglob("*"))
    assert rows["notes.txt"]["kind"] == "not-an-image"
    assert rows["test/cut.png"]["verdict"] == "unreadable"
    assert all(bool(row.get("error")) == (row["kind"] != "image") for row in rows.values())
    assert rows["train/drawn.png"]["verdict"] == "synthetic"
    assert rows["train/drawn.png"]["technique"]


def test_the_same_pixels_across_splits_are_found_in_any_format_and_blank_images_are_not(collection: Path) -> None:
    found = scan(collection, workers=0)
    exact = [pair for pair in found.pairs if pair["kind"] == "exact"]
    assert [(pair["first"], pair["second"], pair["crosses"]) for pair in exact] == [
        ("test/again.tiff", "train/0.png", "split")
    ]
    assert "1 pair of the same pixels crosses splits" in found.content["needs_a_look"]


def test_what_only_looks_alike_is_a_candidate_and_changes_no_answer(collection: Path) -> None:
    (collection / "test" / "again.tiff").unlink()
    found = scan(collection, workers=0)
    near = [pair for pair in found.pairs if pair["kind"] == "near"]
    assert ("test/alike.png", "train/1.png") in {(pair["first"], pair["second"]) for pair in near}
    assert found.content["needs_a_look"] == []


def test_the_same_pixels_with_and_without_a_mark_are_named(collection: Path, declaration: Declaration) -> None:
    mark(collection / "train" / "3.png", declaration=declaration, out=collection / "train" / "3 marked.png")
    crosses = {pair["crosses"] for pair in scan(collection, workers=0).pairs if pair["kind"] == "exact"}
    assert crosses == {"split", "verdict"}


def dicom_series(make_dicom: Callable[..., bytes], folder: Path, declaration: Declaration, *, marked: int) -> None:
    folder.mkdir(parents=True)
    for n in range(4):
        pixels = (np.arange(48 * 64).reshape(48, 64) * (n + 3) % 4001).astype(np.uint16)
        path = folder / f"{n}.dcm"
        uids = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": f"1.2.3.{n // 2}", "PatientID": "NAME^SECRET"}
        path.write_bytes(make_dicom(pixels=pixels, **uids))
        if n < marked:
            mark(path, declaration=declaration, in_place=True, force="a test")


def test_mixed_series_studies_and_patients_are_flagged(
    make_dicom: Callable[..., bytes], declaration: Declaration, tmp_path: Path
) -> None:
    dicom_series(make_dicom, tmp_path / "a", declaration, marked=1)
    found = scan(tmp_path, workers=0)
    mixed = sorted((group["level"], group["mixed"]) for group in found.groups)
    assert mixed == [("folder", True), ("patient", True), ("series", False), ("series", True), ("study", True)]
    assert found.content["needs_a_look"] == [
        "1 series mixes marked and unmarked images",
        "1 study mixes marked and unmarked images",
        "1 patient or unit has marked and unmarked images",
    ]


def test_a_series_that_is_marked_throughout_is_not_mixed(
    make_dicom: Callable[..., bytes], declaration: Declaration, tmp_path: Path
) -> None:
    dicom_series(make_dicom, tmp_path / "a", declaration, marked=4)
    assert scan(tmp_path, workers=0).content["needs_a_look"] == []


def test_no_value_of_a_header_is_in_any_file_that_is_written(
    make_dicom: Callable[..., bytes], declaration: Declaration, tmp_path: Path
) -> None:
    dicom_series(make_dicom, tmp_path / "a", declaration, marked=1)
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["scan", str(tmp_path / "a"), "--out", str(out), "--workers", "0"])
    assert done.exit_code == 1
    for path in out.iterdir():
        assert b"SECRET" not in path.read_bytes(), path.name
    assert "SECRET" not in done.output
    assert "SECRET" not in str(pq.read_table(out / "scan.parquet").to_pylist())


def test_headers_alone_give_the_same_verdicts(collection: Path) -> None:
    full, quick = rows_of(collection), rows_of(collection, looking=Looking(pixels=False))
    for name in ("verdict", "rules", "layers", "technique", "problems"):
        assert [row.get(name) for row in full.values()] == [row.get(name) for row in quick.values()]
    assert not any(row.get("digest") for row in quick.values())


@pytest.mark.parametrize("how", ["zip", "tar", "tar.gz"])
def test_an_archive_has_the_rows_of_its_folder(how: str, collection: Path, tmp_path: Path) -> None:
    place = tmp_path / f"packed.{how}"
    if how == "zip":
        with zipfile.ZipFile(place, "w") as archive:
            for path in sorted(collection.rglob("*")):
                archive.write(path, path.relative_to(collection))
    else:
        with tarfile.open(place, "w:gz" if how.endswith("gz") else "w") as packed:
            packed.add(collection, arcname=".")
    assert rows_of(place) == rows_of(collection)


def test_workers_change_nothing(collection: Path) -> None:
    one, two = scan(collection, workers=0), scan(collection, workers=2)
    assert (one.rows, one.groups, one.pairs, one.content) == (two.rows, two.groups, two.pairs, two.content)


def test_the_same_scan_writes_the_same_bytes(collection: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(scan(collection, workers=0), names_for(tmp_path / name))
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_the_tables_hold_the_same_and_parquet_names_its_schema(collection: Path, tmp_path: Path) -> None:
    write(scan(collection, workers=0), names_for(tmp_path / "out" / "archive.parquet"))
    table = pq.read_table(tmp_path / "out" / "archive.parquet")
    assert table.schema.metadata[b"misyn"] == schema.SCHEMA.encode()
    with (tmp_path / "out" / "archive.csv").open(encoding="utf-8", newline="") as source:
        lines = list(csv.DictReader(source))
    assert list(lines[0]) == table.column_names == list(schema.NAMES)
    assert [line["path"] for line in lines] == table.column("path").to_pylist()


def test_the_manifest_puts_every_file_into_one_set_with_its_evidence(collection: Path, tmp_path: Path) -> None:
    write(scan(collection, workers=0), names_for(tmp_path / "out"))
    with (tmp_path / "out" / "scan-manifest.csv").open(encoding="utf-8", newline="") as source:
        sets = {line["path"]: line for line in csv.DictReader(source)}
    assert sets["train/drawn.png"]["set"] == "synthetic"
    assert "S1" in sets["train/drawn.png"]["rules"].split()
    assert sets["train/drawn.png"]["layers"] == "metadata"
    assert sets["train/0.png"]["set"] == "no-evidence"
    assert sets["notes.txt"]["set"] == "not-an-image"
    assert sets["test/cut.png"]["set"] == "unreadable"


def test_the_aggregate_names_no_file_and_no_person(collection: Path) -> None:
    text = json.dumps(scan(collection, workers=0).content)
    assert not re.search(r"\.png|\.tiff|notes|sha256", text)


def test_an_interrupted_scan_goes_on_where_it_was(collection: Path, tmp_path: Path) -> None:
    """Killed after it began to keep parts; the second run reads only what is missing, and says the same."""
    place, out = tmp_path / "many", tmp_path / "out"
    for n, pixels in enumerate(blobs(140, seed=3)):
        save(pixels, place / f"{n:03}.png")
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom misyn.marks.scan.scanning import scan\n"
        "def stop(done, total):\n    if done >= 100: os._exit(9)\n"
        "scan(Path(sys.argv[1]), out=Path(sys.argv[2]), workers=0, progress=stop)\n"
    )
    died = subprocess.run([sys.executable, "-c", script, str(place), str(out)], check=False)
    assert died.returncode == 9
    assert list((out / LEDGER).rglob("part-*"))
    told: list[int] = []
    found = scan(place, out=out, workers=0, progress=lambda done, _: told.append(done))
    assert told[0] == 64
    assert found.rows == scan(place, workers=0).rows


def test_splits_and_sources_come_from_folders_or_a_table(collection: Path, tmp_path: Path) -> None:
    assert {row["split"] for row in rows_of(collection).values()} == {"train", "test", None}
    assert (split_of("a/Validation/b"), split_of("a/validity/b")) == ("validation", None)
    table = tmp_path / "table.csv"
    table.write_text("file,who,part,from\n0,p1,training,A\n1,p1,test,B\n2,p2,test,A\n")
    joining = Joining(table=table, key="file", patient="who", split="part", source="from")
    found = scan(collection, workers=0, joining=joining)
    rows = {row["path"]: row for row in found.rows}
    assert (rows["train/0.png"]["split"], rows["train/1.png"]["split"]) == ("train", "test")
    assert rows["train/0.png"]["patient"] == rows["train/1.png"]["patient"] != rows["train/2.png"]["patient"]
    assert "1 patient or unit has images in more than one split" in found.content["needs_a_look"]


def test_a_table_that_joins_nothing_and_columns_without_a_table_are_refused(collection: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("file\nelsewhere\n")
    with pytest.raises(TableError):
        scan(collection, workers=0, joining=Joining(table=table, key="file"))
    with pytest.raises(UsageError):
        scan(collection, workers=0, joining=Joining(split="part"))


def test_refused_members_have_rows_too(tmp_path: Path) -> None:
    place = tmp_path / "a.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("../out.png", b"x")
        archive.writestr("inner.zip", b"PK\3\4 and so on")
    rows = rows_of(place)
    assert (rows["../out.png"]["kind"], rows["../out.png"]["error_type"]) == ("refused", "UnsafeMember")
    assert rows["inner.zip"]["kind"] == "archive"


def test_a_bomb_inside_a_file_is_a_row(tmp_path: Path) -> None:
    place = tmp_path / "a.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.raw", bytes(1 << 22))
    row = scan(place, workers=0, bounds=Bounds(ratio_from=1 << 20)).rows[0]
    assert (row["kind"], row["error_type"]) == ("refused", "LimitExceeded")


@pytest.mark.parametrize(
    ("change", "status"), [("as it is", 1), ("without the copy", 0), ("without images", 2), ("a contradiction", 1)]
)
def test_the_exit_status_is_the_answer(change: str, status: int, collection: Path, declaration: Declaration) -> None:
    if change != "as it is":
        (collection / "test" / "again.tiff").unlink()
    if change == "without images":
        shutil.rmtree(collection / "train")
        shutil.rmtree(collection / "test")
    if change == "a contradiction":
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Maker", "Model"
        exif.get_ifd(0x8769)[0x9003] = "2026:01:01 00:00:00"
        Image.fromarray(blobs(1, seed=5)[0]).save(collection / "shot.jpg", exif=exif)
        mark(collection / "shot.jpg", declaration=declaration, in_place=True, force="a test")
    done = CliRunner().invoke(main, ["scan", str(collection), "--workers", "0"])
    assert done.exit_code == status, done.output


def test_json_is_one_document_without_names(collection: Path) -> None:
    done = CliRunner().invoke(main, ["scan", str(collection), "--json", "--workers", "0"])
    content = json.loads(done.stdout)
    assert (content["schema"], content["files"]) == ("misyn/scan/1", 11)


def test_the_page_shows_what_needs_a_look_and_labels_what_is_synthetic(collection: Path, tmp_path: Path) -> None:
    hostile = collection / "train" / "<script>alert(1)<\u2215script>.png"
    shutil.copy(collection / "train" / "drawn.png", hostile)
    out = tmp_path / "out"
    CliRunner().invoke(main, ["scan", str(collection), "--out", str(out), "--workers", "0"])
    page = (out / "scan.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert 'alt="File drawn.png: synthetic: ' in page or "&lt;script" in page
    assert page.count("labelled SYNTHETIC") >= 1
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert not (out / LEDGER).exists()


def test_a_watermark_without_a_mark_is_worth_asking_about_and_never_a_verdict(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).normal(2000, 200, (384, 384)).astype(np.uint16)
    save(embed(noise, axes="YX").astype(np.uint16), tmp_path / "found.png")
    found = scan(tmp_path, workers=0, looking=Looking(watermark=True))
    assert found.rows[0]["verdict"] == "no-evidence"
    assert found.content["notices"] == ["1 image has the public watermark and nothing else: worth asking about"]
    assert found.content["needs_a_look"] == []
