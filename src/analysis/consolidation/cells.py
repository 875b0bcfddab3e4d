"""Cells of hours: what a group of employment contracts amounts to, with what disclosure control asks of it."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pandas as pd

MEASURES = {
    "personnes": "_personnes",
    "employeurs": "_employeurs",
    "entreprises": "_entreprises",
    "part_max_personne": "_part_max_personne",
    "part_max_employeur": "_part_max_employeur",
    "part_max_entreprise": "_part_max_entreprise",
}  # of a cell, as disclosure control calls them
UNITS = ("personne", "employeur", "entreprise")
NEEDED = [*UNITS, "centiheures"]
NOBODY = -1  # the whole number of a person, employer or company that is not known


def cells(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """One row per value of `key`: heures, contrats, and the measures of `MEASURES`.

    `rows` is one employment contract per value of `key` and row, with `centiheures` (hundredths of hours, so that
    whole totals are exact) and whole numbers that stand for its person, employer and company (negative when
    unknown). A part is the largest one's share of the hours.
    """
    groups = rows.groupby(key)
    place, index = groups.ngroup().to_numpy(), groups.size().index
    hours = rows["centiheures"].to_numpy(dtype=float)
    inside = place >= 0  # a key that is missing is in no cell
    place, hours = place[inside], hours[inside]
    total = np.bincount(place, weights=hours, minlength=len(index))
    out = {"heures": np.floor(total.round(4) + 0.5) / 100, "contrats": np.bincount(place, minlength=len(index))}
    for name in UNITS:
        count, largest = _distinct(place, rows[name].to_numpy(dtype=np.int64)[inside], hours, len(index))
        out[f"{name}s"] = count
        out[f"part_max_{name}"] = np.divide(largest, total, out=np.full(len(index), np.nan), where=total > 0)
    return pd.DataFrame(out, index).reset_index()


def _distinct(place: np.ndarray, unit: np.ndarray, hours: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """How many units each place holds, and the hours of the largest.

    (place, unit) is hashed as one whole number; a groupby of each measure takes twenty times as long.
    """
    known = unit >= 0
    base = int(unit.max(initial=0)) + 1
    which, pairs = pd.factorize(place[known] * base + unit[known])
    largest = np.zeros(size)
    np.maximum.at(largest, pairs // base, np.bincount(which, weights=hours[known], minlength=len(pairs)))
    return np.bincount(pairs // base, minlength=size), largest


def measured(found: pd.DataFrame) -> pd.DataFrame:
    """`found` with its measures under the names that disclosure control reads, persons and contracts kept."""
    return found.assign(**{name: found[column] for column, name in MEASURES.items()})


def weakest(*parts: pd.DataFrame) -> pd.DataFrame:
    """Measures of what several cells give away together: the smallest count and the largest share.

    Each of `parts` has the same index and the columns of `MEASURES`; a part without any person gives nothing
    away and does not count.
    """
    known = [part.loc[part["personnes"].ne(0), list(MEASURES)].reindex(part.index) for part in parts]
    out = {}
    for column, name in MEASURES.items():
        worse = np.fmax if column.startswith("part_max") else np.fmin
        out[name] = reduce(worse, [part[column] for part in known])
    return pd.DataFrame(out)
