"""The quick look never changes a verdict: it says what the full inspection says, on every file, and reads far less."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pydicom.data
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from misyn.errors import MisynError
from misyn.marks import mark, verify
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.metadata import dicom_values
from misyn.marks.metadata.dicom_elements import BIG, EXPLICIT, IMPLICIT, Syntax, encode, encode_item
from misyn.marks.scan.prefilter import look
from misyn.marks.scan.quick import quick_verify

DECLARATION = Declaration(technique=Technique(name="pca"), responsible="A", created="2026-11-22T10:00:00Z")
UIDS = {
    EXPLICIT: b"1.2.840.10008.1.2.1",
    IMPLICIT: b"1.2.840.10008.1.2",
    BIG: b"1.2.840.10008.1.2.2",
}
DEFLATED = b"1.2.840.10008.1.2.1.99"
SHORT = ["CS", "LO", "SH", "DA", "DS", "IS", "UI", "PN", "US"]
MARKED = [
    (0x0008001C, "CS", b"YES"),
    (0x0008001C, "CS", b"NO"),
    (0x0008001C, "CS", b""),
    (0x00082111, "ST", b"resampled"),
    (0x00082111, "ST", b"Synthetic image (misyn): pca 1; no patient stands behind it."),
    (0x4D530010, "LO", b"MISYN"),
    (0x00090010, "LO", b"OTHER MAKER"),
    (0x00100020, "LO", b"0815"),
    (0x60001500, "LO", b"SYNTHETIC IMAGE"),
    (0x00080008, "CS", b"ORIGINAL\\PRIMARY"),
]


def undefined(tag: int, vr: str, items: list[bytes], syntax: Syntax, *, open_items: bool) -> bytes:
    """A sequence of undefined length, its items of undefined length too or not."""
    order = syntax.order
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    head += vr.encode() + b"\0\0\xff\xff\xff\xff" if syntax.explicit else b"\xff\xff\xff\xff"
    delimiter = struct.pack(order + "HHI", 0xFFFE, 0xE00D, 0)
    opened = struct.pack(order + "HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    body = b"".join(opened + item + delimiter if open_items else encode_item(item, syntax) for item in items)
    return head + body + struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0)


@st.composite
def elements_of(draw: st.DrawFn, syntax: Syntax, depth: int = 0) -> bytes:
    """Some elements of a data set: plain, private, marked, and sequences of both kinds."""
    parts: dict[int, bytes] = {}
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.integers(0, 9))
        group = draw(st.sampled_from([0x0008, 0x0009, 0x0010, 0x0018, 0x0020, 0x0028, 0x0029, 0x6000]))
        tag = group << 16 | draw(st.integers(0x0005, 0x20))
        if kind < 6:
            vr = draw(st.sampled_from(SHORT))
            parts[tag] = encode(tag, vr, draw(st.binary(max_size=80)), syntax)
        elif kind == 6:
            parts[tag] = encode(tag, "OB", bytes(draw(st.sampled_from([0, 10, 1500, 5000]))), syntax)
        elif kind == 7:
            tag, vr, value = draw(st.sampled_from(MARKED))
            parts[tag] = encode(tag, vr, value, syntax)
        elif depth < 3:
            tag = draw(st.sampled_from([0x00081140, 0x0018A001, 0x00400555, tag]))
            inner = syntax
            vr = draw(st.sampled_from(["SQ", "SQ", "UN"]))
            if vr == "UN" and syntax.explicit:
                inner = IMPLICIT
            items = [draw(elements_of(inner, depth + 1)) for _ in range(draw(st.integers(0, 2)))]
            if kind == 8 or vr == "UN":
                parts[tag] = undefined_in(tag, vr, items, syntax, inner, open_items=draw(st.booleans()))
            else:
                parts[tag] = encode(tag, "SQ", b"".join(encode_item(item, syntax) for item in items), syntax)
    return b"".join(parts[tag] for tag in sorted(parts))


def undefined_in(tag: int, vr: str, items: list[bytes], syntax: Syntax, inner: Syntax, *, open_items: bool) -> bytes:
    """An undefined UN holds implicit little endian, whatever lies around it."""
    whole = undefined(tag, vr, items, inner, open_items=open_items)
    if inner == syntax:
        return whole
    head = struct.pack(syntax.order + "HH", tag >> 16, tag & 0xFFFF) + vr.encode() + b"\0\0\xff\xff\xff\xff"
    return head + whole[8:]


def file_of(body: bytes, uid: bytes) -> bytes:
    meta = encode(0x00020002, "UI", b"1.2.840.10008.5.1.4.1.1.7", EXPLICIT) + encode(0x00020010, "UI", uid, EXPLICIT)
    length = encode(0x00020000, "UL", struct.pack("<I", len(meta)), EXPLICIT)
    return bytes(128) + b"DICM" + length + meta + body


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A DICOM file of any transfer syntax; sometimes with pixels, sometimes damaged."""
    syntax = draw(st.sampled_from([EXPLICIT, IMPLICIT, BIG]))
    body = draw(elements_of(syntax))
    if draw(st.booleans()):
        body += encode(0x7FE00010, "OW", bytes(64), syntax)
    uid = UIDS[syntax]
    if syntax is EXPLICIT and draw(st.integers(0, 3)) == 0:
        packer = zlib.compressobj(wbits=-15)
        body, uid = packer.compress(body) + packer.flush(), DEFLATED
    data = bytearray(file_of(body, uid))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.integers(0, 9)) == 0:
        del data[draw(st.integers(1, len(data))) :]
    return bytes(data)


