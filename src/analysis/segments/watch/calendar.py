"""What is coming, quarter by quarter: probabilities of renewal spread over time, planned purchases merged in.

An expected need is a probability and the way it spreads over time, told by its cumulated probability at the limits of
quarters. Those of a cell (segment, territory, quarter) are independent draws of unlike chances: their number follows
the Poisson-binomial law, computed exactly (Y. Hong, "On computing the distribution function for the Poisson binomial
distribution", Computational Statistics and Data Analysis 59, 2013). Its normal approximation is not used: nine cells
in ten expect fewer than three needs, where it is skewed and would give negative bounds. The interval tells the chance
of each need, not how wrong the probabilities may be: docs/watch.md says how often it covered the past.

Hours of a cell are a mixture: nothing, with the exact probability that no need comes that a clause could be asked of,
the product of the (1 - p x e); else what simulated futures hold where at least one does.
"""

from __future__ import annotations

import calendar as calendars
import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.core.months import later
from analysis.core.numbers import MONTH
from analysis.core.reference import WHOLE
from analysis.segments.potential.caps import CAPPED, held, of_cells
from analysis.segments.potential.sizing import triangular
from analysis.segments.watch.needs import added, hypothesis
from analysis.segments.watch.renewals import EACH, falls_before, likeness, one_to_one, still_to_come

Numbers = NDArray[np.float64]

LEAST = 0.01  # probability within the horizon below which a need is not listed; it is still counted
TAIL = 0.10  # on either side of the interval
HOURS = {"heures_p10": TAIL, "heures_p50": 0.5, "heures_p90": 1 - TAIL}
MATCH_MONTHS = 12  # between the end of the contract and the notification that the project lets expect, at most
DATES = ["date_alerte", "fenetre_debut", "date_mediane", "fenetre_fin"]
COLUMNS = [
    "besoin_id", "origine", "uid", "projet_id", "objet", "acheteur_siren", "acheteur_nom", "segment", "departement",
    "epci_siren", "montant", "lots", "accord_cadre", "fin", "fins_diverses", "probabilite", *DATES,
]  # fmt: skip
BELIEVED = "montant_cru"  # the amount that hours are drawn from (`amounts.of_needs`), carried along and not published


def quarters(day: dt.date, horizon: int) -> pd.DatetimeIndex:
    """The limits of the quarters from the day after `day` to the end of the one that comes `horizon` months later."""
    first = pd.Timestamp(day) + pd.Timedelta(days=1)
    last = (first + pd.DateOffset(months=horizon) - pd.Timedelta(days=1)).to_period("Q").end_time.normalize()
    inside = pd.date_range(first, last + pd.Timedelta(days=1), freq="QS")
    return pd.DatetimeIndex([first, *(limit for limit in inside if limit > first)])


def label(limit: pd.Timestamp) -> str:
    """The quarter that begins at `limit` (or holds it): 2026-T1."""
    return f"{limit.year}-T{limit.quarter}"


# --- expected needs ----------------------------------------------------------------------------------------


def from_renewals(needs: pd.DataFrame, predictions: pd.DataFrame, limits: pd.DatetimeIndex) -> pd.DataFrame:
    """The needs that predictions (`renewals.dated`) expect: `COLUMNS`, `BELIEVED`, and `c0`, `c1`...: the probability
    that each is notified before each of `limits`.

    `needs` with their amounts as `amounts.of_needs` gives them.
    """
    rows = needs.loc[predictions.index]
    each, passed = predictions[EACH].to_numpy(float), predictions["passe"].to_numpy(float)
    at = {
        f"c{k}": falls_before(each, passed, (limit - predictions["fin"]).dt.days.to_numpy() / MONTH)
        for k, limit in enumerate(limits)
    }
    out = rows.assign(
        besoin_id=rows["uid"], origine="renouvellement", projet_id=pd.Series(pd.NA, index=rows.index, dtype="str"),
        fin=predictions["fin"], probabilite=predictions["probabilite"],
        date_alerte=_alert(predictions["fenetre_debut"]),
        **{name: predictions[name] for name in ("fenetre_debut", "date_mediane", "fenetre_fin")}, **at,
    )  # fmt: skip
    return out[[*COLUMNS, BELIEVED, *at]].reset_index(drop=True)


