"""Hours beside the inhabitants of where they are done, so that large territories and small ones compare."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset, Edition
from analysis.core.reference import HOURS, WHOLE

INHABITANTS, RATE = "habitants", "heures_pour_1000_habitants"
KEY = ["edition", "territoire"]


def per_inhabitant(table: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The indicators of `table` with, for each territory that has hours, its inhabitants and its hours per 1,000.

    The inhabitants are today's, the same in all editions, of the intercommunalités whose hours the territory counts.
    One that another region shares has no rate: its hours may be done by all its communes, its inhabitants here are of
    some. The rate has the control of the hours, which it gives to anybody.
    """
    hours = table[table["indicateur"].eq(HOURS) & table["modalite"].eq(WHOLE)]
    people = pd.concat([_inhabitants(edition) for edition in dataset.editions])
    both = hours.merge(people, on=KEY)
    rates = both[["valeur", "valeur_min", "valeur_max"]].mul(1000).div(both["habitants"], axis=0)
    rate = both.drop(columns="habitants").assign(indicateur=RATE, unite="heure pour mille habitants", **rates)
    count = both[[*KEY, "modalite"]].assign(
        indicateur=INHABITANTS, unite="habitant", valeur=both["habitants"].astype("float64")
    )
    return pd.concat([table, rate[~rate["territoire"].isin(_shared())], count], ignore_index=True)


def _inhabitants(edition: Edition) -> pd.DataFrame:
    """edition, territoire, habitants: the edition's territory, its departments and intercommunalités."""
    places = reference.epci()
    here = places[places["departement"].isin(edition.departements)].assign(whole=edition.territoire)
    sums = [here.groupby(level)["population_region"].sum() for level in ("whole", "departement", "epci_siren")]
    people = pd.concat(sums).rename("habitants").rename_axis("territoire").reset_index()
    return people.drop_duplicates("territoire").assign(edition=edition.annee)  # which may be its only department


def _shared() -> list[str]:
    """The intercommunalités of which some communes are in another region."""
    places = reference.epci()
    return list(places.loc[places["communes_hors_region"] > 0, "epci_siren"])
