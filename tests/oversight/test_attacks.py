"""Attacks on a log's past, each with the reader, witness or mirror that notices.

Whoever runs the log has its key: everything below is signed by it. That is what witnesses and memories are for.
"""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

import logs
from misyn.canonical import digest
from misyn.errors import LogBroken, LogMisbehaved, NotProven, PolicyUnmet, TooOld
from misyn.oversight.log import checkpoint, client, follower, mirror, notes, policy, publishing, rotation, static, tree
from misyn.oversight.log.entries import commit
from misyn.oversight.log.fsck import check_served
from misyn.oversight.log.store import Log
from misyn.oversight.log.tiles import TileTree
from misyn.oversight.log.witness import Witness
from misyn.signing import new_private

NOW = logs.NOW


def twin(log: Log, folder: Path, entries: list[bytes]) -> static.Folder:
    """Serve other entries under the log's own name and key: what a dishonest operator, or a thief of the key, does."""
    (signer,) = log._signers()
    leaves = [tree.leaf_hash(entry) for entry in entries]
    text = checkpoint.Checkpoint(log.origin, len(leaves), tree.root(leaves)).text
    note = notes.Note(text, (signer.sign(text),))

    def hashes(level: int, index: int) -> bytes:
        width = 256**level
        return tree.root(leaves[index * width : (index + 1) * width])

    static.write(
        folder,
        note.to_bytes(),
        size=len(leaves),
        since=0,
        tile=lambda tile: b"".join(hashes(tile.level, tile.index * 256 + n) for n in range(tile.width)),
        entries=lambda bundle: entries[bundle.index * 256 : bundle.index * 256 + bundle.width],
    )
    return static.Folder(folder)


def entries_of(log: Log) -> list[bytes]:
    return [leaf.entry for _, leaf in log.database.leaves(0, log.database.size())]


def another(number: int) -> bytes:
    return commit("declaration", digest(b"another %d" % number), salt=bytes(32))[0].to_bytes()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return logs.made(tmp_path / "log", 7)


@pytest.fixture
def known(log: Log, tmp_path: Path) -> follower.Follower:
    """A reader that has believed the log at 7 entries (on its operator's word alone, to show what memory adds)."""
    reader = follower.Follower(tmp_path / "memory.json", policy.of(*log.keys))
    reader.follow(log.public, now=NOW, unsafe_without_cosignatures=True)
    return reader


def follow(reader: follower.Follower, source: static.Source) -> client.Trusted:
    return reader.follow(source, now=NOW, unsafe_without_cosignatures=True)


def copied(log: Log, tmp_path: Path) -> tuple[Path, policy.Policy]:
    """A mirror of the log, and the policy it believes by."""
    wanted = policy.of(*log.keys)
    mirror.mirror(log.public, tmp_path / "mirror", policy=wanted, now=NOW, unsafe_without_cosignatures=True)
    return tmp_path / "mirror", wanted


def test_honest_growth_is_followed(log: Log, known: follower.Follower) -> None:
    """The control: none of the alarms below goes off when nothing is wrong."""
    for size in (8, 9, 40, 300):
        logs.fill(log, *range(log.database.size(), size))
        log.publish()
        assert follow(known, log.public).checkpoint.size == size


@pytest.mark.parametrize("size", [8, 16, 40, 300])
def test_fork_a_reader_with_a_memory_notices_and_holds_the_evidence(
    size: int, log: Log, known: follower.Follower, tmp_path: Path
) -> None:
    forked = twin(log, tmp_path / "fork", [*entries_of(log)[:6], *(another(n) for n in range(size - 6))])
    with pytest.raises(LogMisbehaved, match="rewrote its past") as caught:
        follow(known, forked)
    for note in caught.value.evidence:  # anyone with the log's public key can check both statements
        checkpoint.by_log(checkpoint.parse(note), log.keys)
    remembered = known.remembered(log.origin)
    assert remembered is not None
    assert remembered.size == 7


