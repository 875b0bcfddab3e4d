"""Facilitator structures: who they are, where they work, who works there, which years they answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from faker import Faker

from analysis.demo.identifiers import invented_sirets, take
from analysis.demo.knowledge import CALIBRATED, EDITIONS, LAST_YEAR, Draw, table
from analysis.demo.places import Territory

UNCOVERED = 12  # EPCI where nobody works, of 92
ALONE_KM = 22.0  # beyond this distance of any local structure, a department's cell takes the EPCI
OLD_REGION = ("59", "62")  # Nord-Pas-de-Calais, the perimeter of 2015
WIDE = ("CD", "CR")


@dataclass(frozen=True)
class Structures:
    """structures: structure_id, nom, type_acteur, nature, code_insee, departement, depuis, mapping, siret, poids;

    zones: structure_id, epci_siren, part_temps, date_debut, date_fin; staff: one row per person and period;
    answers: (structure_id, annee) of the exports that were sent.
    """

    structures: pd.DataFrame
    zones: pd.DataFrame
    staff: pd.DataFrame
    answers: frozenset[tuple[str, int]]

    @property
    def facilitators(self) -> pd.DataFrame:
        return self.structures[self.structures["type_acteur"] == "FACILITATEUR"]


def build_structures(seed: int, land: Territory, names: Faker) -> Structures:
    draw = Draw(seed, "structures")
    structures = table("structures").drop(columns="source")
    structures["structure_id"] = [f"S{n + 1:02d}" for n in range(len(structures))]
    structures["siret"] = take(invented_sirets(draw.rng), len(structures))
    structures = structures.merge(
        land.communes[["code_insee", "departement", "epci_siren", "lon", "lat"]], on="code_insee", how="left"
    ).sort_values("structure_id", ignore_index=True)
    zones = _zones(structures, land, draw)
    reach = zones.merge(land.epci[["epci_siren", "population"]], on="epci_siren")
    people = (reach["population"] * np.where(reach["part_temps"] > 0, 1, 0)).groupby(reach["structure_id"]).sum()
    spread = np.exp(draw.rng.normal(0, 0.35, len(structures)))
    structures["poids"] = structures["structure_id"].map(people).fillna(0).to_numpy() ** 0.6 * spread
    staff = _staff(structures, draw, names)
    return Structures(structures, zones, staff, _answers(structures, draw))


def _zones(structures: pd.DataFrame, land: Territory, draw: Draw) -> pd.DataFrame:
    """Each covered EPCI goes to its nearest local structure, sometimes to a second one, and the
    departments' cells take those that no local structure is near."""
    local = structures[(structures["type_acteur"] == "FACILITATEUR") & ~structures["nature"].isin(WIDE)]
    wide = structures[(structures["type_acteur"] == "FACILITATEUR") & structures["nature"].isin(WIDE)]
    away = land.distances(local["lon"].to_numpy(), local["lat"].to_numpy())
    seats = set(structures["epci_siren"])
    lonely = away.min(axis=1) - land.epci["population"].to_numpy() / 4000
    order = [i for i in np.argsort(-lonely, kind="stable") if land.epci["epci_siren"][i] not in seats]
    uncovered = set(order[:UNCOVERED])
    locals_, cells = list(local.itertuples()), list(wide.itertuples())
    rows = []
    for i, epci in enumerate(land.epci.itertuples()):
        if i in uncovered:
            continue
        near = np.argsort(away[i], kind="stable")
        takers = [locals_[near[0]]]
        takers += [locals_[k] for k in near[1:3] if away[i, k] < 14]
        takers += [s for s in locals_ if s.epci_siren == epci.epci_siren]
        far = away[i, near[0]] > ALONE_KM
        big = epci.population > 100_000
        takers += [s for s in cells if s.nature == "CR" and epci.population > 150_000]
        takers += [s for s in cells if s.nature == "CD" and s.departement == epci.departement and (far or big)]
        for taker in {s.structure_id: s for s in takers}.values():
            late = draw.rng.random() < 0.12
            since = taker.depuis + (int(draw.rng.integers(2, 6)) if late else 0)
            home = 2.0 if taker.epci_siren == epci.epci_siren else 1.0
            rows.append((taker.structure_id, epci.epci_siren, epci.population**0.5 * home, since))
    zones = pd.DataFrame(rows, columns=["structure_id", "epci_siren", "poids", "annee"])
    # Whoever came first works there from the start: a structure is never without any zone.
    zones["annee"] = zones["annee"].where(
        zones["annee"] > zones.groupby("structure_id")["annee"].transform("min"), other=-1
    )
    start = structures.set_index("structure_id")["depuis"]
    zones["annee"] = zones["annee"].where(zones["annee"] > 0, zones["structure_id"].map(start))
    zones = zones[zones["annee"] <= LAST_YEAR].sort_values(["structure_id", "epci_siren"], ignore_index=True)
    return zones.assign(
        part_temps=_parts(zones, "poids"),
        date_debut=[f"{max(year, 2012)}-01-01" for year in zones["annee"]],
        date_fin=None,
    )[["structure_id", "epci_siren", "part_temps", "date_debut", "date_fin", "poids"]]


