"""A project of its own for each test that writes: the committed reference tables and settings, empty data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import CHECKOUT, SHARED, empty_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """The root of an empty project, the one that `analysis.core.paths` now finds."""
    with empty_project(tmp_path / "project") as root:
        yield root


@pytest.fixture
def shared() -> Path:
    """The real data kept beside the checkout; the test is skipped, saying so, where there is none."""
    if not SHARED.is_dir():
        pytest.skip("the real data (../shared) is not beside this checkout")
    return SHARED / "data"


@pytest.fixture(scope="session")
def demo() -> Path:
    """The checkout whose pipeline has run on the demo (`make test` runs it first)."""
    if not (CHECKOUT / "reports" / "demo" / "index.html").is_file():
        pytest.skip("the demo has not been built: run `make report` first")
    return CHECKOUT
