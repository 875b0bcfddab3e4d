"""What a reader can find of the hidden cells: the feasible interval of each, from everything that is published.

The reader knows what the tables say, how the cells add up and between which bounds each is (none is negative; see
`links` for the others); the least and the most that a hidden cell may then be are two linear programs (Fischetti and
Salazar, 2001). Nothing here knows which cells were hidden by what: it is the control of `primary` and `secondary`, and
shares with them only the meaning of the columns (`links`) and the parting of equations (`blocks`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from analysis import solver
from analysis.disclosure.blocks import blocks
from analysis.disclosure.links import Links, looked_up

EXACT = 1e-9  # relative: a ratio is printed with all its digits


@dataclass(frozen=True)
class Sought:
    """What a reader looks for: `cells`. Those of `personal` are also looked for by whoever knows one value of
    `inside` (by cell), his own, beside what is published."""

    cells: pd.Index
    personal: pd.Index = field(default_factory=lambda: pd.Index([], dtype="str"))
    inside: pd.Series = field(default_factory=lambda: pd.Series(dtype="float64"))


@dataclass(frozen=True)
class Program:
    """Unknown cells that equations tie together: low <= matrix @ cells <= high, each between its own bounds.

    names: n cells; matrix: m by n; low, high: m numbers; bounds: n by 2; whole: which of the n count something.
    """

    names: pd.Index
    matrix: csr_array
    low: np.ndarray
    high: np.ndarray
    bounds: np.ndarray
    whole: np.ndarray

    def told(self, name: str, low: float, high: float) -> Program:
        """The same for a reader who knows besides that the cell `name` lies between `low` and `high`."""
        bounds, at = self.bounds.copy(), self.names.get_loc(name)
        bounds[at] = max(bounds[at, 0], low), min(bounds[at, 1], high)
        return replace(self, bounds=bounds)

    def extremes(self, cells: pd.Index) -> pd.DataFrame:
        """bas and haut, the least and the most that each of `cells` that is in here may be."""
        wanted = np.flatnonzero(_among(self.names, cells))
        bounds = self.bounds[:, 0], self.bounds[:, 1]
        model = solver.program(self.matrix, (self.low, self.high), bounds, presolve="off")
        found = np.empty((len(wanted), 2))
        for n, place in enumerate(wanted):
            for side, sign in enumerate((1.0, -1.0)):
                model.changeColCost(int(place), sign)
                found[n, side] = sign * model.getObjectiveValue() if solver.bounded(model) else np.inf
            model.changeColCost(int(place), 0.0)
        return pd.DataFrame(_whole(found, self.whole[wanted]), columns=["bas", "haut"], index=self.names[wanted])


def intervals(links: Links, sought: Sought) -> pd.DataFrame:
    """bas and haut of each cell that is sought: the least and the most that the numbers of `links` leave possible.

    Both are the value itself where a number prints it.
    """
    cells = links.cells.reindex(sought.cells).fillna({"bas": 0.0, "haut": np.inf})
    ends = _whole(cells[["bas", "haut"]].to_numpy(), cells["entier"].eq(True).to_numpy())
    out = pd.DataFrame(ends, columns=["bas", "haut"], index=cells.index)
    printed = cells["valeur"].notna()
    out[printed] = cells.loc[printed, ["valeur", "valeur"]].to_numpy()
    for program in programs(links):
        out.update(found(program, links, sought))
    return out


def found(program: Program, links: Links, sought: Sought) -> pd.DataFrame:
    """bas and haut of the cells of `program` that are sought: the narrowest that anybody finds.

    Nobody is asked of his own, whatever it is called in `links`.
    """
    out, personal = program.extremes(sought.cells), program.names[_among(program.names, sought.personal)]
    for name, value in sought.inside[sought.inside.index.isin(program.names)].items():
        others = personal.difference(list(_same(links, str(name))))
        seen = program.told(str(name), value, value).extremes(others).reindex(out.index)
        out = out.assign(bas=np.fmax(out["bas"], seen["bas"]), haut=np.fmin(out["haut"], seen["haut"]))
    return out


def programs(links: Links) -> list[Program]:
    """What a reader of `links` has left to solve, one program per block of cells that nothing ties to others."""
    matrix, low, high, names = _knowledge(links)
    cells = links.cells.loc[names]
    bounds, whole = cells[["bas", "haut"]].to_numpy(dtype="float64"), cells["entier"].to_numpy(dtype="bool")
    return [
        Program(cells.index[at], matrix[rows][:, at], low[rows], high[rows], bounds[at], whole[at])
        for rows, at in blocks(matrix)
    ]


def _among(names: pd.Index, cells: pd.Index) -> np.ndarray:
    """Which of `names` are in `cells`, which keep where each is; `isin` would learn it anew for each program."""
    return cells.get_indexer(names) >= 0


def _whole(ends: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`ends` (n by 2, the least and the most), narrowed to whole numbers where `whole` says so."""
    return np.where(whole[:, None], np.c_[np.ceil(ends[:, 0] - 1e-6), np.floor(ends[:, 1] + 1e-6)], ends)


