"""What kind of buyer a SIREN is: told in one place, for every analysis of the segments."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.core import reference
from analysis.core.codes import by_prefix
from analysis.core.sirene import siren_of

UNKNOWN = "INCONNUE"  # the kind of a buyer that no source says


def said_by(operations: pd.DataFrame) -> pd.Series:
    """The kind of each SIREN that operations (clean table of the exports) say most often."""
    said = operations.dropna(subset=["maitre_ouvrage_siret", "maitre_ouvrage_categorie"])
    said = said.assign(siren=siren_of(said["maitre_ouvrage_siret"]))
    counted = said.groupby(["siren", "maitre_ouvrage_categorie"]).size().reset_index(name="n")
    counted = counted.sort_values(["siren", "n", "maitre_ouvrage_categorie"], ascending=[True, False, True])
    return counted.drop_duplicates("siren").set_index("siren")["maitre_ouvrage_categorie"]


def buyer_kinds(sirens: pd.Series, said: pd.Series) -> pd.Series:
    """The kind (`nomenclatures/acheteurs`) of each SIREN, `UNKNOWN` where nothing says it.

    In this order: `said` (see `said_by`), the territory's communes and intercommunalités, the longest known prefix
    (`nomenclatures/acheteurs_siren`), which may be a whole SIREN.
    """
    found = sirens.map(said).astype("str")
    for kind, listed in (("COMMUNE", reference.communes()["siren"]), ("INTERCOMMUNALITE", reference.epci().epci_siren)):
        found = found.mask(found.isna() & sirens.isin(listed.dropna()), kind)
    prefixes = reference.table("nomenclatures/acheteurs_siren").set_index("prefixe_siren")["categorie"]
    return found.fillna(by_prefix(sirens, prefixes)).fillna(UNKNOWN)


def with_buyer_kind(contracts: ir.Table, said: pd.Series) -> ir.Table:
    """`contracts` with acheteur_siren and categorie, as `buyer_kinds` tells it."""
    rows = contracts.mutate(acheteur_siren=contracts.acheteur_id.left(9))
    sirens = rows.filter(rows.acheteur_siren.notnull()).select("acheteur_siren").distinct().to_pandas()
    sirens = sirens.sort_values("acheteur_siren", ignore_index=True)
    kinds = ibis.memtable(sirens.assign(categorie=buyer_kinds(sirens["acheteur_siren"], said)))
    joined = rows.left_join(kinds, "acheteur_siren")
    return joined.select(*rows.columns, categorie=joined.categorie.fill_null(UNKNOWN))
