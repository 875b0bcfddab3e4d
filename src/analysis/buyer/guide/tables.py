"""The tables that the guide alone needs: usual sizes and their hours, examples, who could do them, pitfalls."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.buyer.sizing import law, modelled, sized
from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.numbers import round_half_up, significant
from analysis.core.params import Params
from analysis.core.personal import public
from analysis.segments.amounts import belief_from, reliable
from analysis.segments.contracts import OTHER, executed_in, latest_years
from analysis.segments.potential.supply import EVERY, suppliers
from analysis.segments.watch.needs import buyer_names

SIZES = {"petit": 0.25, "median": 0.5, "grand": 0.75}  # of the amounts of a segment's contracts
EXAMPLES = 5
ROUND = 2  # significant digits of a usual amount


def guide_tables(
    contracts: pd.DataFrame, told: pd.DataFrame, laws: pd.DataFrame, dataset: Dataset, params: Params
) -> dict[str, pd.DataFrame]:
    """`guide_tailles`, `guide_exemples`, `guide_offre`, `guide_pieges`, each by segment of the nomenclature.

    `contracts`: the clean `marches`; `told`: `classified/marches`; `laws`: the result `segments/dimensionnement`. Of
    the latest years, and of the amounts that hours are drawn from (`segments.amounts`).
    """
    rows = contracts.assign(acheteur_nom=buyer_names(contracts)).merge(told, on="uid", validate="one_to_one")
    rows = rows[executed_in(rows, dataset.departements)].dropna(subset="annee")
    known = reliable(rows, belief_from(rows, params.decp.low_amount, params.segments.amounts)).dropna(subset="montant")
    years = latest_years(rows["annee"], dataset.date_observation, params.buyer.contract_years)
    known = known[known["annee"].isin(years)]
    return {
        "guide_tailles": sizes(known, laws, params.buyer.commitment_quantile),
        "guide_exemples": examples(known),
        "guide_offre": supply(dataset),
        "guide_pieges": pitfalls(),
    }


def guided() -> list[str]:
    """The segments that the guide is of: those whose contracts could not be told apart are none."""
    return [code for code in reference.labels("segments") if code != OTHER]


def sizes(contracts: pd.DataFrame, laws: pd.DataFrame, quantile: float) -> pd.DataFrame:
    """A small, a median and a large contract of each segment (`SIZES`), with the hours that it can bear.

    segment, taille, marches (known), montant (euros), duree_mois (median), heures_p10, heures_p50, heures_p90,
    engagement, heures_an, etp, personnes. A segment without contracts has the amounts of all; no row without any.
    """
    if contracts.empty:
        return pd.DataFrame()
    out = []
    for name in guided():
        own = contracts[contracts["segment"] == name]
        used = own if len(own) else contracts
        months = float(round_half_up(used["dureeMois"].median())) if used["dureeMois"].notna().any() else 12.0
        found = law(laws, name)
        for size, place in SIZES.items():
            amount = significant(used["montant"].quantile(place), ROUND)
            row = {"segment": name, "taille": size, "marches": len(own), "montant": amount, "duree_mois": months}
            out.append(row | sized(found, amount, months=months, quantile=quantile))
    return modelled(pd.DataFrame(out))


def examples(contracts: pd.DataFrame) -> pd.DataFrame:
    """Up to `EXAMPLES` real contracts of each segment that declare a clause, of different buyers, from small to large.

    segment, rang, uid, edition, acheteur_nom, objet, montant, statut_social, departement. One for each fifth of the
    amounts: the contract whose segment is the surest, then the latest.
    """
    carries = contracts["statut_social"].isin(reference.social_states("porte_clause"))
    rows = contracts[carries].dropna(subset=["objet", "acheteur_nom"])
    rows = rows.assign(objet=rows["objet"].astype(object).map(public), edition=rows["annee"].astype("int64"))
    rows = rows.sort_values(["segment_p", "edition", "uid"], ascending=[False, False, True])
    parts = []
    for name, own in rows[rows["segment"].isin(guided())].groupby("segment"):
        one_each = own.drop_duplicates("acheteur_nom").drop_duplicates("objet")
        fifth = np.ceil(one_each["montant"].rank(method="first", pct=True) * EXAMPLES)
        chosen = one_each.assign(_part=fifth).drop_duplicates("_part").sort_values(["montant", "uid"])
        parts.append(chosen.assign(segment=name, rang=np.arange(1, len(chosen) + 1)))
    names = ["segment", "rang", "uid", "edition", "acheteur_nom", "objet", "montant", "statut_social", "departement"]
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


def supply(dataset: Dataset) -> pd.DataFrame:
    """Insertion companies by segment that they serve, departement and genre, zeros too: entreprises, dont_secteur."""
    rows = suppliers()
    key = {
        "segment": guided(),
        "departement": dataset.departements,
        "genre": sorted(rows["genre"].unique()),
    }
    counted = (
        rows.assign(du_secteur=rows["secteur"].ne(EVERY))
        .groupby(list(key))
        .agg(entreprises=("siren", "size"), dont_secteur=("du_secteur", "sum"))
    )
    every = pd.MultiIndex.from_product(key.values(), names=key)
    return counted.reindex(every, fill_value=0).reset_index()


def pitfalls() -> pd.DataFrame:
    """`acheteur/pieges` with the order of each in its segment: segment, rang, piege, que_faire, source."""
    rows = reference.table("acheteur/pieges")
    return rows.assign(rang=rows.groupby("segment").cumcount() + 1)[["segment", "rang", "piege", "que_faire", "source"]]
