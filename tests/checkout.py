"""Where the checkout is, for tests that read what it holds, and projects that have its reference tables alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from analysis.core.paths import ROOT_VARIABLE

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED = CHECKOUT.parent / "shared"  # real data, beside some checkouts only


@contextmanager
def empty_project(root: Path) -> Iterator[Path]:
    """A project without data in the new folder `root`, the one that `analysis.core.paths` finds inside the block."""
    (root / "data" / "raw").mkdir(parents=True)
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(CHECKOUT / name, root / name)
    (root / "data" / "raw" / "reference").symlink_to(CHECKOUT / "data" / "raw" / "reference")
    (root / "notebooks").symlink_to(CHECKOUT / "notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ROOT_VARIABLE, str(root))
        yield root
