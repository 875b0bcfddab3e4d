"""The hours of clauses that each EPCI could bear in a year, with their uncertainty, and who is far from employment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.core import reference
from analysis.sources import publics

Numbers = npt.NDArray[np.float64]
FROM_CONTRACTS, FROM_PEOPLE = "marches", "habitants"


@dataclass(frozen=True)
class Need:
    """places: epci_siren, nom, departement, a_cheval, population, montant, deld, rsa, qpv (one row per EPCI, in order
    of the codes); hours: its hours a year (rows) in each draw (columns); origin: what it was made from."""

    places: pd.DataFrame
    hours: Numbers
    origin: str

    def quantiles(self) -> pd.DataFrame:
        """besoin_p10, besoin_p50, besoin_p90 of each EPCI."""
        found = np.quantile(self.hours, [0.1, 0.5, 0.9], axis=1)
        return pd.DataFrame(dict(zip(("besoin_p10", "besoin_p50", "besoin_p90"), found, strict=True)))


def need(
    drawn: pd.DataFrame, given: pd.DataFrame, draws: int, seed: int, departements: list[str] | None = None
) -> Need:
    """The need of every EPCI of `departements`, or of the region, from `besoin_tirages` of the segments (lieu,
    departement, montant, t000, t001 ...).

    `given` are the publics by EPCI that the dataset knows (`publics.load`).

    Hours whose place is only a department go to its EPCI, those without place to all, in proportion to what they
    have. Without any contract: inhabitants x hours per inhabitant, log-normal (`facilitateurs/constantes.csv`).
    """
    places = territory(given, departements)
    if drawn.empty:
        fixed = reference.constants("facilitateurs")
        noise = np.random.default_rng(seed).normal(0, fixed["ecart_habitant"], (len(places), draws))
        people = places["population"].to_numpy(dtype="float64")[:, None] * fixed["heures_par_habitant"]
        return Need(places.assign(montant=np.nan), people * np.exp(noise), FROM_PEOPLE)
    columns = [name for name in drawn.columns if name.startswith("t")][:draws]
    values = _spread(drawn, places, ["montant", *columns])
    return Need(places.assign(montant=values[:, 0]), values[:, 1:], FROM_CONTRACTS)


def _spread(drawn: pd.DataFrame, places: pd.DataFrame, columns: list[str]) -> Numbers:
    """`columns` of `drawn` by EPCI, what has no EPCI being shared out as hours are on average over the draws, or, among
    EPCI that have none, as inhabitants are."""
    placed = drawn[drawn["lieu"].isin(places["epci_siren"])]
    own = placed.groupby("lieu")[columns].sum().reindex(places["epci_siren"], fill_value=0.0).to_numpy()
    out = own.copy()
    weight, people = own[:, 1:].mean(axis=1), places["population"].to_numpy(dtype="float64")
    for lieu, rest in drawn[~drawn.index.isin(placed.index)].groupby("lieu"):
        inside = places["departement"].eq(lieu).to_numpy()
        among = inside if inside.any() else np.ones(len(places), dtype=bool)
        share = (weight if weight[among].sum() > 0 else people) * among
        out += np.outer(share / share.sum(), rest[columns].sum().to_numpy())
    return out


def territory(given: pd.DataFrame, departements: list[str] | None = None) -> pd.DataFrame:
    """What is known of each EPCI of `departements`, or of the region: epci_siren, nom, departement, a_cheval (part of
    it is in another region), population (of the region's communes), deld (long-term job-seekers: as `given`, else an
    assumption), rsa (as given, else missing), qpv (priority districts)."""
    rows = reference.epci(departements).sort_values("epci_siren", ignore_index=True)
    people = publics.by_epci(given)
    return pd.DataFrame(
        {
            "epci_siren": rows["epci_siren"],
            "nom": rows["nom"],
            "departement": rows["departement"],
            "a_cheval": rows["communes_hors_region"].gt(0),
            "population": rows["population_region"].astype("int64"),
            "deld": rows["epci_siren"].map(people["deld"]),
            "rsa": rows["epci_siren"].map(people["rsa"]),
            "qpv": rows["epci_siren"].map(reference.priority_districts()),
        }
    )