def _same(links: Links, name: str) -> set[str]:
    """The cells that are one with `name`: a total is its part where it has no other."""
    exact = links.terms[links.terms["somme"].map(links.sums["sens"]).eq(0)]
    pairs = exact[exact.groupby("somme")["cellule"].transform("size").eq(2)]
    found: set[str] = {name}
    before: set[str] = set()
    while found != before:
        before = set(found)
        found |= set(pairs.loc[pairs["somme"].isin(pairs.loc[pairs["cellule"].isin(found), "somme"]), "cellule"])
    return found


def _knowledge(links: Links) -> tuple[csr_array, np.ndarray, np.ndarray, np.ndarray]:
    """low <= matrix @ unknown cells <= high, and the names of those cells: one row per sum or ratio that has any."""
    values = links.cells["valeur"]
    names = values.index[values.isna()].to_numpy()
    place = pd.Series(np.arange(len(names)), index=names)
    sums = links.terms.assign(poids=links.terms["signe"].astype("float64"))
    sign = links.sums["sens"]
    # The total less the parts is what is placed nowhere (or counted twice), of which the sign alone is known.
    floor = (-links.sums["tolerance"]).mask(sign > 0, -np.inf)
    ceiling = links.sums["tolerance"].mask(sign < 0, np.inf)
    ratios = links.statements[links.statements["base"] != ""].dropna(subset="valeur")
    ratios = ratios.assign(divisor=pd.to_numeric(ratios["base"], errors="coerce").astype("float64"))
    ratios = ratios[ratios["divisor"].isna()].reset_index(drop=True)
    number = len(links.sums) + np.arange(len(ratios))
    order = pd.Series(np.arange(len(links.sums)), index=links.sums.index)
    parts = [
        pd.DataFrame({"row": sums["somme"].map(order), "cellule": sums["cellule"], "poids": sums["poids"]}),
        pd.DataFrame({"row": number, "cellule": ratios["cellule"], "poids": 1.0}),
        pd.DataFrame({"row": number, "cellule": ratios["base"], "poids": -ratios["valeur"]}),
    ]
    terms = pd.concat(parts, ignore_index=True)
    terms["valeur"] = looked_up(terms["cellule"], values)
    size = len(links.sums) + len(ratios)
    said = terms.dropna(subset="valeur")
    constant = np.bincount(said["row"], weights=said["poids"] * said["valeur"], minlength=size)
    slack = np.bincount(said["row"], weights=(said["poids"] * said["valeur"]).abs() * EXACT, minlength=size)
    half = (ratios["demi"] * looked_up(ratios["base"], values).fillna(0.0)).to_numpy()
    low = np.concatenate([floor.to_numpy(), -half]) - constant - slack
    high = np.concatenate([ceiling.to_numpy(), half]) - constant + slack
    open_ = terms[terms["valeur"].isna()]
    matrix = coo_array((open_["poids"], (open_["row"], open_["cellule"].map(place))), shape=(size, len(names))).tocsr()
    filled = np.flatnonzero(np.diff(matrix.indptr))
    return matrix[filled], low[filled], high[filled], names
