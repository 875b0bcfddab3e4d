"""The amounts that a forecast rests on (`segments.amounts` says which are believed)."""

from __future__ import annotations

import pandas as pd

from analysis.segments.amounts import Belief, plausible


def of_needs(needs: pd.DataFrame, lots: pd.DataFrame, belief: Belief) -> pd.DataFrame:
    """`needs` with montant, the sum of the plausible amounts of their lots, and montant_cru (`believed`), in euros.

    A lot whose amount is not plausible, or not known, is taken to be as large as the others of its consultation; both
    are missing where no lot has one.
    """
    by = plausible(lots, belief).groupby(lots["besoin"])
    whole = needs.assign(montant=by.mean() * by.size())
    return believed(whole, belief).assign(montant=by.sum(min_count=1))


def believed(rows: pd.DataFrame, belief: Belief) -> pd.DataFrame:
    """`rows` with montant_cru, the montant that hours are drawn from: missing below the floor.

    Rows are needs, announced or to be renewed: it is the need that must be published from the floor on, not each lot.
    """
    return rows.assign(montant_cru=rows["montant"].where(rows["montant"] >= belief.floor))
