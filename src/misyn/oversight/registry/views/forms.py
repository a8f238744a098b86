"""What people fill in. Every field has a label that stays, a hint where one helps, and errors beside it.

Rules
-----
1. Nothing asks who somebody is.
2. ``website`` is a trap for programs: people do not see it, and are told to leave it empty where they do.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from misyn.oversight.registry.acts.asking import LONGEST
from misyn.oversight.registry.acts.moderating import REASONS
from misyn.oversight.registry.models.account import ROLES
from misyn.oversight.registry.models.concern import MY_IMAGE, OBJECTION, QUESTION, REFUSAL

CONCERN_KINDS = [
    (QUESTION, _("A question: I want to know something")),
    (OBJECTION, _("An objection: I think something is wrong")),
    (REFUSAL, _("A refusal: I do not want this to be used")),
    (MY_IMAGE, _("My image: was my image used, and how do I take it back?")),
]
REASON_CHOICES = [
    ("abuse", _("It insults or threatens people")),
    ("personal", _("It holds personal details of somebody")),
    ("patient", _("It holds details of a patient")),
    ("law", _("A court or an authority ordered it")),
    ("spam", _("It advertises")),
]


ROLE_NAMES = {"submitter": "Publisher", "reviewer": "Reviewer", "moderator": "Moderator", "operator": "Operator"}
SCOPE_NAMES = {
    "publish": _("Publish and withdraw entries"),
    "answer": _("Answer concerns"),
    "review": _("Review entries"),
}


def _area(label: Any, hint: Any = "", *, required: bool = True, rows: int = 7) -> forms.CharField:  # noqa: ANN401 - lazy text
    widget = forms.Textarea(attrs={"rows": rows, "cols": 60})
    return forms.CharField(
        label=label, help_text=hint, min_length=3, max_length=LONGEST, widget=widget, required=required
    )


def _line(label: Any, hint: Any = "", *, most: int = 200, required: bool = True) -> forms.CharField:  # noqa: ANN401
    return forms.CharField(label=label, help_text=hint, max_length=most, required=required)


class Trapped(forms.Form):
    """A form with a trap for programs (rule 2)."""

    website = forms.CharField(label=_("Leave this field empty"), required=False)

    def clean_website(self) -> str:
        """Refuse what fell into the trap."""
        if self.cleaned_data.get("website"):
            raise forms.ValidationError(_("This field must stay empty."))
        return ""


class Ask(Trapped):
    """A concern."""

    kind = forms.ChoiceField(label=_("What is it?"), choices=CONCERN_KINDS, widget=forms.RadioSelect)
    words = _area(
        _("Your words"),
        _("Everyone can read this. Please do not write your name, your address or anything about your health."),
    )


class Notice(Trapped):
    """A notice about a statement."""

    words = _area(
        _("What is wrong with what is said here?"),
        _("Everyone can read this. Say which sentence you mean, and why it is wrong."),
    )


class Code(forms.Form):
    """A receipt's code."""

    code = _line(_("Your code"), _("Five groups of four letters, from your receipt."), most=40)


class Add(Code):
    """More words to one's own concern."""

    words = _area(_("What you want to add"), _("Everyone can read this."))


class Answer(forms.Form):
    """An answer."""

    outcome = forms.ChoiceField(
        label=_("Your answer"),
        widget=forms.RadioSelect,
        choices=[
            ("answered", _("Answered: it was a question, and this answers it")),
            ("not-upheld", _("Not upheld: nothing follows from it, and I say why")),
            ("upheld", _("Upheld: it is right")),
        ],
    )
    effect = forms.ChoiceField(
        label=_("If it is upheld, what follows?"),
        widget=forms.RadioSelect,
        required=False,
        choices=[
            ("contested", _("The entry is contested until the cause is gone")),
            ("withdrawn", _("The entry is withdrawn, for good")),
        ],
        initial="contested",
    )
    words = _area(_("Your reasons, in plain words"), _("Everyone can read this."))


class Settle(forms.Form):
    """That the cause of an upheld objection is gone."""

    words = _area(_("Why is the cause gone?"), _("Everyone can read this."))


