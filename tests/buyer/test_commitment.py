from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.buyer.commitment import least_useful, proposed, rounded, said, steps
from analysis.core import reference


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (0, 0), (6.9, 0), (7, 7), (20.9, 14), (139.9, 133), (140, 140), (174.9, 140), (175, 175), (833, 805),
        (1399.9, 1365), (1400, 1400), (1469, 1400), (1470, 1470), (6999, 6930), (7000, 7000), (9999, 9800),
    ],
)  # fmt: skip
def test_hours_are_rounded_down_to_the_step_that_holds(hours: float, told: float) -> None:
    assert rounded(hours, steps()) == told


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=20))
def test_rounding_never_promises_more_and_keeps_the_order(hours: list[float]) -> None:
    ordered = np.sort(hours)
    told = rounded(ordered, steps())
    assert (told <= ordered + 1e-5).all() and (np.diff(told) >= 0).all()
    assert rounded(told, steps()).tolist() == told.tolist()


def test_what_is_missing_stays_missing_and_what_is_absurd_is_refused() -> None:
    assert np.isnan(rounded([np.nan, 10.0], steps())).tolist() == [True, False]
    with pytest.raises(ValueError, match="below 0"):
        rounded([-1.0], steps())


def test_the_steps_are_ordered_and_fit_each_other() -> None:
    table = steps()
    assert table[0, 0] == 0 and (np.diff(table, axis=0) > 0).all()
    assert (table[:, 0] % table[:, 1] == 0).all()  # else hours just above a bound would round to less than it
    assert reference.table("acheteur/arrondis")["source"].str.startswith("hypothèse").all()


@pytest.mark.parametrize(("hours", "told"), [(0, 0), (149.9, 0), (150, 0), (174.9, 0), (175, 175), (833, 805)])
def test_no_commitment_is_proposed_that_is_less_than_a_month_of_work(hours: float, told: float) -> None:
    assert least_useful() == 150 and proposed(hours, steps()) == told  # 150 to 174.9 are rounded to 140
    assert np.isnan(proposed(np.nan, steps()))


def test_a_page_says_the_steps() -> None:
    assert said(steps()) == "arrondi en dessous, par pas de 7, 35, 70 ou 350 heures selon sa taille"
