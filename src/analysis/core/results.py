"""What every analysis does the same way: read clean tables, write result tables, name headline figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.core.files import read_table, write_table
from analysis.core.paths import clean_dir, results_dir

ALWAYS = pd.Timestamp("1700-01-01").as_unit("s")  # since when, for a row without a start
PART_TOLERANCE = 1e-6  # of the sum of parts of a whole (domain rule E1)


def read_clean(dataset: str, source: str, without: Collection[str] = ()) -> dict[str, pd.DataFrame]:
    """The clean tables of a source, by name, except the columns `without` of any of them."""
    return {path.stem: read_table(path, without) for path in sorted(clean_dir(dataset, source).glob("*.parquet"))}


def write_results(dataset: str, deliverable: str, tables: dict[str, pd.DataFrame]) -> None:
    """Write the result tables of a deliverable; they still have to be protected."""
    for name, frame in tables.items():
        write_table(frame, results_dir(dataset) / deliverable / f"{name}.parquet")


def on_day(rows: pd.DataFrame, day: dt.date | pd.Timestamp) -> pd.DataFrame:
    """The rows in force on `day`; no start means always, no end means still."""
    day = pd.Timestamp(day)
    begun = rows["date_debut"].isna() | (rows["date_debut"] <= day)
    return rows[begun & (rows["date_fin"].isna() | (rows["date_fin"] >= day))]


def day_numbers(days: pd.Series) -> NDArray[np.float64]:
    """Days since 1970-01-01, in the order of `days`; NaN where there is no date."""
    return (pd.to_datetime(days) - pd.Timestamp(0)).dt.days.to_numpy(dtype="float64", na_value=np.nan)


def headlines(rows: list[dict]) -> pd.DataFrame:
    """Headline figures in the order given.

    Each row holds libelle, valeur, decimales, unite, edition, perimetre; a figure that is not known exactly adds
    valeur_min and valeur_max, one about persons or hours `_controle` and the measures of its cell.
    """
    names = ["libelle", "valeur", "valeur_min", "valeur_max", "decimales", "unite", "edition", "perimetre", "_controle"]
    frame = pd.DataFrame(rows, columns=list(dict.fromkeys([*names, *(key for row in rows for key in row)])))
    frame["_controle"] = frame["_controle"].astype("str").fillna("ouvert")
    return frame.assign(ordre=range(1, len(frame) + 1))
