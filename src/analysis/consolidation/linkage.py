"""How likely two operations of two structures are the same one: probabilistic record linkage.

Method: I. P. Fellegi, A. B. Sunter, "A Theory for Record Linkage", JASA 64 (1969), with the weights learnt from
the pairs themselves by expectation-maximisation (W. E. Winkler, "Using the EM Algorithm for Weight Computation
in the Fellegi-Sunter Model of Record Linkage", 1988). Fields, levels and starting values: `doublons.csv`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import fuzz, process, utils
from rapidfuzz.distance import OSA
from scipy import sparse
from scipy.special import expit, logit

from analysis.core import reference

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

# Pairs are compared when they share the value of all the columns of one of these lines.
BLOCKS = (
    ("donneur_ordre", "segment"),
    ("entreprise",),
    ("debut", "fin"),
    ("epci", "debut"),
    ("epci", "heures"),
)


@dataclass(frozen=True)
class Listing:
    """operations: a row per op_id, sorted, with structure_id, editions (one bit each), libelle, plain, donneur_ordre,
    segment, mecanisme, debut, fin, heures; companies, places: op (its position), value: all that it ever had.
    """

    operations: pd.DataFrame
    companies: pd.DataFrame
    places: pd.DataFrame
    first_edition: int


@dataclass(frozen=True)
class Model:
    """prior: part of the compared pairs that are one operation; m, u: for each field, how often each level is seen in
    a pair that is one operation, and in a pair that is not."""

    prior: float
    m: dict[str, Numbers]
    u: dict[str, Numbers]

    def weights(self) -> dict[str, Numbers]:
        """For each field, log2(m/u) of each level: what agreeing so far says, in bits."""
        return {field: np.log2(self.m[field] / self.u[field]) for field in self.m}


@cache
def levels() -> dict[str, pd.DataFrame]:
    """The levels of each field compared, closest first: nom, ecart_max, m, u, motif; the last one takes the rest."""
    known = reference.table("doublons")
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
    found["plain"] = [_plain(label) for label in found["libelle"]]
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


def candidates(known: Listing) -> tuple[Whole, Whole]:
    """Positions of the pairs worth comparing: two structures, an edition in common, and one of `BLOCKS`."""
    rows = known.operations
    several = {"entreprise": known.companies, "epci": known.places}
    incidence = [_incidence(_keys(rows, block, several), len(rows)) for block in BLOCKS]
    keys = sparse.hstack(incidence, format="csr")
    shared = sparse.triu(keys @ keys.T, k=1).tocoo()
    left, right = shared.row.astype("int64"), shared.col.astype("int64")
    structure, editions = pd.factorize(rows["structure_id"])[0], rows["editions"].to_numpy()
    kept = (structure[left] != structure[right]) & ((editions[left] & editions[right]) > 0)
    order = np.lexsort((right[kept], left[kept]))
    return left[kept][order], right[kept][order]


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
    a, b = rows.iloc[left].reset_index(drop=True), rows.iloc[right].reset_index(drop=True)
    gaps = {
        "libelle": 100 - process.cpdist(a["plain"], b["plain"], scorer=fuzz.ratio).astype("float64"),
        "debut": _days(a["debut"], b["debut"]),
        "fin": _days(a["fin"], b["fin"]),
        "heures": _relative(a["heures"], b["heures"]),
        "segment": _other(a["segment"], b["segment"]),
        "mecanisme": _other(a["mecanisme"], b["mecanisme"]),
        "donneur_ordre": _digits(a["donneur_ordre"], b["donneur_ordre"]),
        "entreprises": _apart(known.companies, len(rows), left, right),
        "epci": _apart(known.places, len(rows), left, right),
    }
    out = {}
    for field, found in levels().items():
        gap = gaps[field]
        level = np.searchsorted(found["ecart_max"].to_numpy(), gap, side="left")
        out[field] = np.where(np.isnan(gap), -1, level).astype("int64")
    return out


def _days(a: pd.Series, b: pd.Series) -> Numbers:
    return (a - b).dt.days.abs().to_numpy(dtype="float64", na_value=np.nan)


def _relative(a: pd.Series, b: pd.Series) -> Numbers:
    """Difference in percent of the larger one."""
    larger = np.maximum(a, b)
    return (100 * (a - b).abs() / larger.where(larger > 0)).to_numpy(dtype="float64", na_value=np.nan)


def _other(a: pd.Series, b: pd.Series) -> Numbers:
    return np.where(a.isna() | b.isna(), np.nan, a.ne(b).fillna(True).astype("float64"))


def _digits(a: pd.Series, b: pd.Series) -> Numbers:
    """Digits to change, or neighbours to swap, to go from one number to the other."""
    changes = process.cpdist(a.fillna(""), b.fillna(""), scorer=OSA.distance).astype("float64")
    return np.where(a.isna() | b.isna(), np.nan, changes)


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
    """The values that nothing was learnt for yet: those of `doublons.csv`."""
    return Model(
        prior,
        {field: found["m"].to_numpy() for field, found in levels().items()},
        {field: found["u"].to_numpy() for field, found in levels().items()},
    )


def probability(model: Model, seen: dict[str, Whole]) -> Numbers:
    """Of each pair to be one operation, its levels being what they are: Bayes' rule with fields taken independent."""
    odds = np.full(len(next(iter(seen.values()))), logit(model.prior))
    for field, level in seen.items():
        said = np.log(np.append(model.m[field] / model.u[field], 1.0))  # a missing value (-1) says nothing
        odds = odds + said[level]
    return expit(odds)


