"""Any ONNX file as extractor: ``onnx:FILE[,scale=imagenet|unit|signed|byte][,size=N][,output=NAME]``.

Rules
-----
1. The file's digest is in the extractor's name, its path is not.
2. Size and channels are read off the model's input where it states them (NCHW or NHWC); else 224 and colour.
3. One thread, on the processor: the same file and pixels give the same numbers on one machine, whatever the workers.
4. A model file is a program: use files you trust. Data outside the file is not covered by its digest, and is refused.

Needs onnxruntime (extra ``onnx``). Follows the ONNX operator set that onnxruntime reads.

Example:
    >>> options("model.onnx,scale=unit,size=64")
    ('model.onnx', {'scale': 'unit', 'size': '64'})
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.canonical import digest
from misyn.errors import MissingExtra, UsageError
from misyn.evaluate.extractors import Pixels
from misyn.evaluate.extractors.inputs import SCALES, Input, pooled

SIZE = 224
OPTIONS = ("scale", "size", "output")


@dataclass(frozen=True, eq=False)
class OnnxFile:
    """One opened model."""

    spec: str
    name: str
    fed: Input
    channels_last: bool
    output: str
    dimension: int
    session: Any
    version: int = 1

    @property
    def preprocessing(self) -> str:
        """What is fed, and which output is taken."""
        return f"{self.fed.said}; output {self.output}"

    def blocks(self, *, colour: bool) -> tuple[tuple[str, int], ...]:  # noqa: ARG002 - a model has its own channels
        """One block: a network's numbers belong together."""
        return (("network", self.dimension),)

    def extract(self, pixels: Pixels) -> NDArray[np.float32]:
        """Describe one plane: (Y, X) or (Y, X, 3) in [0, 1] to (D,)."""
        tensor = self.fed.tensor(pixels)[None]
        if self.channels_last:
            tensor = np.ascontiguousarray(np.moveaxis(tensor, 1, 3))
        (found,) = self.session.run([self.output], {self.session.get_inputs()[0].name: tensor})
        return pooled(found)

    def missing(self) -> MissingExtra | None:
        """Nothing: it is open."""
        return None


def options(model: str) -> tuple[str, dict[str, str]]:
    """Split a file's name from its options.

    Raises:
        UsageError: an option that does not exist.
    """
    place, *parts = model.split(",")
    found = dict(part.partition("=")[::2] for part in parts)
    wrong = [name for name in found if name not in OPTIONS]
    if wrong or found.get("scale", "unit") not in SCALES or not found.get("size", "1").isdigit():
        raise UsageError(
            f"expected onnx:FILE with options out of scale={'|'.join(SCALES)}, size=N and output=NAME; "
            f"found {model!r}. Next: --extractor onnx:model.onnx,scale=imagenet"
        )
    return place, found


def opened(model: str) -> OnnxFile:
    """Open a model.

    Raises:
        MissingExtra: onnxruntime is not installed.
        UsageError: there is no such file, or it is no model of images.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        raise MissingExtra("Features by an ONNX file", package="onnxruntime", extra="onnx")
    place, chosen = options(model)
    path = Path(place)
    session, content = _session(path)
    entry = session.get_inputs()[0]
    side = int(chosen.get("size", SIZE))
    fed, last = _input(entry.shape, entry.type, side=side, scale=chosen.get("scale", "imagenet"), path=path)
    names = [output.name for output in session.get_outputs()]
    output = chosen.get("output", names[0])
    if output not in names:
        raise UsageError(f"expected an output out of {', '.join(names)} in {path.name}, found {output!r}")
    name = f"onnx:{path.name}@{digest(content)[:19]}"
    found = OnnxFile(f"onnx:{model}", name, fed, last, output, 0, session)
    grey = np.zeros((8, 8), np.float32)
    return OnnxFile(f"onnx:{model}", name, fed, last, output, len(found.extract(grey)), session)


def _session(path: Path) -> tuple[Any, bytes]:
    """Open the bytes of a model, so that what runs is what was hashed."""
    import onnxruntime  # noqa: PLC0415 - an extra

    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"expected an ONNX file at {path}, found none that can be read. Next: check the path") from (
            error
        )
    wanted = onnxruntime.SessionOptions()
    wanted.intra_op_num_threads = wanted.inter_op_num_threads = 1
    wanted.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, wanted, providers=["CPUExecutionProvider"]), content
    except Exception as error:  # onnxruntime has a dozen of its own, with no common ancestor
        raise UsageError(
            f"expected a whole ONNX model in {path.name}, found a file that onnxruntime does not open "
            f"({type(error).__name__}). Next: export it again, with its weights inside"
        ) from error


def _input(shape: Sequence[object], kind: str, *, side: int, scale: str, path: Path) -> tuple[Input, bool]:
    """What the model is fed, and whether channels come last (rule 2)."""
    known = [n if isinstance(n, int) and n > 0 else None for n in shape]
    if len(known) != 4 or kind != "tensor(float)" or known[0] not in {None, 1}:
        raise UsageError(
            f"expected a model whose first input is one image of float32 (1, channels, height, width), found "
            f"{list(shape)} of {kind} in {path.name}. Next: export it for single images"
        )
    last = known[1] not in {1, 3} and known[3] in {1, 3}
    channels, height, width = (known[3], known[1], known[2]) if last else (known[1], known[2], known[3])
    mean, std = SCALES[scale]
    channels = channels if channels in {1, 3} else 3
    if channels == 1 and len(mean) == 3:
        mean, std = (sum(mean) / 3,), (sum(std) / 3,)
    return Input(width or side, height or side, channels, mean, std), last
