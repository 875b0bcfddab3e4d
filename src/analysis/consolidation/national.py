"""The region's hours beside the national ones, as indices: what one can compare of two series of different coverage."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.control import CONTROL, flagged, weaker
from analysis.core.dataset import Dataset
from analysis.core.reference import HOURS, WHOLE
from analysis.printed import published

UNSURE = ("provisoire", "cité", "déduit")  # kinds of `statut` in published.csv that are not a settled figure


def national(measured: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """One row per national figure of hours, and per year that has the region's hours only.

    annee, rang (of the figures of one year, as published), heures_nationales, statut and source (as published),
    incertain (provisional, quoted or deduced), retenu (the last figure published of the year), heures_region (of
    the editions of today's whole region), part_region, indice_national and indice_region (100 in annee_base, the first
    year that has both; empty when none has) and the `_` columns of disclosure control of the region's hours.
    """
    series = published().reset_index(drop=True)
    series = series[(series["serie"] == "national") & series["indicateur"].eq(HOURS) & series["modalite"].eq(WHOLE)]
    whole = measured[measured["indicateur"].eq(HOURS) & measured["modalite"].eq(WHOLE)]
    partial = [edition.annee for edition in dataset.editions if edition.is_partial]
    region = whole[whole["territoire"].eq(dataset.region) & ~whole["edition"].isin(partial)]
    region = region.set_index("edition")[["valeur", *CONTROL]]
    if region.empty:
        return pd.DataFrame()
    columns = ["annee", "valeur", "statut", "source"]
    rows = series.sort_values(["annee", "numero"])[columns].rename(columns={"valeur": "heures_nationales"})
    rows = rows.merge(
        region.rename(columns={"valeur": "heures_region"}), left_on="annee", right_index=True, how="outer"
    )
    rows = rows.sort_values("annee", kind="stable", ignore_index=True)
    rows["rang"] = rows.groupby("annee").cumcount() + 1
    rows["retenu"] = rows["heures_nationales"].notna() & ~rows.duplicated("annee", keep="last")
    rows["incertain"] = rows["statut"].fillna("").str.startswith(UNSURE)
    rows["part_region"] = rows["heures_region"] / rows["heures_nationales"]
    both = rows[rows["retenu"] & rows["heures_region"].gt(0)].head(1)
    base = both.iloc[0].to_dict() if len(both) else {}
    rows["annee_base"] = base.get("annee", pd.NA)
    rows["indice_national"] = 100 * rows["heures_nationales"] / base.get("heures_nationales", float("nan"))
    rows["indice_region"] = 100 * rows["heures_region"] / base.get("heures_region", float("nan"))
    return _controlled(rows, base)


def _controlled(rows: pd.DataFrame, base: dict) -> pd.DataFrame:
    """An index gives the hours of its base away with its own."""
    control = [
        weaker(row, base) if pd.notna(row["heures_region"]) else {"_controle": "ouvert"}
        for row in rows.to_dict("records")
    ]
    found = flagged(pd.DataFrame(control, columns=CONTROL))
    return rows.drop(columns=CONTROL).join(found)
