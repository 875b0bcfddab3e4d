"""Arithmetic check of figures as printed: does a share, an ETP or a mean follow from its own parts?

`data/raw/reference/published_checks.csv` says which printed figure should follow from which; the
diagnosis is found from the numbers, never written down beforehand.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pandas as pd

from analysis.core import reference
from analysis.numbers import french, round_half_up

OK = "conforme"


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
    return "chiffre perdu" if _lost_digit(shown, value, digits) else "écart"


def _lost_digit(shown: Decimal, value: Decimal, digits: int) -> bool:
    """Whether dropping one digit of the value with one more decimal gives what is printed."""
    longer = str(round_half_up(value, digits + 1).normalize()).replace(".", "").lstrip("0")
    kept = str(shown.normalize()).replace(".", "").lstrip("0")
    return any(longer[:i] + longer[i + 1 :] == kept for i in range(len(longer)))


def check() -> pd.DataFrame:
    """One row per printed figure checked: ligne, objet, imprime, recalcule, diagnostic, signale, explication."""
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
    found = verdict(printed["valeur"], exact, int(printed["decimales"]))
    percent = printed["unite"] == "part"
    scale, decimals = (100, max(int(printed["decimales"]) - 2, 0)) if percent else (1, int(printed["decimales"]))
    unit = "%" if percent else ""
    shown = french(Decimal(repr(float(printed["valeur"]))) * scale, decimals, unit)
    recomputed = french(exact * scale, decimals + 2, unit)
    diagnosis = OK if found == "arrondi" else found
    text = {
        OK: "égal à la valeur recalculée, arrondie.",
        "tronqué": f"tronqué : l'arrondi est {french(exact * scale, decimals, unit)}.",
        "chiffre perdu": f"un chiffre perdu : {french(exact * scale, decimals + 1, unit)} au complet.",
        "écart": "ne suit pas de ses composantes.",
    }[diagnosis]
    announced = check.unite_annoncee if pd.notna(check.unite_annoncee) else None
    actual = figures.loc[int(check.denominateur), "unite"] if pd.notna(check.denominateur) else None
    if diagnosis == OK and announced not in (None, actual):
        diagnosis = "mal étiqueté"
        text = f"valeur juste, mais c'est un nombre d'heures par {actual}, non par {announced}."
    return {
        "ligne": int(check.ligne), "objet": check.objet, "imprime": shown, "recalcule": recomputed,
        "diagnostic": diagnosis, "signale": diagnosis != OK, "explication": text,
    }  # fmt: skip


def _sum(check: Any, figures: pd.DataFrame) -> dict:
    parts = figures.loc[[int(number) for number in check.imprime.split("|")], "valeur"].sum()
    whole = figures.loc[int(check.denominateur), "valeur"]
    over = parts > whole
    return {
        "ligne": int(check.ligne), "objet": check.objet, "imprime": french(parts, 0, "h"),
        "recalcule": french(100 * parts / whole, 1, "%"), "diagnostic": "réponses multiples" if over else OK,
        "signale": bool(over),
        "explication": "la somme dépasse le total : une personne relève de plusieurs publics, à ne jamais empiler."
        if over else "la somme ne dépasse pas le total.",
    }  # fmt: skip
