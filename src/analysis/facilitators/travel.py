"""Minutes from each EPCI to each EPCI: a matrix given by a router, else distances and speeds that are assumptions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.core import reference
from analysis.core.errors import DataError

Numbers = npt.NDArray[np.float64]
FILE = "temps_trajet.csv"  # of a dataset, optional
COLUMNS = ["origine", "destination", "minutes"]
EARTH_KM = 6371.0
ASYMMETRY = 2.0  # minutes one way over minutes back, above which a matrix is not believed


def great_circle(lon: Numbers, lat: Numbers, to_lon: Numbers, to_lat: Numbers) -> Numbers:
    """Kilometres from each point to each other point, shape (n, m); degrees in (haversine formula)."""
    x, y, to_x, to_y = (np.radians(values) for values in (lon, lat, to_lon, to_lat))
    root = np.sin((y[:, None] - to_y) / 2) ** 2
    root += np.cos(y)[:, None] * np.cos(to_y) * np.sin((x[:, None] - to_x) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(root))


def assumed() -> pd.DataFrame:
    """origine, destination (EPCI), minutes: from the most populous commune of one to the people of the other.

    Great-circle distance x detour, its first kilometres at the mean speed of the two communes by their density, the
    others at that of a road, plus access (`facilitateurs/constantes.csv`, assumptions). The people of an EPCI are all
    its communes by their inhabitants.
    """
    fixed = reference.table("facilitateurs/constantes").set_index("nom")["valeur"]
    towns = reference.communes().sort_values(["epci_siren", "code_insee"], ignore_index=True)
    density = towns["population"] / towns["superficie_km2"]
    speed = np.select(
        [density >= fixed["densite_dense"], density >= fixed["densite_intermediaire"]],
        [fixed["vitesse_dense"], fixed["vitesse_intermediaire"]],
        fixed["vitesse_rurale"],
    )
    ranked = towns.assign(speed=speed).sort_values(["epci_siren", "population", "code_insee"])
    seats = ranked.drop_duplicates("epci_siren", keep="last")
    points = (seats["lon"], seats["lat"], towns["lon"], towns["lat"])
    km = great_circle(*(values.to_numpy(dtype="float64") for values in points)) * float(fixed["detour"])
    local = np.minimum(km, fixed["km_locaux"]) / ((seats["speed"].to_numpy()[:, None] + speed) / 2)
    minutes = fixed["acces"] + 60 * (local + np.maximum(km - fixed["km_locaux"], 0) / fixed["vitesse_route"])
    weight = towns["population"].to_numpy(dtype="float64")
    codes, starts = np.unique(towns["epci_siren"].to_numpy(dtype="str"), return_index=True)
    mean = np.add.reduceat(minutes * weight, starts, axis=1) / np.add.reduceat(weight, starts)
    grid = pd.DataFrame(mean, index=pd.Index(codes, name="origine"), columns=pd.Index(codes, name="destination"))
    return grid.stack().rename("minutes").round(1).reset_index()


def load(path: Path) -> pd.DataFrame:
    """The matrix of a router (origine, destination, minutes); what is `assumed` without any row or file.

    Every pair of EPCI of the region; DataError, in French, says the first fault (unknown code, value, gap, asymmetry).
    """
    if not path.is_file():
        return assumed()
    rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    if list(rows.columns) != COLUMNS:
        raise DataError(f"{path.name} : colonnes {', '.join(rows.columns)} ; attendu : {', '.join(COLUMNS)}.")
    if rows.empty:
        return assumed()
    known = sorted(reference.epci()["epci_siren"])
    for column in COLUMNS[:2]:
        for number in rows.index[~rows[column].isin(known)][:1]:
            raise DataError(
                f"{path.name}, ligne {number + 2}, colonne « {column} » : « {rows[column][number]} » ; attendu : le "
                "SIREN d'une intercommunalité de la région."
            )
    minutes = pd.to_numeric(rows["minutes"].str.replace(",", "."), errors="coerce")
    for number in rows.index[~(minutes >= 0)][:1]:
        raise DataError(
            f"{path.name}, ligne {number + 2}, colonne « minutes » : « {rows['minutes'][number]} » ; attendu : un "
            "nombre de minutes."
        )
    rows = rows.assign(minutes=minutes)
    for number in rows.index[rows.duplicated(COLUMNS[:2])][:1]:
        raise DataError(
            f"{path.name}, ligne {number + 2} : trajet de {rows['origine'][number]} à {rows['destination'][number]} "
            "donné deux fois ; attendu : une fois chacun."
        )
    grid = rows.pivot(index="origine", columns="destination", values="minutes").reindex(index=known, columns=known)
    for origin, destination in grid.isna().stack().loc[lambda gap: gap].index[:1]:
        raise DataError(f"{path.name} : pas de trajet de {origin} à {destination} ; attendu : tous les couples d'EPCI.")
    ratio = grid.to_numpy() / np.maximum(grid.to_numpy().T, 1.0)
    for i, j in np.argwhere(ratio > ASYMMETRY)[:1]:
        raise DataError(
            f"{path.name} : {grid.iloc[i, j]:g} minutes de {known[i]} à {known[j]}, {grid.iloc[j, i]:g} au retour ; "
            "attendu : des temps voisins dans les deux sens."
        )
    return rows.sort_values(COLUMNS[:2], ignore_index=True)


def matrix(rows: pd.DataFrame, codes: list[str]) -> Numbers:
    """minutes[i, j] to the people of codes[i] from codes[j]."""
    return rows.pivot(index="destination", columns="origine", values="minutes").loc[codes, codes].to_numpy()
