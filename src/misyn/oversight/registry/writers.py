"""One writer at a time in each process, where SQLite keeps the registry: waiting in a line is fairer than trying again.

Rules
-----
1. SQLite lets one connection write, and makes the others try again and again, in no order; under load some would wait
   in vain. Threads of one process wait here instead, in turn.
2. Reading never waits. Looking an upload up writes next to nothing and takes long, so it does not wait here either.

Source: SQLite documentation of ``BEGIN IMMEDIATE`` and ``sqlite3_busy_timeout``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse

_LINE = threading.Lock()
READING = ("GET", "HEAD", "OPTIONS")


class OneWriter:
    """Middleware: lets requests that write take turns (rule 1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, in turn."""
        free = request.method in READING or connection.vendor != "sqlite" or request.path.endswith("/upload/")
        if free:
            return self.get_response(request)
        with _LINE:
            return self.get_response(request)
