"""What must not be told: the rows that a rule hides, and those that must be hidden with them, or a sum would tell.

Rules hide cells (`primary`), others are hidden so that no sum gives those away (`secondary`); a row is hidden whole,
and with it every other row where something of it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.disclosure.links import Links, following, looked_up, quantities
from analysis.disclosure.policy import kinds
from analysis.disclosure.primary import OPEN, SECONDARY, UNCHECKED, broken, rules
from analysis.disclosure.secondary import as_left, suppressed, suppressed_inside
from analysis.disclosure.statements import Tables, at_home

ROW = ["table", "ligne"]  # what tells one row of all tables from another


@dataclass(frozen=True)
class Secret:
    """What is decided: the rule that hides each row, and the cells that must stay unknown.

    rows: table, ligne, regle of the hidden rows; protection: by cell, how far from its value a reader must be left;
    personal: those that must not be told to anybody who knows another hidden cell, his own; before: hidden cells that
    an earlier release printed with the same value, which nothing can protect any more; free: cells beside a hidden one
    that no rule hides and that open rows or earlier releases print, or give by a sum; fixed: all cells that these do.
    """

    rows: pd.DataFrame
    protection: pd.Series
    personal: frozenset[str]
    before: frozenset[str]
    free: frozenset[str]
    fixed: frozenset[str]

    def without(self, rows: pd.DataFrame) -> Secret:
        """The same where `rows` (table, ligne) are told after all, in some way that leaves the cells unknown."""
        told = pd.MultiIndex.from_frame(self.rows[ROW]).isin(pd.MultiIndex.from_frame(rows[ROW]))
        return replace(self, rows=self.rows[~told])


def decide(results: Tables, known: Links, old: frozenset[str], past: pd.Index) -> Secret:
    """Which rows to hide, by rule or to protect another, and which cells those rules are about.

    `known` are the links of `results`, `old` the cells that readers already know, `past` those that earlier releases
    hid and that no row is about any more: nobody knows today which rule theirs was.
    Raises DataError when there is no way to protect a cell.
    """
    rows = pd.concat([_by_rule(name, frame) for name, frame in results.items()], ignore_index=True)
    said = known.statements.merge(rows, how="left", on=ROW)
    printed = said["base"].eq("") & said["valeur"].notna()  # an open row without a number tells nothing
    told = following(known, set(old) | set(said.loc[said["regle"].eq(OPEN) & printed, "cellule"]))
    # A cell that is printed nowhere by itself is what its share is about.
    alone = ~said["cellule"].isin(said.loc[printed, "cellule"])
    about = said[at_home(said) | alone]
    hidden = about[about["regle"].notna() & about["regle"].ne(OPEN)].drop_duplicates("cellule")
    rule = pd.concat([hidden.set_index("cellule")["regle"], pd.Series(UNCHECKED, index=past)])
    protection = _protection(known, rule, _nobody(results, hidden))
    asked = protection[~protection.index.isin(old)]
    personal = frozenset(asked.index[rule[asked.index].map(rules()["inities"]).eq("oui")])
    left = as_left(known, told, asked.index) if old else known
    secret = set(protection.index) | _with_others(left, asked, personal, told)
    others = known.statements.loc[_touched(known, secret), ROW].drop_duplicates().assign(regle=SECONDARY)
    decided = pd.concat([rows, others], ignore_index=True).drop_duplicates(ROW)
    return Secret(
        rows=decided[decided["regle"] != OPEN].reset_index(drop=True),
        protection=asked,
        personal=personal,
        before=old & set(protection.index),
        free=frozenset((_beside(known, secret) & told) - set(protection.index)),
        fixed=frozenset(told),
    )


def _by_rule(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """table, ligne, regle of the rows that a rule hides, and of those that are open (rule OPEN)."""
    control = kinds(name, frame)
    rule = broken(frame, control).mask(control.eq(OPEN), OPEN).reset_index(drop=True)
    return pd.DataFrame({"table": name, "ligne": rule.index, "regle": rule}).query("regle != ''")


def _nobody(results: Tables, hidden: pd.DataFrame) -> pd.Index:
    """The cells of `hidden` (table, ligne, cellule) whose crossing is sensitive: of those, zero is a secret too."""
    found = [
        part["cellule"][results[name]["_sensible"].iloc[part["ligne"]].astype("bool").to_numpy()]
        for name, part in hidden.groupby("table")
        if "_sensible" in results[name]
    ]
    return pd.Index(pd.concat(found) if found else [], dtype="str")


def _protection(known: Links, rule: pd.Series, sensitive: pd.Index) -> pd.Series:
    """By cell, how far from its value a reader must be left: the rule's part of it, one at least where one counts, and
    of nothing, in a `sensitive` crossing, what `mesures.csv` says."""
    cells = known.cells.reindex(rule.index).dropna(subset="valeur")
    share = looked_up(rule[cells.index], rules()["protection"])
    least = cells["entier"].astype("float64")
    # A part of nothing is nothing: of nobody, a reader must be left thinking that it may be somebody.
    zero = reference.table("secret/mesures").set_index("mesure")["zero"]
    some = looked_up(pd.Series(quantities(cells.index), cells.index), zero)
    least = least.mask(cells["valeur"].eq(0) & cells.index.isin(sensitive), some)
    return np.maximum(share * cells["valeur"], least).sort_index()


def _with_others(known: Links, protection: pd.Series, personal: frozenset[str], fixed: set[str]) -> set[str]:
    """The cells of `protection`, `personal` among them, and those to hide beside them; `fixed` cannot be.

    A row is hidden whole: what is at home in it beside a hidden cell is hidden too, in every other row where it stands,
    and must not be found either. Otherwise one page would hide what another tells.
    """
    secret = set(protection.index) | suppressed(known, protection, fixed)
    secret |= suppressed_inside(known, protection[protection.index.isin(personal)], secret, fixed)
    while beside := _beside(known, secret) - secret - fixed:
        there = known.cells["valeur"].reindex(sorted(beside))
        asked = _protection(known, pd.Series(SECONDARY, index=there.index[there.ne(0)]), there.index[:0])
        anyway = pd.Series(0.0, index=sorted(secret))
        secret |= beside | suppressed(known, pd.concat([asked, anyway]), fixed)
    return secret


def _touched(known: Links, secret: set[str]) -> pd.Series:
    """Which numbers speak of a cell of `secret`."""
    return known.statements["cellule"].isin(secret) | known.statements["base"].isin(secret)


def _beside(known: Links, secret: set[str]) -> set[str]:
    """The cells at home in a row that is hidden because of `secret`."""
    rows = known.statements.loc[_touched(known, secret), ROW].drop_duplicates()
    said = known.statements[at_home(known.statements)].merge(rows, on=ROW)
    return set(said["cellule"])
