"""What the views of a sheet share."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from analysis.core import reference
from analysis.publishing.page import Page


def rows(page: Page, table: str) -> pd.DataFrame:
    """The rows of `table` that are of the purchase of the page."""
    return page.read(table, achat_id=page.key)


@lru_cache(maxsize=1)  # most views ask for it
def found(page: Page) -> pd.Series:
    """What is known of the purchase of the page: a row of `achats`."""
    return rows(page, "achats").iloc[0]


def scope(page: Page) -> str:
    """Which purchase a table is about."""
    row = found(page)
    return f"achat {row['achat_id']}, {row['lieu_nom']}"


def segment_of(row: pd.Series, name: str = "segment") -> str:
    """The label of the segment of a purchase."""
    return reference.labels("segments")[row[name]]
