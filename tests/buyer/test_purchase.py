from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from analysis.buyer import purchase
from analysis.buyer.programme import Planned, from_file
from analysis.buyer.purchase import OPTIONAL, REQUIRED, parse
from analysis.buyer.schedule import dated, publication
from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.numbers import french_date
from buyer.planned import GOOD

ERRORS = {
    "achat_identifiant": {"achat_id": "../A1"},
    "achat_objet": {"objet": " "},
    "achat_montant": {"montant_min": "0"},
    "achat_montant_max": {"montant_max": "1,5 M€"},
    "achat_montants_ordre": {"montant_max": "299 999,99"},
    "achat_duree": {"duree_mois": "0"},
    "achat_lieu": {"lieu": "Lille"},
    "achat_lieu_hors_region": {"lieu": "75056"},
    "achat_acheteur": {"acheteur_type": "MAIRIE"},
    "achat_acheteur_siret": {"acheteur_siret": "99999999900018", "acheteur_type": ""},
    "achat_date": {"date_notification": "courant 2027"},
    "achat_date_ancienne": {"date_notification": "2010-01-01"},
    "achat_lots": {"lots": "2,5"},
}
WARNINGS = {
    "achat_objet_court": {"objet": "Nettoyage"},
    "achat_cpv": {"cpv": "02000000"},
    "achat_montant_faible": {"montant_min": "300"},
    "achat_montant_eleve": {"montant_max": "100000000,01"},
    "achat_date_lointaine": {"date_notification": "2040-01-01"},
}


def test_a_good_purchase_is_typed_and_placed() -> None:
    _, found, faults = parse(GOOD)
    assert faults == [] and found is not None
    assert (found.cpv, found.montant_min, found.montant_max, found.duree_mois) == ("90910000", 3e5, 3e5, 48)
    assert (found.lieu, found.departement, found.epci_siren) == ("59350", "59", "200093201")
    assert (found.acheteur_type, found.date_notification, found.lots) == ("COMMUNE", dt.date(2027, 1, 15), 1)


def test_places_may_be_a_former_commune_an_epci_or_a_department() -> None:
    former = reference.table("territoire/anciens_codes").iloc[0]
    where = {code: parse(GOOD | {"lieu": code}).purchase for code in (former["ancien_code"], "200093201", "62")}
    old, epci, department = where.values()
    assert old is not None and epci is not None and department is not None
    assert (old.lieu, old.departement) == (former["code_insee"], former["code_insee"][:2])
    assert (epci.departement, epci.epci_siren) == ("59", "200093201")
    assert (department.departement, department.epci_siren) == ("62", None)


@pytest.mark.parametrize("rule", ERRORS)
def test_an_error_is_one_sentence_and_no_purchase(rule: str) -> None:
    _, found, faults = parse(GOOD | ERRORS[rule], fichier="achats.csv", ligne=7)
    assert found is None
    assert [(fault.regle, fault.gravite) for fault in faults] == [(rule, "erreur")]
    column = next(iter(ERRORS[rule]))
    assert faults[0].message.startswith(f"achats.csv, ligne 7, colonne « {column} » : ")
    assert "attendu : " in faults[0].message and "{" not in faults[0].message


@pytest.mark.parametrize("rule", WARNINGS)
def test_a_warning_keeps_the_purchase(rule: str) -> None:
    _, found, faults = parse(GOOD | WARNINGS[rule])
    assert found is not None and [(fault.regle, fault.gravite) for fault in faults] == [(rule, "avertissement")]
    assert faults[0].message.startswith("paramètres, colonne « ")


def test_every_rule_has_a_case_here() -> None:
    table = reference.table("acheteur/regles").set_index("regle")
    assert set(table.index) == {*ERRORS, *WARNINGS}
    assert (table.loc[list(ERRORS), "gravite"] == "erreur").all()
    assert (table.loc[list(WARNINGS), "gravite"] == "avertissement").all()
    assert table["source"].notna().all() and set(table["colonne"]) <= {*REQUIRED, *OPTIONAL, "acheteur_siret"}


