r"""A manifest store as text, for headers that hold nothing else.

Rules
-----
1. Deflated (a store is a third padding and repeated labels), then base64: letters every text header can carry.
2. Inflating is bounded.

Follows RFC 1950 and RFC 4648 section 4.

Example:
    >>> unpack(pack(b"a manifest" * 100)) == b"a manifest" * 100
    True
    >>> len(pack(b"a manifest" * 100)) < 60
    True
"""

from __future__ import annotations

import base64
import binascii
import zlib

from misyn.errors import MalformedImage
from misyn.images.limits import Limits, inflate
from misyn.marks.credential.places import MOST_MANIFEST

_LIMITS = Limits(max_bytes=MOST_MANIFEST, ratio_from=MOST_MANIFEST)


def pack(manifest: bytes) -> bytes:
    """Write a store as ASCII."""
    return base64.b64encode(zlib.compress(manifest, 9))


def unpack(text: bytes) -> bytes:
    """Read a store out of ASCII.

    Raises:
        MalformedImage: this is no such text.
        LimitExceeded: it inflates beyond any manifest's size.
    """
    try:
        data = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedImage("expected a credential in base64, found another text") from error
    return inflate(data, limits=_LIMITS, wbits=zlib.MAX_WBITS)
