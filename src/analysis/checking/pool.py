"""Work on many files at once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

FEW = 20  # items that are done before other processes have started


def each(function: Callable[[Item], Result], items: Sequence[Item], few: int = FEW) -> list[Result]:
    """`function` of each of `items`, in order: the work of a process per processor, or of this one where they are few.

    The processes are new ones, or copies of one that has imported what checks need: they know of this one what the
    environment said.
    """
    if len(items) < few:
        return [function(item) for item in items]
    context = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
    context.set_forkserver_preload(["analysis.checking.guard"])
    with ProcessPoolExecutor(mp_context=context) as pool:
        return list(pool.map(function, items, chunksize=4))
