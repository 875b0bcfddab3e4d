"""How clauses of each segment are carried out: by which mechanism, employers and trades, all editions together."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.breakdown import UNKNOWN
from analysis.consolidation.cells import NEEDED, cells, measured
from analysis.core.dataset import Edition
from analysis.core.numbers import round_half_up
from analysis.core.reference import WHOLE

AXES = {"employeur": "employeur_kind", "metier": "metier_rome"}
DIGITS = 3  # of a share, as pages print it: with all of them it is a fraction, which says how many hours both terms are
SHOWN = 6  # categories of a segment's axis; the rest together, or most would be secret
OTHERS = "AUTRES"


def practised(contracts: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """Those `contracts` of an edition (`indicators.local_contracts`) that are in its scope, in its whole territory."""
    inside = contracts["mecanisme"].isin(edition.mecanismes) & contracts["territoire"].eq(edition.territoire)
    return contracts.loc[inside, ["segment", *NEEDED, *AXES.values()]]


def practices(contracts: pd.DataFrame) -> pd.DataFrame:
    """segment, axe (ensemble, or one of `AXES`), modalite, part_heures (of the segment), and measures.

    `contracts` as `practised` gives them, over editions. Beyond the `SHOWN` categories with most hours of a segment,
    they are `OTHERS`. Shares alone, rounded: hours would be one more sum over the years, which could tell one that is
    hidden.
    """
    rows = contracts.dropna(subset="segment")
    parts = [cells(rows, ["segment"]).assign(axe=WHOLE, modalite=WHOLE)]
    for axis, column in AXES.items():
        named = rows[["segment", *NEEDED]].assign(modalite=rows[column].fillna(UNKNOWN).astype("str"))
        hours = named.groupby(["segment", "modalite"])["centiheures"].sum().reset_index()
        hours = hours.sort_values(["segment", "centiheures", "modalite"], ascending=[True, False, True])
        first = hours[hours.groupby("segment").cumcount() < SHOWN].set_index(["segment", "modalite"]).index
        kept = pd.MultiIndex.from_frame(named[["segment", "modalite"]]).isin(first)
        named["modalite"] = named["modalite"].where(kept, OTHERS)
        parts.append(cells(named, ["segment", "modalite"]).assign(axe=axis))
    table = measured(pd.concat(parts, ignore_index=True))
    whole = table.groupby(["segment", "axe"])["heures"].transform("sum")
    table["part_heures"] = (table["heures"] / whole).map(lambda share: float(round_half_up(share, DIGITS)))
    return table.drop(columns="heures").assign(_sensible=False)


def mechanisms(operations: pd.DataFrame) -> pd.DataFrame:
    """segment, mecanisme, operations (distinct, at their latest edition), part (of the segment's operations).

    `operations`: those of all editions (annee, operation, segment, mecanisme), whatever the legal scope.
    """
    latest = operations.sort_values(["operation", "annee"]).drop_duplicates("operation", keep="last")
    rows = latest.dropna(subset=["segment", "mecanisme"]).groupby(["segment", "mecanisme"], as_index=False)
    table = rows.agg(operations=("operation", "size"))
    return table.assign(part=table["operations"] / table.groupby("segment")["operations"].transform("sum"))