def test_fork_from_a_power_of_two_is_noticed(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 8)
    reader = follower.Follower(tmp_path / "memory.json", policy.of(*log.keys))
    follow(reader, log.public)
    forked = twin(log, tmp_path / "fork", [another(0), *entries_of(log)[1:], another(1)])
    with pytest.raises(LogMisbehaved):
        follow(reader, forked)


def test_fork_a_mirror_notices_keeps_evidence_and_stays_what_it_was(log: Log, tmp_path: Path) -> None:
    folder, wanted = copied(log, tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    forked = twin(log, tmp_path / "fork", [another(0), *entries_of(log)[1:], another(1)])
    with pytest.raises(LogMisbehaved):
        mirror.mirror(forked, folder, policy=wanted, now=NOW, unsafe_without_cosignatures=True)
    evidence = list((folder / "evidence").iterdir())
    assert len(evidence) == 2
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path not in evidence}
    assert after == before


def test_fork_a_witness_does_not_cosign_it(log: Log, tmp_path: Path) -> None:
    one = logs.witness(tmp_path, "w1", log)
    log.publish(witnesses=[one])
    entries = [another(0), *entries_of(log)[1:], another(1)]
    forked = twin(log, tmp_path / "fork", entries)
    signed = checkpoint.parse(static.checkpoint_of(forked))
    hashes = TileTree(8, static.tile_reader(forked))
    from misyn.oversight.log.witness import Request

    for path in (tuple(tree.consistency_path(7, 8, mth=hashes.mth)), ()):
        assert one.add_checkpoint(Request(7, path, signed).to_bytes()).status == 422
    assert one.evidence() == [signed.to_bytes()]


def test_rollback_a_smaller_log_is_refused_by_reader_and_mirror(
    log: Log, known: follower.Follower, tmp_path: Path
) -> None:
    folder, wanted = copied(log, tmp_path)
    shorter = twin(log, tmp_path / "short", entries_of(log)[:5])
    with pytest.raises(TooOld, match="5 entries of a log known to have 7"):
        follow(known, shorter)
    with pytest.raises(TooOld, match="mirrored up to 7"):
        mirror.mirror(shorter, folder, policy=wanted, now=NOW, unsafe_without_cosignatures=True)


def test_rollback_the_log_itself_refuses_to_sign_after_an_old_copy_was_restored(log: Log, tmp_path: Path) -> None:
    """What retires honest logs: a database restored from yesterday, and the log goes on from there."""
    log.close()
    database = log.folder / "log.sqlite3"
    shutil.copy(database, tmp_path / "yesterday")
    with Log.open(log.folder) as today:
        logs.fill(today, 7, 8)
        today.publish()
    shutil.copy(tmp_path / "yesterday", database)
    for left in log.folder.glob("log.sqlite3-*"):
        left.unlink()
    with Log.open(log.folder) as restored:
        logs.fill(restored, 100, 101, 102)
        with pytest.raises(LogBroken, match="would be a fork"):
            restored.publish()
        assert restored.published().checkpoint.size == 9


def test_drop_who_holds_a_proof_notices(log: Log, known: follower.Follower, tmp_path: Path) -> None:
    """An entry is left out, and the rest signed again at a larger size."""
    entries = entries_of(log)
    dropped = twin(log, tmp_path / "dropped", [*entries[:3], *entries[4:], another(0), another(1)])
    with pytest.raises(LogMisbehaved):
        follow(known, dropped)
    held = log.prove(3)
    served = TileTree(8, static.tile_reader(dropped))
    with pytest.raises(NotProven):
        tree.verify_inclusion(
            tree.leaf_hash(entries[3]),
            index=3,
            size=8,
            path=tree.inclusion_path(3, 8, mth=served.mth),
            root=checkpoint.parse(static.checkpoint_of(dropped)).checkpoint.root,
        )
    held.verify(entries[3])  # the receipt itself still convicts: it is signed


