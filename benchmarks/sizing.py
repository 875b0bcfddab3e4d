"""The sizing law of one contract: how far its quantiles move from seed to seed, and from the model drawn directly.

    python benchmarks/sizing.py [--dataset demo] [--seeds 5]

Quantiles of the table `dimensionnement` of several seeds are compared on the logarithm; then those of the stage's own
seed with contracts drawn by the potential model (`sizing.hours`, its own number of draws) at three amounts.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.buyer.sizing import RANGE, hours, law
from analysis.consolidation.duplicates import kept_operation, load_decisions
from analysis.core.dataset import load_dataset
from analysis.core.files import read_table
from analysis.core.params import SegmentParams, load_params
from analysis.core.paths import classified_dir, clean_dir, raw_dir
from analysis.core.results import read_clean
from analysis.segments.amounts import belief_from, by_need
from analysis.segments.buyers import said_by, with_buyer_kind
from analysis.segments.contracts import of_buyers_in, open_contracts, with_told_segment
from analysis.segments.links.followed import build_links
from analysis.segments.potential import sizing
from analysis.segments.potential.estimate import drawn_segments
from analysis.segments.potential.single import single_contracts
from analysis.segments.watch.needs import needed

AMOUNTS = (50_000.0, 500_000.0, 5_000_000.0)
OWN = 200  # contracts drawn for each draw of what is shared


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo", help="a dataset whose contracts are classified")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    described, params = load_dataset(options.dataset), load_params()
    exports = read_clean(options.dataset, "exports")
    clean = clean_dir(options.dataset, "decp")
    received = open_contracts(clean / "marches.parquet")
    told = with_told_segment(
        with_buyer_kind(received, said_by(exports["operations"])), classified_dir(options.dataset) / "marches.parquet"
    )
    whole = of_buyers_in(told, described.departements).to_pandas().sort_values("uid", ignore_index=True)
    belief = belief_from(whole, params.decp.low_amount, params.segments.amounts)
    linked = build_links(
        exports,
        kept_operation(load_decisions(raw_dir(options.dataset) / "decisions" / "doublons_operations.csv")),
        whole,
        read_table(clean / "marches_titulaires.parquet"),
        dataset=described,
        settings=params.segments,
        belief=belief,
    )
    contracts = by_need(linked.contracts, needed(whole).lots.set_index("uid")["besoin"], belief)
    start = time.perf_counter()
    tables = [
        single_contracts(linked, contracts, seeded(params.segments, params.segments.potential.seed + n))
        for n in range(options.seeds)
    ]
    print(f"{options.seeds} tables, {(time.perf_counter() - start) / options.seeds:.1f} s each")
    wide = np.stack(
        [np.log(table.pivot(index="segment", columns="probabilite", values="coefficient")) for table in tables]
    )
    spread = wide.std(axis=0, ddof=1)
    for place, name in ((0, "P1"), (9, "P10"), (49, "P50"), (89, "P90"), (98, "P99")):
        print(f"  {name:<4} from seed to seed: {np.median(spread[:, place]):.1%}, at most {spread[:, place].max():.1%}")
    drawn = drawn_segments(linked.operations, contracts, params.segments.potential)
    rows = []
    for name, segment in drawn.items():
        if not np.isfinite(segment.montant):
            continue
        made = sizing.hours(segment, np.repeat(AMOUNTS, OWN), np.random.default_rng(1))
        unbound = replace(law(tables[0], name), ceiling=np.inf)  # as contracts are drawn
        for number, amount in enumerate(AMOUNTS):
            direct = np.quantile(made[:, number * OWN : (number + 1) * OWN], RANGE)
            rows.append([name, amount, *(hours(unbound, RANGE, amount) / direct - 1)])
    gaps = pd.DataFrame(rows, columns=["segment", "montant", *RANGE]).set_index(["segment", "montant"]).abs()
    print(f"table against the model's {params.segments.potential.draws} draws, {len(gaps)} segments and amounts:")
    for place in RANGE:
        worst = gaps[place].groupby("segment").max().nlargest(3)
        said = ", ".join(f"{name} {gap:.1%}" for name, gap in worst.items())
        print(f"  P{100 * place:.0f}: {gaps[place].median():.1%}, at most {said}")


def seeded(settings: SegmentParams, seed: int) -> SegmentParams:
    """The same settings with another seed of the potential."""
    return settings.model_copy(update={"potential": settings.potential.model_copy(update={"seed": seed})})


if __name__ == "__main__":
    main()
