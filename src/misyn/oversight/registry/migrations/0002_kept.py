"""The database itself refuses to delete what was public, and to change what a concern is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

KEPT = (
    "event", "entry", "publication", "cover", "declared", "concern", "addition", "answer", "review", "judgement",
    "statement", "statementversion", "reply", "text",
)  # fmt: skip
FIXED = {
    "concern": ("kind", "created", "entry_id", "statement_id", "event_id", "text_id"),
    "event": ("index", "act", "content", "digest", "created", "entry_id"),
    "publication": ("number", "bundle", "record", "content", "entry_id", "event_id"),
    "answer": ("outcome", "effect", "created", "concern_id", "account_id", "event_id"),
    "text": ("commitment",),
}


def install(apps: Any, editor: Any) -> None:  # noqa: ANN401, ARG001 - Django's own
    """Make the triggers, in the dialect at hand."""
    run = editor.execute
    if editor.connection.vendor == "postgresql":
        run("CREATE FUNCTION registry_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'what the registry has said stays'; END $$")  # fmt: skip
    for table in KEPT:
        for event, when in _guards(table, cast="::text" if editor.connection.vendor == "postgresql" else ""):
            begin = f"CREATE TRIGGER {table}_{event} BEFORE {event} ON registry_{table} FOR EACH ROW {_where(when)}"
            if editor.connection.vendor == "postgresql":
                run(f"{begin} EXECUTE FUNCTION registry_kept()")
            else:
                run(f"{begin} BEGIN SELECT RAISE(ABORT, 'what the registry has said stays'); END")


def _guards(table: str, *, cast: str = "") -> list[tuple[str, str]]:
    different = "IS DISTINCT FROM"
    fixed = " OR ".join(f'NEW."{column}"{cast} {different} OLD."{column}"{cast}' for column in FIXED.get(table, ()))
    return [("DELETE", ""), *([("UPDATE", fixed)] if fixed else [])]


def _where(when: str) -> str:
    return f"WHEN ({when})" if when else ""


def remove(apps: Any, editor: Any) -> None:  # noqa: ANN401, ARG001 - Django's own
    """Take the triggers away again."""
    for table in KEPT:
        for event, _when in _guards(table):
            on = f" ON registry_{table}" if editor.connection.vendor == "postgresql" else ""
            editor.execute(f"DROP TRIGGER {table}_{event}{on}")
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP FUNCTION registry_kept()")


class Migration(migrations.Migration):
    """Triggers; see the module."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("registry", "0001_first")]
    operations: ClassVar[list[Any]] = [migrations.RunPython(install, remove)]
