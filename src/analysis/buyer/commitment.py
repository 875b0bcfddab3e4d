"""How a commitment is rounded: it is a quantile of the hours that the contract could bear, rounded down.

Always down, so that it promises no hour that the estimate does not hold; the steps are assumptions
(`acheteur/arrondis.csv`). None is proposed where it would be of fewer hours than make a work contract (`heures_min` of
the clause in `droit/options.csv`): a few days of work serve nobody.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.core import reference
from analysis.core.numbers import french

Numbers = NDArray[np.float64]
DUST = 1e-9  # of a step: 0.3 / 0.1 must count three steps, not two


def steps() -> Numbers:
    """`acheteur/arrondis` as an array of two columns, hours from which a step holds and the step, in hours."""
    return reference.table("acheteur/arrondis")[["de_heures", "pas"]].to_numpy(dtype=np.float64)


def least_useful() -> float:
    """The hours under which a clause is of little use (`droit/options`)."""
    rules = reference.table("droit/options")
    of_clause = rules["mecanisme"].str.split(";").map(lambda names: "EXEC" in names)
    return float(rules.loc[of_clause & rules["critere"].eq("heures_min"), "valeur"].iloc[0])


def proposed(hours: ArrayLike, table: Numbers) -> Numbers:
    """`rounded` hours, 0 where they are fewer than the least that is of use; a missing value stays missing."""
    committed = rounded(hours, table)
    return np.where(committed < least_useful(), 0.0, committed)


def none_proposed() -> str:
    """Why no commitment is proposed."""
    return f"un engagement prudent ferait moins de {french(least_useful())} heures, moins d'un mois d'une personne"


def said(table: Numbers) -> str:
    """By what a commitment is rounded, in words."""
    *most, last = [french(step) for step in table[:, 1]]
    return f"arrondi en dessous, par pas de {', '.join(most)} ou {last} heures selon sa taille"


def rounded(hours: ArrayLike, table: Numbers) -> Numbers:
    """`hours` (0 or more, any shape) rounded down to the step of `table` (see `steps`) that holds for them.

    A missing value stays missing. Raises ValueError for negative hours.
    """
    given = np.asarray(hours, dtype=np.float64)
    if (given < 0).any():
        raise ValueError("hours below 0")
    step = table[np.searchsorted(table[:, 0], given, side="right") - 1, 1]
    return np.asarray(np.floor(given / step + DUST) * step, dtype=np.float64)
