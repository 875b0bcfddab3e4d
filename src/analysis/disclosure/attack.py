"""What a reader can find of the hidden cells: the feasible interval of each, from everything that is published.

The reader knows what the tables say, how the cells add up and between which bounds each is (none is negative; see
`links` for the others); the least and the most that a hidden cell may then be are two linear programs (Fischetti and
Salazar, 2001). Nothing here knows which cells were hidden by what: it is the control of `primary` and `secondary`, and
shares with them only the meaning of the columns (`links`) and the parting of equations (`blocks`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from highspy import Highs, HighsLp, HighsModelStatus, MatrixFormat
from scipy.sparse import coo_array, csr_array

from analysis.disclosure.blocks import blocks
from analysis.disclosure.links import Links, looked_up

EXACT = 1e-9  # relative: a ratio is printed with all its digits


def intervals(links: Links, asked: pd.Index) -> pd.DataFrame:
    """bas and haut of each cell of `asked`: the least and the most that the numbers of `links` leave possible.

    Both are the value itself where a number prints it. Those of whole numbers are whole.
    """
    known = links.cells["valeur"].reindex(asked)
    out = pd.DataFrame({"bas": known, "haut": known}, index=asked)
    matrix, low, high, names = _knowledge(links)
    bounds = links.cells[["bas", "haut"]]
    for rows, columns in blocks(matrix):
        wanted = np.flatnonzero(np.isin(names[columns], asked))
        if len(wanted):
            between = bounds.loc[names[columns]].to_numpy(dtype="float64")
            out.loc[names[columns[wanted]]] = _extremes(
                matrix[rows][:, columns], low[rows], high[rows], between, wanted
            )
    out = out.fillna(bounds.reindex(asked)).fillna({"bas": 0.0, "haut": np.inf})
    whole = links.cells["entier"].reindex(asked).fillna(False).astype("bool")
    out["bas"] = out["bas"].mask(whole, np.ceil(out["bas"] - 1e-6))
    out["haut"] = out["haut"].mask(whole, np.floor(out["haut"] + 1e-6))
    return out


def from_inside(links: Links, asked: pd.Index, inside: pd.Series) -> pd.DataFrame:
    """As `intervals`, the narrowest that a reader finds who knows beside what is published one cell of `inside`.

    `inside` gives their values by cell; nobody is asked of his own, whatever it is called.
    """
    out = intervals(links, asked)
    printed = links.cells["valeur"]
    for name, value in inside.items():
        told = replace(links, cells=links.cells.assign(valeur=printed.mask(printed.index == name, value)))
        found = intervals(told, asked.difference(list(_same(links, name)))).reindex(asked)
        out = out.assign(bas=np.fmax(out["bas"], found["bas"]), haut=np.fmin(out["haut"], found["haut"]))
    return out


def _same(links: Links, name: str) -> set[str]:
    """The cells that are one with `name`: a total is its part where it has no other."""
    exact = links.terms[links.terms["somme"].map(links.sums["ecart"]).eq(0)]
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
    gap = links.sums["ecart"]
    # The total less the parts is what is placed nowhere (or counted twice), of which the sign alone is known.
    floor = (-links.sums["tolerance"]).mask(gap > 0, -np.inf)
    ceiling = links.sums["tolerance"].mask(gap < 0, np.inf)
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


def _extremes(
    matrix: csr_array, low: np.ndarray, high: np.ndarray, between: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """The least and the most of each unknown of `wanted`, shape (n, 2), where low <= matrix @ unknowns <= high.

    `between` gives the bounds of every unknown, in the same shape.
    """
    model = _model(matrix, low, high, between)
    found = np.empty((len(wanted), 2))
    for n, place in enumerate(wanted):
        for side, sign in enumerate((1.0, -1.0)):
            # From the solution before: another goal on the same constraints takes few steps.
            model.changeColCost(int(place), sign)
            model.run()
            status = model.getModelStatus()
            if status not in (HighsModelStatus.kOptimal, HighsModelStatus.kUnbounded):
                raise RuntimeError(f"attack on a cell: {status}")
            found[n, side] = sign * model.getObjectiveValue() if status == HighsModelStatus.kOptimal else np.inf
        model.changeColCost(int(place), 0.0)
    return found


def _model(matrix: csr_array, low: np.ndarray, high: np.ndarray, between: np.ndarray) -> Highs:
    """A linear program without goal: unknowns within their bounds, low <= matrix @ unknowns <= high."""
    problem = HighsLp()
    problem.num_row_, problem.num_col_ = matrix.shape
    problem.row_lower_, problem.row_upper_ = low, high
    problem.col_cost_ = np.zeros(matrix.shape[1])
    problem.col_lower_, problem.col_upper_ = between[:, 0], between[:, 1]
    problem.a_matrix_.format_ = MatrixFormat.kRowwise
    problem.a_matrix_.start_, problem.a_matrix_.index_ = matrix.indptr, matrix.indices
    problem.a_matrix_.value_ = matrix.data
    model = Highs()
    model.silent()
    model.setOptionValue("presolve", "off")
    model.passModel(problem)
    return model
