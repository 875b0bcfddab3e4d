"""Equations that have no unknown in common are problems of their own."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, sparray
from scipy.sparse.csgraph import connected_components


def blocks(matrix: sparray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows and columns, ascending, of each block of `matrix` that has nothing in common with the others.

    A column without entry is in no block.
    """
    rows, columns = matrix.shape
    entries = matrix.tocoo()
    graph = coo_array((np.ones(entries.nnz), (entries.row, rows + entries.col)), shape=(rows + columns, rows + columns))
    labels = connected_components(graph, directed=False)[1]
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    found = [(part[part < rows], part[part >= rows] - rows) for part in parts]
    return [(at, of) for at, of in found if len(at)]
