"""What one source image says of its origin, wherever it is: on the disk, in pydicom, in nibabel, or only declared.

Rules
-----
1. The same rules judge a source as judge a file (:mod:`misyn.marks.policy`); one that is contradictory is refused.
2. Objects in memory are read through the bytes they would be saved as, so that one reader decides.
3. The digest is that of the canonical pixels (:attr:`misyn.Image.digest`), and None where an object has none.

Example:
    >>> from misyn.marks.declaration import Technique
    >>> made = Declaration(technique=Technique(name="pca"), responsible="A", created="2026-11-22T10:00:00Z")
    >>> look(made).synthetic, look(Source(digest=None), medical=True).medical
    (True, True)
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from misyn.errors import MarkError, UsageError
from misyn.images.formats import read, sniff
from misyn.marks.credential.reading import read as read_credential
from misyn.marks.credential.state import ABSENT, Credential
from misyn.marks.declaration import Declaration
from misyn.marks.metadata import writer_for
from misyn.marks.policy import DEFAULT, Observed


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is known of one source image.

    Attributes:
        declaration: its declaration, or None.
        digest: digest of its canonical pixels, or None.
        synthetic: whether anything in it says synthetic; a declaration does.
        medical: whether its header shows acquisition, or the caller says so.
        identities: patient ids that a synthetic data set carries as its own.
    """

    declaration: Declaration | None = None
    digest: str | None = None
    synthetic: bool = False
    medical: bool = False
    identities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """A declaration says synthetic."""
        if self.declaration is not None:
            object.__setattr__(self, "synthetic", True)


def look(thing: object, *, medical: bool = False) -> Source:
    """Find out what a source says.

    Args:
        thing: a path, a pydicom data set, a nibabel image, a :class:`misyn.Image` that was read from a file, a
            declaration, or a :class:`Source`.
        medical: whether the caller knows it to be a medical image.

    Raises:
        UsageError: it is none of these.
        MarkError: its own statements contradict each other, or it says synthetic and is given as medical.
        UnreadableImage: it cannot be read.
    """
    found = _look(thing)
    if medical and found.synthetic:
        raise MarkError("expected a medical image, found one that says synthetic. Next: give it among the sources")
    return replace(found, medical=medical or found.medical)


def _look(thing: object) -> Source:
    if isinstance(thing, Source):
        return thing
    if isinstance(thing, Declaration):
        return Source(declaration=thing)
    if isinstance(thing, str | os.PathLike):
        return _file(Path(thing))
    reader = _in_memory(thing)
    if reader is not None:
        return reader(thing)
    path, digest = getattr(thing, "path", None), getattr(thing, "digest", None)
    if isinstance(path, Path) and isinstance(digest, str):  # an Image: its pixels as they are now, its file's words
        return replace(_file(path, pixels=False), digest=digest)
    raise UsageError(
        f"expected a path, a data set, a nibabel image, a declaration or a Source, found {type(thing).__name__}. "
        "Next: for an array, give Source(declaration=..., digest=...)"
    )


def _in_memory(thing: object) -> Callable[[Any], Source] | None:
    """The reader of objects of other libraries, which are imported where such an object exists."""
    pydicom, nibabel = sys.modules.get("pydicom"), sys.modules.get("nibabel")
    if pydicom and isinstance(thing, pydicom.Dataset):
        return _dataset
    if nibabel and isinstance(thing, nibabel.nifti1.Nifti1Pair):
        return _volume
    return None


def _file(path: Path, *, pixels: bool = True) -> Source:
    name = sniff(path).name
    credential = read_credential(path, format=name)
    with path.open("rb") as stream:
        found = _judged(stream, name, credential)
    return replace(found, digest=read(path).digest) if pixels else found


def _dataset(dataset: Any) -> Source:  # noqa: ANN401 - a pydicom data set
    from misyn.marks.inheritance import dicom  # noqa: PLC0415 - only where pydicom is there already

    found = _judged(BytesIO(dicom.header_bytes(dataset)), "dicom")
    patient = str(dataset.get("PatientID", "") or "")
    identities = (patient,) if patient and found.synthetic else ()
    return replace(found, digest=dicom.digest(dataset), identities=identities)


def _volume(image: Any) -> Source:  # noqa: ANN401 - a nibabel image
    from misyn.marks.inheritance import nifti  # noqa: PLC0415 - only where nibabel is there already

    return replace(_judged(BytesIO(nifti.header_bytes(image)), "nifti"), digest=nifti.digest(image))


def digest_of(data: bytes, *, suffix: str) -> str:
    """Digest of the canonical pixels of a file that is only in memory.

    Raises:
        UnreadableImage: its pixels cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="misyn-") as folder:
        path = Path(folder) / f"image{suffix}"
        path.write_bytes(data)
        return read(path).digest


def _judged(stream: BinaryIO, format: str, credential: Credential = ABSENT) -> Source:  # noqa: A002 - the house's word
    """Judge a source by the rules of a verdict (rule 1)."""
    observed = Observed(writer_for(format).inspect(stream), credential)
    judgement = DEFAULT.judge(observed)
    if judgement.verdict == "contradictory":
        raise MarkError(
            f"expected a source whose statements agree, found a contradiction: {'; '.join(judgement.problems)}. "
            "Next: misyn verify shows what disagrees; settle it at the source"
        )
    declared = next(iter(reversed(observed.stated)), None)
    return Source(declaration=declared, synthetic=observed.any_evidence, medical=bool(observed.acquisition))
