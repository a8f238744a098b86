"""The publisher's side: make a publication from a record's audit, sign it, send it; look an image up by prefix.

Rules
-----
1. What is sent is the bundle that ``misyn audit`` wrote, checked here first, and a signed document; nothing else is.
2. Declared images are sent as digests of their pixels, when asked for; an image whose pixels are also those of a
   medical image of the record is left out.
3. Addresses are ``https``, or this machine.
4. A token comes from ``MISYN_REGISTRY_TOKEN`` or a file, never from the command line, where others see it.

Example:
    >>> checked_address("http://example.org")
    Traceback (most recent call last):
    misyn.errors.UsageError: expected an https:// address (http:// for this machine only), found another
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from misyn.errors import InputError, LogUnavailable, UsageError
from misyn.oversight.registry.intake import submission
from misyn.oversight.registry.intake.content import Refused, accept
from misyn.practice import bundle
from misyn.practice.record import Record

if TYPE_CHECKING:
    from misyn.signing import SigningKey

SECONDS = 60.0
MOST_ANSWER = 4 << 20
HERE = ("localhost", "127.0.0.1", "::1")
BATCH = 5000


def checked_address(address: str) -> str:
    """Accept an address (rule 3)."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
        raise UsageError("expected an https:// address (http:// for this machine only), found another")
    return address.rstrip("/")


@dataclass(frozen=True)
class Registry:
    """A registry's API, at an address, with a token where one is needed."""

    address: str
    token: str = ""

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Read something."""
        return self._send(Request(f"{checked_address(self.address)}/api{path}"))  # noqa: S310 - checked

    def post(self, path: str, content: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Do something."""
        request = Request(f"{checked_address(self.address)}/api{path}", data=json.dumps(content).encode())  # noqa: S310
        request.add_header("Content-Type", "application/json")
        return self._send(request)

    def _send(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - checked
                return json.loads(answer.read(MOST_ANSWER))
        except HTTPError as error:
            raise InputError(f"the registry answers {error.code}: {_detail(error)}") from error
        except (URLError, OSError, ValueError) as error:
            raise LogUnavailable("the registry does not answer. Next: check the address, then try again") from error


def _detail(error: HTTPError) -> str:
    try:
        found = json.loads(error.read(100_000))["detail"]
    except (ValueError, KeyError, TypeError, OSError):
        return "without a reason"
    return found if isinstance(found, str) else "; ".join(f"{row.get('where')}: {row.get('what')}" for row in found)


def publication(
    record: Record, data: bytes, *, origin: str, key: SigningKey, now: datetime, entry: int | None, language: str
) -> dict[str, Any]:
    """Make what is sent: the bundle, checked, and the signed document about it.

    Args:
        record: the record as it lies here; its digest is what marks in files name.
        data: the bundle that the record's audit wrote.
        origin: the registry's name.
        key: who signs.
        now: the present time.
        entry: the entry of which this is a new version.
        language: of the record's words.

    Raises:
        Refused: the registry would refuse it, and why.
    """
    content = accept(data)
    stated = [str(row.get("digest")) for row in content.members.get("marks", {}).get("records", [])]
    covers = [record.digest, *(one for one in stated if one == record.digest)]
    document = submission.document(bundle=content.digest, covers=covers, origin=origin, entry=entry, language=language)
    if record.get("technique.name") != content.record.get("technique.name"):
        raise Refused([("bundle.zip", "it is of another technique than the record. Next: misyn audit")])
    return submission.sealed(document, data, key=key, now=now)


def bundle_of(record_path: Path, given: Path | None) -> bytes:
    """Read the bundle of a record's last audit.

    Raises:
        InputError: there is none.
    """
    path = given or record_path.parent / "audit" / bundle.NAME
    if not path.is_file():
        raise InputError(f"expected the bundle of an audit at {path}, found none. Next: misyn audit {record_path.name}")
    return bundle.bytes_of(path)


def declare(registry: Registry, entry: int, digests: Sequence[str]) -> int:
    """List declared images, in batches; give how many the entry lists now."""
    declared = 0
    for at in range(0, len(digests), BATCH):
        batch = list(digests[at : at + BATCH])
        declared = registry.post(f"/entries/{entry}/declared", {"images": batch})["declared_images"]
    return declared


def pixels_of(record: Record) -> tuple[str, ...]:
    """The digests of a record's synthetic images, without those that are also a medical image's (rule 2)."""
    from misyn.errors import MarkError, UnreadableImage  # noqa: PLC0415
    from misyn.images.collection import collect  # noqa: PLC0415 - numerics where they are needed
    from misyn.images.formats import read  # noqa: PLC0415
    from misyn.marks.fingerprint import fingerprint_of  # noqa: PLC0415

    found: dict[str, set[str]] = {}
    for role in ("training", "held_out", "reference", "synthetic"):
        place = record.file(f"data.{role}.path")
        for item in collect(place).items if place else ():
            try:
                found.setdefault(role, set()).add(fingerprint_of(read(item.path)))
            except (MarkError, UnreadableImage):
                continue
    medical = set().union(*(digests for role, digests in found.items() if role != "synthetic"))
    return tuple(sorted(found.get("synthetic", set()) - medical))
