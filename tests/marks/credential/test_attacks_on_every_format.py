"""Attacks on each format's own place for a credential: swapped, cut out, glued on, copied onto what was acquired."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import misyn
from misyn.marks import mark, verify
from misyn.marks.credential import place_for
from misyn.marks.declaration import Declaration
from misyn.marks.metadata import writer_for
from misyn.signing import SigningKey

PICTURES = ["png", "jpeg", "webp", "gif"]
EMBEDDED = [*PICTURES, "tiff"]
DETACHED = {"nifti": "nifti", "nrrd": "nrrd", "mha": "metaimage", "dicom-explicit": "dicom"}
EVERY = {**{name: name for name in EMBEDDED}, **DETACHED}

Part = tuple[str, bytes]  # what it is, and its bytes


def png_parts(data: bytes) -> Iterator[Part]:
    yield "head", data[:8]
    at = 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        yield {b"caBX": "credential", b"iTXt": "metadata"}.get(kind, "rest"), data[at : at + 12 + size]
        at += 12 + size


def jpeg_parts(data: bytes) -> Iterator[Part]:
    yield "head", data[:2]
    at = 2
    while data[at + 1] != 0xDA:
        size = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        kind = {0xEB: "credential", 0xE1: "metadata"}.get(data[at + 1], "rest")
        yield kind, data[at : at + size]
        at += size
    yield "rest", data[at:]


def webp_parts(data: bytes) -> Iterator[Part]:
    yield "head", data[:12]
    at = 12
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        size += 8 + size % 2
        yield {b"C2PA": "credential", b"XMP ": "metadata"}.get(data[at : at + 4], "rest"), data[at : at + size]
        at += size


def gif_parts(data: bytes) -> Iterator[Part]:
    start = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    yield "head", data[:start]
    at = start
    while data[at : at + 2] == b"\x21\xff":
        name, end = data[at + 3 : at + 14], at + 14
        if name == b"XMP DataXMP":
            end = data.index(bytes(range(255, -1, -1)), end) + 257
        else:
            while data[end]:
                end += 1 + data[end]
            end += 1
        kind = "credential" if name.startswith(b"C2PA") else "metadata" if name.startswith(b"XMP") else "rest"
        yield kind, data[at:end]
        at = end
    yield "rest", data[at:]


SPLITTERS: dict[str, Callable[[bytes], Iterator[Part]]] = {
    "png": png_parts,
    "jpeg": jpeg_parts,
    "webp": webp_parts,
    "gif": gif_parts,
}


def joined(kind: str, parts: list[bytes]) -> bytes:
    data = b"".join(parts)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:] if kind == "webp" else data


def with_credential_of(kind: str, data: bytes, other: bytes) -> bytes:
    """One file, with the credential of another in the place of its own."""
    if kind == "tiff":
        return tiff_with(data, credential_in_tiff(other))
    stolen = [part for what, part in SPLITTERS[kind](other) if what == "credential"]
    assert stolen
    parts: list[bytes] = []
    for what, part in SPLITTERS[kind](data):
        parts += stolen if what == "credential" and stolen[0] not in parts else []
        parts += [part] if what != "credential" else []
    return joined(kind, parts)


def credential_in_tiff(data: bytes) -> bytes:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        return bytes(file.pages[0].tags[52545].value)  # type: ignore[union-attr]


def tiff_with(data: bytes, manifest: bytes) -> bytes:
    import tifffile

    target = io.BytesIO()
    pixels = tifffile.imread(io.BytesIO(data))
    tags = [(52545, 7, len(manifest), manifest, True)]
    tifffile.imwrite(target, pixels, photometric="minisblack", metadata=None, extratags=tags)
    return target.getvalue()


@pytest.fixture
def two(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """Two pictures of one kind whose samples differ."""
    from PIL import Image

    def made(kind: str) -> tuple[Path, Path]:
        ramp = (np.arange(48 * 64).reshape(48, 64) * 7 % 251).astype(np.uint8)
        paths = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
        options = {"lossless": True} if kind == "webp" else {}
        for path, pixels in zip(paths, (ramp, ramp[::-1]), strict=True):
            Image.fromarray(pixels).save(path, kind.upper(), **options)
        return paths

    return made


@pytest.mark.parametrize("kind", EMBEDDED)
def test_credentials_of_two_pictures_swapped_hold_for_neither(
    kind: str, two: Callable[[str], tuple[Path, Path]], sign: Callable[..., Path], root: Path
) -> None:
    paths = two(kind)
    data = [sign(path).read_bytes() for path in paths]
    assert all(verify(path, trust=root).trusted for path in paths)
    for path, own, other in zip(paths, data, reversed(data), strict=True):
        path.write_bytes(with_credential_of(kind, own, other))
        verdict = verify(path, trust=root)
        assert (verdict.verdict, verdict.trusted) == ("contradictory", False)
        assert verdict.layers["credential"]["state"] == "invalid"
        assert verdict.layers["credential"]["image"] == "other"


@pytest.mark.parametrize("kind", PICTURES)
def test_cut_out_one_layer_and_the_other_speaks_cut_out_both_and_only_the_store_does(
    kind: str, two: Callable[[str], tuple[Path, Path]], key: SigningKey, declaration: Declaration, tmp_path: Path
) -> None:
    path, _ = two(kind)
    layers, store = ("metadata", "credential", "fingerprint"), tmp_path / "store"
    mark(path, declaration=declaration, in_place=True, layers=layers, key=key, store=store)
    parts = list(SPLITTERS[kind](path.read_bytes()))
    roots = key.chain[-1:]

    def left(*kept: str) -> Any:
        path.write_bytes(joined(kind, [part for what, part in parts if what in {"head", "rest", *kept}]))
        return verify(path, trust=roots)

    unsigned = left("metadata")
    assert (unsigned.verdict, unsigned.trusted) == ("synthetic", False)
    assert {"S1", "S2", "P1"} <= set(unsigned.rules)
    broken = left("credential")  # it signed the bytes, which the metadata was part of: the pixels are still its own
    assert (broken.verdict, broken.trusted) == ("contradictory", False)
    assert broken.layers["credential"]["image"] == "changed"
    assert left().verdict == "no-evidence"
    known = verify(path, trust=roots, store=store)
    assert (known.verdict, known.trusted, known.rules) == ("synthetic", False, ("S5",))


@pytest.mark.parametrize("name", sorted(DETACHED))
def test_a_detached_credential_outlives_the_metadata_and_the_metadata_outlives_it(
    name: str, built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{name[:5]}"
    path.write_bytes(built[name])
    whole = sign(path).read_bytes()
    path.write_bytes(hidden(whole, "metadata", name))
    alone = verify(path, trust=root)
    assert (alone.verdict, alone.trusted, alone.layers["metadata"]["declarations"]) == ("synthetic", True, 0)
    path.write_bytes(hidden(whole, "credential", name))
    unsigned = verify(path, trust=root)
    assert (unsigned.verdict, unsigned.trusted) == ("synthetic", False)
    assert unsigned.layers["credential"]["state"] == "absent"


def hidden(data: bytes, layer: str, name: str) -> bytes:
    """The file with the names of one layer's places overwritten, so that nobody finds them."""
    if name == "dicom-explicit":
        import pydicom

        dataset = pydicom.dcmread(io.BytesIO(data))
        gone = [0x4D531002] if layer == "credential" else [0x0008001C, 0x00082111, 0x0018A001, 0x4D531001]
        for tag in gone:
            del dataset[tag]
        target = io.BytesIO()
        dataset.save_as(target)
        return target.getvalue()
    if name == "nifti":
        if layer == "credential":
            return data.replace(b'{"credential"', b'{"credentiaX"')
        return data.replace(b'{"declaration"', b'{"declaratioX"').replace(b"SyntheticData", b"SyntheticDatX")
    if layer == "credential":
        return data.replace(b"misyn_credential", b"misyn_credentiaX")
    return data.replace(b"SyntheticData", b"SyntheticDatX").replace(b"misyn_declaration", b"misyn_declaratioX")


