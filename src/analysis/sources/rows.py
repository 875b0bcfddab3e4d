"""What all tables of suppliers go through: rows need their key, once, and the rows they refer to."""

from __future__ import annotations

import json
from collections.abc import Collection

import pandas as pd

from analysis.schemas.canonical import LISTS, Table
from analysis.sources.spreadsheet import Workbook, merged
from analysis.sources.total_lines import total_lines
from analysis.sources.typer import Typer, in_error, stripped

EXAMPLE = "EXEMPLE"  # key of the example line of a questionnaire, left out when it comes back
SEND = ["structure_id", "annee"]  # what a structure sent for a year


def answers(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows that are no example line: their `key`, without blanks around it, is not that of one."""
    return rows[stripped(rows[key]).ne(EXAMPLE)]


def record(rows: pd.DataFrame, table: Table) -> pd.Series:
    """Each row as received, as JSON text, without its personal columns."""
    kept = [column.name for column in table.columns if not column.personal and column.name in rows]
    lines = rows[kept].to_json(orient="records", lines=True, force_ascii=False).split("\n")
    return pd.Series(lines[: len(rows)], index=rows.index, dtype="str")


def keyed(rows: pd.DataFrame, table: Table, typer: Typer) -> pd.DataFrame:
    """Rows with all of their key that is required, without blanks around it; the others are refused.

    A formula's error is no key, nor is that of the line with which the cell is merged.

    Adds `enregistrement`, the received row, for those that a later check refuses.
    """
    rows = rows.assign(enregistrement=record(rows, table), **{name: stripped(rows[name]) for name in table.key})
    rows = answers(rows, table.key[0])
    rows = _without_totals(rows, table, typer)
    for column in (name for name in table.key if table.column(name).required):
        missing = rows[column].isna() | merged(rows[column]).notna()
        if table.column(column).kind == "texte":
            missing |= in_error(rows[column])
        typer.flag(rows[missing], "cle_absente", column, record="enregistrement")
        rows = rows[~missing]
    return rows.reset_index(drop=True)


def _without_totals(rows: pd.DataFrame, table: Table, typer: Typer) -> pd.DataFrame:
    """Rows that are no total of the others: those that are one are refused, those that may be one are flagged.

    Once per line, with all its months where it has a column for each.
    """
    found = total_lines(rows, table)
    for (column, certain), mine in rows.loc[found.index].groupby([found["colonne"], found["certaine"]]):
        lines = mine.groupby(["fichier", "ligne"], as_index=False)
        if certain:
            first = lines.first().assign(enregistrement=lines["enregistrement"].agg(_one_record)["enregistrement"])
            typer.flag(first, "ligne_total", column, record="enregistrement")
            typer.drop(mine[mine.duplicated(["fichier", "ligne"])])  # the other months
        else:
            typer.flag(lines.first(), "ligne_total_possible", column)
    return rows.drop(index=found.index[found["certaine"]])


def _one_record(records: pd.Series) -> str:
    """The records of one line as one of the same form: what they do not share is joined by a bar, in their order."""
    if len(records) == 1:
        return str(records.iloc[0])
    found = [json.loads(text) for text in records]
    said = {name: [row[name] for row in found] for name in found[0]}
    one = {
        name: texts[0] if len(set(texts)) == 1 else " | ".join(text or "" for text in texts)
        for name, texts in said.items()
    }
    return json.dumps(one, ensure_ascii=False, separators=(",", ":"))


def tell_unread(book: Workbook, name: str, read: Collection[str], typer: Typer) -> None:
    """Flag each sheet of a workbook, called `name` in messages, that holds something and is not among those `read`.

    And the workbook itself, where errors of formulas could not be read.
    """
    if not book.tells_errors:
        typer.flag(pd.DataFrame({"fichier": [name], "ligne": pd.NA}), "classeur_ancien")
    counts = {title: book.filled(title) for title in book.titles if title not in {*read, LISTS}}
    found = [(f"{name}[{title}]", pd.NA, f"lignes remplies : {count}") for title, count in counts.items() if count]
    typer.flag(pd.DataFrame(found, columns=["fichier", "ligne", "dit"]), "feuille_non_lue", said="dit")


def as_received(rows: pd.DataFrame, column: str) -> pd.Series:
    """The text that each of the typed `rows` was received with in `column`, which is not a personal one."""
    return pd.Series([json.loads(text).get(column) for text in rows["enregistrement"]], index=rows.index, dtype="str")


def once(rows: pd.DataFrame, table: Table, typer: Typer, *, within: list[str]) -> pd.DataFrame:
    """Typed rows, the first of each key among those that have the columns `within` alike; the others are refused.

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
    """Typed rows whose `column`, a part of their key, could be read; the others are refused whole, told as received."""
    unread = rows[column].isna()
    said = rows[unread].assign(**{column: stripped(as_received(rows[unread], column))})
    typer.flag(said, "cle_absente", column, record="enregistrement")
    return rows[~unread].reset_index(drop=True)


def linked(rows: pd.DataFrame, key: list[str], target: pd.DataFrame, typer: Typer) -> pd.DataFrame:
    """Rows whose `key` exists in `target`; the others are refused. The last of `key` is the one named."""
    known = pd.MultiIndex.from_frame(target[key].drop_duplicates())
    found = pd.MultiIndex.from_frame(rows[key]).isin(known)
    typer.flag(rows[~found], "lien_absent", key[-1], record="enregistrement")
    return rows[found].reset_index(drop=True)
