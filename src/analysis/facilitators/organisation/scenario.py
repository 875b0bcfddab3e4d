"""A scenario: what is served today and what today's seats could, what posts added would, who would lead where, and
how sure that is.

All of it follows from published tables (`zones`, `sites`, `temps_trajet`), so that an analyst may run it again.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import partial

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.params import FacilitatorParams
from analysis.core.reference import WHOLE
from analysis.core.workers import workers
from analysis.facilitators.organisation import location, travel

TABLES = ("postes", "obstacles", "frontiere", "seuil", "stabilite", "options", "sites", "secteurs")
CHUNK = 10  # draws that a process is given at once
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scenario:
    """What may change: posts added (each of `post_etp`), whether today's time may move, how far one travels, and the
    hours that one ETP follows in a year."""

    posts_added: int
    post_etp: float
    max_minutes: float
    capacity_hours_per_etp: float
    movable: bool = False

    def __post_init__(self) -> None:
        """DataError, in French, for what no scenario can be."""
        for name in ("posts_added", "post_etp", "max_minutes", "capacity_hours_per_etp"):
            value, may_be_none = getattr(self, name), name in ("posts_added", "max_minutes")
            if not 0 <= value < np.inf or (value == 0 and not may_be_none):
                written, expected = str(value).replace(".", ","), "au moins" if may_be_none else "plus de"
                raise DataError(f"scénario, « {name} » : « {written} » ; attendu : {expected} 0.")

    @property
    def step(self) -> float:
        """Hours that one post follows in a year."""
        return self.post_etp * self.capacity_hours_per_etp


@dataclass(frozen=True)
class Ground:
    """The EPCI in the order of their codes: names; need (hours a year to be followed); etp (of who sits there);
    declared (ETP that structures, wherever they sit, say they give there); minutes[i, j] to the people of i from j;
    neighbours[i, j]."""

    codes: list[str]
    names: list[str]
    need: Numbers
    etp: Numbers
    declared: Numbers
    minutes: Numbers
    neighbours: npt.NDArray[np.bool_]

    @property
    def seats(self) -> list[int]:
        """Where somebody sits today."""
        return [int(place) for place in np.flatnonzero(self.etp > 0)]


def of_params(settings: FacilitatorParams) -> Scenario:
    """The scenario of `params.yaml`."""
    return Scenario(settings.posts_added, settings.post_etp, settings.max_minutes, settings.capacity_hours_per_etp)


@dataclass(frozen=True)
class Plan:
    """A scenario carried out: where its posts go, and who then leads each EPCI."""

    place: Ground
    asked: Scenario
    found: location.Reinforced
    led: location.Assigned


def ground(zones: pd.DataFrame, sites: pd.DataFrame, minutes: pd.DataFrame, delta: float) -> Ground:
    """From the tables of those names; the need to be followed is `delta` x the median need."""
    rows = zones.sort_values("epci_siren", ignore_index=True)
    codes = list(rows["epci_siren"])
    border = reference.table("territoire/epci_voisins").groupby("epci_siren")["voisin_siren"].agg(list)
    near = np.array([np.isin(codes, border.get(code, [])) for code in codes])
    etp = sites.set_index("epci_siren")["etp"].reindex(codes, fill_value=0.0)
    return Ground(
        codes,
        list(rows["nom"]),
        delta * rows["besoin_p50"].to_numpy(dtype="float64"),
        etp.to_numpy(dtype="float64"),
        rows["etp_retenu"].to_numpy(dtype="float64"),
        travel.matrix(minutes, codes),
        near | near.T,
    )


def worth() -> location.Worth:
    """What an hour served is worth (`facilitateurs/constantes.csv`, assumptions)."""
    fixed = reference.constants("facilitateurs")
    return location.Worth(tuple(fixed[fixed.index.str.startswith("valeur_quart_")]), float(fixed["valeur_trajet"]))


def as_declared(place: Ground, need: Numbers, hours_per_etp: float) -> Numbers:
    """Hours of `need` (n,), or of each drawn one (n, k), that are followed today: those that the time declared for each
    EPCI can follow, none of which helps another."""
    able = place.declared * hours_per_etp
    return np.minimum(need, able if need.ndim == 1 else able[:, None])


def reinforced(place: Ground, scenario: Scenario, need: Numbers | None = None) -> location.Reinforced:
    """Where the posts go and what is then served; `need` in place of the median one. When today's time may move, all of
    it is placed anew, in posts."""
    asked = place.need if need is None else need
    capacity, added = place.etp * scenario.capacity_hours_per_etp, scenario.posts_added
    if scenario.movable:
        added += int(round(capacity.sum() / scenario.step, 6))  # what floats lose is no post
        capacity = np.zeros_like(capacity)
    return location.reinforce(
        asked, place.minutes, capacity, scenario.max_minutes, added=added, step=scenario.step, worth=worth()
    )


def planned(place: Ground, asked: Scenario) -> Plan:
    """The posts of the scenario where they serve most, then one lead for each EPCI with what time there is."""
    found = reinforced(place, asked)
    today = np.zeros_like(place.etp) if asked.movable else place.etp
    capacity = today * asked.capacity_hours_per_etp + found.posts * asked.step
    led = location.assign(place.need, place.minutes, capacity, asked.max_minutes, neighbours=place.neighbours)
    return Plan(place, asked, found, led)


def tables(plan: Plan) -> dict[str, pd.DataFrame]:
    """What a scenario gives, by name: postes, obstacles, options, sites, secteurs."""
    options, sites = siting(plan.place, plan.asked)
    return {
        "postes": gains(plan),
        "obstacles": obstacles(plan),
        "options": options,
        "sites": sites,
        "secteurs": sectors(plan),
    }


def gains(plan: Plan) -> pd.DataFrame:
    """Where the posts go and what changes, one row per EPCI and `ensemble`: epci_siren, postes, etp (of who sits
    there), besoin (to be followed); hours of it that somebody follows: suivi_aujourdhui (as declared), suivi_avant
    (today's time given where it serves most), suivi_apres (with the posts); part_aujourdhui, part_avant, part_apres;
    ecart (proven gap)."""
    place, after = plan.place, plan.found
    before = reinforced(place, replace(plan.asked, posts_added=0, movable=False))
    rows = pd.DataFrame(
        {
            "epci_siren": place.codes,
            "postes": after.posts.astype("int64"),
            "etp": place.etp,
            "besoin": place.need,
            "suivi_aujourdhui": as_declared(place, place.need, plan.asked.capacity_hours_per_etp),
            "suivi_avant": before.served,
            "suivi_apres": after.served,
        }
    )
    whole = rows.drop(columns="epci_siren").sum().to_frame().T.assign(epci_siren=WHOLE).astype({"postes": "int64"})
    rows = pd.concat([rows, whole], ignore_index=True)
    shares = {
        f"part_{when}": served_share(rows[f"suivi_{when}"].to_numpy(), rows["besoin"].to_numpy())
        for when in ("aujourdhui", "avant", "apres")
    }
    return rows.assign(**shares, ecart=after.proof.gap)


def loads(hours_per_etp: tuple[float, float], draws: int, seed: int) -> Numbers:
    """The hours that one ETP follows in each of `draws`: one in each part of their range, in an order that owes nothing
    to the need (a Latin hypercube: M. McKay, R. Beckman, W. Conover, Technometrics 21, 1979)."""
    low, high = hours_per_etp
    return low + (high - low) * (np.random.default_rng(seed).permutation(draws) + 0.5) / draws


def _anew(place: Ground, asked: Scenario, need: Numbers, hours_per_etp: float) -> location.Reinforced:
    """`reinforced` for one drawn need, one ETP following so many hours."""
    return reinforced(place, replace(asked, capacity_hours_per_etp=hours_per_etp), need)


def _drawn(plan: Plan, draws: Numbers, hours_per_etp: Numbers) -> list[location.Reinforced]:
    """`reinforced` under each drawn need (columns) and load of an ETP, in order, on all cores."""
    with (
        workers(__name__) as pool,
        click.progressbar(
            pool.map(partial(_anew, plan.place, plan.asked), draws.T, hours_per_etp, chunksize=CHUNK),
            length=draws.shape[1],
            label="tirages du besoin",
            file=sys.stderr,
        ) as drawn,
    ):
        return list(drawn)


def frontier(place: Ground, draws: Numbers, scenario: Scenario, posts: list[int]) -> pd.DataFrame:
    """What nobody follows: today, as time is declared (est_declaree), then by number of posts added, none first, placed
    with today's time where they serve the median need most: postes, etp_ajoutes, non_servi (hours of that need), its
    p10 and p90 when the need is drawn (columns of `draws`), part_non_servie, epci_sans_suivi (nothing of whose need is
    served), epci_moins_servi (part of its need that is served in the worst-served EPCI), gini (of that part, weighted
    by need; 0: all alike), ecart (proven gap), cout (€ a year)."""
    today = np.zeros_like(place.etp) if scenario.movable else place.etp
    served = as_declared(place, place.need, scenario.capacity_hours_per_etp)
    unmet = (draws - as_declared(place, draws, scenario.capacity_hours_per_etp)).sum(axis=0)
    rows = [{"est_declaree": True, "postes": 0, **_left(place.need, served, unmet), "ecart": 0.0}]
    for number in sorted({0, *posts}):
        plan = reinforced(place, replace(scenario, posts_added=number))
        # What stands once the posts are there, under each need.
        capacity = (today + plan.posts * scenario.post_etp) * scenario.capacity_hours_per_etp
        unmet = location.unmet_under(draws, place.minutes, capacity, scenario.max_minutes, worth=worth())
        left = _left(place.need, plan.served, unmet)
        rows.append({"est_declaree": False, "postes": number, **left, "ecart": plan.proof.gap})
    return _priced(pd.DataFrame(rows), scenario.post_etp)


def _left(need: Numbers, served: Numbers, unmet: Numbers) -> dict[str, float]:
    """What is told of a line of `frontier`: hours `served` of each `need`, hours `unmet` in each draw."""
    share, left = served_share(served, need), float((need - served).sum())
    return {
        "non_servi": left,
        "non_servi_p10": float(np.quantile(unmet, 0.1)),
        "non_servi_p90": float(np.quantile(unmet, 0.9)),
        "part_non_servie": left / float(need.sum()),
        "epci_sans_suivi": int((share == 0).sum()),
        "epci_moins_servi": float(share.min()),
        "gini": gini(share, need),
    }


def _priced(rows: pd.DataFrame, post_etp: float) -> pd.DataFrame:
    """`rows` with what their posts make: etp_ajoutes, cout (€ a year)."""
    etp = rows["postes"] * post_etp
    return rows.assign(etp_ajoutes=etp, cout=etp * reference.constants("facilitateurs")["cout_etp"])


def threshold(place: Ground, scenario: Scenario, hours_per_etp: list[float]) -> pd.DataFrame:
    """The fewest posts that leave nobody's median need unfollowed where somebody can reach it, by hours that one ETP
    follows: heures_par_etp, postes, etp_ajoutes, cout, ecart (proven gap)."""
    rows = []
    for hours in hours_per_etp:
        asked = replace(scenario, capacity_hours_per_etp=hours)
        found = location.fewest(place.need, place.minutes, place.etp * hours, asked.max_minutes, step=asked.step)
        rows.append({"heures_par_etp": hours, "postes": int(found.objective), "ecart": found.gap})
    return _priced(pd.DataFrame(rows), scenario.post_etp)


def stability(plan: Plan, draws: Numbers, hours_per_etp: Numbers) -> pd.DataFrame:
    """epci_siren, postes (that the median need asks for), tirages (draws in which at least one is placed there),
    part_tirages, postes_moyens: how often each place is chosen when posts are placed anew for each drawn need (columns
    of `draws`) and the hours that one ETP then follows (`loads`)."""
    chosen = np.array([found.posts for found in _drawn(plan, draws, hours_per_etp)])
    return pd.DataFrame(
        {
            "epci_siren": plan.place.codes,
            "postes": plan.found.posts,
            "tirages": (chosen > 0).sum(axis=0),
            "part_tirages": (chosen > 0).mean(axis=0),
            "postes_moyens": chosen.mean(axis=0),
        }
    )


def siting(place: Ground, scenario: Scenario) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Where seats could be, by method and by whether today's may move; the sites of each.

    First: option, sites, minutes (mean, weighted by need, to the nearest), part_atteinte (of the need within the
    time), ecart. Second: option, epci_siren, est_actuel.
    """
    seats, count = place.seats, len(place.seats) + scenario.posts_added
    reached = place.minutes <= scenario.max_minutes
    near = reached[reached.any(axis=1)]  # what no site could reach hinders no cover: `obstacles` tells it
    found = {
        "aujourdhui": location.p_median(place.need, place.minutes, len(seats), fixed=seats),
        "p_median": location.p_median(place.need, place.minutes, count, fixed=seats),
        "couverture": location.max_cover(place.need, reached, count, fixed=seats),
        "ensemble_minimal": location.set_cover(near, fixed=seats),
        "p_median_libre": location.p_median(place.need, place.minutes, count),
        "couverture_libre": location.max_cover(place.need, reached, count),
        "ensemble_minimal_libre": location.set_cover(near),
    }
    rows, sites = [], []
    for name, placed in found.items():
        chosen = np.asarray(placed.sites, dtype=int)
        mean = np.average(place.minutes[:, chosen].min(axis=1), weights=place.need) if len(chosen) else np.nan
        within = reached[:, chosen].any(axis=1)
        rows.append(
            {"option": name, "sites": len(chosen), "minutes": float(mean),
             "part_atteinte": float(place.need[within].sum() / place.need.sum()), "ecart": placed.proof.gap}
        )  # fmt: skip
        sites += [{"option": name, "epci_siren": place.codes[j], "est_actuel": j in seats} for j in chosen]
    return pd.DataFrame(rows), pd.DataFrame(sites)


def sectors(plan: Plan) -> pd.DataFrame:
    """Who would lead each EPCI once the posts are placed: epci_siren, pilote_siren (missing where nobody reaches it),
    minutes; of the leader's site, hours a year: charge (that it is asked), capacite (that it can follow), surcharge
    (asked beyond); est_detachee (not next to the rest
    of its leader's area), ecart (proven gap, of overload or of travel, the larger)."""
    place, found = plan.place, plan.led
    held = found.lead >= 0
    own = np.where(held, found.lead, 0)
    return pd.DataFrame(
        {
            "epci_siren": place.codes,
            "pilote_siren": pd.Series([place.codes[j] for j in own], dtype="str").where(held),
            "minutes": pd.Series(place.minutes[np.arange(len(own)), own]).where(held),
            "charge": np.where(held, found.load[own], 0.0),
            "capacite": np.where(held, found.capacity[own], 0.0),
            "surcharge": np.where(held, found.overload[own], 0.0),
            "est_detachee": np.isin(np.arange(len(own)), found.detached),
            "ecart": max(found.excess.gap, found.travel.gap),
        }
    )


def obstacles(plan: Plan) -> pd.DataFrame:
    """rang, obstacle: why the need cannot all be followed, one sentence each."""
    place = plan.place
    told = location.explain(place.need, place.minutes, plan.asked.max_minutes, plan.led, place.names)
    return pd.DataFrame({"rang": range(1, len(told) + 1), "obstacle": pd.Series(told, dtype="str")})


def served_share(served: Numbers, need: Numbers) -> Numbers:
    """Part of each need that is served; 1 where there is none."""
    return np.divide(served, need, out=np.ones_like(need), where=need > 0)


def gini(values: Numbers, weights: Numbers) -> float:
    """Gini's index of `values` with `weights`: 0 when all are alike, near 1 when one has all (Lerman and Yitzhaki
    1989)."""
    order = np.argsort(values, kind="stable")
    value, weight = values[order], weights[order] / weights.sum()
    mean = float(np.average(values, weights=weights))
    if mean <= 0:
        return 0.0
    rank = np.cumsum(weight) - weight / 2
    return float(2 * (weight * (value - mean) * (rank - 0.5)).sum() / mean)
