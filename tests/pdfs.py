"""Small PDFs written by hand after ISO 32000: what a reader of papers has to cope with, and nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Sequence


def pdf(
    pages: Sequence[Sequence[str]],
    *,
    info: str = "/Title (A paper) /CreationDate (D:20260801120000Z)",
    packed: bool = False,
) -> bytes:
    """A PDF with one line of Helvetica per text, page by page."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, lines in enumerate(pages):
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * index} 0 R"
        objects += [f"{page} /Resources << /Font << /F1 3 0 R >> >> >>".encode(), _stream(_text(lines), packed=packed)]
    objects.append(f"<< {info} >>".encode("latin-1"))
    return assemble(objects, info=len(objects))


def assemble(objects: Sequence[bytes], *, info: int | None = None) -> bytes:
    """Objects, numbered from 1, with a cross-reference table."""
    data = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    more = f" /Info {info} 0 R" if info else ""
    tail = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R{more} >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{tail}".encode()


def _text(lines: Sequence[str]) -> bytes:
    shown = [line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in lines]
    return ("BT /F1 11 Tf 72 720 Td 14 TL " + " ".join(f"({line}) Tj T*" for line in shown) + " ET").encode("latin-1")


def _stream(data: bytes, *, packed: bool) -> bytes:
    filtered = " /Filter /FlateDecode" if packed else ""
    body = zlib.compress(data) if packed else data
    return f"<< /Length {len(body)}{filtered} >>\nstream\n".encode() + body + b"\nendstream"


def bomb(megabytes: int) -> bytes:
    """One page whose content unpacks to many megabytes of spaces."""
    packed = zlib.compress(b" " * (megabytes * 2**20), 9)
    body = f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>"
    return assemble([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page, body])


def loop() -> bytes:
    """A tree of pages that contains itself."""
    return assemble([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"])
