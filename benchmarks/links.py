"""Operations linked to their contracts: precision and recall on the truth, seconds, beside an exact join.

    python benchmarks/links.py [--dataset demo]

The truth is that of a synthetic dataset; links are counted over the operations and contracts that the clean tables
hold, and false ones over all that is linked. The baseline joins on what should be equal: the buyer's SIRET and the
SIRET of a company that holds the contract, notified up to 120 days before the start; a contract of several operations
is of the one that starts first.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import pandas as pd
from scipy.stats import binomtest

from analysis.consolidation.duplicates import kept_operation, load_decisions
from analysis.core.files import read_table
from analysis.core.params import load_params
from analysis.core.paths import classified_dir, clean_dir, raw_dir
from analysis.segments.contracts import open_contracts, with_told_segment
from analysis.segments.links.model import Contracts, Followed, followed, links, published

GOALS = (0.95, 0.90)  # precision, recall
DAYS = 120
TABLES = ("operations", "engagements", "territoires")


def joined(operations: Followed, contracts: Contracts) -> pd.DataFrame:
    """The baseline's links."""
    firms = operations.operations.join(operations.companies.set_index("op"))[
        ["operation", "acheteur", "value", "debut"]
    ]
    deals = contracts.rows.join(contracts.holders.set_index("contract"))[["uid", "acheteur", "value", "jour"]]
    pairs = firms.merge(deals, on=["acheteur", "value"])
    wait = (pairs["debut"] - pairs["jour"]).dt.days
    pairs = pairs[wait.between(0, DAYS)].sort_values(["uid", "debut", "operation"])
    return pairs.drop_duplicates("uid")[["operation", "uid"]]


def told(share: float, count: int, whole: int) -> str:
    """A share with its 95 % Wilson interval."""
    interval = binomtest(count, max(whole, 1)).proportion_ci(0.95, "wilson")
    return f"{share:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo", help="a synthetic dataset whose contracts are classified")
    options = parser.parse_args()
    kept = kept_operation(load_decisions(raw_dir(options.dataset) / "decisions" / "doublons_operations.csv"))
    exports = {name: read_table(clean_dir(options.dataset, "exports") / f"{name}.parquet") for name in TABLES}
    decp = clean_dir(options.dataset, "decp")
    rows = with_told_segment(
        open_contracts(decp / "marches.parquet"), classified_dir(options.dataset) / "marches.parquet"
    ).to_pandas()
    operations, contracts = followed(exports, kept), published(rows, read_table(decp / "marches_titulaires.parquet"))
    truth = pd.read_csv(raw_dir(options.dataset) / "verite" / "operations_marches.csv", dtype=str)
    truth["operation"] = (truth["structure_id"] + ":" + truth["op_id"]).map(lambda op: kept.get(op, op))
    held = truth["operation"].isin(operations.operations["operation"]) & truth["uid"].isin(contracts.rows["uid"])
    true = set(zip(truth.loc[held, "operation"], truth.loc[held, "uid"], strict=True))
    print(
        f"{len(operations.operations)} operations, {len(contracts.rows)} contracts, {len(truth)} true links, ", end=""
    )
    print(f"{len(true)} of them in both clean sources; goals: precision {GOALS[0]}, recall {GOALS[1]}")
    methods: dict[str, Callable[[], pd.DataFrame]] = {
        "project": lambda: links(operations, contracts, load_params().segments.links),
        "exact join": lambda: joined(operations, contracts),
    }
    for name, method in methods.items():
        start = time.perf_counter()
        found = method()
        seconds = time.perf_counter() - start
        got = set(zip(found["operation"], found["uid"], strict=True))
        right = len(got & true)
        precision, recall = right / max(len(got), 1), right / max(len(true), 1)
        reached = precision >= GOALS[0] and recall >= GOALS[1]
        print(
            f"  {name:<12} {len(got):5d} links, precision {told(precision, right, len(got))}, "
            f"recall {told(recall, right, len(true))}, {seconds:.1f} s{'' if reached else ' (goals missed)'}"
        )


if __name__ == "__main__":
    main()
