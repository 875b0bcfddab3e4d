"""What the State's buyers asked for and did not get, and what would have met it."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.sirene import siren_of

MET = "SATISFAIT"
STATE = "ETAT"  # of `nomenclatures/acheteurs`
OF_STATE = ["declarent", "sans_operation", "reserves_sans_operation", "montant_sans_operation",
            "montant_reserves_sans_operation", "montant_le_plus_grand", "montants_invraisemblables"]  # fmt: skip
UNSAID = "non dit"


def within(rows: pd.DataFrame, departements: list[str]) -> pd.DataFrame:
    """The needs of `departements`: those whose EPCI is known to be of others are left out."""
    home = rows["epci_siren"].map(reference.epci().set_index("epci_siren")["departement"])
    return rows[home.isna() | home.isin(departements)]


def by_territory(rows: pd.DataFrame, region: str) -> pd.DataFrame:
    """Needs by year, territory (region, departments), kind and answer: besoins, delai_median (days, where known).

    An answer that nobody had is a zero.
    """
    names = ["edition", "territoire", "type", "reponse", "besoins", "delai_median"]
    if rows.empty:
        return pd.DataFrame(columns=names)
    home = reference.department_of_epci()
    own = rows.assign(edition=rows["annee"].astype("int64"), territoire=rows["epci_siren"].map(home))
    both = pd.concat([own, own.assign(territoire=region)], ignore_index=True)
    grouped = both.groupby(["edition", "territoire", "type", "reponse"])["delai_j"]
    counts = grouped.size().unstack(fill_value=0)
    wide = counts.reindex(columns=list(reference.labels("reponses_besoin")), fill_value=0)
    table = wide.stack().rename_axis(names[:4]).rename("besoins").reset_index()
    return table.merge(grouped.median().rename("delai_median").reset_index(), on=names[:4], how="left")[names]


def buyers(rows: pd.DataFrame, known: pd.DataFrame, region: str) -> pd.DataFrame:
    """Who said a need, by year and territory (region, departments): edition, territoire, acheteurs (SIREN), connus (in
    the region: the State's buyers that notified a contract in the year, whether they were asked or not).

    `known` is `acheteurs` of the segments. The survey does not say whom it asked.
    """
    home = reference.department_of_epci()
    own = rows.assign(
        edition=rows["annee"].astype("int64"),
        territoire=rows["epci_siren"].map(home).astype("str"),
        siren=siren_of(rows["acheteur_siret"]),
    )
    both = pd.concat([own, own.assign(territoire=region)], ignore_index=True)
    table = both.groupby(["edition", "territoire"], as_index=False).agg(acheteurs=("siren", "nunique"))
    state = known[known["categorie"] == STATE].set_index("edition")["acheteurs"]
    return table.assign(connus=table["edition"].map(state).where(table["territoire"] == region).astype("Int64"))


def remedies(rows: pd.DataFrame, zones: pd.DataFrame, region: str) -> pd.DataFrame:
    """Needs not met by year, territory (region, departments), class of the EPCI and what would have met them (remede:
    `facilitateurs/remedes.csv`): besoins, motif (the reason most often given, `UNSAID` where none is).

    The class is that of the latest inventory, whatever the year of the need.
    """
    key = ["edition", "territoire", "classe", "remede"]
    if rows.empty or zones.empty:
        return pd.DataFrame(columns=[*key, "besoins", "motif"])
    places = zones.set_index("epci_siren")
    asked = rows.assign(
        edition=rows["annee"].astype("int64"),
        territoire=rows["epci_siren"].map(places["departement"]),
        classe=rows["epci_siren"].map(places["classe"]),
    )
    # What was met has no remedy, nor has what was asked where no zone is known.
    unmet = asked.merge(reference.table("facilitateurs/remedes").drop(columns="source"), on=["classe", "reponse"])
    both = pd.concat([unmet, unmet.assign(territoire=region)], ignore_index=True)
    return both.groupby(key, as_index=False).agg(
        besoins=("besoin_id", "size"), motif=("motif", lambda said: min(said.mode(), default=UNSAID))
    )


def contracts_of_state(unfollowed: pd.DataFrame) -> pd.DataFrame:
    """Contracts of the State's buyers that declare a clause and that no operation follows: edition, territoire and the
    columns `OF_STATE` of `unfollowed`, which is `clauses_sans_operation` of the segments."""
    own = unfollowed[(unfollowed["axe"] == "categorie") & (unfollowed["modalite"] == STATE)]
    return own[["edition", "territoire", *OF_STATE]].reset_index(drop=True)
