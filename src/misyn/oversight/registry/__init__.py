"""The registry: anyone can read what is known of a technique, ask, object and refuse, and a file knows what came of it.

===========  ==========================================================================================
piece        what it is
===========  ==========================================================================================
place        a registry's folder: its name, database, log and secret
settings     Django's settings, read from that folder; ``urls``, ``wsgi`` and ``serving`` belong to them
models       what is kept: entries, publications, concerns, answers, reviews, accounts, events
intake       what is accepted: a bundle that holds, signed, and nothing in it but aggregates
acts         what can be done, each in one transaction that ends in the log
roles        who may do what; the only place that decides it
views        pages, in plain words and in two languages, without JavaScript
api          the same facts for programs, described at ``/api/openapi.json``
open_data    everything public as CSV, JSON, Parquet and Atom
lookup       is this image declared? Answered without learning which image was asked about, and by upload on request
===========  ==========================================================================================

Rules
-----
1. Every act is appended to the transparency log (:mod:`misyn.oversight.log`) before it is committed here: what the
   registry shows can be proven, and what it once said cannot be unsaid in silence.
2. What is published is aggregate. A submission that holds more is refused whole, and nothing of it is kept.
3. Nothing deletes, hides or closes a concern that is not answered; its text can be hidden or erased, its kind, date and
   status cannot.
4. Importing this package imports nothing: ``misyn --help`` does not pay for a web framework.

Example:
    >>> import misyn.oversight.registry
"""
