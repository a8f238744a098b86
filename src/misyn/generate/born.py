r"""Mark at birth: what is saved here carries its declaration from its first byte.

One line in the code people have::

    with misyn.born("misyn.yaml", out="synthetic/") as born:      # a context manager
        born.save(array, "0001.dcm", like="template.dcm", seed=7, condition="melanoma, back")

    @misyn.born("misyn.yaml", out="synthetic/")                    # a decorator: what it gives is saved, marked
    def generate(n, seed): ...

    sample = misyn.born("misyn.yaml", out="synthetic/")(model.sample)   # a wrapper

Rules
-----
1. Rules B1 to B5 of :mod:`misyn.generate.birth`: an unmarked file never has a name.
2. The folder is watched (:mod:`misyn.generate.watch`): an image that other code writes into it unmarked is an error.
   ``unsafe_unwatched`` turns that off, and the manifest says so.
3. When it ends, well or not, a manifest lists every file (:mod:`misyn.generate.journal`), signed where there is a key.
   After a crash, the next birth in the folder takes over what the journal lists.
4. The format follows the name's ending; :data:`misyn.generate.encoders.ENCODERS` lists what can be written.

Example:
    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder)
    ...     _ = (place / "misyn.yaml").write_text("misyn: 1\ntechnique: {name: pca}\nresponsible: A. Author\n")
    ...     with born(place / "misyn.yaml", out=place / "drawn") as birth:
    ...         path = birth.save(np.zeros((8, 8), np.uint8), "0001.png", seed=3)
    ...     (path.name, birth.count)
    ('0001.png', 1)
"""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from misyn.generate.birth import Birth
from misyn.generate.declare import declare, signing_key
from misyn.generate.facts import weights_digest
from misyn.generate.journal import Journal
from misyn.generate.watch import Watch
from misyn.generate.wrapping import wrapped
from misyn.marks.watermark.keys import Key
from misyn.signing import watermark_secret

__all__ = ["Birth", "Born", "born"]


@dataclass
class Born:
    """What :func:`born` gives: enter it, or call it with a function."""

    record: Path
    out: Path
    now: datetime | None = None
    weights: object = None
    key: Path | None = None
    seed: object = None
    ending: str | None = None
    unsafe_unwatched: bool = False
    watermark: bool = False
    _open: list[tuple[Birth, Watch | None]] = field(default_factory=list, repr=False)

    def __enter__(self) -> Birth:
        birth = self.start()
        watch = None if self.unsafe_unwatched else Watch(self.out).__enter__()
        self._open.append((birth, watch))
        return birth

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        birth, watch = self._open.pop()
        try:
            birth.close()
        finally:
            if watch is not None:
                watch.__exit__(kind, error, trace)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function or generator function: every image it gives is saved, marked, and passed on unchanged."""
        return wrapped(function, self)

    def start(self) -> Birth:
        """Open the folder without ``with``, for code that has no such place; :meth:`Birth.close` or the end of the
        process writes the manifest. The folder is not watched then.
        """
        signing = None if self.key is None else signing_key(self.key)
        moment = self.now or datetime.now(UTC)
        declaration = declare(self.record, now=moment, weights=weights_digest(self.weights))
        self.out.mkdir(parents=True, exist_ok=True)
        birth = Birth(
            declaration,
            self.out,
            Journal.start(self.out),
            key=signing,
            seed=self.seed,
            unsafe_unwatched=self.unsafe_unwatched,
            watermark=self.watermark,
            private=Key(watermark_secret(self.key)) if self.watermark and self.key is not None else None,
        )
        _close_at_exit(birth)
        return birth


def _close_at_exit(birth: Birth) -> None:
    """Write the manifest at the end of the process at the latest, without keeping the birth alive until then."""
    reference = weakref.ref(birth)

    def close() -> None:
        left = reference()
        if left is not None:
            left.close()

    atexit.register(close)


def born(
    record: Path | str,
    *,
    out: Path | str,
    now: datetime | None = None,
    weights: object = None,
    key: Path | str | None = None,
    seed: object = None,
    ending: str | None = None,
    unsafe_unwatched: bool = False,
    watermark: bool = False,
) -> Born:
    """Open a folder in which everything saved is marked as the record's technique's synthetic images.

    Use it with ``with``, as a decorator, or call it with a function.

    Args:
        record: the technique's ``misyn.yaml``.
        out: the folder; made when absent.
        now: the time of birth; default: when the folder is opened.
        weights: the model's weights: a digest, a file or folder, a PyTorch module, a mapping of arrays; where None,
            what the record names.
        key: the key folder (``misyn key new``) whose key signs a credential into every file, and the manifest; None
            writes metadata only.
        seed: the seed of the whole run, for images saved without one of their own.
        ending: of files that a wrapped function's images are saved as; default: by their samples.
        unsafe_unwatched: do not watch the folder for unmarked images that other code writes.
        watermark: put the watermark into the samples of what is saved, each changed by at most 1 % of the image's
            range; with ``key``, the private one of that folder too. What other code writes (``open``) has none.

    Raises:
        RecordError: the record has mistakes; when it is entered, like all that follow.
        MissingExtra: ``key`` is given, and the C2PA library is not installed.
        SigningError: the folder holds no usable key.
        UnmarkedImage: at the end, an image without a declaration is in the folder that was not there before.
    """
    place = None if key is None else Path(key)
    return Born(Path(record), Path(out), now, weights, place, seed, ending, unsafe_unwatched, watermark)
