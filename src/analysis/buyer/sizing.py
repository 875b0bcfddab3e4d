"""Hours of a purchase from the table `segments/dimensionnement`: no draw, so that a page computes the very same.

A purchase of amount A in a segment, all its lots together, carries K x A^e hours, K being random. The table has the
quantiles of K at one amount; at another they are M x (K / M)^s, M their median and s what `Narrowing` says of the
amount: hours of large purchases are surer than those of small ones. It carries no more than the labour that A pays
(`plafond` x A), which binds where the law is used far below the amounts that taught it. The amount may be known as a
range only, which is spread evenly on the logarithm, whatever K is.
The law is that of whole operations: into how many lots the amount is cut does not move it.

The script `templates/scripts/sizing.js` holds the same formulas for an amount that is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.buyer.commitment import proposed, steps
from analysis.core import reference
from analysis.core.numbers import SIGNIFICANT, significant
from analysis.segments.potential.narrowing import NONE, Narrowing

Numbers = NDArray[np.float64]

RANGE = (0.1, 0.5, 0.9)
POINTS = 50  # amounts that stand for a range
YEAR = 12  # months
SPREAD = ("exposant", "montant", "de", "a", "propre")  # columns of the table (`ecart_`...), in the order of `Narrowing`


@dataclass(frozen=True)
class Law:
    """Of a segment: the quantiles of K at evenly spaced probabilities (rising), for the `middle` amount of narrowing;
    the exponent of the amount, the most hours of a euro, and how the spread of K follows the amount."""

    coefficients: Numbers
    exponent: float
    ceiling: float = np.inf
    narrowing: Narrowing = NONE


def law(table: pd.DataFrame, segment: str) -> Law:
    """The law of a segment of the `table` (the columns of `segments.potential.single.laws`).

    Raises KeyError for a segment that the table does not hold.
    """
    own = table[table["segment"] == segment].sort_values("probabilite")
    if own.empty:
        raise KeyError(segment)
    first = own.iloc[0]
    spread = Narrowing(*(float(first[f"ecart_{name}"]) for name in SPREAD))
    return Law(own["coefficient"].to_numpy(dtype=np.float64), float(first["exposant"]), float(first["plafond"]), spread)


def hours(found: Law, probabilities: ArrayLike, low: float, high: float | None = None) -> Numbers:
    """Hours under which a purchase of `low` to `high` euros (excluding tax, all lots) falls with each probability.

    Amounts of the range are `POINTS` middles of even steps on the logarithm; the values of all pairs of amount and
    coefficient are ranked, and the one at place p (n + 1) taken, linearly between two. Probabilities beyond the table's
    give its ends. Raises ValueError for amounts that are not above 0 and in order.
    """
    high = low if high is None else high
    if not 0 < low <= high < np.inf:
        raise ValueError("amounts above 0, in order")
    middles = (np.arange(POINTS) + 0.5) / POINTS if high > low else np.zeros(1)
    amounts = low * (high / low) ** middles
    amounts = amounts[:, None]
    middle = np.median(found.coefficients)
    ratios = middle * (found.coefficients / middle) ** found.narrowing.of(amounts)
    made = np.minimum(amounts**found.exponent * ratios, found.ceiling * amounts)
    asked = np.asarray(probabilities, dtype=np.float64)
    return np.asarray(np.quantile(made, asked, method="weibull"), dtype=np.float64)


def per_year(hours: ArrayLike, months: float) -> Numbers:
    """Hours of a full year; all of them where the purchase lasts less."""
    return np.asarray(hours, dtype=np.float64) * YEAR / max(months, YEAR)


def part_of_year(months: float) -> float:
    """The part of a year that hours of a year (`per_year`) of a purchase of `months` are done in."""
    return min(months, YEAR) / YEAR


def full_time(hours_per_year: ArrayLike, months: float) -> Numbers:
    """Full-time equivalents (`etp` of `potentiel/constantes`, hours a year), while a purchase of `months` lasts."""
    return np.asarray(hours_per_year, dtype=np.float64) / (
        reference.constants("potentiel")["etp"] * part_of_year(months)
    )


def persons(hours_per_year: ArrayLike) -> Numbers:
    """Persons who would do them, at the region's usual hours for one in a year (`heures_par_personne`)."""
    return np.asarray(hours_per_year, dtype=np.float64) / reference.constants("potentiel")["heures_par_personne"]


def sized(found: Law, low: float, high: float | None = None, *, months: float, quantile: float) -> dict[str, float]:
    """What a purchase of `low` to `high` euros over `months` can bear: heures_p10, heures_p50, heures_p90 (over all of
    it), engagement (the `quantile` of its hours, as it is proposed), heures_an, etp and personnes (of the median).

    Raises ValueError as `hours` does.
    """
    p10, p50, p90, promised = hours(found, [*RANGE, quantile], low, high).tolist()
    yearly = per_year(p50, months)
    return {
        "heures_p10": p10,
        "heures_p50": p50,
        "heures_p90": p90,
        "engagement": float(proposed(promised, steps())),
        "heures_an": float(yearly),
        "etp": float(full_time(yearly, months)),
        "personnes": float(persons(yearly)),
    }


def modelled(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with its numbers at `SIGNIFICANT` significant digits: the same on all processors."""
    numbers = table.select_dtypes("float64")
    return table.assign(**{name: numbers[name].map(lambda value: significant(value, SIGNIFICANT)) for name in numbers})
