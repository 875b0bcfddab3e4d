"""Amounts, dates, durations, CPV, SIRET and lots: what is kept, what is null, what is told.

Cases are ingested together, one record each, and looked at one by one.
"""

from __future__ import annotations

import datetime as dt

import pytest

from decp_records import cases, contract, ingest, missing, same, write_2019, write_2022

AMOUNTS = [
    (61100, 61100.0, []),
    (155715.76, 155715.76, []),
    ("1 234,5", 1234.5, ["montant_faible"]),
    ("12\u202f000 €", 12000.0, ["montant_faible"]),
    (39999.99, 39999.99, ["montant_faible"]),
    (40000, 40000.0, []),
    (0, None, ["montant_invalide"]),
    (-5, None, ["montant_invalide"]),
    ("NC", None, ["montant_invalide"]),
    ("", None, ["montant_invalide"]),
    (1e17, None, ["montant_invalide"]),
    (999999999, None, ["montant_fictif"]),
    (12311111111, None, ["montant_fictif"]),
    (150000000, 150000000.0, ["montant_eleve"]),
]
DATES = [
    ("2019-03-01", dt.date(2019, 3, 1)),
    ("2019-03-01T10:00:00+01:00", dt.date(2019, 3, 1)),
    ("01/03/2019", dt.date(2019, 3, 1)),
    ("2010-01-01", dt.date(2010, 1, 1)),
    ("2026-01-02", dt.date(2026, 1, 2)),  # the day after the observation
    ("2026-01-03", None),
    ("0218-10-29", None),
    ("1899-12-31", None),
    ("2009-12-31", None),
    ("2089-01-01", None),
    ("2019-02-30", None),
    ("NC", None),
    ("", None),
]
UNDATED = {"dateNotification": None, "datePublicationDonnees": None}
YEARS = [
    ({}, 2019, "notification"),
    ({"dateNotification": None, "datePublicationDonnees": "2020-01-05"}, 2020, "publication"),
    ({**UNDATED, "id": "2018COs68fWklM00"}, 2018, "identifiant"),
    ({**UNDATED, "id": "2077XX00"}, None, "inconnu"),
    ({**UNDATED, "id": "A12"}, None, "inconnu"),
]
AFTER = {"dateNotification": "2026-03-10", "datePublicationDonnees": "2026-03-12", "id": "2026XX00"}
DURATIONS = [(12, 12), ("12.0", 12), ("1,5", 2), (360, 360), (361, None), (0, None), (-3, None), ("un an", None)]
CPV = [
    ("45442100", "45442100"),
    ("45442100-8", "45442100"),
    ("031210005", "03121000"),
    ("9310000", "09310000"),
    ("3451000-4", "03451000"),
    ("4543100-7", None),  # 04 is no division: the lost digit is not a zero in front
    ("74200000", None),  # a division of an older nomenclature
    ("45", None),
    ("NC", None),
]
SIRETS = [
    ("73282932000074", True),
    ("73282932000075", False),
    ("35600000000048", True),  # La Poste, whose head office follows the key
    ("35600000012346", True),  # an establishment of La Poste, whose digits sum to a multiple of 5
    ("35600000012342", False),
    ("12345", False),
    ("7328293200007A", False),
]
LOTS = [
    ("Construction - Lot n° 3 : peinture", "a00", 3),
    ("LOT 01GROS OEUVRE", "b00", 1),
    ("Lot no 9 ASCENSEUR", "c00", 9),
    ("Lot numéro 12", "d00", 12),
    ("Lot n\ufffd4", "e00", 4),
    ("Travaux (3 lots)", "f00", None),
    ("Conseil général du Lot (46)", "g00", None),
    ("Programme du lot 2019", "h00", None),
    ("Pilotage 12", "i00", None),
    ("Peinture", "2018FS015LOT700", 7),
    ("Peinture", "2018fs015lot400", 4),  # the last two digits of a 2019 identifier number the modification
    ("Peinture", "201800400", None),
]
OFFERS = [(3, 3), ("4", 4), ("NC", None), (-1, None), (None, None)]
GROUPS = {
    "amounts": [{"montant": case[0]} for case in AMOUNTS],
    "dates": [{"dateNotification": case[0]} for case in DATES],
    "years": [case[0] for case in YEARS],
    "durations": [{"dureeMois": case[0]} for case in DURATIONS],
    "cpv": [{"codeCPV": case[0]} for case in CPV],
    "sirets": [{"titulaires": [{"typeIdentifiant": "SIRET", "id": case[0]}]} for case in SIRETS],
    "lots": [{"objet": case[0], "id": case[1]} for case in LOTS],
    "offers": [{"offresRecues": case[0]} for case in OFFERS],
}
FIRST = {name: sum(len(GROUPS[other]) for other in list(GROUPS)[: list(GROUPS).index(name)]) for name in GROUPS}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    return ingest(folder, write_2019(folder / "a.json", *cases([case for group in GROUPS.values() for case in group])))


