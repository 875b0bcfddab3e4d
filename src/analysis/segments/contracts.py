"""Queries over the clean contracts, as Ibis expressions: DuckDB runs them, or Spark (`engine` in params.yaml).

Row order is never relied on; whoever writes a result sorts it.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.core import reference
from analysis.core.codes import by_prefix
from analysis.core.errors import DataError
from analysis.core.params import Engine, load_params
from analysis.core.texts import words

OTHER = "AUTRE"


def open_contracts(path: Path, engine: Engine | None = None) -> ir.Table:
    """The clean contracts of a Parquet file, as a lazy table of `engine`, else of the one in `params.yaml`.

    Raises DataError, one French sentence, when that engine is not installed. Tables to join with are read by the
    connection of this one (`get_backend`).
    """
    return connect(engine or load_params().engine).read_parquet(path)


def connect(engine: Engine) -> Any:
    """A new DuckDB in memory, or the Spark session of this process: where SPARK_REMOTE says, else on this machine."""
    if engine == "duckdb":
        return ibis.duckdb.connect()
    if missing := missing_for_spark():
        raise DataError(
            f"params.yaml, clé « engine » : valeur « spark », mais {missing} ; attendu : pyspark (pip install "
            '"clauses-sociales-analysis[spark]") et Java 17 ou plus (paquet default-jre-headless), ou « duckdb ».'
        )
    from pyspark.sql import SparkSession

    # No web page of its own; days and hours are those of no place.
    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC"}
    return ibis.pyspark.connect(SparkSession.builder.config(map=settings).getOrCreate())


def missing_for_spark() -> str | None:
    """What Spark lacks here, in French; None when it can run."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark n'est pas installé"
    if not (shutil.which("java") or "JAVA_HOME" in os.environ or "SPARK_REMOTE" in os.environ):
        return "Java est introuvable"
    return None


def with_segment(contracts: ir.Table) -> ir.Table:
    """`contracts` with `segment`, as their CPV code tells it."""
    return contracts.mutate(segment=_by_cpv(contracts))


def _by_cpv(contracts: ir.Table) -> ir.StringValue:
    """The segment of the longest known prefix of the CPV code; AUTRE without one."""
    prefixes = reference.table("nomenclatures/segments_cpv")
    found = []
    for length, mine in sorted(prefixes.groupby(prefixes["prefixe_cpv"].str.len()), reverse=True):
        mapping = dict(zip(mine["prefixe_cpv"], mine["segment"], strict=True))
        found.append(contracts.codeCPV.left(int(length)).cases(*mapping.items(), else_=None))
    return ibis.coalesce(*found, ibis.literal(OTHER))


def segment_of_cpv(codes: pd.Series) -> pd.Series:
    """The segment of each CPV code, as `with_segment` tells it, for the rows at hand."""
    known = reference.table("nomenclatures/segments_cpv").set_index("prefixe_cpv")["segment"]
    return by_prefix(codes, known).fillna(OTHER)


def with_told_segment(contracts: ir.Table, told: Path) -> ir.Table:
    """`contracts` with segment and segment_source, as the stage `classify` told them (a Parquet file).

    Contracts of other regions, which are not told, have the segment of their CPV and no source.
    """
    # Read by the connection of `contracts`: tables of two connections cannot be joined.
    known = contracts.get_backend().read_parquet(told).select("uid", "segment", "segment_source")
    joined = contracts.left_join(known, "uid")
    # In this order: what is told is not looked up.
    segment = ibis.coalesce(joined.segment, _by_cpv(joined))
    return joined.select(*contracts.columns, segment.name("segment"), "segment_source")


def inside(contracts: ir.Table, departements: list[str]) -> ir.Table:
    """Contracts executed in `departements`: that of their EPCI, else their own where it alone is known."""
    return contracts.filter(_is_in(contracts, departements))


def outside(contracts: ir.Table, departements: list[str]) -> ir.Table:
    """Contracts executed in a known department that is none of `departements`."""
    return contracts.filter(contracts.departement.notnull(), ~_is_in(contracts, departements).fill_null(False))


def _is_in(contracts: ir.Table, departements: list[str]) -> ir.BooleanValue:
    """Whether a contract is executed in `departements`; missing where neither its EPCI nor its department says so."""
    known = reference.epci()
    here = known["departement"].isin(departements)
    local = contracts.epci_siren.isin(list(known.loc[here, "epci_siren"]))
    found = contracts.departement.isin(departements) | local
    away = list(known.loc[~here, "epci_siren"])
    return found & ~contracts.epci_siren.isin(away).fill_null(False) if away else found


def of_buyers_in(contracts: ir.Table, departements: list[str]) -> ir.Table:
    """All contracts, wherever executed, of the buyers (acheteur_siren) that have one executed in `departements`."""
    return contracts.semi_join(inside(contracts, departements), "acheteur_siren")


