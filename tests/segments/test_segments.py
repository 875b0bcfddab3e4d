from __future__ import annotations

from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest

from analysis.core.files import read_table, write_table
from analysis.core.paths import clean_dir, results_dir
from analysis.scaffold import new_dataset
from analysis.schemas.build import conform
from analysis.schemas.registry import clean
from analysis.segments import tables
from analysis.segments.telling import stage
from analysis.sources import exports, projects

EPCI = "200093201"


def contract(uid: str, **changes: object) -> dict:
    return {
        "uid": uid, "id": uid, "acheteur_id": "21590350100017", "codeCPV": "45430000", "montant": 100.0,
        "montant_initial": 100.0, "annee": 2025, "annee_source": "notification", "lieu_type": "commune",
        "epci_siren": EPCI, "departement": "59", "epci_methode": "commune", "statut_social": "clause",
        "n_titulaires": 1, "n_modifications": 0, "format": "2022", "source_fichier": "f.json",
        "source_ligne": 1, **changes,
    }  # fmt: skip


def results(*contracts: dict) -> dict[str, pd.DataFrame]:
    new_dataset("essai", "32", 2025)
    frame = pd.DataFrame(list(contracts))
    write_table(conform(clean()["marches"], frame), clean_dir("essai", "decp") / "marches.parquet")
    for name in ("marches_titulaires", "marches_modifications"):
        empty = pd.DataFrame(columns=list(clean()[name].columns))
        write_table(conform(clean()[name], empty), clean_dir("essai", "decp") / f"{name}.parquet")
    exports.build("essai")
    projects.build("essai")
    stage.build("essai")
    tables.build("essai")
    return {path.stem: read_table(path) for path in (results_dir("essai") / "segments").iterdir()}


def test_the_share_is_of_those_that_say_something_clear(project: Path) -> None:
    found = results(
        contract("a"),
        contract("b", statut_social="aucune"),
        contract("c", statut_social="critere"),
        contract("d", statut_social="reserve"),
        contract("e", statut_social="non_renseigne"),
        contract("f", statut_social="contradictoire"),
    )
    row = found["segments"].query("territoire == '32'").iloc[0]
    assert row[["segment", "marches", "renseignes", "avec_clause"]].tolist() == ["BATIMENT_FINITION", 6, 4, 2]
    assert row["part_clause"] == 0.5
    assert (row["part_clause_bas"], row["part_clause_haut"]) == pytest.approx((0.15003899, 0.84996101))


def test_without_the_social_field_there_is_no_share_rather_than_zero(project: Path) -> None:
    row = results(contract("a", statut_social="non_renseigne"))["segments"].query("territoire == '32'").iloc[0]
    assert row["renseignes"] == 0 and pd.isna(row["part_clause"])


def test_the_longest_cpv_prefix_decides_the_segment(project: Path) -> None:
    found = results(
        contract("a", codeCPV="45233140"),
        contract("b", codeCPV="45210000"),
        contract("c", codeCPV="90911000"),
        contract("d", codeCPV="90500000"),
        contract("e", codeCPV=None),
        contract("f", codeCPV="01000000"),
    )
    whole = found["segments"].query("territoire == '32'").set_index("segment")["marches"]
    assert whole.to_dict() == {
        "TP_RESEAUX": 1, "BATIMENT_GROS_OEUVRE": 1, "PROPRETE": 1, "DECHETS": 1, "AUTRE": 2,
    }  # fmt: skip


def test_places_decide_where_a_contract_counts(project: Path) -> None:
    found = results(
        contract("a"),
        contract("b", epci_siren=None, epci_methode="departement"),
        contract("c", epci_siren=None, departement="75", epci_methode="hors_region"),
        contract("d", epci_siren=None, departement=None, epci_methode="inconnu"),
        contract("e", annee=None, annee_source="inconnu"),
    )
    by_territory = found["segments"].groupby("territoire")["marches"].sum()
    assert by_territory.to_dict() == {"32": 2, "59": 2}
    assert found["epci"]["marches"].sum() == 1
    source = found["sources"].iloc[0]
    assert source[["marches", "sans_annee", "marches_region", "sans_epci"]].tolist() == [5, 1, 2, 1]


