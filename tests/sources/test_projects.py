from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.params import load_params
from analysis.sources.projects import COLUMNS, TYPES, bounds, load_projects

GOOD = {
    "projet_id": "P1", "acheteur_siret": "21590350100017", "acheteur_nom": "Lille", "objet": "Nettoyage",
    "cpv": "90910000-9", "montant": "12 500,50", "date_prevue": "2026-03-01", "lieu": "59350", "duree_mois": "24",
}  # fmt: skip


def read(folder: Path, *rows: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    path = folder / "projets_achat.csv"
    pd.DataFrame([GOOD | row for row in rows], columns=COLUMNS).to_csv(path, index=False)
    return load_projects(path)


def test_the_file_is_optional(tmp_path: Path) -> None:
    projects, quality = load_projects(tmp_path / "projets_achat.csv")
    assert projects.empty and list(projects.columns) == list(TYPES) and quality.empty


def test_a_good_row_is_typed_and_placed(tmp_path: Path) -> None:
    projects, quality = read(tmp_path, {}, {"projet_id": "P2", "date_prevue": "15/04/2026", "lieu": "62"},
                             {"projet_id": "P3", "date_prevue": "2026-05", "lieu": ""})  # fmt: skip
    assert quality.empty
    first = projects.iloc[0]
    assert (first["acheteur_siren"], first["codeCPV"], first["montant"]) == ("215903501", "90910000", 12500.5)
    assert (first["departement"], first["epci_siren"], first["mois"]) == ("59", "200093201", 24.0)
    assert projects["date_prevue"].dt.strftime("%Y-%m-%d").tolist() == ["2026-03-01", "2026-04-15", "2026-05-01"]
    assert projects["departement"].tolist()[1] == "62" and projects["departement"].isna().tolist()[2]


def test_a_row_without_identifier_object_or_date_is_refused_and_kept_apart(tmp_path: Path) -> None:
    projects, quality = read(
        tmp_path, {}, {}, {"projet_id": "P2", "objet": ""}, {"projet_id": "P3", "date_prevue": "courant 2026"}
    )
    assert projects["projet_id"].tolist() == ["P1"]
    assert dict(zip(quality["regle"], quality["ligne"], strict=True)) == {
        "projet_identifiant": 3, "projet_objet": 4, "projet_date": 5,
    }  # fmt: skip
    assert quality["enregistrement"].str.contains("Nettoyage").tolist().count(True) == 2
    refused = quality.set_index("regle")["message"]["projet_date"]
    assert refused.startswith(
        "projets_achat.csv, ligne 5, colonne « date_prevue » : « courant 2026 » ; attendu : une date"
    )


def test_a_line_separator_inside_an_object_parts_no_row(tmp_path: Path) -> None:
    projects, quality = read(tmp_path, {"objet": "École\u2028lot 1", "cpv": "9091"}, {"projet_id": "P2", "objet": ""})
    assert projects["projet_id"].tolist() == ["P1"]
    refused = quality.set_index("regle")["enregistrement"]["projet_objet"]
    assert '"projet_id":"P2"' in refused


def test_what_became_of_the_rows_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    read(tmp_path, {}, {}, {"projet_id": "P2", "objet": ""}, {"projet_id": "P3", "cpv": "9091", "montant": "?"})
    said = "projets_achat.csv : lignes reçues : 4, gardées : 2, refusées : 2 ; valeurs signalées : 2\n"
    assert capfd.readouterr().err == said


def test_other_bad_values_are_emptied_and_told(tmp_path: Path) -> None:
    projects, quality = read(
        tmp_path, {"acheteur_siret": "21590350100018", "cpv": "9091", "montant": "à définir", "lieu": "France",
                   "duree_mois": "0"}
    )  # fmt: skip
    assert sorted(quality["regle"]) == ["projet_cpv", "projet_duree", "projet_lieu", "projet_montant", "projet_siret"]
    row = projects.iloc[0]
    assert row[["acheteur_siren", "codeCPV", "montant", "departement", "epci_siren", "mois"]].isna().all()
    assert set(quality["gravite"]) == {"avertissement"}


@pytest.mark.parametrize("amount", ["12.500", "12,500", "1.200.000"])
def test_an_amount_that_may_be_thousands_is_not_guessed(tmp_path: Path, amount: str) -> None:
    projects, quality = read(tmp_path, {"montant": amount})
    assert projects["montant"].isna().all() and quality["regle"].tolist() == ["projet_montant"]


def test_a_file_without_a_column_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "projets_achat.csv"
    path.write_text("projet_id,objet\nP1,Nettoyage\n")
    with pytest.raises(DataError, match="acheteur_siret"):
        load_projects(path)


def test_an_amount_that_no_contract_is_believed_to_have_is_set_aside(tmp_path: Path) -> None:
    projects, quality = read(tmp_path, {"montant": "1000000000000"})
    assert projects["montant"].isna().all() and quality["regle"].tolist() == ["projet_montant"]
    projects, quality = read(tmp_path, {"montant": "1000000000"})
    assert projects["montant"].tolist() == [1e9] and quality.empty


def test_the_bounds_are_those_that_the_rules_say_and_those_of_contracts() -> None:
    said = reference.table("regles").set_index("regle")["attendu"]
    assert said["projet_duree"] == f"un nombre de mois de 1 à {bounds().mois_max}"
    typed = reference.table("acheteur/regles").set_index("regle")["attendu"]
    for amount in (said["projet_montant"], typed["achat_montant"], typed["achat_montant_max"]):
        assert "d'au plus un milliard," in amount
    decp = load_params().decp
    assert (bounds().montant_max, bounds().mois_max) == (decp.max_amount, decp.max_months) == (10**9, 360)
