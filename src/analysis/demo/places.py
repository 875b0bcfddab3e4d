"""The real territory in which the invented world stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.demo.knowledge import Draw, Floats, Ints

KM_PER_DEGREE = 111.2
CROWDED = 0.9  # power of the population that draws a commune of an EPCI


@dataclass(frozen=True)
class Territory:
    """Communes and EPCI of the region by position, with their real names, people and coordinates."""

    communes: pd.DataFrame  # code_insee, nom, departement, epci_siren, siren, population, lon, lat
    epci: pd.DataFrame  # epci_siren, nom, departement, population, lon, lat
    qpv: pd.DataFrame  # code_qpv, code_insee, epci_siren, departement, code_2015

    def distances(self, lon: Floats, lat: Floats) -> Floats:
        """Kilometres from each EPCI (rows) to each point (columns)."""
        middle = np.cos(np.deg2rad(50.0))
        east = (self.epci["lon"].to_numpy()[:, None] - lon[None, :]) * middle
        north = self.epci["lat"].to_numpy()[:, None] - lat[None, :]
        return np.hypot(east, north) * KM_PER_DEGREE

    def communes_of(self, epci_siren: np.ndarray, draw: Draw) -> Ints:
        """For each EPCI a commune of it, by population; positions in `communes`."""
        members = self.communes.groupby("epci_siren").indices
        weight = self.communes["population"].to_numpy(dtype=float) ** CROWDED
        kinds, known = pd.factorize(epci_siren, sort=True)
        out = np.zeros(len(kinds), dtype=np.int64)
        for kind, siren in enumerate(known):
            here = np.flatnonzero(kinds == kind)
            inside = np.sort(members[siren])
            out[here] = draw.choose(inside, weight[inside], len(here))
        return out


def territory() -> Territory:
    """The region as the reference tables have it."""
    communes = reference.communes().sort_values("code_insee", ignore_index=True)
    weight = communes["population"].clip(lower=1)
    centres = (
        communes.assign(w=weight, x=communes["lon"] * weight, y=communes["lat"] * weight)
        .groupby("epci_siren", as_index=False)[["w", "x", "y"]]
        .sum()
    )
    centres = centres.assign(lon=centres["x"] / centres["w"], lat=centres["y"] / centres["w"], population=centres["w"])
    epci = reference.epci()[["epci_siren", "nom", "departement"]].merge(
        centres[["epci_siren", "lon", "lat", "population"]], on="epci_siren"
    )
    quarters = reference.table("territoire/qpv").merge(
        communes[["code_insee", "epci_siren", "departement"]], on="code_insee"
    )
    quarters = quarters.sort_values("code_qpv", ignore_index=True)
    # The list of 2015 is not at hand: codes of its form, in a range that it never used.
    rank = quarters.groupby("departement").cumcount() + 1
    quarters["code_2015"] = [f"QP{d:0>3}9{n:02d}" for d, n in zip(quarters["departement"], rank, strict=True)]
    return Territory(communes, epci.sort_values("epci_siren", ignore_index=True), quarters)


def at(place: str) -> str:
    """`à Roubaix`, `au Quesnoy`, `aux Attaques`."""
    if place.startswith("Le "):
        return f"au {place[3:]}"
    if place.startswith("Les "):
        return f"aux {place[4:]}"
    return f"à {place}"


def of(place: str) -> str:
    """`de Roubaix`, `d'Amiens`, `du Quesnoy`, `des Attaques`."""
    if place.startswith("Le "):
        return f"du {place[3:]}"
    if place.startswith("Les "):
        return f"des {place[4:]}"
    return f"d'{place}" if place[0] in "AÂEÉÈÊIÎOÔŒUY" else f"de {place}"
