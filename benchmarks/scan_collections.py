"""Scan what is at hand and print what was found, as counts: no path, no picture, no identifier.

    python benchmarks/scan_collections.py DATA [--mixed N] [--drawn N] [--mixes-only] [--out FOLDER]

DATA is the folder of development images. The places are put together in a temporary folder: Derm-T2IM mixed into some
of HAM10000 as it comes, saved again without its traces, marked, and all of these beside each other; then the malformed
DICOM files, FUSeg with its splits, and all of HAM10000 with its table of lesions. With ``--out``, pages stay there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from misyn.marks import mark
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.scan.joining import Joining
from misyn.marks.scan.scanning import scan
from misyn.marks.scan.writing import Names, clear, write
from misyn.report.scan import write as write_page

DECLARATION = Declaration(
    technique=Technique(name="Derm-T2IM", version="as published", kind="text-to-image", method="diffusion"),
    responsible="a test of misyn",
    created="2026-11-22T10:00:00Z",
)


def copied(files: list[Path], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)
    return folder


def drawn(data: Path, folder: Path, *, how: str, n: int) -> None:
    """Derm-T2IM into ``folder``: ``as it comes``, ``saved again`` without texts, or ``marked``."""
    files = sorted((data / "derm_t2im").rglob("*.png"))[:n]
    folder.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate(files):
        target = folder / f"DRAWN_{number:04}.png"
        if how == "as it comes":
            shutil.copyfile(file, target)
        elif how == "marked":
            mark(file, declaration=DECLARATION, out=target, overwrite=True)
        else:
            with Image.open(file) as picture:
                Image.fromarray(np.asarray(picture)).save(target)


def places(data: Path, scratch: Path, given: argparse.Namespace) -> Iterator[tuple[str, Path, Joining]]:
    ham = sorted((data / "ham10000" / "images").glob("*.jpg"))
    table = data / "ham10000" / "HAM10000_metadata.csv"
    lesions = Joining(table=table, key="image_id", patient="lesion_id")
    place = copied(ham[: given.mixed], scratch / "collection")
    for how in ("as it comes", "saved again", "marked"):
        drawn(data, place, how=how, n=given.drawn)
        yield f"HAM10000 (first {len(ham[: given.mixed])}) with Derm-T2IM {how}, in one folder", place, lesions
    sources = scratch / "sources"
    copied(ham[: given.mixed], sources / "ham10000")
    for how in ("as it comes", "saved again", "marked"):
        drawn(data, sources / how.replace(" ", "-"), how=how, n=given.drawn)
    yield "the same, each in its own source", sources, lesions
    if not given.mixes_only:
        yield "malformed DICOM", data / "dicom_fuzz", Joining()
        yield "FUSeg", data / "wound_fuseg", Joining()
        yield "HAM10000", copied(ham, scratch / "ham10000"), lesions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--mixed", type=int, default=500, help="how many of HAM10000 to mix with")
    parser.add_argument("--drawn", type=int, default=200, help="how many of Derm-T2IM to mix in")
    parser.add_argument("--mixes-only", action="store_true", help="leave out the three collections by themselves")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--workers", type=int)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for number, (title, place, joining) in enumerate(places(given.data, Path(name), given)):
            started = time.perf_counter()
            found = scan(place, joining=joining, workers=given.workers)
            seconds = time.perf_counter() - started
            print(f"\n## {title}\n\nscanned in {seconds:.1f} s\n")
            print(json.dumps({key: value for key, value in found.content.items() if value}, indent=1), flush=True)
            if given.out is not None:
                names = Names(given.out / str(number))
                write(found, names)
                write_page(
                    names.path(".html"),
                    content=found.content,
                    rows=found.rows,
                    groups=found.groups,
                    pairs=found.pairs,
                    items=found.items,
                    title=title,
                )
                clear(names)


if __name__ == "__main__":
    main()
