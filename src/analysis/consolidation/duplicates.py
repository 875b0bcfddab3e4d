"""Operations entered by several structures: analysts decide pair by pair, in a file that is kept.

`decisions/doublons_operations.csv` holds, for each pair, `doublon` (b is a, which is kept) or
`distinct`. Pairs that nobody has decided have a probability (`linkage`): from one threshold they form the
review queue, from another, off by default, they are merged without review. Decisions always win.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import DisjointSet

from analysis.consolidation import linkage
from analysis.core.params import ConsolidationParams
from analysis.core.personal import public
from analysis.fellegi_sunter import BLOCK, assumed, learnt, probability
from analysis.sources.spreadsheet import expect, read_csv

FILE = "doublons_operations.csv"
COLUMNS = ["structure_a", "op_id_a", "structure_b", "op_id_b", "decision", "motif", "auteur", "date"]
DECISIONS = ("doublon", "distinct")
PAIR = ["op_a", "op_b"]


@dataclass(frozen=True)
class Decided:
    """taken: the decisions of the file, with their line; all: those and the pairs accepted without review; likely: the
    pairs of `estimated`, decided or not."""

    taken: pd.DataFrame
    all: pd.DataFrame
    likely: pd.DataFrame


def load_decisions(path: Path) -> pd.DataFrame:
    """Pairs decided so far: ligne (of the file), op_a (kept), op_b, decision. None when there is no file."""
    if not path.is_file():
        none = pd.DataFrame({name: pd.Series(dtype="str") for name in ("op_a", "op_b", "decision")})
        return none.assign(ligne=pd.Series(dtype="int64"))
    rows = read_csv(path, path.name, COLUMNS)
    rows["decision"] = rows["decision"].str.lower()
    for name in COLUMNS[:4]:
        expect(rows, path.name, name, rows[name].fillna("").ne(""), "un identifiant")
    itself = rows["structure_a"].eq(rows["structure_b"]) & rows["op_id_a"].eq(rows["op_id_b"])
    expect(rows, path.name, "op_id_b", ~itself, "une autre opération que la première")
    expect(rows, path.name, "decision", rows["decision"].isin(DECISIONS), " ou ".join(DECISIONS))
    return pd.DataFrame(
        {
            "ligne": rows["ligne"].astype("int64"),
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


def without_effect(decisions: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
    """The decisions of `load_decisions` that change nothing, in the order of the file: ligne, op_a, op_b, decision,
    constat (why, in French): an operation is not among the `known` ones, or others say the contrary."""
    kept = kept_operation(decisions)
    standing = [decisions[side].map(lambda op: kept.get(op, op)) for side in PAIR]
    joined = decisions["decision"].eq("distinct") & standing[0].eq(standing[1])
    why = pd.Series("", index=decisions.index, dtype="str").mask(joined, "d'autres lignes réunissent ces opérations")
    for side in reversed(PAIR):
        absent = ~decisions[side].isin(known)
        why = why.mask(absent, "« " + decisions[side].astype("str") + " » n'est dans aucun export")
    told = decisions.assign(constat=why).loc[why.ne(""), ["ligne", *PAIR, "decision", "constat"]]
    for name in (*PAIR, "constat"):  # an identifier that no export knows may be anything
        told[name] = told[name].map(public).astype("str")
    return told.reset_index(drop=True)


def estimated(clean: dict[str, pd.DataFrame], settings: ConsolidationParams) -> pd.DataFrame:
    """The pairs of operations as likely as one of the thresholds of `settings` to be one operation, likeliest first.

    `clean` holds the clean tables of the exports. Returns annee (the latest edition that both structures entered),
    op_a < op_b, libelle_a, libelle_b, probabilite (0 to 1), and in words concordances (what tells for one
    operation) and differences (what tells against).
    """
    known = linkage.listing(clean)
    left, right, block = linkage.candidates(known)
    seen = linkage.compared(known, left, right) | {BLOCK: block}
    start = assumed(linkage.levels(), settings.duplicate_prior, len(linkage.BLOCKS))
    model = learnt(seen, start, strength=settings.duplicate_prior_pairs)
    likely = probability(model, seen).round(4)
    floor = min(settings.duplicate_review, settings.duplicate_accept or 1, *settings.duplicate_sensitivity)
    kept = likely >= floor
    left, right, likely = left[kept], right[kept], likely[kept]
    agreeing, differing = linkage.reasons(model, {field: level[kept] for field, level in seen.items()})
    names, labels = (known.operations[column].to_numpy() for column in ("op_id", "libelle"))
    pairs = pd.DataFrame(
        {
            "annee": linkage.latest_edition(known, left, right),
            "op_a": names[left],
            "op_b": names[right],
            "libelle_a": labels[left],
            "libelle_b": labels[right],
            "probabilite": likely,
            "concordances": agreeing,
            "differences": differing,
        }
    )
    return pairs.sort_values(["probabilite", *PAIR], ascending=[False, True, True], ignore_index=True)


def decided(clean: dict[str, pd.DataFrame], path: Path, settings: ConsolidationParams) -> Decided:
    """What the file `path` and `settings` make of the pairs of `estimated`."""
    taken, pairs = load_decisions(path), estimated(clean, settings)
    more = accepted(pairs, taken, settings.duplicate_accept)
    return Decided(taken, pd.concat([taken, more], ignore_index=True), pairs)


def standing(clean: dict[str, pd.DataFrame], path: Path, settings: ConsolidationParams) -> dict[str, str]:
    """`kept_operation` of what the file `path` decides, and of what `settings` accept without review."""
    if settings.duplicate_accept is None:  # likely pairs, which take a while, would change nothing
        return kept_operation(load_decisions(path))
    return kept_operation(decided(clean, path, settings).all)


def undecided(pairs: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """The pairs that no decision settles, itself or with others (a = b and b ≠ c settle a and c)."""
    kept = kept_operation(decisions)
    apart = {frozenset(kept.get(op, op) for op in pair) for pair in _distinct(decisions)}
    a, b = (pairs[side].map(lambda op: kept.get(op, op)) for side in PAIR)
    settled = [x == y or frozenset((x, y)) in apart for x, y in zip(a, b, strict=True)]
    return pairs[~np.array(settled, dtype=bool)].reset_index(drop=True)


def accepted(pairs: pd.DataFrame, decisions: pd.DataFrame, threshold: float | None) -> pd.DataFrame:
    """The undecided pairs as likely as `threshold` (None: none), as decisions `doublon` that nobody took.

    Likeliest first. A pair is left to review when it would bring together, through others, two operations decided
    distinct or two operations of one structure.
    """
    likely = pairs[pairs["probabilite"] >= (np.inf if threshold is None else threshold)]
    kept = kept_operation(decisions)
    apart: dict[str, set[str]] = {}
    for a, b in map(sorted, _distinct(decisions)):
        apart.setdefault(a, set()).add(b)
        apart.setdefault(b, set()).add(a)
    groups = DisjointSet(sorted({*likely["op_a"], *likely["op_b"], *kept}))
    for op, standing in sorted(kept.items()):
        groups.merge(op, standing)
    merged = []
    for pair in undecided(likely, decisions)[PAIR].itertuples(index=False):
        a, b = groups.subset(pair.op_a), groups.subset(pair.op_b)
        crossed = any(apart[op] & b for op in a & apart.keys())
        if crossed or {_structure(op) for op in a} & {_structure(op) for op in b}:
            continue
        groups.merge(pair.op_a, pair.op_b)
        # What a decision keeps stays what is kept.
        merged.append(sorted((kept.get(op, op) for op in pair), key=lambda op: (op not in kept, op)))
    return pd.DataFrame(merged, columns=PAIR, dtype="str").assign(decision="doublon")


def review_queue(pairs: pd.DataFrame, decisions: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The pairs of `estimated` left to decide, as likely as `threshold`, likeliest first (rule E6)."""
    return undecided(pairs[pairs["probabilite"] >= threshold], decisions)


def _distinct(decisions: pd.DataFrame) -> set[frozenset[str]]:
    apart = decisions[decisions["decision"] == "distinct"]
    return {frozenset(pair) for pair in apart[PAIR].itertuples(index=False)}


def _structure(op: str) -> str:
    return op.partition(":")[0]