def _alert(window: pd.Series) -> pd.Series:
    """When the buyer should be called: early enough for the clause to be written before the notice is published."""
    return later(window, -hypothesis("preparation"))


def from_projects(projects: pd.DataFrame, limits: pd.DatetimeIndex) -> pd.DataFrame:
    """The needs that buyers announce, in the form of `from_renewals`.

    `projects` as `sources.projects.load_projects` gives them, with `segment` and `BELIEVED`. The notification is
    awaited from one to ten months after the notice (a triangle, `veille/hypotheses.csv`). Where a part of it is past
    and nothing came, the purchase is the less likely, as renewals are: p S / (p S + 1 - p), S the part that is left,
    over which it is spread.
    """
    low, mode, high = (hypothesis(f"projet_notification_{name}") for name in ("tot", "mode", "tard"))
    now = _triangle((limits[0] - projects["date_prevue"]).dt.days.to_numpy() / MONTH, low, mode, high)
    alive = projects[now < 1].reset_index(drop=True)
    past = now[now < 1]
    p = still_to_come(hypothesis("projet_realise"), 1 - past)
    at = {}
    for k, limit in enumerate(limits):
        whole = _triangle((limit - alive["date_prevue"]).dt.days.to_numpy() / MONTH, low, mode, high)
        at[f"c{k}"] = p * np.clip((whole - past) / (1 - past), 0, 1)
    days = {
        name: added(
            alive["date_prevue"], pd.Series(triangular(past + q * (1 - past), low, mode, high), index=alive.index)
        )
        for name, q in (("fenetre_debut", 0.1), ("date_mediane", 0.5), ("fenetre_fin", 0.9))
    }
    out = alive.assign(
        besoin_id="projet:" + alive["projet_id"], origine="projet",
        uid=pd.Series(pd.NA, index=alive.index, dtype="str"),
        lots=1, accord_cadre=False, fin=pd.Series(pd.NaT, index=alive.index, dtype="datetime64[s]"),
        fins_diverses=False, probabilite=p, date_alerte=_alert(days["fenetre_debut"]), **days, **at,
    )  # fmt: skip
    return out[[*COLUMNS, BELIEVED, *at]]


def _triangle(x: Numbers, low: float, mode: float, high: float) -> Numbers:
    """The part of a triangular law below `x`: what `triangular` inverts."""
    rising = np.clip(x - low, 0, mode - low) ** 2 / ((high - low) * (mode - low))
    falling = 1 - np.clip(high - x, 0, high - mode) ** 2 / ((high - low) * (high - mode))
    return np.where(x <= mode, rising, falling)


