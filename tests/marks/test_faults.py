"""A mark that is killed, or told that the disk is full, at any of its writes: nothing is lost, nothing is half done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

import faults
import misyn
from misyn import signing
from misyn.marks import fingerprint, mark, verify
from misyn.marks.declaration import Declaration
from misyn.signing import SigningKey


@dataclass(frozen=True)
class Case:
    """One way to mark: the file's kind and ending, the arguments of ``mark``, and what lies around it."""

    kind: str
    ending: str
    layers: tuple[str, ...] = ("metadata",)
    in_place: bool = True
    overwrite: bool = False
    sidecar: bool = False
    kills: int = 5  # the fewest calls that write, each of which is where one process is killed


EVERYTHING = ("metadata", "credential", "fingerprint")
CASES = {
    "key, in place, png": Case("png", ".png", ("metadata", "credential")),
    "key, in place, dicom": Case("dicom-explicit", ".dcm", ("metadata", "credential")),
    "key, copy, tiff": Case("tiff", ".tif", ("metadata", "credential"), in_place=False),
    "key, copy over another, nifti": Case("nifti", ".nii", ("metadata", "credential"), in_place=False, overwrite=True),
    "label, copy, jpeg": Case("jpeg", ".jpg", ("metadata", "label"), in_place=False),
    "label and key, in place, dicom": Case("dicom-explicit", ".dcm", ("metadata", "credential", "label")),
    "fingerprint, copy, webp": Case("webp", ".webp", ("metadata", "fingerprint"), in_place=False, kills=40),
    "sidecar, in place": Case("nifti", ".nii", sidecar=True),
    "sidecar and key, copy": Case("nifti", ".nii", ("metadata", "credential"), in_place=False, sidecar=True),
    "everything, in place, nifti": Case(
        "nifti", ".nii", ("metadata", "credential", "fingerprint"), sidecar=True, kills=40
    ),
}
OLD = b"an older copy that was there"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")
    return signing.create(tmp_path_factory.mktemp("key") / "key", owner="B", now=datetime.now(UTC))


class World:
    """A folder in which one case is tried again and again, always from the same beginning."""

    def __init__(self, folder: Path, case: Case, data: bytes, key: SigningKey, declaration: Declaration) -> None:
        self.folder, self.case, self.data, self.key, self.declaration = folder, case, data, key, declaration
        self.path = folder / "in" / f"a{case.ending}"
        self.target = self.path if case.in_place else folder / "out" / f"a{case.ending}"
        self.store = folder / "store"
        self.reset()
        self.pixels = misyn.read(self.path).digest

    def reset(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.path.parent.mkdir(parents=True)
        (self.folder / "out").mkdir()
        self.path.write_bytes(self.data)
        self.path.with_suffix(".json").write_text('{"EchoTime": 1}')
        if self.case.overwrite:
            self.target.write_bytes(OLD)

    def act(self, say: faults.Say) -> None:
        case = self.case
        mark(
            self.path,
            declaration=self.declaration,
            out=None if case.in_place else self.target,
            in_place=case.in_place,
            overwrite=case.overwrite,
            layers=case.layers,
            key=self.key if "credential" in case.layers else None,
            store=self.store if "fingerprint" in case.layers else None,
            sidecar=case.sidecar,
        )
        say("marked")

    def is_marked(self) -> bool:
        """Whether the target is the new file; what is there is whole, whichever it is."""
        if not self.case.in_place:
            assert self.path.read_bytes() == self.data  # the original is untouched
        if not self.target.exists():
            assert not self.case.in_place
            return False
        if self.target.read_bytes() in (self.data, OLD):
            assert self.target.read_bytes() != OLD or self.case.overwrite
            return False
        verdict = verify(self.target, trust=self.key.chain[-1:])
        assert (verdict.verdict, verdict.problems[1:]) == ("synthetic", ())
        assert verdict.trusted == ("credential" in self.case.layers)
        if "label" not in self.case.layers:
            assert misyn.read(self.target).digest == self.pixels
        return True

    def sidecar_says(self) -> bool:
        path = self.target.with_suffix(".json")
        if not path.exists():
            assert not self.case.in_place
            return False
        content = json.loads(path.read_text())
        assert content["EchoTime"] == 1
        return "SyntheticData" in content

    def is_known(self) -> bool:
        if not (self.store / fingerprint.FILE).exists():
            return False
        try:
            return bool(fingerprint.find(self.store, self.pixels))
        except misyn.errors.InputError:  # a store that was being made; the next mark makes it
            return False


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    built: dict[str, bytes],
    key: SigningKey,
    declaration: Declaration,
) -> World:
    case = CASES[request.param]
    made = World(tmp_path / "world", case, built[case.kind], key, declaration)
    made.act(lambda _: None)  # everything is imported before the process is forked
    return made


def each_fault(world: World, fault: str, seen: Callable[[faults.Outcome], None]) -> int:
    """Inject one fault at every single call that writes: the first of each kind, the second, until all are through."""
    count = 0
    for call in faults.WRITES.split(","):
        for at in range(1, 200):
            world.reset()
            outcome = faults.run(world.act, fault=fault, at=at, calls=call)
            seen(outcome)
            if outcome.finished:
                break
            count += 1
    return count


@pytest.mark.parametrize("world", sorted(CASES), indirect=True)
def test_killed_at_any_write_the_file_is_the_old_or_the_new_one(world: World) -> None:
    """Every call that writes is where one process is killed: over 100 processes in all (``Case.kills``)."""
    case, states = world.case, set()

    def seen(outcome: faults.Outcome) -> None:
        assert outcome.killed or outcome.finished
        marked = world.is_marked()
        states.add(marked)
        assert marked or not world.sidecar_says()  # a sidecar, and a store, never say more than the image
        assert marked or not world.is_known()
        if outcome.killed and (case.in_place or case.overwrite or not marked):
            world.act(lambda _: None)  # what was left behind is not in the way of marking again
            assert world.is_marked()
            assert world.sidecar_says() == case.sidecar
            assert world.is_known() == ("fingerprint" in case.layers)

    kills = each_fault(world, "kill", seen)
    assert states == {False, True}
    assert kills >= case.kills


@pytest.mark.parametrize("fault", ["full", "broken"])
@pytest.mark.parametrize("world", ["sidecar and key, copy", "key, copy over another, nifti"], indirect=True)
def test_a_full_or_broken_disk_at_any_write_leaves_no_half_file_and_no_litter(world: World, fault: str) -> None:
    def seen(outcome: faults.Outcome) -> None:
        assert not outcome.killed
        marked = world.is_marked()
        assert marked or not outcome.finished
        assert marked or not world.sidecar_says()
        if outcome.refused:
            assert list(leftovers(world.folder)) == []

    assert each_fault(world, fault, seen) >= 4


def leftovers(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob(".*") if path.is_file())
