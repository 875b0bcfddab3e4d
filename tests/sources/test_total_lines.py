"""Lines of totals in every table that is received, whatever its columns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.schemas.canonical import EXPORTS, INVENTORY, NEEDS, Table
from analysis.sources.rows import keyed
from analysis.sources.typer import Typer


@pytest.mark.parametrize("table", (EXPORTS | INVENTORY | NEEDS).values(), ids=lambda table: table.name)
def test_a_total_is_told_in_a_table_without_hours_too(project: Path, table: Table) -> None:
    column = next(table.column(name) for name in table.key if not table.column(name).codelist)
    rows = pd.DataFrame([dict.fromkeys(table.key, "X"), {column.name: "TOTAL"}], dtype="str")
    typer = Typer("exports")
    kept = keyed(
        rows.reindex(columns=[found.name for found in table.columns]).assign(fichier="a", ligne=[2, 3]), table, typer
    )
    assert len(kept) == 1
    told = pd.concat(typer.breaches)
    assert told[["ligne", "colonne", "regle"]].values.tolist() == [[3, column.name, "ligne_total"]]


def test_a_structure_whose_name_begins_as_a_total_stays(project: Path) -> None:
    table = INVENTORY["structures"]
    rows = pd.DataFrame([{"structure_id": "S1", "nom": "Total Insertion", "siret": "21590350100017"}], dtype="str")
    rows = rows.reindex(columns=[found.name for found in table.columns]).assign(fichier="a", ligne=2)
    typer = Typer("inventaire")
    assert len(keyed(rows, table, typer)) == 1
    assert pd.concat(typer.breaches)["regle"].tolist() == ["ligne_total_possible"]
