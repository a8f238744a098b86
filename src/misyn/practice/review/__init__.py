"""Reviewing somebody else's paper: what it says is turned into questions for a person, never into verdicts.

Not to be confused with :mod:`misyn.practice.reviews`, which is about reviews of a record.

Rules
-----
1. A rule finds words and asks; a person decides. Nothing here is called wrong, missing or absent: at most "not found
   in what was read".
2. Every question quotes what raised it, with page, line, and the digest, version and date of the document.
3. A paper is a stranger's file: it is read in a process of its own, within limits, and its text is stripped of what
   would move a terminal's cursor and cut before it is shown.

Example:
    >>> from misyn.practice.review import rules
    >>> [rule.name for rule in rules.RULES][:3]
    ['benefit', 'significance', 'equivalence']
"""
