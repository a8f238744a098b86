"""What is published is aggregate: of medical pixels, paths, patients and small groups nothing is left anywhere."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

import registries
from misyn.canonical import canonical_bytes, digest
from misyn.oversight.registry import clock
from misyn.oversight.registry.acts import accounts
from misyn.oversight.registry.intake import aggregate
from misyn.oversight.registry.intake.content import Refused, accept
from misyn.oversight.registry.models import Entry, Publication
from misyn.practice import bundle, derivation
from misyn.practice.record import Record
from misyn.results import Evidence
from registries import World, estimate, evaluation

CANARY = "Canary7711"
PIXELS = base64.b64encode(bytes(range(256)) * 8).decode()
UID = "1.2.840.113619.2.55.3.604688119.971.1421942640.331"

Members = dict[str, Any]
Spoil = Callable[[Members], None]


def spoilt(folder: Path, record: Spoil | None = None, measured: Spoil | None = None) -> bytes:
    """A bundle that holds by every digest and status, and was written by somebody who put more into it."""
    shown = json.loads(json.dumps(accept(registries.bundled(folder)).members))
    if record:
        record(shown["record"])
    if measured:
        measured(shown["evaluation"])
    made = Record(shown["record"])
    evidence = {"evaluation": Evidence("evaluation", shown["evaluation"])}
    audit = derivation.derive(made, evidence) | bundle.made("1", 0) | {"local": []}
    contents = {"record.json": made.content, "audit.json": audit, "evaluation.json": shown["evaluation"]}
    return bundle.packed({name: canonical_bytes(content) for name, content in contents.items()})


def put(*keys: str, value: Any) -> Callable[[Members], None]:
    def change(content: Members) -> None:
        for key in keys[:-1]:
            content = content.setdefault(key, {})
        content[keys[-1]] = value

    return change


RECORDS = {
    "pixels in a description": put("technique", "description", value=f"{CANARY} {PIXELS}"),
    "a picture in a text": put("problem", "need", value=f"data:image/png;base64,{CANARY}{PIXELS[:64]}"),
    "pixels as numbers": put("problem", "need", value=CANARY + " " + " ".join(str(n) for n in range(100))),
    "a path": put("problem", "need", value=f"see /mnt/{CANARY}/ward/anna.png"),
    "a windows path": put("problem", "need", value=f"see C:\\data\\{CANARY}\\x"),
    "a path of images": put("data", "training", "path", value=f"ward/{CANARY}"),
    "a file of an image": put("problem", "need", value=f"like {CANARY}.dcm"),
    "a uid": put("problem", "need", value=f"{CANARY} {UID}"),
    "patients in a list": put("data", "training", "patients", value=[f"{CANARY}-{n}" for n in range(9)]),
    "an unknown key": put("embeddings", value=[CANARY]),
    "an unknown key deep down": put("oversight", "secret", value=CANARY),
    "a long text": put("problem", "need", value=CANARY + " word" * 2000),
    "a name that turns": put("technique", "name", value=f"{CANARY} \u202eexe"),
}
MEASURES = {
    "a small group": lambda c: c["estimates"].append(estimate("coverage", 0.1, n=4, group=f"ward={CANARY}")),
    "a group of one patient": lambda c: c["estimates"].append(
        estimate("coverage", 0.1, n=40, group=f"patient={CANARY}")
    ),
    "counts of small groups": put("sets", "training", "groups", value={f"ward={CANARY}": 3, "ward=b": 37}),
    "rows of single images": put("per_image", value=[{"path": f"/data/{CANARY}.png"}]),
    "an embedding": put("sets", "training", "embedding", value={f"x{n}": 0.5 for n in range(9)} | {CANARY: 1.0}),
    "pixels in a warning": put("warnings", value=[{"id": "x", "text": f"{CANARY} {PIXELS}"}]),
    "a path in a warning": put("warnings", value=[{"id": "x", "text": f"at /srv/anna/{CANARY}/a"}]),
    "a key in a row": lambda c: c["estimates"][0].update({"patient": CANARY}),
}
CASES = [(name, change, None) for name, change in RECORDS.items()] + [(n, None, c) for n, c in MEASURES.items()]


def everything(world: World) -> bytes:
    """Every byte the registry keeps, and every public page and file it answers with."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = b"".join(path.read_bytes() for path in world.place.folder.rglob("*") if path.is_file())
    browser = world.signed_in(None)
    paths = ["/en/", "/feed.atom", "/api/entries", "/api/openapi.json"]
    for number in Entry.objects.values_list("pk", flat=True):
        paths += [
            f"/{one}/entry/{number}/{depth}"
            for one in ("en", "de")
            for depth in ("", "reviewer/", "developer/", "ask/")
        ]
        paths += [f"/entry/{number}/report-1.html", f"/entry/{number}/version-1.json", f"/api/entries/{number}"]
    paths += [
        f"/data/{table}.{form}" for table in ("entries", "events", "concerns") for form in ("csv", "json", "parquet")
    ]
    shown = b"".join(b"".join(browser.get(path)) for path in paths)
    return kept + shown


