"""The bars of the marks: pixels untouched, every changed bit found out, transcodings survived, small, fast, one copy.

    python benchmarks/marks.py [pixels|changes|transcodings|cost|memory ...] [--changes 500]

Images: a slice of a chest CT (``MISYN_CT``, or slicerio's, enlarged), an eye's fundus and a histology section (both
scikit-image's), and where the development images are (``MISYN_DATA``) an MR slice and a dermoscopy. They are *medical*
images: here they only lend their pixels to files in a temporary folder that is deleted, marked as synthetic to see
what marking does to a file. Slices of one volume are one patient; nothing here is about patients.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import nibabel
import nrrd
import numpy as np
import pydicom
import SimpleITK
import slicerio
import tifffile
from numpy.typing import NDArray
from PIL import Image as Picture
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid
from scipy import stats
from skimage import data as pictures

import misyn
from misyn import signing
from misyn.marks import mark, verify
from misyn.marks.credential.writing import write_both
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.metadata import writer_for

Pixels = NDArray[Any]
SIDE = 512
TRIES = 30
DECLARATION = Declaration(
    technique=Technique(
        name="PCA of chest CT sections", version="1.0", kind="generation", weights="sha256:" + "ab" * 32
    ),
    responsible="A. Author (Example Hospital)",
    created="2026-11-22T10:00:00Z",
    intended_use="testing of software; never for diagnosis",
    record="sha256:" + "12" * 32,
)
LOSSLESS = {
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG 2000 lossless": "1.2.840.10008.1.2.4.90",
    "JPEG-LS lossless": "1.2.840.10008.1.2.4.80",
    "implicit VR": "1.2.840.10008.1.2",
}


def images() -> Iterator[tuple[str, Pixels]]:
    """Modality and samples: uint16 grey or uint8 colour, 512 × 512 unless the source is smaller."""
    yield "CT", ct_slice()
    yield "fundus photograph", np.asarray(pictures.retina())[400 : 400 + SIDE, 400 : 400 + SIDE]
    yield "histology", np.asarray(pictures.immunohistochemistry())[:SIDE, :SIDE]
    place = Path(os.environ.get("MISYN_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if (place / "niivue").is_dir():
        volume: Any = nibabel.load(place / "niivue" / "chris_t1.nii.gz")
        yield "MR", np.asarray(volume.dataobj)[:, :, 95].T.astype(np.uint16)
        first = next((place / "ham10000").rglob("*.jpg"))
        yield "dermoscopy", np.array(Picture.open(first))


def ct_slice() -> Pixels:
    if os.environ.get("MISYN_CT"):
        volume: Any = nibabel.load(os.environ["MISYN_CT"])
        middle = np.asarray(volume.dataobj[:, :, volume.shape[2] // 2]).T
    else:
        stored, _ = nrrd.read(slicerio.get_testdata_file("CTChest4.nrrd"))
        middle = np.kron(stored[:, :, stored.shape[2] // 2].T, np.ones((4, 4)))
    return (middle + 1024).clip(0, 65535).astype(np.uint16)


def grey(pixels: Pixels) -> Pixels:
    return pixels[..., 1].astype(np.uint16) * 257 if pixels.dtype == np.uint8 else pixels


def colour(pixels: Pixels) -> Pixels:
    eight = (pixels >> 4).clip(0, 255).astype(np.uint8) if pixels.dtype != np.uint8 else pixels
    return eight if eight.ndim == 3 else np.repeat(eight[..., None], 3, axis=2)


def _pillow(pixels: Pixels, kind: str, **options: int) -> bytes:
    target = io.BytesIO()
    Picture.fromarray(pixels).save(target, kind, **options)
    return target.getvalue()


def _tiff(pixels: Pixels) -> bytes:
    target = io.BytesIO()
    tifffile.imwrite(target, pixels, photometric="minisblack", metadata=None)
    return target.getvalue()


def _volume(pixels: Pixels, ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"a{ending}")
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels if pixels.ndim == 3 else pixels[None]), path)
        return Path(path).read_bytes()


def dicom(pixels: Pixels) -> bytes:
    meta, made = FileMetaDataset(), Dataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta, made.preamble = meta, bytes(128)
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.ImageType, made.Modality, made.PatientID = ["DERIVED", "SECONDARY"], "OT", ""
    made.Rows, made.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        made.NumberOfFrames = len(pixels)
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation = 15, 0
    made.PixelData = pixels.astype("<u2").tobytes()
    target = io.BytesIO()
    made.save_as(target, enforce_file_format=True)
    return target.getvalue()


FORMATS: dict[str, tuple[str, Callable[[Pixels], bytes]]] = {
    "DICOM": (".dcm", lambda p: dicom(grey(p))),
    "NIfTI": (".nii", lambda p: _volume(grey(p), ".nii")),
    "NIfTI, gzip": (".nii.gz", lambda p: _volume(grey(p), ".nii.gz")),
    "NRRD": (".nrrd", lambda p: _volume(grey(p), ".nrrd")),
    "MetaImage": (".mha", lambda p: _volume(grey(p), ".mha")),
    "PNG": (".png", lambda p: bytes(imagecodecs.png_encode(grey(p)))),
    "TIFF": (".tif", lambda p: _tiff(grey(p))),
    "JPEG": (".jpg", lambda p: _pillow(colour(p), "JPEG", quality=90)),
    "WebP": (".webp", lambda p: _pillow(colour(p), "WEBP", lossless=True, method=0)),
    "GIF": (".gif", lambda p: _pillow(colour(p)[..., 1], "GIF")),
}


def interval(k: int, n: int) -> str:
    found = stats.binomtest(k, n).proportion_ci(0.95, "exact")
    return f"{k}/{n} ({found.low:.1%} to {found.high:.1%})"


# --- pixels bit-identical -------------------------------------------------------------------------------------------


def bar_pixels(folder: Path, key: signing.SigningKey, _: int) -> None:
    print("\npixels bit-identical after metadata and credential, label off; read by others than misyn where they can")
    for name, (ending, encode) in FORMATS.items():
        same, n = 0, 0
        for _modality, pixels in images():
            path = folder / f"a{ending}"
            path.write_bytes(encode(pixels))
            before = by_others(path)
            mark(path, declaration=DECLARATION, out=folder / f"b{ending}", overwrite=True, key=key)
            after = by_others(folder / f"b{ending}")
            same += before.dtype == after.dtype and np.array_equal(before, after)
            same -= misyn.read(path).digest != misyn.read(folder / f"b{ending}").digest
            n += 1
        print(f"  {name:12} {same}/{n} images")


def by_others(path: Path) -> Pixels:
    if path.suffix == ".dcm":
        return pydicom.dcmread(path).pixel_array
    if ".nii" in path.name:
        volume: Any = nibabel.load(path)
        return np.asarray(volume.dataobj)
    if path.suffix in (".nrrd", ".mha"):
        return np.asarray(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))))
    return np.array(Picture.open(path)) if path.suffix != ".tif" else tifffile.imread(path)


# --- one changed bit ------------------------------------------------------------------------------------------------


def bar_changes(folder: Path, key: signing.SigningKey, n: int) -> None:
    print(f"\n{n} random one-bit changes per format; found out means: the credential is invalid (exact 95 % intervals)")
    sources = list(images())
    root = key.chain[-1:]
    for name, (ending, encode) in FORMATS.items():
        found, contradictory, trusted_before = 0, 0, 0
        for k, (_modality, pixels) in enumerate(sources):
            path, chance = folder / f"c{ending}", random.Random(f"{name} {k}")  # noqa: S311 - not for secrets
            path.write_bytes(encode(pixels))
            mark(path, declaration=DECLARATION, in_place=True, key=key)
            trusted_before += verify(path, trust=root).trusted
            data = path.read_bytes()
            share = n // len(sources) + (k < n % len(sources))
            for _ in range(share):
                path.write_bytes(changed(name, data, pixels, chance))
                verdict = verify(path, trust=root)
                found += verdict.layers["credential"]["state"] == "invalid" and not verdict.trusted
                contradictory += verdict.verdict == "contradictory"
        print(
            f"  {name:12} {interval(found, n)}; verdict contradictory {contradictory}; what: {WHAT.get(name, SAMPLE)}"
        )
        if trusted_before != len(sources):
            raise SystemExit("a file was not trusted before it was changed: nothing follows from this run")


SAMPLE = "one bit of one sample"
WHAT = dict.fromkeys(("JPEG", "WebP", "GIF"), "one bit of the coded pixels")


def changed(name: str, data: bytes, pixels: Pixels, chance: random.Random) -> bytes:
    """The same file with one bit of its pixels changed; everything else, the credential included, stays."""
    if name == "NIfTI, gzip":
        return gzip.compress(_at_end(gzip.decompress(data), grey(pixels).nbytes, chance), 1)
    if name == "PNG":
        return _png(data, chance)
    if name in WHAT:
        return _coded(name, data, chance)
    if name == "TIFF":
        at = data.find(grey(pixels).tobytes())
        return _flipped(data, at, at + grey(pixels).nbytes, chance)
    return _at_end(data, grey(pixels).nbytes, chance)


def _flipped(data: bytes, start: int, end: int, chance: random.Random) -> bytes:
    new = bytearray(data)
    new[chance.randrange(start, end)] ^= 1 << chance.randrange(8)
    return bytes(new)


def _at_end(data: bytes, size: int, chance: random.Random) -> bytes:
    return _flipped(data, len(data) - size, len(data), chance)


def _coded(name: str, data: bytes, chance: random.Random) -> bytes:
    if name == "JPEG":
        start = data.rfind(b"\xff\xda") + 14
        while True:
            new = _flipped(data, start, len(data) - 2, chance)
            at = next(i for i in range(start, len(data)) if new[i] != data[i])
            if 0xFF not in (new[at], data[at], data[at - 1]):  # neither makes nor breaks a marker
                return new
    if name == "WebP":
        at = data.find(b"VP8L")
        return _flipped(data, at + 13, at + 8 + int.from_bytes(data[at + 4 : at + 8], "little"), chance)
    start = data.rfind(b"\x2c\0\0\0\0") + 12
    while True:
        at = chance.randrange(start + 1, len(data) - 2)
        if (at - start) % 256:  # not the length of a sub-block
            return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _png(data: bytes, chance: random.Random) -> bytes:
    """The image data taken out, one bit of one sample changed, and put back."""
    out, at, place = bytearray(data[:8]), 8, 0
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            place = place or len(out)
        else:
            out += data[at : at + 12 + size]
        at += 12 + size
    height, bits = struct.unpack(">IB", data[20:25])
    rows = imagecodecs.png_decode(data)
    flat = rows.astype(">u2" if bits == 16 else "u1").reshape(height, -1)
    new = bytearray(flat.tobytes())
    new[chance.randrange(len(new))] ^= 1 << chance.randrange(8)
    stride = len(new) // height
    body = zlib.compress(b"".join(b"\0" + bytes(new[y * stride : (y + 1) * stride]) for y in range(height)), 1)
    chunk = struct.pack(">I", len(body)) + b"IDAT" + body + struct.pack(">I", zlib.crc32(b"IDAT" + body))
    return bytes(out[:place]) + chunk + bytes(out[place:])


# --- transcodings ---------------------------------------------------------------------------------------------------


def bar_transcodings(folder: Path, key: signing.SigningKey, _: int) -> None:
    print("\nDICOM, signed, then transcoded by pydicom: still trusted?")
    for modality, pixels in images():
        path = folder / "t.dcm"
        path.write_bytes(dicom(grey(pixels)))
        mark(path, declaration=DECLARATION, in_place=True, key=key)
        states = {}
        for name, uid in LOSSLESS.items():
            data = pydicom.dcmread(path)
            if UID(uid).is_compressed:
                data.compress(UID(uid), generate_instance_uid=False)
            data.file_meta.TransferSyntaxUID = UID(uid)
            data.save_as(folder / "u.dcm", enforce_file_format=True)
            states[name] = verify(folder / "u.dcm", trust=key.chain[-1:]).layers["credential"]["state"]
        print(f"  {modality:18} " + ", ".join(f"{name}: {state}" for name, state in states.items()))


# --- time and size --------------------------------------------------------------------------------------------------


def bar_cost(folder: Path, key: signing.SigningKey, _: int) -> None:
    print(f"\n512 × 512 slices, one core, medians of {TRIES}: bytes added; processor ms (wall ms, under load)")
    print("  sign: metadata and credential in memory, pixel digest included; mark(): with read-back, fsync and rename")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    for modality, pixels in images():
        if pixels.shape[:2] == (SIDE, SIDE):
            print(f"  {modality}")
            for name in FORMATS:
                print(f"    {name:12} " + _cost(folder, name, pixels, key))


def _cost(folder: Path, name: str, pixels: Pixels, key: signing.SigningKey) -> str:
    ending, encode = FORMATS[name]
    path, out = folder / f"d{ending}", folder / f"e{ending}"
    path.write_bytes(encode(pixels))
    data, kind = path.read_bytes(), misyn.images.sniff(path).name
    steps: dict[str, Callable[[], object]] = {
        "metadata alone": partial(_metadata, data, kind),
        "sign": partial(_sign, path, data, kind, key),
        "mark()": partial(mark, path, declaration=DECLARATION, out=out, overwrite=True, key=key),
        "verify()": partial(verify, out, trust=key.chain[-1:], search=None),
    }
    shown = [f"{step} {_milliseconds(work)}" for step, work in steps.items()]
    return f"+{out.stat().st_size - len(data):5d} B   " + "   ".join(shown)


def _metadata(data: bytes, kind: str) -> None:
    writer_for(kind).write(io.BytesIO(data), io.BytesIO(), DECLARATION)


def _sign(path: Path, data: bytes, kind: str, key: signing.SigningKey) -> None:
    digest = misyn.read(path).digest
    write_both(io.BytesIO(data), io.BytesIO(), format=kind, declaration=DECLARATION, key=key, pixels=digest)


def _milliseconds(work: Callable[[], object]) -> str:
    spent = []
    for _ in range(TRIES):
        start = time.process_time(), time.perf_counter()
        work()
        spent.append((time.process_time() - start[0], time.perf_counter() - start[1]))
    processor, wall = np.median(spent, axis=0) * 1e3
    return f"{processor:.1f} ({wall:.1f})"


# --- memory ---------------------------------------------------------------------------------------------------------

_CHILD = """
import sys, pathlib
from datetime import datetime, UTC
sys.path.insert(0, {here!r})
import marks, misyn
from misyn import signing
from misyn.marks import mark, verify
key = signing.load(pathlib.Path({key!r}))
small, path, out, size, what = pathlib.Path({small!r}), pathlib.Path({path!r}), pathlib.Path({out!r}), {size}, {what!r}
mark(small, declaration=marks.DECLARATION, out=out, overwrite=True, key=key)   # everything is imported and warm
verify(out, trust=key.chain[-1:])
def status(name): return int(next(l for l in open("/proc/self/status") if l.startswith(name)).split()[1])
open("/proc/self/clear_refs", "w").write("5")  # the high-water mark starts anew
before = status("VmRSS")
if what == "read": misyn.read(path)
elif what == "mark": mark(path, declaration=marks.DECLARATION, out=out, overwrite=True, key=key)
else: verify(path, trust=key.chain[-1:])
print((status("VmHWM") - before) * 1024 / size)
"""


def bar_memory(folder: Path, key: signing.SigningKey, _: int) -> None:
    print("\na volume of 50 MB (100 × 512 × 512 × 16 bit): the most memory added, in volumes")
    volume = np.repeat(grey(ct_slice())[None], 100, axis=0) + np.arange(100, dtype=np.uint16)[:, None, None]
    for name in ("DICOM", "NIfTI", "NIfTI, gzip", "NRRD", "MetaImage", "TIFF"):
        ending, encode = FORMATS[name]
        small, path, out = folder / f"s{ending}", folder / f"v{ending}", folder / f"w{ending}"
        small.write_bytes(encode(volume[:2]))
        path.write_bytes(encode(volume))
        mark(path, declaration=DECLARATION, out=folder / f"x{ending}", overwrite=True, key=key)
        ratios = {}
        for what in ("read", "mark", "verify"):
            asked = folder / f"x{ending}" if what == "verify" else path
            code = _CHILD.format(
                here=str(Path(__file__).parent),
                key=str(folder / "key"),
                small=str(small),
                path=str(asked),
                out=str(out),
                size=volume.nbytes,
                what=what,
            )
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            ratios[what] = float(done.stdout.split()[-1])
        print(f"  {name:12} " + "   ".join(f"{what} {ratio:.2f}" for what, ratio in ratios.items()))


BARS = {
    "pixels": bar_pixels,
    "changes": bar_changes,
    "transcodings": bar_transcodings,
    "cost": bar_cost,
    "memory": bar_memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bars", nargs="*", choices=[*BARS, []], default=list(BARS))
    parser.add_argument("--changes", type=int, default=500)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        key = signing.create(folder / "key", owner="Example Hospital", now=datetime.now(UTC))
        print("images: " + ", ".join(f"{name} {pixels.shape} {pixels.dtype}" for name, pixels in images()))
        for name in asked.bars or BARS:
            BARS[name](folder, key, asked.changes)


if __name__ == "__main__":
    main()
