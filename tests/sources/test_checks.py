"""Rules that need several tables or years: each is raised where it must be, and changes no clean table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from analysis.core.files import read_table
from analysis.core.paths import clean_dir, quality_dir, raw_dir
from analysis.core.quality_log import rules
from analysis.sources import exports
from sending import TABLES, changed, send, write_two_editions


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    """A dataset of two editions, 2024 and 2025."""
    return write_two_editions()


def quality() -> pd.DataFrame:
    exports.build("essai")
    return read_table(quality_dir("essai") / "exports.parquet")


def raised(rule: str) -> pd.DataFrame:
    """The rows of one rule, which refuse nothing."""
    rows = quality()
    mine = rows[rows["regle"] == rule]
    assert mine["enregistrement"].fillna("").eq("").all(), "a warning refuses no row"
    assert set(mine["gravite"]) <= {rules().loc[rule, "gravite"]}
    return mine


def one(rule: str) -> pd.Series:
    rows = raised(rule)
    assert len(rows) == 1, rows.to_csv()
    return rows.iloc[0]


def hours(*amounts: str, contract: str = "C1") -> list[dict[str, str]]:
    return [{"ctr_id": contract, "mois": f"2025-{n:02d}", "heures": h} for n, h in enumerate(amounts, start=2)]


def two_contracts(first: str, second: str) -> dict[str, list[dict[str, str]]]:
    """One person, two contracts with hours in the same month."""
    contracts = [TABLES["contrats"][0], {**TABLES["contrats"][0], "ctr_id": "C2"}]
    return {"contrats": contracts, "heures": [*hours(first), *hours(second, contract="C2")]}


def test_the_month_of_a_person_over_all_contracts_is_flagged_and_nothing_is_lost() -> None:
    send(two_contracts("150", "100"))
    row = one("heures_personne")
    assert (row["fichier"], row["ligne"], row["valeur"]) == ("exports/S1/2025/heures.csv", 2, "250.0")
    assert read_table(clean_dir("essai", "exports") / "heures.parquet")["heures"].sum() == 250


def test_two_contracts_up_to_the_limit_pass() -> None:
    send(two_contracts("120", "100"))
    assert raised("heures_personne").empty


@pytest.mark.parametrize(("later", "flagged"), [("B1", []), ("B2", ["C1", "C1"])])
def test_an_identifier_that_two_persons_have_is_flagged(later: str, flagged: list[str]) -> None:
    contract, person = TABLES["contrats"][0], TABLES["beneficiaires"][0]
    other = person if later == "B1" else person | {"nom": "Autre", "date_naissance": "01/01/1990"}
    send(year="2024")
    send({"contrats": [contract | {"ben_ref": later}], "beneficiaires": [other | {"ben_ref": later}]})
    assert raised("contrat_deux_personnes")["valeur"].str.removeprefix("S1:").tolist() == flagged


def test_what_two_structures_both_entered_is_not_summed() -> None:
    send({"heures": hours("150")})
    send({"heures": hours("150")}, structure="S2")
    assert raised("heures_personne").empty


@pytest.mark.parametrize(
    ("dates", "column"),
    [
        ({"date_debut": "01/11/2024"}, "date_debut"),
        ({"date_fin": "02/03/2026"}, "date_fin"),
    ],
)
def test_a_contract_far_outside_its_operation_is_flagged(dates: dict[str, str], column: str) -> None:
    send(changed("contrats", **dates))
    row = one("contrat_hors_operation")
    assert row["colonne"] == column
    assert row["valeur"] == "-".join(reversed(dates[column].split("/")))


def test_sixty_days_outside_an_operation_pass() -> None:
    send(changed("contrats", date_debut="02/11/2024", date_fin="01/03/2026"))
    assert raised("contrat_hors_operation").empty


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (changed("operations", date_debut="30/12/1899"), "date_debut"),
        (changed("operations", date_debut="01/01/2026"), "date_debut"),
        (changed("contrats", date_fin="01/02/2009"), "date_fin"),
        ({"sorties": [{"ctr_id": "C1", "horizon_m": "6", "date_sortie": "01/04/1925"}]}, "date_sortie"),
    ],
)
def test_dates_of_another_age_are_flagged(change: dict, column: str) -> None:
    send(change)
    assert one("date_improbable")["colonne"] == column


def test_hours_of_a_year_above_those_since_the_origin_are_flagged() -> None:
    send(changed("operations", heures_realisees_origine="150,74"))
    row = one("heures_origine")
    assert row["colonne"] == "heures_realisees_origine"
    assert row["valeur"] == "150,74 h depuis l'origine, 150,75 h dans l'année"


def test_hours_of_a_year_equal_to_those_since_the_origin_pass() -> None:
    send(changed("operations", heures_realisees_origine="150,75"))
    assert raised("heures_origine").empty


@pytest.mark.parametrize(
    ("planned", "rule"),
    [("50", "realisation_elevee"), ("50,25", None), ("753,75", None), ("755", "realisation_faible")],
)
def test_the_realisation_rate_of_a_closed_operation(planned: str, rule: str | None) -> None:
    send(changed("operations", heures_prevues=planned))
    found = quality()
    assert found["regle"].tolist() == ([rule] if rule else [])
    if rule:
        assert found["valeur"].iloc[0] == f"150,75 h réalisées, {planned} h prévues"


@pytest.mark.parametrize(
    "change",
    [
        {"date_fin": "01/01/2026"},  # not closed
        {"date_debut": "01/01/2024"},  # 2024 was not sent: the sum is not whole
        {"date_fin": ""},
    ],
)
def test_a_low_rate_is_not_judged_before_all_is_known(change: dict[str, str]) -> None:
    send(changed("operations", heures_prevues="5000", **change))
    assert raised("realisation_faible").empty


def test_the_rate_sums_the_years_of_an_operation_and_names_the_last_send() -> None:
    older = changed("operations", date_debut="01/01/2024", heures_prevues="90")
    first = [{"ctr_id": "C1", "mois": "2024-06", "heures": "150"}]
    contract = changed("contrats", date_debut="01/06/2024")
    send({**older, **contract, "heures": first}, year="2024")
    assert raised("realisation_elevee").empty
    send({**older, **contract})
    row = one("realisation_elevee")
    assert row["fichier"] == "exports/S1/2025/operations.csv"
    assert row["valeur"] == "300,75 h réalisées, 90 h prévues"


def test_the_rate_follows_the_hours_since_the_origin_where_they_are_sent() -> None:
    send(changed("operations", date_debut="01/01/2021", heures_prevues="2000", heures_realisees_origine="399"))
    assert one("realisation_faible")["valeur"] == "399 h réalisées, 2000 h prévues"


def statuses(*values: str) -> dict[str, list[dict[str, str]]]:
    """A send of as many contracts, all their statuses known but the one of `values`."""
    known = dict.fromkeys(("rsa", "qpv", "deld", "detld", "th", "sans_diplome"), "non")
    contracts = [
        {**TABLES["contrats"][0], **known, "ctr_id": f"C{n}", "th": value} for n, value in enumerate(values, start=1)
    ]
    return {"contrats": contracts}


def test_a_status_unknown_for_more_than_a_tenth_of_a_send_is_flagged_for_the_send() -> None:
    send(statuses(*["non"] * 9, "inconnu", ""))
    row = one("statut_inconnu_export")
    assert (row["fichier"], row["colonne"]) == ("exports/S1/2025/contrats.csv", "th")
    assert pd.isna(row["ligne"])
    assert row["valeur"] == "inconnue pour 2 contrats sur 11"


@pytest.mark.parametrize("values", [["non"] * 9 + ["inconnu"], ["inconnu"] * 9])
def test_a_tenth_or_too_few_contracts_pass(values: list[str]) -> None:
    send(statuses(*values))
    assert raised("statut_inconnu_export").empty


def test_other_structures_than_last_year_are_said_once() -> None:
    year_before = {"heures": [{"ctr_id": "C1", "mois": "2024-06", "heures": "100"}], **changed(
        "operations", date_debut="01/01/2024"), **changed("contrats", date_debut="01/06/2024")}  # fmt: skip
    send(year_before, year="2024")
    send()
    assert raised("structures_panel").empty
    send(structure="S2")
    row = one("structures_panel")
    assert row["fichier"] == "exports"
    assert row["valeur"] == "structures en 2025 : 2, en 2024 : 1 (nouvelles : 1, absentes : 0)"


@pytest.mark.parametrize(
    ("form", "kind", "flagged"),
    [
        ("APPRENTISSAGE", "ETT", 1),
        ("PROFESSIONNALISATION", "ETT", 1),
        ("INTERIM", "ETT", 0),
        ("APPRENTISSAGE", "EI", 0),
    ],
)
def test_training_in_classical_temporary_work_is_flagged(form: str, kind: str, flagged: int) -> None:
    send(changed("contrats", contrat_type=form, employeur_kind=kind))
    assert len(raised("alternance_interim")) == flagged


def test_one_person_of_two_sexes_is_flagged() -> None:
    send()
    send(changed("beneficiaires", sexe="M"), structure="S2")
    assert raised("personne_sexe")["valeur"].tolist() == ["F", "M"]


def test_one_reference_of_two_birth_years_is_flagged_without_the_dates(dataset: Path) -> None:
    nameless = changed("beneficiaires", nom="")
    send({**nameless, **changed("operations", date_debut="01/01/2024"), **changed("contrats", date_debut="01/06/2024"),
          "heures": [{"ctr_id": "C1", "mois": "2024-06", "heures": "100"}]}, year="2024")  # fmt: skip
    send(changed("beneficiaires", nom="", date_naissance="05/03/1987"))
    rows = raised("personne_naissance")
    assert rows["fichier"].tolist() == [f"exports/S1/{year}/beneficiaires.csv" for year in (2024, 2025)]
    assert set(rows["valeur"]) == {"valeur masquée"}
    assert "1987" not in quality().to_csv() and "05/03/2001" not in quality().to_csv()


def test_the_column_of_hours_since_the_origin_may_be_absent() -> None:
    send()
    place = raw_dir("essai") / "mappings" / "essai.yaml"
    settings = yaml.safe_load(place.read_text())
    del settings["tables"]["operations"]["colonnes"]["heures_realisees_origine"]
    place.write_text(yaml.safe_dump(settings))
    assert quality().empty
    operations = read_table(clean_dir("essai", "exports") / "operations.parquet")
    assert operations["heures_realisees_origine"].isna().all()
