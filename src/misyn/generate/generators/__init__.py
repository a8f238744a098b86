"""Reference generators: small, honest, and behind one protocol, so that others plug in.

They show limits; they do not compete. From the simplest to the largest:

- ``pca``: mean and principal axes with a Gaussian along each. No sample leaves the span of the training images.
- ``compositor``: lesions or wounds pasted onto healthy skin. Image-to-image: its pixels are a patient's.
- ``super-resolution``: finer pixels from coarse ones by a linear rule. Image-to-image, its source declared.
- ``diffusion``: a small text- and class-conditional diffusion model (extra ``torch``).
- ``copycat`` and ``collapsed``: negative controls. One gives training images back with small changes, the other draws
  few of them over and over. A measure that does not notice them measures nothing.

Rules
-----
1. :data:`GENERATORS` lists them in order. Others are found by the entry point group ``misyn.generators``.
2. A technique is its settings; :meth:`Technique.fit` gives a model, :meth:`Model.draw` gives images. Seeds are
   arguments; the same images, settings and seed give the same model, on one machine.
3. A model names what it learnt by a digest (``weights``), which the declaration of every image it draws carries.
4. Listing the generators imports none of them; a technique says what it lacks before it is used.

To add a generator: a frozen dataclass with the attributes of :class:`Technique`, and one line here or an entry point.

Example:
    >>> [one.name for one in GENERATORS]
    ['pca', 'compositor', 'super-resolution', 'diffusion', 'copycat', 'collapsed']
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, cast

from misyn.errors import UsageError

if TYPE_CHECKING:
    from misyn.generate.generators.training import Condition, Drawn, Progress, Training

GROUP = "misyn.generators"


class Model(Protocol):
    """What was learnt, ready to draw."""

    @property
    def weights(self) -> str:
        """Digest of what was learnt (rule 3)."""

    def draw(self, count: int, *, seed: int, conditions: Sequence[Condition] = ()) -> Drawn:
        """Draw images.

        Args:
            count: how many.
            seed: the same seed gives the same images.
            conditions: none, one for all, or one per image; what a generator without conditions is asked, it refuses.
        """


class Technique(Protocol):
    """A generator's settings: a frozen dataclass.

    ``kind`` and ``method`` are those of a record (``misyn.yaml``); ``control`` marks negative controls.
    """

    @property
    def name(self) -> str:
        """Short and unique."""

    @property
    def kind(self) -> str:
        """One of ``generation``, ``conditional``, ``text-to-image``, ``image-to-image``, ``rendering``, ``other``."""

    @property
    def method(self) -> str:
        """One of those of a record, such as ``diffusion`` or ``compositing``."""

    @property
    def control(self) -> bool:
        """Whether it is a negative control."""

    def missing(self) -> str | None:
        """None where it can run here, else a sentence that says what to install."""

    def fit(self, training: Training, *, seed: int, progress: Progress | None = None) -> Model:
        """Learn from training images.

        Raises:
            EvaluationError: these images cannot be learnt from, in a sentence.
            MissingExtra: an optional package is absent.
        """


@dataclass(frozen=True)
class Entry:
    """One generator of the list: its name, and where its technique is."""

    name: str
    module: str
    technique: str

    def load(self) -> type[Technique]:
        """Import the technique's class."""
        return cast("type[Technique]", getattr(importlib.import_module(self.module), self.technique))


GENERATORS: tuple[Entry, ...] = (
    Entry("pca", f"{__name__}.pca", "Pca"),
    Entry("compositor", f"{__name__}.compositor", "Compositor"),
    Entry("super-resolution", f"{__name__}.super_resolution", "SuperResolution"),
    Entry("diffusion", f"{__name__}.diffusion", "Diffusion"),
    Entry("copycat", f"{__name__}.controls", "Copycat"),
    Entry("collapsed", f"{__name__}.controls", "Collapsed"),
)


def find(name: str) -> type[Technique]:
    """Find a technique by its name, here or among the installed plug-ins.

    Raises:
        UsageError: there is none of that name; the message lists those there are.

    Example:
        >>> find("pca")(components=4).name
        'pca'
    """
    plugged = {point.name: point for point in entry_points(group=GROUP)}
    for entry in GENERATORS:
        if entry.name == name:
            return entry.load()
    if name in plugged:
        return cast("type[Technique]", plugged[name].load())
    known = ", ".join([entry.name for entry in GENERATORS] + sorted(plugged))
    raise UsageError(f"expected a generator out of {known}, found {name!r}. Next: use one of these, or install it")
