"""Files that hold all the years of a structure (`toutes_annees` of its mapping): what each send takes of them.

A send takes the hours of its year; the contracts that have some or ran in it, with their persons and outcomes; the
operations of these contracts or that ran in it, with all that is said of them. The last one takes what became of the
contracts of the others too: that is known later. What has no end ran in the year that it began.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from analysis.schemas.canonical import EXPORTS
from analysis.sources.rows import SEND
from analysis.sources.typer import Typer, stripped

Tables = dict[str, pd.DataFrame]


def of_their_year(rows: Tables, whole: Collection[tuple[str, int]], typer: Typer) -> Tables:
    """`rows`, received texts with regional keys, by table, without those that the sends `whole`, which hold all years,
    have of other years: these are counted by `typer`. What links to nothing received stays, to be refused."""
    if not whole:
        return rows
    of_all = {name: pd.MultiIndex.from_frame(table[SEND]).isin(list(whole)) for name, table in rows.items()}
    month = _typed(rows["heures"], "heures", "mois")
    other = {"heures": month.notna() & month.str.slice(0, 4).ne(rows["heures"]["annee"].astype("str"))}

    contracts, commitments, operations = (rows[name] for name in ("contrats", "engagements", "operations"))
    worked = _keys(rows["heures"][~other["heures"]], "ctr_id")
    other["contrats"] = _elsewhere(contracts, "contrats") & ~_keys(contracts, "ctr_id").isin(worked)
    running = contracts[~other["contrats"]]
    bought = commitments[_keys(commitments, "eng_id").isin(_keys(running, "eng_id"))]
    other["operations"] = _elsewhere(operations, "operations")
    other["operations"] &= ~_keys(operations, "op_id").isin(_keys(bought, "op_id"))

    gone = _keys(operations[other["operations"]], "op_id")
    for name in ("territoires", "accompagnements", "engagements"):
        other[name] = _keys(rows[name], "op_id").isin(gone)
    gone = _keys(contracts[other["contrats"]], "ben_ref").difference(_keys(running, "ben_ref"))
    other["beneficiaires"] = _keys(rows["beneficiaires"], "ben_ref").isin(gone)
    taken = contracts.loc[~other["contrats"] | ~of_all["contrats"], "ctr_id"]
    latest = contracts[of_all["contrats"]].groupby("ctr_id")["annee"].transform("max")
    last = contracts["annee"].eq(latest.reindex(contracts.index))
    gone = contracts[other["contrats"] & ~(last & contracts["ctr_id"].isin(taken))]
    other["sorties"] = _keys(rows["sorties"], "ctr_id").isin(_keys(gone, "ctr_id"))

    out = dict(rows)
    for name, elsewhere in other.items():
        left = of_all[name] & elsewhere
        typer.leave(rows[name][left])
        out[name] = rows[name][~left].reset_index(drop=True)
    return out


def _keys(rows: pd.DataFrame, column: str) -> pd.MultiIndex:
    """The `column` of each row within its send."""
    return pd.MultiIndex.from_frame(rows[["annee", column]])


def _typed(rows: pd.DataFrame, table: str, column: str) -> pd.Series:
    """A column as `clean` will type it, without a word of what cannot be read."""
    return Typer("").column(rows.assign(**{column: stripped(rows[column])}), EXPORTS[table].column(column))


def _elsewhere(rows: pd.DataFrame, table: str) -> pd.Series:
    """Whether the days of each contract or operation, where they can be read, leave out the year of its send."""
    start, end = (_typed(rows, table, column).dt.year for column in ("date_debut", "date_fin"))
    return (start > rows["annee"]) | (end.fillna(start) < rows["annee"])
