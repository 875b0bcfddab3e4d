from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.months import later
from analysis.segments.watch import calendar, renewals
from analysis.segments.watch import needs as need_units
from segments.bought import contract, contracts

NO_CHANGES = pd.DataFrame({name: [] for name in ("uid", "ordre", "date", "datePublicationDonnees", "dureeMois")})


def world(*rows: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    lots = need_units.lots(contracts(*rows))
    return lots, need_units.needs(lots)


def found(*rows: dict) -> list[tuple[str, str]]:
    _, needs = world(*rows)
    pairs = renewals.successors(renewals.alike(needs), needs)
    return [(needs.loc[a, "uid"], needs.loc[b, "uid"]) for a, b in zip(pairs["besoin"], pairs["suivant"], strict=True)]


def test_a_renewal_is_of_the_same_buyer_around_the_end_and_of_close_object() -> None:
    first = contract("a")  # ends on 1 January 2021
    assert found(first, contract("b", dateNotification="2021-02-01")) == [("a", "b")]
    assert found(first, contract("b", dateNotification="2020-07-15")) == [("a", "b")]
    assert found(first, contract("b", dateNotification="2020-06-01")) == []
    assert found(first, contract("b", dateNotification="2021-11-01")) == []
    assert found(first, contract("b", dateNotification="2021-02-01", acheteur_id="21590512200016")) == []
    assert found(first, contract("b", dateNotification="2021-02-01", objet="Tonte des pelouses")) == []


def test_a_contract_ends_on_the_day_that_its_sheet_says() -> None:
    """Twelve months from 1 March 2019 end on 1 March 2020, whose February has 29 days."""
    lots, needs = world(contract("a", dateNotification="2019-03-01"))
    known = renewals.known_on(pd.Timestamp("2022-01-01"), needs, renewals.alike(needs), lots, NO_CHANGES)
    assert known.closed["fin"].tolist() == [pd.Timestamp("2020-03-01")]


def test_one_successor_and_one_predecessor_the_nearest_to_the_end() -> None:
    rows = [contract("a"), contract("b", dateNotification="2021-01-05"), contract("c", dateNotification="2021-05-01")]
    assert found(*rows) == [("a", "b")]
    two = [contract("a"), contract("z", dateNotification="2020-03-01"), contract("b", dateNotification="2021-01-05")]
    assert found(*two) == [("a", "b")]


def test_features_do_not_know_the_future() -> None:
    rows = [contract(f"a{n}", objet=f"Entretien {word}", dateNotification="2019-01-01") for n, word in enumerate(WORDS)]
    late = [contract(f"b{n}", objet=f"Entretien {word}", dateNotification="2020-01-05") for n, word in enumerate(WORDS)]
    last = contract("z", objet="Fourniture de sable", dateNotification="2019-12-01", dureeMois=6.0, duree_initiale=6.0)
    lots, needs = world(*rows, *late, last)
    pairs = renewals.alike(needs)
    eve = pd.Timestamp("2019-12-31")
    known = renewals.known_on(eve, needs, pairs, lots, NO_CHANGES)
    assert known.renewed.empty and len(known.closed) == 0
    after = renewals.known_on(pd.Timestamp("2021-04-30"), needs, pairs, lots, NO_CHANGES)
    assert len(after.closed) == len(WORDS) + 1 and int(after.closed["renouvele"].sum()) == len(WORDS)
    # What is known of the last need six months before its end is nothing of the renewals of January.
    own = after.closed[after.closed["uid"] == "z"]
    said = renewals.features(own, own["fin"], after)
    assert np.expm1(said["log_besoins"].iloc[0]) == pytest.approx(len(WORDS) + 1)
    assert said["taux_acheteur"].iloc[0] == 0.5


def test_the_past_of_a_buyer_counts_beside_that_of_its_segment() -> None:
    """Of three cleaning needs of Lille that ended, two came back; of one of another buyer, none."""
    rows = [
        *(
            contract(f"a{n}", objet=f"Entretien {word}", dateNotification="2018-01-01")
            for n, word in enumerate(WORDS[:3])
        ),
        *(
            contract(f"b{n}", objet=f"Entretien {word}", dateNotification="2019-01-05")
            for n, word in enumerate(WORDS[:2])
        ),
        contract("c", objet="Curage des fossés", dateNotification="2018-01-01", acheteur_id="21590512200016"),
        contract("z", objet="Lavage des vitres", dateNotification="2021-01-01", montant_initial=1e5),
    ]
    lots, needs = world(*rows)
    known = renewals.known_on(pd.Timestamp("2021-06-30"), needs, renewals.alike(needs), lots, NO_CHANGES)
    own = needs[needs["uid"] == "z"]
    said = renewals.features(own, need_units.added(own["notification"], own["mois"]), known).iloc[0]
    # Those that came back ended in their turn in 2020, and did not: 2 of 5 for Lille, 2 of 6 for the segment.
    overall, prior = 2.5 / 7, need_units.hypothesis("besoins_a_priori")
    assert said["taux_acheteur"] == pytest.approx((2 + prior * overall) / (5 + prior))
    assert np.expm1(said["log_besoins"]) == pytest.approx(6) and said["deja_renouvele"] == 0
    assert said["log_montant"] == pytest.approx(np.log(1e5)) and said["sans_montant"] == 0
    again = needs[needs["uid"] == "b0"]
    said = renewals.features(again, need_units.added(again["notification"], again["mois"]), known).iloc[0]
    assert said["deja_renouvele"] == 1


def test_features_are_numbers_where_no_amount_is_known() -> None:
    lots, needs = world(
        *(contract(f"a{n}", objet=f"Entretien {word}", dateNotification="2019-01-01") for n, word in enumerate(WORDS))
    )
    needs = needs.assign(montant_initial=float("nan"))
    known = renewals.known_on(pd.Timestamp("2021-04-30"), needs, renewals.alike(needs), lots, NO_CHANGES)
    said = renewals.features(known.closed, known.closed["fin"], known)
    assert len(said) and said[renewals.SIZES].notna().all(axis=None) and said["sans_montant"].eq(1).all()


WORDS = ["chaudières", "ascenseurs", "toitures", "portails", "fontaines", "horloges"]


class Half:
    """A classifier for which every need comes back one time in two."""

    def predict_proba(self, x: pd.DataFrame) -> np.ndarray:
        return np.full((len(x), 2), 0.5)


def test_the_probability_left_falls_as_months_pass_without_renewal() -> None:
    model = renewals.Model(Half(), np.full(len(renewals.MONTHS), 1 / len(renewals.MONTHS)), 0.0, 0.5, 1)  # type: ignore[arg-type]
    lots, needs = world(contract("a"))
    pairs = renewals.alike(needs)
    end = later(needs["notification"], needs["mois"]).iloc[0]
    early, late = (
        renewals.predicted(model, renewals.known_on(day, needs, pairs, lots, NO_CHANGES)).iloc[0]
        for day in (pd.Timestamp("2020-03-01"), end - pd.Timedelta(days=1))
    )
    assert early["probabilite"] == pytest.approx(0.5)
    # Nine of fifteen months are left: 0.5 x 0.6 / (0.5 x 0.6 + 0.5).
    assert late["probabilite"] == pytest.approx(0.3 / 0.8)
    assert late[renewals.EACH].sum() == pytest.approx(late["probabilite"]) and late["m-1"] == 0
    assert renewals.predicted(
        model, renewals.known_on(end + pd.Timedelta(days=280), needs, pairs, lots, NO_CHANGES)
    ).empty


def test_likenesses_of_chance_are_told_from_renewals_so_that_likely_needs_are_not_awaited_long() -> None:
    rng = np.random.default_rng(3)
    chances = np.repeat([0.8, 0.1], 6000)
    delays = np.clip(rng.normal(0, 1.5, 12000), -5.9, 8.9)
    back = rng.random(12000) < chances
    seems = ~back & (rng.random(12000) < 0.03)
    delays = np.where(seems, rng.uniform(-6, 9, 12000), delays)
    told = pd.Series(np.where(back | seems, delays, np.nan))
    months, chance = renewals.told_apart(told)
    assert chance == pytest.approx(0.03, abs=0.01) and months[-3:].sum() < 0.01
    p = np.array([told[:6000].notna().mean(), told[6000:].notna().mean()])
    late = renewals.Model(Half(), months, chance, 0.5, 1).when(p)[:, 9:].sum(axis=1)  # type: ignore[arg-type]
    for said, own in zip(late, (told[:6000].dropna(), told[6000:].dropna()), strict=True):
        assert said == pytest.approx((own >= 3).mean(), abs=0.02)
    assert late[1] > 2 * late[0]


@pytest.mark.parametrize("delays", [[np.nan] * 9 + [0.5], [*range(-6, 9), np.nan], [8.5, 8.5, np.nan]])
def test_few_past_ends_give_parts_that_add_up(delays: list[float]) -> None:
    months, chance = renewals.told_apart(pd.Series(delays))
    parts = renewals.Model(Half(), months, chance, 0.5, 1).when(np.array([1e-6, 0.2, 1.0]))  # type: ignore[arg-type]
    assert 0 <= chance <= 1 and (parts >= 0).all() and parts.sum(axis=1).tolist() == pytest.approx([1.0] * 3)


def test_scores_of_hand_counted_needs() -> None:
    tested = pd.DataFrame(
        {"besoin": [1, 2, 3], "annee": 2020, "probabilite": [0.9, 0.6, 0.2], "taux_base": 0.5,
         "renouvele": [True, False, True], "avance": [3.0, np.nan, 8.0], "erreur": [1.0, np.nan, -2.0],
         "erreur_fin": [2.0, np.nan, -3.0]}
    )  # fmt: skip
    whole = renewals.scores(tested, 2).set_index("annee").loc[0]
    assert whole["brier"] == pytest.approx((0.01 + 0.36 + 0.64) / 3)
    assert (whole["brier_base"], whole["brier_fin"]) == (0.25, pytest.approx(1 / 3))
    assert (whole["rappel_k"], whole["precision_k"], whole["rappel_k_max"]) == (0.5, 0.5, 1.0)
    assert (whole["avance_mediane"], whole["erreur_mediane"], whole["erreur_mediane_fin"]) == (3.0, 1.5, 2.5)
    assert (whole["erreur_moyenne"], whole["erreur_moyenne_fin"]) == (1.5, 2.5)
    said = renewals.calibration(tested)
    assert said["classe"].tolist() == [2, 6, 9] and said["observe"].tolist() == [1.0, 0.0, 1.0]
    more = renewals.calibration(pd.concat([tested, tested.assign(probabilite=[0.98, 0.65, 0.2])]))
    assert more["besoins"].tolist() == [2, 2, 2] and more["predit"].tolist() == pytest.approx([0.2, 0.625, 0.94])


def test_the_most_probable_are_those_of_each_year() -> None:
    """One is called each year: 2020 has one renewal of two needs, 2021 two of three, of which the first is found."""
    rows = [(2020, 0.4, False), (2020, 0.3, True), (2021, 0.9, True), (2021, 0.8, True), (2021, 0.7, False)]
    tested = pd.DataFrame(rows, columns=["annee", "probabilite", "renouvele"]).assign(
        besoin=range(5), taux_base=0.5, avance=[np.nan, 1.0, 2.0, 4.0, np.nan], erreur=np.nan, erreur_fin=np.nan
    )
    told = renewals.scores(tested, 1).set_index("annee")
    assert told["besoins"].to_dict() == {2020: 2, 2021: 3, 0: 5}
    assert told["renouveles"].to_dict() == {2020: 1, 2021: 2, 0: 3}
    assert told["rappel_k"].to_dict() == {2020: 0.0, 2021: 0.5, 0: pytest.approx(1 / 3)}
    assert told["precision_k"].to_dict() == {2020: 0.0, 2021: 1.0, 0: 0.5}
    assert told["rappel_k_max"].to_dict() == {2020: 1.0, 2021: 0.5, 0: pytest.approx(2 / 3)}
    assert told["avance_mediane"].loc[[2021, 0]].tolist() == [2.0, 2.0], "of those called"


def test_quantiles_inside_a_month() -> None:
    each = np.zeros((2, len(renewals.MONTHS)))
    each[:, 6] = 0.4  # month 0 only
    passed = np.array([-2.0, 0.8])  # the second has 0.2 month left: half of it comes in the first 0.1
    assert renewals.quantile_month(each, passed, 0.5).tolist() == pytest.approx([0.5, 0.9])
    assert renewals.falls_before(each, passed, np.array([0.5, 0.5])).tolist() == pytest.approx([0.2, 0.0])
    assert renewals.falls_before(each, passed, np.array([0.9, 0.9])).tolist() == pytest.approx([0.36, 0.2])
    far = np.array([99.0, -99.0])
    assert renewals.falls_before(each, passed, far).tolist() == pytest.approx([0.4, 0.0])


@pytest.mark.parametrize("days", [-40, 10, 25, 100])
def test_all_that_is_left_comes_after_the_day(days: int) -> None:
    model = renewals.Model(Half(), np.full(len(renewals.MONTHS), 1 / len(renewals.MONTHS)), 0.0, 0.5, 1)  # type: ignore[arg-type]
    lots, needs = world(contract("a"))
    day = later(needs["notification"], needs["mois"]).iloc[0] + pd.Timedelta(days=days)
    known = renewals.known_on(day, needs, renewals.alike(needs), lots, NO_CHANGES)
    said = renewals.dated(renewals.predicted(model, known))
    expected = calendar.from_renewals(needs.assign(montant_cru=1.0), said, calendar.quarters(day.date(), 18)).iloc[0]
    assert expected["c0"] == 0 and expected["c6"] == pytest.approx(expected["probabilite"])
    assert day < expected["fenetre_debut"] <= expected["date_mediane"] <= expected["fenetre_fin"]
