from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.consolidation import linkage
from analysis.consolidation.duplicates import (
    COLUMNS,
    accepted,
    estimated,
    kept_operation,
    load_decisions,
    review_queue,
    standing,
    without_effect,
)
from analysis.core.errors import DataError
from analysis.core.params import load_params
from analysis.core.results import read_clean
from analysis.fellegi_sunter import assumed, learnt


def decided(*pairs: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["op_a", "op_b", "decision"])


def test_the_first_of_a_pair_stands_for_both() -> None:
    assert kept_operation(decided(("S2:9", "S1:1", "doublon"))) == {"S2:9": "S2:9", "S1:1": "S2:9"}


def test_a_chain_ends_at_the_one_that_is_never_dropped() -> None:
    kept = kept_operation(decided(("B", "C", "doublon"), ("A", "B", "doublon")))
    assert set(kept.values()) == {"A"} and set(kept) == {"A", "B", "C"}


def test_a_circle_of_decisions_has_one_answer_whatever_their_order() -> None:
    pairs = [("A", "B", "doublon"), ("B", "A", "doublon")]
    assert kept_operation(decided(*pairs)) == kept_operation(decided(*reversed(pairs))) == {"A": "A", "B": "A"}


def test_a_pair_decided_distinct_is_not_merged() -> None:
    assert kept_operation(decided(("A", "B", "distinct"))) == {}


def test_an_unknown_decision_is_one_sentence_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "doublons_operations.csv"
    path.write_text(",".join(COLUMNS) + "\nS1,1,S2,1,doublon,,x,2026-01-01\nS1,2,S2,2,peut-être,,x,2026-01-01\n")
    with pytest.raises(DataError, match="ligne 3, colonne « decision » : « peut-être »"):
        load_decisions(path)


def test_blanks_around_an_identifier_are_no_part_of_it_and_one_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "doublons_operations.csv"
    path.write_text(",".join(COLUMNS) + "\nS1, 1 ,S2,1,doublon,,x,2026-01-01\n")
    assert load_decisions(path)[["op_a", "op_b"]].values.tolist() == [["S1:1", "S2:1"]]
    path.write_text(",".join(COLUMNS) + "\nS1,1,S2,,doublon,,x,2026-01-01\n")
    with pytest.raises(DataError, match="ligne 2, colonne « op_id_b »"):
        load_decisions(path)


def test_decisions_on_no_operation_or_against_others_are_told(tmp_path: Path) -> None:
    path = tmp_path / "doublons_operations.csv"
    lines = ["S1,1,S2,1,doublon", "S2,1,S3,1,doublon", "S3,1,S1,1,distinct", "S1,1,S4,1,distinct", "S9,1,S1,1,doublon"]
    path.write_text(",".join(COLUMNS) + "\n" + "".join(f"{line},,x,2026-01-01\n" for line in lines))
    found = without_effect(load_decisions(path), pd.Series(["S1:1", "S2:1", "S3:1", "S4:1"]))
    assert found[["ligne", "constat"]].values.tolist() == [
        [4, "d'autres lignes réunissent ces opérations"],
        [6, "« S9:1 » n'est dans aucun export"],
    ]
    assert without_effect(load_decisions(tmp_path / "none.csv"), pd.Series(dtype="str")).empty


def test_what_looks_personal_in_the_place_of_an_operation_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "doublons_operations.csv"
    path.write_text(",".join(COLUMNS) + "\nS1,zoe@example.org,S2,201035935012345,doublon,,x,2026-01-01\n")
    told = without_effect(load_decisions(path), pd.Series(dtype="str")).to_csv()
    assert "zoe@" not in told and "20103" not in told and "valeur masquée" in told


def entry(op_id: str, libelle: str, **changes: object) -> dict[str, object]:
    """What a structure enters of one operation, in 2025: the same of every operation but its label."""
    known = {
        "annee": 2025, "structure_id": op_id.partition(":")[0], "op_id": op_id, "libelle": libelle,
        "maitre_ouvrage_siret": "21590350100017", "segment": "TP_RESEAUX", "mecanisme": "EXEC",
        "date_debut": pd.Timestamp("2025-02-03"), "date_fin": pd.Timestamp("2025-11-28"), "heures_prevues": 420.0,
        "entreprise_siret": "55203253400646", "epci_siren": "200093201",
    }  # fmt: skip
    return known | changes


def sent(*entries: dict[str, object]) -> dict[str, pd.DataFrame]:
    """The clean tables of these entries."""
    rows = pd.DataFrame(entries).astype({"maitre_ouvrage_siret": "str", "heures_prevues": "float64"})
    return {
        "operations": rows.drop(columns=["entreprise_siret", "epci_siren"]),
        "engagements": rows[["annee", "op_id", "entreprise_siret"]],
        "territoires": rows[["annee", "op_id", "epci_siren"]],
    }


def pairs(*entries: dict[str, object]) -> pd.DataFrame:
    """All the pairs compared, however unlikely."""
    return estimated(sent(*entries), load_params().consolidation.model_copy(update={"duplicate_review": 0.0}))


