"""Insertion companies of the region: who could take the hours, and how many at most.

Their sector is known by their NAF code only where it names one (`potentiel/naf_segments`): a company that places
workers serves all segments, and one whose code is that of social work in general has no known sector.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.codes import by_prefix
from analysis.core.dataset import Dataset
from analysis.core.reference import WHOLE
from analysis.places import kilometres, points

EVERY, UNKNOWN = "TOUS", "INCONNU"


def companies() -> pd.DataFrame:
    """siren, genre, departement, epci_siren, secteur (a segment, TOUS or INCONNU), capacite (hours a year)."""
    rows = reference.table("potentiel/siae")
    sectors = reference.table("potentiel/naf_segments").set_index("prefixe_naf")["segment"]
    home = reference.communes().set_index("code_insee")["epci_siren"]
    capacity = reference.table("potentiel/capacites").set_index("genre")["heures"]
    return rows.assign(
        secteur=by_prefix(rows["naf"].astype("str"), sectors).fillna(UNKNOWN),
        epci_siren=rows["code_insee"].map(home),
        capacite=rows["genre"].map(capacity).astype("float64"),
    )


def hours_of_capacity(dependency: float) -> float:
    """Hours of clauses that one hour of capacity allows: insertion companies do a part of them (`part_iae`), with at
    most `dependency` of what they can do."""
    return dependency / reference.constants("potentiel")["part_iae"]


def suppliers(known: pd.DataFrame | None = None) -> pd.DataFrame:
    """A row per company and segment that it serves, those of all segments in each: the columns of `companies` (or of
    `known`, rows of them) and segment."""
    rows = companies() if known is None else known
    every = pd.DataFrame({"segment": reference.table("nomenclatures/segments")["code"]})
    general = rows[rows["secteur"] == EVERY].merge(every, how="cross")
    own = rows[~rows["secteur"].isin([EVERY, UNKNOWN])].assign(segment=lambda rows: rows["secteur"])
    return pd.concat([own, general], ignore_index=True)


def near(known: pd.DataFrame, radius: float, departements: list[str] | None = None) -> pd.DataFrame:
    """The companies at most `radius` km by road from the most populous commune of each EPCI of `departements`, or of
    all, its SIREN in territoire: a company near several is in each."""
    places = reference.epci(departements)["epci_siren"].sort_values(ignore_index=True)
    place, company = np.nonzero(kilometres(points(places), points(known["code_insee"])) <= radius)
    return known.iloc[company].assign(territoire=places.to_numpy()[place])


def supply(dataset: Dataset, jobseekers: pd.Series, radius: float, source: str = "") -> pd.DataFrame:
    """Insertion companies by territory and segment: fournisseurs (of that sector, or of all), dont_secteur (of that
    sector), capacite (hours a year; a company of all sectors is in each); in `ensemble` only, deld (long-term
    `jobseekers`, given by EPCI, each in the department of most of its inhabitants), deld_source (what `source` says of
    them) and public (those that clauses can reach).

    Of the region and its departments, the companies that have their seat there; of an EPCI, those within `radius`
    (`near`). `ensemble` holds every company of a territory once, those without known sector too.
    """
    codes = dataset.departements
    known = companies()
    inside = known[known["departement"].isin(codes)]
    home = reference.epci(codes).set_index("epci_siren")["departement"]
    people = jobseekers.groupby(home.reindex(jobseekers.index)).sum().reindex(codes).fillna(0.0)
    people = pd.concat([pd.Series({dataset.region: people.sum()}), people, jobseekers])
    placed = pd.concat(
        [
            inside.assign(territoire=dataset.region),
            inside.assign(territoire=inside["departement"]),
            near(known, radius, codes),
        ],
        ignore_index=True,
    )
    every = (
        _counted(placed.assign(segment=WHOLE)).set_index("territoire").reindex([dataset.region, *codes, *home.index])
    )
    every = every.fillna({"segment": WHOLE, "fournisseurs": 0, "dont_secteur": 0, "capacite": 0.0}).reset_index()
    every = every.assign(deld=every["territoire"].map(people).astype("float64"), deld_source=source)
    every["public"] = every["deld"] * float(reference.constants("potentiel")["part_publics"])
    table = pd.concat([_counted(suppliers(placed)), every], ignore_index=True)
    table = table.astype({"fournisseurs": "int64", "dont_secteur": "int64"})
    return table.sort_values(["territoire", "segment"], ignore_index=True)


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    sector = ~rows["secteur"].isin([EVERY, UNKNOWN])
    grouped = rows.assign(_secteur=sector).groupby(["territoire", "segment"], as_index=False)
    return grouped.agg(fournisseurs=("siren", "size"), dont_secteur=("_secteur", "sum"), capacite=("capacite", "sum"))
