from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.segments.amounts import Belief
from analysis.segments.state import compliance
from analysis.segments.watch.needs import lots, needs
from consolidation.world import dataset
from segments.bought import contract, contracts

ALL = Belief(0.0, pd.Series(np.inf, index=["PROPRETE"]))  # every amount is believed


def judged(*rows: dict) -> pd.DataFrame:
    received = contracts(*rows)
    mine = lots(received)
    return compliance.concerned(needs(mine), mine, received.set_index("uid")["statut_social"])


def need(uid: str, amount: float, status: str, **changes: object) -> dict:
    return contract(uid, montant_initial=amount, montant=amount, statut_social=status,
                    **{"dateNotification": "2025-03-01", "objet": f"Nettoyage {uid * 3}", **changes})  # fmt: skip


def test_lots_add_up_to_the_need_that_the_threshold_bears_on() -> None:
    rows = judged(
        need("a", 110_500.0, "aucune", objet="Nettoyage des locaux - Lot n° 1 : nord"),
        need("b", 110_500.0, "clause", objet="Nettoyage des locaux - Lot n° 2 : sud"),
        need("c", 10_000.0, "aucune"),
    )
    assert rows["seuil"].tolist() == [221_000.0, 221_000.0]
    told = dict(zip(rows["etat"], rows["p_seuil"], strict=True))
    assert told == {"avec": pytest.approx(0.5), "sans": pytest.approx(0.0, abs=1e-9)}


def test_a_lot_executed_elsewhere_says_what_the_need_declares() -> None:
    elsewhere = {"departement": "75", "epci_siren": None}
    received = contracts(
        need("a", 9e5, "aucune", objet="Nettoyage des gares - Lot n° 1 : Lille"),
        need("b", 9e5, "clause", objet="Nettoyage des gares - Lot n° 2 : Paris", **elsewhere),
        need("c", 6e7, "aucune", objet="Transport des élèves"),
        need("d", 6e7, "aucune", objet="Gardiennage des musées", **elsewhere),
    )
    received["annee"] = 2025
    mine = lots(received)
    made = compliance.build_compliance(received, mine, needs(mine), dataset(2025), ALL)
    assert made["droit_besoins"]["uid"].tolist() == ["c"], "a clause is asked in Paris; d is no need of the region"
    assert made["droit_spaser"]["marches"].tolist() == [4], "a buyer is all that it buys"
    assert made["droit_pnad"]["renseignes"].tolist() == [2], "shares are of the region"


def test_an_amount_beyond_belief_makes_no_buyer_liable_and_no_need_large() -> None:
    received = contracts(
        need("a", 9e8, "aucune", objet="Nettoyage des gares - Lot n° 1 : Lille"),
        need("b", 1e5, "aucune", objet="Nettoyage des gares - Lot n° 2 : Lens"),
        need("c", 9e8, "aucune", objet="Transport des élèves"),
        need("d", 3e5, "aucune", objet="Gardiennage des musées"),
    ).assign(annee=2025)
    mine = lots(received)
    belief = Belief(0.0, pd.Series(np.log(1e7), index=["PROPRETE"]))
    made = compliance.build_compliance(received, mine, needs(mine), dataset(2025), belief)
    assert made["droit_spaser"].empty
    assert made["droit_besoins"][["uid", "montant"]].to_numpy().tolist() == [["d", 3e5]]
    assert made["droit_seuils"]["besoins"].tolist() == [2], "of c nothing is known, of the gares one lot"


def test_private_buyers_are_held_to_no_threshold_and_periods_do_not_overlap() -> None:
    rows = judged(
        need("a", 9e5, "aucune", categorie="PRIVE"),
        need("b", 9e5, "aucune", dateNotification="2026-03-01"),
        need("c", 9e5, "aucune", dateNotification="2026-09-01"),
    )
    assert len(rows) == 2
    table = compliance.by_category(rows, 2026)
    assert sorted(zip(table["periode"], table["besoins"], strict=True)) == [("2026", 1), ("obligation", 1)]


def test_thresholds_follow_the_buyer_the_kind_and_the_year() -> None:
    rows = judged(
        need("a", 9e5, "aucune", acheteur_id="11000201100044", categorie="ETAT"),
        need("b", 9e5, "aucune", codeCPV="45000000", dureeMois=3.0, duree_initiale=3.0),
        need("c", 9e5, "non_renseigne", dateNotification="2026-09-01"),
        need("d", 9e5, "aucune", dateNotification="2017-01-01"),
    )
    assert sorted(rows["seuil"]) == [143_000.0, 216_000.0, 5_538_000.0]
    assert rows["exception"].sum() == 1
    told = compliance.by_category(rows, 2025).set_index(["periode", "categorie"])
    assert told.loc[("obligation", "COMMUNE"), "inconnu"] == pytest.approx(1.0, abs=1e-6)
    assert told.loc[("2025", "ETAT"), "sans"] == pytest.approx(1.0, abs=1e-6)
    assert told.loc[("2025", "COMMUNE"), "besoins"] == 1


