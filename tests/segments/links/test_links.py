from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import binomtest

from analysis.consolidation.duplicates import kept_operation, load_decisions
from analysis.core.files import read_table
from analysis.core.params import LinkParams
from analysis.core.paths import clean_dir, raw_dir
from analysis.segments.contracts import open_contracts, with_segment
from analysis.segments.links.model import compared, followed, links, published

SETTINGS = LinkParams(
    days_before=300, days_after=120, prior=0.02, prior_pairs=20, threshold=0.5, seed=1, draws=100, min_operations=2
)
TOWN, SCHOOL = "21590350100017", "21590350100025"
FIRM, OTHER_FIRM = "57621468100024", "82235987700013"
LILLE = "200093201"


def exports(*operations: dict) -> dict[str, pd.DataFrame]:
    """Clean tables of operations of the town of Lille that start on 1 June 2024."""
    default = {
        "annee": 2024, "structure_id": "S1", "op_id": "S1:1", "libelle": "Nettoyage des écoles du centre",
        "maitre_ouvrage_siret": TOWN, "segment": "PROPRETE", "date_debut": "2024-06-01", "date_fin": "2025-06-01",
        "entreprise_siret": FIRM, "epci_siren": LILLE,
    }  # fmt: skip
    rows = pd.DataFrame([{**default, **changes} for changes in operations])
    for name in ("date_debut", "date_fin"):
        rows[name] = pd.to_datetime(rows[name])
    return {"operations": rows, "engagements": rows, "territoires": rows}


def contracts(*rows: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    default = {
        "objet": "Nettoyage des écoles du centre", "acheteur_id": TOWN, "segment": "PROPRETE", "dureeMois": 12.0,
        "dateNotification": "2024-05-01", "datePublicationDonnees": "2024-05-20", "epci_siren": LILLE,
        "departement": "59", "titulaire_id": FIRM, "nature": "Marché", "idAccordCadre": None,
    }  # fmt: skip
    table = pd.DataFrame([{**default, "uid": f"M{n}", **row} for n, row in enumerate(rows)])
    return table, table[["uid", "titulaire_id"]]


def linked(operations: list[dict], deals: list[dict], kept: dict[str, str] | None = None) -> dict[str, str]:
    found = links(followed(exports(*operations), kept or {}), published(*contracts(*deals)), SETTINGS)
    return dict(zip(found["uid"], found["operation"], strict=True))


def test_an_operation_takes_all_its_lots_and_leaves_what_is_bought_elsewhere() -> None:
    lots = [{"objet": f"Nettoyage des écoles du centre - Lot {n} vitrerie"} for n in (1, 2)]
    others = [
        {"objet": "Achat de papier", "segment": "FOURNITURES", "titulaire_id": OTHER_FIRM, "dureeMois": 48.0},
        {"objet": "Tonte des pelouses", "segment": "ESPACES_VERTS", "titulaire_id": OTHER_FIRM, "dureeMois": 3.0},
    ]
    assert linked([{}], [*lots, *others]) == {"M0": "S1:1", "M1": "S1:1"}


def test_what_two_structures_entered_is_linked_once_to_the_one_that_stands() -> None:
    entries = [{}, {"structure_id": "S2", "op_id": "S2:9"}]
    assert linked(entries, [{}], kept={"S1:1": "S1:1", "S2:9": "S1:1"}) == {"M0": "S1:1"}


def test_a_contract_claimed_alike_by_two_operations_goes_to_neither() -> None:
    assert linked([{}, {"structure_id": "S2", "op_id": "S2:9"}], [{}]) == {}


def test_a_contract_goes_to_the_likelier_of_two_operations() -> None:
    near = {"op_id": "S1:2", "libelle": "Nettoyage du stade", "entreprise_siret": OTHER_FIRM}
    assert linked([{}, near], [{}]) == {"M0": "S1:1"}


@pytest.mark.parametrize(
    "under",
    [
        {"objet": "Nettoyage des écoles du centre (marché subséquent n° 2)"},
        {"nature": "Marché subséquent"},
        {"idAccordCadre": "2019-04"},
    ],
)
def test_a_contract_made_under_another_is_not_the_operation_s(under: dict) -> None:
    assert linked([{}], [{}, under]) == {"M0": "S1:1"}


def test_a_framework_that_announces_its_contracts_is_the_operation_s() -> None:
    framework = {"objet": "Nettoyage des écoles du centre, accord-cadre à marchés subséquents"}
    assert linked([{}], [framework]) == {"M0": "S1:1"}


def test_pairs_are_of_one_buyer_or_one_company_around_the_start() -> None:
    deals = contracts(
        {"acheteur_id": SCHOOL},  # another site of the buyer
        {"acheteur_id": "26590671900011"},  # another buyer, the same company
        {"acheteur_id": "26590671900011", "titulaire_id": OTHER_FIRM},
        {"dateNotification": "2023-06-01"},  # too early
        {"dateNotification": None, "datePublicationDonnees": "2024-06-20"},
    )
    pairs = compared(followed(exports({}), {}), published(*deals), SETTINGS)
    seen = {field: level.tolist() for field, level in pairs.seen.items()}
    assert pairs.contract.tolist() == [0, 1, 4]
    assert seen["acheteur"] == [1, 2, 0]
    assert seen["titulaire"] == [0, 0, 0] and seen["lieu"] == [0, 0, 0]
    assert seen["delai"] == [2, 2, 1]  # 31 days before the start, twice, and 19 after
    assert seen["bloc"] == [0, 0, 0]


def test_without_operations_or_contracts_there_are_no_links() -> None:
    assert linked([{}], [{"acheteur_id": "26590671900011", "titulaire_id": OTHER_FIRM}]) == {}


def test_links_of_a_year_of_the_demo_are_found(demo: Path) -> None:
    """Precision and recall over the links that both clean sources hold, of operations that start in one year."""
    year = 2024
    kept = kept_operation(load_decisions(raw_dir("demo") / "decisions" / "doublons_operations.csv"))
    clean = {
        name: read_table(clean_dir("demo", "exports") / f"{name}.parquet")
        for name in ("operations", "engagements", "territoires")
    }
    clean["operations"] = clean["operations"][clean["operations"]["date_debut"].dt.year == year]
    deals = with_segment(open_contracts(clean_dir("demo", "decp") / "marches.parquet"))
    deals = deals.filter(deals.annee.between(year - 1, year)).to_pandas()
    holders = read_table(clean_dir("demo", "decp") / "marches_titulaires.parquet")
    operations = followed(clean, kept)
    found = links(operations, published(deals, holders), SETTINGS)
    known = pd.read_csv(raw_dir("demo") / "verite" / "operations_marches.csv", dtype=str)
    known["operation"] = (known["structure_id"] + ":" + known["op_id"]).map(lambda op: kept.get(op, op))
    both = known["operation"].isin(operations.operations["operation"]) & known["uid"].isin(deals["uid"])
    true = set(zip(known.loc[both, "operation"], known.loc[both, "uid"], strict=True))
    got = set(zip(found["operation"], found["uid"], strict=True))
    assert len(true) > 300
    assert binomtest(len(got & true), len(got)).proportion_ci(0.95, "wilson").low > 0.94
    assert binomtest(len(got & true), len(true)).proportion_ci(0.95, "wilson").low > 0.94
    assert not found["uid"].duplicated().any()
