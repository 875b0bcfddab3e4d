"""Equations parted into those that have unknowns in common."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from analysis.disclosure.blocks import blocks


def test_equations_with_a_common_unknown_are_one_block_and_a_lone_unknown_is_in_none() -> None:
    matrix = csr_array(np.array([[1.0, 0, 0, 1, 0], [0, 2, 0, 0, 0], [0, 0, 0, 1, 1]]))
    found = {(tuple(rows), tuple(columns)) for rows, columns in blocks(matrix)}
    assert found == {((0, 2), (0, 3, 4)), ((1,), (1,))}
