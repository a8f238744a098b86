"""What is particular to each picture format, and hostile files of each."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import pytest

from misyn.errors import MalformedImage, MarkError, NoRoomForMark
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.inspection import MOST_TEXT, Inspection, Text
from misyn.marks.metadata import jpeg, png, tiff, writer_for, xmp


def chunk(kind: bytes, data: bytes, *, length: int | None = None) -> bytes:
    n = len(data) if length is None else length
    return struct.pack(">I", n) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(plain: bytes, *chunks: bytes) -> bytes:
    """Put chunks right after IHDR."""
    return plain[:33] + b"".join(chunks) + plain[33:]


def inspected(kind: str, data: bytes) -> Inspection:
    return writer_for(kind).inspect(io.BytesIO(data))


def written(kind: str, data: bytes, declaration: Declaration) -> bytes:
    target = io.BytesIO()
    writer_for(kind).write(io.BytesIO(data), target, declaration)
    return target.getvalue()


@pytest.fixture
def plain(built: dict[str, bytes]) -> dict[str, bytes]:
    return built


def test_png_texts_are_read_from_every_kind_of_chunk(plain: dict[str, bytes]) -> None:
    data = png_with(
        plain["png"],
        chunk(b"tEXt", b"a\0caf\xe9"),
        chunk(b"tEXt", b"b\0caf\xc3\xa9"),
        chunk(b"zTXt", b"c\0\0" + zlib.compress(b"packed")),
        chunk(b"iTXt", b"d\0\1\0en\0key\0" + zlib.compress("π".encode())),
    )
    assert [(text.key, text.text) for text in inspected("png", data).texts] == [
        ("a", "café"),
        ("b", "café"),
        ("c", "packed"),
        ("d", "π"),
    ]


def test_png_compressed_bombs_are_passed_over_and_the_rest_is_read(plain: dict[str, bytes]) -> None:
    bomb = zlib.compress(bytes(200 << 20), 9)
    data = png_with(
        plain["png"],
        chunk(b"zTXt", b"parameters\0\0" + bomb),
        chunk(b"iTXt", png.XMP_KEYWORD + b"\0\1\0\0\0" + bomb),
        chunk(b"tEXt", b"after\0it"),
    )
    found = inspected("png", data)
    assert found.texts == (Text("png", "after", "it"),)
    assert found.problems == (f"a compressed PNG text was not read: damaged, or more than {MOST_TEXT} bytes",)
    assert found.damage is None


def test_png_a_length_beyond_the_file_ends_reading_but_not_what_was_read(
    plain: dict[str, bytes], declaration: Declaration
) -> None:
    marked = written("png", plain["png"], declaration)
    cut = marked[: marked.index(b"IDAT") + 40]
    found = inspected("png", cut)
    assert isinstance(found.damage, MalformedImage)
    assert found.mark is not None
    assert found.mark.declarations == (declaration,)
    with pytest.raises(MalformedImage):
        written("png", png_with(plain["png"], chunk(b"tEXt", b"x", length=2**31)), declaration)


def test_png_a_second_packet_loses_our_properties(plain: dict[str, bytes], declaration: Declaration) -> None:
    other = Declaration(technique=Technique(name="other"), responsible="x", created="2026-11-22T10:00:00Z")
    packets = [chunk(b"iTXt", png.XMP_KEYWORD + b"\0\0\0\0\0" + xmp.build(other)) for _ in range(2)]
    found = inspected("png", written("png", png_with(plain["png"], *packets), declaration))
    assert found.mark is not None
    assert found.mark.declarations == (declaration,)
    assert len(found.mark.statements) == 1


def test_png_keeps_what_follows_the_end_and_damaged_checksums(
    plain: dict[str, bytes], declaration: Declaration
) -> None:
    damaged = chunk(b"tEXt", b"a\0b")[:-4] + b"\0\0\0\0"
    after = written("png", png_with(plain["png-palette-and-tail"], damaged), declaration)
    assert damaged in after
    assert after.endswith(b"bytes after IEND")


def test_png_the_mark_comes_before_the_pixels(plain: dict[str, bytes], declaration: Declaration) -> None:
    after = written("png", plain["png"], declaration)
    assert after.index(b"iTXt") < after.index(b"IDAT")


def test_png_a_broken_packet_is_refused_and_not_lost(plain: dict[str, bytes], declaration: Declaration) -> None:
    data = png_with(plain["png"], chunk(b"iTXt", png.XMP_KEYWORD + b"\0\0\0\0\0<not xml"))
    with pytest.raises(MarkError, match="remove or repair"):
        written("png", data, declaration)


def test_jpeg_the_packet_follows_jfif_and_exif(plain: dict[str, bytes], declaration: Declaration) -> None:
    after = written("jpeg", plain["jpeg"], declaration)
    assert after[:4] == b"\xff\xd8\xff\xe0"
    assert after[20:22] == b"\xff\xe1"
    assert plain["jpeg"][20:] == after[after.index(plain["jpeg"][20:60]) :]


def test_jpeg_padding_gives_way_and_a_packet_beyond_one_segment_has_no_room(
    plain: dict[str, bytes], declaration: Declaration
) -> None:
    def with_packet(padding: bytes, text: str) -> bytes:
        body = xmp.build(declaration).replace(b"</rdf:RDF>", f"<!--{text}--></rdf:RDF>".encode())
        packet = body.replace(b"<?xpacket end", padding + b"<?xpacket end")
        packet = packet[: jpeg.MOST_PACKET] if len(packet) > jpeg.MOST_PACKET else packet
        segment = jpeg.XMP_HEAD + packet
        return plain["jpeg"][:20] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + plain["jpeg"][20:]

    room = jpeg.MOST_PACKET - len(xmp.build(declaration)) - 100
    longer = Declaration(
        technique=Technique(name="t" * 200),
        responsible="r" * 500,
        created="2026-11-22T10:00:00Z",
        intended_use="u" * 900,
    )
    assert written("jpeg", with_packet(b" " * room, ""), longer)
    with pytest.raises(NoRoomForMark, match="PNG"):
        written("jpeg", with_packet(b"", "c" * room), longer)


def test_jpeg_extended_xmp_and_other_app1_segments_stay(plain: dict[str, bytes], declaration: Declaration) -> None:
    other = b"\xff\xe1\0\x10http://ns.x/\0\1"
    data = plain["jpeg"][:20] + other + plain["jpeg"][20:]
    assert other in written("jpeg", data, declaration)


def _exif(order: str, comment: bytes) -> bytes:
    """A hand-made EXIF block: UserComment in an EXIF directory."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(order + "I", 8)
    first = struct.pack(order + "HHHIII", 1, 34665, 4, 1, 26, 0)
    second = struct.pack(order + "HHHIII", 1, 37510, 7, len(comment), 44, 0)
    return b"Exif\0\0" + head + first + second + comment


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_exif_comments_are_read_whichever_byte_order_their_writer_chose(order: str, encoding: str) -> None:
    segment = _exif(order, b"UNICODE\0" + "Steps: 20, Seed: 7".encode(encoding))
    data = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + b"\xff\xd9"
    assert inspected("jpeg", data).texts == (Text("exif", "UserComment", "Steps: 20, Seed: 7"),)