def test_drop_a_server_that_leaves_out_the_last_entries_is_stale_or_lying(log: Log, tmp_path: Path) -> None:
    public = log.folder / "public"
    shutil.copytree(public, tmp_path / "cut")
    bundle = tmp_path / "cut" / "tile" / "entries" / "000.p" / "7"
    bundle.write_bytes(bundle.read_bytes()[:-10])
    assert not check_served(static.Folder(tmp_path / "cut"), log.keys).clean
    with pytest.raises(Exception, match="torn"):
        mirror.mirror(
            static.Folder(tmp_path / "cut"),
            tmp_path / "m",
            policy=policy.of(*log.keys),
            now=NOW,
            unsafe_without_cosignatures=True,
        )
    assert not (tmp_path / "m" / "checkpoint").exists()


def test_reorder_is_noticed(log: Log, known: follower.Follower, tmp_path: Path) -> None:
    entries = entries_of(log)
    entries[2], entries[3] = entries[3], entries[2]
    with pytest.raises(LogMisbehaved):
        follow(known, twin(log, tmp_path / "reordered", entries))
    with pytest.raises(LogMisbehaved):
        follow(known, twin(log, tmp_path / "grown", [*entries, another(0)]))


def test_reorder_in_the_database_is_noticed_before_signing(log: Log) -> None:
    logs.fill(log, *range(7, 300))
    execute = log.database._dialect.execute
    execute("UPDATE leaf SET idx = -1 WHERE idx = 2")
    execute("UPDATE leaf SET idx = 2 WHERE idx = 3")
    execute("UPDATE leaf SET idx = 3 WHERE idx = -1")
    with pytest.raises(LogBroken, match="does not begin with the 7 signed before"):
        log.publish()


def test_replay_of_an_old_checkpoint_shows_its_age(log: Log, tmp_path: Path) -> None:
    one = logs.witness(tmp_path, "w1", log)
    old = log.publish(witnesses=[one]).to_bytes()
    wanted = logs.wanting(1, one, log=log)
    later = NOW + timedelta(days=30)
    assert client.accept(old, wanted, now=later).age(later) == timedelta(days=30)
    with pytest.raises(TooOld, match="30 d"):
        client.accept(old, wanted, now=later, max_age=timedelta(days=7))


def test_replay_of_a_cosignature_on_another_checkpoint_or_log_is_refused(log: Log, tmp_path: Path) -> None:
    other = logs.made(tmp_path / "other", 7, origin="example.org/other")
    one = logs.witness(tmp_path, "w1", log, other)
    line = log.publish(witnesses=[one]).note.signatures[-1]
    logs.fill(log, 7)
    for target in (log.publish(), other.latest()):
        replayed = target.note.with_signatures([line]).to_bytes()
        wanted = policy.of(*log.keys, *other.keys, witnesses=(one.key,), needed=1)
        with pytest.raises(NotProven):
            client.accept(replayed, wanted, now=NOW)


def test_replay_of_a_request_changes_nothing_at_the_witness(log: Log, tmp_path: Path) -> None:
    one = logs.witness(tmp_path, "w1", log)
    request = log.request(0)
    assert one.add_checkpoint(request).status == 200
    logs.fill(log, 7, 8)
    log.publish(witnesses=[one])
    assert one.add_checkpoint(request).status == 409
    assert one.remembered(log.origin)[0] == 9


def test_replay_of_a_proof_for_another_file_is_refused(log: Log, tmp_path: Path) -> None:
    wanted = policy.of(*log.keys)
    data = log.prove(2).to_bytes()
    shown = client.check(data, wanted, now=NOW, content=digest(logs.content(2)), unsafe_without_cosignatures=True)
    assert shown.index == 2
    with pytest.raises(NotProven, match="another file"):
        client.check(data, wanted, now=NOW, content=digest(logs.content(3)), unsafe_without_cosignatures=True)


