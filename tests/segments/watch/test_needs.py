from __future__ import annotations

import pandas as pd
import pytest

from analysis.segments.watch import needs
from segments.bought import contract, contracts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Nettoyage des locaux à Lille - Lot n° 2 : vitrerie", "nettoyage locaux lille"),
        ("Nettoyage des locaux � Lille - Lot n� 2 : vitrerie", "nettoyage locaux lille"),
        (
            "Numéro de la consultation : 2024-AO-0390 Renouvellement : Nettoyage des locaux à LILLE",
            "nettoyage locaux lille",
        ),
        ("Nettoyage des locaux à Lille (2023-2025)", "nettoyage locaux lille"),
        ("Réhabilitation de 45 logements", "rhabilitation 45 logements"),
        ("Lot 3 : menuiserie de la salle", "menuiserie salle"),
    ],
)
def test_the_stem_names_the_need(text: str, words: str) -> None:
    assert needs.stem(text).replace(" a ", " ") == words


def test_lots_of_one_week_are_one_need_and_a_later_one_is_another() -> None:
    rows = needs.lots(
        contracts(
            contract("a", objet="Nettoyage des locaux à Lille - Lot n° 1 : bureaux", montant=10.0),
            contract("b", objet="Nettoyage des locaux à Lille - Lot n° 2 : écoles", dateNotification="2020-01-06",
                     montant=30.0, segment="MAINTENANCE"),
            contract("c", dateNotification="2021-01-01"),
            contract("d", acheteur_id="21590512200016"),
        )
    )  # fmt: skip
    assert rows.groupby("besoin")["uid"].agg(list).tolist() == [["a", "b"], ["c"], ["d"]]
    first = needs.needs(rows).iloc[0]
    assert (first["uid"], first["lots"], first["montant"], first["segment"]) == ("b", 2, 40.0, "MAINTENANCE")
    assert first["objet"] == "Nettoyage des locaux à Lille"


def test_a_need_begins_with_its_first_lot_and_lasts_as_most_of_its_lots() -> None:
    rows = needs.lots(
        contracts(
            contract("a", montant=10.0, montant_initial=9.0),
            contract("b", dateNotification="2020-01-15", montant=30.0, montant_initial=20.0, departement="62"),
            contract("c", dateNotification="2020-01-29", montant=None, montant_initial=None, dureeMois=48.0,
                     duree_initiale=36.0, nature="Accord-cadre"),
            contract("d", dateNotification="2020-02-13"),
        )
    )  # fmt: skip
    assert rows.groupby("besoin")["uid"].agg(list).tolist() == [["a", "b", "c"], ["d"]], "14 days, and 15"
    first = needs.needs(rows).iloc[0]
    assert first[["lots", "montant", "montant_initial"]].tolist() == [3, 40.0, 29.0]
    assert first["mois"] == first["mois_initiaux"] == 12
    assert first["notification"] == pd.Timestamp("2020-01-01")
    assert first["departement"] == "62" and first["accord_cadre"]


def test_lots_that_do_not_end_on_one_day_are_told() -> None:
    lot = "Nettoyage des locaux à Lille - Lot n° {} : bureaux"
    longer = {"dureeMois": 24.0, "duree_initiale": 24.0}
    changes = {"same": {}, "longer": longer, "later": {"dateNotification": "2020-01-09"}}
    for name, change in changes.items():
        rows = needs.lots(contracts(contract("a", objet=lot.format(1)), contract("b", objet=lot.format(2), **change)))
        assert needs.needs(rows)["fins_diverses"].tolist() == [name != "same"], name


def test_subsequent_contracts_are_no_needs_but_frameworks_that_announce_them_are() -> None:
    announced = "Accord-cadre à marchés subséquents de nettoyage"
    rows = needs.lots(
        contracts(
            contract("a", nature="Marché subséquent"),
            contract("b", objet="Marché subséquent n° 3 : nettoyage des locaux"),
            contract("c", idAccordCadre="2019-04"),
            contract("d", objet=announced, nature="Accord-cadre"),
            contract("e", objet=announced, dateNotification="2021-01-01"),
            contract("f", objet="Nettoyage des locaux, marché subséquent"),
            contract("g", objet=announced, nature="Marché subséquent"),
            contract("h", objet="Tonte", nature=None, techniques="Accord-cadre"),
            contract("i", objet="Peinture", nature=None),
        )
    )
    assert rows["uid"].tolist() == ["d", "e", "h", "i"]
    assert rows["accord_cadre"].tolist() == [True, False, True, False]


