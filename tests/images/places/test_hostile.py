"""A hostile collection is refused or bounded, each member by name, and nothing outside the place is ever opened."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from misyn.errors import InputError, LimitExceeded, MalformedImage, MisynError, UnreadableImage
from misyn.images.places import Bounds, Member, at_hand, survey
from misyn.images.places.zipped import survey as survey_zip

PNG = b"\x89PNG\r\n\x1a\n and so on"
SECRET = b"outside"


def refusals(members: tuple[Member, ...]) -> dict[str, str | None]:
    return {member.path: member.refusal for member in members}


def content(member: Member) -> bytes:
    assert member.item is not None
    with at_hand(member.item) as path:
        return path.read_bytes()


def zipped(folder: Path, *members: tuple[str | zipfile.ZipInfo, bytes], name: str = "a.zip") -> Path:
    place = folder / name
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, data in members:
            archive.writestr(info, data)
    return place


def tarred(folder: Path, *members: tuple[tarfile.TarInfo, bytes], name: str = "a.tar", mode: str = "w") -> Path:
    place = folder / name
    with tarfile.open(place, mode) as archive:  # type: ignore[call-overload]  # the mode is a parameter
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return place


TRAVERSALS = ["../out.png", "a/../../out.png", "/etc/out.png", "C:\\out.png", "..\\out.png", "\\out.png", "a/.."]


@pytest.mark.parametrize("name", TRAVERSALS)
def test_a_path_that_leads_out_of_a_zip_is_refused_by_name(name: str, tmp_path: Path) -> None:
    found = survey(zipped(tmp_path, (name, PNG), ("in.png", PNG)))
    said = refusals(found.members)
    assert said.pop("in.png") is None
    assert [why is not None and ("leads out" in why or "absolute" in why) for why in said.values()] == [True]


@pytest.mark.parametrize("name", TRAVERSALS)
def test_a_path_that_leads_out_of_a_tar_is_refused_by_name(name: str, tmp_path: Path) -> None:
    found = survey(tarred(tmp_path, (tarfile.TarInfo(name), PNG), (tarfile.TarInfo("in.png"), PNG)))
    assert sorted(member.item is None for member in found.members) == [False, True]


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.FIFOTYPE, "pipe"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
    ],
)
def test_links_pipes_and_devices_in_a_tar_are_refused(kind: bytes, word: str, tmp_path: Path) -> None:
    info = tarfile.TarInfo("odd")
    info.type, info.linkname = kind, "/etc/passwd"
    found = survey(tarred(tmp_path, (info, b""), (tarfile.TarInfo("in.png"), PNG)))
    assert word in (refusals(found.members)["odd"] or "")
    assert [content(member) for member in found.members if member.item] == [PNG]


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert "a link" in (refusals(survey(zipped(tmp_path, (info, b"/etc/passwd"))).members)["link"] or "")


def test_an_encrypted_member_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    place = zipped(tmp_path, ("locked.png", PNG), ("open.png", PNG))
    data = bytearray(place.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    place.write_bytes(bytes(data))
    found = survey(place)
    assert "encrypted" in (refusals(found.members)["locked.png"] or "")
    assert [content(member) for member in found.members if member.item] == [PNG]


def test_a_name_that_comes_twice_is_read_once_and_refused_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        place = zipped(tmp_path, ("a.png", PNG), ("a.png", b"another"))
    for found in (
        survey(place),
        survey(tarred(tmp_path, (tarfile.TarInfo("a.png"), PNG), (tarfile.TarInfo("a.png"), b"another"))),
    ):
        assert [member.path for member in found.members] == ["a.png", "a.png"]
        assert [content(member) for member in found.members if member.item] == [PNG]
        assert sum("same name" in (member.refusal or "") for member in found.members) == 1


def test_a_bomb_in_a_zip_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    found = survey(zipped(tmp_path, ("bomb", bytes(20 << 20)), ("a.png", PNG)), bounds=Bounds(ratio_from=1 << 20))
    said = refusals(found.members)
    assert "times its size" in (said["bomb"] or "")
    assert said["a.png"] is None


def test_an_archive_unpacks_to_no_more_than_its_bound(tmp_path: Path) -> None:
    place = zipped(tmp_path, *((f"{n}.raw", bytes(1000)) for n in range(10)))
    found = survey(place, bounds=Bounds(max_unpacked=4500))
    assert sum(member.item is not None for member in found.members) == 4
    assert {member.limit for member in found.members if member.item is None} == {True}


def test_a_member_that_inflates_to_more_than_it_announced_is_damaged(tmp_path: Path) -> None:
    place = zipped(tmp_path, ("bomb", bytes(5 << 20)))
    data = bytearray(place.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 100)
    place.write_bytes(bytes(data))
    (member,) = survey(place).members
    with pytest.raises(MalformedImage, match="unpacks to"):
        content(member)


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    place = zipped(tmp_path, ("a.bin", os.urandom(2000)), ("b.bin", os.urandom(2000)))
    data = bytearray(place.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", data, second + 42, 10)
    place.write_bytes(bytes(data))
    assert all("shares its bytes" in (why or "") for why in refusals(survey(place).members).values())


def test_a_million_members_are_refused_by_a_setting(tmp_path: Path) -> None:
    place = zipped(tmp_path, *((f"{n}", b"") for n in range(50)))
    for many in (place, tarred(tmp_path, *((tarfile.TarInfo(f"{n}"), b"") for n in range(50)))):
        assert len(survey(many, bounds=Bounds(max_files=50)).members) == 50
        with pytest.raises(LimitExceeded, match="at most 49 files"):
            survey(many, bounds=Bounds(max_files=49))
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(50):
        (folder / str(n)).touch()
    with pytest.raises(LimitExceeded, match="--max-files"):
        survey(folder, bounds=Bounds(max_files=49))


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_compressed_tar_unpacks_within_its_bounds(mode: str, tmp_path: Path) -> None:
    place = tarred(tmp_path, (tarfile.TarInfo("a.raw"), bytes(3 << 20)), mode=mode)
    scratch = tmp_path / "scratch"
    found = survey(place, scratch=scratch)
    assert [content(member) for member in found.members] == [bytes(3 << 20)]
    for bounds in (Bounds(max_unpacked=1 << 20), Bounds(ratio_from=1 << 20)):
        with pytest.raises(LimitExceeded, match="unpacks to at most"):
            survey(place, bounds=bounds, scratch=tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []  # nothing half unpacked is left


def test_a_compressed_volume_is_no_archive(tmp_path: Path) -> None:
    place = tmp_path / "a.nii.gz"
    place.write_bytes(gzip.compress(bytes(2000)))
    assert survey(place).kind == "file"


def test_a_tar_header_that_announces_gigabytes_of_name_costs_nothing(tmp_path: Path) -> None:
    place = tarred(tmp_path, (tarfile.TarInfo("a.png"), PNG), (tarfile.TarInfo("b.png"), PNG))
    data = bytearray(place.read_bytes())
    data[1024 + 124 : 1024 + 136] = b"77777777777\0"
    data[1024 + 156] = ord("x")
    data[1024 + 148 : 1024 + 156] = b"        "
    data[1024 + 148 : 1024 + 156] = b"%06o\0 " % sum(data[1024:1536])
    place.write_bytes(bytes(data))
    found = survey(place)
    assert [member.path for member in found.members] == ["a.png"]
    assert "damaged" in found.problems[0]


@pytest.mark.parametrize("cut", [30, 600, -1])
def test_a_cut_archive_gives_what_was_whole_or_an_error(cut: int, tmp_path: Path) -> None:
    for place in (zipped(tmp_path, ("a.png", PNG)), tarred(tmp_path, (tarfile.TarInfo("a.png"), PNG * 100))):
        place.write_bytes(place.read_bytes()[:cut])
        try:
            found = survey(place)
        except MisynError:
            continue
        for member in found.members:
            if member.item is not None:
                content(member)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_archive_ends_in_members_or_typed_errors(data: st.DataObject, tmp_path: Path) -> None:
    """Whatever bytes change: no foreign exception, and no member that is not what the directory says."""
    place = (
        zipped(tmp_path, ("a.png", PNG), ("b/c.png", PNG * 9))
        if data.draw(st.booleans())
        else tarred(tmp_path, (tarfile.TarInfo("a.png"), PNG), (tarfile.TarInfo("b/c.png"), PNG * 9))
    )
    raw = bytearray(place.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    place.write_bytes(bytes(raw))
    try:
        found = survey(place, bounds=Bounds(max_files=1000))
    except MisynError:
        return
    for member in found.members:
        if member.item is not None:
            try:
                content(member)
            except UnreadableImage:
                continue


def test_names_that_are_not_utf8_are_read_and_shown_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(PNG)
    raw = tarfile.TarInfo(os.fsdecode(b"caf\xe9.png"))
    for place in (folder, tarred(tmp_path, (raw, PNG))):
        (member,) = survey(place).members
        assert (member.path, member.path_bytes) == ("caf\\xe9.png", b"caf\xe9.png".hex())
        assert content(member) == PNG
        member.path.encode("utf-8")


def test_control_characters_in_a_name_are_shown_escaped(tmp_path: Path) -> None:
    (member,) = survey(zipped(tmp_path, ("a\x1b[2J\nb.png", PNG))).members
    assert member.path == "a\\x1b[2J\\x0ab.png"
    assert content(member) == PNG


@pytest.fixture
def looped(tmp_path: Path) -> Path:
    """A folder with loops, a way out by each kind of link, a pipe, and one file."""
    folder, outside = tmp_path / "in", tmp_path / "outside"
    (folder / "deep").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.png").write_bytes(SECRET)
    (folder / "a.png").write_bytes(PNG)
    (folder / "loop").symlink_to(folder)
    (folder / "deep" / "up").symlink_to("..")
    (folder / "self").symlink_to("self")
    (folder / "out").symlink_to(outside)
    (folder / "out.png").symlink_to(outside / "secret.png")
    (folder / "again.png").symlink_to("a.png")
    (folder / "nowhere.png").symlink_to("nothing")
    os.mkfifo(folder / "pipe")
    return folder


def test_links_are_named_and_not_followed(looped: Path) -> None:
    found = survey(looped)
    said = refusals(found.members)
    assert [member.path for member in found.members if member.item] == ["a.png"]
    assert set(said) == {"a.png", "loop", "deep/up", "self", "out", "out.png", "again.png", "nowhere.png", "pipe"}
    assert "pipe" in (said.pop("pipe") or "")
    said.pop("a.png")
    assert all("link" in (why or "") for why in said.values())


def test_a_link_to_a_file_in_a_hidden_store_inside_is_followed(tmp_path: Path) -> None:
    store = tmp_path / ".store"
    store.mkdir()
    (store / "0815").write_bytes(PNG)
    (tmp_path / "a.png").symlink_to(store / "0815")
    found = survey(tmp_path)
    assert [content(member) for member in found.members] == [PNG]
    assert found.hidden == 1


def test_an_archive_inside_a_place_is_a_member_like_any_other(tmp_path: Path) -> None:
    inner = zipped(tmp_path, ("a.png", PNG), name="inner.zip").read_bytes()
    found = survey(zipped(tmp_path, ("inner.zip", inner)))
    assert [member.path for member in found.members] == ["inner.zip"]


def test_a_file_that_changes_while_it_is_in_hand_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "a.png"
    place.write_bytes(PNG)
    (member,) = survey(tmp_path).members
    assert member.item is not None
    with pytest.raises(UnreadableImage, match="changes while it is read"), at_hand(member.item) as path:
        path.write_bytes(PNG + b"more")
    with pytest.raises(UnreadableImage, match="changes while it is read"), at_hand(member.item) as path:
        path.unlink()


def test_an_archive_that_changes_after_it_was_listed_is_refused(tmp_path: Path) -> None:
    place = zipped(tmp_path, ("a.png", PNG))
    (member,) = survey(place).members
    zipped(tmp_path, ("a.png", PNG + b"longer"))
    with pytest.raises(MalformedImage, match="changed"):
        content(member)


def test_nothing_is_left_of_what_was_unpacked(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (member,) = survey(zipped(tmp_path, ("a.png", PNG))).members
    assert member.item is not None
    with at_hand(member.item, scratch=scratch) as path:
        assert scratch in path.parents
    assert list(scratch.iterdir()) == []


def test_a_zip_with_64_bit_fields_is_read(tmp_path: Path) -> None:
    place = tmp_path / "wide.zip"
    with zipfile.ZipFile(place, "w") as archive, archive.open("a.png", "w", force_zip64=True) as member:
        member.write(PNG)
    assert [content(member) for member in survey_zip(place, Bounds()).members] == [PNG]


def test_a_zip_of_more_members_than_its_old_fields_can_count_is_listed_whole(tmp_path: Path) -> None:
    place = zipped(tmp_path, *((f"{n}.png", b"") for n in range(66_000)))
    assert len(survey(place).members) == 66_000
    with pytest.raises(LimitExceeded):
        survey(place, bounds=Bounds(max_files=65_999))


def test_what_python_packs_is_unpacked_the_same(tmp_path: Path) -> None:
    """Python's own writers as an oracle: long names, empty files, folders, deflated and stored."""
    members = {
        "a" * 90 + "/" + "b" * 120 + ".png": PNG,
        "empty": b"",
        "ä/ö.png": os.urandom(300_000),
        "z": bytes(10**6),
    }
    places = [zipped(tmp_path, *members.items())]
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        place = tmp_path / f"{form}.tar"
        with tarfile.open(place, "w", format=form) as archive:
            for name, data in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        places.append(place)
    for place in places:
        assert {member.path: content(member) for member in survey(place).members} == members


def test_a_place_that_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such path"):
        survey(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError):
        survey(tmp_path / "pipe")


def test_a_checksum_that_does_not_hold_is_damage(tmp_path: Path) -> None:
    place = zipped(tmp_path, ("a.png", PNG))
    data = bytearray(place.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 16, zlib.crc32(b"another"))
    place.write_bytes(bytes(data))
    (member,) = survey(place).members
    with pytest.raises(MalformedImage):
        content(member)
