"""Structures that send totals instead of rows: what is read, what is refused and why."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from python_calamine import CalamineWorkbook

from analysis.core.errors import DataError
from analysis.core.files import read_table
from analysis.core.paths import clean_dir, feedback_dir, quality_dir
from analysis.core.results import write_results
from analysis.quality import feedback
from analysis.schemas.build import conform
from analysis.schemas.consolidation import PERSONS_QUEUE
from analysis.sources import exports, inventory
from sending import EPCI_LILLE, mapping, send, send_totals, totals, write_dataset, write_two_editions

HOURS = ("heures_realisees", "ensemble", 1000)


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    return write_dataset()


def imported() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The totals kept and the quality table."""
    exports.build("essai")
    return (
        read_table(clean_dir("essai", "exports") / "agregats.parquet"),
        read_table(quality_dir("essai") / "exports.parquet"),
    )


def test_totals_alone_are_a_whole_send() -> None:
    send_totals(totals(HOURS, ("beneficiaires", "RSA", 12), ("part_beneficiaires", "F", 0.16)))
    kept, quality = imported()
    assert quality.empty
    assert kept[["structure_id", "territoire", "indicateur", "modalite", "valeur", "diffusion"]].values.tolist() == [
        ["S1", "32", "beneficiaires", "RSA", 12, "ACCORD"],
        ["S1", "32", "heures_realisees", "ensemble", 1000, "ACCORD"],
        ["S1", "32", "part_beneficiaires", "F", 0.16, "ACCORD"],
    ]
    assert read_table(clean_dir("essai", "exports") / "operations.parquet").empty


def test_codes_are_read_in_any_case_and_an_unsaid_diffusion_is_the_closed_one() -> None:
    rows = totals(("Heures_Realisees", "ENSEMBLE", 10), ("beneficiaires", "rsa", 3))
    rows[1]["diffusion"] = ""
    send_totals(rows)
    kept, quality = imported()
    assert kept["modalite"].tolist() == ["RSA", "ensemble"] and kept["diffusion"].tolist() == ["RESERVE", "ACCORD"]
    assert quality["regle"].tolist() == ["valeur_obligatoire"]


def test_totals_and_rows_for_the_same_year_are_refused_in_one_sentence() -> None:
    send_totals(totals(HOURS), structure="S2")
    send()
    send_totals(totals(HOURS))
    with pytest.raises(DataError) as caught:
        exports.build("essai")
    assert str(caught.value) == (
        "exports/S1, 2025 : fichier inutilisable (des totaux et des lignes) ; attendu : pour une même année, soit des "
        "totaux (table agregats), soit les tables détaillées, jamais les deux."
    )


def test_the_example_line_of_a_questionnaire_is_no_total(dataset: Path) -> None:
    send()
    send_totals(totals(HOURS, place="EXEMPLE"))
    kept, quality = imported()
    assert kept.empty and quality.empty


def test_a_structure_may_send_rows_one_year_and_totals_the_next(project: Path) -> None:
    write_two_editions("deux")
    send(year="2024", dataset="deux")
    send_totals(totals(HOURS), dataset="deux")
    exports.build("deux")
    assert read_table(clean_dir("deux", "exports") / "agregats.parquet")["annee"].tolist() == [2025]
    assert read_table(clean_dir("deux", "exports") / "operations.parquet")["annee"].tolist() == [2024]
    assert "structures_panel" not in set(read_table(quality_dir("deux") / "exports.parquet")["regle"])


def test_a_send_without_totals_still_needs_all_its_tables(dataset: Path) -> None:
    (send() / "heures.csv").unlink()
    with pytest.raises(DataError, match=r"exports/S1/2025/heures\.csv"):
        exports.build("essai")


def test_an_optional_sheet_may_be_missing_from_a_workbook(dataset: Path) -> None:
    folder = dataset / "exports" / "S1" / "2025"
    folder.mkdir(parents=True)
    pd.DataFrame(totals(HOURS)).to_excel(folder / "t.xlsx", sheet_name="T", index=False, engine="xlsxwriter")
    tables = mapping()["tables"]
    tables = {
        "agregats": {**tables["agregats"], "fichier": "t.xlsx", "feuille": "T"},
        "accompagnements": {**tables["accompagnements"], "fichier": "t.xlsx", "feuille": "A"},
    }
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping(tables=tables)))
    kept, quality = imported()
    assert kept["valeur"].tolist() == [1000] and quality.empty


