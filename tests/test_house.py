"""The house keeps its own rules: import order, file and function length, words, and no hosts or machine paths."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "misyn"

# A room may import rooms of an earlier step, never its own step's neighbours or later ones.
STEPS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("canonical", "results", "atomic"),
    ("signing", "engine"),
    ("images",),
    ("marks", "evaluate", "practice"),
    ("report",),
    ("audit", "folders"),
    ("generate",),
    ("oversight",),
    ("cli",),
)
# Within a step: what the foundation's files may still use of each other.
ALLOWED = {("results", "canonical"), ("engine", "signing")}
LEVEL = {room: step for step, rooms in enumerate(STEPS) for room in rooms}

HOSTS = re.compile(
    r"py[p]i\.org|python[h]osted|registry\.npm|npm[j]s\.(com|org)|hugging[f]ace\.co|download\.py[t]orch|conda\.ana[c]onda"
    r"|deb\.de[b]ian|crates\.i[o]|git[h]ub\.com|git[l]ab\.com|zeno[d]o\.org",
    re.IGNORECASE,
)
MACHINE = re.compile(r"(?<![\w.])/(wo[r]k|ro[o]t|ho[m]e|tm[p])/[\w.]")
WORDS = re.compile(r"synthetic medica[l] image|fak[e] image", re.IGNORECASE)


def python_files() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield every misyn room a file imports, lazy imports included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("misyn."))
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            parts = node.module.split(".")
            if parts[0] == "misyn":
                yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(SRC)))
def test_imports_run_one_way(path: Path) -> None:
    room = room_of(path)
    if room in {"__init__", "__main__"}:  # the public names are resolved lazily, from every room
        return
    assert room in LEVEL, f"{room} is not a room of the house"
    for other in set(imports(ast.parse(path.read_text(encoding="utf-8")))) - {room, "__version__"}:
        assert LEVEL[other] < LEVEL[room] or (room, other) in ALLOWED, f"{room} may not import {other}"


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(SRC)))
def test_files_and_functions_are_short(path: Path) -> None:
    if path.parent.name == "migrations":  # written by Django
        return
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                assert (body[-1].end_lineno or 0) - body[0].lineno < 60, node.name


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(SRC)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_practice_needs_no_numerics() -> None:
    for path in (SRC / "practice").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert not {name.split(".")[0] for name in names} & {"numpy", "scipy", "pyarrow", "matplotlib", "PIL"}, path


def project_texts() -> Iterator[tuple[str, str]]:
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listing.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and name != "LICENSE":
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:  # a picture
                continue


def test_no_file_names_a_download_host_or_a_path_of_a_machine() -> None:
    found = [
        f"{name}: {match.group()}"
        for name, text in project_texts()
        for pattern in (HOSTS, MACHINE)
        for match in [pattern.search(text)]
        if match
    ]
    assert not found


def test_the_words_are_the_projects_words() -> None:
    found = [name for name, text in project_texts() if WORDS.search(text) and not name.startswith("tests/")]
    assert not found
