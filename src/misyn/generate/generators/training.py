"""What a generator is given, what it is asked for, and what it gives back.

Rules
-----
1. Images are float32 in [0, 1], all of one size: ``(N, Y, X)`` or ``(N, Y, X, 3)``. What is wrong with them is said
   before anything is trained.
2. A condition is a class, a prompt, or both; its digest, never its text, goes into a declaration: a prompt may say more
   of a person than an image should carry.
3. An output made from given images names them by their index (``Drawn.sources``): whoever saves it declares them.

Example:
    >>> training = Training(np.zeros((4, 8, 8), np.float32), labels=("a", "a", "b", "b"))
    >>> training.classes, Condition(prompt="a red patch").digest == Condition(prompt="a blue patch").digest
    (('a', 'b'), False)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misyn.canonical import digest, record_digest
from misyn.errors import EvaluationError, UsageError

Images = NDArray[np.float32]
Masks = NDArray[np.bool_]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Condition:
    """What one image is asked to show.

    Attributes:
        label: its class, or None.
        prompt: words, or None.

    Raises:
        UsageError: a prompt without words.
    """

    label: str | None = None
    prompt: str | None = None

    def __post_init__(self) -> None:
        """Refuse a prompt that asks for nothing."""
        if self.prompt is not None and not self.prompt.strip():
            raise UsageError(
                "expected a prompt with words, found an empty one. Next: leave the prompt out, or say what"
            )

    @property
    def digest(self) -> str | None:
        """Digest of what was asked; None where nothing was."""
        asked = {name: text for name, text in (("label", self.label), ("prompt", self.prompt)) if text is not None}
        return record_digest(asked) if asked else None


@dataclass(frozen=True, eq=False)
class Training:
    """The images a generator learns from.

    Attributes:
        images: shape ``(N, Y, X)`` or ``(N, Y, X, 3)``, float32 in [0, 1] (rule 1).
        labels: one class per image, or None.
        prompts: one prompt per image, or None.
        masks: shape ``(N, Y, X)``, where the lesion or wound is, or None.
        backgrounds: healthy images of the same size, or None.

    Raises:
        EvaluationError: fewer than three images, sizes that do not fit, values outside [0, 1].
        UsageError: an empty prompt.
    """

    images: Images
    labels: tuple[str, ...] | None = None
    prompts: tuple[str, ...] | None = None
    masks: Masks | None = None
    backgrounds: Images | None = None

    def __post_init__(self) -> None:
        """Refuse what no generator can learn from (rule 1)."""
        check_images(self.images, least=3)
        for name, given in (("labels", self.labels), ("prompts", self.prompts), ("masks", self.masks)):
            if given is not None and len(given) != len(self.images):
                raise EvaluationError(f"expected {len(self.images)} {name}, one per image, found {len(given)}")
        for prompt in self.prompts or ():
            Condition(prompt=prompt)
        if self.masks is not None and self.masks.shape != self.images.shape[:3]:
            raise EvaluationError(
                f"expected masks of the images' size {self.images.shape[1:3]}, found {self.masks.shape[1:]}. "
                "Next: resize the masks with nearest neighbours"
            )
        if self.backgrounds is not None and self.backgrounds.shape[1:] != self.images.shape[1:]:
            raise EvaluationError(
                f"expected backgrounds of the images' size {self.images.shape[1:]}, found {self.backgrounds.shape[1:]}"
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes there are, sorted."""
        return tuple(sorted(set(self.labels or ())))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What each training image would answer to."""
        labels: Sequence[str | None] = self.labels or (None,) * len(self)
        prompts: Sequence[str | None] = self.prompts or (None,) * len(self)
        return tuple(Condition(label, prompt) for label, prompt in zip(labels, prompts, strict=True))

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> Training:
        """Give the training set of these images alone; backgrounds stay."""
        chosen = [int(index) for index in indices]
        return Training(
            self.images[chosen],
            labels=None if self.labels is None else tuple(self.labels[index] for index in chosen),
            prompts=None if self.prompts is None else tuple(self.prompts[index] for index in chosen),
            masks=None if self.masks is None else self.masks[chosen],
            backgrounds=self.backgrounds,
        )


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a model drew.

    Attributes:
        images: float32 in [0, 1], shaped like the training images.
        conditions: what each was asked to show; empty where nothing was asked.
        masks: where the lesion or wound was put, for generators that know; else None.
        sources: per image, the indices of the training images its pixels come from; empty where there are none.
        backgrounds: per image, the index of the healthy image under it; empty where there is none.
        notes: sentences a person should read, such as words of a prompt that training never showed.
    """

    images: Images
    conditions: tuple[Condition, ...] = ()
    masks: Masks | None = None
    sources: tuple[tuple[int, ...], ...] = ()
    backgrounds: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)


def check_images(images: Images, *, least: int) -> None:
    """Refuse images that break rule 1.

    Raises:
        EvaluationError: with what was found.
    """
    shape = images.shape
    if images.ndim not in (3, 4) or (images.ndim == 4 and shape[-1] != 3):
        raise EvaluationError(f"expected images of shape (N, Y, X) or (N, Y, X, 3), found {shape}")
    if len(images) < least:
        raise EvaluationError(f"expected at least {least} training images, found {len(images)}. Next: give more images")
    if not np.isfinite(images).all() or images.min() < 0 or images.max() > 1:
        raise EvaluationError("expected finite values in [0, 1], found others. Next: scale the images first")


def as_grey_levels(images: Images) -> NDArray[np.uint8]:
    """Round images in [0, 1] to the 256 grey levels they are saved with; values outside are clipped."""
    levels: NDArray[np.uint8] = np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return levels


def digest_of(*arrays: NDArray[np.generic]) -> str:
    """Name what was learnt: digest of arrays with their shapes, as little-endian numbers, in order."""
    parts = []
    for array in arrays:
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        parts.append(f"{plain.dtype.str}{plain.shape}\0".encode() + plain.tobytes())
    return digest(b"".join(parts))


def asked(conditions: Sequence[Condition], count: int) -> tuple[Condition, ...]:
    """Bring conditions to one per image: none, one for all, or as many as images.

    Raises:
        UsageError: another number.
    """
    if len(conditions) in (0, count):
        return tuple(conditions)
    if len(conditions) == 1:
        return tuple(conditions) * count
    raise UsageError(f"expected no condition, one, or {count} (one per image), found {len(conditions)}")
