"""What all tables of suppliers go through: rows need their key, once, and the rows they refer to."""

from __future__ import annotations

import json
import re

import pandas as pd

from analysis.core.texts import words
from analysis.sources.canonical import Table
from analysis.sources.typer import Typer, stripped

EXAMPLE = "EXEMPLE"  # key of the example line of a questionnaire, left out when it comes back

# What spreadsheets write at the foot of a table, in words: whole, so that no object of a contract looks like one.
TOTAL = re.compile(r"(?:sous |grand )?tota(?:l|ux)(?: general| des heures| heures)?(?: \d{4})?")
LABELS = ("libelle", "nom")


def record(rows: pd.DataFrame, table: Table) -> pd.Series:
    """Each row as received, as JSON text, without its personal columns."""
    kept = [column.name for column in table.columns if not column.personal and column.name in rows]
    lines = rows[kept].to_json(orient="records", lines=True, force_ascii=False).splitlines()
    return pd.Series(lines[: len(rows)], index=rows.index, dtype="str")


def keyed(rows: pd.DataFrame, table: Table, typer: Typer) -> pd.DataFrame:
    """Rows that have their whole key, without blanks around it; the others are refused.

    Adds `enregistrement`, the received row, for those that a later check refuses.
    """
    rows = rows.assign(enregistrement=record(rows, table), **{name: stripped(rows[name]) for name in table.key})
    rows = rows[rows[table.key[0]].ne(EXAMPLE)]
    rows = _without_totals(rows, table, typer)
    for column in table.key:
        missing = rows[column].isna()
        if not table.column(column).required:
            continue
        typer.flag(rows[missing], "cle_absente", column, record="enregistrement")
        rows = rows[~missing]
    return rows.reset_index(drop=True)


def _without_totals(rows: pd.DataFrame, table: Table, typer: Typer) -> pd.DataFrame:
    """Rows that are no sum of the others; those whose identifier or label says that they are one are refused."""
    for column in table.columns:
        named = column.name in table.key or column.name in LABELS
        if not named or column.codelist or column.personal or column.name not in rows:
            continue
        sums = {text for text in rows[column.name].dropna().unique() if TOTAL.fullmatch(" ".join(words(text)))}
        total = rows[column.name].isin(sums)
        typer.flag(rows[total], "ligne_total", column.name, record="enregistrement")
        rows = rows[~total]
    return rows


def as_received(rows: pd.DataFrame, column: str) -> pd.Series:
    """The text that each of the typed `rows` was received with in `column`, which is not a personal one."""
    return pd.Series([json.loads(text).get(column) for text in rows["enregistrement"]], index=rows.index, dtype="str")


def once(rows: pd.DataFrame, table: Table, typer: Typer, *, within: list[str]) -> pd.DataFrame:
    """Typed rows, the first of each key `within` a sender and a year; the others are refused.

    Typed, because `02/2025` and `2025-02` are one month. A key that could not be read repeats no other.
    """
    unread = rows[[name for name in table.key if table.column(name).required]].isna().any(axis=1)
    again = rows.duplicated([*within, *table.key]) & ~unread
    typer.flag(rows[again], "cle_double", table.key[0], record="enregistrement")
    return rows[~again].reset_index(drop=True)


def bounded(rows: pd.DataFrame, column: str, most: float, rule: str, typer: Typer) -> pd.DataFrame:
    """`rows` whose `column` is flagged and emptied where it is not between 0 and `most`."""
    outside = rows[column].notna() & ~rows[column].between(0, most)
    typer.flag(rows[outside], rule, column)
    return rows.assign(**{column: rows[column].mask(outside)})


def with_key(rows: pd.DataFrame, column: str, typer: Typer) -> pd.DataFrame:
    """Typed rows whose `column`, a part of their key, could be read; the others are refused whole."""
    unread = rows[column].isna()
    said = rows[unread].assign(**{column: as_received(rows[unread], column)})
    typer.flag(said, "cle_absente", column, record="enregistrement")
    return rows[~unread].reset_index(drop=True)


def linked(rows: pd.DataFrame, key: list[str], target: pd.DataFrame, typer: Typer) -> pd.DataFrame:
    """Rows whose `key` exists in `target`; the others are refused. The last of `key` is the one named."""
    known = pd.MultiIndex.from_frame(target[key].drop_duplicates())
    found = pd.MultiIndex.from_frame(rows[key]).isin(known)
    typer.flag(rows[~found], "lien_absent", key[-1], record="enregistrement")
    return rows[found].reset_index(drop=True)
