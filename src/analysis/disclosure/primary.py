"""Primary suppression: a cell that would say something about too few people, or of one who dominates.

The rules are rows of `data/raw/reference/secret/regles.csv`: which kind of cell (`controles`), which measure
of the cell (a column whose name starts with `_`), the threshold it must not pass, how far from a hidden value
(`protection`, a part of it) everything published must leave the reader, and whether that holds for readers who know
another hidden value, their own (`inities`). Which rule hides a cell is told to nobody (see `shown.reasons`).
"""

from __future__ import annotations

import pandas as pd

from analysis.core import reference

OPEN = "ouvert"
SECONDARY = "secondaire"  # the rule of what is hidden to protect another cell
UNCHECKED = "non_verifiable"  # and of what cannot be shown to break no rule


def rules() -> pd.DataFrame:
    """The rules of disclosure by name.

    controles, grandeur, comparaison, seuil, condition, protection, inities, libelle; `source`, last, says where each
    comes from.
    """
    return reference.table("secret/regles").set_index("regle")


def broken(cells: pd.DataFrame, control: pd.Series) -> pd.Series:
    """For each cell the first rule that hides it, empty when it may be shown.

    `cells` holds the measures (`_personnes` ...), `_sensible` (a crossing that asks for more people) and `_epci` (so do
    persons of an EPCI); `control` says which kind of cell each row is. A measure that is missing hides the cell: what
    cannot be checked is not published.
    """
    found = pd.Series("", index=cells.index, dtype="str")
    unknown = pd.Series(False, index=cells.index)
    for name, rule in rules().dropna(subset="controles").iterrows():
        concerned = control.isin(rule["controles"].split("|")) & found.eq("")
        if not concerned.any():
            continue
        if pd.notna(rule["condition"]):
            concerned &= cells[f"_{rule['condition']}"].astype("bool")
        measure = cells[rule["grandeur"]]
        passes = measure.ge(rule["seuil"]) if rule["comparaison"] == "min" else measure.le(rule["seuil"])
        found = found.mask(concerned & ~passes.fillna(False).astype("bool") & measure.notna(), str(name))
        unknown |= concerned & measure.isna()
    return found.mask(found.eq("") & unknown, UNCHECKED)
