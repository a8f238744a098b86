"""Generator functions that are called like medigan's: ``generate(model_file, num_samples, output_path, save_images)``.

Rules
-----
1. The function is asked for its images, not for files (``save_images=False``): what it would write would be unmarked.
   One that writes all the same is stopped where it writes into the folder (:mod:`misyn.generate.watch`).
2. The file of the model's weights names the weights; ``seed`` and ``condition`` or ``prompt`` among the arguments are
   kept.
3. Samples are brought to 8 bits: whole numbers as they are, fractions from [0, 1] or [−1, 1]; other ranges are refused.
   A pair of image and mask is saved as two images, the second named ``-mask``.
4. What the function returns is passed on unchanged.

Example:
    >>> eight_bits(np.array([[-1.0, 1.0]])).tolist()
    [[0, 255]]
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import UsageError
from misyn.generate.birth import Birth
from misyn.generate.born import Born
from misyn.generate.facts import as_array

Pixels = NDArray[np.uint8]


def saving(generate: Callable[..., Any], born: Born, *, stem: str = "synthetic") -> Callable[..., Any]:
    """Wrap a function that is called like medigan's.

    Args:
        generate: ``generate(model_file, num_samples, output_path, save_images, **others)``.
        born: of :func:`misyn.born`, not entered.
        stem: of the files' names.

    Returns:
        A function that is called the same way; ``output_path`` and ``save_images`` may be left out.

    Raises:
        UsageError: when called: the function gives no images.
    """

    @functools.wraps(generate)
    def call(
        model_file: str | Path,
        num_samples: int = 1,
        output_path: str | Path | None = None,
        save_images: bool = True,  # noqa: ARG001 - medigan's own signature
        **others: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        weights = model_file if born.weights is None and Path(model_file).exists() else born.weights
        asked = next((others[name] for name in ("condition", "prompt", "label") if name in others), None)
        with dataclasses.replace(born, weights=weights, _open=[]) as birth:
            place = str(output_path if output_path is not None else birth.out)
            given = generate(
                model_file=str(model_file),
                num_samples=num_samples,
                output_path=place,
                save_images=False,
                **others,
            )
            _save_all(birth, given, seed=others.get("seed"), asked=asked, stem=stem)
        return given

    return call


def _save_all(birth: Birth, given: Any, *, seed: object, asked: object, stem: str) -> None:  # noqa: ANN401
    if given is None or isinstance(given, str | bytes) or not hasattr(given, "__len__"):
        raise UsageError(
            f"expected images with save_images=False, found {type(given).__name__}. "
            "Next: wrap a function that returns its images, or mark its files with misyn mark"
        )
    for number, one in enumerate(given):
        parts = one if isinstance(one, tuple | list) and len(one) == 2 and np.ndim(one[0]) >= 2 else (one,)
        name = _free(birth, stem)
        own = f"{seed}, image {number}" if seed is not None else None
        for part, ending in zip(parts, ("", "-mask"), strict=False):
            birth.save(eight_bits(as_array(part)), f"{name}{ending}.png", seed=own, condition=asked)


def eight_bits(image: NDArray[Any]) -> Pixels:
    """Samples as 8 bits, ``(Y, X)`` or ``(Y, X, 3)`` (rule 3).

    Raises:
        UsageError: a range or a shape that cannot be told.
    """
    plane = _plane(image)
    low, high = (float(plane.min()), float(plane.max())) if plane.size else (np.nan, np.nan)
    if plane.dtype.kind in "bui" and low >= 0 and high <= 255:
        return (plane * 255 if plane.dtype.kind == "b" else plane).astype(np.uint8)
    if not (np.isfinite(plane).all() and low >= -1 and high <= 1):
        raise UsageError(
            f"expected samples of 8 bits, or in [0, 1] or [-1, 1], found {low:g} to {high:g}. Next: scale them first"
        )
    unit = (plane + 1) / 2 if low < 0 else plane
    return np.round(unit * 255).astype(np.uint8)


def _plane(image: NDArray[Any]) -> NDArray[Any]:
    """Take single channels away, and put three of them last."""
    shape: Sequence[int] = image.shape
    if len(shape) == 3 and shape[0] in (1, 3) and shape[-1] not in (1, 3):
        image = np.moveaxis(image, 0, -1)
    return image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image


def _free(birth: Birth, stem: str) -> str:
    number = birth.count
    while (birth.out / f"{stem}-{number:05d}.png").exists():
        number += 1
    return f"{stem}-{number:05d}"
