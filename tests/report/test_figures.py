"""Figures and galleries: chosen by rule or seed, said in words, never rounding some to none."""

from __future__ import annotations

import re

import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from misyn.report import galleries, plots
from misyn.report.rows import Row


def rows(n: int, origin: str = "synthetic", **more: object) -> list[Row]:
    return [Row(index=i, path=f"{origin}/{i}.png", origin=origin, **more) for i in range(n)]  # type: ignore[arg-type]


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_dots_never_show_some_as_none_nor_almost_all_as_all(counted: tuple[int, int]) -> None:
    found, n = counted
    drawn = plots.parts_of("x", n, [("full", found)], title="t")
    full, hollow = drawn.count("f-full"), drawn.count("f-hollow")
    assert full + hollow == min(n, 100)
    assert (full > 0) == (found > 0)
    assert (hollow > 0) == (found < n)


def test_figures_are_well_formed_and_escape_their_words() -> None:
    bars = plots.bars("<b>", [plots.Bar("<i>&", 0.5, "1 & 2", (0.4, 0.6), medical=True)], name="x", full=1.0)
    near = plots.nearest_distances([0.0, 1.0], [2.0], medical_words="<held-out>")
    placed = plots.image_map(rows(3, x=1.0, y=2.0), seed=0)
    for figure in (bars, near, placed, plots.nothing_measured("?")):
        tree = ElementTree.fromstring(str(figure))
        assert tree.find("title") is not None
        assert "<b>" not in str(figure)


def test_coordinates_stay_inside_the_map_however_wild_the_places() -> None:
    wild = [Row(index=i, path="p", origin="synthetic", x=x, y=-x) for i, x in enumerate((-1e9, 0.0, 1e9))]
    figure = str(plots.image_map(wild, seed=0))
    places = [(float(x), float(y)) for x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)", figure)]
    assert all(0 <= x <= plots.WIDTH and 0 <= y <= 260 for x, y in places)


def test_a_map_draws_a_bounded_sample() -> None:
    many = rows(4000, x=1.0, y=1.0)
    assert str(plots.image_map(many, seed=0)).count("z") <= plots.MOST + 10


def test_no_place_no_map_and_no_distance_no_histogram() -> None:
    assert plots.image_map(rows(2), seed=0) is None
    assert plots.nearest_distances([], [1.0], medical_words="m") is None


def test_identical_distances_still_make_a_figure() -> None:
    assert plots.nearest_distances([0.0, 0.0], [0.0], medical_words="m") is not None


def test_random_order_is_decided_by_the_seed_alone() -> None:
    many = rows(50)
    first = [row.index for row in galleries.random_sample(many, seed=1)]
    assert first == [row.index for row in galleries.random_sample(list(reversed(many)), seed=1)]
    assert first != [row.index for row in galleries.random_sample(many, seed=2)]
    assert first != sorted(first)


def test_a_random_sample_is_not_a_choice() -> None:
    """Every image is drawn about as often as any other, over many seeds."""
    many = rows(20)
    drawn = [row.index for seed in range(500) for row in galleries.random_sample(many, 5, seed=seed)]
    counts = [drawn.count(i) for i in range(20)]
    assert 85 < min(counts) <= max(counts) < 165


def test_unsupported_and_far_images_come_first_and_unknown_distances_last() -> None:
    judged = [
        Row(index=0, path="a", origin="synthetic", supported=True, nearest_distance=9.0),
        Row(index=1, path="b", origin="synthetic", supported=False, nearest_distance=1.0),
        Row(index=2, path="c", origin="synthetic", supported=False, nearest_distance=5.0),
        Row(index=3, path="d", origin="synthetic", supported=False),
        Row(index=4, path="e", origin="reference", supported=False, nearest_distance=99.0),
    ]
    assert [row.path for row in galleries.least_supported(judged)] == ["c", "b", "d", "a"]


@pytest.mark.parametrize("n", [0, 1, 8, 9, 40])
def test_no_image_is_both_least_and_best_supported(n: int) -> None:
    judged = [
        Row(index=i, path=str(i), origin="synthetic", supported=True, nearest_distance=float(i)) for i in range(n)
    ]
    least, best = galleries.least_supported(judged), galleries.best_supported(judged)
    assert not {row.index for row in least} & {row.index for row in best}
    assert len(least) + len(best) == min(n, 2 * galleries.PAIRS)


def test_exact_copies_come_before_suspected_ones() -> None:
    found = [
        Row(index=0, path="a", origin="synthetic", copy_suspect=True, nearest_distance=0.1),
        Row(index=1, path="b", origin="synthetic", exact_copy=True, nearest_distance=0.0),
        Row(index=2, path="c", origin="synthetic", exact_copy=False, copy_suspect=False),
    ]
    assert [row.path for row in galleries.copies(found)] == ["b", "a"]
