from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.facilitators.organisation import router, travel

LILLE, AMIENS = "200093201", "248000531"


def test_assumed_minutes_are_of_all_pairs_and_grow_with_distance() -> None:
    rows = travel.assumed()
    codes = sorted(reference.epci()["epci_siren"])
    grid = travel.matrix(rows, codes)
    assert grid.shape == (92, 92)
    assert np.isfinite(grid).all()
    assert (grid.argmin(axis=1) == np.arange(92)).mean() > 0.9, "one's own EPCI is the nearest"
    assert 80 < grid[codes.index(AMIENS), codes.index(LILLE)] < 130, "by motorway some 95 minutes"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda rows: rows.rename(columns={"minutes": "temps"}),
            "colonne « minutes » absente, présentes : origine, destination, temps",
        ),
        (lambda rows: rows.assign(origine=rows["origine"].replace(LILLE, "1")), "SIREN d'une intercommunalité"),
        (lambda rows: rows.assign(minutes="vite"), "ligne 2, colonne « minutes » : « vite »"),
        (lambda rows: rows.assign(minutes="inf"), "ligne 2, colonne « minutes » : « inf »"),
        (lambda rows: rows.iloc[1:], "pas de trajet de"),
        (
            lambda rows: rows[rows["origine"].ne(rows["destination"])],
            "pas de trajet de 200018083 à 200018083 ; attendu : tous les couples d'EPCI, et de chacun à lui-même",
        ),
        (lambda rows: pd.concat([rows, rows.iloc[:1]]), "attendu : une seule fois depuis chaque origine"),
        (lambda rows: rows.assign(minutes=rows["minutes"].where(rows.index != 5, 500.5)), "500,5 minutes .* au retour"),
    ],
)
def test_a_matrix_with_a_fault_is_refused_in_one_sentence(tmp_path: Path, change, expected: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / router.FILE
    rows = travel.assumed()
    change(rows).to_csv(path, index=False)
    with pytest.raises(DataError, match=expected):
        router.load(path)
    rows.to_csv(path, index=False, sep=";", decimal=",", encoding="cp1252")
    assert router.load(path).equals(rows), "as a French spreadsheet saves it"
