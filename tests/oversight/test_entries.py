"""Entries: commitments that can be opened by who holds the content and the salt, and by nobody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misyn import signing
from misyn.canonical import canonical_bytes, digest
from misyn.errors import MalformedLogData, NotProven, UsageError
from misyn.oversight.log import entries, lines, statements

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTENT = digest(b"our plan")


@pytest.mark.parametrize("kind", entries.KINDS)
def test_an_entry_says_its_kind_and_a_commitment_and_nothing_else(kind: str) -> None:
    entry, opening = entries.commit(kind, CONTENT, about=3 if kind == "removal" else None)
    said = json.loads(entry.to_bytes())
    assert set(said) <= {"schema", "kind", "commitment", "about"}
    assert said["commitment"] not in {CONTENT, opening.digest}
    assert CONTENT[7:] not in entry.to_bytes().decode()


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(entries.KINDS), st.one_of(st.none(), st.integers(0, 2**53 - 1)), st.binary(min_size=32, max_size=32)
)
def test_an_entry_has_the_one_spelling_of_rfc_8785(kind: str, about: int | None, salt: bytes) -> None:
    if kind == "removal" and about is None:
        return
    entry, opening = entries.commit(kind, CONTENT, about=about, salt=salt)
    data = entry.to_bytes()
    assert data == canonical_bytes(json.loads(data))
    assert entries.Entry.from_bytes(data) == entry
    kept = opening.to_bytes(entry)
    assert kept == canonical_bytes(json.loads(kept))
    assert entries.parse_opening(kept) == (entry, opening)


def test_what_a_later_version_adds_is_kept() -> None:
    entry, _ = entries.commit("plan", CONTENT)
    later = canonical_bytes({**json.loads(entry.to_bytes()), "kind": "amendment", "weight": {"of": [1, "é"]}})
    found = entries.Entry.from_bytes(later)
    assert found.to_bytes() == later
    assert found.more == {"weight": {"of": [1, "é"]}}


def test_an_opening_opens_its_entry_and_no_other() -> None:
    entry, opening = entries.commit("plan", CONTENT)
    opening.check(entry)
    others = [
        entries.Opening(digest(b"another plan"), opening.salt),
        entries.Opening(CONTENT, bytes(32)),
        entries.Opening(CONTENT, opening.salt, {"a": "statement"}),
    ]
    for other in others:
        with pytest.raises(NotProven):
            other.check(entry)


def test_the_same_content_is_never_recognisable_by_its_commitment() -> None:
    commitments = {entries.commit("plan", CONTENT)[0].commitment for _ in range(50)}
    assert len(commitments) == 50


def test_a_closed_entry_shows_itself_and_opens_nothing() -> None:
    entry, _ = entries.commit("concern", CONTENT)
    assert entries.parse_opening(entries.closed(entry.to_bytes())) == (entry, None)


ENTRY = entries.commit("plan", CONTENT, salt=bytes(32))[0].to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        ENTRY.replace(b"misyn/log-entry/1", b"misyn/log-entry/2"),
        ENTRY.replace(b'"kind":"plan"', b'"kind":"Plan of Ms Smith"'),
        ENTRY.replace(b'"kind":"plan"', b'"kind":1'),
        ENTRY.replace(b"sha256:", b"sha512:"),
        ENTRY.replace(b"{", b"{ "),
        ENTRY + b"\n",
        ENTRY.replace(b"{", b'{"about":-1,'),
        ENTRY.replace(b"{", b'{"about":true,'),
        ENTRY.replace(b"{", b'{"about":1.0,'),
        ENTRY.replace(b"{", b'{"about":null,'),
        ENTRY.replace(b"{", b'{"about":1,"about":1,'),
        ENTRY.replace(b'"schema"', b'"more":NaN,"schema"'),
        ENTRY.replace(b'"kind":"plan"', b'"kind":"plan","more":"\\ud800"'),
    ],
    ids=range(18),
)
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedLogData):
        entries.Entry.from_bytes(data)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "x"},
        {"entry": 5},
        {"entry": "\ud800"},
        {"digest": "md5:00"},
        {"salt": "AAAA"},
        {"salt": 5},
        {"statement": []},
        {"digest": None},
    ],
    ids=range(8),
)
def test_what_is_no_opening_is_refused(change: dict[str, object]) -> None:
    entry, opening = entries.commit("plan", CONTENT)
    data = json.dumps({**json.loads(opening.to_bytes(entry)), **change}).encode()
    with pytest.raises(MalformedLogData):
        entries.parse_opening(data)


def test_only_what_the_log_is_for_can_be_committed_to() -> None:
    with pytest.raises(UsageError, match="kind"):
        entries.commit("gossip", CONTENT)
    with pytest.raises(UsageError, match="digest"):
        entries.commit("plan", "our plan")
    with pytest.raises(UsageError, match="which entry"):
        entries.commit("removal", CONTENT)


# --- signed statements ---


@pytest.fixture
def key(tmp_path: Path) -> signing.SigningKey:
    return signing.create(tmp_path / "key", owner="Example Hospital", now=NOW)


def test_the_signed_bytes_are_those_of_the_published_protocol() -> None:
    # DSSE v1, protocol.md: SERIALIZED example
    assert statements.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_statement_says_of_which_content_by_whom_and_when(key: signing.SigningKey) -> None:
    sealed = statements.seal("plan", CONTENT, key=key, now=NOW)
    stated = statements.unseal(json.loads(json.dumps(sealed)), roots=key.chain[1:], at=NOW)
    assert (stated.digest, stated.kind, stated.time) == (CONTENT, "plan", "2026-11-22T12:00:00+00:00")
    assert stated.signer.name == "Example Hospital"


def test_a_statement_that_was_changed_or_is_by_another_is_not_believed(key: signing.SigningKey, tmp_path: Path) -> None:
    sealed = statements.seal("plan", CONTENT, key=key, now=NOW)
    stranger = signing.create(tmp_path / "stranger", owner="Example Hospital", now=NOW)
    theirs = statements.seal("plan", CONTENT, key=stranger, now=NOW)
    other = statements.seal("plan", digest(b"another plan"), key=key, now=NOW)
    spoiled: list[tuple[dict[str, object], datetime]] = [
        (theirs, NOW),
        ({**sealed, "payload": other["payload"]}, NOW),
        ({**sealed, "payloadType": "text/plain"}, NOW),
        ({**sealed, "signatures": []}, NOW),
        ({**sealed, "signatures": [{**sealed["signatures"][0], "chain": "none"}]}, NOW),
        ({**sealed, "signatures": [{**sealed["signatures"][0], "sig": 5}]}, NOW),
        ({}, NOW),
        (sealed, NOW + timedelta(days=9999)),
    ]
    for one, at in spoiled:
        with pytest.raises((NotProven, MalformedLogData)):
            statements.unseal(one, roots=key.chain[1:], at=at)
    with pytest.raises(NotProven, match="no trusted root"):
        statements.unseal(sealed, roots=(), at=NOW)


def test_a_signed_payload_of_another_type_says_nothing_of_a_file(key: signing.SigningKey) -> None:
    for payload in (b"{}", b"not json", canonical_bytes({"_type": statements.STATEMENT, "predicateType": "x"})):
        signature = {
            "sig": lines.base64_text(key.sign(statements.pae(statements.PAYLOAD_TYPE, payload))),
            "chain": key.chain_pem.decode(),
        }
        envelope = {
            "payloadType": statements.PAYLOAD_TYPE,
            "payload": lines.base64_text(payload),
            "signatures": [signature],
        }
        with pytest.raises(NotProven, match="statement"):
            statements.unseal(envelope, roots=key.chain[1:], at=NOW)