def reasons(model: Model, seen: dict[str, Whole]) -> tuple[list[str], list[str]]:
    """For each pair, the fields whose level tells for one operation (m > u) and those that tell against, in words."""
    size = len(next(iter(seen.values())))
    agreeing: list[list[str]] = [[] for _ in range(size)]
    differing: list[list[str]] = [[] for _ in range(size)]
    for field, weight in model.weights().items():
        words = [f"{row.nom} : {row.motif}" for row in levels()[field].itertuples()]
        for pair, level in enumerate(seen[field].tolist()):
            if level >= 0:
                (agreeing if weight[level] > 0 else differing)[pair].append(words[level])
    return [" ; ".join(found) for found in agreeing], [" ; ".join(found) for found in differing]


def learnt(
    seen: dict[str, Whole], start: Model, *, strength: float, rounds: int = 500, tolerance: float = 1e-7
) -> Model:
    """m, u and prior that explain best the levels seen, by expectation-maximisation.

    `start` counts as `strength` pairs of each kind (a Dirichlet prior), so that few pairs do not teach nonsense.
    """
    patterns = pd.DataFrame(seen)
    grouped = patterns.groupby(list(patterns.columns), sort=True).size().rename("count").reset_index()
    count = grouped["count"].to_numpy(dtype="float64")
    distinct = {field: grouped[field].to_numpy() for field in seen}
    model = start
    for _ in range(rounds):
        same = count * probability(model, distinct)
        prior = (same.sum() + strength * start.prior) / (count.sum() + strength)
        new = Model(
            float(prior),
            {field: _shares(level, same, start.m[field], strength) for field, level in distinct.items()},
            {field: _shares(level, count - same, start.u[field], strength) for field, level in distinct.items()},
        )
        moved = max(abs(new.m[field] - model.m[field]).max() for field in seen)
        model = new
        if moved < tolerance:
            break
    return model


def _shares(level: Whole, weight: Numbers, start: Numbers, strength: float) -> Numbers:
    """How often each level is seen among the pairs of a kind, where it is known."""
    known = level >= 0
    seen = np.bincount(level[known], weights=weight[known], minlength=len(start))
    out: Numbers = (seen + strength * start) / (seen.sum() + strength)
    return out


def _plain(label: str) -> str:
    """A label without case, accents, signs or order of words, as two people would spell it alike."""
    letters = unicodedata.normalize("NFKD", label)
    words = utils.default_process("".join(letter for letter in letters if not unicodedata.combining(letter)))
    return " ".join(sorted(words.split()))
