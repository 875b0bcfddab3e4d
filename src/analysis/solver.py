"""Linear programmes, with whole numbers or without, given to HiGHS."""

from __future__ import annotations

import os
from functools import cache

import numpy as np
from highspy import Highs, HighsLp, HighsModelStatus, HighsVarType, MatrixFormat, SolutionStatus
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
KINDS = np.array([HighsVarType.kContinuous, HighsVarType.kInteger])


def program(
    matrix: csr_array,
    rows: tuple[Floats, Floats],
    bounds: tuple[Floats, Floats],
    cost: Floats | None = None,
    whole: NDArray[np.bool_] | None = None,
    **options: bool | float | str,
) -> Highs:
    """To be run: the least `cost` @ x (n; by default none), with matrix @ x (m) between the two `rows`, x between the
    two `bounds`, and `whole` which of x are whole numbers; `options` are those of HiGHS.

    On one processor, so that the search is the same on every machine: all programmes of a process must be.
    """
    problem = HighsLp()
    problem.num_row_, problem.num_col_ = matrix.shape
    problem.row_lower_, problem.row_upper_ = rows
    problem.col_lower_, problem.col_upper_ = bounds
    problem.col_cost_ = np.zeros(matrix.shape[1]) if cost is None else cost
    problem.a_matrix_.format_ = MatrixFormat.kRowwise
    problem.a_matrix_.start_, problem.a_matrix_.index_ = matrix.indptr, matrix.indices
    problem.a_matrix_.value_ = matrix.data
    if whole is not None and whole.any():
        problem.integrality_ = list(KINDS[whole.astype("uint8")])
    _introduced()
    model = Highs()
    model.silent()
    for name, value in ({"threads": 1} | options).items():
        model.setOptionValue(name, value)
    model.passModel(problem)
    return model


def solution(model: Highs) -> Floats:
    """The values that a run has found; RuntimeError without any."""
    if model.getInfo().primal_solution_status != SolutionStatus.kSolutionStatusFeasible:
        raise RuntimeError(f"programme without solution: {model.getModelStatus()}")
    return np.array(model.getSolution().col_value)


def bounded(model: Highs) -> bool:
    """Solve, and say whether there is an end; RuntimeError without a solution.

    From the solution before, since another goal or other bounds on the same constraints take few steps; from scratch
    where the solver loses itself on that way, as it does once in some thousand times.
    """
    ends = (HighsModelStatus.kOptimal, HighsModelStatus.kUnbounded)
    model.run()
    if model.getModelStatus() not in ends:
        model.clearSolver()
        model.run()
    status = model.getModelStatus()
    if status not in ends:
        raise RuntimeError(f"linear programme: {status}")
    return bool(status == HighsModelStatus.kOptimal)


@cache
def _introduced() -> None:
    """Let HiGHS say who it is where nobody reads: the first one of a process does, whatever it is told, and a page made
    of a notebook would show it."""
    out, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    Highs()
    os.dup2(out, 1)
    for each in (out, nowhere):
        os.close(each)
