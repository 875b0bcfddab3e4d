"""What several sections of the page read the same way."""

from __future__ import annotations

import pandas as pd

from analysis.publishing.content import PERCENT, Column, DataTable
from analysis.publishing.page import Page


def page_cells(page: Page) -> pd.DataFrame:
    """The indicators of the page's edition and territory."""
    rows = page.read("indicateurs")
    return rows[(rows["edition"] == page.year) & (rows["territoire"] == page.place)]


def wide_table(page: Page, modalities: list[str]) -> pd.DataFrame:
    """A row per modality with its indicators as columns, and each one's reason when it is hidden."""
    rows = page_cells(page)
    rows = rows[rows["modalite"].isin(modalities)]
    wide = rows.pivot(index="modalite", columns="indicateur", values="valeur")
    reasons = rows.pivot(index="modalite", columns="indicateur", values="secret").add_suffix("__secret")
    return wide.join(reasons).reindex([m for m in modalities if m in wide.index]).reset_index()


def profile_table(wide: pd.DataFrame, page: Page, caption: str, first: str, note: str | None = None) -> DataTable:
    """Hours and persons of the modalities of `wide`, their shares, and what is unknown."""
    columns = {
        "libelle": Column(first),
        "heures_realisees": Column("Heures", 0),
        "part_heures": Column("Part des heures", **PERCENT),
        "beneficiaires": Column("Bénéficiaires", 0),
        "part_beneficiaires": Column("Part des bénéficiaires", **PERCENT),
        "heures_par_beneficiaire": Column("Heures par bénéficiaire", 0),
        "part_heures_statut_inconnu": Column("Heures au statut inconnu", **PERCENT),
    }
    kept = {name: column for name, column in columns.items() if name in wide.columns}
    return DataTable(wide, columns=kept, caption=caption, scope=page.scope, csv=page.csv("indicateurs"), note=note)


def source_line(page: Page) -> str:
    """Where the page's figures come from."""
    return "exports synthétiques." if page.dataset.synthetique else "exports des structures facilitatrices."
