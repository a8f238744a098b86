"""Drawing with the small diffusion model: from noise to images in a few deterministic steps.

Rules
-----
1. Image by image the noise follows from the seed and the image's number: the same image is drawn whatever the batch.
2. With a condition, the velocity is pulled away from what it would be without one (guidance).
3. What is shown of the image so far is clipped to [0, 1] at every step.

Needs torch.

Example:
    >>> len(schedule(4))
    4
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from misyn.generate.generators.diffusion_net import Network
from misyn.generate.generators.diffusion_training import Codes, build, device_of, noise_level, told, understood
from misyn.generate.generators.training import Images, Progress

if TYPE_CHECKING:
    from misyn.generate.generators.diffusion import DiffusionModel


def schedule(steps: int) -> list[tuple[float, float]]:
    """Times from noise to image, as pairs (now, next)."""
    times = [float(time) for time in np.linspace(1, 0, steps + 1)]
    return list(pairwise(times))


def sample(model: DiffusionModel, codes: Codes, *, seed: int, progress: Progress | None) -> Images:
    """Draw one image per condition: float32 in [0, 1], shape ``(len(codes), *model.shape)``.

    Raises:
        EvaluationError: out of memory.
    """
    settings = model.settings
    with understood(settings), torch.no_grad():
        network = _network(model).to(device_of(settings)).eval()
        parts = []
        for start, run in _runs(codes, settings.batch):
            parts.append(_batch(model, network, run, _noise(model, start, len(run), seed=seed)))
            if progress is not None:
                progress(min(start + len(run), len(codes)), len(codes))
    images = np.concatenate(parts) if parts else np.zeros((0, 1, *model.shape[:2]), np.float32)
    return images[:, 0] if len(model.shape) == 2 else np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def _network(model: DiffusionModel) -> Network:
    network = build(model.shape, model.settings, classes=len(model.classes), words=len(model.vocabulary))
    network.requires_grad_(requires_grad=False)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in model.parameters.items()})
    return network


def _runs(codes: Codes, size: int) -> Iterator[tuple[int, Codes]]:
    for start in range(0, len(codes), size):
        yield start, codes[start : start + size]


def _noise(model: DiffusionModel, start: int, count: int, *, seed: int) -> Tensor:
    """The noise each image starts from (rule 1)."""
    size = (1 if len(model.shape) == 2 else model.shape[2], *model.shape[:2])
    drawn = [
        np.random.default_rng((seed, number)).standard_normal(size, np.float32)
        for number in range(start, start + count)
    ]
    return torch.from_numpy(np.stack(drawn))


def _batch(model: DiffusionModel, network: Network, codes: Codes, noise: Tensor) -> Images:
    device = next(network.parameters()).device
    label, words = (part.to(device) for part in told(codes))
    guided = model.settings.guidance != 1 and bool(label.any() or words.any())
    x = noise.to(device)
    for now, after in schedule(model.settings.sampling):
        time = torch.full((len(codes),), now, device=device)
        velocity = network(x, time, label, words)
        if guided:
            plain = network(x, time, torch.zeros_like(label), torch.zeros_like(words))
            velocity = plain + model.settings.guidance * (velocity - plain)
        signal, level = (float(part) for part in noise_level(torch.tensor(now)))
        image = (signal * x - level * velocity).clamp(-1, 1)  # rule 3
        left = (x - signal * image) / level
        signal, level = (float(part) for part in noise_level(torch.tensor(after)))
        x = signal * image + level * left
    drawn: Images = ((x.clamp(-1, 1) + 1) / 2).cpu().numpy().astype(np.float32)
    return drawn
