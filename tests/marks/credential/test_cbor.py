"""The CBOR that a signature needs: the RFC's own examples, and nothing else."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from misyn.errors import MalformedImage
from misyn.marks.credential import cbor

# RFC 8949, appendix A.
EXAMPLES: list[tuple[str, Any]] = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("20", -1),
    ("3863", -100),
    ("3903e7", -1000),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("4401020304", b"\1\2\3\4"),
    ("62c3bc", "ü"),
    ("83010203", [1, 2, 3]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", list(range(1, 26))),
    ("a201020304", {1: 2, 3: 4}),
    ("c11a514b67b0", 1363896240),
]


@pytest.mark.parametrize(("encoded", "value"), EXAMPLES)
def test_the_standard_s_examples_decode(encoded: str, value: Any) -> None:
    assert cbor.decode(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize(
    "encoded", ["", "18", "5f42010243030405ff", "f97e00", "fb3ff199999999999a", "a201020104", "8301", "62ff", "0000"]
)
def test_what_a_signature_of_ours_never_has_is_refused(encoded: str) -> None:
    with pytest.raises(MalformedImage):
        cbor.decode(bytes.fromhex(encoded))


def test_depth_is_bounded() -> None:
    with pytest.raises(MalformedImage):
        cbor.decode(b"\x81" * 10_000 + b"\0")


@given(st.binary(max_size=300))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedImage):
        cbor.decode(data)


@given(st.lists(st.binary(max_size=70_000), max_size=30))
def test_arrays_of_bytes_round_trip(items: list[bytes]) -> None:
    assert cbor.decode(cbor.encode_array(items, texts=0)) == items
