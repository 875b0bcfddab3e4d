"""Persons whose name or birth date was not typed twice alike: precision, recall, F1 of pairs, beside the exact key.

    python benchmarks/persons.py [--sizes 10000 100000] [--draws 3] [--mistyped 0.25] [--accept 0.5]

Persons are generated (French names of Faker, a few far more common than most), each with a structure, a year and a
commune. `AGAIN` of them are entered a second time, `--mistyped` of these in another way (`KINDS`); beside them are
twins, brothers and sisters, and homonyms, who are not one. Scored are pairs of entries; the baseline is the exact key
(name, first name and birth date, without case, accents and signs), on all pairs and on the mistyped ones, of which it
finds none. Rates are assumptions: nobody measured them on real exports.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd
from faker import Faker

from analysis.core import reference
from analysis.core.params import load_params
from analysis.core.shares import wilson
from analysis.sources.near_persons import near
from analysis.sources.persons import person_keys

GOAL = 0.95
AGAIN, MISTYPED = 0.40, 0.25
# Part of the mistyped entries that differ in each way; a tenth of them differ in a second one too.
KINDS = {
    "letter of the name": 0.28,
    "letter of the first name": 0.22,
    "another first name added or left out": 0.13,
    "name and first name swapped": 0.09,
    "day and month swapped": 0.07,
    "digit of the birth date": 0.10,
    "double name, one of the two": 0.07,
    "other name (marriage)": 0.04,
}
TWO_WAYS = 0.10
# Part of the persons beside whom is another one, who looks like them.
TWIN, TWIN_NEAR = 0.010, 0.10  # same name and birth date; part of twins whose first names are a letter or two apart
SIBLING = 0.020  # same name, born up to six years away, a first name a letter or two apart
HOMONYM, HOMONYM_NEAR = 0.020, 0.05  # same names; part of them born at a digit from each other
LETTERS = list("abcdefghijklmnopqrstuvwxyz")
POOL, SKEW = 6000, 0.7  # spellings of each kind of name; how much more common the first ones are (Zipf)
SECRET = b"a benchmark, no secret"


class Writer:
    """Draws persons and what is typed of them."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        faker = Faker("fr_FR")
        faker.seed_instance(seed)
        self.last = self._pool(faker.last_name)
        self.first = {"F": self._pool(faker.first_name_female), "M": self._pool(faker.first_name_male)}
        towns = reference.communes()
        self.towns, self.weights = towns["epci_siren"].to_numpy(), towns["population"] / towns["population"].sum()

    def _pool(self, make) -> list[str]:
        """`POOL` names: those of Faker, then others made of their syllables, as there are many more than it knows."""
        known = sorted({make() for _ in range(4000)})
        self.rng.shuffle(known)
        halves = [(name[: len(name) // 2], name[len(name) // 2 :].lower()) for name in known if " " not in name]
        names = dict.fromkeys(known)
        while len(names) < POOL:
            names[self.pick(halves)[0] + self.pick(halves)[1]] = None
        return list(names)

    def pick(self, values: list):
        return values[int(self.rng.integers(len(values)))]

    def drawn(self, pool: list[str], size: int) -> np.ndarray:
        weight = 1 / np.arange(1, len(pool) + 1) ** SKEW
        return np.array(pool, dtype=object)[self.rng.choice(len(pool), size, p=weight / weight.sum())]

    def people(self, size: int) -> pd.DataFrame:
        sex = self.rng.choice(["F", "M"], size, p=[0.35, 0.65])
        day = pd.Timestamp("1958-01-01") + pd.to_timedelta(self.rng.integers(0, 365 * 50, size), unit="D")
        first = np.where(sex == "F", self.drawn(self.first["F"], size), self.drawn(self.first["M"], size))
        double, several = self.rng.random(size) < 0.10, self.rng.random(size) < 0.12
        last = self.drawn(self.last, size)
        last = np.where(double, last + "-" + self.drawn(self.last, size), last)
        other = np.where(sex == "F", self.drawn(self.first["F"], size), self.drawn(self.first["M"], size))
        return pd.DataFrame(
            {
                "nom": last,
                "prenom": np.where(several, first + " " + other, first),
                "naissance": day,
                "sexe": sex,
                "epci_siren": self.rng.choice(self.towns, size, p=self.weights),
            }
        )

    def beside(self, people: pd.DataFrame) -> pd.DataFrame:
        """Other persons who look like some of `people`."""
        kinds = self.rng.choice(4, len(people), p=[1 - TWIN - SIBLING - HOMONYM, TWIN, SIBLING, HOMONYM])
        rows = people[kinds > 0].copy()
        changed = [
            self._another(row, kind) for row, kind in zip(rows.to_dict("records"), kinds[kinds > 0], strict=True)
        ]
        return pd.DataFrame(changed, columns=people.columns)

    def _another(self, row: dict, kind: int) -> dict:
        if kind == 3:
            near = self.rng.random() < HOMONYM_NEAR
            born = self.digit(row["naissance"]) if near else self._day()
            return row | {"naissance": born, "epci_siren": self._town()}
        sex = self.pick(["F", "M"])
        if kind == 1:
            near = self.rng.random() < TWIN_NEAR
            name = self._near(row["prenom"]) if near else self.drawn(self.first[sex], 1)[0]
            return row | {"prenom": name, "sexe": row["sexe"] if near else sex}
        away = int(self.rng.integers(300, 2200))
        return row | {"prenom": self._near(row["prenom"]), "naissance": row["naissance"] + pd.Timedelta(days=away)}

    def _near(self, name: str) -> str:
        """Another first name that somebody bears, a letter or two apart where there is one."""
        from rapidfuzz.distance import OSA

        found = [other for pool in self.first.values() for other in pool if 0 < OSA.distance(other, name) <= 2]
        return self.pick(found) if found else name + "e"

    def _day(self) -> pd.Timestamp:
        return pd.Timestamp("1958-01-01") + pd.Timedelta(days=int(self.rng.integers(0, 365 * 50)))

    def _town(self) -> str:
        return str(self.rng.choice(self.towns, p=self.weights))

    def typed(self, row: dict) -> tuple[dict, str]:
        """A row typed in another way, and which."""
        kinds = [str(self.rng.choice(list(KINDS), p=np.array(list(KINDS.values()))))]
        if self.rng.random() < TWO_WAYS:
            kinds.append(self.pick([kind for kind in KINDS if kind != kinds[0]]))
        for kind in kinds:
            row = row | self._change(row, kind)
        if self.rng.random() < 0.01:
            row = row | {"sexe": "F" if row["sexe"] == "M" else "M"}
        return row, kinds[0]

    def _change(self, row: dict, kind: str) -> dict:
        last, first, born = row["nom"], row["prenom"], row["naissance"]
        changes = {
            "letter of the name": lambda: {"nom": self.letter(last)},
            "letter of the first name": lambda: {"prenom": self.letter(first)},
            "another first name added or left out": lambda: {"prenom": self._first_names(first, row["sexe"])},
            "name and first name swapped": lambda: {"nom": first, "prenom": last},
            "day and month swapped": lambda: {"naissance": self._turned(born)},
            "digit of the birth date": lambda: {"naissance": self.digit(born)},
            "double name, one of the two": lambda: {"nom": self._part(last)},
            "other name (marriage)": lambda: {"nom": self.drawn(self.last, 1)[0]},
        }
        return changes[kind]()

    def _first_names(self, first: str, sex: str) -> str:
        shorter = first.replace("-", " ").split()[0]
        return shorter if shorter != first else f"{first} {self.drawn(self.first[sex], 1)[0]}"

    def _part(self, last: str) -> str:
        parts = last.split("-")
        return self.pick(parts) if len(parts) > 1 else f"{last}-{self.drawn(self.last, 1)[0]}"

    def _turned(self, born: pd.Timestamp) -> pd.Timestamp:
        able = born.day <= 12 and born.day != born.month
        return born.replace(day=born.month, month=born.day) if able else self.digit(born)

    def letter(self, name: str) -> str:
        """A letter more, less or other, or two neighbours swapped."""
        while True:
            spot = int(self.rng.integers(len(name)))
            kind = int(self.rng.integers(4))
            letter = self.pick(LETTERS)
            if kind == 3 and spot + 1 < len(name):
                out = name[:spot] + name[spot + 1] + name[spot] + name[spot + 2 :]
            else:
                out = name[:spot] + ["", letter, letter + name[spot]][kind % 3] + name[spot + 1 :]
            if out.casefold() != name.casefold() and len(out) > 1:
                return out

    def digit(self, born: pd.Timestamp) -> pd.Timestamp:
        """A day of the calendar that one digit tells from another, of a person who may work."""
        while True:
            text = list(born.strftime("%Y%m%d"))
            spot = int(self.rng.integers(2, 8))
            text[spot] = str(int(self.rng.integers(10)))
            found = pd.to_datetime("".join(text), format="%Y%m%d", errors="coerce")
            if pd.notna(found) and found != born and 1940 < found.year < 2010:
                return found


def world(size: int, seed: int, mistyped: float) -> pd.DataFrame:
    """Entries: personne (who it truly is), maniere (how it was mistyped, empty if it was not), and the columns that
    `near` reads."""
    writer = Writer(seed)
    people = writer.people(size)
    people = pd.concat([people, writer.beside(people)], ignore_index=True).head(size)
    again = people[writer.rng.random(len(people)) < AGAIN]
    wrong = writer.rng.random(len(again)) < mistyped
    typed = [
        (*writer.typed(row), who) if bad else (row, "", who)
        for row, bad, who in zip(again.to_dict("records"), wrong, again.index, strict=True)
    ]
    second = pd.DataFrame([row for row, *_ in typed]).assign(
        maniere=[kind for _, kind, _ in typed], personne=[who for *_, who in typed]
    )
    moved = writer.rng.random(len(second)) < 0.15
    second.loc[moved, "epci_siren"] = writer.rng.choice(writer.towns, int(moved.sum()), p=writer.weights)
    rows = pd.concat([people.assign(maniere="", personne=people.index), second], ignore_index=True)
    rows["structure_id"] = [f"S{number:02d}" for number in writer.rng.integers(1, 41, len(rows))]
    rows["annee"] = writer.rng.integers(2015, 2026, len(rows))
    rows["naissance"] = pd.to_datetime(rows["naissance"])
    asked = rows[["nom", "prenom", "naissance"]].assign(reference=rows.index.astype("str"))
    return rows.assign(ben_id=person_keys(asked, SECRET))


def with_interval(right: int, whole: int) -> str:
    low, high = wilson(pd.Series([right]), pd.Series([whole]))
    return f"{right / max(whole, 1):.3f} [{float(low[0]):.3f}; {float(high[0]):.3f}]"


def scored(found: set[frozenset[str]], true: set[frozenset[str]]) -> tuple[str, float]:
    """A line with Wilson intervals at 95 %, and F1."""
    right = len(found & true)
    precision, recall = right / max(len(found), 1), right / max(len(true), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    line = f"precision {with_interval(right, len(found))}, recall {with_interval(right, len(true))}, F1 {f1:.3f}"
    return line, f1


def measure(size: int, seed: int, accept: float, mistyped: float = MISTYPED) -> tuple[float, float, float]:
    """Print a draw's lines; F1 of the mistyped pairs, that of all pairs, and seconds per thousand persons."""
    rows = world(size, seed, mistyped)
    start = time.perf_counter()
    person_keys(rows[["nom", "prenom", "naissance"]].assign(reference=""), SECRET)
    keyed = time.perf_counter() - start
    start = time.perf_counter()
    pairs = near(rows, load_params().exports)
    seconds = time.perf_counter() - start
    said = pairs[pairs["probabilite"] >= accept]
    found = {frozenset(pair) for pair in zip(said["ben_id_a"], said["ben_id_b"], strict=True)}
    first = rows.drop_duplicates("personne").set_index("personne")["ben_id"]
    second = rows[rows["personne"].duplicated()]
    second = second.assign(autre=second["personne"].map(first))
    wrong = second[second["ben_id"] != second["autre"]]
    kinds = {frozenset(pair): kind for *pair, kind in wrong[["ben_id", "autre", "maniere"]].itertuples(index=False)}
    line, hard = scored(found, set(kinds))
    spent = f"{seconds:.2f} s (key {keyed:.2f} s)"
    print(f"{size} persons, draw {seed}: {len(rows)} entries, {len(kinds)} mistyped pairs, {spent}")
    print(f"  mistyped pairs, project   : {line}")
    print("  mistyped pairs, exact key : none, by construction")
    same = {(who,) for who in second.loc[second["ben_id"] == second["autre"], "personne"]}
    every = {*same, *kinds}
    line, whole = scored({*same, *found}, every)
    print(f"  all pairs, project        : {line}")
    print(f"  all pairs, exact key      : {scored(same, every)[0]}")
    queue = {frozenset(pair) for pair in zip(pairs["ben_id_a"], pairs["ben_id_b"], strict=True)}
    print(f"  queue from {load_params().exports.near_floor}: {len(queue)} pairs, {len(set(kinds) - queue)} missed")
    told = pd.DataFrame({"kind": list(kinds.values()), "found": [pair in found for pair in kinds]})
    for kind, held in told.groupby("kind")["found"]:
        print(f"    {kind:<38} {held.sum():5d} of {len(held)}")
    return hard, whole, seconds / keyed


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--draws", type=int, default=3, help="times that persons are drawn anew, for each size")
    parser.add_argument("--accept", type=float, default=0.5, help="probability from which a pair counts as found")
    parser.add_argument("--mistyped", type=float, default=MISTYPED, help="part of the second entries typed otherwise")
    options = parser.parse_args()
    for size in options.sizes:
        results = [measure(size, seed, options.accept, options.mistyped) for seed in range(1, options.draws + 1)]
        hard, whole, ratio = np.transpose(results)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"{size} persons: F1 of mistyped pairs {hard.mean():.3f} (from {hard.min():.3f}), goal {GOAL}; of all "
            f"pairs {whole.mean():.3f}; time {np.median(ratio):.1f} times that of the keys; peak memory {peak:.2f} GB"
        )


if __name__ == "__main__":
    main()
