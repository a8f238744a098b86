r"""What may leave the machine: aggregates of at least ten people, and no paths.

Rules
-----
1. A group of patients is a cell of one set and one column (or columns). A cell under ten, counted in images and, where
   they are known, in patients, is withheld. Where the number of patients is known for a set and not for a cell of it,
   the cell counts as small: what is not known is not published.
2. What could be had back by subtracting is withheld too: of a column with small cells, the next smallest cells go until
   at least two cells and ten people are missing together. Of crossed columns all cells go.
3. A sentence that names a withheld group is withheld whole. Counts of patients or images from 1 to 9 become "fewer than
   10". Paths and names of files become words. A record's own sentences are otherwise its author's, and stay.

Source: interface.md of the project's design, section Files (what leaves the machine is aggregate).

Example:
    >>> cells = {"sex=F": 7, "sex=M": 200, "sex=unknown": 40}
    >>> sorted(_small(cells))
    ['sex=F', 'sex=unknown']
    >>> Guard().sentence("1 patient in both sets, see file:notes/a.txt and C:\\data\\b.png")
    'fewer than 10 patients in both sets, see (a file) and (a file)'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SMALLEST = 10
MEDICAL = ("training", "held-out", "reference")
_WITHHELD = "(withheld: it speaks of a group of fewer than 10, or of its complement)"
_COUNTED = "(?:different |held-out |training |reference |medical )*(?:patient|unit|image|lesion|case)"
_FEW = re.compile(rf"(?<![\d.,=≥<>-])\b[1-9] ({_COUNTED})s?\b")
_N = re.compile(r"(?<=n = )[1-9](?!\d|\.\d)")
_FILE = re.compile(
    r"\.(png|dcm|dicom|jpe?g|gif|webp|tiff?|bmp|nii|gz|nrrd|nhdr|mha|mhd|raw|csv|tsv|parquet|ya?ml|json|txt|pdf|md"
    r"|pt|pth|ckpt|safetensors|npy|npz|h5|zip|tar)$",
    re.IGNORECASE,
)
_PLACE = re.compile(r"^(?:file:.|~?/[^/\s]|[A-Za-z]:[\\/]|\\\\|\.{1,2}[\\/])")
_WEB = re.compile(r"^(?:https?|doi|urn|mailto):", re.IGNORECASE)
_TURNING = re.compile(
    "[\u202a-\u202e\u2066-\u2069]"
)  # marks that turn the direction of text: what is read is not what is


@dataclass(frozen=True)
class Guard:
    """What is withheld: groups by set. ``sentence`` and ``allows`` apply it."""

    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def allows(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of results (an estimate or a test) may leave: its group, and the images behind it."""
        if _few(row.get("n_medical")):
            return False
        group = row.get("group")
        return group is None or not any(_same(str(group), other) for other in self._of(row.get("set")))

    def cells(self, role: str, counts: Mapping[str, Any]) -> dict[str, int]:
        """The counts by group that may leave, of one set."""
        held = self._of(role)
        return {name: int(n) for name, n in counts.items() if not any(_same(name, other) for other in held)}

    def sentence(self, text: object) -> str:
        """A text on one line, without paths, small counts or withheld groups (rule 3)."""
        told = clean(text)
        if any(self._names(told, group) for groups in self.groups.values() for group in groups):
            return _WITHHELD
        told = " ".join(_word(word) for word in told.split())
        return _N.sub("fewer than 10", _FEW.sub(r"fewer than 10 \1s", told))

    def _of(self, role: object) -> frozenset[str]:
        return self.groups.get(str(role), frozenset())

    @staticmethod
    def _names(text: str, group: str) -> bool:
        whole = re.compile(rf"(?<![\w=]){re.escape(clean(group))}(?![\w-])")
        return whole.search(text) is not None


def guard(*contents: Mapping[str, Any]) -> Guard:
    """Decide what is withheld, from the evaluation and the studies (their whole contents)."""
    held: dict[str, set[str]] = {}
    for content in contents:
        for role, by_column in _columns(content).items():
            for column, cells in by_column.items():
                small = _small(cells)
                crossed = len(column) > 1 and small
                held.setdefault(role, set()).update(cells if crossed else small)
    return Guard({role: frozenset(groups) for role, groups in held.items() if groups})


def clean(text: object) -> str:
    r"""A text on one line, without control characters or marks that turn its direction.

    Example:
        >>> clean("two\nlines\x00 here")
        'two lines here'
    """
    kept = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Cn", "Co"} else c for c in str(text))
    return " ".join(_TURNING.sub("", kept).replace("\ufeff", "").split())


def is_place(text: str) -> bool:
    """Whether a text is a path or the name of a file, rather than an address on the web or words.

    Example:
        >>> [is_place(t) for t in ("weights/a.pt", "/data/x", "sha256:00", "https://example.org/a.pt", "a model")]
        [True, True, False, False, False]
    """
    return not _WEB.match(text) and (bool(_PLACE.match(text)) or bool(_FILE.search(text)))


def _word(word: str) -> str:
    """A word that is a path or the name of a file becomes words; what stands around it stays."""
    bare = word.strip("()[]{}<>'\"“”‘’`,;:!?")
    bare = bare.rstrip(".")
    return word.replace(bare, "(a file)") if bare and is_place(bare) else word


def _columns(content: Mapping[str, Any]) -> dict[str, dict[tuple[str, ...], dict[str, int]]]:
    """Per set and column (or crossed columns): group → people, the fewest that any row tells of."""
    found: dict[str, dict[tuple[str, ...], dict[str, int]]] = {}
    for role, group, people in (*_told_by_sets(content), *_told_by_rows(content)):
        column = tuple(sorted(part.partition("=")[0].strip() for part in group.split("&")))
        cells = found.setdefault(role, {}).setdefault(column, {})
        cells[group] = min(people, cells.get(group, people))
    return found


def _told_by_sets(content: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    known = {(row.get("set"), row.get("group")) for row in _rows(content) if _whole(row.get("n_patients")) is not None}
    for role in MEDICAL:
        told = content.get("sets", {}).get(role, {})
        groups = {**told.get("groups", {}), **{f"label={k}": n for k, n in told.get("labels", {}).items()}}
        few = told.get("patients_known") and _few(told.get("n_patients"))
        for group, n in groups.items():
            unknown = told.get("patients_known") and (role, group) not in known
            yield role, group, 0 if few or unknown else int(n)


def _told_by_rows(content: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    for row in _rows(content):
        if row.get("group") is not None:
            counts = [n for key in ("n_patients", "n_medical") if (n := _whole(row.get(key))) is not None]
            yield str(row.get("set")), str(row["group"]), min(counts, default=0)


def _rows(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for key in ("estimates", "tests") for row in content.get(key, [])]


def _small(cells: Mapping[str, int]) -> set[str]:
    """The cells of one column that are withheld (rules 1 and 2)."""
    ordered = sorted(cells, key=lambda name: (cells[name], name))
    held = {name for name in ordered if cells[name] < SMALLEST}
    if not held:
        return set()
    for name in ordered:
        if len(held) > 1 and sum(cells[other] for other in held) >= SMALLEST:
            break
        held.add(name)
    return held


def _same(one: str, other: str) -> bool:
    return {part.strip() for part in one.split("&")} == {part.strip() for part in other.split("&")}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _few(value: object) -> bool:
    n = _whole(value)
    return n is not None and n < SMALLEST
