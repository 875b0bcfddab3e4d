from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.consolidation.duplicates import COLUMNS, kept_operation, load_decisions, review_queue
from analysis.core.errors import DataError


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
         "maitre_ouvrage_siret": "1"}
        for name, label in labels.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def queue(rows: pd.DataFrame, decisions: pd.DataFrame, companies: dict[str, str] | None = None) -> list[list[str]]:
    engaged = rows[["annee", "op_id"]].assign(entreprise_siret=rows["op_id"].map(companies or {}).fillna("E"))
    return review_queue(rows, engaged, decisions, threshold=70)[["op_a", "op_b"]].values.tolist()


def test_the_queue_holds_look_alikes_of_other_structures_that_nobody_decided() -> None:
    rows = operations(S1a="Rénovation du collège Hugo", S2b="RENOVATION COLLEGE HUGO", S2c="Tonte des pelouses")
    assert queue(rows, decided()) == [["S1:a", "S2:b"]]
    assert queue(rows, decided(("S2:b", "S1:a", "distinct"))) == []


def test_one_structure_another_company_or_another_buyer_is_no_duplicate() -> None:
    label = "Voirie rue Verte"
    assert queue(operations(S1a=label, S1b=label), decided()) == []
    rows = operations(S1a=label, S2b=label)
    assert queue(rows, decided(), {"S1:a": "E1", "S2:b": "E2"}) == []
    assert queue(rows.assign(maitre_ouvrage_siret=["1", "2"]), decided()) == []


def test_a_pair_that_lasts_several_years_is_asked_about_once() -> None:
    rows = operations(S1a="Voirie rue Verte", S2b="Voirie, rue Verte")
    assert queue(pd.concat([rows, rows.assign(annee=2024)]), decided()) == [["S1:a", "S2:b"]]
