"""Training the small diffusion model: resumable, with a moving average, and clear about what went wrong.

Rules
-----
1. Those of :mod:`misyn.generate.generators.diffusion`, 1 to 3: this module carries them out.
2. A checkpoint holds weights, their average, the optimiser and the step, and the digest of what was trained on with
   which settings: one of another training is refused, never mixed in. It is replaced whole or not at all.
3. Out of memory, an interruption and a loss that is no number each end in a sentence that says how to go on.

Needs torch.

Example:
    >>> noise_level(torch.tensor([0.0, 1.0]))[0].tolist() == [1.0, 0.0]
    True
"""

from __future__ import annotations

import contextlib
import copy
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from misyn.atomic import write_bytes
from misyn.canonical import record_digest
from misyn.errors import EvaluationError, InputError
from misyn.generate.generators.diffusion_net import Network
from misyn.generate.generators.prompts import LONGEST, UNKNOWN, Vocabulary
from misyn.generate.generators.training import Progress, Training, digest_of

if TYPE_CHECKING:
    from misyn.generate.generators.diffusion import Diffusion

WARM_UP = 50  # steps until the learning rate is full
BLANKED = 0.05  # share of words shown as unknown, so that an unknown word means "any word"
Codes = list[tuple[int, list[int]]]


def noise_level(time: Tensor) -> tuple[Tensor, Tensor]:
    """Share of image and of noise at a time in [0, 1]: cosine and sine, so that their squares sum to one."""
    angle = time * (math.pi / 2)
    signal = torch.where(time >= 1, torch.zeros_like(angle), angle.cos())
    return signal, angle.sin()


def device_of(settings: Diffusion) -> torch.device:
    """The device that was asked for, else a GPU where one is present, else the CPU."""
    return torch.device(settings.device or ("cuda" if torch.cuda.is_available() else "cpu"))


@contextlib.contextmanager
def understood(settings: Diffusion) -> Iterator[None]:
    """Turn running out of memory into a sentence; keep the number of threads to this block (rule 3).

    Raises:
        EvaluationError: out of memory.
    """
    before = torch.get_num_threads()
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _no_memory(settings) from error
    except RuntimeError as error:
        if "memory" not in str(error).lower():
            raise
        raise _no_memory(settings) from error
    finally:
        torch.set_num_threads(before)


def _no_memory(settings: Diffusion) -> EvaluationError:
    return EvaluationError(
        f"expected memory for {settings.batch} images at a time and width {settings.width}, found too little. "
        "Next: a smaller batch or width, or smaller images; a checkpoint goes on where it stopped with the same ones"
    )


@dataclass
class _State:
    """What a checkpoint holds."""

    network: Network
    average: Network
    optimiser: torch.optim.Optimizer
    step: int = 0


def train(
    training: Training, settings: Diffusion, vocabulary: Vocabulary, *, seed: int, progress: Progress | None
) -> dict[str, NDArray[np.float32]]:
    """Train, and give the moving average of the weights by name.

    Raises:
        EvaluationError, InputError: as :meth:`misyn.generate.generators.diffusion.Diffusion.fit` says.
    """
    from misyn.generate.generators.diffusion import encode  # noqa: PLC0415 - it imports this module

    name = _name(training, settings, seed)
    device = device_of(settings)
    codes = [encode(condition, training.classes, vocabulary) for condition in training.conditions]
    with understood(settings):
        state = _start(training, settings, vocabulary, seed=seed, device=device)
        _go_on(state, settings, name)
        images = torch.from_numpy(np.ascontiguousarray(_channels_first(training))) * 2 - 1
        try:
            while state.step < settings.steps:
                _step(state, images, codes, settings, seed=seed)
                if progress is not None:
                    progress(state.step, settings.steps)
                if state.step % settings.every == 0 or state.step == settings.steps:
                    _keep(state, settings, name)
        except KeyboardInterrupt:
            _keep(state, settings, name)
            raise
    return {key: value.detach().cpu().numpy() for key, value in state.average.state_dict().items()}


def _name(training: Training, settings: Diffusion, seed: int) -> str:
    """Name this training by what decides its weights (rule 2)."""
    asked = [{"label": condition.label, "prompt": condition.prompt} for condition in training.conditions]
    deciding = {key: getattr(settings, key) for key in ("batch", "width", "patch", "rate", "average", "forget")}
    return record_digest({"images": digest_of(training.images), "asked": asked, "settings": deciding, "seed": seed})


def _start(
    training: Training, settings: Diffusion, vocabulary: Vocabulary, *, seed: int, device: torch.device
) -> _State:
    shape = tuple(training.images.shape[1:])
    network = build(shape, settings, classes=len(training.classes), words=len(vocabulary), seed=seed).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, betas=(0.9, 0.99), weight_decay=1e-3)
    return _State(network, copy.deepcopy(network).eval().requires_grad_(False), optimiser)


