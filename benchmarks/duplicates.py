"""Duplicates between structures, found without any decision: precision, recall, F1, seconds, beside splink untuned.

    python benchmarks/duplicates.py [--dataset demo] [--draws 5] [--accept 0.5]

Runs on the clean operations of all editions of a synthetic dataset, whose true duplicates are known: first as they
are, where a second entry differs by its wording only, then `--draws` times with the second entries spoilt anew
(`SPOILT`) and `PHASES` more operations that look alike and are distinct. The baseline is splink on the same rows,
DuckDB backend, with the thresholds its comparisons have by default; it is no dependency of the project:
`pip install splink` in an environment of your own, or that part is skipped.
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.consolidation import linkage
from analysis.consolidation.duplicates import estimated
from analysis.core.params import load_params
from analysis.core.paths import raw_dir
from analysis.core.results import read_clean
from analysis.demo.wording import Wording

GOAL = 0.95
# Part of the second entries spoilt in each way: assumptions, nobody measured them on real exports.
SPOILT = {
    "label_again": 0.40,  # typed anew once more, beyond the demo's own wording
    "label_short": 0.15,  # without the part of town and the year
    "start_days": 0.25,  # another start, up to a month away
    "start_months": 0.10,  # up to six months away
    "end_days": 0.25,
    "end_months": 0.10,
    "hours_near": 0.20,  # planned hours up to 10 % away
    "hours_far": 0.20,  # from half to double
    "segment": 0.05,  # that of another operation
    "mechanism": 0.05,
    "buyer_other": 0.08,
    "buyer_digit": 0.05,  # one digit of the SIREN
    "buyer_missing": 0.05,
    "companies_some": 0.20,  # one company of several not entered
    "companies_other": 0.10,  # one of another operation in place of all
    "places_other": 0.10,
}
PHASES = 300  # next phases of an operation, entered by another structure: same buyer, place, segment, often company
PHASE_COMPANY = 0.5  # part of them with the same companies

Clean = dict[str, pd.DataFrame]
Pairs = set[frozenset[str]]
Found = Callable[[Clean, float], Pairs]


def truth(dataset: str) -> Pairs:
    """The pairs of operations that are one."""
    rows = pd.read_csv(raw_dir(dataset) / "verite" / "operations_doublons.csv", dtype=str)
    first, second = rows["structure_a"] + ":" + rows["op_id_a"], rows["structure_b"] + ":" + rows["op_id_b"]
    return {frozenset(pair) for pair in zip(first, second, strict=True)}


class Spoiler:
    """Spoils entries in place, alike in all the editions that hold them."""

    def __init__(self, clean: Clean, seed: int) -> None:
        self.operations, self.companies, self.places = (
            clean[name].copy() for name in ("operations", "engagements", "territoires")
        )
        self.rng, self.wording = np.random.default_rng(seed), Wording(seed, "doublons")
        self._of = [frame.groupby("op_id").groups for frame in (self.operations, self.companies, self.places)]

    def spoil(self, op: str) -> None:
        rows, firms, places = (found.get(op, pd.Index([])) for found in self._of)
        self._label(rows)
        self._amounts(rows)
        self._codes(rows)
        held = self.companies.loc[firms, "entreprise_siret"]
        if self._drawn("companies_some"):
            several = held != held.iloc[0] if len(held) else held.astype("bool")
            if several.any():  # as if the first one had never been entered
                self.companies.loc[held.index[~several], "entreprise_siret"] = held[several].iloc[0]
        if self._drawn("companies_other"):
            self.companies.loc[firms, "entreprise_siret"] = self._another(self.companies["entreprise_siret"])
        if self._drawn("places_other"):
            self.places.loc[places, "epci_siren"] = self._another(self.places["epci_siren"])

    def _drawn(self, kind: str) -> bool:
        return bool(self.rng.random() < SPOILT[kind])

    def _another(self, values: pd.Series) -> str:
        return str(values.iloc[int(self.rng.integers(len(values)))])

    def _label(self, rows: pd.Index) -> None:
        label = self.operations.loc[rows[-1], "libelle"]
        if self._drawn("label_again"):
            label = self.wording.variant(label)
        if self._drawn("label_short"):
            label = label.rpartition(" - ")[0] or label
        self.operations.loc[rows, "libelle"] = label

    def _amounts(self, rows: pd.Index) -> None:
        for column, kind in (("date_debut", "start"), ("date_fin", "end")):
            for unit, most in (("days", 31), ("months", 183)):
                if self._drawn(f"{kind}_{unit}"):
                    self.operations.loc[rows, column] += pd.Timedelta(days=int(self.rng.integers(-most, most + 1)))
        for kind, low, high in (("hours_near", 0.9, 1.1), ("hours_far", 0.5, 2.0)):
            if self._drawn(kind):
                self.operations.loc[rows, "heures_prevues"] *= round(self.rng.uniform(low, high), 3)

    def _codes(self, rows: pd.Index) -> None:
        buyer = "maitre_ouvrage_siret"
        for kind, column in (("segment", "segment"), ("mechanism", "mecanisme"), ("buyer_other", buyer)):
            if self._drawn(kind):
                self.operations.loc[rows, column] = self._another(self.operations[column].dropna())
        if self._drawn("buyer_digit"):
            siret, spot = self.operations.loc[rows[-1], buyer], int(self.rng.integers(9))
            digit = (int(siret[spot]) + int(self.rng.integers(1, 10))) % 10
            self.operations.loc[rows, buyer] = f"{siret[:spot]}{digit}{siret[spot + 1 :]}"
        if self._drawn("buyer_missing"):
            self.operations.loc[rows, buyer] = None

    def add_phases(self, taken: set[str], count: int) -> None:
        """Look-alikes: the next phase of an operation, entered by another structure in the same editions."""
        free = sorted(set(self.operations["op_id"]) - taken)
        structures = sorted(set(self.operations["structure_id"]))
        added: list[list[pd.DataFrame]] = [[], [], []]
        for number, spot in enumerate(self.rng.choice(len(free), count, replace=False).tolist()):
            op = free[spot]
            own = op.partition(":")[0]
            other = self.wording.pick([name for name in structures if name != own])
            tables = (self.operations, self.companies, self.places)
            rows, firms, places = (
                table.loc[found[op]].assign(op_id=f"{other}:PHASE{number}", structure_id=other)
                if op in found
                else table.iloc[:0]
                for table, found in zip(tables, self._of, strict=True)
            )
            later = pd.Timedelta(days=int(self.rng.integers(15, 400)))
            rows["libelle"] = f"{rows['libelle'].iloc[-1]} - {self.wording.phase()}"
            rows["date_debut"] += later
            rows["date_fin"] += later
            rows["heures_prevues"] = float(self.operations["heures_prevues"].iloc[spot])
            if self.rng.random() >= PHASE_COMPANY:
                firms["entreprise_siret"] = self._another(self.companies["entreprise_siret"])
            for parts, part in zip(added, (rows, firms, places), strict=True):
                parts.append(part)
        self.operations, self.companies, self.places = (
            pd.concat([table, *parts], ignore_index=True)
            for table, parts in zip((self.operations, self.companies, self.places), added, strict=True)
        )


def spoilt(clean: Clean, true: Pairs, seed: int, phases: int = PHASES) -> Clean:
    """The same tables, the second entry of each true pair spoilt, and `phases` more look-alikes."""
    spoiler = Spoiler(clean, seed)
    for op in sorted(max(pair) for pair in true):
        spoiler.spoil(op)
    spoiler.add_phases({op for pair in true for op in pair}, phases)
    return clean | {
        "operations": spoiler.operations,
        "engagements": spoiler.companies,
        "territoires": spoiler.places,
    }


def ours(clean: Clean, accept: float) -> Pairs:
    """What the project finds, with the settings of params.yaml."""
    settings = load_params().consolidation
    pairs = estimated(clean, settings.model_copy(update={"duplicate_review": min(accept, settings.duplicate_review)}))
    kept = pairs[pairs["probabilite"] >= accept]
    return {frozenset(pair) for pair in zip(kept["op_a"], kept["op_b"], strict=True)}


def with_splink(clean: Clean, accept: float) -> Pairs:
    """What splink finds with default thresholds, on the same columns and blocks; pairs of one structure left out."""
    import splink.comparison_library as cl
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    known = linkage.listing(clean)
    rows = known.operations
    for name, held in (("companies", known.companies), ("places", known.places)):
        lists = held.groupby("op")["value"].agg(list)
        rows = rows.assign(**{name: [lists.get(op, []) for op in range(len(rows))]})
    rows = rows.assign(debut=rows["debut"].dt.strftime("%Y-%m-%d"), fin=rows["fin"].dt.strftime("%Y-%m-%d"))
    blocks = [
        block_on("donneur_ordre", "segment"),
        block_on("companies", arrays_to_explode=["companies"]),
        block_on("debut", "fin"),
        block_on("places", "debut", arrays_to_explode=["places"]),
        block_on("places", "heures", arrays_to_explode=["places"]),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="op_id",
        blocking_rules_to_generate_predictions=blocks,
        comparisons=[
            cl.JaroWinklerAtThresholds("plain"),
            cl.AbsoluteDateDifferenceAtThresholds(
                "debut", input_is_string=True, metrics=["day", "month"], thresholds=[1, 1]
            ),
            cl.AbsoluteDateDifferenceAtThresholds(
                "fin", input_is_string=True, metrics=["day", "month"], thresholds=[1, 1]
            ),
            cl.ExactMatch("heures"),
            cl.ExactMatch("segment"),
            cl.ExactMatch("mecanisme"),
            cl.ExactMatch("donneur_ordre"),
            cl.ArrayIntersectAtSizes("companies"),
            cl.ArrayIntersectAtSizes("places"),
        ],
    )
    database = DuckDBAPI()
    linker = Linker(database.register(rows.drop(columns=["libelle"])), settings, log_level=logging.ERROR)
    train = linker.training
    train.estimate_probability_two_random_records_match([block_on("plain", "debut")], recall=0.7)
    train.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("donneur_ordre", "segment"), block_on("debut", "fin")):
        train.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=accept).as_pandas_dataframe()
    position = pd.Series(np.arange(len(rows)), index=rows["op_id"])
    left, right = position[found["op_id_l"]].to_numpy(), position[found["op_id_r"]].to_numpy()
    structure, editions = rows["structure_id"].to_numpy(), rows["editions"].to_numpy()
    kept = (structure[left] != structure[right]) & ((editions[left] & editions[right]) > 0)
    return {frozenset(pair) for pair in zip(found["op_id_l"][kept], found["op_id_r"][kept], strict=True)}


def scores(found: Pairs, true: Pairs) -> tuple[float, float, float]:
    """Precision, recall, F1."""
    right = len(found & true)
    precision, recall = right / max(len(found), 1), right / len(true)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def measure(name: str, method: Found, clean: Clean, true: Pairs, accept: float) -> tuple[float, float]:
    """Run, print a line, and return F1 and seconds."""
    start = time.perf_counter()
    found = method(clean, accept)
    seconds = time.perf_counter() - start
    precision, recall, f1 = scores(found, true)
    print(
        f"  {name:<12} {len(found):5d} pairs, precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}, "
        f"{seconds:.2f} s"
    )
    return f1, seconds


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo", help="a synthetic dataset whose exports are cleaned")
    parser.add_argument("--draws", type=int, default=5, help="times that second entries are spoilt anew")
    parser.add_argument("--accept", type=float, default=0.5, help="probability from which a pair counts as found")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    methods: dict[str, Found] = {"project": ours}
    try:
        import splink
    except ImportError:
        print("splink is absent: no baseline (pip install splink, in an environment of your own)")
    else:
        methods[f"splink {splink.__version__}"] = with_splink
        logging.getLogger("splink").setLevel(logging.ERROR)
    clean, true = read_clean(options.dataset, "exports"), truth(options.dataset)
    worlds = {"as the demo is": lambda: clean} | {
        f"spoilt, draw {seed}": (lambda seed=seed: spoilt(clean, true, seed)) for seed in range(1, options.draws + 1)
    }
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    for title, world in worlds.items():
        made = world()
        rows = made["operations"]
        print(f"{title}: {len(rows)} rows, {rows['op_id'].nunique()} operations, {len(true)} true pairs")
        for name, method in methods.items():
            results[name].append(measure(name, method, made, true, options.accept))
        measure("queue", ours, made, true, load_params().consolidation.duplicate_review)
    for name, measured in results.items():
        hard = [f1 for f1, _ in measured[1:]] or [measured[0][0]]
        print(f"{name}: F1 spoilt {np.mean(hard):.3f} (from {min(hard):.3f} to {max(hard):.3f}), goal {GOAL}")
    first, *others = results.values()
    for other in others:
        ratio = np.median([mine[1] / theirs[1] for mine, theirs in zip(first, other, strict=True)])
        print(f"time, ratio to the baseline: {ratio:.2f} (median of {len(first)})")


if __name__ == "__main__":
    main()
