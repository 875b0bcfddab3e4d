from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from analysis.segments.state.shrinkage import LEVEL, Prior, learnt, posterior, smoothed


def drawn(seed: int, territories: int = 92, mean: float = 0.12, size: float = 40) -> tuple[np.ndarray, ...]:
    """True shares, successes and trials of territories, most of them small."""
    rng = np.random.default_rng(seed)
    truth = beta.rvs(mean * size, (1 - mean) * size, size=territories, random_state=rng)
    trials = rng.geometric(0.03, territories)
    return truth, rng.binomial(trials, truth), trials


def test_the_prior_is_found_again() -> None:
    _, x, n = drawn(1, territories=4000)
    prior = learnt(x, n)
    assert prior is not None
    assert prior.mean @ prior.weight == pytest.approx(0.12, abs=0.005)
    assert prior.size @ prior.weight == pytest.approx(40, rel=0.2)


def test_equal_shares_leave_nothing_to_vary() -> None:
    prior = learnt([10] * 50, [100] * 50)
    assert prior is not None
    out = posterior(prior, pd.Series([10, 0]), pd.Series([100, 1]), 0.1)
    assert out["part_lissee"].tolist() == pytest.approx([0.1, 0.1], abs=0.01)


def test_few_contracts_keep_little_of_their_own_share() -> None:
    out = posterior(
        Prior(np.array([0.1]), np.array([20.0]), np.array([1.0])), pd.Series([2, 200, 0]), pd.Series([2, 200, 0]), 0.1
    )
    assert out["part_lissee"].tolist() == pytest.approx([4 / 22, 202 / 220, 0.1])
    assert out["p_sous"].iloc[1] < 1e-9 < out["p_sous"].iloc[0]


def test_the_probability_of_being_below_is_that_of_the_mixture() -> None:
    """A prior that is either of two: no beta has both its modes."""
    prior = Prior(np.array([0.1, 0.8]), np.array([50.0, 50.0]), np.array([0.3, 0.7]))
    out = posterior(prior, pd.Series([0, 3]), pd.Series([0, 3]), 0.4)
    expected = [0.3 * beta.cdf(0.4, 5 + x, 45) + 0.7 * beta.cdf(0.4, 40 + x, 10) for x in (0, 3)]
    assert out["p_sous"].tolist() == pytest.approx(expected, rel=1e-9)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = []
    for seed in range(60):
        truth, x, n = drawn(seed)
        prior = learnt(x, n)
        assert prior is not None
        out = posterior(prior, pd.Series(x), pd.Series(n), 0.12)
        held.append(out["part_lissee_bas"].le(truth) & out["part_lissee_haut"].ge(truth))
    assert np.mean(held) == pytest.approx(LEVEL, abs=0.025)


def test_smoothing_errs_less_than_the_raw_share() -> None:
    truth, x, n = drawn(3)
    prior = learnt(x, n)
    assert prior is not None
    out = posterior(prior, pd.Series(x), pd.Series(n), 0.12)
    assert np.mean((out["part_lissee"] - truth) ** 2) < 0.5 * np.mean((x / n - truth) ** 2)


def test_each_group_has_its_own_prior_and_an_empty_one_has_none() -> None:
    table = pd.DataFrame(
        {
            "segment": ["A"] * 30 + ["B"] * 30 + ["C"],
            "avec": [1] * 30 + [9] * 30 + [0],
            "dits": [10] * 60 + [0],
        }
    )
    out = smoothed(table, ["segment"], "avec", "dits")
    assert out.groupby("segment")["part_lissee"].mean().round(2).tolist()[:2] == [0.1, 0.9]
    assert out["p_sous"].isna().tolist() == [False] * 60 + [True]


@pytest.mark.parametrize(
    "counts",
    [[(0, 5), (0, 1), (0, 0)], [(5, 5), (1, 1)], [(0, 1)], [(1, 1)]],
    ids=["none", "all", "one cell without", "one cell with"],
)
def test_where_none_or_all_have_a_clause_no_place_is_below_or_above(counts: list[tuple[int, int]]) -> None:
    out = smoothed(pd.DataFrame(counts, columns=["avec", "dits"]).assign(segment="A"), ["segment"], "avec", "dits")
    assert out["p_sous"].isna().all()
    assert out["part_lissee"].between(out["part_lissee_bas"], out["part_lissee_haut"]).all()


@pytest.mark.parametrize("counts", [[(0, 3)] * 91 + [(1, 3)], [(3, 3)] * 20 + [(2, 3)]], ids=["one with", "without"])
def test_a_lone_contract_that_differs_from_all_others_says_nothing_of_its_place(counts: list[tuple[int, int]]) -> None:
    out = smoothed(pd.DataFrame(counts, columns=["avec", "dits"]).assign(segment="A"), ["segment"], "avec", "dits")
    assert out["p_sous"].isna().all()


@pytest.mark.parametrize(
    "counts",
    [[(3, 10)], [(0, 2), (2, 2)], [(2, 4)] * 12, [(0, 3)] * 90 + [(1, 3)] * 2, [(3, 3)] * 20 + [(2, 3)] * 2],
    ids=["one cell", "two of two", "all equal", "hardly any", "nearly all"],
)
def test_few_contracts_are_never_surely_apart(counts: list[tuple[int, int]]) -> None:
    out = smoothed(pd.DataFrame(counts, columns=["avec", "dits"]).assign(segment="A"), ["segment"], "avec", "dits")
    assert out["p_sous"].between(0.05, 0.95, inclusive="neither").all()
