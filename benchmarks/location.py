"""Location models: seconds, objectives and memory beside spopt (CBC), at 92 EPCI and at 1,255 sites.

    python benchmarks/location.py [--sites points.geojson] [--limit 300] [--slow]

The 92 EPCI are the region's: centroids weighted by population, minutes by road as 1.3 times the distance at 50 km/h,
needs and staff drawn (seeded). The 1,255 sites are clustered points drawn over a square as large as France, or those of
a file: GeoJSON points, or CSV with `lon` and `lat`. spopt is asked for the same models and solves them by its default
solver, CBC, within --limit seconds each; a solve that it stops is told. Its p-median at 1,255 sites has 1.6 million
variables, which take minutes and gigabytes to write before any limit holds: --slow asks for it.
spopt has no model with posts or with one lead each; those stand beside a rule: posts placed one at a time, each EPCI
led by the nearest site.

spopt goes in an environment of its own, with `PYTHONPATH=src`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import Delaunay

from analysis.core import reference
from analysis.facilitators.organisation.location import assign, max_cover, p_median, reinforce, set_cover
from analysis.facilitators.organisation.scenario import worth
from analysis.places import great_circle

SIDE = 740.0  # km, of a square as large as France
HOURS = 43_000.0  # of clauses that one ETP follows in a year
REPEATS = 5  # the quickest of them, where a solve takes less than a second


class Instance(NamedTuple):
    name: str
    weights: np.ndarray
    minutes: np.ndarray
    medians: int
    covers: list[tuple[float, int]]  # minutes, sites


def timed(solve: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what it gives."""
    seconds = []
    while True:
        start = time.perf_counter()
        found = solve()
        seconds.append(time.perf_counter() - start)
        if seconds[0] > 1 or len(seconds) == REPEATS:
            return min(seconds), found


