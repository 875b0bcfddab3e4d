"""Proposed commitments against what was realised: coverage and width of the range, those kept, beside the textbook's.

    python benchmarks/commitment.py [--dataset demo]

Operations that ended in the last years (`segments.potential.holdout_years`) are sized by what had ended before. The
quantile is chosen on as many years before them (90 % feasible, of the commitments that would be proposed, at the lower
end of the interval, as years differ), then held to the last ones (`analysis.buyer.backtest`).
Needs the results of the stage `segments`.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from analysis.buyer.backtest import EVERY, MANUAL, OURS, backtest, foreseen, periods
from analysis.core.dataset import load_dataset
from analysis.core.files import read_table
from analysis.core.params import load_params
from analysis.core.paths import results_dir

QUANTILES = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5]
GOAL = 0.9  # of the commitments feasible


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo", help="a dataset whose stage segments has run")
    options = parser.parse_args()
    params = load_params()
    operations = read_table(results_dir(options.dataset) / "segments" / "operations_liees.parquet")
    start, today = time.perf_counter(), load_dataset(options.dataset).date_observation
    found = backtest(operations, today, QUANTILES, params.segments.potential)
    print(f"{time.perf_counter() - start:.1f} s")
    whole = found[found["classe"] == EVERY]
    for row in whole.itertuples():
        name = f"{row.periode} {row.methode}" + ("" if row.methode == MANUAL else f" {row.quantile:.2f}")
        covered = "" if row.methode == MANUAL else f", 80 % range holds {row.couverture:.1%}"
        print(
            f"  {name:<22} {row.operations} operations, {row.proposes} proposed, feasible {row.faisables:.1%} "
            f"({row.faisables_bas:.1%} to {row.faisables_haut:.1%}), asked "
            f"{row.part_engagee:.1%} of the hours, of one {row.mediane:.1%} (median){covered}"
        )
    own = found[(found["classe"] != EVERY) & (found["quantile"] == params.buyer.commitment_quantile)]
    for row in own.itertuples():
        print(
            f"  {row.periode} {row.classe:<14} {row.operations} operations, {row.proposes} proposed, "
            f"feasible {row.faisables:.1%}, 80 % range holds {row.couverture:.1%}"
        )
    for period, days in periods(today, params.segments.potential.holdout_years).items():
        sized = foreseen(operations, *days, [], params.segments.potential)
        ratio = np.log(sized["heures_p90"] / sized["heures_p10"])
        told = ", ".join(f"{name} {value:.2f}" for name, value in ratio.groupby(sized["classe"]).mean().items())
        print(f"  {period} mean of log(P90 / P10): {told}, all {ratio.mean():.2f}")
    chosen = whole[(whole["periode"] == "choix") & (whole["methode"] == OURS) & (whole["faisables_bas"] >= GOAL)]
    best = "none" if chosen.empty else f"{chosen['quantile'].max():.2f}"
    print(f"largest quantile with at least {GOAL:.0%} feasible before the held-out years: {best}")
    print(f"commitment_quantile of params.yaml: {params.buyer.commitment_quantile}")


if __name__ == "__main__":
    main()
