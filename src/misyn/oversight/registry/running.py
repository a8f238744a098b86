"""Run a registry: set Django up for a folder, bring its database up to date, serve, sign checkpoints.

Rules
-----
1. ``serve`` listens on this machine alone unless told otherwise; a real server puts a proxy with TLS before it.
2. Pages are served by as many processes as there are cores; checkpoints are signed by one process beside them.
3. Nothing here is imported before a command needs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from misyn.errors import MissingExtra, UsageError
from misyn.oversight.registry.place import Place

SETTINGS = "misyn.oversight.registry.settings"


def set_up(folder: Path) -> None:
    """Set Django up for a registry's folder, once for a process.

    Raises:
        MissingExtra: the extra is not installed.
        InputError: there is no registry.
    """
    Place.load(folder)
    os.environ["MISYN_REGISTRY"], os.environ["DJANGO_SETTINGS_MODULE"] = str(folder.resolve()), SETTINGS
    try:
        import argon2  # noqa: F401, PLC0415 - to say early what is missing
        import django  # noqa: PLC0415
        import ninja  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingExtra("Registries", package="django, django-ninja and argon2-cffi", extra="registry") from error
    django.setup()


def create(folder: Path, *, origin: str, address: str, database: str | None) -> Place:
    """Make a registry, with its database and its first checkpoint."""
    place = Place.create(folder, origin=origin, address=address, database=database)
    set_up(folder)
    migrate()
    sign(force=True)
    return place


def migrate() -> None:
    """Bring the database up to date."""
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    _readable_by_owner_alone()


def _readable_by_owner_alone() -> None:

    from misyn.oversight.registry import here  # noqa: PLC0415

    for path in here.place().folder.glob("registry.sqlite3*"):
        path.chmod(0o600)


def sign(*, force: bool = False) -> int | None:
    """Sign a checkpoint and a status list where one is due; give its size, or None where none was due."""
    from misyn.oversight.registry import clock  # noqa: PLC0415
    from misyn.oversight.registry.acts import checkpoint  # noqa: PLC0415

    now = clock.now()
    return checkpoint.make(now) if force or checkpoint.due(now) else None


def sign_again_and_again(seconds: int) -> None:
    """Sign checkpoints until the process ends, or the one that started it does."""
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            sign()
        except Exception as error:
            print(f"misyn: no checkpoint ({type(error).__name__}: {error})", file=sys.stderr, flush=True)
        time.sleep(seconds)


def serve(folder: Path, *, host: str, port: int, workers: int) -> None:
    """Serve pages and sign checkpoints, until interrupted.

    Raises:
        MissingExtra: the extra is not installed.
        UsageError: this system has no way to run several processes (Windows).
    """
    if os.name != "posix":
        raise UsageError("misyn registry serve needs a POSIX system. Next: run misyn.oversight.registry.wsgi elsewhere")
    set_up(folder)
    migrate()
    with _checkpoints(folder, Place.load(folder).checkpoint_seconds):
        _gunicorn(f"{host}:{port}", workers)


@contextmanager
def _checkpoints(folder: Path, seconds: int) -> Iterator[None]:
    """Sign checkpoints in a process of its own while the block runs."""
    command = [sys.executable, "-m", "misyn.oversight.registry.signing_process", str(folder), str(seconds)]
    process = subprocess.Popen(command)  # noqa: S603 - our own module
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _gunicorn(bind: str, workers: int) -> None:
    try:
        from gunicorn.app.base import BaseApplication  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("Registries that are served", package="gunicorn", extra="registry") from error

    class Application(BaseApplication):  # type: ignore[misc] # gunicorn publishes no types
        def load_config(self) -> None:
            for key, value in _options(bind, workers).items():
                self.cfg.set(key, value)

        def load(self) -> Any:  # noqa: ANN401 - a WSGI application
            from misyn.oversight.registry.wsgi import application  # noqa: PLC0415

            _warm()
            return application

    Application().run()


def _warm() -> None:
    """Import, translate and read templates once, before the processes part; no connection goes with them."""
    from django.db import connections  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    client = Client(SERVER_NAME="localhost")
    for path in ("/en/", "/de/", "/en/look-up/?digits=000", "/de/sign-in/", "/api/openapi.json", "/api/entries"):
        client.get(path)
    connections.close_all()


def _options(bind: str, workers: int) -> dict[str, Any]:
    return {
        "bind": bind,
        "workers": workers or os.cpu_count() or 1,
        "preload_app": True,
        "worker_class": "gthread",
        "threads": 16,  # some wait for the disk while others read
        "timeout": 60,
        "max_requests": 20_000,
        "max_requests_jitter": 2_000,
        "accesslog": None,  # who read what is nobody's business
        "loglevel": "warning",
        "proc_name": "misyn registry",
        "limit_request_line": 4094,
        "forwarded_allow_ips": "127.0.0.1,::1",
    }