def asked(*entries: dict[str, object], decisions: pd.DataFrame | None = None) -> list[list[str]]:
    taken = decided() if decisions is None else decisions
    return review_queue(pairs(*entries), taken, threshold=0.5)[["op_a", "op_b"]].values.tolist()


A, B = entry("S1:a", "Rénovation du collège Hugo"), entry("S2:b", "RENOVATION COLLEGE HUGO")
C = entry("S3:c", "Collège Hugo (rénovation)")
FAR = {"date_debut": pd.Timestamp("2023-09-01"), "date_fin": pd.Timestamp("2026-03-02"), "heures_prevues": 2000.0}


def test_the_queue_holds_look_alikes_of_other_structures_that_nobody_decided() -> None:
    other = entry("S2:c", "Tonte des pelouses", **FAR)
    assert asked(A, B, other) == [["S1:a", "S2:b"]]
    assert asked(A, B, other, decisions=decided(("S2:b", "S1:a", "distinct"))) == []


def test_one_structure_s_operations_are_never_compared() -> None:
    assert pairs(A, entry("S1:b", A["libelle"])).empty


@pytest.mark.parametrize(
    "spoilt",
    [
        {"maitre_ouvrage_siret": None},
        {"maitre_ouvrage_siret": "21590350900010"},
        {"maitre_ouvrage_siret": None, "entreprise_siret": "73282932000074"},
        {"date_debut": pd.Timestamp("2025-02-20"), "heures_prevues": 450.0},
        {"segment": "PROPRETE", "epci_siren": "248000531"},
        {"libelle": None},
        {"date_debut": pd.NaT, "heures_prevues": float("nan"), "mecanisme": None},
    ],
)
def test_a_pair_survives_what_one_structure_got_wrong(spoilt: dict[str, object]) -> None:
    assert asked(A, B | spoilt) == [["S1:a", "S2:b"]]


DAY, OTHER, THIRD = pd.Timestamp("2025-02-03"), "73282932000074", "42878504200105"


@pytest.mark.parametrize(
    ("field", "changes", "level"),
    [
        ("heures", {"heures_prevues": 420.0}, 0),
        ("heures", {"heures_prevues": 462.0}, 1),  # 42 of the larger, 9 %
        ("heures", {"heures_prevues": 840.0}, 2),
        ("heures", {"heures_prevues": 841.0}, 3),
        ("heures", {"heures_prevues": float("nan")}, -1),
        ("debut", {"date_debut": DAY - pd.Timedelta(days=31)}, 1),
        ("debut", {"date_debut": DAY + pd.Timedelta(days=32)}, 2),
        ("debut", {"date_debut": DAY - pd.Timedelta(days=184)}, 3),
        ("donneur_ordre", {"maitre_ouvrage_siret": "21590350100025"}, 0),  # another establishment
        ("donneur_ordre", {"maitre_ouvrage_siret": "21590351100017"}, 1),
        ("donneur_ordre", {"maitre_ouvrage_siret": "13002526500013"}, 2),
        ("entreprises", {}, 1),
        ("entreprises", {"entreprise_siret": "55203253400711"}, 1),  # another establishment of that one
        ("entreprises", {"entreprise_siret": THIRD}, 2),
        ("entreprises", {"entreprise_siret": None}, -1),
        ("epci", {}, 0),
        ("tranche", {"libelle": "Collège Hugo - lot 2"}, 1),
        ("segment", {"segment": "PROPRETE"}, 1),
    ],
)
def test_how_far_apart_two_entries_are(field: str, changes: dict[str, object], level: int) -> None:
    """S1 enters the operation in two years, with two companies in all; S2 in one, with one of them."""
    first = [A | {"annee": 2024}, A, A | {"entreprise_siret": OTHER}]
    known = linkage.listing(sent(*first, B | changes))
    assert linkage.compared(known, np.array([0]), np.array([1]))[field].tolist() == [level]


def test_a_company_of_several_years_is_one_company() -> None:
    known = linkage.listing(sent(A | {"annee": 2024}, A, B, B | {"entreprise_siret": OTHER}))
    assert linkage.compared(known, np.array([0]), np.array([1]))["entreprises"].tolist() == [1], "half in common"


def test_the_next_phase_of_a_programme_is_another_operation() -> None:
    later = entry("S2:b", f"{A['libelle']} - phase 2", **FAR)
    [found] = pairs(A, later).to_dict("records")
    assert found["probabilite"] < 0.05
    assert "tranche ou lot cité : différent" in found["differences"]
    assert "segment : le même" in found["concordances"] and "segment" not in found["differences"]


def test_what_is_missing_is_neither_for_nor_against() -> None:
    [found] = pairs(A, B | {"maitre_ouvrage_siret": None}).to_dict("records")
    assert "donneur d'ordre" not in found["concordances"] + found["differences"]
    assert found["probabilite"] <= pairs(A, B)["probabilite"].iloc[0]


def test_a_pair_that_lasts_several_years_is_asked_about_once_with_its_latest_common_year() -> None:
    years = [row | {"annee": year} for row in (A, B) for year in (2023, 2024)]
    found = pairs(*years, A | {"annee": 2025})
    assert found[["annee", "op_a", "op_b"]].values.tolist() == [[2024, "S1:a", "S2:b"]]


