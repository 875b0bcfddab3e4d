"""Which amounts a forecast rests on: neither those too low to be a contract's, nor those too high for its segment.

Amounts have gross errors: a factor of a thousand, a placeholder of hundreds of millions. One of them would outweigh all
that a territory expects. Contracts are kept; their amount is taken as unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.core import reference
from analysis.core.params import WatchParams
from analysis.segments.potential.backtest import reliable


def ceilings(amounts: pd.Series, segments: pd.Series, settings: WatchParams) -> pd.Series:
    """The logarithm of the highest amount (euros) that is believed, by segment.

    Median of the logarithms + `amount_spreads` x (90 % quantile - median) / 1.2816: the last factor is the standard
    deviation of a normal law with such an upper half. That half alone is looked at, for amounts have a longer tail
    above than below; up to a tenth of wrong amounts do not move it. Segments of fewer than `least_amounts` known ones
    have the ceiling of all amounts together; amounts all alike tell no spread, hence no ceiling.
    """
    log = np.log(amounts.where(amounts > 0)).dropna()
    by = log.groupby(segments.reindex(log.index))
    of_segment = _ceiling(by.median(), by.quantile(0.9), settings.amount_spreads)
    whole = _ceiling(pd.Series([log.median()]), pd.Series([log.quantile(0.9)]), settings.amount_spreads).iloc[0]
    known = of_segment.where(by.size() >= settings.least_amounts, whole)
    return known.reindex(sorted(reference.labels("segments"))).fillna(whole)


def _ceiling(middle: pd.Series, high: pd.Series, spreads: float) -> pd.Series:
    return (middle + spreads * (high - middle) / ndtri(0.9)).where(high > middle, np.inf)


def plausible(rows: pd.DataFrame, highest: pd.Series) -> pd.Series:
    """The montant of `rows` (montant, segment), missing where it is above its segment's ceiling (`ceilings`)."""
    return rows["montant"].where(~implausible(rows, highest)).astype("float64")


def implausible(rows: pd.DataFrame, highest: pd.Series) -> pd.Series:
    """Whether the montant of each row is above the ceiling of its segment; false where either is not known."""
    return np.log(rows["montant"].where(rows["montant"] > 0)) > rows["segment"].map(highest).astype("float64")


def of_needs(needs: pd.DataFrame, lots: pd.DataFrame, highest: pd.Series, floor: float) -> pd.DataFrame:
    """`needs` with montant, the sum of the plausible amounts of their lots, and montant_cru (`believed`), in euros.

    A lot whose amount is not plausible, or not known, is taken to be as large as the others of its consultation; both
    are missing where no lot has one.
    """
    by = plausible(lots, highest).groupby(lots["besoin"])
    whole = needs.assign(montant=by.mean() * by.size())
    return believed(whole, floor).assign(montant=by.sum(min_count=1))


def believed(rows: pd.DataFrame, floor: float) -> pd.DataFrame:
    """`rows` with montant_cru, the montant that hours are drawn from: missing below `floor`, as for the potential.

    Rows are needs, announced or to be renewed: it is the need that must be published from `floor` on, not each lot.
    """
    return rows.assign(montant_cru=reliable(rows, floor)["montant"])
