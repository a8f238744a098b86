"""Small groups: which groups of patients are withheld, decided here once for bundles and exports alike.

Rules
-----
1. A group is a cell of one set and one column (or columns crossed). A cell under ten, counted in images and, where they
   are known, in patients, is withheld from every table of its set. Where the number of patients is known for a set and
   not for a cell of it, the cell counts as small: what is not known is not published.
2. What could be had back by subtracting is withheld too: the smallest cells that remain go until at least two cells
   and ten images are missing together, or nothing is left. With two groups, the complement goes with the group.
3. Of crossed columns (``sex=F & age=60-79``) all cells go where one goes, or where they do not list everybody: the
   tables of the single columns would give the rest away.
4. A group that is counted, and for which nothing was estimated while others of its column have estimates, is small: it
   had too few patients.
5. How many groups of a column were withheld is said; never which, nor how large.

Source: interface.md of the project's design (what leaves the machine); the small-cell rule of official statistics
(Hundepool et al., *Statistical Disclosure Control*, 2012, chapter 4: primary and complementary suppression).

Example:
    >>> sorted(hidden({"sex=F": 4, "sex=M": 56}, total=60))
    ['sex=F', 'sex=M']
    >>> sorted(hidden({"site=a": 4, "site=b": 7, "site=c": 49}, total=60))
    ['site=a', 'site=b']
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SMALLEST = 10
Row = Mapping[str, Any]
MEDICAL = ("training", "held-out", "reference")
_TABLES = {"groups": "", "labels": "label="}


@dataclass
class _Table:
    """One column's groups in one place: of which set, group to size, those that are small whatever their size."""

    role: str | None
    total: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    small: set[str] = field(default_factory=set)


def hidden(sizes: Mapping[str, int], *, total: int, already: frozenset[str] = frozenset()) -> set[str]:
    """The groups of one column that have to be withheld (rules 1 to 3).

    Args:
        sizes: group to its number of images.
        total: images of the set, groups that are not listed included.
        already: groups that are withheld for another reason.
    """
    gone = {group for group, n in sizes.items() if n < SMALLEST or group in already}
    rest = sorted((group for group in sizes if group not in gone), key=lambda group: (sizes[group], group))
    total = max(total, sum(sizes.values()))
    unlisted = total > sum(sizes.values())
    while rest:
        missing = total - sum(sizes[group] for group in rest)
        cells = sum(sizes[group] > 0 for group in gone) + unlisted
        if missing == 0 or (missing >= SMALLEST and (cells > 1 or not gone)):
            break
        gone.add(rest.pop(0))
    crossed = any("&" in group for group in sizes)
    return set(sizes) if crossed and (gone or unlisted) else gone


def groups(content: Mapping[str, Any]) -> dict[str | None, frozenset[str]]:
    """For each set of an evaluation or study, every group that is withheld, in the one spelling of :func:`spelled`."""
    gone: dict[str | None, set[str]] = defaultdict(set)
    before = -1
    while before != sum(map(len, gone.values())):  # a group that goes from one table goes from all of its set
        before = sum(map(len, gone.values()))
        for table in _tables(content):
            already = frozenset(gone[table.role] | table.small)
            gone[table.role] |= hidden(table.sizes, total=table.total, already=already)
    return {role: frozenset(found) for role, found in gone.items() if found}


def suppressed(content: Mapping[str, Any]) -> dict[str, Any]:
    """An evaluation or study without its small groups; the content itself where there is none."""
    gone = groups(content)
    if not gone and not any(_left_out(row, gone) for row in _rows(content)):
        return dict(content)
    kept = dict(content)
    for key in ("estimates", "tests"):
        rows = content.get(key)
        kept[key] = [row for row in rows if not _left_out(row, gone)] if isinstance(rows, list) else rows
    if isinstance(content.get("sets"), Mapping):
        kept["sets"] = {role: _without(row, gone.get(role, frozenset())) for role, row in content["sets"].items()}
    kept["suppressed"] = _told(gone)
    return kept


def spelled(group: str) -> str:
    """A group in one spelling: the columns of crossed ones in order.

    Example:
        >>> spelled("sex=F & age=60-79")
        'age=60-79 & sex=F'
    """
    return " & ".join(sorted(part.strip() for part in group.split("&")))