def by_road(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Minutes between points: 1.3 times the great circle at 50 km/h; 10 within each."""
    minutes = great_circle(lon, lat, lon, lat) * 1.3 / 50 * 60
    np.fill_diagonal(minutes, 10)
    return minutes


def region() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """need (hours a year), capacity, minutes, neighbours of the EPCI."""
    rows = reference.communes().dropna(subset=["epci_siren"])
    rows = rows.assign(x=rows["lon"] * rows["population"], y=rows["lat"] * rows["population"])
    sums = rows.groupby("epci_siren")[["population", "x", "y"]].sum()
    people = sums["population"].to_numpy(dtype="float64")
    lon, lat = (sums["x"] / people).to_numpy(), (sums["y"] / people).to_numpy()
    minutes, n, rng = by_road(lon, lat), len(people), np.random.default_rng(0)
    need = np.round(0.35 * people * rng.lognormal(0, 0.3, n))
    seats = rng.choice(n, 45, replace=False, p=np.sqrt(people) / np.sqrt(people).sum())
    capacity = np.zeros(n)
    capacity[seats] = np.round(rng.uniform(0.2, 3, 45), 1) * HOURS
    touching = np.zeros((n, n), dtype=bool)
    corners = Delaunay(np.c_[lon * np.cos(np.radians(lat.mean())), lat]).simplices
    for one, other in ((0, 1), (1, 2), (2, 0)):
        touching[corners[:, one], corners[:, other]] = True
    return need, capacity, minutes, (touching | touching.T) & (minutes < 100)


def clustered(n: int = 1255, groups: int = 400) -> np.ndarray:
    """Minutes between points around towns, seeded."""
    rng = np.random.default_rng(0)
    towns = rng.uniform(0, SIDE, (groups, 2))
    points = towns[rng.integers(0, groups, n)] + rng.normal(0, 25, (n, 2))
    minutes = np.linalg.norm(points[:, None] - points, axis=2) * 1.3 / 50 * 60
    np.fill_diagonal(minutes, 10)
    return minutes


def read(path: Path) -> np.ndarray:
    """Minutes between the points of a file."""
    if path.suffix == ".csv":
        lon, lat = pd.read_csv(path)[["lon", "lat"]].to_numpy(dtype="float64").T
    else:
        shapes = [feature["geometry"] for feature in json.loads(path.read_text(encoding="utf-8"))["features"]]
        lon, lat = np.array([np.ravel(shape["coordinates"])[:2] for shape in shapes], dtype="float64").T
    return by_road(lon, lat)


def by_spopt(kind: str, instance: Instance, limit: float, minutes: float = 0, p: int = 0) -> tuple[float, float, bool]:
    """Seconds to write and solve the model, its objective, and whether it is proven."""
    import pulp
    from spopt.locate import LSCP, MCLP, PMedian

    def solve() -> tuple[float, bool]:
        cost, weights = instance.minutes, instance.weights
        if kind == "p-median":
            model = PMedian.from_cost_matrix(cost, weights, p_facilities=p)
        elif kind == "LSCP":
            model = LSCP.from_cost_matrix(cost, minutes)
        else:
            model = MCLP.from_cost_matrix(cost, weights, minutes, p_facilities=p)
        model = model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=limit), results=False)
        return float(pulp.value(model.problem.objective)), model.problem.sol_status == pulp.LpSolutionOptimal

    seconds, (objective, proven) = timed(solve)
    return seconds, objective, proven


def against(options: argparse.Namespace, instance: Instance) -> None:
    """The three models that both have: ours, the memory that they took, then spopt's."""
    print(f"{instance.name}: {len(instance.weights)} demands and sites")
    solves: dict[str, Callable[[float, int], Any]] = {
        "p-median": lambda _, p: p_median(instance.weights, instance.minutes, p),
        "LSCP": lambda minutes, _: set_cover(instance.minutes <= minutes),
        "MCLP": lambda minutes, p: max_cover(instance.weights, instance.minutes <= minutes, p),
    }
    models: list[tuple[str, float, int]] = [("p-median", 0.0, instance.medians), ("LSCP", instance.covers[0][0], 0)]
    models += [("MCLP", minutes, p) for minutes, p in instance.covers]
    ours = []
    for kind, minutes, p in models:
        seconds, found = timed(partial(solves[kind], minutes, p))
        asked = ", ".join(word for word in (f"{p} sites" * bool(p), f"{minutes:g} min" * bool(minutes)) if word)
        title = f"{kind:<8} {asked:<19}"
        ours.append((title, seconds, found.proof.objective))
        print(f"  {title} {seconds:8.3f} s, {found.proof.objective:.0f}, gap {found.proof.gap:.1g}", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  {memory:.0f} MB at most, Python and the distances included")
    for (kind, minutes, p), (title, seconds, objective) in zip(models, ours, strict=True):
        if not options.spopt or (kind == "p-median" and len(instance.weights) > 500 and not options.slow):
            print(f"  {title} spopt not run")
            continue
        theirs, other, proven = by_spopt(kind, instance, options.limit, minutes, p)
        same = "equal" if np.isclose(objective, other, rtol=1e-9) else "different"
        stopped = "" if proven else f" (not proven in {options.limit:g} s)"
        ratio = theirs / seconds
        print(f"  {title} spopt {theirs:.3f} s{stopped}, {other:.0f}: {same}, {ratio:.1f} times ours", flush=True)


def alone(need: np.ndarray, staff: np.ndarray, minutes: np.ndarray, neighbours: np.ndarray) -> None:
    """Assignment and posts, beside their rules."""
    n, limit = len(need), 45.0
    print("Capacities, 45 minutes: capacity as a share of the need")
    for share in (0.6, 0.8, 1.0, 1.3):
        capacity = staff * share * need.sum() / staff.sum()
        near = np.where(capacity > 0, minutes, np.inf)
        lead = np.where(near.min(axis=1) <= limit, near.argmin(axis=1), n)
        overload = np.maximum(np.bincount(lead, need, n + 1)[:n] - capacity, 0).sum()
        for name, kin in (("one lead", None), ("contiguous", neighbours)):
            seconds, plan = timed(partial(assign, need, minutes, capacity, limit, neighbours=kin))
            gap = max(plan.excess.gap, plan.travel.gap)
            print(
                f"  {share:.1f} {name:<11} {seconds:7.3f} s, gap {gap:.1g}, overload {plan.excess.objective:.0f} h; "
                f"nearest site {overload:.0f} h",
                flush=True,
            )
        for added in (0, 3, 10):
            seconds, best = timed(
                partial(reinforce, need, minutes, capacity, limit, added=added, step=HOURS, worth=worth())
            )
            greedy, grown = 0.0, capacity
            for _ in range(added):
                one = reinforce(need, minutes, grown, limit, added=1, step=HOURS, worth=worth())
                greedy, grown = float(one.served.sum()), grown + one.posts * HOURS
            rule = f"; one at a time {greedy:.0f} h" * bool(added)
            print(
                f"  {share:.1f} {added:2d} posts    {seconds:7.3f} s, gap {best.proof.gap:.1g}, "
                f"served {best.served.sum():.0f} h{rule}",
                flush=True,
            )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=Path, help="GeoJSON points, or CSV with lon and lat, in place of drawn ones")
    parser.add_argument("--limit", type=float, default=300, help="seconds that spopt's solver may take for each model")
    parser.add_argument("--slow", action="store_true", help="spopt's p-median at the large size too")
    options = parser.parse_args()
    options.spopt = importlib.util.find_spec("spopt") is not None
    if not options.spopt:
        print("spopt is not installed: `pip install spopt` in another environment for the comparison.")
    need, staff, minutes, neighbours = region()
    against(options, Instance("Region", need, minutes, 10, [(45, 8), (30, 20)]))
    alone(need, staff, minutes, neighbours)
    far = read(options.sites) if options.sites else clustered()
    weights = np.random.default_rng(0).lognormal(10, 1, len(far)).round()
    # 30, 30 and 50 km as the crow flies.
    covers = [(46.8, 50), (46.8, 150), (78.0, 50)]
    against(options, Instance("Country", weights, far, 150, covers))


if __name__ == "__main__":
    main()
