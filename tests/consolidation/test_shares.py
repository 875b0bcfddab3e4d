"""Hours of an operation shared between structures and between EPCI, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.consolidation import tables
from analysis.consolidation.indicators import in_scope
from analysis.consolidation.shares import SHARED, operation_shares
from analysis.consolidation.structures import by_structure
from analysis.core.files import read_table
from analysis.core.paths import results_dir
from analysis.sources import exports, inventory
from consolidation.world import contracts, dataset, facts
from sending import EPCI_AMIENS, EPCI_LILLE, changed, people, send, write_dataset


def entries(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Operations of 2025 as entered: op_id, the operation that stands for it, structure."""
    table = pd.DataFrame(rows, columns=["op_id", "operation", "structure_id"]).assign(annee=2025)
    return table.assign(est_garde=table["op_id"] == table["operation"])


def partners(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Clean parts: op_id, structure, part."""
    table = pd.DataFrame(rows, columns=["op_id", "partenaire_id", "part"])
    return table.assign(annee=2025, structure_id="sender", part_methode="declaree").astype({"part": "float64"})


def shares(operations: pd.DataFrame, sent: pd.DataFrame) -> list[tuple[str, str, float, str]]:
    rows = operation_shares(operations, sent)
    assert list(rows.columns) == SHARED
    return list(rows[["operation", "structure_id", "part", "part_methode"]].itertuples(index=False, name=None))


def test_an_operation_that_one_structure_entered_is_wholly_its_own() -> None:
    assert shares(entries(("S1:a", "S1:a", "S1")), partners()) == []


def test_an_operation_that_two_structures_entered_is_shared_equally_and_marked() -> None:
    twice = entries(("S1:a", "S1:a", "S1"), ("S2:x", "S1:a", "S2"), ("S3:b", "S3:b", "S3"))
    assert shares(twice, partners()) == [("S1:a", "S1", 0.5, "defaut"), ("S1:a", "S2", 0.5, "defaut")]


def test_two_entries_of_one_structure_give_it_one_part() -> None:
    twice = entries(("S1:a", "S1:a", "S1"), ("S1:b", "S1:a", "S1"), ("S2:x", "S1:a", "S2"))
    assert [row[2] for row in shares(twice, partners())] == [0.5, 0.5]


def test_declared_parts_are_those_of_the_structure_kept() -> None:
    twice = entries(("S1:a", "S1:a", "S1"), ("S2:x", "S1:a", "S2"))
    mine, other = [("S1:a", "S1", 0.7), ("S1:a", "S2", 0.3)], [("S2:x", "S1", 0.1), ("S2:x", "S2", 0.9)]
    assert [row[2] for row in shares(twice, partners(*mine, *other))] == [0.7, 0.3]
    assert [row[2] for row in shares(twice, partners(*other))] == [0.1, 0.9]


def shared(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["operation", "structure_id", "part", "part_methode"])
    return table.assign(annee=2025)[SHARED]


def hours(table: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    world = dataset(2025)
    known = facts(table, shares=parts)
    known.operations["structure_id"] = "S1"
    assert len(in_scope(known, world.editions[0]))
    return by_structure(known, world).set_index("structure_id")


def test_hours_of_structures_sum_to_those_of_the_edition_to_the_hundredth() -> None:
    table = contracts({"h": 100.01}, {"operation": "OWN", "h": 7})
    third = [("OP", name, 1 / 3, "defaut") for name in ("S1", "S2", "S3")]
    rows = hours(table, shared(*third))
    assert rows["heures"].to_dict() == {"S1": 40.34, "S2": 33.34, "S3": 33.33}
    assert rows["heures_defaut"].to_dict() == {"S1": 33.34, "S2": 33.34, "S3": 33.33}
    assert rows["operations"].to_dict() == {"S1": 2, "S2": 1, "S3": 1}


def test_declared_parts_are_no_default() -> None:
    rows = hours(contracts({"h": 10}), shared(("OP", "S1", 0.25, "declaree"), ("OP", "S2", 0.75, "declaree")))
    assert rows["heures"].to_dict() == {"S1": 2.5, "S2": 7.5}
    assert rows["heures_defaut"].tolist() == [0, 0]


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 6)), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_no_hundredth_is_lost_whatever_the_parts(operations: list[tuple[int, int]]) -> None:
    table = contracts(*({"operation": f"O{n}", "h": cents / 100} for n, (cents, _) in enumerate(operations)))
    parts = [
        (f"O{n}", f"S{number}", 1 / size, "defaut")
        for n, (_, size) in enumerate(operations)
        if size > 1
        for number in range(size)
    ]
    rows = hours(table, shared(*parts))
    assert round(rows["heures"].sum() * 100) == sum(cents for cents, _ in operations)


# --- through the pipeline ----------------------------------------------------------------------


@pytest.fixture
def essai(project: Path) -> Path:
    return write_dataset()


def results() -> dict[str, pd.DataFrame]:
    exports.build("essai")
    inventory.build("essai")
    tables.build("essai")
    return {path.stem: read_table(path) for path in (results_dir("essai") / "consolidation").glob("*.parquet")}


def origins(made: dict[str, pd.DataFrame]) -> dict[tuple[str, str], tuple[float, float]]:
    rows = made["provenance"]
    return {(row.origine, row.territoire): (row.operations, row.heures) for row in rows.itertuples()}


def test_hours_without_any_declared_part_are_spread_equally_and_their_weight_is_known(essai: Path) -> None:
    send({"territoires": [{"op_id": "OP1", "epci_siren": code} for code in (EPCI_LILLE, EPCI_AMIENS)]})
    made = results()
    values = made["indicateurs"].set_index(["territoire", "indicateur", "modalite"])["valeur"]
    assert values["59", "heures_realisees", "ensemble"] == values["80", "heures_realisees", "ensemble"] == 75.38
    assert origins(made) == {
        ("TERRITOIRES_DEFAUT", "32"): (1, 150.75),
        ("TERRITOIRES_DEFAUT", "59"): (1, 75.38),
        ("TERRITOIRES_DEFAUT", "80"): (1, 75.38),
    }
    assert made["provenance"].set_index("territoire").loc["32", "part_heures"] == 1
    assert made["provenance"]["_personnes"].tolist() == [1, 1, 1]


def test_an_operation_entered_twice_is_shared_by_default_or_as_declared(essai: Path) -> None:
    path = essai / "decisions" / "doublons_operations.csv"
    path.write_text(path.read_text() + "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20\n")
    send(changed("operations", libelle="Ecole Pasteur (réhab.)"), structure="S2")
    first = send()
    made = results()
    assert made["structures"].set_index("structure_id")["heures"].to_dict() == {"S1": 75.38, "S2": 75.37}
    assert origins(made) == {("STRUCTURES_DEFAUT", "32"): (1, 150.75)}
    (first / "accompagnements.csv").write_text("op_id;partenaire_id;part\nOP1;S2;0,2\n")
    made = results()
    assert made["structures"].set_index("structure_id")["heures"].to_dict() == {"S1": 120.6, "S2": 30.15}
    assert made["structures"]["heures_defaut"].tolist() == [0, 0]
    assert origins(made) == {("STRUCTURES", "32"): (1, 150.75)}


@pytest.mark.parametrize(("others", "left"), [((1, 2, 3, 4, 5, 6), 1), ((1, 2, 3, 4, 5, 6, 7), 7)])
def test_hours_of_a_shared_operation_are_as_safe_as_those_of_one_structure_alone(
    essai: Path, others: tuple[int, ...], left: int
) -> None:
    """Those that both entered are published too: the difference is the hours of the seventh person, or nothing."""
    path = essai / "decisions" / "doublons_operations.csv"
    path.write_text(path.read_text() + "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20\n")
    send(people(1, 2, 3, 4, 5, 6, 7))
    send(people(*others), structure="S2")
    made = results()
    assert origins(made) == {("STRUCTURES_DEFAUT", "32"): (1, 700)}
    assert made["sommes"].set_index("indicateur").loc["heures_realisees", "doubles"] == 100 * len(others)
    assert made["provenance"]["_personnes"].tolist() == [left]
