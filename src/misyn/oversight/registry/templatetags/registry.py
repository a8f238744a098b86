"""What templates need besides Django's own: signs beside words, dates, and fields with their hints and errors."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from misyn.oversight.registry.views.files import style_version

register = template.Library()
SIGNS = {
    "current": ("●", gettext_noop("Current")),
    "contested": ("▲", gettext_noop("Contested")),
    "withdrawn": ("✕", gettext_noop("Withdrawn")),
    "open": ("○", gettext_noop("Open")),
    "answered": ("●", gettext_noop("Answered")),
    "upheld": ("▲", gettext_noop("Upheld")),
    "not-upheld": ("–", gettext_noop("Not upheld")),
    "taken-back": ("↩", gettext_noop("Taken back by the one who raised it")),
    "settled": ("●", gettext_noop("Settled")),
    "overdue": ("!", gettext_noop("Overdue")),
}
KINDS = {
    "question": gettext_noop("Question"),
    "objection": gettext_noop("Objection"),
    "refusal": gettext_noop("Refusal"),
    "my-image": gettext_noop("Was my image used?"),
    "notice": gettext_noop("Notice"),
}
MEANT = {
    "current": gettext_noop("Nobody has shown a reason against this entry. This is no seal of quality."),
    "contested": gettext_noop(
        "An objection was found to be right. Until its cause is gone, do not rely on this entry."
    ),
    "withdrawn": gettext_noop("This entry was taken back for good. Do not use its images."),
}
EVENTS = {
    "publication": gettext_noop("Published"),
    "concern": gettext_noop("Concern raised"),
    "addition": gettext_noop("Words added"),
    "taking-back": gettext_noop("Concern taken back"),
    "answer": gettext_noop("Answered"),
    "withdrawal": gettext_noop("Withdrawn"),
    "review": gettext_noop("Reviewed"),
    "reopening": gettext_noop("Review reopened"),
    "declaration": gettext_noop("Images listed"),
    "hiding": gettext_noop("Words hidden"),
    "showing": gettext_noop("Words shown again"),
    "erasure": gettext_noop("Words erased"),
}


ROLES = {
    "submitter": gettext_noop("Publisher"),
    "reviewer": gettext_noop("Reviewer"),
    "moderator": gettext_noop("Moderator"),
    "operator": gettext_noop("Operator"),
}


@register.filter
def named_roles(roles: list[str]) -> str:
    """Say roles."""
    return ", ".join(_(ROLES.get(one, one)) for one in roles)


@register.simple_tag
def sign(state: str) -> SafeString:
    """Show a state as a sign and a word, so that no colour is needed."""
    mark, words = SIGNS.get(state, ("", state))
    return format_html(
        '<span class="status status-{}"><span class="sign" aria-hidden="true">{}</span> {}</span>',
        state,
        mark,
        _(words),
    )


@register.filter
def kind(name: str) -> str:
    """Say a kind of concern."""
    return _(KINDS.get(name, name))


@register.filter
def meant(status: str) -> str:
    """Say what a status means."""
    return _(MEANT[status])


@register.filter
def happening(act: str) -> str:
    """Say what happened."""
    return _(EVENTS.get(act, act))


@register.filter
def day(moment: date) -> SafeString:
    """Spell a day, in the reader's language, for people and programs."""
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), date_format(moment, "DATE_FORMAT"))


@register.simple_tag
def style() -> str:
    """Name the style sheet."""
    return f"/style-{style_version()}.css"


@register.inclusion_tag("registry/field.html")
def field(bound: Any) -> dict[str, Any]:  # noqa: ANN401 - Django's bound field
    """Show a field: label, hint, errors, input, tied together for those who hear the page."""
    widget = bound.field.widget
    many = getattr(widget, "input_type", "") in ("radio", "checkbox") and hasattr(bound.field, "choices")
    described = " ".join(
        f"{bound.id_for_label or bound.auto_id}-{part}"
        for part, there in (("hint", bound.help_text), ("error", bound.errors))
        if there
    )
    return {"field": bound, "many": many, "described": described, "single_check": _single(bound), "id": bound.auto_id}


def _single(bound: Any) -> bool:  # noqa: ANN401 - Django's bound field
    return getattr(bound.field.widget, "input_type", "") == "checkbox" and not hasattr(bound.field, "choices")


@register.filter
def short(digest: str) -> str:
    """Shorten a digest for people."""
    return digest.removeprefix("sha256:")[:12]