@pytest.mark.parametrize(
    ("extra", "rule", "column"),
    [
        (totals(("heures_realisees", "RSA", -5)), "agregat_negatif", "valeur"),
        (totals(("part_beneficiaires", "F", 16)), "agregat_part", "valeur"),
        (totals(("part_max_personne", "ensemble", 12)), "agregat_part", "valeur"),
        (totals(("heures_realisees", "RSA", 1000.5)), "agregat_depasse", "valeur"),
        (totals(("heures_realisees", "ensemble", 1001), place="59"), "agregat_depasse", "valeur"),
        (
            totals(("heures_realisees", "RSA", 400), ("part_heures_statut_inconnu", "RSA", 0.7)),
            "agregat_depasse",
            "valeur",
        ),
        (totals(("operations", "ensemble", 3), place="59"), "agregat_sans_heures", "territoire"),
        (totals(("operations", "ensemble", 3), place="75"), "agregat_territoire", "territoire"),
        (totals(("heures_realisees", "RSA", 3), place=EPCI_LILLE), "agregat_intercommunalite", "modalite"),
        (totals(("etp_1607", "ensemble", 0.6)), "agregat_derive", "indicateur"),
        (totals(("part_heures_totales", "RSA", 0.1), ("heures_realisees", "RSA", 90)), "agregat_derive", "indicateur"),
        (
            totals(
                ("part_beneficiaires_totales", "F", 0.5), ("beneficiaires", "F", 2), ("beneficiaires", "ensemble", 4)
            ),
            "agregat_derive",
            "indicateur",
        ),
        (totals(HOURS), "cle_double", "territoire"),
    ],
)
def test_a_total_that_cannot_count_is_refused_and_the_others_are_kept(extra: list, rule: str, column: str) -> None:
    send_totals([*totals(HOURS), *extra])
    kept, quality = imported()
    assert quality["regle"].tolist() == [rule]
    row = quality.iloc[0]
    assert row["colonne"] == column and "attendu" in row["message"]
    assert row["fichier"] == "exports/S1/2025/agregats.csv"
    assert len(kept) == len(extra), "the hours, and all but the one refused"


@pytest.mark.parametrize(
    ("column", "rules"),
    [
        ("territoire", ["agregat_territoire"]),
        ("indicateur", ["cle_absente", "code_inconnu"]),
        ("modalite", ["cle_absente", "code_inconnu"]),
        ("valeur", ["nombre_invalide"]),
        ("diffusion", ["code_inconnu"]),
    ],
)
def test_a_value_that_cannot_be_read_refuses_its_row_only(column: str, rules: list[str]) -> None:
    send_totals([*totals(HOURS), {**totals(("operations", "ensemble", 3))[0], column: "n'importe quoi"}])
    kept, quality = imported()
    assert sorted(quality["regle"]) == rules
    assert len(kept) == (2 if column == "diffusion" else 1)
    assert quality["enregistrement"].ne("").sum() == (0 if column == "diffusion" else 1)


def test_a_ratio_that_cannot_be_derived_is_kept() -> None:
    send_totals(
        totals(HOURS, ("part_heures", "RSA", 0.2), ("heures_realisees", "RSA", 90), ("part_heures_totales", "F", 0.1))
    )
    kept, quality = imported()
    assert quality.empty and len(kept) == 4


def test_without_the_hours_of_the_whole_territory_nothing_of_the_send_counts() -> None:
    send_totals(totals(HOURS, ("operations", "ensemble", 3), place="59"))
    kept, quality = imported()
    assert kept.empty and quality["regle"].tolist() == ["agregat_sans_heures"] * 2
    assert quality["enregistrement"].str.contains('"valeur"').all()
    assert quality["message"].str.endswith("heures_realisees, de modalité ensemble, de ce territoire (32).").all()


def test_a_place_without_hours_is_told_as_the_one_to_add() -> None:
    send_totals([*totals(HOURS), *totals(("operations", "ensemble", 3), place="59")])
    _, quality = imported()
    [said] = quality["message"]
    assert "colonne « territoire » : « 59 »" in said and said.endswith("de ce territoire (59).")


def test_what_was_refused_goes_back_to_its_sender_in_its_own_words() -> None:
    send_totals(totals(HOURS, ("heures_realisees", "RSA", 5000)))
    imported()
    inventory.build("essai")
    write_results("essai", "consolidation", {"personnes_a_revoir": conform(PERSONS_QUEUE, pd.DataFrame())})
    feedback.build("essai")
    sheet = CalamineWorkbook.from_path(feedback_dir("essai") / "S1.xlsx").get_sheet_by_name("À corriger").to_python()
    assert "2025/agregats.csv" in sheet[1] and "5000" in sheet[1]
    assert any("au plus la valeur de l'ensemble" in str(value) for value in sheet[1])
