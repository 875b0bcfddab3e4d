"""What sets territories apart: specialisation, concentration, and why their contracts with clause change.

    location quotient   LQ = (N_es / N_e) / (N_s / N), drawn towards 1: (N_es + k) / (E_es + k), E_es = N_e N_s / N
    effective number    1 / sum of squared shares (inverse of Herfindahl's index)
    shift-share         change = region + segments + own: as the region as a whole, more for what its segments did, the
                        rest its own

N_es is a Poisson count of mean E_es times a factor that follows a gamma law of mean 1 and shape k, learnt from all
territories: a territory with few contracts keeps little of its own quotient. Sources: D. Clayton, J. Kaldor, "Empirical
Bayes estimates of age-standardized relative risks", Biometrics 43 (1987); E. S. Dunn, "A statistical and analytical
technique for regional analysis", Papers in Regional Science 6 (1960).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.stats import nbinom

SHAPES = (1e-2, 1e4)  # of the gamma law, from quotients of any size to quotients of 1


def quotients(counts: pd.DataFrame, least: int) -> pd.DataFrame:
    """epci_siren, segment, marches, specialisation: only of places with at least `least` contracts.

    `counts` holds epci_siren, segment, marches of one year; the whole is the sum of its rows. A segment without any
    contract in a place has its row.
    """
    wide = counts.pivot(index="epci_siren", columns="segment", values="marches").fillna(0.0)
    own, segment = wide.sum(axis=1), wide.sum()
    wide = wide[own >= least]
    expected = pd.DataFrame(np.outer(own[own >= least], segment / own.sum()), wide.index, wide.columns)
    shapes = pd.Series({name: _shape(wide[name], expected[name]) for name in wide.columns}, dtype="float64")
    shrunk = (wide + shapes) / (expected + shapes)
    out = pd.DataFrame({"marches": wide.stack(), "specialisation": shrunk.stack()}).reset_index()
    return out.astype({"marches": "int64"})


def _shape(counts: pd.Series, expected: pd.Series) -> float:
    """The shape k under which the counts are likeliest: they are negative binomial of mean `expected`."""

    def loss(log_shape: float) -> float:
        k = np.exp(log_shape)
        return -float(nbinom.logpmf(counts, k, k / (k + expected)).sum())

    if counts.empty:
        return SHAPES[1]
    return float(np.exp(minimize_scalar(loss, bounds=np.log(SHAPES), method="bounded").x))


def effective(counts: pd.DataFrame, by: list[str], what: str) -> pd.Series:
    """The effective number of `what` in each group of `by`, weighted by `marches`.

    Of whole numbers to the last step, so that the order of the rows does not show.
    """
    sums = counts.assign(carre=counts["marches"] ** 2).groupby(by)[["marches", "carre"]].sum()
    return (sums["marches"].astype("float64") ** 2 / sums["carre"]).rename(what)


def shift_share(counts: pd.DataFrame, years: list[int]) -> pd.DataFrame:
    """edition, edition_precedente, territoire, avant, apres, variation, effet_region, effet_segments, effet_propre.

    `counts` holds edition, territoire, segment, avec_clause of places that make up the whole; `years` are comparable
    years in order. The three effects sum to the change, in contracts.
    """
    parts = []
    for was, now in pairwise(years):
        wide = counts[counts["edition"].isin([was, now])].pivot_table(
            index=["territoire", "segment"], columns="edition", values="avec_clause", aggfunc="sum", fill_value=0
        )
        wide = wide.reindex(columns=[was, now], fill_value=0)
        before, after = wide[was].astype("float64"), wide[now].astype("float64")
        whole = after.sum() / before.sum() if before.sum() else np.nan
        old, new = before.groupby("segment").sum(), after.groupby("segment").sum()
        # A segment that carried none before has no growth; what it gains is the places' own.
        growth = (new / old.where(old > 0)).reindex(wide.index.get_level_values("segment")).to_numpy()
        mix = before * (growth - whole)
        table = pd.DataFrame({"avant": before, "apres": after, "effet_segments": mix}).groupby("territoire").sum()
        table["variation"] = table["apres"] - table["avant"]
        table["effet_region"] = table["avant"] * (whole - 1)
        table["effet_propre"] = table["variation"] - table["effet_region"] - table["effet_segments"]
        parts.append(table.reset_index().assign(edition=now, edition_precedente=was))
    columns = ["edition", "edition_precedente", "territoire", "avant", "apres", "variation"]
    columns += ["effet_region", "effet_segments", "effet_propre"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
