"""An upload that stays in memory, or is refused: nothing that people send is ever written to a disk.

Source: Django 5.2, File uploads, *Custom upload handlers*.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload


class MemoryOnly(FileUploadHandler):
    """Keeps an upload in memory, up to the limit, without its name."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self._file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002 - Django's signature
        """Take a part, or stop."""
        if self._file.tell() + len(raw_data) > settings.MOST_UPLOAD:
            raise StopUpload(connection_reset=False)
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Give the file, named by nothing."""
        self._file.seek(0)
        return InMemoryUploadedFile(self._file, self.field_name, "upload", "application/octet-stream", file_size, None)
