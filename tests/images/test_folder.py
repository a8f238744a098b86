"""A place is searched without following anybody out of it, and what is skipped is counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from misyn.errors import InputError, NoImages, UnknownFormat
from misyn.images.folder import images_in

PNG = b"\x89PNG\r\n\x1a\n"


def put(place: Path, *names: str, content: bytes = PNG) -> None:
    for name in names:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def relative(place: Path) -> list[str]:
    return [file.relative for file in images_in(place).files]


def test_images_are_listed_in_order_of_their_relative_paths(tmp_path: Path) -> None:
    put(tmp_path, "b.png", "a/z.png", "a/b c ä.png", "a-b.png", "図.png")
    assert relative(tmp_path) == ["a/b c ä.png", "a/z.png", "a-b.png", "b.png", "図.png"]
    assert images_in(tmp_path).problems == ()
    assert images_in(tmp_path).files[1].path == tmp_path / "a" / "z.png"


def test_content_decides_and_what_is_skipped_is_counted(tmp_path: Path) -> None:
    put(tmp_path, "no ending", "x.txt")
    put(tmp_path, "a.png", "b.png", "README", content=b"words")
    put(tmp_path, ".hidden.png", ".folder/c.png", "sub/.DS_Store")
    found = images_in(tmp_path)
    assert [file.relative for file in found.files] == ["no ending", "x.txt"]
    assert found.problems == (
        "3 files are not images and were skipped (.png 2, no ending 1)",
        "3 hidden files or folders were skipped",
    )


def test_samples_of_a_detached_header_are_no_strangers(tmp_path: Path) -> None:
    put(tmp_path, "a.mhd", content=b"ObjectType = Image\nNDims = 2\n")
    put(tmp_path, "a.raw", "b.raw", content=bytes(50))
    assert images_in(tmp_path).problems == ("1 file is not an image and was skipped (.raw 1)",)


def test_links_never_lead_out_and_never_loop(tmp_path: Path) -> None:
    place, outside = tmp_path / "place", tmp_path / "outside"
    put(place, "a.png", "sub/b.png", ".store/c.png")
    put(outside, "secret.png")
    (place / "loop").symlink_to(place)
    (place / "self").symlink_to(place / "self")
    (place / "out.png").symlink_to(outside / "secret.png")
    (place / "outside").symlink_to(outside)
    (place / "again.png").symlink_to(place / "a.png")
    (place / "nowhere.png").symlink_to(place / "missing.png")
    (place / "stored.png").symlink_to(Path(".store") / "c.png")
    found = images_in(place)
    assert [file.relative for file in found.files] == ["a.png", "stored.png", "sub/b.png"]
    assert any(problem.startswith("6 links were not followed") for problem in found.problems)


def test_a_place_reached_through_a_link_is_searched(tmp_path: Path) -> None:
    put(tmp_path / "real place", "a.png")
    (tmp_path / "link").symlink_to(tmp_path / "real place")
    assert relative(tmp_path / "link") == ["a.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_hang_the_search(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    os.mkfifo(tmp_path / "b.png")
    found = images_in(tmp_path)
    assert [file.relative for file in found.files] == ["a.png"]
    assert found.problems == ("1 pipe, socket or device was skipped",)


def test_a_name_that_is_no_text_is_skipped_and_said(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    try:
        (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(PNG)
    except OSError:
        pytest.skip("this file system has only names that are text")
    assert images_in(tmp_path).problems == ("1 name is not text in UTF-8 and was skipped; rename it",)


def test_folders_nested_deeper_than_the_interpreters_stack_are_searched(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(200):
        deep = deep / "d"
    put(deep, "a.png")
    assert len(relative(tmp_path)) == 1


@pytest.mark.parametrize("make", ["nothing", "words", "hidden"])
def test_a_folder_without_images_says_what_it_holds(tmp_path: Path, make: str) -> None:
    if make == "words":
        put(tmp_path, "a.csv", "b.csv", content=b"words")
    if make == "hidden":
        put(tmp_path, ".a.png")
    with pytest.raises(NoImages, match=r"found none in this folder.*Next: check the path") as caught:
        images_in(tmp_path)
    assert {"nothing": "below it", "words": ".csv 2", "hidden": "1 hidden"}[make] in str(caught.value)


def test_a_place_that_is_not_there_and_one_that_is_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such path"):
        images_in(tmp_path / "missing")
    put(tmp_path, "a b.png", "words.png")
    (tmp_path / "words.png").write_bytes(b"words")
    assert relative(tmp_path / "a b.png") == ["a b.png"]
    with pytest.raises(UnknownFormat):
        images_in(tmp_path / "words.png")
