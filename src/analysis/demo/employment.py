"""Employment contracts on the commitments, who holds them, their hours month by month, what came after.

Hours are whole hundredths throughout; months are counted from year 0 (`12 * year + month - 1`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.demo.knowledge import (
    LAST_YEAR,
    MONTH_CAP,
    Bools,
    Draw,
    Floats,
    Ints,
    segments,
    table,
)
from analysis.demo.operations import Operations, shape
from analysis.demo.places import Territory

DAY_0 = np.datetime64("1900-01-01", "D")
END = (LAST_YEAR + 1) * 12  # the first month that nobody has seen yet
YEARS_26 = 26


@dataclass
class Employment:
    """contracts: one row per contract by position: eng, op, segment, structure_id, departement, employeur_kind,
    contrat_type, employeur_siret, metier_rome, debut, fin, mois, personne, rsa ... (oui, non, inconnu), est_iae;

    hours: ctr, mois, centi (whole hundredths of an hour); persons: by position, sexe, naissance, commune, qpv.
    """

    contracts: pd.DataFrame
    hours: pd.DataFrame
    persons: pd.DataFrame


def build_contracts(seed: int, world: Operations, employers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Contracts without their holders, and their hours before calibration."""
    draw = Draw(seed, "contrats")
    contracts = _spread(world, draw)
    contracts = _employ(contracts, world, employers, draw)
    contracts = _date(contracts, world, draw)
    return _of_its_time(contracts, employers), _hours(contracts, draw)


def _spread(world: Operations, draw: Draw) -> pd.DataFrame:
    """Which commitment each contract of each year is on: in proportion to its planned hours; none is left out."""
    ops, engagements = world.operations, world.engagements
    start = ops["debut_annee"].to_numpy()[engagements["op"]]
    end = ops["fin_annee"].to_numpy()[engagements["op"]]
    months = ops["mois"].to_numpy()[engagements["op"]]
    weight = engagements["prevues"].to_numpy() / np.maximum(months, 3) ** 0.9
    parts = []
    for year, count in table("volumes").set_index("annee")["contrats_travail"].items():
        running = np.flatnonzero((start <= year) & (end >= year))
        fresh = np.flatnonzero(start == year)
        first = fresh[np.unique(engagements["op"].to_numpy()[fresh], return_index=True)[1]]
        more = draw.choose(running, weight[running], max(0, count - len(first)))
        parts.append(pd.DataFrame({"eng": np.concatenate([first, more]), "annee": year}))
    return pd.concat(parts, ignore_index=True)


