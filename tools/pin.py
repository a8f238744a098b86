"""Pin and hash the dependencies: ``python3 tools/pin.py`` (needs uv on the path).

Rules
-----
1. The files name packages, versions and hashes, and no place to get them from: that is the installer's business.
2. torch stays out: which build is right depends on the machine.
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
FILES: dict[str, tuple[str, ...]] = {"core.txt": (), "test.txt": ("--extra=test",)}


def main() -> int:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    for name, extras in FILES.items():
        out = ROOT / "requirements" / name
        command = [uv, "pip", "compile", "pyproject.toml", *OPTIONS, *extras, "--output-file", str(out)]
        subprocess.run(command, cwd=ROOT, check=True)
        lines = [line for line in out.read_text().splitlines() if not line.startswith("misyn")]
        out.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
