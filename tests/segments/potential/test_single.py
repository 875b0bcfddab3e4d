from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.buyer.sizing import RANGE, hours, law
from analysis.consolidation.facts import Facts
from analysis.segments.potential import sizing
from analysis.segments.potential.single import PROBABILITIES, laws, learnt_from, tellable

SEGMENTS = ["PROPRETE", "SECURITE"]


def drawn(draws: int = 2000) -> dict[str, sizing.Segment]:
    """Cleaning was observed, with hours that grow less than amounts and are surer of large ones; guarding was not."""
    rng = np.random.default_rng(4)
    amounts = np.exp(rng.normal(12, 1, 60))
    away = rng.normal(0, 0.5, 60) * (amounts / np.exp(12)) ** -0.3
    seen = pd.DataFrame({"segment": "PROPRETE", "montant": amounts, "heures": amounts**0.8 * 0.1 * np.exp(away)})
    return sizing.segment_draws(SEGMENTS, sizing.learnt(seen, 20), draws=draws, seed=1, weight=20)


USUAL = pd.Series({"PROPRETE": 150_000.0, "SECURITE": 90_000.0})


def test_the_table_gives_what_the_model_draws() -> None:
    """Within 4 %: both have the same draws of what is shared, and 50 contracts each."""
    table = laws(drawn(), USUAL, own=50, seed=2)
    rng = np.random.default_rng(3)
    for amount in (20_000.0, 400_000.0, 9_000_000.0):
        cleaning = sizing.hours(drawn()["PROPRETE"], np.full(50, amount), rng)
        assert hours(law(table, "PROPRETE"), RANGE, amount) == pytest.approx(np.quantile(cleaning, RANGE), rel=0.04)
        # A segment that nobody observed turns around its usual amount.
        apart = np.append(np.full(50, amount), np.full(51, USUAL["SECURITE"]))
        guarding = sizing.hours(drawn()["SECURITE"], apart, rng)[:, :50]
        assert hours(law(table, "SECURITE"), RANGE, amount) == pytest.approx(np.quantile(guarding, RANGE), rel=0.04)


def test_a_row_for_each_probability_rising_and_the_same_twice() -> None:
    table = laws(drawn(200), USUAL, own=20, seed=2)
    assert list(table["segment"].unique()) == SEGMENTS and len(table) == len(SEGMENTS) * len(PROBABILITIES)
    rises = table.groupby("segment")["coefficient"].apply(lambda values: values.is_monotonic_increasing)
    assert rises.all() and (table["coefficient"] > 0).all()
    pd.testing.assert_frame_equal(table, laws(drawn(200), USUAL, own=20, seed=2))


def test_what_a_segment_was_learnt_from_is_told() -> None:
    segments = pd.Series([*SEGMENTS, "PROPRETE"])
    seen = pd.DataFrame({"segment": "PROPRETE", "montant": [1e4, 2e5, 3e6], "heures": [100.0, 900.0, 8000.0]})
    assert learnt_from(segments, sizing.learnt(seen, 20)).tolist() == ["segment", "autres", "segment"]
    assert set(learnt_from(segments, sizing.learnt(seen[:0], 20))) == {"regle"}


def test_segments_whose_hours_are_secret_or_few_teach_nothing() -> None:
    """Of three segments with the same hours, one is the work of one employer, one has too few operations."""
    segments = ["PROPRETE"] * 5 + ["SECURITE"] * 5 + ["ENERGIE"] * 4
    operations = pd.DataFrame({"operation": [f"O{n}" for n in range(14)], "segment": segments, "heures": 100.0})
    contracts = pd.DataFrame(
        {
            "operation": operations["operation"],
            "personne": range(14),
            "employeur": [*range(5), *[7] * 5, *range(4)],
            "entreprise": range(14),
            "centiheures": 10_000,
        }
    )
    nothing = pd.DataFrame()
    kept = tellable(operations, Facts(nothing, nothing, contracts, nothing, nothing), 5)
    assert set(kept["segment"]) == {"PROPRETE"} and len(kept) == 5
