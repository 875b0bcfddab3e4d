"""The synthetic dataset `demo`: one coherent true world, then the files that observers would receive of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.core.params import DemoParams


def generate(folder: Path, params: DemoParams) -> None:
    """Write the dataset in `folder`, each of its subfolders replaced as a whole; progress on stderr.

    The same parameters give the same bytes.
    """
    # Imported here: the processes that only write workbooks import this package too.
    from analysis.demo.build import generate_into

    generate_into(folder, params)
