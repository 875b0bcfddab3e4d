"""The amounts that a forecast rests on (`segments.amounts` says which are believed)."""

from __future__ import annotations

import pandas as pd

from analysis.segments.amounts import Belief, plausible


def of_needs(needs: pd.DataFrame, lots: pd.DataFrame, belief: Belief) -> pd.DataFrame:
    """`needs` with montant, the sum of the plausible amounts of their lots, and montant_cru, the one that hours are
    drawn from, in euros.

    A lot whose amount is not plausible, or not known, is taken to be as large as the others of its consultation; both
    are missing where no lot has one, montant_cru below the floor: the need must be published from there on, not each
    lot, and lower amounts of the open data are mostly wrong (docs/watch.md, *Amounts that are believed*).
    """
    by = plausible(lots, belief).groupby(lots["besoin"])
    whole = needs.assign(montant=by.mean() * by.size())
    return whole.assign(
        montant=by.sum(min_count=1), montant_cru=whole["montant"].where(whole["montant"] >= belief.floor)
    )
