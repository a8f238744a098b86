"""A record and its audit, in the formats other people's tools read.

Rules
-----
1. :data:`EXPORTS` is every format, in the order that help and documentation show. To add one: a module with ``EXPORT``,
   and its name here; the tests then ask for its validator, its round trip and its row in ``docs/exports.md``.
2. What leaves is aggregate: no paths, no patients, no rows per image; small groups and their complements are withheld.

Example:
    >>> [export.name for export in EXPORTS]
    ['croissant', 'huggingface', 'ro-crate', 'cyclonedx', 'oscal', 'spdx', 'prov']
"""

from misyn.practice.exports import croissant, cyclonedx, huggingface, oscal, prov, ro_crate, spdx
from misyn.practice.exports.format import Export, Written, carried
from misyn.practice.exports.subject import PARTS, Subject, gather

EXPORTS: tuple[Export, ...] = (
    croissant.EXPORT,
    huggingface.EXPORT,
    ro_crate.EXPORT,
    cyclonedx.EXPORT,
    oscal.EXPORT,
    spdx.EXPORT,
    prov.EXPORT,
)
BY_NAME = {export.name: export for export in EXPORTS}

__all__ = ["BY_NAME", "EXPORTS", "PARTS", "Export", "Subject", "Written", "carried", "gather"]
