"""A small text- and class-conditional diffusion model: denoising diffusion with EMA weights and guided sampling.

Rules
-----
1. The image a step sees, its noise and its time follow from the seed and the step's number alone: an interrupted
   training that goes on from its checkpoint gives the same weights as one that was never interrupted.
2. What draws is the moving average (EMA) of the weights; its digest is the model's name.
3. Where a GPU is present it is used. Noise is always drawn on the CPU, so that the seed means the same everywhere; sums
   on a GPU, or with another number of threads, are ordered differently: images differ in the last digits.
4. Small on purpose: it learns colours, forms and words in minutes on a CPU, and shows limits rather than quality.

Sources: Ho et al., NeurIPS 2020 (diffusion); Nichol and Dhariwal, ICML 2021 (cosine schedule); Salimans and Ho, ICLR
2022 (velocity); Song et al., ICLR 2021 (deterministic sampling); Ho and Salimans, 2022 (guidance without classifier).

Example:
    >>> Diffusion(steps=100).name, Diffusion(steps=0)
    Traceback (most recent call last):
    misyn.errors.UsageError: expected steps, batch, width and sampling of at least 1, found steps 0
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import EvaluationError, MissingExtra, UsageError
from misyn.generate.generators.prompts import Vocabulary
from misyn.generate.generators.training import Condition, Drawn, Images, Progress, Training, asked, digest_of

MOST_SIDE = 32  # where patch is None, larger images are worked on in larger squares
_HALVINGS = 4  # two halvings: sides are multiples of this, times the patch


@dataclass(frozen=True)
class Diffusion:
    """Settings.

    Attributes:
        steps: training steps.
        batch: images per step.
        width: channels of the first level; the model's capacity.
        patch: side of the squares of pixels that are worked on as one, 1, 2 or 4; None takes the least with which the
            network works on at most :data:`MOST_SIDE` places a side.
        rate: learning rate of AdamW, with a short warm-up.
        average: decay of the moving average of the weights.
        sampling: denoising steps when it draws.
        guidance: how strongly a condition pulls; 1 follows it plainly.
        forget: share of conditions hidden in training, which guidance needs.
        checkpoint: a file to go on from after an interruption, written every ``every`` steps; None keeps none.
        every: steps between checkpoints.
        device: ``cpu``, ``cuda`` …; None takes a GPU where one is present.
        threads: of the CPU; None leaves torch's own.
    """

    steps: int = 1500
    batch: int = 16
    width: int = 32
    patch: int | None = None
    rate: float = 1e-3
    average: float = 0.995
    sampling: int = 25
    guidance: float = 2.0
    forget: float = 0.15
    checkpoint: Path | None = None
    every: int = 200
    device: str | None = None
    threads: int | None = None
    name: str = "diffusion"
    kind: str = "text-to-image"
    method: str = "diffusion"
    control: bool = False

    def __post_init__(self) -> None:
        """Refuse settings with which nothing can be learnt."""
        if self.patch not in (None, 1, 2, 4):
            raise UsageError(f"expected a patch of 1, 2 or 4 pixels, found {self.patch}")
        for name in ("steps", "batch", "width", "sampling"):
            if getattr(self, name) < 1:
                raise UsageError(
                    f"expected steps, batch, width and sampling of at least 1, found {name} {getattr(self, name)}"
                )

    def missing(self) -> str | None:
        """Say what to install, where torch is absent."""
        return None if find_spec("torch") else str(_absent())

    def patch_for(self, sides: tuple[int, ...]) -> int:
        """The patch for images with these sides."""
        return self.patch or next((n for n in (1, 2) if max(sides[:2]) <= n * MOST_SIDE), 4)

    def fit(self, training: Training, *, seed: int, progress: Progress | None = None) -> DiffusionModel:
        """Train, going on from the checkpoint where there is one of the same training.

        Raises:
            MissingExtra: torch is not installed.
            EvaluationError: sides that are no multiple of four, out of memory, or a loss that is no number.
            InputError: the checkpoint is of another training, or damaged.
        """
        if find_spec("torch") is None:
            raise _absent()
        patch = self.patch_for(training.images.shape[1:3])
        _check_sides(training.images, patch)
        from misyn.generate.generators import diffusion_training  # noqa: PLC0415 - optional

        vocabulary, classes = Vocabulary.of(training.prompts or ()), training.classes
        weights = diffusion_training.train(training, self, vocabulary, seed=seed, progress=progress)
        return DiffusionModel(self, weights, classes, vocabulary, tuple(training.images.shape[1:]))


@dataclass(frozen=True, eq=False)
class DiffusionModel:
    """A trained model: EMA weights by name (float32 arrays), its classes, its words, the shape of one image."""

    settings: Diffusion
    parameters: dict[str, NDArray[np.float32]]
    classes: tuple[str, ...]
    vocabulary: Vocabulary
    shape: tuple[int, ...]

    @property
    def weights(self) -> str:
        """Digest of the EMA weights, in the order of their names (rule 2)."""
        return digest_of(*(self.parameters[name] for name in sorted(self.parameters)))

    def draw(
        self, count: int, *, seed: int, conditions: Sequence[Condition] = (), progress: Progress | None = None
    ) -> Drawn:
        """Draw ``count`` images.

        Args:
            count: how many.
            seed: of the noise.
            conditions: none, one for all, or one per image.
            progress: called with (done, total) images.

        Raises:
            UsageError: a class it was never shown.
            EvaluationError: out of memory.
            MissingExtra: torch is not installed.
        """
        if find_spec("torch") is None:
            raise _absent()
        wanted = asked(conditions, count)
        codes = self.encode(wanted or (Condition(),) * count)
        from misyn.generate.generators import diffusion_sampling  # noqa: PLC0415 - optional

        images = diffusion_sampling.sample(self, codes, seed=seed, progress=progress)
        return Drawn(images, conditions=wanted, notes=self._notes(wanted))

    def encode(self, conditions: Sequence[Condition]) -> list[tuple[int, list[int]]]:
        """Classes and words as numbers; 0 and an empty list where nothing is asked."""
        return [encode(condition, self.classes, self.vocabulary) for condition in conditions]

    def _notes(self, conditions: Sequence[Condition]) -> tuple[str, ...]:
        """What was asked in words that the model never saw."""
        prompts = {condition.prompt for condition in conditions if condition.prompt}
        unseen = sorted({word for prompt in prompts for word in self.vocabulary.unseen(prompt)})
        if not unseen:
            return ()
        shown = ", ".join(unseen[:10]) + (", …" if len(unseen) > 10 else "")
        return (f"training never showed {len(unseen)} of the words asked for ({shown}): the model has no idea of them",)

    def save(self, path: Path) -> Path:
        """Save the model, whole or not at all; :func:`load` reads it."""
        from misyn.generate.generators import diffusion_files  # noqa: PLC0415 - only where a model is saved

        return diffusion_files.save(self, path)

    def with_settings(
        self,
        *,
        sampling: int | None = None,
        guidance: float | None = None,
        batch: int | None = None,
        device: str | None = None,
        threads: int | None = None,
    ) -> DiffusionModel:
        """Give the same weights with other settings for drawing; what is left out stays."""
        given: dict[str, Any] = {
            "sampling": sampling,
            "guidance": guidance,
            "batch": batch,
            "device": device,
            "threads": threads,
        }
        changed = {name: value for name, value in given.items() if value is not None}
        return dataclasses.replace(self, settings=dataclasses.replace(self.settings, **changed))


def encode(condition: Condition, classes: tuple[str, ...], vocabulary: Vocabulary) -> tuple[int, list[int]]:
    """One condition as numbers: 0 is no class.

    Raises:
        UsageError: a class that training never showed.
    """
    if condition.label is not None and condition.label not in classes:
        raise UsageError(
            f"expected a class out of {', '.join(classes) or '(none: it was trained without)'}, found "
            f"{condition.label!r}. Next: ask for one of these, or for none"
        )
    label = 0 if condition.label is None else classes.index(condition.label) + 1
    return label, vocabulary.numbers(condition.prompt) if condition.prompt else []


def load(path: Path) -> DiffusionModel:
    """Read a model that :meth:`DiffusionModel.save` wrote.

    Raises:
        InputError: it is no such file, or damaged: its weights do not have the digest it names.
    """
    from misyn.generate.generators import diffusion_files  # noqa: PLC0415 - only where a model is read

    return diffusion_files.load(path)


def _absent() -> MissingExtra:
    return MissingExtra("Diffusion models", package="torch", extra="torch")


def _check_sides(images: Images, patch: int) -> None:
    height, width = images.shape[1:3]
    step = _HALVINGS * patch
    if height % step or width % step or min(height, width) < 2 * step:
        raise EvaluationError(
            f"expected sides that are multiples of {step}, at least {2 * step}, found {height} × {width}. "
            "Next: resize or pad the images"
        )
