"""The JPEG processes that medical images use and pydicom's other decoders here lack: 12-bit, progressive, and lossless.

Rules
-----
1. libjpeg-turbo decodes, through imagecodecs: up to 16 bits per sample, lossy and lossless, every predictor.
2. Samples come out as coded: no colour transform; the data set's photometric interpretation says what they are.
3. The decoders here are misyn's own: pydicom's, which the rest of a process may use, are not changed.

Follows DICOM PS3.5 section 8.2.1 and ITU-T T.81 (processes 2, 4 and 14; 6, 8, 10 and 12 in retired transfer syntaxes).
:func:`is_available`, :func:`decode_frame` and the table are what pydicom's ``Decoder.add_plugin`` asks of a module.

Example:
    >>> decoder("1.2.840.10008.1.2.4.70").available_plugins
    ('misyn',)
"""

from __future__ import annotations

from functools import cache

from imagecodecs import jpeg8_decode
from pydicom.pixels.decoders.base import Decoder, DecodeRunner
from pydicom.uid import UID, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1

_SPECTRAL, _PROGRESSIVE = UID("1.2.840.10008.1.2.4.53"), UID("1.2.840.10008.1.2.4.55")
DECODER_DEPENDENCIES = dict.fromkeys(
    (JPEGExtended12Bit, _SPECTRAL, _PROGRESSIVE, JPEGLossless, JPEGLosslessSV1), ("imagecodecs",)
)


@cache
def decoder(syntax: str) -> Decoder:
    """Make a decoder for a transfer syntax in :data:`DECODER_DEPENDENCIES`, apart from pydicom's own list (rule 3)."""
    made = Decoder(UID(syntax))
    made.add_plugin("misyn", (__name__, "decode_frame"))
    return made


def is_available(syntax: str) -> bool:
    """Say whether this module decodes a transfer syntax."""
    return syntax in DECODER_DEPENDENCIES


def decode_frame(source: bytes, runner: DecodeRunner) -> bytes:
    """Decode one frame to samples, colour by pixel.

    Args:
        source: a JPEG stream.
        runner: pydicom's description of the frame; the width of its samples and their order are set to what came out.

    Returns:
        Little-endian samples of 8 or 16 bits, row by row.
    """
    space = "RGB" if runner.samples_per_pixel == 3 else "GRAY"
    samples = jpeg8_decode(source, colorspace=space, outcolorspace=space)
    runner.set_option("bits_allocated", 8 * samples.dtype.itemsize)
    if runner.samples_per_pixel > 1:
        runner.set_option("planar_configuration", 0)
    return bytes(samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes())
