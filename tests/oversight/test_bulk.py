"""Many entries at once are the bytes that one by one would have been, and what is no digest is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import logs
from misyn.canonical import digest
from misyn.errors import UsageError
from misyn.oversight.log import bulk, entries
from misyn.oversight.log.database import Columns
from misyn.oversight.log.tree import leaf_hash

KINDS = sorted(set(entries.KINDS) - {"removal"})


@given(
    st.lists(st.tuples(st.binary(max_size=8), st.binary(min_size=32, max_size=32)), max_size=20), st.sampled_from(KINDS)
)
def test_the_bytes_are_those_of_entries_made_one_by_one(made: list[tuple[bytes, bytes]], kind: str) -> None:
    found = bulk.leaves(kind, [digest(data) for data, _ in made], salts=b"".join(salt for _, salt in made))
    alone = [entries.commit(kind, digest(data), salt=salt) for data, salt in made]
    written = [entry.to_bytes() for entry, _ in alone]
    opened = [opening.to_bytes(entry) for entry, opening in alone]
    assert found == Columns(written, [leaf_hash(entry) for entry in written], opened)


def test_every_salt_is_another() -> None:
    found = bulk.leaves("plan", [digest(b"one plan")] * 1000)
    assert len(set(found.entries)) == len(set(found.openings)) == 1000


ONE = digest(b"a")


@pytest.mark.parametrize(
    "contents",
    [
        ["sha256:" + "A" * 64],
        [ONE, ONE[:-1]],
        [ONE[7:]],
        ["sha512:" + "a" * 64],
        [ONE + "\n"],
        ["sha256:" + " " * 2 + "a" * 62],
        ["sha256:" + "\u0661" * 64],
        ["sha256:" + "a" * 65, "sha256:" + "a" * 63],
        ["a" * 7 + "sha256:" + "a" * 57],
        [""],
    ],
)
def test_what_is_no_digest_is_refused(contents: list[str]) -> None:
    with pytest.raises(UsageError):
        bulk.leaves("plan", contents)


@pytest.mark.parametrize("kind", ["removal", "other", ""])
def test_a_kind_that_needs_more_or_is_none_is_refused(kind: str) -> None:
    with pytest.raises(UsageError):
        bulk.leaves(kind, [ONE])


def test_a_batch_is_logged_whole_and_its_proofs_hold(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 2)
    contents = [digest(b"%d" % n) for n in range(300)]
    assert log.append_contents("evidence", contents) == range(2, 302)
    assert log.append_contents("evidence", []) == range(302, 302)
    log.publish()
    for index in (2, 150, 301):
        opening = log.opening(index)
        assert opening is not None
        assert opening.digest == contents[index - 2]
        opening.check(log.entry(index))
        log.prove(index).verify(log.entry(index).to_bytes())
    with pytest.raises(UsageError):
        log.append_contents("evidence", [ONE, "no digest"])
    assert log.database.size() == 302
