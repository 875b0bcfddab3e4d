"""The page of a planned purchase: one that was announced, read from protected tables, or one that is typed here."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.buyer import evidence, programme
from analysis.buyer.tables import Tables, sheets
from analysis.core.errors import DataError
from analysis.core.params import load_params
from analysis.core.paths import protected_dir
from analysis.publishing.page import Page, rows_where
from analysis.schemas.buyer import SCHEMAS

NOTEBOOK = "buyer"


def opened(dataset: str, edition: int, achat: str, **typed: object) -> Page:
    """The page of the announced purchase `achat`; without one, that of the purchase that `typed` tells of.

    Raises DataError, in French, when there is no such purchase, or with every fault of what was typed.
    """
    return Page(NOTEBOOK, dataset, edition, achat) if achat else Typed(dataset, edition, typed)


class Typed(Page):
    """The page of a purchase that is not announced: its tables are made here, from the protected ones of others.

    They are published nowhere, so that no table of the page offers its CSV.
    """

    def __init__(self, dataset: str, edition: int, values: dict[str, object]) -> None:
        self._own: Tables = {}
        planned = programme.typed(**values)
        if not planned.purchases:
            raise DataError("\n".join(planned.remarks["message"]))
        super().__init__(NOTEBOOK, dataset, edition, planned.purchases[0].achat_id)
        knowledge = evidence.load(protected_dir(dataset), self.dataset, load_params())
        self._own = conformed(sheets(planned, knowledge))

    def subjects(self) -> dict[str, str]:
        """The purchase itself: no other page may be opened from here."""
        return {"A1": "Achat saisi"}

    def read(self, table: str, **where: Any) -> pd.DataFrame:
        return rows_where(self._own[table], where) if table in self._own else super().read(table, **where)

    def csv(self, table: str) -> str | None:
        return None if table in self._own else super().csv(table)


def conformed(tables: Tables) -> Tables:
    """`tables` as they are published: the columns of their schemas, in their order."""
    from analysis.schemas.build import conform

    return {name: conform(SCHEMAS[name], frame) for name, frame in tables.items()}