class Moderate(forms.Form):
    """Hide or erase words."""

    act = forms.ChoiceField(
        label=_("What to do"),
        widget=forms.RadioSelect,
        choices=[("hide", _("Hide the words")), ("show", _("Show them again")), ("erase", _("Erase them for good"))],
    )
    reason = forms.ChoiceField(label=_("Why"), choices=REASON_CHOICES, required=False, widget=forms.RadioSelect)


class Withdraw(forms.Form):
    """Withdraw an entry."""

    reason = _line(_("Why is it withdrawn?"), _("Everyone can read this. It cannot be undone."), most=400)


class Review(forms.Form):
    """A review: interests, and for each finding what one says."""

    how = forms.ChoiceField(
        label=_("How did you come to review this?"),
        widget=forms.RadioSelect,
        choices=[("invited", _("I was invited")), ("volunteered", _("I volunteered"))],
    )
    interests = _area(
        _("Your interests"),
        _("Do you gain or lose by this technique? Do you work with its makers? If there is nothing, say so."),
        rows=3,
    )

    def __init__(self, *args: Any, findings: list[Any], **kwargs: Any) -> None:  # noqa: ANN401 - Django's own
        super().__init__(*args, **kwargs)
        self.findings = findings
        decisions = [("", _("I do not judge this")), ("agree", _("I agree")), ("dispute", _("I dispute this"))]
        for one in findings:
            label = f"{one.id}: {one.technical}"
            self.fields[f"decision-{one.id}"] = forms.ChoiceField(label=label, choices=decisions, required=False)
            self.fields[f"reason-{one.id}"] = forms.CharField(
                label=_("Why (%(id)s)") % {"id": one.id}, max_length=LONGEST, required=False
            )

    def clean(self) -> dict[str, Any]:
        """Ask for a reason wherever something is judged."""
        found = super().clean() or {}
        judged = [one.id for one in self.findings if found.get(f"decision-{one.id}")]
        for name in judged:
            if len((found.get(f"reason-{name}") or "").strip()) < 3:
                self.add_error(f"reason-{name}", _("Please say why."))
        if not judged:
            raise forms.ValidationError(_("Please judge at least one finding."))
        return found


class Said(forms.Form):
    """One version of a statement."""

    quotation = _area(_("The words you quote"), _("Exactly as they were published."), rows=4)
    where = _line(_("Where they stand"), _("A page, section, figure or table."))
    read_on = forms.DateField(label=_("When you read them"), help_text=_("For example 2026-11-22."))
    said = _area(_("What you say about it"), _("Say what you see and what you do not know. Do not judge people."))


class State(Said):
    """A statement about a work of others."""

    work = _line(_("The work"), _("Its title and year."), most=300)
    authors = _line(_("Its authors"), most=300)
    source = _line(_("Where it was published"), _("An address or a DOI."), most=300)
    field_order = ("work", "authors", "source", "quotation", "where", "read_on", "said")


class Correct(Said):
    """A correction."""

    why = _line(_("Why you change it"), most=400)


class Reply(forms.Form):
    """The authors' reply."""

    by = _line(_("Who replies"))
    words = _area(_("Their words"), _("Exactly as they wrote them."))


class SignIn(forms.Form):
    """Name and password."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class Prefix(forms.Form):
    """The first digits of an image's digest."""

    digits = _line(
        _("The first digits of the digest of the image"),
        _("At least 3 digits. Fewer digits tell us less. The command “misyn registry look-up” does this for you."),
        most=71,
        required=False,
    )


class Upload(forms.Form):
    """An image, after a warning."""

    image = forms.FileField(label=_("The image"), help_text=_("At most 32 MB."))
    understood = forms.BooleanField(label=_("I have read this, and I may show this image to this server."))


class NewAccount(forms.Form):
    """An account."""

    name = _line(_("Name to sign in with"), most=60)
    shown_as = _line(_("Public name"), most=120)
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=[(one, _(ROLE_NAMES[one])) for one in ROLES], widget=forms.CheckboxSelectMultiple
    )


class NewToken(forms.Form):
    """A token for a program."""

    label = _line(_("What it is for"), most=60)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=list(SCOPE_NAMES.items()), widget=forms.CheckboxSelectMultiple
    )


assert set(REASONS) == {key for key, _words in REASON_CHOICES}  # noqa: S101 - the two lists are one
