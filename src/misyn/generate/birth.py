"""A folder in which everything saved is marked, and what is known of each image is kept.

Rules
-----
B1. An image is encoded in memory, marked in memory, read back, entered in the journal, and put on disk whole: an
    unmarked file never has a name, and a file with a name is always in the journal.
B2. Names stay inside the output folder, and an existing file is not replaced.
B3. With a key, a signed credential is the last thing written, before the file gets its name.
B4. Every declaration carries technique, weights, record, and this image's seed and condition, where they are known; the
    manifest counts where they are not.
B5. An image-to-image technique declares its source: ``sources``, or ``like`` where no source is named. Without one it
    is refused. Then, and only then, DICOM keeps the patient link.
B6. Where it is asked for, the watermark is put into the samples before they are encoded (:mod:`misyn.marks.imprint`).
    Images without room for it are saved with the other layers; ``without_watermark`` counts them.

Example: see :mod:`misyn.generate.born`.

    >>> Birth.__name__
    'Birth'
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from numpy.typing import NDArray

from misyn.atomic import replacing
from misyn.errors import MarkError, UnknownFormat, UsageError, WouldOverwrite
from misyn.generate.encoders import Context, encoder_for
from misyn.generate.facts import as_array, condition_digest, seed_text
from misyn.generate.geometry import geometry
from misyn.generate.journal import Entry, Journal
from misyn.generate.watch import allowed
from misyn.images.formats import FORMATS, HEAD_BYTES
from misyn.marks.declaration import Declaration
from misyn.marks.imprint import planted
from misyn.marks.inheritance import look
from misyn.marks.inheritance.combining import combine
from misyn.marks.making import Making
from misyn.marks.metadata import writer_for
from misyn.marks.samples import Stored
from misyn.marks.watermark.keys import Key
from misyn.signing import SigningKey

LINKED = "image-to-image"


@dataclass
class Birth:
    """A folder in which everything saved is marked. ``count`` is how many files were, by this process."""

    declaration: Declaration
    out: Path
    journal: Journal
    key: SigningKey | None = None
    seed: object = None
    unsafe_unwatched: bool = False
    watermark: bool = False
    private: Key | None = None
    count: int = 0
    without_watermark: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def save(
        self,
        image: object,
        name: str,
        *,
        like: object = None,
        seed: object = None,
        condition: object = None,
        sources: Sequence[object] = (),
        how: str | None = None,
    ) -> Path:
        """Save one synthetic image, marked.

        Args:
            image: samples: an array, a PyTorch tensor, a picture of Pillow; what shapes and dtypes a format takes,
                :mod:`misyn.generate.encoders` says.
            name: file name or relative path under the output folder; its ending chooses the format.
            like: a template that gives geometry and nothing else (:mod:`misyn.generate.geometry`).
            seed: of this image; default: the birth's, with the image's number.
            condition: prompt, class or other condition; only its digest is kept.
            sources: the images it was made from, for an image-to-image technique: paths, data sets or
                :class:`misyn.marks.inheritance.Source`.
            how: the step that made it from its sources, in words.

        Returns:
            The file's path.

        Raises:
            UsageError: the name leaves the folder, no format has its ending or takes these samples, the template does
                not fit, or an image-to-image technique names no source.
            WouldOverwrite: a file is already there.
            MarkError: a source contradicts itself, or the mark does not read back.
        """
        path = self._place(name)
        declared = self._declared(seed, condition, sources or self._source(like), how)
        encoder = encoder_for(name)
        context = Context(
            name=name.replace("\\", "/"),
            geometry=None if like is None else geometry(like),
            made=self.declaration.digest,
            now=declared.created,
            link=declared.technique.kind == LINKED,
        )
        samples = self._planted(as_array(image), encoder.format)
        self._put(io.BytesIO(encoder.encode(samples, context)), encoder.format, path, declared)
        return path

    @contextlib.contextmanager
    def open(
        self,
        name: str,
        *,
        seed: object = None,
        condition: object = None,
        sources: Sequence[object] = (),
        how: str | None = None,
    ) -> Iterator[BinaryIO]:
        """Give a file to write one image to, in any format that can be marked; it is on disk when the block ends.

        For code that saves by itself: ``with born.open("a.jpg") as file: picture.save(file, "JPEG")``.

        Raises:
            UnknownFormat: what was written is no image.
            UsageError, WouldOverwrite, MarkError: as :meth:`save`.
        """
        path = self._place(name)
        buffer = io.BytesIO()
        yield buffer
        declared = self._declared(seed, condition, sources, how)
        self._put(buffer, _format(buffer.getvalue()), path, declared)

    def close(self) -> dict[str, Any] | None:
        """Write the manifest; what ``with`` does at its end. None where nothing was ever born here."""
        if self.journal.file.closed:
            return None
        return self.journal.close(key=self.key, unwatched=self.unsafe_unwatched)

    def _planted(self, samples: NDArray[Any], format: str) -> NDArray[Any]:  # noqa: A002
        """Rule B6."""
        if not self.watermark:
            return samples
        colour = samples.ndim == 3 and samples.shape[-1] in (3, 4) and format != "nifti"
        axes = "YXC" if colour else "FZYX"[-samples.ndim :]
        marked, _ = planted(Stored(samples, axes), private=self.private)
        if marked is None:
            with self._lock:
                self.without_watermark += 1
        return samples if marked is None else marked

    def _source(self, like: object) -> Sequence[object]:
        """Rule B5."""
        return (like,) if like is not None and self.declaration.technique.kind == LINKED else ()

    def _declared(self, seed: object, condition: object, sources: Sequence[object], how: str | None) -> Declaration:
        """The declaration of one image (rules B4 and B5)."""
        with self._lock:
            number = self.count
        own = f"{seed_text(self.seed)}, image {number}" if seed is None and self.seed is not None else seed_text(seed)
        made = Making(seed=own, condition=condition_digest(condition))
        declared = replace(self.declaration, making=made if made != Making() else None)
        if not sources:
            if declared.technique.kind == LINKED:
                raise UsageError(
                    "expected the source of an image-to-image output, found none. Next: sources=[path], or like=path"
                )
            return declared
        found = [look(source) for source in sources]
        step = how or declared.technique.name
        return combine(found, how=step, created=declared.created, own=declared)

    def _put(self, plain: io.BytesIO, format: str, path: Path, declaration: Declaration) -> None:  # noqa: A002
        """Mark, read back, enter, and name (rule B1)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with allowed(), replacing(path, exclusive=True) as target:
                self._mark(plain, target, format, declaration)
                self.journal.enter(self._entry(path, target, declaration))
        except FileExistsError as error:
            raise _taken(path) from error
        with self._lock:
            self.count += 1

    def _mark(self, plain: io.BytesIO, target: BinaryIO, format: str, declaration: Declaration) -> None:  # noqa: A002
        """Write metadata, and with a key the credential over it; the whole file is written at once."""
        marked = io.BytesIO()
        writer = writer_for(format)
        writer.write(plain, marked, declaration)
        written = writer.read(marked)
        if written is None or written.declarations != (declaration,) or not written.says_synthetic:
            raise MarkError("expected to read back the mark that was written, found another. Next: another format")
        if self.key is None:
            target.write(marked.getbuffer())
            return
        from misyn.marks.credential.marking import sign_new  # noqa: PLC0415 - optional

        sign_new(marked, target, format=format, declaration=declaration, key=self.key)

    def _entry(self, path: Path, target: BinaryIO, declaration: Declaration) -> Entry:
        target.flush()
        target.seek(0)
        hashed = hashlib.sha256()
        while chunk := target.read(1 << 20):
            hashed.update(chunk)
        technique, making = declaration.technique, declaration.making or Making()
        return Entry(
            file=path.relative_to(self.out).as_posix(),
            digest=f"sha256:{hashed.hexdigest()}",
            technique=f"{technique.name} {technique.version}".strip(),
            declaration=declaration.digest,
            weights=technique.weights,
            record=declaration.record,
            seed=making.seed,
            condition=making.condition,
        )

    def _place(self, name: str) -> Path:
        path = self.out / name
        if not path.resolve().is_relative_to(self.out.resolve()):
            raise UsageError(f"expected a name inside {self.out}, found one that leaves it")
        if path.exists():
            raise _taken(path)
        return path


def _taken(path: Path) -> WouldOverwrite:
    return WouldOverwrite(f"expected no file at {path}, found one. Next: another name or folder")


def _format(data: bytes) -> str:
    """The format of what was written, by its content."""
    head = data[:HEAD_BYTES]
    for kind in FORMATS:
        if kind.matches(head):
            return kind.name
    for kind in FORMATS:
        if kind.sniff(head):
            return kind.name
    raise UnknownFormat(
        "expected an image to have been written, found something else. Next: save the picture to the file"
    )
