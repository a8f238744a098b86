"""Every writer, over every kind of file: pixels bit-identical, all else kept, the mark read back."""

from __future__ import annotations

import dataclasses
import gzip
import io
import random
import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import misyn
from misyn.errors import MisynError
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.metadata import WRITERS, writer_for
from misyn.marks.verifying import verify


def marked(format: str, data: bytes, declaration: Declaration) -> bytes:  # noqa: A002
    target = io.BytesIO()
    writer_for(format).write(io.BytesIO(data), target, declaration)
    return target.getvalue()


def pixel_section(format: str, data: bytes) -> bytes:  # noqa: A002, PLR0911 - one plain answer per format
    """The bytes that hold the samples, taken apart here without any code of misyn."""
    if format == "png":
        return b"".join(
            body for kind, body in png_chunks(data) if kind in (b"IDAT", b"fdAT", b"PLTE", b"IHDR", b"tRNS")
        )
    if format == "jpeg":
        return data[re.search(rb"\xff\xda", data).start() :]  # type: ignore[union-attr]
    if format == "webp":
        return b"".join(
            body for kind, body in riff_chunks(data) if kind in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"ANIM")
        )
    if format == "gif":
        trailer = re.escape(b"\x01" + bytes(range(255, -1, -1)) + b"\0")
        return re.sub(rb"\x21\xff\x0bXMP DataXMP.*?" + trailer, b"", data[13:], flags=re.DOTALL)
    if format == "tiff":
        return data[16:]
    if format == "nifti":
        plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        order = "<" if plain[0] else ">"
        version1 = struct.unpack(order + "i", plain[:4])[0] == 348
        (start,) = struct.unpack_from(order + ("f" if version1 else "q"), plain, 108 if version1 else 168)
        return plain[int(start) :]
    if format == "nrrd":
        return re.split(rb"\r?\n\r?\n", data, maxsplit=1)[1]
    if format == "metaimage":
        return re.split(rb"ElementDataFile = LOCAL\n", data, maxsplit=1)[1]
    deflated = b"1.2.840.10008.1.2.1.99" in data[:400]
    if deflated:
        start = 144 + struct.unpack("<I", data[140:144])[0]
        data = zlib.decompress(data[start:], -15)
    return data[re.search(rb"\xe0\x7f\x10\x00|\x7f\xe0\x00\x10", data).start() :]  # type: ignore[union-attr]


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    at = 8
    while at < len(data) and (not found or found[-1][0] != b"IEND"):
        n, kind = struct.unpack(">I4s", data[at : at + 8])
        found.append((kind, data[at + 8 : at + 12 + n]))
        at += 12 + n
    return found


def riff_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    at = 12
    while at < len(data):
        kind, n = struct.unpack("<4sI", data[at : at + 8])
        found.append((kind, data[at + 8 : at + 8 + n]))
        at += 8 + n + n % 2
    return found


def test_there_is_a_writer_for_every_format_misyn_reads() -> None:
    from misyn.images import FORMATS

    assert {writer.format for writer in WRITERS} == {kind.name for kind in FORMATS}


def test_the_mark_is_read_back_and_pixels_stay_bit_identical(
    sample: tuple[str, Path], declaration: Declaration, tmp_path: Path
) -> None:
    kind, path = sample
    assert verify(path).verdict == "no-evidence"
    before = path.read_bytes()
    after = marked(kind, before, declaration)
    copy = tmp_path / f"marked{''.join(path.suffixes)}"
    copy.write_bytes(after)
    mark = writer_for(kind).read(io.BytesIO(after))
    assert mark is not None
    assert mark.declarations == (declaration,)
    assert mark.says_synthetic
    assert not mark.says_not
    pixels = pixel_section(kind, before)
    assert len(pixels) > 200
    assert pixel_section(kind, after)[: len(pixels)] == pixels
    image, copied = misyn.read(path), misyn.read(copy)
    assert copied.digest == image.digest
    assert (copied.spacing, copied.modality, copied.slope) == (image.spacing, image.modality, image.slope)


