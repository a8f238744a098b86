"""A transparency log: entries that can be shown to exist, in an order that cannot be rewritten in silence.

The pieces, each a small module that can be read alone:

==============  ==========================================================================================
module          what it is
==============  ==========================================================================================
tree            RFC 6962 hashes and proofs, made and verified
lines           the strict small encodings every text below shares
notes           C2SP signed-note: text signed by several keys, and the log's own Ed25519 key
checkpoint      C2SP tlog-checkpoint: a log's size and root, as the text of a note
cosignature     C2SP tlog-cosignature: what a witness signs (ML-DSA-44, or Ed25519)
tiles           C2SP tlog-tiles: the tree and the entries as static files
proofs          C2SP tlog-proof: one file that proves one entry, offline
policy          C2SP tlog-policy: which logs, which witnesses, how many of them
entries         salted commitments, the only thing the log ever publishes
statements      signed statements about a file, which an entry can commit to
rotation        a log's new key, endorsed by its old one
witness         C2SP tlog-witness: cosigns consistent growth only
database        what is stored; ``sqlite`` and ``postgres`` are its two dialects
static          the folder any web server can host, and how it is read
settings        a log folder's own file: name, keys, database
publishing      what is checked before a checkpoint is signed
cosigning       a log's side of witnessing
store           the log itself: append, publish, prove, forget
client          what a reader believes, on whose word, and as of when
follower        a reader with a memory, which notices a past that changed
mirror          a verified copy of somebody else's log
answers         what checking proofs comes to, for one file or a folder of them
submit          files in, proofs out
publication     marks: the entry of a declaration, the age of credentials
witness_folder  a witness of our own, in a folder
walk, fsck      is everything still what was signed?
==============  ==========================================================================================

Rules
-----
1. Importing this package imports nothing else: no web framework, no numerics, no cryptography.
2. Whatever weakens a check is named ``unsafe_…`` and leaves a trace in the result.
3. The present time and randomness that matters to a result are arguments.

Example:
    >>> from misyn.oversight import log
    >>> log.tree.leaf_hash(b"").hex()[:16]
    '6e340b9cffb37a98'
"""

from __future__ import annotations

import importlib
from types import ModuleType

MODULES = (
    "tree",
    "lines",
    "notes",
    "checkpoint",
    "cosignature",
    "tiles",
    "proofs",
    "policy",
    "entries",
    "statements",
    "rotation",
    "witness",
    "database",
    "sqlite",
    "postgres",
    "locking",
    "static",
    "settings",
    "publishing",
    "cosigning",
    "store",
    "client",
    "follower",
    "mirror",
    "walk",
    "fsck",
    "answers",
    "submit",
    "publication",
    "witness_folder",
)


def __getattr__(name: str) -> ModuleType:
    """Import a piece when it is first named."""
    if name in MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
