"""``misyn key``: a signing key, its certificate chain, and the root that others trust."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.cli import frame

if TYPE_CHECKING:
    from misyn.signing import SigningKey

place = click.argument("folder", required=False, type=click.Path(path_type=Path))


@click.group("key", short_help="Make and show signing keys.")
def command() -> None:
    """A signing key, its certificate chain, and the trust root that others need."""


@command.command("new")
@place
@click.option("--owner", required=True, help="The person or organisation the certificates name.")
@frame.json_option
@frame.command
def new(folder: Path | None, owner: str, *, as_json: bool) -> None:
    """Make a key in FOLDER (default: the user's configuration folder).

    signing.pem and root.key are private. root.pem is what others need to trust what you sign: hand it out.
    """
    from misyn import signing  # noqa: PLC0415 - cryptography is imported when needed

    target = folder or _default()
    key = signing.create(target, owner=owner, now=datetime.now(UTC))
    _show(target, key, as_json=as_json)


@command.command("renew")
@place
@frame.json_option
@frame.command
def renew(folder: Path | None, *, as_json: bool) -> None:
    """Make a new signing key under the same root; needs root.key back in the folder."""
    from misyn import signing  # noqa: PLC0415

    target = found_folder(folder)
    _show(target, signing.renew(target, now=datetime.now(UTC)), as_json=as_json)


@command.command("show")
@place
@frame.json_option
@frame.command
def show(folder: Path | None, *, as_json: bool) -> None:
    """Say which key would be used, whose it is, and until when."""
    from misyn import signing  # noqa: PLC0415

    target = found_folder(folder)
    _show(target, signing.load(target), as_json=as_json)


def _default() -> Path:
    import os  # noqa: PLC0415

    from misyn import signing  # noqa: PLC0415

    return signing.config_folder(os.environ) / "key"


def found_folder(folder: Path | None) -> Path:
    """Give the key folder to use: the one named, or the one the user's settings lead to."""
    from misyn import signing  # noqa: PLC0415
    from misyn.errors import SigningError  # noqa: PLC0415

    found = signing.find(folder)
    if found is None:
        raise SigningError(
            "expected a key (--key, MISYN_KEY or the configuration folder). Next: misyn key new --owner …"
        )
    return found


def _show(target: Path, key: SigningKey, *, as_json: bool) -> None:
    from misyn.signing.certificates import common_name, fingerprint  # noqa: PLC0415

    leaf, root = key.chain[0], key.chain[-1]
    found: dict[str, Any] = {
        "folder": str(target),
        "owner": common_name(leaf),
        "certificate": fingerprint(leaf),
        "not_after": leaf.not_valid_after_utc.strftime("%Y-%m-%d"),
        "root": fingerprint(root),
        "trust": str(target / "root.pem"),
    }
    if as_json:
        frame.print_json(found)
        return
    click.echo(f"{found['owner']}, until {found['not_after']}: {target}")
    click.echo(f"hand out {found['trust']} (compare {root_words(found['root'])}); keep the other files to yourself")


def root_words(fingerprint: str) -> str:
    """Group a fingerprint's digits, so that two people can read them to each other."""
    digits = fingerprint.removeprefix("sha256:")
    return " ".join(digits[at : at + 8] for at in range(0, len(digits), 8))
