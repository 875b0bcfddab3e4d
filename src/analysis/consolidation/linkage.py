"""How likely two operations of two structures are the same one: what is compared (method: `fellegi_sunter`).

The three classes of pairs are one operation, two of one programme, two without any link. Fields, levels and starting
values: `data/raw/reference/doublons/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA
from scipy import sparse

from analysis.core import reference
from analysis.core.results import day_numbers
from analysis.core.sirene import siren_of
from analysis.core.texts import words
from analysis.fellegi_sunter import (
    SAME,
    Levels,
    Model,
    Numbers,
    Whole,
    incidence,
    levelled,
    levels_of,
    other,
    scored,
)

# Pairs are compared when they share the value of all the columns of one of these lines, the rarest agreement first.
BLOCKS = (
    ("debut", "fin"),
    ("epci", "debut"),
    ("epci", "heures"),
    ("entreprise",),
    ("donneur_ordre", "segment"),
)


@dataclass(frozen=True)
class Listing:
    """operations: a row per op_id, sorted, with structure_id, editions (one bit each), libelle, plain (its
    words sorted), part_named (lot, phase), donneur_ordre (SIREN), segment, mecanisme, debut, fin, heures;
    companies (SIREN), places: op (its position), value: all that it ever had.
    """

    operations: pd.DataFrame
    companies: pd.DataFrame
    places: pd.DataFrame
    first_edition: int


def levels() -> Levels:
    """The levels of each field compared, closest first."""
    return levels_of("doublons/niveaux")


def listing(clean: dict[str, pd.DataFrame]) -> Listing:
    """Each operation once, as its latest edition describes it; a value missing there is taken from the one before."""
    rows = clean["operations"].sort_values(["annee", "op_id"])
    first = int(rows["annee"].min()) if len(rows) else 0
    rows = rows.assign(
        editions=2 ** (rows["annee"] - first),
        donneur_ordre=siren_of(rows["maitre_ouvrage_siret"]),
    ).rename(columns={"date_debut": "debut", "date_fin": "fin", "heures_prevues": "heures"})
    by_operation = rows.groupby("op_id")
    columns = ["structure_id", "libelle", "donneur_ordre", "segment", "mecanisme", "debut", "fin", "heures"]
    found = by_operation[columns].last()
    found["editions"] = by_operation["editions"].sum()
    found["libelle"] = found["libelle"].fillna("")
    markers = frozenset(reference.table("doublons/mots")["mot"])
    split = [words(label) for label in found["libelle"]]
    found["part_named"] = [_part_named(held, markers) for held in split]
    found["plain"] = [" ".join(sorted(held)) for held in split]
    position = pd.Series(np.arange(len(found)), index=found.index)

    def ever(table: str, column: str) -> pd.DataFrame:
        held = pd.DataFrame({"op": clean[table]["op_id"].map(position), "value": siren_of(clean[table][column])})
        return held.dropna().drop_duplicates().astype({"op": "int64"}).sort_values(["op", "value"], ignore_index=True)

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
        keys = incidence(_keys(rows, block, several), len(rows))
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


def compared(known: Listing, left: Whole, right: Whole) -> dict[str, Whole]:
    """The level of each pair for each field of `levels()`, 0 the closest, -1 where either side is missing."""
    rows = known.operations
    labelled = rows["plain"].ne("")
    gaps = {
        "libelle": 100 - scored(fuzz.ratio, rows["plain"].where(labelled), left, right),
        "tranche": other(rows["part_named"].where(labelled), left, right),
        "debut": _days(rows["debut"], left, right),
        "fin": _days(rows["fin"], left, right),
        "heures": _relative(rows["heures"], left, right),
        "segment": other(rows["segment"], left, right),
        "mecanisme": other(rows["mecanisme"], left, right),
        # Digits to change, or neighbours to swap, to go from one number to the other.
        "donneur_ordre": scored(OSA.distance, rows["donneur_ordre"], left, right),
        "entreprises": _apart(known.companies, len(rows), left, right),
        "epci": _apart(known.places, len(rows), left, right),
    }
    return {field: levelled(gaps[field], found) for field, found in levels().items()}


def _days(values: pd.Series, left: Whole, right: Whole) -> Numbers:
    day = day_numbers(values)
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
    cells = incidence(keys, size)
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


def _part_named(words: list[str], markers: frozenset[str]) -> str:
    """The lot, phase or building that a label names: its marker words, each with a number or letter after it."""
    named = {word for word in words if word in markers}
    named |= {word for before, word in pairwise(words) if before in markers and len(word) <= 2}
    return " ".join(sorted(named))
