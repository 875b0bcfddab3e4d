"""The page of a purchase that is typed: its tables are made at once, from the protected ones of the others."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.buyer import evidence, programme
from analysis.buyer.programme import Planned
from analysis.buyer.tables import Tables, sheets
from analysis.core.dataset import Dataset
from analysis.core.errors import DataError
from analysis.core.params import load_params
from analysis.core.paths import classified_dir, protected_dir
from analysis.publishing.page import Page, rows_where
from analysis.schemas.build import conform
from analysis.schemas.buyer import SCHEMAS
from analysis.segments.telling.reader import FILE as READER
from analysis.segments.telling.reader import Reader


class Typed(Page):
    """The page of a purchase that is announced nowhere; none of its tables is published, so none offers its CSV.

    Raises DataError, in French, with every fault of what was typed.
    """

    def __init__(self, notebook: str, dataset: str, edition: int, values: dict[str, object]) -> None:
        planned = programme.typed(**values)
        if not planned.purchases:
            raise DataError("\n".join(planned.remarks["message"]))
        (self._purchase,) = planned.purchases
        super().__init__(notebook, dataset, edition, self._purchase.achat_id)
        self._own = tables_of(planned, self.dataset)

    def subjects(self) -> dict[str, str]:
        """The purchase itself."""
        return {self._purchase.achat_id: self._purchase.objet}

    def read(self, table: str, **where: Any) -> pd.DataFrame:
        """A table of the purchase, else the protected one."""
        return rows_where(self._own[table], where) if table in self._own else super().read(table, **where)

    def csv(self, table: str) -> str:
        """No name for a table of the purchase."""
        return "" if table in self._own else super().csv(table)


def tables_of(planned: Planned, dataset: Dataset) -> Tables:
    """The tables of purchases that are announced nowhere, with the columns under which those of others are published.

    From protected tables, and what the contracts taught of segments.
    """
    params = load_params()
    reader = Reader.read(classified_dir(dataset.nom) / READER)
    told = evidence.segments(planned.purchases, reader, params.segments.classifier)
    made = sheets(planned, evidence.load(protected_dir(dataset.nom), dataset, params), told)
    return {name: conform(SCHEMAS[name], frame) for name, frame in made.items()}