def test_the_verdict_of_a_marked_file_is_synthetic_declared_and_untrusted(
    sample: tuple[str, Path], declaration: Declaration
) -> None:
    kind, path = sample
    path.write_bytes(marked(kind, path.read_bytes(), declaration))
    verdict = verify(path)
    assert verdict.verdict == "synthetic"
    assert not verdict.trusted
    assert verdict.declaration == declaration.to_json()
    assert verdict.problems == ("untrusted: the metadata is not signed, so anyone can have written it",)


def test_marking_again_replaces_the_declaration_and_does_not_pile_up(
    sample: tuple[str, Path], declaration: Declaration
) -> None:
    kind, path = sample
    once = marked(kind, path.read_bytes(), declaration)
    newer = dataclasses.replace(declaration, created="2027-11-22T10:00:00Z")
    twice = marked(kind, once, newer)
    mark = writer_for(kind).read(io.BytesIO(twice))
    assert mark is not None
    assert mark.declarations == (newer,)
    if kind != "tiff":  # its earlier directory stays as unused bytes, as its module says
        assert marked(kind, twice, declaration) == once


def test_writing_is_deterministic(sample: tuple[str, Path], declaration: Declaration) -> None:
    kind, path = sample
    assert marked(kind, path.read_bytes(), declaration) == marked(kind, path.read_bytes(), declaration)


def test_a_truncated_or_altered_file_ends_in_a_file_or_a_typed_error(
    sample: tuple[str, Path], declaration: Declaration
) -> None:
    kind, path = sample
    plain = path.read_bytes()
    once = marked(kind, plain, declaration)
    chance = random.Random(f"{path.suffix} {len(plain)}")  # noqa: S311 - not for secrets
    for n in range(30):
        data = bytearray(once if n % 2 else plain)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(min(len(data), 3000))] = chance.randrange(256)
        broken = bytes(data[: chance.randrange(len(data))]) if n % 3 == 0 else bytes(data)
        try:
            written = marked(kind, broken, declaration)
        except MisynError:
            pass
        else:
            mark = writer_for(kind).read(io.BytesIO(written))
            assert mark is not None
            assert declaration in mark.declarations
        path.write_bytes(broken)
        assert verify(path).verdict in {"synthetic", "contradictory", "no-evidence", "unreadable"}


TEXT = st.text(st.characters(blacklist_categories=("Cc", "Cs")), min_size=1, max_size=60).filter(str.strip)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=TEXT, responsible=TEXT, use=TEXT)
@pytest.mark.parametrize(
    "sample_name", ["png", "jpeg", "webp", "gif", "tiff", "nifti", "nrrd", "mha", "dicom-explicit"]
)
def test_any_text_survives_every_format(
    sample_name: str, built: dict[str, bytes], name: str, responsible: str, use: str
) -> None:
    kind = {"mha": "metaimage", "dicom-explicit": "dicom"}.get(sample_name, sample_name)
    declared = Declaration(
        technique=Technique(name=name), responsible=responsible, created="2026-11-22T10:00:00Z", intended_use=use
    )
    mark = writer_for(kind).read(io.BytesIO(marked(kind, built[sample_name], declared)))
    assert mark is not None
    assert mark.declarations == (declared,)


@pytest.mark.parametrize("name", ["nifti", "mha", "nrrd", "dicom-explicit", "tiff"])
def test_a_large_volume_is_copied_block_by_block(
    name: str, built: dict[str, bytes], declaration: Declaration, tmp_path: Path
) -> None:
    kind = {"mha": "metaimage", "dicom-explicit": "dicom"}.get(name, name)
    source = tmp_path / "large"
    source.write_bytes(built[name] + bytes(50 << 20))
    tracemalloc.start()
    try:
        with source.open("rb") as stream, (tmp_path / "marked").open("wb") as target:
            writer_for(kind).write(stream, target, declaration)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert (tmp_path / "marked").stat().st_size > 50 << 20
