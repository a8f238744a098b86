"""Models that lie on this machine already: ``hf:NAME_OR_FOLDER`` (transformers) and ``timm:NAME``.

Rules
-----
1. Nothing is downloaded here, ever: a machine with medical images may have no network, and a tool that fetches code and
   weights without being asked is none to trust there. Who has a network fetches the model first; the error says how.
2. Weights in safetensors only (no pickles), no code from the model's own repository. Their digest is in the name.
3. Size, mean and spread are those the model's own configuration states.

Needs torch with transformers (extra ``huggingface``) or timm (extra ``timm``).

Example:
    >>> hugging_face("no/such-model")  # doctest: +ELLIPSIS, +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    misyn.errors.UsageError: expected the model no/such-model on this machine, found none...
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.canonical import digest
from misyn.errors import MissingExtra, UsageError
from misyn.evaluate.extractors import Pixels
from misyn.evaluate.extractors.inputs import IMAGENET, Input, pooled

SIZE = 224
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


@dataclass(frozen=True, eq=False)
class TorchModel:
    """One opened network."""

    spec: str
    name: str
    fed: Input
    network: Any
    dimension: int = 0
    version: int = 1

    @property
    def preprocessing(self) -> str:
        """What is fed."""
        return self.fed.said

    def blocks(self, *, colour: bool) -> tuple[tuple[str, int], ...]:  # noqa: ARG002 - a model has its own channels
        """One block: a network's numbers belong together."""
        return (("network", self.dimension),)

    def extract(self, pixels: Pixels) -> NDArray[np.float32]:
        """Describe one plane: (Y, X) or (Y, X, 3) in [0, 1] to (D,)."""
        import torch  # noqa: PLC0415 - an extra

        with torch.inference_mode():
            found = self.network(torch.from_numpy(self.fed.tensor(pixels)[None]))
        return pooled(_vectors(found).numpy())

    def missing(self) -> MissingExtra | None:
        """Nothing: it is open."""
        return None


def _vectors(found: Any) -> Any:  # noqa: ANN401 - a tensor, or transformers' answer that holds several
    pooler = getattr(found, "pooler_output", None)
    return pooler if pooler is not None else getattr(found, "last_hidden_state", found)


def _measured(model: TorchModel) -> TorchModel:
    """The same with its dimension, which one picture shows."""
    return replace(model, dimension=len(model.extract(np.zeros((8, 8), np.float32))))


def _ready(family: str, packages: tuple[str, ...], extra: str) -> None:
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(f"Features by {family} models", package=package, extra=extra)
    os.environ.update(OFFLINE)


def _absent(model: str, command: str) -> UsageError:
    return UsageError(
        f"expected the model {model} on this machine, found none. misyn downloads nothing. Next: where there is a "
        f"network, {command}; or copy that folder here"
    )


def hugging_face(model: str) -> TorchModel:
    """Open a model of transformers, from its folder or from the local cache of the Hugging Face hub.

    Raises:
        MissingExtra: torch or transformers is not installed.
        UsageError: the model is not on this machine, or is none of images.
    """
    _ready("Hugging Face", ("torch", "transformers"), "huggingface")
    import torch  # noqa: PLC0415 - an extra
    import transformers  # noqa: PLC0415
    from transformers.utils.hub import cached_file  # noqa: PLC0415

    try:
        weights = Path(str(cached_file(model, "model.safetensors", local_files_only=True)))
        stated = json.loads(
            Path(str(cached_file(model, "preprocessor_config.json", local_files_only=True))).read_text("utf-8")
        )
        network = transformers.AutoModel.from_pretrained(
            model, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise _absent(model, f"hf download {model}") from error
    torch.set_num_threads(1)
    vision = getattr(network, "vision_model", network)  # of a model of images and text, the part that sees
    name = f"hf:{Path(model).name}@{digest(weights.read_bytes())[:19]}"
    return _measured(TorchModel(f"hf:{model}", name, _fed(stated), vision.eval()))


def _fed(stated: Mapping[str, Any]) -> Input:
    """What ``preprocessor_config.json`` asks for."""
    size = stated.get("crop_size") or stated.get("size") or SIZE
    if isinstance(size, Mapping):
        short = size.get("shortest_edge", SIZE)
        height, width = size.get("height", short), size.get("width", short)
    else:
        height = width = size
    mean, std = stated.get("image_mean") or IMAGENET[0], stated.get("image_std") or IMAGENET[1]
    return Input(int(width), int(height), 3, tuple(map(float, mean)), tuple(map(float, std)))


def timm(model: str) -> TorchModel:
    """Open a model of timm whose weights are in the local cache.

    Raises:
        MissingExtra: torch or timm is not installed.
        UsageError: timm knows no such model, or its weights are not on this machine.
    """
    _ready("timm", ("torch", "timm"), "timm")
    import timm as library  # noqa: PLC0415 - an extra
    import torch  # noqa: PLC0415

    try:
        network = library.create_model(model, pretrained=True, num_classes=0)
    except Exception as error:  # timm, the hub and torch each have their own
        raise _absent(model, f"python -c \"import timm; timm.create_model('{model}', pretrained=True)\"") from error
    stated = library.data.resolve_model_data_config(network)
    channels, height, width = stated["input_size"]
    fed = Input(width, height, channels, tuple(stated["mean"]), tuple(stated["std"]))
    torch.set_num_threads(1)
    values = b"".join(v.detach().contiguous().numpy().tobytes() for v in network.state_dict().values())
    return _measured(TorchModel(f"timm:{model}", f"timm:{model}@{digest(values)[:19]}", fed, network.eval()))
