"""What is particular to DICOM: syntaxes, group lengths, frame types, private blocks, hostile elements."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from misyn.errors import LimitExceeded, MalformedImage, NoPixels, NoRoomForMark
from misyn.images.limits import Limits
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.inspection import Inspection
from misyn.marks.metadata import dicom_file, writer_for
from misyn.marks.metadata.dicom_elements import BIG, EXPLICIT, IMPLICIT, Syntax, elements, encode, encode_item


def inspected(data: bytes) -> Inspection:
    return writer_for("dicom").inspect(io.BytesIO(data))


def written(data: bytes, declaration: Declaration) -> bytes:
    target = io.BytesIO()
    writer_for("dicom").write(io.BytesIO(data), target, declaration)
    return target.getvalue()


def parsed(data: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(io.BytesIO(data), force=True)


def again(dataset: Any) -> bytes:
    target = io.BytesIO()
    dataset.save_as(target)
    return target.getvalue()


@pytest.fixture
def explicit(built: dict[str, bytes]) -> bytes:
    return built["dicom-explicit"]


def enhanced(explicit: bytes) -> Any:
    """An object that repeats ImageType per frame: shared and per-frame groups, defined and undefined lengths."""
    dataset = parsed(explicit)

    def group(value: str) -> Dataset:
        inner, outer = Dataset(), Dataset()
        inner.FrameType = [value, "PRIMARY", "M", "NONE"]
        inner.PixelPresentation = "MONOCHROME"
        outer.MRImageFrameTypeSequence = [inner]
        return outer

    dataset.SharedFunctionalGroupsSequence = [group("ORIGINAL")]
    dataset.PerFrameFunctionalGroupsSequence = [group("ORIGINAL"), group("DERIVED"), group("ORIGINAL")]
    dataset["PerFrameFunctionalGroupsSequence"].is_undefined_length = True
    dataset.PerFrameFunctionalGroupsSequence[2].is_undefined_length_sequence_item = True
    return dataset


@pytest.mark.parametrize("implicit", [False, True])
def test_frame_types_follow_the_image_type_and_nothing_else_changes(
    implicit: bool,
    explicit: bytes,
    declaration: Declaration,
) -> None:
    dataset = enhanced(explicit)
    if implicit:
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    before = again(dataset)
    after, plain = parsed(written(before, declaration)), parsed(before)
    assert after.ImageType == ["DERIVED", "PRIMARY"]
    types = [element.value for element in after.iterall() if element.keyword == "FrameType"]
    assert types == [["DERIVED", "PRIMARY", "M", "NONE"]] * 4
    for element in [*plain.iterall(), plain["ImageType"]]:
        if element.keyword in ("ImageType", "FrameType"):
            element.value = ["DERIVED", *list(element.value)[1:]]
    changed = {0x0008001C, 0x00082111, 0x0018A001, 0x4D530010, 0x4D531001}
    assert [e for e in after if e.tag not in changed] == [e for e in plain if e.tag not in changed]


def test_an_acquisition_header_keeps_its_image_type_when_the_mark_is_forced(declaration: Declaration) -> None:
    data = Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes()
    after = parsed(written(data, declaration))
    assert after.ImageType[0] == "ORIGINAL"
    assert after.SyntheticData == "YES"


def test_group_lengths_stay_true(built: dict[str, bytes], declaration: Declaration) -> None:
    for name, syntax in (("dicom-explicit", EXPLICIT), ("dicom-implicit", IMPLICIT), ("dicom-big", BIG)):
        start = 132 + 12 + struct.unpack("<I", built[name][140:144])[0]
        whole, order = built[name], ("<" if syntax.order == "<" else ">")
        group = [e for e in elements(io.BytesIO(whole), syntax, start=start) if e.tag >> 16 == 8]
        length = group[-1].end - group[0].start
        head = encode(0x00080000, "UL", struct.pack(order + "I", length), syntax)
        after = written(whole[:start] + head + whole[start:], declaration)
        found = [e for e in elements(io.BytesIO(after), syntax, start=start, stops={0x7FE00010}) if e.tag >> 16 == 8]
        declared = struct.unpack(order + "I", after[found[0].value : found[0].value_end])[0]
        assert declared == found[-1].end - found[0].end


def test_undefined_lengths_and_an_unknown_sequence_are_walked_and_kept(
    explicit: bytes, declaration: Declaration
) -> None:
    dataset = parsed(explicit)
    dataset.ContributingEquipmentSequence.is_undefined_length = True
    dataset["ContributingEquipmentSequence"].is_undefined_length = True
    dataset.ContributingEquipmentSequence[0].is_undefined_length_sequence_item = True
    inner = encode_item(encode(0x00080060, "CS", b"OT", IMPLICIT), IMPLICIT)
    unknown = (
        struct.pack("<HH", 0x0009, 0x1003) + b"UN\0\0\xff\xff\xff\xff" + inner + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    )
    data = again(dataset)
    place = data.index(struct.pack("<HH", 0x0010, 0x0010) + b"PN")
    data = data[:place] + unknown + data[place:]
    after = written(data, declaration)
    assert unknown in after
    found = parsed(after)
    assert found.ContributingEquipmentSequence[0].Manufacturer == "A maker"
    assert len(found.ContributingEquipmentSequence) == 2
    assert inspected(after).damage is None


def test_our_private_block_finds_a_free_place_and_is_found_where_software_moved_it(
    explicit: bytes, declaration: Declaration
) -> None:
    dataset = parsed(explicit)
    dataset.private_block(0x4D53, "ANOTHER", create=True).add_new(1, "LO", "kept")
    after = written(again(dataset), declaration)
    found = parsed(after)
    assert found[0x4D53, 0x1001].value == "kept"
    assert found[0x4D53, 0x0011].value == "MISYN"
    moved = parsed(written(explicit, declaration))
    text = moved[0x4D53, 0x1001].value
    del moved[0x4D53, 0x1001], moved[0x4D53, 0x0010]
    moved.private_block(0x0029, "MISYN", create=True).add_new(1, "UT", text)
    newer = Declaration(technique=declaration.technique, responsible="new", created="2027-01-01T00:00:00Z")
    for data, expected in ((again(moved), declaration), (written(again(moved), newer), newer)):
        mark = inspected(data).mark
        assert mark is not None
        assert mark.declarations == (expected,)


def test_an_earlier_derivation_is_kept_and_a_full_one_is_left_alone(declaration: Declaration) -> None:
    from pydicom.uid import ExplicitVRLittleEndian

    for text, expected in (
        ("resampled; sharpened", "resampled; sharpened; Synthetic image (misyn)"),
        ("x" * 1000, "x" * 1000),
    ):
        dataset = Dataset()
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        dataset.DerivationDescription = text
        dataset.Rows = 1
        target = io.BytesIO()
        pydicom.dcmwrite(target, dataset, implicit_vr=False, little_endian=True)
        once = written(target.getvalue(), declaration)
        assert ExplicitVRLittleEndian
        assert parsed(written(once, declaration)).DerivationDescription.startswith(expected)
        assert parsed(written(once, declaration)).DerivationDescription.count("misyn") == parsed(
            once
        ).DerivationDescription.count("misyn")


def test_a_report_is_no_image_to_mark(declaration: Declaration) -> None:
    data = Path(str(get_testdata_file("test-SR.dcm", download=False))).read_bytes()
    with pytest.raises(NoPixels, match="no rows of pixels"):
        written(data, declaration)


def test_a_directory_of_files_has_no_room(declaration: Declaration) -> None:
    data = Path(str(get_testdata_file("DICOMDIR", download=False))).read_bytes()
    with pytest.raises(NoRoomForMark, match="the files it lists"):
        written(data, declaration)


def test_the_synthesizer_alone_says_synthetic_and_other_equipment_does_not(explicit: bytes) -> None:
    dataset = parsed(explicit)
    assert inspected(again(dataset)).mark is None
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator, purpose.CodeMeaning = "109100", "DCM", "Synthesizing Equipment"
    dataset.ContributingEquipmentSequence[0].PurposeOfReferenceCodeSequence = [purpose]
    mark = inspected(again(dataset)).mark
    assert mark is not None
    assert [statement.field for statement in mark.statements] == ["ContributingEquipmentSequence (0018,A001)"]
    purpose.CodeValue = "109101"  # acquisition equipment
    assert inspected(again(dataset)).mark is None


def test_a_second_statement_of_the_same_tag_is_seen_and_is_gone_after_marking(
    explicit: bytes, declaration: Declaration
) -> None:
    place = explicit.index(struct.pack("<HH", 0x0008, 0x0060) + b"CS")
    both = encode(0x0008001C, "CS", b"YES", EXPLICIT) + encode(0x0008001C, "CS", b"NO", EXPLICIT)
    data = explicit[:place] + both + explicit[place:]
    mark = inspected(data).mark
    assert mark is not None
    assert (mark.says_synthetic, mark.says_not) == (True, True)
    after = inspected(written(data, declaration)).mark
    assert after is not None
    assert (after.says_synthetic, after.says_not) == (True, False)


def nested(depth: int, syntax: Syntax) -> bytes:
    tag = struct.pack("<HH", 0x0040, 0xA730) + (b"SQ\0\0" if syntax.explicit else b"") + b"\xff\xff\xff\xff"
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    end = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return (tag + item) * depth + end * depth


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_nesting_ends_at_the_limit(syntax: Syntax, declaration: Declaration) -> None:
    start = encode(0x00080016, "UI", b"1.2", syntax)
    assert isinstance(inspected(start + nested(2000, syntax)).damage, LimitExceeded)
    with pytest.raises(LimitExceeded):
        written(start + nested(2000, syntax), declaration)
    assert inspected(start + nested(10, syntax)).damage is None


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param(encode_item(b"", EXPLICIT), id="an item outside a sequence"),
        pytest.param(b"\x10\0\x10\0PN\xff\xff", id="a length beyond the file"),
        pytest.param(b"\x10\0\x10", id="half a tag"),
        pytest.param(b"\x10\0\x10\0SQ\0\0\xff\xff\xff\xff" + bytes(8), id="no item where one should be"),
    ],
)
def test_a_malformed_header_ends_in_a_typed_error_and_keeps_what_was_read(
    tail: bytes, declaration: Declaration
) -> None:
    data = encode(0x0008001C, "CS", b"YES", EXPLICIT) + tail
    found = inspected(data)
    assert isinstance(found.damage, MalformedImage)
    assert found.mark is not None
    with pytest.raises(MalformedImage):
        written(data, declaration)


def test_a_deflated_bomb_ends_at_the_limit(
    built: dict[str, bytes], declaration: Declaration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dicom_file, "DEFAULT", Limits(ratio_from=1 << 20))
    data = built["dicom-deflated"]
    start = 144 + struct.unpack("<I", data[140:144])[0]
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(bytes(20 << 20)) + packer.flush()
    with pytest.raises(LimitExceeded):
        written(data[:start] + bomb, declaration)
    assert isinstance(inspected(data[:start] + bomb).damage, LimitExceeded)


def test_a_walk_over_endless_items_ends_in_time(declaration: Declaration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_file, "DEFAULT", Limits(seconds=0.2))
    head = encode(0x00080016, "UI", b"1.2", EXPLICIT) + b"\x40\0\x30\xa7SQ\0\0\xff\xff\xff\xff"
    data = head + encode_item(b"", EXPLICIT) * 2_000_000
    assert isinstance(inspected(data).damage, LimitExceeded)
    with pytest.raises(LimitExceeded):
        written(data, declaration)


def test_long_names_fit_their_value_representations(explicit: bytes) -> None:
    awkward = Declaration(
        technique=Technique(name="n\\" * 90, version="v" * 150),
        responsible="ö" * 500,
        created="2026-11-22T10:00:00.123456789Z",
    )
    after = parsed(written(explicit, awkward))
    item = after.ContributingEquipmentSequence[-1]
    assert item.ManufacturerModelName == ("n/" * 90)[:64]
    assert item.Manufacturer == "ö" * 64
    assert item.ContributionDateTime == "20261122100000.123456+0000"
    assert "backslash" not in after.DerivationDescription
    mark = inspected(written(explicit, awkward)).mark
    assert mark is not None
    assert mark.declarations == (awkward,)
