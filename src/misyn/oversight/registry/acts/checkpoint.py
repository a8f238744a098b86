"""Sign what the log holds, and with it the status of every entry, as a list that clients keep and check offline.

Rules
-----
1. The status list is itself an entry of the log: its proof, under the signed checkpoint, is what makes it believed.
2. List and proof are published as one folder that any server can host: ``status.json``, its proof, the log's policy.
3. A list is made when something happened since the last one, and otherwise once an hour, so that clients can tell an
   old list from a quiet registry.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from misyn import atomic
from misyn.canonical import canonical_bytes, digest
from misyn.oversight.log import entries
from misyn.oversight.log.store import POLICY, Log
from misyn.oversight.registry import here
from misyn.oversight.registry.acts.history import spelled
from misyn.oversight.registry.models import Cover, Event
from misyn.oversight.status import statuslist

EVERY = timedelta(hours=1)


def due(now: datetime) -> bool:
    """Whether a new list has to be made (rule 3)."""
    path = here.place().status / statuslist.FILE
    if not path.is_file():
        return True
    known = statuslist.parse(path.read_bytes())
    newest = Event.objects.order_by("-index").values_list("index", flat=True).first()
    return (newest is not None and newest >= known.size) or now - known.made > EVERY


def make(now: datetime) -> int:
    """Make a status list, log it, sign a checkpoint, and publish both; give the size of the checkpoint."""
    place = here.place()
    with Log.open(place.log) as log:
        content = _list(place.origin, log.database.size(), now)
        data = canonical_bytes(content)
        (receipt,) = log.append([entries.commit("status", digest(data))])
        size = log.publish().checkpoint.size
        published = log.published().checkpoint.size
        wanted = _policy(log)
        if receipt.index < published:  # with witnesses it may become public later
            proof = log.prove(receipt.index).to_bytes()
            for name, written in ((statuslist.POLICY, wanted), (statuslist.PROOF, proof), (statuslist.FILE, data)):
                atomic.write_bytes(place.status / name, written)
    return size


def _policy(log: Log) -> bytes:
    """Whom to believe: the policy of the log's folder, or else its own key."""
    path = log.folder / POLICY
    if path.is_file():
        return path.read_bytes()
    return "\n".join([*(f"log {key.vkey}" for key in log.keys), "quorum none", ""]).encode()


def _list(origin: str, size: int, now: datetime) -> dict[str, object]:
    rows = Cover.objects.select_related("entry").order_by("digest", "entry_id")
    listed = [
        {
            "record": row.digest,
            "entry": row.entry_id,
            "name": row.entry.title,
            "status": row.entry.status,
            "since": spelled(row.entry.status_since),
            "reason": row.entry.status_reason,
        }
        for row in rows
    ]
    return statuslist.content(origin, address=here.place().address, size=size, now=now, records=listed)
