"""`misyn check` needs nothing but the bundle: no network, no images, no numerics; its exit status is the answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import toys
from misyn.canonical import canonical_bytes
from misyn.cli import main
from misyn.oversight import log
from misyn.practice import bundle, plans
from misyn.practice import record as records
from misyn.results import Evidence

RECORD = "{misyn: 1, technique: {name: demo}, responsible: A. Person, plan: {text: Coverage.}}"
SEEN = {"estimates": [{"name": "coverage", "value": 0.5, "set": "training", "group": None, "n_medical": 40}]}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def written(folder: Path, evidence: dict[str, Evidence] | None = None) -> Path:
    path = folder / "bundle.zip"
    bundle.write(path, record=records.parse(RECORD), evidence=evidence or {}, caveats=(), version="0", seed=0)
    return path


def test_a_bundle_that_holds(tmp_path: Path) -> None:
    done = run(written(tmp_path))
    assert done.exit_code == 0
    assert "Nothing here shows benefit or safety for patients." in done.output
    assert "Whether that is true, it cannot show." in done.output


def test_a_bundle_that_does_not_hold_says_where(tmp_path: Path) -> None:
    path = written(tmp_path)
    members = {name: data for name, data in bundle.members_of(path.read_bytes())[0].items() if name != "bundle.json"}
    audit: dict[str, Any] = json.loads(members["audit.json"])
    audit["phase"] = 4
    path.write_bytes(bundle.packed(members | {"audit.json": canonical_bytes(audit)}))
    done = run(path)
    assert done.exit_code == 1
    assert "audit.json: phase: the bundle says 4; its evidence gives 0" in done.output
    document = json.loads(run(path, "--json").output)
    assert document["holds"] is False
    assert document["differences"] == [
        {"where": "audit.json: phase", "what": "the bundle says 4; its evidence gives 0"}
    ]


@pytest.mark.parametrize("data", [b"", b"no archive"])
def test_what_is_no_bundle_cannot_be_checked(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    done = run(tmp_path / "x.zip")
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_it_needs_no_numerics_and_no_log(tmp_path: Path) -> None:
    path = written(tmp_path, {"evaluation": Evidence("evaluation", SEEN)})
    probe = (
        "import sys\n"
        "for name in ('numpy', 'scipy', 'pyarrow', 'PIL', 'pydicom', 'nibabel', 'cryptography', 'jinja2'):\n"
        "    sys.modules[name] = None\n"
        "from misyn.cli import main\n"
        f"main(['check', {str(path)!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def logged(tmp_path: Path) -> tuple[Path, Path]:
    """A bundle whose plan and results are in a log of our own, and a policy that believes that log alone."""
    record = records.parse(RECORD)
    evaluation = Evidence("evaluation", SEEN)
    with log.store.Log.create(tmp_path / "log", origin="example.org/log") as ours:
        ours.append([log.entries.commit("plan", plans.digest_of(record.get("plan")))])
        ours.append([log.entries.commit("evidence", evaluation.digest)])
        ours.publish()
        rows = [
            {"index": index, "digest": content, "proof": ours.prove(index).to_bytes().decode()}
            for index, content in enumerate((plans.digest_of(record.get("plan")), evaluation.digest))
        ]
        policy = f"log {ours.keys[-1].vkey}\nquorum none\n"
    (tmp_path / "policy.txt").write_text(policy, encoding="utf-8")
    seen = {"evaluation": evaluation, "log": Evidence("log", {"schema": "misyn/log/1", "entries": rows})}
    return written(tmp_path, seen), tmp_path / "policy.txt"


def test_statuses_that_rest_on_a_log_need_a_policy(logged: tuple[Path, Path]) -> None:
    path, policy = logged
    assert run(path).exit_code == 2
    assert run(path, "--policy", policy).exit_code == 1  # nobody cosigned it
    document = json.loads(run(path, "--policy", policy, "--unsafe-without-cosignatures", "--json").output)
    assert (document["holds"], document["log_entries"], document["unsafe"]) == (True, 2, ["without cosignatures"])


def test_a_proof_of_another_index_does_not_hold(logged: tuple[Path, Path]) -> None:
    path, policy = logged
    members = {k: json.loads(v) for k, v in bundle.members_of(path.read_bytes())[0].items() if k != "bundle.json"}
    rows = members["log.json"]["entries"]
    rows[0]["index"], rows[1]["index"] = rows[1]["index"], rows[0]["index"]
    path.write_bytes(bundle.packed({name: canonical_bytes(content) for name, content in members.items()}))
    done = run(path, "--policy", policy, "--unsafe-without-cosignatures")
    assert done.exit_code == 1
    assert "log.json: entries[0]: the proof shows index 0" in done.output


def test_a_plan_a_record_and_a_files_declaration_are_shown_to_have_been_there_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline, with `misyn check` alone: a signed plan, a published record, a marked file, each before the results."""
    monkeypatch.chdir(tmp_path)

    def done(line: str, *, code: int = 0) -> str:
        result = CliRunner().invoke(main, line.split())
        assert result.exit_code == code, result.output
        return result.output

    Path("misyn.yaml").write_text(RECORD)
    toys.save(toys.blobs(1, seed=0)[0], tmp_path / "drawn" / "a.png")
    done("mark drawn --record misyn.yaml --out marked")
    vkey = json.loads(done("log init log --origin example.org/log --json"))["vkey"]
    key = done(f"log witness new w --name w1.example --log {vkey}").strip()
    done(f"log policy {vkey} --witness {key} --out policy")
    done("key new keys --owner Hospital")
    for what in ("misyn.yaml --kind plan --key keys", "misyn.yaml --kind record", "marked/a.png --kind declaration"):
        done(f"log append log {what} --witness w")
    Path("results.json").write_text("{}")
    done("log append log results.json --kind evidence --witness w")
    for file, kind, more in (
        ("plan.json", "plan", " --trust keys/root.pem"),
        ("misyn.yaml", "record", ""),
        ("marked/a.png", "declaration", ""),
    ):
        line = f"check {file}.tlog-proof {file} --policy policy{more}"
        said = done(f"{line} --before results.json.tlog-proof")
        assert f"a {kind}, entry" in said
        assert "comes before entry 3" in said
        done(f"{line} --before 2999-01-01")
        done(f"{line} --before 2001-01-01", code=1)
        done(f"check results.json.tlog-proof results.json --policy policy --before {file}.tlog-proof", code=1)
        done(f"check {file}.tlog-proof results.json --policy policy", code=1)
    done("check misyn.yaml.tlog-proof misyn.yaml --policy policy --trust keys/root.pem", code=1)  # nobody signed it
    assert "--policy" in done("check misyn.yaml.tlog-proof misyn.yaml", code=2)
    assert "belong to a proof" in done("check log/log.json misyn.yaml", code=2)
