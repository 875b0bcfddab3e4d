from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.facilitators.organisation import scenario, travel
from analysis.facilitators.organisation.scenario import Ground, Scenario

ASKED = Scenario(posts_added=2, post_etp=0.5, max_minutes=30, capacity_hours_per_etp=40_000)


def toy() -> Ground:
    """Three EPCI in a row, 20 minutes apart; somebody sits in the first."""
    minutes = np.array([[5.0, 20, 40], [20, 5, 20], [40, 20, 5]])
    near = np.array([[False, True, False], [True, False, True], [False, True, False]])
    return Ground(
        ["A", "B", "C"],
        ["Aa", "Bb", "Cc"],
        np.array([30e3, 10e3, 50e3]),
        np.array([1.0, 0, 0]),
        np.array([0.25, 0.5, 0]),
        minutes,
        near,
    )


def test_the_ground_is_read_from_the_published_tables() -> None:
    codes = sorted(reference.epci()["epci_siren"])
    zones = pd.DataFrame({"epci_siren": codes[::-1], "nom": codes[::-1], "besoin_p50": 100.0, "etp_retenu": 0.2})
    sites = pd.DataFrame({"epci_siren": [codes[3]], "etp": [1.5]})
    place = scenario.ground(zones, sites, travel.assumed(), 0.5)
    assert place.codes == codes
    assert place.need.tolist() == [50.0] * 92
    assert place.seats == [3]
    assert (place.neighbours == place.neighbours.T).all()
    assert place.neighbours.sum() == 2 * len(reference.table("territoire/epci_voisins"))
    assert place.neighbours.any(axis=1).all()


def test_posts_go_where_they_serve_most_and_the_whole_is_the_sum() -> None:
    rows = scenario.gains(scenario.planned(toy(), ASKED)).set_index("epci_siren")
    # 40 000 h serve A and B; C is 40 minutes away: both posts go where they reach it.
    assert rows.loc["ensemble", ["besoin", "suivi_avant", "suivi_apres"]].tolist() == [90e3, 40e3, 80e3]
    assert rows.loc[["B", "C"], "postes"].sum() == 2
    assert rows.loc["C", "part_avant"] == 0
    assert rows.loc["ensemble", "ecart"] == 0


def test_time_that_may_move_goes_to_the_need() -> None:
    plan = scenario.planned(toy(), replace(ASKED, posts_added=0, movable=True))
    moved = scenario.gains(plan).set_index("epci_siren")
    assert moved.loc["ensemble", "postes"] == 2, "one ETP is two posts"
    assert moved.loc["ensemble", "suivi_apres"] == 40e3
    assert plan.led.capacity.sum() == 40e3, "nothing is left where it was but what was placed there"


def test_floats_lose_no_post() -> None:
    place = replace(toy(), etp=np.array([0.7, 0.3, 0]))
    one = replace(ASKED, posts_added=0, post_etp=1.0, capacity_hours_per_etp=1607, movable=True)
    assert scenario.gains(scenario.planned(place, one)).set_index("epci_siren").loc["ensemble", "postes"] == 1


def test_the_frontier_never_rises_and_tells_its_cost() -> None:
    place = toy()
    draws = place.need[:, None] * np.array([0.8, 1.0, 1.2])
    told = scenario.frontier(place, draws, ASKED, [1, 3, 2])
    assert told["est_declaree"].tolist() == [True] + [False] * 4
    rows = told[~told["est_declaree"]]
    assert rows["postes"].tolist() == [0, 1, 2, 3], "today's time, placed where it serves most, is always on it"
    assert rows["non_servi"].tolist() == pytest.approx([50e3, 30e3, 10e3, 0])
    assert (rows["non_servi_p10"] <= rows["non_servi_p90"]).all()
    assert rows["epci_moins_servi"].iloc[[0, -1]].tolist() == [0.0, 1.0]
    assert rows["non_servi"].iloc[-1] == rows["gini"].iloc[-1] == 0, "no noise of the solver"
    assert (rows["cout"] / rows["etp_ajoutes"].where(rows["etp_ajoutes"] > 0)).dropna().nunique() == 1


def test_today_is_what_the_time_declared_for_each_can_follow_and_helps_no_other() -> None:
    """A time placed anew makes nobody's EPCI served: today, C has nothing whatever A has too much of."""
    place = replace(toy(), declared=np.array([0.9, 0.1, 0.0]))
    draws = place.need[:, None] * np.array([0.5, 1.0, 2.0])
    rows = scenario.frontier(place, draws, ASKED, [])
    today, best = rows.iloc[0], rows.iloc[1]
    assert today[["non_servi", "epci_sans_suivi", "epci_moins_servi", "cout"]].tolist() == [90e3 - 30e3 - 4e3, 1, 0, 0]
    assert today["non_servi_p90"] == pytest.approx(np.quantile([26e3, 56e3, 140e3], 0.9))
    assert best["non_servi"] == 50e3 and today["gini"] > 0
    gains = scenario.gains(scenario.planned(place, ASKED)).set_index("epci_siren")
    assert gains["suivi_aujourdhui"].to_dict() == {"A": 30e3, "B": 4e3, "C": 0, "ensemble": 34e3}
    assert gains.loc["ensemble", "part_aujourdhui"] == pytest.approx(34 / 90)


