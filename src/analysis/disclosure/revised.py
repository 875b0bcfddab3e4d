"""Totals whose parts changed since a release told them: its number is of the sum as it was then, not of today's.

A structure is added, or told with another time: the « ≈ 2 » that a release told of their department was of the others
alone, and whoever compares knows that. Such a total is a cell of its own, of what the release counted in it; parts that
it hid, and that nothing shows to have changed, are taken to be what they are today.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.core.dataset import Dataset
from analysis.disclosure.links import ROUNDING, Links, extended, given, looked_up, sums_of, terms_of
from analysis.disclosure.statements import named


def as_they_were(
    known: Links, earlier: Mapping[str, pd.DataFrame], dataset: Dataset
) -> tuple[Links, dict[str, pd.DataFrame]]:
    """`known` with the totals of `earlier` (numbers by release) that have changed since, and `earlier` where these and
    their changed parts have names of their own."""
    links, said = known, dict(earlier)
    for release, numbers in earlier.items():
        terms, values = _sums(known, numbers, dataset)
        names = {name: f"{name} (diffusion « {release} »)" for name in values.index}
        said[release] = numbers.assign(**{side: numbers[side].replace(names) for side in ("cellule", "base")})
        terms, values = terms.assign(cellule=terms["cellule"].replace(names)), values.rename(names)
        if len(terms):
            links = extended(links, values[values.index.isin(terms["cellule"])], terms)
    return links, said


def _sums(known: Links, said: pd.DataFrame, dataset: Dataset) -> tuple[pd.DataFrame, pd.Series]:
    """The sums of a release (as `terms_of`) that hold a changed cell and a hidden one, and the value that each changed
    cell had then, missing where nothing says it.

    A sum that does not hold with what its hidden parts are today is left out: these have changed too.
    """
    told, today, names = given(said), known.cells["valeur"].dropna(), pd.Index(named(said), dtype="str")
    terms = terms_of(names.union(today.index), dataset)
    terms = terms[terms["somme"].isin(_exact(terms, today))]
    ends = terms[terms["cellule"].isin(names)].groupby("somme")["signe"].agg(["min", "max"])
    terms = terms[terms["somme"].isin(ends.index[ends["min"].eq(-1) & ends["max"].eq(1)])]
    changed = _changed(terms, told, today, names)
    then = terms[terms["cellule"].isin(names)]
    same = today[today.index.isin(names.difference([*told.index, *changed]))]
    values = _added(then, pd.concat([told, same]))
    value, cells = looked_up(then["cellule"], values), then["cellule"]
    by_sum = pd.DataFrame(
        {
            "rest": then["signe"] * value,
            "known": value.notna(),
            "new": cells.isin(changed),
            "told": cells.isin(told.index),
        }
    ).groupby(then["somme"])
    holds = by_sum["known"].all() & by_sum["rest"].sum().abs().le(ROUNDING * by_sum.size())
    kept = holds.index[holds & by_sum["new"].any() & ~by_sum["told"].all()]
    return then[then["somme"].isin(kept)], values.reindex(sorted(changed & set(names)))


def _exact(terms: pd.DataFrame, today: pd.Series) -> pd.Index:
    """The sums that are exact between today's cells: of others, what a release did not count says nothing."""
    terms = terms[terms["cellule"].isin(today.index)]
    sums = sums_of(terms, today)
    return sums.index[sums["sens"].eq(0) & terms["signe"].eq(-1).groupby(terms["somme"]).any()]


def _changed(terms: pd.DataFrame, told: pd.Series, today: pd.Series, names: pd.Index) -> set[str]:
    """The cells of `terms` that are shown to have changed: told with another value, new, gone, or a total of such."""
    cells = pd.Index(terms["cellule"].unique())
    was, now = told.reindex(cells), today.reindex(cells)
    same = np.isclose(was, now, rtol=1e-9, atol=0)
    other = (was.notna() & ~same) | (now.ne(0) & ~cells.isin(names)) | now.isna()
    changed: set[str] = set(cells[other])
    steady, heads = set(cells[same]), terms[terms["signe"].eq(-1)].set_index("somme")["cellule"]
    while True:
        moved = terms.loc[terms["signe"].eq(1) & terms["cellule"].isin(changed), "somme"].unique()
        more = set(heads[moved]) - steady - changed
        if not more:
            return changed
        changed |= more


def _added(terms: pd.DataFrame, values: pd.Series) -> pd.Series:
    """`values` with those of the totals that have none and whose parts have, in turn."""
    heads = terms[terms["signe"].eq(-1)].set_index("somme")["cellule"]
    parts = terms[terms["signe"].eq(1)]
    while True:
        value = looked_up(parts["cellule"], values).groupby(parts["somme"])
        full = value.sum()[value.count().eq(value.size())]
        found = full.set_axis(heads[full.index])
        found = found[~found.index.isin(values.index) & ~found.index.duplicated()]
        if found.empty:
            return values
        values = pd.concat([values, found.round(4)])
