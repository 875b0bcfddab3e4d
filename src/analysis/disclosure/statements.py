"""Which cell each number of the tables is: what a reader of them is told, one row per number.

A cell is a quantity that nobody may find if it is hidden, wherever it is printed: `heures/2025/59/RSA` is the same in
the table of indicators, in a share of which it is the numerator, in the growth to the next edition. Which column says
what of which cell are rows of `data/raw/reference/secret/cellules.csv`, whose names in braces are columns of the tables
or what follows from them (see `variables`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.numbers import ROUNDED_SUFFIX
from analysis.core.reference import WHOLE

UNSAID = "INCONNU"  # in the name of a cell, what its table does not say
Tables = Mapping[str, pd.DataFrame]  # by `livrable.table`


def statements(tables: Tables, dataset: Dataset) -> pd.DataFrame:
    """One row per number of `tables` that the reference knows of, whether it is printed or might be.

    table, ligne (its place there), cellule, base (the cell or the number it was divided by, '' for none), valeur
    (missing where it is not known), demi (half of what it was rounded to; 0 where all digits are printed).
    """
    parts = []
    known = reference.table("secret/cellules").fillna("")
    named = {
        name: variables(tables[name].reset_index(drop=True), dataset)
        for name in known["table"].unique()
        if name in tables and len(tables[name])
    }
    for rule in known[known["table"].isin(list(named))].itertuples():
        for row in _meant(rule, known):
            rows = kept(kept(named[rule.table], rule.filtre), row.filtre)
            if len(rows):
                parts.append(_said(rows, rule.table, rule.expression, row.numerateur, row.denominateur))
    kinds = {"table": "str", "ligne": "int64", "cellule": "str", "base": "str", "valeur": "float64", "demi": "float64"}
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(kinds)).astype(kinds)


def _meant(rule: Any, known: pd.DataFrame) -> Iterable[Any]:
    """The rows of `known` that `rule` stands for: itself, or those of the other table where it says `=table`."""
    if not rule.numerateur.startswith("="):
        return [rule]
    return known[known["table"] == rule.numerateur.removeprefix("=")].itertuples()


def _said(rows: pd.DataFrame, table: str, expression: str, cell: str, base: str) -> pd.DataFrame:
    unit = f"{expression}{ROUNDED_SUFFIX}"
    return pd.DataFrame(
        {
            "table": table,
            "ligne": rows.index,
            "cellule": filled(cell, rows),
            "base": filled(base, rows),
            "valeur": rows.eval(expression).astype("float64").to_numpy(),
            "demi": rows[unit].fillna(0.0).to_numpy(dtype="float64") / 2 if unit in rows else 0.0,
        }
    )


def variables(frame: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """`frame` with what templates may name: region of the edition, quoi (axis and modality), jour as a date.

    A table without territory speaks of the edition's whole territory, one without modality of everybody.
    """
    place = {edition.annee: edition.territoire for edition in dataset.editions}
    year = frame["edition"] if "edition" in frame else frame.get("annee")
    out = frame.copy()
    if year is not None:
        out["region"] = year.map(place).fillna(dataset.region)
        out["territoire"] = out["territoire"] if "territoire" in out else out["region"]
    if "axe" in frame and "modalite" in frame:
        out["quoi"] = frame["axe"] + "=" + frame["modalite"]
    else:
        code = frame["modalite"] if "modalite" in frame else pd.Series(WHOLE, index=frame.index)
        out["quoi"] = ("sexe=" + code).where(code.isin(list(reference.labels("sexes"))), code)
    if "jour" in frame:
        out["jour"] = frame["jour"].dt.strftime("%Y-%m-%d")
    return out


def kept(frame: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows where `column=value` (or != or >) holds, all that `&` separates; all rows without condition."""
    if not condition:
        return frame
    if "&" in condition:
        first, others = condition.split("&", 1)
        return kept(kept(frame, first), others)
    name, sign, value = re.fullmatch(r"(\w+)(!=|=|>)(.*)", condition).groups()  # type: ignore[union-attr]
    if name not in frame:
        return frame.iloc[:0]
    if sign == ">":
        return frame[frame[name] > float(value)]
    same = frame[name].astype("str") == value
    return frame[same if sign == "=" else ~same]


def pieces(template: str) -> list[str]:
    """The texts and the names in braces of a template, in turn: names are at the odd places."""
    return re.split(r"\{(\w+)\}", template)


def filled(template: str, rows: pd.DataFrame) -> pd.Series | str:
    """`template` with the values of each row in place of its names, `UNSAID` for a text that it lacks: what nobody says
    is a part too, and a number that is missing is none."""
    out: pd.Series | str = ""
    for n, piece in enumerate(pieces(template)):
        out = out + (_in_words(rows[piece]) if n % 2 else piece)
    return out


def _in_words(values: pd.Series) -> pd.Series:
    words = values.astype("str")
    return words if is_numeric_dtype(values) else words.fillna(UNSAID)


def bases(said: pd.DataFrame) -> pd.Series:
    """The cells by which numbers of `said` were divided, as often as they were."""
    return said.loc[said["base"].ne("") & pd.to_numeric(said["base"], errors="coerce").isna(), "base"]


def named(said: pd.DataFrame) -> list[str]:
    """The cells that numbers of `said` are about, or were divided by, whether or not they are told."""
    return sorted({*said["cellule"], *bases(said)})


def at_home(said: pd.DataFrame) -> pd.Series:
    """Which numbers are cells, printed by the first table of `cellules.csv` that has them: its measures are theirs.

    Another table's row may print a total beside what the row is about: whom its rule protects says nothing of that.
    """
    plain = said[said["base"] == ""].dropna(subset="valeur")
    return pd.Series(said.index.isin(plain.index[~plain["cellule"].duplicated()]), index=said.index)
