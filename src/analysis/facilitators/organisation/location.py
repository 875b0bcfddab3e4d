"""Where facilitators sit and which EPCI each of them leads: exact location models, solved by HiGHS.

Demands are EPCI with a need in hours a year, sites are EPCI where staff may sit; `minutes[i, j]` is the travel time
from site j to demand i, infinite where there is no way. Every model is a mixed integer programme solved to a gap of
zero: a result tells its objective and the bound that proves it. Nothing is drawn at random, and HiGHS starts from a
fixed seed: the same arrays give the same plan. Among equal sites a demand goes to the nearest, then to the lowest
index. Models: M. S. Daskin, "Network and Discrete Location", 2nd ed. (2013), chapters 4 to 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from highspy import Highs
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.core.errors import DataError
from analysis.core.numbers import number_of, plural, shortest
from analysis.core.texts import together
from analysis.solver import bounded, program, solution

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]

NONE = -1  # the site of a demand that has none
ROUNDING = 1e-6  # HiGHS holds rows and whole numbers to it
SPREAD = 9  # sites for each post, above which posts that may be cut in pieces say too little: see `_transport`
# Of the search for whole posts. Presolve drops nothing, and what is off takes longer than it saves.
SEARCH: dict[str, bool | float | str] = {
    "mip_heuristic_run_feasibility_jump": False,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_max_nodes": 200,  # the gap tells where that was too few
    "mip_rel_gap": 0.0,
    "presolve": "off",
}
START = 3  # p-median: sites kept for each demand at first, times the number of sites for each one chosen


@dataclass(frozen=True)
class Proof:
    """A total and the bound that no plan can pass; `gap` is their relative difference, 0 when the plan is optimal."""

    objective: float
    bound: float

    @property
    def gap(self) -> float:
        """Relative to the objective, or to 1 below it; differences of rounding are none."""
        gap = abs(self.objective - self.bound) / max(abs(self.objective), 1.0)
        return 0.0 if gap < ROUNDING else gap


@dataclass(frozen=True)
class Worth:
    """What an hour served is worth, where time lacks: more where little of the need is served, by part of it
    (`tranches`, equal parts, the first one first), less what the longest trip allowed takes from it (`travel`: never
    all of it)."""

    tranches: tuple[float, ...]
    travel: float


@dataclass(frozen=True)
class Located:
    """Chosen sites, in order; the site of each demand (n,), -1 for one that none reaches; the proof of the total."""

    sites: Indices
    lead: Indices
    proof: Proof


@dataclass(frozen=True)
class Reinforced:
    """Posts added to each site (m,), hours served of each demand (n,), hours unmet, and the proof of what is best."""

    posts: Indices
    served: Floats
    unmet: float
    proof: Proof


@dataclass(frozen=True)
class Assigned:
    """The lead site of each demand (n,), -1 where none is in reach, and what it asks of the sites.

    `load`, `capacity` and `overload` (m,) are hours a year, overload being the load above the capacity; `detached` are
    the demands that no neighbour links to their site, `unassigned` those that no site reaches (indices, in order).
    `excess` proves the total overload, `travel` the need x minutes with that overload.
    """

    lead: Indices
    load: Floats
    capacity: Floats
    overload: Floats
    detached: Indices
    unassigned: Indices
    excess: Proof
    travel: Proof


@dataclass(frozen=True)
class _Model:
    """Variables from 0 to `upper` (from `lower` where told), some of them whole, and rows between bounds."""

    rows: sparse.csr_array
    low: Floats
    high: Floats
    upper: Floats
    whole: Flags
    lower: Floats | float = 0.0

    def within(self, cost: Floats, most: float) -> _Model:
        """The same, with a total that may not pass `most`."""
        rows = sparse.vstack([self.rows, sparse.csr_array(cost[None, :])], format="csr")
        low, high = np.append(self.low, -np.inf), np.append(self.high, most)
        return replace(self, rows=rows, low=low, high=high)

    def least(self, cost: Floats) -> tuple[Floats, float]:
        """The values of least cost, whole ones rounded, and the proven bound of the cost; DataError without any."""
        # Tolerances of HiGHS are absolute: costs of about 1 make them relative.
        scale = float(np.abs(cost[cost != 0]).mean()) if cost.any() else 1.0
        found = milp(
            cost / scale,
            integrality=self.whole.astype("uint8"),
            bounds=Bounds(self.lower, self.upper),
            constraints=LinearConstraint(self.rows, self.low, self.high),
            options={"mip_rel_gap": 0.0},
        )
        if found.x is None:
            raise DataError("Aucun plan ne remplit ces conditions.")
        bound = found.mip_dual_bound if self.whole.any() else found.fun
        return np.where(self.whole, np.round(found.x), found.x), float(bound) * scale


def p_median(weights: Floats, minutes: Floats, p: int, fixed: Iterable[int] = ()) -> Located:
    """The `p` sites, `fixed` ones included, of least total weight x minutes to the nearest chosen site.

    `weights` (n,), `minutes` (n, m). Demands without weight ask for nothing; every other must be reached, or else
    DataError. Of the m sites each demand keeps the k nearest only, and an overflow variable costed as if the next
    nearest were chosen: no plan costs more than in the full model, so that a plan whose demands all pay their real
    price is optimal in the full model too. Otherwise k doubles for those that do not, and the model is solved again.

    The variables are steps along each demand's list, z[i, r] = 1 when none of its r + 1 nearest sites is chosen, each
    costed at the minutes that it adds; the last is the overflow. S. Garcia, M. Labbe, A. Marin, "Solving Large
    p-Median Problems with a Radius Formulation", INFORMS Journal on Computing 23 (2011).
    """
    weights, minutes = np.asarray(weights, dtype="float64"), np.asarray(minutes, dtype="float64")
    p, kept = _number(p, fixed, minutes.shape[1])
    asks = np.flatnonzero(weights > 0)
    weight, times = weights[asks], minutes[asks]
    order = np.argsort(times, axis=1, kind="stable")
    # A last column for the site after the last one: nobody may need it.
    ranked = np.c_[np.take_along_axis(times, order, axis=1), np.full(len(asks), np.inf)]
    reached = np.isfinite(times).sum(axis=1)
    _all_reached(asks[reached == 0])
    depth = np.minimum(reached, -(-START * minutes.shape[1] // max(p, 1)))
    while True:
        chosen, bound = _radius(weight, order, ranked, depth, p=p, kept=kept)
        real = times[:, chosen].min(axis=1, initial=np.inf)
        short = real > ranked[np.arange(len(asks)), depth]
        if not short.any():
            return Located(chosen, _nearest(minutes, chosen), Proof(float(weight @ real), bound))
        depth = np.where(short, np.minimum(2 * depth, reached), depth)


def _radius(
    weight: Floats, order: Indices, ranked: Floats, depth: Indices, *, p: int, kept: Indices
) -> tuple[Indices, float]:
    """The sites that the pruned p-median chooses, and its bound; `depth` sites are kept for each demand."""
    n, m = order.shape
    demand = np.repeat(np.arange(n), depth)
    steps = np.arange(len(demand))
    rank = steps - np.repeat(np.cumsum(depth) - depth, depth)
    here, beyond = ranked[demand, rank], ranked[demand, rank + 1]
    open_ended = np.isfinite(beyond)
    later = steps[rank > 0]
    rows = sparse.csr_array(
        (
            np.r_[np.ones(2 * len(steps)), -np.ones(len(later)), np.ones(m)],
            (
                np.r_[steps, steps, later, np.full(m, len(steps))],
                np.r_[order[demand, rank], m + steps, m + later - 1, np.arange(m)],
            ),
        ),
        shape=(len(steps) + 1, m + len(steps)),
    )
    model = _Model(
        rows,
        low=np.append((rank == 0).astype("float64"), p),
        high=np.append(np.full(len(steps), np.inf), p),
        upper=np.r_[np.ones(m), open_ended.astype("float64")],
        whole=np.arange(m + len(steps)) < m,
        lower=_at(kept, m + len(steps)),
    )
    step = np.where(open_ended, beyond, here) - here
    values, bound = model.least(np.r_[np.zeros(m), weight[demand] * step])
    return np.flatnonzero(values[:m]), bound + float(weight @ ranked[:, 0])


def max_cover(weights: Floats, reached: Flags, p: int, fixed: Iterable[int] = ()) -> Located:
    """At most `p` sites, `fixed` ones included, that reach the most weight.

    `weights` (n,), `reached` (n, m): whether site j reaches demand i. Demands that the same sites reach are merged;
    a site that reaches a part only of what another does is dropped. What is missed is minimised, not what is reached
    maximised: HiGHS solves it faster. R. Church, C. ReVelle, "The Maximal Covering Location Problem", Papers of the
    Regional Science Association 32 (1974).
    """
    weights, reached = np.asarray(weights, dtype="float64"), np.asarray(reached, dtype=bool)
    p, kept = _number(p, fixed, reached.shape[1])
    useful = np.union1d(_maximal(reached[weights > 0]), kept)
    demands, group = np.unique(reached[:, useful], axis=0, return_inverse=True)
    weight = np.bincount(group.ravel(), weights)
    n, m = demands.shape
    missed = [sparse.csr_array(demands * 1.0), sparse.eye_array(n)]
    model = _Model(
        sparse.block_array([missed, [np.ones((1, m)), None]], format="csr"),
        low=np.append(np.ones(n), 0),
        high=np.append(np.full(n, np.inf), p),
        upper=np.ones(m + n),
        whole=np.arange(m + n) < m,
        lower=_at(np.searchsorted(useful, kept), m + n),
    )
    values, bound = model.least(np.r_[np.zeros(m), weight])
    chosen = useful[np.flatnonzero(values[:m])]
    lead = _nearest(np.where(reached, 0.0, np.inf), chosen)
    return Located(chosen, lead, Proof(float(weights[lead >= 0].sum()), float(weights.sum()) - bound))


def set_cover(reached: Flags, fixed: Iterable[int] = ()) -> Located:
    """The fewest sites, `fixed` ones included, that reach every demand.

    `reached` (n, m): whether site j reaches demand i; DataError tells the demands that no site reaches. Demands and
    sites that others make needless are dropped first. C. Toregas, R. Swain, C. ReVelle, L. Bergman, "The Location of
    Emergency Service Facilities", Operations Research 19 (1971).
    """
    reached = np.asarray(reached, dtype=bool)
    _all_reached(np.flatnonzero(~reached.any(axis=1)))
    _, kept = _number(reached.shape[1], fixed, reached.shape[1])
    useful = np.union1d(_maximal(reached), kept)
    # A demand is reached as soon as another is whose sites all reach it.
    demands = reached[np.ix_(_maximal(~reached[:, useful].T), useful)]
    n, m = demands.shape
    model = _Model(
        sparse.csr_array(demands * 1.0),
        low=np.ones(n),
        high=np.full(n, np.inf),
        upper=np.ones(m),
        whole=np.ones(m, dtype=bool),
        lower=_at(np.searchsorted(useful, kept), m),
    )
    values, bound = model.least(np.ones(m))
    chosen = useful[np.flatnonzero(values)]
    return Located(chosen, _nearest(np.where(reached, 0.0, np.inf), chosen), Proof(float(len(chosen)), bound))


def reinforce(
    need: Floats, minutes: Floats, capacity: Floats, max_minutes: float, *, added: int, step: float, worth: Worth
) -> Reinforced:
    """Where `added` posts of `step` hours a year each serve most, today's `capacity` (m,) staying where it is.

    `need` (n,) hours a year, `minutes` (n, m). A transport model: several sites may serve a demand within
    `max_minutes`, posts are whole. When time lacks everywhere, hours served alone would leave the choice open: `worth`
    makes it, and evens out what is served. Serving another hour is always worth it. With no post added it is a linear
    programme. The search may stop before its end (`SEARCH`): the proof tells what is then left.
    """
    need, minutes, m = np.asarray(need, dtype="float64"), np.asarray(minutes, dtype="float64"), len(capacity)
    unit = max(float(need.mean()), 1.0)
    asked = need / unit, minutes, capacity / unit, max_minutes, worth
    model = _transport(*asked, added=added, step=step / unit)
    if added:
        pieces = model.program()
        pieces.run()
        if (solution(pieces)[-m:] > ROUNDING).sum() > SPREAD * added:
            model = _transport(*asked, added=added, step=step / unit, tied=capacity == 0)
    whole = np.arange(len(model.cost)) >= len(model.cost) - m * (added > 0)
    solver = model.program(whole)
    solver.run()
    values, found = solution(solver), solver.getInfo()
    served = model.served(values, need, unit)
    bound = found.mip_dual_bound if added else found.objective_function_value
    return Reinforced(
        np.round(values[-m:]).astype("intp"),
        served,
        float((need - served).sum()),
        Proof(float(model.cost @ values) * unit, bound * unit),
    )


def fewest(need: Floats, minutes: Floats, capacity: Floats, max_minutes: float, *, step: float) -> Proof:
    """The fewest posts of `step` hours a year that leave nothing unserved of what a site could reach, today's
    `capacity` (m,) staying where it is: the model of `reinforce`, turned round."""
    need, (n, m), unit = np.asarray(need, dtype="float64"), minutes.shape, max(float(need.mean()), 1.0)
    demand, site = np.nonzero(minutes <= max_minutes)
    flows, reached = np.arange(len(site)), np.unique(demand)
    rows = [
        [_entries(demand, flows, (n, len(flows)))[reached], None],
        [_entries(site, flows, (m, len(flows))), -step / unit * sparse.eye_array(m)],
    ]
    asked = need[reached] / unit
    posts = np.arange(len(flows) + m) >= len(flows)
    model = _Model(
        sparse.block_array(rows, format="csr"),
        low=np.r_[asked, np.full(m, -np.inf)],
        high=np.r_[asked, capacity / unit],
        upper=np.full(len(posts), np.inf),
        whole=posts,
    )
    values, bound = model.least(posts.astype("float64"))
    return Proof(float(values[posts].sum()), bound)


def unmet_under(needs: Floats, minutes: Floats, capacity: Floats, max_minutes: float, *, worth: Worth) -> Floats:
    """Hours that `capacity` (m,) leaves unmet under each of `needs` (n, k), as `reinforce` without posts: (k,)."""
    unit, parts = max(float(needs.mean()), 1.0), len(worth.tranches)
    model = _transport(needs[:, 0] / unit, minutes, capacity / unit, max_minutes, worth)
    solver = model.program()
    quarters = len(model.demand) + np.arange(parts * len(needs), dtype="int32")
    unmet = []
    # The draws share their model: from one to the next only bounds change, and few steps lead to its solution.
    for need in needs.T:
        solver.changeColsBounds(len(quarters), quarters, np.zeros(len(quarters)), np.repeat(need / unit / parts, parts))
        bounded(solver)
        unmet.append((need - model.served(solution(solver), need, unit)).sum())
    return np.array(unmet)


def assign(
    need: Floats, minutes: Floats, capacity: Floats, max_minutes: float, *, neighbours: Flags | None = None
) -> Assigned:
    """The lead site of each EPCI, within `max_minutes`: the least overload in all, then the least need x minutes.

    `need` and `capacity` (n,) in hours a year, `minutes` (n, n): demands and sites are the same EPCI, and one without
    capacity takes nobody. Overload is what is asked of a site above its capacity. Demands that no site reaches stay
    without. Where `neighbours` (n, n) tells which EPCI touch, territories hold together: a demand goes to a site only
    with a neighbour that is closer to it, or is the site itself, unless it has none. Where that cannot be for all,
    as few as possible are exempt. `detached` are all those whose site has none of their neighbours that is closer.

    A generalised assignment: G. Ross, R. Soland, "A Branch and Bound Algorithm for the Generalized Assignment Problem",
    Mathematical Programming 8 (1975); contiguity: A. Zoltners, P. Sinha, "Sales Territory Alignment", Management
    Science 29 (1983).
    """
    need, minutes = np.asarray(need, dtype="float64"), np.asarray(minutes, dtype="float64")
    capacity, n = np.asarray(capacity, dtype="float64"), len(need)
    touching = np.zeros((n, n), dtype=bool) if neighbours is None else np.asarray(neighbours, dtype=bool)
    demand, site = np.nonzero((minutes <= max_minutes) & (capacity > 0))
    unit = float(need.mean()) or 1.0
    model = _territories(need / unit, minutes, capacity / unit, touching, pairs=(demand, site))
    kind = np.repeat(np.arange(3), [len(demand), n, n])  # leads, overloads, breaks
    travel = np.append(need[demand] * minutes[demand, site], np.zeros(2 * n))
    values, bounds = np.zeros(len(kind)), list[float]()
    for aim in ((kind == 2) * 1.0, (kind == 1) * unit, travel):
        values, bound = model.least(aim)
        bounds.append(bound)
        model = model.within(aim, float(aim @ values) + ROUNDING)
    taken = values[: len(demand)] > 0.5
    lead = np.full(n, NONE)
    lead[demand[taken]] = site[taken]
    load = np.bincount(site[taken], need[demand[taken]], minlength=n).astype("float64")
    overload = np.maximum(load - capacity, 0)
    return Assigned(
        lead=lead,
        load=load,
        capacity=capacity,
        overload=overload,
        detached=_detached(lead, minutes, touching) if neighbours is not None else np.empty(0, dtype="intp"),
        unassigned=np.flatnonzero(lead == NONE),
        excess=Proof(float(overload.sum()), bounds[1]),
        travel=Proof(float(travel @ values), bounds[2]),
    )


def explain(need: Floats, minutes: Floats, max_minutes: float, plan: Assigned, names: Sequence[str]) -> list[str]:
    """Why `plan` (of `assign` with the same arrays) overloads sites or leaves somebody out: French sentences, none
    when it does neither.

    Demands that no place could reach, or no site with capacity; the total, then each need above every site in reach;
    else, what even this plan, the best one, overloads. `names` (n,) are those of the EPCI.
    """
    need = np.asarray(need, dtype="float64")
    reached = (np.asarray(minutes) <= max_minutes) & (plan.capacity > 0)
    largest = np.where(reached, plan.capacity, 0.0).max(axis=1, initial=0.0)
    nowhere = np.flatnonzero(~(np.asarray(minutes) <= max_minutes).any(axis=1)).tolist()
    alone = [i for i in plan.unassigned.tolist() if i not in nowhere]
    huge = np.flatnonzero(reached.any(axis=1) & (need > largest)).tolist()
    told = []
    limit = f"{shortest(max_minutes)} {plural('minute', max_minutes)}"
    if nowhere:
        told.append(f"Aucun site possible n'est à {limit} ou moins de : {together([names[i] for i in nowhere])}.")
    if alone:
        told.append(f"Aucun site doté de capacité n'est à {limit} ou moins de : {together([names[i] for i in alone])}.")
    if need.sum() > plan.capacity.sum():
        told.append(
            f"Ensemble : {number_of(need.sum(), 'heure')} par an à suivre, "
            f"{number_of(plan.capacity.sum(), 'heure')} au plus pour tous les sites."
        )
    told += [
        f"{names[i]} : {number_of(need[i], 'heure')} par an à suivre, {number_of(largest[i], 'heure')} au plus pour un "
        "même site à portée."
        for i in huge
    ]
    above = np.flatnonzero(plan.overload > ROUNDING).tolist()
    if above and not told:
        each = [f"{names[j]} ({number_of(plan.overload[j], 'heure')} de trop par an)" for j in above]
        told.append(f"Même la meilleure répartition surcharge des sites : {together(each)}.")
    return told


@dataclass(frozen=True)
class _Transport:
    """The model of `reinforce`, see `_transport`: the first variables are hours that go to `demand`."""

    rows: sparse.csr_array
    low: Floats
    high: Floats
    upper: Floats
    cost: Floats
    demand: Indices

    def program(self, whole: Flags | None = None) -> Highs:
        """To be run; `whole` variables are so, by default none."""
        bounds = np.zeros(len(self.cost)), self.upper
        return program(self.rows, (self.low, self.high), bounds, self.cost, whole, **SEARCH)

    def served(self, values: Floats, need: Floats, unit: float) -> Floats:
        """What goes to each demand, in hours as `need`; all of its need, to what HiGHS holds rows to."""
        served = np.bincount(self.demand, values[: len(self.demand)], len(need)) * unit
        return np.where(served > need - ROUNDING * unit, need, served)


def _transport(
    need: Floats,
    minutes: Floats,
    capacity: Floats,
    max_minutes: float,
    worth: Worth,
    *,
    added: int = 0,
    step: float = 1.0,
    tied: Flags | None = None,
) -> _Transport:
    """Variables: hours from site to demand (from a `tied` site by quarter of the need), hours that the others serve of
    each quarter of each need, posts of each site. `tied` (m,): sites without capacity, by default none.

    Rows: what the others serve, each site's time, all posts, each quarter once, and what ties: of a quarter, no more
    than the part of a post that is there. Whole posts hold to it anyway. Without it, posts cut in pieces serve the best
    quarter of every need where it is, and where a post could serve many, the bound that they give is far too good: the
    search is long. With it the model is four times as large, which costs more where they say enough.
    """
    (n, m), parts, tied = (
        minutes.shape,
        len(worth.tranches),
        np.zeros(len(capacity), dtype=bool) if tied is None else tied,
    )
    pairs = np.nonzero((minutes <= max_minutes) & ((capacity > 0) | (added > 0)))
    demand, site = (np.repeat(ends, np.where(tied[pairs[1]], parts, 1)) for ends in pairs)
    quarters, flows, held = np.repeat(need / parts, parts), np.arange(len(site)), np.flatnonzero(tied[site])
    each, part = np.arange(len(held)), np.arange(len(held)) % parts
    quarter = demand[held] * parts + part
    once = np.unique(quarter)
    size, every = len(flows), sparse.eye_array(len(quarters), format="csr")
    tie = _entries(each, site[held], (len(held), m), np.minimum(quarters[quarter], step))
    rows = [
        [
            _entries(demand, flows, (n, size), (~tied[site]).astype("float64")),
            -sparse.kron(sparse.eye_array(n), [[1.0] * parts]),
            None,
        ],
        [_entries(site, flows, (m, size)), None, -step * sparse.eye_array(m)],
        [None, sparse.csr_array((1, len(quarters))), np.ones((1, m))],
        [_entries(quarter, held, (len(quarters), size))[once], every[once], None],
        [_entries(each, held, (len(held), size)), None, -tie],
    ]
    trip = worth.travel * minutes[demand, site] / max(max_minutes, 1.0)
    cost = np.r_[trip, -np.tile(worth.tranches, n), np.zeros(m)]
    cost[held] -= np.array(worth.tranches)[part]
    high = np.r_[np.zeros(n), capacity, float(added), quarters[once], np.zeros(len(held))]
    return _Transport(
        sparse.block_array(rows, format="csr"),
        low=np.where(np.arange(len(high)) < n, 0.0, -np.inf),
        high=high,
        upper=np.r_[np.full(size, np.inf), quarters, np.full(m, float(added))],
        cost=cost,
        demand=demand,
    )


def _territories(
    need: Floats, minutes: Floats, capacity: Floats, touching: Flags, pairs: tuple[Indices, Indices]
) -> _Model:
    """Variables: each pair's lead (0 or 1), each site's overload, each demand's break of contiguity.

    Rows: one lead for each demand in reach; load within capacity and overload; contiguity.
    """
    (demand, site), n, size = pairs, len(need), len(pairs[0])
    each, same = np.arange(size), sparse.eye_array(n)
    once = _entries(demand, each, (n, size))[np.unique(demand)]
    load = _entries(site, each, (n, size), need[demand])
    # A neighbour that is closer to the site goes there too; a pair without any is free.
    closer = touching[demand] & (minutes[demand, site][:, None] > minutes[:, site].T) & (demand != site)[:, None]
    held = np.flatnonzero(closer.any(axis=1))
    row, ally = np.nonzero(closer[held])
    number = np.zeros((n, n), dtype="intp")
    number[demand, site] = each
    rows = np.arange(len(held))
    chain = _entries(rows, held, (len(held), size)) - _entries(row, number[ally, site[held[row]]], (len(held), size))
    broken = _entries(rows, demand[held], (len(held), n))
    blocks = [[once, None, None], [load, -same, None], [chain, None, -broken]]
    low, high = np.full(once.shape[0] + n + len(held), -np.inf), [np.ones(once.shape[0]), capacity, np.zeros(len(held))]
    low[: once.shape[0]] = 1
    kind = np.repeat(np.arange(3), [size, n, n])
    return _Model(
        sparse.block_array(blocks, format="csr"),
        low=low,
        high=np.concatenate(high),
        upper=np.choose(kind, [1.0, np.inf, 1.0]),
        whole=kind == 0,
    )


def _detached(lead: Indices, minutes: Floats, touching: Flags) -> Indices:
    """Demands away from their site without a neighbour of the same site that is closer to it."""
    index = np.arange(len(lead))
    away = (lead != NONE) & (lead != index)
    closer = minutes[index, lead][:, None] > minutes[:, lead].T
    linked = (touching & closer & (lead[:, None] == lead)).any(axis=1)
    return np.flatnonzero(away & ~linked)


def _number(p: int, fixed: Iterable[int], m: int) -> tuple[int, Indices]:
    """`p`, no more than the m sites, and the fixed sites in order; DataError when they are too many."""
    kept = np.unique(np.fromiter(fixed, dtype=np.intp))
    if len(kept) > p:
        imposed = "sont imposés" if len(kept) > 1 else "est imposé"
        raise DataError(f"{number_of(len(kept), 'site')} {imposed} pour {p} à choisir.")
    return min(p, m), kept


def _entries(rows: Indices, columns: Indices, shape: tuple[int, int], values: Floats | None = None) -> sparse.csr_array:
    """A sparse matrix of ones, or of `values`, at places."""
    return sparse.csr_array((np.ones(len(rows)) if values is None else values, (rows, columns)), shape=shape)


def _at(places: Indices, size: int) -> Floats:
    """Ones at `places`, zeros elsewhere."""
    out = np.zeros(size)
    out[places] = 1
    return out


def _all_reached(missed: Indices) -> None:
    """DataError when demands are reached by no site."""
    if len(missed):
        raise DataError(f"Aucun site n'atteint {together([f'n° {i}' for i in missed])}.")


def _nearest(minutes: Floats, chosen: Indices) -> Indices:
    """The nearest chosen site of each demand, the lowest index among equals; -1 without any in reach."""
    if not len(chosen):
        return np.full(len(minutes), NONE)
    times = minutes[:, chosen]
    return np.where(np.isfinite(times.min(axis=1)), chosen[times.argmin(axis=1)], NONE)


def _maximal(sets: Flags) -> Indices:
    """The columns that no other contains; of equal ones, the lowest index."""
    counts = sets.astype("float32")
    common = counts.T @ counts
    size, index = common.diagonal(), np.arange(sets.shape[1])
    within = common == size[:, None]  # column i is within column j
    larger = (size > size[:, None]) | ((size == size[:, None]) & (index < index[:, None]))
    return np.flatnonzero(~(within & larger).any(axis=1))
