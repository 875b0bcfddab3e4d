"""What became of people after their clause contracts, at 3, 6 and 12 months, with what is not known.

    due         leavers whose exit date plus the horizon is past on the observation date
    response    share of the due whose situation is known
    observed    share of respondents, Wilson interval at 95 %
    bounds      [known successes / due, (known successes + silent) / due]: what no assumption can move
    weighted    respondents weighted by the inverse response rate of their group (sex, age, insertion employer)

Method: docs/consolidation.md. A leaver is a person, counted at the end of the last contract of a year.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from scipy.stats import binomtest

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.reference import WHOLE

SILENT = "inconnue"


@dataclass(frozen=True)
class Leavers:
    """Persons who left in a year: annee_sortie, ben_id, date_sortie, sexe, groupe (sex, age and
    kind of employer, alike in answering); and their situations.

    situations: annee_sortie, ben_id, horizon_m, statut, famille; the latest answer known of each.
    """

    people: pd.DataFrame
    situations: pd.DataFrame


def leavers(contracts: pd.DataFrame, outcomes: pd.DataFrame) -> Leavers:
    """The leavers among `contracts`, those in scope. `outcomes` is the clean table `sorties`."""
    columns = ["annee", "ben_id", "contrat", "date_fin", "sexe", "jeune", "senior", "est_iae"]
    rows = contracts[columns].dropna(subset="date_fin")
    rows = rows.assign(annee_sortie=rows["date_fin"].dt.year)
    rows = rows[rows["annee_sortie"] == rows["annee"]].sort_values(["ben_id", "annee_sortie", "date_fin", "contrat"])
    last = rows.drop_duplicates(["ben_id", "annee_sortie"], keep="last")
    age = last["jeune"].map({True: "jeune"}).fillna(last["senior"].map({True: "senior"})).fillna("autre")
    group = last["sexe"].fillna("") + "|" + age + "|" + last["est_iae"].map({True: "iae", False: "autre"})
    people = last[["annee_sortie", "ben_id", "contrat", "date_fin", "sexe"]].assign(groupe=group)
    people = people.rename(columns={"date_fin": "date_sortie"})
    situations = people[["annee_sortie", "ben_id", "contrat"]].merge(
        latest_answers(outcomes), left_on="contrat", right_on="ctr_id"
    )
    return Leavers(people.reset_index(drop=True), situations.drop(columns=["contrat", "ctr_id"]))


def latest_answers(outcomes: pd.DataFrame) -> pd.DataFrame:
    """ctr_id, horizon_m, statut, famille (`inconnue` for a silence): one row per contract and horizon.

    The same situation may be sent again a year later: an answer beats a silence, the latest beats the earlier.
    """
    families = reference.table("nomenclatures/sorties").set_index("code")["famille"]
    known = outcomes.assign(famille=outcomes["statut"].map(families).astype("str").fillna(SILENT))
    known = known.assign(repond=known["famille"].ne(SILENT)).sort_values(["ctr_id", "horizon_m", "repond", "annee"])
    latest = known.drop_duplicates(["ctr_id", "horizon_m"], keep="last", ignore_index=True)
    return latest[["ctr_id", "horizon_m", "statut", "famille"]]


def outcomes_by_year(found: Leavers, dataset: Dataset, smallest: int) -> pd.DataFrame:
    """One row per year of exit, horizon, definition and group (everybody, women, men).

    edition (year of exit), horizon_m, definition, modalite, sortants, dus, repondants, taux_reponse, reussites,
    taux, taux_bas, taux_haut, borne_basse, borne_haute, taux_pondere, and `_personnes`, `_part_extreme`.
    Groups of fewer than `smallest` leavers share one response rate.
    """
    definitions = reference.table("nomenclatures/definitions_sortie").set_index("code")["familles"].str.split("|")
    rows = []
    for (year, horizon), people in _due(found, dataset):
        groups = {modality: _with_weights(people[mask], smallest) for modality, mask in _groups(people)}
        for code, families in definitions.items():
            rows += [
                {"edition": year, "horizon_m": horizon, "definition": code, "modalite": modality}
                | _rate(group, group["famille"].isin(families))
                for modality, group in groups.items()
            ]
    return pd.DataFrame(rows)


def _due(found: Leavers, dataset: Dataset):
    """Each year of exit and horizon with its due leavers and their situation (silent when none is known)."""
    for (year, horizon), situations in found.situations.groupby(["annee_sortie", "horizon_m"]):
        people = found.people[found.people["annee_sortie"] == year]
        observed = pd.Timestamp(dataset.date_observation)
        due = people[people["date_sortie"] + pd.DateOffset(months=int(horizon)) <= observed]
        said = situations[["ben_id", "famille"]]
        out = due.merge(said, on="ben_id", how="left")
        yield (
            (int(year), int(horizon)),
            out.assign(famille=out["famille"].astype("str").fillna(SILENT), sortants=len(people)),
        )


def _groups(people: pd.DataFrame):
    yield WHOLE, pd.Series(True, index=people.index)
    for sex in reference.labels("sexes"):
        yield sex, people["sexe"].eq(sex).fillna(False).astype("bool")


def _rate(people: pd.DataFrame, success: pd.Series) -> dict[str, float | int | None]:
    due = len(people)
    n, k = int(people["famille"].ne(SILENT).sum()), int(success.sum())
    row: dict[str, float | int | None] = {
        "sortants": int(people["sortants"].iloc[0]) if due else 0,
        "dus": due,
        "repondants": n,
        "taux_reponse": n / due if due else None,
        "reussites": k,
        "_personnes": due,
    }
    if not n:
        return row
    interval = binomtest(k, n).proportion_ci(method="wilson")
    return row | {
        "taux": k / n,
        "taux_bas": float(interval.low),
        "taux_haut": float(interval.high),
        "borne_basse": k / due,
        "borne_haute": (k + due - n) / due,
        "taux_pondere": float((people["poids"] * success).sum() / people["poids"].sum()),
        "_part_extreme": max(k / n, 1 - k / n),
    }


def _with_weights(people: pd.DataFrame, smallest: int) -> pd.DataFrame:
    """`people` with poids, 1 / response rate of the group for respondents; groups under `smallest` are put together."""
    answered = people["famille"].ne(SILENT)
    keys = people["groupe"].where(people["groupe"].map(people["groupe"].value_counts()) >= smallest, "autres")
    rate = answered.groupby(keys).transform("mean")
    return people.assign(poids=(answered / rate.where(rate > 0)).fillna(0))
