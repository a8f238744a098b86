from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misyn.errors import RecordError
from misyn.practice import yamltext


def problems(text: str) -> tuple[tuple[str, str], ...]:
    with pytest.raises(RecordError) as caught:
        yamltext.plain(yamltext.read(text))
    return caught.value.problems


def test_every_repeated_key_is_named_with_its_path() -> None:
    assert [path for path, _ in problems("a: 1\na: 2\nb: {c: 1, c: 2}\nl:\n  - x: 1\n    x: 3\n")] == [
        "a",
        "b.c",
        "l[0].x",
    ]


def test_a_number_and_a_text_that_would_become_one_key_are_one_key() -> None:
    assert problems("1: a\n'1': b\n")[0][0] == "1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x\n", "alias"),
        ("a: !!python/object/apply:os.system [ls]\n", "tag"),
        ("a: b: c\n", "a mistake"),
        ("a: \x01\n", "does not allow"),
        ("a: 1\n---\nb: 2\n", "second one"),
        ("? [1, 2]\n: 3\n", "as a key"),
        ("a: .nan\n", "finite number"),
        ("a: 123456789012345678901234567890\n", "finite number"),
        ("[" * 5000, "levels of nesting"),
        ("a:\n" + "".join(f"{'  ' * i}- b:\n" for i in range(1, 40)), "levels of nesting"),
        ("- 1\n" * 30_000, "values"),
        ("a: " + "x" * 600_000, "bytes"),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_a_plain_document_is_refused_in_a_sentence(text: str, said: str) -> None:
    assert said in " ".join(sentence for _, sentence in problems(text))


def test_a_bomb_of_aliases_costs_no_more_than_its_own_length() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
    )
    start = time.perf_counter()
    assert len(problems(bomb)) == 180
    assert time.perf_counter() - start < 5


def test_a_hostile_key_does_not_speak_through_the_terminal() -> None:
    assert all("\x1b" not in path for path, _ in problems('{"\\e[31mred": 1, "\\e[31mred": 2}'))


def test_a_date_that_is_none_stays_text_for_the_schema_to_name() -> None:
    assert yamltext.plain(yamltext.read("a: 2026-13-45\nb: 2026-01-02\n")) == {"a": "2026-13-45", "b": "2026-01-02"}


def test_comments_order_and_quoting_survive() -> None:
    text = "# top\nmisyn: 1  # one\nb: 'quoted'\na:\n  - x  # item\n\n# end\n"
    assert yamltext.write(yamltext.read(text)) == text


_KEYS = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_what_is_written_reads_back_the_same(content: dict[str, object]) -> None:
    assert yamltext.plain(yamltext.read(yamltext.write(content))) == content


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_document_or_a_record_error(text: str) -> None:
    try:
        yamltext.plain(yamltext.read(text))
    except RecordError as error:
        assert error.problems
