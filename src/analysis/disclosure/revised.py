"""Totals whose parts changed since a release told them: its number is of the sum as it was then, not of today's.

A structure is added, or told with another time: the « ≈ 2 » that a release told of their department was of the others
alone, and whoever compares knows that. Such a total is a cell of its own, of what the release counted in it; parts that
it hid, and that nothing shows to have changed, are taken to be what they are today.

Where the sum does not hold with these, one of them at least has changed too, and what it was may follow from what is
told today of the others. Nobody can say which: each in turn is taken to be the only one that changed, with the value
that the others leave for it, and that must not be found.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.core.dataset import Dataset
from analysis.disclosure.gone import left
from analysis.disclosure.links import ROUNDING, Links, extended, given, looked_up, sums_of, terms_of
from analysis.disclosure.statements import named

ALONE = " si elle seule a changé"  # after a cell that a release hid, taken to be the only one of its sum that changed


def as_they_were(
    known: Links, earlier: Mapping[str, pd.DataFrame], dataset: Dataset
) -> tuple[Links, dict[str, pd.DataFrame], pd.Index]:
    """`known` with the totals of `earlier` (numbers by release) that have changed since, `earlier` where these and
    their changed parts have names of their own, and the names of those that must not be found."""
    links, said, secret = known, dict(earlier), list[str]()
    for release, numbers in earlier.items():
        terms, values = _sums(known, numbers, dataset)
        names = {name: f"{name} (diffusion « {release} »)" for name in values.index}
        said[release] = numbers.assign(**{side: numbers[side].replace(names) for side in ("cellule", "base")})
        terms, values = terms.assign(cellule=terms["cellule"].replace(names)), values.rename(names)
        if len(terms):
            links = extended(links, values[values.index.isin(terms["cellule"])], terms)
        secret += [called for name, called in names.items() if name.endswith(ALONE)]
    return links, said, pd.Index(secret, dtype="str")


def _sums(known: Links, said: pd.DataFrame, dataset: Dataset) -> tuple[pd.DataFrame, pd.Series]:
    """The sums of a release (as `terms_of`) that hold a changed cell and a hidden one, and the value that each changed
    cell had then, missing where nothing says it.

    A sum that does not hold with what its hidden parts are today is there once for each of these (see `_doubts`).
    """
    told, today, names = given(said), known.cells["valeur"].dropna(), pd.Index(named(said), dtype="str")
    terms = terms_of(names.union(today.index), dataset)
    terms = terms[terms["somme"].isin(_exact(terms, today))]
    ends = terms[terms["cellule"].isin(names)].groupby("somme")["signe"].agg(["min", "max"])
    terms = terms[terms["somme"].isin(ends.index[ends["min"].eq(-1) & ends["max"].eq(1)])]
    plain = said[said["base"].eq("") & said["valeur"].notna()].drop_duplicates("cellule").set_index("cellule")
    rounded = plain[plain["demi"].gt(0)]
    moved = rounded.index[(today.reindex(rounded.index) - rounded["valeur"]).abs() > rounded["demi"]]
    changed = _changed(terms, told, today, names, moved)
    then = terms[terms["cellule"].isin(names)]
    same = today[today.index.isin(names.difference([*told.index, *changed]))]
    values = _added(then, pd.concat([told, same]))
    values = pd.concat([values, left(then, values)])
    value, cells = looked_up(then["cellule"], values), then["cellule"]
    by_sum = pd.DataFrame(
        {
            "rest": then["signe"] * value,
            "known": value.notna(),
            "new": cells.isin(changed),
            "told": cells.isin(told.index),
        }
    ).groupby(then["somme"])
    full, rest = by_sum["known"].all(), by_sum["rest"].sum()
    near = rest.abs().le(ROUNDING * by_sum.size())
    kept = rest.index[full & near & by_sum["new"].any() & ~by_sum["told"].all()]
    open_ = then["somme"].isin(rest.index[full & ~near])
    doubts, alone = _doubts(then[open_], rest, same.drop(plain.index, errors="ignore"))
    terms = pd.concat([then[then["somme"].isin(kept)], doubts], ignore_index=True)
    return terms, pd.concat([values.reindex(sorted(changed & set(names))), alone])


def _doubts(terms: pd.DataFrame, rest: pd.Series, hidden: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """The sums of `terms`, each once for each of its parts of `hidden` (their values of today), which is named as the
    only one that changed; and what the others leave for it, where that is something.

    `rest` is by how much the parts of each sum are more than its total.
    """
    parts = terms[terms["signe"].eq(1) & terms["cellule"].isin(hidden.index)]
    alone = (looked_up(parts["cellule"], hidden) - parts["somme"].map(rest)).round(4)
    rough = ROUNDING * parts["somme"].map(terms.groupby("somme").size())
    first = alone.where(alone > rough).groupby(parts["cellule"]).transform("first")
    # Where another sum leaves something else for it, others have changed there.
    parts = parts.assign(valeur=alone, seule=parts["cellule"] + ALONE)[(alone - first).abs() <= rough]
    both = terms.merge(parts[["somme", "seule"]], on="somme")
    itself = (both["cellule"] + ALONE).eq(both["seule"])
    number = both.groupby(["somme", "seule"]).ngroup() + (int(rest.index.max()) + 1 if len(rest) else 0)
    both = both.assign(cellule=both["cellule"].mask(itself, both["seule"]), somme=number)
    return both[terms.columns], parts.drop_duplicates("seule").set_index("seule")["valeur"]


def _exact(terms: pd.DataFrame, today: pd.Series) -> pd.Index:
    """The sums that are exact between today's cells: of others, what a release did not count says nothing."""
    terms = terms[terms["cellule"].isin(today.index)]
    sums = sums_of(terms, today)
    return sums.index[sums["sens"].eq(0) & terms["signe"].eq(-1).groupby(terms["somme"]).any()]


def _changed(terms: pd.DataFrame, told: pd.Series, today: pd.Series, names: pd.Index, moved: pd.Index) -> set[str]:
    """The cells of `terms` that are shown to have changed: told with another value, or rounded to what is not it
    (`moved`), new, gone, or a total of such."""
    cells = pd.Index(terms["cellule"].unique())
    was, now = told.reindex(cells), today.reindex(cells)
    same = np.isclose(was, now, rtol=1e-9, atol=0)
    other = (was.notna() & ~same) | (now.ne(0) & ~cells.isin(names)) | now.isna() | cells.isin(moved)
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
