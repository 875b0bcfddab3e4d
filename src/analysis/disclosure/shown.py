"""The tables as they are told: hidden rows emptied, what follows from them computed again, the rest coarse enough."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.decomposition import women_effects
from analysis.core import reference
from analysis.core.numbers import ROUNDED_SUFFIX, round_half_up
from analysis.disclosure.policy import kinds, policy
from analysis.disclosure.primary import OPEN
from analysis.disclosure.statements import Tables, kept

# What no cell says is computed again, from what is shown of this table and of the other.
AGAIN = {"consolidation.femmes_ecart": ("consolidation.femmes", women_effects)}


def reasons() -> pd.Series:
    """The reason that readers are told, by kind of cell, whatever rule hides it (`secret/motifs.csv`).

    Rules are tried in order, so that the one which hides a cell would bound what the others measure.
    """
    rows = reference.table("secret/motifs")
    return rows.assign(controle=rows["controles"].str.split("|")).explode("controle").set_index("controle")["motif"]


def shown(results: Tables, hidden: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """`results` without the values of the rows of `hidden` (table, ligne, regle), whose reason is in `secret`, nor the
    measures (columns in `_`)."""
    out = {name: _emptied(name, frame, hidden) for name, frame in results.items()}
    for name, (base, computed) in AGAIN.items():
        if all(table in results and len(results[table]) for table in (name, base)):
            out[name] = computed(out[name], out[base])
    out |= _uncounted(out)
    return {name: _coarsened(name, frame) for name, frame in out.items()}


def with_rounded(tables: Tables, rough: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """`tables` with the numbers of `rough` (table, ligne, colonne, valeur, arrondi) told rounded: their reason goes,
    and a companion column says to what."""
    return {name: _rounded(frame, rough[rough["table"] == name]) for name, frame in tables.items()}


def _emptied(name: str, frame: pd.DataFrame, hidden: pd.DataFrame) -> pd.DataFrame:
    if policy(name)["controle"] == OPEN or frame.empty:
        return frame
    rule = hidden[hidden["table"] == name].set_index("ligne")["regle"]
    rule = rule.reindex(range(len(frame))).fillna("").set_axis(frame.index)
    return emptied(frame, rule, kinds(name, frame), policy(name)["values"])


def _uncounted(out: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables whose column counts rows of another that have something (`comptes.csv`), emptied where one of these
    is hidden: less those that are shown, it says of how many hidden ones something is told."""
    found: dict[str, pd.DataFrame] = {}
    for rule in reference.table("secret/comptes").fillna("").itertuples():
        if not all(len(out.get(name, ())) for name in (rule.table, rule.comptee)):
            continue
        keys, counted, frame = rule.cles.split("|"), out[rule.comptee], found.get(rule.table, out[rule.table])
        gone = pd.MultiIndex.from_frame(kept(counted[counted["secret"] != ""], rule.filtre_comptee)[keys])
        rows = kept(frame, rule.filtre)[keys]
        empty = rows.index[pd.MultiIndex.from_frame(rows).isin(gone)]
        found[rule.table] = frame.assign(**{rule.colonne: frame[rule.colonne].mask(frame.index.isin(empty))})
    return found


def _coarsened(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the digits of what is no cell that `sans_cellule.csv` leaves: with all of them, a median is one
    observation and a sum of squares an equation."""
    known = reference.table("secret/sans_cellule").query("table == @name").dropna(subset="decimales")
    out = frame.copy()
    for rule in known.fillna({"filtre": ""}).itertuples() if len(frame) else ():
        rows, digits = kept(frame, rule.filtre).index, int(rule.decimales)
        for column in rule.colonnes.split("|"):
            out.loc[rows, column] = frame.loc[rows, column].map(
                lambda value, digits=digits: float(round_half_up(value, digits)), na_action="ignore"
            )
    return out


def _rounded(frame: pd.DataFrame, rough: pd.DataFrame) -> pd.DataFrame:
    if rough.empty:
        return frame
    out = frame.assign(**dict.fromkeys(rough["colonne"] + ROUNDED_SUFFIX, float("nan")))
    for row in rough.itertuples():
        told = ["secret", row.colonne, f"{row.colonne}{ROUNDED_SUFFIX}"]
        out.loc[out.index[row.ligne], told] = ["", row.valeur, row.arrondi]
    return out


def emptied(cells: pd.DataFrame, rule: pd.Series, control: pd.Series, values: list[str]) -> pd.DataFrame:
    """`cells` with the `values` of the rows that a rule hides emptied, the reason of their kind (`control`) in
    `secret`, measures dropped."""
    reason = control.map(reasons()).where(rule.ne(""), "").astype("str")
    out = cells.assign(secret=reason)
    out[values] = out[values].mask(reason.ne(""))
    return out[[name for name in out.columns if not name.startswith("_")]]