def _employ(contracts: pd.DataFrame, world: Operations, employers: pd.DataFrame, draw: Draw) -> pd.DataFrame:
    """Kind of employer, type of contract, employer and trade."""
    size = len(contracts)
    engagements, ops = world.engagements, world.operations
    eng = contracts["eng"].to_numpy()
    contracts["op"] = engagements["op"].to_numpy()[eng]
    op = contracts["op"].to_numpy()
    for column in ("segment", "structure_id", "departement", "epci_siren", "mecanisme"):
        contracts[column] = ops[column].to_numpy()[op]
    share = contracts["annee"].map(table("volumes").set_index("annee")["part_iae"]).to_numpy()
    leaning = contracts["segment"].map(segments()["iae"]).to_numpy()
    mechanism = contracts["mecanisme"].to_numpy()
    likely = np.where(mechanism == "RES_IAE", 1.0, np.where(mechanism == "INSERT", 0.9, share * leaning))
    inclusive = draw.chance(np.clip(likely, 0, 1), size)
    kinds = table("employeurs_parts")
    kind = np.empty(size, dtype=object)
    for is_iae in (True, False):
        here = np.flatnonzero(inclusive == is_iae)
        known = kinds[kinds["est_iae"] == ("oui" if is_iae else "non")]
        kind[here] = draw.choose(known["employeur_kind"], known["poids"], len(here))
    hand = np.flatnonzero(mechanism == "RES_HAND")
    kind[hand] = draw.choose(["EA", "ESAT", "EATT"], [6, 5, 1], len(hand))
    contracts["employeur_kind"] = kind
    forms = table("employeurs")
    form = np.empty(size, dtype=object)
    siret = np.empty(size, dtype=object)
    for (name, department), here in sorted(contracts.groupby(["employeur_kind", "departement"]).indices.items()):
        mine = forms[forms["employeur_kind"] == name]
        form[here] = draw.choose(mine["contrat_type"], mine["poids"], len(here))
        if name != "DIRECT":
            pool = employers[(employers["employeur_kind"] == name) & (employers["departement"] == department)]
            pool = pool if len(pool) else employers[employers["employeur_kind"] == name]
            siret[here] = draw.choose(pool["siret"], 1 / np.arange(1, len(pool) + 1) ** 0.7, len(here))
    direct = kind == "DIRECT"
    siret[direct] = engagements["entreprise_siret"].to_numpy()[eng[direct]]
    contracts["contrat_type"], contracts["employeur_siret"] = form, siret
    trades = table("metiers").groupby("segment")["code"].apply(list)
    trade = np.empty(size, dtype=object)
    for segment, here in sorted(contracts.groupby("segment").indices.items()):
        trade[here] = draw.choose(trades[segment], 1 / np.arange(1, len(trades[segment]) + 1), len(here))
    contracts["metier_rome"] = trade
    contracts["est_iae"] = contracts["employeur_kind"].isin(reference.codes_with("employeurs", "est_iae"))
    contracts["est_alternance"] = contracts["contrat_type"].isin(reference.codes_with("contrats", "est_alternance"))
    return contracts


def _date(contracts: pd.DataFrame, world: Operations, draw: Draw) -> pd.DataFrame:
    """Start within the year and the operation; length by kind of employer, not much beyond the operation."""
    ops = world.operations
    op = contracts["op"].to_numpy()
    opening = ops["debut"].to_numpy().astype("datetime64[D]")[op]
    closing = ops["fin"].to_numpy().astype("datetime64[D]")[op]
    first = np.maximum(opening, (contracts["annee"] - 1970).to_numpy().astype("datetime64[Y]").astype("datetime64[D]"))
    last = np.minimum(
        closing, (contracts["annee"] - 1969).to_numpy().astype("datetime64[Y]").astype("datetime64[D]") - 1
    )
    span = np.maximum((last - first).astype(int), 0)
    start = first + (draw.rng.random(len(contracts)) * span).astype("timedelta64[D]")
    mean = contracts["employeur_kind"].map(table("employeurs_parts").set_index("employeur_kind")["mois_moyens"])
    mean = mean.to_numpy() * np.where(contracts["est_alternance"], 1.2, 1.0)
    months = 1 + np.minimum(draw.rng.poisson(np.maximum(mean - 1, 0.4) * draw.rng.gamma(2.0, 0.5, len(contracts))), 23)
    start_month = start.astype("datetime64[M]").astype(int) + 1970 * 12
    room = closing.astype("datetime64[M]").astype(int) + 1970 * 12 + 1 - start_month
    months = np.clip(months, 1, np.maximum(room + 1, 1))
    end_month = (start_month + months - 1 - 1970 * 12).astype("datetime64[M]")
    tail = draw.rng.integers(8, 28, len(contracts))
    end = end_month.astype("datetime64[D]") + tail.astype("timedelta64[D]")
    end = np.where(end <= start, start + np.timedelta64(3, "D"), end)
    contracts["debut"], contracts["fin"] = start, end
    contracts["premier_mois"] = start_month
    contracts["mois"] = (end.astype("datetime64[M]").astype(int) + 1970 * 12) - start_month + 1
    contracts = contracts.sort_values(["debut", "eng"], kind="stable", ignore_index=True)
    return contracts


