"""Totals that would be hidden whole to protect a part of theirs are told rounded, where the attack allows it.

Which totals, in which order, and to what they may be rounded are rows of `data/raw/reference/secret/arrondis.csv`. The
engine of `secondary` knows cells that are printed and cells that are not; a reader of « about 26 posts » knows an
interval, which the linear programs of `attack` can hold: the finest unit with which they find nothing more is taken.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import round_half_up
from analysis.disclosure.attack import Sought, found, programs
from analysis.disclosure.gate import narrower
from analysis.disclosure.links import Links
from analysis.disclosure.primary import SECONDARY
from analysis.disclosure.statements import Tables, kept

COLUMNS = ["table", "ligne", "colonne", "valeur", "arrondi"]


def rounded(
    results: Tables,
    rows: pd.DataFrame,
    links: Links,
    *,
    sought: Sought,
    leaks: Callable[[pd.DataFrame], pd.Series],
    limit: float,
) -> pd.DataFrame:
    """table, ligne, colonne, valeur (rounded) and arrondi (to what) of the numbers that may be told so.

    `rows` are the hidden ones (table, ligne, regle) of `results`, `links` what would be published without them,
    `sought` what a reader looks for, and `leaks` says which intervals (bas and haut, by cell) are too narrow. Rounding
    moves no number by more than `limit` of what is told.
    """
    candidates = _candidates(results, rows, links)
    told = {}
    for block in programs(links):
        here = candidates[candidates["cellule"].isin(block.names)].drop_duplicates("cellule")
        if here.empty:
            continue
        program = block
        before = found(program, links, sought)
        known = leaks(before)  # by earlier releases
        for cell, value, units in here[["cellule", "exacte", "unites"]].to_numpy():
            for unit in map(float, units.split("|")):
                near = unit * float(round_half_up(value / unit, 0))
                closer = program.told(cell, near - unit / 2, near + unit / 2)
                after = found(closer, links, sought)
                more = leaks(after).mask(known, narrower(after, before))
                # Whether it is told at all is seen from what is told, which says no more then.
                if near >= unit / (2 * limit) and not more.any():
                    program, told[cell] = closer, (near, unit)
                    break
    out = candidates[candidates["cellule"].isin(list(told))]
    numbers = pd.DataFrame(out["cellule"].map(told).tolist(), columns=["valeur", "arrondi"], index=out.index)
    return out.join(numbers)[COLUMNS]


def _candidates(results: Tables, rows: pd.DataFrame, links: Links) -> pd.DataFrame:
    """The numbers that only other cells keep hidden, in the order in which they are tried: table, ligne, colonne,
    unites, cellule, exacte."""
    secondary = rows[rows["regle"] == SECONDARY]
    plain = links.statements[links.statements["base"] == ""]
    parts = []
    for rule in reference.table("secret/arrondis").fillna("").itertuples():
        frame = results.get(rule.table)
        if frame is None or frame.empty:
            continue
        values = kept(frame.reset_index(drop=True), rule.filtre)[rule.colonne].dropna().rename("exacte")
        own = secondary[secondary["table"] == rule.table].merge(values, left_on="ligne", right_index=True)
        parts.append(own.assign(colonne=rule.colonne, unites=rule.unites).merge(plain[["table", "ligne", "cellule"]]))
    columns = ["table", "ligne", "colonne", "unites", "cellule", "exacte"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
