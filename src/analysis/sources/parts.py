"""Parts of one thing that sum to 1: those of an operation between EPCI, or between the structures that support it.

    declared    as sent
    deduced     the only one that is missing: what is left up to 1
    default     several are missing: they share what is left equally (all of it where none is sent)
    scaled      the sum was not 1: each is divided by it

Source of the rule: domain rule E1. What rests on the default is marked, so that its weight can be printed.
"""

from __future__ import annotations

import pandas as pd

from analysis.core.results import PART_TOLERANCE
from analysis.sources.typer import Typer

OPERATION = ["annee", "op_id"]
DECLARED, DEDUCED, DEFAULT, SCALED = "declaree", "deduite", "defaut", "ramenee"


def completed(rows: pd.DataFrame, typer: Typer) -> pd.DataFrame:
    """`rows` with `part` filled in and summing to 1 within each operation of a year, and `part_methode`; no part of
    zero is left.

    Flags each `part_negative`; `parts_manquantes` once for each operation with missing parts that could not be deduced;
    `parts_somme` once for each one whose sum was wrong.
    """
    typer.flag(rows[rows["part"].lt(0)], "part_negative", "part", record="enregistrement")
    rows = rows[~rows["part"].le(0)]
    keys = [rows[column] for column in OPERATION]
    missing = rows["part"].isna()
    number = missing.groupby(keys).transform("sum")
    left = 1 - rows["part"].fillna(0).groupby(keys).transform("sum")
    method = pd.Series(DECLARED, index=rows.index, dtype="str")
    method = method.mask(missing, DEDUCED).mask(missing & number.gt(1), DEFAULT)
    vague = missing & (number.gt(1) | left.le(PART_TOLERANCE))
    typer.flag(rows[vague].drop_duplicates(OPERATION), "parts_manquantes", "part")
    given = rows["part"].where(~missing, left.clip(lower=0) / number.where(missing))
    rows = rows.assign(part=given, part_methode=method)[given.gt(0)]
    total = rows.groupby(OPERATION)["part"].transform("sum")
    wrong = (total - 1).abs() > PART_TOLERANCE
    first = rows[wrong].drop_duplicates(OPERATION)
    typer.flag(first.assign(part=total[first.index].round(6).astype("str")), "parts_somme", "part")
    return rows.assign(part=rows["part"] / total, part_methode=rows["part_methode"].mask(wrong, SCALED))
