"""How a commitment is rounded: it is a quantile of the hours that the contract could bear, rounded down.

Always down, so that it promises no hour that the estimate does not hold; the steps are assumptions
(`acheteur/arrondis.csv`). None is proposed under the hours that make a work contract (`heures_min` of the clause in
`droit/options.csv`): a few days of work a year serve nobody.
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


def least_useful() -> tuple[float, str]:
    """The hours under which a clause is of little use, and the sentence that says so (`droit/options`)."""
    rules = reference.table("droit/options")
    of_clause = rules["mecanisme"].str.split(";").map(lambda names: "EXEC" in names)
    rule = rules[of_clause & rules["critere"].eq("heures_min")].iloc[0]
    return float(rule["valeur"]), str(rule["phrase_si_non"]).format(valeur=french(float(rule["valeur"])))


def proposed(committed: ArrayLike) -> Numbers:
    """Rounded commitments, 0 where they do not reach the least hours that are of use; a missing value stays missing."""
    given = np.asarray(committed, dtype=np.float64)
    return np.where(given < least_useful()[0], 0.0, given)


def proposed_steps() -> Numbers:
    """`steps` that give `proposed` at once: up to the first rounded value that is of use, one step as large as it."""
    table, (least, _) = steps(), least_useful()
    place = int(np.searchsorted(table[:, 0], least, side="right")) - 1
    step = table[place, 1]
    first = np.ceil(least / step) * step
    later = table[place + 1 :]
    if len(later) and first >= later[0, 0]:  # the next step holds already
        return np.vstack([[0.0, later[0, 0]], later])
    return np.vstack([[0.0, first], [first, step], later])


def said(table: Numbers) -> str:
    """By what a commitment is rounded, in words; a first step that is as large as its bound proposes nothing."""
    small = int(len(table) > 1 and table[0, 1] == table[1, 0])
    *most, last = [french(step) for step in table[small:, 1]]
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
