r"""The verdict on one file, by the quick look where it can prove that there is nothing to say, by a full one elsewhere.

Rules
-----
1. The verdict, its layers, rules and problems are those of :func:`misyn.marks.verify`, without the search for a
   watermark, on every file: ``tests/marks/scan`` compares them.
2. Only DICOM has a quick look. The full one reads the header of the other formats, in a tenth of a millisecond or two,
   and searches pictures for a credential.

Example:
    >>> quick_verify(Path("no such file"))[0].verdict
    'unreadable'
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from misyn.marks.credential.state import ABSENT
from misyn.marks.credential.trust import Proof, Trust
from misyn.marks.inspection import Inspection
from misyn.marks.judging import Observed
from misyn.marks.policy import DEFAULT
from misyn.marks.scan.prefilter import Look, look
from misyn.marks.verifying import FileVerdict, judged, verify


def quick_verify(path: Path, *, trust: Trust = None, proof: Proof | None = None) -> tuple[FileVerdict, Look]:
    """Say what a file says of its origin, and what the quick look saw of it.

    Args:
        path: the file.
        trust: the roots whose credentials are trusted.
        proof: as for :func:`misyn.marks.verify`.
    """
    try:
        seen = look(path)
    except (OSError, ValueError):
        seen = Look(clear=False)
    if seen.clear:
        return replace(_nothing(), path=path), seen
    return verify(path, trust=trust, proof=proof, search=None), seen


@cache
def _nothing() -> FileVerdict:
    """What :func:`verify` says of a DICOM file that says nothing; judged once, by the same rules."""
    return judged(Path(), Observed(Inspection(format="dicom"), ABSENT), (), DEFAULT)
