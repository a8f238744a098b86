"""Questioning: a log nobody can quietly rewrite, and the registry that stands on it.

Rules
-----
1. Nothing is imported here: the log works without a web framework, and ``misyn --help`` pays for neither.
2. Oversight handles declarations, digests and fingerprints, never pixels.

Example:
    >>> import sys, misyn.oversight.log
    >>> [name for name in ("django", "numpy", "http.server") if name in sys.modules and "pytest" not in sys.modules]
    []
"""
