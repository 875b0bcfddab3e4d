"""Modifications in their order, and one record out of several of the same contract."""

from __future__ import annotations

import itertools
import json

import pytest

from decp_records import LAMBERSART, contract, ingest, same, write_2019, write_2022

A = {"typeIdentifiant": "SIRET", "id": "73282932000074", "denominationSociale": "A"}
B = {"typeIdentifiant": "SIRET", "id": "35600000000048", "denominationSociale": "B"}


def change(date=None, number=None, **values):
    given = {"id": number, "dateNotificationModification": date, "datePublicationDonneesModification": None, **values}
    return {name: value for name, value in given.items() if value is not None}


def test_the_last_modification_that_gives_a_value_wins(tmp_path):
    changes = [
        change("2020-03-01", montant=300),
        change("2020-01-01", montant=100, dureeMois=24, titulaires=[B]),
        change("2020-04-01", montant=0),  # not an amount: told, and the one before stands
        change("2020-02-01", montant=200),
    ]
    result = ingest(tmp_path, write_2019(tmp_path / "a.json", contract(modifications=changes)))
    row = result.row
    assert row[["montant", "montant_initial", "dureeMois", "n_modifications"]].tolist() == [300, 50000, 24, 4]
    assert (row["montant_recu"], row["dureeMois_recue"], row["duree_initiale"]) == ("50000", "12", 12)
    assert result.titulaires[["titulaire_nom", "depuis_modification"]].to_numpy().tolist() == [["B", 1]]
    assert result.modifications["montant_recu"].tolist() == ["100", "200", "300", "0"]
    assert result.quality[["regle", "colonne", "valeur"]].to_numpy().tolist() == [
        ["montant_invalide", "modifications.montant", "0"]
    ]


@pytest.mark.parametrize(
    "nobody", [[{}], {}, {"titulaire": {}}, [{"typeIdentifiant": "SIRET", "id": None}], [{"titulaire": {"id": " "}}]]
)
def test_a_modification_that_names_nobody_leaves_the_holders(tmp_path, nobody):
    changed = contract(titulaires=[A], modifications=[change("2020-01-01", titulaires=nobody)])
    result = ingest(tmp_path, write_2019(tmp_path / "a.json", changed))
    assert result.titulaires[["titulaire_nom", "depuis_modification"]].to_numpy().tolist() == [["A", 0]]
    assert result.row["n_titulaires"] == 1 and result.modifications["n_titulaires"].tolist() == [0]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_ties_of_dates_are_broken_by_number_then_content_whatever_the_order_received(order, tmp_path_factory):
    # The 24 orders are 24 contracts of one file: see `ties`.
    result = ties(tmp_path_factory)
    number = list(itertools.permutations(range(4))).index(order)
    uid = f"{LAMBERSART}tie-{number:02d}"
    reference = result.modifications[result.modifications["uid"] == f"{LAMBERSART}tie-00"]
    found = result.modifications[result.modifications["uid"] == uid]
    assert found["montant"].tolist() == reference["montant"].tolist()
    assert found["montant"].tolist()[0] == 9 and found["montant"].tolist()[3] == 1, "date, then number 1, 2, 10"


_TIES = []


def ties(factory):
    if not _TIES:
        changes = [
            change("2020-01-01", 10, montant=1),
            change("2020-01-01", 2, montant=2),
            change("2020-01-01", 2, montant=3),
            change("2019-12-31", 11, montant=9),
        ]
        folder = factory.mktemp("ties")
        records = [
            contract(_type=None, id=f"tie-{i:02d}", modifications=[{"modification": changes[k]} for k in order])
            for i, order in enumerate(itertools.permutations(range(4)))
        ]
        _TIES.append(ingest(folder, write_2022(folder / "a.json", *records)))
    return _TIES[0]


def test_a_modification_dated_by_its_publication_only(tmp_path):
    changes = [
        {"datePublicationDonneesModification": "2020-05-01", "montant": 2},
        {"datePublicationDonneesModification": "2020-04-01", "montant": 1},
    ]
    result = ingest(tmp_path, write_2019(tmp_path / "a.json", contract(modifications=changes)))
    assert result.modifications["montant"].tolist() == [1, 2]


def test_the_record_published_last_is_kept_and_the_others_whole_in_the_quality_table(tmp_path):
    old = contract(montant=1, datePublicationDonnees="2019-05-01", inconnu={"a": [1]})
    new = contract(montant=2, datePublicationDonnees="2019-07-01")
    result = ingest(
        tmp_path, write_2019(tmp_path / "b.json", old), write_2022(tmp_path / "a.json", {**new, "_type": None})
    )
    assert result.row["montant"] == 2
    [told] = result.breaches("decp_doublon").to_dict("records")
    assert (told["fichier"], told["ligne"], told["valeur"]) == ("b.json", 1, old["id"])
    assert json.loads(told["enregistrement"]) == old


def test_a_publication_in_the_future_does_not_win(tmp_path):
    absurd = contract(montant=1, datePublicationDonnees="2089-05-01")
    result = ingest(tmp_path, write_2019(tmp_path / "a.json", absurd, contract(montant=2)))
    assert result.row["montant"] == 2


def test_the_publication_of_a_modification_counts(tmp_path):
    modified = contract(
        modifications=[change("2020-01-01", montant=7, datePublicationDonneesModification="2020-02-01")]
    )
    later = contract(datePublicationDonnees="2019-12-01")
    result = ingest(tmp_path, write_2019(tmp_path / "a.json", later, modified))
    assert result.row["montant"] == 7


def test_ties_by_content_are_the_same_in_any_order_of_records_and_files(tmp_path):
    one, two = contract(montant=1), contract(montant=2)
    first = ingest(tmp_path, write_2019(tmp_path / "a.json", one, two)).row["montant"]
    second = ingest(tmp_path, write_2019(tmp_path / "a.json", two, one)).row["montant"]
    apart = [write_2019(tmp_path / "x.json", two), write_2019(tmp_path / "y.json", one)]
    assert {first, second} == {ingest(tmp_path, *apart).row["montant"]}
    assert {first, second} == {ingest(tmp_path, *reversed(apart)).row["montant"]}


def test_a_holder_named_twice_is_one_and_their_order_is_kept(tmp_path):
    result = ingest(tmp_path, write_2019(tmp_path / "a.json", contract(titulaires=[B, A, B])))
    assert result.titulaires[["rang", "titulaire_nom"]].to_numpy().tolist() == [[1, "B"], [2, "A"]]
    assert result.row["n_titulaires"] == 2


def test_contract_without_holder(tmp_path):
    result = ingest(tmp_path, write_2019(tmp_path / "a.json", contract(titulaires=[])))
    assert result.row["n_titulaires"] == 0
    assert result.titulaires.empty
    assert same(result.row["montant"], 50000)
