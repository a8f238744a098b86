"""What a WSGI server runs; ``MISYN_REGISTRY`` names the registry's folder."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "misyn.oversight.registry.settings")
application = get_wsgi_application()
