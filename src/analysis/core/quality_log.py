"""Errors as data: every value that a source got wrong becomes one row that can be sent back.

The rules, their severity and what they expect are in `data/raw/reference/regles.csv`.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import pandas as pd

from analysis.core.errors import DataError
from analysis.core.personal import MASKED, TRACE, looks_personal, without_traces
from analysis.core.quality_rules import COLUMNS, SORT, catalogue

LONGEST = 200  # characters of a value that are quoted
HARD_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"  # French typography has them


@cache
def rules() -> pd.DataFrame:
    """The rules of validation, indexed by their name."""
    return pd.DataFrame(catalogue()).set_index("regle")


def sentence(
    rule: str,
    fichier: str,
    ligne: object = None,
    colonne: str = "",
    valeur: object = "",
    *,
    among: Collection[str] = (),
) -> str:
    """The French sentence for one breach of `rule` (see `explain`), with the codes expected, if `among` some."""
    codes = f" ({', '.join(among)})" if among else ""
    return explain(fichier, ligne, colonne, valeur, f"{rules().loc[rule, 'attendu']}{codes}")


def explain(fichier: str, ligne: object, colonne: str, valeur: object, attendu: str) -> str:
    """The French sentence for a value that cannot be used: file, line and column if any, value, what is expected.

    A value that looks personal is not quoted; of a long one, the beginning is, and what does not print as its code.
    """
    line = "" if ligne is None or pd.isna(ligne) else f", ligne {ligne}"
    column = f", colonne « {colonne} »" if colonne else ""
    text = "" if valeur is None or pd.isna(valeur) else str(valeur)
    value = f"« {MASKED if looks_personal(text, colonne) else _quoted(text)} »" if text else "vide"
    return f"{fichier}{line}{column} : {value} ; attendu : {attendu}."


def _quoted(text: str) -> str:
    """`text` as a sentence can hold it, on one line."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return "".join(c if c.isprintable() or c in HARD_SPACES else c.encode("unicode_escape").decode() for c in short)


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
    among: Collection[str] = (),
    heading: pd.Series | None = None,
) -> pd.DataFrame:
    """Quality rows for `rows`, all of which broke `rule`; the message says which codes are expected, if `among` some.

    `heading` is what each row's file calls the column, where that is not always the same. `rows` holds
    `fichier` and `ligne`; `value` names its column with the received value and `record` the one with the whole refused
    record, if it may be kept (never personal data).
    """
    out = pd.DataFrame(
        {
            "source": source,
            "fichier": rows["fichier"].astype("str"),
            "ligne": rows["ligne"].astype("Int64"),
            "colonne": column if heading is None else heading,
            "valeur": _masked(rows[value].astype("str"), column) if value else "",
            "regle": rule,
            "gravite": rules().loc[rule, "gravite"],
            "enregistrement": rows[record].astype("str").map(without_traces) if record else "",
        }
    )
    out["message"] = [
        sentence(rule, f, n, c, v, among=among)
        for f, n, c, v in zip(out["fichier"], out["ligne"], out["colonne"], out["valeur"], strict=True)
    ]
    return out[COLUMNS]


def _masked(values: pd.Series, column: str) -> pd.Series:
    """The received values, without those that look personal in a column that is not."""
    personal = values.str.contains(TRACE, na=False).to_numpy(dtype=bool, copy=True)
    personal[personal] = [looks_personal(value, column) for value in values[personal]]
    return values.mask(personal, MASKED)


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
