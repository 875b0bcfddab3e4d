"""Structures that send totals: what they add to rows, what stays unknown, what may be shown of it."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from analysis.consolidation import tables
from analysis.consolidation.totals import guarded, with_totals
from analysis.consolidation.totals_known import Span
from analysis.core.files import read_table
from analysis.core.paths import protected_dir, results_dir
from analysis.disclosure.protect import build as protect
from analysis.disclosure.shown import reasons
from analysis.sources import exports, inventory
from consolidation.world import contracts, dataset, facts
from sending import send, send_totals, totals, write_dataset

WHOLE = "ensemble"
HOURS = ("heures_realisees", WHOLE, 1000)
UNSAID = -1.0  # in place of a bound that is missing


def clean(*sends: tuple[str, list[dict]], year: int = 2025) -> pd.DataFrame:
    """The clean table of the totals of those structures."""
    rows = [{"annee": year, "structure_id": s, **row} for s, own in sends for row in own]
    return pd.DataFrame(rows).assign(valeur=lambda t: t["valeur"].astype("float64"))


def counted(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Indicators of the rows of edition 2025, without any measure."""
    table = pd.DataFrame(rows, columns=["indicateur", "modalite", "valeur"]).assign(
        edition=2025, territoire="32", unite=""
    )
    measures = ["personnes", "employeurs", "entreprises", "part_max_personne", "part_max_employeur"]
    table = table.assign(**{f"_{name}": 10.0 for name in measures}, _part_max_entreprise=0.1)
    return table.assign(_part_max_personne=0.1, _part_max_employeur=0.1)


NOTHING = counted()
ROWS = counted(
    ("heures_realisees", WHOLE, 3000), ("beneficiaires", WHOLE, 30), ("operations", WHOLE, 9),
    ("heures_realisees", "RSA", 600), ("beneficiaires", "RSA", 6), ("part_heures_statut_inconnu", "RSA", 0.2),
    ("heures_realisees", "F", 300), ("beneficiaires", "F", 5), ("part_heures_statut_inconnu", "F", 0),
    ("taux_realisation", WHOLE, 0.8),
)  # fmt: skip


def found(rows: pd.DataFrame, sent: pd.DataFrame) -> dict[tuple[str, str], float | tuple[float, float]]:
    """Each figure's value, or its two bounds."""
    table = with_totals(rows, sent, dataset(2025))
    assert not (table["valeur"].notna() & table[["valeur_min", "valeur_max"]].notna().any(axis=1)).any()
    table = table.fillna({"valeur_min": UNSAID, "valeur_max": UNSAID})
    return {
        (row.indicateur, row.modalite): (row.valeur_min, row.valeur_max) if math.isnan(row.valeur) else row.valeur
        for row in table.itertuples()
    }


def test_what_one_structure_alone_sends_is_exact_and_its_ratios_follow() -> None:
    sent = totals(
        HOURS, ("beneficiaires", WHOLE, 4), ("heures_realisees", "RSA", 250), ("heures_realisees", "F", 400),
        ("part_beneficiaires", "F", 0.16),
    )  # fmt: skip
    values = found(NOTHING, clean(("S1", sent)))
    assert values["heures_realisees", WHOLE] == 1000 and values["beneficiaires", WHOLE] == 4
    assert values["heures_par_beneficiaire", WHOLE] == 250
    assert values["etp_1607", WHOLE] == 1000 / 1607
    assert values["part_heures_totales", "RSA"] == 0.25
    assert values["part_heures", "F"] == 0.4, "everybody has a sex"
    assert values["part_beneficiaires", "F"] == 0.16, "cannot be derived: as it was sent"
    assert values["part_heures", "RSA"] == (0.25, UNSAID), "how many hours have a known status is not said"
    assert values["part_heures_statut_inconnu", "RSA"] == (0, 0.75)
    assert ("operations", WHOLE) not in values and ("heures_par_operation", WHOLE) not in values


