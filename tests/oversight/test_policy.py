"""Policies: k of n, nobody twice, nothing by default; and what a reader believes under them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import logs
from misyn.errors import InputError, MalformedLogData, NotProven, PolicyUnmet, TooOld
from misyn.oversight.log import checkpoint, client, cosignature, notes, policy, rotation
from misyn.signing import new_private

LOG = notes.NoteSigner("example.org/log", new_private("ed25519"))
WITNESSES = [cosignature.WitnessSigner(f"w{n}.example", new_private("ed25519")) for n in range(6)]
LINES = [f"log {LOG.verifier.vkey}", *(f"witness w{n} {one.verifier.vkey}" for n, one in enumerate(WITNESSES))]


def written(*more: str) -> policy.Policy:
    return policy.parse("\n".join([*LINES, *more]) + "\n")


def test_the_published_example_of_two_levels_is_followed() -> None:
    wanted = written("group X 2 w0 w1 w2", "group Y any w3 w4 w5", "group X-and-Y all X Y", "quorum X-and-Y")
    assert wanted.reached({"w0": 10, "w1": 20, "w3": 5}) == 5
    assert wanted.reached({"w0": 10, "w1": 20}) is None
    assert wanted.reached({"w0": 10, "w3": 5, "w4": 5}) is None
    assert wanted.wants == "2 of 2 (X, Y)"


def test_a_policy_reads_back_as_it_is_written() -> None:
    wanted = written("# a comment", "", "\tgroup X 2 w0\tw1 w2  ", "quorum X")
    assert policy.parse(wanted.to_text()) == wanted
    assert policy.of(LOG.verifier, witnesses=tuple(w.verifier for w in WITNESSES), needed=3).wants.startswith("3 of 6")


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from([f"w{n}" for n in range(6)]), st.integers(1, 100)), st.integers(1, 6))
def test_k_of_n_vouch_for_the_kth_newest_time_and_had_seen_it_by_the_kth_oldest(times: dict[str, int], k: int) -> None:
    wanted = written(f"group all-of-them {k} w0 w1 w2 w3 w4 w5", "quorum all-of-them")
    if len(times) < k:
        assert wanted.reached(times) is None
    else:
        assert wanted.reached(times) == sorted(times.values(), reverse=True)[k - 1]
        assert wanted.reached(times, latest=False) == sorted(times.values())[k - 1]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["group X 2 w0 w0", "quorum X"], "twice"),
        (["group X any w0 w1", "group Y any w1 w2", "quorum Y"], "twice"),
        (["group X 3 w0 w1", "quorum X"], "1 to 2"),
        (["group X 0 w0 w1", "quorum X"], "1 to 2"),
        (["group X 01 w0 w1", "quorum X"], "1 to 2"),
        (["group X some w0 w1", "quorum X"], "1 to 2"),
        (["group X any w9", "quorum X"], "no witness or group"),
        (["group X any Y", "group Y any w0", "quorum X"], "no witness or group"),
        (["group X any X", "quorum X"], "no witness or group"),
        (["group X any none", "quorum X"], "no witness or group"),
        (["group w0 any w1", "quorum w0"], "taken"),
        (["group none any w1", "quorum none"], "taken"),
        (["quorum w0", "quorum w1"], "second"),
        (["quorum nobody"], "no witness or group"),
        ([], "found none"),
        (["quorum"], "words"),
        (["witness again " + WITNESSES[0].verifier.vkey, "quorum none"], "twice"),
        (["log " + LOG.verifier.vkey, "quorum none"], "twice"),
        (["log " + WITNESSES[0].verifier.vkey, "quorum none"], "type 01"),
        (["witness w9 " + LOG.verifier.vkey, "quorum none"], "type 04 or 06"),
        (["believe everything"], "another word"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused_by_its_line(lines: list[str], why: str) -> None:
    with pytest.raises(MalformedLogData, match=why):
        written(*lines)


def test_a_renamed_copy_of_a_witness_counts_once() -> None:
    copy = cosignature.WitnessKey("other.example", 0x04, WITNESSES[0].verifier.public)
    with pytest.raises(MalformedLogData, match="twice"):
        written(f"witness copy {copy.vkey}", "quorum none")


def test_a_policy_file_that_is_not_there_or_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        policy.load(tmp_path / "absent")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(MalformedLogData):
        policy.load(tmp_path / "bytes")


# --- believing ---

TEXT = checkpoint.Checkpoint("example.org/log", 5, b"r" * 32).text


def cosigned(*times: datetime, text: str = TEXT) -> bytes:
    signatures = [LOG.sign(text)]
    signatures += [one.cosign(text, time=int(at.timestamp())) for one, at in zip(WITNESSES, times, strict=False)]
    return notes.Note(text, tuple(signatures)).to_bytes()


TWO_OF_THREE = written("group X 2 w0 w1 w2", "quorum X")
NOW = logs.NOW
HOUR = timedelta(hours=1)


def test_a_checkpoint_is_believed_with_its_quorum_and_its_age_is_told() -> None:
    found = client.accept(cosigned(NOW - 3 * HOUR, NOW - 2 * HOUR), TWO_OF_THREE, now=NOW)
    assert found.witnesses == ("w0", "w1")
    assert (found.as_of, found.by) == (NOW - 3 * HOUR, NOW - 2 * HOUR)
    assert found.age(NOW) == 3 * HOUR
    assert found.unsafe == ()


def test_too_few_cosignatures_are_refused_and_unsafe_leaves_a_trace() -> None:
    with pytest.raises(PolicyUnmet, match=r"cosigned by w0; the policy wants 2 of 3"):
        client.accept(cosigned(NOW), TWO_OF_THREE, now=NOW)
    found = client.accept(cosigned(NOW), TWO_OF_THREE, now=NOW, unsafe_without_cosignatures=True)
    assert (found.unsafe, found.as_of, found.age(NOW)) == ((client.WITHOUT,), None, None)


def test_an_empty_policy_refuses() -> None:
    with pytest.raises(NotProven):
        client.accept(cosigned(NOW), policy.parse("quorum none"), now=NOW, unsafe_without_cosignatures=True)
    with pytest.raises(PolicyUnmet):
        client.accept(cosigned(NOW), written("quorum none"), now=NOW)
    assert client.accept(cosigned(NOW), written("quorum none"), now=NOW, unsafe_without_cosignatures=True).unsafe


def test_the_unsafe_flag_does_not_excuse_a_missing_log_signature() -> None:
    other = notes.NoteSigner("example.org/log", new_private("ed25519"))
    forged = notes.Note(TEXT, (other.sign(TEXT),)).to_bytes()
    with pytest.raises(NotProven):
        client.accept(forged, TWO_OF_THREE, now=NOW, unsafe_without_cosignatures=True)


def test_old_knowledge_is_refused_when_new_was_asked_for() -> None:
    data = cosigned(NOW - 48 * HOUR, NOW - 30 * HOUR)
    assert client.accept(data, TWO_OF_THREE, now=NOW, max_age=48 * HOUR).as_of == NOW - 48 * HOUR
    with pytest.raises(TooOld, match="2 d 0 h old"):
        client.accept(data, TWO_OF_THREE, now=NOW, max_age=47 * HOUR)
    with pytest.raises(TooOld, match="unknown"):
        client.accept(data, written("quorum none"), now=NOW, max_age=HOUR, unsafe_without_cosignatures=True)


def test_a_cosignature_from_the_future_counts_for_nothing() -> None:
    data = cosigned(NOW - HOUR, NOW + HOUR)
    with pytest.raises(PolicyUnmet):
        client.accept(data, TWO_OF_THREE, now=NOW)
    assert client.accept(data, TWO_OF_THREE, now=NOW + HOUR).as_of == NOW - HOUR
    slightly = cosigned(NOW - HOUR, NOW + timedelta(minutes=4))
    assert client.accept(slightly, TWO_OF_THREE, now=NOW).witnesses == ("w0", "w1")


def test_a_wrong_cosignature_in_a_known_name_spoils_the_checkpoint() -> None:
    other = checkpoint.Checkpoint("example.org/log", 6, b"r" * 32).text
    moved = WITNESSES[0].cosign(other, time=1)
    note = notes.parse(cosigned(NOW, NOW)).with_signatures([moved])
    with pytest.raises(NotProven, match=r"w0\.example"):
        client.accept(note.to_bytes(), TWO_OF_THREE, now=NOW)


def test_cosignatures_of_strangers_are_ignored() -> None:
    stranger = cosignature.WitnessSigner("w0.example", new_private("ed25519"))
    note = notes.parse(cosigned(NOW)).with_signatures([stranger.cosign(TEXT, time=int(NOW.timestamp()))])
    with pytest.raises(PolicyUnmet):
        client.accept(note.to_bytes(), TWO_OF_THREE, now=NOW)


def test_one_witness_cannot_fill_the_quorum_by_signing_twice() -> None:
    again = WITNESSES[0].cosign(TEXT, time=int(NOW.timestamp()) - 60)
    data = cosigned(NOW) + again.line.encode()
    with pytest.raises(PolicyUnmet):
        client.accept(data, TWO_OF_THREE, now=NOW)


def test_a_time_of_zero_states_no_time() -> None:
    zero = cosigned(datetime.fromtimestamp(0, UTC), datetime.fromtimestamp(0, UTC))
    found = client.accept(zero, TWO_OF_THREE, now=NOW)
    assert (found.as_of, found.by) == (None, None)


def test_an_impossible_empty_tree_is_not_believed() -> None:
    text = checkpoint.Checkpoint("example.org/log", 0, b"r" * 32).text
    data = notes.Note(text, (LOG.sign(text),)).to_bytes()
    with pytest.raises(NotProven, match="no entries"):
        client.accept(data, TWO_OF_THREE, now=NOW, unsafe_without_cosignatures=True)


# --- a change of keys ---


def test_a_rotation_is_followed_by_who_knows_the_old_key_and_nobody_else() -> None:
    new = notes.NoteSigner("example.org/log", new_private("ed25519"))
    note = rotation.endorse(LOG, new)
    followed = rotation.follow(TWO_OF_THREE, notes.parse(note.to_bytes()))
    assert followed.logs == (LOG.verifier, new.verifier)
    assert rotation.follow(followed, note) == followed
    stranger = notes.NoteSigner("example.org/log", new_private("ed25519"))
    with pytest.raises(NotProven):
        rotation.follow(TWO_OF_THREE, rotation.endorse(stranger, new))


def test_a_rotation_needs_the_new_keys_own_signature() -> None:
    new = notes.NoteSigner("example.org/log", new_private("ed25519"))
    note = rotation.endorse(LOG, new)
    half = notes.Note(note.text, note.signatures[:1])
    with pytest.raises(NotProven):
        rotation.follow(TWO_OF_THREE, half)


def test_a_checkpoint_is_no_rotation_and_a_rotation_no_checkpoint() -> None:
    new = notes.NoteSigner("example.org/log", new_private("ed25519"))
    with pytest.raises(MalformedLogData):
        rotation.follow(TWO_OF_THREE, notes.parse(cosigned(NOW)))
    with pytest.raises(MalformedLogData):
        checkpoint.parse(rotation.endorse(LOG, new).to_bytes())
    other = notes.NoteSigner("example.org/other", new_private("ed25519"))
    with pytest.raises(MalformedLogData):
        rotation.endorse(LOG, other)
    with pytest.raises(NotProven, match="does not name"):
        rotation.follow(TWO_OF_THREE, rotation.endorse(other, other))


def test_a_witness_with_a_new_key_counts_only_where_the_policy_has_it() -> None:
    """A witness rotates by telling its readers; the old key's cosignatures are then a stranger's."""
    renewed = cosignature.WitnessSigner("w0.example", new_private("ed25519"))
    after = policy.of(LOG.verifier, witnesses=(renewed.verifier,), needed=1)
    before = policy.of(LOG.verifier, witnesses=(WITNESSES[0].verifier,), needed=1)
    old = cosigned(NOW)
    new = notes.Note(TEXT, (LOG.sign(TEXT), renewed.cosign(TEXT, time=int(NOW.timestamp())))).to_bytes()
    assert client.accept(old, before, now=NOW).witnesses == client.accept(new, after, now=NOW).witnesses
    for data, wanted in ((old, after), (new, before)):
        with pytest.raises(PolicyUnmet):
            client.accept(data, wanted, now=NOW)
    both = notes.parse(old).with_signatures([renewed.cosign(TEXT, time=int(NOW.timestamp()))]).to_bytes()
    assert client.accept(both, before, now=NOW).unsafe == client.accept(both, after, now=NOW).unsafe == ()
