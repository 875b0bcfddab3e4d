from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.buyer.backtest import EVERY, KEPT, LEAST, backtest, classes, foreseen, periods, scores
from analysis.core.params import load_params

SETTINGS = load_params().segments.potential
TODAY = dt.date(2025, 12, 31)


def operations(late: float = 1.0) -> pd.DataFrame:
    """Two hundred operations of cleaning, 0.004 hours per euro but for chance, a fifth of a year apart; those since
    2024 did `late` times as much."""
    rng = np.random.default_rng(0)
    amount = np.exp(rng.normal(12, 1, 200))
    end = pd.date_range("2019-01-01", "2025-12-01", 200).floor("D")
    hours = 0.004 * amount * np.exp(rng.normal(0, 0.3, 200)) * np.where(end.year >= 2024, late, 1.0)
    return pd.DataFrame(
        {"operation": [f"o{n:03}" for n in range(200)], "segment": "DECHETS", "heures": hours,
         "fin": end.astype("datetime64[s]"), "montant": amount, "segment_marche": "PROPRETE", "marches": 1}
    )  # fmt: skip


def test_the_last_years_are_held_out_and_the_quantile_chosen_before_them() -> None:
    assert periods(TODAY, 2) == {
        "choix": (dt.date(2022, 1, 1), dt.date(2024, 1, 1)),
        "epreuve": (dt.date(2024, 1, 1), dt.date(2026, 1, 1)),
    }


def test_only_what_had_ended_teaches() -> None:
    start, end = periods(TODAY, 2)["choix"]
    rows, more = (foreseen(operations(late), start, end, [0.2], SETTINGS) for late in (1.0, 50.0))
    pd.testing.assert_frame_equal(rows, more)
    assert len(rows) == operations()["fin"].between("2022-01-01", "2023-12-31").sum()


def test_into_how_many_contracts_an_operation_was_cut_does_not_size_it() -> None:
    start, end = periods(TODAY, 2)["epreuve"]
    one, four = (foreseen(operations().assign(marches=lots), start, end, [0.2], SETTINGS) for lots in (1, 4))
    pd.testing.assert_frame_equal(one, four)


def test_a_lower_quantile_is_kept_more_often_and_asks_less() -> None:
    found = backtest(operations(), TODAY, [0.05, 0.2, 0.5], SETTINGS)
    ours = found[(found["periode"] == "epreuve") & (found["methode"] == "modele") & (found["classe"] == EVERY)]
    assert ours["faisables"].is_monotonic_decreasing and ours["part_engagee"].is_monotonic_increasing
    assert 0.6 < ours["couverture"].iloc[0] <= 1.0 and ours["faisables"].iloc[0] > 0.9


def test_a_commitment_is_feasible_from_nine_tenths_of_it() -> None:
    found = pd.DataFrame(
        {"heures": [KEPT * 200, KEPT * 200 - 1, 50.0], "heures_p10": 0.0, "heures_p90": 179.5,
         "manuel": [0.0, 400.0, 0.0], "engagement_0.2": [200.0, 200.0, 0.0]}
    )  # fmt: skip
    rows = scores(found, "epreuve", [0.2]).set_index("methode")
    assert rows["operations"].tolist() == [3, 3] and rows["proposes"].tolist() == [2, 1], "what is asked of nobody"
    assert rows["faisables"].tolist() == [0.5, 0.0] and (rows["faisables_bas"] < 0.1).all()
    assert rows.loc["modele", "couverture"] == pytest.approx(2 / 3)
    assert rows.loc["manuel", "part_engagee"] == pytest.approx(400 / 179)


def test_each_class_of_amount_has_its_own_shares_where_it_has_enough_operations() -> None:
    assert classes(pd.Series([1.0, 99_999.99, 1e5, 2e5, 1e6])).tolist() == [
        "MOINS_100", "MOINS_100", "DE_100_A_200", "DE_200_A_500", "PLUS_1000",
    ]  # fmt: skip
    start, end = periods(TODAY, 2)["epreuve"]
    each = foreseen(operations(), start, end, [0.1], SETTINGS)["classe"].value_counts()
    found = backtest(operations(), TODAY, [0.1], SETTINGS)
    told = found[(found["periode"] == "epreuve") & (found["methode"] == "modele")].set_index("classe")
    assert set(told.index) == {EVERY, *each.index[each >= LEAST]} and each.min() < LEAST <= each.max()
    assert told["operations"].drop(EVERY).to_dict() == each[each >= LEAST].to_dict()
    assert told["part_engagee"].notna().tolist() == told.index.isin([EVERY]).tolist(), "sums of all alone"


def test_amounts_that_are_not_all_known_are_not_sized() -> None:
    rows = operations()
    rows.loc[rows["fin"] >= "2024-01-01", "montant"] = np.nan
    found = backtest(rows, TODAY, [0.2], SETTINGS)
    assert found.loc[found["periode"] == "epreuve", "operations"].tolist() == [0, 0]
