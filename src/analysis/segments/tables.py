"""The segments' stage: clean contracts and their segments in, result tables by segment, EPCI, buyer and year out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import ibis.expr.types as ir
import pandas as pd

from analysis.consolidation.duplicates import FILE as DUPLICATES
from analysis.consolidation.duplicates import standing
from analysis.consolidation.persons import FILE as PERSONS
from analysis.consolidation.persons import once
from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.files import read_table
from analysis.core.params import Params, SegmentParams, load_params
from analysis.core.paths import classified_dir, clean_dir, raw_dir
from analysis.core.results import headlines, read_clean, write_results
from analysis.core.shares import wilson
from analysis.segments.amounts import Belief, belief_from, by_need, highest
from analysis.segments.buyers import said_by, with_buyer_kind
from analysis.segments.contracts import (
    UNDER,
    counted,
    inside,
    of_buyers_in,
    open_contracts,
    outside,
    states,
    under_another,
    with_told_segment,
)
from analysis.segments.links.followed import build_links
from analysis.segments.potential.backtest import realised
from analysis.segments.potential.caps import caps
from analysis.segments.potential.estimate import build_potential, drawn_segments, hours_if_asked
from analysis.segments.potential.single import single_contracts
from analysis.segments.potential.sizing import chances, shared
from analysis.segments.potential.supply import supply
from analysis.segments.state.compliance import build_compliance
from analysis.segments.state.shrinkage import smoothed
from analysis.segments.state.specialisation import effective, quotients, shift_share
from analysis.segments.telling.audit import accuracy, confusion, corrected
from analysis.segments.telling.stage import with_segment_told
from analysis.segments.watch.needs import needed
from analysis.segments.watch.tables import build_watch
from analysis.sources import publics

_EPCI = ["edition", "epci_siren"]
_CELLS = ["edition", "segment", "epci_siren"]
_BUYERS = ["edition", "categorie"]
_PLACE = ["edition", "territoire"]


def build(dataset: str) -> None:
    """Write the result tables of the segments of `dataset`: their state, links, potential, what is coming, the law."""
    described, params = load_dataset(dataset), load_params()
    settings = params.segments
    told = classified_dir(dataset) / "marches.parquet"
    received = open_contracts(clean_dir(dataset, "decp") / "marches.parquet")
    decisions = raw_dir(dataset) / "decisions" / PERSONS
    exports = once(read_clean(dataset, "exports"), decisions, params.consolidation)
    received = with_buyer_kind(received, said_by(exports["operations"]))
    known = with_told_segment(received, told)
    whole = of_buyers_in(known, described.departements).to_pandas().sort_values("uid", ignore_index=True)
    whole[UNDER] = under_another(whole)
    belief = belief_from(whole, params.decp.low_amount, settings.amounts)
    local = inside(received, described.departements)
    contracts = counted(local.filter(local.annee.notnull()), told).rename(edition="annee")
    write_results(
        dataset,
        "segments",
        {
            **state(received, contracts, dataset=described, settings=settings, belief=belief),
            **segment_quality(dataset, contracts),
            **from_each_contract(described, known, whole, read_table(told), exports, params=params, belief=belief),
        },
    )


def from_each_contract(
    dataset: Dataset,
    received: ir.Table,
    whole: pd.DataFrame,
    told: pd.DataFrame,
    exports: dict[str, pd.DataFrame],
    *,
    params: Params,
    belief: Belief,
) -> dict[str, pd.DataFrame]:
    """What is told contract by contract: links with operations, potential, what is coming, what the law asks.

    `received` are all contracts with segment and categorie, `whole` those of buyers that have one in the region, with
    `UNDER`, `told` what the stage `classify` wrote, `exports` the clean tables of the exports.
    """
    settings = params.segments
    clean = clean_dir(dataset.nom, "decp")
    kept = standing(exports, raw_dir(dataset.nom) / "decisions" / DUPLICATES, params.consolidation)
    holders = read_table(clean / "marches_titulaires.parquet")
    linked = build_links(exports, kept, whole, holders, dataset=dataset, settings=settings, belief=belief)
    bought = needed(whole)
    sized = by_need(linked.contracts, bought.lots.set_index("uid")["besoin"], belief)
    drawn = drawn_segments(linked.operations, sized, settings.potential)
    projects = with_segment_told(read_clean(dataset.nom, "projects")["projets"], told)
    given = publics.load(raw_dir(dataset.nom) / publics.FILE)
    source = publics.sources(given, dataset.departements).set_index("public").loc[publics.JOBSEEKERS, "source"]
    people = publics.by_epci(given, dataset.departements)
    offered = supply(dataset, people["deld"], settings.potential.radius_km, str(source))
    there = outside(received, dataset.departements)
    elsewhere = _states(there.filter(there.annee.notnull()), ["annee", "segment"], highest(belief))
    return {
        **linked.tables,
        "segments_ailleurs": _with_share(elsewhere.rename(columns={"annee": "edition"})),
        **build_potential(linked, sized, drawn, elsewhere, dataset=dataset, settings=settings, offered=offered),
        **build_watch(
            bought,
            read_table(clean / "marches_modifications.parquet"),
            projects,
            dataset,
            settings.watch,
            belief=belief,
            hours=partial(hours_if_asked, drawn=drawn, seed=settings.potential.seed),
            shared=shared(drawn),
            eligible=chances(drawn),
            people=people,
            limits=caps(offered, settings.potential.dependency),
        ),
        "dimensionnement": single_contracts(linked, sized, settings),
        **build_compliance(whole, bought.lots, bought.needs, dataset, belief),
        "liens": linked.links,
        "operations_liees": realised(linked, sized),
    }


def state(
    received: ir.Table, contracts: ir.Table, *, dataset: Dataset, settings: SegmentParams, belief: Belief
) -> dict[str, pd.DataFrame]:
    """Where the clause stands: by segment, place, buyer and year.

    `received` are all contracts, `contracts` those of the region with edition, segment and categorie; amounts that are
    not of the `belief` are counted as unknown.
    """
    counts = partial(_states, most=highest(belief))
    placed = contracts.filter(contracts.epci_siren.notnull())
    segments = _with_share(_territories(contracts, dataset, counts))
    cells = smoothed(counts(placed, _CELLS), ["edition", "segment"], *_SHARE)
    years = [*segments.loc[segments["renseignes"] > 0, "edition"].drop_duplicates().sort_values()]
    departments = segments[segments["territoire"].ne(dataset.region)]
    return {
        "segments": segments,
        "epci": _with_names(smoothed(_with_share(counts(placed, _EPCI)), ["edition"], *_SHARE)),
        "segments_epci": _with_quotients(cells, settings.min_known_contracts),
        "acheteurs": _with_share(counts(contracts, _BUYERS)).merge(_buyers(contracts), on=_BUYERS),
        "concentration": concentration(contracts, dataset),
        "dynamique": shift_share(departments, years),
        "lieux": _with_part(_run(_counted(contracts, "epci_methode"), ["edition", "epci_methode"])),
        "sources": sources(received, contracts),
        "headlines": strip(segments, dataset),
    }


def segment_quality(dataset: str, contracts: ir.Table) -> dict[str, pd.DataFrame]:
    """How the segments were told, what the audit says of it, and totals corrected for it."""
    audit = read_table(classified_dir(dataset) / "audit.parquet")
    counts = _run(
        contracts.group_by(["edition", "segment"]).aggregate(marches=contracts.count()), ["edition", "segment"]
    )
    return {
        "origine_segments": _with_part(_run(_counted(contracts, "segment_source"), ["edition", "segment_source"])),
        "confusion": confusion(audit),
        "fiabilite_segments": accuracy(audit),
        "segments_corriges": corrected(counts, audit, ["edition"]),
    }


_SHARE = ("avec_clause", "renseignes")


def _run(query: ir.Table, order: list[str]) -> pd.DataFrame:
    return query.to_pandas().sort_values(order, ignore_index=True)


def _states(contracts: ir.Table, by: list[str], most: pd.Series) -> pd.DataFrame:
    return _run(states(contracts, by, most), by)


def _counted(contracts: ir.Table, column: str) -> ir.Table:
    return contracts.group_by(["edition", column]).aggregate(marches=contracts.count())


def _buyers(contracts: ir.Table) -> pd.DataFrame:
    """edition, categorie, acheteurs: how many buyers (SIREN) notified a contract."""
    return contracts.group_by(_BUYERS).aggregate(acheteurs=contracts.acheteur_siren.nunique()).to_pandas()


def _with_part(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(part=table["marches"] / table.groupby("edition")["marches"].transform("sum"))


def _with_quotients(cells: pd.DataFrame, least: int) -> pd.DataFrame:
    """`cells` with specialisation: empty in places of fewer than `least` contracts in the year."""
    parts = [quotients(rows, least).assign(edition=year) for year, rows in cells.groupby("edition")]
    if not parts:
        return cells.assign(specialisation=pd.Series(dtype="float64"))
    return cells.merge(pd.concat(parts)[[*_CELLS, "specialisation"]], on=_CELLS, how="left", validate="one_to_one")


def _territories(
    contracts: ir.Table, dataset: Dataset, counts: Callable[[ir.Table, list[str]], pd.DataFrame]
) -> pd.DataFrame:
    """States by segment for the whole and for each department of the dataset."""
    whole = counts(contracts, ["edition", "segment"]).assign(territoire=dataset.region)
    of_each = contracts.filter(contracts.departement.isin(dataset.departements))
    local = counts(of_each, ["edition", "segment", "departement"])
    return pd.concat([whole, local.rename(columns={"departement": "territoire"})], ignore_index=True)


def concentration(contracts: ir.Table, dataset: Dataset) -> pd.DataFrame:
    """By edition and territory: effective numbers of segments and buyers of all contracts, and of those with clause."""
    with_clause = contracts.filter(contracts.statut_social.isin(reference.social_states("porte_clause")))
    parts = {}
    for suffix, rows in (("", contracts), ("_clause", with_clause)):
        for column, name in (("segment", "segments"), ("acheteur_siren", "acheteurs")):
            counts = rows.group_by(["edition", "departement", column]).aggregate(marches=rows.count()).to_pandas()
            whole = counts.groupby(["edition", column], as_index=False)["marches"].sum()
            local = counts[counts["departement"].isin(dataset.departements)]
            local = local.rename(columns={"departement": "territoire"})
            both = pd.concat([whole.assign(territoire=dataset.region), local])
            parts[f"{name}{suffix}"] = effective(both, _PLACE, f"{name}{suffix}")
    return pd.DataFrame(parts).reset_index().sort_values(_PLACE, ignore_index=True)


def _with_share(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with the share of contracts with clause among those that say, and its 95 % Wilson interval.

    The counts are a census: the interval tells what chance alone would move, not a sampling error.
    """
    low, high = wilson(table["avec_clause"], table["renseignes"])
    share = table["avec_clause"] / table["renseignes"].where(table["renseignes"] > 0)
    return table.assign(part_clause=share, part_clause_bas=low, part_clause_haut=high)


