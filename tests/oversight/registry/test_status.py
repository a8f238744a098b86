"""Status lists: believed for a reason, never older than before, and a withdrawal does not wear off."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from misyn.canonical import canonical_bytes
from misyn.errors import InputError, LogUnavailable, MisynError, NotProven
from misyn.oversight.registry import clock
from misyn.oversight.registry.acts import answering, standing
from misyn.oversight.status import applied, statuslist
from misyn.oversight.status.known import FIRST, MAX_AGE, OFFLINE, Known, of
from registries import World, record


def knowing(world: World, place: Path | str | None = None) -> Known:
    return of(str(place or world.place.folder), now=clock.now(), memory=world.folder / "memory")


def status(world: World) -> str:
    found = knowing(world).standing(record().digest, now=clock.now())
    return "unknown" if found is None else found.status


def test_a_status_is_known_after_the_next_checkpoint_and_not_before(world: World) -> None:
    world.checkpoint()
    assert status(world) == "current"
    raised = world.ask(world.entry)
    answering.answer(
        world.lab, raised.concern, outcome="upheld", effect="contested", words="It is so.", now=clock.now()
    )
    assert status(world) == "current"
    world.checkpoint()
    assert status(world) == "contested"
    standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
    world.checkpoint()
    assert status(world) == "withdrawn"


def test_a_list_that_was_changed_does_not_hold(world: World) -> None:
    standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
    world.checkpoint()
    path = world.place.status / statuslist.FILE
    content = json.loads(path.read_bytes())
    for row in content["records"]:
        row["status"] = "current"
    path.write_bytes(canonical_bytes(content))
    with pytest.raises(NotProven):
        knowing(world)


def test_an_older_list_than_the_one_known_is_refused(world: World) -> None:
    world.checkpoint()
    old = world.folder / "old"
    shutil.copytree(world.place.status, old)
    standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
    world.checkpoint()
    assert status(world) == "withdrawn"
    shutil.rmtree(world.place.status)
    shutil.copytree(old, world.place.status)
    with pytest.raises(NotProven, match="older list"):
        knowing(world)


def test_a_newer_list_that_forgets_a_withdrawal_is_refused(world: World) -> None:
    """Even where the registry itself signs it."""
    standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
    world.checkpoint()
    knowing(world)
    from misyn.oversight.registry.models import Entry

    Entry.objects.filter(pk=1).update(status="current")  # what a dishonest operator could write
    world.checkpoint()
    with pytest.raises(NotProven, match="forgets a withdrawal"):
        knowing(world)


def test_offline_the_kept_list_speaks_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.checkpoint()
    url = "https://registry.test.example"
    files = {name: (world.place.status / name).read_bytes() for name in (statuslist.FILE, statuslist.PROOF, "policy")}
    from misyn.oversight.log import static

    monkeypatch.setattr(static.Web, "read", lambda _self, name: files[name])
    assert FIRST in knowing(world, url).notes

    def silent(_self: object, _name: str) -> bytes:
        raise LogUnavailable("no network")

    monkeypatch.setattr(static.Web, "read", silent)
    found = knowing(world, url)
    assert OFFLINE in found.notes and FIRST not in found.notes
    assert found.listed.records
    with pytest.raises(LogUnavailable):
        knowing(world, "https://never-seen.test.example")


def test_old_knowledge_never_says_current_and_still_says_withdrawn(world: World) -> None:
    world.checkpoint()
    later = clock.now() + MAX_AGE + timedelta(days=1)
    found = knowing(world).standing(record().digest, now=later)
    assert found is not None and found.status == "unknown"
    standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
    world.checkpoint()
    found = knowing(world).standing(record().digest, now=later)
    assert found is not None and found.status == "withdrawn"


def test_another_key_than_the_kept_one_is_refused(world: World, template: Path) -> None:
    world.checkpoint()
    knowing(world)
    from registries import make

    other = make(world.folder / "other")
    from misyn.oversight.registry.acts import checkpoint

    checkpoint.make(clock.now())
    shutil.rmtree(world.place.status)
    shutil.copytree(other.status, world.place.status)
    with pytest.raises(NotProven):
        knowing(world)


def test_nothing_there_is_an_error_and_not_current(world: World, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        knowing(world, tmp_path / "nowhere")
    world.checkpoint()
    (world.place.status / statuslist.PROOF).unlink()
    with pytest.raises(MisynError):
        knowing(world)


def test_a_downloaded_list_is_enough(world: World, tmp_path: Path) -> None:
    world.checkpoint()
    browser = world.signed_in(None)
    for name in (statuslist.FILE, statuslist.PROOF, statuslist.POLICY):
        (tmp_path / name).write_bytes(browser.get(f"/status/{name}").content)
    assert knowing(world, tmp_path / statuslist.FILE).listed.origin == world.place.origin


def test_files_say_what_the_registry_says_of_their_record(world: World) -> None:
    standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
    world.checkpoint()
    file: dict[str, Any] = {
        "declaration": {"record": record().digest},
        "status": "unknown",
        "known_as_of": None,
        "problems": [],
    }
    other = {**file, "declaration": {"record": "sha256:" + "0" * 64}}
    result = applied.to_files({"files": [file, other], "summary": {}}, knowing(world), now=clock.now())
    assert [one["status"] for one in result["files"]] == ["withdrawn", "unknown"]
    assert "It harms." in result["files"][0]["problems"][0]
    assert result["files"][0]["known_as_of"] == result["files"][1]["known_as_of"] is not None
    assert result["summary"]["status"] == {"unknown": 1, "withdrawn": 1}


def test_an_audit_is_led_by_what_became_of_its_record(world: World) -> None:
    standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
    world.checkpoint()
    found = applied.caveats({record().digest: "this record"}, knowing(world), now=clock.now())
    assert [one.id for one in found] == ["registry-withdrawn"]
    assert "this record" in found[0].text