def test_operations_without_an_edition_in_common_are_not_compared() -> None:
    assert pairs(A | {"annee": 2024}, B).empty


def test_a_decision_settles_the_pairs_that_follow_from_it() -> None:
    assert asked(A, B, C) == [["S1:a", "S2:b"], ["S1:a", "S3:c"], ["S2:b", "S3:c"]]
    twice = decided(("S1:a", "S2:b", "doublon"), ("S2:b", "S3:c", "doublon"))
    assert asked(A, B, C, decisions=twice) == []
    apart = decided(("S1:a", "S2:b", "doublon"), ("S2:b", "S3:c", "distinct"))
    assert asked(A, B, C, decisions=apart) == []


def test_pairs_below_every_threshold_are_not_kept() -> None:
    later = entry("S2:b", f"{A['libelle']} - phase 2", **FAR)
    assert len(pairs(A, later)) == 1
    assert estimated(sent(A, later), load_params().consolidation).empty


def test_no_operation_at_all_is_no_pair() -> None:
    clean = {name: rows.iloc[:0] for name, rows in sent(A).items()}
    assert estimated(clean, load_params().consolidation).empty


def test_nothing_is_merged_without_review_unless_a_threshold_says_so() -> None:
    found = pairs(A, B)
    assert accepted(found, decided(), load_params().consolidation.duplicate_accept).empty
    assert accepted(found, decided(), 0.5).values.tolist() == [["S1:a", "S2:b", "doublon"]]
    assert accepted(found, decided(("S1:a", "S2:b", "distinct")), 0.5).empty


def test_merging_without_review_never_joins_what_was_decided_distinct() -> None:
    taken = decided(("S1:a", "S3:c", "distinct"))
    merged = accepted(pairs(A, B, C), taken, 0.5)
    assert len(merged) == 1
    kept = kept_operation(pd.concat([taken, merged]))
    assert kept.get("S1:a", "S1:a") != kept.get("S3:c", "S3:c")


def test_merging_without_review_never_joins_two_operations_of_one_structure() -> None:
    assert len(accepted(pairs(A, B, entry("S1:z", A["libelle"])), decided(), 0.5)) == 1


def test_what_a_decision_keeps_stays_what_is_kept() -> None:
    taken = decided(("S3:c", "S2:b", "doublon"))
    both = pd.concat([taken, accepted(pairs(A, B, C), taken, 0.5)])
    assert set(kept_operation(both).values()) == {"S3:c"}


def test_learning_finds_the_shares_that_made_the_levels() -> None:
    """Levels drawn from a known model are explained by that model, from starting values that are not its own."""
    rng, start = np.random.default_rng(1), assumed(linkage.levels(), 0.01, len(linkage.BLOCKS))
    true = {field: shares.copy() for field, shares in start.seen.items()}
    true["libelle"][0] = [0.3, 0.3, 0.3, 0.1]
    true["heures"][0] = [0.4, 0.3, 0.2, 0.1]
    kind = np.repeat(np.arange(len(start.shares)), [400, 600, *[3000] * len(linkage.BLOCKS)])
    seen = {field: np.array([rng.choice(len(shares[k]), p=shares[k]) for k in kind]) for field, shares in true.items()}
    model = learnt(seen, start, strength=20)
    assert model.shares[0] * len(kind) == pytest.approx(400, rel=0.1)
    assert model.seen["libelle"][0] == pytest.approx(true["libelle"][0], abs=0.06)
    assert model.seen["heures"][0] == pytest.approx(true["heures"][0], abs=0.06)


@pytest.mark.parametrize("year", [2019, 2024])
def test_pairs_are_found_in_a_spoilt_year_of_the_demo(demo: Path, year: int) -> None:
    spec = importlib.util.spec_from_file_location("benchmark", demo / "benchmarks" / "duplicates.py")
    assert spec and spec.loader
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    received = read_clean("demo", "exports")
    clean = {name: rows[rows["annee"] == year] for name, rows in received.items() if "annee" in rows}
    clean = {name: rows.reset_index(drop=True) for name, rows in clean.items()}
    known = set(clean["operations"]["op_id"])
    true = {pair for pair in benchmark.truth("demo") if pair <= known}
    spoilt = benchmark.spoilt(clean, true, seed=1, phases=len(true))
    precision, recall, f1 = benchmark.scores(benchmark.ours(spoilt, 0.5), true)
    assert len(true) > 25
    assert f1 >= benchmark.GOAL, (precision, recall)


def test_what_stands_for_each_duplicate_follows_the_file_unless_likely_pairs_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "doublons_operations.csv"
    path.write_text(
        "structure_a,op_id_a,structure_b,op_id_b,decision,motif,auteur,date\nS1,1,S2,9,doublon,x,y,2026-01-01\n",
        "utf-8",
    )
    settings = load_params().consolidation
    assert settings.duplicate_accept is None
    assert standing({}, path, settings) == {"S1:1": "S1:1", "S2:9": "S1:1"}
    assert standing({}, tmp_path / "none.csv", settings) == {}