def _parts(rows: pd.DataFrame, weight: str) -> pd.Series:
    """Shares of each structure's time in hundredths that sum to exactly 1."""
    parts = (rows[weight] / rows.groupby("structure_id")[weight].transform("sum") * 100).round().clip(lower=1)
    rest = 100 - parts.groupby(rows["structure_id"]).transform("sum")
    largest = parts.groupby(rows["structure_id"]).transform("idxmax") == rows.index
    return ((parts + rest.where(largest, 0)) / 100).round(2)


def _staff(structures: pd.DataFrame, draw: Draw, names: Faker) -> pd.DataFrame:
    """Persons by period of employment; larger structures have more, some change hours or leave."""
    rows = []
    fundings = ["FSE", "État", "Département", "Région", "EPCI", "Fonds propres"]
    facilitators = structures[structures["type_acteur"] == "FACILITATEUR"]
    sizes = np.clip(np.rint(facilitators["poids"] / facilitators["poids"].mean() * 1.45), 1, 4).astype(int)
    alone = {s.structure_id for s in facilitators.itertuples() if s.poids < facilitators["poids"].quantile(0.35)}
    for structure, size in zip(facilitators.itertuples(), sizes, strict=True):
        wanted = 1 if structure.structure_id in alone else int(size)
        number = 0
        for post in range(wanted):
            start = structure.depuis if post == 0 else int(draw.rng.integers(structure.depuis, 2023))
            day = pd.Timestamp(start, int(draw.rng.integers(1, 13)) if post else 1, 1)
            while day is not None and day.year <= LAST_YEAR:
                number += 1
                role = "COORDINATEUR" if post == 1 and wanted > 2 else "FACILITATEUR"
                day, period = _career(structure, f"{structure.structure_id}-F{number}", role, day, draw, names, fundings)
                rows.extend(period)
    for actor in structures[structures["type_acteur"] == "AUTRE"].itertuples():
        rows.extend(
            _career(actor, f"{actor.structure_id}-F1", "AUTRE", pd.Timestamp(actor.depuis, 3, 1), draw, names, fundings, stays=True)[1]
        )
    return pd.DataFrame(rows)


def _career(
    structure: object,
    reference: str,
    role: str,
    start: pd.Timestamp,
    draw: Draw,
    names: Faker,
    fundings: list[str],
    stays: bool = False,
) -> tuple[pd.Timestamp | None, list[dict]]:
    """The periods of one person in a post, and the day on which a successor starts, if ever."""
    years = 99.0 if stays else float(draw.rng.exponential(7.5)) + 0.5
    end = None if years > 2026 - start.year else start + pd.DateOffset(months=int(12 * years))
    if end is not None and end.year > LAST_YEAR:
        end = None
    etp = float(draw.choose([0.2, 0.5, 0.8, 1.0], [1.5, 2.5, 2, 5] if role != "AUTRE" else [6, 3, 1, 0], 1)[0])
    name, first_name = names.last_name(), names.first_name()
    funding = "|".join(sorted(draw.choose(fundings, [4, 3, 3, 1, 2, 2], 3)[: int(draw.rng.integers(1, 4))]))
    base = {
        "structure_id": structure.structure_id,  # type: ignore[attr-defined]
        "fac_ref": reference,
        "nom": name,
        "prenom": first_name,
        "courriel": f"{first_name}.{name}@exemple.invalid".lower().replace(" ", "-"),
        "role": role,
        "financements": "|".join(dict.fromkeys(funding.split("|"))),
        "siege_commune_insee": structure.code_insee,  # type: ignore[attr-defined]
    }
    change = start + pd.DateOffset(months=30)
    if draw.rng.random() < 0.25 and etp < 1 and (end is None or change < end) and change.year <= LAST_YEAR:
        first = {**base, "etp": etp, "date_debut": start, "date_fin": change - pd.Timedelta(days=1)}
        second = {**base, "etp": min(1.0, etp + 0.3), "date_debut": change, "date_fin": end}
        periods = [first, second]
    else:
        periods = [{**base, "etp": etp, "date_debut": start, "date_fin": end}]
    for period in periods:
        period["etp"] = round(period["etp"], 2)
    gap = int(draw.rng.integers(0, 8))
    return (None if end is None else end + pd.DateOffset(months=gap, days=1)), periods


def _answers(structures: pd.DataFrame, draw: Draw) -> frozenset[tuple[str, int]]:
    """Which structures sent their export of which year: a few stay silent, never the largest."""
    silent_count = table("volumes").set_index("annee")["structures_muettes"]
    facilitators = structures[structures["type_acteur"] == "FACILITATEUR"]
    answers = set()
    for year in EDITIONS:
        there = facilitators[facilitators["depuis"] <= year]
        if year < CALIBRATED:
            there = there[there["departement"].isin(OLD_REGION)]
        ids = there["structure_id"].to_numpy()
        quiet = draw.choose(ids, 1 / there["poids"].to_numpy(), 40)
        silent = list(dict.fromkeys(quiet.tolist()))[: int(silent_count[year])]
        answers |= {(str(s), year) for s in ids if s not in silent}
    return frozenset(answers)