def assert_same(path: Path) -> None:
    full = verify(path, search=None).as_json()
    assert quick_verify(path)[0].as_json() == full
    assert quick_verify(path)[0].as_json() == full  # with the runs of the first look


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=files())
def test_any_dicom_file_has_the_verdict_of_the_full_inspection(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.dcm"
    path.write_bytes(data)
    assert_same(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_files_that_share_runs_with_one_that_says_nothing_are_not_taken_for_it(
    data: st.DataObject, tmp_path: Path
) -> None:
    plain = b"".join(encode(0x00180000 | n, "LO", b"value %d" % n, EXPLICIT) for n in range(0x10, 0x60))
    marks = {tag: encode(tag, vr, value, EXPLICIT) for tag, vr, value in data.draw(st.lists(st.sampled_from(MARKED)))}
    before = b"".join(marks[tag] for tag in sorted(marks) if tag < 0x00180000)
    after = b"".join(marks[tag] for tag in sorted(marks) if tag > 0x00180000)
    path = tmp_path / "alike.dcm"
    for body in (plain, before + plain + after, plain):
        path.write_bytes(file_of(body, UIDS[EXPLICIT]))
        assert_same(path)


def test_a_private_block_of_ours_is_seen_where_another_makers_was(tmp_path: Path) -> None:
    path = tmp_path / "block.dcm"
    for creator in (b"OTHER", b"OTHER", b"MISYN"):
        block = encode(0x4D530010, "LO", creator, EXPLICIT) + encode(0x4D531001, "UT", b"{}", EXPLICIT)
        path.write_bytes(file_of(block + encode(0x4D531002, "LO", b"x", EXPLICIT), UIDS[EXPLICIT]))
        assert_same(path)
        assert look(path).clear == (creator == b"OTHER")


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG], ids=["explicit", "implicit", "big endian"])
@pytest.mark.parametrize("open_items", [True, False])
def test_the_synthesizer_among_the_equipment_is_seen(syntax: Syntax, tmp_path: Path, *, open_items: bool) -> None:
    item = dicom_values.equipment(DECLARATION, syntax)
    path = tmp_path / "equipment.dcm"
    for sequence in (
        undefined(0x0018A001, "SQ", [item], syntax, open_items=open_items),
        encode(0x0018A001, "SQ", encode_item(item, syntax), syntax),
    ):
        path.write_bytes(file_of(sequence, UIDS[syntax]))
        assert_same(path)
        assert quick_verify(path)[0].verdict == "synthetic"


