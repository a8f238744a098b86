r"""What a TIFF's directories and segments promise, checked before a parser or decoder works on them.

Rules
-----
1. The chain of directories is walked once, by offsets alone: a chain that returns to itself, more pages than
   ``max_frames``, or more bytes of tags than ``max_header`` end the walk.
2. Every strip or tile must lie inside the file. A missing one is an error, not a black rectangle.
3. Codecs that carry a size of their own (JPEG, JPEG 2000, WebP) may not promise more than the strip or tile holds.

Follows TIFF 6.0 section 2, the BigTIFF design, and ITU-T T.800 A.5.1 (SIZ) and A.6.1 (COD).

Example:
    >>> import io
    >>> from misyn.images.limits import DEFAULT
    >>> check_directories(io.BytesIO(b"II*\0\x08\0\0\0" + bytes(2) + bytes(4)), limits=DEFAULT)
    1
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Literal

from misyn.errors import MalformedImage, UnsupportedImage
from misyn.images.limits import Deadline, Limits, check_frames, check_header, check_pixels, check_ratio
from misyn.images.picture_header import Declared, declared, jpeg_frame, jpeg_segments

if TYPE_CHECKING:
    from tifffile import TiffPage

# TIFF 6.0 section 2 and BigTIFF: bytes per value of each field type.
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

_Order = Literal["little", "big"]

JPEG, WEBP, JPEG2000 = {7}, {34927, 50001}, {33003, 33005, 34712}

# Compression tag: our name for it, and whether it loses information where the tag alone says so.
CODECS: dict[int, tuple[str, bool | None]] = {
    1: ("raw", False),
    2: ("ccitt", False),
    3: ("ccitt", False),
    4: ("ccitt", False),
    5: ("lzw", False),
    7: ("jpeg", None),
    8: ("deflate", False),
    32773: ("packbits", False),
    32946: ("deflate", False),
    33003: ("jpeg2000", None),
    33005: ("jpeg2000", None),
    34712: ("jpeg2000", None),
    34925: ("lzma", False),
    34926: ("zstd", False),
    34927: ("webp", None),
    50000: ("zstd", False),
    50001: ("webp", None),
}


def check_directories(stream: IO[bytes], *, limits: Limits) -> int:
    """Walk the chain of directories (rule 1).

    Args:
        stream: the file, at any position.
        limits: ``max_frames``, ``max_header`` and ``seconds`` apply.

    Returns:
        How many there are.

    Raises:
        MalformedImage: the chain leaves the file or returns to itself.
        LimitExceeded: there is more than ``limits`` allow.
    """
    stream.seek(0)
    head = _need(stream, 16, least=8)
    order: _Order = "little" if head[:2] == b"II" else "big"
    big = int.from_bytes(head[2:4], order) == 43
    width = 8 if big else 4
    at = int.from_bytes(head[8:16] if big else head[4:8], order)
    seen: set[int] = set()
    total = 0
    deadline = Deadline(limits)
    while at:
        if at in seen:
            raise _broken()
        seen.add(at)
        check_frames(len(seen), limits=limits)
        deadline.check()
        stream.seek(at)
        count = int.from_bytes(_need(stream, 8 if big else 2), order)
        total += count * (20 if big else 12)
        check_header(total, limits=limits)
        total += _value_bytes(_need(stream, count * (20 if big else 12)), big=big, order=order)
        check_header(total, limits=limits)
        at = int.from_bytes(_need(stream, width), order)
    if not seen:
        raise _broken()
    return len(seen)


def _value_bytes(entries: bytes, *, big: bool, order: _Order) -> int:
    """Bytes that the values of one directory take outside of it."""
    step, inline = (20, 8) if big else (12, 4)
    total = 0
    for start in range(0, len(entries), step):
        kind = int.from_bytes(entries[start + 2 : start + 4], order)
        count = int.from_bytes(entries[start + 4 : start + 4 + inline], order)
        size = _TYPE_SIZES.get(kind, 1) * count
        total += size if size > inline else 0
    return total


def _need(stream: IO[bytes], n: int, *, least: int | None = None) -> bytes:
    found = stream.read(n)
    if len(found) < (n if least is None else least):
        raise _broken()
    return found


def _broken() -> MalformedImage:
    return MalformedImage(
        "expected a chain of whole TIFF directories and segments, found a broken one. Next: copy the file again"
    )


def check_page(page: TiffPage, *, size: int, limits: Limits) -> None:
    """Check that one page can be decoded at the cost it declares (rule 2).

    Args:
        page: from ``tifffile``.
        size: bytes in the file.
        limits: ``max_pixels`` and ``max_ratio`` apply.

    Raises:
        MalformedImage: strips or tiles are missing or lie outside of the file.
        UnsupportedImage: a compression, sample type or arrangement that is not read here.
        LimitExceeded: the page declares more than ``limits`` allow.
    """
    check_pixels(page.shaped, limits=limits)
    plain = page.dtype is not None and page.dtype.kind in "biuf" and isinstance(page.bitspersample, int)
    if page.compression not in CODECS or page.dtype is None or not plain:
        raise UnsupportedImage(
            f"expected integer or float samples in a common compression, found compression {int(page.compression)} "
            f"of another kind. Next: save it again with deflate compression"
        )
    if page.is_tiled:
        check_pixels((page.tiledepth, page.tilelength, page.tilewidth, page.samplesperpixel), limits=limits)
    wanted = math.prod(page.chunked)
    offsets, counts = page.dataoffsets[:wanted], page.databytecounts[:wanted]
    inside = all(
        count > 0 and offset > 0 and offset + count <= size for offset, count in zip(offsets, counts, strict=False)
    )
    if len(offsets) < wanted or len(counts) < wanted or not inside:
        raise _broken()
    decoded = math.prod(page.shaped) * page.dtype.itemsize
    if page.compression == 1 and sum(counts) < math.prod(page.shaped) * page.bitspersample // 8:
        raise _broken()
    check_ratio(sum(counts), decoded, limits=limits)


def check_segments(page: TiffPage, stream: IO[bytes]) -> tuple[str, bool | None]:
    """Check what self-describing segments promise (rule 3), and name the codec and whether it is lossy.

    Args:
        page: checked by :func:`check_page`.
        stream: the file.

    Returns:
        The codec's name; True or False for lossy, None where it cannot be told.

    Raises:
        MalformedImage: a segment promises more samples than its strip or tile holds.
    """
    name, lossy = CODECS[page.compression]
    room = 2 * math.prod(page.chunks) * page.samplesperpixel + 65536  # blocks and odd edges may stick out
    found = [promise for promise in _promises(page, stream) if promise is not None]
    if any(promise.width * promise.height * promise.channels > room for promise in found):
        raise MalformedImage(
            "expected strips or tiles as large as the header declares, found larger ones. Next: export the file again"
        )
    if page.compression in JPEG | WEBP and found:
        return found[0].codec, any(promise.lossy for promise in found)
    if page.compression in JPEG2000 and any(promise.lossy for promise in found):
        return name, True
    return name, lossy


def _promises(page: TiffPage, stream: IO[bytes]) -> Iterator[Declared | None]:
    read = next((reader for kinds, reader in _READERS if page.compression in kinds), None)
    if read is None:
        return
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        stream.seek(offset)
        try:
            yield read(stream.read(count))
        except IndexError as error:
            raise _broken() from error


def _jpeg(data: bytes) -> Declared | None:
    for marker, start in jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return jpeg_frame(data, marker, start)
    raise _broken()


def _jpeg2000(data: bytes) -> Declared | None:
    """Size and wavelet of a codestream, bare or in a JP2 box. The irreversible wavelet always loses something."""
    at = data.find(b"\xff\x4f\xff\x51")
    style = data.find(b"\xff\x52", at)
    if at < 0 or style < 0:
        raise _broken()
    width, height, left, top = (int.from_bytes(data[at + n : at + n + 4], "big") for n in (8, 12, 16, 20))
    return Declared(
        format="tiff",
        width=max(width - left, 1),
        height=max(height - top, 1),
        channels=int.from_bytes(data[at + 40 : at + 42], "big"),
        codec="jpeg2000",
        lossy=data[style + 13] == 0,
    )


_READERS = ((JPEG, _jpeg), (WEBP, declared), (JPEG2000, _jpeg2000))