def _of_its_time(contracts: pd.DataFrame, employers: pd.DataFrame) -> pd.DataFrame:
    """Contracts of a kind of employer, then of a form, that no law knew on their first day become what there was."""
    early = _early(contracts, "employeur_kind", "nomenclatures/employeurs")
    kind = contracts.loc[early, "employeur_kind"].map(_instead("employeurs_parts", "employeur_kind"))
    contracts.loc[early, "employeur_kind"] = kind
    contracts.loc[early, "employeur_siret"] = kind.map(employers.groupby("employeur_kind")["siret"].first())
    contracts.loc[early, "contrat_type"] = kind.map(
        table("employeurs").groupby("employeur_kind")["contrat_type"].first()
    )
    early = _early(contracts, "contrat_type", "nomenclatures/contrats")
    keys = pd.MultiIndex.from_frame(contracts.loc[early, ["employeur_kind", "contrat_type"]])
    contracts.loc[early, "contrat_type"] = _instead("employeurs", "employeur_kind", "contrat_type")[keys].to_numpy()
    return contracts


def _early(contracts: pd.DataFrame, column: str, codelist: str) -> pd.Series:
    start = pd.to_datetime(reference.table(codelist).set_index("code")["debut"])
    return contracts["debut"] < contracts[column].map(start)


def _instead(name: str, *keys: str) -> pd.Series:
    return table(name).set_index(list(keys))["avant"]


def _hours(contracts: pd.DataFrame, draw: Draw) -> pd.DataFrame:
    """Hours of each contract and month, up to the last month that is observed."""
    months = contracts["mois"].to_numpy()
    ctr = np.repeat(np.arange(len(contracts)), months)
    rank = np.arange(len(ctr)) - np.repeat(np.cumsum(months) - months, months)
    month = contracts["premier_mois"].to_numpy()[ctr] + rank
    level = draw.rng.uniform(shape("intensite", "bas"), shape("intensite", "haut"), len(contracts))[ctr]
    level = level * draw.rng.uniform(0.75, 1.0, len(ctr))
    started = contracts["debut"].dt.day.to_numpy()[ctr]
    stopped = contracts["fin"].dt.day.to_numpy()[ctr]
    presence = np.where(rank == 0, (31 - np.minimum(started, 28)) / 30, 1.0)
    presence = np.where(rank == months[ctr] - 1, np.minimum(presence, stopped / 30), presence)
    centi = np.clip(np.rint(level * presence * MONTH_CAP), 300, MONTH_CAP).astype(np.int64)
    seen = month < END
    return pd.DataFrame({"ctr": ctr[seen], "mois": month[seen], "centi": centi[seen]})


# --- who holds them ----------------------------------------------------------------------------


def assign_persons(seed: int, contracts: pd.DataFrame, counted: Bools, wanted: int) -> Ints:
    """The person of each contract (rows by date of start): exactly `wanted` persons hold the counted ones."""
    again = shape("contrats_par_personne", "reprise")
    while True:
        person = _careers(seed, contracts, again)
        if len(np.unique(person[counted])) <= wanted:
            break
        if again >= 1:
            raise ValueError(f"more than {wanted} persons: lower the number of contracts")
        again = min(1.0, again + 0.05)
    person = _split(person, counted, wanted, Draw(seed, "parcours"))
    return np.unique(person, return_inverse=True)[1]


