"""The network of the small diffusion model: a U-Net with two halvings that is told time, class and words.

Rules
-----
1. Words are the mean of their embeddings with their places: a bag of words that knows a little of order, no language
   model. The class is one embedding. Both are added to the embedding of time.
2. Attention at the coarsest level only. Squares of ``patch`` pixels are worked on as one, so that larger images cost no
   more.

Needs torch; imported by the trainer and the sampler alone.

Example:
    >>> embedding = times(torch.tensor([0.0, 1.0]), 8)
    >>> tuple(embedding.shape)
    (2, 8)
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from misyn.generate.generators.prompts import LONGEST


def times(time: Tensor, size: int) -> Tensor:
    """Sines and cosines of a time in [0, 1], shape ``(B, size)``."""
    frequencies = torch.exp(torch.linspace(0, math.log(1000), size // 2, device=time.device))
    angles = time[:, None] * frequencies[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Block(nn.Module):  # type: ignore[misc] # torch is an extra: mypy does not follow it
    """Two convolutions with a residual; the embedding scales and shifts between them."""

    def __init__(self, before: int, after: int, size: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(_groups(before), before), nn.SiLU(), nn.Conv2d(before, after, 3, 1, 1))
        self.told = nn.Linear(size, 2 * after)
        self.norm = nn.GroupNorm(_groups(after), after)
        self.second = nn.Sequential(nn.SiLU(), nn.Conv2d(after, after, 3, 1, 1))
        self.short = nn.Conv2d(before, after, 1) if before != after else nn.Identity()
        nn.init.zeros_(self.second[-1].weight)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """``x`` (B, before, Y, X) and ``embedding`` (B, size) to (B, after, Y, X)."""
        scale, shift = self.told(embedding)[..., None, None].chunk(2, dim=1)
        hidden = self.norm(self.first(x)) * (1 + scale) + shift
        return self.short(x) + self.second(hidden)


class Attention(nn.Module):  # type: ignore[misc]
    """Self-attention over the places of the coarsest level."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_groups(channels), channels)
        self.parts = nn.Conv2d(channels, 3 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, Y, X) to the same shape."""
        size = x.shape
        query, key, value = (part.flatten(2).transpose(1, 2) for part in self.parts(self.norm(x)).chunk(3, dim=1))
        found = functional.scaled_dot_product_attention(query, key, value)
        return x + self.out(found.transpose(1, 2).reshape(size))


class Teller(nn.Module):  # type: ignore[misc]
    """Time, class and words as one embedding."""

    def __init__(self, size: int, *, classes: int, words: int) -> None:
        super().__init__()
        self.size = size
        self.time = nn.Sequential(nn.Linear(size, size), nn.SiLU(), nn.Linear(size, size))
        self.label = nn.Embedding(classes + 1, size)
        self.word = nn.Embedding(words, size, padding_idx=0)
        self.place = nn.Parameter(torch.zeros(LONGEST, size))
        self.read = nn.Sequential(nn.Linear(size, size), nn.SiLU(), nn.Linear(size, size))

    def forward(self, time: Tensor, label: Tensor, words: Tensor) -> Tensor:
        """``time`` (B,) in [0, 1], ``label`` (B,), ``words`` (B, LONGEST), both whole numbers, to (B, size)."""
        there = (words > 0).float()[..., None]
        said = ((self.word(words) + self.place) * there).sum(1) / there.sum(1).clamp(min=1)
        asked = self.read(said) * (there.sum(1) > 0)
        return functional.silu(self.time(times(time, self.size)) + self.label(label) + asked)


class Network(nn.Module):  # type: ignore[misc]
    """The U-Net: three levels of ``width``, ``2 width`` and ``2 width`` channels."""

    def __init__(self, *, channels: int, width: int, classes: int, words: int, patch: int = 1) -> None:
        super().__init__()
        size, wide = 4 * width, 2 * width
        within = channels * patch**2
        self.teller = Teller(size, classes=classes, words=words)
        self.enter = nn.Sequential(nn.PixelUnshuffle(patch), nn.Conv2d(within, width, 3, 1, 1))
        self.fine, self.middle = Block(width, width, size), Block(width, wide, size)
        self.coarse, self.look, self.after = Block(wide, wide, size), Attention(wide), Block(wide, wide, size)
        self.middle_back, self.fine_back = Block(2 * wide, wide, size), Block(wide + width, width, size)
        self.leave = nn.Sequential(
            nn.GroupNorm(_groups(width), width), nn.SiLU(), nn.Conv2d(width, within, 3, 1, 1), nn.PixelShuffle(patch)
        )

    def forward(self, x: Tensor, time: Tensor, label: Tensor, words: Tensor) -> Tensor:
        """Noisy images (B, C, Y, X) with what they are told, to the velocity, same shape."""
        told = self.teller(time, label, words)
        fine = self.fine(self.enter(x), told)
        middle = self.middle(functional.avg_pool2d(fine, 2), told)
        coarse = self.coarse(functional.avg_pool2d(middle, 2), told)
        coarse = self.after(self.look(coarse), told)
        middle = self.middle_back(torch.cat([_doubled(coarse), middle], dim=1), told)
        fine = self.fine_back(torch.cat([_doubled(middle), fine], dim=1), told)
        return self.leave(fine)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="nearest")


def _groups(channels: int) -> int:
    """Groups for normalisation: up to eight, dividing the channels."""
    return next(n for n in (8, 4, 2, 1) if channels % n == 0)
