"""Facilitator structures: who they are, where they work, who works there, which years they answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from faker import Faker

from analysis.demo.identifiers import invented_sirets, take
from analysis.demo.knowledge import CALIBRATED, EDITIONS, LAST_YEAR, Draw, table
from analysis.demo.places import Territory

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
    """Structures of `structures.csv` with invented SIRET, zones, staff and answers."""
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
    uncovered = set(order[: int(_setting("couverture", "epci_sans"))])
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


def _setting(field: str, value: str) -> float:
    """One number of `effectifs.csv`."""
    found = table("effectifs")
    return float(found.loc[(found["champ"] == field) & (found["valeur"] == value), "poids"].iloc[0])


def _staff(structures: pd.DataFrame, draw: Draw, names: Faker) -> pd.DataFrame:
    """Persons by period of employment; larger structures have more, some change hours or leave."""
    hiring = _Hiring(draw, names)
    rows: list[dict] = []
    facilitators = structures[structures["type_acteur"] == "FACILITATEUR"]
    weight = facilitators["poids"]
    sizes = np.clip(np.rint(weight / weight.mean() * 1.45), 1, 4).astype(int)
    sizes = sizes.where(weight >= weight.quantile(_setting("structure", "seule")), 1)
    for structure, size in zip(facilitators.itertuples(), sizes, strict=True):
        number = 0
        for post in range(size):
            first = structure.depuis if post == 0 else int(draw.rng.integers(structure.depuis, 2023))
            day: pd.Timestamp | None = pd.Timestamp(first, int(draw.rng.integers(1, 13)) if post else 1, 1)
            while day is not None and day.year <= LAST_YEAR:
                number += 1
                role = "COORDINATEUR" if post == 1 and size > 2 else "FACILITATEUR"
                who = {
                    "structure_id": structure.structure_id,
                    "fac_ref": f"{structure.structure_id}-F{number}",
                    "role": role,
                    "siege_commune_insee": structure.code_insee,
                }
                end = hiring.departure(day)
                rows.extend(hiring.periods(who, "etp_facilitateur", day, end))
                day = None if end is None else end + pd.DateOffset(months=int(draw.rng.integers(0, 8)), days=1)
    for actor in structures[structures["type_acteur"] == "AUTRE"].itertuples():
        who = {
            "structure_id": actor.structure_id,
            "fac_ref": f"{actor.structure_id}-F1",
            "role": "AUTRE",
            "siege_commune_insee": actor.code_insee,
        }
        rows.extend(hiring.periods(who, "etp_autre", pd.Timestamp(actor.depuis, 3, 1), None))
    return pd.DataFrame(rows)


class _Hiring:
    """Draws careers: how long, how much time, paid by whom."""

    def __init__(self, draw: Draw, names: Faker) -> None:
        self._draw, self._names = draw, names
        self._forms = dict(list(table("effectifs").groupby("champ")))

    def departure(self, start: pd.Timestamp) -> pd.Timestamp | None:
        """When who starts on that day leaves; None when still there at the end."""
        years = float(self._draw.rng.exponential(_setting("anciennete", "annees"))) + 0.5
        end = start + pd.DateOffset(months=min(int(12 * years), 600))
        return None if end.year > LAST_YEAR else end

    def periods(self, who: dict, share: str, start: pd.Timestamp, end: pd.Timestamp | None) -> list[dict]:
        """One row, or two where the person's time grows after some years."""
        forms, fundings = self._forms[share], self._forms["financement"]
        etp = float(self._draw.choose(forms["valeur"].astype(float), forms["poids"], 1)[0])
        paid = self._draw.choose(fundings["valeur"], fundings["poids"], int(self._draw.rng.integers(1, 4)))
        name, first_name = self._names.last_name(), self._names.first_name()
        base = {
            **who,
            "nom": name,
            "prenom": first_name,
            "courriel": f"{first_name}.{name}@exemple.invalid".lower().replace(" ", "-"),
            "financements": "|".join(sorted(set(paid.tolist()))),
        }
        change = start + pd.DateOffset(months=30)
        grows = self._draw.rng.random() < _setting("temps", "change") and etp < 1
        if not grows or change.year > LAST_YEAR or (end is not None and change >= end):
            return [{**base, "etp": etp, "date_debut": start, "date_fin": end}]
        return [
            {**base, "etp": etp, "date_debut": start, "date_fin": change - pd.Timedelta(days=1)},
            {**base, "etp": round(min(1.0, etp + 0.3), 2), "date_debut": change, "date_fin": end},
        ]


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
