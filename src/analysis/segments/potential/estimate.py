"""Hours that contracts without clause could bear, by segment, place and quarter, with their uncertainty.

    potential = sum over contracts of [eligible] x [no clause] x part of its need x hours of the need    (see `sizing`)

then capped, segment by segment and territory by territory, by what insertion companies can supply and, over all
segments, by the eligible public. Never a rate applied to a regional sum: the hours of each need are drawn for
themselves, and those of a contract are its part of them.
"""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.params import PotentialParams, SegmentParams
from analysis.core.reference import WHOLE
from analysis.segments.contracts import executed_in, latest_years
from analysis.segments.links.followed import Linked, with_control
from analysis.segments.potential import sizing
from analysis.segments.potential.backtest import foreseen, known_operations, scores
from analysis.segments.potential.caps import CAPPED, QUANTILES, caps, held, of_cells
from analysis.segments.state.shrinkage import smoothed

Numbers = sizing.Numbers

NOWHERE = "inconnu"


def drawn_segments(
    operations: pd.DataFrame, contracts: pd.DataFrame, settings: PotentialParams
) -> dict[str, sizing.Segment]:
    """What is drawn of each segment, updated by the hours of linked `operations` of believed amounts.

    `contracts` as `amounts.by_need` gives them.
    """
    operations = known_operations(operations, contracts)
    known = sizing.learnt(operations, settings.prior_operations)
    names = sorted(reference.labels("segments"))
    return sizing.segment_draws(
        names, known, draws=settings.draws, seed=settings.seed, weight=settings.prior_operations
    )


