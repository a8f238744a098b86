"""The process that signs checkpoints while pages are served; :mod:`misyn.oversight.registry.running` starts it."""

from __future__ import annotations

import sys
from pathlib import Path

from misyn.oversight.registry import running

if __name__ == "__main__":
    running.set_up(Path(sys.argv[1]))
    running.sign_again_and_again(int(sys.argv[2]))
