"""Probabilistic record linkage: how likely the two sides of a pair are one thing, learnt from the pairs themselves.

Method: I. P. Fellegi, A. B. Sunter, "A Theory for Record Linkage", JASA 64 (1969), with the weights learnt by
expectation-maximisation in three classes: one thing, two near ones, two without any link (W. E. Winkler, "Improved
Decision Rules in the Fellegi-Sunter Model of Record Linkage", 1993, who sets persons of one household apart).

A pair shows a level for each field compared, -1 where either side is missing. The levels of a field are rows of a
reference table: champ, nom, ecart_max (the last one, empty, takes the rest), `CLASSES`, motif.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import process
from scipy import sparse
from scipy.special import softmax

from analysis.core import reference

Numbers = NDArray[np.float64]
Whole = NDArray[np.signedinteger]
Scorer = Callable[..., float]
Levels = dict[str, pd.DataFrame]

CLASSES = ("meme", "voisine", "autre")  # one thing; two near ones; two without any link
SAME = 0
ROUNDS, SETTLED = 500, 1e-7  # of expectation-maximisation, at most; what no longer moves
BLOCK = "bloc"  # the field that says what brought a pair together


@dataclass(frozen=True)
class Model:
    """shares: part of the compared pairs in each class; seen: for each field, how often each class (row) shows
    each level (column)."""

    shares: Numbers
    seen: dict[str, Numbers]


@cache
def levels_of(name: str) -> Levels:
    """The levels of each field of a reference table, in its order."""
    known = reference.table(name)
    known["ecart_max"] = known["ecart_max"].fillna(np.inf)
    return {str(field): rows.reset_index(drop=True) for field, rows in known.groupby("champ", sort=False)}


def levelled(gap: Numbers, found: pd.DataFrame) -> Whole:
    """The level of each gap: the first whose `ecart_max` it does not pass; -1 where it is missing."""
    level = np.searchsorted(found["ecart_max"].to_numpy(), gap, side="left")
    return np.where(np.isnan(gap), -1, level).astype("int8")


def assumed(levels: Levels, prior: float, blocks: int) -> Model:
    """What is taken before anything is learnt: the table of levels, and `prior` as the part of each kind of pair
    that are not `autre`.

    Pairs without any link are a class for each of the `blocks`: what they agree on depends on what brought them
    together.
    """
    shares = np.array([prior, prior, *[(1 - 2 * prior) / blocks] * blocks])
    kinds = [0, 1, *[2] * blocks]
    seen = {field: found[list(CLASSES)].to_numpy().T[kinds] for field, found in levels.items()}
    return Model(shares, seen | {BLOCK: np.vstack([np.full((2, blocks), 1 / blocks), np.eye(blocks)])})


def probability(model: Model, seen: dict[str, Whole]) -> Numbers:
    """Of each pair to be one thing, its levels being what they are: Bayes' rule with fields taken independent."""
    distinct, which, _ = _patterns(seen)
    same: Numbers = _belonging(model, distinct)[0][which]
    return same


def _patterns(seen: dict[str, Whole]) -> tuple[dict[str, Whole], Whole, Whole]:
    """The distinct combinations of levels, which one each pair shows, and how many pairs show each.

    There are some thousands, however many pairs there are.
    """
    key = np.zeros(len(next(iter(seen.values()))), dtype="int64")
    for level in seen.values():
        key = key * (level.max(initial=0) + 2) + level + 1
    _, first, which, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return {field: level[first] for field, level in seen.items()}, which, count


def _belonging(model: Model, seen: dict[str, Whole]) -> Numbers:
    """The probability of each class (row) for each pair (column)."""
    likelihood = np.log(model.shares)[:, None]
    unknown = np.ones((len(model.shares), 1))  # a missing value (level -1) says nothing
    for field, level in seen.items():
        with np.errstate(divide="ignore"):  # another block's class is impossible
            said = np.log(np.hstack([model.seen[field], unknown]))
        likelihood = likelihood + said[:, level]
    out: Numbers = softmax(likelihood, axis=0)
    return out


def learnt(seen: dict[str, Whole], start: Model, *, strength: float, known: Collection[int] = ()) -> Model:
    """The model that explains best the levels seen, by expectation-maximisation.

    `start` counts as `strength` pairs of each class (a Dirichlet prior), so that few pairs do not teach nonsense; how
    often the classes `known` show each level is taken from it, and only their share is learnt.
    """
    kept = list(known)
    distinct, _, count = _patterns(seen)
    model = start
    for _ in range(ROUNDS):
        held = count * _belonging(model, distinct)
        new = Model(
            (held.sum(axis=1) + strength * start.shares) / (count.sum() + strength),
            {field: _shares(level, held, start.seen[field], strength) for field, level in distinct.items()},
        )
        for field, levels in new.seen.items():
            levels[kept] = start.seen[field][kept]
        moved = max(abs(new.seen[field] - model.seen[field]).max() for field in seen)
        model = new
        if moved < SETTLED:
            break
    return model


def with_chance(start: Model, seen: dict[str, Whole], strength: float) -> Model:
    """`start` whose classes of pairs without any link, one for each block, show the levels of the pairs `seen`, which
    are known to have none."""
    out = {field: levels.copy() for field, levels in start.seen.items()}
    first = len(CLASSES) - 1
    for place in range(first, len(start.shares)):
        here = (seen[BLOCK] == place - first).astype("float64")[None]
        for field in out.keys() - {BLOCK}:
            out[field][place] = _shares(seen[field], here, start.seen[field][[place]], strength)[0]
    return Model(start.shares, out)


def _shares(level: Whole, held: Numbers, start: Numbers, strength: float) -> Numbers:
    """How often each class (row) shows each level (column), among the pairs where it is known."""
    known = level >= 0
    seen = np.stack([np.bincount(level[known], weights=row[known], minlength=start.shape[1]) for row in held])
    out: Numbers = (seen + strength * start) / (seen.sum(axis=1, keepdims=True) + strength)
    return out


# Values become numbers before they are compared: there are many more pairs than values.


def scored(scorer: Scorer, values: pd.Series, left: Whole, right: Whole, cutoff: float | None = None) -> Numbers:
    """What `scorer` of rapidfuzz says of two texts, by the positions of both; NaN where either is missing.

    Beyond `cutoff` only that is told, which is found faster than by how much: a similarity under it is 0, a distance
    over it `cutoff` + 1, a normalised distance over it 1.
    """
    known, texts = values.notna().to_numpy(), values.fillna("").to_numpy(dtype=object)
    score = process.cpdist(texts[left], texts[right], scorer=scorer, score_cutoff=cutoff, workers=-1)
    return np.where(known[left] & known[right], score, np.nan)


def other(values: pd.Series, left: Whole, right: Whole) -> Numbers:
    """1 where the two values differ, 0 where they do not, NaN where either is missing."""
    code = pd.factorize(values)[0]
    a, b = code[left], code[right]
    return np.where((a < 0) | (b < 0), np.nan, a != b)


def incidence(keys: pd.DataFrame, size: int) -> sparse.csr_matrix:
    """A 1 for each thing (row) and key (column) it holds."""
    shape = (size, int(keys["key"].max()) + 1 if len(keys) else 0)
    cells = (np.ones(len(keys), dtype="int32"), (keys["op"].to_numpy(), keys["key"].to_numpy()))
    return sparse.csr_matrix(cells, shape=shape)
