"""Cells of hours: what a group of employment contracts amounts to, with what disclosure control asks of it."""

from __future__ import annotations

import pandas as pd

MEASURES = {
    "personnes": "_personnes",
    "employeurs": "_employeurs",
    "entreprises": "_entreprises",
    "part_max_personne": "_part_max_personne",
    "part_max_employeur": "_part_max_employeur",
    "part_max_entreprise": "_part_max_entreprise",
}  # of a cell, as disclosure control calls them
UNITS = {"personne": "ben_id", "employeur": "employeur_siret", "entreprise": "entreprise_siret"}
NEEDED = [*UNITS.values(), "contrat", "centiheures"]


def cells(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """One row per value of `key`: heures, contrats, and the measures of `MEASURES`.

    `rows` holds `key`, `centiheures` (hundredths of hours, so that whole totals are exact) and the columns of
    `NEEDED`. Persons, employers and companies are distinct; a part is the largest one's share of the hours.
    """
    grouped = rows.groupby(key)
    out = grouped.agg(
        centiheures=("centiheures", "sum"),
        personnes=("ben_id", "nunique"),
        employeurs=("employeur_siret", "nunique"),
        entreprises=("entreprise_siret", "nunique"),
        contrats=("contrat", "nunique"),
    )
    for name, column in UNITS.items():
        largest = rows.groupby([*key, column])["centiheures"].sum().groupby(key).max()
        out[f"part_max_{name}"] = largest / out["centiheures"].where(out["centiheures"] > 0)
    out.insert(0, "heures", out.pop("centiheures").round() / 100)
    return out.reset_index()


def measured(found: pd.DataFrame) -> pd.DataFrame:
    """`found` with its measures under the names that disclosure control reads, persons and contracts kept."""
    return found.assign(**{name: found[column] for column, name in MEASURES.items()})


def weakest(*parts: pd.DataFrame) -> pd.DataFrame:
    """Measures of what several cells give away together: the smallest count and the largest share.

    Each of `parts` has the same index and the columns of `MEASURES`; a part without any person gives nothing
    away and does not count.
    """
    out = {}
    for column, name in MEASURES.items():
        values = pd.concat([part[column].mask(part["personnes"].eq(0)) for part in parts], axis=1)
        out[name] = values.max(axis=1) if column.startswith("part_max") else values.min(axis=1)
    return pd.DataFrame(out)
