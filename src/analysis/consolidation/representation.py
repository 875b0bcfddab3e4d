"""Whether an audience does more or fewer of the hours than its share of the job-seekers of the same territory.

    ratio       share of the hours whose status is known / share among the territory's job-seekers

The comparator is job-seekers, never residents: who works under a clause comes from the former. A comparator is rarely
known every year: the nearest year is taken, and printed. A region whose own share is not known has a share between
the lowest and the highest of its departments, whatever their weights.
"""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.control import CONTROL
from analysis.core import reference
from analysis.core.dataset import Dataset, Edition

KEY = ["territoire", "modalite"]


def representation(measured: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """edition, territoire, modalite, part_heures, annee_comparateur, comparateur_min, comparateur_max, rapport_min,
    rapport_max, population, source, and the measures of the share.

    `measured` is the table of indicators. An audience without any comparator in the territory has no row.
    """
    shares = measured[measured["indicateur"] == "part_heures"]
    parts = [
        shares[shares["edition"] == edition.annee].merge(comparators(edition), on=KEY) for edition in dataset.editions
    ]
    rows = pd.concat(parts, ignore_index=True).rename(columns={"valeur": "part_heures"})
    rows["rapport_min"] = rows["part_heures"] / rows["comparateur_max"]
    rows["rapport_max"] = rows["part_heures"] / rows["comparateur_min"]
    columns = ["annee_comparateur", "comparateur_min", "comparateur_max", "rapport_min", "rapport_max", "population"]
    return rows[["edition", *KEY, "part_heures", *columns, "source", *CONTROL]]


def comparators(edition: Edition) -> pd.DataFrame:
    """territoire, modalite, annee_comparateur, comparateur_min, comparateur_max, population, source: of the nearest
    year, the earlier of two as near."""
    known = reference.table("publication/demandeurs_emploi")
    known = known[known["territoire"].isin([edition.territoire, *edition.departements])]
    own = known.assign(minimum=known["part"], maximum=known["part"])
    found = pd.concat([own, _of_departments(known, edition)], ignore_index=True)
    found = found.assign(ecart=(found["annee"] - edition.annee).abs()).sort_values([*KEY, "ecart", "annee"])
    nearest = found.drop_duplicates(KEY, ignore_index=True).rename(
        columns={"annee": "annee_comparateur", "minimum": "comparateur_min", "maximum": "comparateur_max"}
    )
    return nearest[[*KEY, "annee_comparateur", "comparateur_min", "comparateur_max", "population", "source"]]


def _of_departments(known: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """The bounds of the whole territory, in the years when all its departments are known."""
    local = known[known["territoire"].isin(edition.departements)]
    bounds = local.groupby(["annee", "modalite"], as_index=False).agg(
        minimum=("part", "min"),
        maximum=("part", "max"),
        nombre=("territoire", "nunique"),
        population=("population", "first"),
        source=("source", "first"),
    )
    return bounds[bounds["nombre"] == len(edition.departements)].assign(territoire=edition.territoire)
