"""Answer a concern: with words, with an outcome, and with what follows for the entry.

Rules
-----
1. An answer always has words. A question is ``answered``; an objection, refusal or notice is ``upheld`` or
   ``not-upheld``.
2. Upheld, an entry becomes contested, or withdrawn; which one, the answer says.
3. An upheld concern is settled by somebody other than the owner, and never made un-upheld.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from misyn.errors import UsageError
from misyn.oversight.registry import roles
from misyn.oversight.registry.acts.asking import checked
from misyn.oversight.registry.acts.history import happened
from misyn.oversight.registry.acts.standing import SETTLED, renew
from misyn.oversight.registry.models import Account, Answer, Concern, Text
from misyn.oversight.registry.models.concern import ANSWERED, NOT_UPHELD, TAKEN_BACK, UPHELD
from misyn.oversight.registry.models.entry import CONTESTED, WITHDRAWN
from misyn.oversight.registry.roles import WrongState

OUTCOMES = (ANSWERED, UPHELD, NOT_UPHELD, SETTLED)
EFFECTS = (CONTESTED, WITHDRAWN)


@transaction.atomic
def answer(
    account: Account, concern: Concern, *, outcome: str, words: str, now: datetime, effect: str = CONTESTED
) -> Answer:
    """Answer a concern.

    Args:
        account: who answers.
        concern: what is answered.
        outcome: one of :data:`OUTCOMES`.
        words: the answer.
        now: the present time.
        effect: where it is upheld, what becomes of the entry: contested or withdrawn.

    Raises:
        NotAllowed: somebody who may not.
        WrongState: it was taken back, or this outcome does not follow on its state.
    """
    concern = Concern.objects.select_for_update().get(pk=concern.pk)
    roles.require(account, "settle" if outcome == SETTLED else "answer", roles.About(concern=concern))
    if outcome not in OUTCOMES or effect not in EFFECTS:
        raise UsageError(f"expected an outcome ({', '.join(OUTCOMES)}) and an effect ({', '.join(EFFECTS)})")
    _check_state(concern, outcome)
    chosen = SETTLED if outcome == SETTLED else effect if outcome == UPHELD and concern.entry_id else ""
    text = Text.keep(checked(words))
    content = {"outcome": outcome, "effect": chosen, "by": account.shown_as, "text": text.commitment}
    event = happened("answer", kind="answer", now=now, entry=concern.entry, about=concern.event, content=content)
    made = Answer.objects.create(
        concern=concern, account=account, outcome=outcome, effect=chosen, text=text, event=event, created=now
    )
    concern.state = UPHELD if outcome == SETTLED else outcome
    concern.save(update_fields=["state"])
    if concern.entry:
        renew(concern.entry, now=now, reason=gettext_noop("an upheld concern") if concern.state == UPHELD else "")
    return made


def _check_state(concern: Concern, outcome: str) -> None:
    if concern.state == TAKEN_BACK:
        raise WrongState("this concern was taken back by the one who raised it")
    if (concern.state == UPHELD) != (outcome == SETTLED) and not (concern.state == UPHELD and outcome == UPHELD):
        raise WrongState(
            "what was upheld can be settled, or be followed by withdrawal; only what was upheld can be settled"
        )
