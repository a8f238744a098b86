"""Entries of a log as evidence: what a row says is what its proof shows, and rows of a split log are not compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import logs
from misyn import signing
from misyn.canonical import digest
from misyn.errors import MalformedLogData, NotProven, PolicyUnmet
from misyn.oversight.log import policy, statements
from misyn.oversight.log.entries import commit
from misyn.oversight.log.evidence import Prover
from misyn.oversight.log.store import Log

PLAN = digest(b"our plan")


def prover(log: Log, **options: Any) -> Prover:
    return Prover(policy.of(*log.keys), now=logs.NOW, unsafe_without_cosignatures=True, **options)


def published(log: Log, *kinds: str) -> list[bytes]:
    """Log the plan as each of these kinds; the proofs."""
    first = log.append_contents(kinds[0], [PLAN])[0]
    for kind in kinds[1:]:
        log.append_contents(kind, [PLAN])
    log.publish()
    return [log.prove(first + n).to_bytes() for n in range(len(kinds))]


def test_a_row_is_what_its_proof_shows_and_is_proven_again(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    (proof,) = published(log, "plan")
    row = prover(log).row(proof)
    assert row == {
        "log": logs.ORIGIN,
        "index": 3,
        "kind": "plan",
        "digest": PLAN,
        "size": 4,
        "root": "sha256:" + log.published().checkpoint.root.hex(),
        "proof": proof.decode(),
    }
    prover(log).prove(row)
    prover(log).prove({key: row[key] for key in ("index", "digest", "proof")})  # what is not said need not be shown


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("log", "example.org/other"),
        ("index", 0),
        ("index", "3"),
        ("kind", "evidence"),
        ("digest", digest(b"another plan")),
        ("size", 5),
        ("root", "sha256:" + "0" * 64),
        ("more", "said"),
        ("proof", None),
        ("digest", None),
    ],
)
def test_a_row_that_says_more_or_another_thing_is_refused(tmp_path: Path, key: str, value: object) -> None:
    log = logs.made(tmp_path / "log", 3)
    (proof,) = published(log, "plan")
    with pytest.raises(NotProven):
        prover(log).prove(prover(log).row(proof) | {key: value})


def test_a_damaged_or_a_closed_proof_is_evidence_of_nothing(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log", 3)
    (proof,) = published(log, "plan")
    with pytest.raises((NotProven, MalformedLogData)):
        prover(log).row(proof[:-30])
    with pytest.raises(NotProven, match="not what it commits to"):
        prover(log).row(log.prove(3, opened=False).to_bytes())


def test_one_operators_word_is_not_believed_unless_asked_for(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log")
    (proof,) = published(log, "plan")
    with pytest.raises(PolicyUnmet, match="one operator's word"):
        Prover(policy.of(*log.keys), now=logs.NOW).row(proof)


def test_proofs_from_two_checkpoints_are_compared_only_where_witnesses_saw_one_log_grow(tmp_path: Path) -> None:
    """Without witnesses the operator could show one log to each, with another order."""
    log = logs.made(tmp_path / "log")
    witness = logs.witness(tmp_path / "w", "w1", log)
    log.append_contents("plan", [PLAN])
    log.publish(witnesses=[witness])
    first = log.prove(0).to_bytes()
    log.append_contents("evidence", [PLAN])
    log.publish(witnesses=[witness])
    second = log.prove(1).to_bytes()
    believed = Prover(logs.wanting(1, witness, log=log), now=logs.LATER)
    assert [believed.row(proof)["index"] for proof in (first, second)] == [0, 1]
    alone = prover(log)
    alone.row(first)
    with pytest.raises(NotProven, match="no quorum shows that both are of one log"):
        alone.row(second)
    again = prover(log)
    assert [again.row(log.prove(index).to_bytes())["size"] for index in (0, 1)] == [2, 2]


def test_with_roots_a_plan_has_to_be_signed_by_somebody_they_certify(tmp_path: Path) -> None:
    log = logs.made(tmp_path / "log")
    key = signing.create(tmp_path / "key", owner="Hospital", now=logs.NOW)
    signing.create(tmp_path / "stranger", owner="Stranger", now=logs.NOW)
    statement = statements.seal("plan", PLAN, key=key, now=logs.NOW)
    log.append([commit("plan", PLAN, statement=statement), commit("plan", PLAN), commit("evidence", PLAN)])
    log.publish()
    signed, unsigned, other = (log.prove(index).to_bytes() for index in range(3))
    roots = signing.load_roots(tmp_path / "key" / "root.pem")
    prover(log, roots=roots).row(signed)
    prover(log, roots=roots).row(other)
    with pytest.raises(NotProven, match="no signed statement"):
        prover(log, roots=roots).row(unsigned)
    with pytest.raises(NotProven):
        prover(log, roots=signing.load_roots(tmp_path / "stranger" / "root.pem")).row(signed)
