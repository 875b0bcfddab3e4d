"""The operations that facilitators follow, their places, their companies' commitments, and which of
them a second structure enters too. The counts of the calibrated year are met here, by construction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.demo.buyers import Companies
from analysis.demo.knowledge import CALIBRATED, EDITIONS, IN_SCOPE, LAST_YEAR, Bools, Draw, segments, table
from analysis.demo.places import Territory
from analysis.demo.structures import Structures
from analysis.demo.wording import Wording

REVIEW_YEAR = LAST_YEAR  # whose new duplicates are not all decided


@dataclass(frozen=True)
class Operations:
    """operations: indexed 0..n-1, with structure_id, siret, nom, categorie, mecanisme, segment, libelle, debut, fin,
    epci_siren, code_insee, departement, is_anru, prevues_init, prevues, debut_annee, fin_annee, comptee;

    places: op, epci_siren, part; engagements: op, lot, entreprise_siret, entreprise_nom, prevues;
    duplicates: op, structure_b, libelle_b; look_alikes: op_a, op_b. `op` is the position of the operation.
    """

    operations: pd.DataFrame
    places: pd.DataFrame
    engagements: pd.DataFrame
    duplicates: pd.DataFrame
    look_alikes: pd.DataFrame


def shape(field: str, value: str) -> float:
    """One weight or rate of `operations_formes.csv`."""
    found = table("operations_formes")
    return float(found.loc[(found["champ"] == field) & (found["valeur"] == value), "poids"].iloc[0])


def targets() -> dict[str, float]:
    """The published figures that the calibrated year must give."""
    return table("calage_2016").set_index("indicateur")["valeur"].astype(float).to_dict()


def build_operations(
    seed: int, land: Territory, structures: Structures, buyers: pd.DataFrame, companies: Companies
) -> Operations:
    """All operations, the calibrated year having exactly the operations, buyers and companies published."""
    draw, wording = Draw(seed, "operations"), Wording(seed, "operations")
    ops = _start(structures, draw)
    ops = _locate(ops, structures, land, draw)
    ops = _describe(ops, structures, buyers, draw)
    place = land.communes.set_index("code_insee")["nom"]
    ops["libelle"] = [
        wording.precise(wording.subject(s, p, y), y)
        for s, p, y in zip(ops["segment"], ops["code_insee"].map(place), ops["debut_annee"], strict=True)
    ]
    ops, pairs = _look_alikes(ops, draw, wording)
    ops, pairs = _trim(ops, pairs, structures, draw)
    ops = _fit_buyers(ops, pairs, buyers, draw)
    ops = _plan(ops, draw)
    engagements = _engage(ops, draw, wording, companies)
    return Operations(
        operations=ops,
        places=_places(ops, structures, draw),
        engagements=engagements,
        duplicates=_duplicates(ops, pairs, structures, draw, wording),
        look_alikes=pairs,
    )


def active(ops: pd.DataFrame, year: int) -> pd.Series:
    """Whether each operation runs for some time in `year`."""
    return (ops["debut_annee"] <= year) & (ops["fin_annee"] >= year)


def _start(structures: Structures, draw: Draw) -> pd.DataFrame:
    """Operations by year of start, the structure that follows each, and their dates."""
    forms = table("operations_formes")
    lasting = forms[forms["champ"] == "duree_mois"]
    known = structures.facilitators
    parts = []
    for year, count in table("volumes").set_index("annee")["operations_lancees"].items():
        there = known[known["depuis"] <= year]
        months = draw.choose(lasting["valeur"].astype(int), lasting["poids"], count)
        debut = pd.Timestamp(year, 1, 1) + pd.to_timedelta(draw.rng.integers(0, 365, count), unit="D")
        fin = debut + pd.to_timedelta(months * 30.44, unit="D").floor("D")
        parts.append(
            pd.DataFrame(
                {
                    "structure_id": draw.choose(there["structure_id"], there["poids"], count),
                    "debut": debut,
                    "fin": fin,
                    "mois": months,
                }
            )
        )
    ops = pd.concat(parts, ignore_index=True)
    ops["debut_annee"], ops["fin_annee"] = ops["debut"].dt.year, ops["fin"].dt.year
    return ops


def _locate(ops: pd.DataFrame, structures: Structures, land: Territory, draw: Draw) -> pd.DataFrame:
    """An EPCI of the structure's zone and a commune of it."""
    epci = np.empty(len(ops), dtype=object)
    zones = structures.zones
    since = zones["date_debut"].str.slice(0, 4).astype(int).to_numpy()
    sirens, parts = zones["epci_siren"].to_numpy(dtype=object), zones["part_temps"].to_numpy()
    zone_of = zones.groupby("structure_id").indices
    for (structure, year), here in sorted(ops.groupby(["structure_id", "debut_annee"]).indices.items()):
        zone = zone_of[structure]
        zone = zone[since[zone] <= year]
        epci[here] = draw.choose(sirens[zone], parts[zone], len(here))
    ops["epci_siren"] = epci
    ops["code_insee"] = land.communes["code_insee"].to_numpy()[land.communes_of(epci, draw)]
    ops["departement"] = ops["epci_siren"].map(land.epci.set_index("epci_siren")["departement"])
    return ops


