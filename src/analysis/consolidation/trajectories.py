"""Where a person goes from one clause contract to the next, across employers, structures and years.

A *stay* is a run of clause contracts of one person with at most `gap_months` without one. After each stay there is
one issue: another stay (a re-entry), the situation six months later, or not known yet.
"""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.facts import Facts
from analysis.consolidation.outcomes import SILENT, last_contracts, latest_answers
from analysis.core.dataset import Dataset
from analysis.core.numbers import MONTH

HORIZON = 6  # months after a stay, at which its situation is read
RETURN, RUNNING = "retour", "en_cours"
RANKS = 3  # of stays told apart, the last one with all that follow it
MOST = 4  # contracts, employers, structures or years of a person told apart
EVERYBODY = 0  # rank of the rows that count each person once, whatever the number of stays
UNITS = {"contrats": "contrat", "employeurs": "employeur_siret", "structures": "structure_id", "annees": "annee"}


def stays(contracts: pd.DataFrame, outcomes: pd.DataFrame, gap_months: int, dataset: Dataset) -> pd.DataFrame:
    """One row per stay: ben_id, rang (1, 2, ...), debut, fin (null when open), contrats, employeurs, dernier (its
    last contract, an answered one first), issue (retour, durable, transition, positive, aucune, inconnue, en_cours),
    `delai_m`, `depuis_m`.

    `contracts` are those of `Facts`, `outcomes` the clean table `sorties`. A contract whose end is not known holds its
    stay open, and counts until the last year that it has hours in: another one that begins after the gap is a return.
    `delai_m` is the months to the next stay, `depuis_m` those from the start of the first stay to the end of this one;
    both are empty when there is none, or no known end. A return, however late, comes first: it is a fact, the
    situation six months after is what was answered.
    """
    answers = latest_answers(outcomes[outcomes["horizon_m"] == HORIZON])
    return _with_issues(_runs(contracts, answers, gap_months), answers, dataset)


def _runs(contracts: pd.DataFrame, answers: pd.DataFrame, gap_months: int) -> pd.DataFrame:
    """The stays themselves, without what followed them."""
    rows = contracts[["ben_id", "date_debut", "annee", "contrat", "date_fin", "employeur_siret"]]
    rows = rows.sort_values(["ben_id", "contrat", "annee"]).drop_duplicates(["ben_id", "contrat"], keep="last")
    rows = rows.sort_values(["ben_id", "date_debut", "annee", "contrat"])  # each as it was told last
    last_day = pd.to_datetime(rows["annee"].astype("str") + "-12-31").astype(rows["date_fin"].dtype)
    until = rows["date_fin"].fillna(last_day)
    reached = until.astype("int64").groupby(rows["ben_id"]).cummax().astype(until.dtype)
    before = reached.groupby(rows["ben_id"]).shift()
    new = before.isna() | (rows["date_debut"] > before + pd.DateOffset(months=gap_months))
    far = pd.Timestamp("2200-01-01")
    rows = rows.assign(rang=new.astype("int64").groupby(rows["ben_id"]).cumsum(), fin=rows["date_fin"].fillna(far))
    out = rows.groupby(["ben_id", "rang"], as_index=False).agg(
        debut=("date_debut", "min"),
        fin=("fin", "max"),
        contrats=("contrat", "nunique"),
        employeurs=("employeur_siret", "nunique"),
    )
    last = last_contracts(rows, ["ben_id", "rang"], answers)
    out = out.merge(last[["ben_id", "rang", "contrat"]].rename(columns={"contrat": "dernier"}), on=["ben_id", "rang"])
    return out.assign(fin=out["fin"].mask(out["fin"] == far))


def _with_issues(found: pd.DataFrame, answers: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Stays with what followed each."""
    known = answers.set_index("ctr_id")["famille"]
    following = found.sort_values(["ben_id", "rang"]).groupby("ben_id")["debut"].shift(-1)
    observed = pd.Timestamp(dataset.date_observation)
    due = found["fin"] + pd.DateOffset(months=HORIZON) <= observed
    issue = found["dernier"].map(known).astype("str").fillna(SILENT).where(due, RUNNING)
    first = found.groupby("ben_id")["debut"].transform("min")
    return found.assign(
        issue=issue.mask(following.notna(), RETURN),
        delai_m=(following - found["fin"]).dt.days / MONTH,
        depuis_m=(found["fin"] - first).dt.days / MONTH,
    )


def flows(found: pd.DataFrame) -> pd.DataFrame:
    """Persons by rank of stay (`RANKS` and beyond together) and issue, and all persons by where they end (rank 0).

    rang, issue, personnes, sejours, part (of the stays of the rank; of the persons in rank 0), contrats_moyens,
    employeurs_moyens, delai_median_m, depuis_median_m, `_personnes`. Who has not come back ends at that rank: the
    rows of an issue that is no return add up over ranks to that of rank 0.
    """
    last = found[found["issue"] != RETURN].assign(rang=EVERYBODY)
    rows = pd.concat([last, found.assign(rang=found["rang"].clip(upper=RANKS))], ignore_index=True)
    table = rows.groupby(["rang", "issue"], as_index=False).agg(
        personnes=("ben_id", "nunique"),
        sejours=("contrats", "size"),
        contrats_moyens=("contrats", "mean"),
        employeurs_moyens=("employeurs", "mean"),
        delai_median_m=("delai_m", "median"),
        depuis_median_m=("depuis_m", "median"),
    )
    part = table["sejours"] / table.groupby("rang")["sejours"].transform("sum")
    return table.assign(part=part, _personnes=table["personnes"])


def followed(facts: Facts) -> pd.DataFrame:
    """How many contracts, employers, structures and years each person is found again in: what a follow-up over
    exports adds to that of one structure and year.

    unite (contrats, employeurs, structures, annees), nombre (1 to `MOST`, that and beyond together; as far as
    somebody is found in any unit, zeros too), personnes, part, `_personnes`.
    """
    counts = {}
    for name, column in UNITS.items():
        pairs = facts.contracts[["ben_id", column]].dropna().drop_duplicates()
        counts[name] = pairs.groupby("ben_id").size().clip(upper=MOST).value_counts()
    numbers = range(1, max((found.index.max() for found in counts.values() if len(found)), default=0) + 1)
    every = pd.DataFrame(counts, index=pd.Index(numbers, name="nombre")).fillna(0).astype("int64")
    table = every.melt(var_name="unite", value_name="personnes", ignore_index=False).reset_index()
    table = table[["unite", "nombre", "personnes"]]
    whole = table.groupby("unite")["personnes"].transform("sum")
    # A number in which nobody is found is of no person: what the others have behind them lets it be told.
    behind = table["personnes"].where(table["personnes"] > 0, whole)
    return table.assign(part=table["personnes"] / whole, _personnes=behind)
