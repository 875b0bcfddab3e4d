"""What supply and people allow in a year, and hours held to it.

A year's supply is held against the hours, over their whole life, of the contracts notified in a year. Where each year
brings as many contracts as the last, what those of one year ask over their life is what all that run ask in one year
(J. D. C. Little's law): hours and caps are then of the same period. Quarters have no cap of their own, for what is
notified in one is done in many: they share that of their year, in proportion to what they ask.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.reference import WHOLE
from analysis.segments.potential.sizing import Numbers
from analysis.segments.potential.supply import hours_of_capacity

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
CAPPED = "_plafonne"  # what ends the name of hours once capped


def caps(offered: pd.DataFrame, dependency: float) -> pd.DataFrame:
    """By territory and segment or `ensemble` (index territoire, segment): fournisseurs, and the hours of clauses of a
    year that they allow, plafond_offre; plafond_public, of `ensemble` only. `offered` as `supply` gives it."""
    reachable = float(reference.constants("potentiel")["heures_par_personne"])
    rows = offered.set_index(["territoire", "segment"]).sort_index()
    return pd.DataFrame(
        {
            "fournisseurs": rows["fournisseurs"].astype("float64"),
            "plafond_offre": rows["capacite"] * hours_of_capacity(dependency),
            "plafond_public": rows["public"] * reachable,
        }
    )


def of_cells(cells: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    """What is allowed in the territory and segment of each cell, in their order: fournisseurs, plafond_offre (nothing
    where nobody serves the segment) and plafond_public (all segments together)."""
    own = limits.reindex(pd.MultiIndex.from_frame(cells[["territoire", "segment"]]))
    people = limits["plafond_public"].xs(WHOLE, level="segment")
    return pd.DataFrame(
        {
            "fournisseurs": own["fournisseurs"].fillna(0.0).to_numpy(),
            "plafond_offre": own["plafond_offre"].fillna(0.0).to_numpy(),
            "plafond_public": cells["territoire"].map(people).to_numpy(dtype="float64"),
        },
        index=cells.index,
    )


def held(hours: Numbers, cells: pd.DataFrame, limits: pd.DataFrame, parts: pd.Series | None = None) -> Numbers:
    """`hours` of cells (rows: territoire, segment, annee) in each draw (columns), once capped by `limits` (`caps`).

    In each draw, those of a territory, year and segment are at most what its suppliers allow; those of all segments,
    each so held, at most what all companies of the territory, each once, allow, and what its public does. What is over
    is taken off all cells alike, by the same part. `parts`: how much of each year (index annee) the cells are of.
    """
    of_year = np.ones(len(cells)) if parts is None else cells["annee"].map(parts).to_numpy(dtype="float64")
    own = of_cells(cells, limits)
    whole = of_cells(cells.assign(segment=WHOLE), limits)
    every = whole[["plafond_offre", "plafond_public"]].min(axis=1)
    held_so = hours
    for keys, limit in ((["territoire", "annee", "segment"], own["plafond_offre"]), (["territoire", "annee"], every)):
        group = cells.groupby(keys, sort=False).ngroup().to_numpy()
        first = np.unique(group, return_index=True)[1]
        asked = np.zeros((len(first), hours.shape[1]))
        np.add.at(asked, group, held_so)
        most = (limit.to_numpy() * of_year)[first][:, None]
        kept = np.divide(most, asked, out=np.ones_like(asked), where=asked > most)
        held_so = held_so * kept[group]
    return held_so
