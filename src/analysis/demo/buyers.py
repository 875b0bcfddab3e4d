"""Buyers (real local authorities, invented others), companies and employers (all invented)."""

from __future__ import annotations

import pandas as pd
from faker import Faker

from analysis.demo.identifiers import invented_sirets, keyed, siret_of, take
from analysis.demo.knowledge import Draw, table
from analysis.demo.places import Territory, of

COUNCILS = {"59": "225900018", "62": "226200012", "02": "220200026", "60": "226000016", "80": keyed("22800001")}
REGION_SIREN = "200053742"


def build_buyers(seed: int, land: Territory) -> pd.DataFrame:
    """siret, nom, categorie, code_insee, departement, epci_siren, poids (within its category)."""
    draw = Draw(seed, "acheteurs")
    communes = pd.DataFrame(
        {
            "siret": [siret_of(siren) for siren in land.communes["siren"]],
            "nom": "Commune " + land.communes["nom"].map(of),
            "categorie": "COMMUNE",
            "code_insee": land.communes["code_insee"],
            "poids": land.communes["population"].clip(lower=30).astype(float) ** 0.95,
        }
    )
    biggest = land.communes.sort_values("population", ascending=False, kind="stable").drop_duplicates("epci_siren")
    seat = biggest.set_index("epci_siren")["code_insee"]
    groups = pd.DataFrame(
        {
            "siret": [siret_of(siren) for siren in land.epci["epci_siren"]],
            "nom": land.epci["nom"],
            "categorie": "INTERCOMMUNALITE",
            "code_insee": land.epci["epci_siren"].map(seat),
            "poids": land.epci["population"].astype(float),
        }
    )
    others = table("acheteurs_fictifs").drop(columns="source")
    sirets = take(invented_sirets(draw.rng), len(others))
    real = others["categorie"].isin(["DEPARTEMENT", "REGION"])
    others["siret"] = [
        siret_of(REGION_SIREN if kind == "REGION" else COUNCILS[code[:2]]) if known else invented
        for kind, code, known, invented in zip(others["categorie"], others["code_insee"], real, sirets, strict=True)
    ]
    whole = pd.concat([communes, groups, others], ignore_index=True)
    where = land.communes.set_index("code_insee")[["departement", "epci_siren"]]
    return whole.join(where, on="code_insee")


class Companies:
    """Invented companies by segment, made when first asked for; the same nth company of a segment always."""

    def __init__(self, seed: int, names: Faker) -> None:
        self._sirets = invented_sirets(Draw(seed, "entreprises").rng)
        self._names = names
        self._made: dict[str, list[tuple[str, str]]] = {}

    def get(self, segment: str, rank: int) -> tuple[str, str]:
        """SIRET and name of the nth company of a segment."""
        made = self._made.setdefault(segment, [])
        while len(made) <= rank:
            made.append((next(self._sirets), f"{self._names.company()} (fictive)"))
        return made[rank]


def build_employers(seed: int, land: Territory) -> pd.DataFrame:
    """Invented employers other than the companies themselves: siret, employeur_kind, departement."""
    draw = Draw(seed, "employeurs")
    kinds = table("employeurs_parts")
    population = land.communes.groupby("departement")["population"].sum()
    sirets = invented_sirets(draw.rng)
    parts = []
    for kind, count in zip(kinds["employeur_kind"], kinds["nombre"], strict=True):
        if count:
            here = list(population.index) + list(draw.choose(population.index, population, max(0, count - 5)))
            parts.append(pd.DataFrame({"siret": take(sirets, len(here)), "employeur_kind": kind, "departement": here}))
    return pd.concat(parts, ignore_index=True)