def test_hours_add_up_and_distinct_counts_lie_between_the_largest_part_and_the_sum() -> None:
    sent = totals(HOURS, ("beneficiaires", WHOLE, 40), ("operations", WHOLE, 2), ("contrats_travail", WHOLE, 50))
    values = found(ROWS, clean(("S1", sent)))
    assert values["heures_realisees", WHOLE] == 4000
    assert values["beneficiaires", WHOLE] == (40, 70)
    assert values["operations", WHOLE] == (9, 11)
    assert values["heures_par_beneficiaire", WHOLE] == pytest.approx((4000 / 70, 100))
    assert values["etp_1607", WHOLE] == 4000 / 1607
    assert values["taux_realisation", WHOLE] == 0.8, "that of rows"


def test_a_count_that_a_structure_does_not_send_has_no_upper_bound() -> None:
    assert found(ROWS, clean(("S1", totals(HOURS))))["beneficiaires", WHOLE] == (30, UNSAID)


def test_two_totals_without_rows_have_bounds_too() -> None:
    sent = totals(HOURS, ("beneficiaires", WHOLE, 4))
    values = found(NOTHING, clean(("S1", sent), ("S2", totals(HOURS, ("beneficiaires", WHOLE, 7)))))
    assert values["heures_realisees", WHOLE] == 2000 and values["beneficiaires", WHOLE] == (7, 11)


def test_a_total_that_says_nothing_of_an_audience_is_of_unknown_status_for_it() -> None:
    values = found(ROWS, clean(("S1", totals(HOURS))))
    assert values["heures_realisees", "RSA"] == 600
    assert values["part_heures", "RSA"] == pytest.approx(600 / 2400), "on the hours whose status is known, as before"
    assert values["part_heures_statut_inconnu", "RSA"] == pytest.approx(1 - 2400 / 4000)
    assert values["part_heures_totales", "RSA"] == 600 / 4000
    assert values["part_heures", "F"] == pytest.approx(0.1)
    assert values["part_beneficiaires", "F"] == pytest.approx(5 / 30)


def test_an_audience_that_both_know_combines() -> None:
    sent = totals(
        HOURS, ("heures_realisees", "RSA", 400), ("part_heures_statut_inconnu", "RSA", 0.5),
        ("beneficiaires", "RSA", 4), ("beneficiaires", WHOLE, 10),
    )  # fmt: skip
    values = found(ROWS, clean(("S1", sent)))
    assert values["heures_realisees", "RSA"] == 1000
    assert values["part_heures", "RSA"] == pytest.approx(1000 / (2400 + 500))
    assert values["beneficiaires", "RSA"] == (6, 10)
    assert values["part_beneficiaires_totales", "RSA"] == pytest.approx((6 / 40, 10 / 30))
    assert values["part_beneficiaires", "RSA"] == (pytest.approx(6 / 40), UNSAID), "of how many, nobody says"


def test_an_audience_whose_persons_only_are_sent_has_an_unknown_number_of_hours() -> None:
    values = found(ROWS, clean(("S1", totals(HOURS, ("beneficiaires", "RSA", 4)))))
    assert values["heures_realisees", "RSA"] == (600, UNSAID)
    assert values["part_heures", "RSA"] == (pytest.approx(600 / 3400), UNSAID)


def test_departments_count_only_what_is_said_of_them() -> None:
    sent = [*totals(HOURS), *totals(("heures_realisees", WHOLE, 300), place="59")]
    table = with_totals(ROWS, clean(("S1", sent)), dataset(2025)).query("indicateur == 'heures_realisees'")
    assert table.set_index(["territoire", "modalite"])["valeur"][[("32", WHOLE), ("59", WHOLE)]].tolist() == [4000, 300]


def test_without_totals_nothing_changes_but_empty_columns() -> None:
    table = with_totals(ROWS, pd.DataFrame(), dataset(2025))
    pd.testing.assert_frame_equal(table[list(ROWS.columns)], ROWS)
    assert table[["valeur_min", "valeur_max", "_controle"]].isna().all(axis=None)


def test_a_quotient_lies_between_the_extreme_quotients() -> None:
    assert Span(2, 4) / Span(1, 8) == Span(0.25, 4)
    assert (Span(2, 2) / Span(4, 4)).exact
    assert math.isnan((Span(1, 1) / Span(0, 0)).low)


