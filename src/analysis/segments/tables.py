"""The segments' stage: clean contracts in, result tables by segment, EPCI and year out."""

from __future__ import annotations

import ibis.expr.types as ir
import pandas as pd
from scipy.stats import binomtest

from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.paths import clean_dir
from analysis.results import headlines, write_results
from analysis.segments.contracts import in_region, open_contracts, states, with_segment


def build(dataset: str) -> None:
    """Count the contracts of `dataset` by segment, EPCI and year; write the result tables."""
    described = load_dataset(dataset)
    received = open_contracts(clean_dir(dataset, "decp") / "marches.parquet")
    contracts = with_segment(in_region(received, described.region))
    contracts = contracts.filter(contracts.annee.notnull()).rename(edition="annee")
    tables = {
        "segments": _with_share(_territories(contracts, described)),
        "epci": _with_names(_with_share(_run(states(contracts.filter(contracts.epci_siren.notnull()), _EPCI), _EPCI))),
        "segments_epci": _run(
            states(contracts.filter(contracts.epci_siren.notnull()), ["edition", "segment", "epci_siren"]),
            ["edition", "segment", "epci_siren"],
        ),
        "lieux": _with_part(_run(_counted(contracts, "epci_methode"), ["edition", "epci_methode"])),
        "sources": sources(received, contracts),
    }
    tables["headlines"] = strip(tables["segments"], described)
    write_results(dataset, "segments", tables)


_EPCI = ["edition", "epci_siren"]


def _run(query: ir.Table, order: list[str]) -> pd.DataFrame:
    return query.to_pandas().sort_values(order, ignore_index=True)


def _counted(contracts: ir.Table, column: str) -> ir.Table:
    return contracts.group_by(["edition", column]).aggregate(marches=contracts.count())


def _with_part(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(part=table["marches"] / table.groupby("edition")["marches"].transform("sum"))


def _territories(contracts: ir.Table, dataset: Dataset) -> pd.DataFrame:
    """States by segment for the whole region and for each department."""
    whole = _run(states(contracts, ["edition", "segment"]), ["edition", "segment"]).assign(territoire=dataset.region)
    inside = contracts.filter(contracts.departement.notnull())
    local = _run(states(inside, ["edition", "segment", "departement"]), ["edition", "segment", "departement"])
    return pd.concat([whole, local.rename(columns={"departement": "territoire"})], ignore_index=True)


def _with_share(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with the share of contracts with clause among those that say, and its 95 % Wilson interval.

    The counts are a census: the interval tells what chance alone would move, not a sampling error.
    """
    rows: list[tuple[float | None, float | None, float | None]] = []
    for with_clause, clear in zip(table["avec_clause"], table["renseignes"], strict=True):
        if clear == 0:
            rows.append((None, None, None))
            continue
        interval = binomtest(int(with_clause), int(clear)).proportion_ci(method="wilson")
        rows.append((with_clause / clear, float(interval.low), float(interval.high)))
    names = ["part_clause", "part_clause_bas", "part_clause_haut"]
    return table.assign(**pd.DataFrame(rows, columns=names, index=table.index, dtype="float64"))


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
        sans_objet=contracts.objet.isnull().sum().cast("int64"),
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
    common = {"edition": year, "perimetre": f"{dataset.region_nom}, marchés notifiés en {year}"}
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
            {"libelle": "Part des marchés avec une clause sociale, parmi ceux qui le disent",
             "valeur": float(share), "decimales": 1, "unite": "%", **common}
        )  # fmt: skip
    return headlines(figures)
