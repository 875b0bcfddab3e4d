"""What sets territories apart, on worlds counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.segments.state.specialisation import effective, quotients, shift_share


def test_a_quotient_is_drawn_towards_one_the_more_as_contracts_are_few() -> None:
    rng = np.random.default_rng(3)
    true = rng.gamma(20, 1 / 20, 80)  # how much more than the others each place buys of A
    size = rng.integers(30, 150, 80)
    a = rng.poisson(0.1 * size * true)
    counts = pd.DataFrame(
        {
            "epci_siren": np.repeat([f"e{n:02}" for n in range(80)], 2),
            "segment": ["A", "B"] * 80,
            "marches": np.column_stack([a, size]).ravel(),
        }
    )
    found = quotients(counts, 30).query("segment == 'A'")["specialisation"].to_numpy()
    whole = counts.groupby("epci_siren")["marches"].sum().to_numpy()
    raw = (a / whole) / (a.sum() / whole.sum())
    assert np.mean((found - true) ** 2) < 0.9 * np.mean((raw - true) ** 2)
    assert (np.abs(found - 1) <= np.abs(raw - 1) + 1e-9).all()


def test_places_with_too_few_contracts_have_no_quotient() -> None:
    counts = pd.DataFrame({"epci_siren": ["a", "a", "b"], "segment": ["A", "B", "A"], "marches": [30, 30, 3]})
    assert set(quotients(counts, 30)["epci_siren"]) == {"a"}


def test_equal_parts_count_as_many_and_one_part_as_one() -> None:
    counts = pd.DataFrame({"edition": [1, 1, 1, 1, 2], "marches": [5, 5, 5, 5, 9]})
    assert effective(counts, ["edition"], "n").tolist() == [4.0, 1.0]


def test_the_three_effects_sum_to_the_change() -> None:
    counts = pd.DataFrame(
        [
            (2024, "59", "A", 10), (2024, "59", "B", 10), (2024, "62", "A", 10),
            (2025, "59", "A", 20), (2025, "59", "B", 10), (2025, "62", "A", 15),
        ],
        columns=["edition", "territoire", "segment", "avec_clause"],
    )  # fmt: skip
    table = shift_share(counts, [2024, 2025]).set_index("territoire")
    # The region: 30 then 45, + 50 %. A: 20 then 35, + 75 %. B: 10 then 10, 0 %.
    assert table.loc["59", ["variation", "effet_region"]].tolist() == [10, 10]
    assert table.loc["59", "effet_segments"] == pytest.approx(10 * 0.25 - 10 * 0.5)
    assert table.loc["59", "effet_propre"] == pytest.approx(2.5)
    assert table.loc["62", ["effet_region", "effet_segments", "effet_propre"]].tolist() == pytest.approx([5, 2.5, -2.5])


def test_what_a_segment_that_carried_none_gains_is_the_places_own() -> None:
    counts = pd.DataFrame(
        [(2024, "59", "A", 1), (2025, "59", "A", 2), (2025, "59", "B", 1)],
        columns=["edition", "territoire", "segment", "avec_clause"],
    )
    row = shift_share(counts, [2024, 2025]).iloc[0]
    # The region: 1 then 3, + 200 %. A: 1 then 2, + 100 %. B had none: it is no segment's growth.
    effects = ["variation", "effet_region", "effet_segments", "effet_propre"]
    assert row[effects].tolist() == [2, 2, -1, 1]


def test_one_year_has_nothing_to_compare() -> None:
    rows = pd.DataFrame({"edition": [2025], "territoire": ["59"], "segment": ["A"], "avec_clause": [1]})
    assert shift_share(rows, [2025]).empty
