"""Spark gives what DuckDB gives, where Spark can run; what is said where it cannot."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import DataError
from analysis.core.files import write_table
from analysis.core.params import Engine
from analysis.schemas.build import conform
from analysis.schemas.registry import clean
from analysis.segments import contracts as queries
from analysis.segments.buyers import UNKNOWN, with_buyer_kind
from analysis.segments.contracts import (
    connect,
    counted,
    executed_in,
    inside,
    missing_for_spark,
    of_buyers_in,
    open_contracts,
    outside,
    states,
    with_segment,
    with_told_segment,
)
from analysis.segments.telling.stage import _asked

REGION = ["02", "59", "60", "62", "80"]
LILLE, MARSEILLE, SOMME_SIDE, AMIENS = "200093201", "200054807", "200069722", "248000531"
CPVS = ["45430000", "45233140", "90910000", "72000000", "99999999", None]
BUYERS = ["21590350100017", "11000201100044", "20009320100011", "26590671300019", "", "77918639400028"]
SAID = pd.Series({"779186394": "BAILLEUR"})
STATES = ["clause", "aucune", "critere", "critere_et_clause", "reserve", "contradictoire", "non_renseigne"]


@pytest.fixture
def files(project: Path) -> tuple[Path, Path]:
    """Contracts of every kind, some without amount, year, place or CPV, and the segments told of most."""
    rows = [
        {
            "uid": f"u{i:03d}", "id": f"{i}", "acheteur_id": BUYERS[i % 6], "codeCPV": CPVS[i % 5 if i % 7 else 5],
            "objet": f"Étude n° {i}", "montant": None if i % 11 == 0 else 1000.1 * i, "annee": None if i % 13 == 0 else
            2024 + i % 2, "annee_source": "notification", "lieu_type": "commune",
            "epci_siren": [LILLE, MARSEILLE, None][i % 3], "departement": ["59", "13", None, "62"][i % 4],
            "epci_methode": "commune", "statut_social": STATES[i % 7], "n_titulaires": 1, "n_modifications": 0,
            "format": "2022", "source_fichier": "f.json", "source_ligne": i + 1,
        }
        for i in range(300)
    ]  # fmt: skip
    told = pd.DataFrame(
        {"uid": f"u{i:03d}", "segment": f"S{i % 4}", "segment_p": i / 300, "segment_source": "texte"}
        for i in range(0, 300, 2)
    )
    received, known = project / "marches.parquet", project / "segments.parquet"
    frame = conform(clean()["marches"], pd.DataFrame(rows))
    # Written as ingestion does, with days: Spark does not read the nanoseconds of pandas.
    days = ", ".join(f'"{name}"::DATE AS "{name}"' for name in frame.select_dtypes("datetime"))
    duckdb.sql(f"SELECT * REPLACE ({days}) FROM frame").write_parquet(str(received))
    write_table(told, known)
    return received, known


HIGHEST = pd.Series({"TP_RESEAUX": 150.0, "S1": np.inf, "S2": 150.0})


def by_cell(contracts: ir.Table) -> ir.Table:
    return states(contracts, ["annee", "segment", "epci_siren"], HIGHEST)


QUERIES: dict[str, Callable[[ir.Table, Path], ir.Table]] = {
    "segment": lambda c, _: with_segment(c).select("uid", "segment"),
    "outside": lambda c, _: outside(c, REGION).select("uid"),
    "counted": lambda c, told: counted(with_buyer_kind(c, SAID), told),
    "region": lambda c, _: inside(c, REGION).select("uid", "departement", "epci_siren"),
    "told": lambda c, told: with_told_segment(c, told).select("uid", "segment", "segment_source"),
    "buyers": lambda c, _: with_buyer_kind(c, SAID).select("uid", "acheteur_siren", "categorie"),
    "states of all": lambda c, _: by_cell(with_segment(c)),
    "states": lambda c, told: by_cell(with_told_segment(inside(c, REGION), told)),
    "states by buyer": lambda c, _: states(with_buyer_kind(with_segment(c), SAID), ["annee", "categorie"], HIGHEST),
}


def rows(query: ir.Table) -> pd.DataFrame:
    table = query.to_pandas()
    return table.sort_values([*table.columns], ignore_index=True)


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_runs_here(files: tuple[Path, Path], name: str) -> None:
    received, told = files
    assert len(rows(QUERIES[name](open_contracts(received, "duckdb"), told))) > 5


spark = pytest.mark.skipif(missing_for_spark() is not None, reason=f"Spark cannot run here: {missing_for_spark()}")


@spark
def test_both_engines_make_the_same_tables(files: tuple[Path, Path]) -> None:
    received, told = files
    for name, query in QUERIES.items():
        here, other = (rows(query(open_contracts(received, engine), told)) for engine in _ENGINES)
        assert len(here) > 5, name
        # Both add up floats in an order of their own.
        pd.testing.assert_frame_equal(other, here, check_dtype=False, rtol=1e-12, obj=name)


@spark
def test_both_engines_learn_from_the_same_contracts(files: tuple[Path, Path]) -> None:
    one, other = (_asked(open_contracts(files[0], engine), "32", 250)[0] for engine in _ENGINES)
    assert len(one) == 250
    pd.testing.assert_frame_equal(other, one, check_dtype=False)


_ENGINES: tuple[Engine, Engine] = ("duckdb", "spark")


def test_a_buyer_is_what_operations_say_else_what_its_siren_says(files: tuple[Path, Path]) -> None:
    told = with_buyer_kind(open_contracts(files[0], "duckdb"), SAID).select("acheteur_siren", "categorie").distinct()
    found = told.to_pandas().set_index("acheteur_siren")["categorie"]
    assert found.to_dict() == {
        "215903501": "COMMUNE", "110002011": "ETAT", "200093201": "INTERCOMMUNALITE", "265906713": "HOPITAL",
        "779186394": "BAILLEUR", "": UNKNOWN,
    }  # fmt: skip


def test_the_rest_of_the_country_is_what_is_known_to_be_executed_elsewhere() -> None:
    rows = pd.DataFrame({"uid": ["a", "b", "c", "d"], "departement": ["59", "13", None, "76"]})
    placed = rows.assign(epci_siren=[None, None, MARSEILLE, SOMME_SIDE])
    found = outside(ibis.memtable(placed.astype({"epci_siren": "str"})), REGION).select("uid").to_pandas()
    assert found["uid"].tolist() == ["b"]


def test_a_contract_is_where_its_intercommunalite_is_else_where_its_department_is() -> None:
    """A dataset of the Somme has a contract of a commune of the Aisne whose intercommunalité is of the Somme, and not
    one that only the intercommunalité places in the Nord."""
    placed = pd.DataFrame(
        {
            "uid": ["a", "b", "c", "d", "e"],
            "departement": ["80", "02", "80", "80", "59"],
            "epci_siren": [AMIENS, AMIENS, LILLE, None, None],
        }
    )
    found = inside(ibis.memtable(placed), ["80"]).to_pandas()["uid"].tolist()
    assert sorted(found) == placed.loc[executed_in(placed, ["80"]), "uid"].tolist() == ["a", "b", "d"]
    assert sorted(outside(ibis.memtable(placed), ["80"]).to_pandas()["uid"]) == ["c", "e"]
    assert executed_in(placed, REGION).all() and len(inside(ibis.memtable(placed), REGION).to_pandas()) == 5


def test_buyers_of_the_region_bring_what_they_buy_elsewhere() -> None:
    rows = pd.DataFrame({"uid": ["a", "b", "c"], "acheteur_siren": ["1", "1", "2"], "departement": ["59", "13", "13"]})
    kept = of_buyers_in(ibis.memtable(rows.assign(epci_siren=MARSEILLE)), REGION).select("uid").to_pandas()
    assert sorted(kept["uid"]) == ["a", "b"]


def test_what_spark_lacks_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="pyspark n'est pas installé ; attendu : pyspark"):
        connect("spark")


def test_java_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(queries.shutil, "which", lambda name: None)
    for name in ("JAVA_HOME", "SPARK_REMOTE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DataError, match=r"Java est introuvable ; attendu : .* ou « duckdb »\."):
        connect("spark")


def test_the_engine_is_the_one_of_the_settings(files: tuple[Path, Path], project: Path) -> None:
    assert open_contracts(files[0]).get_backend().name == "duckdb"
    settings = project / "params.yaml"
    settings.write_text(settings.read_text("utf-8").replace("engine: duckdb", "engine: pandas"), encoding="utf-8")
    with pytest.raises(DataError, match="clé « engine » : valeur « pandas »"):
        open_contracts(files[0])
