"""What attackers try: forged forms, guessed passwords, foreign hosts, stolen cookies, open redirects."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from misyn.errors import UsageError
from misyn.oversight.registry import clock, often
from misyn.oversight.registry.acts import accounts
from misyn.oversight.registry.models import Account, Token
from misyn.oversight.registry.models.account import LOCKED, MOST_FAILURES
from registries import PASSWORD, WORDS, World


def test_a_form_that_did_not_come_from_here_is_refused(world: World) -> None:
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    for path, data in (
        ("/en/entry/1/ask/", {"kind": "question", "words": WORDS}),
        ("/en/follow/", {"code": "AAAA"}),
        ("/en/sign-in/", {"name": "a", "password": "b"}),
        ("/en/sign-out/", {}),
    ):
        assert client.post(path, data).status_code == 403, path


def test_a_form_that_came_from_here_is_taken(world: World) -> None:
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    page = client.get("/en/entry/1/ask/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    sent = {"kind": "question", "words": WORDS, "csrfmiddlewaretoken": found.group(1)}
    assert client.post("/en/entry/1/ask/", sent).status_code == 201


def test_passwords_are_argon2_and_weak_ones_are_refused(world: World) -> None:
    made = accounts.make("ann", roles=["reviewer"], shown_as="Ann", password=PASSWORD)
    assert made.password.startswith("argon2$argon2id$")
    for weak in ("short", "annannannann"):
        with pytest.raises(UsageError):
            accounts.make("annannann", roles=["reviewer"], shown_as="annannann", password=weak)


def test_guessing_locks_the_account_for_a_while_and_tells_nothing(world: World) -> None:
    accounts.make("ann", roles=["reviewer"], shown_as="Ann", password=PASSWORD)
    now = clock.now()
    for _ in range(MOST_FAILURES):
        assert accounts.sign_in("ann", "wrong", now=now) is None
    assert accounts.sign_in("ann", PASSWORD, now=now) is None  # locked, although right
    assert accounts.sign_in("ann", PASSWORD, now=now + LOCKED + timedelta(seconds=1)) is not None
    page = world.signed_in(None)
    wrong = page.post("/en/sign-in/", {"name": "ann", "password": "wrong"})
    unknown = page.post("/en/sign-in/", {"name": "nobody", "password": "wrong"})
    mask = re.compile(r'value="[^"]*"')
    assert mask.sub("", wrong.content.decode()) == mask.sub("", unknown.content.decode())
    assert wrong.status_code == unknown.status_code == 422


def test_many_tries_from_one_place_are_stopped(world: World) -> None:
    page = world.signed_in(None)
    statuses = [page.post("/en/sign-in/", {"name": str(n), "password": "x"}).status_code for n in range(21)]
    assert statuses[-1] == 429 and often.LIMITS["sign-in"] == 20


def test_signing_in_gives_a_new_session_and_signing_out_ends_it(world: World) -> None:
    accounts.make("ann", roles=["reviewer"], shown_as="Ann", password=PASSWORD)
    page = world.signed_in(None)
    answer = page.post("/en/sign-in/?next=/en/desk/tokens/", {"name": "ann", "password": PASSWORD})
    assert answer.headers["Location"] == "/en/desk/tokens/"
    cookie = answer.cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict"
    assert page.get("/en/desk/").status_code == 200
    page.post("/en/sign-out/")
    assert page.get("/en/desk/").status_code == 302


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"])
def test_signing_in_leads_nowhere_else(world: World, place: str) -> None:
    accounts.make("ann", roles=["reviewer"], shown_as="Ann", password=PASSWORD)
    answer = world.signed_in(None).post(f"/en/sign-in/?next={place}", {"name": "ann", "password": PASSWORD})
    assert answer.headers["Location"] == "/en/desk/"


def test_pages_of_people_with_a_role_are_kept_by_nobody(world: World) -> None:
    answer = world.signed_in(world.lab).get("/en/desk/")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/en/", "/api/entries", "/feed.atom", "/entry/1/badge.svg", "/en/nothing/", "/api/entries/99"]
)
def test_every_answer_carries_the_headers(world: World, path: str) -> None:
    headers = world.signed_in(None).get(path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_another_host_name_is_refused(world: World) -> None:
    assert Client(SERVER_NAME="evil.example").get("/en/").status_code == 400


def test_tokens_are_kept_as_hashes_and_end(world: World) -> None:
    secret = accounts.token(world.lab, scopes=["publish"], label="t", now=clock.now(), days=1)
    assert len(secret) > 40
    kept = Token.objects.get()
    assert secret not in str(vars(kept)) and kept.hash == Token.hashed(secret)
    assert accounts.by_token(secret, now=clock.now()) is not None
    assert accounts.by_token(secret, now=clock.now() + timedelta(days=2)) is None
    Token.objects.update(revoked=True)
    assert accounts.by_token(secret, now=clock.now()) is None
    Token.objects.update(revoked=False)
    Account.objects.update(is_active=False)
    assert accounts.by_token(secret, now=clock.now()) is None


def test_files_with_secrets_are_their_owners_alone(world: World) -> None:
    for name in ("secret.key", "log/log-1.key", "log/log.sqlite3"):
        assert (world.place.folder / name).stat().st_mode & 0o077 == 0, name


def test_the_repository_holds_no_secret_and_two_processes_have_two(tmp_path: Path) -> None:
    code = "from misyn.oversight.registry import settings; print(settings.SECRET_KEY)"
    keys = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(keys) == 2
    assert settings.DEBUG is False


def test_over_https_cookies_travel_by_https_alone(template: Path, tmp_path: Path) -> None:
    import shutil

    from misyn.oversight.registry.place import FILE

    shutil.copytree(template / "registry", tmp_path / "registry")
    path = tmp_path / "registry" / FILE
    path.write_text(path.read_text().replace("http://127.0.0.1:8000", "https://registry.example.org"))
    code = (
        "from misyn.oversight.registry import settings as s; import json;"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0, s.ALLOWED_HOSTS[0])"
    )
    import os

    environ = {**os.environ, "MISYN_REGISTRY": str(tmp_path / "registry")}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ).stdout
    assert said.split() == ["True", "True", "True", "registry.example.org"]


def test_the_deployment_check_of_django_has_nothing_to_say(template: Path, tmp_path: Path) -> None:
    """``check --deploy`` over https; headers are set by our own middleware, redirects to https by the proxy."""
    import os
    import shutil

    from misyn.oversight.registry.place import FILE

    shutil.copytree(template / "registry", tmp_path / "registry")
    path = tmp_path / "registry" / FILE
    path.write_text(path.read_text().replace("http://127.0.0.1:8000", "https://registry.example.org"))
    environ = {
        **os.environ,
        "MISYN_REGISTRY": str(tmp_path / "registry"),
        "DJANGO_SETTINGS_MODULE": "misyn.oversight.registry.settings",
    }
    done = subprocess.run(
        [sys.executable, "-m", "django", "check", "--deploy"], capture_output=True, text=True, check=True, env=environ
    )
    assert set(re.findall(r"security\.W\d+", done.stdout + done.stderr)) <= {
        "security.W001",
        "security.W002",
        "security.W005",
        "security.W008",
        "security.W021",
    }


def test_models_and_migrations_agree(world: World) -> None:
    from django.core.management import call_command

    call_command("makemigrations", "registry", check=True, dry_run=True, verbosity=0)
