"""The calibrated year, recomputed from the files alone: mappings, exports and decisions."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from demo_files import all_sends, simplified

from analysis.core import reference

SCOPE = ["EXEC", "EXEC_CRIT"]


@pytest.fixture(scope="module")
def counted(written: Path) -> dict[str, pd.DataFrame]:
    """The tables of 2016 in scope, once the operations decided to be duplicates are left out."""
    tables = all_sends(written, 2016)
    decided = pd.read_csv(written / "decisions" / "doublons_operations.csv", dtype=str)
    twice = decided[decided["decision"] == "doublon"]
    second = set(zip(twice["structure_b"], twice["op_id_b"], strict=True))
    ops = tables["operations"]
    keys = zip(ops["structure_id"], ops["op_id"], strict=True)
    kept = pd.Series([key not in second for key in keys], index=ops.index)
    ops = ops[kept & ops["mecanisme"].isin(SCOPE)]
    engagements = tables["engagements"].merge(ops[["structure_id", "op_id", "is_anru"]], on=["structure_id", "op_id"])
    contracts = tables["contrats"].merge(
        engagements[["structure_id", "eng_id", "is_anru"]], on=["structure_id", "eng_id"], validate="many_to_one"
    )
    people = tables["beneficiaires"]
    people["personne"] = [
        f"{simplified(n)}|{simplified(p)}|{d.date()}"
        for n, p, d in zip(people["nom"], people["prenom"], people["date_naissance"], strict=True)
    ]
    contracts = contracts.merge(
        people[["structure_id", "ben_ref", "personne", "sexe", "date_naissance"]],
        on=["structure_id", "ben_ref"],
        validate="many_to_one",
    )
    hours = tables["heures"].merge(contracts, on=["structure_id", "ctr_id"], validate="many_to_one")
    hours["centi"] = [int(Decimal(h) * 100) for h in hours["heures"]]
    return {"operations": ops, "engagements": engagements, "heures": hours}


def test_counts_are_those_published(counted: dict[str, pd.DataFrame]) -> None:
    hours = counted["heures"]
    assert counted["operations"]["maitre_ouvrage_siret"].nunique() == 192
    assert len(counted["operations"]) == 888
    assert counted["engagements"]["entreprise_siret"].nunique() == 1081
    assert hours["personne"].nunique() == 3453
    assert hours.loc[hours["sexe"] == "F", "personne"].nunique() == 552


def test_hours_are_those_published_to_the_hundredth(counted: dict[str, pd.DataFrame]) -> None:
    hours = counted["heures"]
    kinds = reference.table("nomenclatures/employeurs").set_index("code")["est_iae"]
    forms = reference.table("nomenclatures/contrats").set_index("code")["est_alternance"]
    young = hours["date_naissance"] + pd.DateOffset(years=26) > hours["date_debut"]
    found = {
        "total": hours["centi"].sum(),
        "rsa": hours.loc[hours["rsa"] == "oui", "centi"].sum(),
        "qpv": hours.loc[hours["qpv"] == "oui", "centi"].sum(),
        "deld": hours.loc[hours["deld"] == "oui", "centi"].sum(),
        "jeunes": hours.loc[young, "centi"].sum(),
        "iae": hours.loc[hours["employeur_kind"].map(kinds) == "oui", "centi"].sum(),
        "alternance": hours.loc[hours["contrat_type"].map(forms) == "oui", "centi"].sum(),
        "anru": hours.loc[hours["is_anru"] == "oui", "centi"].sum(),
    }
    assert found == {
        "total": 1_302_553_00,
        "rsa": 299_727_00,
        "qpv": 273_806_00,
        "deld": 618_686_00,
        "jeunes": 473_653_00,
        "iae": 613_866_00,
        "alternance": 163_156_20,
        "anru": 61_193_00,
    }


def test_months_hold_at_most_a_full_time(counted: dict[str, pd.DataFrame]) -> None:
    by_month = counted["heures"].groupby(["structure_id", "ctr_id", "mois"])["centi"].sum()
    assert by_month.max() <= 15_167
    assert by_month.min() > 0


def test_removing_nothing_counts_too_much(written: Path) -> None:
    ops = all_sends(written, 2016)["operations"]
    assert (ops["mecanisme"].isin(SCOPE)).sum() > 888
