"""The practice room: a record is judged by the evidence it can show.

Rules
-----
1. Evidence arrives as :class:`misyn.results.Evidence`, content-addressed; nothing here measures, and no numerics
   are imported (a test proves it).
2. A status is derived, never typed in: a record cannot say that it is good, only what it is.
3. What people state is at most ``partly: stated`` until a named reviewer who is not the author agrees.

Example:
    >>> from misyn.practice import catalogue
    >>> catalogue.load()["T1"].stage
    'technical'
"""