def test_the_fewest_posts_that_leave_nothing_depend_on_the_hours_of_an_etp() -> None:
    rows = scenario.threshold(toy(), ASKED, [20e3, 40e3])
    # 90 000 h, less what the one in post follows, by posts of a half.
    assert rows["postes"].tolist() == [7, 3]
    assert rows["etp_ajoutes"].tolist() == [3.5, 1.5]
    assert rows["cout"].tolist() == [175_000, 75_000] and rows["ecart"].eq(0).all()


def test_a_place_is_sure_when_every_draw_chooses_it() -> None:
    place = toy()
    plan = scenario.planned(place, ASKED)
    rows = scenario.stability(plan, place.need[:, None] * np.ones(5), np.full(5, 40_000.0)).set_index("epci_siren")
    assert set(rows["tirages"]) <= {0, 5}
    assert rows["postes"].sum() == 2
    assert rows["postes_moyens"].sum() == pytest.approx(2)


def test_a_place_that_the_load_of_an_etp_decides_is_not_sure() -> None:
    """A post goes where who sits in the first place lacks time for its own people, else to the third, out of reach."""
    place = replace(toy(), need=np.array([60e3, 4e3, 20e3]))
    draws = place.need[:, None] * np.ones(20)
    plan = scenario.planned(place, replace(ASKED, posts_added=1))
    fixed = scenario.stability(plan, draws, np.full(20, 40_000.0))
    drawn = scenario.stability(plan, draws, scenario.loads((5_000, 100_000), 20, 1))
    assert set(fixed["part_tirages"]) == {0.0, 1.0}
    assert drawn["part_tirages"].between(0.01, 0.99).any()


def test_loads_of_an_etp_fill_their_range_evenly_whatever_the_order() -> None:
    drawn = scenario.loads((28_000, 63_000), 7, 1)
    assert sorted(drawn) == pytest.approx([30_500, 35_500, 40_500, 45_500, 50_500, 55_500, 60_500])
    assert drawn.tolist() == scenario.loads((28_000, 63_000), 7, 1).tolist() != sorted(drawn)


def test_seats_kept_or_free_and_what_is_in_reach() -> None:
    options, sites = scenario.siting(toy(), replace(ASKED, posts_added=1))
    rows = options.set_index("option")
    assert rows.loc["aujourdhui", ["sites", "minutes"]].tolist() == [
        1,
        pytest.approx((5 * 30 + 20 * 10 + 40 * 50) / 90),
    ]
    assert rows.loc["p_median", "sites"] == 2
    assert rows.loc["ensemble_minimal_libre", "sites"] == 1, "all are within 30 minutes of B"
    assert rows.loc["p_median_libre", "minutes"] <= rows.loc["p_median", "minutes"]
    kept = sites[sites["option"].isin(["p_median", "couverture", "ensemble_minimal"]) & sites["est_actuel"]]
    assert kept["epci_siren"].tolist() == ["A"] * 3


def test_each_epci_has_one_lead_and_what_hinders_is_told() -> None:
    plan = scenario.planned(toy(), replace(ASKED, posts_added=0))
    rows = scenario.sectors(plan).set_index("epci_siren")
    assert rows["pilote_siren"].tolist()[:2] == ["A", "A"]
    assert pd.isna(rows.loc["C", "pilote_siren"])
    assert rows.loc["A", ["charge", "capacite", "surcharge"]].tolist() == [40e3, 40e3, 0]
    told = scenario.obstacles(plan)
    assert any("Cc" in line and "30" in line for line in told["obstacle"])


def test_a_place_that_no_site_could_reach_is_told_and_stops_nothing() -> None:
    plan = scenario.planned(toy(), replace(ASKED, posts_added=0, max_minutes=4.0))
    found = scenario.tables(plan)
    assert (
        found["obstacles"]["obstacle"].iloc[0].startswith("Aucun site possible n'est à 4 minutes ou moins de : Aa, Bb")
    )
    assert found["secteurs"]["pilote_siren"].isna().all()
    covers = found["options"].set_index("option").loc["ensemble_minimal_libre"]
    assert covers[["sites", "part_atteinte"]].tolist() == [0, 0]


def test_nobody_travels_and_each_serves_his_own() -> None:
    place = replace(toy(), minutes=toy().minutes - 5)
    rows = scenario.gains(scenario.planned(place, replace(ASKED, max_minutes=0.0))).set_index("epci_siren")
    assert rows["suivi_avant"].tolist() == [30e3, 0, 0, 30e3]
    assert rows.loc["ensemble", "suivi_apres"] == 70e3, "both posts where most is asked"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"posts_added": -1}, "posts_added » : « -1 » ; attendu : au moins 0"),
        ({"max_minutes": -0.5}, "max_minutes » : « -0,5 » ; attendu : au moins 0"),
        ({"capacity_hours_per_etp": 0}, "capacity_hours_per_etp » : « 0 » ; attendu : plus de 0"),
        ({"capacity_hours_per_etp": float("inf")}, "capacity_hours_per_etp » : « inf » ; attendu : plus de 0"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_in_one_sentence(change: dict, expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        replace(ASKED, **change)


@pytest.mark.parametrize(
    ("values", "weights", "expected"),
    [([1, 1, 1], [1, 2, 3], 0.0), ([0, 1], [1, 1], 0.5), ([0, 0, 0, 1], [1, 1, 1, 1], 0.75), ([0, 0], [1, 1], 0.0)],
)
def test_gini(values: list[float], weights: list[float], expected: float) -> None:
    assert scenario.gini(np.array(values, float), np.array(weights, float)) == pytest.approx(expected)