@pytest.mark.parametrize(
    "amount", ["0", "0,00", "-5", "", "nan", "inf", "1e6", "12 000 €", "douze", "1000000000,01", "1" + 12 * "0"]
)
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    _, found, faults = parse(GOOD | {"montant_min": amount})
    assert found is None and [fault.regle for fault in faults] == ["achat_montant"]


@pytest.mark.parametrize(("most", "column"), [("", "montant_min"), ("200000000", "montant_max")])
def test_an_amount_that_is_too_high_is_told_in_the_column_that_holds_it(most: str, column: str) -> None:
    (fault,) = parse(GOOD | {"montant_min": "200000000", "montant_max": most}).faults
    assert (fault.colonne, fault.valeur) == (column, "200000000") and f"colonne « {column} »" in fault.message


def test_a_range_up_to_an_amount_that_no_contract_is_believed_to_have_is_refused() -> None:
    _, found, (fault,) = parse(GOOD | {"montant_max": "1" + 12 * "0"})
    assert found is None and fault.regle == "achat_montant_max" and "d'au plus un milliard" in fault.message


def test_amounts_at_the_borders_of_what_is_likely() -> None:
    told = [[f.regle for f in parse(GOOD | {"montant_min": amount}).faults] for amount in ("39 999,99", "40000")]
    assert told == [["achat_montant_faible"], []]


@pytest.mark.parametrize("code", ["80", "80021", "2A004", "97411"])
def test_only_the_region_is_inside(code: str) -> None:
    _, found, faults = parse(GOOD | {"lieu": code})
    inside = code.startswith("80")
    assert (found is not None) == inside
    assert [fault.regle for fault in faults] == ([] if inside else ["achat_lieu_hors_region"])


def test_dates_at_the_borders_of_the_thresholds() -> None:
    first, last = purchase.known_days()
    day = dt.timedelta(days=1)
    asked = [first - day, first, last, last + day]
    told = [[f.regle for f in parse(GOOD | {"date_notification": d.isoformat()}).faults] for d in asked]
    assert told == [["achat_date_ancienne"], [], [], ["achat_date_lointaine"]]
    days = [publication(parse(GOOD | {"date_notification": d.isoformat()})[1]).isoformat() for d in asked[1:]]
    opened, closed = (day.isoformat() for day in purchase.threshold_days())
    assert days[0] == opened and days[1] <= closed < days[2], "the law looks at the consultation"
    message = parse(GOOD | {"date_notification": (first - day).isoformat()}).faults[0].message
    assert french_date(purchase.threshold_days()[0]) in message
    _, found, faults = parse(GOOD | {"date_notification": "9999-12-31"})
    assert found is None and faults[0].message.endswith("jusqu'en 2099."), "no calendar goes on after it"


def test_all_the_faults_of_a_purchase_are_told_at_once() -> None:
    _, _, faults = parse({"objet": "Nettoyage", "cpv": "?", "montant_min": "0"})
    assert [fault.regle for fault in faults] == [
        "achat_objet_court", "achat_cpv", "achat_montant", "achat_duree", "achat_lieu", "achat_acheteur", "achat_date",
    ]  # fmt: skip
    assert "colonne « duree_mois » : vide ; attendu" in faults[3].message


def test_what_is_personal_is_not_repeated() -> None:
    _, _, faults = parse(GOOD | {"lieu": "jean.dupont@exemple.fr"})
    assert "jean.dupont" not in faults[0].message + faults[0].valeur


def test_one_bad_row_among_fifty_loses_no_other(tmp_path: Path) -> None:
    path = tmp_path / "achats.csv"
    rows = [GOOD | {"achat_id": f"A{n}"} for n in range(50)]
    rows[17] |= {"montant_min": "0", "lieu": "75056"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(GOOD))
        writer.writeheader()
        writer.writerows(rows)
    found = from_file(path)
    assert [one.achat_id for one in found.purchases] == [f"A{n}" for n in range(50) if n != 17]
    assert [said.split(" : ")[0] for said in found.remarks["message"]] == [
        "achats.csv, ligne 19, colonne « montant_min »", "achats.csv, ligne 19, colonne « lieu »",
    ]  # fmt: skip