def numbered(name, rows):
    return [pytest.param(FIRST[name] + i, *row, id=f"{name}-{i}") for i, row in enumerate(rows)]


@pytest.mark.parametrize(("case", "received", "value", "rules"), numbered("amounts", AMOUNTS))
def test_amount(result, case, received, value, rules):
    row = result.case(case)
    assert same(row["montant"], value)
    assert same(row["montant_initial"], value)
    assert missing(row["montant_recu"]) == (received == "")
    assert result.rules(case) == rules


@pytest.mark.parametrize(("case", "received", "value"), numbered("dates", DATES))
def test_date_of_notification(result, case, received, value):
    row = result.case(case)
    assert same(row["dateNotification"], value)
    assert same(row["dateNotification_recue"], received or None)
    assert result.rules(case) == ([] if value else ["date_invalide"])


@pytest.mark.parametrize(("case", "changes", "year", "source"), numbered("years", YEARS))
def test_year_and_its_source(result, case, changes, year, source):
    assert result.case(case)["annee_source"] == source
    assert same(result.case(case)["annee"], year)


def test_an_identifier_of_a_year_that_is_not_observed_gives_none(tmp_path):
    late = ingest(
        tmp_path, write_2019(tmp_path / "a.json", contract(**AFTER)), observed_on=dt.date(2025, 12, 31)
    ).marches
    assert late["annee"].isna().all() and late["dateNotification"].isna().all()


@pytest.mark.parametrize(("case", "received", "value"), numbered("durations", DURATIONS))
def test_duration(result, case, received, value):
    assert same(result.case(case)["dureeMois"], value)
    assert same(result.case(case)["duree_initiale"], value)
    assert result.case(case)["dureeMois_recue"] == str(received)
    assert result.rules(case) == ([] if value else ["duree_invalide"])


@pytest.mark.parametrize(("case", "received", "value"), numbered("cpv", CPV))
def test_cpv(result, case, received, value):
    assert same(result.case(case)["codeCPV"], value)
    assert result.case(case)["codeCPV_recu"] == received
    assert result.rules(case) == ([] if value else ["cpv_invalide"])


@pytest.mark.parametrize(("case", "siret", "valid"), numbered("sirets", SIRETS))
def test_siret_of_a_holder(result, case, siret, valid):
    holder = result.titulaires.set_index("uid").loc[result.case(case)["uid"]]
    assert holder["titulaire_id"] == siret
    assert bool(holder["siret_valide"]) == valid
    assert result.rules(case) == ([] if valid else ["siret_titulaire"])


@pytest.mark.parametrize(("case", "objet", "identifier", "lot"), numbered("lots", LOTS))
def test_lot(result, case, objet, identifier, lot):
    assert same(result.case(case)["lot"], lot)


@pytest.mark.parametrize(("case", "received", "value"), numbered("offers", OFFERS))
def test_offers(result, case, received, value):
    assert same(result.case(case)["offresRecues"], value)


def test_identifiers_of_2022_and_of_other_kinds(tmp_path):
    buyer = {"id": "21590328700014", "nom": "X"}
    holder = {"titulaire": {"typeIdentifiant": "TVA", "id": "FR21483209383"}}
    record = contract(_type=None, id="2024-02-lot-12", acheteur=buyer, titulaires=[holder])
    found = ingest(tmp_path, write_2022(tmp_path / "a.json", record))
    assert found.row["lot"] == 12, "an identifier of 2022 has no modification number at its end"
    assert found.titulaires.iloc[0]["siret_valide"] is None, "another kind of identifier has no key"
    assert found.row["acheteur_id"] == buyer["id"]
    assert found.quality[["regle", "valeur"]].to_numpy().tolist() == [["siret_acheteur", buyer["id"]]]


def test_without_an_observation_date_the_last_publication_of_the_file_bounds_its_dates(tmp_path):
    a = contract(datePublicationDonnees="2019-06-01")
    b = contract(id="2", datePublicationDonnees="2019-04-01", dateNotification="2019-06-03")
    file = write_2019(tmp_path / "a.json", a, b)
    unpublished = contract(id="3", datePublicationDonnees=None, dateNotification="2024-01-01")
    other = write_2019(tmp_path / "b.json", unpublished)
    marches = ingest(tmp_path, file, other, observed_on=None).marches.set_index("id")
    assert missing(marches.loc["2", "dateNotification"])
    assert marches.loc["3", "dateNotification"] == dt.date(2024, 1, 1), "no bound of its own, none of another file"
