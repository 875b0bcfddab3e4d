"""Errors as data: every value that a source got wrong becomes one row that can be sent back.

The rules, their severity and what they expect are in `data/raw/reference/regles.csv`.
"""

from __future__ import annotations

from functools import cache

import pandas as pd

from analysis.core.errors import DataError
from analysis.core.paths import reference_dir
from analysis.quality_columns import COLUMNS, SORT


@cache
def rules() -> pd.DataFrame:
    """The rules of validation, indexed by their name."""
    return pd.read_csv(reference_dir() / "regles.csv", dtype=str).set_index("regle")


def sentence(rule: str, fichier: str, ligne: object = None, colonne: str = "", valeur: object = "") -> str:
    """The French sentence for one breach of `rule`: file, line, column, value, what is expected."""
    where = fichier
    if ligne is not None and not pd.isna(ligne):
        where += f", ligne {ligne}"
    if colonne:
        where += f", colonne « {colonne} »"
    got = "vide" if valeur is None or pd.isna(valeur) or valeur == "" else f"« {valeur} »"
    return f"{where} : {got} ; attendu : {rules().loc[rule, 'attendu']}."


def fatal(rule: str, fichier: str, detail: str = "") -> DataError:
    """The error that stops a stage because a whole file cannot be used."""
    more = f" ({detail})" if detail else ""
    return DataError(f"{fichier} : fichier inutilisable{more} ; attendu : {rules().loc[rule, 'attendu']}.")


def breaches(
    rows: pd.DataFrame,
    *,
    source: str,
    rule: str,
    column: str = "",
    value: str | None = None,
    record: str | None = None,
) -> pd.DataFrame:
    """Quality rows for `rows`, all of which broke `rule`.

    `rows` holds `fichier` and `ligne`; `value` names its column with the received value and
    `record` the one with the whole refused record, if it may be kept (never personal data).
    """
    out = pd.DataFrame(
        {
            "source": source,
            "fichier": rows["fichier"].astype("str"),
            "ligne": rows["ligne"].astype("Int64"),
            "colonne": column,
            "valeur": rows[value].astype("str") if value else "",
            "regle": rule,
            "gravite": rules().loc[rule, "gravite"],
            "enregistrement": rows[record].astype("str") if record else "",
        }
    )
    out["message"] = [
        sentence(rule, f, n, column, v) for f, n, v in zip(out["fichier"], out["ligne"], out["valeur"], strict=True)
    ]
    return out[COLUMNS]


def collect(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """All the quality rows of a stage in one table, always in the same order."""
    filled = [part for part in parts if len(part)]
    if not filled:
        return empty()
    return pd.concat(filled).sort_values(SORT, kind="stable", ignore_index=True)


def empty() -> pd.DataFrame:
    """A quality table without rows."""
    text = {name: pd.Series(dtype="str") for name in COLUMNS}
    return pd.DataFrame({**text, "ligne": pd.Series(dtype="Int64")})[COLUMNS]
