"""Which trades the expected needs will ask for: hours by segment, shared among ROME trades.

The weights are reference data (`nomenclatures/segments_metiers.csv`): the hires of 2021 in the NAF classes of each
segment, by ROME trade, cut at about 80 % and brought back to one. docs/watch.md says how they were made.
"""

from __future__ import annotations

import pandas as pd

from analysis.core import reference

REST = "AUTRES"  # trades too small to be told apart in a cell, and segments without known trades
LEAST = 0.05  # expected needs of a trade in a cell, below which it goes to `REST`
KEYS = ["trimestre", "territoire_type", "territoire"]
QUANTILES = {"heures_p10": "heures_basses", "heures_p50": "heures", "heures_p90": "heures_hautes"}
MEASURES = ["besoins_attendus", *QUANTILES.values()]


def weights() -> pd.DataFrame:
    """segment, rome, libelle, poids: parts of one by segment."""
    return reference.table("nomenclatures/segments_metiers")[["segment", "rome", "libelle", "poids"]]


def labels() -> dict[str, str]:
    """The label of each trade of the weights, and of the rest."""
    known = weights().drop_duplicates("rome")
    return dict(zip(known["rome"], known["libelle"], strict=True)) | {
        REST: "Autres métiers, ou segment sans métier connu"
    }


def by_trade(calendar: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """The calendar shared among trades: `KEYS`, rome, libelle, `MEASURES`.

    `calendar` by segment, `whole` without. besoins_attendus: expected needs x weight, so that they add up to those of
    the calendar. heures, heures_basses and heures_hautes: the median, P10 and P90 of `whole`, shared as the expected
    hours are (those of a segment x weight): they add up too, which quantiles of each trade or segment would not. Hours
    are missing where the calendar has none.
    """
    parts = weights()[["segment", "rome", "poids"]]
    bare = sorted(set(calendar["segment"]) - set(parts["segment"]))
    parts = pd.concat([parts, pd.DataFrame({"segment": bare, "rome": REST, "poids": 1.0})], ignore_index=True)
    rows = calendar.merge(parts.astype({"rome": "str", "segment": "str"}), on="segment")
    for measure, column in (("besoins_attendus", "attendus"), ("_heures", "heures_attendues")):
        rows[measure] = rows[column].astype("float64") * rows["poids"]
    summed = _summed(rows)
    small = summed["besoins_attendus"] < LEAST
    out = _summed(summed.assign(rome=summed["rome"].mask(small, REST)))
    out = out.merge(whole[[*KEYS, "heures_attendues", *QUANTILES]], on=KEYS, validate="many_to_one")
    for measure, column in QUANTILES.items():
        out[column] = out[measure].astype("float64") * out["_heures"] / out["heures_attendues"]
    return out.assign(libelle=out["rome"].map(labels()))[[*KEYS, "rome", "libelle", *MEASURES]]


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby([*KEYS, "rome"], as_index=False)[["besoins_attendus", "_heures"]].sum(min_count=1)