def test_exif_that_points_beyond_itself_is_passed_over() -> None:
    segment = b"Exif\0\0II*\0\xff\xff\xff\x7f"
    data = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + b"\xff\xd9"
    found = inspected("jpeg", data)
    assert found.problems == ("an EXIF block was not read: it is damaged",)
    assert found.damage is None


def test_webp_a_simple_file_becomes_an_extended_one_of_the_same_canvas(
    plain: dict[str, bytes], declaration: Declaration
) -> None:
    for name, alpha in (("webp", 0), ("webp-lossless", 0), ("webp-alpha", 0x10)):
        after = written("webp", plain[name], declaration)
        assert after[12:16] == b"VP8X"
        assert after[20] == 0x04 | alpha
        assert int.from_bytes(after[24:27], "little") + 1 == 64
        assert int.from_bytes(after[27:30], "little") + 1 == 48
        assert int.from_bytes(after[4:8], "little") == len(after) - 8


def test_webp_what_follows_riff_is_kept_and_not_read(plain: dict[str, bytes], declaration: Declaration) -> None:
    after = written("webp", plain["webp"] + b"XMP \xff\xff\xff\xfftail", declaration)
    assert after.endswith(b"XMP \xff\xff\xff\xfftail")


def test_webp_chunk_beyond_the_file_is_malformed(plain: dict[str, bytes], declaration: Declaration) -> None:
    data = plain["webp"][:16] + b"\xff\xff\xff\x7f" + plain["webp"][20:]
    with pytest.raises(MalformedImage):
        written("webp", data, declaration)


