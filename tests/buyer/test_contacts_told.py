"""Whom a sheet says to call first, and why."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.buyer.views.steps import contacts

LISTED = pd.DataFrame({"achat_id": "A1", "rang": [1], "nom": "Une", "nature_porteuse": "PLIE", "commune": "Lille",
                       "contact": None})  # fmt: skip


class Sheet(SimpleNamespace):
    """A page whose tables are given."""

    __hash__ = object.__hash__

    def read(self, table: str, **where: object) -> pd.DataFrame:
        return self.tables[table]


def sheet(rows: pd.DataFrame, epci: str | None, directory: pd.DataFrame = LISTED) -> Sheet:
    bought = pd.DataFrame({"achat_id": ["A1"], "lieu_nom": "ici", "epci_siren": [epci]})
    tables = {"contacts": rows, "achats": bought, "facilitators/annuaire": directory}
    return Sheet(key="A1", latest=2025, csv=str, tables=tables)


@pytest.mark.parametrize(
    ("minutes", "epci", "note"),
    [
        (None, "200093201", "La première consacre, d'après ce qui peut être dit, le plus"),
        (None, None, "d'intercommunalités du département"),
        (40.0, "200093201", None),
    ],
)
def test_the_reason_to_call_the_first_is_that_of_its_rank(minutes: float | None, epci: str | None, note: str) -> None:
    both = pd.concat([LISTED, LISTED.assign(rang=2, nom="Autre")], ignore_index=True)
    shown = contacts(sheet(both.assign(minutes=minutes).astype({"minutes": "float64"}), epci))
    assert note in shown.note if note else shown.note is None and shown.takeaway.startswith("Zone blanche")


@pytest.mark.parametrize("epci", ["200093201", None])
def test_one_structure_alone_is_not_the_first_of_others(epci: str | None) -> None:
    assert contacts(sheet(LISTED.assign(minutes=float("nan")), epci)).note is None


def test_a_place_that_nobody_declares_is_no_region_without_facilitators() -> None:
    nobody = LISTED.assign(minutes=1.0)[:0]
    assert "ne déclare ce territoire" in contacts(sheet(nobody, None)).text()
    assert "n'est inventorié" in contacts(sheet(nobody, None, LISTED[:0])).text()
