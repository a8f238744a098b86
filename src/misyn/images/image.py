"""What a medical or synthetic image is, whatever file it came from.

Rules
-----
1. ``pixels`` are the stored samples, decoded and nothing else: same samples, same :attr:`Image.digest`, in any format,
   any transfer syntax, any byte order. Palettes are expanded and YBR becomes RGB, because those change how samples are
   written and not what they show.
2. Physical values (Hounsfield units, for instance) are :meth:`Image.values`: samples × slope + intercept.
3. ``axes`` names every axis of ``pixels``: ``F`` frame or page, ``Z`` slice, ``Y`` row, ``X`` column, ``C`` channel.
4. An image never knows whether it is synthetic: that is a verdict, and belongs to ``marks``.

Example:
    >>> import numpy as np
    >>> image = Image(pixels=np.zeros((2, 3), np.uint8), axes="YX", format="png")
    >>> image.shape, image.values().dtype.name
    ((2, 3), 'float32')
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import MalformedImage


@dataclass(frozen=True)
class Patient:
    """What a header says of the patient. All None where it says nothing.

    Attributes:
        id: the header's patient identifier, as written.
        sex: ``F``, ``M``, ``O`` or None (DICOM PatientSex, PS3.3 C.7.1.1).
        age: years, in [0, 150], or None.
    """

    id: str | None = None
    sex: str | None = None
    age: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Image:
    """One image: 2D, 3D or several frames; grey or colour.

    Attributes:
        pixels: stored samples, one axis per letter of ``axes``; an integer or float dtype in native byte order.
        axes: a string over ``F Z Y X C`` in that order, always with ``Y`` and ``X``.
        format: the name in :data:`misyn.images.formats.FORMATS` of the file it came from.
        slope, intercept: from samples to physical values; a number, or one per frame (shape ``(F,)``).
        spacing: millimetres along the spatial axes in the order of ``axes`` (``Z Y X`` or ``Y X``), or None.
        modality: DICOM modality code (``CT``, ``MR``, ``DX`` …) where known.
        bits: significant bits per sample as stored.
        codec: how the pixels were compressed (``raw``, ``jpeg``, ``jpeg2000-lossless`` …).
        lossy: whether that compression loses information; None where it cannot be told.
        patient: what the header says of the patient.
        attributes: further header facts by plain lower-case names (``body_part``, ``manufacturer``,
            ``series_uid``, ``study_uid``, ``sop_instance_uid``, ``acquisition_date``, ``photometric`` …).
        path: where it was read from, or None.
    """

    pixels: NDArray[Any]
    axes: str
    format: str
    slope: float | NDArray[np.float64] = 1.0
    intercept: float | NDArray[np.float64] = 0.0
    spacing: tuple[float, ...] | None = None
    modality: str | None = None
    bits: int | None = None
    codec: str = "raw"
    lossy: bool | None = None
    patient: Patient = field(default_factory=Patient)
    attributes: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None

    def __post_init__(self) -> None:
        """Refuse axes that do not describe the pixels: every later room trusts them."""
        if len(self.axes) != self.pixels.ndim or "YX" not in self.axes:
            raise MalformedImage(
                f"expected one axis name per dimension with Y and X, found axes {self.axes!r} "
                f"for {self.pixels.ndim} dimensions",
                path=self.path,
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of ``pixels``, in the order of ``axes``."""
        return tuple(self.pixels.shape)

    @property
    def digest(self) -> str:
        """Digest of the canonical pixels: shape, dtype and little-endian samples, whatever file held them."""
        samples = np.ascontiguousarray(self.pixels, dtype=self.pixels.dtype.newbyteorder("<"))
        name = f"{samples.dtype.str}{samples.shape}".encode()
        hashed = hashlib.sha256(name + b"\0")
        hashed.update(samples.data.cast("B"))  # in two steps: a volume is not copied to be hashed
        return "sha256:" + hashed.hexdigest()

    def values(self) -> NDArray[np.float32]:
        """Physical values: samples × slope + intercept, float32, the shape of ``pixels``."""
        slope, intercept = (self._per_frame(term) for term in (self.slope, self.intercept))
        return (self.pixels * slope + intercept).astype(np.float32, copy=False)

    def _per_frame(self, term: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
        """Line a per-frame term up with the leading axis of ``pixels``."""
        if isinstance(term, np.ndarray):
            return term.reshape((-1,) + (1,) * (self.pixels.ndim - 1))
        return term

    def planes(self) -> Iterator[NDArray[np.float32]]:
        """Yield every 2D plane of physical values, shape (Y, X) or (Y, X, C), frames and slices in stored order."""
        values = self.values()
        plane = values.shape[self.axes.index("Y") :]
        yield from values.reshape((-1, *plane))
