from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.consolidation.duplicates import COLUMNS, kept_operation, load_decisions, review_queue
from analysis.errors import DataError


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


def operations(**labels: str) -> pd.DataFrame:
    rows = [
        {"annee": 2025, "structure_id": name[:2], "op_id": f"{name[:2]}:{name[2:]}", "libelle": label,
         "maitre_ouvrage_siret": "1", "date_debut": pd.Timestamp("2025-01-01"), "date_fin": pd.NaT}
        for name, label in labels.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_queue_holds_look_alikes_of_other_structures_that_nobody_decided() -> None:
    rows = operations(S1a="Rénovation du collège Hugo", S2b="RENOVATION COLLEGE HUGO", S2c="Tonte des pelouses")
    queue = review_queue(rows, decided(), threshold=70)
    assert queue[["op_a", "op_b"]].values.tolist() == [["S1:a", "S2:b"]]
    assert review_queue(rows, decided(("S2:b", "S1:a", "distinct")), threshold=70).empty


def test_the_same_structure_or_another_time_is_not_a_duplicate() -> None:
    rows = operations(S1a="Voirie rue Verte", S1b="Voirie rue Verte", S2c="Voirie rue Verte")
    rows.loc[2, "date_debut"] = pd.Timestamp("2027-01-01")
    rows["date_fin"] = [pd.Timestamp("2026-01-01")] * 2 + [pd.NaT]
    assert review_queue(rows, decided(), threshold=70).empty
