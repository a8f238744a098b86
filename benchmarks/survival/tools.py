"""The programs of others that the paths go through: whether they are here, which version, and how they are run.

Rules
-----
1. A tool that is not here is *not run*: never green, and never a loss.
2. Every run has a time limit. A program that fails, or writes nothing, has *refused*; that is a result.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

PROGRAMS = {
    "dcm2niix": ("dcm2niix", "-v"),
    "gdcm": ("gdcmconv", "--version"),
    "dcmtk": ("dcmdump", "--version"),
    "imagemagick": ("/usr/bin/convert", "--version"),
    "ffmpeg": ("ffmpeg", "-version"),
    "exiftool": ("exiftool", "-ver"),
    "chromium": ("chromium", "--version"),
}
MODULES = {
    "pydicom": "pydicom",
    "SimpleITK": "SimpleITK",
    "nibabel": "nibabel",
    "pynrrd": "nrrd",
    "Pillow": "PIL",
    "OpenCV": "cv2",
    "imageio": "imageio",
    "dicognito": "dicognito",
    "deid": "deid",
}
_PACKAGES = {"OpenCV": "opencv-python-headless"}
SECONDS = 120


class Refused(Exception):
    """The tool would not do it; the text is its own, cut short."""


def is_here(tool: str) -> bool:
    """Whether the tool can be run on this machine."""
    if tool in PROGRAMS:
        return shutil.which(PROGRAMS[tool][0]) is not None
    return importlib.util.find_spec(MODULES[tool]) is not None


def version(tool: str) -> str:
    """What the tool says of its version, or ``not here``."""
    if not is_here(tool):
        return "not here"
    if tool in MODULES:
        return importlib.metadata.version(_PACKAGES.get(tool, tool))
    done = subprocess.run(PROGRAMS[tool], capture_output=True, text=True, timeout=SECONDS, check=False)
    words = (done.stdout + done.stderr).replace("$", " ").split()
    return next((word.strip(",") for word in words if re.match(r"v?\d+\.\d", word)), "unknown")


def run(*command: str | Path, makes: Path) -> Path:
    """Run a program and give the file it made.

    Raises:
        Refused: it failed, took too long, or made nothing.
    """
    words = [str(part) for part in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Refused(f"no end within {SECONDS} s") from error
    if not makes.is_file() or makes.stat().st_size == 0:
        raise Refused((done.stderr or done.stdout or f"exit status {done.returncode}").strip()[-200:])
    return makes
