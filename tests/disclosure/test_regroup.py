"""What a coarser grouping would hide, by hand."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.disclosure.regroup import proposals
from analysis.schemas.registry import published

RATIOS, AREAS, OTHERS = "facilitators.ratios", "facilitators.zones", "facilitators.autres_acteurs"


def proposed(name: str, frame: pd.DataFrame, gone: list[int]) -> pd.DataFrame:
    hidden = pd.DataFrame({"table": name, "ligne": gone, "regle": "porteur_unique"})
    return proposals({name: frame}, hidden, 0.2).set_index("regroupement")


def test_structures_add_up_over_natures_that_are_told_together_and_the_whole_is_none_of_them() -> None:
    hosts = pd.DataFrame({"nature_porteuse": ["PLIE", "MDE", "CD", "ensemble"], "_structures": [3, 2, 1, 6]})
    row = proposed(RATIOS, hosts.assign(indicateur="epci_par_etp"), [0, 1, 2]).iloc[0]
    assert (row["lignes"], row["part_cachee"], row["lignes_regroupees"], row["part_au_plus"]) == (3, 1.0, 2, 0.5)


def test_who_refuses_for_an_area_or_a_day_may_refuse_for_the_group() -> None:
    places = pd.DataFrame({"epci_siren": ["a", "b", "c", "d"], "departement": ["59", "59", "80", "80"]})
    refused = proposed(AREAS, places.assign(_personnes_sans_accord=[1, 1, 0, 0]), [0, 1])
    assert refused.empty, "half of the departments, as half of the areas"
    days = pd.to_datetime(["2022-12-31", "2023-12-31", "2024-12-31", "2025-12-31"] * 2)
    others = pd.DataFrame({"jour": days, "nature_porteuse": ["BAILLEUR"] * 4 + ["CD"] * 4})
    found = proposed(OTHERS, others.assign(_personnes_sans_accord=[1, 1, 1, 0, 0, 0, 0, 0]), [0, 1, 2])
    assert "dates réunies deux à deux" not in found.index
    found = proposed(OTHERS, others.assign(_personnes_sans_accord=[1, 1, 0, 0, 1, 0, 0, 0]), [0, 1, 4])
    assert "dates réunies deux à deux" not in found.index, "two groups of four are more than three rows of eight"


def test_each_grouping_is_of_a_column_of_its_table_or_of_its_codelist() -> None:
    for rule in reference.table("secret/regroupements").fillna("").itertuples():
        deliverable, name = rule.table.split(".")
        columns = set(published(deliverable)[name].columns)
        assert rule.dimension in columns and rule.effectif in {"max", "somme"}
        if rule.nomenclature:
            assert rule.colonne in reference.table(f"nomenclatures/{rule.nomenclature}")
        else:
            assert not rule.colonne or rule.colonne in columns
