"""Observed shares and their intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest


def wilson(successes: ArrayLike, trials: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of Wilson's 95 % interval of each share `successes / trials`, shaped like them; NaN where none was tried."""
    return np.vectorize(_ends, otypes=[np.float64, np.float64])(successes, trials)


def observed(name: str, met: pd.Series) -> dict[str, float]:
    """The share of the rows of `met` that are true, and its interval (`wilson`): name, name_bas, name_haut."""
    low, high = wilson(met.sum(), len(met))
    return {name: float(met.mean()), f"{name}_bas": float(low), f"{name}_haut": float(high)}


def _ends(successes: int, trials: int) -> tuple[float, float]:
    return binomtest(int(successes), int(trials)).proportion_ci(method="wilson") if trials else (np.nan, np.nan)
