"""What became of people after their clause contracts, at 3, 6 and 12 months, with what is not known.

    due         leavers whose exit date plus the horizon is past on the observation date
    response    share of the due whose situation is known
    observed    share of respondents, Wilson interval at 95 %
    bounds      [known successes / due, (known successes + silent) / due]: what no assumption can move
    weighted    respondents weighted by the inverse response rate of their group (sex, age, employer, audiences)

Method: docs/consolidation.md. A leaver is a person, counted at the end of the last contract that ends in a year,
where none goes on after it; a contract ends when it was last said to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.reference import WHOLE
from analysis.core.shares import wilson

SILENT = "inconnue"
GROUP = "groupe_"  # columns of what makes people alike in answering
RESPONDENTS = "repondants"
BASES = (RESPONDENTS, "dus")  # of a rate; of leavers whose horizon is not past, nothing is known


@dataclass(frozen=True)
class Leavers:
    """Persons who left in a year: annee_sortie, ben_id, date_sortie, sexe, and what makes them alike in answering, a
    column `groupe_...` each (sex, age, kind of employer, audiences), in the order in which they are parted by it; and
    their situations.

    situations: annee_sortie, ben_id, horizon_m, statut, famille; the latest answer known of each.
    """

    people: pd.DataFrame
    situations: pd.DataFrame


def leavers(
    contracts: pd.DataFrame,
    inside: pd.DataFrame,
    outcomes: pd.DataFrame,
    dataset: Dataset,
    audiences: Sequence[str] = (),
) -> Leavers:
    """The leavers of the editions among the contracts `inside`, those in scope.

    `outcomes` is the clean table `sorties`; `audiences` are codes of `nomenclatures/publics` by which people may answer
    more or less.
    Who has another of `contracts`, in scope or not, that goes on after the year, has not left. One whose end is not
    known goes on until the end of the last year that it has hours in.
    """
    told = reference.table("nomenclatures/publics").set_index("code")["colonne"][list(audiences)]
    answers = latest_answers(outcomes)
    ended = _as_last_told(inside)
    ended = ended[ended["date_fin"] <= pd.Timestamp(dataset.date_observation)]
    ended = ended.assign(annee_sortie=ended["date_fin"].dt.year)
    ended = ended[ended["annee_sortie"].isin([edition.annee for edition in dataset.editions])]
    last = last_contracts(ended, ["ben_id", "annee_sortie"], answers)
    last = last[~_goes_on(last, _as_last_told(contracts))]
    age = last["jeune"].map({True: "jeune"}).fillna(last["senior"].map({True: "senior"})).fillna("autre")
    groups = {"sexe": last["sexe"].astype("str").fillna(SILENT), "age": age, "iae": _status(last["est_iae"])}
    groups |= {code: _status(last[column]) for code, column in told.items()}
    people = last[["annee_sortie", "ben_id", "contrat", "date_fin", "sexe"]]
    people = people.assign(**{f"{GROUP}{name}": values for name, values in groups.items()})
    people = people.rename(columns={"date_fin": "date_sortie"})
    situations = people[["annee_sortie", "ben_id", "contrat"]].merge(answers, left_on="contrat", right_on="ctr_id")
    return Leavers(people.reset_index(drop=True), situations.drop(columns=["contrat", "ctr_id"]))


def _as_last_told(contracts: pd.DataFrame) -> pd.DataFrame:
    """Each contract once, as the last year that it has hours in says it: one that was prolonged has its last end."""
    return contracts.sort_values("annee", kind="stable").drop_duplicates("contrat", keep="last")


def _new_year(years: pd.Series) -> pd.Series:
    """The first day of each year."""
    return pd.to_datetime(years.astype("str"), format="%Y")


def _goes_on(left: pd.DataFrame, contracts: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether the person of each row of `left` (ben_id, annee_sortie) has a contract on the last day of that year that
    ends after it."""
    open_until = _new_year(contracts["annee"] + 1)  # a contract whose end nobody told
    until = contracts["date_fin"].fillna(open_until)
    pairs = left[["ben_id", "annee_sortie"]].merge(contracts[["ben_id", "date_debut"]].assign(until=until), on="ben_id")
    eve = _new_year(pairs["annee_sortie"] + 1) - pd.Timedelta(days=1)
    on = pairs[~(pairs["date_debut"] > eve) & (pairs["until"] > eve)]
    key = ["ben_id", "annee_sortie"]
    return pd.MultiIndex.from_frame(left[key]).isin(pd.MultiIndex.from_frame(on[key]))


