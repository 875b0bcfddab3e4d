"""Place to intercommunalité: each method, and the readings of a code that real files made us tell apart."""

from __future__ import annotations

import pytest

from analysis.core import reference
from decp_records import LAMBERSART, MEL, cases, ingest, same, write_2019

LYON = "21690123100011"
DEPARTMENT = "22590001800018"
MAUBEUGE_EPCI = "200043396"


def place(code, kind=None, name=None):
    return {"code": code, "typeCode": kind, "nom": name}


FORMER = reference.table("territoire/anciens_codes").iloc[0]
CURRENT = reference.communes().set_index("code_insee").loc[FORMER["code_insee"]]
SENLIS = reference.communes().set_index("code_insee").loc["60612"]
PLACES = [
    (place("59350", "Code commune"), LYON, "commune", MEL, "59"),
    (place("59130", "Code postal"), LYON, "code_postal", MEL, "59"),
    (place("59130", "CODE POSTAL"), LYON, "code_postal", MEL, "59"),
    (place("59130"), LYON, "code_postal", MEL, "59"),
    # 02000 has lost its zero in a spreadsheet
    (place("2000", "Code postal", "Laon"), LYON, "code_postal_nom", "200043495", "02"),
    # a postcode of several intercommunalités
    (place("60300", "Code postal"), LYON, "code_postal_ambigu", None, "60"),
    (place("60300", "Code postal", "Ville de SENLIS"), LYON, "code_postal_nom", "200066975", "60"),
    # typed as a commune, but the place names a commune of the postcode
    (place("62220", "Code commune", "* Ville de Carvin *"), LYON, "code_postal", "246200299", "62"),
    # a Cedex is not the commune that has its number
    (place("62105", "Code postal", "PORT DE CALAIS"), LYON, "departement", None, "62"),
    (place("59066", "Code postal", "59066 ROUBAIX"), LAMBERSART, "commune_acheteur", MEL, "59"),
    # too wide, missing or unknown: the buyer's territory if it lies there
    (place("59", "Code département"), LAMBERSART, "commune_acheteur", MEL, "59"),
    (place("59000", "Code département"), LAMBERSART, "commune_acheteur", MEL, "59"),
    (place("62", "Code département"), LAMBERSART, "departement", None, "62"),
    (place("059", "Code département"), DEPARTMENT, "departement", None, "59"),
    (place("595", "Code arrondissement"), DEPARTMENT, "departement", None, "59"),
    (place("5901", "Code canton"), DEPARTMENT, "departement", None, "59"),
    (place("", ""), LAMBERSART, "commune_acheteur", MEL, "59"),
    (None, LAMBERSART, "commune_acheteur", MEL, "59"),
    (None, MAUBEUGE_EPCI + "00012", "commune_acheteur", MAUBEUGE_EPCI, "59"),
    (place("FR", "Code pays"), LAMBERSART, "commune_acheteur", MEL, "59"),
    (place("FR", "Code pays"), LYON, "inconnu", None, None),
    (None, LYON, "inconnu", None, None),
    # regions, old ones too
    (place("32", "Code région"), LYON, "region", None, None),
    (place("31", "Code région"), LYON, "region", None, None),
    (place("84", "Code région"), LAMBERSART, "hors_region", None, None),
    # outside
    (place("69001", "Code postal"), LAMBERSART, "hors_region", None, "69"),
    (place("974", "Code département"), LYON, "hors_region", None, "974"),
    (place("97439", "Code commune"), LYON, "hors_region", None, "974"),
    (place("20090", "Code postal"), LYON, "hors_region", None, "2A"),
    (place("2B033", "Code commune"), LYON, "hors_region", None, "2B"),
    (place("BEL", "Code pays"), LYON, "hors_region", None, None),
    # a commune merged since
    (place(FORMER["ancien_code"], "Code commune"), LYON, "commune", CURRENT["epci_siren"], CURRENT["departement"]),
    (place("60300", "Code postal"), SENLIS["siren"] + "00017", "code_postal_acheteur", SENLIS["epci_siren"], "60"),
]
TOLD = [(place("59999", "Code postal"), True), (place("XYZ"), True), (place(""), True), (None, True)]
TOLD += [(place("59130"), False), (place("69001"), False), (place("59"), False), (place("FR", "Code pays"), False)]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    changes = [{"lieuExecution": lieu, "acheteur": {"id": buyer}} for lieu, buyer, *_ in PLACES]
    changes += [{"lieuExecution": lieu, "acheteur": {"id": LYON}} for lieu, _ in TOLD]
    return ingest(folder, write_2019(folder / "a.json", *cases(changes)))


@pytest.mark.parametrize(("case", "expected"), list(enumerate(PLACES)))
def test_place(result, case, expected):
    lieu, _, method, epci, department = expected
    row = result.case(case)
    assert row["epci_methode"] == method
    assert same(row["epci_siren"], epci)
    assert same(row["departement"], department)
    assert same(row["lieu_code_recu"], lieu["code"] or None if lieu else None)


def test_the_code_of_a_merged_commune_is_the_current_one(result):
    row = result.marches[result.marches["lieu_code_recu"] == FORMER["ancien_code"]].iloc[0]
    assert row["lieu_code"] == FORMER["code_insee"]


@pytest.mark.parametrize(("case", "expected"), list(enumerate(TOLD, start=len(PLACES))))
def test_only_a_place_that_no_reference_knows_is_told(result, case, expected):
    assert ("lieu_inconnu" in result.rules(case)) == expected[1]


def test_every_method_is_in_the_codelist_and_tested(result):
    assert set(reference.labels("epci_methodes")) == set(result.marches["epci_methode"])
