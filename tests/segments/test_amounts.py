from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.params import AmountParams
from analysis.segments import amounts
from analysis.segments.amounts import Belief
from analysis.segments.watch.amounts import of_needs

SETTINGS = AmountParams(spreads=4, least=30)
FLOOR = 40_000.0


def usual(segment: str, middle: float, count: int) -> pd.DataFrame:
    """Amounts around `middle`, log-normal, 1 the standard deviation of the logarithm."""
    z = np.random.default_rng(3).standard_normal(count)
    return pd.DataFrame({"segment": segment, "montant": middle * np.exp(z)})


def ceilings(rows: pd.DataFrame) -> pd.Series:
    return np.exp(amounts.ceilings(rows["montant"], rows["segment"], SETTINGS))


def test_the_ceiling_is_four_spreads_above_the_median_of_the_segment() -> None:
    right = usual("RESTAURATION", 80_000, 4000)
    found = ceilings(right)["RESTAURATION"]
    assert np.log(found / 80_000) == pytest.approx(4, abs=0.25)
    # A twentieth of the amounts a thousand times too high: the ceiling is still below every one of them.
    wrong = right.assign(montant=right["montant"].mask(right.index % 20 == 0, right["montant"] * 1000))
    limit = ceilings(wrong)
    assert limit["RESTAURATION"] < 80_000 * np.exp(6)
    kept = amounts.plausible(wrong, Belief(FLOOR, np.log(limit)))
    assert kept[wrong.index % 20 == 0].lt(limit["RESTAURATION"]).mean() < 0.15 and kept.notna().mean() > 0.94


def test_a_small_segment_is_judged_with_all_and_amounts_all_alike_have_no_ceiling() -> None:
    rows = pd.concat([usual("RESTAURATION", 80_000, 500), usual("PROPRETE", 80_000, 29)], ignore_index=True)
    found = ceilings(rows)
    assert found["PROPRETE"] == found["TRANSPORT"] != found["RESTAURATION"]
    alike = pd.DataFrame({"segment": "PROPRETE", "montant": [100.0] * 50})
    assert amounts.plausible(alike.assign(montant=1e9), Belief(FLOOR, np.log(ceilings(alike)))).notna().all()


def test_contracts_share_what_their_need_is_sized_by_and_the_floor_bears_on_the_need() -> None:
    montant = [60_000.0, 20_000.0, 400e6, 8e8, np.nan, 15_000.0, 39_999.0, 40_000.0]
    uid = [f"M{n}" for n in range(8)]
    rows = pd.DataFrame({"uid": uid, "segment": ["PROPRETE"] * 5 + ["DECHETS"] * 3, "montant": montant})
    needs = pd.Series([0, 0, 0, 1, 1, 2], index=uid[:6])
    belief = Belief(FLOOR, pd.Series({"PROPRETE": np.log(10e6)}))
    found = amounts.by_need(rows, needs, belief).set_index("uid")
    # A lot below the floor is believed where its need is above; a wrong one is as large as the others.
    assert found["montant"].tolist() == pytest.approx([6e4, 2e4, *[np.nan] * 5, 4e4], nan_ok=True)
    assert found["montant_besoin"].tolist() == pytest.approx([1.2e5] * 3 + [np.nan] * 4 + [4e4], nan_ok=True)
    assert found["part"].tolist() == pytest.approx([1 / 2, 1 / 6, 1 / 3, 1 / 2, 1 / 2, 1, 1, 1])
    assert found.groupby("besoin")["part"].sum().tolist() == pytest.approx([1] * 5)
    # As the watch sizes the same needs.
    lots = rows[:6].assign(besoin=needs.to_numpy())
    watched = of_needs(pd.DataFrame({"montant": 1.0}, index=pd.RangeIndex(3, name="besoin")), lots, belief)
    assert watched["montant_cru"].tolist() == pytest.approx([1.2e5, np.nan, np.nan], nan_ok=True)


def test_a_need_of_two_segments_is_of_that_of_its_largest_contract() -> None:
    rows = pd.DataFrame(
        {"uid": ["a", "b", "c"], "segment": ["PROPRETE", "DECHETS", "TRANSPORT"], "montant": [5e4, 6e4, np.nan]}
    )
    found = amounts.by_need(rows, pd.Series(4, index=rows["uid"]), Belief(FLOOR, pd.Series(dtype="float64")))
    assert found["segment_besoin"].tolist() == ["DECHETS"] * 3


def test_a_need_is_sized_by_its_plausible_lots_and_from_the_floor_on() -> None:
    lots = pd.DataFrame(
        {"besoin": [0, 0, 0, 1, 2, 3], "segment": "PROPRETE",
         "montant": [60_000.0, 20_000.0, 400e6, 8e8, np.nan, 15_000.0]}
    )  # fmt: skip
    needs = pd.DataFrame({"montant": [1.0] * 4}, index=pd.RangeIndex(4, name="besoin"))
    sized = of_needs(needs, lots, Belief(FLOOR, pd.Series({"PROPRETE": np.log(10e6)})))
    # Shown: what is known and plausible. Believed: 40,000 euros a lot, for the three; none under the floor.
    assert sized["montant"].tolist() == pytest.approx([80_000.0, np.nan, np.nan, 15_000.0], nan_ok=True)
    assert sized["montant_cru"].tolist() == pytest.approx([120_000.0, np.nan, np.nan, np.nan], nan_ok=True)