def column(group: str) -> str:
    """The column, or crossed columns, of a group."""
    return " & ".join(part.partition("=")[0].strip() for part in spelled(group).split("&"))


def _tables(content: Mapping[str, Any]) -> Iterator[_Table]:
    """Every table of one column's groups."""
    found: dict[tuple[str | None, str, str], _Table] = {}
    wholes: dict[tuple[str | None, str], int] = {}
    for row in _rows(content):
        role, name, counts = row.get("set"), str(row.get("name")), _counts_of(row)
        if not counts:
            continue
        if row.get("group") is None:
            wholes[role, name] = counts[0]
            continue
        group = spelled(str(row["group"]))
        table = found.setdefault((role, name, column(group)), _Table(role))
        table.sizes[group] = counts[0]
        table.small |= {group} if min(counts) < SMALLEST else set()
    for (role, name, _), table in found.items():
        table.total = wholes.get((role, name), sum(table.sizes.values()))
        yield table
    yield from _counted(content)


def _counted(content: Mapping[str, Any]) -> Iterator[_Table]:
    """The tables of counts that describe each set."""
    rows = [(row.get("set"), spelled(str(row["group"])), row) for row in _rows(content) if row.get("group") is not None]
    measured = {(role, group) for role, group, _ in rows}
    columns = {(role, column(group)) for role, group in measured}
    known = {(role, group) for role, group, row in rows if _whole(row.get("n_patients")) is not None}
    sets = content.get("sets")
    for role in MEDICAL:
        told = sets.get(role) if isinstance(sets, Mapping) else None
        if not isinstance(told, Mapping):
            continue
        few = bool(told.get("patients_known")) and (_whole(told.get("n_patients")) or SMALLEST) < SMALLEST
        tables: dict[str, _Table] = {}
        for group, n in _listed(told):
            table = tables.setdefault(column(group), _Table(role))
            table.sizes[group] = n
            unseen = (role, column(group)) in columns and (role, group) not in measured
            uncounted = bool(told.get("patients_known")) and (role, group) not in known
            table.small |= {group} if few or unseen or uncounted else set()
        for table in tables.values():
            table.total = _whole(told.get("n")) or sum(table.sizes.values())
            yield table


def _listed(told: Row) -> Iterator[tuple[str, int]]:
    for table, prefix in _TABLES.items():
        for value, n in _counts(told.get(table)).items():
            yield spelled(prefix + value), n


def _rows(content: Mapping[str, Any]) -> Iterator[Row]:
    for key in ("estimates", "tests"):
        rows = content.get(key)
        if isinstance(rows, Sequence) and not isinstance(rows, str):
            yield from (row for row in rows if isinstance(row, Mapping))


def _counts_of(row: Row) -> list[int]:
    """How many images and patients stand behind a row, those that are said."""
    return [n for key in ("n_medical", "n_patients") if (n := _whole(row.get(key))) is not None]


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _left_out(row: object, gone: Mapping[str | None, frozenset[str]]) -> bool:
    if not isinstance(row, Mapping):
        return True
    group = row.get("group")
    if group is None:
        return False
    return spelled(str(group)) in gone.get(row.get("set"), frozenset()) or not _counts_of(row)


def _without(row: object, gone: frozenset[str]) -> object:
    """A set's description without the groups withheld."""
    if not isinstance(row, Mapping):
        return row
    kept = dict(row)
    for table, prefix in _TABLES.items():
        counts = _counts(row.get(table))
        kept[table] = {value: n for value, n in counts.items() if spelled(prefix + value) not in gone}
    return kept


def _counts(table: object) -> dict[str, int]:
    return {str(k): n for k, n in table.items() if isinstance(n, int)} if isinstance(table, Mapping) else {}


def _told(gone: Mapping[str | None, frozenset[str]]) -> list[dict[str, Any]]:
    """How many groups of which column of which set were withheld."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for role, found in gone.items():
        for group in found:
            counts[str(role), column(group)] += 1
    return [{"set": role, "column": name, "groups": n} for (role, name), n in sorted(counts.items())]
