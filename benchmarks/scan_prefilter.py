"""The quick look at DICOM headers against pydicom, in one run, as ratios.

    python benchmarks/scan_prefilter.py [--slices N]

Peers: ``pydicom.dcmread`` of the whole file, values left unconverted (what pydicom does until they are asked for); full
parsing, ``dcmread`` and every element's value; and misyn's own full inspection. The floor is opening the file and
reading 4 KiB. Files are pydicom's own, their preambles emptied, and series made from two of them: what differs from
slice to slice in a real series differs there, in length too. "first visit" means a process that has seen no other file.
Times are processor time, the best of five rounds: the machine is shared.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import pydicom
import pydicom.data

from misyn.marks import verify
from misyn.marks.scan import runs
from misyn.marks.scan.prefilter import look

SERIES = ("CT_small.dcm", "MR_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm")
SINGLE = ("JPEG2000.dcm", "rtdose.dcm", "image_dfl.dcm", "SC_rgb_rle_32bit.dcm")
Read = Callable[[Path], object]


def test_files() -> Path:
    return Path(str(pydicom.data.__file__)).parent / "test_files"


def emptied(source: Path, target: Path) -> Path:
    """A copy without what lies in the preamble: pydicom's own file is a TIFF too, which is not for a quick look."""
    target.write_bytes(bytes(128) + source.read_bytes()[128:])
    return target


def series(name: str, folder: Path, *, n: int) -> list[Path]:
    """Slices of one series: numbers, places, times and identifiers differ, in length too."""
    chance = random.Random(7)  # noqa: S311 - numbers, not secrets
    source = pydicom.dcmread(test_files() / name)
    source.preamble = bytes(128)
    made = []
    for number in range(n):
        source.InstanceNumber = number + 1
        source.SOPInstanceUID = f"1.2.826.0.1.{chance.randrange(10 ** chance.randrange(6, 20))}"
        source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
        source.ImagePositionPatient = [-chance.random() * 200, round(chance.random() * 99, 2), number * 2.5]
        source.SliceLocation = number * 2.5
        source.ContentTime = f"{chance.randrange(10, 24)}{chance.randrange(1000, 6000)}"
        source.WindowCenter = chance.choice([40, 400, 1200])
        made.append(folder / f"{name}-{number:04}.dcm")
        source.save_as(made[-1])
    return made


def every_value(path: Path) -> None:
    for element in pydicom.dcmread(path).iterall():
        element.value  # noqa: B018 - converting it is the work


def microseconds(read: Read, paths: Sequence[Path], *, before: Callable[[], object] = lambda: None) -> float:
    """Per file, the best of five rounds over all of them."""
    best = float("inf")
    for _ in range(5):
        before()
        started = time.process_time()
        for path in paths:
            read(path)
        best = min(best, time.process_time() - started)
    return best / len(paths) * 1e6


def forget() -> None:
    for one in runs.GRAMMARS.values():
        one.forget()


def four_kilobytes(path: Path) -> bytes:
    with path.open("rb") as source:
        return source.read(4096)


def row(title: str, paths: Sequence[Path], *, first: bool = False) -> None:
    seen = [look(path) for path in paths]
    clear = sum(one.clear for one in seen)
    share = sum(one.taken for one in seen) / sum(one.size for one in seen)
    quick = microseconds(look, paths, before=forget if first else lambda: None)
    read, full = microseconds(pydicom.dcmread, paths), microseconds(every_value, paths)
    ours = microseconds(lambda path: verify(path, search=None), paths)
    floor = microseconds(four_kilobytes, paths)
    print(
        f"| {title} | {len(paths)} | {clear} | {share:.0%} | {quick:.0f} | {floor / quick:.2f} | "
        f"{read / quick:.1f} | {full / quick:.1f} | {ours / quick:.1f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=200)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| files | n | decided | bytes read | µs each | floor | dcmread | every value | misyn's full inspection |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for one in SERIES:
            row(f"series from {one}", series(one, folder, n=given.slices))
        for one in SINGLE:
            row(one, [emptied(test_files() / one, folder / one)] * 20)
        files = [path for path in sorted(test_files().rglob("*.dcm")) if path.read_bytes()[128:132] == b"DICM"]
        files = [emptied(path, folder / f"{number}.dcm") for number, path in enumerate(files)]
        files = [path for path in files if verify(path, search=None).verdict != "unreadable"]
        row("pydicom's files, each another, first visit", files, first=True)
        row("pydicom's files, each another, seen before", files)


if __name__ == "__main__":
    main()
