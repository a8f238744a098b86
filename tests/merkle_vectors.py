"""The 196 published cases of transparency-dev/merkle, derived again from its published classes.

The published repository makes its cases from a tree of eight leaves, ten base proofs and a list of ways to spoil them
(``cmd/proofgen``, with ``testdata/inclusion`` and ``testdata/consistency``). The files could be read one by one and not
fetched as a whole; so the leaves, roots and base proofs below are the published constants, the ways to spoil them are
written again from their descriptions, and the number of cases of each class is held to the published one. Cases that
were read as published are compared with what comes out here (``test_tree.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

SOME = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")
EMPTY = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
LEAVES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")] + [
    bytes.fromhex("606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    bytes.fromhex(h)
    for h in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
A, B, C, D, E, F, G, H = (
    bytes.fromhex(h)
    for h in (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    )
)
# (entry counted from one, tree size, proof)
INCLUSIONS: list[tuple[int, int, list[bytes]]] = [
    (1, 1, []),
    (1, 8, [A, B, C]),
    (6, 8, [D, E, F]),
    (3, 3, [ROOTS[1]]),
    (2, 5, [ROOTS[0], B, D]),
]
CONSISTENCIES: list[tuple[int, int, list[bytes]]] = [
    (1, 1, []),
    (1, 8, [A, B, C]),
    (6, 8, [G, E, F]),
    (2, 5, [B, D]),
    (6, 7, [G, H, F]),
]
WRAPPED = 2**64  # the published cases count in unsigned 64-bit integers


@dataclass(frozen=True)
class Inclusion:
    name: str
    index: int
    size: int
    leaf: bytes
    path: list[bytes]
    root: bytes
    holds: bool = False


@dataclass(frozen=True)
class Consistency:
    name: str
    old: int
    new: int
    path: list[bytes]
    old_root: bytes
    new_root: bytes
    holds: bool = False


def flip(path: Sequence[bytes], at: int, mask: int) -> list[bytes]:
    return [bytes([one[0] ^ mask]) + one[1:] if n == at else one for n, one in enumerate(path)]


def inclusions() -> Iterator[Inclusion]:
    from misyn.oversight.log.tree import leaf_hash  # the vectors carry leaf hashes, not leaves

    for number, (entry, size, path) in enumerate(INCLUSIONS):
        good = Inclusion(
            f"{number} happy path", entry - 1, size, leaf_hash(LEAVES[entry - 1]), path, ROOTS[size - 1], holds=True
        )
        yield good
        yield from spoiled_inclusions(replace(good, holds=False), number)
    for index, size in ((0, 0), (0, 1), (1, 0), (2, 1)):
        yield Inclusion(f"random leaf {index} {size}", index, size, SOME, [], b"")
        yield Inclusion(f"empty root {index} {size}", index, size, b"", [], EMPTY)
        yield Inclusion(f"empty root, random leaf {index} {size}", index, size, SOME, [], EMPTY)
    one = leaf_hash(b"data")
    yield Inclusion("single entry", 0, 1, one, [], one, holds=True)
    yield Inclusion("single entry, empty leaf", 0, 1, b"", [], one)
    yield Inclusion("single entry, empty root", 0, 1, one, [], b"")
    yield Inclusion("single entry, both empty", 0, 1, b"", [], b"")


def spoiled_inclusions(good: Inclusion, number: int) -> Iterator[Inclusion]:
    path, root = good.path, good.root
    changes: list[tuple[str, dict[str, object]]] = [
        ("index - 1", {"index": (good.index - 1) % WRAPPED}),
        ("index + 1", {"index": good.index + 1}),
        ("index ^ 2", {"index": good.index ^ 2}),
        ("size * 2", {"size": good.size * 2}),
        ("size / 2", {"size": good.size // 2}),
        ("wrong leaf", {"leaf": b"WrongLeaf"}),
        ("empty root", {"root": EMPTY}),
        ("random root", {"root": SOME}),
        ("trailing garbage", {"path": [*path, b""]}),
        ("trailing root", {"path": [*path, root]}),
        ("preceding garbage", {"path": [b"", *path]}),
        ("preceding root", {"path": [root, *path]}),
    ]
    changes += [(f"flipped bit in {at}", {"path": flip(path, at, 8)}) for at in range(len(path))]
    changes += [("removed", {"path": path[:-1]})] * (len(path) > 0)
    changes += [("inserted", {"path": [path[0], SOME, *path[1:]]}) for _ in range(len(path) > 1)]
    for name, change in changes:
        yield replace(good, name=f"{number} {name}", **change)  # type: ignore[arg-type]  # fields by name


def consistencies() -> Iterator[Consistency]:
    for number, (old, new, path) in enumerate(CONSISTENCIES):
        good = Consistency(f"{number} happy path", old, new, path, ROOTS[old - 1], ROOTS[new - 1], holds=True)
        yield good
        if path:
            yield from spoiled_consistencies(replace(good, holds=False), number)
    one, two = b"don't care 1", b"don't care 2"
    yield Consistency("sizes are zero, roots differ", 0, 0, [], one, two)
    yield Consistency("sizes are one, roots differ", 1, 1, [], one, two)
    yield Consistency("sizes are zero, proof is empty", 0, 0, [], one, one)
    yield Consistency("size1 is zero", 0, 1, [], one, two)
    yield Consistency("sizes are one, proof is empty", 1, 1, [], two, two, holds=True)
    yield Consistency("size1 above size2", 1, 0, [], one, two)
    yield Consistency("size1 above size2 again", 2, 1, [], one, two)
    yield Consistency("sizes differ, proof is empty", 1, 2, [], one, two)
    yield Consistency("roots differ, sizes are zero", 0, 0, [], EMPTY, two)
    yield Consistency("roots differ, sizes are one", 1, 1, [], EMPTY, two)
    yield Consistency("sizes are zero, proof is not empty", 0, 0, [EMPTY], EMPTY, EMPTY)
    yield Consistency("sizes are one, proof is not empty", 1, 1, [EMPTY], EMPTY, EMPTY)
    yield Consistency("size1 is zero and size2 is not", 0, 1, [], EMPTY, two)
    yield Consistency("a check from the empty tree is useless", 0, 1, [EMPTY], EMPTY, EMPTY)


def spoiled_consistencies(good: Consistency, number: int) -> Iterator[Consistency]:
    path, old_root, new_root = good.path, good.old_root, good.new_root
    changes: list[tuple[str, dict[str, object]]] = [
        ("size1 - 1", {"old": (good.old - 1) % WRAPPED}),
        ("size1 + 1", {"old": good.old + 1}),
        ("size1 ^ 2", {"old": good.old ^ 2}),
        ("size2 * 2", {"new": good.new * 2}),
        ("size2 / 2", {"new": good.new // 2}),
        ("wrong root1", {"old_root": b"WrongRoot"}),
        ("wrong root2", {"new_root": b"WrongRoot"}),
        ("swapped roots", {"old_root": new_root, "new_root": old_root}),
        ("empty proof", {"path": []}),
        ("trailing garbage", {"path": [*path, b""]}),
        ("trailing root1", {"path": [*path, old_root]}),
        ("trailing root2", {"path": [*path, new_root]}),
        ("preceding garbage", {"path": [b"", *path]}),
        ("preceding root1", {"path": [old_root, *path]}),
        ("preceding root2", {"path": [new_root, *path]}),
        ("preceding proof[0]", {"path": [path[0], *path]}),
        ("truncated", {"path": path[:-1]}),
    ]
    changes += [(f"flipped bit in {at}", {"path": flip(path, at, 16)}) for at in range(len(path))]
    for name, change in changes:
        yield replace(good, name=f"{number} {name}", **change)  # type: ignore[arg-type]  # fields by name
