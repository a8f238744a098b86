"""A DICOMDIR is compared with what is there; what it refers to is never followed out of its folder."""

from __future__ import annotations

import gc
import shutil
import warnings
from pathlib import Path

import pydicom.data
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.sequence import Sequence

from misyn.images.places import survey
from misyn.images.places.dicomdir import references


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """A disc as pydicom writes one."""
    source = Path(str(pydicom.data.__file__)).parent / "test_files"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom leaves its temporary folders to the garbage collector
        made = FileSet()
        for name in ("CT_small.dcm", "MR_small.dcm"):
            made.add(source / name)
        made.write(tmp_path / "disc")
        del made
        gc.collect()
    return tmp_path / "disc"


def refer_to(disc: Path, *references_: list[str]) -> None:
    """Write these Referenced File IDs into the records that have one."""
    directory = dcmread(disc / "DICOMDIR")
    records = [record for record in directory.DirectoryRecordSequence if "ReferencedFileID" in record]
    for record, parts in zip(records, references_, strict=True):
        record.ReferencedFileID = parts
    directory.save_as(disc / "DICOMDIR")


def test_every_file_is_listed_and_the_directory_is_no_member(disc: Path) -> None:
    for place in (disc, disc / "DICOMDIR"):
        found = survey(place)
        assert found.kind == "dicomdir"
        assert len(found.members) == 2
        assert all(member.listed and member.item for member in found.members)
        assert found.problems == ()


def test_a_file_that_is_not_listed_is_scanned_and_said_to_be_so(disc: Path) -> None:
    (disc / "extra.dcm").write_bytes(b"x")
    found = survey(disc)
    assert {member.path: member.listed for member in found.members}["extra.dcm"] is False
    assert "1 of 3 files are not listed" in found.problems[0]
    assert "extra.dcm" not in {member.path for member in survey(disc / "DICOMDIR").members}


@pytest.mark.parametrize("parts", [["..", "secret"], ["/etc/passwd"], ["A", "..", "..", "secret"], ["C:", "x"]])
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_a_reference_that_leads_out_is_refused_by_name(parts: list[str], disc: Path) -> None:
    (disc.parent / "secret").write_bytes(b"outside")
    real = references(disc / "DICOMDIR")[0].split("\\")
    refer_to(disc, real, parts)
    refused = [member for member in survey(disc).members if member.item is None]
    assert [member.refusal is not None and "leads out" in member.refusal for member in refused] == [True]


def test_a_reference_through_a_link_is_refused(disc: Path) -> None:
    outside = disc.parent / "outside"
    outside.mkdir()
    (outside / "SECRET").write_bytes(b"outside")
    (disc / "LINK").symlink_to(outside)
    real = references(disc / "DICOMDIR")[0].split("\\")
    refer_to(disc, real, ["LINK", "SECRET"])
    refused = {member.path: member.refusal or "" for member in survey(disc).members if member.item is None}
    assert "through a link" in refused["LINK/SECRET"]


def test_a_reference_to_nothing_is_a_member_that_says_so(disc: Path) -> None:
    real = references(disc / "DICOMDIR")[0].split("\\")
    refer_to(disc, real, ["GONE", "A1"])
    refused = {member.path: member.refusal or "" for member in survey(disc).members if member.item is None}
    assert "not there" in refused["GONE/A1"]


def test_names_may_differ_in_case_as_discs_are_read(disc: Path) -> None:
    for name in references(disc / "DICOMDIR"):
        path = disc.joinpath(*name.split("\\"))
        lower = path.with_name(path.name.lower())
        shutil.move(path, lower)
    assert all(member.listed and member.item for member in survey(disc).members)


def test_a_directory_that_does_not_parse_is_a_problem_and_the_files_are_scanned(disc: Path) -> None:
    (disc / "DICOMDIR").write_bytes(bytes(128) + b"DICM" + b"\xff" * 100)
    found = survey(disc)
    assert sum(member.item is not None for member in found.members) >= 2
    assert "could not be read" in found.problems[0]


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_a_hostile_directory_of_many_records_is_bounded(disc: Path) -> None:
    directory = dcmread(disc / "DICOMDIR")
    record = Dataset()
    record.ReferencedFileID = ["..", "SECRET"]
    directory.DirectoryRecordSequence = Sequence([record] * 2000)
    directory.save_as(disc / "DICOMDIR")
    refused = [member for member in survey(disc).members if member.item is None]
    assert len(refused) == 1  # the same reference counts once
