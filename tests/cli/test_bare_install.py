"""``misyn --help`` works on a bare install and imports no numerics; how fast it is, benchmarks/help.py measures."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "pydicom", "scipy", "pyarrow", "matplotlib", "PIL", "nibabel")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with misyn and its core dependencies: no extras, nothing of ours."""
    place = tmp_path_factory.mktemp("bare")
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "core.txt")], check=True)
    wheel = place / "wheel"
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(wheel)]
    subprocess.run([*build, str(ROOT)], check=True)
    subprocess.run([*pip, "--no-deps", *map(str, wheel.glob("*.whl"))], check=True)
    return place


@pytest.mark.slow
def test_help_imports_no_numerics(bare: Path) -> None:
    done = subprocess.run([bare / "bin" / "misyn", "--help"], capture_output=True, text=True, check=True)
    assert "verify" in done.stdout
    probe = (
        "import sys; sys.argv = ['misyn', '--help']\n"
        "from misyn.cli import main\n"
        "main(standalone_mode=False)\n"
        f"print('HEAVY', sorted(set(sys.modules) & set({HEAVY!r})))\n"
    )
    done = subprocess.run([bare / "bin" / "python", "-c", probe], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout


@pytest.mark.slow
def test_a_bare_install_says_what_the_demo_needs(bare: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [bare / "bin" / "misyn", "demo", "--out", str(tmp_path / "d")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install 'misyn[demo]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "d").exists()
