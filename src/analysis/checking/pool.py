"""Work on many files at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

FEW = 20  # items that are done before other processes have started


def each(function: Callable[[Item], Result], items: Sequence[Item], few: int = FEW) -> list[Result]:
    """`function` of each of `items`, in order: the work of a process per processor, or of this one where they are few.

    The processes are new ones: they know of this one what the environment says.
    """
    if len(items) < few:
        return [function(item) for item in items]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(function, items, chunksize=4))
