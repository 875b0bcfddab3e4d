"""Work on many files at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from analysis.core.workers import workers

Item = TypeVar("Item")
Result = TypeVar("Result")

FEW = 20  # items that are done before other processes have started


def each(function: Callable[[Item], Result], items: Sequence[Item], few: int = FEW) -> list[Result]:
    """`function` of each of `items`, in order: by a process per processor, or by this one where they are few."""
    if len(items) < few:
        return [function(item) for item in items]
    with workers("analysis.checking.guard") as pool:
        return list(pool.map(function, items))