COUNTED = (
    "annee", "epci_siren", "departement", "epci_methode", "acheteur_siren", "categorie", "statut_social", "montant",
    "source_fichier",
)  # fmt: skip


def counted(contracts: ir.Table, told: Path) -> ir.Table:
    """What contracts are counted by: `COUNTED`, sans_objet, and the segment and segment_source of the file `told`.

    DuckDB computes it once for all queries that follow.
    """
    # Before the join: objects, by far the widest column, do not go through it.
    narrow = contracts.select("uid", "codeCPV", *COUNTED, sans_objet=contracts.objet.isnull())
    rows = with_told_segment(narrow, told).drop("uid", "codeCPV")
    engine = contracts.get_backend()
    return engine.create_table("marches_comptes", rows, temp=True) if engine.name == "duckdb" else rows


def executed_in(rows: pd.DataFrame, departements: list[str]) -> pd.Series:
    """Whether each of the rows at hand is executed in `departements`, as `inside` says it."""
    home = reference.epci().set_index("epci_siren")["departement"]
    return rows["epci_siren"].map(home).fillna(rows["departement"]).isin(departements)


def latest_years(years: pd.Series, day: dt.date, most: int = 1) -> list[int]:
    """The last `most` of the `years` that were over on `day`, in order; none where no year was.

    A year under way is no year: it would say that hardly anything is bought. Contracts notified the day after the
    observation, or whose identifier alone has a year, are of one.
    """
    over = (day + dt.timedelta(days=1)).year
    return sorted(int(year) for year in years.dropna().unique() if year < over)[-most:]


def states(contracts: ir.Table, by: list[str], highest: pd.Series) -> ir.Table:
    """Contracts, amounts and each state of the social field, grouped `by`; `contracts` have their segment.

    `renseignes` counts the contracts whose field says something clear, the base of `part_clause`;
    `montant` sums the amounts that are known and believed, `montants_connus` counts them, `montants_invraisemblables`
    those above the `highest` believed of their segment (euros, by segment: `amounts.highest`).
    """
    status = contracts.statut_social
    above = _above(contracts, highest)
    amount = above.ifelse(None, contracts.montant)
    return contracts.group_by(by).aggregate(
        marches=contracts.count(),
        # In cents: sums of whole numbers are the same in whatever order several threads add them.
        montant=(amount * 100).round().cast("int64").sum().fill_null(0).cast("float64") / 100,
        montants_connus=amount.count(),
        montants_invraisemblables=above.sum().fill_null(0).cast("int64"),
        renseignes=status.isin(reference.social_states("est_renseigne")).sum().cast("int64"),
        avec_clause=status.isin(reference.social_states("porte_clause")).sum().cast("int64"),
        **{f"statut_{code}": (status == code).sum().cast("int64") for code in reference.labels("statuts_sociaux")},
    )


def _above(contracts: ir.Table, highest: pd.Series) -> ir.BooleanValue:
    """Whether the amount of each contract is above the `highest` of its segment; false where either is not known."""
    known = highest[np.isfinite(highest)]
    ceiling = ibis.null("float64") if known.empty else contracts.segment.cases(*known.items(), else_=None)
    return (contracts.montant > ceiling).fill_null(False)


def bought(codes: pd.Series) -> pd.Series:
    """TRAVAUX, SERVICES or FOURNITURES, by the division of each CPV code; missing where there is none."""
    return codes.str[:2].map(reference.table("nomenclatures/cpv_divisions").set_index("code")["nature"])


UNDER = "sous_un_autre"  # what `under_another` said of each contract, once for all that asks


def under_another(contracts: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether each contract (nature, idAccordCadre, objet) is made under a framework agreement: it spends it, and its
    amount is held in that of the framework. Contracts that have `UNDER` are not read again.

    Any of the three may say so. A framework agreement is not made under another, whatever it announces: its object has
    the word in the plural (« accord-cadre à marchés subséquents »), that of one of its contracts in the singular.
    """
    if UNDER in contracts:
        return contracts[UNDER].to_numpy(bool)
    said = says_under_another(contracts["nature"]) | says_under_another(contracts["objet"])
    return said | contracts["idAccordCadre"].notna().to_numpy(bool)


def says_under_another(labels: pd.Series) -> NDArray[np.bool_]:
    """Whether each label names a contract made under a framework agreement, by a word of `liens/mots`."""
    markers = frozenset(reference.table("liens/mots")["mot"])
    found = np.zeros(len(labels), dtype=bool)
    # Most labels are not taken apart. An accented letter wrongly encoded is dropped: « subsÃ©quent ».
    for place in np.flatnonzero(labels.fillna("").str.contains("subs", case=False).to_numpy(bool)):
        label = str(labels.iloc[place])
        read = words(label) + words(label.encode("ascii", "ignore").decode())
        found[place] = not markers.isdisjoint(read)
    return found
