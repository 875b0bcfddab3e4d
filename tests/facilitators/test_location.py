from __future__ import annotations

import re
from itertools import combinations, combinations_with_replacement, product

import numpy as np
import pytest
from scipy.optimize import linprog

from analysis.core.errors import DataError
from analysis.core.numbers import NARROW_SPACE
from analysis.facilitators.organisation import location
from analysis.facilitators.organisation.location import (
    NONE,
    START,
    Proof,
    Worth,
    assign,
    explain,
    fewest,
    max_cover,
    p_median,
    reinforce,
    set_cover,
    unmet_under,
)

SEEDS = range(6)
STEP = 40.0
LIMIT = 60.0
WORTH = Worth((1.3, 1.2, 1.1, 1.0), 0.1)


def places(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole weights and minutes between points drawn in a square; 10 minutes within each."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 100, (n, 2))
    minutes = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(minutes, 10)
    return rng.integers(1, 100, n).astype(float), minutes


def near(minutes: np.ndarray) -> np.ndarray:
    """The neighbours: the three nearest of each, both ways."""
    out = np.zeros(minutes.shape, dtype=bool)
    away = minutes + np.diag(np.full(len(minutes), np.inf))
    out[np.arange(len(out))[:, None], np.argsort(away, axis=1)[:, :3]] = True
    return out | out.T


def offices(seed: int, n: int, sites: int, share: float) -> np.ndarray:
    """The capacity of each of n places, 0 in most: `share` of 100 per place in all."""
    rng = np.random.default_rng(seed + 100)
    out = np.zeros(n)
    out[rng.choice(n, sites, replace=False)] = rng.uniform(0.5, 1.5, sites)
    return np.round(out / out.sum() * share * n * 50)


def breaks(lead: tuple[int, ...], minutes: np.ndarray, touching: np.ndarray) -> int:
    """Demands that could follow a neighbour which is closer to their site, and do not."""
    out = 0
    for i, j in enumerate(lead):
        closer = [k for k in np.flatnonzero(touching[i]) if minutes[k, j] < minutes[i, j]]
        out += i != j and bool(closer) and all(lead[k] != j for k in closer)
    return out


def rated(
    lead: tuple[int, ...], need: np.ndarray, minutes: np.ndarray, capacity: np.ndarray, touching: np.ndarray
) -> tuple[int, float, float]:
    """Breaks of contiguity, overload and travel of a plan: what `assign` makes least, in that order."""
    load = np.bincount(lead, need, len(need))
    travel = float(need @ minutes[np.arange(len(need)), list(lead)])
    return breaks(lead, minutes, touching), round(float(np.maximum(load - capacity, 0).sum()), 6), round(travel, 6)


def plans(minutes: np.ndarray, capacity: np.ndarray) -> list[tuple[int, ...]]:
    """All that give each demand a site with capacity in reach."""
    return list(product(*[np.flatnonzero((row <= LIMIT) & (capacity > 0)).tolist() for row in minutes]))


def cost_of(need: np.ndarray, minutes: np.ndarray, capacity: np.ndarray) -> float:
    """The least cost of the transport model: travel, less the worth of hours by quarter of each need."""
    n, m = minutes.shape
    parts = len(WORTH.tranches)
    served = np.hstack([np.kron(np.eye(n), np.ones(m)), -np.kron(np.eye(n), np.ones(parts))])
    asked = np.hstack([np.kron(np.ones(n), np.eye(m)), np.zeros((m, n * parts))])
    upper = np.r_[np.where(minutes <= LIMIT, np.inf, 0).ravel(), np.repeat(need / parts, parts)]
    cost = np.r_[WORTH.travel * minutes.ravel() / LIMIT, -np.tile(WORTH.tranches, n)]
    bounds = np.c_[np.zeros(len(upper)), upper]
    return float(linprog(cost, asked, capacity, served, np.zeros(n), bounds=bounds, method="highs").fun)


def total(weights: np.ndarray, minutes: np.ndarray, sites: tuple[int, ...]) -> float:
    return float(weights @ minutes[:, list(sites)].min(axis=1))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("p", [1, 3, 6])
def test_the_p_median_is_the_best_of_all_choices(seed: int, p: int) -> None:
    weights, minutes = places(seed, 9)
    found = p_median(weights, minutes, p)
    best = min(total(weights, minutes, sites) for sites in combinations(range(9), p))
    assert found.proof.objective == pytest.approx(best)
    assert found.proof.gap == 0
    assert len(found.sites) == p
    assert total(weights, minutes, tuple(found.sites)) == pytest.approx(best)


def test_the_pruned_p_median_goes_as_far_down_the_list_as_it_must() -> None:
    # Seven places in a row, the first one heavy, and five heavy ones far away: the first serves the seven.
    points = np.array([*range(7), *(1000.0 * (i + 1) for i in range(5))])
    minutes = np.abs(points[:, None] - points)
    weights = np.array([100.0] + [1.0] * 6 + [1000.0] * 5)
    found = p_median(weights, minutes, 6)
    rank = np.argsort(minutes[6], kind="stable").tolist().index(found.lead[6])
    assert rank >= START * 12 // 6  # beyond what was kept at first
    best = min(total(weights, minutes, sites) for sites in combinations(range(12), 6))
    assert found.proof == Proof(pytest.approx(best), pytest.approx(best))


def test_all_sites_are_chosen_when_there_are_enough() -> None:
    weights, minutes = places(1, 5)
    minutes[np.diag_indices(5)] = 0
    for p in (5, 8):
        found = p_median(weights, minutes, p)
        assert found.sites.tolist() == found.lead.tolist() == [0, 1, 2, 3, 4]
        assert found.proof.objective == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_fixed_sites_are_kept(seed: int) -> None:
    weights, minutes = places(seed, 9)
    fixed = (seed, 8)
    choices = [sites for sites in combinations(range(9), 4) if set(fixed) <= set(sites)]
    found = p_median(weights, minutes, 4, fixed)
    assert set(fixed) <= set(found.sites)
    assert found.proof.objective == pytest.approx(min(total(weights, minutes, sites) for sites in choices))
    reached = minutes <= 30
    covered = max_cover(weights, reached, 4, fixed)
    assert set(fixed) <= set(covered.sites)
    best = max(weights[reached[:, list(sites)].any(axis=1)].sum() for sites in choices)
    assert covered.proof.objective == pytest.approx(best)
    assert set(fixed) <= set(set_cover(reached, fixed).sites)


def test_more_fixed_sites_than_sites_are_refused() -> None:
    weights, minutes = places(0, 4)
    with pytest.raises(DataError, match="2 sites sont imposés pour 1 à choisir"):
        p_median(weights, minutes, 1, (0, 1))


def test_a_demand_that_no_site_reaches_is_refused_unless_it_asks_for_nothing() -> None:
    weights, minutes = places(2, 5)
    minutes[3] = np.inf
    with pytest.raises(DataError, match="Aucun site n'atteint n° 3"):
        p_median(weights, minutes, 2)
    weights[3] = 0
    found = p_median(weights, minutes, 2)
    assert found.lead[3] == NONE
    assert found.proof.gap == 0


def test_the_p_median_reaches_everyone_or_says_that_it_cannot() -> None:
    minutes = np.full((4, 4), np.inf)
    minutes[:2, :2], minutes[2:, 2:] = 20, 20
    minutes[np.diag_indices(4)] = 1
    found = p_median(np.array([100.0, 90, 1, 1]), minutes, 2)
    assert found.sites.tolist() in ([0, 2], [0, 3])
    with pytest.raises(DataError, match="Aucun plan"):
        p_median(np.ones(4), minutes, 1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("p", [1, 3])
def test_the_cover_is_the_best_of_all_choices(seed: int, p: int) -> None:
    weights, minutes = places(seed, 10)
    reached = minutes <= 30
    found = max_cover(weights, reached, p)
    best = max(weights[reached[:, list(sites)].any(axis=1)].sum() for sites in combinations(range(10), p))
    assert found.proof.objective == best
    assert found.proof.gap == 0
    assert weights[reached[:, found.sites].any(axis=1)].sum() == best
    assert np.array_equal(found.lead == NONE, ~reached[:, found.sites].any(axis=1))


def test_equal_demands_and_equal_sites_count_once() -> None:
    reached = np.repeat(np.repeat(np.eye(3, dtype=bool), 2, axis=0), 2, axis=1)
    found = max_cover(np.array([1.0, 1, 5, 5, 3, 3]), reached, 2)
    assert found.sites.tolist() == [2, 4]
    assert found.lead.tolist() == [NONE, NONE, 2, 2, 4, 4]
    assert found.proof.objective == 16


@pytest.mark.parametrize("seed", SEEDS)
def test_no_fewer_sites_reach_every_demand(seed: int) -> None:
    reached = places(seed, 10)[1] <= 30
    found = set_cover(reached)
    assert reached[:, found.sites].any(axis=1).all()
    assert reached[np.arange(10), found.lead].all()
    fewer = combinations(range(10), len(found.sites) - 1)
    assert not any(reached[:, list(sites)].any(axis=1).all() for sites in fewer)
    assert found.proof == Proof(len(found.sites), len(found.sites))


def test_the_demands_that_no_site_reaches_are_named() -> None:
    reached = np.eye(4, dtype=bool)
    reached[[0, 2, 3]] = False
    with pytest.raises(DataError, match=r"^Aucun site n'atteint n° 0, n° 2 et n° 3\.$"):
        set_cover(reached)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("added", [0, 1, 2])
def test_posts_go_where_they_are_worth_most(seed: int, added: int) -> None:
    need, minutes = places(seed, 6)
    capacity = offices(seed, 6, 3, 0.4)
    found = reinforce(need, minutes, capacity, LIMIT, added=added, step=STEP, worth=WORTH)
    options = combinations_with_replacement(range(6), added) if added else [()]
    best = min(cost_of(need, minutes, capacity + STEP * np.bincount(sites, minlength=6)) for sites in options)
    assert found.proof.objective == pytest.approx(best, rel=1e-6)
    assert found.proof.gap == 0
    assert found.posts.sum() <= added
    assert (found.served <= need + 1e-6).all()
    assert found.unmet == pytest.approx(need.sum() - found.served.sum())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("step", [STEP / 4, STEP, 4 * STEP])
def test_posts_tied_to_what_they_serve_go_to_the_same_places(
    seed: int, step: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    need, minutes = places(seed, 15)
    capacity = offices(seed, 15, 4, 0.4)
    found = []
    for spread in (0, 15):
        monkeypatch.setattr(location, "SPREAD", spread)
        found.append(reinforce(need, minutes, capacity, LIMIT, added=3, step=step, worth=WORTH))
    tied, loose = found
    assert tied.proof.gap == loose.proof.gap == 0
    assert tied.proof.objective == pytest.approx(loose.proof.objective)
    assert tied.posts.tolist() == loose.posts.tolist()
    assert tied.unmet == pytest.approx(loose.unmet)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_each_need_leaves_unmet_is_as_when_it_is_asked_alone(seed: int) -> None:
    need, minutes = places(seed, 8)
    needs, capacity = need[:, None] * np.random.default_rng(seed).uniform(0, 2, (8, 5)), offices(seed, 8, 3, 0.6)
    alone = [reinforce(column, minutes, capacity, LIMIT, added=0, step=STEP, worth=WORTH).unmet for column in needs.T]
    assert unmet_under(needs, minutes, capacity, LIMIT, worth=WORTH) == pytest.approx(alone)
    assert unmet_under(needs, minutes, np.zeros(8), LIMIT, worth=WORTH) == pytest.approx(needs.sum(axis=0))


def test_time_that_lacks_everywhere_goes_first_to_those_who_have_least() -> None:
    need, minutes = np.array([100.0, 100.0]), np.array([[10.0, 40], [40, 10]])
    found = reinforce(need, minutes, np.array([50.0, 0]), LIMIT, added=1, step=STEP, worth=WORTH)
    assert found.posts.tolist() == [0, 1]
    assert found.served.sum() == pytest.approx(90)
    assert found.served.min() >= 40


def test_a_need_that_is_all_served_leaves_nothing_not_even_noise() -> None:
    rng = np.random.default_rng(7)
    need, minutes = rng.uniform(1e3, 1e6, 40), rng.uniform(1, 60, (40, 40))
    found = reinforce(need, minutes, np.full(40, 2e6), 60, added=0, step=1.0, worth=WORTH)
    assert found.unmet == 0


def test_nobody_is_served_beyond_the_limit_or_without_time() -> None:
    minutes = np.array([[10.0, 90], [90, 10]])
    found = reinforce(np.array([5.0, 7]), minutes, np.array([9.0, 0]), LIMIT, added=0, step=STEP, worth=WORTH)
    assert found.served.tolist() == [5, 0]
    assert found.unmet == 7
    nothing = reinforce(np.array([5.0, 7]), minutes, np.zeros(2), LIMIT, added=0, step=STEP, worth=WORTH)
    assert nothing.served.tolist() == [0, 0]
    assert nothing.unmet == 12


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("share", [0.6, 1.0, 1.6])
def test_the_assignment_is_the_best_of_all_plans(seed: int, share: float) -> None:
    need, minutes = places(seed, 7)
    minutes[minutes > LIMIT] += 0.5
    capacity, touching = offices(seed, 7, 3, share), near(minutes)
    for neighbours in (touching, None):
        links = np.zeros((7, 7), dtype=bool) if neighbours is None else neighbours
        found = assign(need, minutes, capacity, LIMIT, neighbours=neighbours)
        reachable = ((minutes <= LIMIT) & (capacity > 0)).any(axis=1)
        assert found.unassigned.tolist() == np.flatnonzero(~reachable).tolist()
        assert found.excess.gap == found.travel.gap == 0
        if not reachable.all():
            continue
        best = min(rated(lead, need, minutes, capacity, links) for lead in plans(minutes, capacity))
        got = rated(tuple(found.lead), need, minutes, capacity, links)
        assert got == pytest.approx(best)
        assert (found.excess.objective, found.travel.objective) == pytest.approx(best[1:])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_holds_to_reach_capacity_and_contiguity(seed: int) -> None:
    need, minutes = places(seed, 25)
    capacity, touching = offices(seed, 25, 9, 1.2), near(minutes)
    found = assign(need, minutes, capacity, LIMIT, neighbours=touching)
    held = np.flatnonzero(found.lead != NONE)
    assert (capacity[found.lead[held]] > 0).all()
    assert (minutes[held, found.lead[held]] <= LIMIT).all()
    assert found.load == pytest.approx(np.bincount(found.lead[held], need[held], 25))
    assert found.overload == pytest.approx(np.maximum(found.load - capacity, 0))
    for i in held:
        closer = touching[i] & (minutes[:, found.lead[i]] < minutes[i, found.lead[i]])
        linked = i == found.lead[i] or (found.lead[closer] == found.lead[i]).any()
        assert linked == (i not in found.detached)
    assert (found.load[capacity == 0] == 0).all()


def test_a_territory_holds_together_even_where_that_is_farther() -> None:
    # On a line 0-1-2-3, sites at 0 and 3: without neighbours, 1 goes to the far site, which has the time.
    minutes = np.array([[10.0, 20, 30, 40], [20, 10, 20, 30], [30, 20, 10, 20], [40, 30, 20, 10]])
    need, capacity = np.array([5.0, 6, 5, 5]), np.array([10.0, 0, 0, 11])
    line = np.abs(np.subtract.outer(range(4), range(4))) == 1
    free = assign(need, minutes, capacity, LIMIT)
    assert free.lead.tolist() == [0, 3, 0, 3]
    assert free.excess.objective == 0
    held = assign(need, minutes, capacity, LIMIT, neighbours=line)
    assert held.lead.tolist() in ([0, 0, 3, 3], [0, 3, 3, 3])
    assert held.detached.tolist() == []
    assert held.excess.objective == 1


def test_a_demand_without_a_closer_neighbour_is_detached_and_told() -> None:
    minutes = np.array([[10.0, 20, 30], [20, 10, 20], [30, 20, 10]])
    touching = np.zeros((3, 3), dtype=bool)
    touching[0, 1] = touching[1, 0] = True
    found = assign(np.ones(3), minutes, np.array([9.0, 0, 0]), LIMIT, neighbours=touching)
    assert found.lead.tolist() == [0, 0, 0]
    assert found.detached.tolist() == [2]


def test_too_little_capacity_is_overload_and_nobody_is_left_out_but_out_of_reach() -> None:
    minutes = np.array([[10.0, 20, 90], [20, 10, 90], [90, 90, 10]])
    found = assign(np.array([5.0, 6, 7]), minutes, np.array([8.0, 0, 0]), LIMIT)
    assert found.lead.tolist() == [0, 0, NONE]
    assert found.overload.tolist() == [3, 0, 0]
    assert found.unassigned.tolist() == [2]
    assert found.excess == Proof(3, pytest.approx(3))
    nobody = assign(np.array([5.0, 6, 7]), minutes, np.zeros(3), LIMIT)
    assert nobody.unassigned.tolist() == [0, 1, 2]


def typed(text: str) -> str:
    """With the spaces of French numbers."""
    return re.sub(r"(?<=\d) (?=\d{3})", NARROW_SPACE, text)


def why(need: np.ndarray, minutes: np.ndarray, capacity: np.ndarray, names: list[str]) -> list[str]:
    return explain(need, minutes, 45, assign(need, minutes, capacity, 45), names)


def test_the_reasons_are_told_in_sentences() -> None:
    names = ["Laon", "Arras", "Lens"]
    minutes = np.array([[10.0, 20, 90], [20, 10, 90], [90, 90, 10]])
    need = np.array([2000.0, 3000, 1000])
    assert why(need, minutes, need, names) == []
    assert why(need, minutes, np.array([9000.0, 0, 0]), names) == [
        "Aucun site doté de capacité n'est à 45 minutes ou moins de : Lens."
    ]
    assert why(need, minutes, np.array([2500.0, 2400, 1000]), names) == [
        typed("Ensemble : 6 000 heures par an à suivre, 5 900 heures au plus pour tous les sites."),
        typed("Arras : 3 000 heures par an à suivre, 2 500 heures au plus pour un même site à portée."),
    ]


def test_the_sites_that_the_best_plan_overloads_are_named_when_nothing_simpler_explains_it() -> None:
    # Three needs of 1,500 hours do not fit in two sites of 2,400.
    minutes = np.array([[10.0, 20, 20], [20, 10, 20], [12, 20, 10]])
    need, capacity = np.full(3, 1500.0), np.array([2400.0, 2400, 0])
    assert why(need, minutes, capacity, ["Laon", "Arras", "Lens"]) == [
        typed("Même la meilleure répartition surcharge des sites : Laon (600 heures de trop par an).")
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_the_places_changes_no_plan(seed: int) -> None:
    need, minutes = places(seed, 20)
    capacity, touching = offices(seed, 20, 6, 0.9), near(minutes)
    order = np.random.default_rng(seed).permutation(20)  # which place stands where
    turned = np.ix_(order, order)
    there = need[order], minutes[turned]
    assert set(order[p_median(*there, 4).sites]) == set(p_median(need, minutes, 4).sites)
    posts, turned_posts = (
        reinforce(*asked, hours, LIMIT, added=2, step=STEP, worth=WORTH).posts
        for asked, hours in (((need, minutes), capacity), (there, capacity[order]))
    )
    assert turned_posts.tolist() == posts[order].tolist()
    plan = assign(need, minutes, capacity, LIMIT, neighbours=touching)
    turned_plan = assign(*there, capacity[order], LIMIT, neighbours=touching[turned])
    lead = np.append(order, NONE)[turned_plan.lead]  # a demand that no site reaches has none in either order
    assert lead.tolist() == plan.lead[order].tolist()
    # Several plans may cover as much: what they reach is the same.
    cover, turned_cover = max_cover(need, minutes <= 20, 4), max_cover(there[0], there[1] <= 20, 4)
    assert turned_cover.proof.objective == cover.proof.objective
    assert len(set_cover(there[1] <= 20).sites) == len(set_cover(minutes <= 20).sites)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_fewest_posts_leave_nothing_and_one_less_leaves_something(seed: int) -> None:
    need, minutes = places(seed, 7)
    capacity = np.where(np.arange(7) < 2, 30.0, 0.0)
    found = fewest(need, minutes, capacity, LIMIT, step=STEP)
    assert found.gap == 0
    left = [
        reinforce(need, minutes, capacity, LIMIT, added=int(found.objective) - less, step=STEP, worth=WORTH).unmet
        for less in (0, 1)
    ]
    assert left[0] == pytest.approx(0) and left[1] > 0


def test_the_fewest_posts_are_of_what_a_site_can_reach() -> None:
    minutes = np.array([[5.0, np.inf], [np.inf, np.inf]])
    assert fewest(np.array([2 * STEP, 90]), minutes, np.zeros(2), LIMIT, step=STEP) == Proof(2.0, 2.0)
    assert fewest(np.array([STEP, 90]), minutes, np.array([STEP, 0]), LIMIT, step=STEP).objective == 0


def test_where_a_post_goes_follows_from_what_an_hour_is_worth() -> None:
    need, minutes, capacity = np.array([60.0, 50]), np.array([[5.0, 90], [90, 5]]), np.array([30.0, 0])
    served = {
        worth: reinforce(need, minutes, capacity, LIMIT, added=1, step=25.0, worth=worth)
        for worth in (Worth((1.3, 1.0), 0.0), Worth((1.0, 1.0), 0.0))
    }
    assert [found.unmet for found in served.values()] == [55.0, 55.0], "wherever it goes, it follows as much"
    assert served[Worth((1.3, 1.0), 0.0)].posts.tolist() == [0, 1], "where nothing is followed"
