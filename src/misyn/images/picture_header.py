r"""What a PNG, JPEG, GIF or WebP file says of itself, read before any decoder sees it.

Rules
-----
1. Only structure is walked: chunks, segments, blocks. Nothing is decompressed; the walk is linear and timed.
2. Frames are counted here, so that a file with a million of them is refused before the first is decoded.
3. A file that ends inside its own structure is malformed, also where a decoder would still show something: pixels that
   a decoder made up are not stored samples.
4. For GIF the canvas covers every frame, as decoders grow it.

Follows the PNG specification (third edition) 5 and 11.2, ITU-T T.81 annex B, GIF89a, and RFC 9649 (WebP).

Example:
    >>> ihdr = b"\0\0\0\rIHDR\0\0\0\2\0\0\0\1\x08\0\0\0\0" + bytes(4)
    >>> found = declared(b"\x89PNG\r\n\x1a\n" + ihdr + b"\0\0\0\1IDAT" + bytes(5) + b"\0\0\0\0IEND" + bytes(4))
    >>> found.width, found.height, found.channels, found.bits
    (2, 1, 1, 8)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from misyn.errors import MalformedImage, UnsupportedImage
from misyn.images.limits import DEFAULT, Deadline, Limits, check_frames

PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A picture's own words, none of them checked against its samples.

    Attributes:
        format: ``png``, ``jpeg``, ``gif`` or ``webp``.
        width, height: pixels of the canvas.
        channels: samples per pixel once palettes are expanded; an upper bound where transparency may add one.
        frames: frames that will be decoded, at least 1.
        bits: bits per sample, of palette entries where there is a palette.
        depth: bits per sample as packed in the file.
        colour: PNG colour type, or the number of components of a JPEG; 0 elsewhere.
        codec: the name of the compression.
        lossy: whether it loses information.
        key: the stored grey or RGB sample that a PNG declares transparent, or empty.
    """

    format: str
    width: int
    height: int
    channels: int
    codec: str
    lossy: bool
    frames: int = 1
    bits: int = 8
    depth: int = 8
    colour: int = 0
    key: tuple[int, ...] = ()


def declared(data: bytes, *, limits: Limits = DEFAULT) -> Declared:
    """Read what the file says of itself.

    Args:
        data: the whole file.
        limits: ``max_frames`` and ``seconds`` apply to the walk.

    Raises:
        LimitExceeded: more frames than allowed, or the walk takes too long.
        MalformedImage: it is none of the four, or its structure is broken or ends early.
        UnsupportedImage: a JPEG of a kind nobody decodes.
    """
    try:
        if data.startswith(PNG):
            return _png(data, Deadline(limits))
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data, Deadline(limits))
        if data.startswith((b"GIF87a", b"GIF89a")):
            return _gif(data, Deadline(limits))
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data, Deadline(limits))
    except IndexError as error:
        raise _ends_early() from error
    raise MalformedImage("expected a PNG, JPEG, GIF or WebP file, found none of them. Next: check what the file is")


def _ends_early() -> MalformedImage:
    return MalformedImage("expected a whole picture, found a file that ends early or is damaged. Next: copy it again")


def _need(data: bytes, start: int, n: int) -> bytes:
    """``n`` bytes from ``start``, all of them."""
    part = data[start : start + n]
    if len(part) < n:
        raise _ends_early()
    return part


def _big(data: bytes, start: int, n: int) -> int:
    return int.from_bytes(_need(data, start, n), "big")


def _little(data: bytes, start: int, n: int) -> int:
    return int.from_bytes(_need(data, start, n), "little")


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, start of content, length), ending with IEND."""
    at, kind = len(PNG), b""
    while kind != b"IEND":
        length, kind = _big(data, at, 4), _need(data, at + 4, 4)
        _need(data, at + 8 + length, 4)
        yield kind, at + 8, length
        at += length + 12


_PIXEL_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}


def png_pixels_only(data: bytes) -> bytes:
    """Drop the chunks that say nothing of samples: a compressed text or colour profile may be a bomb of its own.

    Args:
        data: a PNG that :func:`declared` has walked. A transparent grey or RGB colour is dropped too: it is in ``key``.
    """
    dropped = {b"tRNS"} if data[25] in {0, 2} else set()
    kept = [(start, length) for kind, start, length in _png_chunks(data) if kind in _PIXEL_CHUNKS - dropped]
    return PNG + b"".join(data[start - 8 : start + length + 4] for start, length in kept)


def png_exif(data: bytes) -> bytes:
    """Return a PNG's EXIF block (PNG specification 11.3.3.2), or nothing."""
    return next((data[start : start + length] for kind, start, length in _png_chunks(data) if kind == b"eXIf"), b"")


def _png(data: bytes, deadline: Deadline) -> Declared:
    if _need(data, 12, 4) != b"IHDR":
        raise _ends_early()
    depth, colour = data[24], data[25]
    if colour not in _PNG_CHANNELS:
        raise _ends_early()
    channels, frames, pixels = _PNG_CHANNELS[colour], 1, False
    key: tuple[int, ...] = ()
    for kind, start, length in _png_chunks(data):
        deadline.check()
        if kind == b"tRNS" and colour in {0, 2} and length >= 2 * channels:
            key = tuple(_big(data, start + 2 * n, 2) for n in range(channels))
        pixels |= kind == b"IDAT"
        if kind == b"acTL" and length >= 8:
            frames = max(1, _big(data, start, 4))
    if not pixels:
        raise _ends_early()
    return Declared(
        format="png",
        width=_big(data, 16, 4),
        height=_big(data, 20, 4),
        channels=4 if colour == 3 else channels + bool(key),
        frames=frames,
        bits=8 if colour == 3 else depth,
        depth=depth,
        colour=colour,
        key=key,
        codec="deflate",
        lossy=False,
    )


