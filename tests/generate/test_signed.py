"""Born signed: with a key, every file carries a credential before it has a name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from misyn import signing
from misyn.errors import SigningError
from misyn.generate.born import born
from misyn.generate.journal import check
from misyn.marks import verify

RECORD = "misyn: 1\ntechnique: {name: pca, version: '1'}\nresponsible: A. Author\n"


@pytest.mark.parametrize("name", ["a.png", "a.tiff", "a.nii", "a.nii.gz"])
def test_what_is_born_with_a_key_is_trusted_up_to_its_root(name: str, tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")
    (tmp_path / "misyn.yaml").write_text(RECORD)
    signing.create(tmp_path / "key", owner="A. Author", now=datetime.now(UTC))
    pixels = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64)
    with born(tmp_path / "misyn.yaml", out=tmp_path / "drawn", key=tmp_path / "key") as birth:
        path = birth.save(pixels, name)
    verdict = verify(path, trust=tmp_path / "key" / "root.pem")
    assert (verdict.verdict, verdict.trusted, verdict.problems) == ("synthetic", True, ())
    assert sorted(file.name for file in (tmp_path / "drawn").iterdir()) == sorted([name, "misyn-manifest.json"])
    assert list(check(tmp_path / "drawn", roots=signing.load(tmp_path / "key").chain[-1:])) == []


def test_a_key_that_is_not_there_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")
    (tmp_path / "misyn.yaml").write_text(RECORD)
    with (
        pytest.raises(SigningError, match="misyn key new"),
        born(tmp_path / "misyn.yaml", out=tmp_path / "drawn", key=tmp_path / "nothing"),
    ):
        pytest.fail("nothing may be drawn")
    assert not (tmp_path / "drawn").exists()
