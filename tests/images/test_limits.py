"""Every limit is a named setting, is asked before the cost, and says what was found, what is allowed and what to do."""

from __future__ import annotations

import dataclasses
import gzip
import inspect
import os
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from misyn.errors import LimitExceeded, MalformedImage, UnreadableImage
from misyn.images import limits as module
from misyn.images.limits import (
    DEFAULT,
    GZIP,
    RAW_DEFLATE,
    Deadline,
    Limits,
    check_bytes,
    check_depth,
    check_elements,
    check_frames,
    check_header,
    check_pixels,
    check_ratio,
    inflate,
    read_bytes,
)

TIGHT = Limits(
    max_bytes=10, max_pixels=10, max_ratio=10, ratio_from=0, max_depth=10, max_frames=10, max_header=10, max_elements=10
)
COUNTS: dict[str, Callable[..., None]] = {
    "max_bytes": check_bytes,
    "max_depth": check_depth,
    "max_frames": check_frames,
    "max_header": check_header,
    "max_elements": check_elements,
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_count_may_reach_its_limit_and_not_pass_it(name: str) -> None:
    COUNTS[name](10, limits=TIGHT)
    with pytest.raises(LimitExceeded) as caught:
        COUNTS[name](11, limits=TIGHT, path=Path("scan.dcm"))
    assert caught.value.limit == name
    assert caught.value.path == Path("scan.dcm")


def test_the_message_says_found_allowed_and_next() -> None:
    with pytest.raises(LimitExceeded, match=r"at most 10 .*found 12\. Next: .*Limits\(max_depth="):
        check_depth(12, limits=TIGHT)


def test_the_setting_survives_a_process_border() -> None:
    with pytest.raises(LimitExceeded) as caught:
        check_depth(12, limits=TIGHT)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (again.limit, str(again)) == ("max_depth", str(caught.value))


def test_samples_are_counted_over_every_axis() -> None:
    check_pixels((2, 5), limits=TIGHT)
    with pytest.raises(LimitExceeded, match="found 12") as caught:
        check_pixels((2, 2, 3), limits=TIGHT)
    assert caught.value.limit == "max_pixels"


@pytest.mark.parametrize("shape", [(0, 5), (5, -1)])
def test_an_axis_without_samples_is_malformed(shape: tuple[int, ...]) -> None:
    with pytest.raises(MalformedImage):
        check_pixels(shape, limits=DEFAULT)


def test_products_do_not_wrap_around() -> None:
    with pytest.raises(LimitExceeded):
        check_pixels((2**32, 2**32), limits=DEFAULT)


def test_a_ratio_is_asked_only_of_large_output() -> None:
    small = Limits(max_ratio=10, ratio_from=100)
    check_ratio(1, 100, limits=small)
    check_ratio(11, 110, limits=small)
    with pytest.raises(LimitExceeded) as caught:
        check_ratio(1, 101, limits=small)
    assert caught.value.limit == "max_ratio"


def test_a_ratio_to_no_input_at_all_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        check_ratio(0, 1000, limits=TIGHT)


def test_every_setting_is_documented() -> None:
    text = inspect.getdoc(Limits) or ""
    for setting in dataclasses.fields(Limits):
        assert f"{setting.name}: " in text


def test_time_over_is_a_limit() -> None:
    times = iter([100.0, 160.0, 160.1])
    deadline = Deadline(Limits(seconds=60), clock=lambda: next(times))
    deadline.check()
    with pytest.raises(LimitExceeded) as caught:
        deadline.check()
    assert caught.value.limit == "seconds"


@pytest.mark.parametrize(
    ("wbits", "pack"),
    [
        (GZIP, gzip.compress),
        (zlib.MAX_WBITS, zlib.compress),
        (RAW_DEFLATE, lambda data: zlib.compress(data)[2:-4]),
    ],
    ids=["gzip", "zlib", "raw"],
)
def test_inflate_gives_back_what_was_deflated(wbits: int, pack: Callable[[bytes], bytes]) -> None:
    data = os.urandom(3_000_000)
    assert inflate(pack(data), wbits=wbits) == data


def test_inflate_stops_within_a_block_of_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    check = module.check_bytes

    def watched(n: int, **settings: object) -> None:
        seen.append(n)
        check(n, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "check_bytes", watched)
    with pytest.raises(LimitExceeded):
        inflate(zlib.compress(bytes(50 << 20)), wbits=zlib.MAX_WBITS, limits=Limits(max_bytes=5 << 20))
    assert max(seen) <= (5 << 20) + (1 << 20)


def test_inflate_refuses_a_bomb_by_its_ratio() -> None:
    with pytest.raises(LimitExceeded) as caught:
        inflate(zlib.compress(bytes(8 << 20)), wbits=zlib.MAX_WBITS, limits=Limits(ratio_from=1 << 20))
    assert caught.value.limit == "max_ratio"


@pytest.mark.parametrize("data", [zlib.compress(b"pixels" * 99)[:-20], b"", b"nothing deflated"])
def test_inflate_refuses_damage(data: bytes) -> None:
    with pytest.raises(MalformedImage):
        inflate(data, wbits=zlib.MAX_WBITS)


def test_read_bytes_reads_all(tmp_path: Path) -> None:
    path = tmp_path / "some bytes"
    path.write_bytes(bytes(range(256)))
    assert read_bytes(path) == bytes(range(256))


def test_a_file_is_measured_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(5 << 30)  # sparse: takes no room, and would take 5 GB of memory
    path.chmod(0)  # nor could it be opened
    with pytest.raises(LimitExceeded) as caught:
        read_bytes(path)
    assert caught.value.limit == "max_bytes"


def test_a_growing_file_is_not_read_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"whole, and then some")
    monkeypatch.setattr(module, "_size", lambda _: 5)
    with pytest.raises(UnreadableImage, match="grows"):
        read_bytes(path)


def test_what_is_no_regular_file_is_refused_without_hanging(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, found in [
        (tmp_path / "pipe", "a pipe"),
        (tmp_path, "a folder"),
        (tmp_path / "absent", "no such file"),
        (tmp_path / "pipe" / "below", "no such file"),
        (Path("nul\0in the name"), "an operating system error"),
    ]:
        with pytest.raises(UnreadableImage, match=found) as caught:
            read_bytes(path)
        assert caught.value.path == path
