"""Arithmetic check of figures as printed: does a share, an ETP or a mean follow from its own parts?

`data/raw/reference/published_checks.csv` says which printed figure should follow from which; the
diagnosis is found from the numbers, never written down beforehand.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import as_printed, french, percent, round_half_up

OK, MISLABELLED, SEVERAL = "conforme", "mal étiqueté", "réponses multiples"


def published() -> pd.DataFrame:
    """Published figures, indexed by `numero`; a share is stored as a part of 1 with its decimals."""
    return reference.table("published").set_index("numero", drop=False)


def verdict(printed: float, exact: float, digits: int) -> str:
    """How `printed`, shown with `digits` decimals, relates to the `exact` value.

    `arrondi` (half up), `tronqué`, `chiffre perdu` (a digit of a longer form was dropped), `écart`.
    """
    shown, value = Decimal(repr(float(printed))), Decimal(repr(float(exact)))
    step = Decimal(1).scaleb(-digits)
    if shown == round_half_up(value, digits):
        return "arrondi"
    if shown == value.quantize(step, rounding=ROUND_FLOOR):
        return "tronqué"
    # One more or one less of the last digit is a gap, whatever the digits look like: 401 for 400,1 lost none.
    return "chiffre perdu" if abs(shown - value) > step and _lost_digit(shown, value, digits) else "écart"


def _lost_digit(shown: Decimal, value: Decimal, digits: int) -> bool:
    """Whether dropping one digit of the value with one more decimal gives what is printed."""
    # `f`: 13 000 is 13000 and not 1.3E+4.
    longer, kept = (
        f"{number.normalize():f}".replace(".", "").lstrip("0") for number in (round_half_up(value, digits + 1), shown)
    )
    return any(longer[:i] + longer[i + 1 :] == kept for i in range(len(longer)))


def sentence(found: str, exact: float, digits: int, unit: str) -> str:
    """A verdict of `verdict` in French, with what the `exact` value would have been printed as."""
    return {
        "arrondi": "égal à la valeur recalculée, arrondie.",
        "tronqué": f"tronqué : l'arrondi est {as_printed(exact, digits, unit)}.",
        "chiffre perdu": f"un chiffre perdu : {as_printed(exact, digits + 1, unit)} au complet.",
        "écart": "ne suit pas de ses composantes.",
    }[found]


def slips() -> dict[int, str]:
    """By `numero`, what the audit says of a figure beyond its rounding: a wrong unit, audiences added up."""
    rows = check()
    rows = rows[rows["diagnostic"].isin([MISLABELLED, SEVERAL])]
    return {
        number: row.explication
        if row.diagnostic == MISLABELLED
        else f"{row.objet} : {row.recalcule}, {row.explication}"
        for row in rows.itertuples()
        for number in row.numeros
    }


def check() -> pd.DataFrame:
    """One row per printed figure checked: ligne, objet, imprime, recalcule, diagnostic, signale, explication,
    numeros (the published figures it is about)."""
    figures = published()
    rows = [_ratio(check, figures) if check.nature == "rapport" else _sum(check, figures) for check in _checks()]
    table = pd.DataFrame(rows)
    # Two rules of rounding side by side make a reader doubt both: a line is flagged when one of its figures is.
    flagged = table.groupby("ligne")["signale"].transform("max")
    return table.assign(ligne_signalee=flagged)


def _checks() -> list:
    return list(reference.table("published_checks").astype({"imprime": "str"}).itertuples(index=False))


def _ratio(check: Any, figures: pd.DataFrame) -> dict:
    printed = figures.loc[int(check.imprime)]
    below = check.diviseur if pd.notna(check.diviseur) else figures.loc[int(check.denominateur), "valeur"]
    exact = figures.loc[int(check.numerateur), "valeur"] / below
    digits, unit = int(printed["decimales"]), str(printed["unite"])
    found = verdict(printed["valeur"], exact, digits)
    diagnosis, text = OK if found == "arrondi" else found, sentence(found, exact, digits, unit)
    announced = check.unite_annoncee if pd.notna(check.unite_annoncee) else None
    actual = figures.loc[int(check.denominateur), "unite"] if pd.notna(check.denominateur) else None
    if diagnosis == OK and announced not in (None, actual):
        diagnosis = MISLABELLED
        text = f"valeur juste, mais c'est un nombre d'heures par {actual}, non par {announced}."
    return {
        "ligne": int(check.ligne), "objet": check.objet, "imprime": as_printed(printed["valeur"], digits, unit),
        "recalcule": as_printed(exact, max(digits, 2 * (unit == "part")) + 2, unit),
        "diagnostic": diagnosis, "signale": diagnosis != OK, "explication": text, "numeros": [int(check.imprime)],
    }  # fmt: skip


def _sum(check: Any, figures: pd.DataFrame) -> dict:
    numbers = [int(number) for number in check.imprime.split("|")]
    parts = figures.loc[numbers, "valeur"].sum()
    whole = figures.loc[int(check.denominateur), "valeur"]
    over = parts > whole
    return {
        "ligne": int(check.ligne), "objet": check.objet, "imprime": french(parts, 0, "h"),
        "recalcule": percent(parts / whole), "diagnostic": SEVERAL if over else OK,
        "signale": bool(over), "numeros": numbers,
        "explication": "la somme dépasse le total : une personne relève de plusieurs publics, à ne jamais empiler."
        if over else "la somme ne dépasse pas le total.",
    }  # fmt: skip