def _careers(seed: int, contracts: pd.DataFrame, again_share: float) -> Ints:
    """Each contract goes to a new person, or to one whose last contract has ended."""
    draw = Draw(seed, "personnes")
    size = len(contracts)
    again = draw.chance(again_share, size).tolist()
    elsewhere = draw.chance(shape("autre_structure", "part"), size).tolist()
    spots = draw.rng.random((size, 6)).tolist()
    which = draw.rng.integers(0, 1 << 30, size).tolist()
    days = ((contracts["debut"].to_numpy().astype("datetime64[D]") - DAY_0).astype(int)).tolist()
    ends = ((contracts["fin"].to_numpy().astype("datetime64[D]") - DAY_0).astype(int)).tolist()
    structures = contracts["structure_id"].tolist()
    departments = contracts["departement"].tolist()
    pools: dict[str, list[list[int]]] = {}
    by_department: dict[str, list[str]] = {}
    people: list[int] = []
    count = 0
    for i in range(size):
        home = structures[i]
        source = home
        if elsewhere[i] and by_department.get(departments[i]):
            known = by_department[departments[i]]
            source = known[which[i] % len(known)]
        pool = pools.get(source, [])
        found = None
        if again[i] and pool:
            for spot in spots[i]:
                k = int(spot * len(pool))
                if pool[k][0] < days[i] < pool[k][0] + 420:
                    found = pool.pop(k)
                    break
        if found is None:
            found = [0, count]
            count += 1
        people.append(found[1])
        if home not in pools:
            pools[home] = []
            by_department.setdefault(departments[i], []).append(home)
        pools[home].append([ends[i], found[1]])
        if len(pools[home]) > 220:
            del pools[home][:60]
    return np.array(people, dtype=np.int64)


def _split(person: Ints, counted: Bools, wanted: int, draw: Draw) -> Ints:
    """Give some later contracts to new persons until the counted ones have exactly `wanted` holders.

    A career is cut between two counted contracts, so that each cut makes one person more.
    """
    person = person.copy()
    have = len(np.unique(person[counted]))
    fresh = int(person.max()) + 1
    rows = np.flatnonzero(counted)
    order = rows[np.argsort(person[rows], kind="stable")]
    same = person[order][1:] == person[order][:-1]
    cuts = order[1:][same]
    if len(cuts) < wanted - have:
        raise ValueError(f"only {len(cuts)} careers to cut, {wanted - have} needed")
    for row in sorted(cuts[draw.subset(len(cuts), wanted - have)].tolist()):
        later = np.flatnonzero(person == person[row])
        person[later[later >= row]] = fresh
        fresh += 1
    return person


def describe_persons(seed: int, contracts: pd.DataFrame, land: Territory, counted: Bools, women: int) -> pd.DataFrame:
    """Sex, birth date, level and home of each person, from their first contract; exactly `women` in the counted.

    Nobody is born on 29 February, so that a 26th birthday has one date only.
    """
    draw = Draw(seed, "etat civil")
    first = contracts.drop_duplicates("personne").sort_values("personne").reset_index(drop=True)
    size = len(first)
    trend = first["annee"].map(table("volumes").set_index("annee")["facteur_femmes"]).to_numpy()
    likely = np.clip(first["segment"].map(segments()["femmes"]).to_numpy() * trend, 0, 0.9)
    woman = draw.chance(likely, size)
    inside = np.unique(contracts["personne"].to_numpy()[counted])
    surplus = int(woman[inside].sum()) - women
    able = inside[woman[inside] == (surplus > 0)]
    weight = 1 - likely[able] if surplus > 0 else likely[able]
    ranked = able[np.argsort(-(weight * draw.rng.random(len(able)) ** 0.5), kind="stable")]
    woman[ranked[: abs(surplus)]] = surplus <= 0
    age = _ages(first, draw)
    day = first["debut"].to_numpy().astype("datetime64[D]") - np.rint(age * 365.25).astype("timedelta64[D]")
    leap = (day.astype("datetime64[M]").astype(int) % 12 == 1) & (
        (day - day.astype("datetime64[M]").astype("datetime64[D]")).astype(int) == 28
    )
    birth = np.where(leap, day - np.timedelta64(1, "D"), day)
    return pd.DataFrame(
        {
            "sexe": np.where(woman, "F", "M"),
            "naissance": birth,
            "niveau": draw.choose(["0", "1", "2", "3", "4", "5", "6"], [4, 10, 16, 42, 19, 6, 3], size),
            **_homes(first, land, draw),
        }
    )


