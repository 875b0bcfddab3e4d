"""A small consolidated world, written by hand, where every answer can be counted on the fingers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.consolidation.facts import Facts
from analysis.core.dataset import Dataset

REGION = ("02", "59", "60", "62", "80")


def dataset(*years: int, departements: Sequence[str] = ("59", "80"), **changes: object) -> Dataset:
    """A dataset whose editions are those years, all of those departments of the region 32."""
    edition = {
        "territoire": "32", "territoire_nom": "Hauts-de-France", "departements": list(departements),
        "mecanismes": ["EXEC"], "base_legale": "L2112-2", "diviseurs_etp": [1607], "qpv_millesime": 2024,
        "cog_millesime": 2026,
    }  # fmt: skip
    last = f"{max(years)}-12-31"
    found = [{**edition, "annee": year, "date_observation": f"{year}-12-31"} for year in years]
    settings = {
        "nom": "monde", "titre": "Monde", "synthetique": True, "region": "32", "region_nom": "Hauts-de-France",
        "date_observation": last, "editions": found, **changes,
    }  # fmt: skip
    return Dataset.model_validate(settings)


def contracts(*rows: dict) -> pd.DataFrame:
    """Employment contracts of one operation, OP, unless said otherwise; `h` in hours."""
    default = {
        "annee": 2025, "operation": "OP", "structure_id": "S1", "ben_id": "a", "employeur_siret": "e",
        "entreprise_siret": "c", "mecanisme": "EXEC", "segment": "PROPRETE", "sexe": "F", "contrat_type": "CDD",
        "employeur_kind": "DIRECT", "maitre_ouvrage_siret": "b", "maitre_ouvrage_categorie": "COMMUNE",
        "texte": "CCP_2019", "is_anru": False, "est_iae": False, "est_alternance": False, "date_debut": "2025-01-01",
        "date_fin": "2025-06-30", "rsa": False, "qpv": False, "jeune": False, "senior": False, "deld": False,
        "h": 100.0,
    }  # fmt: skip
    table = pd.DataFrame([{**default, "contrat": f"C{n}", **row} for n, row in enumerate(rows)])
    table["centiheures"] = (table.pop("h") * 100).round().astype("int64")
    for column in ("date_debut", "date_fin"):
        table[column] = pd.to_datetime(table[column])
    for column in ("rsa", "qpv", "jeune", "senior", "deld"):
        table[column] = table[column].astype("boolean")
    for name, column in (("personne", "ben_id"), ("employeur", "employeur_siret"), ("entreprise", "entreprise_siret")):
        table[name] = pd.factorize(table[column], sort=True)[0]
    return table


def facts(table: pd.DataFrame, **more: pd.DataFrame) -> Facts:
    """Those contracts with their operations, all executed in the Lille area (department 59)."""
    operations = table[["annee", "operation", "mecanisme", "maitre_ouvrage_siret"]].drop_duplicates(
        ["annee", "operation"]
    )
    places = operations[["annee", "operation"]].assign(epci_siren="200093201", part=1.0, departement="59")
    places = places.assign(part_methode="declaree")
    removed = more.pop("removed", pd.DataFrame(columns=["annee", "structure_id", "centiheures"]))
    return Facts(operations, pd.DataFrame(), table, places, removed, **more)
