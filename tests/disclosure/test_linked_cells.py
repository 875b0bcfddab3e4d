"""Which numbers are the same cell and which add up, read from the reference and held against the tables."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.numbers import ROUNDED_SUFFIX
from analysis.disclosure.links import links
from analysis.disclosure.primary import OPEN
from analysis.schemas.registry import DELIVERABLES, published
from consolidation.releases import measured
from consolidation.world import dataset

INDICATORS = "consolidation.indicateurs"


def test_every_hidable_column_says_which_cell_it_is_or_why_it_is_none() -> None:
    """A column added to a protected table must be told to disclosure control, or the reader could compute with it."""
    cells = reference.table("secret/cellules")
    told = {
        (table, name)
        for table, expression in zip(cells["table"], cells["expression"], strict=True)
        for name in re.findall(r"[a-z_]\w*", expression)
    }
    none = reference.table("secret/sans_cellule")
    excused = {
        (table, name)
        for table, columns in zip(none["table"], none["colonnes"], strict=True)
        for name in columns.split("|")
    }
    asked = {
        (f"{deliverable}.{name}", column)
        for deliverable in DELIVERABLES
        for name, schema in published(deliverable).items()
        if schema.metadata["controle"] != "ouvert"
        for column in schema.metadata["values"]
    }
    assert asked == (told & asked) | (excused & asked)
    assert not excused - asked, "columns excused that are no hidable columns"


def test_every_measure_of_a_cell_is_known() -> None:
    cells = reference.table("secret/cellules").fillna("")
    names = pd.concat([cells["numerateur"], cells["denominateur"]])
    names = names[names.str.contains("/") & ~names.str.startswith("=")]
    assert set(names.str.split("[/:]", regex=True).str[0]) <= set(reference.table("secret/mesures")["mesure"])


def test_what_may_be_told_rounded_is_one_cell_and_has_a_column_that_says_to_what() -> None:
    cells = reference.table("secret/cellules").fillna("")
    plain = cells[cells["denominateur"] == ""]
    for rule in reference.table("secret/arrondis").itertuples():
        deliverable, table = rule.table.split(".")
        schema = published(deliverable)[table]
        assert rule.colonne in schema.metadata["values"] and f"{rule.colonne}{ROUNDED_SUFFIX}" in schema.columns
        assert len(plain[(plain["table"] == rule.table) & (plain["expression"] == rule.colonne)])
        units = [float(unit) for unit in rule.unites.split("|")]
        assert units == sorted(units) and all(unit.is_integer() for unit in units), "the finest first, printed whole"


def test_bounds_are_of_cells_and_follow_from_columns_that_nothing_hides() -> None:
    """A bound read from a column that may be emptied would tell the program more than the reader."""
    kinds = reference.table("publication/indicateurs").set_index("code")["controle"]
    always = {f"indicateur={code}" for code in kinds.index[kinds == OPEN]}
    for rule in reference.table("secret/bornes").astype("object").fillna("").itertuples():
        deliverable, table = rule.table.split(".")
        named = re.findall(r"[a-z_]\w*", f"{rule.bas} {rule.haut}")
        assert rule.filtre in always or not set(named) & set(published(deliverable)[table].metadata["values"])
        assert rule.cellule in set(reference.table("secret/cellules")["numerateur"])


def test_what_counts_rows_of_another_table_is_a_column_of_its_own_that_may_be_hidden() -> None:
    for rule in reference.table("secret/comptes").itertuples():
        (counts, counted) = (
            published(name)[table] for name, table in (n.split(".") for n in (rule.table, rule.comptee))
        )
        assert rule.colonne in counts.metadata["values"] and "secret" in counted.columns
        assert set(rule.cles.split("|")) <= set(counts.columns) & set(counted.columns)


def test_two_rows_of_one_person_at_least_are_two_persons_at_least() -> None:
    rows = measured(
        *((2025, place, "beneficiaires", "RSA", value) for place, value in (("32", 9), ("59", 4), ("80", 5)))
    )
    assert links({INDICATORS: rows}, dataset(2025)).cells["bas"].tolist() == [2, 1, 1]


def test_public_operations_bound_commitments_unless_the_data_say_otherwise() -> None:
    rows = measured(*((2025, "59", name, "ensemble", value) for name, value in (("operations", 2), ("lots", 2))))
    assert links({INDICATORS: rows}, dataset(2025)).cells.loc["lots/2025/59/ensemble", "bas"] == 2
    rows.loc[rows["indicateur"] == "lots", "valeur"] = 1
    assert links({INDICATORS: rows}, dataset(2025)).cells.loc["lots/2025/59/ensemble", "bas"] == 1


def test_a_bound_goes_down_and_up_again_as_far_as_sums_lead() -> None:
    """Three kinds of employers are three contracts at least, so those of the only legal mechanism, in whatever row."""
    total = measured((2025, "59", "contrats_travail", "ensemble", 5))
    parts = [("employeur", kind, count) for kind, count in (("EI", 1), ("ACI", 1), ("ETTI", 3))]
    rows = pd.DataFrame([*parts, ("mecanisme", "EXEC", 5)], columns=["axe", "modalite", "contrats"]).assign(
        edition=2025,
        territoire="59",
        champ=True,
        _sensible=False,
        heures=float("nan"),
        part_heures=float("nan"),
        beneficiaires=None,
    )
    found = links({INDICATORS: total, "consolidation.ventilation": rows}, dataset(2025)).cells["bas"]
    names = ("ensemble", "mecanisme=EXEC", "tous:EXEC")
    assert found[[f"contrats/2025/59/{name}" for name in names]].to_list() == [3, 3, 3]


@pytest.mark.parametrize(("missions", "sign"), [(100.0, 1), (90.0, 1), (110.0, -1)])
def test_where_the_law_says_at_least_equal_numbers_say_no_more_and_others_what_they_are(
    missions: float, sign: int
) -> None:
    rows = pd.DataFrame({"axe": ["employeur", "contrat"], "modalite": ["ETTI", "INTERIM_INSERTION"]})
    rows = rows.assign(edition=2025, territoire="32", champ=True, heures=[100.0, missions], _sensible=False)
    rows = rows.assign(part_heures=float("nan"), beneficiaires=None, contrats=None)
    assert links({"consolidation.ventilation": rows}, dataset(2025)).sums["sens"].iloc[0] == sign


def test_ranks_of_stays_add_up_and_returns_are_the_stays_of_the_next_rank() -> None:
    """Ten persons: six stop after one stay, three after two, one after four."""
    counts = {(0, "durable"): 10, (1, "durable"): 6, (1, "retour"): 4, (2, "durable"): 3, (2, "retour"): 1,
              (3, "durable"): 1, (3, "retour"): 1}  # fmt: skip
    rows = pd.DataFrame([(*key, n, n) for key, n in counts.items()], columns=["rang", "issue", "personnes", "sejours"])
    rows = rows.assign(part=rows["sejours"] / rows.groupby("rang")["sejours"].transform("sum"))
    found = links({"consolidation.parcours": rows}, dataset(2025))
    assert found.sums["ecart"].eq(0).all()
    sums = {
        (part.loc[part["signe"] < 0, "cellule"].item(), *sorted(part.loc[part["signe"] > 0, "cellule"]))
        for _, part in found.terms.groupby("somme")
    }
    assert {
        ("passes/0/issue=durable", *(f"passes/{rank}/issue=durable" for rank in (1, 2, 3))),
        ("sejours/0/issue=durable", *(f"sejours/{rank}/issue=durable" for rank in (1, 2, 3))),
        ("sejours/1/issue=retour", "passes/1/issue=retour"),
        ("passes/1/issue=retour", "sejours/2/ensemble"),
        ("sejours/3/ensemble", "sejours/2/issue=retour", "sejours/3/issue=retour"),
    } <= sums


def test_a_share_an_etp_and_a_total_are_the_same_hours() -> None:
    rows = measured(
        (2025, "32", "heures_realisees", "ensemble", 1607.0),
        (2025, "32", "etp_1607", "ensemble", 1.0),
        (2025, "32", "heures_realisees", "RSA", 607.0),
        (2025, "32", "part_heures_totales", "RSA", 607 / 1607),
    )
    found = links({INDICATORS: rows}, dataset(2025))
    assert found.cells["valeur"].to_dict() == {"heures/2025/32/RSA": 607.0, "heures/2025/32/ensemble": 1607.0}


def test_departments_add_up_to_the_region_and_what_is_missing_is_placed_nowhere() -> None:
    rows = measured(
        (2025, "32", "heures_realisees", "ensemble", 100.0),
        (2025, "59", "heures_realisees", "ensemble", 60.0),
        (2025, "80", "heures_realisees", "ensemble", 30.0),
        (2025, "200093201", "heures_realisees", "ensemble", 60.005),
    )
    found = links({INDICATORS: rows}, dataset(2025))
    sums = {
        frozenset(zip(part["cellule"].str.removeprefix("heures/2025/"), part["signe"], strict=True)): found.sums.loc[n]
        for n, part in found.terms.groupby("somme")
    }
    region = sums[frozenset({("32/ensemble", -1), ("59/ensemble", 1), ("80/ensemble", 1)})]
    assert region["ecart"] == 10.0
    lille = sums[frozenset({("59/ensemble", -1), ("200093201/ensemble", 1)})]
    assert lille["ecart"] == 0.0, "what rounding explains is no gap"


def test_profiles_add_up_to_the_audience_that_they_hold() -> None:
    indicators = measured((2025, "32", "heures_realisees", "RSA", 50.0), (2025, "32", "heures_realisees", "DELD", 40.0))
    profiles = pd.DataFrame(
        {
            "edition": 2025,
            "profil": ["DELD", "DELD+RSA", "RSA", "AUCUN"],
            "heures": [10.0, 30.0, 20.0, 5.0],
            "part_heures": [10 / 65, 30 / 65, 20 / 65, 5 / 65],
            "beneficiaires": [1, 3, 2, 1],
        }
    )
    found = links({INDICATORS: indicators, "consolidation.profils": profiles}, dataset(2025))
    heads = found.terms[found.terms["signe"] == -1].set_index("somme")["cellule"]
    parts = found.terms[found.terms["signe"] == 1].groupby("somme")["cellule"].agg(set)
    rsa = {cell for n in heads.index[heads == "heures/2025/32/RSA"] for cell in parts[n]}
    assert rsa == {"heures/2025/32/profil=DELD+RSA", "heures/2025/32/profil=RSA"}
    assert found.cells.loc["heures/2025/32/ensemble", "valeur"] == 65, "the base of the shares is found from them"