def _ages(first: pd.DataFrame, draw: Draw) -> Floats:
    """Age at the first contract: 36 % of hours under 26 (observatory, 2016), most apprentices among them."""
    size = len(first)
    young_share = np.where(first["est_alternance"], 0.72, np.where(first["est_iae"], 0.31, 0.33))
    young = draw.chance(young_share, size)
    low = draw.rng.triangular(17.5, 21.5, 26.0, size)
    high = 26 + draw.rng.gamma(2.2, 5.4, size)
    return np.where(young, low, np.minimum(high, 63))


def _homes(first: pd.DataFrame, land: Territory, draw: Draw) -> dict[str, np.ndarray]:
    """Commune of residence; those who live in a priority district live in its commune."""
    size = len(first)
    rates = table("publics").set_index("code")
    late = np.clip((first["annee"].to_numpy() - 2016) / 9, 0, 1)
    share = rates.loc["QPV", "part_2016"] * (1 - late) + rates.loc["QPV", "part_2025"] * late
    known = 1 - (rates.loc["QPV", "inconnu_min"] + rates.loc["QPV", "inconnu_max"]) / 2
    inside = draw.chance(share / known, size)
    epci = first["epci_siren"].to_numpy().astype(object)
    home = land.communes["code_insee"].to_numpy()[land.communes_of(epci, draw)]
    quarter = np.full(size, -1)
    quarters = land.qpv
    for (group, department), here in sorted(
        first.assign(dedans=inside)[inside].groupby(["epci_siren", "departement"]).indices.items()
    ):
        rows = np.flatnonzero(inside)[here]
        near = quarters.index[quarters["epci_siren"] == group]
        near = near if len(near) else quarters.index[quarters["departement"] == department]
        quarter[rows] = draw.choose(near, np.ones(len(near)), len(rows))
    home = np.where(quarter >= 0, quarters["code_insee"].to_numpy()[quarter], home)
    return {"commune": home, "quartier": quarter}


# --- situation at hiring -----------------------------------------------------------------------


def add_statuses(seed: int, contracts: pd.DataFrame, persons: pd.DataFrame, land: Territory) -> pd.DataFrame:
    """What the person was at the start of each contract: oui, non, or inconnu for the share each structure
    does not ask about each year."""
    draw = Draw(seed, "situations")
    size = len(contracts)
    person = contracts["personne"].to_numpy()
    rates = table("publics").set_index("code")
    late = np.clip((contracts["annee"].to_numpy() - 2016) / 9, 0, 1)
    sends = contracts.groupby(["structure_id", "annee"]).ngroup().to_numpy()
    lasting = {code: draw.rng.random(len(persons))[person] for code in rates.index}
    # Long-term job-seekers are more often on RSA.
    lasting["DELD"] = np.where(draw.chance(0.35, size), lasting["RSA"], lasting["DELD"])
    lasting["SANS_DIPLOME"] = np.where(persons["niveau"].astype(int).to_numpy()[person] <= 3, 0.3, 0.99)
    yes: dict[str, Bools] = {}
    for code, rate in rates.iterrows():
        share = rate["part_2016"] * (1 - late) + rate["part_2025"] * late
        share = share / (1 - (rate["inconnu_min"] + rate["inconnu_max"]) / 2)
        level = np.where(draw.chance(rate["reste_vrai"], size), lasting[str(code)], draw.rng.random(size))
        yes[str(code)] = level < share
    yes["QPV"] = persons["quartier"].to_numpy()[person] >= 0
    yes["SANS_DIPLOME"] = lasting["SANS_DIPLOME"] < 0.5
    yes["DETLD"] &= yes["DELD"]
    yes["DETLD"] |= yes["DELD"] & draw.chance(0.2, size)
    for code, rate in rates.iterrows():
        ask = draw.rng.uniform(rate["inconnu_min"], rate["inconnu_max"], sends.max() + 1)[sends]
        silent = draw.chance(ask, size)
        contracts[str(code).lower()] = np.where(silent, "inconnu", np.where(yes[str(code)], "oui", "non"))
    # Whoever is known to be unemployed for over 24 months is so for over 12.
    contracts.loc[(contracts["detld"] == "oui") & (contracts["deld"] != "oui"), "detld"] = "inconnu"
    quarter = persons["quartier"].to_numpy()[person]
    lives = (contracts["qpv"] == "oui").to_numpy()
    new_list = (contracts["debut"] >= "2024-01-01").to_numpy()
    codes = np.where(new_list, land.qpv["code_qpv"].to_numpy()[quarter], land.qpv["code_2015"].to_numpy()[quarter])
    contracts["qpv_code"] = np.where(lives, codes, "")
    contracts["qpv_millesime"] = np.where(lives, np.where(new_list, "2024", "2015"), "")
    birth = persons["naissance"].to_numpy()[person]
    contracts["jeune"] = younger_than(birth, contracts["debut"].to_numpy(), YEARS_26)
    return contracts


