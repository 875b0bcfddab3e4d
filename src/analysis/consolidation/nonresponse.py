"""The structures that did not answer: shown as missing, and what the total would be under stated assumptions.

    low       the silent structures did nothing
    central   each did what it last declared, times the growth of the matched panel since, but for the operations
              that another declares now; one that never declared did the median of those that answered
    high      the same with the largest of its declared years, and the third quartile

Nothing here enters a total: it is printed beside it, so that the difference, the hours that some structure declared in
another year or the median of all, is not told where it is of too few structures.
"""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.cells import NEEDED, cells, measured
from analysis.consolidation.facts import Facts
from analysis.consolidation.indicators import contracts_in_scope
from analysis.consolidation.totals import by_structure, guarded
from analysis.core import reference
from analysis.core.dataset import Dataset


def bracket(facts: Facts, expected: dict[int, set[str]], growth: pd.Series, dataset: Dataset) -> pd.DataFrame:
    """edition, heures, attendues, muettes, muettes_sans_historique, bas, central, haut, and measures.

    `expected` gives the structures in place by edition; `growth` the matched panel's growth of the region by edition
    (missing where there is none: taken as none). A structure whose hours are all outside the scope, or were all
    entered by another one too, is not silent. Measure `_part_max_muette` is the largest part that one structure has of
    what is supposed of them (see `of_enough`).
    """
    contracts, totals = contracts_in_scope(facts, dataset), facts.totals
    said = pd.concat([facts.contracts[["annee", "structure_id"]], facts.removed[["annee", "structure_id"]]])
    heard = {year: set(names) for year, names in said.groupby("annee")["structure_id"]}
    sent = [by_structure(totals, edition, local=False).assign(annee=edition.annee) for edition in dataset.editions]
    hours = pd.concat([contracts[["annee", "structure_id", "operation", "centiheures"]], *sent])
    declared = _by_year(hours)
    rows = []
    for edition in dataset.editions:
        year = edition.annee
        if year not in declared:
            continue
        known = declared[year].dropna()
        silent = sorted(expected.get(year, set()) - set(known.index) - heard.get(year, set()))
        before = declared.reindex(silent).loc[:, [y for y in declared.columns if y < year]]
        others = hours["operation"].isin(contracts.loc[contracts["annee"] == year, "operation"])
        left = _by_year(hours[hours["structure_id"].isin(silent) & ~others])
        before = left.reindex_like(before).fillna(0.0).where(before.notna())
        carried = pd.Series({s: _carried(before.loc[s].dropna(), year, growth) for s in silent}, dtype="float64")
        never = int(carried.isna().sum())
        largest = before.max(axis=1).clip(lower=carried)
        central, high = carried.fillna(known.median()), largest.fillna(known.quantile(0.75))
        rows.append(
            {
                "edition": year,
                "heures": known.sum(),
                "attendues": len(expected.get(year, set())),
                "muettes": len(silent),
                "muettes_sans_historique": never,
                "bas": known.sum(),
                "central": known.sum() + central.sum(),
                "haut": known.sum() + high.sum(),
                "_part_max_muette": max(_largest(central), _largest(high)),
            }
        )
    places = {edition.annee: edition.territoire for edition in dataset.editions}
    table = pd.DataFrame(rows).assign(territoire=lambda t: t["edition"].map(places))
    whole = cells(contracts.rename(columns={"annee": "edition"})[["edition", *NEEDED]], ["edition"])
    table = measured(table.merge(whole.drop(columns="heures"), on="edition", how="left")).assign(_sensible=False)
    return guarded(table, totals, ["edition"], alone=False)


def of_enough(table: pd.DataFrame) -> pd.DataFrame:
    """`table` (of `bracket`) without what would tell the hours of one structure: central and haut of few silent ones,
    or where one is most of what is supposed."""
    known = reference.constants("secret")
    few = table["muettes"].between(1, known["structures_muettes"], inclusive="left")
    telling = few | table["_part_max_muette"].gt(known["part_max_muette"])
    return table.assign(**{name: table[name].mask(telling) for name in ("central", "haut")})


def _largest(supposed: pd.Series) -> float:
    """The largest part of a sum; none of nothing."""
    return float(supposed.max() / supposed.sum()) if supposed.sum() > 0 else 0.0


def _by_year(hours: pd.DataFrame) -> pd.DataFrame:
    """Hours by structure, a column per year; missing where there are none."""
    return hours.groupby(["annee", "structure_id"])["centiheures"].sum().div(100).unstack("annee")


def _carried(history: pd.Series, year: int, growth: pd.Series) -> float | None:
    """The last declared hours, moved along by the growth of each year since."""
    if history.empty:
        return None
    last = int(history.index.max())
    since = growth.reindex(range(last + 1, year + 1)).fillna(0)
    return float(history[last] * (1 + since).prod())
