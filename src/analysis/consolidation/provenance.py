"""What the hours of an edition rest on, beside rows that say whose and where they are: totals, and parts by default."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation import totals
from analysis.consolidation.cells import NEEDED, cells, weakest
from analysis.consolidation.facts import Facts, with_units
from analysis.consolidation.indicators import in_scope, local_contracts
from analysis.consolidation.shares import DEFAULT
from analysis.consolidation.totals_shown import HOURS_KIND
from analysis.core.dataset import Dataset, Edition
from analysis.core.reference import HOURS, WHOLE


def provenance(facts: Facts, table: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """One row per edition, territory and origin that there is.

    edition, territoire, origine, structures, operations, heures, part_heures, `_controle` and measures. Origins:

        TOTAUX              sent as totals
        TERRITOIRES_DEFAUT  of operations in several EPCI, whose parts are by default
        STRUCTURES          of operations that several structures share, by declared parts
        STRUCTURES_DEFAUT   of such operations, by default

    `table` is that of `totals.with_totals`. Less the hours that two structures entered (`sums`), those of shared
    operations give the hours that one of them alone entered: these must pass the rules too.
    """
    whole = table[table["indicateur"].eq(HOURS) & table["modalite"].eq(WHOLE)]
    parts = []
    for edition in dataset.editions:
        found = [
            totals.provenance(table, facts.totals, edition).assign(origine="TOTAUX"),
            *(
                _of_rows(facts, rows, shared=name != "TERRITOIRES_DEFAUT").assign(origine=name)
                for name, rows in _origins(facts, edition).items()
            ),
        ]
        parts.append(pd.concat(found, ignore_index=True).assign(edition=edition.annee))
    out = pd.concat(parts, ignore_index=True).merge(
        whole[["edition", "territoire", "valeur"]], on=["edition", "territoire"]
    )
    out["part_heures"] = out["heures"] / out["valeur"]
    return out.drop(columns="valeur").assign(_sensible=False)


def _origins(facts: Facts, edition: Edition) -> dict[str, pd.DataFrame]:
    """By origin, the parts of operations by territory that rest on it: annee, operation, territoire, part."""
    key = ["annee", "operation"]
    scope = in_scope(facts, edition)[key]
    places = facts.places[facts.places["departement"].isin(edition.departements)].merge(scope, on=key)
    split = places[places["part_methode"] == DEFAULT]
    local = split.assign(territoire=split["departement"]).query("territoire != @edition.territoire")
    split = pd.concat([split.assign(territoire=edition.territoire), local])
    several = facts.shares.merge(scope, on=key).assign(territoire=edition.territoire)
    default = several["part_methode"] == DEFAULT
    found = {"TERRITOIRES_DEFAUT": split, "STRUCTURES": several[~default], "STRUCTURES_DEFAUT": several[default]}
    columns = [*key, "territoire"]
    return {name: rows.groupby(columns, as_index=False)["part"].sum() for name, rows in found.items()}


def _of_rows(facts: Facts, places: pd.DataFrame, *, shared: bool) -> pd.DataFrame:
    """Operations and hours of `places` by territory, with the measures of those hours; of `shared` operations, those of
    the hours that one structure alone entered too."""
    counts = places.groupby("territoire").size().rename("operations").reset_index()
    contracts = facts.contracts[["annee", "operation", *NEEDED]]
    kinds = [contracts, _entered_alone(facts, places)] if shared else [contracts]
    whole, *apart = (cells(local_contracts(rows, places), ["territoire"]).set_index("territoire") for rows in kinds)
    measures = weakest(whole, *(part.reindex(whole.index) for part in apart))
    found = counts.merge(whole[["heures"]].join(measures), on="territoire", how="left")
    return found.assign(heures=found["heures"].fillna(0.0), _controle=HOURS_KIND)


def _entered_alone(facts: Facts, places: pd.DataFrame) -> pd.DataFrame:
    """Of the contracts of the operations of `places`, the hours kept less those entered twice, whatever the sign."""
    key, who = ["annee", "contrat"], ["operation", "ben_id", "employeur_siret", "entreprise_siret"]
    kept, twice = (
        rows.loc[rows["operation"].isin(places["operation"]), [*key, *who, "centiheures"]]
        for rows in (facts.contracts, facts.removed)
    )
    rows = pd.concat([kept, twice.assign(centiheures=-twice["centiheures"])])
    left = rows.groupby(key, as_index=False).agg({**dict.fromkeys(who, "first"), "centiheures": "sum"})
    left = with_units(left.assign(centiheures=left["centiheures"].abs()))
    return left.loc[left["centiheures"] > 0, ["annee", "operation", *NEEDED]]
