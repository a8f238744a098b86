r"""C2SP tlog-policy: which logs, which witnesses, and how many of them must have cosigned.

Rules
-----
1. The file lists logs and witnesses by their public keys, groups ``k of n`` of them, and one quorum.
2. Nobody counts twice: a public key appears once, a name is a member of one group at most.
3. ``quorum none`` and a policy without a log can be written down; believing anything by them has to be asked for by a
   name that says ``unsafe`` (:mod:`misyn.oversight.log.client`).

Source: C2SP tlog-policy.

Example:
    >>> log = "log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    >>> parse(f"{log}\nquorum none\n").logs[0].name
    'PeterNeumann'
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from misyn.errors import InputError, MalformedLogData
from misyn.oversight.log import notes
from misyn.oversight.log.cosignature import WitnessKey, time_of
from misyn.oversight.log.notes import NoteKey

NONE = "none"
MOST_LINES = 1000


@dataclass(frozen=True)
class Group:
    """A quorum: at least ``needed`` of ``members``, each a witness or another group."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Whom to believe. ``quorum`` names a witness or a group, or is ``none``; ``addresses``: where to ask witnesses."""

    logs: tuple[NoteKey, ...]
    witnesses: Mapping[str, WitnessKey] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE
    addresses: Mapping[str, str] = field(default_factory=dict)

    def reached(self, times: Mapping[str, int], *, latest: bool = True) -> int | None:
        """Say when the quorum was reached, or None when it was not.

        Args:
            times: of each witness (by its name in this policy) that has cosigned, the time it states, POSIX seconds.
            latest: True for the latest time that a quorum vouches for ("as of then this was the log"), False for the
                earliest ("by then it existed").
        """
        return None if self.quorum == NONE else self._when(self.quorum, times, latest=latest)

    def _when(self, name: str, times: Mapping[str, int], *, latest: bool) -> int | None:
        group = self.groups.get(name)
        if group is None:
            return times.get(name)
        found = [self._when(member, times, latest=latest) for member in group.members]
        present = [one for one in found if one is not None]
        if len(present) < group.needed:
            return None
        chosen = heapq.nlargest if latest else heapq.nsmallest
        return chosen(group.needed, present)[-1]

    def times(self, note: notes.Note) -> dict[str, int]:
        """Verify the cosignatures of these witnesses on a note, and give the time each states.

        Raises:
            NotProven: one in a witness's name is wrong.
        """
        names = {(key.name, key.key_id): name for name, key in self.witnesses.items()}
        good = notes.verified_any(note, tuple(self.witnesses.values()))
        return {names[one.name, one.key_id]: time_of(one) for one in good}

    @property
    def wants(self) -> str:
        """The quorum in words."""
        group = self.groups.get(self.quorum)
        if group is None:
            return f"the witness {self.quorum}" if self.quorum != NONE else "no witness"
        return f"{group.needed} of {len(group.members)} ({', '.join(group.members)})"

    def to_text(self) -> str:
        """Write the policy as its file."""
        lines = [f"log {key.vkey}" for key in self.logs]
        lines += [
            " ".join(filter(None, ("witness", name, key.vkey, self.addresses.get(name))))
            for name, key in self.witnesses.items()
        ]
        lines += [f"group {name} {one.needed} {' '.join(one.members)}" for name, one in self.groups.items()]
        return "\n".join([*lines, f"quorum {self.quorum}"]) + "\n"


def of(*logs: NoteKey, witnesses: tuple[WitnessKey, ...] = (), needed: int = 0) -> Policy:
    """Make the plain policy: these logs, ``needed`` of these witnesses (named by their keys' names).

    Raises:
        MalformedLogData: a key twice, or more needed than there are.
    """
    lines = [f"log {key.vkey}" for key in logs]
    lines += [f"witness {key.name} {key.vkey}" for key in witnesses]
    if needed:
        lines.append(f"group witnesses {needed} {' '.join(key.name for key in witnesses)}")
    return parse("\n".join([*lines, f"quorum {'witnesses' if needed else NONE}"]) + "\n")


def load(path: Path) -> Policy:
    """Read a policy file."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"expected a policy file at {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MalformedLogData(f"expected a policy in UTF-8 at {path}, found other bytes") from error


def parse(text: str) -> Policy:
    """Read a policy.

    Raises:
        MalformedLogData: a line that is none of log, witness, group and quorum, or breaks a rule; the line is named.
    """
    reader = _Reader()
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        raise MalformedLogData(f"expected a policy of at most {MOST_LINES} lines, found {len(lines)}")
    for number, line in enumerate(lines, start=1):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if words and not words[0].startswith("#"):
            try:
                reader.take(words)
            except MalformedLogData as error:
                raise MalformedLogData(f"policy, line {number}: {error}") from error
    return reader.finish()


class _Reader:
    """Takes the lines in, one by one."""

    def __init__(self) -> None:
        self.logs: list[NoteKey] = []
        self.witnesses: dict[str, WitnessKey] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self.addresses: dict[str, str] = {}
        self.members: set[str] = set()
        self.publics: set[tuple[str, bytes]] = set()

    def take(self, words: list[str]) -> None:
        known = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        if words[0] not in known:
            raise MalformedLogData("expected log, witness, group or quorum, found another word")
        known[words[0]](words[1:])

    def finish(self) -> Policy:
        if self.quorum is None:
            raise MalformedLogData("expected one quorum line in the policy, found none")
        return Policy(tuple(self.logs), self.witnesses, self.groups, self.quorum, self.addresses)

    def _log(self, words: list[str]) -> None:
        self._count(words, 1, 2)
        key = NoteKey.from_vkey(words[0])
        self._once("log", key.public)
        self.logs.append(key)

    def _witness(self, words: list[str]) -> None:
        self._count(words, 2, 3)
        self._new_name(words[0])
        key = WitnessKey.from_vkey(words[1])
        self._once("witness", key.public)
        self.witnesses[words[0]] = key
        if len(words) > 2:
            self.addresses[words[0]] = words[2]

    def _group(self, words: list[str]) -> None:
        self._count(words, 3, MOST_LINES)
        name, how, members = words[0], words[1], words[2:]
        self._new_name(name)
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise MalformedLogData(f"{member!r} is no witness or group of an earlier line")
            if member in self.members:
                raise MalformedLogData(f"{member!r} is a member twice; nobody may count twice")
            self.members.add(member)
        needed = {"any": 1, "all": len(members)}.get(how) or (int(how) if how.isascii() and how.isdigit() else 0)
        if not 1 <= needed <= len(members) or how.startswith("0"):
            raise MalformedLogData(f"expected any, all or a number from 1 to {len(members)}, found something else")
        self.groups[name] = Group(needed, tuple(members))

    def _quorum(self, words: list[str]) -> None:
        self._count(words, 1, 1)
        if self.quorum is not None:
            raise MalformedLogData("expected one quorum line, found a second")
        if words[0] != NONE and words[0] not in self.witnesses and words[0] not in self.groups:
            raise MalformedLogData(f"the quorum {words[0]!r} is no witness or group of an earlier line")
        self.quorum = words[0]

    def _count(self, words: list[str], least: int, most: int) -> None:
        if not least <= len(words) <= most:
            raise MalformedLogData(f"expected {least} to {most} words after the first, found {len(words)}")

    def _new_name(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise MalformedLogData(f"the name {name!r} is taken")

    def _once(self, role: str, public: bytes) -> None:
        if (role, public) in self.publics:
            raise MalformedLogData("this public key is listed twice; nobody may count twice")
        self.publics.add((role, public))
