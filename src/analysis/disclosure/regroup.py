"""Coarser groupings for what hides too much: how many rows rules would still hide if categories were told together.

Groupings are rows of `data/raw/reference/secret/regroupements.csv`. What is known of a group is bounded from what is
known of its members (it has at least as many persons as its largest member, and its largest contributor at most all
of what the largest of each have), so that the share said is at most right.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.disclosure.policy import policy
from analysis.disclosure.primary import SECONDARY, broken
from analysis.disclosure.statements import Tables, kept

COLUMNS = ["livrable", "table", "filtre", "regroupement", "lignes", "part_cachee", "lignes_regroupees", "part_au_plus"]


def proposals(results: Tables, hidden: pd.DataFrame, limit: float) -> pd.DataFrame:
    """One row per grouping of rows of which more than `limit` are hidden, with what part of them it would hide.

    `hidden` gives table, ligne and regle of the rows that are. Groupings that would hide as much as rules do now
    are left out; how many rows rules alone hide is not said (see `summary`).
    """
    rows = []
    for rule in reference.table("secret/regroupements").fillna("").itertuples():
        frame = results.get(rule.table)
        if frame is None or frame.empty:
            continue
        part = kept(frame.reset_index(drop=True), rule.filtre)
        own = hidden[hidden["table"] == rule.table]
        gone = part.index.isin(own["ligne"])
        if not len(part) or gone.mean() <= limit:
            continue
        groups = _grouped(
            part,
            rule.dimension,
            _groups(part, rule.dimension, rule.nomenclature, rule.colonne),
            policy(rule.table)["key"],
            rule.effectif,
        )
        control = pd.Series(policy(rule.table)["controle"], index=groups.index)
        left = broken(groups, control).ne("").mean()
        if left >= own.loc[own["ligne"].isin(part.index), "regle"].ne(SECONDARY).sum() / len(part):
            continue
        livrable, table = rule.table.split(".")
        rows.append(
            {
                "livrable": livrable,
                "table": table,
                "filtre": rule.filtre,
                "regroupement": rule.libelle,
                "lignes": len(part),
                "part_cachee": gone.mean(),
                "lignes_regroupees": len(groups),
                "part_au_plus": left,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _groups(part: pd.DataFrame, dimension: str, codelist: str, column: str) -> pd.Series:
    """The group of each row: what `column` of the codelist says of its code, or of the table without codelist; of each
    edition or day without either, so many years as constants say."""
    codes = part[dimension]
    if not codelist and column:
        return part[column]
    if not codelist:
        together = int(reference.constants("secret")["editions_regroupees"])
        years = codes.dt.year if pd.api.types.is_datetime64_any_dtype(codes) else codes
        return years.max() - (years.max() - years) // together * together
    return codes.map(reference.table(f"nomenclatures/{codelist}").set_index("code")[column]).fillna(codes)


def _grouped(part: pd.DataFrame, dimension: str, groups: pd.Series, key: list[str], counts: str) -> pd.DataFrame:
    """The measures of each group of rows, as bounds.

    `counts` says how what is counted combines: `max` (distinct persons are at least the most of a member; who refuses
    for a member may refuse for the group), `somme` (structures, each in one member).
    """
    measures = [name for name in part if name.startswith("_") and name != "_sensible"]
    shares = [name for name in measures if "part_max" in name]
    weighted = part.assign(**{name: part[name] * part["heures"] for name in shares}, **{dimension: groups})
    found = weighted.groupby(key, observed=True)
    own = found[[name for name in measures if name not in shares]]
    out = own.sum() if counts == "somme" else own.max()
    if "_sensible" in part:
        out["_sensible"] = found["_sensible"].any()
    hours = found["heures"].sum().replace(0, np.nan) if shares else None
    return out.assign(**{name: found[name].sum() / hours for name in shares})
