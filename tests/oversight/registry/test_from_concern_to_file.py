"""The whole way, as people go it: a record is published, somebody objects, it is upheld, and a file says withdrawn.

Real pages in a real browser, real commands, and at the end the user's own file on the user's own machine.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from django.db import connections
from PIL import Image

import browsers
import registries
from misyn.oversight.registry import clock
from misyn.oversight.registry.acts import accounts
from registries import World

pytest.importorskip("playwright", reason="Playwright is not installed")


def run(*arguments: str, home: Path, status: int = 0, **environ: str) -> str:
    """Run ``misyn`` as a user would, in a home of its own."""
    kept = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), **environ}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-c", "from misyn.cli import main; main()", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=kept,
    )
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A record, medical and synthetic images of noise, and the audit's bundle."""
    folder = tmp_path / "study"
    random = np.random.default_rng(0)
    for role, count in (("training", 24), ("plain", 12)):
        (folder / role).mkdir(parents=True)
        for n in range(count):
            Image.fromarray(random.integers(0, 255, (32, 32), dtype=np.uint8)).save(folder / role / f"{n:02}.png")
    content = yaml.safe_load(registries.RECORD)
    content["data"] = {"training": {"path": "training", "origin": "A hospital."}, "synthetic": {"path": "synthetic"}}
    (folder / "misyn.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.fixture
def browser() -> Iterator[Any]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with browsers.chromium() as found:
        if found is None:
            pytest.skip("chromium is not installed (Debian: chromium)")
        yield found
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.mark.slow
def test_from_submission_to_a_file_that_says_withdrawn(  # noqa: PLR0915 - one long way
    world: World, study: Path, browser: Any, tmp_path: Path
) -> None:
    record, home = str(study / "misyn.yaml"), tmp_path / "home"
    home.mkdir()
    maker = world.account("maker", "submitter")
    token = accounts.token(maker, scopes=["publish"], label="t", now=clock.now())
    run("mark", str(study / "plain"), "--record", record, "--out", str(study / "synthetic"), home=home)
    run("audit", record, "--workers", "0", home=home)
    run("key", "new", "--owner", "Example Lab", home=home)
    image = str(study / "synthetic" / "00.png")
    with browsers.served() as url:
        sent = json.loads(
            run(
                "registry",
                "publish",
                record,
                "--registry",
                url,
                "--images",
                "--json",
                home=home,
                MISYN_REGISTRY_TOKEN=token,
            )
        )
        assert sent["entry"] == 2 and sent["declared_images"] == 12
        world.checkpoint()
        told = json.loads(run("verify", image, "--registry", url, "--no-watermark", "--json", home=home))
        assert (told["files"][0]["verdict"], told["files"][0]["status"]) == ("synthetic", "current")

        somebody = browser.new_page()  # anyone, without an account
        somebody.goto(f"{url}/en/entry/2/")
        somebody.click("text=Ask, object or refuse")
        somebody.check("input[value=objection]")
        somebody.fill("textarea", "These are not lungs. They are noise.")
        somebody.click("main button")
        code = somebody.locator("#code").inner_text()

        answering = browser.new_context()
        session = world.signed_in(maker).cookies["sessionid"].value
        answering.add_cookies([{"name": "sessionid", "value": session, "url": url}])
        desk = answering.new_page()
        desk.goto(f"{url}/en/desk/")
        desk.click("main a:has-text('Objection')")
        desk.click("main a:has-text('Answer')")
        desk.check("input[value=upheld]")
        desk.check("input[value=withdrawn]")
        desk.fill("textarea", "You are right. We take it back.")
        desk.click("main button")
        assert "Upheld" in desk.locator("main").inner_text()

        somebody.goto(f"{url}/de/follow/")
        somebody.fill("input[name=code]", code)
        somebody.click("main button")
        assert "Zurückgezogen" in somebody.locator("main").inner_text()
        somebody.goto(f"{url}/en/look-up/?digits={pixels(image)[:5]}")
        assert "Withdrawn" in somebody.locator("main").inner_text()

        world.checkpoint()
        told = json.loads(run("verify", image, "--registry", url, "--no-watermark", "--json", home=home, status=1))
        file = told["files"][0]
        assert (file["verdict"], file["status"]) == ("synthetic", "withdrawn")
        assert file["known_as_of"] and file["proof"]["log"] == world.place.origin and file["proof"]["size"] >= 4
        assert "withdrawn" in file["problems"][-1]
        audited = json.loads(run("audit", record, "--workers", "0", "--registry", url, "--json", home=home))
        assert audited["warnings"][0]["id"] == "registry-withdrawn"
        run("check", str(study / "audit" / "bundle.zip"), home=home)

    said = run("verify", image, "--registry", url, "--no-watermark", home=home, status=1)  # the server is gone
    assert "withdrawn" in said and "the registry did not answer" in said and re.search(r"known as of 20\d\d-", said)
    connections.close_all()


def pixels(path: str) -> str:
    from misyn.images.formats import read
    from misyn.marks.fingerprint import fingerprint_of

    return fingerprint_of(read(Path(path))).removeprefix("sha256:")


def test_an_upload_is_looked_up_from_memory_and_forgotten(world: World, study: Path, tmp_path: Path) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from misyn.oversight.registry.acts import publishing

    image = study / "plain" / "03.png"
    publishing.declare(world.lab, world.entry, [f"sha256:{pixels(str(image))}"], now=clock.now())
    before = set(world.place.folder.rglob("*"))
    page = world.signed_in(None)
    sent = SimpleUploadedFile("canary-name.png", image.read_bytes(), content_type="image/png")
    answer = page.post("/en/look-up/upload/", {"image": sent, "understood": "on"})
    text = answer.content.decode()
    assert answer.status_code == 200 and "This image is declared synthetic." in text and "Example Lab" in text
    assert answer.headers["Cache-Control"] == "no-store"
    other = SimpleUploadedFile("other.png", (study / "plain" / "04.png").read_bytes())
    text = page.post("/en/look-up/upload/", {"image": other, "understood": "on"}).content.decode()
    assert "No evidence." in text and "does not mean that the image shows a patient" in text
    for bad in (b"GIF89a", b"\x89PNG\r\n\x1a\n" + bytes(50), b" ", bytes(2000)):
        sent = SimpleUploadedFile("x", bad)
        text = page.post("/en/look-up/upload/", {"image": sent, "understood": "on"}).content.decode()
        assert "could not read this as an image" in text
    assert set(world.place.folder.rglob("*")) - before <= set(world.place.folder.glob("registry.sqlite3-*"))
    assert b"canary-name" not in b"".join(p.read_bytes() for p in world.place.folder.rglob("*") if p.is_file())


def test_an_upload_without_the_warning_understood_is_not_looked_at(world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = world.signed_in(None).post("/en/look-up/upload/", {"image": SimpleUploadedFile("x", b"abc")})
    assert answer.status_code == 422


def test_an_upload_that_is_too_large_is_refused_while_it_comes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings
    from django.core.files.uploadedfile import SimpleUploadedFile

    monkeypatch.setattr(settings, "MOST_UPLOAD", 1000)
    sent = {"image": SimpleUploadedFile("x", bytes(100_000)), "understood": "on"}
    assert world.signed_in(None).post("/en/look-up/upload/", sent).status_code == 422
