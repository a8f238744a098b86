"""Is everything still what was signed? Every byte of a log is read, hashed and compared.

Rules
-----
1. A log of our own: database, openings, keys, signatures, cosignatures, and the public files against all of these. A
   mirror, or any served folder: its files against each other and against a signature.
2. One wrong byte is one problem, named with its place and what to do next; never a crash.
3. Where the database is not what was signed, the public files are judged by the signature and not by the database: they
   may be the copy to restore from.
4. Memory is flat.

Sources: RFC 6962 section 2.1; C2SP tlog-tiles, tlog-checkpoint.

Example:
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as place, Log.create(Path(place), origin="example.org/log") as log:
    ...     check_log(log).clean
    True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from misyn.errors import LogBroken, LogError, MalformedLogData, MisynError, NotProven
from misyn.oversight.log import checkpoint, notes, publishing, static, tree
from misyn.oversight.log.checkpoint import Checkpoint
from misyn.oversight.log.database import Leaf
from misyn.oversight.log.entries import Entry, parse_opening
from misyn.oversight.log.store import Log
from misyn.oversight.log.tiles import WIDTH, Bundle, Tile, bundles_of, encode_bundle, tiles_of
from misyn.oversight.log.walk import Problem, Report, Walk

__all__ = ["Problem", "Report", "check_log", "check_served"]

REWRITE = "write the public folder again: misyn log fsck --restore-public"
Progress = Callable[[int, int], None]


def _silent(_done: int, _all: int) -> None:
    return None


# --- a log of our own -------------------------------------------------------------------------------------------------


def check_log(log: Log, *, progress: Progress = _silent) -> Report:
    """Check a log of our own.

    Args:
        log: the log; nothing of it is changed.
        progress: called with (entries done, all entries).
    """
    report = Report(log.origin)
    try:
        for complaint in log.database.integrity():
            report.add("database", complaint)
        _walk_database(log, report, progress)
        _check_keys(log, report)
        _check_cosignatures(log, report)
    except MisynError as error:  # the database refuses to be read further
        report.add("database", str(error))
    try:
        if report.clean:
            _check_public(log, report)
        else:
            _check_public_itself(log, report)
    except MisynError as error:
        report.add("public", str(error), todo=REWRITE)
    return report


def _walk_database(log: Log, report: Report, progress: Progress) -> None:
    size, latest = log.database.size(), log.database.latest()
    noded = latest[0] if latest else 0
    _check_bounds(log, report, size=size, noded=noded)
    kept = _InDatabase(log, report)
    Walk(kept, report, size=size, noded=noded, signed=_signed(log, report), progress=progress).run()
    kept.finish()


def _check_bounds(log: Log, report: Report, *, size: int, noded: int) -> None:
    """Nothing is stored beyond what the log says it has."""
    count, lowest, highest = log.database.bounds()
    if count and (lowest < 0 or highest >= size):
        report.add("database", f"says {size} entries, and holds entries {lowest} to {highest}")
    for level, stored in sorted(log.database.node_bounds().items()):
        if stored > noded >> (8 * level):
            report.add(f"level {level}", f"{stored} nodes are stored, and the signed tree has {noded >> (8 * level)}")


def _signed(log: Log, report: Report) -> Iterator[Checkpoint]:
    for found in log.database.checkpoints():
        report.checkpoints += 1
        try:
            yield publishing.stored(found, log.keys).checkpoint
        except LogBroken as error:
            report.add(f"checkpoint of {found[0]} entries", str(error))


class _InDatabase:
    """What a database keeps of a tile, and what its entries and openings say."""

    def __init__(self, log: Log, report: Report) -> None:
        self._log, self._report = log, report
        self._openings: dict[int, bytes | None] = {}
        self._forgotten: set[int] = set()
        self._removed: set[int] = set()

    def span(self, lo: int, hi: int) -> Sequence[tuple[bytes | None, bytes | None]]:
        found: dict[int, Leaf] = dict(self._log.database.leaves(lo, hi))
        self._openings = {index: leaf.opening for index, leaf in found.items()}
        return [(found[n].entry, found[n].hash) if n in found else (None, None) for n in range(lo, hi)]

    def node(self, level: int, index: int) -> bytes | None:
        try:
            return self._log.database.hashes(level, index, index + 1)[0]
        except LogBroken:
            return None

    def content(self, index: int, entry: bytes) -> None:
        try:
            found = Entry.from_bytes(entry)
        except MalformedLogData as error:
            self._report.add(
                f"entry {index}", f"was signed, and is no entry ({error})", todo="tell the maintainers of misyn"
            )
            return
        if found.kind == "removal" and found.about is not None:
            self._removed.add(found.about)
        data = self._openings[index]
        if data is None:
            self._forgotten.add(index)
        else:
            self._opening(index, found, data)

    def _opening(self, index: int, entry: Entry, data: bytes) -> None:
        try:
            found, opening = parse_opening(data)
            if found != entry or opening is None:
                raise NotProven("it is of another entry")
            opening.check(entry)
        except LogError as error:
            self._report.add(f"opening of entry {index}", f"does not open it ({error})")

    def finish(self) -> None:
        """Compare what was forgotten with what was logged as removed."""
        for index in sorted(self._forgotten - self._removed):
            self._report.add(f"opening of entry {index}", "is gone, and no removal was logged")
        for index in sorted(self._removed - self._forgotten):
            what = "is still there, though its removal was logged"
            self._report.add(f"opening of entry {index}", what, todo=f"misyn log forget, once more, for entry {index}")


def _check_keys(log: Log, report: Report) -> None:
    for one in log.settings.keys:
        if one.active:
            try:
                one.signer(log.folder)
            except MisynError as error:
                report.add(one.file, str(error), todo="restore the key from where it is kept safe")


def _check_cosignatures(log: Log, report: Report) -> None:
    """Verify the cosignatures of the policy's witnesses; others' keys are not known here."""
    wanted = log.policy
    for size, note in log.database.checkpoints() if wanted else ():
        lines = "".join(log.database.cosignatures(size))
        try:
            if lines and wanted:
                text = notes.parse(note).text
                wanted.times(notes.Note(text, notes.parse_signatures(lines)))
        except LogError as error:
            report.add(f"cosignatures on {size} entries", str(error), todo="ask the witness again")


def _check_public(log: Log, report: Report) -> None:
    """Compare every public file with what is stored."""
    data = log.public.read(static.CHECKPOINT)
    if data is None:
        report.add(static.CHECKPOINT, "is missing from the public folder", todo=REWRITE)
        return
    size = publishing.check_public(log.database, data, known=log.keys)
    kept = publishing.StoredTiles(log.database)
    pieces: list[Iterator[Bundle] | Iterator[Tile]] = [bundles_of(size), tiles_of(size)]
    for piece in (one for some in pieces for one in some):
        stored = kept.tile(piece) if isinstance(piece, Tile) else encode_bundle(kept.entries(piece))
        found = log.public.read(piece.path)
        if found is None:
            report.add(f"public/{piece.path}", "is missing", todo=REWRITE)
        elif found != stored:
            report.add(f"public/{piece.path}", "is not what is stored", todo=REWRITE)


def _check_public_itself(log: Log, report: Report) -> None:
    """Check the public files against what was signed, where what is stored cannot say what they should be."""
    found = check_served(log.public, log.keys)
    for problem in found.problems:
        report.add(
            f"public, {problem.where}", problem.what, todo="do not write it again before the database is restored"
        )


# --- a mirror, or any served folder -----------------------------------------------------------------------------------


def check_served(
    source: static.Source, keys: Sequence[notes.NoteKey] | None, *, progress: Progress = _silent
) -> Report:
    """Check a served log against itself: entries, tiles, and the checkpoint they lead to.

    Args:
        source: where it is served.
        keys: the log's public keys; None checks the files against a checkpoint nobody vouches for, and says so.
        progress: called with (entries done, all entries).

    Raises:
        LogUnavailable: there is no checkpoint, so there is no log.
    """
    report = Report("(unknown)")
    try:
        signed = checkpoint.parse(static.checkpoint_of(source))
        report.origin, report.checkpoints = signed.checkpoint.origin, 1
        if keys is not None:
            checkpoint.by_log(signed, keys)
    except (MalformedLogData, NotProven) as error:
        report.add(static.CHECKPOINT, str(error))
        return report
    if keys is None:
        report.add(static.CHECKPOINT, "was not verified: no policy was given", todo="name one with --policy")
    size = signed.checkpoint.size
    kept = _InFiles(source, report, size=size)
    Walk(kept, report, size=size, noded=size, signed=iter([signed.checkpoint]), progress=progress).run()
    kept.finish()
    return report


class _InFiles:
    """What files keep of a tile."""

    def __init__(self, source: static.Source, report: Report, *, size: int) -> None:
        self._source, self._report, self._size = source, report, size
        self._read = static.tile_reader(source)
        self._held: tuple[Tile, bytes] | None = None

    def span(self, lo: int, hi: int) -> Sequence[tuple[bytes | None, bytes | None]]:
        bundle = Bundle(lo // WIDTH, hi - lo)
        entries: Sequence[bytes | None] = [None] * bundle.width
        try:
            entries = static.entries_of(self._source, bundle)
        except MalformedLogData as error:
            self._report.add(bundle.path, str(error))
        hashes = self._hashes(Tile(0, bundle.index, bundle.width))
        return list(zip(entries, hashes, strict=True))

    def node(self, level: int, index: int) -> bytes | None:
        width = min(WIDTH, (self._size >> (8 * level)) - index // WIDTH * WIDTH)
        return self._hashes(Tile(level, index // WIDTH, width))[index % WIDTH] if width > 0 else None

    def content(self, index: int, entry: bytes) -> None:
        """Whatever was signed is fine here: other logs have other entries."""

    def finish(self) -> None:
        """Every tile of the levels above was read on the way."""

    def _hashes(self, tile: Tile) -> list[bytes | None]:
        if self._held is None or self._held[0] != tile:
            try:
                data = self._read(tile)
            except MalformedLogData:
                data = b""
            if len(data) != tile.width * tree.HASH:
                self._report.add(tile.path, "is missing, or has not the length its size asks for")
                data = b""
            if tile.level == 0:
                return _cut(data, tile.width)
            self._held = (tile, data)
        return _cut(self._held[1], tile.width)


def _cut(data: bytes, width: int) -> list[bytes | None]:
    return [data[at : at + tree.HASH] or None for at in range(0, width * tree.HASH, tree.HASH)]
