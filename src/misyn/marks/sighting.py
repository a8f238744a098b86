"""Looking for the watermark in a file: what was found, with its p-value, and never a verdict.

Rules
-----
1. A p-value of at most :data:`ALARM` makes a file *worth asking about*. By itself it is no evidence of synthetic
   origin: with the public key anyone can plant the mark (:mod:`misyn.marks.watermark`).
2. Several keys are several searches: the p-value is the smallest one times their number.
3. Pixels that cannot be read are not searched, and the reason is kept; that is no problem of the file's.
4. The same file gives the same bytes: p-values have three digits, and the time it took is not among them.

Example:
    >>> look(Path("no such file")).searched
    False
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misyn.errors import UnreadableImage, UsageError
from misyn.marks.watermark.keys import PUBLIC, Key

if TYPE_CHECKING:
    from misyn.marks.watermark.detection import Detection

ALARM = 1e-4
LARGE = 256  # pixels a side: below, the mark survives less (docs/results)
_LEAST = 1e-300  # what JSON and people take for a number above zero


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What the search for the watermark gave.

    Attributes:
        detections: one for each key; none where nothing was searched.
        reason: why nothing was searched, or None.
    """

    detections: tuple[Detection, ...] = ()
    reason: str | None = None

    @property
    def searched(self) -> bool:
        """Whether the pixels were looked at."""
        return bool(self.detections)

    @property
    def best(self) -> Detection | None:
        """The detection with the smallest p-value."""
        return min(self.detections, key=lambda one: one.p_value, default=None)

    @property
    def p_value(self) -> float | None:
        """Rule 2; in (0, 1]."""
        return None if self.best is None else min(1.0, max(_LEAST, self.best.p_value * len(self.detections)))

    @property
    def found(self) -> bool:
        """Whether this is worth asking about (rule 1)."""
        return self.p_value is not None and self.p_value <= ALARM

    @property
    def private(self) -> bool:
        """Whether the key that found it is a private one."""
        return self.found and self.best is not None and self.best.key != PUBLIC.id

    def as_json(self) -> dict[str, Any]:
        """Give the layer's object of ``misyn verify --json``."""
        best = self.best
        if best is None or self.p_value is None:
            why = {} if self.reason is None else {"reason": self.reason}
            return {"p_value": None, "search": None, "searched": False, **why}
        return {
            "searched": True,
            "found": self.found,
            "p_value": _digits(self.p_value),
            "search": best.search,
            "key": best.key,
            "place": best.place if self.found else None,
            "size": list(best.size),
            "small": min(best.size) < LARGE,
            "keys": [{"key": one.key, "p_value": _digits(max(one.p_value, _LEAST))} for one in self.detections],
            "model": best.model,
        }


@dataclass(frozen=True)
class Search:
    """What to look for: the marks of ``keys``; ``thorough`` adds scale and rotation, seconds for each image and key."""

    keys: tuple[Key, ...] = (PUBLIC,)
    thorough: bool = False


UNSEARCHED = Sighting()
DEFAULT_SEARCH = Search()


def _digits(p: float) -> float:
    """Rule 4.

    Example:
        >>> _digits(1.23456e-7)
        1.23e-07
    """
    return float(f"{p:.2e}")


def look(path: Path, search: Search = DEFAULT_SEARCH) -> Sighting:
    """Search a file's pixels for the marks of some keys.

    Args:
        path: the file.
        search: whose marks to look for, and how.

    Returns:
        What was found; rule 3 where the pixels cannot be read.
    """
    from misyn.images.formats import read  # noqa: PLC0415 - numerics only where pixels are searched
    from misyn.marks.watermark import detect  # noqa: PLC0415

    try:
        image = read(path)
        found = tuple(detect(image.pixels, axes=image.axes, key=key, thorough=search.thorough) for key in search.keys)
    except (UnreadableImage, UsageError) as error:
        return Sighting(reason=f"the pixels were not read: {error}")
    return Sighting(detections=found)
