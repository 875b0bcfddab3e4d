"""How likely two operations of two structures are the same one: probabilistic record linkage.

Method: I. P. Fellegi, A. B. Sunter, "A Theory for Record Linkage", JASA 64 (1969), with the weights learnt from
the pairs themselves by expectation-maximisation, in three classes: one operation, two of one programme, two without
any link (W. E. Winkler, "Improved Decision Rules in the Fellegi-Sunter Model of Record Linkage", 1993, who sets
persons of one household apart). Fields, levels and starting values: `data/raw/reference/doublons/`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import fuzz, process, utils
from rapidfuzz.distance import OSA
from scipy import sparse
from scipy.special import softmax

from analysis.core import reference

Numbers = NDArray[np.float64]
Whole = NDArray[np.signedinteger]
Scorer = Callable[..., float]

CLASSES = ("meme", "voisine", "autre")  # one operation; two of one programme; two without any link
SAME = 0

# Pairs are compared when they share the value of all the columns of one of these lines, the rarest agreement first.
BLOCKS = (
    ("debut", "fin"),
    ("epci", "debut"),
    ("epci", "heures"),
    ("entreprise",),
    ("donneur_ordre", "segment"),
)
ACCENTS = re.compile("[\u0300-\u036f]")  # written after their letter, as NFKD does
BLOCK = "bloc"  # the field that says which line came first


@dataclass(frozen=True)
class Listing:
    """operations: a row per op_id, sorted, with structure_id, editions (one bit each), libelle, plain (its
    words sorted), part_named (lot, phase), donneur_ordre (SIREN), segment, mecanisme, debut, fin, heures;
    companies, places: op (its position), value: all that it ever had.
    """

    operations: pd.DataFrame
    companies: pd.DataFrame
    places: pd.DataFrame
    first_edition: int


@dataclass(frozen=True)
class Model:
    """shares: part of the compared pairs in each class; seen: for each field, how often each class (row) shows
    each level (column)."""

    shares: Numbers
    seen: dict[str, Numbers]


@cache
def levels() -> dict[str, pd.DataFrame]:
    """The levels of each field compared, closest first: nom, ecart_max, CLASSES, motif; the last one takes the rest."""
    known = reference.table("doublons/niveaux")
    known["ecart_max"] = known["ecart_max"].fillna(np.inf)
    return {str(field): rows.reset_index(drop=True) for field, rows in known.groupby("champ", sort=False)}


def listing(clean: dict[str, pd.DataFrame]) -> Listing:
    """Each operation once, as its latest edition describes it; a value missing there is taken from the one before."""
    rows = clean["operations"].sort_values(["annee", "op_id"])
    first = int(rows["annee"].min()) if len(rows) else 0
    rows = rows.assign(
        editions=2 ** (rows["annee"] - first),
        donneur_ordre=rows["maitre_ouvrage_siret"].str.slice(0, 9),
    ).rename(columns={"date_debut": "debut", "date_fin": "fin", "heures_prevues": "heures"})
    by_operation = rows.groupby("op_id")
    columns = ["structure_id", "libelle", "donneur_ordre", "segment", "mecanisme", "debut", "fin", "heures"]
    found = by_operation[columns].last()
    found["editions"] = by_operation["editions"].sum()
    found["libelle"] = found["libelle"].fillna("")
    markers = frozenset(reference.table("doublons/mots")["mot"])
    words = [_words(label) for label in found["libelle"]]
    found["part_named"] = [_part_named(held, markers) for held in words]
    found["plain"] = [" ".join(sorted(held)) for held in words]
    position = pd.Series(np.arange(len(found)), index=found.index)

    def ever(table: str, column: str) -> pd.DataFrame:
        values = clean[table][["op_id", column]].dropna().drop_duplicates()
        held = pd.DataFrame({"op": values["op_id"].map(position), "value": values[column]})
        return held.dropna().astype({"op": "int64"}).sort_values(["op", "value"], ignore_index=True)

    return Listing(
        operations=found.reset_index(),
        companies=ever("engagements", "entreprise_siret"),
        places=ever("territoires", "epci_siren"),
        first_edition=first,
    )


def candidates(known: Listing) -> tuple[Whole, Whole, Whole]:
    """Pairs worth comparing: two structures, an edition in common, and one of `BLOCKS`.

    Returns the positions of both operations and that of the first of `BLOCKS` that brings them together.
    """
    rows = known.operations
    several = {"entreprise": known.companies, "epci": known.places}
    structure, editions = pd.factorize(rows["structure_id"])[0], rows["editions"].to_numpy()
    pairs = []
    for block in BLOCKS:
        keys = _incidence(_keys(rows, block, several), len(rows))
        shared = sparse.triu(keys @ keys.T, k=1).tocoo()
        left, right = shared.row.astype("int64"), shared.col.astype("int64")
        kept = (structure[left] != structure[right]) & ((editions[left] & editions[right]) > 0)
        pairs.append(left[kept] * len(rows) + right[kept])
    found, first = np.unique(np.concatenate(pairs), return_index=True)
    left, right = np.divmod(found, max(len(rows), 1))
    return left, right, np.repeat(np.arange(len(BLOCKS)), [len(held) for held in pairs])[first]


def _keys(rows: pd.DataFrame, block: tuple[str, ...], several: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """op, key: what each operation holds of a block; nothing when a value of it is missing."""
    frame = rows[[name for name in block if name not in several]].assign(op=np.arange(len(rows)))
    for name in block:
        if name in several:
            frame = frame.merge(several[name].rename(columns={"value": name}), on="op")
    frame = frame.dropna()
    return pd.DataFrame({"op": frame["op"], "key": frame.groupby(list(block)).ngroup()})


def _incidence(keys: pd.DataFrame, size: int) -> sparse.csr_matrix:
    """A 1 for each operation (row) and key (column) it holds."""
    shape = (size, int(keys["key"].max()) + 1 if len(keys) else 0)
    cells = (np.ones(len(keys), dtype="int32"), (keys["op"].to_numpy(), keys["key"].to_numpy()))
    return sparse.csr_matrix(cells, shape=shape)


def compared(known: Listing, left: Whole, right: Whole) -> dict[str, Whole]:
    """The level of each pair for each field of `levels()`, 0 the closest, -1 where either side is missing."""
    rows = known.operations
    labelled = rows["plain"].ne("")
    gaps = {
        "libelle": 100 - _scored(fuzz.ratio, rows["plain"].where(labelled), left, right),
        "tranche": _other(rows["part_named"].where(labelled), left, right),
        "debut": _days(rows["debut"], left, right),
        "fin": _days(rows["fin"], left, right),
        "heures": _relative(rows["heures"], left, right),
        "segment": _other(rows["segment"], left, right),
        "mecanisme": _other(rows["mecanisme"], left, right),
        # Digits to change, or neighbours to swap, to go from one number to the other.
        "donneur_ordre": _scored(OSA.distance, rows["donneur_ordre"], left, right),
        "entreprises": _apart(known.companies, len(rows), left, right),
        "epci": _apart(known.places, len(rows), left, right),
    }
    out = {}
    for field, found in levels().items():
        gap = gaps[field]
        level = np.searchsorted(found["ecart_max"].to_numpy(), gap, side="left")
        out[field] = np.where(np.isnan(gap), -1, level).astype("int8")
    return out


# The values of the operations become numbers before they are compared: there are many more pairs than operations.


def _scored(scorer: Scorer, values: pd.Series, left: Whole, right: Whole) -> Numbers:
    """What `scorer` says of two texts."""
    known, texts = values.notna().to_numpy(), values.fillna("").to_numpy(dtype=object)
    score = process.cpdist(texts[left], texts[right], scorer=scorer, workers=-1)
    return np.where(known[left] & known[right], score, np.nan)


def _other(values: pd.Series, left: Whole, right: Whole) -> Numbers:
    """1 where the two values differ, 0 where they do not."""
    code = pd.factorize(values)[0]
    a, b = code[left], code[right]
    return np.where((a < 0) | (b < 0), np.nan, a != b)


def _days(values: pd.Series, left: Whole, right: Whole) -> Numbers:
    day = (values - pd.Timestamp(0)).dt.days.to_numpy(dtype="float64", na_value=np.nan)
    gap: Numbers = np.abs(day[left] - day[right])
    return gap


def _relative(values: pd.Series, left: Whole, right: Whole) -> Numbers:
    """Difference in percent of the larger one."""
    number = values.to_numpy(dtype="float64", na_value=np.nan)
    a, b = number[left], number[right]
    larger = np.maximum(a, b)
    return np.divide(100 * np.abs(a - b), larger, out=np.full(len(a), np.nan), where=larger > 0)


def _apart(held: pd.DataFrame, size: int, left: Whole, right: Whole) -> Numbers:
    """Percent of the values of a pair that only one of the two holds (Jaccard distance)."""
    keys = pd.DataFrame({"op": held["op"], "key": pd.factorize(held["value"])[0]})
    cells = _incidence(keys, size)
    count = np.asarray(cells.sum(axis=1)).ravel().astype("float64")
    common = np.asarray(cells[left].multiply(cells[right]).sum(axis=1)).ravel()
    either = count[left] + count[right] - common
    missing = (count[left] == 0) | (count[right] == 0)
    return np.where(missing, np.nan, 100 * (1 - common / np.maximum(either, 1)))


def latest_edition(known: Listing, left: Whole, right: Whole) -> Whole:
    """The last edition that both operations of each pair are in."""
    editions = known.operations["editions"].to_numpy()
    common: Whole = np.log2(editions[left] & editions[right]).astype("int64") + known.first_edition
    return common


def assumed(prior: float) -> Model:
    """What is taken before anything is learnt: the table of levels, and `prior` as the part of each kind of pair
    that are not `autre`.

    Pairs without any link are a class for each of `BLOCKS`: what they agree on depends on what brought them together.
    """
    size = len(BLOCKS)
    shares = np.array([prior, prior, *[(1 - 2 * prior) / size] * size])
    kinds = [0, 1, *[2] * size]
    seen = {field: found[list(CLASSES)].to_numpy().T[kinds] for field, found in levels().items()}
    return Model(shares, seen | {BLOCK: np.vstack([np.full((2, size), 1 / size), np.eye(size)])})


def probability(model: Model, seen: dict[str, Whole]) -> Numbers:
    """Of each pair to be one operation, its levels being what they are: Bayes' rule with fields taken independent."""
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


