"""The main job: a record in, a report out. Here marks, evaluate, practice and report meet, and nowhere else.

Rules
-----
1. Order: read the record, verify the synthetic files' marks, measure, judge, show. Each step hands on plain results.
2. What the record does not name is not measured, and what is not measured becomes a finding, never a silent pass.
   What it names and cannot be found is a warning that leads; without any synthetic image there is nothing to audit.
3. Results are written whole, file by file, the report last.

Example:
    >>> audit(Path("nowhere.yaml"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    misyn.errors.InputError: expected a record such as misyn.yaml, found nothing that can be read at nowhere.yaml...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misyn import __version__
from misyn.atomic import write_bytes
from misyn.canonical import canonical_bytes
from misyn.errors import InputError, TableError
from misyn.practice import bundle, derivation, dossier, plans, readme
from misyn.practice.record import Record, load, text_of
from misyn.report import badge, checklist, sheet
from misyn.results import Caveat, Evidence, as_json

if TYPE_CHECKING:
    from misyn.images.collection import Collection

Progress = Callable[[int, int], None]
Standing = Callable[[Mapping[str, str]], Sequence[Caveat]]
ROLES = ("training", "held_out", "reference", "synthetic")
MARGIN = "plan.margins.utility_gain"


@dataclass(frozen=True)
class Features:
    """What turns images into numbers (``misyn evaluate --extractor``), and the folder that keeps these, if any."""

    extractor: str = "texture"
    cache: Path | None = None

    @property
    def said(self) -> str:
        """How a command names the extractor, without the folders of this machine; nothing for the default."""
        family, colon, model = self.extractor.partition(":")
        name = Path(model).name if colon and Path(model).is_absolute() else model
        return "" if self == replace(Features(), cache=self.cache) else f" --extractor {family}{colon}{name}"


@dataclass(frozen=True)
class _Measured:
    """What was found on disk, what it showed, and what could not be found."""

    evidence: Mapping[str, Evidence]
    caveats: tuple[Caveat, ...]


def audit(
    record_path: Path,
    *,
    out: Path | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
    pdf: bool = False,
    trust: Path | None = None,
    log: Sequence[Mapping[str, Any]] = (),
    standing: Standing | None = None,
    features: Features = Features(),
) -> tuple[dict[str, Any], Path]:
    """Audit a technique; write its evidence as JSON, then what docs/audit.md lists, the report last.

    Args:
        record_path: the technique's ``misyn.yaml``; paths in it are relative to its folder.
        out: folder for the results; default ``audit`` beside the record.
        seed: seed of everything random.
        workers: processes, as in :func:`misyn.engine.map`.
        progress: called with (done, total) while files are read.
        pdf: write the checklists as PDF too.
        trust: ``root.pem`` of those whose signed credentials count as trusted; without it none does.
        log: entries of a log, each proven by :class:`misyn.oversight.log.evidence.Prover`; where one holds the plan,
            the evaluation names its checkpoint, which shows that it was made later.
        standing: asks a registry; from records (digest, to what they are) to warnings that lead the audit.
        features: what turns images into numbers, and where these are kept.

    Returns:
        The content of ``audit.json`` and the path of the report.

    Raises:
        RecordError: the record has mistakes; all are listed.
        NoImages: the record names synthetic images and none can be read there.
        TableError: a table does not read or does not join its images.
        MissingExtra: PDF was asked for, and the extra for it is not installed.
    """
    if pdf:
        sheet.reportlab()  # before anything is measured
    record = load(record_path)
    out = out or record_path.parent / "audit"
    measured = _measure(
        record, out=out, seed=seed, workers=workers, progress=progress, trust=trust, log=log, features=features
    )
    measured = _asked(record, measured, standing)
    command = f"misyn audit {record_path.name} --seed {seed}{features.said}"
    content = _judge(record, measured, command=command, seed=seed)
    content["bundle"] = {"file": bundle.NAME, "digest": _bundle(out, record, measured, seed=seed)}
    content |= _read_me(record, content)
    _write_json(out / "audit.json", content)
    checklist.write(out, content, as_pdf=pdf)
    write_bytes(out / badge.NAME, badge.svg(content).encode())
    return content, _show(out, content, measured.evidence, record)


def _asked(record: Record, measured: _Measured, standing: Standing | None) -> _Measured:
    """What a registry says of this record, and of those that its images name, leads the warnings."""
    if standing is None:
        return measured
    marks = measured.evidence["marks"].content if "marks" in measured.evidence else {}
    records = {str(row["digest"]): "a record that images name" for row in marks.get("records", [])}
    found = standing({**records, record.digest: "this record"})
    return _Measured(measured.evidence, (*found, *measured.caveats))


def _measure(
    record: Record,
    *,
    out: Path,
    seed: int,
    workers: int | None,
    progress: Progress | None,
    trust: Path | None,
    log: Sequence[Mapping[str, Any]],
    features: Features,
) -> _Measured:
    """Gather what the record brings along, collect what it names, verify marks, and evaluate."""
    brought = dossier.gather(record)
    found, caveats = _collect(record)
    caveats += _unproven(record, log)
    caveats += [Caveat("evidence-not-used", f"{where}: {what}") for where, what in brought.problems]
    evidence = dict(brought.evidence)
    medical = [item.path for role in ROLES[:-1] if role in found for item in found[role].items]
    drawn = [item.path for item in found["synthetic"].items] if "synthetic" in found else []
    for kind, paths in (("marks", drawn), ("marks-medical", medical)):
        if paths:
            evidence[kind] = _verify(kind, paths, workers=workers, progress=progress, trust=trust)
    if log:
        evidence["log"] = Evidence("log", {"schema": "misyn/log/1", "entries": [dict(row) for row in log]})
    if drawn and medical:
        after = plans.after(record, log)
        margin = record.get(MARGIN)
        evidence["evaluation"] = _evaluate(
            found,
            out=out,
            seed=seed,
            workers=workers,
            progress=progress,
            after=after,
            margin=margin if isinstance(margin, int | float) else None,
            masks=_masks(record, found),
            features=features,
        )
    for kind, item in evidence.items():
        if kind != "evaluation":  # the study wrote its own
            _write_json(out / f"{kind}.json", item.content)
    return _Measured(evidence, tuple(caveats))


def _collect(record: Record) -> tuple[dict[str, Collection], list[Caveat]]:
    """Find the images of every role the record names (rule 2)."""
    from misyn.images.collection import collect  # noqa: PLC0415 - numerics only when measuring

    found: dict[str, Collection] = {}
    caveats: list[Caveat] = []
    for role in ROLES:
        place = record.file(f"data.{role}.path")
        if place is None:
            continue
        try:
            found[role] = collect(
                place,
                table=record.file(f"data.{role}.table"),
                key=record.get(f"data.{role}.key"),
                patient=record.get(f"data.{role}.patient"),
                label=record.get(f"data.{role}.label"),
                groups=tuple(record.items(f"data.{role}.groups")),
            )
        except TableError:
            raise
        except InputError as error:
            if role == "synthetic":
                raise
            caveats.append(Caveat(f"{role.replace('_', '-')}-not-found", f"data.{role}.path: {error}"))
    return found, caveats


def _verify(
    kind: str, paths: Sequence[Path], *, workers: int | None, progress: Progress | None, trust: Path | None
) -> Evidence:
    """Ask every file what it says of its origin; the evidence counts, and names no file."""
    from misyn.marks.collection import verify_files  # noqa: PLC0415 - numerics only when measuring
    from misyn.marks.evidence import summarise  # noqa: PLC0415

    return Evidence(kind, summarise(verify_files(paths, trust=trust, workers=workers, progress=progress)))


def _masks(record: Record, found: Mapping[str, Collection]) -> dict[str, Path]:
    """The folders of masks that the record names, by set."""
    places = {role: record.file(f"data.{role}.masks") for role in found}
    return {role.replace("_", "-"): place for role, place in places.items() if place is not None}


def _evaluate(
    found: Mapping[str, Collection],
    *,
    out: Path,
    seed: int,
    workers: int | None,
    progress: Progress | None,
    after: Mapping[str, Any] | None,
    margin: float | None,
    masks: Mapping[str, Path],
    features: Features,
) -> Evidence:
    """Measure what the images lack, shift and copy; ``after`` was in a log before, ``margin`` in the plan."""
    from misyn.evaluate.pair import Settings  # noqa: PLC0415 - numerics only when measuring
    from misyn.evaluate.study import Sets, evaluate  # noqa: PLC0415

    roles: dict[str, Any] = {role: found.get(role) for role in ROLES}
    sets = Sets(masks=masks, **roles)
    result = evaluate(
        sets,
        out=out,
        seed=seed,
        workers=workers,
        progress=progress,
        settings=Settings(margin=margin),
        extractor=features.extractor,
        cache=features.cache,
    )
    if after is None:
        return Evidence("evaluation", result.content)
    content = {**result.content, "after": dict(after)}
    _write_json(out / "evaluation.json", content)
    return Evidence("evaluation", content)


def _unproven(record: Record, log: Sequence[Mapping[str, Any]]) -> list[Caveat]:
    """A proof of the plan that nobody checked."""
    place = record.file("plan.log") if isinstance(record.get("plan"), Mapping) else None
    if log or place is None or not place.is_file():
        return []
    told = "plan.log names a proof, and nothing says which log to believe: the plan is judged as if no log held it"
    return [Caveat("plan-not-proven", f"{told}. Next: misyn audit --policy FILE")]


def _judge(record: Record, measured: _Measured, *, command: str, seed: int) -> dict[str, Any]:
    """Derive phase, findings and claims from the record and its evidence."""
    derived = derivation.derive(record, measured.evidence, caveats=measured.caveats)
    return derived | {"misyn": __version__, "command": command, "seed": seed}


def _bundle(out: Path, record: Record, measured: _Measured, *, seed: int) -> str:
    """Write what may leave the machine, for ``misyn check``."""
    return bundle.write(
        out / bundle.NAME,
        record=record,
        evidence=measured.evidence,
        caveats=measured.caveats,
        version=__version__,
        seed=seed,
    )


def _read_me(record: Record, content: Mapping[str, Any]) -> dict[str, Any]:
    """Where the README that the record names claims more than its evidence; nothing where it names none."""
    place = record.file("release.readme")
    if place is None:
        return {}
    supported = [claim["text"] for claim in content["claims"] if claim["status"] == "supported"]
    try:
        found = readme.overclaims(text_of(place), supported=supported)
    except InputError:
        found = (readme.Overclaim(0, "", (), "release.readme names a file that cannot be read as text"),)
    return {"readme": as_json(found)}


def _show(out: Path, content: Mapping[str, Any], evidence: Mapping[str, Evidence], record: Record) -> Path:
    from misyn.report.page import write  # noqa: PLC0415 - plots only when showing

    contents = {kind: dict(item.content) for kind, item in evidence.items()}
    return write(
        out,
        audit=content,
        evaluation=contents.get("evaluation"),
        marks=contents.get("marks"),
        record=record.content,
        images=out / "per-image.parquet",
    )


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a result as its canonical bytes, so that the file's own SHA-256 is the digest the audit names."""
    write_bytes(path, canonical_bytes(content))
