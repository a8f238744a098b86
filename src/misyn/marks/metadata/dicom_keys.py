r"""DICOM elements as keys of other headers, which ITK, SimpleITK and 3D Slicer write when they save a series elsewhere.

Rules
-----
1. A key is ``gggg|eeee``, ``gggg_eeee`` or ``DICOM_gggg_eeee_Name``, in hexadecimal digits.
2. SyntheticData under such a key is a statement like any other; the fields that the acquisition rules look at are
   facts. Everything else is none of this room's business.

Example:
    >>> gathering = Gathering("nrrd")
    >>> gather("0008|001c", "YES", gathering), gather("DICOM_0008_0070_Manufacturer", "m", gathering)
    (True, True)
    >>> gathering.result().mark.says_synthetic, gathering.facts
    (True, {'Manufacturer': 'm'})
"""

from __future__ import annotations

import re

from misyn.marks.inspection import Gathering
from misyn.marks.metadata.dicom_edits import FACTS, SYNTHETIC

_KEY = re.compile(r"(?:DICOM_)?([0-9A-Fa-f]{4})[|_]([0-9A-Fa-f]{4})(?:_\w+)?")
_LONGEST = 200


def gather(key: str, value: str, gathering: Gathering) -> bool:
    """Note what a key says, and whether it was a DICOM element's."""
    found = _KEY.fullmatch(key)
    if found is None:
        return False
    tag, text = int(found[1] + found[2], 16), value.strip()[:_LONGEST]
    if tag == SYNTHETIC and text.upper() in ("YES", "NO"):
        gathering.says(f"SyntheticData ({key})", text, synthetic=text.upper() == "YES")
    elif tag in FACTS:
        gathering.facts.setdefault(FACTS[tag], text)
    return True
