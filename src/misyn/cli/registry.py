"""``misyn registry``: the public registry: made, served, published to, asked."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from misyn.cli import frame

DEFAULT = Path("registry")
folder_argument = click.argument("folder", default=DEFAULT, type=click.Path(path_type=Path, file_okay=False))
folder_option = click.option(
    "--folder",
    default=DEFAULT,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The registry.",
)
address_option = click.option("--registry", "address", required=True, help="Its address, such as https://example.org.")


@click.group("registry", short_help="The public registry: anyone can ask, object and refuse.")
def command() -> None:
    """A public registry on top of the log: entries, concerns, answers, reviews, withdrawal."""


@command.command("init")
@folder_argument
@click.option(
    "--origin", default="localhost/registry", show_default=True, help="Its name, such as example.org/registry."
)
@click.option("--address", default="http://127.0.0.1:8000", show_default=True, help="Where people will reach it.")
@click.option("--database", help="postgresql://… without a password; default: SQLite in the folder.")
@frame.json_option
@frame.command
def init(folder: Path, origin: str, address: str, database: str | None, *, as_json: bool) -> None:
    """Make a registry in FOLDER (default: registry), with an operator's account."""
    from misyn.oversight.registry import running  # noqa: PLC0415 - the web framework is imported when needed

    place = running.create(folder, origin=origin, address=address, database=database)
    password = _operator()
    found = {"folder": str(folder), "registry": place.origin, "operator": "operator", "password": password}
    if as_json:
        frame.print_json(found)
        return
    click.echo(f"{place.origin} in {folder}. Sign in as operator with this password, which is shown only once:")
    click.echo(password)
    click.echo(f"Next: misyn registry serve{'' if folder == DEFAULT else f' {folder}'}")


def _operator() -> str:
    from misyn.oversight.registry.acts import accounts  # noqa: PLC0415
    from misyn.oversight.registry.models import Token  # noqa: PLC0415

    password = Token.new_secret()
    accounts.make("operator", roles=["operator"], shown_as="The operator of this registry", password=password)
    return password


@command.command("serve")
@folder_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", default=0, type=click.IntRange(min=0), help="Processes; default: one per core.")
@frame.command
def serve(folder: Path, host: str, port: int, workers: int) -> None:
    """Serve the registry in FOLDER, and sign a checkpoint whenever something happened."""
    from misyn.oversight.registry import running  # noqa: PLC0415

    click.echo(f"http://{host}:{port}/ (end with Ctrl-C)", err=True)
    running.serve(folder, host=host, port=port, workers=workers)


@command.command("checkpoint")
@folder_argument
@click.option("--force", is_flag=True, help="Also when nothing happened since the last one.")
@frame.command
def checkpoint(folder: Path, *, force: bool) -> None:
    """Sign a checkpoint and the status list now."""
    from misyn.oversight.registry import running  # noqa: PLC0415

    running.set_up(folder)
    size = running.sign(force=force)
    click.echo("nothing happened since the last one" if size is None else f"{size} entries, signed")


@command.command("account")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help="submitter, reviewer, moderator, operator.")
@click.option("--shown-as", default="", help="Public name.")
@folder_option
@frame.json_option
@frame.command
def account(name: str, roles: tuple[str, ...], shown_as: str, folder: Path, *, as_json: bool) -> None:
    """Make an account NAME; its password is printed once."""
    from misyn.oversight.registry import running  # noqa: PLC0415

    running.set_up(folder)
    from misyn.oversight.registry.acts import accounts  # noqa: PLC0415
    from misyn.oversight.registry.models import Token  # noqa: PLC0415

    password = Token.new_secret()
    accounts.make(name, roles=list(roles), shown_as=shown_as, password=password)
    if as_json:
        frame.print_json({"name": name, "roles": sorted(roles), "password": password})
    else:
        click.echo(password)


