"""Every way misyn can refuse, as one tree.

Rules
-----
1. Every error a caller may want to catch derives from :class:`MisynError`.
2. A message says what was expected, what was found, where, and what to do next. It never repeats raw header values:
   a hostile file must not speak through our terminal, and a patient's name must not reach a log.
3. Nothing here imports anything: the tree can be read without the house.

The tree::

    MisynError
    ├── UsageError                 the call cannot mean anything
    ├── MissingExtra               an optional package is absent; the message ends with the pip line
    ├── InputError                 what was given cannot be used
    │   ├── NoImages               a place holds nothing that reads as an image
    │   ├── TableError             a table does not read, or does not join the images
    │   ├── RecordError            misyn.yaml has problems; all are listed, each with its path
    │   ├── UnreadableDocument     a paper cannot be read, or reading it would pass a limit
    │   └── UnreadableImage        one file
    │       ├── UnknownFormat      no reader recognises its content
    │       ├── MalformedImage     it claims a format and breaks that format's rules
    │       ├── NoPixels           a valid object of a kind that has none (a report, a plan, a waveform)
    │       ├── UnsupportedImage   valid, and not readable here (a codec, a layout)
    │       ├── UnsafeMember       a member of a folder or archive that must not be followed or cannot be opened alone
    │       └── LimitExceeded      reading it would pass a limit that protects this machine
    ├── MarkError                  a mark cannot be written
    │   ├── NoRoomForMark          the format has no place for one; the message names a format to convert to
    │   ├── AcquiredFromPatient    the header shows acquisition from a patient; ``--force`` is needed and is recorded
    │   ├── WouldOverwrite         a file is already there; ``--overwrite`` is needed
    │   └── UnmarkedImage          an image without a mark where only marked ones may be
    ├── Refused                    a guard does not let images through: undeclared, contradictory, or in the wrong split
    ├── EvaluationError            a measure is undefined on this input
    │   └── MixedFeatures          features of different extractors or preparations were put together
    ├── EvidenceError              evidence is missing, altered, or not what its digest says
    ├── SigningError               a key or certificate is missing, unreadable, expired, or not what it says
    └── LogError                   the transparency log
        ├── MalformedLogData       bytes that claim to be a note, checkpoint, proof, tile, entry or policy, and are not
        ├── NotProven              a signature, a proof or a policy does not hold: believe nothing that rests on it
        │   ├── PolicyUnmet        too few witnesses have cosigned
        │   ├── TooOld             knowledge older than the caller accepts
        │   └── LogMisbehaved      two signed statements of one log cannot both be true; ``evidence`` holds them
        ├── LogBroken              the stored log contradicts itself or its own past: nothing is signed
        └── LogUnavailable         the stored log cannot be read or written now; nothing was acknowledged

Example:
    >>> raise RecordError([("data.synthetic.path", "expected text, found 3")])  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    RecordError: 1 problem in the record: data.synthetic.path: expected text, found 3
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


class MisynError(Exception):
    """Anything misyn refuses to do, with a sentence a person can act on."""


class UsageError(MisynError):
    """The call itself cannot mean anything: contradictory or missing arguments."""


class MissingExtra(MisynError):
    """An optional package is not installed.

    Example:
        >>> print(MissingExtra("C2PA credentials", package="c2pa-python", extra="credential"))
        C2PA credentials need c2pa-python, which is not installed. Next: pip install 'misyn[credential]'
    """

    def __init__(self, what: str, *, package: str, extra: str) -> None:
        super().__init__(f"{what} need {package}, which is not installed. Next: pip install 'misyn[{extra}]'")
        self.package = package
        self.extra = extra


class InputError(MisynError):
    """What was given cannot be used."""


class NoImages(InputError):
    """A place holds nothing that reads as an image."""


class TableError(InputError):
    """A table does not read, or does not join the images."""


class RecordError(InputError):
    """A record has problems; ``problems`` lists all of them as (path in the record, sentence)."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''} in the record"
        super().__init__(f"{count}: " + "; ".join(f"{where}: {what}" for where, what in self.problems))


class UnreadableDocument(InputError):
    """A paper cannot be read as text, or reading it would pass a limit that protects this machine."""


class UnreadableImage(InputError):
    """One file cannot be read as an image. ``path`` is the file, or None for bytes in memory."""

    def __init__(self, message: str, *, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path

    def __reduce__(self) -> tuple[type[UnreadableImage], tuple[str], dict[str, object]]:
        """Keep the path when the error crosses a process border."""
        return type(self), (str(self),), self.__dict__


class UnknownFormat(UnreadableImage):
    """No reader recognises the content."""


class MalformedImage(UnreadableImage):
    """The file claims a format and breaks that format's rules."""


class NoPixels(UnreadableImage):
    """A valid object of a kind that carries no pixels, such as a structured report."""


class UnsupportedImage(UnreadableImage):
    """A valid image that cannot be read here."""


class UnsafeMember(UnreadableImage):
    """A member of a folder or archive must not be followed: it leads out, is a link, a device, or comes twice."""


class LimitExceeded(UnreadableImage):
    """Reading would pass a limit. ``limit`` names the field of :class:`misyn.images.limits.Limits`."""

    limit: str = ""


class MarkError(MisynError):
    """A mark cannot be written."""


class NoRoomForMark(MarkError):
    """The format has no place for a mark."""


class AcquiredFromPatient(MarkError):
    """The header shows that the image was acquired from a patient."""


class WouldOverwrite(MarkError):
    """A file is already where the result would go."""


class UnmarkedImage(MarkError):
    """An image without a mark is, or would be, where only marked ones may be."""


class Refused(MisynError):
    """A guard does not let images through; ``reasons`` counts them by sentence."""

    def __init__(self, message: str, *, reasons: Mapping[str, int] | None = None) -> None:
        super().__init__(message)
        self.reasons = dict(reasons or {})


class EvaluationError(MisynError):
    """A measure is undefined on this input."""


class MixedFeatures(EvaluationError):
    """Features of different extractors or preparations were put together."""


class EvidenceError(MisynError):
    """Evidence is missing, altered, or not what its digest says."""


class SigningError(MisynError):
    """A key or certificate is missing, unreadable, expired, or not what it says."""


class LogError(MisynError):
    """The transparency log cannot do this, or must not."""


class MalformedLogData(LogError):
    """Bytes claim to be a note, checkpoint, proof, tile, entry or policy, and break its format."""


class NotProven(LogError):
    """A signature, a proof or a policy does not hold."""


class PolicyUnmet(NotProven):
    """Too few witnesses have cosigned."""


class TooOld(NotProven):
    """The knowledge is older than the caller accepts."""


class LogMisbehaved(NotProven):
    """Two signed statements of one log cannot both be true. ``evidence`` holds them, for anyone to check."""

    def __init__(self, message: str, *, evidence: tuple[bytes, ...] = ()) -> None:
        super().__init__(message)
        self.evidence = evidence


class LogBroken(LogError):
    """The stored log contradicts itself or its own past."""


class LogUnavailable(LogError):
    """The stored log cannot be read or written now."""
