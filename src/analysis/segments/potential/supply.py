"""Insertion companies of the region: who could take the hours, and how many at most.

Their sector is known by their NAF code only where it names one (`potentiel/naf_segments`): a company that places
workers serves all segments, and one whose code is that of social work in general has no known sector.
"""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.reference import WHOLE

EVERY, UNKNOWN = "TOUS", "INCONNU"


def companies() -> pd.DataFrame:
    """siren, genre, departement, epci_siren, secteur (a segment, TOUS or INCONNU), capacite (hours a year)."""
    rows = reference.table("potentiel/siae")
    sectors = reference.table("potentiel/naf_segments").astype({"prefixe_naf": "str"})
    found = pd.Series(pd.NA, index=rows.index, dtype="str")
    code = rows["naf"].astype("str").fillna("")
    for length, mine in sorted(sectors.groupby(sectors["prefixe_naf"].str.len()), reverse=True):
        found = found.fillna(code.str.slice(0, int(length)).map(mine.set_index("prefixe_naf")["segment"]).astype("str"))
    home = reference.communes().set_index("code_insee")["epci_siren"]
    capacity = reference.table("potentiel/capacites").set_index("genre")["heures"]
    return rows.assign(
        secteur=found.fillna(UNKNOWN),
        epci_siren=rows["code_insee"].map(home),
        capacite=rows["genre"].map(capacity).astype("float64"),
    )


def hours_of_capacity(dependency: float) -> float:
    """Hours of clauses that one hour of capacity allows: insertion companies do a part of them (`part_iae`), with at
    most `dependency` of what they can do."""
    return dependency / reference.constants("potentiel")["part_iae"]


def suppliers() -> pd.DataFrame:
    """A row per company and segment that it serves, those of all segments in each.

    siren, genre, segment, departement, capacite (hours a year), secteur (its own).
    """
    known = companies()
    every = pd.DataFrame({"segment": reference.table("nomenclatures/segments")["code"]})
    general = known[known["secteur"] == EVERY].merge(every, how="cross")
    own = known[~known["secteur"].isin([EVERY, UNKNOWN])].assign(segment=lambda rows: rows["secteur"])
    names = ["siren", "genre", "segment", "departement", "capacite", "secteur"]
    return pd.concat([own, general], ignore_index=True)[names]


def supply(dataset: Dataset, jobseekers: pd.Series) -> pd.DataFrame:
    """Insertion companies by territory and segment: fournisseurs (of that sector, or of all), dont_secteur (of that
    sector), capacite (hours a year; a company of all sectors is in each); in `ensemble` only, deld (long-term
    `jobseekers`, given by EPCI, each in the department of most of its inhabitants) and public (those that clauses can
    reach).

    `ensemble` holds every company once, those without known sector too.
    """
    codes = list(reference.departments(dataset.region)["code_departement"])
    known, serving = companies(), suppliers()
    home = reference.epci().set_index("epci_siren")["departement"]
    people = jobseekers.groupby(home.reindex(jobseekers.index)).sum().reindex(codes).fillna(0)
    reached = float(reference.constants("potentiel")["part_publics"])
    parts = []
    for territory in [dataset.region, *codes]:
        inside = codes if territory == dataset.region else [territory]
        mine = serving[serving["departement"].isin(inside)]
        found = mine.groupby("segment").agg(
            fournisseurs=("siren", "size"),
            dont_secteur=("secteur", lambda sector: int(sector.ne(EVERY).sum())),
            capacite=("capacite", "sum"),
        )
        every = known[known["departement"].isin(inside)]
        parts.append(found.reset_index().assign(territoire=territory))
        parts.append(
            pd.DataFrame(
                {
                    "segment": [WHOLE],
                    "fournisseurs": [len(every)],
                    "dont_secteur": [int((~every["secteur"].isin([EVERY, UNKNOWN])).sum())],
                    "capacite": [every["capacite"].sum()],
                    "territoire": [territory],
                    "deld": [float(people.reindex(inside).sum())],
                    "public": [float(people.reindex(inside).sum()) * reached],
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    names = ["territoire", "segment", "fournisseurs", "dont_secteur", "capacite", "deld", "public"]
    return table.reindex(columns=names).sort_values(["territoire", "segment"], ignore_index=True)
