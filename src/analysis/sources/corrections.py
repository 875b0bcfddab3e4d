"""Corrections of received values are rows of a file, each with a reason, an author, a date and the
value it expects to find: a correction whose source has changed no longer applies, and says so.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.core.quality_log import MASKED
from analysis.sources.canonical import EXPORTS, PERSONAL, Table
from analysis.sources.spreadsheet import expect, read_csv
from analysis.sources.typer import Typer

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
    expect(rows, path.name, "table", rows["table"].isin(list(EXPORTS)), ", ".join(EXPORTS))
    for name, table in EXPORTS.items():
        columns = [column.name for column in table.columns]
        known = rows["table"].ne(name) | rows["colonne"].isin(columns)
        expect(rows, path.name, "colonne", known, f"une colonne de « {name} » : {', '.join(columns)}")
    return rows


def apply_corrections(rows: pd.DataFrame, table: Table, corrections: pd.DataFrame, typer: Typer) -> pd.DataFrame:
    """`rows` with the corrections of their table; `cle` joins the key's values by `|`.

    A correction that finds another value than the one it expects, or no row, is a quality row.
    """
    mine = corrections[corrections["table"] == table.name]
    if mine.empty:
        return rows
    rows = rows.copy()
    keys = rows[list(table.key)].fillna("").agg("|".join, axis=1)
    for fix in mine.itertuples():
        here = keys.eq(fix.cle) & rows["fichier"].str.startswith(str(fix.fichier))
        expected = "" if pd.isna(fix.valeur_attendue) else fix.valeur_attendue
        target = here & rows[fix.colonne].fillna("").eq(expected)
        rows.loc[target, fix.colonne] = fix.valeur_corrigee
        if not target.any():
            stale = pd.DataFrame({"fichier": ["corrections.csv"], "ligne": [fix.ligne]})
            said = MASKED if fix.colonne in PERSONAL else fix.valeur_attendue
            typer.flag(stale.assign(valeur_attendue=said), "correction_perimee", "valeur_attendue")
    return rows
