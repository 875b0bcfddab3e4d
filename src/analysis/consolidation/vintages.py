"""Vintages: each figure of an edition as first published, as revised since, and as computed now.

revision rate   figure as published / figure as published by the release before - 1
margin          the largest revision that the hours of an earlier edition had: a growth below it is no news yet
"""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.control import CONTROL, flagged
from analysis.core import reference
from analysis.core.reference import HOURS, WHOLE
from analysis.sources.publications import FIGURE


def vintages(releases: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """One row per figure and release: the columns of `releases` and

    rang (1 for the first release of the figure), dernier (the latest one), precedent (the release before),
    revision (rate against it), unite, actuel (what `measured`, the indicators of the dataset, holds now, empty when
    that is not computed), revision_actuelle (rate of it against the release) and the `_` columns of disclosure
    control. What is published already is not hidden; what is computed now follows the rules of its cell.
    """
    rows = releases.sort_values([*FIGURE, "date_publication"], kind="stable", ignore_index=True)
    figure = rows.groupby(FIGURE)
    rows["rang"] = figure.cumcount() + 1
    rows["dernier"] = rows["rang"] == figure["rang"].transform("max")
    rows["precedent"] = figure["valeur"].shift()
    rows["revision"] = rate(rows["valeur"], rows["precedent"])
    rows["unite"] = rows["indicateur"].map(reference.table("publication/indicateurs").set_index("code")["unite"])
    now = measured[[*FIGURE, "valeur", *CONTROL]].rename(columns={"valeur": "actuel"})
    out = rows.rename(columns={"valeur": "publie"}).merge(now, on=FIGURE, how="left", validate="many_to_one")
    out["_controle"] = out["_controle"].astype("object").mask(out["actuel"].isna(), "ouvert")
    return flagged(out).assign(revision_actuelle=rate(out["actuel"], out["publie"]))


def with_margin(grown: pd.DataFrame, releases: pd.DataFrame) -> pd.DataFrame:
    """`grown` (that of `evolution`) with `marge_revision`, under which a growth may be undone by later exports.

    It is the largest part by which the hours of an earlier edition of the territory moved between their first
    release and their last one of `releases`; empty where none was published twice.
    """
    if grown.empty:
        return grown
    hours = releases[releases["indicateur"].eq(HOURS) & releases["modalite"].eq(WHOLE)]
    key = ["territoire", "edition"]
    ends = hours.sort_values("date_publication", kind="stable").groupby(key)["valeur"].agg(["first", "last", "size"])
    moved = rate(ends["last"], ends["first"]).abs()[ends["size"] > 1]
    largest = [
        moved[
            (moved.index.get_level_values(0) == row.territoire) & (moved.index.get_level_values(1) < row.edition)
        ].max()
        for row in grown.itertuples()
    ]
    return grown.assign(marge_revision=largest)


def rate(new: pd.Series, old: pd.Series) -> pd.Series:
    """new / old - 1; empty when one is missing or the old one is nothing."""
    return new / old.mask(old == 0) - 1
