"""Where a person goes from one clause contract to the next, across employers, structures and years.

A *stay* is a run of clause contracts of one person with at most `gap_months` without one. After each stay there is
one issue: another stay (a re-entry), the situation six months later, or not known yet.
"""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.facts import Facts
from analysis.core import reference
from analysis.core.dataset import Dataset

HORIZON = 6  # months after a stay, at which its situation is read
RETURN, RUNNING, SILENT = "retour", "en_cours", "inconnue"


def stays(facts: Facts, gap_months: int) -> pd.DataFrame:
    """One row per stay: ben_id, rang (1, 2, ...), debut, fin (null when open), contrats, employeurs, dernier.

    `dernier` is the stay's last contract. Contracts whose end is not known hold their stay open.
    """
    rows = facts.contracts.sort_values(["ben_id", "date_debut", "annee", "contrat"])
    rows = rows.drop_duplicates(["ben_id", "contrat"], keep="last")[
        ["ben_id", "contrat", "date_debut", "date_fin", "employeur_siret"]
    ]
    far = pd.Timestamp("2262-01-01")
    end = rows["date_fin"].fillna(far)
    reached = end.astype("int64").groupby(rows["ben_id"]).cummax().astype(end.dtype)
    before = reached.groupby(rows["ben_id"]).shift()
    new = before.isna() | (rows["date_debut"] > before + pd.DateOffset(months=gap_months))
    rows = rows.assign(rang=new.astype("int64").groupby(rows["ben_id"]).cumsum(), fin=end)
    out = rows.groupby(["ben_id", "rang"], as_index=False).agg(
        debut=("date_debut", "min"),
        fin=("fin", "max"),
        contrats=("contrat", "nunique"),
        employeurs=("employeur_siret", "nunique"),
    )
    last = rows.sort_values(["ben_id", "rang", "fin", "contrat"]).drop_duplicates(["ben_id", "rang"], keep="last")
    out = out.merge(last[["ben_id", "rang", "contrat"]].rename(columns={"contrat": "dernier"}), on=["ben_id", "rang"])
    return out.assign(fin=out["fin"].mask(out["fin"] == far))


def issues(found: pd.DataFrame, outcomes: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """`found` with `issue` (retour, durable, transition, positive, aucune, inconnue, en_cours) and `delai_m`.

    `delai_m` is the months to the next stay, empty when there is none. A return within the horizon comes first:
    it is a fact, the situation six months after is what was answered.
    """
    families = reference.table("nomenclatures/sorties").set_index("code")["famille"]
    known = outcomes[outcomes["horizon_m"] == HORIZON].sort_values(["ctr_id", "annee"])
    known = known.drop_duplicates("ctr_id", keep="last").set_index("ctr_id")["statut"].map(families).astype("str")
    following = found.sort_values(["ben_id", "rang"]).groupby("ben_id")["debut"].shift(-1)
    observed = pd.Timestamp(dataset.date_observation)
    due = found["fin"] + pd.DateOffset(months=HORIZON) <= observed
    issue = found["dernier"].map(known).astype("str").fillna(SILENT).where(due, RUNNING)
    return found.assign(
        issue=issue.mask(following.notna(), RETURN),
        delai_m=(following - found["fin"]).dt.days / (365.25 / 12),
    )


def flows(found: pd.DataFrame, ranks: int = 3) -> pd.DataFrame:
    """Persons by rank of stay (`ranks` and beyond together) and issue.

    rang, issue, personnes, part, contrats_moyens, employeurs_moyens, delai_median_m, `_personnes`.
    """
    rows = found.assign(rang=found["rang"].clip(upper=ranks))
    table = rows.groupby(["rang", "issue"], as_index=False).agg(
        personnes=("ben_id", "nunique"),
        sejours=("contrats", "size"),
        contrats_moyens=("contrats", "mean"),
        employeurs_moyens=("employeurs", "mean"),
        delai_median_m=("delai_m", "median"),
    )
    part = table["sejours"] / table.groupby("rang")["sejours"].transform("sum")
    return table.assign(part=part, _personnes=table["personnes"])
