"""Hostile files end in an Image or one of our errors, within limits of memory and time, and never in a crash.

The files are read in a process of their own, whose memory is limited to 2 GB beyond what its imports take.
"""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from misyn.errors import UnreadableImage
from misyn.images import Image, read

# Reads every file named on standard input, and writes one JSON line for each. With "oracle" as argument, says too
# whether plain pydicom reads the pixels, and whether it reads the same.
READER = """
import json, logging, resource, sys, warnings
import numpy, pydicom
from pydicom.data import get_testdata_file
from pydicom.pixels.processing import apply_color_lut
import misyn
from misyn.errors import UnreadableImage

for name in ("CT_small.dcm", "JPEG2000.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small_RLE.dcm", "JPEGLSNearLossless_08.dcm"):
    misyn.read(get_testdata_file(name, download=False))  # imports, decoders
with open("/proc/self/statm") as statm:
    taken = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + (2 << 30),) * 2)
logging.disable(logging.CRITICAL)

def oracle(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header = pydicom.dcmread(path, force=True)
            array = header.pixel_array
            return apply_color_lut(array, header) if header.PhotometricInterpretation == "PALETTE COLOR" else array
        except Exception:
            return None

for line in sys.stdin:
    path = line.rstrip("\\n")
    row = {"path": path}
    found = None
    try:
        found = misyn.read(path)
        row["outcome"] = "Image"
    except UnreadableImage as error:
        row |= {"outcome": type(error).__name__, "limit": getattr(error, "limit", None), "message": str(error)}
    except Exception as error:
        row["outcome"] = "untyped " + type(error).__name__
    if "oracle" in sys.argv:
        expected = oracle(path)
        row["pydicom"] = expected is not None
        row["same"] = found is not None and expected is not None and numpy.array_equal(found.pixels, expected)
    print(json.dumps(row), flush=True)
"""


@dataclass(frozen=True)
class Row:
    """How one file ended; ``pydicom``: whether pydicom reads it; ``same``: whether the samples are equal."""

    outcome: str
    limit: str | None
    message: str
    pydicom: bool
    same: bool


