"""What a reader can find of the hidden cells: the feasible interval of each, from everything that is published.

The reader knows what the tables say, how the cells add up and that none is negative; the least and the most that a
hidden cell may then be are two linear programs (Fischetti and Salazar, 2001). Nothing here knows which cells were
hidden by what: it is the control of `primary` and `secondary`, and shares with them only the meaning of the columns.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack
from scipy.sparse.csgraph import connected_components

from analysis.disclosure.links import Links

EXACT = 1e-9  # relative: a ratio is printed with all its digits
SOLVED, FREE = 0, 3  # of a linear program: optimal; without bound


def intervals(links: Links, asked: pd.Index) -> pd.DataFrame:
    """bas and haut of each cell of `asked`: the least and the most that the numbers of `links` leave possible.

    Both are the value itself where a number prints it. Those of whole numbers are whole.
    """
    known = links.cells["valeur"].reindex(asked)
    out = pd.DataFrame({"bas": known, "haut": known}, index=asked)
    matrix, low, high, names = _knowledge(links)
    for rows, columns in _components(matrix):
        wanted = [place for place in columns if names[place] in asked]
        if not wanted:
            continue
        part = matrix[rows][:, columns]
        for place in wanted:
            out.loc[names[place]] = _extremes(part, low[rows], high[rows], int(np.flatnonzero(columns == place)[0]))
    alone = out["bas"].isna()
    out.loc[alone] = [0.0, np.inf]
    whole = links.cells["entier"].reindex(asked).fillna(False).astype("bool")
    out["bas"] = out["bas"].mask(whole, np.ceil(out["bas"] - 1e-6))
    out["haut"] = out["haut"].mask(whole, np.floor(out["haut"] + 1e-6))
    return out


def _knowledge(links: Links) -> tuple[csr_array, np.ndarray, np.ndarray, np.ndarray]:
    """low <= matrix @ unknown cells <= high, and the names of those cells: one row per sum or ratio that has any."""
    values = links.cells["valeur"]
    names = values.index[values.isna()].to_numpy()
    place = pd.Series(np.arange(len(names)), index=names)
    sums = links.terms.assign(poids=links.terms["signe"].astype("float64"))
    gap = links.sums["ecart"]
    # The total less the parts is what is placed nowhere (or counted twice), of which the sign alone is known.
    floor = (-links.sums["tolerance"]).mask(gap > 0, -np.inf)
    ceiling = links.sums["tolerance"].mask(gap < 0, np.inf)
    ratios = links.statements[links.statements["base"] != ""].dropna(subset="valeur")
    ratios = ratios.assign(divisor=pd.to_numeric(ratios["base"], errors="coerce"))
    ratios = ratios[ratios["divisor"].isna()].reset_index(drop=True)
    number = len(links.sums) + np.arange(len(ratios))
    order = pd.Series(np.arange(len(links.sums)), index=links.sums.index)
    parts = [
        pd.DataFrame({"row": sums["somme"].map(order), "cellule": sums["cellule"], "poids": sums["poids"]}),
        pd.DataFrame({"row": number, "cellule": ratios["cellule"], "poids": 1.0}),
        pd.DataFrame({"row": number, "cellule": ratios["base"], "poids": -ratios["valeur"]}),
    ]
    terms = pd.concat(parts, ignore_index=True)
    terms["valeur"] = terms["cellule"].map(values)
    size = len(links.sums) + len(ratios)
    said = terms.dropna(subset="valeur")
    constant = np.bincount(said["row"], weights=said["poids"] * said["valeur"], minlength=size)
    slack = np.bincount(said["row"], weights=(said["poids"] * said["valeur"]).abs() * EXACT, minlength=size)
    half = (ratios["demi"] * ratios["base"].map(values).fillna(0.0)).to_numpy()
    low = np.concatenate([floor.to_numpy(), -half]) - constant - slack
    high = np.concatenate([ceiling.to_numpy(), half]) - constant + slack
    open_ = terms[terms["valeur"].isna()]
    matrix = coo_array((open_["poids"], (open_["row"], open_["cellule"].map(place))), shape=(size, len(names))).tocsr()
    filled = np.flatnonzero(np.diff(matrix.indptr))
    return matrix[filled], low[filled], high[filled], names


def _components(matrix: csr_array) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows and columns of each block of `matrix` that has nothing in common with the others."""
    rows, columns = matrix.shape
    entries = matrix.tocoo()
    graph = coo_array((np.ones(entries.nnz), (entries.row, rows + entries.col)), shape=(rows + columns, rows + columns))
    labels = connected_components(graph, directed=False)[1]
    order = np.argsort(labels, kind="stable")
    blocks = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    parts = [(block[block < rows], block[block >= rows] - rows) for block in blocks]
    return [(at, of) for at, of in parts if len(at)]


def _extremes(matrix: csr_array, low: np.ndarray, high: np.ndarray, place: int) -> tuple[float, float]:
    """The least and the most of the unknown `place`."""
    above, below = np.isfinite(high), np.isfinite(low)
    rows = {"A_ub": _stacked(matrix[above], -matrix[below]), "b_ub": np.concatenate([high[above], -low[below]])}
    found = []
    for sign in (1, -1):
        goal = np.zeros(matrix.shape[1])
        goal[place] = sign
        result = linprog(goal, **rows, bounds=(0, None), method="highs")
        if result.status not in (SOLVED, FREE):
            raise RuntimeError(f"attack on a cell: {result.message}")
        found.append(sign * result.fun if result.status == SOLVED else np.inf)
    return found[0], found[1]


def _stacked(*parts: csr_array) -> csr_array:
    return csr_array(vstack(parts))