def _describe(ops: pd.DataFrame, structures: Structures, buyers: pd.DataFrame, draw: Draw) -> pd.DataFrame:
    """Kind of buyer, segment, buyer and legal mechanism."""
    kinds = table("acheteurs_parts")
    ops["categorie"] = draw.choose(kinds["categorie"], kinds["operations"], len(ops))
    nature = ops["structure_id"].map(structures.structures.set_index("structure_id")["nature"])
    host = nature.map({"CD": "DEPARTEMENT", "CR": "REGION", "BAILLEUR": "BAILLEUR"})
    own = host.notna().to_numpy() & draw.chance(shape("porteur", "part"), len(ops))
    ops["categorie"] = ops["categorie"].mask(own, host)
    ops["segment"] = draw_segments(ops["categorie"].to_numpy(), ops["debut_annee"].to_numpy(), draw, "ops")
    mechanisms = table("mecanismes")
    ops["mecanisme"] = draw.choose(mechanisms["mecanisme"], mechanisms["poids"], len(ops))
    ops["siret"] = draw_buyers(ops, buyers, draw)
    return ops


def draw_segments(categories: np.ndarray, years: np.ndarray, draw: Draw, source: str) -> np.ndarray:
    """A segment for each (buyer kind, year): the weights of `source` times the buyers' affinity.

    `ops` moves with time; `decp` counts contracts, so it is divided by the lots of a consultation.
    """
    known = segments()
    affinity = table("affinites").set_index(["categorie", "segment"])["facteur"].to_dict()
    out = np.empty(len(categories), dtype=object)
    keys = pd.DataFrame({"categorie": categories, "annee": years})
    for (category, year), here in sorted(keys.groupby(["categorie", "annee"]).indices.items()):
        if source == "ops":
            late = np.clip((year - 2016) / 9, 0, 1)
            weights = known["ops_2016"] * (1 - late) + known["ops_2025"] * late
        else:
            weights = known["decp"] / known["lots"]
        factors = [affinity.get((category, segment), 1.0) for segment in known.index]
        out[here] = draw.choose(known.index, weights * factors, len(here))
    return out


def draw_buyers(rows: pd.DataFrame, buyers: pd.DataFrame, draw: Draw) -> np.ndarray:
    """The SIRET of a buyer of each row's kind: its commune, its EPCI, its department, or one near it."""
    out = np.empty(len(rows), dtype=object)
    kinds = dict(list(buyers.groupby("categorie")))
    commune = kinds["COMMUNE"].set_index("code_insee")["siret"]
    group = kinds["INTERCOMMUNALITE"]
    own = {
        "COMMUNE": rows["code_insee"].map(commune).to_numpy(),
        "INTERCOMMUNALITE": rows["epci_siren"].map(group.set_index(group["siret"].str.slice(0, 9))["siret"]).to_numpy(),
    }
    for category, mine in sorted(rows.groupby("categorie").indices.items()):
        if category in own:
            out[mine] = own[category][mine]
            continue
        there = kinds[category]
        sirets, weights = there["siret"].to_numpy(dtype=object), there["poids"].to_numpy()
        homes, wanted = there["departement"].to_numpy(dtype=object), rows["departement"].to_numpy(dtype=object)[mine]
        far = 0.0 if category == "DEPARTEMENT" else 0.12
        for department in sorted(set(wanted.tolist())):
            here = mine[wanted == department]
            out[here] = draw.choose(sirets, weights * np.where(homes == department, 1.0, far), len(here))
    return out


