"""Files that go over several years: a sheet or columns of each year, or rows of all of them in every send."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest
import yaml

from analysis.sources.mapping import said_year
from sending import (
    BUYER,
    EPCI_LILLE,
    TABLES,
    imported,
    mapping,
    others,
    refused,
    send,
    write_two_editions,
    write_workbook,
)


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    """Editions 2024 and 2025."""
    return write_two_editions()


def laid_out(dataset: Path, **hours: object) -> dict:
    """A mapping whose hours are in a workbook with a column per month; the other tables are CSV files of each year."""
    said = mapping()
    said["tables"]["heures"] = {"disposition": "large", "colonnes": {"ctr_id": "Contrat"}, **hours}
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(said))
    return said


def without_hours(year: str) -> Path:
    folder = send(year=year)
    (folder / "heures.csv").unlink()
    return folder


def hours() -> list[tuple]:
    tables, _ = imported()
    return list(tables["heures"][["annee", "mois", "heures", "fichier"]].itertuples(index=False, name=None))


def test_a_workbook_has_a_sheet_per_year_and_months_with_their_year(dataset: Path) -> None:
    laid_out(
        dataset,
        fichier="suivi.xlsx",
        feuille="Heures {annee}",
        mois={"{annee}-02-01": 2, "Mars {an}": 3, **others(2, 3)},
    )
    sheets = {
        f"Heures {year}": [["Contrat", f"{year}-02-01", f"Mars {year % 100}", *others(2, 3)], ["C1", year - 2000, None]]
        for year in (2024, 2025)
    }
    for year in ("2024", "2025"):
        write_workbook(without_hours(year), {**sheets, "Notes": [["à rappeler"]]}, "suivi.xlsx")
    assert hours() == [
        (2024, "2024-02", 24, "exports/S1/2024/suivi.xlsx[Heures 2024]"),
        (2025, "2025-02", 25, "exports/S1/2025/suivi.xlsx[Heures 2025]"),
    ]
    _, quality = imported()
    unread = quality.query("regle == 'feuille_non_lue'")["fichier"].tolist()
    assert unread == ["exports/S1/2024/suivi.xlsx[Notes]", "exports/S1/2025/suivi.xlsx[Notes]"]


def test_a_sheet_goes_on_to_the_right_year_after_year(dataset: Path) -> None:
    laid_out(
        dataset, fichier="suivi.xlsx", feuille="Heures", mois={"janv. {annee}": 1, "févr. {annee}": 2, **others(1, 2)}
    )
    titles = ["Contrat", "janv. 2024", "févr. 2024", "janv. 2025", "févr. 2025", *others(1, 2)]
    for year in ("2024", "2025"):
        write_workbook(without_hours(year), {"Heures": [titles, ["C1", 10, "vingt", 30, "quarante"]]}, "suivi.xlsx")
    assert [row[1:3] for row in hours()] == [("2024-01", 10), ("2025-01", 30)]
    _, quality = imported()
    wrong = quality.query("regle == 'nombre_invalide'")[["colonne", "valeur"]].values.tolist()
    assert wrong == [["févr. 2024", "vingt"], ["févr. 2025", "quarante"]]


def test_a_year_whose_sheet_is_missing_is_named(dataset: Path) -> None:
    laid_out(dataset, fichier="suivi.xlsx", feuille="Heures {annee}", mois={"janv.": 1, **others(1)})
    write_workbook(without_hours("2025"), {"Heures 2024": [["Contrat", "janv.", *others(1)], ["C1", 10]]}, "suivi.xlsx")
    assert "Heures 2025" in refused()


def test_a_file_is_named_by_the_last_two_digits_of_its_year(dataset: Path) -> None:
    laid_out(dataset, fichier="suivi_{an}.xlsx", feuille="Heures {an}", mois={"janv. {an}": 1, **others(1)})
    for year in (2024, 2025):
        sheets = {f"Heures {year % 100}": [["Contrat", f"janv. {year % 100}", *others(1)], ["C1", year - 2000]]}
        write_workbook(without_hours(str(year)), sheets, f"suivi_{year % 100}.xlsx")
    assert [row[:3] for row in hours()] == [(2024, "2024-01", 24), (2025, "2025-01", 25)]


def test_a_file_in_the_folder_of_another_year_than_its_name_is_not_read(dataset: Path) -> None:
    laid_out(dataset, fichier="suivi_{an}.xlsx", feuille="Heures", mois={"janv.": 1, **others(1)})
    for year, digits in (("2024", "24"), ("2025", "24")):
        write_workbook(
            without_hours(year), {"Heures": [["Contrat", "janv.", *others(1)], ["C1", 10]]}, f"suivi_{digits}.xlsx"
        )
    assert "exports/S1/2025/suivi_24.xlsx" in refused() and "sa place : exports/S1/<année>/suivi_24.xlsx" in refused()


@pytest.mark.parametrize(
    ("name", "found", "year"),
    [
        ("suivi_{annee}_{an}.xlsx", "suivi_2025_25.xlsx", "2025"),
        ("suivi_{annee}_{an}.xlsx", "suivi_2025_24.xlsx", None),
        ("{annee}/{annee}.csv", "2024/2025.csv", None),
        ("Mars {an}", "Mars 25", "25"),
        ("Heures", "Heures", ""),
        ("Heures", "Heures 2025", None),
    ],
)
def test_a_name_says_its_year_or_none(name: str, found: str, year: str | None) -> None:
    assert said_year(name, found) == year


# --- rows of all years in every send -----------------------------------------------------------


def operation(name: str, start: str, end: str) -> dict[str, str]:
    return {"op_id": name, "libelle": name, "maitre_ouvrage_siret": BUYER, "mecanisme": "EXEC",
            "segment": "BATIMENT_FINITION", "date_debut": start, "date_fin": end, "heures_prevues": "200"}  # fmt: skip


def contract(name: str, of: str, start: str, end: str) -> dict[str, str]:
    return {**TABLES["contrats"][0], "ctr_id": name, "ben_ref": f"B{name}", "eng_id": f"E{of}", "date_debut": start,
            "date_fin": end}  # fmt: skip


OPERATIONS = [
    operation("OLD", "01/03/2024", "30/09/2024"),
    operation("BOTH", "01/03/2024", "30/09/2025"),
    operation("OPEN", "01/03/2024", ""),  # nobody worked for it in 2025
    operation("LATE", "01/03/2024", "30/09/2024"),  # somebody still did
]
CONTRACTS = [
    contract("C1", "OLD", "01/04/2024", "30/06/2024"),
    contract("C2", "BOTH", "01/04/2024", "28/02/2025"),
    contract("C3", "OPEN", "01/04/2024", ""),
    contract("C4", "LATE", "01/04/2024", "30/09/2024"),
]
RUNNING = {
    "operations": OPERATIONS,
    "territoires": [{"op_id": row["op_id"], "epci_siren": EPCI_LILLE, "part": "1"} for row in OPERATIONS],
    "engagements": [{**TABLES["engagements"][0], "eng_id": f"E{row['op_id']}", "op_id": row["op_id"]}
                    for row in OPERATIONS],
    "beneficiaires": [{**TABLES["beneficiaires"][0], "ben_ref": row["ben_ref"], "nom": row["ctr_id"]}
                      for row in CONTRACTS],
    "contrats": CONTRACTS,
    "heures": [
        {"ctr_id": name, "mois": month, "heures": "10"}
        for name, month in [("C1", "2024-05"), ("C2", "2024-05"), ("C2", "2025-02"), ("C3", "2024-05"),
                            ("C4", "2024-05"), ("C4", "2025-01")]
    ],
    "sorties": [{"ctr_id": "C1", "horizon_m": "6", "statut": "CDI"}],
}  # fmt: skip


@pytest.fixture
def running(dataset: Path) -> Path:
    """Both years sent with the same rows, of a structure whose files hold all years."""
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping(toutes_annees=True)))
    for year in ("2024", "2025"):
        send(RUNNING, year=year)
    return dataset


def of(tables: dict[str, pd.DataFrame], name: str, column: str, year: int) -> list[str]:
    rows = tables[name]
    return sorted(rows.loc[rows["annee"] == year, column].str.removeprefix("S1:"))


def test_each_send_takes_what_is_of_its_year(running: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tables, quality = imported()
    assert quality.query("gravite == 'erreur'").empty
    assert of(tables, "operations", "op_id", 2024) == ["BOTH", "LATE", "OLD", "OPEN"]
    assert of(tables, "operations", "op_id", 2025) == of(tables, "territoires", "op_id", 2025) == ["BOTH", "LATE"]
    assert of(tables, "engagements", "eng_id", 2025) == ["EBOTH", "ELATE"]
    assert of(tables, "contrats", "ctr_id", 2025) == ["C2", "C4"]
    assert tables["beneficiaires"].groupby("annee").size().to_dict() == {2024: 4, 2025: 2}
    assert tables["heures"].groupby("annee")["heures"].sum().to_dict() == {2024: 40, 2025: 20}
    # What became of a person is known after the year of the contract.
    assert of(tables, "sorties", "ctr_id", 2025) == ["C1"]
    said = capfd.readouterr().err
    assert "2025/heures.csv : lignes reçues : 6, gardées : 2, refusées : 0, d'autres années : 4" in said


def test_what_became_of_a_person_is_taken_where_the_contract_is_and_in_the_last_send(running: Path) -> None:
    settings = yaml.safe_load((running / "dataset.yaml").read_text())
    settings["editions"].insert(0, {**settings["editions"][0], "annee": 2023})
    (running / "dataset.yaml").write_text(yaml.safe_dump(settings))
    send(RUNNING, year="2023")
    tables, _ = imported()
    assert tables["sorties"][["annee", "ctr_id"]].values.tolist() == [[2024, "S1:C1"], [2025, "S1:C1"]]


def test_a_structure_whose_files_hold_one_year_is_read_beside_one_whose_files_hold_all(running: Path) -> None:
    """Each with its mapping."""
    alone = imported()[0]["contrats"]
    other = {**mapping(), "nom": "autre"}
    (running / "mappings" / "autre.yaml").write_text(yaml.safe_dump(other))
    listed = running / "structures.csv"
    listed.write_text(listed.read_text().replace("S2,Autre,,essai", "S2,Autre,,autre"))
    send(structure="S2", year="2025")
    tables, quality = imported()
    of_other = tables["contrats"]["structure_id"].eq("S2")
    assert tables["contrats"][~of_other].reset_index(drop=True).equals(alone) and of_other.sum() == 1
    assert of(tables, "sorties", "ctr_id", 2025) == ["C1"] and quality.query("gravite == 'erreur'").empty


def test_without_the_key_hours_of_other_years_are_errors(running: Path) -> None:
    (running / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping()))
    _, quality = imported()
    assert quality["regle"].value_counts()["mois_invalide"] == 6


def test_what_cannot_be_read_is_still_told(running: Path) -> None:
    path = running / "exports" / "S1" / "2025" / "heures.csv"
    path.write_text(path.read_text().replace("2025-01", "bientôt"))
    contracts = path.with_name("contrats.csv")
    contracts.write_text(contracts.read_text().replace("EBOTH", "EGONE"))
    _, quality = imported()
    told = quality[quality["fichier"].str.contains("/2025/") & quality["gravite"].eq("erreur")]
    found = set(told[["regle", "valeur"]].itertuples(index=False, name=None))
    assert found == {("mois_invalide", "bientôt"), ("lien_absent", "S1:EGONE"), ("lien_absent", "S1:C2")}


def test_an_outcome_of_a_contract_that_no_send_takes_is_left_too(running: Path) -> None:
    (running / "exports" / "S1" / "2024").rename(running / "away")
    tables, quality = imported()
    assert tables["sorties"].empty and quality.query("gravite == 'erreur'").empty


@pytest.mark.parametrize("seed", range(3))
def test_all_hours_of_the_editions_are_taken_once(running: Path, seed: int) -> None:
    draw = random.Random(seed)
    months = draw.sample([(f"C{n}", y, m) for n in range(1, 5) for y in range(2023, 2027) for m in range(1, 13)], 40)
    for year in ("2024", "2025"):
        rows = [f"{name};{y}-{m:02d};{7 + m / 4}".replace(".", ",") for name, y, m in months]
        (running / "exports" / "S1" / year / "heures.csv").write_text("\n".join(["ctr_id;mois;heures", *rows]))
    said = mapping(toutes_annees=True)
    said["tables"]["heures"]["colonnes"] = {name: name for name in ("ctr_id", "mois", "heures")}
    (running / "mappings" / "essai.yaml").write_text(yaml.safe_dump(said))
    tables, quality = imported()
    expected = sorted((y, f"S1:{name}", f"{y}-{m:02d}", 7 + m / 4) for name, y, m in months if y in (2024, 2025))
    taken = tables["heures"][["annee", "ctr_id", "mois", "heures"]].itertuples(index=False, name=None)
    assert sorted(taken) == expected and "lien_absent" not in set(quality["regle"])
