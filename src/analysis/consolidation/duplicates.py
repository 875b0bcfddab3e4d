"""Operations entered by several structures: analysts decide pair by pair, in a file that is kept.

`decisions/doublons_operations.csv` holds, for each pair, `doublon` (b is a, which is kept) or
`distinct`. Pairs that look alike and that nobody has decided form the review queue.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz, utils
from scipy.cluster.hierarchy import DisjointSet

from analysis.core.errors import DataError
from analysis.sources.spreadsheet import read_csv

COLUMNS = ["structure_a", "op_id_a", "structure_b", "op_id_b", "decision", "motif", "auteur", "date"]
DECISIONS = ("doublon", "distinct")


def load_decisions(path: Path) -> pd.DataFrame:
    """Pairs decided so far: op_a (kept), op_b, decision. None when there is no file."""
    if not path.is_file():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("op_a", "op_b", "decision")})
    rows = read_csv(path, path.name, COLUMNS)
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


def review_queue(
    operations: pd.DataFrame, engagements: pd.DataFrame, decisions: pd.DataFrame, *, threshold: float
) -> pd.DataFrame:
    """Undecided pairs of two structures: same year and buyer, a company in common, labels that look alike.

    `operations` and `engagements` are the clean tables; `threshold` is rapidfuzz's token-set ratio, 0 to 100.
    Returns annee, op_a, op_b, libelle_a, libelle_b, score, a pair once, highest score first (rule E6).
    """
    side = engagements[["annee", "op_id", "entreprise_siret"]].merge(
        operations[["annee", "op_id", "structure_id", "maitre_ouvrage_siret", "libelle"]], on=["annee", "op_id"]
    )
    pairs = side.merge(side, on=["annee", "maitre_ouvrage_siret", "entreprise_siret"], suffixes=("_a", "_b"))
    pairs = pairs[(pairs["op_id_a"] < pairs["op_id_b"]) & (pairs["structure_id_a"] != pairs["structure_id_b"])]
    pairs = pairs.sort_values(["op_id_a", "op_id_b", "annee"], ascending=[True, True, False])
    pairs = pairs.drop_duplicates(["op_id_a", "op_id_b"])
    decided = {frozenset(pair) for pair in decisions[["op_a", "op_b"]].itertuples(index=False)}
    found = [
        (pair.annee, pair.op_id_a, pair.op_id_b, pair.libelle_a, pair.libelle_b, score)
        for pair in pairs.itertuples()
        if frozenset((pair.op_id_a, pair.op_id_b)) not in decided
        and (score := fuzz.token_set_ratio(pair.libelle_a, pair.libelle_b, processor=_plain)) >= threshold
    ]
    queue = pd.DataFrame(found, columns=["annee", "op_a", "op_b", "libelle_a", "libelle_b", "score"])
    return queue.sort_values(["score", "op_a", "op_b"], ascending=[False, True, True], ignore_index=True)


def _plain(label: str) -> str:
    """A label without case, accents or signs, as two people would spell it alike."""
    letters = unicodedata.normalize("NFKD", label)
    return utils.default_process("".join(letter for letter in letters if not unicodedata.combining(letter)))
