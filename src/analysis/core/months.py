"""Months counted on the calendar: from 31 January, one month on is 28 February."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.core.numbers import MONTH

_ONE = np.timedelta64(1, "M")


def later(days: pd.Series, months: pd.Series | float) -> pd.Series:
    """Each of `days` so many `months` on (back where negative): the same day of another month, its last where it has
    none such; what is over a whole number of months is so many days, of `MONTH` each, to the day.

    Missing where either is; `datetime64[s]`, with the index of `days`.
    """
    count = pd.Series(months, index=days.index, dtype="float64")
    whole = np.floor(count)
    day = days.to_numpy().astype("datetime64[D]")
    first = day.astype("datetime64[M]")
    there = first + whole.fillna(0).astype("int64").to_numpy().astype("timedelta64[M]")
    last = (there + _ONE).astype("datetime64[D]") - np.timedelta64(1, "D")
    same = np.minimum(there.astype("datetime64[D]") + (day - first.astype("datetime64[D]")), last)
    found = pd.Series(same.astype("datetime64[s]"), index=days.index)
    return (found + pd.to_timedelta(np.round((count - whole) * MONTH), unit="D")).astype("datetime64[s]")
