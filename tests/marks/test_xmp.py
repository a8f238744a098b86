"""XMP packets: hostile ones are refused before they grow, other people's are merged and not lost."""

from __future__ import annotations

import time
from xml.etree import ElementTree  # parses only what we wrote ourselves

import pytest

from misyn.errors import MalformedImage, MarkError
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import MOST_TEXT, Gathering
from misyn.marks.metadata import xmp

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
HEAD = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="{RDF}" xmlns:I="{xmp.IPTC_EXT}" xmlns:m="{xmp.MISYN}">'
TAIL = "</r:RDF></x:xmpmeta>"


def packet(body: str) -> bytes:
    return (HEAD + body + TAIL).encode()


BOMB = (
    '<!DOCTYPE a [<!ENTITY b "'
    + "x" * 100
    + '">'
    + "".join(f'<!ENTITY b{n} "{"&b;" * 10}">' for n in range(9))
    + f"]>{HEAD}<r:Description>&b;</r:Description>{TAIL}"
).encode()


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(BOMB, id="entities"),
        pytest.param(b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + packet(""), id="external DTD"),
        pytest.param(packet("<a>" * 5000 + "</a>" * 5000), id="deep"),
        pytest.param(packet("<a/>" * 150_000), id="many elements"),
        pytest.param(packet("<a>"), id="not closed"),
        pytest.param(b"\xff\xfe<\0a\0>", id="cut UTF-16"),
        pytest.param(b'<?xml version="1.0" encoding="no-such"?>' + packet(""), id="unknown encoding"),
    ],
)
def test_a_hostile_packet_is_refused_in_time(hostile: bytes, declaration: Declaration) -> None:
    start = time.monotonic()
    with pytest.raises(MalformedImage):
        xmp.read(hostile)
    with pytest.raises(MarkError, match="Next: remove or repair"):
        xmp.merge(hostile, declaration)
    gathering = Gathering("png")
    xmp.gather(hostile, gathering)
    assert gathering.problems == ["an XMP packet was not read: it is not well-formed XML, or it carries a DTD"]
    assert time.monotonic() - start < 5


def test_a_packet_beyond_the_bound_is_not_parsed(declaration: Declaration) -> None:
    huge = packet("<a/>" + " " * MOST_TEXT)
    gathering = Gathering("png")
    xmp.gather(huge, gathering)
    assert gathering.problems == [f"an XMP packet of more than {MOST_TEXT} bytes was not read"]
    with pytest.raises(MarkError):
        xmp.merge(huge, declaration)


FORMS = [
    pytest.param(
        f"<r:Description><I:DigitalSourceType>{xmp.TRAINED}</I:DigitalSourceType></r:Description>", id="element"
    ),
    pytest.param(f'<r:Description><I:DigitalSourceType r:resource="{xmp.TRAINED}"/></r:Description>', id="resource"),
    pytest.param(f'<r:Description I:DigitalSourceType="{xmp.TRAINED}"/>', id="attribute"),
    pytest.param(f"<r:Description I:DigitalSourceType = '{xmp.TRAINED}' ></r:Description>", id="single quotes"),
]


@pytest.mark.parametrize("body", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"])
def test_a_source_type_is_read_however_it_is_written(body: str, encoding: str) -> None:
    assert xmp.read(packet(body).decode().encode(encoding)).source_types == (xmp.TRAINED,)


@pytest.mark.parametrize("between", ["", "<a/>", "\n", "<I:DigitalSourceType/>"])
@pytest.mark.parametrize("body", FORMS)
def test_a_source_type_is_replaced_however_it_is_written(body: str, between: str, declaration: Declaration) -> None:
    merged = xmp.merge(packet(between + body + between), declaration)
    assert xmp.read(merged).source_types == (xmp.TRAINED,)
    ElementTree.fromstring(merged)  # noqa: S314 - ours


def test_a_source_type_of_capture_says_not_synthetic_and_an_unknown_one_says_nothing() -> None:
    for code, statements in (("digitalCapture", [False]), ("algorithmicMedia", [True]), ("no-such-code", [])):
        gathering = Gathering("png")
        body = f"<r:Description><I:DigitalSourceType>{xmp.CODES}{code}</I:DigitalSourceType></r:Description>"
        xmp.gather(packet(body), gathering)
        assert [statement.synthetic for statement in gathering.statements] == statements


OTHERS = (
    '<!-- a comment --><r:Description r:about="uuid:1 &amp; 2" xmlns:dc="urn:dc:" dc:format="a&#10;b" '
    f'I:DigitalSourceType="{xmp.CODES}digitalCapture" xmlns:o="urn:o:" o:declaration="another\'s">'
    "<dc:title>Z\u00fcrich &lt;3</dc:title><I:DigitalSourceType>x</I:DigitalSourceType>"
    "<m:declaration>{old}</m:declaration></r:Description>"
)


def test_merging_replaces_ours_and_keeps_every_other_byte(declaration: Declaration) -> None:
    before = packet(OTHERS)
    merged = xmp.merge(before, declaration)
    found = xmp.read(merged)
    assert found.source_types == (xmp.TRAINED,)
    assert [Declaration.from_json(text) for text in found.declarations] == [declaration]
    kept = before.decode()
    for ours in (
        f' I:DigitalSourceType="{xmp.CODES}digitalCapture"',
        "<I:DigitalSourceType>x</I:DigitalSourceType>",
        "<m:declaration>{old}</m:declaration>",
    ):
        kept = kept.replace(ours, "")
    body, _, tail = kept.rpartition("</r:RDF>")
    assert merged.decode().startswith(body)
    assert merged.decode().endswith("</r:RDF>" + tail)
    abouts = {e.get(f"{{{RDF}}}about") for e in ElementTree.fromstring(merged).iter(f"{{{RDF}}}Description")}  # noqa: S314
    assert abouts == {"uuid:1 & 2"}
    assert xmp.without(merged) == kept.encode()


def test_an_empty_packet_is_replaced(declaration: Declaration) -> None:
    whole = xmp.build(declaration)
    assert xmp.merge(None, declaration) == whole
    assert xmp.merge(b" \0\0", declaration) == whole
    assert (
        xmp.merge(f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="{RDF}"/></x:xmpmeta>'.encode(), declaration)
        == whole
    )


def test_merging_twice_is_merging_once(declaration: Declaration) -> None:
    once = xmp.merge(packet(OTHERS), declaration)
    assert xmp.merge(once, declaration) == once
