"""The files of samples that a detached header names, one by one or by a pattern with numbers.

Rules
-----
1. A name that leads out of the header's folder is refused; one that is not there is left out.
2. A pattern is one ``%d`` with an optional width, and means at most :data:`MOST_FILES` files.

Follows "Definition of NRRD File Format" (teem) section 8, and the MetaIO documentation (ITK), ``ElementDataFile``.

Example:
    >>> list(numbered("slice%02d.raw 9 11 1"))
    ['slice09.raw', 'slice10.raw', 'slice11.raw']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from misyn.errors import MalformedImage

MOST_FILES = 10_000


def there(header: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """The files of these names beside a header, as far as they are there.

    Raises:
        UnreadableImage: a name leads out of the header's folder.
    """
    from misyn.images.payload import beside  # noqa: PLC0415 - it brings numpy along

    return tuple(file for file in (beside(header, name) for name in names) if file.is_file())


def numbered(value: str) -> Iterator[str]:
    """Expand ``name%03d.raw 1 20 2`` into its names; one name without a pattern is itself.

    Raises:
        MalformedImage: the pattern does not hold, or means too many files.

    Example:
        >>> list(numbered("slice%02d.raw 1 3 1")), list(numbered("one file.raw"))
        (['slice01.raw', 'slice02.raw', 'slice03.raw'], ['one file.raw'])
    """
    parts = value.split()
    if "%" not in value:
        yield value
        return
    try:
        first, last, step = (int(part) for part in [*parts[1:4], "1"][:3])
        numbers = range(first, last + (1 if step > 0 else -1), step)
        if len(numbers) > MOST_FILES:
            raise MalformedImage(f"expected at most {MOST_FILES} data files, found more")
        for number in numbers:
            yield _formatted(parts[0], number)
    except (ValueError, IndexError) as error:
        raise MalformedImage("expected a pattern of data files such as name%03d.raw 1 20 1, found another") from error


def _formatted(pattern: str, number: int) -> str:
    """One ``%d`` with an optional width, and nothing else that printf could do."""
    before, _, after = pattern.partition("%")
    width, letter, rest = after.partition("d")
    if letter != "d" or (width and not width.isdigit()) or int(width or 0) > 20 or "%" in rest:
        raise ValueError
    return f"{before}{str(number).rjust(int(width or 0), '0' if width.startswith('0') else ' ')}{rest}"
