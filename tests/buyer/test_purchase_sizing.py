from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from analysis.buyer.sizing import RANGE, Law, full_time, hours, law, per_year, persons, sized
from analysis.segments.potential.narrowing import Narrowing

PROBABILITIES = np.arange(1, 100) / 100
LAW = Law(0.05 * np.exp(0.6 * ndtri(PROBABILITIES)), 0.8)


def test_an_amount_has_the_table_s_own_quantiles() -> None:
    found = hours(LAW, PROBABILITIES, 250_000)
    assert found == pytest.approx(LAW.coefficients * 250_000**0.8, rel=1e-12)
    between = hours(LAW, 0.125, 250_000)
    assert between == pytest.approx((found[11] + found[12]) / 2, rel=1e-9)
    assert hours(LAW, [0.0, 1.0], 250_000) == pytest.approx([found[0], found[-1]])


def test_the_hours_of_a_large_purchase_are_surer_than_those_of_a_small_one() -> None:
    narrower = replace(LAW, narrowing=Narrowing(-0.2, 250_000, 50_000, 5_000_000))
    assert hours(narrower, PROBABILITIES, 250_000) == pytest.approx(hours(LAW, PROBABILITIES, 250_000))
    amounts = [10_000, 50_000, 250_000, 5_000_000, 50_000_000]
    far = [np.log(hours(narrower, [0.1, 0.9], amount) / hours(narrower, 0.5, amount)) for amount in amounts]
    assert far[1] == pytest.approx(far[2] * 5**0.2) and far[3] == pytest.approx(far[2] * 20**-0.2)
    assert far[0] == pytest.approx(far[1]) and far[4] == pytest.approx(far[3]), "as at the ends of what was seen"
    assert all(hours(narrower, 0.5, amount) == pytest.approx(hours(LAW, 0.5, amount)) for amount in amounts)


def test_no_hours_are_more_than_the_labour_that_the_amount_pays() -> None:
    capped = Law(LAW.coefficients, 0.8, 0.02)
    assert hours(capped, 0.99, 1_000).tolist() == 20 and hours(LAW, 0.99, 1_000) > 20
    assert hours(capped, RANGE, 1e9).tolist() == hours(LAW, RANGE, 1e9).tolist()
    assert (hours(capped, RANGE, 500, 2_000) <= 40).all()


def test_a_purchase_is_sized_by_its_hours_and_what_they_are_in_a_year() -> None:
    found = sized(LAW, 90_000, 400_000, months=24, quantile=0.25)
    p10, p50, p90, low = hours(LAW, [*RANGE, 0.25], 90_000, 400_000)
    assert [found[f"heures_{name}"] for name in ("p10", "p50", "p90")] == [p10, p50, p90]
    assert low - 100 < found["engagement"] <= low and found["heures_an"] == p50 / 2
    assert found["etp"] == full_time(p50 / 2, 24) and found["personnes"] == persons(p50 / 2)


def test_hours_rise_with_probability_and_with_the_amount() -> None:
    for low, high in [(90_000, 90_000), (90_000, 400_000)]:
        assert (np.diff(hours(LAW, PROBABILITIES, low, high)) > 0).all()
    assert (hours(LAW, RANGE, 200_000) > hours(LAW, RANGE, 100_000)).all()


def test_a_range_is_that_of_its_simulation_and_wider_than_its_middle() -> None:
    """Within 1.5 %: the grid has 99 x 50 points, and the simulation two million draws."""
    low, high = 80_000.0, 600_000.0
    rng = np.random.default_rng(1)
    amounts = np.exp(rng.uniform(np.log(low), np.log(high), 2_000_000))
    drawn = 0.05 * np.exp(0.6 * rng.standard_normal(2_000_000)) * amounts**0.8
    assert hours(LAW, RANGE, low, high) == pytest.approx(np.quantile(drawn, RANGE), rel=0.015)
    narrow = hours(LAW, RANGE, np.sqrt(low * high))
    wide = hours(LAW, RANGE, low, high)
    assert wide[0] < narrow[0] and narrow[2] < wide[2] and wide[1] == pytest.approx(narrow[1], rel=0.01)
    assert hours(LAW, RANGE, low, low * (1 + 1e-9)) == pytest.approx(hours(LAW, RANGE, low), rel=1e-6)


@pytest.mark.parametrize(("low", "high"), [(0, None), (-5, None), (9, 8), (np.nan, None), (9, np.inf)])
def test_what_is_no_amount_is_refused(low: float, high: float | None) -> None:
    with pytest.raises(ValueError, match="amounts above 0"):
        hours(LAW, RANGE, low, high)


def test_a_year_its_posts_and_its_persons() -> None:
    assert per_year(2400, 48) == 600 and per_year(2400, 12) == 2400 and per_year(2400, 6) == 2400
    assert full_time(1607, 12) == full_time(1607, 48) == 1
    assert full_time(per_year(4480, 5), 5) == pytest.approx(6.69, abs=0.005)  # 896 hours a month
    assert persons([377, 3770]).tolist() == [1, 10]


def test_the_law_of_a_segment_from_the_table() -> None:
    table = pd.DataFrame(
        {
            "segment": ["A", "A", "B"],
            "probabilite": [0.2, 0.1, 0.1],
            "coefficient": [3.0, 2.0, 9.0],
            "exposant": [0.8, 0.8, 0.8],
            "plafond": [0.02, 0.02, 0.01],
            "ecart_exposant": -0.2,
            "ecart_montant": 1e5,
            "ecart_de": 4e4,
            "ecart_a": 1e6,
            "ecart_propre": 0.9,
        }
    )
    found = law(table, "A")
    assert found.coefficients.tolist() == [2.0, 3.0] and (found.exponent, found.ceiling) == (0.8, 0.02)
    assert found.narrowing == Narrowing(-0.2, 1e5, 4e4, 1e6, 0.9)
    with pytest.raises(KeyError, match="C"):
        law(table, "C")
