"""Mirrors, and the static files they are made from: any web server will do; what it serves is verified first."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import logs
from misyn.errors import InputError, LogMisbehaved, LogUnavailable, MalformedLogData, NotProven, PolicyUnmet, UsageError
from misyn.oversight.log import follower, mirror, policy, static
from misyn.oversight.log.fsck import check_served
from misyn.oversight.log.store import Log

NOW = logs.NOW


def copy(log: Log, folder: Path, source: static.Source | None = None) -> None:
    wanted = policy.of(*log.keys)
    mirror.mirror(source or log.public, folder, policy=wanted, now=NOW, unsafe_without_cosignatures=True)


def files(folder: Path) -> dict[str, bytes]:
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_a_mirror_that_follows_is_the_log_file_by_file(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log")
    for size in (0, 1, 5, 256, 300, 700):
        logs.fill(log, *range(log.database.size(), size))
        log.publish()
        copy(log, tmp_path / "mirror")
        assert check_served(static.Folder(tmp_path / "mirror"), log.keys).clean
    served = files(tmp_path / "log" / "public")
    assert {name: served[name] for name in files(tmp_path / "mirror")} == files(tmp_path / "mirror")
    copy(log, tmp_path / "fresh")
    assert set(files(tmp_path / "fresh")) <= set(served)


def test_a_mirror_of_a_mirror_is_as_good(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 300)
    copy(log, tmp_path / "one")
    copy(log, tmp_path / "two", static.Folder(tmp_path / "one"))
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_mirror_wants_the_quorum_and_takes_new_cosignatures(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    one = logs.witness(tmp_path, "w1", log)
    wanted = logs.wanting(1, one, log=log)
    with pytest.raises(PolicyUnmet):
        mirror.mirror(log.public, tmp_path / "mirror", policy=wanted, now=NOW)
    assert not (tmp_path / "mirror").exists()
    log.publish(witnesses=[one])
    assert mirror.mirror(log.public, tmp_path / "mirror", policy=wanted, now=NOW).as_of == NOW
    assert (tmp_path / "mirror" / "checkpoint").read_bytes() == log.published().to_bytes()


def test_entries_that_are_not_the_checkpoints_change_nothing(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 20)
    copy(log, tmp_path / "mirror")
    before = files(tmp_path / "mirror")
    logs.fill(log, *range(20, 400))
    log.publish()
    bundle = tmp_path / "log" / "public" / "tile" / "entries" / "000"
    whole = bundle.read_bytes()
    for at in (30, len(whole) - 1):  # before and after what the mirror has
        bundle.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises((NotProven, MalformedLogData)):
            copy(log, tmp_path / "mirror")
        held = files(tmp_path / "mirror")
        assert {name: data for name, data in held.items() if not name.startswith("evidence/")} == before


def test_a_flipped_entry_served_by_a_host_is_not_blamed_on_the_log_without_a_signature(tmp_path: Path) -> None:
    """What looks like a rewritten past is called that only where the log signed it."""
    log = logs.made(tmp_path / "log", 20)
    copy(log, tmp_path / "mirror")
    logs.fill(log, *range(20, 30))
    log.publish()
    bundle = tmp_path / "log" / "public" / "tile" / "entries" / "000.p" / "30"
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[:30] + bytes([whole[30] ^ 1]) + whole[31:])
    with pytest.raises(NotProven, match="entries served are not those") as caught:
        copy(log, tmp_path / "mirror")
    assert not isinstance(caught.value, LogMisbehaved)


def test_another_log_does_not_go_into_a_mirror(tmp_path: Path) -> None:
    log, other = logs.made(tmp_path / "log", 3), logs.made(tmp_path / "other", 5, origin="example.org/other")
    copy(log, tmp_path / "mirror")
    with pytest.raises(NotProven, match="another log"):
        copy(other, tmp_path / "mirror")


def test_a_place_without_a_log_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a log"):
        static.source_of(tmp_path)
    with pytest.raises(LogUnavailable):
        static.checkpoint_of(static.Folder(tmp_path))
    logs.made(tmp_path / "log", 1)
    assert isinstance(static.source_of(tmp_path / "log"), static.Folder)


def test_partial_tiles_that_were_removed_are_cut_from_the_full_ones(tmp_path: Path) -> None:
    # "Clients … MAY fetch the full tile in parallel as a fallback in case the partial tile is not available anymore"
    log = logs.made(tmp_path / "log", 250)
    old = log.published().to_bytes()
    logs.fill(log, *range(250, 600))
    log.publish()
    assert not (tmp_path / "log" / "public" / "tile" / "0" / "000.p").exists()
    (tmp_path / "log" / "public" / "checkpoint").write_bytes(old)
    assert check_served(log.public, log.keys).clean


def test_a_damaged_memory_is_named(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 1)
    for text in ("{", '{"schema": "x"}', "[]"):
        (tmp_path / "memory").write_text(text)
        with pytest.raises(InputError, match="memory"):
            follower.Follower(tmp_path / "memory", policy.of(*log.keys)).follow(
                log.public, now=NOW, unsafe_without_cosignatures=True
            )


# --- over the network ---


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Log, str]]:
    """A log behind a web server that knows nothing of logs."""
    log = logs.made(tmp_path / "log", 300)
    handler = functools.partial(_Silent, directory=str(tmp_path / "log" / "public"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield log, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_any_web_server_can_host_a_log(served: tuple[Log, str], tmp_path: Path) -> None:
    log, address = served
    copy(log, tmp_path / "mirror", static.source_of(address))
    assert check_served(static.Folder(tmp_path / "mirror"), log.keys).clean
    assert check_served(static.Web(address), log.keys).clean
    assert static.Web(address).read("tile/0/009") is None


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(LogUnavailable, match="does not answer"):
        static.Web("http://127.0.0.1:1", seconds=2).read("checkpoint")


def test_a_server_that_serves_too_much_is_cut_off(
    served: tuple[Log, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, address = served
    monkeypatch.setattr(static, "LARGEST_FILE", 1000)
    (tmp_path / "log" / "public" / "checkpoint").write_bytes(b"x" * 2000)
    with pytest.raises(MalformedLogData, match="larger than any file"):
        static.Web(address).read("checkpoint")


@pytest.mark.parametrize("address", ["http://example.org/log", "ftp://example.org/log", "file:///etc"])
def test_only_addresses_that_cannot_be_listened_to_are_read(address: str) -> None:
    with pytest.raises(UsageError, match="https"):
        static.source_of(address)
