"""What is personal by its form: found by both engines, masked in records, and nothing else lost."""

from __future__ import annotations

import json

import duckdb
import pytest

from analysis.core.personal import MASKED, PERHAPS, looks_personal, public, without_traces

TRACES = [
    "marie.dupont@mairie.fr",
    "0612345678",
    "06 12 34 56 78",
    "06\u00a012\u00a034\u00a056\u00a078",
    "06\u202f12\u202f34\u202f56\u202f78",
    "+33 (0)6.12.34.56.78",
    "0612345678.0",
    "1850375123456",
    "1 85 03 2A 123 456 78",
    "1.85.03.75.123.456",
    "185 037 512 345 678",
]
NONE = ["21590350100017", "12500.50", "2019-03-01", "Lot n° 3", "45442100"]


@pytest.mark.parametrize("text", [*TRACES, *NONE])
def test_the_engine_of_the_contracts_sees_all_that_is_personal(text: str) -> None:
    for written in (text, f"tel:{text}.", f"Voirie, {text}, Lille", json.dumps({"objet": text})):
        [(seen,)] = duckdb.sql("SELECT regexp_matches($1, $2)", params=[written, PERHAPS]).fetchall()
        assert seen == (text in TRACES), written


def test_a_record_keeps_all_but_what_is_personal() -> None:
    record = {
        "id": "1850375123456",  # of a contract: public, though it looks like another number
        "objet": "Voirie, écrire à marie.dupont@mairie.fr; ou 06 12 34 56 78, lot 2",
        "acheteur": {"id": "213 503 501 00017"},
        "titulaires": [{"id": "BE 0403.091.220"}, {"id": "0612345678", "nom": ["SARL", "a@b.fr"]}],
        "montant": 50000.5,
        "nir": 1850375123456,
        "offres": None,
        "sousTraitance": False,
    }
    kept = json.loads(without_traces(json.dumps(record), public))
    assert kept == record | {
        "objet": f"Voirie, écrire à {MASKED}; ou {MASKED}, lot 2",
        "titulaires": [{"id": "BE 0403.091.220"}, {"id": MASKED, "nom": ["SARL", MASKED]}],
        "nir": MASKED,
    }
    assert json.loads(without_traces(json.dumps(record)))["objet"] == MASKED


def test_a_record_without_any_trace_is_as_it_was() -> None:
    for record in ('{"a": "\\u00e9", "b":1.50}', '{"a":1,"a":2}', "voirie;12;x", ""):
        assert without_traces(record) == record


def test_of_a_line_that_is_no_record_what_is_personal_is_masked_alone() -> None:
    assert without_traces('12,"voirie, a@b.fr",06 12 34 56 78;x') == f'12,"voirie, {MASKED}",{MASKED};x'


def test_numbers_of_contracts_are_no_ones_but_an_e_mail_is() -> None:
    assert not looks_personal("1850375123456", "uid") and looks_personal("1850375123456", "objet")
    assert looks_personal("a@b.fr", "uid")
