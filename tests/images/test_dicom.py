"""DICOM: recognised with and without preamble, described by its header, and named when it has no pixels."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from misyn.errors import LimitExceeded, MalformedImage, NoPixels, UnreadableImage, UnsupportedImage
from misyn.images import DEFAULT, Image, Limits, Patient, read
from misyn.images.containment import contained
from misyn.images.dicom import sniff
from misyn.images.dicom_header import TEXT, clean
from misyn.images.dicom_image import decode, years

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def dataset(**elements: Any) -> Dataset:
    """A small valid image, 2 rows by 3 columns, with elements replaced (None removes)."""
    made = Dataset()
    standard = {
        "SOPClassUID": SECONDARY_CAPTURE,
        "SOPInstanceUID": "1.2.3",
        "Modality": "OT",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": 2,
        "Columns": 3,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "PixelData": bytes(range(6)),
    }
    for keyword, value in (standard | elements).items():
        if value is not None:
            setattr(made, keyword, value)
    return made


def stored(made: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The bytes of a file that holds a data set."""
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(syntax)
    made.file_meta.MediaStorageSOPClassUID = made.get("SOPClassUID", SECONDARY_CAPTURE)
    made.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def bare(made: Dataset, syntax: UID) -> bytes:
    """The bytes of a data set alone."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, made, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    return buffer.getvalue()


def decoded(data: bytes, *, limits: Limits = DEFAULT) -> Image:
    """Decode as the front door does: behind the border that keeps warnings in."""
    with contained("dicom", path=None, limits=limits):
        return decode(data, limits=limits)


def image(**elements: Any) -> Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, while the test writes odd values; reading must be silent by itself
        data = stored(dataset(**elements))
    return decoded(data)


SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: str(syntax.keyword))
def test_a_data_set_without_preamble_is_recognised_and_read(syntax: UID, tmp_path: Path) -> None:
    data = bare(dataset(), syntax)
    assert data[128:132] != b"DICM"
    assert sniff(data)
    (tmp_path / "bare").write_bytes(data)
    found = read(tmp_path / "bare")
    assert found.pixels.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.format == "dicom"


def test_meta_information_without_preamble_is_recognised() -> None:
    whole = stored(dataset())
    assert sniff(whole[132:])


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x08\0",
        bytes(4096),
        b"\xff" * 4096,
        bytes(range(256)) * 16,
        b"DICM" + bytes(500),
        b"\x08\0\x05\0" + b"\x04\0\0\0" + b"text that goes on and on",
        (348).to_bytes(4, "little") + bytes(340) + b"n+1\0",
        b"\x08\0\x05\0CS\x02\0AB\x08\0\x04\0CS\x02\0AB\x08\0\x08\0CS\x02\0AB" + bytes(100),
    ],
    ids=["empty", "short", "zeros", "ones", "bytes", "prefix first", "one element", "nifti", "descending"],
)
def test_what_only_resembles_a_data_set_is_not_recognised(head: bytes) -> None:
    assert not sniff(head)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("reportsi.dcm", "Basic Text SR"),
        ("test-SR.dcm", "Comprehensive SR"),
        ("rtplan.dcm", "RT Plan"),
        ("rtstruct.dcm", "RT Structure Set"),
        ("waveform_ecg.dcm", "12-lead ECG Waveform"),
        ("DICOMDIR", "Media Storage Directory"),
        ("ExplVR_BigEndNoMeta.dcm", "RT Ion Plan"),
    ],
)
def test_objects_without_pixels_are_named(name: str, kind: str) -> None:
    with pytest.raises(NoPixels, match=f"found a {kind} object"):
        read(str(get_testdata_file(name)))


@pytest.mark.parametrize(
    ("uid", "kind"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.59", "Key Object Selection Document"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "Encapsulated PDF"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "Grayscale Softcopy Presentation State"),
    ],
)
def test_kinds_come_from_the_list_of_sop_classes(uid: str, kind: str) -> None:
    with pytest.raises(NoPixels, match=f"found a {kind} object"):
        image(SOPClassUID=uid, PixelData=None)


def test_an_unlisted_kind_is_not_repeated() -> None:
    with pytest.raises(NoPixels, match="a kind DICOM does not list") as caught:
        image(SOPClassUID="1.2.3.4.666", PixelData=None)
    assert "666" not in str(caught.value)


def test_an_image_object_without_its_pixels_is_malformed() -> None:
    with pytest.raises(MalformedImage, match="Secondary Capture Image object without its pixel data"):
        image(PixelData=None)


def test_pixels_on_a_server_are_unsupported() -> None:
    with pytest.raises(UnsupportedImage, match="refers to a server"):
        image(PixelData=None, PixelDataProviderURL="http://example.org/pixels")


def test_no_message_repeats_header_values() -> None:
    name = "DOE^JANE"
    everywhere = dict.fromkeys(("PatientID", "PatientName", "Modality", "Manufacturer", "StudyDescription"), name)
    for wrong in ({"Rows": 0}, {"PixelData": b"\0\0"}, {"PhotometricInterpretation": name}, {"PixelData": None}):
        with pytest.raises(UnreadableImage) as caught:
            image(**(everywhere | wrong))
        assert name not in str(caught.value)


def test_the_patient_is_what_the_header_says() -> None:
    found = image(PatientID="P-7", PatientSex="F", PatientAge="060Y").patient
    assert found == Patient(id="P-7", sex="F", age=60.0)
    assert image().patient == Patient()


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("060Y", 60.0),
        ("018M", 1.5),
        ("052W", 52 * 7 / 365.25),
        ("030D", 30 / 365.25),
        ("000Y", 0.0),
        ("150Y", 150.0),
        ("999Y", None),
        ("60", None),
        ("-05Y", None),
        ("", None),
    ],
)
def test_ages_are_years(text: str, age: float | None) -> None:
    """PS3.5 section 6.2: nnnD, nnnW, nnnM or nnnY."""
    assert years(text) == (pytest.approx(age) if age is not None else None)


@pytest.mark.parametrize(
    ("elements", "age"),
    [
        ({"PatientBirthDate": "19500101", "StudyDate": "20100101"}, 60.0),
        ({"PatientBirthDate": "1950.01.01", "SeriesDate": "2010.01.01"}, 60.0),
        ({"PatientBirthDate": "19500101", "PatientAge": "061Y", "StudyDate": "20100101"}, 61.0),
        ({"PatientBirthDate": "19500101"}, None),
        ({"PatientBirthDate": "20200101", "StudyDate": "20100101"}, None),
        ({"PatientBirthDate": "18000101", "StudyDate": "20100101"}, None),
        ({"PatientBirthDate": "19501301", "StudyDate": "20100101"}, None),
    ],
)
def test_without_age_birth_and_study_give_it(elements: dict[str, str], age: float | None) -> None:
    found = image(**elements).patient.age
    assert found == (pytest.approx(age, abs=0.01) if age is not None else None)


@pytest.mark.parametrize("sex", ["X", "female", "f", ""])
def test_an_unlisted_sex_is_unknown(sex: str) -> None:
    """PS3.3 C.7.1.1: M, F or O."""
    assert image(PatientSex=sex).patient.sex is None


def test_attributes_are_plain_text() -> None:
    found = image(
        SeriesInstanceUID="1.2.3.4",
        StudyInstanceUID="1.2.3.5",
        BodyPartExamined="CHEST",
        Manufacturer="Acme",
        ImageLaterality="L",
        PhotometricInterpretation="MONOCHROME1",
        LossyImageCompression="01",
        WindowCenter=["40", "600"],
        ImageType=["ORIGINAL", "PRIMARY"],
    )
    expected = {
        "sop_class": "Secondary Capture Image",
        "sop_instance_uid": "1.2.3",
        "series_uid": "1.2.3.4",
        "study_uid": "1.2.3.5",
        "body_part": "CHEST",
        "manufacturer": "Acme",
        "laterality": "L",
        "photometric": "MONOCHROME1",
        "transfer_syntax": "Explicit VR Little Endian",
        "lossy_before": "yes",
        "window_center": "40\\600",
        "image_type": "ORIGINAL\\PRIMARY",
        "frames": "1",
    }
    assert found.attributes == expected
    assert (found.modality, found.codec, found.lossy, found.bits) == ("OT", "raw", False, 8)


def test_monochrome1_stays_as_stored() -> None:
    """Image rule 1: samples are stored samples; how to show them is an attribute."""
    assert image(PhotometricInterpretation="MONOCHROME1").pixels.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_text_cannot_speak_through_a_terminal() -> None:
    found = image(PatientID="\x1b[31mred\x07\u202etxet", Manufacturer="x" * 10_000, BodyPartExamined="\0\x01")
    assert found.patient.id is not None
    assert found.patient.id.isprintable()
    assert len(found.attributes["manufacturer"]) == TEXT
    assert "body_part" not in found.attributes


@pytest.mark.parametrize("text", ["\x9b31m", "a\u200bb", "\ud800", "\ue000", "line\nbreak", "\u2028"])
def test_cleaned_text_is_one_printable_line(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text * 1000)) <= TEXT


@pytest.mark.parametrize("spacing", [[0.5, 0.25], [1, 2]])
def test_spacing_is_rows_then_columns(spacing: list[float]) -> None:
    """PS3.3 section 10.7.1.3: row spacing first, which is the distance along Y."""
    assert image(PixelSpacing=spacing).spacing == tuple(spacing)


@pytest.mark.parametrize("spacing", [[0, 1], [-1, 1], [1, 2, 3]])
def test_spacing_that_means_nothing_is_none(spacing: list[float]) -> None:
    assert image(PixelSpacing=spacing).spacing is None


def test_spacing_at_the_detector_says_so() -> None:
    found = image(ImagerPixelSpacing=[0.1, 0.1])
    assert (found.spacing, found.attributes["spacing_plane"]) == ((0.1, 0.1), "detector")
    both = image(ImagerPixelSpacing=[0.1, 0.1], PixelSpacing=[0.2, 0.2])
    assert both.spacing == (0.2, 0.2)
    assert "spacing_plane" not in both.attributes


def test_rescale_gives_values_and_keeps_samples() -> None:
    found = image(RescaleSlope=2, RescaleIntercept=-1024)
    assert found.pixels.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.values().tolist() == [[-1024, -1022, -1020], [-1018, -1016, -1014]]


def test_a_lone_intercept_counts() -> None:
    assert image(RescaleIntercept=-5).values()[0, 0] == -5


@pytest.mark.parametrize("slope", [b"0000", b"NaN ", b"inf ", b"text"])
def test_a_slope_that_means_nothing_is_ignored_and_said(slope: bytes) -> None:
    written = stored(dataset(RescaleSlope="1234", RescaleIntercept="7"))
    assert decoded(written).slope == 1234
    found = decoded(written.replace(b"1234", slope))
    assert (found.slope, found.intercept) == (1.0, 0.0)
    assert found.attributes["values"] == "ignored"


def test_a_modality_table_is_said_and_not_applied() -> None:
    table = Dataset()
    table.LUTDescriptor = [6, 0, 16]
    table.ModalityLUTType = "HU"
    table.LUTData = bytes(12)
    found = image(ModalityLUTSequence=Sequence([table]))
    assert (found.slope, found.attributes["values"]) == (1.0, "table")


def test_dose_is_scaled_and_its_offsets_are_slices() -> None:
    """PS3.3 C.8.8.3.2: dose = sample x DoseGridScaling; GridFrameOffsetVector places the frames."""
    path = str(get_testdata_file("rtdose.dcm"))
    found, header = read(path), pydicom.dcmread(path)
    assert found.axes == "ZYX"
    assert found.spacing is not None
    assert found.spacing[0] == pytest.approx(abs(header.GridFrameOffsetVector[1] - header.GridFrameOffsetVector[0]))
    assert found.values() == pytest.approx(header.pixel_array * float(header.DoseGridScaling))
    assert found.attributes["values"] == "dose"


def test_float_pixel_data() -> None:
    samples = np.array([[0.5, -1e30, np.nan]], "<f4")
    found = image(
        Rows=1, PixelData=None, FloatPixelData=samples.tobytes(), BitsAllocated=32, BitsStored=None, HighBit=None
    )
    assert found.pixels.dtype == np.float32
    np.testing.assert_array_equal(found.pixels, samples)
    assert found.bits == 32


def test_double_float_pixel_data() -> None:
    samples = np.array([[0.1, 1e300, -0.0]], "<f8")
    found = image(
        Rows=1, PixelData=None, DoubleFloatPixelData=samples.tobytes(), BitsAllocated=64, BitsStored=None, HighBit=None
    )
    assert found.pixels.dtype == np.float64
    np.testing.assert_array_equal(found.pixels, samples)


def test_pixels_may_be_written_to_and_are_native() -> None:
    found = read(str(get_testdata_file("MR_small_bigendian.dcm")))
    assert found.pixels.flags.writeable
    assert found.pixels.dtype.isnative


def nested(depth: int) -> Dataset:
    inner = Dataset()
    for _ in range(depth):
        outer = Dataset()
        outer.ReferencedSeriesSequence = Sequence([inner])
        outer["ReferencedSeriesSequence"].is_undefined_length = True
        inner = outer
    return inner


def test_depth_is_counted_exactly() -> None:
    made = dataset()
    made.update(nested(10))
    data = stored(made)
    assert decoded(data, limits=Limits(max_depth=10)).shape == (2, 3)
    with pytest.raises(LimitExceeded) as caught:
        decoded(data, limits=Limits(max_depth=9))
    assert caught.value.limit == "max_depth"


@pytest.mark.parametrize("undefined", [True, False], ids=["undefined length", "defined length"])
def test_elements_are_counted_while_parsing(undefined: bool) -> None:
    made = dataset(NumberOfFrames=2, PixelData=bytes(12))
    made.PerFrameFunctionalGroupsSequence = Sequence([Dataset() for _ in range(2000)])
    made["PerFrameFunctionalGroupsSequence"].is_undefined_length = undefined
    data = stored(made)
    assert decoded(data, limits=Limits(max_elements=3000)).shape == (2, 2, 3)
    with pytest.raises(LimitExceeded) as caught:
        decoded(data, limits=Limits(max_elements=1500))
    assert caught.value.limit == "max_elements"


def test_header_bytes_are_counted_and_pixels_are_not() -> None:
    made = dataset(Rows=1000, Columns=1000, PixelData=bytes(1_000_000))
    assert decoded(stored(made), limits=Limits(max_header=10_000)).shape == (1000, 1000)
    made.WindowCenterWidthExplanation = ["x" * 60] * 500
    made.ImageComments = "y" * 5000  # not kept, so skipped and not counted
    assert decoded(stored(made), limits=Limits(max_header=10_000)).shape == (1000, 1000)
    made.WindowCenter = [1.5] * 5000
    with pytest.raises(LimitExceeded) as caught:
        decoded(stored(made), limits=Limits(max_header=10_000))
    assert caught.value.limit == "max_header"


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(max_pixels=5), "max_pixels"),
        (Limits(max_frames=0), "max_frames"),
        (Limits(seconds=-1), "seconds"),
    ],
)
def test_each_limit_stops_a_compressed_image(limits: Limits, name: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        read(str(get_testdata_file("MR_small_jp2klossless.dcm")), limits=limits)
    assert caught.value.limit == name


def test_a_file_over_max_bytes_is_not_read() -> None:
    with pytest.raises(LimitExceeded) as caught:
        read(str(get_testdata_file("CT_small.dcm")), limits=Limits(max_bytes=1000))
    assert caught.value.limit == "max_bytes"


def test_pydicom_is_left_as_it_was() -> None:
    from pydicom import config
    from pydicom.pixels.decoders.base import get_decoder

    settings = (config.settings.reading_validation_mode, config.assume_implicit_vr_switch, config.debugging)
    read(str(get_testdata_file("SC_rgb_jpeg_gdcm.dcm")))
    assert "misyn" not in get_decoder("1.2.840.10008.1.2.4.70").available_plugins
    assert settings == (config.settings.reading_validation_mode, config.assume_implicit_vr_switch, config.debugging)
