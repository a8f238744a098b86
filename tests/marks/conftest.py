"""One unmarked synthetic file of every kind the metadata layer writes, built by other people's writers."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from misyn.marks.declaration import Declaration, Technique

GREY: NDArray[np.uint8] = (np.arange(48 * 64).reshape(48, 64) * 7 % 251).astype(np.uint8)
DEEP: NDArray[np.uint16] = (np.arange(48 * 64).reshape(48, 64) * 37 % 65521).astype(np.uint16)
COLOUR: NDArray[np.uint8] = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)
VOLUME: NDArray[np.int16] = (np.arange(5 * 6 * 7).reshape(5, 6, 7) * 13 - 900).astype(np.int16)
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><!-- kept --><rdf:Description rdf:about="" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/x" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">'
    "<photoshop:Instructions>keep me &amp; mine</photoshop:Instructions></rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
).encode()


def _pillow(pixels: NDArray[Any], format: str, **options: Any) -> bytes:  # noqa: A002
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, format, **options)
    return target.getvalue()


def _animated(format: str) -> bytes:  # noqa: A002
    from PIL import Image

    target = io.BytesIO()
    frames = [Image.fromarray(np.roll(COLOUR, shift, axis=0)) for shift in (0, 5, 9)]
    frames[0].save(target, format, save_all=True, append_images=frames[1:], loop=0, duration=40)
    return target.getvalue()


def _palette_png() -> bytes:
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(COLOUR).quantize(16).save(target, "PNG")
    return target.getvalue() + b"bytes after IEND"


def _png_with_xmp_behind_the_pixels() -> bytes:
    data = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP)
    chunk = struct.pack(">I", len(data)) + b"iTXt" + data + struct.pack(">I", zlib.crc32(b"iTXt" + data))
    png = _pillow(GREY, "PNG")
    return png[:-12] + chunk + png[-12:]


def _with_exif(format: str) -> bytes:  # noqa: A002
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = "drawn by a program"
    return _pillow(COLOUR, format, exif=exif, xmp=XMP)


def _gif_with_xmp() -> bytes:
    gif = _pillow(GREY, "GIF")
    start = 13 + (3 << ((gif[10] & 7) + 1))
    block = b"\x21\xff\x0bXMP DataXMP" + XMP + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return b"GIF89a" + gif[6:start] + block + gif[start:]


def _tiff(**options: Any) -> bytes:
    import tifffile

    pages = options.pop("pages", [DEEP])
    writer = {key: options.pop(key) for key in ("bigtiff", "byteorder", "ome") if key in options}
    target = io.BytesIO()
    with tifffile.TiffWriter(target, **writer) as file:
        for page in pages:
            file.write(page, **options)
    return target.getvalue()


def _tiled_with_xmp() -> bytes:
    return _tiff(pages=[COLOUR], tile=(16, 16), extratags=[(700, 1, len(XMP), XMP, True)])


def _nifti(*, version: int = 1, order: Literal["<", ">"] = "<", descrip: bytes = b"", extension: bool = False) -> bytes:
    import nibabel

    kind: Any = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    header = kind.header_class(endianness=order)
    image = kind(VOLUME.astype(VOLUME.dtype.newbyteorder(order)), np.diag([2.0, 2, 3, 1]), header)
    extension_class: Any = nibabel.nifti1.Nifti1Extension
    image.header["descrip"] = descrip
    if extension:
        image.header.extensions.append(extension_class("comment", b"someone else's comment"))
    return bytes(image.to_bytes())


def _nifti_gz() -> bytes:
    import gzip

    return gzip.compress(_nifti(descrip=b"d" * 79, extension=True))


def _itk(ending: str, *, compressed: bool) -> bytes:
    import tempfile

    import SimpleITK

    image: Any = SimpleITK.GetImageFromArray(VOLUME)
    image.SetMetaData("origin of this", "kept = yes")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"volume{ending}"
        SimpleITK.WriteImage(image, str(path), compressed)
        return path.read_bytes()


def _nrrd_without_version() -> bytes:
    data = VOLUME.astype("<i2").tobytes()
    fields = ("type: short", "dimension: 3", "sizes: 7 6 5", "endian: little", "encoding: raw")
    return "\r\n".join(["NRRD0001", "# a comment", *fields, "", ""]).encode() + data


def dicom(syntax: str = "1.2.840.10008.1.2.1", *, pixels: NDArray[Any] = DEEP, **attributes: Any) -> bytes:
    """A secondary capture with a private block, a nested sequence and a text in another character set."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["misyn test"])
    meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.1")
    made = Dataset()
    made.file_meta, made.preamble = meta, b"a preamble that stays".ljust(128, b".")
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.SpecificCharacterSet, made.PatientName = "ISO_IR 100", "Müller^Nobody"
    made.PatientID, made.Modality, made.ImageType = "", "OT", ["ORIGINAL", "PRIMARY"]
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation = 15, 0
    block = made.private_block(0x0009, "SOMEONE ELSE", create=True)
    block.add_new(0x02, "UN", b"\1\2\3\4")
    device = Dataset()
    device.Manufacturer = "A maker"
    made.ContributingEquipmentSequence = [device]
    made.PixelData = pixels.astype("<u2").tobytes()
    for name, value in attributes.items():
        setattr(made, name, value)
    return _transcoded(made, syntax)


