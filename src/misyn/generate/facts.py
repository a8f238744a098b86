"""What is said of every image that is born: weights, seed and condition, as digests and text.

Rules
-----
1. Weights are named by a digest of what they are: of a file or folder its bytes, of a PyTorch module or state its
   arrays by name, of anything with ``weights`` what that says.
2. A condition is named by a digest, never quoted (:mod:`misyn.marks.making`); text, numbers, JSON-like data and arrays
   can be conditions.
3. Seeds become text, so that 64 bits and more fit.

Example:
    >>> condition_digest("a red patch") == condition_digest("a red patch"), condition_digest(None)
    (True, None)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from misyn.canonical import digest, is_digest, record_digest
from misyn.errors import UsageError

_CHUNK = 1 << 20


def weights_digest(weights: object) -> str | None:
    """Name weights by a digest (rule 1).

    Args:
        weights: None, a digest, a path, a PyTorch module or state, a pipeline of diffusers, a mapping from names to
            arrays, or a model with ``weights``.

    Raises:
        UsageError: it is none of these, or no such file.
    """
    if weights is None or is_digest(weights):
        return weights if weights is None else str(weights)
    if isinstance(weights, str | Path):
        return _of_path(Path(weights))
    own = getattr(weights, "weights", None)
    if is_digest(own):
        return own
    parts = getattr(weights, "components", None)
    if isinstance(parts, Mapping):  # a pipeline of diffusers: its networks, by name
        return record_digest({name: weights_digest(one) for name, one in parts.items() if hasattr(one, "state_dict")})
    state = weights.state_dict() if hasattr(weights, "state_dict") else weights
    if isinstance(state, Mapping):
        return _of_state(state)
    raise UsageError(
        f"expected weights as a digest, a file, a module or a mapping of arrays, found {type(weights).__name__}. "
        "Next: give misyn.canonical.digest(bytes) of what was learnt"
    )


def _of_path(path: Path) -> str:
    """Digest of a file's bytes, or of a folder's files with their names."""
    if path.is_file():
        return "sha256:" + _hash_file(path)
    if path.is_dir():
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        return record_digest({name: _hash_file(path / name) for name in names})
    raise UsageError(
        f"expected weights at {path}, found no such file or folder. Next: check the path, or give a digest"
    )


def _hash_file(path: Path) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


def _of_state(state: Mapping[Any, Any]) -> str:
    """Digest of arrays or tensors by name; what is no array is named by its text."""
    hashed = hashlib.sha256()
    for name in sorted(map(str, state)):
        array = as_array(state[name])
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")) if array.dtype.kind != "O" else array
        data = str(state[name]).encode() if plain.dtype.kind == "O" else plain.tobytes()
        hashed.update(f"{name}\0{plain.dtype.str}{plain.shape}\0".encode() + data)
    return "sha256:" + hashed.hexdigest()


def as_array(image: object) -> np.ndarray[Any, np.dtype[Any]]:
    """Anything with samples as a NumPy array: arrays, PyTorch tensors on any device, pictures of Pillow.

    Example:
        >>> as_array([[1, 2], [3, 4]]).shape
        (2, 2)
    """
    if hasattr(image, "detach"):
        tensor = image.detach().cpu()
        return np.asarray(tensor.float().numpy() if str(tensor.dtype) == "torch.bfloat16" else tensor.numpy())
    return np.asarray(image)


def condition_digest(condition: object) -> str | None:
    """Name a condition by a digest (rule 2); None for none.

    Raises:
        UsageError: an empty prompt, or something that is neither JSON-like nor an array.
    """
    if condition is None or is_digest(condition):
        return condition if condition is None else str(condition)
    own = getattr(condition, "digest", None)
    if is_digest(own):
        return own
    if isinstance(condition, str):
        if not condition.strip():
            raise UsageError("expected a prompt with words, found an empty one. Next: leave it out, or say what")
        return digest(condition.encode())
    if isinstance(condition, bool | int | float | Mapping | list | tuple):
        return record_digest({"condition": condition})
    array = as_array(condition)
    if array.dtype.kind not in "biuf":
        raise UsageError(f"expected a condition of text, numbers or samples, found {type(condition).__name__}")
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return digest(f"{plain.dtype.str}{plain.shape}\0".encode() + plain.tobytes())


def seed_text(seed: object) -> str | None:
    """A seed as text (rule 3): a number, text, or a generator of PyTorch."""
    if seed is None:
        return None
    own = getattr(seed, "initial_seed", None)
    return str(own() if callable(own) else seed)
