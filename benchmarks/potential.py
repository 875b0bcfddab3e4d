"""Hours foreseen on held-out operations: coverage, bias, error and ranking, beside two rules of the field.

    python benchmarks/potential.py [--dataset demo]

Operations started in the last years are foreseen from the amounts of their linked contracts, with what was known before
them (`analysis.segments.potential.backtest`). The baselines, on the same contracts: the textbook rule (amount x 50 % x
5 % / 30 euros) and the supplier-count rule (more than 30, 10 or 1 suppliers set the rate). Another line is the model
without what operations taught: the assumptions of `potentiel/facteurs.csv` alone. Last, the model by number of
contracts of the operation.
"""

from __future__ import annotations

import argparse
import time

from analysis.consolidation.duplicates import kept_operation, load_decisions
from analysis.core.dataset import load_dataset
from analysis.core.files import read_table
from analysis.core.params import load_params
from analysis.core.paths import classified_dir, clean_dir, raw_dir
from analysis.core.results import read_clean
from analysis.segments.amounts import belief_from, by_need
from analysis.segments.buyers import said_by, with_buyer_kind
from analysis.segments.contracts import of_buyers_in, open_contracts, with_told_segment
from analysis.segments.links.followed import build_links
from analysis.segments.potential.backtest import OURS, foreseen, scores
from analysis.segments.watch.needs import needed

GOAL = (0.70, 0.90)
MOST = 4  # contracts, from which operations are told together


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo", help="a dataset whose contracts are classified")
    options = parser.parse_args()
    described, settings = load_dataset(options.dataset), load_params()
    exports = read_clean(options.dataset, "exports")
    received = open_contracts(clean_dir(options.dataset, "decp") / "marches.parquet")
    told = with_told_segment(
        with_buyer_kind(received, said_by(exports["operations"])), classified_dir(options.dataset) / "marches.parquet"
    )
    contracts = of_buyers_in(told, described.departements).to_pandas().sort_values("uid", ignore_index=True)
    belief = belief_from(contracts, settings.decp.low_amount, settings.segments.amounts)
    linked = build_links(
        exports,
        kept_operation(load_decisions(raw_dir(options.dataset) / "decisions" / "doublons_operations.csv")),
        contracts,
        read_table(clean_dir(options.dataset, "decp") / "marches_titulaires.parquet"),
        dataset=described,
        settings=settings.segments,
        belief=belief,
    )
    deals = by_need(linked.contracts, needed(contracts).lots.set_index("uid")["besoin"], belief)
    start = time.perf_counter()
    today, sized = described.date_observation, settings.segments.potential
    held_out = foreseen(linked.operations, deals, today=today, settings=sized)
    found = scores(held_out).set_index("methode")
    untaught = linked.operations.assign(est_close=False)
    alone = scores(foreseen(untaught, deals, today=today, settings=sized)).set_index("methode")
    print(f"{found['operations'].iloc[0]} operations foreseen, {time.perf_counter() - start:.1f} s")
    for name, row in [*found.iterrows(), ("hypothèses seules", alone.loc[OURS])]:
        covered = "" if row["couverture"] != row["couverture"] else f", 80 % interval holds {row['couverture']:.1%}"
        print(
            f"  {name:<18} mean error {row['erreur_absolue']:7.0f} h, median {row['erreur_mediane']:5.0f} h, "
            f"bias {row['biais']:+.1%}, rank correlation of segments {row['spearman']:.2f}{covered}"
        )
    for count, own in held_out.groupby(held_out["marches"].clip(upper=MOST)):
        told = scores(own).set_index("methode").loc[OURS]
        print(
            f"  of {count} contracts{' or more' if count == MOST else ''}: {told['operations']:.0f} operations, 80 % "
            f"interval holds {told['couverture']:.1%}, bias {told['biais']:+.1%}"
        )
    others = found.drop(index=OURS)
    ours = found.loc[OURS]
    beaten = (ours["erreur_absolue"] < others["erreur_absolue"]).all() and (ours["spearman"] > others["spearman"]).all()
    print(f"both baselines beaten on mean error and ranking: {'yes' if beaten else 'NO'}")
    print(
        f"coverage within {GOAL[0]:.0%} to {GOAL[1]:.0%}: {'yes' if GOAL[0] <= ours['couverture'] <= GOAL[1] else 'NO'}"
    )


if __name__ == "__main__":
    main()