@pytest.fixture(scope="module")
def corpus() -> list[Path]:
    """What pydicom installs; its own look-up would try to download more."""
    return sorted((Path(str(pydicom.data.__file__)).parent / "test_files").rglob("*.dcm"))


def test_pydicoms_own_files_have_the_verdict_of_the_full_inspection(corpus: list[Path]) -> None:
    for path in corpus:
        assert_same(path)
    assert len(corpus) > 60


def test_marked_copies_of_them_too(corpus: list[Path], tmp_path: Path) -> None:
    marked = 0
    for number, path in enumerate(corpus[::3]):
        target = tmp_path / f"{number}.dcm"
        try:
            mark(path, declaration=DECLARATION, out=target, force="a test")
        except MisynError:
            continue
        marked += 1
        assert_same(target)
        assert not look(target).clear
    assert marked >= 15


def test_every_other_format_too(sample: tuple[str, Path], declaration: Declaration, tmp_path: Path) -> None:
    _, path = sample
    assert_same(path)
    target = tmp_path / f"marked{path.suffix}"
    mark(path, declaration=declaration, out=target)
    assert_same(target)


@pytest.mark.data
def test_malformed_files_have_the_verdict_of_the_full_inspection(data_dir: Path) -> None:
    found = [path for path in (data_dir / "dicom_fuzz").rglob("*") if path.is_file()]
    for path in found:
        assert_same(path)
    assert len(found) >= 380


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG], ids=["explicit", "implicit", "big endian"])
def test_a_file_that_says_nothing_is_clear_at_a_quick_look(syntax: Syntax, tmp_path: Path) -> None:
    nested = undefined(0x00400555, "SQ", [encode(0x00080100, "SH", b"1", syntax)], syntax, open_items=True)
    body = encode(0x00080060, "CS", b"CT", syntax) + encode(0x00100020, "LO", b"0815", syntax) + nested
    path = tmp_path / "clear.dcm"
    path.write_bytes(file_of(body + encode(0x7FE00010, "OW", bytes(1 << 20), syntax), UIDS[syntax]))
    seen = look(path)
    assert seen.clear
    assert seen.values[0x00100020] == b"0815"
    assert seen.taken <= 8192 < seen.size


def test_a_deflated_file_that_says_nothing_is_clear(tmp_path: Path) -> None:
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(encode(0x00080060, "CS", b"CT", EXPLICIT)) + packer.flush()
    path = tmp_path / "deflated.dcm"
    path.write_bytes(file_of(body, DEFLATED))
    assert look(path).clear


def test_long_values_are_stepped_over_unread(tmp_path: Path) -> None:
    long = encode(0x00091010, "OB", bytes(8 << 20), EXPLICIT)
    path = tmp_path / "long.dcm"
    path.write_bytes(file_of(encode(0x00080060, "CS", b"CT", EXPLICIT) + long + pixels(), UIDS[EXPLICIT]))
    seen = look(path)
    assert seen.clear
    assert seen.taken < 16384


def pixels() -> bytes:
    return encode(0x7FE00010, "OW", bytes(4096), EXPLICIT)


def test_most_of_pydicoms_files_are_decided_by_the_quick_look(corpus: list[Path], tmp_path: Path) -> None:
    decided = readable = 0
    for path in corpus:
        data = path.read_bytes()
        if data[128:132] != b"DICM":
            continue
        target = tmp_path / "zeroed.dcm"
        target.write_bytes(bytes(128) + data[128:])
        if verify(target, search=None).verdict == "no-evidence":
            readable += 1
            decided += look(target).clear
    assert readable > 50
    assert decided >= 0.9 * readable
