"""Lines of totals inside a table of rows: counted as a row, one doubles the hours of all the others.

A line is a total for certain when its identifier is one (« TOTAL »), or when its identifier or label begins as one and
either nothing but numbers stands beside it, or its hours are the sum of the lines above: of all, or since the total
before. One of which neither holds (« Total Lille ») may be one, or be of a buyer of this name.
"""

from __future__ import annotations

import re

import pandas as pd

from analysis.core.texts import words
from analysis.schemas.canonical import Table
from analysis.sources.typer import Typer, stripped

_BEGINNING = r"(?:sous |s |grand )?tota(?:l|ux)"
BEGINS = re.compile(rf"{_BEGINNING}\b.*")
WHOLE = re.compile(rf"{_BEGINNING}(?: general| des heures| heures)?(?: \d{{4}})?")
LABELS = ("libelle", "nom")
ROUNDED = 0.5  # hours by which a total that was rounded may miss its sum
FEWEST = 2  # lines of a sum: many a row has the hours of the one above it
_LINE = ["fichier", "ligne"]  # several rows where there is a column per month


def total_lines(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The rows of received ones that are or may be totals, in their order: colonne (which says so), certaine."""
    found = _said(rows, table)
    certain = found["entiere"] & found["colonne"].isin(table.key)
    if len(found):
        certain |= _bare(rows.loc[found.index], table) | _sums(rows, table, found.index)
    return found.assign(certaine=certain).drop(columns="entiere")


def _said(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The rows whose identifier or label begins as that of a total: colonne, entiere (it says nothing else)."""
    colonne = pd.Series(pd.NA, index=rows.index, dtype="str")
    entiere = pd.Series(False, index=rows.index)
    for column in table.columns:
        named = column.name in table.key or column.name in LABELS
        if not named or column.codelist or column.personal or column.name not in rows:
            continue
        plain = {text: " ".join(words(text)) for text in rows[column.name].dropna().unique()}
        begins, whole = (
            rows[column.name].isin([text for text, said in plain.items() if form.fullmatch(said)])
            for form in (BEGINS, WHOLE)
        )
        colonne = colonne.mask((begins & colonne.isna()) | (whole & ~entiere), column.name)
        entiere |= whole
    return pd.DataFrame({"colonne": colonne, "entiere": entiere})[colonne.notna()]


def _bare(rows: pd.DataFrame, table: Table) -> pd.Series:
    """Whether rows lack all that is asked for beside keys, labels and numbers; False where nothing else is."""
    asked = [column.name for column in table.columns if column.required and not column.numeric]
    asked = [name for name in asked if name not in (*table.key, *LABELS)]
    bare = rows[asked].apply(stripped).isna().all(axis=1) if asked else False
    return pd.Series(bare, index=rows.index, dtype="bool")


def _sums(rows: pd.DataFrame, table: Table, suspects: pd.Index) -> pd.Series:
    """Whether the hours of each of the `suspects` are the sum of the other lines above it in its file or sheet."""
    names = [column.name for column in table.columns if column.kind == "duree" and column.name in rows]
    if not names:
        return pd.Series(False, index=suspects, dtype="bool")
    rows = rows.assign(_suspect=rows.index.isin(suspects))
    rows = rows[rows["_suspect"].groupby(rows["fichier"]).transform("any")]
    quiet = Typer("total_lines")  # what it would say of these values is said when they are read
    for name in names:
        rows[name] = quiet.column(rows.assign(**{name: stripped(rows[name])}), table.column(name))
    lines = rows.groupby(_LINE)[names].sum(min_count=1)
    suspect = rows.groupby(_LINE)["_suspect"].any()
    others = lines.mask(suspect, 0).fillna(0).assign(_number=(~suspect).astype("int64"))
    file = lines.index.get_level_values("fichier")
    since = suspect.groupby(file).cumsum() - suspect  # a total is of the lines that it ends
    equal = pd.Series(False, index=lines.index)
    for above in (others.groupby(file).cumsum(), others.groupby([file, since]).cumsum()):
        near = (lines - above[names]).abs().le(ROUNDED) | ~lines.gt(0)
        equal |= near.all(axis=1) & lines.gt(0).any(axis=1) & above["_number"].ge(FEWEST)
    places = pd.MultiIndex.from_frame(rows.loc[suspects, _LINE])
    return pd.Series(equal.reindex(places).to_numpy(), index=suspects, dtype="bool")
