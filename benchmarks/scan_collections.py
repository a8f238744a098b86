"""Scan what is at hand and print what was found, as counts: no path, no picture, no identifier.

    python benchmarks/scan_collections.py DATA [--most N] [--out FOLDER]

DATA is the folder of development images. The places are put together in a temporary folder: HAM10000 alone, with its
table of lesions; Derm-T2IM mixed into its first 500 as it comes, saved again without its traces, marked, and all of
these beside each other; FUSeg with its splits; the malformed DICOM files. ``--most`` takes the first N images of
HAM10000 only. With ``--out``, the pages stay there.
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

MIXED = 500
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


def drawn(data: Path, folder: Path, *, how: str) -> None:
    """Derm-T2IM into ``folder``: ``as it comes``, ``saved again`` without texts, or ``marked``."""
    files = sorted((data / "derm_t2im").rglob("*.png"))
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


def places(data: Path, scratch: Path, most: int | None) -> Iterator[tuple[str, Path, Joining]]:
    ham = sorted((data / "ham10000" / "images").glob("*.jpg"))[:most]
    table = data / "ham10000" / "HAM10000_metadata.csv"
    lesions = Joining(table=table, key="image_id", patient="lesion_id")
    yield "malformed DICOM", data / "dicom_fuzz", Joining()
    yield "HAM10000", copied(ham, scratch / "ham10000"), lesions
    place = copied(ham[:MIXED], scratch / "collection")
    for how in ("as it comes", "saved again", "marked"):
        drawn(data, place, how=how)
        yield f"HAM10000 (first {len(ham[:MIXED])}) with Derm-T2IM {how}, in one folder", place, lesions
    sources = scratch / "sources"
    copied(ham[:MIXED], sources / "ham10000")
    for how in ("as it comes", "saved again", "marked"):
        drawn(data, sources / how.replace(" ", "-"), how=how)
    yield "the same, each in its own source", sources, lesions
    yield "FUSeg", data / "wound_fuseg", Joining()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--workers", type=int)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for number, (title, place, joining) in enumerate(places(given.data, Path(name), given.most)):
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
