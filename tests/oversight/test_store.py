"""The log in SQLite and in PostgreSQL: durable before acknowledged, verified before signed, forgotten on request."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import logs
from misyn.canonical import digest
from misyn.errors import InputError, LogBroken, LogUnavailable, MissingExtra, NotProven, SigningError, UsageError
from misyn.oversight.log import checkpoint, client, lines, policy, postgres, proofs, rotation, sqlite, static, tree
from misyn.oversight.log.fsck import check_log
from misyn.oversight.log.store import Log

NOW = logs.NOW


def test_what_is_appended_is_published_proven_and_checked(address: str | None, tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", address=address) as log:
        for size in (1, 2, 255, 256, 257, 600):
            logs.fill(log, *range(log.database.size(), size))
            assert log.published().checkpoint.size < size  # appended is not published
            assert log.publish().checkpoint.size == log.published().checkpoint.size == size
        wanted = policy.of(*log.keys)
        for index in (0, 1, 254, 255, 256, 511, 512, 599):
            proof = log.prove(index).to_bytes()
            shown = client.check(
                proof, wanted, now=NOW, content=digest(logs.content(index)), unsafe_without_cosignatures=True
            )
            assert (shown.index, shown.entry.kind) == (index, "declaration")
        assert check_log(log).problems == []


def test_the_same_entries_make_the_same_tree_on_both_databases_in_any_batches(
    address: str | None, tmp_path: Path
) -> None:
    leaves = [tree.leaf_hash(logs.item(n)[0].to_bytes()) for n in range(530)]
    with logs.made(tmp_path / "log", address=address) as log:
        for size in (3, 250, 256, 300, 530):
            logs.fill(log, *range(log.database.size(), size))
            assert log.publish().checkpoint.root == tree.root(leaves[:size])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(0, 90), min_size=1, max_size=6))
def test_however_a_log_grows_it_is_clean_and_consistent(
    steps: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with logs.made(tmp_path_factory.mktemp("grown") / "log") as log:
        published = [log.latest()]
        for step in steps:
            logs.fill(log, *range(log.database.size(), log.database.size() + step))
            published.append(log.publish())
        hashes = log._tree(published[-1].checkpoint.size)
        for old, new in ((a.checkpoint, published[-1].checkpoint) for a in published if a.checkpoint.size):
            path = tree.consistency_path(old.size, new.size, mth=hashes.mth)
            tree.verify_consistency(old.size, new.size, path=path, old_root=old.root, new_root=new.root)
        assert check_log(log).clean


def test_a_log_is_itself_again_after_a_restart(address: str | None, tmp_path: Path) -> None:
    logs.made(tmp_path / "log", 5, address=address).close()
    with Log.open(tmp_path / "log") as again:
        assert (again.origin, again.published().checkpoint.size) == (logs.ORIGIN, 5)
        logs.fill(again, 5)
        assert again.publish().checkpoint.size == 6


def test_all_entries_of_one_call_are_taken_in_or_none(address: str | None, tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 2, address=address) as log:
        good = logs.item(2)
        bad = (good[0], None)
        with pytest.raises(AttributeError):
            log.append([good, bad])  # type: ignore[list-item]
        assert log.database.size() == 2
        assert log.append([]) == ()
        assert logs.fill(log, 2, 3)[0].index == 2


def test_an_unpublished_entry_has_no_proof_yet(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 2) as log:
        logs.fill(log, 2)
        with pytest.raises(UsageError, match="one of 2 published entries"):
            log.prove(2)
        for index in (-1, 3):
            with pytest.raises(UsageError):
                log.entry(index)


def test_there_is_one_log_per_folder_and_database(address: str | None, tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 1, address=address):
        with pytest.raises(InputError, match="found one"):
            Log.create(tmp_path / "log", origin="example.org/other")
        if address:
            with pytest.raises(UsageError, match="found one"):
                Log.create(tmp_path / "second", origin="example.org/other", address=address)


def test_a_folder_without_a_log_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="misyn log init"):
        Log.open(tmp_path)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak", "x" * 201])
def test_a_name_that_cannot_be_a_logs_is_refused_and_nothing_is_left(origin: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Log.create(tmp_path / "log", origin=origin)
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"schema": "misyn/log/2"}', ""])
def test_a_damaged_settings_file_is_named(damage: str, tmp_path: Path) -> None:
    logs.made(tmp_path / "log").close()
    (tmp_path / "log" / "log.json").write_text(damage)
    with pytest.raises(LogBroken, match=r"log\.json"):
        Log.open(tmp_path / "log")


def test_settings_that_name_a_key_outside_the_folder_are_refused(tmp_path: Path) -> None:
    logs.made(tmp_path / "log").close()
    path = tmp_path / "log" / "log.json"
    found = json.loads(path.read_text())
    found["keys"][0]["file"] = "../elsewhere.key"
    path.write_text(json.dumps(found))
    with pytest.raises(LogBroken):
        Log.open(tmp_path / "log")


def test_what_a_later_version_adds_to_the_settings_is_kept(tmp_path: Path) -> None:
    logs.made(tmp_path / "log").close()
    path = tmp_path / "log" / "log.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "contact": "é"}))
    with Log.open(tmp_path / "log") as log:
        rotation.rotate(log)
    assert json.loads(path.read_text())["contact"] == "é"


def test_a_database_of_another_log_is_refused(tmp_path: Path) -> None:
    logs.made(tmp_path / "log").close()
    logs.made(tmp_path / "other", origin="example.org/other").close()
    (tmp_path / "other" / "log.sqlite3").replace(tmp_path / "log" / "log.sqlite3")
    with pytest.raises(LogBroken, match="not the one of this folder"):
        Log.open(tmp_path / "log")


@pytest.mark.skipif(os.name != "posix", reason="permissions of this kind exist on POSIX systems only")
def test_what_opens_entries_is_readable_by_the_owner_alone(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 3):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "log").iterdir()}
    assert {mode for name, mode in modes.items() if name.startswith("log.sqlite3")} == {0o600}
    assert modes["log-1.key"] == 0o600


def test_nothing_public_reveals_what_was_committed_to(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 3) as log:
        opening = log.opening(1)
        assert opening is not None
        secrets = [opening.digest[7:].encode(), bytes.fromhex(opening.digest[7:]), opening.salt, logs.content(1)]
        for path in (tmp_path / "log" / "public").rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                assert not any(secret in data for secret in secrets), path


# --- forgetting ---


def test_a_forgotten_opening_is_nowhere_left_and_every_proof_still_holds(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 4) as log:
        opening = log.opening(2)
        assert opening is not None
        secrets = [lines.base64_text(opening.salt).encode(), opening.digest.encode()]
        assert any(secret in (tmp_path / "log" / "log.sqlite3-wal").read_bytes() for secret in secrets)
        earlier = log.prove(2).to_bytes()
        receipt = log.forget(2, reason=digest(b"asked for by the person concerned"))
        log.publish()
        for path in (tmp_path / "log").iterdir():
            if path.is_file():
                data = path.read_bytes()
                assert not any(secret in data for secret in secrets), path
        assert log.opening(2) is None
        assert (log.entry(receipt.index).kind, log.entry(receipt.index).about) == ("removal", 2)
        wanted = policy.of(*log.keys)
        client.check(earlier, wanted, now=NOW, content=digest(logs.content(2)), unsafe_without_cosignatures=True)
        closed = client.check(log.prove(2).to_bytes(), wanted, now=NOW, unsafe_without_cosignatures=True)
        assert (closed.index, closed.digest) == (2, None)
        assert check_log(log).clean


def test_a_forgotten_opening_is_gone_in_postgresql_too(new_database: Callable[[], str], tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 4, address=new_database()) as log:
        log.forget(2, reason=digest(b"why"))
        log.publish()
        assert log.opening(2) is None
        assert check_log(log).clean


def test_a_closed_proof_shows_that_an_entry_exists_and_not_what_it_commits_to(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 3) as log:
        data = log.prove(1, opened=False).to_bytes()
        opening = log.opening(1)
        assert opening is not None
        extra = proofs.parse(data).extra
        assert extra is not None
        assert opening.digest.encode() not in extra
        wanted = policy.of(*log.keys)
        assert client.check(data, wanted, now=NOW, unsafe_without_cosignatures=True).digest is None
        with pytest.raises(NotProven, match="left out or destroyed"):
            client.check(data, wanted, now=NOW, content=digest(logs.content(1)), unsafe_without_cosignatures=True)


# --- a policy of our own ---


def test_with_a_policy_nothing_is_public_before_its_witnesses_have_cosigned(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 3) as log:
        witnesses = [logs.witness(tmp_path, f"w{n}", log) for n in range(3)]
        wanted = logs.wanting(2, *witnesses, log=log)
        (tmp_path / "log" / "policy").write_text(wanted.to_text())
        logs.fill(log, 3)
        log.publish(witnesses=witnesses[:1])
        assert log.published().checkpoint.size == 3
        log.publish(witnesses=witnesses[1:2])
        assert log.published().checkpoint.size == 4
        assert client.accept(static.checkpoint_of(log.public), wanted, now=NOW).unsafe == ()
        assert check_log(log).clean


# --- a change of keys ---


def test_through_a_change_of_keys_old_and_new_readers_believe_the_log(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 3) as log:
        (old,) = log.keys
        note = rotation.rotate(log)
        (_, new) = log.keys
        of_old, of_new = policy.of(old), policy.of(new)
        assert rotation.follow(of_old, note).logs == (old, new)
        public = (tmp_path / "log" / "public" / "keys" / f"{new.key_id:08x}").read_bytes()
        assert public == note.to_bytes()
        logs.fill(log, 3)
        log.publish()

        def believed(wanted: policy.Policy) -> bool:
            try:
                client.accept(static.checkpoint_of(log.public), wanted, now=NOW, unsafe_without_cosignatures=True)
            except NotProven:
                return False
            return True

        assert believed(of_old)
        assert believed(of_new)
        rotation.retire(log, old.key_id)
        assert not believed(of_old)
        assert believed(of_new)
        logs.fill(log, 4)
        assert log.publish().checkpoint.size == 5
        assert check_log(log).clean
    with Log.open(tmp_path / "log") as again:
        assert [one.active for one in again.settings.keys] == [False, True]


def test_the_last_key_cannot_be_retired(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log") as log:
        for key_id in (log.keys[0].key_id, 12345):
            with pytest.raises(UsageError, match="not the last one"):
                rotation.retire(log, key_id)


def test_a_key_that_others_can_read_signs_nothing(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log") as log:
        (tmp_path / "log" / "log-1.key").chmod(0o644)
        logs.fill(log, 0)
        with pytest.raises(SigningError, match="chmod 600"):
            log.publish()
        assert log.published().checkpoint.size == 0


# --- several processes ---


def test_writers_and_publishers_in_several_processes_lose_nothing(address: str | None, tmp_path: Path) -> None:
    logs.made(tmp_path / "log", address=address).close()
    pipe = subprocess.PIPE
    writers = [
        subprocess.Popen(logs.worker(tmp_path / "log", n * 1000, 40, 7), stdout=pipe, stderr=pipe, text=True)
        for n in range(4)
    ]
    told = [one.communicate(timeout=120) for one in writers]
    assert [(one.returncode, error) for one, (_, error) in zip(writers, told, strict=True)] == [(0, "")] * 4
    lines = [line.split() for output, _ in told for line in output.splitlines()]
    acknowledged = [(int(line[1]), int(line[2])) for line in lines if line[0] == "appended"]
    assert sorted(index for _, index in acknowledged) == list(range(160))
    with Log.open(tmp_path / "log") as log:
        assert log.published().checkpoint.size == max(int(line[1]) for line in lines if line[0] == "published")
        log.publish()
        for number, index in acknowledged:
            opening = log.opening(index)
            assert opening is not None
            assert opening.digest == digest(logs.content(number))
        sizes = [size for size, _ in log.database.checkpoints()]
        assert sizes == sorted(set(sizes))
        assert check_log(log).problems == []


# --- databases ---


def test_an_address_with_a_password_is_refused(tmp_path: Path) -> None:
    for text in ("postgresql://u:secret@host/db", "postgresql://u@host/db?password=secret"):
        with pytest.raises(UsageError, match="PGPASSWORD") as caught:
            Log.create(tmp_path / "log", origin=logs.ORIGIN, address=text)
        assert "secret" not in str(caught.value)
    postgres.check_address("postgresql://u@host:5432/db")
    assert not (tmp_path / "log").exists()


def test_without_psycopg_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"pip install 'misyn\[postgres\]'"):
        postgres.connect("postgresql://host/db")


def test_a_server_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(LogUnavailable, match="nothing was acknowledged"):
        postgres.connect(f"postgresql://misyn@/nowhere?host={tmp_path}")


def test_a_server_that_may_lose_commits_is_reported(new_database: Callable[[], str], tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 1, address=new_database()) as log:
        log.database._dialect.execute("SET synchronous_commit TO off")
        report = check_log(log)
    assert [(one.where, one.what) for one in report.problems] == [
        ("database", "the server runs with synchronous_commit off")
    ]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite3").write_bytes(b"this is not a database at all, however long it goes on" * 20)
    with pytest.raises(LogBroken):
        sqlite.connect(tmp_path / "log.sqlite3").origin()
    with pytest.raises(LogUnavailable):
        sqlite.connect(tmp_path / "absent" / "log.sqlite3")


# --- light ---


def test_the_log_is_importable_without_a_web_framework_numerics_or_the_network() -> None:
    code = (
        "import sys, misyn.oversight.log as log\n"
        "from misyn.oversight.log import tree, notes, store, client, witness, fsck, mirror, answers, submit\n"
        "heavy = {'django', 'numpy', 'scipy', 'pydicom', 'http', 'urllib.request', 'socket', 'ssl', 'psycopg'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    code = "import sys, misyn.oversight.log; print('cryptography' in sys.modules, 'sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"


def test_a_checkpoint_in_the_public_folder_that_the_log_never_signed_stops_it(tmp_path: Path) -> None:
    with logs.made(tmp_path / "log", 3) as log, logs.made(tmp_path / "other", 3) as other:
        (tmp_path / "log" / "public" / "checkpoint").write_bytes(other.latest().to_bytes())
        logs.fill(log, 3)
        with pytest.raises(LogBroken, match="not one this log has signed"):
            log.publish()
        assert isinstance(other.latest(), checkpoint.SignedCheckpoint)
