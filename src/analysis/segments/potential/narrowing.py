"""How the spread between contracts follows their amount: the larger they are, the less their hours differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import theilslopes

Numbers = NDArray[np.float64]

NOTHING = 1e-9  # the logarithm of a ratio below which it is that of the median operation itself, which tells no spread
SEEN = [0.05, 0.95]  # quantiles of the amounts that teach, beyond which too few were seen


@dataclass(frozen=True)
class Narrowing:
    """The spread of contracts of an amount, over that of contracts of `middle` euros: (amount / middle)^exponent.

    Amounts below `low` and above `high` (euros) have the spread of these. Where contracts have a part of it in common,
    which no amount narrows, `own` is the other part of the variance, that of contracts of `middle` euros.
    """

    exponent: float = 0.0
    middle: float = 1.0
    low: float = 1.0
    high: float = 1.0
    own: float = 1.0

    def of(self, amounts: ArrayLike) -> Numbers:
        """By what to multiply the spread of contracts of `middle` euros for those of `amounts` (euros)."""
        seen = np.clip(np.asarray(amounts, dtype=np.float64), self.low, self.high)
        own = self.own * (seen / self.middle) ** (2 * self.exponent)
        return np.asarray(np.sqrt(1 - self.own + own), dtype=np.float64)


NONE = Narrowing()


def narrowing(away: pd.Series, amounts: pd.Series, weight: float) -> Narrowing:
    """What operations tell: `away`, the logarithm of their hours over what is usual for their `amounts` (euros).

    The exponent is the slope of H. Theil and P. K. Sen of the logarithm of |away| on that of the amount, which gross
    errors do not move, drawn towards none, which counts for `weight` operations. It is between -1/2, as if a contract
    were so many independent parts as it is large, and 0, as if all its parts went together.
    """
    told = away.abs() > NOTHING
    if amounts[told].nunique() < 2:
        return NONE
    found = float(theilslopes(np.log(away[told].abs()), np.log(amounts[told]))[0])
    exponent = float(np.clip(found * told.sum() / (told.sum() + weight), -0.5, 0.0))
    low, high = (float(amount) for amount in amounts.quantile(SEEN))
    return Narrowing(exponent, float(amounts.median()), low, high)
