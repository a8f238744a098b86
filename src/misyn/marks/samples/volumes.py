"""Samples of NIfTI, NRRD and MetaImage: one block behind the header, raw or compressed as a whole.

Rules
-----
1. How the block is laid out is not worked out from the header again: of the layouts there are, the one that gives the
   very bytes that are there is the one. Where none does, the file is refused.
2. A compressed block is compressed again with the same codec; ``CompressedDataSize`` of a MetaImage follows it. The
   gzip header carries no time, so that the same file gives the same bytes.

Follows nifti1.h and nifti2.h, "Definition of NRRD File Format", and the MetaIO documentation, as their readers do.

Example:
    >>> sorted(_READERS)
    ['metaimage', 'nifti', 'nrrd']
"""

from __future__ import annotations

import bz2
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import NoRoomForMark
from misyn.images import metaimage, nifti, nrrd
from misyn.images.formats import read, sniff
from misyn.images.limits import DEFAULT, GZIP
from misyn.images.payload import Payload
from misyn.marks.samples import Stored

_READERS: dict[str, Any] = {"nifti": nifti, "nrrd": nrrd, "metaimage": metaimage}
_SIZE = re.compile(rb"^(CompressedDataSize[ \t]*=[ \t]*)\d+", re.MULTILINE)


def load(path: Path) -> Stored:
    """Read the samples.

    Raises:
        NoRoomForMark: they lie in a file of their own, or as text.
    """
    _payload(path)
    image = read(path)
    return Stored(image.pixels, image.axes)


def store(source: Path, target: Path, pixels: NDArray[Any]) -> None:
    """Write ``source`` with other samples.

    Raises:
        NoRoomForMark: rule 1.
    """
    payload, old = _payload(source), load(source).pixels
    data = source.read_bytes()
    head, body = data[: payload.offset], data[payload.offset :]
    block, rest = _unpacked(body, payload)
    size = payload.skip + old.nbytes
    laid = _layout(old, block[payload.skip : size], pixels)
    packed = _packed(block[: payload.skip] + laid + block[size:], payload)
    target.write_bytes(_SIZE.sub(rb"\g<1>%d" % len(packed), head) + packed + rest)


def _payload(path: Path) -> Payload:
    """Where the samples lie, in this file."""
    reader = _READERS[sniff(path).name]
    payload: Payload = reader.samples_in(path, limits=DEFAULT)
    if payload.path.resolve() != path.resolve():
        raise NoRoomForMark(
            "expected header and samples in one file for a mark in the samples, found two files. "
            "Next: save it as one file (.nii, .nrrd, .mha)"
        )
    return payload


def _unpacked(body: bytes, payload: Payload) -> tuple[bytes, bytes]:
    """The inflated block, and what lies behind it."""
    if payload.codec == "raw":
        return body, b""
    if payload.codec == "bzip2":
        return bz2.decompress(body), b""
    if payload.codec == "gzip":
        return gzip.decompress(body.rstrip(b"\0") if body.endswith(b"\0" * 8) else body), b""
    decoder = zlib.decompressobj(zlib.MAX_WBITS)
    return decoder.decompress(body) + decoder.flush(), decoder.unused_data


def _packed(block: bytes, payload: Payload) -> bytes:
    """Rule 2."""
    if payload.codec == "raw":
        return block
    if payload.codec == "bzip2":
        return bz2.compress(block)
    packer = zlib.compressobj(6, zlib.DEFLATED, GZIP if payload.codec == "gzip" else zlib.MAX_WBITS)
    return packer.compress(block) + packer.flush()


def _layout(old: NDArray[Any], found: bytes, new: NDArray[Any]) -> bytes:
    """Rule 1."""
    for was, now in zip(_layouts(old), _layouts(new), strict=True):
        if was.tobytes() == found:
            return now.tobytes()
    raise NoRoomForMark(
        "expected samples laid out as they are read, found a rarer layout. Next: save it again with nibabel, ITK or "
        "SimpleITK"
    )


def _layouts(pixels: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The ways in which software lays samples out: channels closest together or farthest apart, either byte order."""
    for moved in (pixels, np.moveaxis(pixels, -1, 0)):
        yield moved
        yield moved.astype(moved.dtype.newbyteorder(), copy=False)