def build(shape: tuple[int, ...], settings: Diffusion, *, classes: int, words: int, seed: int = 0) -> Network:
    """Make the network for images of this shape; its first weights follow from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        channels, patch = 1 if len(shape) == 2 else shape[-1], settings.patch_for(shape)
        return Network(channels=channels, width=settings.width, classes=classes, words=words, patch=patch)


def _channels_first(training: Training) -> NDArray[np.float32]:
    images = training.images.astype(np.float32)
    return images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)


def _step(state: _State, images: Tensor, codes: Codes, settings: Diffusion, *, seed: int) -> None:
    """One step: everything random in it follows from the seed and its number."""
    random = np.random.default_rng((seed, state.step))
    device = next(state.network.parameters()).device
    picked = random.integers(len(images), size=settings.batch)
    clean = images[torch.from_numpy(picked)]
    noise = torch.from_numpy(random.standard_normal(tuple(clean.shape), dtype=np.float32))
    time = torch.from_numpy(random.random(settings.batch, dtype=np.float32))
    label, words = told([_hidden(codes[index], random, settings.forget) for index in picked])
    clean, noise, time = clean.to(device), noise.to(device), time.to(device)
    signal, level = (part[:, None, None, None] for part in noise_level(time))
    found = state.network(signal * clean + level * noise, time, label.to(device), words.to(device))
    loss = (found - (signal * noise - level * clean)).square().mean()
    if not torch.isfinite(loss):
        raise EvaluationError(
            f"expected a loss that is a number, found none at step {state.step}. Next: a smaller rate "
            f"(now {settings.rate}) and a new checkpoint"
        )
    _learn(state, loss, settings)


def _learn(state: _State, loss: Tensor, settings: Diffusion) -> None:
    """Change the weights, and let their average follow."""
    for group in state.optimiser.param_groups:
        group["lr"] = settings.rate * min(1.0, (state.step + 1) / WARM_UP)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 1.0)
    state.optimiser.step()
    state.step += 1
    decay = min(settings.average, state.step / (state.step + 10))  # an average of few steps must not remember the start
    with torch.no_grad():
        for kept, now in zip(state.average.parameters(), state.network.parameters(), strict=True):
            kept.lerp_(now, 1 - decay)


def _hidden(code: tuple[int, list[int]], random: np.random.Generator, forget: float) -> tuple[int, list[int]]:
    """Hide the class, the words or both now and then, and single words too."""
    label, words = code
    both = random.random() < forget
    label = 0 if both or random.random() < forget / 2 else label
    words = [] if both or random.random() < forget / 2 else words
    return label, [UNKNOWN if random.random() < BLANKED else word for word in words]


def told(codes: Codes) -> tuple[Tensor, Tensor]:
    """Conditions as tensors: (B,) classes and (B, LONGEST) words, padded with zeros."""
    words = torch.zeros(len(codes), LONGEST, dtype=torch.long)
    for row, (_, numbers) in enumerate(codes):
        words[row, : len(numbers)] = torch.tensor(numbers, dtype=torch.long)
    return torch.tensor([label for label, _ in codes], dtype=torch.long), words


def _keep(state: _State, settings: Diffusion, name: str) -> None:
    """Write the checkpoint, whole or not at all (rule 2)."""
    if settings.checkpoint is None:
        return
    buffer = io.BytesIO()
    held = {part: getattr(state, part).state_dict() for part in ("network", "average", "optimiser")}
    torch.save({"name": name, "step": state.step, **held}, buffer)
    write_bytes(settings.checkpoint, buffer.getvalue())


def _go_on(state: _State, settings: Diffusion, name: str) -> None:
    """Continue from the checkpoint, where there is one.

    Raises:
        InputError: it is of another training, or damaged.
    """
    if settings.checkpoint is None or not settings.checkpoint.exists():
        return
    device = next(state.network.parameters()).device
    try:
        held: dict[str, Any] = torch.load(settings.checkpoint, map_location=device, weights_only=True)
        same = held["name"] == name
        if same:
            for part in ("network", "average", "optimiser"):
                getattr(state, part).load_state_dict(held[part])
            state.step = int(held["step"])
    except Exception as error:
        raise _other(settings, "a file that is damaged or no checkpoint") from error
    if not same or state.step > settings.steps:
        raise _other(settings, "one of other images, settings or another seed, or of more steps")


def _other(settings: Diffusion, what: str) -> InputError:
    return InputError(
        f"expected a checkpoint of this training at {settings.checkpoint}, found {what}. "
        "Next: name another file, or delete this one to start again"
    )
