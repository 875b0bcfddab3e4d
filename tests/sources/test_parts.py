"""Parts of an operation, between EPCI and between structures: as sent, deduced, by default, scaled."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.core.files import read_table
from analysis.core.paths import clean_dir, quality_dir
from analysis.sources import exports
from sending import EPCI_AMIENS, EPCI_LILLE, send, write_dataset

EPCI_ARRAS = "200033579"


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    folder = write_dataset()
    with (folder / "structures.csv").open("a") as listed:
        listed.write("S3,Troisième,,essai\n")
    return folder


def imported(table: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    exports.build("essai")
    return (
        read_table(clean_dir("essai", "exports") / f"{table}.parquet"),
        read_table(quality_dir("essai") / "exports.parquet"),
    )


def places(*parts: str) -> dict[str, list[dict[str, str]]]:
    names = (EPCI_LILLE, EPCI_AMIENS, EPCI_ARRAS)
    return {"territoires": [{"op_id": "OP1", "epci_siren": n, "part": p} for n, p in zip(names, parts, strict=False)]}


@pytest.mark.parametrize(
    ("sent", "parts", "methods", "rules"),
    [
        (("",), [1], ["deduite"], []),
        (("", ""), [0.5, 0.5], ["defaut"] * 2, ["parts_manquantes"]),
        (("0,6", ""), [0.6, 0.4], ["declaree", "deduite"], []),
        (("0,6", "", ""), [0.6, 0.2, 0.2], ["declaree", "defaut", "defaut"], ["parts_manquantes"]),
        (("1", ""), [1], ["declaree"], ["parts_manquantes"]),
        (("0,9", "0,6", ""), [0.6, 0.4], ["ramenee"] * 2, ["parts_manquantes", "parts_somme"]),
        (("1", "0"), [1], ["declaree"], []),
    ],
)
def test_parts_of_places(sent: tuple[str, ...], parts: list[float], methods: list[str], rules: list[str]) -> None:
    send(places(*sent))
    rows, quality = imported("territoires")
    rows = rows.set_index("epci_siren").reindex([EPCI_LILLE, EPCI_AMIENS, EPCI_ARRAS]).dropna(subset="part")
    assert rows["part"].tolist() == pytest.approx(parts)
    assert rows["part_methode"].tolist() == methods
    assert sorted(quality["regle"]) == rules


def partners(**parts: str) -> dict[str, list[dict[str, str]]]:
    return {"accompagnements": [{"op_id": "OP1", "partenaire_id": s, "part": p} for s, p in parts.items()]}


@pytest.mark.parametrize(
    ("sent", "expected", "method", "rules"),
    [
        ({"S2": "0,4"}, {"S1": 0.6, "S2": 0.4}, {"declaree", "deduite"}, []),
        ({"S2": "0,4", "S1": "0,6"}, {"S1": 0.6, "S2": 0.4}, {"declaree"}, []),
        ({"S2": "", "S3": ""}, {"S1": 1 / 3, "S2": 1 / 3, "S3": 1 / 3}, {"defaut"}, ["parts_manquantes"]),
        ({"S2": "0,5", "S3": ""}, {"S1": 0.25, "S2": 0.5, "S3": 0.25}, {"declaree", "defaut"}, ["parts_manquantes"]),
        ({"S2": "0,5", "S1": "0,3"}, {"S1": 0.375, "S2": 0.625}, {"ramenee"}, ["parts_somme"]),
    ],
)
def test_parts_of_structures_hold_the_senders_own(sent: dict, expected: dict, method: set, rules: list[str]) -> None:
    send(partners(**sent))
    rows, quality = imported("accompagnements")
    assert rows.set_index("partenaire_id")["part"].to_dict() == pytest.approx(expected)
    assert set(rows["part_methode"]) == method
    assert quality["regle"].tolist() == rules


def test_an_unknown_partner_is_refused_and_an_unknown_operation_too() -> None:
    rows = [*partners(S9="0,4")["accompagnements"], {"op_id": "OP9", "partenaire_id": "S2", "part": "1"}]
    send({"accompagnements": rows})
    kept, quality = imported("accompagnements")
    assert kept.empty
    assert sorted(quality["regle"]) == ["lien_absent", "partenaire_inconnu"]
