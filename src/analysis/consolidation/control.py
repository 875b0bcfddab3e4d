"""The columns that disclosure control reads of an indicator, and those of a row that speaks of several cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.consolidation.cells import MEASURES

CONTROL = ["_controle", "_sensible", *MEASURES.values()]


def weaker(*cells: Mapping[str, Any]) -> dict[str, Any]:
    """The columns `CONTROL` of several cells together: the smallest counts, the largest shares, sensitive if one is.

    A measure that a cell does not have says nothing of it; the kind of control is that of the first cell.
    """
    out = {"_controle": cells[0].get("_controle"), "_sensible": any(bool(cell.get("_sensible")) for cell in cells)}
    for name in MEASURES.values():
        values = [float(cell[name]) for cell in cells if pd.notna(cell.get(name))]
        out[name] = (max if name.startswith("_part_max") else min)(values) if values else None
    return out