def read_apart(paths: list[Path], *, seconds: float, oracle: bool = False) -> dict[Path, Row]:
    """Read files in a limited process; the time is for all of them."""
    command = [sys.executable, "-W", "error", "-c", READER, *(["oracle"] if oracle else [])]
    done = subprocess.run(
        command,
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    after = paths[len(rows)].name if len(rows) < len(paths) else "the last file"
    assert done.returncode == 0, f"the process ended at {after}: {done.stderr[-2000:]}"
    return {
        Path(row["path"]): Row(
            row["outcome"], row.get("limit"), row.get("message", ""), row.get("pydicom", False), row.get("same", False)
        )
        for row in rows
    }


TYPED = {"Image", "UnknownFormat", "MalformedImage", "NoPixels", "UnsupportedImage", "LimitExceeded"}


@pytest.fixture(scope="module")
def corpus(data_dir: Path) -> dict[Path, Row]:
    folder = data_dir / "dicom_fuzz"
    if not folder.is_dir():
        pytest.skip("the malformed DICOM files are not here; set MISYN_DATA to the folder that holds dicom_fuzz")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return read_apart(files, seconds=120, oracle=True)


@pytest.mark.data
def test_the_corpus_ends_in_images_or_typed_errors(corpus: dict[Path, Row]) -> None:
    assert len(corpus) >= 380
    assert {path.name: row.outcome for path, row in corpus.items() if row.outcome not in TYPED} == {}


@pytest.mark.data
def test_what_pydicom_reads_of_the_corpus_is_read_the_same(corpus: dict[Path, Row]) -> None:
    readable = {path: row for path, row in corpus.items() if row.pydicom}
    assert len(readable) >= 230
    assert [path.name for path, row in readable.items() if not row.same] == []


def element(group: int, number: int, vr: str, value: bytes, *, length: int | None = None) -> bytes:
    """One element in explicit VR little endian, with a declared length that may lie."""
    length = len(value) if length is None else length
    if vr in ("OB", "OW", "SQ", "UN", "UT"):
        return struct.pack("<HH2sHI", group, number, vr.encode(), 0, length) + value
    return struct.pack("<HH2sH", group, number, vr.encode(), length) + value


def us(number: int, value: int) -> bytes:
    return element(0x28, number, "US", struct.pack("<H", value))


EXPLICIT, DEFLATED, JPEG, RLE = (f"1.2.840.10008.1.2{end}".encode() for end in (".1", ".1.99", ".4.50", ".5"))
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, END = (struct.pack("<HH", 0xFFFE, number) for number in (0xE000, 0xE00D, 0xE0DD))
KIND = element(8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.7\0")


def meta(syntax: bytes = EXPLICIT, *, vr: str = "UI") -> bytes:
    body = element(2, 0x10, vr, syntax + b"\0" * (len(syntax) % 2))
    return bytes(128) + b"DICM" + element(2, 0, "UL", struct.pack("<I", len(body))) + body


def description(*, rows: int = 4, columns: int = 4, bits: int = 8, photometric: bytes = b"MONOCHROME2 ") -> bytes:
    kept = element(0x28, 4, "CS", photometric) + us(0x10, rows) + us(0x11, columns)
    return KIND + us(2, 1) + kept + us(0x100, bits) + us(0x101, bits) + us(0x102, max(bits, 1) - 1) + us(0x103, 0)


def pixels(data: bytes = bytes(16), *, length: int | None = None) -> bytes:
    return element(0x7FE0, 0x10, "OB", data, length=length)


def fragments(*parts: bytes, table: bytes = b"", end: bool = True) -> bytes:
    items = b"".join(ITEM + struct.pack("<I", len(part)) + part for part in (table, *parts))
    return pixels(items + (END + bytes(4) if end else b""), length=UNDEFINED)


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        opened = struct.pack("<HH2sHI", 0x0008, 0x1115, b"SQ", 0, UNDEFINED) + ITEM + struct.pack("<I", UNDEFINED)
        inner = opened + inner + ITEM_END + bytes(4) + END + bytes(4)
    return inner


VALID = meta() + description() + pixels()
LARGE = description(rows=20_000, columns=20_000)  # 400 million samples, within max_pixels


# Name: the bytes, how it must end, and which limit.
MALFORMED: dict[str, tuple[Callable[[], bytes], str, str | None]] = {
    "valid": (lambda: VALID, "Image", None),
    "empty": (lambda: b"", "UnknownFormat", None),
    "prefix alone": (lambda: VALID[:132], "MalformedImage", None),
    "cut in the meta information": (lambda: VALID[:150], "MalformedImage", None),
    "cut in the header": (lambda: VALID[:230], "MalformedImage", None),
    "cut before the pixels": (lambda: meta() + description(), "MalformedImage", None),
    "cut in the pixels": (lambda: VALID[:-1], "MalformedImage", None),
    "no rows": (lambda: meta() + description(rows=0) + pixels(), "MalformedImage", None),
    "rows and columns of 65535": (
        lambda: meta() + description(rows=65535, columns=65535) + pixels(),
        "LimitExceeded",
        "max_pixels",
    ),
    "a billion frames": (
        lambda: meta() + KIND + element(0x28, 8, "IS", b"999999999 ") + description()[len(KIND) :] + pixels(),
        "LimitExceeded",
        "max_frames",
    ),
    "frames that are no number": (
        lambda: meta() + KIND + element(0x28, 8, "IS", b"many") + description()[len(KIND) :] + pixels(),
        "MalformedImage",
        None,
    ),
    "frames that are ten million numbers": (
        lambda: meta() + KIND + element(0x28, 8, "UN", b"1\\" * 10_000_000) + description()[len(KIND) :] + pixels(),
        "MalformedImage",
        None,
    ),
    "pixels that declare 4 GB": (
        lambda: meta() + description() + pixels(bytes(8), length=0xFFFFFFF0),
        "MalformedImage",
        None,
    ),
    "a value that declares 2 GB": (
        lambda: meta() + KIND + element(9, 1, "OB", b"", length=0x7FFFFFFF) + description() + pixels(),
        "MalformedImage",
        None,
    ),
    "no bits": (lambda: meta() + description(bits=0) + pixels(), "MalformedImage", None),
    "nine bits": (lambda: meta() + description(bits=9) + pixels(), "MalformedImage", None),
    "an unknown photometric interpretation": (
        lambda: meta() + description(photometric=b"FUZZ") + pixels(),
        "MalformedImage",
        None,
    ),
    "a palette without tables": (
        lambda: meta() + description(photometric=b"PALETTE COLOR ") + pixels(),
        "MalformedImage",
        None,
    ),
    "two kinds of pixels": (
        lambda: meta() + description() + element(0x7FE0, 8, "OF", bytes(64)) + pixels(),
        "MalformedImage",
        None,
    ),
    "a VR that does not exist": (lambda: meta(vr="ZZ") + description() + pixels(), "MalformedImage", None),
    "a transfer syntax that does not exist": (
        lambda: meta(b"1.2.3.4.5.6") + description() + pixels(),
        "UnsupportedImage",
        None,
    ),
    "a transfer syntax of 10 MB": (
        lambda: bytes(128) + b"DICM" + element(2, 0x10, "UN", b"1\\" * 5_000_000) + description() + pixels(),
        "MalformedImage",
        None,
    ),
    "a character set of 10 MB": (
        lambda: meta() + element(8, 5, "UN", b"1\\" * 5_000_000) + description() + pixels(),
        "MalformedImage",
        None,
    ),
    "a deflate bomb": (lambda: meta(DEFLATED) + deflated(bytes(300 << 20)), "LimitExceeded", "max_ratio"),
    "a deflated stream, cut": (
        lambda: meta(DEFLATED) + deflated(description() + pixels())[:-9],
        "MalformedImage",
        None,
    ),
    "a deflated stream, damaged": (lambda: meta(DEFLATED) + b"\xff" * 100, "MalformedImage", None),
    "sequences 500 deep": (
        lambda: meta() + KIND + nested(500) + description() + pixels(),
        "LimitExceeded",
        "max_depth",
    ),
    "sequences 100,000 deep, unclosed": (
        lambda: meta() + KIND + nested(1)[:20] * 100_000,
        "LimitExceeded",
        "max_depth",
    ),
    "a sequence that does not end": (
        lambda: meta() + KIND + nested(1)[:20] + description()[len(KIND) :],
        "MalformedImage",
        None,
    ),
    "fragments that do not end": (
        lambda: meta(RLE) + description() + fragments(bytes(64), end=False),
        "MalformedImage",
        None,
    ),
    "no fragments": (lambda: meta(RLE) + description() + fragments(), "MalformedImage", None),
    "an empty fragment": (lambda: meta(JPEG) + description() + fragments(b""), "MalformedImage", None),
    "ten thousand fragments": (
        lambda: meta(JPEG) + description() + fragments(*([b"\xff\xd8"] * 10_000)),
        "MalformedImage",
        None,
    ),
    "a fragment that declares 4 GB": (
        lambda: meta(JPEG) + description() + fragments(bytes(16)).replace(struct.pack("<I", 16), b"\xfe\xff\xff\xff"),
        "MalformedImage",
        None,
    ),
    "offsets beyond the fragments": (
        lambda: meta(RLE) + description() + fragments(bytes(64), table=b"\xff\xff\xff\x7f" * 4),
        "MalformedImage",
        None,
    ),
    "RLE segments beyond the frame": (
        lambda: meta(RLE) + description() + fragments(struct.pack("<16I", 15, *[0x7FFFFFFF] * 15)),
        "MalformedImage",
        None,
    ),
    "a compressed image of nothing": (
        lambda: meta(JPEG) + LARGE + fragments(b"\xff\xd8\xff\xd9"),
        "LimitExceeded",
        "max_ratio",
    ),
    "noise with a prefix": (
        lambda: bytes(128) + b"DICM" + random.Random(1).randbytes(100_000),  # noqa: S311 - noise, not secrets
        "MalformedImage",
        None,
    ),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    folder = tmp_path_factory.mktemp("malformed")
    paths = {name: folder / f"{at:02}.dcm" for at, name in enumerate(MALFORMED)}
    for name, path in paths.items():
        path.write_bytes(MALFORMED[name][0]())
    rows = read_apart(list(paths.values()), seconds=120)
    return {name: rows[path] for name, path in paths.items()}


@pytest.mark.parametrize("name", MALFORMED)
def test_each_way_to_fail_ends_as_it_should(name: str, outcomes: dict[str, Row]) -> None:
    _, outcome, limit = MALFORMED[name]
    row = outcomes[name]
    assert (row.outcome, row.limit) == (outcome, limit), row.message
    assert outcome == "Image" or "expected" in row.message


SEEDS = ["MR_small.dcm", "MR_small_RLE.dcm", "SC_rgb_small_odd_jpeg.dcm", "SC_rgb_jpeg_gdcm.dcm", "rtdose_1frame.dcm"]


def mutations(data: bytes, *, count: int, seed: int) -> Iterator[bytes]:
    """Change a few bytes, most of them in the header; seeded, so that a failure can be found again."""
    chance = random.Random(seed)  # noqa: S311 - mutations, not secrets
    extreme = (b"\xff\xff\xff\xff", bytes(4), b"\xff\xff\xff\x7f", b"\xfe\xff\x00\xe0")
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            at = chance.randrange(132, min(len(changed), chance.choice((2000, len(changed)))))
            if chance.random() < 0.7:
                changed[at] = chance.randrange(256)
            else:
                changed[at : at + 4] = chance.choice(extreme)
        yield bytes(changed)


@pytest.mark.parametrize("name", SEEDS)
def test_mutations_end_in_images_or_typed_errors(name: str, tmp_path: Path) -> None:
    data = Path(str(get_testdata_file(name, download=False))).read_bytes()
    path = tmp_path / "mutation.dcm"
    ends: set[str] = set()
    for changed in mutations(data, count=100, seed=7):
        path.write_bytes(changed)
        try:
            found = read(path)
            assert isinstance(found, Image)
            ends.add("Image")
        except UnreadableImage as error:
            ends.add(type(error).__name__)
    assert {"Image", "MalformedImage"} <= ends  # the mutations are neither all harmless nor all fatal
