"""Persons under two keys: analysts decide pair by pair, in a file that is kept, and every count follows.

`decisions/doublons_personnes.csv` holds, for each pair, `doublon` (one person) or `distinct`. Pairs that nobody has
decided have a probability (`clean/exports/personnes_proches`, made while there were names): from one threshold they
form the review queue, from another, off by default, they are merged without review. Decisions always win.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from scipy.cluster.hierarchy import DisjointSet

from analysis.consolidation import duplicates
from analysis.consolidation.duplicates import DECISIONS
from analysis.consolidation.facts import kept_key
from analysis.core.dataset import Dataset
from analysis.core.params import ConsolidationParams
from analysis.core.personal import MASKED
from analysis.sources.spreadsheet import expect, read_csv

FILE = "doublons_personnes.csv"
PAIR = ["ben_id_a", "ben_id_b"]
COLUMNS = [*PAIR, "decision", "motif", "auteur", "date"]
NEAR = "personnes_proches"  # the clean table of likely pairs
KEY = "[0-9a-f]{16,}"  # what a pseudonym looks like
DAY = r"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}"  # as written, and as a French spreadsheet writes it again


@dataclass(frozen=True)
class Decided:
    """taken: the decisions of the file, with their line; all: those and the pairs accepted without review; waiting: the
    pairs of `NEAR` that none of them settles."""

    taken: pd.DataFrame
    all: pd.DataFrame
    waiting: pd.DataFrame


def load_decisions(path: Path) -> pd.DataFrame:
    """Pairs decided so far: ligne (of the file), ben_id_a, ben_id_b, decision. None when there is no file.

    What stands in the place of a pseudonym is not quoted: it might be a name.
    """
    if not path.is_file():
        none = pd.DataFrame({name: pd.Series(dtype="str") for name in [*PAIR, "decision"]})
        return none.assign(ligne=pd.Series(dtype="int64"))
    rows = read_csv(path, path.name, COLUMNS)
    rows["decision"] = rows["decision"].str.lower()
    for name in PAIR:
        masked = rows.assign(**{name: rows[name].mask(rows[name].fillna("").ne(""), MASKED)})
        known = rows[name].fillna("").str.fullmatch(KEY)
        expect(masked, path.name, name, known, f"un pseudonyme de la table {NEAR}, jamais un nom")
    expect(rows, path.name, PAIR[1], rows[PAIR[1]].ne(rows[PAIR[0]]), "un autre pseudonyme que le premier")
    expect(rows, path.name, "decision", rows["decision"].isin(DECISIONS), " ou ".join(DECISIONS))
    expect(rows, path.name, "date", rows["date"].fillna("").str.fullmatch(DAY), "le jour de la décision, AAAA-MM-JJ")
    return rows[["ligne", *PAIR, "decision"]].astype({"ligne": "int64"})


def kept_person(decisions: pd.DataFrame) -> dict[str, str]:
    """For each person decided to be another one too, the key that stands for all: the first in alphabetical order."""
    same = decisions.loc[decisions["decision"] == "doublon", PAIR]
    groups = DisjointSet(sorted(set(same.to_numpy().ravel())))
    for a, b in same.itertuples(index=False):
        groups.merge(a, b)
    return {key: min(group) for group in groups.subsets() for key in group}


def decided(pairs: pd.DataFrame, path: Path, settings: ConsolidationParams) -> Decided:
    """What the file `path` and `settings` make of the `pairs` of `NEAR`."""
    pairs = pairs.sort_values(["probabilite", *PAIR], ascending=[False, True, True], ignore_index=True)
    taken = load_decisions(path)
    more = _persons(duplicates.accepted(_things(pairs), _things(taken), settings.person_accept))
    every = pd.concat([taken, more], ignore_index=True)
    return Decided(taken, every, _persons(duplicates.undecided(_things(pairs), _things(every))))


def accepted(found: Decided, threshold: float) -> dict[str, str]:
    """`kept_person` once the pairs that wait, as likely as `threshold`, are one person too."""
    more = _persons(duplicates.accepted(_things(found.waiting), _things(found.all), threshold))
    return kept_person(pd.concat([found.all, more], ignore_index=True))


def _things(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs under the names of `duplicates`, whose logic of decisions is the same whatever is paired."""
    return pairs.rename(columns=dict(zip(PAIR, duplicates.PAIR, strict=True)))