@command.command("token")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="publish, answer, review.")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 3650))
@folder_option
@frame.command
def token(name: str, scopes: tuple[str, ...], days: int, folder: Path) -> None:
    """Make a token for the account NAME; it is printed once."""
    from misyn.errors import UsageError  # noqa: PLC0415
    from misyn.oversight.registry import running  # noqa: PLC0415

    running.set_up(folder)
    from misyn.oversight.registry.acts import accounts  # noqa: PLC0415
    from misyn.oversight.registry.models import Account  # noqa: PLC0415

    found = Account.objects.filter(name=name).first()
    if found is None:
        raise UsageError(f"expected the name of an account, found {name!r}. Next: misyn registry account {name}")
    click.echo(accounts.token(found, scopes=list(scopes), label="command line", now=datetime.now(UTC), days=days))


@command.command("publish")
@click.argument("record", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@address_option
@click.option("--bundle", type=click.Path(path_type=Path), help="Default: audit/bundle.zip beside the record.")
@click.option("--key", "key_folder", type=click.Path(path_type=Path), help="Sign with the key of this folder.")
@click.option("--entry", type=click.IntRange(min=1), help="The entry of which this is a new version.")
@click.option("--language", default="en", show_default=True, help="Language of the record's own words.")
@click.option(
    "--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Default: MISYN_REGISTRY_TOKEN."
)
@click.option("--images", is_flag=True, help="List the synthetic images too, by the digests of their pixels.")
@frame.json_option
@frame.command
def publish(
    record: Path,
    address: str,
    bundle: Path | None,
    key_folder: Path | None,
    entry: int | None,
    language: str,
    token_file: Path | None,
    *,
    images: bool,
    as_json: bool,
) -> None:
    """Publish the last audit of RECORD, signed. What is sent is aggregate: the bundle, and nothing else."""
    from misyn import signing  # noqa: PLC0415
    from misyn.cli.key import found_folder  # noqa: PLC0415
    from misyn.oversight.registry import client  # noqa: PLC0415
    from misyn.practice.record import load  # noqa: PLC0415

    registry = client.Registry(address, _token(token_file))
    origin = registry.get("/about")["registry"]
    loaded, key = load(record), signing.load(found_folder(key_folder))
    now = datetime.now(UTC)
    data = client.bundle_of(record, bundle)
    sent = client.publication(loaded, data, origin=origin, key=key, now=now, entry=entry, language=language)
    found = registry.post("/publications", sent)
    if images:
        found["declared_images"] = client.declare(registry, found["entry"], client.pixels_of(loaded))
    if as_json:
        frame.print_json(found)
    else:
        click.echo(f"published as version {found['version']}: {found['page']}")


def _token(file: Path | None) -> str:
    from misyn.errors import UsageError  # noqa: PLC0415

    found = file.read_text(encoding="utf-8").strip() if file else os.environ.get("MISYN_REGISTRY_TOKEN", "")
    if not found:
        raise UsageError("expected a token (--token-file or MISYN_REGISTRY_TOKEN). Next: ask the registry's operator")
    return found


@command.command("look-up")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@address_option
@click.option("--digits", default=4, show_default=True, type=click.IntRange(3, 64), help="How many digits are told.")
@frame.json_option
@frame.command
def look_up(files: tuple[Path, ...], address: str, digits: int, *, as_json: bool) -> None:
    """Ask whether FILES are declared; only the first digits of their digests are told, and compared here."""
    from misyn.images.formats import read  # noqa: PLC0415
    from misyn.marks.fingerprint import fingerprint_of  # noqa: PLC0415
    from misyn.oversight.registry import client  # noqa: PLC0415

    registry, rows = client.Registry(address), []
    for file in files:
        pixels = fingerprint_of(read(file)).removeprefix("sha256:")
        told = registry.get(f"/declared/{pixels[:digits]}")["matches"]
        rows.append({"file": str(file), "declared": [one for one in told if one["pixels"] == pixels]})
    if as_json:
        frame.print_json({"files": rows})
        return
    for row in rows:
        who = "; ".join(f"declared synthetic by {one['responsible']} ({one['status']})" for one in row["declared"])
        click.echo(f"{row['file']}: {who or 'no evidence; that does not make it a medical image'}")
