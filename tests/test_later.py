"""Months on the calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.months import later


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        ("2026-03-15", 12, "2027-03-15"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-08-31", -6, "2026-02-28"),
        ("2026-03-01", 0, "2026-03-01"),
        ("2026-01-01", 1.5, "2026-02-16"),
        ("2026-03-01", -0.5, "2026-02-16"),
        ("2026-03-01", np.nan, None),
        (None, 3, None),
    ],
)
def test_a_month_on_is_the_same_day_else_the_last(day: str | None, months: float, found: str | None) -> None:
    given = pd.Series(pd.to_datetime([day]).astype("datetime64[s]"), index=[7])
    expected = pd.Series(pd.to_datetime([found]).astype("datetime64[s]"), index=[7])
    pd.testing.assert_series_equal(later(given, months), expected)


def test_each_day_has_its_own_number_of_months() -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=400, freq="D"))
    months = pd.Series(np.arange(400) % 61 - 12)
    one_by_one = [day + pd.DateOffset(months=int(count)) for day, count in zip(days, months, strict=True)]
    assert later(days, months).tolist() == one_by_one
    assert later(days[:0], months[:0]).empty
