"""Contracts whose segment analysts have read: how often the classifier errs, and totals corrected for it.

    P(t | a)    part of the contracts told as segment a that are of segment t, from the audited ones
    N_t         = sum over a of N_a P(t | a)

Audited contracts may be drawn by CPV segment: each counts for the contracts of its stratum (N_c / n_c). P(a | a)
follows a beta law, drawn towards the rate of errors of all segments together: of the forty contracts that were read of
a segment none may be wrong, which does not make it without errors. What wrong ones are in truth follows a Dirichlet law
that says little beside what the audit saw. Method: A. Tenenbein, "A Double Sampling Scheme", JASA 65 (1970); the
Bayesian form of it.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.shares import wilson
from analysis.segments.contracts import OTHER
from analysis.segments.intervals import LEVEL
from analysis.segments.telling.text import hypothesis
from analysis.sources.spreadsheet import expect, read_csv

FILE = "segments_audites.csv"
COLUMNS = ["uid", "segment", "auteur", "date"]
DRAWS, SEED = 1000, 20160126


def load_audits(path: Path) -> pd.Series:
    """The segment that analysts gave, by uid; empty when there is no file.

    Raises DataError for a segment that is not in the codelist, a row without its contract, a contract read twice.
    """
    if not path.is_file():
        return pd.Series(dtype="str", name="segment")
    rows = read_csv(path, path.name, COLUMNS)
    known = list(reference.labels("segments"))
    expect(rows, path.name, "segment", rows["segment"].isin(known), ", ".join(known))
    expect(rows, path.name, "uid", rows["uid"].notna(), "l'identifiant d'un marché")
    expect(rows, path.name, "uid", ~rows["uid"].duplicated(), "un marché relu une seule fois")
    return rows.set_index("uid")["segment"]


def weights(cpv: pd.Series, audited: pd.Series) -> pd.Series:
    """What each audited contract counts for: the contracts of its CPV segment over the audited ones of it.

    `cpv` is the CPV segment of all contracts, `audited` that of the audited ones.
    """
    return audited.map(cpv.value_counts()).astype("float64") / audited.map(audited.value_counts()).astype("float64")


def confusion(audit: pd.DataFrame) -> pd.DataFrame:
    """segment_attribue, segment_audite, marches (audited), part (weighted, of what was told as segment_attribue).

    `audit` has segment_attribue (what the classifier says, not knowing the audit), segment_audite, poids.
    """
    key = ["segment_attribue", "segment_audite"]
    table = audit.groupby(key).agg(marches=("poids", "size"), poids=("poids", "sum")).reset_index()
    part = table["poids"] / table.groupby("segment_attribue")["poids"].transform("sum")
    return table.assign(part=part).drop(columns="poids")


def accuracy(audit: pd.DataFrame) -> pd.DataFrame:
    """Calibration: by class of probability, audited contracts, mean probability and (weighted) part told rightly.

    Columns `CALIBRATION`; `CLASSES` are their limits, p_min and p_max. part_juste has its Wilson interval at 95 %,
    of as many contracts as the weighted ones are worth (Kish). Contracts of which nothing was told are left out:
    their probability is that of the segment that was not told.
    """
    audit = audit[audit["segment_attribue"] != OTHER]
    classes = np.digitize(audit["segment_p"], CLASSES[1:-1])
    right = audit["segment_attribue"].eq(audit["segment_audite"])
    rows = []
    for number, (low, high) in enumerate(pairwise(CLASSES)):
        mine = audit[classes == number]
        if mine.empty:
            continue
        share, worth = np.average(right[mine.index], weights=mine["poids"]), _worth(mine["poids"])
        ends = wilson(round(share * worth), round(worth))
        rows.append(
            {
                "p_min": low,
                "p_max": high,
                "marches": len(mine),
                "p_moyenne": np.average(mine["segment_p"], weights=mine["poids"]),
                "part_juste": share,
                "part_juste_bas": float(ends[0]),
                "part_juste_haut": float(ends[1]),
            }
        )
    return pd.DataFrame(rows, columns=CALIBRATION)


CLASSES = (0, 0.5, 0.7, 0.9, 0.97, 1.0)
CALIBRATION = ["p_min", "p_max", "marches", "p_moyenne", "part_juste", "part_juste_bas", "part_juste_haut"]


def _worth(weighted: pd.Series) -> float:
    """How many contracts the weighted ones are worth (Kish)."""
    return float(weighted.sum() ** 2 / (weighted**2).sum())


def corrected(counts: pd.DataFrame, audit: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """`counts` (`by`, segment, marches) with marches_corriges and its interval of `LEVEL`, _bas and _haut.

    A check of the counts: below some thousands of audited contracts of a good classifier, what is corrected is no
    nearer to the truth than they are (docs/segments.md). Segments that nothing was told as, but where the audit finds
    contracts, get a row. Without any audited contract the three are empty.
    """
    names = list(reference.labels("segments"))
    columns = ["marches_corriges", "marches_corriges_bas", "marches_corriges_haut"]
    wide = counts.pivot(index=by, columns="segment", values="marches").reindex(columns=names).fillna(0)
    if audit.empty:
        return counts[[*by, "segment", "marches"]].assign(**dict.fromkeys(columns, np.nan))
    rng = np.random.default_rng(SEED)
    drawn = _drawn(audit, names, rng)  # draws x attributed x true
    # The contracts of a year and segment are few: what they are in truth is drawn too.
    totals = rng.multinomial(wide.to_numpy(dtype="int64"), drawn[:, None]).sum(axis=2)  # draws x group x true
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(totals, [tail, 1 - tail], axis=0)
    parts = {"marches": wide.to_numpy(), columns[0]: wide.to_numpy() @ drawn.mean(axis=0)}
    parts |= {columns[1]: low, columns[2]: high}
    table = pd.DataFrame(
        {name: pd.DataFrame(values, wide.index, names).stack() for name, values in parts.items()}
    ).rename_axis([*by, "segment"])
    table = table[(table["marches"] > 0) | (table["marches_corriges"] >= 0.5)].reset_index()
    return table.assign(marches=table["marches"].astype("int64"))


def _drawn(audit: pd.DataFrame, names: list[str], rng: np.random.Generator) -> np.ndarray:
    """Draws of P(t | a): draws x attributed x true, `names` in order."""
    seen = audit.pivot_table(index="segment_attribue", columns="segment_audite", values="poids", aggfunc="sum")
    seen = seen.reindex(index=names, columns=names).fillna(0).to_numpy()
    worth = audit.groupby("segment_attribue")["poids"].agg(_worth).reindex(names).fillna(0).to_numpy()
    seen = seen / np.maximum(seen.sum(axis=1, keepdims=True), 1e-12) * worth[:, None]
    same, told = np.eye(len(names), dtype=bool), np.array(names) != OTHER
    right, wrong = seen[same], np.where(same, 0, seen)
    common = (wrong[told].sum() + 1) / (seen[told].sum() + 2)  # Laplace's rule of succession
    # Where nothing was told, nothing is believed: of no segment, or of any, alike.
    rate = np.where(told, common, 0.5)
    weight = np.where(told, hypothesis("poids_voisins"), hypothesis("poids_inconnu"))
    stay = rng.beta(right + weight * (1 - rate), wrong.sum(axis=1) + weight * rate, size=(DRAWS, len(names)))
    shape = wrong + hypothesis("poids_inconnu") / (len(names) - 1)
    gammas = np.where(same, 0, rng.standard_gamma(shape, size=(DRAWS, *shape.shape)))
    moved = gammas / gammas.sum(axis=2, keepdims=True) * (1 - stay)[:, :, None]
    return np.where(same, stay[:, :, None], moved)
