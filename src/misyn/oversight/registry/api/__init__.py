"""The same facts and acts for programs; described at ``/api/openapi.json``.

==========  ==================================================================================================
module      routes
==========  ==================================================================================================
shapes      what goes in and comes out
keys        tokens, and how a route asks for a scope
reading     entries, concerns, look-up, status
asking      raise a concern, follow it
acting      publish, declare, answer, review, withdraw
==========  ==================================================================================================

Rules
-----
1. Every status that a route can give is documented, with its shape.
2. A route does what a page does: it calls the same act, which asks the same table of roles.
"""

from misyn.oversight.registry.api.service import api

__all__ = ["api"]
