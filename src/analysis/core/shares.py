"""The interval of an observed share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest


def wilson(successes: ArrayLike, trials: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of Wilson's 95 % interval of each share `successes / trials`; NaN where nothing was tried."""
    counts = np.stack([np.atleast_1d(successes), np.atleast_1d(trials)], axis=1).astype(np.int64)
    ends = [
        binomtest(int(good), int(tried)).proportion_ci(method="wilson") if tried else (np.nan, np.nan)
        for good, tried in counts
    ]
    low, high = np.array(ends, dtype=np.float64).reshape(-1, 2).T
    return low, high
