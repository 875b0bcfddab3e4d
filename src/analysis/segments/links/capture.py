"""How many contracts with a clause nobody follows: two lists that each see a part of them.

The first list is that of the contracts linked to a facilitated operation (`links`), the second that of the contracts
whose social field declares a clause or a reservation. With n1 and n2 contracts and m in both, over contracts whose
field is clear (only there could the second list see them):

    N = (n1 + 1)(n2 + 1) / (m + 1) - 1        D. G. Chapman, Univ. Calif. Publ. Stat. 1 (1951)

and N - n1 have a clause that no operation follows. The interval is the transformed logit one of M. Sadinle
(Communications in Statistics 38, 2009), made for small counts: with half a contract added to each cell, the log of the
number that neither list sees is nearly normal. Lists that depend on each other are told by the odds ratio t between
being in one and in the other: those that neither sees are then t times as many. The social field is broader than an
insertion clause: the part of what it declares that is one is assumed too, until a sample of contracts is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from analysis.core import reference
from analysis.core.params import CaptureParams
from analysis.core.reference import WHOLE

Numbers = NDArray[np.float64]

LEVEL = 0.90  # of these intervals alone: the one for which their coverage was measured
STRATA = ["famille", "acheteur", "tranche"]  # dropped from the last one on when a stratum is too small
COUNTS = ["suivis", "declares", "communs"]


def chapman(first: Numbers, second: Numbers, both: Numbers) -> Numbers:
    """The number of contracts that lists of `first` and `second`, with `both` in common, point to."""
    return (first + 1) * (second + 1) / (both + 1) - 1


def unseen(first: Numbers, second: Numbers, both: Numbers) -> tuple[Numbers, Numbers]:
    """The middle of the number that neither list sees, and the standard deviation of its logarithm (Sadinle)."""
    a, b, c = both + 0.5, first - both + 0.5, second - both + 0.5
    middle = b * c / a
    # Half a contract unseen at least, here too: the last term would otherwise have no end.
    return middle, np.sqrt(1 / a + 1 / b + 1 / c + 1 / np.maximum(middle, 0.5))


def interval(first: float, second: float, both: float) -> tuple[float, float]:
    """Of the whole number of contracts: at least those that were seen, and holding Chapman's estimate.

    The two add to the counts in different ways: where one list is nearly empty, or inside the other, the interval alone
    would begin above the estimate, or end below it.
    """
    counts = [np.array([float(n)]) for n in (first, second, both)]
    middle, spread = unseen(*counts)
    seen, estimate = first + second - both, float(chapman(*counts)[0])
    step = float(norm.ppf((1 + LEVEL) / 2) * spread[0])
    low, high = (float(seen - 0.5 + middle[0] * np.exp(sign * step)) for sign in (-1, 1))
    return min(max(low, seen), estimate), max(high, estimate)


def total_interval(strata: pd.DataFrame) -> tuple[float, float]:
    """Of the number over several independent strata (`COUNTS`): Chapman's estimates and their variances (G. A. F.
    Seber, Biometrika 57, 1970) are added, and the number that neither list sees is taken as log-normal (A. Chao,
    Biometrics 43, 1987), which it cannot be below zero.

    One stratum alone has its own `interval`, better for small counts.
    """
    a, b, m = (strata[name].to_numpy(dtype="float64") for name in COUNTS)
    if len(strata) == 1:
        return interval(a[0], b[0], m[0])
    seen = float((a + b - m).sum())
    # At least half a contract, so that lists that are one inside the other still leave a doubt.
    estimate = float(chapman(a, b, m).sum())
    hidden = max(estimate - seen, 0.5)
    variance = max(float(((a + 1) * (b + 1) * (a - m) * (b - m) / ((m + 1) ** 2 * (m + 2))).sum()), 0.25)
    step = float(norm.ppf((1 + LEVEL) / 2) * np.sqrt(np.log1p(variance / hidden**2)))
    return min(seen + hidden * float(np.exp(-step)), estimate), seen + hidden * float(np.exp(step))


def grouped(strata: pd.DataFrame, least: int) -> pd.DataFrame:
    """`strata` (`STRATA` and `COUNTS`) with those of fewer than `least` common contracts put together.

    Small ones of the same family and buyer are joined across classes of amount (`ensemble`), those still too small
    across buyers, then across families. What is left in the end stays one stratum, however small.
    """
    done, left = [], strata
    for depth in range(len(STRATA), -1, -1):
        kept = [name if n < depth else WHOLE for n, name in enumerate(STRATA)]
        level = left.assign(**{name: WHOLE for name, to in zip(STRATA, kept, strict=True) if to == WHOLE})
        level = level.groupby(STRATA, as_index=False)[COUNTS].sum()
        large = level["communs"].ge(least) | (depth == 0)
        done.append(level[large])
        small = level.loc[~large, STRATA[:depth]]
        if depth:
            left = left.merge(small, on=STRATA[:depth]) if len(small) else left.iloc[:0]
    return pd.concat(done, ignore_index=True).sort_values(STRATA, ignore_index=True)


def strata_of(contracts: pd.DataFrame, bounds: Sequence[float]) -> pd.DataFrame:
    """Counts by edition, family of segment, kind of buyer and class of amount of the contracts whose field is clear
    (`followed.described_contracts`); a missing amount is in the class `inconnu`."""
    families = reference.table("nomenclatures/segments").set_index("code")["famille"]
    clear = contracts[contracts["est_renseigne"]]
    edges = [-np.inf, *bounds, np.inf]
    names = [f"{n} : {_bound(low, high)}" for n, (low, high) in enumerate(pairwise(edges), start=1)]
    size = pd.cut(clear["montant"].astype("float64"), edges, labels=names, right=False).astype("str").fillna("inconnu")
    rows = clear.assign(
        famille=clear["segment"].map(families).astype("str").fillna("autre"),
        acheteur=clear["categorie"],
        tranche=size,
        suivis=clear["operation"].notna().astype("int64"),
        declares=clear["porte_clause"].astype("int64"),
    )
    rows["communs"] = rows["suivis"] * rows["declares"]
    return rows.groupby(["edition", *STRATA], as_index=False)[COUNTS].sum().astype({"edition": "int64"})


def _bound(low: float, high: float) -> str:
    thousands = [f"{value / 1000:.0f} k€" for value in (low, high) if np.isfinite(value)]
    if len(thousands) == 2:
        return f"de {thousands[0]} à {thousands[1]}"
    return f"moins de {thousands[0]}" if np.isinf(low) else f"{thousands[0]} et plus"


def capture(contracts: pd.DataFrame, settings: CaptureParams) -> pd.DataFrame:
    """edition, `STRATA`, rapport_cotes (1: independent lists), part_vraie (of the declared clauses), `COUNTS`, vus (in
    one list at least), estimation and sans_suivi (nobody follows them), each with its interval of `LEVEL`.

    One row per stratum and odds ratio, and one for all strata of the edition (`ensemble` three times), which is their
    sum; the grouped remainder is then called `reste`.
    """
    rows = []
    for edition, found in strata_of(contracts, settings.amount_classes).groupby("edition"):
        strata = grouped(found.drop(columns="edition"), settings.min_matched)
        rest = strata[STRATA].eq(WHOLE).all(axis=1)
        strata.loc[rest, STRATA] = "reste"
        for ratio, true in product(settings.odds_ratios, settings.declared_true):
            assumed = {"edition": edition, "rapport_cotes": float(ratio), "part_vraie": float(true)}
            # What is declared and followed has a clause: what is not true is among the others.
            real = strata.assign(declares=np.maximum(true * strata["declares"], strata["communs"]))
            parts = [_estimated(real.iloc[[n]], ratio) for n in range(len(real))]
            whole = _estimated(real, ratio) | dict.fromkeys(STRATA, WHOLE)
            rows += [assumed | row for row in [whole, *parts]]
    names = [
        "edition",
        *STRATA,
        "rapport_cotes",
        "part_vraie",
        *COUNTS,
        "vus",
        "estimation",
        "estimation_bas",
        "estimation_haut",
    ]
    table = pd.DataFrame(rows, columns=names)
    for name in ("", "_bas", "_haut"):
        table[f"sans_suivi{name}"] = table[f"estimation{name}"] - table["suivis"]
    return table


def _estimated(strata: pd.DataFrame, ratio: float) -> dict:
    """The estimate of some strata together, those that neither list sees `ratio` times as many."""
    counts = strata[COUNTS].sum().astype("float64")
    seen = float(counts["suivis"] + counts["declares"] - counts["communs"])
    middle = float(chapman(*strata[COUNTS].to_numpy(dtype="float64").T).sum())
    low, high = total_interval(strata)
    return {
        **strata.iloc[0][STRATA].to_dict(),
        **counts.to_dict(),
        "vus": seen,
        "estimation": seen + ratio * (middle - seen),
        "estimation_bas": seen + ratio * (low - seen),
        "estimation_haut": seen + ratio * (high - seen),
    }
