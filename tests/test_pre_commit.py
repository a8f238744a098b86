"""The hooks for other projects run under pre-commit itself: a generator's repository fails when it should, only then.

pre-commit installs a hook of ``language: python`` from a package index. There is none here, so the hooks are taken from
``.pre-commit-hooks.yaml`` as they stand and run as local hooks of ``language: system``; all else is pre-commit's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import toys

ROOT = Path(__file__).parents[1]
HOOKS = ROOT / ".pre-commit-hooks.yaml"
RECORD: dict[str, Any] = {
    "misyn": 1,
    "technique": {"name": "toy", "version": "1", "kind": "generation", "method": "other"},
    "responsible": {"name": "A. Author"},
    "stakeholders": [{"who": "nobody: toys", "heard": "not asked"}],
    "problem": {
        "need": "None.",
        "evidence": "none",
        "stated_by": "A. Author",
        "alternatives": [{"text": "none", "why_not": "a test"}],
        "why_synthesis": "a test",
    },
    "use": {
        "intended": "tests",
        "users": "tests",
        "setting": "tests",
        "out_of_scope": ["all else"],
        "prohibited": ["diagnosis"],
        "stop_when": "the test ends",
        "refusal": "delete it",
    },
    "data": {
        "training": {
            "origin": "none",
            "consent": "nobody's images",
            "licence": "none",
            "represented": "nobody",
            "not_represented": "everybody",
        },
        "synthetic": {"path": "outputs"},
    },
    "design": {
        "assumptions": [{"text": "blobs are smooth", "if_fails": "they are not"}],
        "grounding": "None.",
        "biases": [{"text": "all are blobs", "done": "nothing"}],
        "privacy": "Nobody's.",
    },
    "plan": {"text": "Nothing will be measured.", "fixed": "2026-11-22"},
    "limitations": {
        "assessed": [{"text": "They are blobs.", "consequence": "They teach nothing."}],
        "design": ["Nothing was looked at."],
        "intrinsic": {
            "grounding": "No patient stands behind these images.",
            "representation": "They leave out everybody.",
            "shift": "They bring their own look, and new bias.",
        },
    },
    "release": {"readme": "README.md"},
}


def environment(place: Path) -> dict[str, str]:
    """This environment's misyn first; pre-commit's cache in the test's folder; git with nobody's settings."""
    own = {"PRE_COMMIT_HOME": place / "cache", "HOME": place, "GIT_CONFIG_NOSYSTEM": "1", "PRE_COMMIT_COLOR": "never"}
    people = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, **people, **{key: str(value) for key, value in own.items()}, "PATH": path}


def dump(content: Any, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(content, file)


class Repository:
    """A generator's repository with the hooks, and a place to push to."""

    def __init__(self, place: Path) -> None:
        self.folder, self.env = place / "generator", environment(place)
        self.folder.mkdir()
        hooks = YAML(typ="safe", pure=True).load(HOOKS.read_text(encoding="utf-8"))
        local = [{**hook, "language": "system"} for hook in hooks]
        dump({"repos": [{"repo": "local", "hooks": local}]}, self.folder / ".pre-commit-config.yaml")
        dump(RECORD, self.folder / "misyn.yaml")
        self.write("README.md", "# Toys\n\nSynthetic images of nothing.\n")
        self.run("git", "init", "-q", "-b", "main")
        self.run("git", "init", "-q", "--bare", str(place / "remote"))
        self.run("git", "remote", "add", "origin", str(place / "remote"))
        self.run("pre-commit", "install", "-t", "pre-commit", "-t", "pre-push")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, *command: str, code: int = 0) -> str:
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == bool(code), done.stdout + done.stderr
        return done.stdout + done.stderr

    def draw(self, name: str, *, marked: bool) -> None:
        """Put an image into the outputs."""
        toys.save(toys.blobs(1, seed=len(name), size=256)[0], self.folder / ("outputs" if not marked else "raw") / name)
        if marked:
            layers = ("--layers", "metadata,watermark", "--record", "misyn.yaml", "--out", "outputs")
            self.run("misyn", "mark", f"raw/{name}", *layers)
            shutil.rmtree(self.folder / "raw")

    def commit(self, *, code: int = 0) -> str:
        self.run("git", "add", "-A")
        return self.run("git", "commit", "-q", "-m", "a change", code=code)

    def push(self, *, code: int = 0) -> str:
        return self.run("git", "push", "-q", "origin", "main", code=code)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    for program in ("git", "pre-commit", "misyn"):
        if shutil.which(program, path=environment(tmp_path)["PATH"]) is None:
            pytest.skip(
                f"{program} is not installed, so the hooks are not run under it. Next: pip install 'misyn[test]'"
            )
    return Repository(tmp_path)


def hook_lines(text: str) -> Mapping[str, str]:
    """What pre-commit says became of each hook."""
    rows = (line.partition("..") for line in text.splitlines() if ".." in line)
    return {name: end.strip(".") for name, _, end in rows}


@pytest.mark.slow
def test_a_generator_is_stopped_when_outputs_lose_their_marks_or_its_readme_claims_more(repository: Repository) -> None:
    repository.run("pre-commit", "validate-manifest", str(HOOKS))
    repository.draw("one.png", marked=True)
    assert hook_lines(repository.commit())["misyn verify"].endswith("Passed")
    assert hook_lines(repository.push())["misyn audit"].endswith("Passed")

    repository.draw("lost it.png", marked=False)
    (repository.folder / "outputs" / "slice.dcm").write_bytes(b"\0" * 128 + b"DICM")
    told = repository.commit(code=1)
    assert hook_lines(told)["misyn verify"].endswith("Failed")
    assert "lost it.png" in told
    assert "slice.dcm" in told  # which pre-commit itself does not know as an image
    repository.run("git", "rm", "-q", "-f", "outputs/lost it.png", "outputs/slice.dcm")

    repository.write("README.md", "# Toys\n\nOur realistic images improve diagnosis significantly.\n")
    repository.commit()
    told = repository.push(code=1)
    assert hook_lines(told)["misyn audit"].endswith("Failed")
    assert "README, line 3" in told


@pytest.mark.slow
def test_a_claim_without_evidence_stops_a_push(repository: Repository) -> None:
    claim = {"id": "c", "kind": "benefit", "text": "Covers most.", "expects": "coverage >= 0.9", "phase": 1}
    dump(RECORD | {"claims": [claim]}, repository.folder / "misyn.yaml")
    repository.draw("one.png", marked=True)
    repository.commit()
    assert "1 untested" in repository.push(code=1)


def test_the_example_workflow_is_what_the_published_schema_asks_for() -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed, which carries that schema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    subprocess.run([*command, str(ROOT / "docs" / "ci" / "audit.yml")], check=True, capture_output=True)


@pytest.mark.slow
def test_the_commands_of_the_example_workflow_run_in_its_repository(repository: Repository) -> None:
    """Every ``run`` step but the installation, in order, as the runner's shell would run it."""
    repository.draw("one.png", marked=True)
    text = (ROOT / "docs" / "ci" / "audit.yml").read_text(encoding="utf-8")
    steps = [step["run"] for step in YAML(typ="safe", pure=True).load(text)["jobs"]["audit"]["steps"] if "run" in step]
    assert [step.split()[:2] for step in steps] == [
        ["python", "-m"],
        ["misyn", "verify"],
        ["misyn", "audit"],
        ["misyn", "check"],
    ]
    for step in steps[1:]:
        repository.run("bash", "-e", "-c", step)
    assert (repository.folder / "audit" / "badge.svg").is_file()
