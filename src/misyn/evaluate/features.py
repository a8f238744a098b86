"""From files to feature vectors, and from vectors to comparable distances.

Rules
-----
1. Results never mix extractors or plans: every vector names both (:func:`made_by`), and :func:`together` refuses a mix.
2. :func:`describe` runs in the engine's workers. Where all sets are volumes, a volume's vector describes the volume
   (:mod:`misyn.evaluate.volume`); else it is the mean over its planes' vectors.
3. Vectors cross process borders as base64 of little-endian float32.
4. Features are scaled by mean and spread of one named medical set, but by no less than a tenth of their spread over
   all images, so that one that hardly varies there cannot decide alone. One that is constant everywhere is dropped.
   Each block weighs the same.

Example:
    >>> decoded(encoded(np.array([1.5, -2.0], np.float32))).tolist()
    [1.5, -2.0]
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn import images
from misyn.canonical import record_digest
from misyn.errors import EvaluationError, MixedFeatures
from misyn.evaluate import attributes, matching, volume
from misyn.evaluate.extractors import Extractor, identity
from misyn.evaluate.extractors.known import EXTRACTORS, by_name
from misyn.evaluate.preprocess import Plan, prepared
from misyn.images.limits import DEFAULT, Limits

Floats = NDArray[np.float64]

__all__ = ["EXTRACTORS", "Scaled", "by_name", "decoded", "describe", "encoded", "made_by", "scaled", "together"]

CONSTANT = 1e-9  # spread, relative to the largest value, below which a feature is constant
LEAST = 0.1  # of the spread over all images, what a feature is divided by at least


def describe(item: str, *, plan: Plan, extractor: str, limits: Limits = DEFAULT) -> dict[str, Any]:
    """Read, prepare and describe one file.

    Args:
        item: path of the file.
        plan: how every image of the study is prepared.
        extractor: what :func:`misyn.evaluate.extractors.known.by_name` takes.
        limits: what reading it may cost.

    Returns:
        ``{"vector": text}``, see :func:`decoded`; ``by``, see :func:`made_by`; ``picture``, see :func:`picture_of`;
        ``attributes``, numbers by name (:mod:`misyn.evaluate.attributes`).

    Raises:
        UnreadableImage: the file does not read.
    """
    image = images.read(Path(item), limits=limits)
    chosen = by_name(extractor)
    planes = list(prepared(image, plan))
    vectors = np.array([chosen.extract(plane) for plane in planes], np.float64)
    vector = (
        volume.vector(image, plan, extract=chosen.extract, planes=vectors) if plan.volumes else vectors.mean(axis=0)
    )
    small = matching.picture(planes[len(planes) // 2])
    return {
        "by": made_by(chosen, plan),
        "vector": encoded(vector),
        "picture": {"shape": list(small.shape), "grey": base64.b64encode(small.tobytes()).decode("ascii")},
        "attributes": attributes.describe(planes),
    }


def made_by(extractor: Extractor, plan: Plan) -> str:
    """The digest that names how a vector was made: the extractor with its preprocessing, and the study's plan."""
    return record_digest({"extractor": identity(extractor), "plan": plan.as_json()})


def blocks(extractor: Extractor, plan: Plan) -> tuple[tuple[str, int], ...]:
    """Names and lengths of the parts of a vector under a plan."""
    of_plane = extractor.blocks(colour=plan.colour)
    return volume.blocks(of_plane) if plan.volumes else of_plane


def together(rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
    """The vectors of several files as one matrix.

    Args:
        rows: what :func:`describe` said of each.

    Raises:
        MixedFeatures: they were made by different extractors, or prepared in different ways.

    Example:
        >>> together([{"by": "a", "vector": encoded(np.ones(2))}, {"by": "b", "vector": encoded(np.ones(2))}])
        Traceback (most recent call last):
        misyn.errors.MixedFeatures: expected features made in one way, found 2 ways among 2 images...
    """
    ways = {str(row["by"]) for row in rows}
    if len(ways) > 1:
        raise MixedFeatures(
            f"expected features made in one way, found {len(ways)} ways among {len(rows)} images: distances between "
            "them mean nothing. Next: describe all images with one extractor and one plan"
        )
    return np.array([decoded(row["vector"]) for row in rows])


def picture_of(value: Mapping[str, Any]) -> NDArray[np.uint8]:
    """The small grey picture of a file (of a volume its middle plane), from what :func:`describe` says."""
    grey = np.frombuffer(base64.b64decode(value["grey"]), np.uint8)
    return grey.reshape(value["shape"])


def encoded(vector: NDArray[Any]) -> str:
    """A vector as text: base64 of little-endian float32."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")


def decoded(text: str) -> NDArray[np.float32]:
    """A vector from its text."""
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)


@dataclass(frozen=True)
class Scaled:
    """Feature matrices in which distances can be measured.

    Attributes:
        sets: origin → (N, D) float64.
        constant: how many features were dropped because no image differs in them.
        by: the origin whose mean and spread scaled them.
    """

    sets: Mapping[str, Floats]
    constant: int
    by: str


def scaled(sets: Mapping[str, Floats], *, blocks: Sequence[tuple[str, int]], by: str) -> Scaled:
    """Scale all sets alike, by one of them.

    Args:
        sets: origin → (N, D) raw features.
        blocks: names and lengths of the parts of a vector; lengths add up to D.
        by: the origin that sets mean and spread.

    Raises:
        EvaluationError: no feature differs between any two images.

    Example:
        >>> found = scaled({"training": np.array([[0.0, 5.0], [2.0, 5.0]])}, blocks=[("a", 2)], by="training")
        >>> found.sets["training"].ravel().tolist(), found.constant
        ([-1.0, 1.0], 1)
    """
    everything = np.concatenate(list(sets.values()))
    own = sets[by]
    floor = CONSTANT * np.maximum(np.abs(everything).max(axis=0), 1.0)
    spread, overall = own.std(axis=0), everything.std(axis=0)
    kept = overall > floor
    if not kept.any():
        raise EvaluationError(
            "expected images that differ, found the same features in all of them: all images are identical. "
            "Next: check the folders"
        )
    unit = np.maximum(spread, LEAST * overall)
    weight = _weights(kept, blocks)
    centre = own.mean(axis=0)
    return Scaled(
        {name: (values[:, kept] - centre[kept]) / unit[kept] * weight for name, values in sets.items()},
        int((~kept).sum()),
        by,
    )


def _weights(kept: NDArray[np.bool_], blocks: Sequence[tuple[str, int]]) -> Floats:
    """Weight of every kept feature: one over the root of how many its block keeps."""
    if sum(length for _, length in blocks) != len(kept):
        raise EvaluationError(f"expected blocks of {len(kept)} features together, found {list(blocks)}")
    owner = np.repeat(np.arange(len(blocks)), [length for _, length in blocks])
    count = np.bincount(owner[kept], minlength=len(blocks))
    return np.asarray(1 / np.sqrt(count[owner[kept]]), np.float64)
