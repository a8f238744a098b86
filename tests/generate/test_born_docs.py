"""docs/born.md names only what there is, and its generators are the list's."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from misyn.generate.encoders import ENCODERS
from misyn.generate.generators import GENERATORS
from misyn.generate.guard import Guarded
from misyn.generate.use import Use

TEXT = (Path(__file__).parents[2] / "docs" / "born.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("module", "names"), re.findall(r"^from (misyn\S*) import (.+)$", TEXT, re.MULTILINE))
def test_what_the_page_imports_is_there(module: str, names: str) -> None:
    for name in names.split(", "):
        assert hasattr(importlib.import_module(module), name)


def test_modules_and_generators_on_the_page_are_there() -> None:
    for name in set(re.findall(r"`(misyn\.generate[\w.]*)`", TEXT)):
        if not name.endswith("transforms"):  # needs MONAI; its own tests import it
            importlib.import_module(name)
    table = TEXT[TEXT.index("## Reference generators") :]
    assert {entry.name for entry in GENERATORS} <= set(re.findall(r"`([a-z-]+)`", table))
    assert {encoder.format for encoder in ENCODERS} == {"png", "tiff", "nifti", "dicom"}


def test_options_of_the_guard_on_the_page_are_there() -> None:
    part = TEXT[TEXT.index("## A guard") : TEXT.index("## Reference generators")]
    fields = set(Use.__dataclass_fields__)
    assert set(re.findall(r"\b(\w+)=", part)) <= fields
    assert "report" in Guarded.__dataclass_fields__
