"""A compositor: lesions or wounds, cut out by their masks, turned, scaled and blended onto healthy skin.

Nothing is learnt but a library of cut-outs. The pixels of every output are patients': it is image-to-image, and both
the image the lesion came from and the healthy image under it are named.

Rules
-----
1. Healthy backgrounds are given, or made from the training images by filling their own masks from around
   (:func:`healed`). A background made so is not healthy skin, and the model says so in its notes.
2. Colours of the cut-out follow the skin it is put on, by the difference of the two surroundings; its edge is soft.
3. The mask of where the lesion was put comes back with the image, so that it can train a segmentation.
4. A mask that is empty, or fills its image, is left out; when none is left, that is said.

Sources: cut, paste and learn after Dwibedi et al., ICCV 2017; filling by Laplace's equation, as in Pérez et al.,
SIGGRAPH 2003.

Example:
    >>> from misyn.generate.generators.training import Training
    >>> masks = np.zeros((4, 16, 16), bool); masks[:, 6:10, 6:10] = True
    >>> training = Training(np.random.default_rng(0).random((4, 16, 16), np.float32), masks=masks)
    >>> drawn = Compositor().fit(training, seed=0).draw(3, seed=1)
    >>> drawn.images.shape, bool(drawn.masks.any(axis=(1, 2)).all()), len(drawn.sources)
    ((3, 16, 16), True, 3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from misyn.errors import EvaluationError
from misyn.generate.generators.pca import refuse_conditions
from misyn.generate.generators.training import Condition, Drawn, Images, Masks, Progress, Training, digest_of

Float = NDArray[np.float64]
MOST_FILLED = 0.8  # a mask that fills more than this share of its image leaves nothing to blend with
_TRIES = 20


@dataclass(frozen=True)
class Compositor:
    """Settings: how soft an edge is (pixels), how far a lesion is scaled, and how much its light changes."""

    edge: float = 1.5
    scale: tuple[float, float] = (0.7, 1.3)
    light: float = 0.03
    name: str = "compositor"
    kind: str = "image-to-image"
    method: str = "compositing"
    control: bool = False

    def missing(self) -> None:
        """Nothing is missing."""

    def fit(self, training: Training, *, seed: int, progress: Progress | None = None) -> CompositorModel:
        """Collect cut-outs and backgrounds; ``seed`` changes nothing.

        Raises:
            EvaluationError: no masks, or none that can be used (rule 4).
        """
        del seed
        if training.masks is None:
            raise EvaluationError("expected a mask for every image, found none. Next: give masks, or another generator")
        share = training.masks.mean(axis=(1, 2))
        usable = np.flatnonzero((share > 0) & (share < MOST_FILLED))
        if not len(usable):
            raise EvaluationError(
                "expected masks with something in them, found only empty or full ones. Next: check them"
            )
        given = training.backgrounds
        backgrounds = healed_all(training, usable, progress) if given is None else given
        own = usable if given is None else None
        return CompositorModel(self, training.images[usable], training.masks[usable], usable, backgrounds, own)


def healed_all(training: Training, usable: NDArray[np.integer], progress: Progress | None) -> Images:
    """Make backgrounds by filling every image's mask from around (rule 1)."""
    assert training.masks is not None  # noqa: S101 - the caller looked
    made = []
    for done, index in enumerate(usable, start=1):
        made.append(healed(training.images[index], training.masks[index]))
        if progress is not None:
            progress(done, len(usable))
    return np.stack(made)


