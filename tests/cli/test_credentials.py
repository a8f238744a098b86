"""``misyn mark --key`` and ``misyn verify --trust``: what a user types, and what the exit status says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from misyn.cli import main

RECORD = "misyn: 1\ntechnique: {name: pca, version: '1'}\nresponsible: A. Author\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MISYN_KEY", raising=False)
    (tmp_path / "misyn.yaml").write_text(RECORD)
    (tmp_path / "drawn").mkdir()
    Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).save(tmp_path / "drawn" / "a.png")
    return tmp_path


def misyn(place: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [word.replace("@", f"{place}/") for word in words])


def test_a_signed_folder_verifies_as_trusted_with_the_root_that_was_handed_out(place: Path) -> None:
    assert misyn(place, "key", "new", "@key", "--owner", "Example Hospital").exit_code == 0
    mark = misyn(place, "mark", "@drawn", "--record", "@misyn.yaml", "--out", "@marked", "--key", "@key", "--json")
    assert mark.exit_code == 0, mark.output
    (file,) = json.loads(mark.output)["files"]
    assert file["layers"] == ["metadata", "credential"]
    found = misyn(place, "verify", "@marked", "--trust", "@key/root.pem", "--json", "--workers", "0")
    assert found.exit_code == 0
    (verdict,) = json.loads(found.output)["files"]
    assert (verdict["trusted"], verdict["layers"]["credential"]["state"]) == (True, "trusted")
    assert verdict["layers"]["credential"]["digest"] == file["credential"]
    shown = misyn(place, "verify", "@marked", "--workers", "0")
    assert "no root that was named as trusted" in shown.output


def test_a_credential_without_any_key_is_one_sentence_and_status_2(place: Path) -> None:
    result = misyn(place, "mark", "@drawn", "--record", "@misyn.yaml", "--out", "@m", "--layers", "metadata,credential")
    assert result.exit_code == 2
    assert "misyn key new" in result.output
    assert not (place / "m").exists()


def test_a_root_that_is_none_is_one_sentence_and_status_2(place: Path) -> None:
    result = misyn(place, "verify", "@drawn", "--trust", "@misyn.yaml", "--workers", "0")
    assert result.exit_code == 2
    assert "expected certificates in PEM" in result.output
