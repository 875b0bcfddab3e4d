"""Growth between two editions, and how much of it is only that other structures answered.

raw growth          H(t) / H(t-1) - 1
matched panel       the same, on the structures that answered both years
coverage effect     raw growth - growth of the matched panel
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from analysis.consolidation import totals
from analysis.consolidation.cells import NEEDED, NOBODY, UNITS, cells, weakest
from analysis.consolidation.facts import Facts
from analysis.consolidation.indicators import in_scope, local_contracts, territories
from analysis.consolidation.vintages import rate
from analysis.core.dataset import Dataset, Edition

PAIR = ["territoire", "structure_id"]


def evolution(facts: Facts, dataset: Dataset) -> pd.DataFrame:
    """One row per edition that follows another one, and territory (the edition's own, and departments).

    edition, territoire, edition_precedente, heures, heures_precedentes, croissance, structures,
    structures_precedentes, structures_panel, heures_panel, heures_panel_precedentes, croissance_panel,
    effet_couverture, rupture (what changed of the scope, in French) and measures. Growth is empty where the
    territory itself changed. A structure answers a year and territory when it declares hours there; hours are those
    of structures of both years when one of these entered them, whichever entry is kept of those entered twice.
    """
    editions = sorted(dataset.editions, key=lambda edition: edition.annee)
    by_year = {edition.annee: _declared(facts, edition) for edition in editions}
    parts = [_step(by_year[was.annee], by_year[now.annee], was, now) for was, now in pairwise(editions)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        return table
    return totals.guarded(table, facts.totals, ["edition", "edition_precedente"], alone=True)


@dataclass(frozen=True)
class Declared:
    """An edition's hours, a row per territory and contract or total, and who entered each: territoire, structure_id,
    ligne (its place in `hours`); several structures may have entered one."""

    hours: pd.DataFrame
    entries: pd.DataFrame

    def among(self, pairs: pd.DataFrame) -> pd.Series:
        """Which hours one of `pairs` (territoire, structure_id) entered."""
        return self.hours.index.to_series().isin(self.entries.merge(pairs)["ligne"])


def _declared(facts: Facts, edition: Edition) -> Declared:
    places = territories(in_scope(facts, edition), facts.places, edition, epci=False)
    rows = local_contracts(facts.contracts[["annee", "operation", "contrat", "structure_id", *NEEDED]], places)
    sent = totals.by_structure(facts.totals, edition, local=True)
    hours = pd.concat([rows, sent.assign(**dict.fromkeys(UNITS, NOBODY))]) if len(sent) else rows
    hours = hours.reset_index(drop=True).rename_axis("ligne")
    twice = facts.entered.loc[facts.entered["annee"] == edition.annee, ["contrat", "structure_id"]]
    others = hours[["territoire", "contrat"]].reset_index().merge(twice, on="contrat")
    entries = pd.concat([hours[PAIR].reset_index(), others[[*PAIR, "ligne"]]]).drop_duplicates(ignore_index=True)
    return Declared(hours[[*PAIR, *NEEDED]], entries)


def _step(declared_before: Declared, declared: Declared, was: Edition, now: Edition) -> pd.DataFrame:
    before, after = declared_before.hours, declared.hours
    if after.empty:
        return pd.DataFrame()
    answered = [year.entries[PAIR].drop_duplicates() for year in (declared_before, declared)]
    same = answered[0].merge(answered[1])
    in_both, old_both = declared.among(same), declared_before.among(same)
    total, old = _hours(after), _hours(before)
    index = total.index
    panel, old_panel = _hours(after[in_both]), _hours(before[old_both])
    out = pd.DataFrame(
        {
            "heures": total["heures"],
            "heures_precedentes": old["heures"].reindex(index),
            "structures": _structures(declared.entries, index),
            "structures_precedentes": _structures(declared_before.entries, index),
            "structures_panel": _structures(same, index).fillna(0),
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
    changed = [(was.territory_name, now.territory_name), (was.base_legale, now.base_legale)]
    rupture = " ; ".join(f"{old_name} puis {new_name}" for old_name, new_name in changed if old_name != new_name)
    return (
        out.join(measures)
        .rename_axis("territoire")
        .reset_index()
        .assign(edition=now.annee, edition_precedente=was.annee, rupture=rupture, _sensible=False)
    )


def _hours(rows: pd.DataFrame) -> pd.DataFrame:
    """Hours by territory, with the measures of what came as rows."""
    sent = rows["personne"].eq(NOBODY)
    found = cells(rows[~sent], ["territoire"]).set_index("territoire")
    totals_hours = rows[sent].groupby("territoire")["centiheures"].sum() / 100
    found = found.reindex(found.index.union(totals_hours.index))
    return found.assign(heures=found["heures"].add(totals_hours, fill_value=0).round(2))


def _structures(entries: pd.DataFrame, index: pd.Index) -> pd.Series:
    """How many structures `entries` name in each territory of `index`."""
    return entries.groupby("territoire")["structure_id"].nunique().reindex(index).astype("Int64")
