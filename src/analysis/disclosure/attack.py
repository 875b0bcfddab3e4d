"""What a reader can find of the hidden cells: the feasible interval of each, from everything that is published.

The reader knows what the tables say, how the cells add up and that none is negative; the least and the most that a
hidden cell may then be are two linear programs (Fischetti and Salazar, 2001). Nothing here knows which cells were
hidden by what: it is the control of `primary` and `secondary`, and shares with them only the meaning of the columns
(`links`) and the parting of equations (`blocks`).
"""

from __future__ import annotations

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
    for rows, columns in blocks(matrix):
        wanted = np.flatnonzero(np.isin(names[columns], asked))
        if len(wanted):
            out.loc[names[columns[wanted]]] = _extremes(matrix[rows][:, columns], low[rows], high[rows], wanted)
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


def _extremes(matrix: csr_array, low: np.ndarray, high: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The least and the most of each unknown of `wanted`, shape (n, 2), where low <= matrix @ unknowns <= high."""
    model = _model(matrix, low, high)
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


def _model(matrix: csr_array, low: np.ndarray, high: np.ndarray) -> Highs:
    """A linear program without goal: unknowns at least 0, low <= matrix @ unknowns <= high."""
    problem = HighsLp()
    problem.num_row_, problem.num_col_ = matrix.shape
    problem.row_lower_, problem.row_upper_ = low, high
    size = matrix.shape[1]
    problem.col_cost_, problem.col_lower_, problem.col_upper_ = np.zeros(size), np.zeros(size), np.full(size, np.inf)
    problem.a_matrix_.format_ = MatrixFormat.kRowwise
    problem.a_matrix_.start_, problem.a_matrix_.index_ = matrix.indptr, matrix.indices
    problem.a_matrix_.value_ = matrix.data
    model = Highs()
    model.silent()
    model.setOptionValue("presolve", "off")
    model.passModel(problem)
    return model
