"""RFC 6962 trees: the published cases behave as published, and no proof but the right one is accepted."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import merkle_vectors as vectors
from misyn.errors import NotProven, UsageError
from misyn.oversight.log import tree

INCLUSIONS = list(vectors.inclusions())
CONSISTENCIES = list(vectors.consistencies())


def test_the_published_number_of_cases_is_derived() -> None:
    assert (len(INCLUSIONS), len(CONSISTENCIES), len(INCLUSIONS) + len(CONSISTENCIES)) == (98, 98, 196)
    assert sum(case.holds for case in INCLUSIONS) == 6
    assert sum(case.holds for case in CONSISTENCIES) == 6


def test_cases_read_as_published_are_the_ones_derived() -> None:
    # testdata/inclusion/1/happy-path.json and testdata/consistency/additional, as published
    case = next(one for one in INCLUSIONS if one.name == "1 happy path")
    assert base64.b64encode(case.root) == b"XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="
    assert base64.b64encode(case.leaf) == b"bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="
    assert [base64.b64encode(one) for one in case.path] == [
        b"lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
        b"Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
        b"a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=",
    ]
    useless = CONSISTENCIES[-1]
    assert (useless.old, useless.new, useless.holds) == (0, 1, False)
    assert [base64.b64encode(one) for one in useless.path] == [b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]


@pytest.mark.parametrize("case", INCLUSIONS, ids=lambda case: case.name)
def test_published_inclusion_case(case: vectors.Inclusion) -> None:
    def verify() -> None:
        tree.verify_inclusion(case.leaf, index=case.index, size=case.size, path=case.path, root=case.root)

    if case.holds:
        verify()
    else:
        with pytest.raises(NotProven):
            verify()


@pytest.mark.parametrize("case", CONSISTENCIES, ids=lambda case: case.name)
def test_published_consistency_case(case: vectors.Consistency) -> None:
    def verify() -> None:
        tree.verify_consistency(case.old, case.new, path=case.path, old_root=case.old_root, new_root=case.new_root)

    if case.holds:
        verify()
    else:
        with pytest.raises(NotProven):
            verify()


LEAVES = [tree.leaf_hash(leaf) for leaf in vectors.LEAVES]


def mth(lo: int, hi: int) -> bytes:
    return tree.root(LEAVES[lo:hi])


def test_the_published_roots_and_proofs_are_made() -> None:
    assert [mth(0, size) for size in range(9)] == [vectors.EMPTY, *vectors.ROOTS]
    for entry, size, path in vectors.INCLUSIONS:
        assert tree.inclusion_path(entry - 1, size, mth=mth) == path
    for old, new, path in vectors.CONSISTENCIES:
        assert tree.consistency_path(old, new, mth=mth) == path


def test_every_small_tree_proves_every_entry_and_every_growth() -> None:
    leaves = [tree.leaf_hash(bytes([n])) for n in range(40)]

    def small(lo: int, hi: int) -> bytes:
        return tree.root(leaves[lo:hi])

    for size in range(1, 41):
        for index in range(size):
            path = tree.inclusion_path(index, size, mth=small)
            tree.verify_inclusion(leaves[index], index=index, size=size, path=path, root=small(0, size))
        for old in range(1, size + 1):
            path = tree.consistency_path(old, size, mth=small)
            tree.verify_consistency(old, size, path=path, old_root=small(0, old), new_root=small(0, size))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_proof_holds_for_its_entry_at_its_place_in_its_tree_and_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    leaves = [tree.leaf_hash(n.to_bytes(2, "big")) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path = tree.inclusion_path(index, size, mth=lambda lo, hi: tree.root(leaves[lo:hi]))
    root = tree.root(leaves)
    tree.verify_inclusion(leaves[index], index=index, size=size, path=path, root=root)
    other = data.draw(st.integers(0, 2 * size).filter(lambda n: n != index))
    with pytest.raises(NotProven):
        tree.verify_inclusion(leaves[index], index=other, size=size, path=path, root=root)
    if path:
        at, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
        spoiled = [bytearray(one) for one in path]
        spoiled[at][bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotProven):
            tree.verify_inclusion(leaves[index], index=index, size=size, path=[bytes(s) for s in spoiled], root=root)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_tree_that_changed_its_past_is_never_consistent(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 200))
    old = data.draw(st.integers(1, new))
    leaves = [tree.leaf_hash(n.to_bytes(2, "big")) for n in range(new)]
    changed = list(leaves)
    changed[data.draw(st.integers(0, old - 1))] = tree.leaf_hash(b"another")
    path = tree.consistency_path(old, new, mth=lambda lo, hi: tree.root(changed[lo:hi]))
    with pytest.raises(NotProven):
        tree.verify_consistency(old, new, path=path, old_root=tree.root(leaves[:old]), new_root=tree.root(changed))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 600))
def test_the_frontier_has_the_root_of_the_list_at_every_size(size: int) -> None:
    leaves = [tree.leaf_hash(n.to_bytes(2, "big")) for n in range(size)]
    frontier = tree.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    assert frontier.root() == tree.root(leaves) == naive_root(leaves)


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it down."""
    if not leaves:
        return tree.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return tree.node_hash(naive_root(leaves[:half]), naive_root(leaves[half:]))


def test_there_is_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(UsageError):
        tree.inclusion_path(8, 8, mth=mth)
    with pytest.raises(UsageError):
        tree.consistency_path(0, 8, mth=mth)