def _transcoded(made: Any, syntax: str) -> bytes:
    from pydicom.uid import UID

    uid = UID(syntax)
    if uid.is_compressed and not uid.is_deflated:
        made.compress(uid, generate_instance_uid=False)
    elif not uid.is_little_endian:
        made.PixelData = np.frombuffer(made.PixelData, "<u2").astype(">u2").tobytes()
    made.file_meta.TransferSyntaxUID = uid
    target = io.BytesIO()
    made.save_as(target, enforce_file_format=True)
    return target.getvalue()


SYNTAXES = {
    "explicit": "1.2.840.10008.1.2.1",
    "implicit": "1.2.840.10008.1.2",
    "big": "1.2.840.10008.1.2.2",
    "deflated": "1.2.840.10008.1.2.1.99",
    "rle": "1.2.840.10008.1.2.5",
    "jpegls": "1.2.840.10008.1.2.4.80",
    "jpeg2000": "1.2.840.10008.1.2.4.90",
}

SAMPLES: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "png": ("png", ".png", lambda: _pillow(GREY, "PNG")),
    "png-16-bit": ("png", ".png", lambda: _pillow(DEEP, "PNG")),
    "png-palette-and-tail": ("png", ".png", _palette_png),
    "png-xmp-behind": ("png", ".png", _png_with_xmp_behind_the_pixels),
    "png-animated": ("png", ".png", lambda: _animated("PNG")),
    "jpeg": ("jpeg", ".jpg", lambda: _pillow(COLOUR, "JPEG", quality=80)),
    "jpeg-progressive": ("jpeg", ".jpg", lambda: _pillow(COLOUR, "JPEG", progressive=True, comment=b"hello")),
    "jpeg-exif-xmp": ("jpeg", ".jpg", lambda: _with_exif("JPEG")),
    "webp": ("webp", ".webp", lambda: _pillow(COLOUR, "WEBP", quality=70)),
    "webp-lossless": ("webp", ".webp", lambda: _pillow(COLOUR, "WEBP", lossless=True)),
    "webp-alpha": ("webp", ".webp", lambda: _pillow(np.dstack([COLOUR, GREY]), "WEBP", lossless=True)),
    "webp-exif-xmp": ("webp", ".webp", lambda: _with_exif("WEBP")),
    "webp-animated": ("webp", ".webp", lambda: _animated("WEBP")),
    "gif": ("gif", ".gif", lambda: _pillow(GREY, "GIF")),
    "gif-animated": ("gif", ".gif", lambda: _animated("GIF")),
    "gif-xmp": ("gif", ".gif", _gif_with_xmp),
    "tiff": ("tiff", ".tif", _tiff),
    "tiff-big-endian": ("tiff", ".tif", lambda: _tiff(byteorder=">")),
    "tiff-bigtiff": ("tiff", ".tif", lambda: _tiff(bigtiff=True, compression="zlib")),
    "tiff-pages": ("tiff", ".tif", lambda: _tiff(pages=[GREY, GREY[::2], DEEP])),
    "tiff-pages-bigtiff": ("tiff", ".tif", lambda: _tiff(pages=[GREY, GREY[::2], DEEP], byteorder=">", bigtiff=True)),
    "tiff-ome": ("tiff", ".ome.tif", lambda: _tiff(pages=[VOLUME], ome=True, metadata={"axes": "ZYX"})),
    "tiff-tiles-xmp": ("tiff", ".tif", _tiled_with_xmp),
    "nifti": ("nifti", ".nii", _nifti),
    "nifti-descrip-extension": ("nifti", ".nii", lambda: _nifti(descrip=b"FSL5.0", extension=True)),
    "nifti-big-endian": ("nifti", ".nii", lambda: _nifti(order=">")),
    "nifti-2": ("nifti", ".nii", lambda: _nifti(version=2, descrip=b"d" * 70)),
    "nifti-gz": ("nifti", ".nii.gz", _nifti_gz),
    "nrrd": ("nrrd", ".nrrd", lambda: _itk(".nrrd", compressed=False)),
    "nrrd-gz": ("nrrd", ".nrrd", lambda: _itk(".nrrd", compressed=True)),
    "nrrd-1-crlf": ("nrrd", ".nrrd", _nrrd_without_version),
    "mha": ("metaimage", ".mha", lambda: _itk(".mha", compressed=False)),
    "mha-compressed": ("metaimage", ".mha", lambda: _itk(".mha", compressed=True)),
} | {f"dicom-{name}": ("dicom", ".dcm", lambda uid=uid: dicom(uid)) for name, uid in SYNTAXES.items()}


