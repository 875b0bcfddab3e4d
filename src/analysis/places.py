"""Where places are, and how far from each other."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.core import reference

Numbers = NDArray[np.float64]
EARTH_KM = 6371.0


def great_circle(lon: Numbers, lat: Numbers, to_lon: Numbers, to_lat: Numbers) -> Numbers:
    """Kilometres from each point to each other point, shape (n, m); degrees in (haversine formula)."""
    x, y, to_x, to_y = (np.radians(values) for values in (lon, lat, to_lon, to_lat))
    root = np.sin((y[:, None] - to_y) / 2) ** 2
    root += np.cos(y)[:, None] * np.cos(to_y) * np.sin((x[:, None] - to_x) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(root))


def points(codes: pd.Series) -> pd.DataFrame:
    """lon and lat of each code of place, missing where it is not known, in the order of `codes`.

    A commune's own; of an EPCI and of a department, those of its most populous commune.
    """
    return _known().reindex(codes).set_axis(codes.index)


@cache
def _known() -> pd.DataFrame:
    towns = reference.communes().sort_values(["population", "code_insee"])
    keys = ("code_insee", "epci_siren", "departement")
    return pd.concat([towns.drop_duplicates(key, keep="last").set_index(key)[["lon", "lat"]] for key in keys])


def kilometres(here: pd.DataFrame, there: pd.DataFrame) -> Numbers:
    """Kilometres by road from each place to each other: great circle x detour (`facilitateurs/constantes`, assumed)."""
    detour = reference.constants("facilitateurs")["detour"]
    lon, lat, to_lon, to_lat = (
        rows[name].to_numpy(dtype="float64") for rows in (here, there) for name in ("lon", "lat")
    )
    return detour * great_circle(lon, lat, to_lon, to_lat)


def name_of(code: str) -> str:
    """The name of a commune, an EPCI or a department."""
    tables = (("communes", "code_insee"), ("epci", "epci_siren"), ("departements", "code_departement"))
    for table, key in tables:
        names = reference.table(f"territoire/{table}").set_index(key)["nom"]
        if code in names.index:
            return str(names[code])
    raise KeyError(code)
