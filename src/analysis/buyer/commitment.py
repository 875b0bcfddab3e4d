"""How many hours to commit to: a quantile of the hours that the contract could bear, rounded down.

The quantile is the caller's: the lower it is, the surer the commitment is kept. Rounding is always down, so that it
promises no hour that the estimate does not hold; its steps are assumptions (`acheteur/arrondis.csv`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.core import reference

Numbers = NDArray[np.float64]
DUST = 1e-9  # of a step: 0.3 / 0.1 must count three steps, not two


def steps() -> Numbers:
    """`acheteur/arrondis` as an array of two columns, hours from which a step holds and the step, in hours."""
    return reference.table("acheteur/arrondis")[["de_heures", "pas"]].to_numpy(dtype=np.float64)


def rounded(hours: ArrayLike, table: Numbers) -> Numbers:
    """`hours` (0 or more, any shape) rounded down to the step of `table` (see `steps`) that holds for them.

    A missing value stays missing. Raises ValueError for negative hours.
    """
    given = np.asarray(hours, dtype=np.float64)
    if (given < 0).any():
        raise ValueError("hours below 0")
    step = table[np.searchsorted(table[:, 0], given, side="right") - 1, 1]
    return np.asarray(np.floor(given / step + DUST) * step, dtype=np.float64)


def proposed(hours: ArrayLike, quantile: float, axis: int = 0) -> Numbers:
    """The commitment, in hours: the `quantile` (0 to 1) of draws of `hours` along `axis`, rounded down (`rounded`).

    `hours`: draws, or draws by contract, of shape (draws, ...); the result has the shape of the rest. 0 where less than
    the smallest step is left: no commitment. Quantiles are interpolated linearly, numpy's default.
    """
    return rounded(np.quantile(np.asarray(hours, dtype=np.float64), quantile, axis=axis), steps())
