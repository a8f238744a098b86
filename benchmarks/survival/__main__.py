"""What each layer survives on ordinary paths, through the programs that people use.

    python benchmarks/survival              run everything, compare with the kept table
    python benchmarks/survival --bounded    a part of it, about a minute, as CI does
    python benchmarks/survival --write      run everything, keep it as the new table and write docs/survival.md

Exit status 0: nothing is worse than in the kept table. 1: a layer came through worse than before. 3: nothing is worse,
but a program is not here, so that its paths were not run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import table
from judge import judged
from paths import PATHS, Path_
from samples import World, build
from tools import Refused, is_here

_LAYERS = {
    "marked": ("metadata", "credential", "watermark", "fingerprint"),
    "labelled": ("label",),
    "foreign": ("foreign",),
}


def main() -> int:
    """Run the paths, compare, and say what is worse."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--bounded", action="store_true", help="about a minute, as in CI")
    arguments.add_argument("--write", action="store_true", help="keep the results as the new table")
    arguments.add_argument("--page", action="store_true", help="write docs/survival.md again from the kept table")
    arguments.add_argument("--only", help="paths whose name contains this")
    chosen = arguments.parse_args()
    if chosen.page:
        table.write_page()
        return 0
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="survival-") as folder:
        found = table.Table()
        world = build(Path(folder) / "world")
        for path in PATHS:
            if chosen.only is None or chosen.only in path.name:
                _try(path, world, found, bounded=chosen.bounded)
    if chosen.write:
        table.keep(found)
    return table.report(found, table.kept())


def _try(path: Path_, world: World, found: table.Table, *, bounded: bool) -> None:
    """One path with every file it is about."""
    for format in path.bounded if bounded else path.formats:  # noqa: A001
        for kind, layers in _LAYERS.items():
            source = world.files.get((format, kind))
            if source is None or (bounded and kind != "marked" and format not in ("png", "dicom")):
                continue
            if not is_here(path.tool):
                found.add(path.name, format, dict.fromkeys(layers, "not run"))
                continue
            found.add(path.name, format, _walked(path, world, source, kind=kind, layers=layers))


def _walked(path: Path_, world: World, source: Path, *, kind: str, layers: tuple[str, ...]) -> dict[str, str]:
    """Send one file along and judge what comes out."""
    with tempfile.TemporaryDirectory(prefix="path-", dir=world.folder) as folder:
        try:
            made = path.step(source, Path(folder))
        except Refused as refusal:
            print(f"{path.name}, {source.name}: refused: {' '.join(str(refusal).split())[:160]}", file=sys.stderr)
            return dict.fromkeys(layers, "refused")
        except Exception:  # a program of others fails as it likes
            print(f"{path.name}, {source.name}: {traceback.format_exc(limit=1)}", file=sys.stderr)
            return dict.fromkeys(layers, "refused")
        return judged(made, world, kind=kind, scale=path.scale, angle=path.angle)


if __name__ == "__main__":
    sys.exit(main())