def test_the_same_identifier_again_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "achats.csv"
    line = ";".join(GOOD.values())
    path.write_text("\n".join([";".join(GOOD), line, line]), encoding="cp1252")
    found = from_file(path)
    (message,) = found.remarks["message"]
    assert len(found.purchases) == 1
    assert message.startswith("achats.csv, ligne 3, colonne « achat_id » : « A1 » ; attendu")


def test_a_file_without_a_required_column_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "achats.csv"
    path.write_text("objet\nNettoyage des locaux\n")
    with pytest.raises(DataError, match="montant_min"):
        from_file(path)
    path.write_text(",".join(REQUIRED) + "\nNettoyage des locaux,90000,12,59350,commune,2027-01-15\n")
    found = from_file(path)
    (only,) = found.purchases
    assert found.remarks.empty and (only.achat_id, only.lots, only.cpv) == ("L2", 1, None)


ANNOUNCED = {
    "projet_id": "P1", "acheteur_siret": "215 903 505 00017", "acheteur_nom": "Lille", "objet": "Nettoyage des écoles",
    "cpv": "90910000", "montant": "400 000", "date_prevue": "04/09/2026", "lieu": "59350", "duree_mois": "48",
}  # fmt: skip


def announced(path: Path, *rows: dict[str, str]) -> Planned:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return from_file(path)


def test_purchases_as_buyers_announce_them_are_notified_after_their_notice(tmp_path: Path) -> None:
    found = announced(tmp_path / "projets_achat.csv", ANNOUNCED)
    (only,) = found.purchases
    assert (only.achat_id, only.montant_min, only.montant_max, only.acheteur_type) == ("P1", 4e5, 4e5, "COMMUNE")
    assert publication(only) == dt.date(2026, 9, 4) < only.date_notification
    assert found.remarks.empty and found.owners["acheteur_nom"].tolist() == ["Lille"]


@pytest.mark.parametrize("day", ["29/10/2025", "31/12/2025", "31/07/2025", "28/02/2026"])
def test_a_consultation_announced_at_the_end_of_a_month_keeps_its_day(day: str, tmp_path: Path) -> None:
    (only,) = announced(tmp_path / "projets_achat.csv", ANNOUNCED | {"date_prevue": day}).purchases
    said = dt.datetime.strptime(day, "%d/%m/%Y").date()
    step = dated(only).set_index("code").loc["PUBLICATION"]
    assert publication(only) == said == step["debut"].date()
    assert (step["fin"].date() - said).days >= 35


def test_what_is_wrong_with_an_announced_purchase_is_told_as_it_was_received(tmp_path: Path) -> None:
    wrong = {
        "montant": "0",
        "date_prevue": "31/02/2026",
        "acheteur_siret": "99999999900018",
        "projet_id": "P 2",
        "lieu": "75056",
    }
    rows = [ANNOUNCED | {"projet_id": f"P{n}", column: value} for n, (column, value) in enumerate(wrong.items(), 3)]
    old = ANNOUNCED | {"projet_id": "P9", "date_prevue": "04/09/1985"}
    found = announced(tmp_path / "projets_achat.csv", ANNOUNCED, *rows, old)
    assert [one.achat_id for one in found.purchases] == ["P1"]
    told = [
        f"projets_achat.csv, ligne {line}, colonne « {column} » : « {value} » ; attendu : "
        for line, (column, value) in enumerate([*wrong.items(), ("date_prevue", "04/09/1985")], 3)
    ]
    assert len(told) == len(found.remarks)
    assert all(said.startswith(start) for said, start in zip(found.remarks["message"], told, strict=True))
    assert "premier jour dont les seuils" in found.remarks["message"].iloc[-1]


def test_the_kind_of_a_buyer_may_be_added_to_what_it_announces(tmp_path: Path) -> None:
    unknown = ANNOUNCED | {"acheteur_siret": "99999999900018", "lots": "2"}
    found = announced(
        tmp_path / "a.csv", unknown | {"acheteur_type": "HOPITAL"}, ANNOUNCED | {"projet_id": "P2", "acheteur_type": ""}
    )
    assert [(one.acheteur_type, one.lots) for one in found.purchases] == [("HOPITAL", 2), ("COMMUNE", 1)]
