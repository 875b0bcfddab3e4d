"""Secondary suppression: which other cells to hide so that no sum gives a hidden one away, at the least cost.

All the cells that sums tie together are one problem, whatever tables they are printed in, given to the tau-Argus
engine (`pytauargus`) in its own form for linked tables: cells with their status and protection, and equations (the
« JJ format », tau-Argus user's manual, appendix). Its optimal method hides the least value.
"""

from __future__ import annotations

import tempfile
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from pytauargus import HiTaSCtrl
from scipy.sparse import coo_array

from analysis.core.errors import DataError
from analysis.disclosure.attack import Sought, intervals
from analysis.disclosure.blocks import blocks
from analysis.disclosure.links import Links, following, own, tighter
from analysis.disclosure.statements import named

MINUTES = 10  # at most, for one set of linked cells; what is found by then would be optimal or an error
UNSAFE, SAFE = "u", "s"  # statuses of the engine: to be hidden, may be
DONE = 0


def suppressed(links: Links, protection: pd.Series, shown: set[str]) -> set[str]:
    """The cells to hide beside those of `protection` (by cell, how far from its value a reader must be left; 0 for
    one that is hidden anyway and asks for nothing).

    `shown` are cells that are printed, or known to the reader, whatever happens.
    Raises DataError when the engine finds no way to protect a cell.
    """
    values = links.cells["valeur"].dropna()
    # What cannot be hidden is a constant of the sums, and no cell of the problem.
    nothing = set(values.index[values.eq(0)]) - set(protection.index)
    values = values[~values.index.isin(following(links, shown | nothing))]
    # What no number of today is about, as a total of an earlier release, cannot be shown.
    status = pd.Series(SAFE, index=values.index).mask(~values.index.isin(named(links.statements)), UNSAFE)
    status[protection.index.intersection(values.index)] = UNSAFE
    found: set[str] = set()
    for cells in _linked(values.index, links.terms):
        # The engine is not asked where nothing is left to hide: it takes that for a failure.
        if status[cells].eq(SAFE).any() and protection.index[protection > 0].isin(cells).any():
            asked = protection.reindex(cells, fill_value=0.0)
            try:
                found |= _beside(links, values[cells], status[cells], asked)
            except DataError:
                left = as_left(links, set(links.cells.index.difference(cells)), asked.index[asked.gt(0)])
                found |= _beside(left, values[cells], status[cells], asked)
    return found


def as_left(links: Links, fixed: set[str], cells: pd.Index) -> Links:
    """`links` whose `cells` lie where those of `fixed` leave them: hiding any other protects no further.

    What earlier releases told, or open rows, may leave a cell narrower than its rule asks, and the engine, asked for
    what nothing gives, gives less than it can. By a hundredth less than they leave, since it counts in its own way.
    """
    values = links.cells["valeur"]
    told = links.cells.assign(valeur=values.where(values.index.isin(list(fixed))))
    ends = intervals(replace(links, statements=links.statements.iloc[:0], cells=told), Sought(cells))
    value = values[ends.index]
    low, high = (value + 0.99 * (ends[side] - value) for side in ("bas", "haut"))
    return replace(links, cells=tighter(links.cells, low.clip(upper=value), high.clip(lower=value)))


def _beside(links: Links, values: pd.Series, status: pd.Series, protection: pd.Series) -> set[str]:
    """The cells to hide beside those of one set of linked cells. Where the engine finds none, zeros ask for nothing: in
    a table of few persons, that nobody is in a cell may follow from all that the others are. The engine has no name
    for that case apart; the attack counts, and says, the zeros that may be found then."""
    zeros = values.eq(0) & protection.gt(0)
    try:
        return _solved(links, values, status, protection)
    except DataError:
        if not zeros.any():
            raise
    return _solved(links, values, status, protection.mask(zeros, 0.0))


def suppressed_inside(links: Links, protection: pd.Series, hidden: set[str], shown: set[str]) -> set[str]:
    """The cells to hide beside `hidden`, so that whoever knows any one hidden cell finds none of `protection`.

    Two persons whose sum is told know each other: only a third hides the one from the other.
    """
    values = links.cells["valeur"].dropna()
    found: set[str] = set()
    for cells in _linked(values.index[~values.index.isin(shown) & values.ne(0)], links.terms):
        asked = protection[protection.index.isin(cells)]
        if len(asked):
            sums = links.terms.loc[links.terms["cellule"].isin(cells), "somme"]
            terms = links.terms[links.terms["somme"].isin(sums)]
            part = replace(links, cells=links.cells.loc[cells.union(terms["cellule"].unique())], terms=terms)
            found |= _suppressed_inside(part, asked, hidden & set(cells), shown)
    return found


