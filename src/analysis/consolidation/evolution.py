"""Growth between two editions, and how much of it is only that other structures answered.

raw growth          H(t) / H(t-1) - 1
matched panel       the same, on the structures that answered both years
coverage effect     raw growth - growth of the matched panel
"""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from analysis.consolidation import totals
from analysis.consolidation.cells import NEEDED, NOBODY, UNITS, cells, weakest
from analysis.consolidation.facts import Facts
from analysis.consolidation.indicators import in_scope, local_contracts, territories
from analysis.consolidation.vintages import rate
from analysis.core.dataset import Dataset, Edition


def evolution(facts: Facts, dataset: Dataset) -> pd.DataFrame:
    """One row per edition that follows another one, and territory (the edition's own, and departments).

    edition, territoire, edition_precedente, heures, heures_precedentes, croissance, structures,
    structures_precedentes, structures_panel, heures_panel, heures_panel_precedentes, croissance_panel,
    effet_couverture, rupture (what changed of the scope, in French) and measures. Growth is empty where the
    territory itself changed. A structure answers a year and territory when it declares hours there.
    """
    editions = sorted(dataset.editions, key=lambda edition: edition.annee)
    by_year = {edition.annee: _by_structure(facts, edition) for edition in editions}
    twice = facts.removed.groupby("annee")["structure_id"].agg(set).to_dict() if len(facts.removed) else {}
    parts = [
        _step(by_year[was.annee], by_year[now.annee], was, now, {year: twice.get(year, set()) for year in by_year})
        for was, now in pairwise(editions)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        return table
    return totals.guarded(table, facts.totals, ["edition", "edition_precedente"], alone=True)


def _by_structure(facts: Facts, edition: Edition) -> pd.DataFrame:
    scope = in_scope(facts, edition)
    places = territories(scope, facts.places, edition, epci=False)
    rows = local_contracts(facts.contracts[["annee", "operation", "structure_id", *NEEDED]], places)
    rows = rows[["territoire", "structure_id", *NEEDED]]
    sent = totals.by_structure(facts.totals, edition, local=True)
    return pd.concat([rows, sent.assign(**dict.fromkeys(UNITS, NOBODY))]) if len(sent) else rows


def _step(
    before: pd.DataFrame, after: pd.DataFrame, was: Edition, now: Edition, twice: dict[int, set[str]]
) -> pd.DataFrame:
    if after.empty:
        return pd.DataFrame()
    same = _in_both(_answering(before), _answering(after), twice[was.annee], twice[now.annee])
    in_both = _among(after, same)
    old_both = _among(before, same)
    total, old = _hours(after), _hours(before)
    index = total.index
    panel, old_panel = _hours(after[in_both]), _hours(before[old_both])
    out = pd.DataFrame(
        {
            "heures": total["heures"],
            "heures_precedentes": old["heures"].reindex(index),
            "structures": total["structures"],
            "structures_precedentes": old["structures"].reindex(index).astype("Int64"),
            "structures_panel": same.groupby("territoire").size().reindex(index).fillna(0).astype("Int64"),
            "heures_panel": panel["heures"].reindex(index),
            "heures_panel_precedentes": old_panel["heures"].reindex(index),
        }
    )
    out["croissance"] = rate(out["heures"], out["heures_precedentes"])
    out["croissance_panel"] = rate(out["heures_panel"], out["heures_panel_precedentes"])
    out["effet_couverture"] = out["croissance"] - out["croissance_panel"]
    # Panel and rest add up to the total: what is shown of one gives the other away.
    parts = [panel, old_panel, _hours(after[~in_both]), _hours(before[~old_both]), total, old]
    measures = weakest(*(part.reindex(index).fillna({"personnes": 0}) for part in parts))
    changed = [(was.territoire_nom, now.territoire_nom), (was.base_legale, now.base_legale)]
    rupture = " ; ".join(f"{old_name} puis {new_name}" for old_name, new_name in changed if old_name != new_name)
    return (
        out.join(measures)
        .rename_axis("territoire")
        .reset_index()
        .assign(edition=now.annee, edition_precedente=was.annee, rupture=rupture, _sensible=False)
    )


def _in_both(before: pd.DataFrame, after: pd.DataFrame, twice_before: set[str], twice_after: set[str]) -> pd.DataFrame:
    """The structures of both years by territory. One whose hours of a year were entered by another too (`twice_`)
    answered that year wherever it answered the other one."""
    before_too = after[after["structure_id"].isin(twice_before)]
    after_too = before[before["structure_id"].isin(twice_after)]
    return pd.concat([before, before_too]).drop_duplicates().merge(pd.concat([after, after_too]).drop_duplicates())


def _answering(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["territoire", "structure_id"]].drop_duplicates()


def _among(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    key = ["territoire", "structure_id"]
    known = pd.MultiIndex.from_frame(pairs)
    return pd.Series(pd.MultiIndex.from_frame(rows[key]).isin(known), index=rows.index)


def _hours(rows: pd.DataFrame) -> pd.DataFrame:
    """Hours and structures by territory, with the measures of what came as rows."""
    sent = rows["personne"].eq(NOBODY)
    found = cells(rows[~sent], ["territoire"]).set_index("territoire")
    totals_hours = rows[sent].groupby("territoire")["centiheures"].sum() / 100
    found = found.reindex(found.index.union(totals_hours.index))
    return found.assign(
        heures=found["heures"].add(totals_hours, fill_value=0).round(2),
        structures=rows.groupby("territoire")["structure_id"].nunique(),
    )
