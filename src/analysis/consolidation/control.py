"""The columns that disclosure control reads of an indicator, and those of a row that speaks of several cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.consolidation.cells import MEASURES

FLAGS = ["_sensible", "_epci"]  # what asks for more people: a sensitive crossing, persons of an EPCI
CONTROL = ["_controle", *FLAGS, *MEASURES.values()]


def flagged(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with its columns `FLAGS` filled: no where nothing is said."""
    return table.assign(**{flag: table[flag].eq(True) for flag in FLAGS})


def weaker(*cells: Mapping[str, Any] | pd.Series) -> dict[str, Any]:
    """The columns `CONTROL` of several cells together: the smallest counts, the largest shares, flagged if one is.

    A measure that a cell does not have says nothing of it; the kind of control is that of the first cell.
    """
    flags = {flag: any(bool(cell.get(flag)) for cell in cells) for flag in FLAGS}
    out = {"_controle": cells[0].get("_controle"), **flags}
    for name in MEASURES.values():
        values = [float(cell[name]) for cell in cells if pd.notna(cell.get(name))]
        out[name] = (max if name.startswith("_part_max") else min)(values) if values else None
    return out
