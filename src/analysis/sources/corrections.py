"""Corrections of received values are rows of a file, each with a reason, an author, a date and the
value it expects to find: a correction whose source has changed no longer applies, and says so.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from analysis.core import reference
from analysis.core.personal import MASKED
from analysis.schemas.canonical import EXPORTS, PERSONAL, Column, Table
from analysis.sources.senders import Layouts
from analysis.sources.spreadsheet import expect, read_csv
from analysis.sources.typer import Typer, stripped

COLUMNS = [
    "fichier",
    "table",
    "cle",
    "colonne",
    "valeur_attendue",
    "valeur_corrigee",
    "motif",
    "auteur",
    "date",
]


def load_corrections(path: Path) -> pd.DataFrame:
    """The corrections decided by analysts; none when there is no file.

    Raises DataError for one of a table or column that the exports do not have.
    """
    if not path.is_file():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in [*COLUMNS, "ligne"]})
    rows = read_csv(path, path.name, COLUMNS)
    rows["cle"] = rows["cle"].map(lambda key: "|".join(part.strip() for part in key.split("|")), na_action="ignore")
    rows["fichier"] = rows["fichier"].str.replace("\\", "/")  # as Windows writes a path
    expect(rows, path.name, "table", rows["table"].isin(list(EXPORTS)), ", ".join(EXPORTS))
    for name, table in EXPORTS.items():
        columns = [column.name for column in table.columns]
        known = rows["table"].ne(name) | rows["colonne"].isin(columns)
        expect(rows, path.name, "colonne", known, f"une colonne de « {name} » : {', '.join(columns)}")
    return rows


def apply_corrections(
    rows: pd.DataFrame, table: Table, corrections: pd.DataFrame, typer: Typer, layouts: dict[str, Layouts]
) -> pd.DataFrame:
    """`rows` with the corrections of their table; `cle` joins the key's values by `|`.

    The value it expects is that of the file, as it is written there or in another way: `-35,00`, `-35`, `-35.0`. Where
    the mapping of the row's structure and year (`layouts`) translates the column, both of its values are codes
    or as sent (see `_translated`). A correction that finds another value than that, or no row, is a quality row.
    """
    mine = corrections[corrections["table"] == table.name]
    if mine.empty:
        return rows
    rows = rows.copy()
    parts = rows[list(table.key)].apply(stripped).fillna("")
    keys = pd.Series(["|".join(key) for key in parts.itertuples(index=False)], dtype="str")
    places = keys.groupby(keys).indices  # the positions of each key: a pattern is held against few rows
    for fix in mine.itertuples():
        of_key, column = rows.iloc[places.get(fix.cle, [])], table.column(str(fix.colonne))
        found = of_key[of_key["fichier"].str.match(re.escape(str(fix.fichier).rstrip("/")) + r"(?:$|[/\[])")]
        expected, right = (
            _translated(text, found, table, column, layouts) for text in (fix.valeur_attendue, fix.valeur_corrigee)
        )
        target = found.index[_same(found, column, expected)]
        rows.loc[target, fix.colonne] = right[target]
        stale = pd.DataFrame({"fichier": ["corrections.csv"], "ligne": [fix.ligne]})
        if found.empty:
            wrong = "cle" if of_key.empty else "fichier"
            said = stale.assign(dit=getattr(fix, wrong))
            typer.flag(said, "correction_sans_ligne", wrong, said="dit")
        elif target.empty:
            said = MASKED if fix.colonne in PERSONAL else fix.valeur_attendue
            typer.flag(stale.assign(valeur_attendue=said), "correction_perimee", "valeur_attendue")
    return rows


def _translated(
    text: object, rows: pd.DataFrame, table: Table, column: Column, layouts: dict[str, Layouts]
) -> pd.Series:
    """What `text` of a correction stands for in each row, which the mapping of its structure and year has translated.

    A text that is a code, of the column's list or one that the mapping translates into, is that code: a mapping may
    translate « 1 » into 2 and « 2 » into 1.
    """
    if pd.isna(text):
        return pd.Series(pd.NA, index=rows.index, dtype="str")
    codes = {code.upper() for code in (reference.labels(column.codelist) if column.codelist else ())}
    meant = {}
    for send in (sends := pd.MultiIndex.from_frame(rows[["structure_id", "annee"]])).unique():
        place = layouts[send[0]].of(send[1]).tables.get(table.name)
        spellings = place.valeurs.get(column.name, {}) if place else {}
        known = codes | {code.upper() for code in spellings.values()}
        given = str(text).strip()
        meant[send] = str(text) if given.upper() in known else spellings.get(given, str(text))
    return pd.Series(sends.map(meant), index=rows.index, dtype="str")


def _same(rows: pd.DataFrame, column: Column, expected: pd.Series) -> pd.Series:
    """Whether the value of each row is the one that a correction expects, as a text or once typed."""
    text, asked = stripped(rows[column.name]), stripped(expected)
    typer = Typer("corrections")  # what it would say of these values is none of this table's
    typed = [typer.column(rows.assign(**{column.name: values}), column) for values in (text, asked)]
    same = (text.eq(asked) | typed[0].eq(typed[1])).fillna(False)
    return same.mask(asked.isna(), text.isna()).astype(bool)
