"""Hours of the calibrated year moved, as little as possible, to give exactly the published totals.

Least squares, relative to each contract's own hours, under linear equalities (the total and the hours of
each flag) and bounds (a month has at most 151.67 h); then whole hundredths, whose rest is settled on
contracts that carry one flag only against contracts that carry none.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.demo.knowledge import CALIBRATED, MONTH_CAP, Bools, Floats, Ints

FLAGS = ("rsa", "qpv", "deld", "jeune", "iae", "alternance", "anru")
FLOOR = 200  # hundredths a month at least: nobody disappears


def flags_of(contracts: pd.DataFrame, anru: Bools) -> Floats:
    """One column per flag of FLAGS, 1 where the contract's hours count for it."""
    columns = [
        contracts["rsa"] == "oui",
        contracts["qpv"] == "oui",
        contracts["deld"] == "oui",
        contracts["jeune"],
        contracts["est_iae"],
        contracts["est_alternance"],
        anru[contracts["op"].to_numpy()],
    ]
    return np.column_stack([np.asarray(column, dtype=float) for column in columns])


def calibrate(hours: pd.DataFrame, counted: Bools, flags: Floats, targets: dict[str, float]) -> pd.DataFrame:
    """`hours` with those of the calibrated year of `counted` contracts moved to the targets.

    `counted` and `flags` are by contract; targets are in hours (`heures`, `heures_<flag>`).
    Raises ValueError when no hours within the bounds give them.
    """
    rows = np.flatnonzero(counted[hours["ctr"].to_numpy()] & (hours["mois"].to_numpy() // 12 == CALIBRATED))
    ctr, place = np.unique(hours["ctr"].to_numpy()[rows], return_inverse=True)
    before = np.bincount(place, weights=hours["centi"].to_numpy()[rows]).astype(np.float64)
    months = np.bincount(place).astype(np.int64)
    system = np.column_stack([np.ones(len(ctr)), flags[ctr]])
    wanted = np.array([round(targets[name] * 100) for name in ("heures", *(f"heures_{f}" for f in FLAGS))])
    low, high = FLOOR * months, MONTH_CAP * months
    moved = _fit(before, system, wanted.astype(float), low.astype(float), high.astype(float))
    whole = _settle(np.rint(moved).astype(np.int64), system, wanted, low, high)
    out = hours.copy()
    centi = out["centi"].to_numpy().copy()
    centi[rows] = _by_month(centi[rows], place, whole)
    out["centi"] = centi
    return out


def _fit(start: Floats, system: Floats, wanted: Floats, low: Floats, high: Floats) -> Floats:
    """The hours nearest to `start`, each relative to itself, that meet the targets within the bounds."""
    # Hundredths of room are left at both ends for the settling of whole numbers.
    low, high = low + 100.0, high - 100.0
    found = np.clip(start, low, high)
    free = np.ones(len(start), dtype=bool)
    for _ in range(200):
        gap = wanted - system.T @ found
        if np.abs(gap).max() < 0.5:
            return found
        weight = np.where(free, start, 0.0)
        gain = np.linalg.lstsq(system.T @ (weight[:, None] * system), gap)[0]
        found = np.clip(found + weight * (system @ gain), low, high)
        free = (found > low) & (found < high)
    raise ValueError(f"hours cannot be calibrated: still {gap / 100} hours away")


def _settle(whole: Ints, system: Floats, wanted: Ints, low: Ints, high: Ints) -> Ints:
    """Put the rest of each flag on contracts that carry it alone, against contracts that carry none."""
    carried = system[:, 1:].sum(axis=1)
    plain = np.flatnonzero(carried == 0)
    whole = whole.copy()
    for k in range(system.shape[1] - 1):
        only = np.flatnonzero((carried == 1) & (system[:, k + 1] == 1))
        _add(whole, only, int(wanted[k + 1] - system[:, k + 1] @ whole), low, high)
    _add(whole, plain, int(wanted[0] - whole.sum()), low, high)
    if not np.array_equal(system.astype(np.int64).T @ whole, wanted):
        raise ValueError("hours cannot be settled to the hundredth")
    return whole


def _add(whole: Ints, where: Ints, amount: int, low: Ints, high: Ints) -> None:
    """Spread `amount` hundredths over `where`, each as far as its bounds allow."""
    for i in where.tolist():
        if amount == 0:
            return
        step = min(amount, int(high[i] - whole[i])) if amount > 0 else max(amount, int(low[i] - whole[i]))
        whole[i] += step
        amount -= step
    if amount:
        raise ValueError(f"{amount} hundredths have no contract to go to")


def _by_month(centi: Ints, place: Ints, totals: Ints) -> Ints:
    """Months in proportion to what they were, whole, at most a full month each, summing to `totals`."""
    before = np.bincount(place, weights=centi)
    scaled = np.minimum(np.floor(centi * (totals / before)[place]), MONTH_CAP).astype(np.int64)
    rest = totals - np.bincount(place, weights=scaled).astype(np.int64)
    for i in range(len(centi)):
        step = int(min(rest[place[i]], MONTH_CAP - scaled[i]))
        scaled[i] += step
        rest[place[i]] -= step
    return scaled
