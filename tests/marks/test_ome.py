"""The annotation in OME-TIFF: in its place by the schema, read back, and nothing else changed."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from misyn.marks import Declaration
from misyn.marks.metadata import ome, writer_for

NAME = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"
# Root's children in the order of ome.xsd 2016-06.
ORDER = ["Rights", "Project", "Dataset", "Folder", "Experiment", "Plate", "Screen", "Experimenter", "ExperimenterGroup"]
ORDER += ["Instrument", "Image", "StructuredAnnotations", "ROI", "BinaryOnly"]
HEAD = '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
IMAGE = '<Image ID="Image:0"><Pixels ID="Pixels:0"/></Image>'
OTHERS = '<XMLAnnotation ID="Annotation:1"><Value>kept</Value></XMLAnnotation>'


def mark(data: bytes, declaration: Declaration) -> bytes:
    target = io.BytesIO()
    writer_for("tiff").write(io.BytesIO(data), target, declaration)
    return target.getvalue()


def test_tifffile_reads_the_same_series_and_the_annotation(built: dict[str, bytes], declaration: Declaration) -> None:
    marked = mark(built["tiff-ome"], declaration)
    with tifffile.TiffFile(io.BytesIO(built["tiff-ome"])) as before, tifffile.TiffFile(io.BytesIO(marked)) as after:
        assert after.is_ome
        assert after.series[0].axes == before.series[0].axes
        assert np.array_equal(after.series[0].asarray(), before.series[0].asarray())
        assert after.ome_metadata is not None
        assert before.ome_metadata is not None
        assert ome.without(after.ome_metadata.encode()) == before.ome_metadata.encode()
        root = ElementTree.fromstring(after.ome_metadata)  # noqa: S314 - our own
    (annotation,) = root.findall(f"{NAME}StructuredAnnotations/{NAME}CommentAnnotation")
    assert annotation.get("Namespace") == "urn:misyn:declaration:1"
    value = annotation.find(f"{NAME}Value")
    assert value is not None
    assert Declaration.from_json(value.text or "") == declaration


@pytest.mark.parametrize(
    "rest",
    [
        IMAGE,
        IMAGE + f"<StructuredAnnotations>{OTHERS}</StructuredAnnotations>",
        IMAGE + IMAGE.replace(":0", ":1") + '<ROI ID="ROI:0"/>',
        '<Image ID="Image:0"/>',
        "",
    ],
)
def test_the_annotation_lies_where_the_schema_wants_it_and_goes_without_a_trace(
    rest: str, declaration: Declaration
) -> None:
    for text in (f"{HEAD}{rest}</OME>", _prefixed(f"{HEAD}{rest}</OME>")):
        assert ome.is_ome(text.encode())
        assert ome.parses(text.encode())
        put = ome.put(text.encode(), declaration)
        names = [child.tag.removeprefix(NAME) for child in ElementTree.fromstring(put)]  # noqa: S314
        assert names == sorted(names, key=ORDER.index)
        assert names.count("StructuredAnnotations") == 1
        assert Declaration.from_json(ome.get(put) or "") == declaration
        assert ome.put(put, declaration) == put
        assert ome.without(put) == text.encode()


def _prefixed(text: str) -> str:
    """The same XML with a prefix on every element, as some writers have it."""
    for name in ("OME", "Image", "Pixels", "ROI", "StructuredAnnotations", "XMLAnnotation", "Value"):
        text = text.replace(f"<{name}", f"<o:{name}").replace(f"</{name}>", f"</o:{name}>")
    return text.replace("xmlns=", "xmlns:o=")


def test_the_statement_survives_without_its_xmp(
    built: dict[str, bytes], declaration: Declaration, tmp_path: Path
) -> None:
    with tifffile.TiffFile(io.BytesIO(mark(built["tiff-ome"], declaration))) as file:
        pixels, description = file.asarray(), file.ome_metadata
    tifffile.imwrite(tmp_path / "saved.ome.tif", pixels, description=(description or "").encode(), metadata=None)
    with (tmp_path / "saved.ome.tif").open("rb") as stream:
        found = writer_for("tiff").read(stream)
    assert found is not None
    assert found.declarations == (declaration,)


@pytest.mark.parametrize(
    "text",
    [
        b"just words",
        b"<OME>not closed</OME",
        b'<OME><BinaryOnly MetadataFile="a.ome.xml"/></OME>',
        b'<!DOCTYPE x [<!ENTITY a "b">]><OME>&a;</OME>',
        b"<OME><Image></OME>",
    ],
)
def test_what_is_no_ome_xml_is_left_as_it_is(text: bytes, declaration: Declaration) -> None:
    plain = io.BytesIO()
    tifffile.imwrite(plain, np.zeros((4, 4), np.uint8), description=text, metadata=None)
    with tifffile.TiffFile(io.BytesIO(mark(plain.getvalue(), declaration))) as file:
        assert file.pages[0].tags[270].value.encode() == text  # type: ignore[union-attr]
        assert b"misyn:declaration" in file.pages[0].tags[700].value  # type: ignore[union-attr]
