"""Claims on the cache: same bytes with and without it, nothing stale, bounded, and never someone else's file."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from discs import discs
from misyn.errors import InputError
from misyn.evaluate import features
from misyn.evaluate.cache import NAME, Cache, key_of
from misyn.evaluate.pair import Settings
from misyn.evaluate.study import Sets, evaluate

QUICK = Settings(permutations=19)


def never(item: str, **_: object) -> dict[str, object]:
    raise AssertionError(f"{item} is in the cache")


def test_a_study_gives_the_same_bytes_from_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = Sets(synthetic=discs(tmp_path / "s", 12, start=50), training=discs(tmp_path / "t", 24))
    written = []
    for name, cache in (("without", None), ("first", tmp_path / "c"), ("again", tmp_path / "c")):
        if name == "again":  # nothing is left to describe
            monkeypatch.setattr(features, "describe", never)
        evaluate(sets, out=tmp_path / name, workers=0, settings=QUICK, cache=cache)
        written.append((tmp_path / name / "evaluation.json").read_bytes())
    assert written[0] == written[1] == written[2]
    assert stat.S_IMODE((tmp_path / "c" / NAME).stat().st_mode) == 0o600, "features of medical images lie in it"


def test_another_image_extractor_or_plan_is_another_key() -> None:
    keys = {key_of("a", by="x"), key_of("b", by="x"), key_of("a", by="y")}
    assert len(keys) == 3


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    with Cache(tmp_path, most=60) as cache:
        cache.keep({"old": {"v": "x" * 20}})
        cache.keep({"used": {"v": "x" * 20}})
        cache.find(["old"])
        cache.keep({"new": {"v": "x" * 20}})
        assert set(cache.find(["old", "used", "new"])) == {"old", "new"}


def test_values_are_kept_all_or_none(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        cache.keep({"a": {"v": 1}})
        with pytest.raises(TypeError):
            cache.keep({"b": {"v": 1}, "c": {"v": object()}})
    with Cache(tmp_path) as cache:
        assert set(cache.find(["a", "b", "c"])) == {"a"}


def test_a_database_of_someone_else_is_not_touched(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / NAME) as file:
        file.execute("CREATE TABLE patients (name TEXT)")
    file.close()
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(InputError, match="another database"):
        Cache(tmp_path)
    assert (tmp_path / NAME).read_bytes() == before


def test_a_damaged_cache_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"no database, but long enough to be looked at" * 100)
    with pytest.raises(InputError, match="only time is lost"):
        Cache(tmp_path)