def merged(renewals: pd.DataFrame, projects: pd.DataFrame, stems: Callable[[str], str]) -> pd.DataFrame:
    """Renewals and projects together, a need that is both counted once.

    One project meets one running contract at most: same buyer, close objects, and dates less than `MATCH_MONTHS`
    apart. The buyer's word then dates the need, and its amount and place are the buyer's where the project says them;
    the probability is the greater of the two. All else is the contract's.
    """
    near = renewals[renewals["acheteur_siren"].isin(projects["acheteur_siren"].dropna())]
    near = near.reset_index(names="besoin").assign(_racine=near["objet"].astype(object).map(stems).to_numpy())
    said = projects.reset_index(names="suivant").assign(_racine=projects["objet"].astype(object).map(stems).to_numpy())
    pairs = near.merge(said, on="acheteur_siren", suffixes=("", "_projet"))
    far = (pairs["date_mediane_projet"] - pairs["fin"]).dt.days / MONTH
    pairs = pairs.assign(
        delai=far,
        ressemblance=likeness(pairs["_racine"].tolist(), pairs["_racine_projet"].tolist()),
    )
    close = pairs["ressemblance"] >= hypothesis("ressemblance_confirmee")
    found = one_to_one(pairs[close & (far.abs() <= MATCH_MONTHS)])
    both = renewals.loc[found["besoin"]].reset_index(drop=True)
    said = projects.loc[found["suivant"]].reset_index(drop=True)
    cumulated = _cumulated(projects)
    p = np.maximum(both["probabilite"], said["probabilite"])
    placed = said["epci_siren"].notna() | (said["departement"].notna() & both["epci_siren"].isna())
    both = both.assign(
        origine="les_deux", projet_id=said["projet_id"],
        # Both amounts of one source: what is printed and what is believed.
        **{name: said[name].where(said["montant"].notna(), both[name]) for name in ("montant", BELIEVED)},
        # Department and EPCI of one source too.
        **{name: said[name].where(placed, both[name]) for name in ("departement", "epci_siren")},
        **{name: said[name] for name in (*DATES, *cumulated)},
    )  # fmt: skip
    both[cumulated] = both[cumulated].mul(p / said["probabilite"], axis=0)
    both["probabilite"] = p
    alone = projects.drop(index=found["suivant"])
    kept = [part for part in (renewals.drop(index=found["besoin"]), both, alone) if len(part)]
    whole = pd.concat(kept) if kept else renewals
    return whole.sort_values("besoin_id", ignore_index=True)


def _cumulated(expected: pd.DataFrame) -> list[str]:
    """The columns `c0`, `c1`... of `from_renewals`, in the order of the limits."""
    return sorted(expected.columns[expected.columns.str.fullmatch(r"c\d+")], key=lambda name: int(name[1:]))


# --- the calendar ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Futures:
    """Simulated futures of expected needs (rows, as in `expected`): the quarter that each falls in (-1: in none, or no
    clause could be asked of it), and its hours if it comes, one column per draw; the mean of the hours of one that
    comes, nothing where it may bear no clause, which is exact; and eligible, the probability that it may: see
    `futures`."""

    quarter: NDArray[np.int8]
    hours: NDArray[np.float32]
    mean: Numbers
    eligible: pd.DataFrame


def futures(
    expected: pd.DataFrame,
    limits: pd.DatetimeIndex,
    hours: pd.DataFrame,
    shared: pd.DataFrame | None = None,
    eligible: pd.DataFrame | None = None,
    *,
    draws: int,
    seed: int,
) -> Futures:
    """`draws` futures of the needs: whether and when they come is independent, what they bring is not.

    `hours` (besoin_id, `HOURS`) are those of a need that comes and carries a clause: log-normal on either side of the
    median, each side with the spread that its quantile asks for. `shared`: see `_together`. `eligible`: the probability
    that a clause could be asked of a need, by draw (row, those of `shared`) and segment (column; one where it is not
    there), as `sizing.chances` gives it; without it, of all.
    """
    rng = np.random.default_rng(seed)
    size = (len(expected), draws)
    reached = expected[[f"c{k}" for k in range(len(limits))]].to_numpy(float)
    chance = rng.random(size, dtype=np.float32)
    # The chance falls between two limits: that quarter; before the first or after the last: none.
    quarter = sum((chance >= reached[:, [k]]).astype(np.int8) for k in range(len(limits))) - 1
    quarter[quarter == len(limits) - 1] = -1
    own = expected[["besoin_id"]].merge(hours, on="besoin_id", how="left", validate="one_to_one")
    low, middle, high = (np.log(own[name].to_numpy(float)) for name in HOURS)
    below, above = (side / ndtri(1 - TAIL) for side in (middle - low, high - middle))
    z = rng.standard_normal(size, dtype=np.float32)
    if shared is not None:
        z = _together(z, expected["segment"], (below + above) / 2, shared)
    sides = np.where(z < 0, below.astype(np.float32)[:, None], above.astype(np.float32)[:, None])
    mean = np.exp(middle) * (np.exp(below**2 / 2) * ndtr(-below) + np.exp(above**2 / 2) * ndtr(above))
    able = pd.DataFrame(index=[0]) if eligible is None else eligible
    likely = _by_need(able, expected["segment"])
    # Every future has one draw of what is shared, hence of eligibility too.
    quarter[rng.random(size, dtype=np.float32) >= likely[:, np.arange(draws) % len(able)]] = -1
    bearing = np.exp(middle.astype(np.float32)[:, None] + z * sides)
    return Futures(quarter, bearing, mean * likely.mean(axis=1), able)


