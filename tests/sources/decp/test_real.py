"""The real files of 2018-2019 and 2024, held against what is known of them."""

from __future__ import annotations

import json

import pytest

from decp_records import ingest

REGION = ("02", "59", "60", "62", "80")
MPI, AIFE, TABULAR = (
    "marches-publics.info_2018-2019.json",
    "aife_2018-2019.json",
    "tabular_2024H2_works_cpv4521.csv",
)

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    from checkout import SHARED

    if not SHARED.is_dir():
        pytest.skip("the real data (../shared) is not beside this checkout")
    folder = tmp_path_factory.mktemp("real")
    return ingest(folder, *(SHARED / "data" / "decp" / name for name in (MPI, AIFE, TABULAR)))


def refused(result, name):
    rows = result.quality[(result.quality["fichier"] == name) & (result.quality["enregistrement"] != "")]
    return [json.loads(text) for text in rows["enregistrement"]]


@pytest.mark.parametrize(("name", "received"), [(MPI, 4509), (AIFE, 4530)])
def test_every_record_is_kept_or_refused_whole(result, name, received):
    kept = (result.marches["source_fichier"] == name).sum()
    assert kept + len(refused(result, name)) == received


def test_tabular_contracts(result):
    rows = result.marches[result.marches["format"] == "tabulaire"]
    assert len(rows) == 5180
    assert rows["departement"].isin(REGION).sum() == 282
    kept = len(result.titulaires[result.titulaires["uid"].isin(rows["uid"])])
    assert 5180 <= kept < 8957


def test_missing_dates_and_concessions(result):
    rows = result.marches[result.marches["source_fichier"] == AIFE]
    missing = rows["dateNotification_recue"].isna().sum()
    assert missing + sum("dateNotification" not in record for record in refused(result, AIFE)) == 2533
    concessions = result.breaches("decp_concession")["fichier"].value_counts()
    assert concessions.to_dict() == {AIFE: 22, MPI: 10}


def test_absurd_dates_and_amounts_of_the_first_file(result):
    rows = result.marches[result.marches["source_fichier"] == MPI].set_index("uid")
    absurd = rows[rows["dateNotification_recue"].str.startswith("0218")]
    assert len(absurd) == 2
    assert absurd["dateNotification"].isna().all()
    assert (absurd["annee_source"] == "publication").all()
    assert result.breaches("montant_fictif")["valeur"].tolist() == ["999999999"]


@pytest.mark.parametrize(("name", "known"), [(MPI, 422), (AIFE, 405)])
def test_contracts_executed_in_the_region(result, name, known):
    """The known counts are of records, ours of contracts: close, not equal."""
    rows = result.marches[result.marches["source_fichier"] == name]
    assert abs(rows["departement"].isin(REGION).sum() - known) <= 10


def test_places_of_the_region_lie_in_it(result):
    from analysis.core import reference

    placed = result.marches[result.marches["epci_siren"].notna()]
    assert set(placed["epci_siren"]) <= set(reference.epci()["epci_siren"])
    assert placed["departement"].isin(REGION).all()
    roubaix = result.marches[result.marches["lieu_nom"].fillna("").str.contains("59066 ROUBAIX")]
    # A Cedex is not the commune that has its number.
    assert set(roubaix["epci_siren"].dropna()) == {"200093201"}
    calais = result.marches[result.marches["lieu_code_recu"] == "62105"]
    assert calais["epci_siren"].isna().all()


def test_codes_of_seven_digits_are_completed_where_they_can_be(result):
    seven = result.marches[result.marches["codeCPV_recu"].fillna("").str.fullmatch(r"\d{7}")]
    completed = seven[seven["codeCPV"].notna()]
    assert len(completed) > 70
    assert completed["codeCPV"].str[:2].isin(["03", "09"]).all()
