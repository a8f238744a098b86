"""Columns become groups: ages in bands, many numbers in quarters, missing values as a group of their own."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from misyn.images.bands import MISSING, UNKNOWN, bands, is_age, is_patient


@pytest.mark.parametrize(
    ("age", "band"),
    [
        ("0", "0-19"),
        ("19.9", "0-19"),
        ("20", "20-39"),
        ("40.0", "40-59"),
        ("60", "60-79"),
        ("79.99", "60-79"),
        ("80", "80+"),
        ("150", "80+"),
        ("151", UNKNOWN),
        ("-1", UNKNOWN),
        ("inf", UNKNOWN),
        ("045Y", "40-59"),
        ("018M", "0-19"),
        (">89", "80+"),
        ("90+", "80+"),
        (None, UNKNOWN),
        ("NaN", UNKNOWN),
        ("  ", UNKNOWN),
    ],
)
def test_ages_fall_into_their_bands(age: str | None, band: str) -> None:
    assert bands([age, "30"], column="age")[0] == band


def test_a_few_ages_that_are_no_numbers_are_unknown_but_age_classes_stay() -> None:
    assert bands(["30", "40", "adult"], column="age") == ["20-39", "40-59", UNKNOWN]
    assert bands(["child", "adult"], column="age") == ["child", "adult"]


@pytest.mark.parametrize("name", ["age", "Age", "patient_age", "PatientAge", "age_approx", "age (years)", "AgeAtScan"])
def test_columns_named_like_an_age(name: str) -> None:
    assert is_age(name)


@pytest.mark.parametrize("name", ["image", "stage", "dosage", "age_group", "page", "lineage"])
def test_columns_not_named_like_an_age(name: str) -> None:
    assert not is_age(name)


@pytest.mark.parametrize(
    "name", ["patient", "patient_id", "PatientID", "Patient ID", "subject", "subject-id", "participant"]
)
def test_columns_named_like_a_patient(name: str) -> None:
    assert is_patient(name)


@pytest.mark.parametrize(
    "name", ["lesion_id", "image_id", "id", "study_id", "patient_age", "inpatient", "patients_sex"]
)
def test_columns_not_named_like_a_patient(name: str) -> None:
    assert not is_patient(name)


def test_few_numbers_are_groups_as_they_are() -> None:
    assert bands(["1.0", "2", "1", "nan"], column="grade") == ["1", "2", "1", UNKNOWN]


def test_many_numbers_become_quarters_named_by_their_ends() -> None:
    found = bands([str(n) for n in range(100)], column="thickness")
    assert Counter(found) == {"0 to 24": 25, "25 to 49": 25, "50 to 74": 25, "75 to 99": 25}
    assert found[30] == "25 to 49"


def test_equal_numbers_are_never_split_between_quarters() -> None:
    values = ["0"] * 80 + [str(n) for n in range(1, 21)]
    found = bands(values, column="dose")
    assert len(set(found[:80])) == 1


def test_one_word_among_numbers_makes_the_column_text() -> None:
    assert bands(["1", "2", "left"], column="side") == ["1", "2", "left"]


@given(st.lists(st.one_of(st.none(), st.text(max_size=8), st.floats().map(str), st.integers().map(str)), max_size=60))
def test_every_value_gets_one_group_and_missing_ones_are_unknown(values: list[str | None]) -> None:
    for column in ("age", "anything"):
        found = bands(values, column=column)
        assert len(found) == len(values)
        assert all(found)
        missing = (
            group for value, group in zip(values, found, strict=True) if (value or "").strip().lower() in MISSING
        )
        assert all(group == UNKNOWN for group in missing)


@given(st.lists(st.integers(-10_000, 10_000), min_size=60, unique=True))
def test_quarters_are_even_and_in_order(values: list[int]) -> None:
    found = bands([str(value) for value in values], column="x")
    sizes = Counter(found)
    assert len(sizes) == 4
    assert max(sizes.values()) - min(sizes.values()) <= 1
    by_group = [sorted(v for v, group in zip(values, found, strict=True) if group == name) for name in sizes]
    ordered = sorted(by_group)
    assert all(low[-1] < high[0] for low, high in itertools.pairwise(ordered))
