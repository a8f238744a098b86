"""What the registry keeps. Nothing public is ever changed in place or deleted: what happened is a row, and an event.

==========  ==================================================================================================
module      what it holds
==========  ==================================================================================================
kept        rows that refuse to be deleted
event       what happened, as the log commits to it
text        words of people: shown, hidden, or erased; the commitment stays
account     people with a role, and tokens for programs
entry       a technique, its publications, the images it declares
concern     questions, objections, refusals, requests; what was added and answered
review      reviews, and the findings they agree with or dispute
statement   what is said here about other people's published work, and their reply
limits      how often somebody may do something, without knowing who
==========  ==================================================================================================
"""

from misyn.oversight.registry.models.account import Account, Token
from misyn.oversight.registry.models.concern import Addition, Answer, Concern
from misyn.oversight.registry.models.entry import Cover, Declared, Entry, Publication
from misyn.oversight.registry.models.event import Event
from misyn.oversight.registry.models.limits import Count
from misyn.oversight.registry.models.review import Judgement, Review
from misyn.oversight.registry.models.statement import Reply, Statement, StatementVersion
from misyn.oversight.registry.models.text import Text

__all__ = [
    "Account",
    "Addition",
    "Answer",
    "Concern",
    "Count",
    "Cover",
    "Declared",
    "Entry",
    "Event",
    "Judgement",
    "Publication",
    "Reply",
    "Review",
    "Statement",
    "StatementVersion",
    "Text",
    "Token",
]