@pytest.mark.parametrize("name", sorted(EVERY))
@pytest.mark.parametrize("tail", [b"PK\x05\x06" + bytes(18), b"\xff\xd8\xff\xe0 a second picture"], ids=["zip", "jpeg"])
def test_something_glued_behind_a_signed_file_is_not_vouched_for(
    name: str, tail: bytes, built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    """A file that is two things at once: bytes that a credential covers fail, samples that it covers still hold."""
    path = tmp_path / f"a.{name[:5]}"
    path.write_bytes(built[name])
    whole, before = sign(path).read_bytes(), misyn.read(path).digest
    path.write_bytes(whole + tail)
    verdict = verify(path, trust=root)
    assert verdict.format == EVERY[name]
    if verdict.trusted:
        assert name in DETACHED
        assert misyn.read(path).digest == before
    else:
        assert verdict.verdict in {"synthetic", "contradictory"}


def with_camera(path: Path, kind: str) -> None:
    if kind == "tiff":  # TIFF/EP, as raw files of cameras have it; Pillow leaves the EXIF directory out
        import tifffile

        tags = [(code, 2, 0, text, True) for code, text in ((271, "a maker"), (272, "a camera"), (36867, "2026:11:22"))]
        tifffile.imwrite(path, np.zeros((48, 64, 3), np.uint8) + 90, photometric="rgb", metadata=None, extratags=tags)
        return
    from PIL import Image

    exif = Image.Exif()
    exif[271], exif[272] = "a maker", "a camera"
    exif.get_ifd(0x8769)[36867] = "2026:11:22 10:00:00"
    Image.new("RGB", (64, 48), (200, 120, 100)).save(path, kind.upper(), exif=exif)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff"])
def test_a_declaration_copied_onto_a_photograph_is_contradictory_and_the_camera_is_named(
    kind: str, key: SigningKey, declaration: Declaration, tmp_path: Path
) -> None:
    """The thief can sign too: a signature by somebody trusted does not outweigh what the header shows."""
    path = tmp_path / f"a.{kind}"
    with_camera(path, kind)
    target = io.BytesIO()
    with path.open("rb") as source:
        writer_for(kind).write(source, target, declaration)
    path.write_bytes(target.getvalue())
    verdict = verify(path)
    assert (verdict.verdict, verdict.trusted) == ("contradictory", False)
    assert any("names a camera's make and model" in problem for problem in verdict.problems)
    mark(path, declaration=declaration, in_place=True, key=key, force="stolen")
    signed = verify(path, trust=key.chain[-1:])
    assert (signed.verdict, signed.trusted) == ("contradictory", False)
    assert signed.layers["credential"]["state"] == "trusted"


@pytest.mark.parametrize("name", sorted(DETACHED))
@pytest.mark.parametrize("tail", [b"", b"\0", b"\0\0", b"\0\0\0", b"\x01", b"\x01\0"])
def test_a_manifest_that_ends_in_zeros_comes_back_whole(
    name: str, tail: bytes, built: dict[str, bytes], tmp_path: Path
) -> None:
    """DICOM makes lengths even with a zero; one signature in twenty ends in one of its own."""
    body = b"jumb" + bytes(range(1, 200)) + tail
    manifest = (len(body) + 4).to_bytes(4, "big") + body
    target = io.BytesIO()
    place_for(DETACHED[name]).put(io.BytesIO(built[name]), target, manifest)
    assert place_for(DETACHED[name]).get(target) == manifest