def _persons(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.rename(columns=dict(zip(duplicates.PAIR, PAIR, strict=True)))


def under_one_key(clean: dict[str, pd.DataFrame], kept: dict[str, str]) -> dict[str, pd.DataFrame]:
    """The clean tables of the exports with each person under one key, that of `kept`, and without `NEAR`.

    Of what an edition says twice of a person, the row of the key kept comes first, another fills what it leaves empty.
    """
    out = {name: rows for name, rows in clean.items() if name != NEAR}
    if not kept:
        return out
    people, contracts = clean["beneficiaires"], clean["contrats"]
    own = kept_key(people["ben_id"], kept)
    rows = people.assign(_autre=own.ne(people["ben_id"]), _cle=people["ben_id"], ben_id=own)
    rows = rows.sort_values(["annee", "ben_id", "_autre", "_cle"]).groupby(["annee", "ben_id"], as_index=False).first()
    theirs = kept_key(contracts["ben_id"], kept)
    return out | {"beneficiaires": rows[list(people)], "contrats": contracts.assign(ben_id=theirs)}


def once(clean: dict[str, pd.DataFrame], path: Path, settings: ConsolidationParams) -> dict[str, pd.DataFrame]:
    """`under_one_key` by what the file `path` decides, and by what `settings` accept without review."""
    return under_one_key(clean, kept_person(decided(clean[NEAR], path, settings).all))


def person_numbers(clean: dict[str, pd.DataFrame]) -> pd.Series:
    """By key, the whole number that `facts.numbered` gives each person of `clean`."""
    keys = pd.concat([rows["ben_id"] for rows in clean.values() if "ben_id" in rows])
    known = sorted(set(keys))
    return pd.Series(range(len(known)), index=known, dtype="int64")


def review(waiting: pd.DataFrame, contracts: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The queue: the pairs of `waiting` as likely as `threshold`, likeliest first, with where to ask about each.

    edition (the last one that either is in), ben_id_a, ben_id_b, probabilite, differences, then for each side annees,
    structures and contrats: its latest contract in each structure, as the structure numbers it. `contracts` is the
    clean table, with the keys that were sent.
    """
    rows = waiting[waiting["probabilite"] >= threshold].rename(columns={"motif": "differences"})
    asked = contracts[contracts["ben_id"].isin(set(rows[PAIR].to_numpy().ravel()))]
    asked = asked.sort_values(["ben_id", "annee", "ctr_id"]).drop_duplicates(["ben_id", "structure_id"], keep="last")
    latest = asked.sort_values(["ben_id", "ctr_id"])
    numbers = latest["ctr_id"].astype("object").groupby(latest["ben_id"].to_numpy()).agg("|".join)
    last = [rows[f"annees_{side}"].str.split("|").str[-1].astype("int64") for side in "ab"]
    return rows.assign(
        edition=last[0].where(last[0] > last[1], last[1]),
        **{f"contrats_{side}": rows[f"ben_id_{side}"].map(numbers).astype("str") for side in "ab"},
    ).reset_index(drop=True)


def to_fill(queue: pd.DataFrame) -> pd.DataFrame:
    """`queue` as a file whose lines are copied to the decisions once filled in."""
    blank = queue.assign(**dict.fromkeys(COLUMNS[2:], ""))
    return blank[[*COLUMNS, *(name for name in queue if name not in COLUMNS)]]


def without_effect(decisions: pd.DataFrame, people: pd.Series) -> pd.DataFrame:
    """The decisions of `load_decisions` that change nothing, in the order of the file: ligne, decision, constat (why,
    in French): a key is not among those of `people`, or others say the contrary. Keys are not said."""
    kept = kept_person(decisions)
    standing = [decisions[side].map(lambda key: kept.get(key, key)) for side in PAIR]
    joined = standing[0].eq(standing[1])
    why = pd.Series("", index=decisions.index, dtype="str")
    why = why.mask(decisions["decision"].eq("distinct") & joined, "d'autres lignes réunissent ces personnes")
    absent = [~decisions[side].isin(set(people)) for side in PAIR]
    why = why.mask(absent[0] | absent[1], "l'un des deux pseudonymes n'est dans aucun export")
    why = why.mask(absent[0] & absent[1], "aucun des deux pseudonymes n'est dans un export")
    return decisions.assign(constat=why).loc[why.ne(""), ["ligne", "decision", "constat"]].reset_index(drop=True)


def counts(people: pd.DataFrame, kept: dict[str, str], queue: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Per edition: reunies (keys of `people` that count with another of the same edition), a_revoir (pairs of `queue`
    of which it is the last edition)."""
    own = kept_key(people["ben_id"], kept)
    by_year = pd.DataFrame({"annee": people["annee"], "cle": own}).groupby("annee")["cle"]
    fewer, waiting = by_year.size() - by_year.nunique(), queue.groupby("edition").size()
    years = [edition.annee for edition in dataset.editions]
    filled = {
        name: found.reindex(years, fill_value=0).astype("int64").to_numpy()
        for name, found in (("reunies", fewer), ("a_revoir", waiting))
    }
    return pd.DataFrame({"edition": years, **filled})
