"""Minutes from each EPCI to each EPCI as a router gives them, checked; else what is assumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.numbers import shortest
from analysis.facilitators.organisation.travel import assumed, matrix
from analysis.sources.spreadsheet import expect, read_csv

FILE = "temps_trajet.csv"  # of a dataset
COLUMNS = ["origine", "destination", "minutes"]
ASYMMETRY = 2.0  # minutes one way over minutes back, above which a matrix is not believed


def load(path: Path) -> pd.DataFrame:
    """The matrix of a router (origine, destination, minutes); what is `assumed` when there are headings alone.

    Every pair of EPCI of the region; DataError, in French, says the first fault (unknown code, value, gap, asymmetry).
    """
    rows = read_csv(path, path.name, COLUMNS).fillna("")
    if rows.empty:
        return assumed()
    known = sorted(reference.epci()["epci_siren"])
    for column in COLUMNS[:2]:
        expect(rows, path.name, column, rows[column].isin(known), "le SIREN d'une intercommunalité de la région")
    # A program writes them, with as many decimals as it likes: 12.500 is 12 minutes and a half.
    minutes = pd.to_numeric(rows["minutes"].str.replace(",", "."), errors="coerce")
    finite = minutes.between(0, np.inf, inclusive="left")
    expect(rows, path.name, "minutes", finite, "un nombre de minutes")
    expect(rows, path.name, "destination", ~rows.duplicated(COLUMNS[:2]), "une seule fois depuis chaque origine")
    rows = rows.assign(minutes=minutes)
    grid = matrix(rows, known)
    for to, start in np.argwhere(np.isnan(grid))[:1]:
        raise DataError(
            f"{path.name} : pas de trajet de {known[start]} à {known[to]} ; attendu : tous les couples d'EPCI, et de "
            "chacun à lui-même (temps moyen vers ses habitants)."
        )
    for to, start in np.argwhere(grid > ASYMMETRY * np.maximum(grid.T, 1.0))[:1]:
        raise DataError(
            f"{path.name} : {shortest(grid[to, start])} minutes de {known[start]} à {known[to]}, "
            f"{shortest(grid[start, to])} au retour ; attendu : des temps voisins dans les deux sens."
        )
    return rows[COLUMNS].sort_values(COLUMNS[:2], ignore_index=True)