def hours_if_asked(needs: pd.DataFrame, drawn: dict[str, sizing.Segment], seed: int) -> pd.DataFrame:
    """uid, heures_p10, heures_p50, heures_p90 of each need (uid, segment, montant) if it carries a clause.

    A need is drawn as the operations are that taught the law: all its lots together, however many; of a known amount,
    it bears no more hours than the labour that it pays.
    """
    rng = sizing.stream(seed, sizing.ASKED)
    parts = []
    for name, own in needs.sort_values(["segment", "uid"]).groupby("segment"):
        amounts = own["montant"].to_numpy(dtype="float64")
        hours = sizing.hours(drawn[str(name)], amounts, rng, sizing.usual(needs["montant"]))
        hours = np.fmin(hours, sizing.most_per_euro(str(name)) * amounts)  # no amount, no ceiling
        low, middle, high = np.quantile(hours, list(QUANTILES.values()), axis=0)
        parts.append(pd.DataFrame({"uid": own["uid"], "heures_p10": low, "heures_p50": middle, "heures_p90": high}))
    columns = ["uid", "heures_p10", "heures_p50", "heures_p90"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def build_potential(
    linked: Linked,
    contracts: pd.DataFrame,
    drawn: dict[str, sizing.Segment],
    elsewhere: pd.DataFrame,
    *,
    dataset: Dataset,
    settings: SegmentParams,
    offered: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """The potential's tables by name; `contracts`: those of `linked` as `amounts.by_need` gives them, `drawn` as
    `drawn_segments`, `elsewhere` the rest of the country (`new_segments`), `offered` what `supply` gives."""
    sized = settings.potential
    local = contracts[executed_in(contracts, dataset.departements)].dropna(subset=["edition"])
    latest = local[local["edition"].isin(latest_years(local["edition"], dataset.date_observation, sized.years))]
    open_ones = without_clause(latest, linked.tables["capture"])
    cells, draws, driven = simulated(open_ones, drawn, sized.seed)
    fore = foreseen(linked.operations, contracts, today=dataset.date_observation, settings=sized)
    limits = caps(offered, sized.dependency)
    territories = by_territory(cells, draws, limits, dataset)
    behind = partial(with_control, operations=linked.operations, facts=linked.facts, used=fore["operation"])
    return {
        "potentiel_epci": by_cell(cells, draws, limits, dataset.region),
        "potentiel": territories,
        "potentiel_facteurs": driven,
        "potentiel_retro": behind(scores(fore).assign(segment=WHOLE)).drop(columns="segment"),
        "potentiel_retro_segments": behind(_by_segment(fore)),
        "segments_nouveaux": new_segments(
            linked.contracts, elsewhere, territories, offered, dataset=dataset, settings=settings
        ),
        "offre": offered,
        "besoin_tirages": clausable(latest, drawn, sized.seed),
    }


def without_clause(contracts: pd.DataFrame, capture: pd.DataFrame) -> pd.DataFrame:
    """Contracts that may have no clause, with `p_sans` and `lieu` (EPCI, else department, else `inconnu`), `trimestre`.

    p_sans, the probability that there is none given what is known:
    - 0 when a clause is declared; 1 - probabilite when an operation is linked, times what follows if it is not;
    - declared none: the contracts with clause that neither list holds (`capture`, the first of its assumptions), over
      those that declare none and that nobody follows, in the year;
    - field empty or contradictory: one less the part of contracts with clause in the segment, all years, among those
      that nobody follows, scaled alike.
    """
    apart = 1 - contracts["probabilite"].fillna(0.0)  # the probability that nobody follows it
    clear = contracts[contracts["est_renseigne"]].assign(dits=apart)
    clear["avec"] = clear["dits"].where(clear["porte_clause"], 0.0)
    shown = capture[capture["famille"] == WHOLE].drop_duplicates("edition").set_index("edition")
    by_year = clear.groupby("edition")[["avec", "dits"]].sum()
    hidden = (shown["estimation"] - shown["vus"]).reindex(by_year.index).fillna(0.0)
    missed = (hidden / (by_year["dits"] - by_year["avec"])).clip(0, 1)
    alone = float((shown["declares"] - shown["communs"]).sum())
    scale = float((shown["estimation"] - shown["suivis"]).sum()) / alone if alone else 1.0
    default = reference.constants("potentiel")["part_clause"]
    counted = clear.groupby("segment")[["avec", "dits"]].sum()
    said = float(counted["dits"].sum())
    share = float(counted["avec"].sum()) / said if said else default
    of_segment = (counted["avec"] + share) / (counted["dits"] + 1)
    silent = 1 - (scale * contracts["segment"].map(of_segment).astype("float64").fillna(share)).clip(0, 1)
    none = 1 - contracts["edition"].map(missed).astype("float64").fillna(0.0)
    without = silent.where(~contracts["est_renseigne"], none).mask(contracts["porte_clause"], 0.0)
    rows = contracts.assign(
        p_sans=without * apart,
        lieu=_places(contracts),
        trimestre=contracts["jour"].dt.quarter.fillna(0).astype("int64"),
        edition=contracts["edition"].astype("int64"),
    )
    return rows[rows["p_sans"] > 0].reset_index(drop=True)


def _places(contracts: pd.DataFrame) -> pd.Series:
    """The EPCI of each contract, else its department, else `NOWHERE`."""
    return contracts["epci_siren"].fillna(contracts["departement"]).fillna(NOWHERE).astype("str")


CELL = ["edition", "segment", "lieu", "departement", "trimestre"]


def simulated(
    contracts: pd.DataFrame, drawn: dict[str, sizing.Segment], seed: int
) -> tuple[pd.DataFrame, Numbers, pd.DataFrame]:
    """Cells (`CELL`, marches, montant), the hours of each cell (row) in each draw (column), and what drives the
    hours of each segment: segment, facteur, part."""
    if contracts.empty:
        empty = pd.DataFrame(columns=[*CELL, "marches", "montant"])
        return empty, np.zeros((0, 1)), pd.DataFrame(columns=["segment", "facteur", "part"])
    rng = sizing.stream(seed, sizing.SIMULATED)
    rows = contracts.assign(departement=contracts["departement"].fillna(NOWHERE).astype("str"))
    rows = rows.sort_values([*CELL, "uid"], ignore_index=True)
    whole = sizing.of_contracts(rows, drawn, rng)
    cells, draws, driven = [], [], []
    for name, own in rows.groupby("segment"):
        hours = whole[:, own.index] * sizing.eligible(drawn[str(name)], len(own), rng)
        hours *= rng.random(hours.shape) < own["p_sans"].to_numpy()
        place = own.groupby(CELL, sort=False).ngroup().to_numpy()
        starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
        draws.append(np.add.reduceat(hours, starts, axis=1).T)
        counted = own.groupby(CELL, sort=False).agg(marches=("uid", "size"), montant=("montant", "sum"))
        cells.append(counted.reset_index())
        parts = sizing.drivers(drawn[str(name)], hours.sum(axis=1))
        driven += [{"segment": name, "facteur": factor, "part": part} for factor, part in parts.items()]
    return pd.concat(cells, ignore_index=True), np.concatenate(draws), pd.DataFrame(driven)


def clausable(contracts: pd.DataFrame, drawn: dict[str, sizing.Segment], seed: int) -> pd.DataFrame:
    """What a year's contracts could bear, with a clause already or without: lieu, departement, montant (of those a
    clause could be asked of, on average) and the hours of each draw (`t000`, `t001` ...).

    A contract counts where a clause could be asked of it, which is sure of one that declares a clause. No hours that
    anybody did are in it: those would tell, by difference with the potential, what is done in a small place.
    """
    if contracts.empty:
        return pd.DataFrame(columns=["lieu", "departement", "montant"])
    rng, years = sizing.stream(seed, sizing.CLAUSABLE), contracts["edition"].nunique()
    rows = contracts.assign(
        lieu=_places(contracts),
        departement=contracts["departement"].fillna(NOWHERE).astype("str"),
    ).sort_values(["segment", "uid"], ignore_index=True)
    whole = sizing.of_contracts(rows, drawn, rng)
    parts = []
    for name, own in rows.groupby("segment"):
        amounts = own["montant"].to_numpy(dtype="float64")
        able = sizing.eligible(drawn[str(name)], len(own), rng)
        able = np.maximum(able, own["porte_clause"].to_numpy())
        hours = pd.DataFrame((whole[:, own.index] * able).T / years)
        hours.columns = pd.Index([f"t{number:03}" for number in hours.columns])
        known = own[["lieu", "departement"]].reset_index(drop=True)
        parts.append(known.assign(montant=np.nan_to_num(amounts) * able.mean(axis=0) / years).join(hours))
    return pd.concat(parts, ignore_index=True).groupby(["lieu", "departement"], as_index=False).sum()


def by_cell(cells: pd.DataFrame, draws: Numbers, limits: pd.DataFrame, region: str) -> pd.DataFrame:
    """`cells` with p10, p50, p90 of their hours and etp; fournisseurs, plafond_offre and plafond_public of their place
    (hours a year), and the same once capped (`_plafonne`, `caps.held`).

    Each place is capped as if it were alone: a company within reach of several serves each. Contracts of which only
    the department is known are held to what it has, those without place to what the region has.
    """
    placed = cells.assign(territoire=cells["lieu"].replace(NOWHERE, region), annee=cells["edition"])
    within = {f"{name}{CAPPED}": values for name, values in _told(held(draws, placed, limits)).items()}
    return cells.assign(**_told(draws), **of_cells(placed, limits), **within)


def _told(draws: Numbers) -> dict[str, Numbers]:
    full_time = reference.constants("potentiel")["etp"]
    hours = np.quantile(draws, list(QUANTILES.values()), axis=1)
    return dict(zip(QUANTILES, hours, strict=True)) | {"etp": hours[1] / full_time}


def by_territory(cells: pd.DataFrame, draws: Numbers, limits: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """By edition, territory (region, departments) and segment or `ensemble`: marches, montant, p10, p50, p90, etp of a
    year's contracts; fournisseurs, plafond_offre, plafond_public (hours a year), and p10, p50, p90 once capped
    (`_plafonne`).

    Hours are those of the contracts notified in the year, over their whole life; the caps are those of one year's
    supply (`caps` says why).
    """
    rows = []
    for edition, territory in product(sorted(cells["edition"].unique()), [dataset.region, *dataset.departements]):
        here = cells["edition"].eq(edition) & (cells["departement"].eq(territory) | (territory == dataset.region))
        capped = np.zeros(draws.shape[1])
        for name in sorted(cells.loc[here, "segment"].unique()):
            chosen = (here & cells["segment"].eq(name)).to_numpy()
            hours = draws[chosen].sum(axis=0)
            limit = _limit(limits, (territory, name))
            within = np.minimum(hours, limit["plafond_offre"])
            capped += within
            rows.append(_row(cells[chosen], (edition, territory, name), hours, within) | limit)
        if not here.any():
            continue
        limit = _limit(limits, (territory, WHOLE))
        public = float(limits.loc[(territory, WHOLE), "plafond_public"])
        within = np.minimum(capped, min(limit["plafond_offre"], public))
        hours = draws[here.to_numpy()].sum(axis=0)
        whole = _row(cells[here], (edition, territory, WHOLE), hours, within)
        rows.append(whole | limit | {"plafond_public": public})
    names = ["edition", "territoire", "segment", "marches", "montant", *QUANTILES, "etp", "fournisseurs"]
    names += ["plafond_offre", "plafond_public", *(f"{name}{CAPPED}" for name in QUANTILES)]
    return pd.DataFrame(rows, columns=names)


def _limit(limits: pd.DataFrame, place: tuple[str, str]) -> dict:
    """Suppliers of a territory and segment, and the hours of clauses that they allow."""
    names = ["fournisseurs", "plafond_offre"]
    return limits.loc[place, names].to_dict() if place in limits.index else dict.fromkeys(names, 0.0)


def _row(cells: pd.DataFrame, key: tuple[int, str, str], hours: Numbers, capped: Numbers) -> dict:
    told = {name: float(value[0]) for name, value in _told(hours[None, :]).items()}
    within = np.quantile(capped, list(QUANTILES.values()))
    return {
        **dict(zip(["edition", "territoire", "segment"], key, strict=True)),
        "marches": int(cells["marches"].sum()),
        "montant": float(cells["montant"].sum()),
        **told,
        **{f"{name}{CAPPED}": float(value) for name, value in zip(QUANTILES, within, strict=True)},
    }


def new_segments(
    contracts: pd.DataFrame,
    elsewhere: pd.DataFrame,
    potential: pd.DataFrame,
    offered: pd.DataFrame,
    *,
    dataset: Dataset,
    settings: SegmentParams,
) -> pd.DataFrame:
    """Segments to open, by edition and territory, the most promising first (rang): part_clause and part_reference
    (that of the region for a department; for the region that of the rest of the country, `elsewhere`: annee, segment,
    avec_clause, renseignes of all contracts executed outside, where files hold some),
    p_sous (probability that the share is under the reference), fournisseurs, p50_plafonne, and the hours expected
    where it is under (p_sous x p50_plafonne), by which they are ranked.

    Kept when the share is more likely under than not, a supplier exists, and `min_new_hours` are possible; the country
    is a reference from `min_known_contracts` that say, in the segment: a few strays are not a country. The
    shares of the departments are drawn towards each other (`shrinkage`); that of the region is not.
    """
    clear = contracts[contracts["est_renseigne"] & contracts["edition"].notna()].astype({"edition": "int64"})
    inside = clear[executed_in(clear, dataset.departements)]
    local = inside[inside["departement"].isin(dataset.departements)].assign(territoire=lambda rows: rows["departement"])
    departments = _counted(local, ["edition", "segment", "territoire"])
    departments = smoothed(departments, ["edition", "segment"], "avec", "renseignes")
    region = _counted(inside, ["edition", "segment"])
    whole = region.assign(reference=region["avec"] / region["renseignes"])[["edition", "segment", "reference"]]
    parts = [departments.merge(whole, on=["edition", "segment"])]
    country = elsewhere.rename(columns={"annee": "edition", "avec_clause": "avec_pays", "renseignes": "pays"})
    country = country.loc[country["pays"] >= settings.min_known_contracts, ["edition", "segment", "avec_pays", "pays"]]
    if len(country):
        both = region.merge(country, on=["edition", "segment"]).assign(territoire=dataset.region)
        sized = settings.potential
        rng, shape = sizing.stream(sized.seed, sizing.COMPARED), (sized.draws, len(both))
        here = rng.beta(both["avec"] + 0.5, both["renseignes"] - both["avec"] + 0.5, shape)
        there = rng.beta(both["avec_pays"] + 0.5, both["pays"] - both["avec_pays"] + 0.5, shape)
        parts.append(both.assign(reference=both["avec_pays"] / both["pays"], p_sous=(here < there).mean(axis=0)))
    table = pd.concat(parts, ignore_index=True)
    table = table.assign(part_clause=table["avec"] / table["renseignes"], part_reference=table["reference"])
    table = table.merge(
        potential[["edition", "territoire", "segment", "fournisseurs", "p50_plafonne"]],
        on=["edition", "territoire", "segment"],
    )
    table["heures_attendues"] = table["p_sous"] * table["p50_plafonne"]
    table = table[
        (table["p_sous"] > 0.5)
        & (table["fournisseurs"] > 0)
        & (table["p50_plafonne"] >= settings.potential.min_new_hours)
    ]
    order = ["edition", "territoire", "heures_attendues", "segment"]
    table = table.sort_values(order, ascending=[True, True, False, True], ignore_index=True)
    table["rang"] = table.groupby(["edition", "territoire"]).cumcount() + 1
    table = table.merge(offered[["territoire", "segment", "dont_secteur"]], on=["territoire", "segment"])
    names = ["edition", "territoire", "rang", "segment", "renseignes", "part_clause", "part_reference", "p_sous"]
    return table[[*names, "fournisseurs", "dont_secteur", "p50_plafonne", "heures_attendues"]]


def _counted(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    return rows.groupby(key, as_index=False).agg(avec=("porte_clause", "sum"), renseignes=("uid", "size"))


def _by_segment(fore: pd.DataFrame) -> pd.DataFrame:
    """Hours seen and foreseen of the held-out operations, by their segment."""
    values = ["heures", "modele", "manuel", "fournisseurs"]
    grouped = fore.groupby("segment")
    return grouped[values].sum().assign(operations=grouped.size()).reset_index()
