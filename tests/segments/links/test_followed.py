from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.params import load_params
from analysis.segments.amounts import Belief
from analysis.segments.links.followed import hours_per_euro, pooled, ratios, undeclared, unfollowed
from consolidation.world import dataset

SETTINGS = load_params().segments.links
WORLD = dataset(2024, 2025)


def operations(*rows: dict) -> pd.DataFrame:
    default = {
        "segment": "PROPRETE", "categorie": "COMMUNE", "edition": 2024, "heures": 100.0, "est_close": True,
        "est_complete": True,
    }  # fmt: skip
    return pd.DataFrame([{**default, "operation": f"O{n}", **row} for n, row in enumerate(rows)])


def contracts(*rows: dict) -> pd.DataFrame:
    default = {
        "edition": 2024, "segment": "PROPRETE", "categorie": "COMMUNE", "montant": 10000.0, "departement": "59",
        "est_renseigne": True, "porte_clause": True, "operation": None, "probabilite": 1.0,
        "statut_social": "clause",
    }  # fmt: skip
    return pd.DataFrame([{**default, "uid": f"M{n}", **row} for n, row in enumerate(rows)])


def test_hours_are_of_closed_whole_operations_over_all_their_lots() -> None:
    found = ratios(
        operations({}, {"est_close": False}, {"est_complete": False}, {"heures": 0.0}, {}),
        contracts(
            {"operation": "O0"}, {"operation": "O0", "montant": 30000.0}, {"operation": "O0", "montant": None},
            {"operation": "O1"}, {"operation": "O2"}, {"operation": "O3"}, {},
        ),
    )  # fmt: skip
    assert found[["operation", "montant", "ratio"]].values.tolist() == [["O0", 40000.0, 2.5]]


def test_the_median_is_that_of_the_operations_and_a_doubtful_link_widens_its_interval() -> None:
    hours = np.geomspace(50, 400, 31)
    ops = operations(*({"heures": h} for h in hours))
    links = [{"operation": f"O{n}"} for n in range(31)]
    sure = hours_per_euro(ops, contracts(*links), SETTINGS)
    whole = sure[sure["segment"] == "ensemble"].iloc[0]
    assert whole["mediane"] == pytest.approx(np.median(hours) / 10)
    assert whole["mediane_bas"] < whole["mediane"] < whole["mediane_haut"]
    doubtful = contracts(*links, *({"operation": f"O{n}", "montant": 40000.0, "probabilite": 0.55} for n in range(31)))
    wide = hours_per_euro(ops, doubtful, SETTINGS).iloc[0]
    assert np.log(wide["mediane_haut"] / wide["mediane_bas"]) > np.log(whole["mediane_haut"] / whole["mediane_bas"])


def test_doubtful_links_of_few_operations_still_have_an_interval() -> None:
    links = [{"operation": f"O{n}", "probabilite": 0.6} for n in range(5)]
    found = hours_per_euro(operations(*({"heures": h} for h in (50, 80, 100, 150, 300))), contracts(*links), SETTINGS)
    row = found[found["segment"] == "PROPRETE"].iloc[0]
    assert row["mediane_bas"] <= row["mediane"] <= row["mediane_haut"], "a draw without any link says nothing"


def test_a_segment_with_few_operations_is_drawn_towards_the_others() -> None:
    rng = np.random.default_rng(3)
    level = {"A": (2.0, 80), "B": (4.0, 80), "C": (8.0, 80), "D": (60.0, 2)}
    rows = [(s, r) for s, (m, n) in level.items() for r in m * np.exp(rng.normal(0, 0.8, n))]
    untold = pd.DataFrame({"segment": [pd.NA], "ratio": [9e9]})  # of no segment: it stops nothing and moves nothing
    table = pd.concat([pd.DataFrame(rows, columns=["segment", "ratio"]), untold], ignore_index=True)
    found = pooled(table).set_index("segment")
    own = pd.DataFrame(rows, columns=["segment", "ratio"]).groupby("segment")["ratio"].median()
    assert found["ecart"].iloc[0] == pytest.approx(0.8, rel=0.2)
    assert found.loc[["A", "B", "C"], "lissee"].to_numpy() == pytest.approx(own[["A", "B", "C"]], rel=0.1)
    assert found.loc["D", "lissee"] < 0.9 * own["D"]
    assert (found["lissee_haut"] / found["lissee_bas"]).idxmax() == "D"


def test_a_gross_error_of_amount_moves_neither_the_middle_nor_the_spread() -> None:
    rows = pd.DataFrame({"segment": "A", "ratio": np.exp(np.linspace(-1, 1, 41))})
    spoilt = rows.assign(ratio=rows["ratio"].where(rows.index < 40, 1000.0))
    for column in ("lissee", "ecart"):
        assert pooled(spoilt)[column].iloc[0] == pytest.approx(pooled(rows)[column].iloc[0], rel=0.05)


def test_declared_clauses_without_operation_by_territory_segment_and_buyer() -> None:
    found = unfollowed(
        contracts(
            {}, {"operation": "O1"}, {"porte_clause": False}, {"est_renseigne": False},
            {"departement": "80", "segment": "SECURITE", "montant": 7.0}, {"departement": "75"}, {"montant": 2e9},
        ),
        WORLD,
        Belief(0.0, pd.Series({"PROPRETE": np.log(1e6)})),
    ).set_index(["territoire", "axe", "modalite"])  # fmt: skip
    values = ["renseignes", "declarent", "sans_operation", "montant_sans_operation", "montants_invraisemblables"]
    assert found.loc[("32", "ensemble", "ensemble"), values].tolist() == [5, 4, 3, 10007.0, 1]
    assert found.loc[("59", "ensemble", "ensemble"), values].tolist() == [4, 3, 2, 10000.0, 1]
    assert found.loc[("80", "segment", "SECURITE"), values].tolist() == [1, 1, 1, 7.0, 0]
    assert found.loc[("32", "categorie", "COMMUNE"), "declarent"] == 4


def test_an_operation_of_two_departments_counts_in_both_and_once_in_the_region() -> None:
    places = pd.DataFrame({"operation": ["O0", "O0", "O1", "O2"], "departement": ["59", "80", "59", "59"]})
    links = contracts(
        {"operation": "O0", "porte_clause": False},
        {"operation": "O0", "est_renseigne": False, "porte_clause": False},
        {"operation": "O1", "porte_clause": False},
        {"operation": "O1"},
    )
    found = undeclared(operations({}, {}, {}), places, links, WORLD).set_index(["territoire", "axe"])
    values = ["operations", "liees", "renseignees", "sans_clause_declaree", "marches"]
    assert found.loc[("32", "ensemble"), values].tolist() == [3, 2, 2, 1, 4]
    assert found.loc[("59", "ensemble"), values].tolist() == [3, 2, 2, 1, 4]
    assert found.loc[("80", "ensemble"), values].tolist() == [1, 1, 1, 1, 2]