def _status(flags: pd.Series) -> pd.Series:
    """oui, non or inconnue, as text."""
    return flags.map({True: "oui", False: "non"}).astype("str").fillna(SILENT)


def last_contracts(contracts: pd.DataFrame, key: list[str], answers: pd.DataFrame) -> pd.DataFrame:
    """The contract that ends last, by `key`, an open one after all; of those that end the same day, one whose situation
    was answered (`answers` of `latest_answers`), where there is one."""
    answered = answers.loc[answers["famille"].ne(SILENT), "ctr_id"]
    rows = contracts.assign(_repond=contracts["contrat"].isin(answered))
    rows = rows.sort_values([*key, "date_fin", "_repond", "contrat"], na_position="last")
    return rows.drop_duplicates(key, keep="last").drop(columns="_repond")


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
    Response rates are those of groups of at least `smallest` leavers (see `alike`). A definition is computed at its own
    horizons (`echeances`), on its own base.
    """
    definitions = computed_definitions()
    modalities = [WHOLE, *reference.labels("sexes")]
    asked = found.situations[["annee_sortie", "horizon_m"]].drop_duplicates()
    if asked.empty:
        return pd.DataFrame()
    parts = {}
    for horizon, years in asked.groupby("horizon_m")["annee_sortie"]:
        due = _due(found, int(horizon), years, pd.Timestamp(dataset.date_observation))
        for modality in modalities:
            parts[horizon, modality] = _counts(due if modality == WHOLE else due[due["sexe"].eq(modality)], smallest)
    counts = pd.concat(parts, names=["horizon_m", "modalite"]).reset_index().rename(columns={"annee_sortie": "edition"})
    keys = asked.astype("int64").rename(columns={"annee_sortie": "edition"}).sort_values(["edition", "horizon_m"])
    keys = keys.merge(pd.DataFrame({"modalite": modalities}), how="cross")
    leaving = {WHOLE: found.people, **dict(list(found.people.groupby("sexe")))}
    leaving = pd.concat({name: people.groupby("annee_sortie").size() for name, people in leaving.items()})
    tables = []
    for code, row in definitions.iterrows():
        own = keys[keys["horizon_m"].astype("str").isin(row["echeances"].split("|"))]
        if len(own):
            table = _rates(counts, own, row["statuts"].split("|"), row["base"], leaving)
            tables.append(table.assign(definition=code, base=row["base"]))
    if not tables:
        return pd.DataFrame()
    return pd.concat(tables).sort_values(["edition", "horizon_m"], kind="stable", ignore_index=True)


def computed_definitions() -> pd.DataFrame:
    """The definitions of success that what is collected allows, by code: libelle, statuts, echeances, base, serie."""
    known = reference.table("nomenclatures/definitions_sortie").set_index("code").astype("str").fillna("")
    return known[known["non_calcule"].eq("") & known["base"].isin(BASES)]


def _due(found: Leavers, horizon: int, years: pd.Series, observed: pd.Timestamp) -> pd.DataFrame:
    """The leavers of `years` whose horizon is past, with their situation (silent when none is known)."""
    people = found.people[found.people["annee_sortie"].isin(years)]
    due = people[people["date_sortie"] + pd.DateOffset(months=horizon) <= observed]
    said = found.situations.loc[
        found.situations["horizon_m"] == horizon, ["annee_sortie", "ben_id", "statut", "famille"]
    ]
    out = due.merge(said, on=["annee_sortie", "ben_id"], how="left")
    return out.assign(**{name: out[name].astype("str").fillna(SILENT) for name in ("statut", "famille")})


def _counts(due: pd.DataFrame, smallest: int) -> pd.DataFrame:
    """By year of exit, situation and its family: nombre, and poids, the sum of 1 / response rate of each one's group.

    Who did not answer weighs nothing.
    """
    answered = due["famille"].ne(SILENT)
    rate = answered.groupby([due["annee_sortie"], alike(due, smallest)]).transform("mean")
    weight = (answered / rate.where(rate > 0)).fillna(0.0)
    rows = due.assign(poids=weight).groupby(["annee_sortie", "statut", "famille"])
    return rows.agg(nombre=("poids", "size"), poids=("poids", "sum"))


def alike(due: pd.DataFrame, smallest: int) -> pd.Series:
    """A group for each row of `due`, of those of its year that resemble it.

    By each column `groupe_...` in turn, a group is parted by its values, the rarest put together until each part has
    `smallest` rows; one that cannot be stays whole.
    """
    group = due["annee_sortie"].astype("str")
    for name in [column for column in due if column.startswith(GROUP)]:
        sizes = due.groupby([group, name]).size()
        parts = {key: _merged(own.droplevel(0), smallest) for key, own in sizes.groupby(level=0)}
        told = pd.Series({(key, value): part for key, own in parts.items() for value, part in own.items()}, dtype="str")
        place = pd.MultiIndex.from_arrays([group, due[name]])
        group = group + "|" + pd.Series(told.reindex(place).to_numpy(), due.index, dtype="str")
    return group


def _merged(sizes: pd.Series, smallest: int) -> dict[str, str]:
    """The part of each value, of `sizes` rows: the rarest together until no part has fewer than `smallest`."""
    order = sizes.reset_index(name="n").set_axis(["value", "n"], axis=1).sort_values(["n", "value"])
    together: list[str] = []
    count = 0
    for value, n in zip(order["value"], order["n"], strict=True):
        if n >= smallest and (count == 0 or count >= smallest):
            break
        together.append(value)
        count += n
    name = "+".join(sorted(together))
    return {value: name if value in together else value for value in order["value"]}


def _rates(
    counts: pd.DataFrame, keys: pd.DataFrame, statuses: list[str], base: str, leaving: pd.Series
) -> pd.DataFrame:
    """What situations of `statuses` amount to, a row for each of `keys`, as a share of `base` (one of `BASES`);
    `leaving` are the leavers by modality and year."""
    index = pd.MultiIndex.from_frame(keys)
    left = leaving.reindex(pd.MultiIndex.from_frame(keys[["modalite", "edition"]]), fill_value=0).set_axis(index)

    def added(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.groupby(list(keys))[["nombre", "poids"]].sum().reindex(index, fill_value=0)

    due = added(counts)["nombre"]
    known, good = added(counts[counts["famille"] != SILENT]), added(counts[counts["statut"].isin(statuses)])
    among = known["nombre"] if base == RESPONDENTS else due
    n, k = known["nombre"].where(known["nombre"] > 0), good["nombre"].where(known["nombre"] > 0)
    low, high = wilson(good["nombre"], among)
    table = pd.DataFrame(
        {
            "sortants": left.where(due > 0, 0),
            "dus": due,
            "repondants": known["nombre"],
            "taux_reponse": known["nombre"] / due,
            "reussites": good["nombre"],
            "_personnes": due,
            "taux": k / among,
            "taux_bas": low,
            "taux_haut": high,
            "borne_basse": k / due,
            "borne_haute": (k + due - n) / due,
            "taux_pondere": good["poids"] / known["poids"],
            "_part_extreme": np.maximum(k / n, 1 - k / n),
        },
        index,
    )
    return table.reset_index()
