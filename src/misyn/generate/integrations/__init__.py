"""Born marked inside the libraries people generate with.

- :mod:`misyn.generate.integrations.pipelines`: diffusers; a pipeline that saves what it draws, and a callback.
- :mod:`misyn.generate.integrations.transforms`: MONAI; ``SaveSyntheticd`` in place of ``SaveImaged``, in bundles too.
- :mod:`misyn.generate.integrations.functions`: functions that are called like medigan's.

Plain loops of PyTorch and NumPy need none of these: ``born.save`` takes tensors and arrays. Code that saves through
Pillow uses ``born.open``.

Rules
-----
1. Nothing here is imported by misyn itself; each module imports its library, and says what to install without it.
2. What a library returns is passed on unchanged.
"""
