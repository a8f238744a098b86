"""Other samples in a file, and nothing else: what a mark inside the pixels needs.

Rules
-----
1. Only without loss, and in the codec that the file has already. What loses information (JPEG, lossy WebP and DICOM
   codecs), and what this package cannot encode, is refused with a sentence that says what to convert it to.
2. Every byte that is not a sample, or says how long the samples are, stays: tags, texts, profiles, private elements.
3. What was written is read again with the reader that everybody uses, and has to be the samples that were wanted.
4. Samples in a file of their own beside a header, palettes of DICOM and TIFF, YBR, pyramids and animations are refused.
5. Each format is one object of :data:`STORES`; a new one needs ``load`` and ``store``, and a line there.

Example:
    >>> [store.format for store in STORES]
    ['dicom', 'nifti', 'nrrd', 'metaimage', 'png', 'tiff', 'webp']
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from misyn.errors import MarkError, NoRoomForMark

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Stored(NamedTuple):
    """The samples of a file, and its axes as in :class:`misyn.images.image.Image`."""

    pixels: NDArray[Any]
    axes: str


@dataclass(frozen=True)
class Store:
    """One format: ``module`` has ``load(path) -> Stored`` and ``store(source, target, pixels)``."""

    format: str
    module: str

    def load(self, path: Path) -> Stored:
        """Read the samples of a file that can be written without loss.

        Raises:
            NoRoomForMark: it cannot (rules 1 and 4).
            UnreadableImage: it cannot be read.
        """
        found: Stored = self._imported().load(path)
        return found

    def store(self, source: Path, target: Path, pixels: NDArray[Any]) -> None:
        """Write ``source`` with other samples, of the shape and dtype that ``load`` gave, to ``target``."""
        self._imported().store(source, target, pixels)

    def _imported(self) -> Any:  # noqa: ANN401 - a module
        return importlib.import_module(f"{__name__}.{self.module}")


STORES = (
    Store("dicom", "dicom"),
    Store("nifti", "volumes"),
    Store("nrrd", "volumes"),
    Store("metaimage", "volumes"),
    Store("png", "png"),
    Store("tiff", "tiff"),
    Store("webp", "webp"),
)


def store_for(format: str) -> Store:  # noqa: A002 - the word of the house for it
    """The store of a format.

    Raises:
        NoRoomForMark: its samples cannot be written without loss.

    Example:
        >>> store_for("png").format
        'png'
    """
    for store in STORES:
        if store.format == format:
            return store
    raise NoRoomForMark(lossy_sentence(format))


def lossy_sentence(what: str) -> str:
    """What to say of a file that loses information whenever its samples are written.

    Example:
        >>> lossy_sentence("jpeg")[:40]
        'expected samples that can be written aga'
    """
    return (
        f"expected samples that can be written again without loss, found {what}. "
        "Next: mark the image before it is saved with loss, as PNG, TIFF, NIfTI or uncompressed DICOM"
    )


@contextmanager
def rewritten(source: Path, pixels: NDArray[Any], *, format: str, beside: Path) -> Iterator[Path]:  # noqa: A002
    """Give a copy of a file with other samples; the copy goes when the block ends.

    Args:
        source: the file.
        pixels: the new samples, of the shape and dtype that :meth:`Store.load` gave.
        format: the name of the file's format.
        beside: a folder that may be written.

    Raises:
        NoRoomForMark: rules 1 and 4.
        MarkError: rule 3.
        UnreadableImage: the file cannot be read.
    """
    store = store_for(format)
    with tempfile.TemporaryDirectory(prefix=".misyn-", dir=beside) as folder:
        copy = Path(folder) / source.name
        store.store(source, copy, pixels)
        if not _same(store.load(copy).pixels, pixels):
            raise MarkError(
                "expected to read back the samples that were written, found others. The file was left as it is. "
                "Next: convert it to another format, and report this"
            )
        yield copy


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays hold the same samples, those that are no numbers included."""
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
