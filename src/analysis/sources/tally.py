"""What a stage says at its end: how many rows of each file were received, kept, refused, and what was flagged."""

from __future__ import annotations

import sys
from collections import Counter

import pandas as pd

from analysis.sources.typer import Typer


def tell(received: list[pd.DataFrame], typer: Typer) -> None:
    """Write a line per file of the `received` tables, after all that `typer` found."""
    for line in tally(received, typer):
        print(line, file=sys.stderr, flush=True)


def tally(received: list[pd.DataFrame], typer: Typer) -> list[str]:
    """A line per file, in order. A month is a row, in a layout with a column per month too."""
    rows = Counter(file for frame in received for file in frame["fichier"])
    refused = Counter(file for files in typer.refused for file in files)
    flagged = Counter(file for part in typer.breaches for file in part.loc[part["enregistrement"].eq(""), "fichier"])
    return [
        f"{file} : lignes reçues : {count}, gardées : {count - refused[file]}, refusées : {refused[file]} ; "
        f"valeurs signalées : {flagged[file]}"
        for file, count in sorted(rows.items())
    ]
