"""The border between parsers, which raise anything, and misyn, which raises its own errors.

Rules
-----
1. Whatever :class:`Exception` a parser raises leaves as a subtype of :class:`misyn.errors.UnreadableImage`;
   ``KeyboardInterrupt`` and ``SystemExit`` pass.
2. Texts of foreign exceptions may quote the file, so only the exception's type is repeated, and tracebacks do not show
   the exception either (``from None``); a debugger finds it in ``__context__``.
3. Warnings that parsers give about odd values stay inside: neither shown nor, under ``-W error``, turned into failures.
   Only those raised from parser packages are held back, only while a file is being read, and the filters are afterwards
   what they were. Python keeps one list of filters per process, so readers in several threads share one hold.

Example:
    >>> from misyn.images.limits import DEFAULT
    >>> with contained("png", path=None, limits=DEFAULT):  # doctest: +IGNORE_EXCEPTION_DETAIL
    ...     {}["patient's name"]
    Traceback (most recent call last):
    MalformedImage: expected a png file that keeps its format's rules, found ... fails with KeyError ...
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from misyn.errors import LimitExceeded, MalformedImage, MisynError, UnreadableImage
from misyn.images.limits import Limits, exceeded

PARSERS = r"(pydicom|pylibjpeg|openjpeg|jpeg_ls|imagecodecs|nibabel|nrrd|tifffile|PIL|misyn\.images)(\.|$)"


class _Hold:
    """Hold back the warnings of parsers while at least one reader is at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._filter: object = None

    def __enter__(self) -> None:
        with self._lock:
            self._readers += 1
            if self._readers == 1:
                warnings.filterwarnings("ignore", module=PARSERS)
                self._filter = warnings.filters[0]

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._readers -= 1
            filters = cast("list[object]", warnings.filters)  # typed read-only, documented as the live list
            if self._readers == 0 and self._filter in filters:
                filters.remove(self._filter)


_HOLD = _Hold()


@contextmanager
def contained(name: str, *, path: Path | None, limits: Limits) -> Iterator[None]:
    """Run a parser behind the border.

    Args:
        name: the format, for the message.
        path: the file, for the error.
        limits: the settings in force, for the error.

    Raises:
        UnreadableImage: a subtype for every :class:`Exception` from inside. Errors of misyn pass, with ``path`` filled
            in where it was missing.
    """
    try:
        with _HOLD:
            yield
    except MisynError as error:
        if isinstance(error, UnreadableImage) and error.path is None:
            error.path = path
        raise
    except RecursionError:
        raise exceeded("max_depth", None, limits=limits, path=path) from None
    except MemoryError:
        raise _out_of_memory(path) from None
    except Exception as error:
        raise MalformedImage(
            f"expected a {name} file that keeps its format's rules, found one on which its parser fails with "
            f"{type(error).__name__}. Next: open it in the software that wrote it and export it again",
            path=path,
        ) from None


def _out_of_memory(path: Path | None) -> LimitExceeded:
    error = LimitExceeded(
        "expected the decoded image to fit in this process's memory, found that it does not. "
        "Next: free memory, or set Limits(max_pixels=...) to what this machine can hold",
        path=path,
    )
    error.limit = "max_pixels"
    return error