def stale(log: Log, folder: Path, *, honest: int) -> tuple[Witness, list[Witness], static.Folder]:
    """A witness whose memory was restored to 5 entries cosigns a fork from there; the honest ones saw 7."""
    five = logs.made(folder / "five", 5)
    victim = logs.witness(folder, "stale", log, five)
    victim.add_checkpoint(_request(log, 0, twin(log, folder / "to5", entries_of(log)[:5])))
    others = [logs.witness(folder, f"honest{n}", log) for n in range(honest)]
    log.publish(witnesses=others)
    forked = twin(log, folder / "fork", [*entries_of(log)[:5], *(another(n) for n in range(3))])
    answers = [one.add_checkpoint(_request(log, old, forked)) for one, old in ((victim, 5), *((o, 7) for o in others))]
    assert [answer.status for answer in answers] == [200, *[422] * honest]
    data = static.checkpoint_of(forked) + answers[0].body
    (forked.folder / "checkpoint").write_bytes(data)
    return victim, others, forked


def _request(log: Log, old: int, source: static.Folder) -> bytes:
    from misyn.oversight.log.witness import Request

    del log
    signed = checkpoint.parse(static.checkpoint_of(source))
    size = signed.checkpoint.size
    hashes = TileTree(size, static.tile_reader(source))
    return Request(old, tuple(tree.consistency_path(old, size, mth=hashes.mth)) if old else (), signed).to_bytes()


def test_stale_witness_alone_does_not_make_a_quorum(log: Log, tmp_path: Path) -> None:
    victim, others, forked = stale(log, tmp_path, honest=2)
    two_of_three = logs.wanting(2, victim, *others, log=log)
    with pytest.raises(PolicyUnmet, match=r"cosigned by stale\.example; the policy wants 2 of 3"):
        client.accept(static.checkpoint_of(forked), two_of_three, now=NOW)
    assert client.accept(static.checkpoint_of(log.public), two_of_three, now=NOW).checkpoint.size == 7


def test_stale_witness_is_convicted_by_its_own_two_cosignatures(log: Log, tmp_path: Path) -> None:
    """Who relies on that witness alone is fooled once; with a memory, the next look shows the contradiction."""
    victim, _, forked = stale(log, tmp_path, honest=1)
    reader = follower.Follower(tmp_path / "memory.json", logs.wanting(1, victim, log=log))
    assert reader.follow(forked, now=NOW).checkpoint.size == 8
    logs.fill(log, 7, 8)
    log.publish()
    with pytest.raises(PolicyUnmet):
        reader.follow(log.public, now=NOW)


def test_stale_witness_restored_from_an_old_copy_tells_a_smaller_size_and_a_log_is_not_confused(
    log: Log, tmp_path: Path
) -> None:
    one = logs.witness(tmp_path, "w1", log)
    log.publish(witnesses=[one])
    shutil.copy(tmp_path / "w1.sqlite3", tmp_path / "old.sqlite3")
    logs.fill(log, 7, 8)
    log.publish(witnesses=[one])
    shutil.copy(tmp_path / "old.sqlite3", tmp_path / "w1.sqlite3")
    logs.fill(log, 9)
    assert len(log.publish(witnesses=[one]).note.signatures) == 2
    assert one.remembered(log.origin)[0] == 10


def test_key_swap_a_checkpoint_under_a_new_key_is_not_believed(
    log: Log, known: follower.Follower, tmp_path: Path
) -> None:
    stranger = logs.made(tmp_path / "stranger", 9)
    with pytest.raises(NotProven, match="trusted key"):
        follow(known, stranger.public)
    with pytest.raises(NotProven):
        client.check(stranger.prove(2).to_bytes(), policy.of(*log.keys), now=NOW, unsafe_without_cosignatures=True)


def test_key_swap_in_the_folder_is_noticed_before_signing(log: Log) -> None:
    other = logs.made(log.folder.parent / "other", 1)
    key = log.folder / "log-1.key"
    key.unlink()
    shutil.copy(other.folder / "log-1.key", key)
    key.chmod(0o600)
    logs.fill(log, 7)
    with pytest.raises(LogBroken, match="not the private half"):
        log.publish()
    assert log.published().checkpoint.size == 7


def test_key_swap_by_rotation_needs_the_old_key(log: Log) -> None:
    thief = notes.NoteSigner(log.origin, new_private("ed25519"))
    wanted = policy.of(*log.keys)
    with pytest.raises(NotProven):
        rotation.follow(wanted, rotation.endorse(thief, thief))


