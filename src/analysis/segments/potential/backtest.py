"""How well hours are foreseen: operations of the last years, held out, beside two rules of the field.

What is known is cut at a day: operations that had ended by then teach, those started since are foreseen from the
amounts of their linked contracts, as the potential sizes those. Many still run: what is compared is the hours realised
to date with the hours foreseen times the part of the operation's life that is over (hours taken as even over it), for
all methods alike. The model's interval adds that hours are not even: the part done is a beta around the part over
(`avancement` of `potentiel/constantes`).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from analysis.consolidation.cells import cells, measured
from analysis.core import reference
from analysis.core.params import PotentialParams
from analysis.core.shares import observed
from analysis.segments.intervals import LEVEL
from analysis.segments.links.followed import Linked, closed, ratios
from analysis.segments.potential.sizing import FORESEEN, learnt, of_contracts, segment_draws, stream
from analysis.segments.potential.supply import suppliers
from analysis.segments.potential.textbook import textbook

OURS, MANUAL, COUNTED = "modele", "manuel", "fournisseurs"


def known_operations(
    operations: pd.DataFrame, contracts: pd.DataFrame, *, ended: dt.date | None = None
) -> pd.DataFrame:
    """Linked operations whose hours and amounts are whole: operation, segment, montant, heures; those that ended by
    the day `ended`, or all the closed ones.

    The segment is that of the largest contract, not the operation's own: what is learnt serves contracts that nobody
    follows, whose segment is as uncertain.
    """
    linked = contracts.dropna(subset=["operation"]).sort_values(["operation", "montant", "uid"])
    amount = linked.groupby("operation").agg(
        montant=("montant", "sum"), known=("montant", "count"), lots=("uid", "size"), segment=("segment", "last")
    )
    amount = amount.loc[amount["known"] == amount["lots"], ["montant", "segment"]]
    rows = closed(operations)
    if ended is not None:
        rows = rows[rows["fin"] < pd.Timestamp(ended)]
    rows = rows.drop(columns="segment").merge(amount, on="operation")
    return rows.sort_values("operation", ignore_index=True)


def realised(linked: Linked, contracts: pd.DataFrame) -> pd.DataFrame:
    """What each closed operation of `ratios` did: operation, segment, fin, heures, prevues, what disclosure control
    asks of it; of those that `known_operations` keeps, montant, segment_marche (of the largest contract) and marches.
    `contracts`: those of `linked` as `amounts.by_need` gives them.
    """
    whole = ratios(linked.operations, linked.contracts)[["operation", "segment", "heures"]]
    known = known_operations(linked.operations, contracts)
    known = known.assign(marches=known["operation"].map(linked.contracts["operation"].value_counts()))
    known = known[["operation", "montant", "segment", "marches"]].rename(columns={"segment": "segment_marche"})
    rows = linked.facts.contracts[linked.facts.contracts["operation"].isin(whole["operation"])]
    found = measured(cells(rows, ["operation"]))
    measures = found[["operation", *(name for name in found if name.startswith("_"))]].assign(_sensible=False)
    whole = whole.merge(linked.operations[["operation", "fin", "prevues"]], on="operation")
    return whole.merge(known, on="operation", how="left").merge(measures, on="operation", how="left")


def foreseen(
    operations: pd.DataFrame, contracts: pd.DataFrame, *, today: dt.date, settings: PotentialParams
) -> pd.DataFrame:
    """Operations started since the cut: operation, segment, montant, marches, heures (to date), part_ecoulee, and the
    hours to date as foreseen: modele, modele_bas, modele_haut (middle `LEVEL`), manuel, fournisseurs.

    `contracts` as `amounts.by_need` gives them. Their hours are those that the potential gives contracts without
    operation (`sizing.of_contracts`), added up; `segment` is the operation's own.
    """
    cut = dt.date(today.year + 1 - settings.holdout_years, 1, 1)
    known = learnt(known_operations(operations, contracts, ended=cut), settings.prior_operations)
    linked = contracts.dropna(subset=["operation"]).sort_values(["operation", "montant", "uid"])
    held = operations[operations["est_complete"] & (operations["debut"] >= pd.Timestamp(cut))]
    # Without a day of end, nobody knows how much of it is over.
    held = held[(held["debut"] < pd.Timestamp(today)) & held["fin"].notna()]
    deals = linked[linked["operation"].isin(held["operation"])]
    if deals.empty:
        numbers = ["montant", "marches", "heures", "part_ecoulee", OURS, f"{OURS}_bas", f"{OURS}_haut", MANUAL, COUNTED]
        empty = {name: pd.Series(dtype="float64") for name in numbers}
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("operation", "segment")} | empty)
    usual = known.segments["montant"].astype("float64")
    # The rules need an amount: the contract's part of its need's, else the usual one.
    filled = deals["part"] * deals["montant_besoin"]
    filled = filled.fillna(deals["segment"].map(usual)).fillna(usual.median())
    whole = (
        deals.assign(rempli=filled)
        .groupby("operation")
        .agg(lots=("uid", "size"), rempli=("rempli", "sum"), vu=("segment", "last"))
    )
    rows = held.merge(whole, left_on="operation", right_index=True).sort_values("operation", ignore_index=True)
    life = (rows["fin"] - rows["debut"]).dt.days.clip(lower=1)
    over = ((pd.Timestamp(today) - rows["debut"]).dt.days / life).clip(upper=1.0)
    names = sorted({*rows["vu"], *deals["segment_besoin"]})
    drawn = segment_draws(names, known, draws=settings.draws, seed=settings.seed, weight=settings.prior_operations)
    rng = stream(settings.seed, FORESEEN)
    even, steady = over.to_numpy().clip(1e-3, 1 - 1e-3), reference.constants("potentiel")["avancement"]
    # In order of operation, as `rows` are.
    starts = np.flatnonzero(~deals["operation"].duplicated().to_numpy())
    made = np.add.reduceat(of_contracts(deals, drawn, rng), starts, axis=1)
    done = rng.beta(steady * even, steady * (1 - even), made.shape)
    middle = np.median(made, axis=0) * over.to_numpy()
    low, high = np.quantile(made * done, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return pd.DataFrame(
        {
            "operation": rows["operation"],
            "segment": rows["segment"],
            "montant": rows["rempli"],
            "marches": rows["lots"],
            "heures": rows["heures"],
            "part_ecoulee": over,
            OURS: middle,
            f"{OURS}_bas": low,
            f"{OURS}_haut": high,
            MANUAL: textbook(rows["rempli"]) * over,
            COUNTED: textbook(rows["rempli"], rows["vu"].map(_rates(names))) * over,
        }
    )


def _rates(segments: list[str]) -> dict[str, float]:
    """The insertion rate that the number of suppliers of each segment, in the whole region, sets."""
    rule = reference.table("potentiel/regle_fournisseurs").sort_values("plus_de", ascending=False)
    counted = suppliers().groupby("segment").size()
    return {
        name: float(rule.loc[rule["plus_de"] < counted.get(name, 0), "taux"].max())
        if (rule["plus_de"] < counted.get(name, 0)).any()
        else 0.0
        for name in segments
    }


def scores(found: pd.DataFrame) -> pd.DataFrame:
    """methode, operations, heures (seen, all together), couverture (of the interval of `LEVEL`; the model's only; with
    its Wilson interval at 95 %, couverture_bas and couverture_haut), biais (sum foreseen / sum seen - 1),
    erreur_absolue (mean, hours), erreur_mediane, spearman (of segments by hours)."""
    rows = []
    seen = found.groupby("segment")["heures"].sum()
    for method in (OURS, MANUAL, COUNTED):
        error = (found[method] - found["heures"]).abs()
        ranked = spearmanr(found.groupby("segment")[method].sum(), seen).statistic if len(seen) > 2 else np.nan
        row = {
            "methode": method,
            "operations": len(found),
            "heures": found["heures"].sum(),
            "biais": found[method].sum() / found["heures"].sum() - 1 if found["heures"].sum() else np.nan,
            "erreur_absolue": error.mean(),
            "erreur_mediane": error.median(),
            "spearman": float(ranked),
        }
        if method == OURS:
            inside = found["heures"].between(found[f"{OURS}_bas"], found[f"{OURS}_haut"])
            row |= observed("couverture", inside)
        rows.append(row)
    names = [
        "methode",
        "operations",
        "heures",
        "couverture",
        "couverture_bas",
        "couverture_haut",
        "biais",
        "erreur_absolue",
        "erreur_mediane",
        "spearman",
    ]
    return pd.DataFrame(rows, columns=names)
