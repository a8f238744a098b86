r"""Mark at birth: what is saved here carries its declaration from its first byte.

Rules
-----
1. An image is encoded in memory, marked in memory, and put on disk whole: an unmarked file never has a name.
2. Names stay inside the output folder, and an existing file is not replaced.
3. With a key, a signed credential is the last thing written, before the file gets its name.
4. The format follows the name's ending; :data:`ENCODERS` lists what can be written.

Example:
    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder)
    ...     _ = (place / "misyn.yaml").write_text("misyn: 1\ntechnique: {name: pca}\nresponsible: A. Author\n")
    ...     with born(place / "misyn.yaml", out=place / "drawn") as birth:
    ...         path = birth.save(np.zeros((8, 8), np.uint8), "0001.png")
    ...     (path.name, birth.count)
    ('0001.png', 1)
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from misyn.atomic import replacing
from misyn.errors import UsageError, WouldOverwrite
from misyn.generate.declare import declare, signing_key
from misyn.generate.encoders import encoder_for
from misyn.marks.declaration import Declaration
from misyn.marks.metadata import writer_for
from misyn.signing import SigningKey


@dataclass
class Birth:
    """A folder in which everything saved is marked. ``count`` is how many files were."""

    declaration: Declaration
    out: Path
    key: SigningKey | None = None
    count: int = 0

    def save(self, pixels: NDArray[Any], name: str) -> Path:
        """Save one synthetic image, marked.

        Args:
            pixels: samples; what shapes and dtypes a format takes, :mod:`misyn.generate.encoders` says.
            name: file name or relative path under the output folder; its ending chooses the format.

        Raises:
            UsageError: the name leaves the folder, or no format has its ending or takes these pixels.
            WouldOverwrite: a file is already there.
        """
        path = self._place(name)
        encoder = encoder_for(name)
        plain = io.BytesIO(encoder.encode(pixels))
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as target:
            self._mark(plain, target, encoder.format)
        self.count += 1
        return path

    def _mark(self, plain: BinaryIO, target: BinaryIO, format: str) -> None:  # noqa: A002 - the house's word for it
        """Write metadata, and with a key the credential over it."""
        if self.key is None:
            writer_for(format).write(plain, target, self.declaration)
            return
        from misyn.marks.credential.marking import sign_new  # noqa: PLC0415 - optional

        marked = io.BytesIO()
        writer_for(format).write(plain, marked, self.declaration)
        sign_new(marked, target, format=format, declaration=self.declaration, key=self.key)

    def _place(self, name: str) -> Path:
        path = self.out / name
        if not path.resolve().is_relative_to(self.out.resolve()):
            raise UsageError(f"expected a name inside {self.out}, found one that leaves it")
        if path.exists():
            raise WouldOverwrite(f"expected no file at {path}, found one. Next: another name or folder")
        return path


@contextlib.contextmanager
def born(
    record: Path | str,
    *,
    out: Path | str,
    now: datetime | None = None,
    weights: str | None = None,
    key: Path | str | None = None,
) -> Iterator[Birth]:
    """Open a folder in which everything saved is marked as the record's technique's synthetic images.

    Args:
        record: the technique's ``misyn.yaml``.
        out: the folder; made when absent.
        now: the time of birth; default: when this is called.
        weights: digest of the model's weights, where the record does not name it.
        key: the key folder (``misyn key new``) whose key signs a credential into every file; None writes metadata only.

    Raises:
        RecordError: the record has mistakes.
        MissingExtra: ``key`` is given, and the C2PA library is not installed.
        SigningError: the folder holds no usable key.
    """
    signing = None if key is None else signing_key(Path(key))
    declaration = declare(Path(record), now=now or datetime.now(UTC), weights=weights)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    yield Birth(declaration, folder, signing)