def _with_names(table: pd.DataFrame) -> pd.DataFrame:
    return table.merge(reference.epci()[["epci_siren", "nom", "departement"]], on="epci_siren", how="left")


def sources(received: ir.Table, contracts: ir.Table) -> pd.DataFrame:
    """What each received file brought: contracts, those of the region with a year, and what they say."""
    all_of = received.group_by(["source_fichier", "format"]).aggregate(
        marches=received.count(), sans_annee=received.annee.isnull().sum().cast("int64")
    )
    region = contracts.group_by("source_fichier").aggregate(
        marches_region=contracts.count(),
        sans_epci=contracts.epci_siren.isnull().sum().cast("int64"),
        sans_objet=contracts.sans_objet.sum().cast("int64"),
        sans_montant=contracts.montant.isnull().sum().cast("int64"),
        sans_champ_social=(contracts.statut_social == "non_renseigne").sum().cast("int64"),
    )
    table = all_of.to_pandas().merge(region.to_pandas(), on="source_fichier", how="left")
    counts = ["marches_region", "sans_epci", "sans_objet", "sans_montant", "sans_champ_social"]
    table[counts] = table[counts].fillna(0).astype("int64")
    return table.sort_values("source_fichier", ignore_index=True)


def strip(segments: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The headline figures of the latest year with contracts, among the dataset's editions."""
    years = [edition.annee for edition in dataset.editions]
    whole = segments[(segments["territoire"] == dataset.region) & segments["edition"].isin(years)]
    if whole.empty:
        return headlines([])
    year = int(whole["edition"].max())
    now = whole[whole["edition"] == year]
    clear = int(now["renseignes"].sum())
    common = {"edition": year, "perimetre": f"{dataset.territory_name}, marchés notifiés en {year}"}
    figures = [
        {"libelle": "Marchés publics exécutés dans la région", "valeur": float(now["marches"].sum()),
         "decimales": 0, "unite": "marchés", **common},
        {"libelle": "Montant connu, hors taxes", "valeur": float(now["montant"].sum()) / 1e6,
         "decimales": 0, "unite": "M€", **common},
        {"libelle": "Marchés dont le champ social est renseigné", "valeur": float(clear),
         "decimales": 0, "unite": "marchés", **common},
    ]  # fmt: skip
    if clear:
        share = 100 * now["avec_clause"].sum() / clear
        figures.append(
            {"libelle": "Part des marchés avec une clause sociale, parmi les marchés qui renseignent ce champ",
             "valeur": float(share), "decimales": 1, "unite": "%", **common}
        )  # fmt: skip
    return headlines(figures)
