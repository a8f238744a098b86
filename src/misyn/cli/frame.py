"""What every command shares: options, progress, printing, and how an error leaves.

Rules
-----
1. A refusal (:class:`misyn.errors.MisynError`) is one sentence on stderr and exit status 2; ``-v`` adds the traceback.
2. Results go to stdout, progress and notes to stderr; the bar is silent where stderr is not a terminal.
3. ``--json`` prints one JSON document and nothing else on stdout.
4. A reader that goes away (``| head -1``) changes nothing: the command does all of its work, prints the rest nowhere,
   and ends with the status it would have had.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TextIO, TypeVar, cast

import click

from misyn.errors import MisynError, RecordError

P = ParamSpec("P")
R = TypeVar("R")
Progress = Callable[[int, int], None]

REFUSED = 2  # exit status: it could not be done
NO = 1  # exit status: done, and the answer is no

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all chance."
)
workers_option = click.option(
    "--workers", type=click.IntRange(min=0), default=None, help="Processes; default: one per core; 0: this one only."
)


extractor_option = click.option(
    "--extractor",
    "--features",
    default="texture",
    show_default=True,
    help="What turns images into numbers: texture, radiomics, efficientnet-lite0, onnx:FILE, hf:MODEL or timm:MODEL.",
)
cache_option = click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="MISYN_CACHE",
    show_envvar=True,
    help="Folder that keeps features for later runs; without it none are kept.",
)


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command ``-v``, and let its errors leave by rule 1. Goes below ``click.command``."""

    @click.option("-v", "--verbose", is_flag=True, help="Say more; show where an error comes from.")
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        verbose = bool(kwargs.pop("verbose", False))
        try:
            with _patient_output():
                return function(*args, **kwargs)
        except (MisynError, OSError, MemoryError) as error:
            _refuse(_sentence(error), verbose=verbose)
        except KeyboardInterrupt:
            _refuse("interrupted; files written so far are whole, nothing is half done", verbose=verbose)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}, line {place.lineno}"
            _refuse(
                f"unexpected {type(error).__name__} in {where}: this is a mistake in misyn. "
                "Next: run again with -v and report what it prints",
                verbose=verbose,
            )

    return run


class _Patient:
    """Standard output that goes nowhere once its reader has gone (rule 4); all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or pretend to."""
        with self._forgiven():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or pretend to."""
        with self._forgiven():
            self._stream.flush()

    @contextlib.contextmanager
    def _forgiven(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())  # what is buffered leaves at the end of the program
            os.close(nowhere)


@contextlib.contextmanager
def _patient_output() -> Iterator[None]:
    """Let no reader that goes away interrupt a command."""
    stream = sys.stdout
    sys.stdout = cast("TextIO", _Patient(stream))
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout = stream


def _refuse(sentence: str, *, verbose: bool) -> NoReturn:
    if verbose:
        traceback.print_exc()
    click.echo(f"misyn: {sentence}", err=True)
    raise click.exceptions.Exit(REFUSED)


def _sentence(error: BaseException) -> str:
    """Say what happened; a record's problems get a line each."""
    if isinstance(error, RecordError):
        lines = [f"  {where}: {what}" for where, what in error.problems]
        return "\n".join([f"{len(lines)} problem{'s' * (len(lines) != 1)} in the record:", *lines])
    if isinstance(error, MemoryError):
        return "out of memory. Next: fewer --workers, or a machine with more memory"
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}: {error.filename or 'a file'}"
    return str(error)


def several(n: int, what: str) -> str:
    """Say a number of things.

    Example:
        >>> several(1, "file"), several(3, "file")
        ('1 file', '3 files')
    """
    return f"{n} {what}{'s' * (n != 1)}"


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document on stdout, keys in their order, text as text."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


@contextlib.contextmanager
def bar(label: str) -> Iterator[Progress]:
    """Show progress on stderr as (done, total) arrives; silent where stderr is not a terminal.

    Example:
        >>> with bar("reading") as progress:
        ...     progress(1, 2)
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _done, _total: None
        return
    with contextlib.ExitStack() as stack:
        shown: list[Any] = []

        def advance(done: int, total: int) -> None:
            if not shown:
                shown.append(stack.enter_context(click.progressbar(length=total, label=label, file=sys.stderr)))
            shown[0].update(done - shown[0].pos)

        yield advance
