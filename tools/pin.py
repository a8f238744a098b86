"""Pin and hash the dependencies: ``python3 tools/pin.py`` (needs uv on the path).

Rules
-----
1. The files name packages, versions and hashes, and no place to get them from: that is the installer's business.
2. torch stays out: which build is right depends on the machine.
3. ``exports.txt`` holds what the heavy validators add to ``test.txt``, in the versions that go with it; install both.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)
FILES: dict[str, tuple[str, ...]] = {
    "core.txt": (),
    "test.txt": ("--extra=test",),
    "exports.txt": ("--extra=export-test", "--constraint=requirements/test.txt"),
}
ADDS_TO = {"exports.txt": "test.txt"}


def main() -> int:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    for name, extras in FILES.items():
        out = ROOT / "requirements" / name
        command = [uv, "pip", "compile", "pyproject.toml", *OPTIONS, *extras, "--output-file", str(out)]
        subprocess.run(command, cwd=ROOT, check=True)
        lines = [line for line in out.read_text().splitlines() if not line.startswith("misyn")]
        if name in ADDS_TO:
            lines = without(lines, (out.parent / ADDS_TO[name]).read_text().splitlines())
        out.write_text("\n".join(lines) + "\n")
    return 0


def without(lines: list[str], others: list[str]) -> list[str]:
    """The entries of one file whose packages another does not have; an entry is a line and its indented hashes."""
    there = {line.split("==")[0] for line in others if not line.startswith(" ")}
    kept, keep = [], True
    for line in lines:
        if not line.startswith(" "):
            keep = line.split("==")[0] not in there
        if keep:
            kept.append(line)
    return kept


if __name__ == "__main__":
    sys.exit(main())
