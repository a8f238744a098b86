"""diffusers: pipelines whose images are saved, marked, with prompt digest, seed and the digest of all their weights.

::

    with misyn.born("misyn.yaml", out="synthetic/", weights=pipe) as born:
        images = saving(pipe, born)("a red patch", generator=generator).images            # any pipeline
        pipe("a red patch", callback_on_step_end=Callback(born, prompts="a red patch"))   # or inside the call

Rules
-----
1. :func:`saving` takes a pipeline's own finished images: whatever the pipeline does to them is in what is saved.
2. :class:`Callback` decodes the latents of the last step itself. Where a pipeline packs its latents in a way of its
   own, it says so and :func:`saving` is used. What the pipeline does after the last step (a safety checker) is not in
   what it saves.
3. Images are saved as they are shown: 8 bits, PNG.

Needs no import of diffusers: what a pipeline is, is told by what it has.

Example:
    >>> seeds_of(None, 2)
    [None, None]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import UsageError
from misyn.generate.birth import Birth
from misyn.generate.facts import as_array

Pixels = NDArray[np.uint8]


def saving(pipe: Callable[..., Any], birth: Birth, *, stem: str = "synthetic") -> Callable[..., Any]:
    """Give the pipeline's call, with every image it returns saved.

    Args:
        pipe: a pipeline of diffusers.
        birth: of :func:`misyn.born`.
        stem: of the files' names.

    Returns:
        A function that is called like the pipeline and returns what it returns.
    """

    def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the pipeline
        if named.get("output_type") == "latent":
            raise UsageError("expected images, found output_type='latent'. Next: leave output_type out")
        prompt = named.get("prompt", arguments[0] if arguments and isinstance(arguments[0], str | list) else None)
        output = pipe(*arguments, **named)
        images = _images(output)
        seeds = seeds_of(named.get("generator"), len(images))
        for image, asked, seed in zip(images, _per_image(prompt, len(images)), seeds, strict=True):
            _save(birth, image, stem=stem, seed=seed, condition=asked)
        return output

    return call


class Callback:
    """For ``callback_on_step_end``: at the last step it decodes the latents and saves the images (rule 2)."""

    def __init__(
        self, birth: Birth, *, prompts: str | Sequence[str] | None = None, seed: object = None, stem: str = "synthetic"
    ) -> None:
        self.birth, self.prompts, self.seed, self.stem = birth, prompts, seed, stem

    def __call__(self, pipe: Any, step: int, timestep: Any, given: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        """Save at the last step; give back what was given, unchanged."""
        del timestep
        steps = getattr(pipe, "num_timesteps", None) or getattr(pipe, "_num_timesteps", None) or 0
        if step + 1 < int(steps):
            return given
        images = _decoded(pipe, given.get("latents"))
        seeds = seeds_of(self.seed, len(images))
        for image, asked, seed in zip(images, _per_image(self.prompts, len(images)), seeds, strict=True):
            _save(self.birth, image, stem=self.stem, seed=seed, condition=asked)
        return given


def seeds_of(generator: object, count: int) -> list[object]:
    """One seed per image: of a list of generators each one's own, of a single one its seed with the image's number."""
    if isinstance(generator, list | tuple):
        return [generator[n] if n < len(generator) else None for n in range(count)]
    if generator is None:
        return [None] * count
    own = getattr(generator, "initial_seed", None)
    seed = own() if callable(own) else generator
    return [f"{seed}, image {number}" for number in range(count)] if count > 1 else [seed]


def _per_image(asked: object, count: int) -> list[object]:
    """One prompt per image; of several prompts with several images each, in the order of diffusers."""
    if asked is None or isinstance(asked, str):
        return [asked] * count
    given = list(asked) if isinstance(asked, Sequence) else [asked]
    each = max(1, count // max(1, len(given)))
    return [given[min(n // each, len(given) - 1)] for n in range(count)]


def _images(output: Any) -> list[Pixels]:  # noqa: ANN401 - whatever a pipeline gives
    """The images of a pipeline's output, as 8 bits."""
    given = getattr(output, "images", None)
    if given is None and isinstance(output, tuple) and output:
        given = output[0]
    if given is None:
        raise UsageError(
            f"expected a pipeline's output with images, found {type(output).__name__}. Next: save with born.save"
        )
    if hasattr(given, "detach") and getattr(given, "ndim", 0) == 4:  # PyTorch: channels come first
        return [_eight_bits(np.moveaxis(one, 0, -1)) for one in as_array(given)]
    return [_eight_bits(as_array(one)) for one in given]


def _decoded(pipe: Any, latents: Any) -> list[Pixels]:  # noqa: ANN401
    """Latents to images: through the pipeline's own decoder where there is one."""
    vae = getattr(pipe, "vae", None)
    if latents is None or getattr(latents, "ndim", 0) != 4:
        raise UsageError(
            "expected latents of shape (N, C, Y, X) at the last step, found others. "
            "Next: misyn.generate.integrations.pipelines.saving(pipe, born)"
        )
    if vae is not None:
        config: Mapping[str, Any] = vae.config
        shift = config.get("shift_factor") or 0.0
        latents = vae.decode(latents / config.get("scaling_factor", 1.0) + shift, return_dict=False)[0]
    return [_eight_bits(np.moveaxis(one, 0, -1) / 2 + 0.5) for one in as_array(latents)]


def _eight_bits(image: NDArray[Any]) -> Pixels:
    """Samples in [0, 1] or 8 bits, with one or three channels, as 8 bits."""
    if image.dtype != np.uint8:
        image = np.round(np.clip(image.astype(np.float32), 0, 1) * 255).astype(np.uint8)
    return image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image


def _save(birth: Birth, image: Pixels, *, stem: str, seed: object, condition: object) -> None:
    number = birth.count
    while (birth.out / f"{stem}-{number:05d}.png").exists():
        number += 1
    birth.save(image, f"{stem}-{number:05d}.png", seed=seed, condition=condition)