@dataclass(frozen=True, eq=False)
class CompositorModel:
    """Cut-outs and backgrounds.

    Attributes:
        settings: the technique's.
        lesions: images the cut-outs come from.
        masks: where they are.
        indices: the lesions' indices in the training set.
        backgrounds: healthy images, or images healed.
        healed: where backgrounds were made from training images, their indices; None where healthy ones were given.
    """

    settings: Compositor
    lesions: Images
    masks: Masks
    indices: NDArray[np.integer]
    backgrounds: Images
    healed: NDArray[np.integer] | None

    @property
    def weights(self) -> str:
        """Digest of everything it pastes: it learnt nothing else."""
        return digest_of(self.lesions, self.masks, self.backgrounds)

    def draw(self, count: int, *, seed: int, conditions: Sequence[Condition] = ()) -> Drawn:
        """Draw ``count`` composites with their masks and sources."""
        refuse_conditions("compositor", conditions)
        random = np.random.default_rng(seed)
        lesions = random.integers(len(self.lesions), size=count)
        under = random.integers(len(self.backgrounds), size=count)
        made = [self._composite(int(a), int(b), random) for a, b in zip(lesions, under, strict=True)]
        sources: list[tuple[int, ...]] = [(int(self.indices[index]),) for index in lesions]
        if self.healed is not None:
            sources = [(*source, int(self.healed[index])) for source, index in zip(sources, under, strict=True)]
        note = "backgrounds were made by filling wounds or lesions from around them: they are not healthy skin"
        return Drawn(
            np.stack([image for image, _ in made]),
            masks=np.stack([mask for _, mask in made]),
            sources=tuple(tuple(dict.fromkeys(source)) for source in sources),
            backgrounds=() if self.healed is not None else tuple(int(index) for index in under),
            notes=(note,) if self.healed is not None else (),
        )

    def _composite(self, lesion: int, under: int, random: np.random.Generator) -> tuple[Images, Masks]:
        """Blend one lesion onto one background."""
        image, mask, background = self.lesions[lesion], self.masks[lesion], self.backgrounds[under]
        cut, where = _placed(image, mask, self.settings, random)
        soft = _soft(where, self.settings.edge)
        soft = soft[..., None] if image.ndim == 3 else soft
        around = ndimage.binary_dilation(where, iterations=3) & ~where
        there = background[around].mean(axis=0) if around.any() else background.mean(axis=(0, 1))
        own = ndimage.binary_dilation(mask, iterations=3) & ~mask
        change = there - (image[own].mean(axis=0) if own.any() else there) + random.normal(0, self.settings.light)
        blended = background * (1 - soft) + np.clip(cut + change, 0, 1) * soft
        return np.clip(blended, 0, 1).astype(np.float32), where


def _placed(
    image: Images, mask: Masks, settings: Compositor, random: np.random.Generator
) -> tuple[NDArray[np.float32], Masks]:
    """Turn, mirror, scale and move a cut-out, inside the image; as it was where no try fits."""
    centre = np.array(ndimage.center_of_mass(mask))
    size = np.array(mask.shape)
    for _ in range(_TRIES):
        angle, scale = random.uniform(0, 2 * np.pi), random.uniform(*settings.scale)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
        turn = turn @ np.diag([1.0, random.choice([-1.0, 1.0])])
        target = random.uniform(0.2, 0.8, 2) * size
        offset = centre - turn @ target
        moved = ndimage.affine_transform(mask.astype(np.float32), turn, offset, order=1) > 0.5
        whole = moved.sum() >= 0.9 * mask.sum() * scale**2
        if whole and 0 < moved.mean() < MOST_FILLED:
            return _moved(image, turn, offset), moved
    return image, mask


def _moved(image: Images, turn: Float, offset: Float) -> NDArray[np.float32]:
    planes = image[..., None] if image.ndim == 2 else image
    moved = [
        ndimage.affine_transform(planes[..., c], turn, offset, order=1, mode="nearest") for c in range(planes.shape[2])
    ]
    stacked = np.stack(moved, axis=-1).astype(np.float32)
    return stacked[..., 0] if image.ndim == 2 else stacked


def _soft(mask: Masks, edge: float) -> NDArray[np.float32]:
    """The mask with a soft edge, one well inside it."""
    soft: NDArray[np.float32] = np.clip(ndimage.gaussian_filter(mask.astype(np.float32), edge) * 1.2, 0, 1)
    return soft


def healed(image: Images, mask: Masks, *, rounds: int = 300, seed: int = 0) -> Images:
    """Fill a mask from around it: Laplace's equation inside, with the grain of the surroundings added.

    Args:
        image: (Y, X) or (Y, X, 3) in [0, 1].
        mask: (Y, X), True where to fill; a mask that fills the image gives the image back.
        rounds: relaxations; the start is the nearest value outside, so few suffice.
        seed: of the grain.
    """
    hole = ndimage.binary_dilation(mask, iterations=2)
    if hole.all() or not hole.any():
        return image
    planes = (image[..., None] if image.ndim == 2 else image).astype(np.float64)
    nearest = ndimage.distance_transform_edt(hole, return_distances=False, return_indices=True)
    filled = planes[nearest[0], nearest[1]]
    for _ in range(rounds):
        wide = np.pad(filled, ((1, 1), (1, 1), (0, 0)), mode="edge")
        mean = (wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]) / 4
        filled[hole] = mean[hole]
    away = ~ndimage.binary_dilation(hole, iterations=5)  # the hole's edge is no grain of skin
    if away.any():
        grain = (planes - ndimage.gaussian_filter(planes, (1, 1, 0)))[away]
        filled[hole] += grain[np.random.default_rng(seed).integers(len(grain), size=int(hole.sum()))]
    whole = np.clip(filled, 0, 1).astype(np.float32)
    return np.asarray(whole[..., 0]) if image.ndim == 2 else whole
