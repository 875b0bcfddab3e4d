"""What counts as found, by hand: an interval of the attack held against what the rule of its cell asks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.disclosure.decide import Secret
from analysis.disclosure.gate import leaks
from analysis.disclosure.links import Links

NOTHING = pd.DataFrame()


def leaking(
    value: float, found: tuple[float, float], asked: float | None, *, within: tuple = (0.0, np.inf), whole: bool = False
) -> bool:
    """Whether a hidden cell of that value, known to lie `within`, leaks where the attack finds it between `found`."""
    cells = pd.DataFrame({"valeur": [value], "bas": within[0], "haut": within[1], "entier": whole}, index=["cell"])
    protection = pd.Series({} if asked is None else {"cell": asked}, dtype="float64")
    nothing: frozenset[str] = frozenset()
    secret = Secret(NOTHING, protection, nothing, nothing, nothing, nothing)
    interval = pd.DataFrame([found], columns=["bas", "haut"], index=["cell"])
    return bool(leaks(Links(NOTHING, cells, NOTHING, NOTHING), secret, interval).iloc[0])


@pytest.mark.parametrize(
    ("found", "leak"),
    [((80, 120), False), ((81, 119), False), ((81.1, 120), True), ((80, 118.9), True), ((0, 118.9), True),
     ((81.1, np.inf), True)],
)  # fmt: skip
def test_each_end_must_be_as_far_as_the_rule_asks_but_for_a_twentieth(found: tuple, leak: bool) -> None:
    assert leaking(100.0, found, 20.0) == leak


def test_nobody_can_be_left_believing_what_is_beyond_a_bound() -> None:
    assert not leaking(3.0, (0.0, 30.0), 20.0), "none is negative"
    assert leaking(3.0, (1.1, 30.0), 20.0)
    assert not leaking(0.9, (0.0, 1.0), 0.2, within=(0.0, 1.0)), "a person gives one ETP at most"
    assert leaking(0.9, (0.0, 1.0), 0.2), "where that is not known, it was found"


@pytest.mark.parametrize(
    ("value", "found", "whole", "leak"),
    [
        (5.0, (5.0, 5.04), False, True),  # a hundredth of its value
        (5.0, (5.0, 5.06), False, False),
        (5000.0, (5000.0, 5000.09), False, True),  # a tenth
        (5000.0, (5000.0, 5000.11), False, False),
        (5000.0, (5000.0, 5000.0), True, True),
        (5000.0, (5000.0, 5001.0), True, False),
        (0.0, (0.0, 0.0), False, False),
    ],
)
def test_what_no_rule_hides_must_be_no_single_number_unless_it_is_none(
    value: float, found: tuple, whole: bool, leak: bool
) -> None:
    assert leaking(value, found, None, whole=whole) == leak
