r"""What may leave the machine in an export: no withheld group, no path, no small count, in rows and in sentences.

Rules
-----
1. Which groups are withheld is decided in :mod:`misyn.practice.withholding`; of a set under ten, no row leaves.
2. A sentence that names a withheld group is withheld whole. Counts of patients or images from 1 to 9 become "fewer than
   10". Paths and names of files become words. A record's own sentences are otherwise its author's, and stay.

Source: interface.md of the project's design, section Files (what leaves the machine is aggregate).

Example:
    >>> cells = {"sex=F": 7, "sex=M": 200, "sex=unknown": 40}
    >>> guard({"sets": {"training": {"groups": cells}}}).cells("training", cells)
    {'sex=M': 200}
    >>> Guard().sentence("1 patient in both sets, see file:notes/a.txt and C:\\data\\b.png")
    'fewer than 10 patients in both sets, see (a file) and (a file)'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from misyn.practice import withholding
from misyn.practice.withholding import SMALLEST, spelled

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
        return group is None or spelled(str(group)) not in self._of(row.get("set"))

    def cells(self, role: str, counts: Mapping[str, Any]) -> dict[str, int]:
        """The counts by group that may leave, of one set."""
        held = self._of(role)
        return {name: int(n) for name, n in counts.items() if spelled(name) not in held}

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
        for role, found in withholding.groups(content).items():
            held.setdefault(str(role), set()).update(found)
    return Guard({role: frozenset(groups) for role, groups in held.items()})


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


def _few(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value < SMALLEST
