"""Leave out groups under ten, and what would give them away.

Rules
-----
1. A group of patients with fewer than ten images or patients is left out of every table of its set.
2. Where what is left out of a column would still be known by subtraction (fewer than ten images hidden in all), the
   smallest groups that remain are left out too, until it is not: with two groups, the complement goes with the group.
3. A group left out of one table of a set is left out of all tables of that set.
4. Of a table of combined columns (``sex=F & age=60-79``) everything is left out where anything is, or where it does not
   list everybody: the tables of the single columns would give the rest away.
5. A group that is counted, and for which nothing was estimated while others of its column have estimates, is small: it
   had too few patients.
6. How many groups of a column were left out is said; never which, nor how large.

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
from typing import Any

SMALLEST = 10
Row = Mapping[str, Any]
MEDICAL = ("training", "held-out", "reference")
_TABLES = {"groups": "", "labels": "label="}


def hidden(sizes: Mapping[str, int], *, total: int, already: frozenset[str] = frozenset()) -> set[str]:
    """The groups of one column that have to be left out (rules 1 and 2).

    Args:
        sizes: group to its number of images.
        total: images of the set, groups that are not listed included.
        already: groups that are left out for another reason.
    """
    gone = {group for group, n in sizes.items() if n < SMALLEST or group in already}
    rest = sorted((group for group in sizes if group not in gone), key=lambda group: (sizes[group], group))
    total = max(total, sum(sizes.values()))
    while rest and 0 < total - sum(sizes[group] for group in rest) < SMALLEST:
        gone.add(rest.pop(0))
    combined = any("&" in group for group in sizes)
    return set(sizes) if combined and (gone or sum(sizes.values()) < total) else gone


def suppressed(content: Mapping[str, Any]) -> dict[str, Any]:
    """An evaluation or study without its small groups; the content itself where there is none."""
    gone = _gone(content)
    if not any(gone.values()) and not any(_left_out(row, gone) for row in _rows(content)):
        return dict(content)
    kept = dict(content)
    for key in ("estimates", "tests"):
        rows = content.get(key)
        kept[key] = [row for row in rows if not _left_out(row, gone)] if isinstance(rows, list) else rows
    if isinstance(content.get("sets"), Mapping):
        kept["sets"] = {role: _without(row, gone.get(role, set())) for role, row in content["sets"].items()}
    kept["suppressed"] = _told(gone)
    return kept


def _gone(content: Mapping[str, Any]) -> dict[str | None, set[str]]:
    """For each set, every group to leave out; repeated until nothing new follows (rule 3)."""
    gone: dict[str | None, set[str]] = defaultdict(set)
    before = -1
    while before != sum(map(len, gone.values())):
        before = sum(map(len, gone.values()))
        for role, sizes, total in _tables(content):
            gone[role] |= hidden(sizes, total=total, already=frozenset(gone[role]))
    return gone


def _tables(content: Mapping[str, Any]) -> Iterator[tuple[str | None, dict[str, int], int]]:
    """Every table of one column's groups: of which set, group to size, and the size of the whole."""
    found: dict[tuple[str | None, str, str], dict[str, int]] = defaultdict(dict)
    wholes: dict[tuple[str | None, str], int] = {}
    for row in _rows(content):
        role, name, n = row.get("set"), str(row.get("name")), _size(row)
        if n is None:
            continue
        if row.get("group") is None:
            wholes[role, name] = n
        else:
            found[role, name, _column(str(row["group"]))][str(row["group"])] = n
    for (role, name, _), sizes in found.items():
        yield role, sizes, wholes.get((role, name), sum(sizes.values()))
    yield from _counted(content)


def _counted(content: Mapping[str, Any]) -> Iterator[tuple[str | None, dict[str, int], int]]:
    """The tables of counts that describe each set."""
    measured = {(row.get("set"), str(row["group"])) for row in _rows(content) if row.get("group") is not None}
    estimated = {(role, _column(group)) for role, group in measured}
    sets = content.get("sets")
    described = {role: sets.get(role) for role in MEDICAL} if isinstance(sets, Mapping) else {}
    for role, row in described.items():
        if not isinstance(row, Mapping):
            continue
        columns: dict[str, dict[str, int]] = defaultdict(dict)
        for table, prefix in _TABLES.items():
            for value, n in _counts(row.get(table)).items():
                group = prefix + value
                small = (role, _column(group)) in estimated and (role, group) not in measured
                columns[_column(group)][group] = 0 if small else n
        for sizes in columns.values():
            yield role, sizes, int(row.get("n") or sum(sizes.values()))


def _rows(content: Mapping[str, Any]) -> Iterator[Row]:
    for key in ("estimates", "tests"):
        rows = content.get(key)
        if isinstance(rows, Sequence) and not isinstance(rows, str):
            yield from (row for row in rows if isinstance(row, Mapping))


def _size(row: Row) -> int | None:
    """How many images stand behind a row; 0 where these, or their patients, are too few; None where nothing is said."""
    known = [row[key] for key in ("n_medical", "n_patients") if isinstance(row.get(key), int)]
    if not known:
        return None
    return 0 if min(known) < SMALLEST and row.get("group") is not None else known[0]


def _column(group: str) -> str:
    return " & ".join(part.partition("=")[0].strip() for part in group.split("&"))


def _left_out(row: object, gone: Mapping[str | None, set[str]]) -> bool:
    if not isinstance(row, Mapping):
        return True
    group = row.get("group")
    if group is None:
        return False
    return str(group) in gone.get(row.get("set"), set()) or _size(row) is None


def _without(row: object, gone: set[str]) -> object:
    """A set's description without the groups left out."""
    if not isinstance(row, Mapping):
        return row
    kept = dict(row)
    for table, prefix in _TABLES.items():
        kept[table] = {value: n for value, n in _counts(row.get(table)).items() if prefix + value not in gone}
    return kept


def _counts(table: object) -> dict[str, int]:
    return {str(k): n for k, n in table.items() if isinstance(n, int)} if isinstance(table, Mapping) else {}


def _told(gone: Mapping[str | None, set[str]]) -> list[dict[str, Any]]:
    """How many groups of which column of which set were left out."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for role, groups in gone.items():
        for group in groups:
            counts[str(role), _column(group)] += 1
    return [{"set": role, "column": column, "groups": n} for (role, column), n in sorted(counts.items())]
