"""MONAI: ``SaveSyntheticd`` saves what a pipeline of transforms made, marked, in place of ``SaveImaged``.

In a bundle's configuration::

    {"_target_": "misyn.generate.integrations.transforms.SaveSyntheticd",
     "keys": "image", "record": "misyn.yaml", "out": "synthetic"}

Rules
-----
1. Images are MONAI's: channel first, spatial axes in the order X, Y, Z, as ``LoadImaged`` and ``EnsureChannelFirstd``
   give them. They are saved as misyn writes them; the affine of a ``MetaTensor`` is kept in NIfTI.
2. What comes in goes out unchanged.
3. An image-to-image technique declares the file an image was loaded from as its source; without one it is refused.
4. It can be sent to worker processes: each opens the folder for itself, and what they leave is listed by whoever closes
   it last.

Needs MONAI and torch (extra ``monai``).

Example:
    >>> SaveSyntheticd("image", record="misyn.yaml", out="synthetic").keys
    ('image',)
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import MissingExtra, UsageError, WouldOverwrite
from misyn.generate.birth import LINKED, Birth
from misyn.generate.born import Born, born
from misyn.generate.facts import as_array

try:
    from monai.data.meta_tensor import MetaTensor
    from monai.transforms.transform import MapTransform
except ImportError as error:
    raise MissingExtra("MONAI transforms", package="monai", extra="monai") from error

_TRIES = 1000


class SaveSyntheticd(MapTransform):  # type: ignore[misc] # MONAI is an extra: mypy does not follow it
    """Save synthetic images, marked.

    Args:
        keys: of the images in the data.
        record: the technique's ``misyn.yaml``.
        out: the folder.
        ending: of the files: ``.nii.gz``, ``.nii``, ``.png``, ``.tiff``, ``.dcm``.
        scale: what samples in [0, 1] are multiplied with and rounded to whole numbers: 255, 65535, or None to keep
            them.
        name_key: of the file's name without ending in the data; default: the image's key and a number.
        seed_key: of the seed in the data.
        condition_key: of the prompt, class or other condition in the data.
        like_key: of a DICOM template's path in the data, for ``.dcm``.
        weights: the model's weights, as :func:`misyn.born` takes them.
        key: the key folder that signs.
        seed: of the whole run.
        now: the time of birth.
        allow_missing_keys: as in MONAI.
    """

    def __init__(
        self,
        keys: Hashable | list[Hashable],
        *,
        record: str | Path,
        out: str | Path,
        ending: str = ".nii.gz",
        scale: int | None = None,
        name_key: str | None = None,
        seed_key: str | None = None,
        condition_key: str | None = None,
        like_key: str | None = None,
        weights: object = None,
        key: str | Path | None = None,
        seed: object = None,
        now: datetime | None = None,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        if scale not in (None, 255, 65535):
            raise UsageError(f"expected a scale of 255, 65535 or none, found {scale}")
        self.ending, self.scale = ending, scale
        self.name_key, self.seed_key, self.condition_key, self.like_key = name_key, seed_key, condition_key, like_key
        self._born: Born = born(record, out=out, now=now, weights=weights, key=key, seed=seed)
        self._birth: Birth | None = None
        self._process = 0

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Save the image of every key; the data comes back unchanged."""
        given = dict(data)
        for key in self.key_iterator(given):
            self._save(given[key], given, str(key))
        return given

    @property
    def birth(self) -> Birth:
        """The folder, opened in this process (rule 4)."""
        if self._birth is None or self._process != os.getpid():
            self._birth, self._process = self._born.start(), os.getpid()
        return self._birth

    def close(self) -> None:
        """Write the manifest; otherwise done at the end of the process."""
        if self._birth is not None and self._process == os.getpid():
            self._birth.close()
            self._birth = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_birth": None, "_process": 0}

    def _save(self, image: Any, data: Mapping[Any, Any], key: str) -> None:  # noqa: ANN401 - tensor or array
        meta = image.meta if isinstance(image, MetaTensor) else {}
        pixels = _arranged(as_array(image))
        if self.scale is not None:
            whole = np.uint8 if self.scale == 255 else np.uint16
            pixels = np.round(np.clip(pixels, 0, 1) * self.scale).astype(whole)
        like = data.get(self.like_key) if self.like_key else _affine(image, pixels, self.ending)
        source = meta.get("filename_or_obj") if self.birth.declaration.technique.kind == LINKED else None
        facts: dict[str, Any] = {
            "seed": _plain(data.get(self.seed_key)) if self.seed_key else None,
            "condition": _plain(data.get(self.condition_key)) if self.condition_key else None,
            "sources": [str(source)] if source else [],
        }
        if self.name_key:
            self.birth.save(pixels, f"{data[self.name_key]}{self.ending}", like=like, **facts)
            return
        for number in range(self.birth.count, self.birth.count + _TRIES):
            try:
                self.birth.save(pixels, f"{key}-{number:05d}{self.ending}", like=like, **facts)
            except WouldOverwrite:  # another process was there first
                continue
            return
        raise WouldOverwrite(f"expected a free name in {self.birth.out}, found {_TRIES} taken. Next: give name_key")


def _arranged(array: NDArray[Any]) -> NDArray[Any]:
    """Channel first and X, Y, Z to misyn's ``(Z, Y, X)``, or ``(…, 3)`` for colours (rule 1)."""
    if array.ndim not in (3, 4) or array.shape[0] not in (1, 3):
        raise UsageError(
            f"expected one or three channels first and two or three spatial axes, found shape {array.shape}. "
            "Next: EnsureChannelFirstd, and decollate the batch"
        )
    turned = [plane.T for plane in array]
    return turned[0] if len(turned) == 1 else np.stack(turned, axis=-1)


def _affine(image: object, pixels: NDArray[Any], ending: str) -> NDArray[np.float64] | None:
    if not isinstance(image, MetaTensor) or not ending.startswith(".nii") or pixels.ndim != 3:
        return None
    affine = as_array(image.affine).astype(np.float64)
    return affine if affine.shape == (4, 4) else None


def _plain(value: Any) -> Any:  # noqa: ANN401 - what a batch made of a number
    """A number out of a tensor of one; everything else as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "size", None) is not None else value
