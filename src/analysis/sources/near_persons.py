"""Pairs of persons who are probably one: two keys, because a name or a birth date was not typed twice alike.

It must be done here, while there are names: the keyed hash of one other letter is another hash altogether. What leaves
is two keys, a probability and in what the two differ; no name, no date. Method: `fellegi_sunter`, with three classes,
one person, two of one family (twins above all), two without any link. Levels and starting values:
`data/raw/reference/doublons/personnes.csv`.

Blocks: the word keys hold a word's consonants once each, in order of the alphabet, which a vowel, a doubled letter or
two letters swapped do not change (after the omission key of J. J. Pollock, A. Zamora, "Automatic spelling correction in
scientific and scholarly text", CACM 27, 1984).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA
from scipy import sparse

from analysis.core.params import ExportParams
from analysis.core.texts import words
from analysis.fellegi_sunter import (
    BLOCK,
    Levels,
    Model,
    Numbers,
    Whole,
    assumed,
    incidence,
    learnt,
    levelled,
    levels_of,
    other,
    probability,
    scored,
    with_chance,
)
from analysis.sources.persons import normalise_name

PAIR = ["ben_id_a", "ben_id_b"]
# Pairs are compared when they share one of these, the rarest agreement first.
BLOCKS = ("noms et deux parties de la date", "date et mot", "date et initiales")
SILENT = str.maketrans("", "", "aeiouyh")  # letters that a word's key leaves out
SHORTEST = 3  # letters of a word that tells something: « de », « le » tell nothing
ALIKE, SLIP, PART, NEIGHBOUR, APART = range(5)  # cases of two names
SAME_DAY, SWAPPED, ONE_DIGIT, ONE_PART = range(4)  # cases of two birth dates
BETWEEN = "|"  # of the years and structures of a person


@dataclass(frozen=True)
class Listing:
    """Each person once, in the order of `ben_id`.

    people: ben_id, jour (birth date as a number, 19900131), sexe, epci_siren. Twice as long, last names of all, then
    first names of all: letters (as the key has them), spelt (words between blanks), borne (how many persons have these
    letters). names: which persons have the same word keys of name and first name, in either order; together: how many
    they are. tokens: op (position of the person), key: its words' keys.
    """

    people: pd.DataFrame
    letters: pd.Series
    spelt: pd.Series
    borne: Whole
    names: Whole
    together: Whole
    tokens: pd.DataFrame


def near(rows: pd.DataFrame, settings: ExportParams) -> pd.DataFrame:
    """The pairs of persons as likely as `near_floor` to be one, likeliest first.

    `rows` are those of all structures and years: ben_id, annee, structure_id, nom, prenom, naissance, sexe, epci_siren.
    Returns ben_id_a < ben_id_b, probabilite (0 to 1), motif (in what the two differ, in French), and annees_a,
    structures_a, annees_b, structures_b: where to ask. Who has no name or no birth date is in no pair.
    """
    known = listing(rows)
    left, right, seen = _seen(known, settings)
    likely = probability(model(known, seen, settings), seen).round(4)
    kept = likely >= settings.near_floor
    keys = known.people["ben_id"].to_numpy()
    pairs = pd.DataFrame({name: keys[side[kept]] for name, side in zip(PAIR, (left, right), strict=True)}, dtype="str")
    told = reasons({field: level[kept] for field, level in seen.items()})
    pairs = pairs.assign(probabilite=likely[kept], motif=pd.Series(told, dtype="str"))
    for name, column in (("annees", "annee"), ("structures", "structure_id")):
        held = _held(rows[rows["ben_id"].isin(pd.unique(pairs[PAIR].to_numpy().ravel()))], column)
        pairs = pairs.assign(**{f"{name}_{side[-1]}": pairs[side].map(held).astype("str") for side in PAIR})
    return pairs.sort_values(["probabilite", *PAIR], ascending=[False, True, True], ignore_index=True)


def _held(rows: pd.DataFrame, column: str) -> pd.Series:
    """By person, all that a column of `rows` ever said, in order."""
    values = rows[["ben_id", column]].drop_duplicates().sort_values(["ben_id", column])
    said = values[column].astype("str").astype("object")  # plain texts are joined faster
    return said.groupby(values["ben_id"].to_numpy()).agg(BETWEEN.join)


def model(known: Listing, seen: dict[str, Whole], settings: ExportParams) -> Model:
    """What the pairs `seen` teach, beside what is assumed.

    Birth dates handed round at random make pairs of whom none is one person: how often these show each level is what
    chance does. How often one person, or two of a family, show them is assumed (the table): learnt, each of the two
    classes is taken by the commonest slip, or takes in twins. The share of each class is learnt.
    """
    strength = settings.near_prior_pairs
    days = np.random.default_rng(settings.near_seed).permutation(np.array(known.people["jour"]))
    _, _, by_chance = _seen(replace(known, people=known.people.assign(jour=days)), settings)
    start = with_chance(assumed(levels(), settings.near_prior, len(BLOCKS)), by_chance, strength)
    return learnt(seen, start, strength=strength, known=range(len(start.shares)))


def _seen(known: Listing, settings: ExportParams) -> tuple[Whole, Whole, dict[str, Whole]]:
    left, right, block = candidates(known)
    return left, right, compared(known, left, right, settings) | {BLOCK: block}


def levels() -> Levels:
    """The levels of each field compared, closest first."""
    return levels_of("doublons/personnes")


def listing(rows: pd.DataFrame) -> Listing:
    """The persons of `rows` (see `near`) whose key is made of their names and birth date."""
    rows = rows[rows["nom"].notna() & rows["prenom"].notna() & rows["naissance"].notna()]
    people = rows.sort_values(["ben_id", "annee", "structure_id"]).groupby("ben_id")
    people = people[["naissance", "sexe", "epci_siren"]].last()
    # One key is one run of letters: the spelling that parts most words says most.
    spellings = rows[["ben_id", "nom", "prenom"]].drop_duplicates()
    parts = sum(_by_value(spellings[column], lambda name: len(_words(name))) for column in ("nom", "prenom"))
    best = spellings.assign(parts=parts).sort_values(["parts", "nom", "prenom"], ascending=[False, True, True])
    people = people.join(best.drop_duplicates("ben_id").set_index("ben_id")[["nom", "prenom"]]).reset_index()
    written = [_by_value(people[column], normalise_name).ne("") for column in ("nom", "prenom")]
    people = people[written[0] & written[1]].reset_index(drop=True)
    held = pd.concat([people.pop("nom"), people.pop("prenom")], ignore_index=True)
    letters, split, size = _by_value(held, normalise_name).astype("str"), _by_value(held, _words), len(people)
    whole = _by_value(letters, word_key)
    pairs = ["|".join(sorted(both)) for both in zip(whole[:size], whole[size:], strict=True)]
    names = pd.factorize(pd.Series(pairs, dtype="str"))[0]
    born = people.pop("naissance").dt
    tokens = pd.DataFrame({"op": np.tile(np.arange(size), 2), "key": split}).explode("key").astype({"key": "str"})
    tokens = tokens[tokens["key"].str.len() >= SHORTEST]
    return Listing(
        people=people.assign(jour=born.year * 10000 + born.month * 100 + born.day),
        letters=letters,
        spelt=_by_value(split, lambda parts: f" {' '.join(parts)} ").astype("str"),
        borne=letters.map(letters.value_counts()).to_numpy(dtype="int64"),
        names=names,
        together=np.bincount(names)[names],
        tokens=tokens.assign(key=_by_value(tokens["key"], word_key)).drop_duplicates(),
    )


def _by_value(values: pd.Series, made: Callable[[Any], Any]) -> pd.Series:
    """What is `made` of each value, once for those that are the same: names come again and again."""
    codes, distinct = pd.factorize(values)
    found = pd.Series([made(value) for value in distinct], dtype="object").to_numpy()
    return pd.Series(found[codes], index=values.index)


def _words(name: str) -> tuple[str, ...]:
    return tuple(words(name.casefold()))


def word_key(word: str) -> str:
    """The consonants of a word, each once and in order: `lefebvre` and `lefevbre` give `bflrv`; all of it if none."""
    return "".join(sorted(set(word.translate(SILENT)))) or word


def candidates(known: Listing) -> tuple[Whole, Whole, Whole]:
    """The positions of both persons of each pair worth comparing, and that of the first of `BLOCKS` they share."""
    size = len(known.people)
    pairs = []
    for keys in (_near_dates(known), _same_date(known), _initials(known)):
        cells = incidence(keys, size)
        shared = sparse.triu(cells @ cells.T, k=1).tocoo()
        pairs.append(np.sort(shared.row.astype("int64") * size + shared.col.astype("int64")))
    found, first = np.unique(np.concatenate(pairs), return_index=True)
    left, right = np.divmod(found, max(size, 1))
    block = np.repeat(np.arange(len(BLOCKS), dtype="int8"), [len(held) for held in pairs])[first]
    # Pairs of one date belong to the blocks of the date, whatever their names.
    day = known.people["jour"].to_numpy()
    return left, right, np.where((block == 0) & (day[left] == day[right]), 1, block).astype("int8")


def _near_dates(known: Listing) -> pd.DataFrame:
    """op, key: the names with two of the three parts of the birth date, and with its day and month in order."""
    position = np.flatnonzero(known.together > 1)
    year, month, day = _parts(known.people["jour"].to_numpy()[position])
    low, high = np.minimum(day, month), np.maximum(day, month)
    seen = [year * 10000 + month * 100, year * 10000 + day, month * 100 + day, year * 10000 + high * 100 + low]
    names = known.names[position]
    return _keyed([position] * 4, [(names * 4 + kind) * 10**8 + value for kind, value in enumerate(seen)])


def _same_date(known: Listing) -> pd.DataFrame:
    """op, key: the birth date with each word."""
    op = known.tokens["op"].to_numpy(dtype="int64")
    word = pd.factorize(known.tokens["key"])[0]
    return _keyed([op], [word * 10**8 + known.people["jour"].to_numpy()[op]])


def _initials(known: Listing) -> pd.DataFrame:
    """op, key: the birth date with the first letters of name and first name, in either order."""
    size = len(known.people)
    letter = pd.factorize(known.letters.str.slice(0, 1))[0].astype("int64")
    a, b = letter[:size], letter[size:]
    both = np.minimum(a, b) * 10**4 + np.maximum(a, b)
    return _keyed([np.arange(size)], [both * 10**8 + known.people["jour"].to_numpy()])


def _keyed(positions: list[Whole], keys: list[Whole]) -> pd.DataFrame:
    op, key = np.concatenate(positions), pd.factorize(np.concatenate(keys))[0]
    return pd.DataFrame({"op": op, "key": key}).drop_duplicates()


def _parts(day: Whole) -> tuple[Whole, Whole, Whole]:
    return day // 10000, day // 100 % 100, day % 100


def compared(known: Listing, left: Whole, right: Whole, settings: ExportParams) -> dict[str, Whole]:
    """The level of each pair for each field of `levels()`, 0 the closest, -1 where either side is missing."""
    size = len(known.people)
    straight = [_case(known, left, right, settings), _case(known, left + size, right + size, settings)]
    crossed = [_case(known, left, right + size, settings), _case(known, left + size, right, settings)]
    turned = sum(crossed) < sum(straight)
    last, first = (np.where(turned, b, a) for a, b in zip(straight, crossed, strict=True))
    bearers = _bearers(known, left, last, first)
    # Once turned, which of the two is the last name is not known: what differs most is taken for it, on either side.
    last, first = np.where(turned, np.maximum(last, first), last), np.where(turned, np.minimum(last, first), first)
    order = np.where((last == APART) & (first == APART), np.nan, turned)
    gaps = {
        "nom": last.astype("float64"),
        "prenom": first.astype("float64"),
        "ordre": order,
        "naissance": _date_case(known.people["jour"].to_numpy(), left, right),
        "porteurs": bearers,
        "sexe": other(known.people["sexe"], left, right),
        "epci": other(known.people["epci_siren"], left, right),
    }
    return {field: levelled(gaps[field], found) for field, found in levels().items()}


def _case(known: Listing, left: Whole, right: Whole, settings: ExportParams) -> Whole:
    """How alike two names are, by their positions among all names: one of `ALIKE` to `APART`.

    Few letters differ in a slip; where both spellings are borne by several, they are as likely two names.
    """
    gap = scored(OSA.normalized_distance, known.letters, left, right, cutoff=settings.near_letters)
    close = gap <= settings.near_letters
    several = np.minimum(known.borne[left], known.borne[right]) > settings.near_known
    case = np.where(gap == 0, ALIKE, np.where(close, np.where(several, NEIGHBOUR, SLIP), APART)).astype("int8")
    rest = np.flatnonzero(case == APART)
    length = known.letters.str.len().to_numpy()
    rest = rest[np.minimum(length[left[rest]], length[right[rest]]) >= SHORTEST]
    whole = scored(fuzz.partial_ratio, known.spelt, left[rest], right[rest], cutoff=100)
    case[rest[whole == 100]] = PART
    return case


def _date_case(day: Whole, left: Whole, right: Whole) -> Numbers:
    """How alike two birth dates are: one of `SAME_DAY` to `ONE_PART`."""
    a, b = day[left], day[right]
    (year, month, date), (other_year, other_month, other_date) = _parts(a), _parts(b)
    swapped = (year == other_year) & (month == other_date) & (date == other_month)
    case = np.where(a == b, SAME_DAY, np.where(swapped, SWAPPED, ONE_PART)).astype("float64")
    rest = np.flatnonzero(case == ONE_PART)
    # A digit to change, or two neighbours to swap.
    digits = scored(OSA.distance, pd.Series(day).astype("str"), left[rest], right[rest], cutoff=1)
    case[rest[digits <= 1]] = ONE_DIGIT
    return case


def _bearers(known: Listing, left: Whole, last: Whole, first: Whole) -> Numbers:
    """How many persons bear what two have in common: both names, or the first name; missing if that is not alike.

    Common names meet by chance, rare ones seldom do. A last name alone is that of a family, rare or not.
    """
    alone = known.borne[left + len(known.people)]
    both = np.where(last < APART, known.together[left], alone)
    return np.where(first < APART, both, np.nan)


def reasons(seen: dict[str, Whole]) -> list[str]:
    """For each pair, in words, what differs."""
    told: list[list[str]] = [[] for _ in range(len(next(iter(seen.values()))))]
    for field, found in levels().items():
        motifs = found["motif"].fillna("").tolist()
        for pair, level in enumerate(seen[field].tolist()):
            if level >= 0 and motifs[level]:
                told[pair].append(motifs[level])
    return [" ; ".join(found) for found in told]
