"""Image-to-image techniques, pair by pair: a synthetic image, the image it was made from, and the one it should be.

Rules
-----
1. *source*: the medical image that was given to the technique. *target*: the medical image of the same patient that the
   synthetic one stands in for, where one was acquired (the other modality, the higher resolution, the missing part).
2. Error and likeness are measured against the target; without one against the source, and are then called a change.
3. Structures are compared with the source: what is in the synthetic image and not in the source was made up
   (*hallucinated*), what is in the source and not in the synthetic image was *lost*.
4. Everything is by patient: a patient is one number, whatever images it has.

Example:
    >>> import misyn
    >>> misyn.evaluate.pairs.__name__
    'misyn.evaluate.pairs'
"""
