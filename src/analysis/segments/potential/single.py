"""Hours of one contract that carries a clause, by segment, as a small table from which they follow for any amount.

`sizing.hours` draws, for an amount A known for sure, hours = K x A^(1 + slope) with K random, whose spread follows A
(`narrowing`): the quantiles of K at one amount (`coefficient`), how far they draw together at others, and the exponent
are all that an amount needs.

Nobody's hours can be told from them: operations of segments that have fewer than `links.min_operations`, or whose
linked hours a rule of disclosure control hides (`secret/regles.csv`), teach nothing here. Such a segment is sized by
the rule of the field and by what the others show, each of which enters as the median of its operations.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.consolidation.facts import Facts
from analysis.core import reference
from analysis.core.numbers import SIGNIFICANT, significant
from analysis.core.params import SegmentParams
from analysis.disclosure.primary import broken
from analysis.segments.links.followed import Linked, with_control
from analysis.segments.potential import sizing
from analysis.segments.potential.backtest import known_operations

HOURS = "heures"  # the kind of cell of `secret/regles.csv`
PROBABILITIES = np.arange(1, 100) / 100
COARSE = 2  # significant digits of an amount
# What the hours of a segment were learnt from (`appris`): its own operations, those of others, none at all.
OWN, OTHERS, RULE = "segment", "autres", "regle"


def single_contracts(linked: Linked, contracts: pd.DataFrame, settings: SegmentParams) -> pd.DataFrame:
    """`dimensionnement`: the columns of `laws`, appris (see `learnt_from`)
    and montant_appris (the lowest amount of the segment's operations that taught it, at two digits, missing where none
    did), for every segment there is; `contracts`: those of `linked` as `amounts.by_need` gives them."""
    sized = settings.potential
    operations = known_operations(linked.operations, contracts)
    teaching = tellable(operations, linked.facts, settings.links.min_operations)
    known = sizing.learnt(teaching, sized.prior_operations)
    drawn = sizing.segment_draws(
        sorted(reference.labels("segments")),
        known,
        draws=sized.single_draws,
        seed=sized.seed,
        weight=sized.prior_operations,
    )
    needs = contracts.drop_duplicates("besoin")
    every = needs["montant_besoin"].median()
    usual = needs.groupby("segment_besoin")["montant_besoin"].median().reindex(list(drawn)).fillna(every).fillna(1.0)
    table = laws(drawn, usual, own=sized.single_own_draws, seed=sized.seed)
    lowest = teaching.groupby("segment")["montant"].min().map(lambda amount: significant(amount, COARSE))
    return table.assign(
        appris=(learnt := learnt_from(table["segment"], known)),
        montant_appris=table["segment"].map(lowest).astype("float64").where(learnt == OWN),
    )


def learnt_from(segments: pd.Series, known: sizing.Learnt) -> pd.Series:
    """What the hours of each of `segments` were learnt from: `OWN`, `OTHERS` beside the rule of the field, or `RULE`.

    That a segment's own operations taught nothing tells no more than its hidden hours do.
    """
    elsewhere = OTHERS if len(known.segments) else RULE
    return segments.isin(known.segments.index).map({True: OWN, False: elsewhere}).astype("str")


def tellable(operations: pd.DataFrame, facts: Facts, least: int) -> pd.DataFrame:
    """The `operations` (operation, segment, ...) of segments with `least` of them whose hours together may be told."""
    counted = operations["segment"].value_counts().rename_axis("segment").reset_index(name="operations")
    cells = with_control(counted, operations, facts, operations["operation"])
    told = broken(cells, pd.Series(HOURS, index=cells.index)).eq("") & cells["operations"].ge(least)
    return operations[operations["segment"].isin(cells.loc[told, "segment"])]


def laws(drawn: dict[str, sizing.Segment], usual: pd.Series, *, own: int, seed: int) -> pd.DataFrame:
    """segment, probabilite (0.01 to 0.99), coefficient (K at that probability, for amounts in euros), exposant, plafond
    (hours of an amount of one euro, above which no hours are: `sizing.most_per_euro`), and how the logarithm of K over
    its median follows the amount (`Narrowing`): ecart_exposant, ecart_montant (the amount at which it is that of the
    coefficients), ecart_de and ecart_a, in euros at two digits, and ecart_propre (`own`).

    `usual`: an amount by segment, around which a segment without operations follows the rule of the field; `own`:
    contracts drawn for each draw of what a segment's contracts share.
    """
    rng = sizing.stream(seed, sizing.SINGLE)
    common, parts = sizing.shared(drawn).var(), []
    for name, segment in sorted(drawn.items()):
        exponent, amount = round(1 + segment.slope, SIGNIFICANT), float(usual[name])
        made = sizing.hours(segment, np.full(own, amount), rng)
        found = np.quantile(made, PROBABILITIES) / amount**exponent
        spread = segment.narrowing
        low, high = (significant(value, COARSE) for value in (spread.low, spread.high))
        parts.append(
            pd.DataFrame(
                {
                    "segment": name,
                    "probabilite": PROBABILITIES,
                    "coefficient": [significant(value, SIGNIFICANT) for value in found],
                    "exposant": exponent,
                    "plafond": significant(sizing.most_per_euro(name), SIGNIFICANT),
                    "ecart_exposant": round(spread.exponent, SIGNIFICANT),
                    "ecart_montant": float(np.clip(significant(amount, COARSE), low, high)),
                    "ecart_de": low,
                    "ecart_a": high,
                    "ecart_propre": round(max(1 - common[name] / float(np.log(made).var()), 0.0), COARSE),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
