"""Cells of earlier releases that are no more: readers keep their numbers, and may find with them what was hidden.

A table is dropped, a row is listed no more, an intercommunalité is taken over by another: what is told today of the
whole, less what releases told of its parts, may be the one part that they hid. Nobody computes it any more: it is taken
to be what today's whole truth leaves for it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.errors import DataError
from analysis.core.texts import some
from analysis.disclosure.links import ROUNDING, Links, extended, given, looked_up, terms_of
from analysis.disclosure.statements import named

PLACE = r"(?<=/)(\d{9})(?=/|$)"  # an intercommunalité in the name of a cell
BEFORE = " avant fusion"  # after its code, where the cell is of a release older than the merger
NAMED = 8  # places, in the error


def heirs(earlier: Mapping[str, pd.DataFrame]) -> pd.Series:
    """By former intercommunalité of `earlier` (numbers by release), the one that took it over
    (`territoire/epci_anciens.csv`).

    Raises DataError when one of those that releases tell of is neither of today nor there.
    """
    known = reference.table("territoire/epci_anciens").set_index("ancien_siren")["epci_siren"]
    names = pd.Series(sorted({name for said in earlier.values() for name in named(said)}), dtype="str")
    places = set(names.str.extract(PLACE)[0].dropna())
    if lost := sorted(places - set(reference.epci()["epci_siren"]) - set(known.index)):
        raise DataError(
            "data/raw/reference/territoire/epci_anciens.csv : intercommunalités de diffusions passées qui ne sont plus "
            f"dans epci.csv : {some(lost, NAMED)} ; attendu : une ligne pour chacune (ancien_siren, epci_siren), avec "
            "celle qui l'a reprise, rien si elle a été partagée."
        )
    return known.dropna()


def before_mergers(said: pd.DataFrame, today: pd.Index, heirs: pd.Series) -> pd.DataFrame:
    """`said`, the numbers of one release, whose cells of places that are one since have names of their own: those of
    the place that took others over are not today's of that name."""
    names = pd.Series(named(said), dtype="str")
    now = names.str.replace(PLACE, lambda found: heirs.get(found[1], found[1]), regex=True)
    merged = now.isin(now[now.ne(names) & ~names.isin(today)])
    old = names[merged].str.replace(PLACE, rf"\1{BEFORE}", regex=True)
    called = dict(zip(names[merged], old, strict=True))
    return said.assign(**{side: said[side].replace(called) for side in ("cellule", "base")}) if called else said


def with_gone(
    known: Links, earlier: Mapping[str, pd.DataFrame], heirs: pd.Series, dataset: Dataset
) -> tuple[Links, pd.Index]:
    """`known` with the cells of `earlier` releases that are no more, and those of them that they hid and that a sum of
    `known` with what they told would give: these must not be found."""
    names = pd.Index(sorted({name for said in earlier.values() for name in named(said)}), dtype="str")
    gone = names.difference(known.cells.index)
    if gone.empty:
        return known, gone
    told = pd.concat([given(said) for said in [*earlier.values()][::-1]])
    told = told[~told.index.duplicated() & told.index.isin(gone)]
    terms = _terms(known, gone, heirs, dataset)
    found = left(terms, pd.concat([known.cells["valeur"].dropna(), told]))
    values = pd.concat([told, found]).reindex(gone)
    about = terms["cellule"].isin(found.index).groupby(terms["somme"]).any()
    value = looked_up(terms["cellule"], pd.concat([known.cells["valeur"], values]))
    full = value.notna().groupby(terms["somme"]).all()
    return extended(known, values, terms[terms["somme"].map(about & full)]), found.index


def _terms(known: Links, gone: pd.Index, heirs: pd.Series, dataset: Dataset) -> pd.DataFrame:
    """The sums that tie cells that are no more to today's."""
    terms = terms_of(known.cells.index[known.cells["valeur"].notna()].append(gone), dataset)
    terms = terms[terms["sens"].eq(0)]  # what only bounds a cell leaves nothing for another
    old = pd.Series(gone[gone.str.contains(BEFORE, regex=False)], dtype="str")
    place = rf"(\d{{9}}){BEFORE}"
    heads = old.str.replace(place, lambda found: heirs.get(found[1], found[1]), regex=True)
    number = terms["somme"].max() + 1 if len(terms) else 0
    number += heads.groupby(heads).ngroup()
    parts = pd.DataFrame({"somme": number, "cellule": old, "signe": 1})
    total = pd.DataFrame({"somme": number, "cellule": heads, "signe": -1}).drop_duplicates()
    terms = pd.concat([terms, parts, total], ignore_index=True).fillna({"sens": 0})
    terms = terms.astype({"somme": "int64", "signe": "int64", "sens": "int64"})
    here = terms["cellule"].isin(known.cells.index).groupby(terms["somme"]).any()
    return terms[terms["somme"].map(here)]


def left(terms: pd.DataFrame, values: pd.Series) -> pd.Series:
    """What sums leave for the only part that has none of `values`, where they leave something, in turn."""
    found = values.iloc[:0]
    while True:
        value = looked_up(terms["cellule"], pd.concat([values, found]))
        open_ = terms[value.isna()]
        alone = open_[~open_["somme"].duplicated(keep=False) & open_["signe"].eq(1)].set_index("somme")["cellule"]
        sums = (-terms["signe"] * value.fillna(0.0)).groupby(terms["somme"])
        rest = sums.sum()[alone.index]
        some_ = rest[rest > ROUNDING * sums.size()[alone.index]].round(4)
        more = some_.set_axis(alone[some_.index])
        if more.empty:
            return found
        found = pd.concat([found, more[~more.index.duplicated()]])
