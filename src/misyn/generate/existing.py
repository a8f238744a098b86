"""Mark files that were drawn before: from a record, over files and folders.

Rules
-----
1. Folders keep their shape under the output folder; only files that are images are taken from a folder.
2. Either copies (``out``) or replacement in place (``in_place``): one must be chosen.
3. The first refusal stops the job before its file is touched; files marked so far are whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from misyn.errors import NoImages, UsageError
from misyn.generate.declare import declare
from misyn.images.folder import images_under
from misyn.marks import mark

Progress = Callable[[int, int], None]