_SOF_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_SOF = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_FILL = re.compile(rb"\xff+")
_STANDALONE = {0x01, *range(0xD0, 0xD8)}


def _jpeg(data: bytes, deadline: Deadline) -> Declared:
    for marker, start in jpeg_segments(data):
        deadline.check()
        if marker in _SOF:
            found = jpeg_frame(data, marker, start)
            if data.find(b"\xff\xd9", start) < 0:
                raise _ends_early()
            return found
    raise _ends_early()


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (marker, start of content) of a JPEG stream up to its first scan (T.81 B.1.1).

    Raises:
        MalformedImage: the segments do not follow each other.
    """
    at = 2
    while True:
        if data[at] != 0xFF:
            raise _ends_early()
        at = _end_of_fill(data, at)
        marker = data[at]
        if marker in _STANDALONE:
            at += 1
            continue
        yield marker, at + 3
        if marker in {0xDA, 0xD9}:
            return
        at += 1 + _big(data, at + 1, 2)


def _end_of_fill(data: bytes, at: int) -> int:
    """Where the marker's second byte is: any number of 0xFF may come before it."""
    fill = _FILL.match(data, at)
    return fill.end() if fill else at


def jpeg_frame(data: bytes, marker: int, start: int) -> Declared:
    """Read a JPEG frame header (T.81 B.2.2) at ``start``.

    Raises:
        UnsupportedImage: JPEG-LS outside DICOM or TIFF, arithmetic coding, or a height that follows the scan.
    """
    depth, height, width, components = (
        data[start],
        _big(data, start + 1, 2),
        _big(data, start + 3, 2),
        data[start + 5],
    )
    if marker not in {0xC0, 0xC1, 0xC2, 0xC3} or height == 0:
        raise UnsupportedImage(
            "expected a baseline, extended, progressive or lossless JPEG, found a rarer kind. Next: convert it to PNG"
        )
    lossless = marker in _SOF_LOSSLESS
    return Declared(
        format="jpeg",
        width=width,
        height=height,
        channels=components,
        bits=depth,
        depth=depth,
        colour=components,
        codec="jpeg-lossless" if lossless else "jpeg",
        lossy=not lossless,
    )


def _gif(data: bytes, deadline: Deadline) -> Declared:
    """Walk the blocks of a GIF up to its trailer."""
    width, height = _little(data, 6, 2), _little(data, 8, 2)
    at, frames = 13 + _table(data[10]), 0
    while data[at] != 0x3B:
        deadline.check()
        if data[at] == 0x2C:
            frames += 1
            check_frames(frames, limits=deadline.limits)
            left, top, wide, high = (_little(data, at + n, 2) for n in (1, 3, 5, 7))
            width, height = max(width, left + wide), max(height, top + high)
            at += 11 + _table(data[at + 9])
        elif data[at] == 0x21:
            at += 2
        else:
            raise _ends_early()
        at = _after_blocks(data, at, deadline)
    if not frames:
        raise _ends_early()
    return Declared(format="gif", width=width, height=height, channels=4, frames=frames, codec="lzw", lossy=False)


def _table(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int, deadline: Deadline) -> int:
    while data[at]:
        deadline.check()
        at += data[at] + 1
    return at + 1


def _webp(data: bytes, deadline: Deadline) -> Declared:
    """Walk RIFF chunks; animation frames hold chunks of their own."""
    if len(data) < _little(data, 4, 4) + 8:
        raise _ends_early()
    end = _little(data, 4, 4) + 8
    canvas: Declared | None = None
    frames, lossy, seen = 0, False, False
    for kind, start, length in _riff_chunks(data, 12, end):
        deadline.check()
        if kind == b"VP8X":
            wide, high = (_little(data, start + n, 3) + 1 for n in (4, 7))
            canvas = Declared(format="webp", width=wide, height=high, channels=4, codec="webp", lossy=False)
        elif kind == b"ANMF":
            frames += 1
            check_frames(frames, limits=deadline.limits)
            inner = [name for name, _, _ in _riff_chunks(data, start + 16, start + length)]
            lossy |= b"VP8 " in inner
            seen |= bool({b"VP8 ", b"VP8L"} & set(inner))
        elif kind in {b"VP8 ", b"VP8L"}:
            lossy, seen = lossy or kind == b"VP8 ", True
            canvas = canvas or _webp_size(data, kind, start)
    if canvas is None or not seen:
        raise _ends_early()
    return replace(canvas, frames=max(frames, 1), lossy=lossy, codec="webp" if lossy else "webp-lossless")


def _riff_chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= end:
        length = _little(data, at + 4, 4)
        if at + 8 + length > end:
            raise _ends_early()
        yield data[at : at + 4], at + 8, length
        at += 8 + length + (length & 1)


def _webp_size(data: bytes, kind: bytes, start: int) -> Declared:
    """Size in a simple file: VP8 frame header (RFC 6386 9.1), or 14-bit fields of VP8L (RFC 9649 3.4)."""
    if kind == b"VP8 ":
        wide, high = _little(data, start + 6, 2) & 0x3FFF, _little(data, start + 8, 2) & 0x3FFF
    else:
        packed = _little(data, start + 1, 4)
        wide, high = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    return Declared(format="webp", width=wide, height=high, channels=4, codec="webp", lossy=False)
