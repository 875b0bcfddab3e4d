"""How well proposed commitments would have been kept: operations that have ended since a day, sized as on that day.

Those that had ended by then teach the law of hours (`segments.potential.single`); the commitment for the amounts of the
others' contracts is held against what was realised. The textbook's rule, rounded alike, is held against the same. A
commitment is feasible where at least `KEPT` of it was realised; only those that would be proposed are judged.
Operations are closed ones whose amounts are all known: what is still running is not among them, so that long contracts
are few. How good both are depends on the amount, hence the classes (`acheteur/classes_montant`).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from analysis.buyer import sizing
from analysis.buyer.commitment import proposed, steps
from analysis.core import reference
from analysis.core.params import PotentialParams
from analysis.core.shares import observed
from analysis.segments.potential.single import laws
from analysis.segments.potential.sizing import learnt, segment_draws
from analysis.segments.potential.textbook import textbook

KEPT = 0.9  # of a commitment
LEAST = 20  # operations of a class, below which its shares are chance
OURS, MANUAL = "modele", "manuel"
EVERY = "ENSEMBLE"  # the class of all amounts
SCORES = [
    "periode", "classe", "methode", "quantile", "operations", "couverture", "couverture_bas", "couverture_haut",
    "proposes", "faisables", "faisables_bas", "faisables_haut", "mediane", "part_engagee",
]  # fmt: skip


def foreseen(
    operations: pd.DataFrame, start: dt.date, end: dt.date, quantiles: list[float], settings: PotentialParams
) -> pd.DataFrame:
    """The operations that ended from `start` on and before `end`, sized by what the earlier ones teach: operation,
    classe, heures, heures_p10, heures_p90, manuel, and for each of `quantiles` the commitment `engagement_<quantile>`.

    `operations`: the result `operations_liees`.
    """
    known = operations.dropna(subset=["montant"]).drop(columns="segment")
    known = known.rename(columns={"segment_marche": "segment"}).sort_values("operation", ignore_index=True)
    before = known["fin"] < pd.Timestamp(start)
    tested = known[~before & (known["fin"] < pd.Timestamp(end))].reset_index(drop=True)
    names = sorted(tested["segment"].unique())
    taught = learnt(known[before], settings.prior_operations)
    drawn = segment_draws(
        names, taught, draws=settings.single_draws, seed=settings.seed, weight=settings.prior_operations
    )
    usual = known.groupby("segment")["montant"].median()
    table = laws(drawn, usual, own=settings.single_own_draws, seed=settings.seed) if names else pd.DataFrame()
    by_segment = {name: sizing.law(table, name) for name in names}
    found = np.array(
        [sizing.hours(by_segment[row.segment], [0.1, 0.9, *quantiles], row.montant) for row in tested.itertuples()]
    ).reshape(len(tested), 2 + len(quantiles))
    committed = proposed(found[:, 2:], steps())
    out = tested[["operation", "heures"]].assign(
        classe=classes(tested["montant"]),
        heures_p10=found[:, 0],
        heures_p90=found[:, 1],
        manuel=proposed(textbook(tested["montant"]), steps()),
    )
    return out.assign(**{f"engagement_{q}": committed[:, place] for place, q in enumerate(quantiles)})


def classes(amounts: pd.Series) -> pd.Series:
    """The class of each of the `amounts` (euros, above 0), of those of `acheteur/classes_montant`."""
    table = reference.table("acheteur/classes_montant").dropna(subset="de_euros").sort_values("de_euros")
    place = np.searchsorted(table["de_euros"], amounts, side="right") - 1
    return pd.Series(table["code"].to_numpy()[place], index=amounts.index, dtype="str")


def scores(found: pd.DataFrame, period: str, quantiles: list[float]) -> pd.DataFrame:
    """How the commitments of `foreseen` did: columns `SCORES`, a row per quantile and one for the textbook's rule.

    couverture: operations within the range of 80 % (the model's only); proposes: those with a commitment; faisables:
    of these, those that kept it; both shares with their Wilson intervals at 95 %; mediane and part_engagee (of the
    sums) say how much of what was done would have been asked.
    """
    inside = observed("couverture", found["heures"].between(found["heures_p10"], found["heures_p90"]))
    rows = [{"methode": OURS, "quantile": q, **inside, "_committed": found[f"engagement_{q}"]} for q in quantiles]
    rows.append({"methode": MANUAL, "quantile": np.nan, "_committed": found["manuel"]})
    for row in rows:
        committed = row.pop("_committed")
        asked = committed[committed > 0]
        done = found.loc[asked.index, "heures"]
        row |= {
            "periode": period,
            "classe": EVERY,
            "operations": len(found),
            "proposes": len(asked),
            **observed("faisables", done >= KEPT * asked),
            "mediane": (asked / done).median(),
            "part_engagee": asked.sum() / done.sum() if len(asked) else np.nan,
        }
    return pd.DataFrame(rows, columns=SCORES)


def periods(today: dt.date, years: int) -> dict[str, tuple[dt.date, dt.date]]:
    """The years held out, the last `years` to `today`, and those before, on which the quantile is chosen."""
    cut, before = (dt.date(today.year + 1 - times * years, 1, 1) for times in (1, 2))
    return {"choix": (before, cut), "epreuve": (cut, today + dt.timedelta(days=1))}


def backtest(
    operations: pd.DataFrame, today: dt.date, quantiles: list[float], settings: PotentialParams
) -> pd.DataFrame:
    """`scores` of both `periods`, of all operations and by class of amount, with the least amount of it, de_euros.

    Of a class, the counts and shares alone, and where `LEAST` operations are in it: sums of fewer would tell of one.
    """
    parts = []
    for period, (start, end) in periods(today, settings.holdout_years).items():
        found = foreseen(operations, start, end, quantiles, settings)
        parts.append(scores(found, period, quantiles))
        for name, own in found.groupby("classe"):
            if len(own) >= LEAST:
                told = scores(own, period, quantiles).assign(classe=name)
                parts.append(told.assign(mediane=np.nan, part_engagee=np.nan))
    out = pd.concat(parts, ignore_index=True)
    return out.assign(
        de_euros=out["classe"].map(reference.table("acheteur/classes_montant").set_index("code")["de_euros"])
    )