def younger_than(birth: np.ndarray, day: np.ndarray, years: int) -> Bools:
    """Whether `birth` + `years` is after `day` (nobody is born on 29 February)."""
    born, now = birth.astype("datetime64[D]"), day.astype("datetime64[D]")
    month = born.astype("datetime64[M]")
    birthday = (month + 12 * years).astype("datetime64[D]") + (born - month.astype("datetime64[D]"))
    return birthday > now


# --- what came after ---------------------------------------------------------------------------


def build_outcomes(seed: int, contracts: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """ctr, horizon_m, sortie, due, statut (INCONNU when nobody answered), enquete (NaT when never asked).

    Followed up: contracts that no other contract of the person follows within three months.
    """
    draw = Draw(seed, "sorties")
    ordered = contracts.sort_values(["personne", "debut"], kind="stable")
    following = ordered.groupby("personne")["debut"].shift(-1)
    last = (following.isna() | (following > ordered["fin"] + pd.Timedelta(days=91))).sort_index().to_numpy()
    kept = np.flatnonzero(last & draw.chance(shape("suites", "part"), len(contracts)))
    statuses, answers = table("sorties"), table("reponses_sorties")
    families = reference.table("nomenclatures/sorties").set_index("code")["famille"]
    effect = answers.set_index(["facteur", "valeur"])["effet"]
    rows = contracts.loc[kept]
    woman = (persons["sexe"].to_numpy()[rows["personne"]] == "F").astype(float)
    fate = draw.rng.random(len(rows))
    parts = []
    for horizon, known in statuses.groupby("horizon_m"):
        # One draw per person for all horizons: situations mostly persist, the durable ones grow.
        level = np.where(draw.chance(0.7, len(rows)), fate, draw.rng.random(len(rows)))
        steps = (known["poids"].cumsum() / known["poids"].sum()).to_numpy()
        status = known["statut"].to_numpy()[np.minimum(np.searchsorted(steps, level), len(known) - 1)]
        durable = pd.Series(status).map(families).eq("durable").to_numpy()
        p = (
            effect["horizon_m", str(horizon)]
            + effect["jeune", "oui"] * rows["jeune"].to_numpy()
            + effect["sexe", "F"] * woman
            + effect["iae", "oui"] * rows["est_iae"].to_numpy()
            + effect["rsa", "oui"] * (rows["rsa"] == "oui").to_numpy()
            + effect["durable", "oui"] * durable
        )
        answered = draw.chance(np.clip(p, 0.05, 0.98), len(rows))
        due = (rows["fin"] + pd.DateOffset(months=int(horizon))).to_numpy().astype("datetime64[D]")
        asked = due + draw.rng.integers(0, 25, len(rows)).astype("timedelta64[D]")
        parts.append(
            pd.DataFrame(
                {
                    "ctr": kept,
                    "horizon_m": int(horizon),
                    "sortie": rows["fin"].to_numpy(),
                    "due": due,
                    "statut": np.where(answered, status, "INCONNU"),
                    "enquete": np.where(answered, asked, np.datetime64("NaT")),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["ctr", "horizon_m"], ignore_index=True)