# --- disclosure --------------------------------------------------------------------------------

SAFE = (
    HOURS, ("beneficiaires", WHOLE, 12), ("employeurs", WHOLE, 4), ("entreprises", WHOLE, 5),
    ("part_max_personne", WHOLE, 0.2), ("part_max_employeur", WHOLE, 0.5), ("part_max_entreprise", WHOLE, 0.4),
)  # fmt: skip


def cell(rows: pd.DataFrame, *sends: tuple[str, list[dict]], code: str = "heures_realisees") -> pd.Series:
    table = with_totals(rows, clean(*sends), dataset(2025)).set_index(["territoire", "indicateur", "modalite"])
    return table.loc[("32", code, WHOLE)]


def test_what_comes_from_totals_must_be_safe_by_itself() -> None:
    row = cell(ROWS, ("S1", totals(*SAFE)))
    assert row["_controle"] == "heures"
    assert row[["_personnes", "_employeurs", "_entreprises"]].tolist() == [10, 4, 5], "the smaller of rows and totals"
    assert row[["_part_max_personne", "_part_max_employeur"]].tolist() == [0.2, 0.5]


def test_what_its_sender_does_not_state_is_not_known_to_be_safe() -> None:
    assert math.isnan(cell(ROWS, ("S1", totals(*SAFE[:3])))["_entreprises"])


def test_public_figures_are_open_and_leave_rows_their_own_measures() -> None:
    assert cell(NOTHING, ("S1", totals(HOURS, shown="PUBLIC")))["_controle"] == "ouvert"
    row = cell(ROWS, ("S1", totals(HOURS, shown="PUBLIC")))
    assert row["_controle"] == "heures" and row["_personnes"] == 10


def test_a_ratio_is_public_only_when_all_that_it_follows_from_is() -> None:
    sent = [*totals(HOURS, shown="PUBLIC"), *totals(("beneficiaires", WHOLE, 4))]
    assert cell(NOTHING, ("S1", sent), code="etp_1607")["_controle"] == "ouvert"
    row = cell(NOTHING, ("S1", sent), code="heures_par_beneficiaire")
    assert row["_controle"] == "heures" and row["_personnes"] == 4


def test_a_share_is_not_hidden_for_a_structure_that_says_nothing_of_the_audience() -> None:
    kept = clean(("S1", totals(*SAFE, shown="RESERVE")))
    rows = pd.concat([ROWS, counted(("part_heures", "RSA", 0.25))], ignore_index=True)
    kinds = with_totals(rows, kept, dataset(2025)).set_index(["indicateur", "modalite"])["_controle"]
    assert kinds["part_heures", "RSA"] == kinds["heures_realisees", "RSA"] == "heures"
    assert kinds["part_heures_totales", "RSA"] == kinds["heures_realisees", WHOLE] == "totaux_reserves"


def test_figures_kept_by_their_sender_show_in_the_sum_of_three_only() -> None:
    kept = totals(*SAFE, shown="RESERVE")
    assert cell(ROWS, ("S1", kept))["_controle"] == "totaux_reserves"
    assert cell(ROWS, ("S1", kept), ("S2", totals(*SAFE)))["_controle"] == "totaux_reserves"
    row = cell(ROWS, ("S1", kept), ("S2", kept), ("S3", kept))
    assert row["_controle"] == "heures" and row["_part_max_personne"] == pytest.approx(0.2)


def test_of_a_sum_an_unsaid_share_may_be_all_of_it() -> None:
    row = cell(ROWS, ("S1", totals(*SAFE)), ("S2", totals(HOURS, ("beneficiaires", WHOLE, 3))))
    assert row["_personnes"] == 10 and row["_employeurs"] == 4
    assert row["_part_max_employeur"] == pytest.approx((0.5 + 1) / 2)


