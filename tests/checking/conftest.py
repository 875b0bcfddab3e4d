from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from toy import toy_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """The root of a toy project, which is the project during the test."""
    with toy_project(tmp_path) as root:
        yield root