def _suppressed_inside(links: Links, protection: pd.Series, hidden: set[str], shown: set[str]) -> set[str]:
    found, before = set(hidden), None
    while found != before:
        before = set(found)
        for cell in own(links.cells, before):
            asked = protection.drop(cell, errors="ignore")
            rest = pd.Series(0.0, index=sorted(found - {cell, *asked.index}), dtype="float64")
            found |= suppressed(links, pd.concat([asked, rest]), shown | {cell})
    return found - hidden


def _linked(names: pd.Index, terms: pd.DataFrame) -> list[pd.Index]:
    """The sets of cells that sums tie together."""
    terms = terms[terms["cellule"].isin(names)]
    sums, numbers = pd.factorize(terms["somme"])
    places = names.get_indexer(terms["cellule"])
    matrix = coo_array((np.ones(len(terms)), (sums, places)), shape=(len(numbers), len(names)))
    return [names[columns] for _, columns in blocks(matrix)]


def _solved(links: Links, values: pd.Series, status: pd.Series, protection: pd.Series) -> set[str]:
    with tempfile.TemporaryDirectory(prefix="secret-") as scratch:
        problem, answer = Path(scratch) / "linked.jj", Path(scratch) / "hidden.txt"
        problem.write_text(_problem(links, values, status, protection), encoding="ascii", newline="\n")
        engine = HiTaSCtrl()
        with chdir(scratch):  # where the engine leaves its own notes
            code = engine.full_jj(in_file_jj=str(problem), out_file=str(answer), max_time=MINUTES)
        if code != DONE:
            raise DataError(
                f"secret statistique : rien ne protège les cases liées à « {values.index[0]} » (moteur : "
                f"{engine.error_string(code).strip() or code}) ; attendu : une table moins fine, ou plus de structures."
            )
        hidden = [int(number) for number in answer.read_text(encoding="ascii").split()]
    return {str(values.index[number]) for number in hidden if number < len(values)}


def _problem(links: Links, values: pd.Series, status: pd.Series, protection: pd.Series) -> str:
    """The cells and their sums in the engine's form; what a sum lacks or has too much is a cell of its own."""
    terms = links.terms[links.terms["cellule"].isin(values.index)]
    terms = terms.assign(place=values.index.get_indexer(terms["cellule"]))
    sums = links.sums.loc[terms["somme"].unique()]
    sums = sums[sums["sens"].ne(0)]
    gaps, signs = sums["ecart"], sums["sens"]
    rest = pd.DataFrame({"somme": gaps.index, "place": len(values) + np.arange(len(gaps)), "signe": signs})
    terms = pd.concat([terms[["somme", "place", "signe"]], rest]).astype({"signe": "int64"})
    value = np.concatenate([values, gaps.abs()])
    state = np.concatenate([status, np.full(len(gaps), UNSAFE)])
    margin = np.concatenate([protection, np.zeros(len(gaps))])
    bounds = links.cells.loc[values.index, ["bas", "haut"]]
    least = np.concatenate([bounds["bas"], np.zeros(len(gaps))])
    most = np.minimum(np.concatenate([bounds["haut"], np.full(len(gaps), np.inf)]), float(4 * value.max() + 10))
    lines = ["0", str(len(value))]
    columns = (value.tolist(), state, margin.tolist(), least.tolist(), most.tolist())
    for n, (v, s, p, low, high) in enumerate(zip(*columns, strict=True)):
        # Nobody can be left believing what is beyond a bound.
        lines.append(f"{n} {v!r} {1 + round(v)} {s} {low!r} {high!r} {min(p, v - low)!r} {min(p, high - v)!r} 0")
    groups = list(terms.groupby("somme"))
    lines.append(str(len(groups)))
    for _, rows in groups:
        places, signs = rows["place"].to_numpy(), rows["signe"].to_numpy()
        tail = " ".join(f"{place} ({sign})" for place, sign in zip(places, signs, strict=True))
        lines.append(f"{float(signs @ value[places])!r} {len(rows)} : {tail}")
    return "\n".join(lines) + "\n"