def test_a_missing_notification_is_the_publication_less_the_usual_delay() -> None:
    rows = needs.lots(
        contracts(
            contract("a", datePublicationDonnees="2020-01-11"),
            contract("b", objet="Tonte", dateNotification=None, datePublicationDonnees="2020-03-11"),
            contract("c", objet="Élagage", dateNotification=None),
        )
    )
    assert rows.set_index("uid")["notification"].to_dict() == {
        "a": pd.Timestamp("2020-01-01"), "b": pd.Timestamp("2020-03-01"),
    }  # fmt: skip


def test_reconductions_said_by_the_object_add_to_the_duration() -> None:
    assert needs.reconductions("1 an reconductible 3 fois") == 3
    assert needs.reconductions("un an renouvelable deux fois") == 2
    assert needs.reconductions("reconductible par période successive de 12 mois, quatre fois") == 4
    assert needs.reconductions("reconductible jusqu'en 2021") == 0
    assert needs.reconductions("non reconductible, nettoyage 2 fois par mois") == 0
    assert needs.reconductions("1 an reconductible une fois, vitres deux fois par an") == 1
    rows = needs.lots(contracts(contract("a", objet="Nettoyage (1 an reconductible 2 fois)")))
    assert rows["mois"].tolist() == [36.0]


def test_only_the_modifications_of_the_day_are_known() -> None:
    rows = needs.lots(contracts(contract("a", dureeMois=18.0)))
    changes = pd.DataFrame(
        {"uid": ["a", "a"], "ordre": [1, 2], "date": ["2020-06-01", "2020-11-01"],
         "datePublicationDonnees": [None, None], "dureeMois": [15.0, 18.0]}
    )  # fmt: skip
    known = {day: needs.months_known(rows, changes, pd.Timestamp(day)).tolist() for day in ("2020-05-31", "2020-07-01")}
    assert known == {"2020-05-31": [12.0], "2020-07-01": [15.0]}
    assert rows["mois"].tolist() == [18.0]


def test_a_modification_keeps_the_reconductions_that_the_object_says() -> None:
    carried_on = contract("a", objet="Nettoyage (1 an reconductible 3 fois)", dureeMois=14.0)
    rows = needs.lots(contracts(carried_on, contract("b", objet="Tonte", dureeMois=14.0)))
    changes = pd.DataFrame(
        {"uid": ["a", "b"], "ordre": 1, "date": "2020-06-01", "datePublicationDonnees": None, "dureeMois": 14.0}
    )
    before, after = (needs.months_known(rows, changes, pd.Timestamp(day)) for day in ("2020-05-31", "2020-07-01"))
    # 12 months and three times 12, then 14 months and three times 12.
    assert before.tolist() == rows["mois_initiaux"].tolist() == [48.0, 12.0]
    assert after.tolist() == rows["mois"].tolist() == [50.0, 14.0]


def test_a_buyer_without_name_takes_its_latest_known_one() -> None:
    rows = needs.lots(
        contracts(
            contract("a", acheteur_nom="Ville de Lille", annee=2019),
            contract("b", acheteur_nom="Lille", annee=2021, objet="Tonte"),
            contract("c", acheteur_nom=None, annee=2024, objet="Peinture"),
        )
    )
    assert rows["acheteur_nom"].tolist() == ["Ville de Lille", "Lille", "Lille"]


def test_the_initial_duration_is_the_one_that_was_cleaned() -> None:
    told = contract("a", dureeMois=18.0, duree_initiale=13.0, dureeMois_recue="12,5", n_modifications=1)
    silent = contract("b", objet="Tonte", dureeMois=18.0, duree_initiale=None, dureeMois_recue="", n_modifications=1)
    rows = needs.lots(contracts(told, silent))
    assert rows["mois_initiaux"].tolist() == [13.0, 18.0] and rows["mois"].tolist() == [18.0, 18.0]


def test_a_buyer_without_name_has_that_of_its_latest_contract_of_a_known_year() -> None:
    rows = contracts(
        contract("a", acheteur_nom="Ville de Lille", annee=2024),
        contract("b", acheteur_nom="Lille (ancien nom)", annee=None),
        contract("c", acheteur_nom=None, annee=2025),
    )
    assert needs.buyer_names(rows).tolist()[2] == "Ville de Lille"


def test_a_name_that_lost_letters_gives_way_to_a_whole_one() -> None:
    rows = contracts(
        contract("a", acheteur_nom="Société du canal", annee=2019),
        contract("b", acheteur_nom="Soci\N{REPLACEMENT CHARACTER}t\N{REPLACEMENT CHARACTER} du canal", annee=2023),
        contract("c", acheteur_nom=None, annee=2025),
        contract("d", acheteur_id="21590512200016", acheteur_nom="Pr\N{REPLACEMENT CHARACTER}fecture", annee=2023),
    )
    names = needs.buyer_names(rows).tolist()
    assert names[:3] == ["Société du canal"] * 3
    assert names[3] == "Pr\N{REPLACEMENT CHARACTER}fecture", "a spoilt name is better than none"
