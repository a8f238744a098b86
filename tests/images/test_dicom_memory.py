"""A DICOM volume is read without a second copy of its samples; no header makes the reader take memory for nothing."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

import misyn
from misyn.errors import UnreadableImage

SHAPE = (40, 256, 256)


def volume(path: Path, *, bits: int = 16, syntax: UID = ExplicitVRLittleEndian) -> np.ndarray:
    """5 MB of samples."""
    meta, made = FileMetaDataset(), Dataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    meta.TransferSyntaxUID = syntax
    made.file_meta = meta
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.NumberOfFrames, made.Rows, made.Columns = SHAPE
    made.SamplesPerPixel, made.PhotometricInterpretation, made.Modality = 1, "MONOCHROME2", "OT"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, bits, bits - 1, 0
    samples = np.random.default_rng(0).integers(0, 1 << bits, SHAPE, np.uint16)
    made.PixelData = (samples | (1 << 15 if bits < 16 else 0)).astype("<u2").tobytes()  # an unused bit is set
    made.save_as(path, enforce_file_format=True)
    return samples


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_volume_is_in_memory_once(tmp_path: Path, bits: int, syntax: UID) -> None:
    path = tmp_path / "a.dcm"
    expected = volume(path, bits=bits, syntax=syntax)
    misyn.read(path)  # imports
    tracemalloc.start()
    try:
        found = misyn.read(path).pixels
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.array_equal(found, expected)
    assert found.flags.writeable
    assert peak < 1.1 * found.nbytes


def test_a_stated_length_beyond_the_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    volume(path)
    data = path.read_bytes()
    length = data.index(b"\xe0\x7f\x10\x00OW\0\0") + 8
    path.write_bytes(data[:length] + b"\xf0\xff\xff\x7f" + data[length + 4 : length + 1004])
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableImage):
            misyn.read(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
