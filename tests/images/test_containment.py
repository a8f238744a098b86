"""Whatever a parser does inside, only our errors come out, quoting nothing of the file, and warnings stay inside."""

from __future__ import annotations

import threading
import traceback
import warnings
from pathlib import Path

import pytest

from misyn.errors import LimitExceeded, MalformedImage, MissingExtra, UnreadableImage
from misyn.images.containment import PARSERS, contained
from misyn.images.limits import DEFAULT

HERE = Path("scan.dcm")


@pytest.mark.parametrize("raised", [KeyError("Doe^Jane"), ValueError("Doe^Jane"), AssertionError(), StopIteration("x")])
def test_foreign_exceptions_become_malformed_without_their_text(raised: Exception) -> None:
    with pytest.raises(MalformedImage) as caught, contained("dicom", path=HERE, limits=DEFAULT):
        raise raised
    shown = "".join(traceback.format_exception(caught.value))
    assert type(raised).__name__ in str(caught.value)
    assert "Doe^Jane" not in shown
    assert caught.value.path == HERE


@pytest.mark.parametrize(
    ("raised", "limit"), [(RecursionError("deep"), "max_depth"), (MemoryError(), "max_pixels")], ids=["depth", "memory"]
)
def test_exhaustion_is_a_limit(raised: Exception, limit: str) -> None:
    with pytest.raises(LimitExceeded) as caught, contained("dicom", path=HERE, limits=DEFAULT):
        raise raised
    assert caught.value.limit == limit


def test_our_own_errors_pass_with_the_path_filled_in() -> None:
    error = UnreadableImage("as it was")
    with pytest.raises(UnreadableImage, match="as it was") as caught, contained("dicom", path=HERE, limits=DEFAULT):
        raise error
    assert caught.value is error
    assert error.path == HERE


def test_a_missing_extra_passes() -> None:
    with pytest.raises(MissingExtra), contained("tiff", path=HERE, limits=DEFAULT):
        raise MissingExtra("X", package="y", extra="z")


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_a_program_passes(raised: type[BaseException]) -> None:
    with pytest.raises(raised), contained("dicom", path=HERE, limits=DEFAULT):
        raise raised


def warn_as(module: str) -> None:
    warnings.warn_explicit("odd value", UserWarning, "file.py", 1, module=module)


@pytest.mark.parametrize("module", ["pydicom.dataelem", "nibabel", "PIL.Image", "misyn.images.dicom_pixels"])
def test_parsers_may_warn_inside(module: str) -> None:
    with contained("dicom", path=HERE, limits=DEFAULT):
        warn_as(module)  # -W error: would raise


@pytest.mark.parametrize("module", ["elsewhere", "misyn.marks", "pydicomlike"])
def test_others_are_not_silenced(module: str) -> None:
    with pytest.raises(MalformedImage), contained("dicom", path=HERE, limits=DEFAULT):
        warn_as(module)


def test_the_filters_are_afterwards_what_they_were() -> None:
    before = list(warnings.filters)
    with contained("dicom", path=HERE, limits=DEFAULT):
        assert warnings.filters[0][3].pattern == PARSERS  # type: ignore[union-attr]
    with pytest.raises(MalformedImage), contained("dicom", path=HERE, limits=DEFAULT):
        raise ValueError
    assert list(warnings.filters) == before
    with pytest.raises(UserWarning):
        warn_as("pydicom")


def test_readers_in_threads_share_one_hold() -> None:
    before = list(warnings.filters)
    inside, leave = threading.Barrier(3), threading.Event()
    failures: list[Exception] = []

    def hold(first: bool) -> None:
        try:
            with contained("dicom", path=HERE, limits=DEFAULT):
                inside.wait(10)
                if not first:
                    leave.wait(10)
                    warn_as("pydicom")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=hold, args=(first,)) for first in (True, False)]
    for thread in threads:
        thread.start()
    inside.wait(10)
    threads[0].join(10)  # the first to leave must not end the hold of the other
    leave.set()
    threads[1].join(10)
    assert failures == []
    assert list(warnings.filters) == before
