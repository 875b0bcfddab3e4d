"""Minutes from each EPCI to each EPCI, from distances and speeds that are assumptions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.core import reference
from analysis.places import great_circle

Numbers = npt.NDArray[np.float64]


def assumed() -> pd.DataFrame:
    """origine, destination (EPCI), minutes: from the most populous commune of one to the people of the other.

    Great-circle distance x detour, its first kilometres at the mean speed of the two communes by their density, the
    others at that of a road, plus access (`facilitateurs/constantes.csv`, assumptions). The people of an EPCI are all
    its communes by their inhabitants.
    """
    fixed = reference.constants("facilitateurs")
    towns = reference.communes().sort_values(["epci_siren", "code_insee"], ignore_index=True)
    seats = reference.seats()
    points = (seats["lon"], seats["lat"], towns["lon"], towns["lat"])
    km = great_circle(*(values.to_numpy(dtype="float64") for values in points)) * fixed["detour"]
    local = np.minimum(km, fixed["km_locaux"]) / ((_speed(seats, fixed)[:, None] + _speed(towns, fixed)) / 2)
    minutes = fixed["acces"] + 60 * (local + np.maximum(km - fixed["km_locaux"], 0) / fixed["vitesse_route"])
    weight = towns["population"].to_numpy(dtype="float64")
    codes, starts = np.unique(towns["epci_siren"].to_numpy(dtype="str"), return_index=True)
    mean = np.add.reduceat(minutes * weight, starts, axis=1) / np.add.reduceat(weight, starts)
    grid = pd.DataFrame(mean, index=pd.Index(codes, name="origine"), columns=pd.Index(codes, name="destination"))
    return grid.stack().rename("minutes").round(1).reset_index()


def _speed(communes: pd.DataFrame, fixed: pd.Series) -> Numbers:
    density = communes["population"] / communes["superficie_km2"]
    return np.select(
        [density >= fixed["densite_dense"], density >= fixed["densite_intermediaire"]],
        [fixed["vitesse_dense"], fixed["vitesse_intermediaire"]],
        fixed["vitesse_rurale"],
    )


def matrix(rows: pd.DataFrame, codes: list[str]) -> Numbers:
    """minutes[i, j] to the people of codes[i] from codes[j]; missing where `rows` say nothing."""
    grid = rows.pivot(index="destination", columns="origine", values="minutes")
    return grid.reindex(index=codes, columns=codes).to_numpy(dtype="float64")
