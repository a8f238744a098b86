"""Set Django up once, so that the registry's modules can be imported and their examples run."""

from __future__ import annotations

import contextlib
import os

with contextlib.suppress(ImportError):  # the extra `registry`; its tests say that they skipped
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "misyn.oversight.registry.settings")
    django.setup()
