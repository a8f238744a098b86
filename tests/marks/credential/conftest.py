"""Keys of two parties that bear the same name, one of whom is trusted, and files that were signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from misyn import signing
from misyn.marks import mark
from misyn.marks.declaration import Declaration
from misyn.signing import SigningKey

NAME = "Example Hospital"


@pytest.fixture(autouse=True)
def _needs_the_library() -> None:
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SigningKey]:
    """``ours`` is trusted in these tests; ``forger`` has certificates with the very same names."""
    folder = tmp_path_factory.mktemp("keys")
    now = datetime.now(UTC)
    return {name: signing.create(folder / name, owner=NAME, now=now) for name in ("ours", "forger")}


@pytest.fixture(scope="session")
def key(keys: dict[str, SigningKey]) -> SigningKey:
    """The key that is trusted in these tests."""
    return keys["ours"]


@pytest.fixture(scope="session")
def root(keys: dict[str, SigningKey], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("root") / "root.pem"
    path.write_bytes(signing.certificates.to_pem(keys["ours"].chain[-1:]))
    return path


@pytest.fixture
def sign(keys: dict[str, SigningKey], declaration: Declaration) -> Callable[..., Path]:
    """Mark and sign a file in place."""

    def signed(path: Path, *, by: str = "ours", declared: Declaration = declaration) -> Path:
        mark(path, declaration=declared, in_place=True, key=keys[by])
        return path

    return signed
