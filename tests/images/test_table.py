"""Tables as people save them: every delimiter, mark and line end; what cannot be read is said without quoting a row."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from misyn.errors import TableError
from misyn.images import Limits
from misyn.images.table import columns_naming, listed, load

PATIENT = "Müller-Lüdenscheidt"


def written(folder: Path, content: str | bytes, name: str = "ä table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiters_line_ends_and_byte_order_marks(tmp_path: Path, delimiter: str, end: str, mark: bytes) -> None:
    lines = ["image,sex,note", '007,F,"quoted"', "b,M,ünï"]
    content = mark + end.join(line.replace(",", delimiter) for line in [*lines, ""]).encode()
    table = load(written(tmp_path, content), key="image", columns=("sex", "note"))
    assert table.columns == ("image", "sex", "note")
    assert table.rows == {"007": {"sex": "F", "note": "quoted"}, "b": {"sex": "M", "note": "ünï"}}
    assert table.problems == ()


def test_values_stay_as_they_are_written(tmp_path: Path) -> None:
    table = load(written(tmp_path, "k,v\n1,007\n2,1e3\n3,true\n4,2024-01-02\n"), key="k", columns=("v",))
    assert [row["v"] for row in table.rows.values()] == ["007", "1e3", "true", "2024-01-02"]


@pytest.mark.parametrize("missing", ["", "NA", "N/A", "nan", "NaN", "null", "None", " ", "unknown", '""'])
def test_missing_values_are_none(tmp_path: Path, missing: str) -> None:
    assert load(written(tmp_path, f"k,v\na,{missing}\n"), key="k", columns=("v",)).rows["a"]["v"] is None


def test_a_decimal_comma_is_one_only_between_semicolons(tmp_path: Path) -> None:
    assert load(written(tmp_path, "k;v\na;45,5\n"), key="k", columns=("v",)).rows["a"]["v"] == "45.5"
    assert load(written(tmp_path, 'k,v\na,"1,234"\n'), key="k", columns=("v",)).rows["a"]["v"] == "1,234"


def test_line_ends_within_quotes_belong_to_the_value(tmp_path: Path) -> None:
    assert load(written(tmp_path, 'k,v\na,"x\ny"\nb,z\n'), key="k", columns=("v",)).rows["b"]["v"] == "z"


def test_parquet_reads_like_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"  # content decides
    columns = {
        "k": pa.array([1, 2, 3]),
        "age": pa.array([80.0, None, float("nan")]),
        "dx": pa.array(["nv", "nv", None]).dictionary_encode(),
    }
    pyarrow.parquet.write_table(pa.table(columns), path)
    table = load(path, key="k", columns=("age", "dx"))
    assert table.rows == {
        "1": {"age": "80", "dx": "nv"},
        "2": {"age": None, "dx": "nv"},
        "3": {"age": None, "dx": None},
    }


def test_rows_that_repeat_agree_fill_or_contradict(tmp_path: Path) -> None:
    table = load(
        written(tmp_path, "k,sex,dx\na,F,nv\na,F,mel\na,F,nv\nb,,nv\nb,M,nv\n,M,nv\n"), key="k", columns=("sex", "dx")
    )
    assert table.rows == {"a": {"sex": "F", "dx": None}, "b": {"sex": "M", "dx": "nv"}}
    assert table.problems == (
        "1 keys of the table have several rows that contradict each other; where they do, the value counts as unknown",
        "1 rows of the table have no key and were skipped",
    )


def test_a_column_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"expected the column 'sx', 'place', found 'image', 'sex'\. Next"):
        load(written(tmp_path, "image,sex\na,F\n"), key="image", columns=("sx", "place"))


def test_a_used_column_that_is_there_twice_is_refused_and_an_unused_one_is_not(tmp_path: Path) -> None:
    path = written(tmp_path, "k,v,w,w\na,1,2,3\n")
    assert load(path, key="k", columns=("v",)).rows == {"a": {"v": "1"}}
    with pytest.raises(TableError, match="twice"):
        load(path, key="k", columns=("w",))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "something else or nothing"),
        (b"  \n \n", "something else or nothing"),
        (b"k,v\n", "with rows, found none"),
        (b"k,v", "with rows, found none"),
        (b"PK\x03\x04rest of a spreadsheet", "CSV in UTF-8 or as Parquet"),
        ("k,v\na,1\n".encode("utf-16"), "CSV in UTF-8 or as Parquet"),
        (b"k,v\n\xe4,1\n", "UTF-8"),
        (b"k,\xe4\na,1\n", "UTF-8"),
        (b"PAR1 and no more", "Parquet"),
        (f"k,v\na,1\nb,2,{PATIENT}\n{PATIENT}\n".encode(), "another number in 2 rows, the first in line 3"),
        (b'k,v\na,"1\nb,2\n', "every quote to be closed"),
    ],
)
def test_each_way_not_to_be_a_table_has_its_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(TableError, match=says) as caught:
        load(written(tmp_path, content), key="k", columns=("v",))
    assert PATIENT not in str(caught.value)


def test_a_table_that_is_missing_a_folder_or_too_large(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(TableError, match="cannot be read"):
            load(path, key="k", columns=())
    with pytest.raises(TableError, match="bytes"):
        load(written(tmp_path, "k,v\n" + "a,1\n" * 100), key="k", columns=("v",), limits=Limits(max_bytes=100))


def test_a_compressed_table_is_not_inflated_by_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, "k,v\na,1\n", name="table.csv.gz")
    assert load(path, key="k", columns=("v",)).rows == {"a": {"v": "1"}}


def test_rows_are_bounded_and_a_repeated_text_is_one_text_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000), ["x" * 20_000])
    pyarrow.parquet.write_table(pa.table({"k": ["a", "b"] * 100_000, "v": long}), path)  # 4 GB of text
    assert path.stat().st_size < 1_000_000
    assert len(load(path, key="k", columns=("v",)).rows["b"]["v"] or "") == 20_000
    for table in (path, written(tmp_path, "k,v\n" + "a,1\n" * 1001)):
        with pytest.raises(TableError, match="at most 1,000 rows"):
            load(table, key="k", columns=("v",), limits=Limits(max_elements=1000))


def test_a_nested_parquet_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pa.table({"k": ["a"], "v": [[1, 2]]}), path)
    with pytest.raises(TableError, match="text or numbers"):
        load(path, key="k", columns=("v",))


def test_the_columns_that_name_files_are_found_best_first(tmp_path: Path) -> None:
    path = written(tmp_path, "id,file,stem\n1,a.png,a\n2,b.png,b\n3,x,c\n")
    assert columns_naming(path, {"a", "b", "c", "a.png", "b.png"}) == ("stem", "file")


def test_column_names_are_shown_short_and_printable() -> None:
    assert listed(["a\x1b[31m", "b" * 99]) == "'a[31m', '" + "b" * 60 + "'"
    assert listed([str(n) for n in range(30)]).endswith("'19' and 10 more")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 60))
def test_any_bytes_are_a_table_or_a_table_error(tmp_path: Path, junk: bytes, place: int) -> None:
    good = b'k,v\na,1\nb,"2 and, 3"\nc,nan\nd,5\n'
    for content in (junk, good[:place] + junk + good[place:]):
        try:
            table = load(written(tmp_path, content), key="k", columns=("v",))
        except TableError as error:
            assert str(error).startswith(("expected", "the table cannot be read"))
        else:
            assert all(set(row) == {"v"} for row in table.rows.values())
