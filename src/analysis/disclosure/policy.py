"""What the schema of each protected table says of disclosure control."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.schemas.registry import published


def policy(table: str) -> dict[str, Any]:
    """key, controle and values of a table (`livrable.table`): its key; `OPEN`, a kind of cell, or `indicateur` where
    each row says its own; the columns emptied where a row is hidden (see `schemas.build.published_table`)."""
    deliverable, name = table.split(".")
    return published(deliverable)[name].metadata or {}


def kinds(table: str, frame: pd.DataFrame) -> pd.Series:
    """The kind of cell of each row of `frame`, the rows of `table`."""
    kind = policy(table)["controle"]
    return frame["_controle"] if kind == "indicateur" and len(frame) else pd.Series(kind, index=frame.index)
