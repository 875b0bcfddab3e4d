"""Structures that sent totals of their year instead of rows: the tables with what these add to the rows.

What is then known of each figure is for `totals_known` to say, what may be shown of it for `totals_shown`.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, nan

import pandas as pd

from analysis.consolidation.cells import MEASURES
from analysis.consolidation.totals_known import Part, figures, parts_of
from analysis.consolidation.totals_shown import HOURS_KIND, inputs, protected
from analysis.core import reference
from analysis.core.dataset import Dataset, Edition
from analysis.core.numbers import hundredths
from analysis.core.reference import HOURS, WHOLE

_COLUMNS = ["annee", "structure_id", "territoire", "indicateur", "modalite", "valeur", "diffusion"]
BOUNDS = ["valeur_min", "valeur_max"]


def with_totals(table: pd.DataFrame, totals: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The indicators of rows (`indicators`) with what the clean table `agregats` adds to them.

    New columns: valeur_min and valeur_max, where `valeur` is not known and they are (either may be missing), and
    _controle, the kind of disclosure control where it is not that of the indicator. The rate of realisation and
    its parts stay those of rows.
    """
    table = table.assign(valeur_min=nan, valeur_max=nan, _controle=pd.Series(pd.NA, index=table.index, dtype="str"))
    found = [
        row
        for edition in dataset.editions
        for place, sent in _of(totals, edition.annee).groupby("territoire")
        for row in _cell(sent, table, edition, str(place))
    ]
    new = pd.DataFrame(found, columns=list(table.columns))
    if new.empty:
        return table
    new = new.astype(table.dtypes.to_dict())
    key = ["edition", "territoire", "indicateur", "modalite"]
    old = pd.MultiIndex.from_frame(table[key]).isin(pd.MultiIndex.from_frame(new[key]))
    return pd.concat([table[~old], new]).sort_values(key, ignore_index=True)


def by_structure(totals: pd.DataFrame, edition: Edition, *, local: bool) -> pd.DataFrame:
    """Hours of the edition that came as totals: territoire, structure_id, centiheures; without EPCI.

    `local` adds the departments to the edition's whole territory.
    """
    rows = _of(totals, edition.annee)
    places = [edition.territoire, *(edition.departements if local else [])]
    rows = rows[rows["territoire"].isin(places) & rows["indicateur"].eq(HOURS) & rows["modalite"].eq(WHOLE)]
    cents = hundredths(rows["valeur"]).astype("int64")
    return rows[["territoire", "structure_id"]].assign(centiheures=cents)


def guarded(table: pd.DataFrame, totals: pd.DataFrame, years: Iterable[str], *, alone: bool) -> pd.DataFrame:
    """`table` of hours with `_controle`, and the measures that the totals of its `years` (columns) leave it.

    One row per `edition` and `territoire`; its measures are those of rows. With `alone` each structure's hours may
    be found on their own, because the table parts structures.
    """
    if totals.empty:
        return table.assign(_controle=HOURS_KIND)
    rows = []
    for row in table.to_dict("records"):
        parts = [part for year in years for part in parts_of(_at(totals, int(row[year]), row["territoire"]))]
        rows.append(protected([row], parts, (HOURS, WHOLE), HOURS_KIND, alone=alone))
    measures = pd.DataFrame(rows, index=table.index, columns=["_controle", *MEASURES.values()])
    return table.drop(columns=list(MEASURES.values())).join(measures)


def provenance(table: pd.DataFrame, totals: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """Hours of an edition that came as totals: territoire, structures, heures, `_controle` and measures.

    `table` is that of `with_totals`.
    """
    rows = by_structure(totals, edition, local=True).groupby("territoire")["centiheures"].agg(["size", "sum"])
    whole = table[(table["edition"] == edition.annee) & table["indicateur"].eq(HOURS) & table["modalite"].eq(WHOLE)]
    # What is shown of the totals gives the rows away too: both are as safe as the whole cell.
    cell = whole.set_index("territoire").loc[rows.index, ["_controle", *MEASURES.values()]]
    return cell.assign(structures=rows["size"], heures=rows["sum"] / 100).reset_index()


def _of(totals: pd.DataFrame, year: int) -> pd.DataFrame:
    """The totals of a year; where there are none of any year there may be no columns either."""
    return totals[totals["annee"] == year] if len(totals) else pd.DataFrame(columns=_COLUMNS)


def _at(totals: pd.DataFrame, year: int, place: str) -> pd.DataFrame:
    rows = _of(totals, year)
    return rows[rows["territoire"] == place]


def _cell(sent: pd.DataFrame, table: pd.DataFrame, edition: Edition, place: str) -> list[dict]:
    """The rows of `table` that change for one edition and territory, as records."""
    counted = table[(table["edition"] == edition.annee) & (table["territoire"] == place)]
    records = {(row["indicateur"], row["modalite"]): row for row in counted.to_dict("records")}
    parts = parts_of(sent)
    of_rows = Part({figure: row["valeur"] for figure, row in records.items()}, {}, of_rows=True)
    everything = [of_rows, *parts] if records else parts
    about = reference.table("publication/indicateurs").set_index("code")
    out = []
    for figure, span in figures(everything, edition).items():
        kind, unit = about.loc[figure[0], ["controle", "unite"]]
        bounded = isfinite(span.high) and not (unit == "part" and span.high == 1)  # every share is at most 1
        if span.low == 0 and not span.exact and not bounded:
            continue  # nothing is known
        rows = [records[name] for name in inputs(*figure) if name in records]
        out.append(
            {
                "edition": edition.annee,
                "territoire": place,
                "indicateur": figure[0],
                "modalite": figure[1],
                "unite": unit,
                "valeur": span.low if span.exact else nan,
                "valeur_min": nan if span.exact else span.low,
                "valeur_max": nan if span.exact or not bounded else span.high,
                **protected(rows, parts, figure, str(kind), alone=False),
            }
        )
    return out
