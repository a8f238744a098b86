"""The process in which nyxus runs: pictures on standard input, numbers on standard output, until the input closes.

Rules
-----
1. In: rows and columns (uint32, little-endian), then samples (uint32). Out: a count (uint32), then float64 numbers.
2. Whatever nyxus prints goes nowhere: the numbers leave by a descriptor of their own.

Example:
    >>> GROUPS[0]
    '*ALL_INTENSITY*'
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

GROUPS = ("*ALL_INTENSITY*", "*ALL_GLCM*", "*ALL_GLRLM*", "*ALL_GLSZM*", "*ALL_GLDM*", "*ALL_NGTDM*")
PLACES = ("ROI_label", "t_index")  # columns that say which picture, not what it is like
HEAD = struct.Struct("<II")


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer until the source ends."""
    import numpy as np  # noqa: PLC0415 - this module runs on its own
    from nyxus import Nyxus  # noqa: PLC0415 - an extra

    nyxus = [Nyxus([group], n_feature_calc_threads=1) for group in GROUPS]
    while len(head := source.read(HEAD.size)) == HEAD.size:
        rows, columns = HEAD.unpack(head)
        picture = np.frombuffer(source.read(4 * rows * columns), "<u4").reshape(1, rows, columns)
        parts = []
        for one in nyxus:
            table = one.featurize(np.ascontiguousarray(picture), np.ones_like(picture))
            numbers = table.drop(columns=[name for name in PLACES if name in table]).select_dtypes("number")
            parts.append(numbers.to_numpy(np.float64)[0])
        found = np.concatenate(parts).astype("<f8")
        target.write(struct.pack("<I", len(found)) + found.tobytes())
        target.flush()


def main() -> None:
    """Keep the real standard output for numbers, and send everything else nowhere."""
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    with os.fdopen(kept, "wb") as target, os.fdopen(0, "rb") as source:
        serve(source, target)


if __name__ == "__main__":
    main()
