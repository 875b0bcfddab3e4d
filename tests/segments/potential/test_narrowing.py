from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.segments.potential.narrowing import Narrowing, narrowing
from analysis.segments.potential.sizing import hours, learnt, segment_draws

COUNT = 600


def seen(exponent: float) -> pd.DataFrame:
    """Operations of cleaning whose hours are the surer, the larger they are: a spread of 0.6 at their middle amount."""
    rng = np.random.default_rng(6)
    amounts = np.exp(rng.normal(12, 1.5, COUNT))
    away = 0.6 * rng.standard_normal(COUNT) * (amounts / np.exp(12)) ** exponent
    return pd.DataFrame({"segment": "PROPRETE", "montant": amounts, "heures": 0.01 * amounts * np.exp(away)})


def test_how_the_spread_follows_the_amount_is_learnt() -> None:
    known = learnt(seen(-0.2), 20)
    assert known.narrowing.exponent == pytest.approx(-0.2, abs=0.05) and known.spread == pytest.approx(0.6, rel=0.1)
    assert learnt(seen(0.0), 20).narrowing.exponent == pytest.approx(0, abs=0.04)
    rows = seen(-0.2)
    assert (known.narrowing.low, known.narrowing.high) == tuple(rows["montant"].quantile([0.05, 0.95]))


def test_it_is_never_beyond_that_of_independent_parts_nor_the_other_way_round() -> None:
    amounts = pd.Series(np.exp(np.linspace(9, 15, 200)))
    for exponent, bound in ((-2.0, -0.5), (1.0, 0.0)):
        away = pd.Series(np.tile([1.0, -1.0], 100)) * amounts**exponent
        assert narrowing(away, amounts, 0).exponent == bound
    few = narrowing(pd.Series([1.0, -0.7]), pd.Series([1e5, 3e5]), 20).exponent
    assert -0.05 < few < 0, "two operations say little"
    assert narrowing(pd.Series([0.0, 0.0]), amounts[:2], 20) == Narrowing()


def test_hours_of_small_contracts_differ_more_than_those_of_large_ones() -> None:
    drawn = segment_draws(["PROPRETE"], learnt(seen(-0.2), 20), draws=4000, seed=1, weight=20)["PROPRETE"]
    made = np.log(hours(drawn, np.exp([10.0, 12.0, 14.0]), np.random.default_rng(2)))
    small, usual, large = np.diff(np.quantile(made, [0.1, 0.9], axis=0), axis=0)[0] / 2.563
    assert usual == pytest.approx(0.6, rel=0.1)
    assert small / usual == pytest.approx(np.exp(0.4), rel=0.1) and large / usual == pytest.approx(
        np.exp(-0.4), rel=0.1
    )