def test_split_view_two_readers_who_compare_convict_the_log(log: Log, tmp_path: Path) -> None:
    shown = [log.public, twin(log, tmp_path / "view", [another(0), *entries_of(log)[1:]])]
    views = [checkpoint.parse(static.checkpoint_of(one)) for one in shown]
    for view in views:  # each alone is perfect
        assert check_served(shown[views.index(view)], log.keys).clean
    with pytest.raises(LogMisbehaved, match="two different trees of 7 entries") as caught:
        follower.compare(*views)
    assert caught.value.evidence == tuple(view.to_bytes() for view in views)


def test_split_view_of_different_sizes_is_convicted_by_the_tiles_of_the_larger(log: Log, tmp_path: Path) -> None:
    other = twin(log, tmp_path / "view", [another(0), *entries_of(log)[1:], another(1)])
    smaller, larger = (checkpoint.parse(static.checkpoint_of(one)) for one in (log.public, other))
    with pytest.raises(LogMisbehaved):
        follower.check_growth(smaller, larger, source=other)


def test_split_view_a_majority_of_witnesses_cosigns_one_of_the_views_at_most(log: Log, tmp_path: Path) -> None:
    witnesses = [logs.witness(tmp_path, f"w{n}", log) for n in range(3)]
    view = twin(log, tmp_path / "view", [another(0), *entries_of(log)[1:]])
    log.publish(witnesses=witnesses[:2])
    answers = [one.add_checkpoint(_request(log, 0, view)) for one in witnesses]
    assert [answer.status for answer in answers] == [409, 409, 200]
    wanted = logs.wanting(2, *witnesses, log=log)
    assert client.accept(static.checkpoint_of(log.public), wanted, now=NOW).witnesses == ("w0.example", "w1.example")
    with pytest.raises(PolicyUnmet):
        client.accept(static.checkpoint_of(view) + answers[2].body, wanted, now=NOW)


def test_tiles_of_a_stranger_are_the_hosts_fault_and_not_the_logs(
    log: Log, known: follower.Follower, tmp_path: Path
) -> None:
    logs.fill(log, *range(7, 20))
    log.publish()
    shutil.copytree(log.folder / "public", tmp_path / "host")
    tile = tmp_path / "host" / "tile" / "0" / "000.p" / "20"
    data = bytearray(tile.read_bytes())
    data[100] ^= 1
    tile.write_bytes(data)
    with pytest.raises(NotProven, match="tiles served are not those") as caught:
        follow(known, static.Folder(tmp_path / "host"))
    assert not isinstance(caught.value, LogMisbehaved)


def test_a_log_cannot_be_made_to_sign_two_trees_by_what_its_database_says(log: Log) -> None:
    """Every stored thing that could lead to another signed tree is compared first."""
    (row,) = log.database._dialect.execute("SELECT note FROM checkpoint WHERE size = 7")
    changes = [
        "UPDATE leaf SET entry = x'7b7d' WHERE idx = 5",
        "UPDATE leaf SET hash = zeroblob(32) WHERE idx = 5",
        "UPDATE checkpoint SET note = x'00' WHERE size = 7",
        "DELETE FROM checkpoint WHERE size = 7",
        "UPDATE checkpoint SET size = 6 WHERE size = 7",
        "UPDATE state SET size = 6",
        "DELETE FROM leaf WHERE idx = 6",
    ]
    logs.fill(log, 7)
    for change in changes:
        log.database._dialect.execute("SAVEPOINT attack")
        log.database._dialect.execute(change)
        with pytest.raises(LogBroken):
            publishing.check_public(log.database, log.public.read("checkpoint"), known=log.keys)
            publishing.sign_next(log.database, origin=log.origin, signers=log._signers(), known=log.keys)
            pytest.fail(change)
        log.database._dialect.execute("ROLLBACK TO attack")
        log.database._dialect.execute("RELEASE attack")
    assert log.publish().checkpoint.size == 8
    assert row
