from __future__ import annotations

from pathlib import Path

import pytest

from analysis.core.params import DemoParams
from analysis.demo import generate

SMALL = DemoParams(seed=20160126, contracts_per_year=1500)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with few contracts of the open data; everything else at its real size."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    generate(folder, SMALL)
    return folder
