"""Errors as data: every value that a source got wrong becomes one row that can be sent back.

The rules, their severity and what they expect are in `data/raw/reference/regles.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

import pandas as pd

from analysis.core.errors import DataError
from analysis.core.quality_rules import COLUMNS, SORT, catalogue

MASKED = "valeur masquée"
# What is personal in whatever column it stands: an e-mail; a French telephone number; a social security number of
# 13 digits, with or without its key (INSEE: sex, year, month from 01 to 12 or above 20). The last two are not looked
# for in a SIRET, which has 14 digits, nor inside the digits of a longer or decimal number; a spreadsheet may have made
# a whole number of them (« .0 »).
E_MAIL = r"\S@\S"
_BEFORE, _AFTER = r"(?<!\d)(?<!\d[.,])", r"(?:\.0)?(?![.,]?\d)"
_BY_TWO, _BY_THREE = r"(?:(?:[\s.-]?\d\d){4}|(?:/\d\d){4})", r"\d\d(?:[\s.-]\d{3}){2}"
PHONE = rf"{_BEFORE}(?:(?:\+|00)33[\s.-]?(?:\(0\)\s?)?|0)[1-9](?:{_BY_TWO}|{_BY_THREE}){_AFTER}"
_PARTS = ("[1-478]", r"\d\d", r"(?:0[1-9]|1[0-2]|[2-9]\d)", r"(?:\d\d|2[ABab])", r"\d{3}", r"\d{3}")
# With a point between all parts or none: one alone makes a decimal number.
NIR = "|".join(rf"{_BEFORE}{sign.join(_PARTS)}(?:{sign}\d\d)?{_AFTER}" for sign in (r"[\s-]?", r"\."))
NIR += r"|" + rf"{_BEFORE}[1-478]\d\d\s(?:0[1-9]|1[0-2]|[2-9]\d)\d(?:\s\d{{3}}){{3}}{_AFTER}"  # written by thousands
NUMBERS = f"{PHONE}|{NIR}"
SIRET_DIGITS, FOREIGN = 14, re.compile(r"[A-Z]{2}\s?[0-9]")  # BE 0403.091.220
FIELD = r'"(?P<name>\w+)":"(?P<value>(?:[^"\\]|\\.)*)"'


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

    A value that looks personal is not quoted.
    """
    line = "" if ligne is None or pd.isna(ligne) else f", ligne {ligne}"
    column = f", colonne « {colonne} »" if colonne else ""
    text = "" if valeur is None or pd.isna(valeur) else str(valeur)
    value = f"« {MASKED if looks_personal(text, colonne) else text} »" if text else "vide"
    return f"{fichier}{line}{column} : {value} ; attendu : {attendu}."


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
            "colonne": column if heading is None else heading.fillna(column),
            "valeur": _masked(rows[value].astype("str"), column) if value else "",
            "regle": rule,
            "gravite": rules().loc[rule, "gravite"],
            "enregistrement": _masked_fields(rows[record].astype("str")) if record else "",
        }
    )
    out["message"] = [
        sentence(rule, f, n, c, v, among=among)
        for f, n, c, v in zip(out["fichier"], out["ligne"], out["colonne"], out["valeur"], strict=True)
    ]
    return out[COLUMNS]


def _masked(values: pd.Series, column: str) -> pd.Series:
    """The received values, without those that look personal in a column that is not."""
    personal = values.str.contains(f"{E_MAIL}|{NUMBERS}", na=False).to_numpy(dtype=bool, copy=True)
    personal[personal] = [looks_personal(value, column) for value in values[personal]]
    return values.mask(personal, MASKED)


def looks_personal(value: str, column: str) -> bool:
    """Whether a text of a column looks personal: its numbers do not where they may be those of a company."""
    if re.search(E_MAIL, value):
        return True
    if "siret" in column and (FOREIGN.match(value) or len(re.findall("[0-9]", value)) == SIRET_DIGITS):
        return False
    return bool(re.search(NUMBERS, value))


def _masked_fields(records: pd.Series) -> pd.Series:
    """The same in whole records: JSON objects, or what was received where it is none."""
    return records.str.replace(FIELD, _masked_field, regex=True)


def _masked_field(field: re.Match[str]) -> str:
    name, value = field["name"], field["value"]
    return f'"{name}":"{MASKED}"' if looks_personal(value, name) else field[0]


def public(text: str) -> str:
    """A text of the open data without what would be personal in it: e-mails, telephone and social security numbers."""
    return re.sub(rf"\S+@\S+|{NUMBERS}", MASKED, text)


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