def test_a_table_that_parts_structures_guards_each_of_them() -> None:
    measures = {name: 10.0 for name in ROWS if name.startswith("_")} | {"_part_max_personne": 0.1}
    rows = pd.DataFrame([{"edition": 2025, "territoire": "32", **measures}])
    sent = clean(("S1", totals(*SAFE)), ("S2", totals(*SAFE)), ("S3", totals(HOURS, ("beneficiaires", WHOLE, 2))))
    assert guarded(rows, sent, ["edition"], alone=False).iloc[0]["_personnes"] == 10
    assert guarded(rows, sent, ["edition"], alone=True).iloc[0]["_personnes"] == 2
    assert guarded(rows, clean(("S1", totals(HOURS)), year=2024), ["edition"], alone=True)["_personnes"].tolist() == [
        10
    ]


# --- through the pipeline ----------------------------------------------------------------------


@pytest.fixture
def essai(project: Path) -> Path:
    return write_dataset()


def results() -> dict[str, pd.DataFrame]:
    exports.build("essai")
    inventory.build("essai")
    tables.build("essai")
    return {path.stem: read_table(path) for path in (results_dir("essai") / "consolidation").glob("*.parquet")}


def test_rows_of_one_structure_and_totals_of_another(essai: Path) -> None:
    send()
    send_totals(totals(HOURS, ("beneficiaires", WHOLE, 3), ("entreprises", WHOLE, 1)), structure="S2")
    made = results()
    values = made["indicateurs"].set_index(["territoire", "indicateur", "modalite"])
    assert values.loc[("32", "heures_realisees", WHOLE), "valeur"] == 1150.75
    assert values.loc[("59", "heures_realisees", WHOLE), "valeur"] == 150.75
    assert values.loc[("32", "beneficiaires", WHOLE), ["valeur_min", "valeur_max"]].tolist() == [3, 4]
    assert values.loc[("32", "entreprises", WHOLE), ["valeur_min", "valeur_max", "_entreprises"]].tolist() == [1, 2, 1]
    assert values.loc[("32", "structures_repondantes", WHOLE), "valeur"] == 2
    assert made["editions"]["structures"].tolist() == [2]
    assert made["non_reponse"]["heures"].tolist() == [1150.75]
    assert made["doublons_sensibilite"]["heures"].unique().tolist() == [150.75]
    row = made["provenance"].iloc[0]
    assert row[["origine", "structures", "heures"]].tolist() == ["TOTAUX", 1, 1000]
    assert row["part_heures"] == pytest.approx(1000 / 1150.75)
    assert made["structures"].set_index("structure_id")["heures"].to_dict() == {"S1": 150.75, "S2": 1000}


def test_what_may_not_be_found_by_difference_is_not_published(essai: Path) -> None:
    send()
    send_totals(totals(*SAFE, shown="RESERVE"), structure="S2")
    results()
    protect("essai", ["consolidation"])
    for name in ("indicateurs", "provenance", "headlines", "non_reponse"):
        rows = read_table(protected_dir("essai") / "consolidation" / f"{name}.parquet")
        assert reasons()["totaux_reserves"] in set(rows["secret"]), name
        assert not rows.select_dtypes("number").eq(1150.75).any(axis=None), name


def test_a_structure_that_sends_totals_is_in_the_matched_panel() -> None:
    from analysis.consolidation.evolution import evolution
    from analysis.consolidation.nonresponse import bracket

    world = dataset(2024, 2025)
    table = contracts({"annee": 2024, "h": 100}, {"annee": 2025, "h": 110})
    sent = clean(("S2", totals(("heures_realisees", WHOLE, 50))), year=2024)
    sent = pd.concat([sent, clean(("S2", totals(("heures_realisees", WHOLE, 70.5))))], ignore_index=True)
    known = facts(table, totals=sent)
    row = evolution(known, world).set_index("territoire").loc["32"]
    assert (row["heures"], row["heures_precedentes"], row["structures_panel"]) == (180.5, 150, 2)
    assert row["croissance_panel"] == pytest.approx(180.5 / 150 - 1) and row["effet_couverture"] == 0
    assert math.isnan(row["_personnes"]), "who is behind the totals is not said"
    silent = bracket(known, {2025: {"S1", "S2"}}, pd.Series(dtype="float64"), world).set_index("edition").loc[2025]
    assert (silent["heures"], silent["muettes"]) == (180.5, 0)
