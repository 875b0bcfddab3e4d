from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.numbers import french, round_half_up, sum_hundredths


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(2.675, 2, "2.68"), (0.5, 0, "1"), (1.5, 0, "2"), (-0.5, 0, "-1"), (810.55, 0, "811"), (47.498, 1, "47.5")],
)
def test_halves_go_up_from_the_decimal_a_reader_sees(value: float, digits: int, expected: str) -> None:
    assert round_half_up(value, digits) == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "digits", "unit", "expected"),
    [
        (1302553, 0, "", "1\u202f302\u202f553"),
        (47.498, 1, "%", "47,5\u00a0%"),
        (-3.25, 1, "", "\u22123,3"),
        (None, 0, "h", "n.d."),
        (float("nan"), 1, "", "n.d."),
    ],
)
def test_numbers_are_written_as_in_french(value: float | None, digits: int, unit: str, expected: str) -> None:
    assert french(value, digits, unit) == expected


@given(st.lists(st.integers(0, 30_000), max_size=60), st.randoms())
def test_hours_add_up_exactly_in_any_order(hundredths: list[int], random) -> None:
    values = [value / 100 for value in hundredths]
    random.shuffle(values)
    assert sum_hundredths(pd.Series(values, dtype="float64")) == sum(hundredths) / 100
