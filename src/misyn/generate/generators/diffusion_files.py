"""A trained diffusion model as a file: one NumPy archive, readable without torch and without running code.

Rules
-----
1. The archive holds arrays and one JSON text; nothing in it is executed when it is read.
2. It names the digest of its weights; one whose weights have another is refused.

Example:
    >>> load(Path("no such file"))
    Traceback (most recent call last):
    misyn.errors.InputError: expected a saved diffusion model, found none at no such file. Next: check the path
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from misyn.atomic import write_bytes
from misyn.errors import InputError
from misyn.generate.generators.diffusion import Diffusion, DiffusionModel
from misyn.generate.generators.prompts import Vocabulary

SCHEMA = "misyn/diffusion/1"
_KEPT = ("steps", "batch", "width", "patch", "rate", "average", "sampling", "guidance", "forget")


def save(model: DiffusionModel, path: Path) -> Path:
    """Write the model, whole or not at all."""
    about = {
        "schema": SCHEMA,
        "weights": model.weights,
        "classes": model.classes,
        "words": model.vocabulary.words,
        "shape": model.shape,
        "settings": {name: getattr(model.settings, name) for name in _KEPT},
    }
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {f"weights/{name}": value for name, value in sorted(model.parameters.items())}
    np.savez(buffer, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    write_bytes(path, buffer.getvalue())
    return path


def load(path: Path) -> DiffusionModel:
    """Read a model.

    Raises:
        InputError: there is none, it is something else, or it is damaged (rule 2).
    """
    if not path.is_file():
        raise InputError(f"expected a saved diffusion model, found none at {path}. Next: check the path")
    try:
        with np.load(path, allow_pickle=False) as archive:
            about = json.loads(archive["about"].tobytes())
            parameters = {
                name.removeprefix("weights/"): archive[name] for name in archive.files if name.startswith("weights/")
            }
        model = _model(about, parameters)
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"expected a saved diffusion model at {path}, found something else. Next: train it again"
        ) from error
    if about.get("schema") != SCHEMA or model.weights != about.get("weights"):
        raise InputError(f"expected the weights that {path} names, found others: it is damaged. Next: train it again")
    return model


def _model(about: dict[str, Any], parameters: dict[str, Any]) -> DiffusionModel:
    return DiffusionModel(
        Diffusion(**{name: about["settings"][name] for name in _KEPT}),
        parameters,
        tuple(about["classes"]),
        Vocabulary(tuple(about["words"])),
        tuple(about["shape"]),
    )