def test_short_works_without_a_clause_are_told_apart_from_those_that_have_no_exception() -> None:
    works = {"codeCPV": "45000000", "dureeMois": 12.0, "duree_initiale": 12.0}
    rows = judged(
        need("a", 6e7, "aucune", **works | {"duree_initiale": 3.0}),
        need("b", 6e7, "aucune", **works),
        need("c", 6e7, "clause", **works),
        need("d", 6e7, "non_renseigne", **works | {"duree_initiale": 3.0}),
        need("e", 6e7, "aucune", codeCPV=None, duree_initiale=3.0),
    )
    told = compliance.by_category(rows, 2025).iloc[0]
    assert told[["besoins", "au_dessus", "avec", "inconnu"]].tolist() == pytest.approx([5, 5, 1, 1])
    assert told["sans"] == pytest.approx(3)
    assert told["sans_exception"] == pytest.approx(2), "a alone is a short work: what e buys is not known to be works"


@pytest.mark.parametrize(
    ("kind", "siren", "told"),
    [("ETAT", "110002011", True), ("ETAT", "180089013", True), ("ETAT", None, True), ("ETAT", "195900000", False),
     ("ETAT", "185900000", False), ("COMMUNE", "110002011", False)],
)  # fmt: skip
def test_the_lower_threshold_is_that_of_central_authorities_alone(kind: str, siren: str | None, told: bool) -> None:
    assert compliance.central(pd.Series([kind]), pd.Series([siren], dtype="str")).tolist() == [told]
    if siren:
        rows = judged(need("a", 9e5, "aucune", acheteur_id=f"{siren}00010", categorie=kind))
        assert rows["seuil"].tolist() == [143_000.0 if told else 221_000.0] and rows["categorie"].tolist() == [kind]


def test_the_objective_counts_criteria_too_among_those_that_say() -> None:
    rows = pd.DataFrame({"annee": 2025, "statut_social": ["aucune", "critere", "clause", "non_renseigne", "reserve"]})
    told = compliance.pnad(rows).iloc[0]
    assert (told["renseignes"], told["avec_consideration"], told["part"], told["objectif"]) == (4, 3, 0.75, 0.3)


def test_the_largest_buyers_are_those_above_the_spaser_threshold() -> None:
    rows = pd.DataFrame([
        contract("a", annee=2025, montant=3e7), contract("b", annee=2025, montant=3e7),
        contract("c", annee=2024, montant=9e7, acheteur_id="21590512200016"),
        contract("d", annee=2025, montant=9e7, nature="Marché subséquent", acheteur_id="21590512200016"),
    ])  # fmt: skip
    told = compliance.spaser(rows, 2025)
    assert told[["acheteur_siren", "marches", "montant"]].to_numpy().tolist() == [["215903501", 2, 6e7]]


def test_needs_without_clause_above_their_threshold_are_listed_likeliest_first_and_nobody_named() -> None:
    received = contracts(
        need("a", 3e5, "aucune", objet="Nettoyage, contact jean.dupont@exemple.fr"),
        need("b", 9e5, "aucune", objet="Entretien des arbres"),
        need("c", 9e5, "clause", objet="Collecte des papiers"),
        need("d", 10_000.0, "aucune", objet="Lavage des vitres"),
        need("e", 9e5, "aucune", objet="Transport des repas", dateNotification="2026-10-01"),
        need("f", 9e5, "aucune", objet="Gardiennage du port", dateNotification="2024-10-01"),
    )
    mine = lots(received)
    bought = needs(mine)
    rows = compliance.concerned(bought, mine, received.set_index("uid")["statut_social"])
    table = compliance.without_clause(rows, bought, 2025)
    assert list(zip(table["periode"], table["uid"], strict=True)) == [("2025", "b"), ("2025", "a"), ("obligation", "e")]
    assert "@" not in " ".join(table["objet"]) and table["p_seuil"].ge(0.5).all()


def test_the_last_year_is_that_of_the_contracts_not_of_the_day_observed() -> None:
    received = contracts(need("a", 6e7, "aucune", dateNotification="2024-05-02")).assign(annee=2024)
    mine = lots(received)
    made = compliance.build_compliance(received, mine, needs(mine), dataset(2025), ALL)
    assert made["droit_spaser"]["annee"].tolist() == [2024]
    assert made["droit_seuils"]["periode"].tolist() == made["droit_besoins"]["periode"].tolist() == ["2024"]


def test_a_contract_dated_the_day_after_the_observation_is_no_year() -> None:
    received = contracts(
        need("a", 6e7, "aucune", dateNotification="2025-05-02"),
        need("b", 6e7, "aucune", dateNotification="2026-01-01", objet="Tonte des pelouses"),
    ).assign(annee=[2025, 2026])
    mine = lots(received)
    made = compliance.build_compliance(received, mine, needs(mine), dataset(2025), ALL)
    assert made["droit_besoins"]["uid"].tolist() == ["a"]
    assert made["droit_spaser"]["annee"].tolist() == [2025]
