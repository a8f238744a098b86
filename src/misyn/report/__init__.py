"""Showing: one HTML page that a reader can hold against the facts.

Rules
-----
1. Nothing is measured or judged here: every number, status and warning arrives from another room and is put into words.
2. One file, no network, no JavaScript; every text that came from outside is escaped.
3. Same evidence, same bytes: no dates, no random generator without the run's seed.

``misyn.report.page.write`` is the one door.

Example:
    >>> from misyn.report.page import write
    >>> write.__name__
    'write'
"""
