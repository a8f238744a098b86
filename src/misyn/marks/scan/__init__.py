"""Scanning collections: what every file of a place says of its origin, what is mixed, and what is there twice.

Rules
-----
1. :func:`misyn.marks.scan.scanning.scan` surveys a place, reads its members on all cores and puts the rows together;
   the modules beside it each do one step.
2. Importing this package imports none of them.
"""
