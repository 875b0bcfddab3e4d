"""Why women's share of hours changes: what is bought, or who is hired (Kitagawa, 1955)."""

from __future__ import annotations

import pandas as pd


def women_effects(gaps: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """`gaps` with the two parts that add up to each `ecart`, in shares:

        effet_structure   sum over categories of (change of its share of hours) x (mean women's share)
        effet_embauche    sum over categories of (change of women's share in it) x (mean share of hours)

    `told` is the table of `women`, or what is shown of it: categories that either year hides count as one, so that
    what is shown of `gaps` and of `told` is enough to find the effects again.
    """
    rows = told.set_index("modalite")
    known = {key: part[["heures", "heures_femmes"]] for key, part in rows.groupby(["axe", "edition"])}
    effects = [
        _effects(gap, known[gap["axe"], gap["edition_depart"]], known[gap["axe"], gap["edition"]])
        for _, gap in gaps.iterrows()
    ]
    table = pd.DataFrame(effects, gaps.index, ["effet_structure", "effet_embauche"], dtype="float64")
    return gaps.assign(**table.where(gaps[["part_depart", "part"]].notna().all(axis=1), axis=0))


def _effects(gap: pd.Series, was: pd.DataFrame, now: pd.DataFrame) -> tuple[float, float]:
    names = was.index.union(now.index)
    old, new = (side.reindex(names, fill_value=0.0) for side in (was, now))
    shown = old.notna().all(axis=1) & new.notna().all(axis=1)
    weights, shares = [], []
    for side, hours, part in ((old, gap["heures_depart"], gap["part_depart"]), (new, gap["heures"], gap["part"])):
        rest = (pd.Series({"heures": hours, "heures_femmes": hours * part}) - side[shown].sum()).round(2)
        parts = pd.concat([side[shown], rest.rename("").to_frame().T])
        weights.append(parts["heures"] / hours)
        shares.append(parts["heures_femmes"] / parts["heures"].where(parts["heures"] > 0))
    shares = [shares[0].fillna(shares[1]), shares[1].fillna(shares[0])]  # absent one year: no hiring to compare
    mix = (weights[1] - weights[0]) * (shares[0] + shares[1]) / 2
    hiring = (shares[1] - shares[0]) * (weights[0] + weights[1]) / 2
    return mix.sum(), hiring.sum()
