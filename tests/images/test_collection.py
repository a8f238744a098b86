"""Images joined with what is known of them: every way to join badly has a sentence, and no sentence names a patient."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from misyn.errors import InputError, NoImages, TableError, UsageError
from misyn.images.collection import Collection, Item, collect

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Four images in two folders."""
    folder = tmp_path / "images"
    for name in ("benign/a 1.png", "benign/ä.png", "malignant/c.nii.gz.png", "malignant/d.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(PNG)
    return folder


def table(folder: Path, *rows: str, header: str = "image,patient_id,lesion_id,dx,sex,age,mm") -> Path:
    path = folder.parent / "table.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


ROWS = ("a 1,p1,l1,nv,F,34,1", "ä,p1,l2,nv,F,34,2", "c.nii.gz,p2,l3,mel,M,nan,3", "d,p3,l4,mel,,85,4")


def test_a_full_join_gives_patients_labels_and_groups(place: Path) -> None:
    found = collect(
        place, table=table(place, *ROWS), key="image", patient="patient_id", label="dx", groups=["sex", "age", "mm"]
    )
    assert (found.unit, found.patients_known, found.problems) == ("patient", True, ())
    assert found.items[0] == Item(
        place / "benign" / "a 1.png", patient="p1", label="nv", groups={"sex": "F", "age": "20-39", "mm": "1"}
    )
    assert [item.patient for item in found.items] == ["p1", "p1", "p2", "p3"]
    assert found.items[2].group_names == ("sex=M", "age=unknown", "mm=3")
    assert found.items[3].groups["sex"] == "unknown"
    assert len(found) == 4


def test_a_lesion_is_a_unit_and_not_a_patient(place: Path) -> None:
    found = collect(place, table=table(place, *ROWS), key="image", patient="lesion_id")
    assert (found.unit, found.patients_known) == ("lesion_id", False)
    assert len({item.patient for item in found.items}) == 4


@pytest.mark.parametrize(
    "keys",
    [
        ("a 1", "ä", "c.nii.gz", "d"),
        ("a 1.png", "ä.png", "c.nii.gz.png", "d.png"),
        ("benign/a 1.png", "benign/ä.png", "malignant/c.nii.gz.png", "malignant/d.png"),
        ("benign/a 1", "benign/ä", "malignant/c.nii.gz", "malignant/d"),
    ],
)
def test_keys_may_be_stems_names_or_relative_paths(place: Path, keys: tuple[str, ...]) -> None:
    path = table(place, *(f"{key},{n}" for n, key in enumerate(keys)), header="image,label")
    assert [item.label for item in collect(place, table=path, key="image", label="label").items] == ["0", "1", "2", "3"]


def test_a_volumes_double_ending_belongs_to_no_stem(tmp_path: Path) -> None:
    (tmp_path / "case 7.nii.gz").write_bytes(PNG)
    path = tmp_path / "t.csv"
    path.write_text("k,v\ncase 7,x\n")
    assert collect(tmp_path, table=path, key="k", label="v").items[0].label == "x"


def test_a_partial_join_counts_what_is_left_out(place: Path) -> None:
    found = collect(
        place,
        table=table(place, *ROWS[:3], "elsewhere,p9,l9,nv,F,3,9"),
        key="image",
        patient="patient_id",
        groups=["sex"],
    )
    assert found.problems == (
        "1 of 4 images have no row in the table; their values are unknown",
        "1 of 4 images have no patient; each counts for itself",
    )
    assert (found.unit, found.patients_known) == ("patient", False)
    assert found.items[3].patient is None
    assert found.items[3].groups == {"sex": "unknown"}


def test_a_table_that_joins_nothing_names_columns_and_the_one_that_would(place: Path) -> None:
    path = table(place, "a 1,zz1,F", "ä,zz2,M", header="image,other,sex")
    with pytest.raises(TableError) as caught:
        collect(place, table=path, key="other", groups=["sex"])
    text = str(caught.value)
    assert "found none of 4 files there" in text
    assert "'image', 'other', 'sex'" in text
    assert "use 'image' as key" in text
    assert "zz1" not in text


def test_a_table_of_other_files_says_to_check_the_folder(place: Path) -> None:
    with pytest.raises(TableError, match="check key and folder"):
        collect(place, table=table(place, "x,1", header="image,label"), key="image", label="label")


def test_contradicting_rows_are_said_and_count_as_unknown(place: Path) -> None:
    found = collect(place, table=table(place, *ROWS, "d,p3,l4,nv,,85,4"), key="image", label="dx", patient="patient_id")
    assert found.items[3].label is None
    assert any("contradict each other" in problem for problem in found.problems)


def test_files_of_one_name_that_share_a_row_are_said(place: Path) -> None:
    (place / "malignant" / "a 1.png").write_bytes(PNG)
    found = collect(place, table=table(place, *ROWS), key="image", label="dx")
    assert any(problem.startswith("2 images share their row") for problem in found.problems)


def test_a_missing_column_names_those_that_exist(place: Path) -> None:
    with pytest.raises(TableError, match=r"'gender', found 'image', 'patient_id'"):
        collect(place, table=table(place, *ROWS), key="image", groups=["gender"])


def test_the_folder_may_be_the_label_with_and_without_a_table(place: Path) -> None:
    assert [item.label for item in collect(place, label="@folder").items] == ["benign"] * 2 + ["malignant"] * 2
    joined = collect(place, table=table(place, *ROWS), key="image", label="@folder", groups=["sex"])
    assert joined.items[2].label == "malignant"


def test_without_anything_every_image_counts_for_itself(place: Path) -> None:
    found = collect(place)
    assert (found.unit, found.patients_known, found.problems) == ("image", False, ())
    assert found.items[0] == Item(place / "benign" / "a 1.png")


@pytest.mark.parametrize("options", [{"key": "a"}, {"patient": "a"}, {"label": "a"}, {"groups": ["a"]}])
def test_columns_without_a_table_make_no_sense(place: Path, options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="found none"):
        collect(place, **options)  # type: ignore[arg-type]  # one option at a time


def test_a_table_without_a_key_makes_no_sense(place: Path) -> None:
    with pytest.raises(UsageError, match="give it as key"):
        collect(place, table=table(place, *ROWS))


def test_one_file_and_no_files(place: Path, tmp_path: Path) -> None:
    assert [item.path for item in collect(place / "benign" / "ä.png").items] == [place / "benign" / "ä.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoImages):
        collect(tmp_path / "empty")
    with pytest.raises(InputError, match="no such path"):
        collect(tmp_path / "missing")


def test_a_column_nobody_filled_and_one_with_too_many_groups_are_said(tmp_path: Path) -> None:
    for n in range(60):
        (tmp_path / f"{n}.png").write_bytes(PNG)
    path = tmp_path / "t.csv"
    path.write_text("k,empty,name,same\n" + "".join(f"{n},,site {n},p\n" for n in range(60)))
    found = collect(tmp_path, table=path, key="k", patient="same", groups=["empty", "name"])
    assert found.problems[1:] == (
        "nothing is known of 'empty': every image is in the group unknown",
        "the column 'name' makes 60 groups; most will be too small to say anything about",
        "all images name one and the same same: if that is a placeholder, give a table with another",
    )


def dicom(folder: Path) -> Collection:
    folder.mkdir()
    for name in ("CT_small.dcm", "MR_small.dcm"):
        (folder / name).write_bytes(Path(get_testdata_file(name)).read_bytes())  # type: ignore[arg-type]  # it is there
    (folder / "damaged.dcm").write_bytes((folder / "CT_small.dcm").read_bytes()[:200])
    (folder / "picture.png").write_bytes(PNG)
    return collect(folder, groups=["sex", "age"])


def test_without_a_table_dicom_headers_say_who_the_patient_is(tmp_path: Path) -> None:
    """The two files are pydicom's own; their headers carry ids, sex, and in one an age."""
    found = dicom(tmp_path / "d")
    known = [item for item in found.items if item.patient]
    assert [item.path.name for item in known] == ["CT_small.dcm", "MR_small.dcm"]
    assert [item.groups["sex"] for item in known] == ["O", "F"]
    assert (found.unit, found.patients_known) == ("patient", False)
    assert "2 of 4 images have no patient; each counts for itself" in found.problems
    assert found.items[2].groups == {"sex": "unknown", "age": "unknown"}


@pytest.mark.data
def test_ten_thousand_medical_images_join_in_seconds(data_dir: Path) -> None:
    place = data_dir / "ham10000"
    started = time.monotonic()
    found = collect(
        place / "images",
        table=place / "HAM10000_metadata.csv",
        key="image_id",
        patient="lesion_id",
        label="dx",
        groups=["sex", "age", "localization"],
    )
    assert time.monotonic() - started < 15  # about 1.3 s on two quiet cores
    assert (len(found), found.unit, found.patients_known, found.problems) == (10015, "lesion_id", False, ())
    assert len({item.patient for item in found.items}) == 7470
    assert len({item.label for item in found.items}) == 7
    counts = Counter(name for item in found.items for name in item.group_names)
    assert counts["age=unknown"] == 57
    assert sum(n for name, n in counts.items() if name.startswith("age=")) == 10015
