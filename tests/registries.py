"""Registries for tests: one made once and copied, and what is published to it."""

from __future__ import annotations

import base64
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import connections
from django.test import Client

from misyn import signing
from misyn.oversight.registry import clock, running
from misyn.oversight.registry.acts import accounts, asking, checkpoint, publishing
from misyn.oversight.registry.intake import submission
from misyn.oversight.registry.models import Account, Concern, Entry, Publication
from misyn.oversight.registry.place import Place
from misyn.practice import bundle
from misyn.practice.record import Record, parse
from misyn.results import Caveat, Evidence

ORIGIN = "test.example/registry"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORDS = "Please tell me where the images come from."
PASSWORD = "correct horse battery staple"  # noqa: S105 - of accounts that live for one test


def turn_to(place: Place) -> None:
    """Let this process be the registry of another folder."""
    connections.close_all()
    settings.PLACE = place
    database = connections["default"]
    database.settings_dict["NAME"] = str(place.folder / "registry.sqlite3")


def make(folder: Path, *, origin: str = ORIGIN) -> Place:
    """Make a registry without an account."""
    place = Place.create(folder, origin=origin)
    turn_to(place)
    running.migrate()
    return place


def copied(template: Path, folder: Path) -> Place:
    """Copy a world with its registry and keys, and turn to the copy."""
    connections.close_all()
    shutil.copytree(template, folder)
    place = Place.load(folder / "registry")
    turn_to(place)
    return place


RECORD = """
misyn: 1
technique: {name: lung painter, version: "2", kind: generation, method: gan, description: It paints lungs.}
responsible: {name: Example Lab, contact: lab at example dot org}
problem: {need: Few images of rare lungs exist.}
use: {intended: Research., prohibited: Any use on patients., refusal: Write to the lab.}
data:
  training: {path: /mnt/ward 3/anna-schmidt, origin: A hospital., consent: Ethics board 12/3., modality: CT}
  synthetic: {path: out}
claims:
  - {id: similar, kind: benefit, text: The images look like lungs., expects: coverage >= 0.5, phase: 1}
limitations:
  assessed: [Ribs are blurred.]
  design: [One hospital.]
  intrinsic: {grounding: None., representation: Some lungs are missing., shift: It is brighter.}
oversight: {contact: ask here, answer_within_days: 14}
"""


def estimate(name: str, value: float, *, n: int = 40, group: str | None = None) -> dict[str, Any]:
    """One estimate without an interval."""
    return {
        **{"name": name, "value": value, "low": None, "high": None, "level": 0.95, "estimand": name, "unit": "patient"},
        **{"n_medical": n, "n_synthetic": 60, "n_patients": n, "group": group, "set": "training", "method": "k = 5"},
        **{"seed": None, "reason": "no valid interval here"},
    }


def evaluation(coverage: float = 0.4, **more: Any) -> dict[str, Any]:
    """A small evaluation; ``more`` replaces parts of it."""
    groups = {"sex=F": 7, "sex=M": 33}
    training = {
        "n": 40,
        "n_patients": 40,
        "unit": "patient",
        "patients_known": True,
        "formats": {"png": 40},
        "groups": groups,
    }
    rows = [estimate("coverage", coverage), estimate("support", 0.5), estimate("exact_copies", 0.0)]
    rows += [estimate("coverage", 0.1, n=7, group="sex=F"), estimate("coverage", 0.5, n=33, group="sex=M")]
    found: dict[str, Any] = {"schema": "misyn/evaluation/1", "misyn": "1", "seed": 0, "estimates": rows, "tests": []}
    sets = {"training": training, "synthetic": {"n": 60, "formats": {"png": 60}}}
    return {**found, "sets": sets, "warnings": [], "images": "per-image.parquet", **more}


def record(**changes: Any) -> Record:
    """The record of a small technique; ``changes`` replace top keys."""
    content = {**yaml.safe_load(RECORD), **changes}
    return parse(yaml.safe_dump(content))


def bundled(folder: Path, *, of: Record | None = None, measured: dict[str, Any] | None = None) -> bytes:
    """The bytes of a bundle, as ``misyn audit`` writes it."""
    evidence = {"evaluation": Evidence("evaluation", measured or evaluation())}
    path = folder / "bundle.zip"
    caveats: tuple[Caveat, ...] = ()
    bundle.write(path, record=of or record(), evidence=evidence, caveats=caveats, version="1", seed=0)
    return path.read_bytes()


@dataclass
class World:
    """A registry with people in it, for one test."""

    place: Place
    folder: Path
    people: dict[str, Account] = field(default_factory=dict)

    def account(self, name: str, *roles: str) -> Account:
        """Make, or give, an account, without a password."""
        if found := Account.objects.filter(name=name).first():
            return found
        if name not in self.people:
            self.people[name] = accounts.make(name, roles=list(roles), shown_as=f"{name.title()} Person")
        return self.people[name]

    @property
    def entry(self) -> Entry:
        """The entry that is there from the beginning."""
        return Entry.objects.get(pk=1)

    @property
    def lab(self) -> Account:
        """The one who publishes."""
        return self.account("lab", "submitter")

    @property
    def key(self) -> signing.SigningKey:
        """The lab's key."""
        place = self.folder / "key"
        if not place.exists():
            return signing.create(place, owner="Example Lab", now=NOW - timedelta(days=1))
        return signing.load(place)

    def sent(
        self, data: bytes, *, entry: int | None = None, covers: tuple[str, ...] = (), **more: Any
    ) -> dict[str, Any]:
        """What a publisher sends with a bundle."""
        from misyn.canonical import digest

        document = submission.document(bundle=digest(data), covers=covers, origin=self.place.origin, entry=entry)
        return submission.sealed({**document, **more}, data, key=self.key, now=clock.now())

    def publish(
        self,
        *,
        by: Account | None = None,
        entry: int | None = None,
        of: Record | None = None,
        measured: dict[str, Any] | None = None,
    ) -> Publication:
        """Publish something small."""
        told = of or record()
        data = bundled(self.folder, of=told, measured=measured)
        sent = self.sent(data, entry=entry, covers=(told.digest,))
        return publishing.publish(
            by or self.lab,
            document=sent["document"],
            statement=sent["statement"],
            data=base64.b64decode(sent["bundle"]),
            now=clock.now(),
        )

    def ask(self, entry: Entry, kind: str = "objection", *, words: str = WORDS, ago: int = 0) -> asking.Raised:
        """Raise a concern, some days ago."""
        return asking.ask(entry=entry, kind=kind, words=words, now=clock.now() - timedelta(days=ago))

    def signed_in(self, account: Account | None) -> Client:
        """A browser, signed in as somebody."""
        client = Client(SERVER_NAME="localhost")
        if account is not None:
            client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def checkpoint(self) -> int:
        """Sign."""
        return checkpoint.make(clock.now())

    @staticmethod
    def again(concern: Concern) -> Concern:
        """Read a concern again."""
        return Concern.objects.get(pk=concern.pk)
