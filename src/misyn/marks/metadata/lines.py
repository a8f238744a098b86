r"""Text headers made of lines, as NRRD and MetaImage have them: take apart, keep, put a line in.

Rules
-----
1. A line is kept with its own ending (LF or CRLF); new lines get the ending of the first one.
2. A header is bounded: :data:`MOST_HEADER` bytes, :data:`MOST_LINES` lines.
3. Both formats carry a mark under the same two keys, :data:`STATEMENT` and :data:`DECLARATION`.

Example:
    >>> from io import BytesIO
    >>> [line.text for line in lines(BytesIO(b"a = 1\r\nb = 2\r\n"))]
    [b'a = 1', b'b = 2']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from misyn.errors import MalformedImage

STATEMENT = b"SyntheticData"
DECLARATION = b"misyn_declaration"
MOST_HEADER = 16 << 20
MOST_LINES = 1_000_000


@dataclass(frozen=True)
class Line:
    """One line: its text, its ending, and where the next one starts."""

    text: bytes
    ending: bytes
    after: int

    @property
    def raw(self) -> bytes:
        """The line as it lies in the file."""
        return self.text + self.ending


def lines(source: BinaryIO) -> Iterator[Line]:
    """Yield lines from the start; the caller stops where its kind of header ends.

    Raises:
        MalformedImage: more lines or bytes than a header has.
    """
    source.seek(0)
    after = 0
    for _ in range(MOST_LINES):
        raw = source.readline(MOST_HEADER)
        after += len(raw)
        if after > MOST_HEADER:
            break
        if not raw:
            return
        text = raw.rstrip(b"\n")
        text = text.removesuffix(b"\r") if text != raw else text
        yield Line(text, raw[len(text) :], after)
    raise MalformedImage(f"expected a text header of at most {MOST_HEADER} bytes, found a longer one")