def _look_alikes(ops: pd.DataFrame, draw: Draw, wording: Wording) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A few operations become the next phase of another structure's: alike, and distinct."""
    count = int(len(ops) * shape("sosies", "part"))
    department, structure = ops["departement"].to_numpy(), ops["structure_id"].to_numpy()
    start = ops["debut"].to_numpy()
    pairs: list[tuple[int, int]] = []
    taken: set[int] = set()
    for a in draw.subset(len(ops), len(ops)).tolist():
        near = np.flatnonzero(
            (department == department[a])
            & (structure != structure[a])
            & (np.abs(start - start[a]) < np.timedelta64(150, "D"))
        )
        near = near[~np.isin(near, list(taken))]
        if a in taken or not len(near):
            continue
        b = int(near[int(wording.draw() * len(near))])
        same = ["categorie", "segment", "siret", "code_insee", "epci_siren", "mecanisme"]
        ops.loc[b, same] = ops.loc[a, same]
        ops.loc[b, "libelle"] = f"{ops.loc[a, 'libelle']} - {wording.phase()}"
        pairs.append((a, b))
        taken |= {a, b}
        if len(pairs) == count:
            break
    return ops, pd.DataFrame(pairs, columns=["op_a", "op_b"])


def _counted(ops: pd.DataFrame, structures: Structures, year: int) -> Bools:
    """Operations of the scope, active in `year`, of a structure that sent its export."""
    sent = {structure for structure, answered in structures.answers if answered == year}
    return (active(ops, year) & ops["mecanisme"].isin(IN_SCOPE) & ops["structure_id"].isin(sent)).to_numpy()


