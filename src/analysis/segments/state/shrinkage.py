"""Shares of small territories, drawn towards what territories like them show: the Bayesian beta-binomial.

    x_i | p_i ~ Binomial(n_i, p_i)        p_i ~ Beta(m s, (1 - m) s)
    p_i | x_i ~ Beta(m s + x_i, (1 - m) s + n_i - x_i)

A territory with few contracts keeps little of its own share; the posterior says how likely it is to be below the whole,
so that none is ranked on noise. `m` and `s` are learnt from all the territories: not their likeliest values alone
(empirical Bayes proper gives intervals that are too narrow: 86 % where they say 90), but a grid of values weighed by
their likelihood, flat on logit m and on the correlation 1 / (s + 1) within a territory. The probability of being below
is that of the mixture; its quantiles, which would have to be searched for, are those of a beta of the same mean and
variance: what is said of a place rests on the probability. Method: C. N. Morris, "Parametric Empirical Bayes
Inference", JASA 78 (1983); A. Gelman et al., "Bayesian Data Analysis", 5.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, expit, logit
from scipy.stats import beta

from analysis.segments.intervals import LEVEL

Numbers = NDArray[np.float64]

SIZES = np.geomspace(1, 10_000, 33)  # contracts that the prior counts for, from nearly none to all that matters
STEPS = 21  # of the mean, on either side of the share of the whole
SPREAD = 2.5  # how many times the error of that share they go to


@dataclass(frozen=True)
class Prior:
    """How shares may vary between territories: means and sizes (contracts counted for), each pair with its weight."""

    mean: Numbers
    size: Numbers
    weight: Numbers


def learnt(successes: ArrayLike, trials: ArrayLike) -> Prior | None:
    """What the counts of all territories say of how their shares vary; None without any trial."""
    x, n = np.asarray(successes, dtype="float64"), np.asarray(trials, dtype="float64")
    x, n = x[n > 0], n[n > 0]
    if not len(n):
        return None
    # Half a success and half a failure keep the middle inside (0, 1). Territories are the units that vary.
    share = (x.sum() + 0.5) / (n.sum() + 1)
    error = 1 / np.sqrt((n.sum() + 1) * share * (1 - share)) + 1 / np.sqrt(len(n))
    means = expit(logit(share) + error * np.linspace(-SPREAD, SPREAD, 2 * STEPS + 1))
    mean, size = (axis.ravel() for axis in np.meshgrid(means, SIZES, indexing="ij"))
    a, b = (mean * size)[:, None], ((1 - mean) * size)[:, None]
    # The beta-binomial law without its binomial coefficient, which no prior changes.
    likely = (betaln(a + x, b + n - x) - betaln(a, b)).sum(axis=1)
    weight = np.exp(likely - likely.max()) * size / (size + 1) ** 2
    return Prior(mean, size, weight / weight.sum())


def posterior(prior: Prior, successes: pd.Series, trials: pd.Series, whole: float) -> pd.DataFrame:
    """part_lissee, part_lissee_bas, part_lissee_haut (interval of `LEVEL`), p_sous: of a share below `whole`.

    `successes` and `trials` are counts by territory; one without any trial has the prior itself. A whole of 0 or 1 is
    at the end of what a share can be: every share that is not that end is on the same side of it, whatever the counts,
    so that p_sous is missing; it is too of a whole that is missing.
    """
    x, n = (counts.to_numpy(dtype="float64")[:, None] for counts in (successes, trials))
    a, b = prior.mean * prior.size + x, (1 - prior.mean) * prior.size + n - x
    middle, total = a / (a + b), a + b
    mean = middle @ prior.weight
    variance = (middle * (1 - middle) / (total + 1) + middle**2) @ prior.weight - mean**2
    size = mean * (1 - mean) / variance - 1
    tail, known = (1 - LEVEL) / 2, (mean * size, (1 - mean) * size)
    return pd.DataFrame(
        {
            "part_lissee": mean,
            "part_lissee_bas": beta.ppf(tail, *known),
            "part_lissee_haut": beta.ppf(1 - tail, *known),
            "p_sous": betainc(a, b, whole) @ prior.weight if 0 < whole < 1 else np.nan,
        },
        index=successes.index,
    )


def smoothed(table: pd.DataFrame, within: list[str], successes: str, trials: str) -> pd.DataFrame:
    """`table` with the columns of `posterior`, a prior for each group of `within` (a segment and year, say).

    The whole is the group's own share. Groups without any trial have no value. A success, or a failure, that is alone
    in its group is on its side of the whole by itself, wherever chance let it fall: p_sous is missing.
    """
    parts = []
    for _, rows in table.groupby(within, sort=True):
        prior = learnt(rows[successes], rows[trials])
        if prior is not None:
            good, all_ = float(rows[successes].sum()), float(rows[trials].sum())
            whole = good / all_ if 1 < good < all_ - 1 else np.nan
            parts.append(posterior(prior, rows[successes], rows[trials], whole))
    names = ["part_lissee", "part_lissee_bas", "part_lissee_haut", "p_sous"]
    found = pd.concat(parts) if parts else pd.DataFrame(columns=names, dtype="float64")
    return table.join(found.reindex(table.index))