def reasons(model: Model, seen: dict[str, Whole]) -> tuple[list[str], list[str]]:
    """For each pair, in words, the fields whose level is seen more often in one operation than in two without any
    link, and the fields whose level is not."""
    size = len(next(iter(seen.values())))
    agreeing: list[list[str]] = [[] for _ in range(size)]
    differing: list[list[str]] = [[] for _ in range(size)]
    for field, found in levels().items():
        words = [f"{row.nom} : {row.motif}" for row in found.itertuples()]
        unlinked = np.average(model.seen[field][2:], axis=0, weights=model.shares[2:])
        tells = model.seen[field][SAME] > unlinked
        for pair, level in enumerate(seen[field].tolist()):
            if level >= 0:
                (agreeing if tells[level] else differing)[pair].append(words[level])
    return [" ; ".join(found) for found in agreeing], [" ; ".join(found) for found in differing]


def learnt(
    seen: dict[str, Whole], start: Model, *, strength: float, rounds: int = 500, tolerance: float = 1e-7
) -> Model:
    """The model that explains best the levels seen, by expectation-maximisation.

    `start` counts as `strength` pairs of each class (a Dirichlet prior), so that few pairs do not teach nonsense.
    """
    distinct, _, count = _patterns(seen)
    model = start
    for _ in range(rounds):
        held = count * _belonging(model, distinct)
        new = Model(
            (held.sum(axis=1) + strength * start.shares) / (count.sum() + strength),
            {field: _shares(level, held, start.seen[field], strength) for field, level in distinct.items()},
        )
        moved = max(abs(new.seen[field] - model.seen[field]).max() for field in seen)
        model = new
        if moved < tolerance:
            break
    return model


def _shares(level: Whole, held: Numbers, start: Numbers, strength: float) -> Numbers:
    """How often each class (row) shows each level (column), among the pairs where it is known."""
    known = level >= 0
    seen = np.stack([np.bincount(level[known], weights=row[known], minlength=start.shape[1]) for row in held])
    out: Numbers = (seen + strength * start) / (seen.sum(axis=1, keepdims=True) + strength)
    return out


def _words(label: str) -> list[str]:
    """The words of a label without case, accents or signs."""
    return utils.default_process(ACCENTS.sub("", unicodedata.normalize("NFKD", label))).split()


def _part_named(words: list[str], markers: frozenset[str]) -> str:
    """The lot, phase or building that a label names: its marker words, each with a number or letter after it."""
    named = {word for word in words if word in markers}
    named |= {word for before, word in pairwise(words) if before in markers and len(word) <= 2}
    return " ".join(sorted(named))