def _trim(
    ops: pd.DataFrame, pairs: pd.DataFrame, structures: Structures, draw: Draw
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Drop operations of the calibrated year until it has exactly the number published."""
    wanted = int(targets()["operations"])
    counted = np.flatnonzero(_counted(ops, structures, CALIBRATED))
    free = np.setdiff1d(counted, pairs.to_numpy().ravel())
    if len(counted) < wanted or len(counted) - wanted > len(free):
        raise ValueError(f"{len(counted)} operations drawn for {CALIBRATED}, {wanted} wanted: raise the volumes")
    dropped = free[draw.subset(len(free), len(counted) - wanted)]
    kept = np.setdiff1d(np.arange(len(ops)), dropped)
    ops = ops.iloc[kept].reset_index(drop=True)
    moved = {int(old): new for new, old in enumerate(kept)}
    pairs = pairs.assign(op_a=pairs["op_a"].map(moved), op_b=pairs["op_b"].map(moved))
    ops["comptee"] = _counted(ops, structures, CALIBRATED)
    return ops, pairs


def _fit_buyers(ops: pd.DataFrame, pairs: pd.DataFrame, buyers: pd.DataFrame, draw: Draw) -> pd.DataFrame:
    """Make the distinct buyers of the calibrated year as many as published: a commune's operation
    becomes its EPCI's, or the other way round."""
    wanted = int(targets()["donneurs_ordre"])
    by_place = {
        kind: buyers[buyers["categorie"] == kind].assign(siren=lambda b: b["siret"].str.slice(0, 9))
        for kind in ("COMMUNE", "INTERCOMMUNALITE")
    }
    group = by_place["INTERCOMMUNALITE"].set_index("siren")["siret"].to_dict()
    commune = by_place["COMMUNE"].set_index("code_insee")["siret"].to_dict()
    paired = set(pairs.to_numpy().ravel().tolist())
    counted = np.flatnonzero(ops["comptee"])
    siret, category = ops["siret"].tolist(), ops["categorie"].tolist()
    codes, groups = ops["code_insee"].tolist(), ops["epci_siren"].tolist()
    uses = Counter(siret[i] for i in counted)
    for i in counted[draw.subset(len(counted), len(counted))].tolist():
        town, whole = commune[codes[i]], group[groups[i]]
        if len(uses) == wanted:
            break
        if i in paired:
            continue
        if len(uses) > wanted and siret[i] == town and uses[town] == 1 and whole in uses:
            changed = (whole, "INTERCOMMUNALITE")
        elif len(uses) < wanted and uses[siret[i]] > 1 and town not in uses:
            changed = (town, "COMMUNE")
        else:
            continue
        uses -= Counter([siret[i]])
        uses[changed[0]] += 1
        siret[i], category[i] = changed
    ops["siret"], ops["categorie"] = siret, category
    if ops.loc[counted, "siret"].nunique() != wanted:
        raise ValueError(f"{ops.loc[counted, 'siret'].nunique()} buyers in {CALIBRATED}, {wanted} wanted")
    ops["nom"] = ops["siret"].map(buyers.set_index("siret")["nom"])
    return ops


def _plan(ops: pd.DataFrame, draw: Draw) -> pd.DataFrame:
    """Planned hours, at first and amended, and which operations ANRU pays for."""
    size = len(ops)
    per_year = shape("heures_par_an", "mediane") * np.exp(draw.rng.normal(0, shape("heures_par_an", "sigma"), size))
    planned = np.maximum(35, per_year * np.maximum(ops["mois"].to_numpy(), 4) / 12)
    planned = np.where(planned < 400, np.rint(planned / 5) * 5, np.rint(planned / 35) * 35)
    amended = draw.chance(shape("avenant", "part"), size)
    change = np.rint(planned * draw.rng.uniform(0.7, 1.6, size) / 5) * 5
    ops["prevues_init"] = planned.astype(int)
    ops["prevues"] = np.where(amended, np.maximum(change, 35), planned).astype(int)
    works = ops["segment"].map(segments()["groupe"]).eq("travaux").to_numpy()
    urban = ops["categorie"].isin(["BAILLEUR", "INTERCOMMUNALITE", "COMMUNE", "SEM_SYNDICAT"]).to_numpy()
    eligible = works & urban
    ops["finance_anru"] = eligible
    ops["is_anru"] = eligible & draw.chance(shape("anru", "part") / max(eligible.mean(), 0.01), size)
    return ops


def _engage(ops: pd.DataFrame, draw: Draw, wording: Wording, companies: Companies) -> pd.DataFrame:
    """Lots and companies. The operations of the calibrated year share exactly the companies published."""
    mean = ops["segment"].map(segments()["lots"]).to_numpy() * np.clip(ops["prevues"] / 1500, 0.5, 1.6).to_numpy()
    count = 1 + np.minimum(draw.rng.poisson(np.maximum(mean - 0.75, 0.12)), 7)
    rows = pd.DataFrame({"op": np.repeat(np.arange(len(ops)), count)})
    rows["rang"] = rows.groupby("op").cumcount()
    segment = ops["segment"].to_numpy()[rows["op"]]
    year = ops["debut_annee"].to_numpy()[rows["op"]]
    counted = ops["comptee"].to_numpy()[rows["op"]]
    rank = _company_ranks(segment, year, counted, int(targets()["entreprises"]), draw)
    held = [companies.get(s, r) for s, r in zip(segment, rank, strict=True)]
    rows["entreprise_siret"] = [siret for siret, _ in held]
    rows["entreprise_nom"] = [name for _, name in held]
    lots = count[rows["op"]] > 1
    rows["lot"] = [
        f"Lot {n + 1} {wording.lot(s)}" if several else ""
        for n, s, several in zip(rows["rang"], segment, lots, strict=True)
    ]
    weight = np.exp(draw.rng.normal(0, 0.6, len(rows)))
    whole = np.bincount(rows["op"], weights=weight)[rows["op"]]
    rows["prevues"] = np.maximum(7, np.rint(ops["prevues"].to_numpy()[rows["op"]] * weight / whole / 7) * 7).astype(int)
    return rows.drop(columns="rang")


def _company_ranks(segment: np.ndarray, year: np.ndarray, counted: Bools, wanted: int, draw: Draw) -> np.ndarray:
    """Which company of its segment takes each commitment: a few take many, `wanted` in the counted ones."""
    demand = pd.Series(segment[counted]).value_counts().sort_index()
    share = np.minimum(demand, np.maximum(1, np.floor(demand * wanted / demand.sum()))).astype(int)
    for name in demand.index[np.argsort(-(demand - share), kind="stable")].tolist() * 50:
        if share.sum() == wanted:
            break
        if share[name] < demand[name] and share.sum() < wanted:
            share[name] += 1
        elif share[name] > 1 and share.sum() > wanted:
            share[name] -= 1
    if share.sum() != wanted:
        raise ValueError(f"{demand.sum()} commitments for {wanted} companies")
    rank = np.zeros(len(segment), dtype=np.int64)
    for name in sorted(set(segment.tolist())):
        pool = int(share.get(name, 3))
        mine = np.flatnonzero((segment == name) & counted)
        mine = mine[draw.subset(len(mine), len(mine))]
        rank[mine[:pool]] = np.arange(len(mine[:pool]))
        rank[mine[pool:]] = (pool * draw.rng.random(max(0, len(mine) - pool)) ** 2.2).astype(int)
        others = np.flatnonzero((segment == name) & ~counted)
        # Companies come and go: the pool of a later year starts further on.
        start = (np.clip(year[others] - CALIBRATED - 1, 0, 9) / 9 * pool * 1.2).astype(int)
        rank[others] = start + ((1.6 * pool + 4) * draw.rng.random(len(others)) ** 1.5).astype(int)
    return rank


def _places(ops: pd.DataFrame, structures: Structures, draw: Draw) -> pd.DataFrame:
    """EPCI of each operation with its part; a few run over two or three."""
    zones = structures.zones.groupby("structure_id")["epci_siren"].apply(list)
    two, three = shape("territoires", "2"), shape("territoires", "3")
    kind = draw.rng.random(len(ops))
    rows = []
    for op, (structure, epci, chance) in enumerate(zip(ops["structure_id"], ops["epci_siren"], kind, strict=True)):
        others = [e for e in zones[structure] if e != epci]
        wanted = 3 if chance < three else 2 if chance < two + three else 1
        if wanted == 1 or len(others) < wanted - 1:
            rows.append((op, epci, 1.0))
            continue
        extra = [others[k] for k in draw.subset(len(others), wanted - 1)]
        parts = (
            [0.5, 0.5] if wanted == 2 and chance * 1000 % 2 < 1 else [0.7, 0.3] if wanted == 2 else [0.6, 0.25, 0.15]
        )
        rows.extend((op, e, part) for e, part in zip([epci, *extra], parts, strict=True))
    return pd.DataFrame(rows, columns=["op", "epci_siren", "part"])


def _duplicates(
    ops: pd.DataFrame, pairs: pd.DataFrame, structures: Structures, draw: Draw, wording: Wording
) -> pd.DataFrame:
    """Operations that a second structure of the department enters too, in all the editions of their life.

    Both structures answer in each of these editions, so that removing the second entry is enough.
    """
    wanted = int(len(ops) * shape("doublons", "part"))
    undecided = int(shape("doublons", "indecis_2025"))
    where = structures.facilitators.set_index("structure_id")["departement"]
    neighbours = {s: [o for o in where.index[where == d] if o != s] for s, d in where.items()}
    paired = set(pairs.to_numpy().ravel().tolist())
    columns = ("structure_id", "debut_annee", "fin_annee", "libelle")
    owner, start, end, label = (ops[column].tolist() for column in columns)
    rows: list[tuple[int, str, str]] = []
    late = 0
    for op in draw.subset(len(ops), len(ops)).tolist():
        new = start[op] >= REVIEW_YEAR
        enough = late >= undecided * 2 if new else len(rows) - late >= wanted - undecided * 2
        years = [y for y in EDITIONS if start[op] <= y <= end[op]]
        if op in paired or enough or not years:
            continue
        able = [
            second
            for second in neighbours[owner[op]]
            if all((s, y) in structures.answers for y in years for s in (owner[op], second))
        ]
        if able:
            rows.append((op, wording.pick(able), wording.variant(label[op])))
            late += new
    return pd.DataFrame(sorted(rows), columns=["op", "structure_b", "libelle_b"])