def test_an_amount_that_is_not_believed_is_in_no_sum_and_is_counted(project: Path) -> None:
    usual = [contract(f"c{i:02d}", montant=50_000.0 * (1 + i % 7), statut_social="clause") for i in range(42)]
    found = results(*usual, contract("x", montant=900e6, statut_social="clause"), contract("y", montant=None))
    whole = {
        "segments": found["segments"].query("territoire == '32'"),
        **{name: found[name] for name in ("epci", "segments_epci", "acheteurs")},
    }
    names = ["marches", "montant", "montants_connus", "montants_invraisemblables"]
    for name, rows in whole.items():
        assert rows[names].values.tolist() == [[44, 8_400_000.0, 42, 1]], name
    figures = found["headlines"].set_index("libelle")["valeur"]
    assert figures["Montant connu, hors taxes"] == pytest.approx(8.4)
    alone = found["clauses_sans_operation"].query("territoire == '32' and axe == 'ensemble'").iloc[0]
    names = ["sans_operation", "montant_sans_operation", "montants_invraisemblables"]
    assert alone[names].tolist() == [44, 8_400_000.0, 1]


def test_of_contracts_without_an_operation_those_reserved_and_the_largest_are_told_apart(project: Path) -> None:
    found = results(
        contract("a", montant=10_000.0, statut_social="clause"),
        contract("b", montant=70_000.0, statut_social="clause", departement="80", epci_siren=None),
        contract("c", montant=20_000.0, statut_social="reserve"),
        contract("d", montant=90_000.0, statut_social="critere"),
    )["clauses_sans_operation"]
    names = ["sans_operation", "reserves_sans_operation", "montant_sans_operation", "montant_reserves_sans_operation",
             "montant_le_plus_grand"]  # fmt: skip
    rows = found[found["axe"] == "ensemble"].set_index("territoire")[names]
    assert rows.loc["32"].tolist() == [3, 1, 100_000.0, 20_000.0, 70_000.0]
    assert rows.loc["59"].tolist() == [2, 1, 30_000.0, 20_000.0, 20_000.0]


def test_the_buyers_of_a_kind_are_counted_once(project: Path) -> None:
    found = results(contract("a"), contract("b"), contract("c", acheteur_id="21620041400016"))["acheteurs"]
    assert found["acheteurs"].sum() == 2


def test_amounts_that_are_unknown_are_counted_not_taken_for_zero(project: Path) -> None:
    row = results(contract("a"), contract("b", montant=None))["segments"].query("territoire == '32'").iloc[0]
    assert row[["marches", "montant", "montants_connus"]].tolist() == [2, 100.0, 1]


def test_the_order_in_which_the_engine_gives_its_rows_does_not_show(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes, places = ["45430000", "45233140", "90911000", "77310000"], [("59", EPCI), ("75", None), ("13", None)]
    rows = [
        contract(
            f"c{n}", codeCPV=codes[n % 4], annee=2021 + n % 5, montant=1000.1 * n,
            acheteur_id=f"2{n % 7}5903501000{n % 9}7", departement=places[n % 3][0], epci_siren=places[n % 3][1],
        )
        for n in range(120)
    ]  # fmt: skip
    first, asked = results(*rows), ir.Table.to_pandas
    drawn = np.random.default_rng(0)

    def shuffled(table: ir.Table) -> pd.DataFrame:
        found = asked(table)
        return found.iloc[drawn.permutation(len(found))].reset_index(drop=True)

    monkeypatch.setattr(ir.Table, "to_pandas", shuffled)
    tables.build("essai")
    for path in sorted((results_dir("essai") / "segments").iterdir()):
        pd.testing.assert_frame_equal(read_table(path), first[path.stem], check_exact=True, obj=path.stem)