def _by_need(eligible: pd.DataFrame, segments: pd.Series) -> Numbers:
    """The probability that a clause could be asked of needs of `segments` (rows), in each draw (columns)."""
    return eligible.reindex(columns=segments.unique()).fillna(1.0)[segments].to_numpy(float).T


def _together(
    z: NDArray[np.float32], segments: pd.Series, spread: Numbers, shared: pd.DataFrame
) -> NDArray[np.float32]:
    """Standard normal `z` (needs x futures), of which needs have in common what their segments share.

    `shared`: logarithm of hours by draw (row) and segment (column), of which every future has one draw, so that
    segments go together as they do there. Its variance is part of a need's own, `spread` squared, all of it at most.
    """
    scores = ndtri((shared.rank() - 0.5) / len(shared)).to_numpy(np.float32).T
    column = shared.columns.get_indexer(segments)
    part = np.divide(shared.std().to_numpy()[column], spread, out=np.zeros(len(spread)), where=spread > 0)
    part = np.where(column < 0, 0, np.minimum(part, 1)).astype(np.float32)[:, None]
    return part * scores[:, np.arange(z.shape[1]) % len(shared)][column] + np.sqrt(1 - part**2) * z


def calendar(
    expected: pd.DataFrame,
    limits: pd.DatetimeIndex,
    region: str,
    drawn: Futures | None = None,
    by_segment: bool = True,
    *,
    allowed: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per quarter, territory and segment (if `by_segment`) where something is expected.

    trimestre, territoire_type (region, departement, epci), territoire, segment, besoins (listed needs that may fall
    there), attendus (sum of their probabilities), attendus_bas and attendus_haut (10 and 90 % of the Poisson-binomial;
    a mean may lie outside), dont_projets, montant_attendu (sum of probability x known amount), sans_montant (expected
    needs whose amount is not known), heures_attendues (sum of probability x probability that a clause could be asked x
    mean hours), heures_p10, heures_p50,
    heures_p90 (all missing without `drawn`, the `futures` of `expected`), the same three once held to what is
    `allowed` in a year (`_plafonne`; `caps.caps`), plafond_offre and plafond_public. The rows of a region hold those of
    its departments and EPCI, and what no place is known of: levels are not to be added.
    """
    long = _spread(expected, limits)
    levels = [
        long.assign(territoire_type="region", territoire=region),
        long.assign(territoire_type="departement", territoire=long["departement"]),
        long.assign(territoire_type="epci", territoire=long["epci_siren"]),
    ]
    keys = ["trimestre", *PLACE, *(["segment"] if by_segment else [])]
    rows = pd.concat(levels).dropna(subset="territoire").sort_values([*keys, "besoin_id"], ignore_index=True)
    by = rows.groupby(keys, sort=True)
    out = by[["p", "_projet", "_euros", "_sans_montant"]].sum()
    starts = np.flatnonzero(~rows.duplicated(keys).to_numpy())
    cells = np.split(np.arange(len(rows)), starts[1:]) if len(rows) else []
    p = rows["p"].to_numpy(float)
    bounds = [interval(p[cell]) for cell in cells]
    out = out.rename(columns={"p": "attendus", "_projet": "dont_projets", "_euros": "montant_attendu",
                              "_sans_montant": "sans_montant"})  # fmt: skip
    out = out.assign(
        besoins=by.size().astype("int64"),
        attendus_bas=np.array([low for low, _ in bounds], dtype="int64"),
        attendus_haut=np.array([high for _, high in bounds], dtype="int64"),
        **dict.fromkeys(["heures_attendues", *HOURS, *HELD, *CAPS], np.nan),
    )
    if drawn is not None and cells:
        out["heures_attendues"] = np.add.reduceat(p * drawn.mean[rows["_rang"].to_numpy()], starts)
        found = _hours(rows, keys, limits, drawn, allowed)
        out[list(found)] = found.reindex(out.index)
    return out.reset_index()[[*keys, *CELL]]


PLACE = ["territoire_type", "territoire"]
HELD = {f"{name}{CAPPED}": quantile for name, quantile in HOURS.items()}
CAPS = ["plafond_offre", "plafond_public"]
CELL = [
    "besoins", "attendus", "attendus_bas", "attendus_haut", "dont_projets", "montant_attendu", "sans_montant",
    "heures_attendues", *HOURS, *HELD, *CAPS,
]  # fmt: skip


def year_parts(limits: pd.DatetimeIndex) -> pd.Series:
    """How much of each year (index) lies between the first and the last of `limits`."""
    days = pd.Series((limits[1:] - limits[:-1]).days.to_numpy(dtype="float64"), index=limits[:-1].year)
    return days.groupby(level=0).sum() / [366 if calendars.isleap(year) else 365 for year in sorted(set(days.index))]


def _hours(
    rows: pd.DataFrame, keys: list[str], limits: pd.DatetimeIndex, drawn: Futures, allowed: pd.DataFrame | None
) -> pd.DataFrame:
    """`HOURS` of each cell of `keys` (index); `HELD` and `CAPS` too, with what is `allowed`.

    Hours are held segment by segment, then over all of them, in each future: a quarter's are what its segments keep.
    """
    parts, found = year_parts(limits), []
    for _, own in rows.groupby(PLACE, sort=False):
        fine = own.sort_values(["trimestre", "segment"], kind="stable")
        firsts = np.flatnonzero(~fine.duplicated(["trimestre", "segment"]).to_numpy())
        need, quarter = fine["_rang"].to_numpy(), fine["_trimestre"].to_numpy()
        inside = np.split(np.arange(len(fine)), firsts[1:])
        comes, brought = zip(*(_brought(need[cell], quarter[cell[0]], drawn) for cell in inside), strict=True)
        cells = fine.iloc[firsts][["trimestre", *PLACE, "segment"]].reset_index(drop=True)
        cells = cells.assign(annee=cells["trimestre"].str[:4].astype("int64"))
        group = cells.groupby(keys, sort=True)
        named = group.size().index
        place = group.ngroup().to_numpy()
        # Needs have the chance of a clause in common: their product is that of each draw, then the mean of those.
        without = 1 - fine["p"].to_numpy(float)[:, None] * _by_need(drawn.eligible, fine["segment"])
        none = np.ones((len(named), len(drawn.eligible)))
        np.multiply.at(none, place, np.multiply.reduceat(without, firsts, axis=0))
        nothing = none.mean(axis=1)
        together = _Cells(place, np.array(comes), nothing)
        table = pd.DataFrame(together.quantiles(np.array(brought)), index=named, columns=list(HOURS))
        if allowed is not None:
            table[list(HELD)] = together.quantiles(held(np.array(brought), cells, allowed, parts))
            asked = named.to_frame(index=False)
            most = of_cells(asked if "segment" in asked else asked.assign(segment=WHOLE), allowed)
            table[CAPS] = most[CAPS].to_numpy()
        found.append(table)
    return pd.concat(found)


def _brought(needs: NDArray[np.int64], quarter: int, drawn: Futures) -> tuple[NDArray[np.bool_], Numbers]:
    """Whether needs of a cell that may bear a clause come in a quarter, and their hours, in each future."""
    comes = drawn.quarter[needs] == quarter
    return comes.any(axis=0), np.where(comes, drawn.hours[needs], 0).sum(axis=0, dtype=float)


@dataclass(frozen=True)
class _Cells:
    """Cells that parts make together: place, the cell of each part; comes, whether something of a part (row) comes in
    each future; nothing, the probability that nothing of a cell comes that may bear a clause."""

    place: NDArray[np.int64]
    comes: NDArray[np.bool_]
    nothing: Numbers

    def quantiles(self, hours: Numbers) -> list[Numbers]:
        """The quantiles `HOURS` of each cell: nothing, with its probability, else the `hours` of its parts (rows) in
        the futures where something comes."""
        whole = np.zeros((len(self.nothing), hours.shape[1]))
        some = np.zeros(whole.shape, dtype=bool)
        np.add.at(whole, self.place, hours)
        np.logical_or.at(some, self.place, self.comes)
        asked, told = np.array(list(HOURS.values())), []
        for total, comes, nothing in zip(whole, some, self.nothing, strict=True):
            sure = asked > nothing + 1e-12
            values = np.zeros(len(asked))
            if sure.any():
                values[sure] = np.quantile(total[comes], (asked[sure] - nothing) / (1 - nothing))
            told.append(values)
        return told


def _spread(expected: pd.DataFrame, limits: pd.DatetimeIndex) -> pd.DataFrame:
    """One row per need and quarter that it may fall in, with its probability `p` there and what it brings to sums.

    `_rang` is the place of the need in `expected`, `_trimestre` that of the quarter.
    """
    ranked = expected.assign(_rang=np.arange(len(expected)))
    parts = [
        ranked.assign(trimestre=label(limits[k]), _trimestre=k, p=expected[f"c{k + 1}"] - expected[f"c{k}"])
        for k in range(len(limits) - 1)
    ]
    columns = ["besoin_id", "origine", "segment", "departement", "epci_siren", "montant", "trimestre", "p"]
    long = pd.concat(parts)[[*columns, "_rang", "_trimestre"]]
    p = long["p"]
    long = long.assign(
        _projet=p.where(long["origine"] != "renouvellement", 0.0),
        _euros=p * long["montant"].fillna(0.0),
        _sans_montant=p.where(long["montant"].isna(), 0.0),
    )
    return long[p > 1e-9]


def interval(p: Numbers, tail: float = TAIL) -> tuple[int, int]:
    """Between which two numbers the count of independent events of chances `p` lies, but for `tail` on either side."""
    cumulated = np.cumsum(poisson_binomial(p))
    return int(np.searchsorted(cumulated, tail - 1e-12)), int(np.searchsorted(cumulated, 1 - tail - 1e-12))


def poisson_binomial(p: Numbers) -> Numbers:
    """The probability of each number of events, from none on, from its characteristic function (Hong, 2013).

    Numbers beyond ten standard deviations, of probability below 1e-12, are left out.
    """
    most = min(len(p), math.ceil(float(p.sum()) + 10 * math.sqrt(float((p * (1 - p)).sum())) + 12))
    size = most + 1
    turns = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    law = np.fft.irfft(np.prod(1 + p[:, None] * (turns - 1), axis=0), n=size)
    return np.clip(law, 0, None)


def listed(expected: pd.DataFrame, hours: pd.DataFrame | None = None) -> pd.DataFrame:
    """The needs worth a line: `COLUMNS` and p_horizon (probability within the horizon), the most likely first.

    Hours (those of the need if it comes) are missing without `hours`, and where the amount known is not believed: they
    are then those of a usual operation, which the amount shown would belie.
    """
    first, *_, last = _cumulated(expected)
    out = expected.assign(p_horizon=expected[last] - expected[first])
    out = out[out["p_horizon"] >= LEAST]
    out = (
        out.merge(hours, on="besoin_id", how="left")
        if hours is not None
        else out.assign(**dict.fromkeys(HOURS, np.nan))
    )
    out[list(HOURS)] = out[list(HOURS)].mask(out["montant"].notna() & out[BELIEVED].isna())
    out = out.sort_values(["p_horizon", "besoin_id"], ascending=[False, True], ignore_index=True)
    return out[[*COLUMNS[: -len(DATES)], "p_horizon", *DATES, *HOURS]]
