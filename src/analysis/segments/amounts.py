"""Which amounts are believed: those not too high for their segment are summed and published, and hours are drawn from
those of them that are not too low to be a contract's.

Amounts have gross errors: a factor of a thousand, a placeholder of hundreds of millions. One of them would outweigh all
that a territory buys or could do. Contracts are kept; their amount is taken as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.core import reference
from analysis.core.params import AmountParams


@dataclass(frozen=True)
class Belief:
    """Which amounts are believed: from `floor` (euros) on, which must be published, to the `ceilings`."""

    floor: float
    ceilings: pd.Series


def belief_from(contracts: pd.DataFrame, floor: float, settings: AmountParams) -> Belief:
    """The one that `contracts` (montant, segment) teach."""
    return Belief(floor, ceilings(contracts["montant"], contracts["segment"], settings))


def ceilings(amounts: pd.Series, segments: pd.Series, settings: AmountParams) -> pd.Series:
    """The logarithm of the highest amount (euros) that is believed, by segment.

    Median of the logarithms + `spreads` x (90 % quantile - median) / 1.2816: the last factor is the standard
    deviation of a normal law with such an upper half. That half alone is looked at, for amounts have a longer tail
    above than below; up to a tenth of wrong amounts do not move it. Segments of fewer than `least` known ones
    have the ceiling of all amounts together; amounts all alike tell no spread, hence no ceiling.
    """
    log = np.log(amounts.where(amounts > 0)).dropna()
    by = log.groupby(segments.reindex(log.index))
    of_segment = _ceiling(by.median(), by.quantile(0.9), settings.spreads)
    whole = _ceiling(pd.Series([log.median()]), pd.Series([log.quantile(0.9)]), settings.spreads).iloc[0]
    known = of_segment.where(by.size() >= settings.least, whole)
    return known.reindex(sorted(reference.labels("segments"))).fillna(whole)


def _ceiling(middle: pd.Series, high: pd.Series, spreads: float) -> pd.Series:
    return (middle + spreads * (high - middle) / ndtri(0.9)).where(high > middle, np.inf)


def highest(belief: Belief) -> pd.Series:
    """The highest amount (euros) that is believed, by segment; infinite where there is no ceiling."""
    return np.exp(belief.ceilings)


def implausible(rows: pd.DataFrame, belief: Belief) -> pd.Series:
    """Whether the montant of each row (montant, segment) is above the ceiling of its segment; false where either is
    not known."""
    return rows["montant"].astype("float64") > rows["segment"].map(highest(belief)).astype("float64")


def plausible(rows: pd.DataFrame, belief: Belief) -> pd.Series:
    """The montant of `rows` (montant, segment), missing where it is above the ceiling of its segment."""
    return rows["montant"].where(~implausible(rows, belief)).astype("float64")


def by_need(contracts: pd.DataFrame, needs: pd.Series, belief: Belief) -> pd.DataFrame:
    """`contracts` (uid, montant, segment), all that there are, with what hours are drawn from: montant (euros, missing
    where it is not believed), besoin, montant_besoin and segment_besoin (of its largest contract), and part, the
    contract's of the amount of its need (parts of one).

    `needs`: the number of the need of each contract (index uid), as `watch.needs.lots` gives it; a contract without
    one is a need of its own. Hours follow the amount of the whole need, however it is cut into contracts. What must be
    published is told by it too, so that the floor bears on it: below, none of its amounts is believed. Where some are
    not known, those contracts are as large as the others of their need; where none is, all are alike.
    """
    rows = contracts.reset_index(drop=True)
    number = rows["uid"].map(needs)
    alone = (-1 if needs.empty else int(needs.max())) + 1 + rows["uid"].rank(method="first")
    besoin = number.fillna(alone).astype("int64")
    own = plausible(rows, belief)
    filled = own.fillna(own.groupby(besoin).transform("mean"))
    whole = filled.groupby(besoin).transform("sum", min_count=1)
    order = rows.assign(_taille=own.fillna(-1.0), besoin=besoin).sort_values(["_taille", "uid"])
    largest = order.drop_duplicates("besoin", keep="last").set_index("besoin")["segment"]
    size = besoin.groupby(besoin).transform("size")
    return rows.assign(
        montant=own.where(whole >= belief.floor),
        besoin=besoin,
        montant_besoin=whole.where(whole >= belief.floor),
        segment_besoin=besoin.map(largest),
        part=(filled / whole).where(whole > 0).fillna(1 / size),
    )


def reliable(contracts: pd.DataFrame, belief: Belief) -> pd.DataFrame:
    """`contracts` (montant, segment) with montant missing where it is not believed: wrong, or not the contract's."""
    amounts = plausible(contracts, belief)
    return contracts.assign(montant=amounts.where(amounts >= belief.floor))
