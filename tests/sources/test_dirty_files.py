"""What spreadsheets leave in the files of facilitators: errors of formulas, times beside dates, percent, months."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.sources.canonical import EXPORTS, INVENTORY
from analysis.sources.typer import Typer, spelt_month
from sending import changed, imported, send, write_dataset


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    return write_dataset()


# --- dates, months, shares, hours --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-03-01 00:00:00", "2025-03-01"),
        ("2025-03-01T08:30", "2025-03-01"),
        ("2025-03-01 23:59:59.999", "2025-03-01"),
        ("01/03/2025 08:30", "2025-03-01"),
        ("01/03/2025 à 8h30", "2025-03-01"),
        ("2025-03-01T12:00:00Z", "2025-03-01"),
        ("2025-02-28T23:00:00Z", "2025-03-01"),  # midnight in Paris, in winter
        ("2025-05-31T22:00:00.000Z", "2025-06-01"),  # and in summer
        ("2025-05-31T21:59:59Z", "2025-05-31"),
        ("2025-06-01T00:00:00+02:00", "2025-06-01"),
        ("2025-06-01T00:00:00+0200", "2025-06-01"),
        ("2025-03-01 24:30", None),
        ("2025-03-01 8", None),
        ("31/02/2025 08:30", None),
        ("2025-13-01T00:00:00Z", None),
        ("03/01/2025 8:30 PM", None),
    ],
)
def test_a_day_may_have_its_time(text: str, day: str | None) -> None:
    rows = pd.DataFrame({"date_fin": [text, "2024-12-31"], "format_date": "%d/%m/%Y", "fichier": "a", "ligne": [2, 3]})
    typer = Typer("exports")
    read = typer.date(rows, "date_fin")
    assert read.dt.strftime("%Y-%m-%d").fillna("").tolist() == [day or "", "2024-12-31"]
    assert [part["valeur"].tolist() for part in typer.breaches] == ([] if day else [[text]])


def test_a_birth_date_with_a_time_makes_the_same_person() -> None:
    send()
    send(changed("beneficiaires", date_naissance="2001-03-05 00:00:00"), structure="S2")
    tables, quality = imported()
    assert quality.empty and tables["contrats"]["ben_id"].nunique() == 1


@pytest.mark.parametrize(
    "text",
    ["2/2025", "02/2025", "02-2025", "2-2025", "02.2025", "2025-02", "2025-2", "2025/02", "février 2025", "févr. 2025",
     "01/02/2025", "2025-02-28", "2025-02-28 00:00:00"],
)  # fmt: skip
def test_a_month_is_read_however_it_is_written(text: str) -> None:
    send(changed("heures", mois=text))
    tables, quality = imported()
    assert quality.empty and tables["heures"]["mois"].tolist() == ["2025-02", "2025-03"]


@pytest.mark.parametrize("text", ["2025-02 ou 03", "2025-021", "02/25", "0/2025", "30/02/2025", "202502"])
def test_a_month_that_may_be_another_is_refused(text: str) -> None:
    send(changed("heures", mois=text))
    tables, quality = imported()
    assert tables["heures"]["mois"].tolist() == ["2025-03"] and quality["valeur"].tolist() == [text]


def test_a_month_in_figures_is_one_month() -> None:
    assert {spelt_month(text) for text in ("3/2025", "03-2025", "2025.3")} == {"2025-03"}


@pytest.mark.parametrize(("text", "part"), [("50 %", 0.5), ("50%", 0.5), ("50,0 %", 0.5), ("100\u202f%", 1.0)])
def test_a_share_may_be_said_in_per_cent(text: str, part: float) -> None:
    typer = Typer("exports")
    for table, column in ((EXPORTS["territoires"], "part"), (INVENTORY["facilitateurs"], "etp"),
                          (INVENTORY["zones"], "part_temps")):  # fmt: skip
        rows = pd.DataFrame({column: [text, "0,25"], "fichier": "a", "ligne": [2, 3], "decimale": ","})
        assert typer.column(rows, table.column(column)).tolist() == [part, 0.25]
    assert not typer.breaches


def test_per_cent_of_what_is_no_share_is_refused() -> None:
    send(changed("operations", heures_prevues="50 %"))
    _, quality = imported()
    assert quality["regle"].tolist() == ["nombre_invalide"]
    assert "colonne « heures_prevues » : « 50 % » ; attendu : un nombre" in quality["message"].iloc[0]


def test_all_columns_of_hours_may_have_minutes_and_no_other_column_may() -> None:
    hours = {column.name for table in EXPORTS.values() for column in table.columns if column.kind == "duree"}
    assert hours == {name for name in hours if name.startswith("heures")} and len(hours) == 4
    typer = Typer("exports")
    rows = pd.DataFrame({"delai_j": ["12h30"], "fichier": "a", "ligne": [2]})
    assert typer._nombre(rows, "delai_j").isna().all() and len(typer.breaches) == 1
