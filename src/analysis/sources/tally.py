"""What a stage says at its end: what became of what each file held."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType

ROWS = ("lignes reçues", "gardées", "refusées")
CONTRACTS = ("marchés reçus", "gardés", "refusés")  # a contract of a table may be several rows


def tell(
    files: Iterable[str],
    kept: Mapping[str, int],
    refused: Mapping[str, int],
    flagged: Mapping[str, int],
    *,
    left: Mapping[str, int] = MappingProxyType({}),
    words: tuple[str, str, str] = ROWS,
) -> None:
    """Write a line per file, in order: how many of its rows were received, kept and refused, and values flagged.

    And how many were `left`, as rows of another year, where there are some.
    """
    received, were_kept, were_refused = words
    for file in sorted(set(files)):
        good, bad, other = kept.get(file, 0), refused.get(file, 0), left.get(file, 0)
        of_others = f", d'autres années : {other}" if other else ""
        print(
            f"{file} : {received} : {good + bad + other}, {were_kept} : {good}, {were_refused} : {bad}{of_others} ; "
            f"valeurs signalées : {flagged.get(file, 0)}",
            file=sys.stderr,
            flush=True,
        )
