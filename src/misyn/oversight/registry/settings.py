"""Django's settings, read from the registry's folder (``MISYN_REGISTRY``); nothing is configured elsewhere.

Rules
-----
1. Every page is built on the server: no script, no style in a page, no font or picture from elsewhere.
2. Cookies are for signed-in people and for forms; they travel by https alone wherever the registry has it.
3. Passwords are kept as Argon2 hashes. Nothing that people send is written to a log of the server.
4. Uploads stay in memory: the only handler there is refuses what does not fit.
5. Without a folder (type checks, documentation) the database is in memory and the secret lasts for the process.

Sources: Django 5.2 deployment checklist; OWASP ASVS 4.0 sections 3.4 and 14.4.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from misyn.oversight.registry import place as places

HERE = Path(__file__).parent
_FOLDER = os.environ.get("MISYN_REGISTRY")
PLACE = places.Place.load(Path(_FOLDER)) if _FOLDER else None


def _database() -> dict[str, Any]:
    address = PLACE.database if PLACE else None
    if address is None:
        name = str(PLACE.folder / places.DATABASE) if PLACE else ":memory:"
        pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON"
        options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options, "CONN_MAX_AGE": None}
    parts = urlsplit(address)
    more = dict(parse_qsl(parts.query))
    host, port = more.pop("host", parts.hostname or ""), more.pop("port", parts.port or "")
    found = {"NAME": parts.path.lstrip("/"), "USER": parts.username or "", "HOST": host, "PORT": port}
    return {"ENGINE": "django.db.backends.postgresql", **found, "OPTIONS": more, "CONN_MAX_AGE": 60}


SECRET_KEY = PLACE.secret if PLACE else secrets.token_urlsafe(48)
DEBUG = False
_HOST = urlsplit(PLACE.address).hostname if PLACE else None
ALLOWED_HOSTS = [_HOST or "localhost", "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PLACE.address] if PLACE else []
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "ninja",
    "misyn.oversight.registry.apps.Registry",
]
MIDDLEWARE = [
    "misyn.oversight.registry.headers.Headers",
    "misyn.oversight.registry.writers.OneWriter",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "misyn.oversight.registry.told.Told",
]
ROOT_URLCONF = "misyn.oversight.registry.urls"
WSGI_APPLICATION = "misyn.oversight.registry.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "misyn.oversight.registry.views.context.everywhere",
            ],
        },
    }
]
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "registry.Account"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ("name", "shown_as")}},
]
LOGIN_URL = "sign-in"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [HERE / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

_SECURE = PLACE.secure if PLACE else False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PLACE and PLACE.proxies and _SECURE else None
CSRF_FAILURE_VIEW = "misyn.oversight.registry.views.errors.csrf"

MOST_UPLOAD = 32 << 20
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
FILE_UPLOAD_HANDLERS = ["misyn.oversight.registry.lookup.memory.MemoryOnly"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s %(status_code)s", "defaults": {"status_code": ""}}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {"django": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