def test_gif_the_loop_comes_first_and_87a_becomes_89a(plain: dict[str, bytes], declaration: Declaration) -> None:
    after = written("gif", plain["gif-animated"], declaration)
    assert after.index(b"NETSCAPE2.0") < after.index(b"XMP DataXMP")
    old = b"GIF87a" + plain["gif"][6:]
    assert written("gif", old, declaration)[:6] == b"GIF89a"


def test_gif_a_reader_that_knows_nothing_of_xmp_finds_the_blocks_behind_it(
    plain: dict[str, bytes], declaration: Declaration
) -> None:
    after = written("gif", plain["gif"], declaration)
    start = after.index(b"\x21\xff\x0bXMP DataXMP") + 14
    at = start
    while after[at]:
        at += after[at] + 1
    assert after[at + 1 : at + 2] in (b",", b"!")


def test_tiff_only_the_header_pointer_changes_and_the_rest_is_appended(
    plain: dict[str, bytes], declaration: Declaration
) -> None:
    for name, pointer in (("tiff", slice(4, 8)), ("tiff-bigtiff", slice(8, 16))):
        before, after = plain[name], written("tiff", plain[name], declaration)
        masked = bytearray(after[: len(before)])
        masked[pointer] = before[pointer]
        assert bytes(masked) == before
        assert int.from_bytes(after[pointer], "little") % 8 == 0


def test_tiff_beyond_four_gigabytes_has_no_room(plain: dict[str, bytes], declaration: Declaration) -> None:
    class Huge(io.BytesIO):
        """A file that says it is just below 4 GB."""

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0xFFFFFF00 if whence == 2 else super().seek(offset, whence)

    with pytest.raises(NoRoomForMark, match="BigTIFF"):
        tiff.write(Huge(plain["tiff"]), io.BytesIO(), declaration)


def _tiff_hostile() -> Iterator[tuple[str, bytes]]:
    yield "directory beyond the file", b"II*\0\xff\xff\xff\x7f"
    yield "no entries", b"II*\0" + struct.pack("<IH", 8, 0) + bytes(4)
    yield "many entries", b"II*\0" + struct.pack("<IH", 8, 65535)
    yield "value beyond the file", b"II*\0" + struct.pack("<IHHHII", 8, 1, 700, 1, 5000, 2**31) + bytes(4)
    yield "bad version", b"II+\0" + struct.pack("<HHQ", 4, 0, 16)


@pytest.mark.parametrize(("name", "data"), list(_tiff_hostile()), ids=lambda v: v if isinstance(v, str) else "")
def test_tiff_hostile_directories_end_in_a_typed_error(name: str, data: bytes, declaration: Declaration) -> None:
    assert inspected("tiff", data).damage is not None
    with pytest.raises(MalformedImage):
        written("tiff", data, declaration)


def test_tiff_a_packet_that_claims_gigabytes_is_not_read(declaration: Declaration) -> None:
    data = b"II*\0" + struct.pack("<IHHHII", 8, 1, 700, 1, 0x7FFFFFFF, 0) + bytes(4)
    assert "not read" in inspected("tiff", data).problems[0]
    with pytest.raises(MarkError):
        written("tiff", data, declaration)