@pytest.mark.parametrize(("name", "record", "measured"), CASES, ids=[name for name, _, _ in CASES])
def test_what_is_no_aggregate_is_refused_and_not_repeated(
    world: World, caplog: pytest.LogCaptureFixture, name: str, record: Spoil | None, measured: Spoil | None
) -> None:
    data = spoilt(world.folder, record, measured)
    secret = accounts.token(world.lab, scopes=["publish"], label="t", now=clock.now())
    with caplog.at_level(logging.DEBUG):
        answer = world.signed_in(None).post(
            "/api/publications",
            json.dumps(world.sent(data)),
            content_type="application/json",
            headers={"authorization": f"Bearer {secret}"},
        )
    assert answer.status_code == 409, name
    assert CANARY.encode() not in answer.content
    assert CANARY not in caplog.text
    assert Publication.objects.count() == 1
    assert CANARY.encode() not in everything(world)


def test_the_spoilt_bundles_are_refused_for_what_was_put_into_them(world: World) -> None:
    accept(spoilt(world.folder))  # the same way, with nothing put in
    for name, record, measured in CASES:
        with pytest.raises(Refused) as error:
            accept(spoilt(world.folder, record, measured))
        assert "misyn check" not in str(error.value), (name, str(error.value))


def test_an_honest_bundle_is_accepted(world: World) -> None:
    assert accept(registries.bundled(world.folder)).audit["phase"] == 1


def test_an_honest_audit_of_small_groups_and_private_places_leaves_none_of_it(world: World) -> None:
    """The way through ``misyn audit``: what the bundle withholds does not reappear anywhere."""
    rows = [*evaluation()["estimates"], estimate("coverage", 0.0, n=3, group=f"ward={CANARY}")]
    measured = evaluation(estimates=rows, warnings=[{"id": "small-group", "text": f"ward={CANARY} has 3 patients"}])
    told = registries.record(data={"training": {"path": f"/mnt/{CANARY}/ward", "origin": "A hospital."}})
    entry = world.publish(of=told, measured=measured).entry
    world.checkpoint()
    assert CANARY.encode() not in everything(world)
    assert b"sex=F" not in everything(world)  # 7 patients
    assert entry.pk == 2


def test_a_bundle_that_does_not_hold_is_refused(world: World) -> None:
    members, _ = bundle.members_of(registries.bundled(world.folder))
    audit = json.loads(members["audit.json"])
    audit["phase"] = 5
    contents = {**{n: d for n, d in members.items() if n != "bundle.json"}, "audit.json": canonical_bytes(audit)}
    with pytest.raises(Refused, match="does not hold"):
        accept(bundle.packed(contents))


def test_a_signature_is_for_one_document_bundle_and_registry(world: World) -> None:
    data = registries.bundled(world.folder)
    secret = accounts.token(world.lab, scopes=["publish"], label="t", now=clock.now())
    good = world.sent(data)
    elsewhere = world.sent(data, registry="other.example/registry")
    changed = {**good, "document": {**good["document"], "language": "de"}}
    other = {**good, "bundle": base64.b64encode(registries.bundled(world.folder, measured=evaluation(0.9))).decode()}
    torn = {**good, "statement": {"signatures": [{"chain": "x"}]}}
    for sent in (elsewhere, changed, other, torn):
        answer = world.signed_in(None).post(
            "/api/publications",
            json.dumps(sent),
            content_type="application/json",
            headers={"authorization": f"Bearer {secret}"},
        )
        assert answer.status_code == 409


def test_an_account_publishes_under_one_root(world: World) -> None:
    from misyn import signing

    signing.create(world.folder / "key2", owner="Somebody", now=registries.NOW)
    (world.folder / "key").rename(world.folder / "first")
    (world.folder / "key2").rename(world.folder / "key")
    with pytest.raises(Refused, match="another root"):
        world.publish()


def test_a_record_of_another_account_is_not_taken_over(world: World) -> None:
    from misyn.oversight.registry.models import Cover

    thief = world.account("thief", "submitter")
    taken = world.publish(by=thief)
    assert {one.entry_id for one in Cover.objects.filter(digest=registries.record().digest)} == {1}
    assert taken.entry_id == 2


def test_digests_in_texts_are_no_encoded_bytes() -> None:
    members = {
        "record": {"technique": {"name": "a", "weights": digest(b"")}, "misyn": 1, "responsible": "A"},
        "audit": {},
    }
    assert aggregate.problems(members) == []
