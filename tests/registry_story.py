"""One story in one registry, told by its API: run in a process of its own, for SQLite and for PostgreSQL.

``python registry_story.py FOLDER [DATABASE]`` prints every answer, times and codes left out, as JSON.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from misyn.oversight.registry import running

PATHS = (
    *("/api/about", "/api/entries", "/api/entries?q=LUNG&status=withdrawn", "/api/entries/1", "/api/concerns/1"),
    *("/api/concerns/2", "/api/declared/aaa", "/api/declared/AAA", "/api/entries/9", "/data/entries.csv"),
    *("/data/concerns.json", "/data/reviews.json", "/data/events.json", "/data/declared.csv", "/en/entry/1/"),
)


def main(folder: Path, database: str | None) -> None:
    """Tell the story."""
    place = running.create(folder, origin="test.example/registry", address="http://localhost", database=database)
    import registries
    from misyn.oversight.registry import clock
    from misyn.oversight.registry.acts import answering, asking, moderating, publishing, reviewing

    world = registries.World(place, folder.parent)
    entry = world.publish().entry
    publishing.declare(world.lab, entry, [f"sha256:{one * 64}" for one in "abc"], now=clock.now())
    late, second = world.ask(entry, ago=40), world.ask(entry, "refusal", words="Straße ☃ is mine")
    asking.add(second.code, "and more", now=clock.now())
    answering.answer(world.lab, second.concern, outcome="upheld", effect="withdrawn", words="Yes.", now=clock.now())
    moderating.hide(world.account("mo", "moderator"), late.concern.text, reason="abuse", now=clock.now())
    other = world.publish(measured=registries.evaluation(0.2)).entry
    judged = (reviewing.Judged("E8", agrees=True, reason="So."),)
    reviewing.review(
        world.account("rea", "reviewer"), other.latest, interests="None.", judgements=judged, now=clock.now()
    )
    world.publish(entry=other.pk, measured=registries.evaluation(0.9))
    world.checkpoint()
    page = world.signed_in(None)
    answers = {path: b"".join(page.get(path)).decode() for path in PATHS}
    print(json.dumps({path: masked(text) for path, text in answers.items()} | {"guards": guards()}))


def guards() -> list[str]:
    """What the database says when something is to be deleted."""
    from django.db import DatabaseError, connection, transaction

    said = []
    for table in ("concern", "event", "text"):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM registry_{table}")  # noqa: S608 - our own words
        except DatabaseError as error:
            said.append(str(error).splitlines()[0])
    return said


def masked(text: str) -> str:
    """Leave out what differs from run to run: times, salts, digests of what is signed."""
    text = re.sub(r"20\d\d-\d\d-\d\dT[\d:.+Z]+", "(time)", text)
    return re.sub(
        r"sha256:[0-9a-f]{64}", lambda found: found.group() if len(set(found.group())) < 12 else "(digest)", text
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
