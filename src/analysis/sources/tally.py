"""What a stage says at its end: what became of what each file held."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

ROWS = ("lignes reçues", "gardées", "refusées")
CONTRACTS = ("marchés reçus", "gardés", "refusés")  # a contract of a table may be several rows


def tell(
    files: Iterable[str],
    kept: Mapping[str, int],
    refused: Mapping[str, int],
    flagged: Mapping[str, int],
    words: tuple[str, str, str] = ROWS,
) -> None:
    """Write a line per file, in order: how many of its rows were received, kept and refused, and values flagged."""
    received, were_kept, were_refused = words
    for file in sorted(set(files)):
        good, bad = kept.get(file, 0), refused.get(file, 0)
        print(
            f"{file} : {received} : {good + bad}, {were_kept} : {good}, {were_refused} : {bad} ; "
            f"valeurs signalées : {flagged.get(file, 0)}",
            file=sys.stderr,
            flush=True,
        )
