"""Operations entered by several structures: analysts decide pair by pair, in a file that is kept.

`decisions/doublons_operations.csv` holds, for each pair, `doublon` (b is a, which is kept) or
`distinct`. Pairs that look alike and that nobody has decided form the review queue.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, utils
from scipy.cluster.hierarchy import DisjointSet

from analysis.errors import DataError
from analysis.sources.spreadsheet import read_csv

COLUMNS = ["structure_a", "op_id_a", "structure_b", "op_id_b", "decision", "motif", "auteur", "date"]
DECISIONS = ("doublon", "distinct")


def load_decisions(path: Path) -> pd.DataFrame:
    """Pairs decided so far: op_a (kept), op_b, decision. None when there is no file."""
    if not path.is_file():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("op_a", "op_b", "decision")})
    rows = read_csv(path, path.name, encoding="utf-8", separator=",")
    for column in COLUMNS:
        if column not in rows:
            raise DataError(f"{path.name} : colonne « {column} » absente ; attendu : {', '.join(COLUMNS)}.")
    wrong = rows[~rows["decision"].isin(DECISIONS)]
    for row in wrong.itertuples():
        raise DataError(
            f"{path.name}, ligne {row.ligne}, colonne « decision » : « {row.decision} » ; "
            f"attendu : {' ou '.join(DECISIONS)}."
        )
    return pd.DataFrame(
        {
            "op_a": rows["structure_a"] + ":" + rows["op_id_a"],
            "op_b": rows["structure_b"] + ":" + rows["op_id_b"],
            "decision": rows["decision"],
        }
    )


def kept_operation(decisions: pd.DataFrame) -> dict[str, str]:
    """For each operation decided a duplicate, the one that stands for it.

    Chains are followed (a = b, b = c); the one kept is the only one that is never on the b side,
    or the first in alphabetical order when the decisions go round in a circle.
    """
    same = decisions[decisions["decision"] == "doublon"]
    groups = DisjointSet(sorted({*same["op_a"], *same["op_b"]}))
    for pair in same.itertuples():
        groups.merge(pair.op_a, pair.op_b)
    dropped = set(same["op_b"])
    kept: dict[str, str] = {}
    for group in groups.subsets():
        standing = min(sorted(group - dropped) or sorted(group))
        kept |= dict.fromkeys(group, standing)
    return kept


def review_queue(operations: pd.DataFrame, decisions: pd.DataFrame, *, threshold: float) -> pd.DataFrame:
    """Undecided pairs of different structures, same buyer and year, whose labels look alike.

    `operations` is the clean table; `threshold` is rapidfuzz's token-set ratio, 0 to 100.
    Returns annee, op_a, op_b, libelle_a, libelle_b, score (highest first).
    """
    decided = {frozenset(pair) for pair in decisions[["op_a", "op_b"]].itertuples(index=False)}
    found = []
    for (year, _), group in operations.sort_values("op_id").groupby(["annee", "maitre_ouvrage_siret"]):
        for a, b in combinations(group.itertuples(), 2):
            if a.structure_id == b.structure_id or frozenset((a.op_id, b.op_id)) in decided:
                continue
            score = fuzz.token_set_ratio(a.libelle, b.libelle, processor=utils.default_process)
            if score >= threshold and _overlap(a, b):
                found.append((year, a.op_id, b.op_id, a.libelle, b.libelle, round(score, 1)))
    names = ["annee", "op_a", "op_b", "libelle_a", "libelle_b", "score"]
    queue = pd.DataFrame(found, columns=names)
    return queue.sort_values(["score", "op_a", "op_b", "annee"], ascending=[False, True, True, True]).drop_duplicates(
        ["op_a", "op_b"], ignore_index=True
    )


def _overlap(a: Any, b: Any) -> bool:
    """Whether two operations run at the same time; an open end never ends."""
    end_a = a.date_fin if pd.notna(a.date_fin) else pd.Timestamp.max
    end_b = b.date_fin if pd.notna(b.date_fin) else pd.Timestamp.max
    return pd.isna(a.date_debut) or pd.isna(b.date_debut) or (a.date_debut <= end_b and b.date_debut <= end_a)
