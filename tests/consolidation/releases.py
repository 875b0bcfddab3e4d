"""Releases and indicators written by hand, for what is held one against the other."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.cells import MEASURES
from analysis.consolidation.control import CONTROL
from analysis.sources.publications import COLUMNS, TYPES

SAFE = {"_personnes": 50.0, "_employeurs": 9.0, "_entreprises": 9.0} | {
    name: 0.1 for name in MEASURES.values() if "part_max" in name
}


def released(*rows: tuple) -> pd.DataFrame:
    """(release, date, edition, territory, indicator, modality, value, decimals) by row."""
    table = pd.DataFrame([(*row, "") for row in rows], columns=COLUMNS)
    return table.assign(date_publication=pd.to_datetime(table["date_publication"])).astype(TYPES)


def measured(*rows: tuple, **control: object) -> pd.DataFrame:
    """(edition, territory, indicator, modality, value) by row, cells of fifty persons unless said otherwise."""
    table = pd.DataFrame(rows, columns=["edition", "territoire", "indicateur", "modalite", "valeur"])
    table = table.assign(unite="", _controle="heures", _sensible=False, _epci=False, **SAFE).assign(**control)
    return table[["edition", "territoire", "indicateur", "modalite", "valeur", "unite", *CONTROL]]
