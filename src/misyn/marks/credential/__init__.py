"""The credential layer: a signed C2PA manifest that binds the declaration to one image's pixels.

Rules
-----
1. Where C2PA has a handler (PNG, JPEG, TIFF, WebP, GIF) the manifest is *embedded* and binds the file's bytes. In
   DICOM, NIfTI, NRRD and MetaImage it is *detached* over the canonical pixels (:attr:`misyn.images.Image.digest`) and
   lies in the file's own header: it survives lossless transcoding and header edits, and ends with one changed sample.
2. Four states: ``trusted`` (holds, and leads to a root the caller named), ``untrusted`` (holds; anyone can have signed
   it), ``invalid``, ``absent``. Only an anchored chain is trusted; a name on a certificate proves nothing.
3. No network, ever; no thumbnails: a credential carries no pixels.
4. The XMP or header mark is written first, the credential last: it signs what is there.
5. Importing this package imports neither the C2PA library nor a parser. Without the library, ``state`` is
   ``not searched``, and whether a manifest is there is still said.

Follows C2PA specification 2.1 (embedded and external manifests, trust model), through c2pa-python.

Example:
    >>> from misyn.marks.credential import PLACES
    >>> [place.format for place in PLACES if place.binding == "detached"]
    ['dicom', 'nifti', 'nrrd', 'metaimage']
"""

from __future__ import annotations

from misyn.marks.credential.places import PLACES, Place, place_for
from misyn.marks.credential.state import ABSENT, Credential, State

__all__ = ["ABSENT", "PLACES", "Credential", "Place", "State", "place_for"]
