"""What the observatory has published: read as it is, refused with one sentence that says what is expected."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.core.errors import DataError
from analysis.sources.publications import COLUMNS, load_publications
from consolidation.world import dataset

GOOD = {
    "publication": "Bilan 2025", "date_publication": "2026-01-26", "edition": "2025", "territoire": "32",
    "indicateur": "heures_realisees", "modalite": "ensemble", "valeur": "1302553", "decimales": "0", "note": "",
}  # fmt: skip


def written(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "publications.csv"
    pd.DataFrame([{**GOOD, **row} for row in rows], columns=COLUMNS).to_csv(path, index=False)
    return path


def test_without_a_file_or_without_a_row_there_is_no_release(tmp_path: Path) -> None:
    assert load_publications(tmp_path / "publications.csv", dataset(2025)).empty
    rows = load_publications(written(tmp_path), dataset(2025))
    assert rows.empty and list(rows.columns) == COLUMNS


def test_a_file_saved_by_a_french_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "publications.csv"
    row = "Bilan révisé;26/01/2026;2025;59;part_heures;;0,474;3;\n"
    hours = "Bilan révisé;26/01/2026;2025;59;heures_realisees;F;1 302 553,5;1;deux temps\n"
    path.write_bytes((";".join(COLUMNS) + "\n" + row + hours).encode("cp1252"))
    rows = load_publications(path, dataset(2025))
    assert rows["publication"].tolist() == ["Bilan révisé"] * 2
    assert rows["date_publication"].tolist() == [pd.Timestamp("2026-01-26")] * 2
    assert rows["valeur"].tolist() == [0.474, 1302553.5]
    assert rows["modalite"].tolist() == ["ensemble", "F"] and rows["note"].tolist() == ["", "deux temps"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"publication": " "}, "colonne « publication » : vide ; attendu : le nom de la publication."),
        ({"date_publication": "31/02/2026"}, "« 31/02/2026 » ; attendu : une date, 2026-01-26 ou 26/01/2026."),
        ({"edition": "2031"}, "« 2031 » ; attendu : une édition du jeu de données, 2024, 2025."),
        ({"territoire": "75"}, "« 75 » ; attendu : un code de l'édition 2025 (32, 59, 80 ou un SIREN d'EPCI)."),
        ({"indicateur": "heures"}, "colonne « indicateur » : « heures » ; attendu : heures_realisees, beneficiaires"),
        ({"modalite": "jeunes"}, "colonne « modalite » : « jeunes » ; attendu : ensemble, RSA, QPV, JEUNE"),
        ({"valeur": "1.302.553"}, "« 1.302.553 » ; attendu : un nombre positif ou nul"),
        ({"valeur": "12.000"}, "« 12.000 » ; attendu : un nombre qui ne se lit que d'une façon, 12500 ou 12,5."),
        ({"valeur": "-3"}, "« -3 » ; attendu : un nombre positif ou nul"),
        ({"valeur": "NaN"}, "« NaN » ; attendu : un nombre positif ou nul"),
        (
            {"indicateur": "part_heures", "valeur": "41.2", "decimales": "1"},
            "colonne « valeur » : « 41.2 » ; attendu : au plus 1 (une part s'écrit 0,474 pour 47,4 %).",
        ),
        ({"indicateur": "taux_realisation", "valeur": "85"}, "« 85 » ; attendu : au plus 10 (une part s'écrit"),
        ({"decimales": "zéro"}, "« zéro » ; attendu : le nombre de décimales de la valeur, de 0 à 6."),
        ({"valeur": "0.474"}, "colonne « decimales » : « 0 » ; attendu : autant de décimales que la valeur 0.474."),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_value_that_is_not_read_or_known_is_one_sentence(tmp_path: Path, row: dict[str, str], sentence: str) -> None:
    path = written(tmp_path, {"indicateur": "operations"}, row)
    with pytest.raises(DataError) as error:
        load_publications(path, dataset(2024, 2025))
    assert str(error.value).startswith("publications.csv, ligne 3, colonne")
    assert sentence in str(error.value)


def test_three_decimals_that_are_announced_are_decimals(tmp_path: Path) -> None:
    path = written(tmp_path, {"indicateur": "taux_realisation", "valeur": "1,234", "decimales": "3"})
    assert load_publications(path, dataset(2025))["valeur"].tolist() == [1.234]


def test_an_epci_of_the_edition_is_a_territory(tmp_path: Path) -> None:
    path = written(tmp_path, {"territoire": "200093201"})
    assert load_publications(path, dataset(2025))["territoire"].tolist() == ["200093201"]


def test_a_release_has_one_date_and_gives_a_figure_once(tmp_path: Path) -> None:
    later = {"date_publication": "2026-12-15", "valeur": "1400000"}
    with pytest.raises(DataError, match="« 15/12/2026 » ; attendu : la date de cette publication, 26/01/2026"):
        load_publications(written(tmp_path, {}, later), dataset(2025))
    with pytest.raises(DataError, match="ligne 3 : même chiffre, même date que la ligne 2"):
        load_publications(written(tmp_path, {}, {"publication": "Autre"}), dataset(2025))
    rows = load_publications(written(tmp_path, {}, {**later, "publication": "Révisé"}), dataset(2025))
    assert rows["valeur"].tolist() == [1302553, 1400000]


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "publications.csv"
    path.write_text("publication,edition\n")
    with pytest.raises(DataError, match="colonne « date_publication » absente"):
        load_publications(path, dataset(2025))