@pytest.fixture(scope="session")
def declaration() -> Declaration:
    """A declaration whose texts are awkward: quotes, backslashes, ampersands, letters of other scripts."""
    return Declaration(
        technique=Technique(
            name='pca "mole" & co', version="1.2", kind="generation", method="other", weights="sha256:" + "ab" * 32
        ),
        responsible="Zoë Ångström; C:\\lab <test>",
        created="2026-11-22T10:00:00Z",
        intended_use="tests of misyn; 試験",
        record="sha256:" + "0" * 64,
        unknown={"later": {"key": [1, None, True]}},
    )


@pytest.fixture(scope="session")
def make_dicom() -> Callable[..., bytes]:
    """Build one DICOM file with attributes of its own."""
    return dicom


@pytest.fixture(scope="session")
def built() -> dict[str, bytes]:
    """Every sample's bytes, built once."""
    return {name: make() for name, (_, _, make) in SAMPLES.items()}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "formats(*names): run the fixture `sample` over these formats only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per kind of file, of the formats the test is about."""
    if "sample" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("formats")
        wanted = marker.args if marker else {kind for kind, _, _ in SAMPLES.values()}
        metafunc.parametrize("sample", sorted(n for n in SAMPLES if SAMPLES[n][0] in wanted), indirect=True)


@pytest.fixture
def sample(request: pytest.FixtureRequest, built: dict[str, bytes], tmp_path: Path) -> tuple[str, Path]:
    """One unmarked file of each kind in turn: its format's name and its path."""
    name = request.param
    path = tmp_path / f"an image ü{SAMPLES[name][1]}"
    path.write_bytes(built[name])
    return SAMPLES[name][0], path
