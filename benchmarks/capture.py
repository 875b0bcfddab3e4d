"""Contracts with clause that nobody follows: how often the 90 % interval holds the truth, beside Lincoln-Petersen's.

    python benchmarks/capture.py [--runs 200] [--seed 1]

Simulated worlds whose truth is known: strata of contracts with clause, each seen by two lists independently, grouped
and estimated as the stage does. The baseline is Lincoln-Petersen, N = n1 n2 / m, with the usual normal interval, on the
same lists (a world where it cannot be computed, m = 0, counts as not covered). A last line says what dependence does.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.segments.links.capture import COUNTS, LEVEL, STRATA, chapman, grouped, total_interval

GOAL = (0.85, 0.95)
# Contracts with clause of each stratum, and the odds of being in each list: large, middling and small ones.
WORLDS = {
    "one stratum of 40": [(40, 0.4, 0.5)],
    "one stratum of 300": [(300, 0.3, 0.6)],
    "one stratum of 1500": [(1500, 0.4, 0.7)],
    "twelve strata from 15 to 400": [
        (n, p, q) for n, p in ((15, 0.3), (40, 0.5), (120, 0.4), (400, 0.35)) for q in (0.4, 0.6, 0.8)
    ],
}
LEAST = 7


def drawn(world: list[tuple[int, float, float]], rng: np.random.Generator, odds_ratio: float = 1.0) -> pd.DataFrame:
    """Counts of each stratum as the two lists see it; `odds_ratio` multiplies the odds of the second in the first."""
    rows = []
    for number, (size, p, q) in enumerate(world):
        inside = rng.random(size) < p
        # The second list sees `q` of what the first does not; more or less of what it does.
        again = odds_ratio * q / (1 - q)
        seen = rng.random(size) < np.where(inside, again / (1 + again), q)
        rows.append(
            (f"f{number // 6}", f"a{number // 3}", str(number), inside.sum(), seen.sum(), (inside & seen).sum())
        )
    return pd.DataFrame(rows, columns=[*STRATA, *COUNTS])


def naive(strata: pd.DataFrame) -> tuple[float, float]:
    """Lincoln-Petersen in each stratum, added, with a normal interval."""
    a, b, m = (strata[name].to_numpy(dtype="float64") for name in COUNTS)
    if (m == 0).any():
        return np.nan, np.nan
    whole, variance = (a * b / m).sum(), (a * b * (a - m) * (b - m) / m**3).sum()
    step = norm.ppf((1 + LEVEL) / 2) * np.sqrt(variance)
    return whole - step, whole + step


def covered(world: list[tuple[int, float, float]], runs: int, seed: int, odds_ratio: float = 1.0) -> dict[str, float]:
    """Part of the runs whose interval holds the truth, by method, with the mean error of our estimate."""
    rng = np.random.default_rng(seed)
    true = sum(size for size, _, _ in world)
    hits, error = {"ours": 0, "naive": 0}, []
    for _ in range(runs):
        strata = drawn(world, rng, odds_ratio)
        ours = grouped(strata, LEAST)
        for name, (low, high) in {"ours": total_interval(ours), "naive": naive(strata)}.items():
            hits[name] += bool(low <= true <= high)
        error.append(chapman(*(ours[count].to_numpy() for count in COUNTS)).sum() / true - 1)
    return {name: count / runs for name, count in hits.items()} | {"bias": float(np.mean(error))}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{options.runs} runs, goal: 90 % intervals that hold the truth in {GOAL[0]:.0%} to {GOAL[1]:.0%} of them")
    for name, world in WORLDS.items():
        found = covered(world, options.runs, options.seed)
        fits = "within the goal" if GOAL[0] <= found["ours"] <= GOAL[1] else "NOT within the goal"
        print(
            f"  {name:<30} ours {found['ours']:.1%} ({fits}), bias {found['bias']:+.1%} ; "
            f"Lincoln-Petersen {found['naive']:.1%}"
        )
    for ratio in (0.5, 2.0):
        found = covered(WORLDS["one stratum of 300"], options.runs, options.seed, ratio)
        print(f"  dependent lists, odds ratio {ratio}: ours {found['ours']:.1%}, bias {found['bias']:+.1%}")


if __name__ == "__main__":
    main()
