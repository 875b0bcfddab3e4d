"""Cells of hours: what a group of employment contracts amounts to, with what disclosure control asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    return cells_within(rows, key, {"": pd.Series(True, index=rows.index)}).drop(columns="parmi")


def cells_within(rows: pd.DataFrame, key: list[str], masks: Mapping[str, pd.Series]) -> pd.DataFrame:
    """`cells` of the rows of each mask, whose name is in `parmi`; masks may overlap."""
    grouped = _Grouped.by(rows, key)
    parts = {name: grouped.cells(mask.to_numpy(dtype=bool)) for name, mask in masks.items()}
    table = pd.DataFrame(
        {name: np.concatenate([part[name] for part in parts.values()]) for name in next(iter(parts.values()))}
    )
    index = grouped.index.take(table.pop("place"))
    names = np.repeat(list(parts), [len(part["place"]) for part in parts.values()])
    return table.set_axis(index).reset_index().assign(parmi=pd.Series(names, dtype="str"))


@dataclass(frozen=True)
class _Grouped:
    """Rows as whole numbers, so that the cells of any of them are counted without looking at a text again.

    index: the values of the key; place: which one each row has (-1: none, in no cell); units: by unit, the place of
    each distinct (place, unit), and which of these each row has (-1: not known).
    """

    index: pd.Index
    place: np.ndarray
    hours: np.ndarray
    units: dict[str, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def by(cls, rows: pd.DataFrame, key: list[str]) -> _Grouped:
        groups = rows.groupby(key)
        place, index = groups.ngroup().to_numpy(), groups.size().index
        units = {}
        for name in UNITS:
            unit = rows[name].to_numpy(dtype=np.int64)
            base = int(unit.max(initial=0)) + 1
            # Hashed as one whole number: a groupby of each measure takes twenty times as long.
            known = (place >= 0) & (unit >= 0)
            which = np.full(len(rows), NOBODY)
            which[known], pairs = pd.factorize(place[known] * base + unit[known])
            units[name] = (pairs // base, which)
        return cls(index, place, rows["centiheures"].to_numpy(dtype=float), units)

    def cells(self, kept: np.ndarray) -> dict[str, np.ndarray]:
        """The cells of the rows `kept`, those that hold any, by their place."""
        kept = kept & (self.place >= 0)
        place, hours, size = self.place[kept], self.hours[kept], len(self.index)
        total = np.bincount(place, weights=hours, minlength=size)
        out = {"heures": np.floor(total.round(4) + 0.5) / 100, "contrats": np.bincount(place, minlength=size)}
        for name, (home, which) in self.units.items():
            known = which[kept] >= 0
            of_row = which[kept][known]
            held = np.bincount(of_row, minlength=len(home)) > 0
            largest = np.zeros(size)
            np.maximum.at(largest, home, np.bincount(of_row, weights=hours[known], minlength=len(home)))
            out[f"{name}s"] = np.bincount(home[held], minlength=size)
            out[f"part_max_{name}"] = np.divide(largest, total, out=np.full(size, np.nan), where=total > 0)
        some = np.flatnonzero(out["contrats"])
        return {"place": some} | {name: values[some] for name, values in out.items()}


def with_zeros(found: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """`found` (cells), and a cell of nobody for each row of `wanted`, columns of its key, that it does not have.

    Where other cells are hidden for being of few, one that is absent would be read as nobody.
    """
    key = list(wanted)
    known = pd.MultiIndex.from_frame(found[key])
    absent = wanted[~pd.MultiIndex.from_frame(wanted).isin(known)]
    counts = ["heures", "contrats", *(f"{name}s" for name in UNITS)]
    return pd.concat([found, absent.assign(**dict.fromkeys(counts, 0))], ignore_index=True)


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
