"""Primary suppression: a cell that would say something about too few people, or of one who dominates.

The rules are rows of `data/raw/reference/secret.csv`: which kind of cell (`controles`), which measure
of the cell (a column whose name starts with `_`), and the threshold it must not pass. Measures are
dropped once applied, so that nothing finer than the published table leaves this step.
"""

from __future__ import annotations

import pandas as pd

from analysis.core import reference

OPEN = "ouvert"


def rules() -> pd.DataFrame:
    """The rules of disclosure: regle, controles, grandeur, comparaison, seuil, condition, motif."""
    return reference.table("secret")


def reasons(cells: pd.DataFrame, control: pd.Series) -> pd.Series:
    """For each cell the reason it is hidden, empty when it may be shown.

    `cells` holds the measures (`_personnes` ...) and `_sensible` (a crossing that asks for more people);
    `control` says which kind of cell each row is. A measure that is missing hides the cell:
    what cannot be checked is not published.
    """
    reason = pd.Series("", index=cells.index, dtype="str")
    for rule in rules().itertuples():
        concerned = control.isin(rule.controles.split("|")) & reason.eq("")
        if not concerned.any():
            continue
        if pd.notna(rule.condition):
            concerned &= cells[f"_{rule.condition}"].astype("bool")
        measure = cells[rule.grandeur]
        passes = measure.ge(rule.seuil) if rule.comparaison == "min" else measure.le(rule.seuil)
        reason = reason.mask(concerned & ~passes.fillna(False).astype("bool"), rule.motif)
    return reason


def protect_cells(cells: pd.DataFrame, control: pd.Series, values: list[str]) -> pd.DataFrame:
    """`cells` with hidden `values` emptied, the reason in `secret`, and the measures dropped."""
    reason = reasons(cells, control)
    out = cells.assign(secret=reason)
    out[values] = out[values].mask(reason.ne(""))
    return out[[name for name in out.columns if not name.startswith("_")]]
