"""Generator functions that people already have, wrapped so that what they give is saved, marked, as it comes.

Rules
-----
1. The function's results pass through unchanged: code that calls it goes on as before.
2. A generator or a list gives one image per item; an array or tensor is a batch along its first axis. An item is an
   image, a pair ``(name, image)``, or a mapping with ``image`` and, where known, ``name``, ``seed``, ``condition``,
   ``prompt`` or ``label``.
3. Seed and condition are taken from the item, else from the call's own arguments of these names.

Example:
    >>> list(items_of([("a.png", 1), 2], {"seed": 7}))[0]
    Item(image=1, name='a.png', seed=7, condition=None)
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from misyn.errors import UsageError
from misyn.generate.facts import as_array

if TYPE_CHECKING:
    from misyn.generate.birth import Birth
    from misyn.generate.born import Born

_ASKED = ("condition", "prompt", "prompts", "label", "labels")


@dataclass(frozen=True)
class Item:
    """One image with what is known of it."""

    image: Any
    name: str | None = None
    seed: Any = None
    condition: Any = None


def wrapped(function: Callable[..., Any], born: Born) -> Callable[..., Any]:
    """Wrap a function or a generator function."""
    name = getattr(function, "__name__", type(function).__name__)
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def yielding(*arguments: Any, **named: Any) -> Generator[Any, None, None]:  # noqa: ANN401 - as the function
            facts = _facts(function, arguments, named)
            with born as birth:
                for given in function(*arguments, **named):
                    save(birth, _item(given, facts, None), stem=name, ending=born.ending)
                    yield given

        return yielding

    @functools.wraps(function, updated=())
    def calling(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the function
        facts = _facts(function, arguments, named)
        with born as birth:
            given = function(*arguments, **named)
            for item in items_of(given, facts):
                save(birth, item, stem=name, ending=born.ending)
        return given

    return calling


def items_of(given: object, facts: Mapping[str, Any]) -> Iterator[Item]:
    """One item per image (rule 2).

    Raises:
        UsageError: nothing that holds images came back.
    """
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise UsageError(
            f"expected images from the function (an array, a list or a generator), found {type(given).__name__}. "
            "Next: return the images, or save them with born.save"
        )
    for number, one in enumerate(given):
        yield _item(one, facts, number)


def save(birth: Birth, item: Item, *, stem: str, ending: str | None) -> None:
    """Save one item under its name, or the next free one."""
    name = item.name or _free(birth, stem, ending or _ending(item.image))
    birth.save(item.image, name, seed=item.seed, condition=item.condition)


def _item(given: Any, facts: Mapping[str, Any], number: int | None) -> Item:  # noqa: ANN401 - whatever a function gives
    asked = _of_image(facts.get("condition"), number)
    if isinstance(given, Mapping):
        own = next((given[name] for name in _ASKED if given.get(name) is not None), asked)
        return Item(given.get("image"), given.get("name"), given.get("seed", facts.get("seed")), own)
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str):
        return Item(given[1], given[0], facts.get("seed"), asked)
    return Item(given, None, facts.get("seed"), asked)


def _of_image(asked: Any, number: int | None) -> Any:  # noqa: ANN401
    """The condition of one image, where a list has one for each."""
    if isinstance(asked, list | tuple) and number is not None:
        return asked[number] if number < len(asked) else None
    return asked


def _facts(function: Callable[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """Seed and condition among a call's arguments (rule 3), defaults included."""
    try:
        bound = inspect.signature(function).bind(*arguments, **named)
    except (TypeError, ValueError):
        return {}
    bound.apply_defaults()
    given = {**bound.arguments, **named}
    condition = next((given[name] for name in _ASKED if given.get(name) is not None), None)
    return {"seed": given.get("seed", given.get("generator")), "condition": condition}


def _ending(image: object) -> str:
    """PNG for pictures of 8 or 16 bits, NIfTI for volumes and everything else."""
    array = as_array(image)
    colour = array.ndim == 3 and array.shape[-1] == 3
    return ".png" if array.dtype.name in ("uint8", "uint16") and (array.ndim == 2 or colour) else ".nii.gz"


def _free(birth: Birth, stem: str, ending: str) -> str:
    number = birth.count
    while (birth.out / (name := f"{stem}-{number:05d}{ending}")).exists():
        number += 1
    return name
