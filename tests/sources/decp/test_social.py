"""The social field in the shapes it is found in, read into distinct states."""

from __future__ import annotations

import pytest

from analysis.core import reference
from decp_records import cases, ingest, same, write_2022

CLAUSE, CRITERE, RESERVE, AUCUNE = (
    "Clause sociale",
    "Critère social",
    "Marché réservé",
    "Pas de considération sociale",
)
RECEIVED = [
    ({"considerationSociale": [CLAUSE]}, "clause"),
    ({"considerationSociale": [CRITERE]}, "critere"),
    ({"considerationSociale": [CLAUSE, CRITERE]}, "critere_et_clause"),
    ({"considerationSociale": [RESERVE]}, "reserve"),
    ({"considerationSociale": [CLAUSE, RESERVE]}, "reserve"),
    ({"considerationSociale": [AUCUNE]}, "aucune"),
    ({"considerationSociale": [AUCUNE, CLAUSE]}, "contradictoire"),
    ({"considerationSociale": CLAUSE}, "clause"),
    ({"considerationSociale": []}, "non_renseigne"),
    ({}, "non_renseigne"),
    ([CLAUSE, CRITERE], "critere_et_clause"),
    ("Clause sociale, Critère social", "critere_et_clause"),
    ("CLAUSE SOCIALE", "clause"),
    ("Critere social", "critere"),
    ("Sans objet", "aucune"),
    ("NC", "non_renseigne"),
    ("MQ", "non_renseigne"),
    ("CDL", "non_renseigne"),
    ("INX Clause", "non_renseigne"),
    (["NC", CLAUSE], "clause"),
    ("", "non_renseigne"),
    (None, "non_renseigne"),
    ("absent", "non_renseigne"),
    ("Clause de revoyure", "non_renseigne"),
]
UNKNOWN = len(RECEIVED) - 1


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("social")
    records = cases([{"_type": None} for _ in RECEIVED])
    for record, (received, _) in zip(records, RECEIVED, strict=True):
        if received != "absent":
            record["considerationsSociales"] = received
    return ingest(folder, write_2022(folder / "a.json", *records))


@pytest.mark.parametrize(("case", "expected"), list(enumerate(RECEIVED)))
def test_state(result, case, expected):
    _, state = expected
    assert result.case(case)["statut_social"] == state
    told = {"contradictoire": ["statut_contradictoire"]}.get(state, [])
    assert result.rules(case) == (["statut_inconnu"] if case == UNKNOWN else told)


def test_received_words_are_kept(result):
    case = RECEIVED.index(({"considerationSociale": [AUCUNE, CLAUSE]}, "contradictoire"))
    assert result.case(case)["statut_social_recu"] == "Pas de considération sociale, Clause sociale"
    assert same(result.case(RECEIVED.index(("absent", "non_renseigne")))["statut_social_recu"], None)


def test_every_state_is_tested():
    assert {state for _, state in RECEIVED} == set(reference.labels("statuts_sociaux"))


def test_every_variant_leads_to_a_state_that_exists():
    variants = reference.table("decp/variantes")
    social = variants[variants["champ"] == "consideration_sociale"]
    assert set(social["code"]) <= set(reference.labels("statuts_sociaux"))
    assert {"null", "none"} <= set(social["variante"]), "words of their own, not empty cells"
