from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.params import CaptureParams
from analysis.segments.links.capture import (
    COUNTS,
    STRATA,
    capture,
    chapman,
    grouped,
    interval,
    strata_of,
    total_interval,
)

SETTINGS = CaptureParams(amount_classes=[90000], min_matched=2, odds_ratios=[1, 2], declared_true=[1, 0.5])


def contracts(*kinds: tuple[int, dict]) -> pd.DataFrame:
    default = {
        "edition": 2024, "segment": "PROPRETE", "categorie": "COMMUNE", "montant": 50000.0, "est_renseigne": True,
        "porte_clause": True, "operation": None,
    }  # fmt: skip
    return pd.DataFrame([{**default, **changes} for count, changes in kinds for _ in range(count)])


def strata(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*STRATA, *COUNTS])


def test_the_published_example() -> None:
    """400 and 600 contracts, 180 of them in both: 1 330, standard error 61."""
    assert chapman(*(np.array([n]) for n in (400.0, 600.0, 180.0))) == pytest.approx(1330, abs=1)
    two = strata(("a", "b", "1", 400, 600, 180), ("a", "b", "2", 0, 0, 0))
    low, high = total_interval(two)
    assert (low, high) == pytest.approx((1330 - 1.645 * 61, 1330 + 1.645 * 61), rel=0.02)
    assert interval(400, 600, 180) == pytest.approx((1330 - 1.645 * 61, 1330 + 1.645 * 61), rel=0.02)


def test_an_interval_holds_at_least_what_was_seen() -> None:
    low, high = interval(5, 5, 5)
    assert low == 5 and 5 < high < 10
    assert interval(0, 3, 0)[0] >= 3


@pytest.mark.parametrize("counts", [(0, 135, 0), (1, 100, 1), (1000, 1000, 1000), (0, 0, 0), (7, 135, 7), (5, 9, 0)])
def test_an_estimate_lies_in_its_interval(counts: tuple[float, float, float]) -> None:
    low, high = interval(*counts)
    assert sum(counts[:2]) - counts[2] <= low <= chapman(*counts) <= high
    two = strata(("a", "b", "1", *counts), ("a", "b", "2", 3, 3, 3))
    low, high = total_interval(two)
    assert low <= chapman(*counts) + 3 <= high


def test_small_strata_are_joined_across_amounts_then_buyers_then_families() -> None:
    found = grouped(
        strata(
            ("f", "a", "1", 9, 9, 7),
            ("f", "a", "2", 5, 4, 3), ("f", "a", "3", 6, 5, 4),  # together 7
            ("f", "b", "1", 3, 3, 3), ("f", "c", "1", 4, 4, 4),  # across buyers 7
            ("g", "a", "1", 1, 1, 1),  # alone to the end
        ),
        least=7,
    )  # fmt: skip
    assert found.set_index(STRATA)[COUNTS].to_dict("index") == {
        ("ensemble", "ensemble", "ensemble"): {"suivis": 1, "declares": 1, "communs": 1},
        ("f", "a", "1"): {"suivis": 9, "declares": 9, "communs": 7},
        ("f", "a", "ensemble"): {"suivis": 11, "declares": 9, "communs": 7},
        ("f", "ensemble", "ensemble"): {"suivis": 7, "declares": 7, "communs": 7},
    }


def test_only_contracts_that_say_something_are_counted() -> None:
    found = strata_of(
        contracts(
            (2, {"operation": "S1:1"}),
            (3, {}),
            (4, {"operation": "S1:2", "porte_clause": False}),
            (5, {"porte_clause": False}),
            (6, {"operation": "S1:3", "est_renseigne": False}),
            (1, {"montant": 90000.0}),
            (1, {"montant": None}),
        ),
        [90000],
    )
    assert found[["famille", "tranche", *COUNTS]].values.tolist() == [
        ["classique", "1 : moins de 90 k€", 6, 5, 2],
        ["classique", "2 : 90 k€ et plus", 0, 1, 0],
        ["classique", "inconnu", 0, 1, 0],
    ]


def test_dependence_and_false_declarations_move_what_nobody_saw() -> None:
    """6 followed, 8 declared, 4 in both: 7 x 9 / 5 - 1 = 11.6, of which 10 were seen."""
    rows = contracts((4, {"operation": "x"}), (2, {"operation": "x", "porte_clause": False}), (4, {}))
    found = capture(rows, SETTINGS)
    whole = found[found["famille"] == "ensemble"].set_index(["rapport_cotes", "part_vraie"])
    assert whole.loc[(1, 1), ["vus", "estimation", "sans_suivi"]].tolist() == pytest.approx([10, 11.6, 5.6])
    assert whole.loc[(2, 1), "estimation"] == pytest.approx(10 + 2 * 1.6)
    # Half of the declared ones: 4, all followed. Nothing is left to see.
    assert whole.loc[(1, 0.5), ["vus", "estimation"]].tolist() == pytest.approx([6, 6])
    assert (found["estimation_bas"] >= found["vus"]).all()


def test_the_interval_of_a_simulated_world_holds_its_truth_most_of_the_time() -> None:
    rng, inside = np.random.default_rng(1), 0
    for _ in range(300):
        first, second = rng.random((2, 200)) < np.array([[0.4], [0.6]])
        low, high = interval(first.sum(), second.sum(), (first & second).sum())
        inside += low <= 200 <= high
    assert 0.85 <= inside / 300 <= 0.95
