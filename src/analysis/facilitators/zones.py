"""Zones blanches: four classes of EPCI side by side, and how sure the last line between them is."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from analysis.consolidation.facts import kept_key
from analysis.core import reference
from analysis.core.numbers import round_half_up
from analysis.core.params import FacilitatorParams
from analysis.facilitators.need import Need, Numbers
from analysis.facilitators.staff import ETP

STRICT, SILENT, UNDER, COVERED = "stricte", "silencieuse", "sous_servie", "couverte"
GRID = 40  # values of the hours per ETP between the two ends of their range


def sent(operations: pd.DataFrame, day: pd.Timestamp, months: int) -> pd.DataFrame:
    """The rows of `operations` that were sent of the `months` before `day`: an export tells of its year alone."""
    return operations[operations["annee"].between(_start(day, months).year, day.year)]


def _start(day: pd.Timestamp, months: int) -> pd.Timestamp:
    return day - pd.DateOffset(months=months) + pd.Timedelta(days=1)


def ended(areas: pd.DataFrame, day: pd.Timestamp, months: int) -> pd.DataFrame:
    """The rows of the clean `zones` that ended in the `months` before `day`, the day itself left out."""
    return areas[areas["date_fin"].ge(_start(day, months)) & areas["date_fin"].lt(day)]


def followed(operations: pd.DataFrame, places: pd.DataFrame, day: pd.Timestamp, months: int) -> pd.DataFrame:
    """Operations that a structure follows in an EPCI in the `months` before `day`: structure_id, op_id, epci_siren.

    `operations` and `places` are the clean tables of the exports, as each structure sent them: an operation entered
    by two structures is followed by both. What is sent without its dates is followed all the same.
    """
    found = places.merge(_alive(operations, day, months), on=_OPERATION)
    return found[["structure_id", "op_id", "epci_siren"]].drop_duplicates(ignore_index=True)


def each_once(active: pd.DataFrame, kept: dict[str, str]) -> pd.DataFrame:
    """The rows of `followed` under the operation that stands for each (`duplicates.standing`), so that what several
    structures entered counts once in an EPCI."""
    return active.assign(op_id=kept_key(active["op_id"], kept))


def without_place(operations: pd.DataFrame, places: pd.DataFrame, day: pd.Timestamp, months: int) -> pd.Series:
    """How many operations each structure follows in that time that it sent without any place, where there are some."""
    known = _alive(operations, day, months).merge(places[_OPERATION], how="left", indicator="found")
    placed = known["found"].eq("both").groupby([known["structure_id"], known["op_id"]]).any()
    return (~placed[~placed]).groupby("structure_id").sum()


_OPERATION = ["annee", "op_id", "structure_id"]


def _alive(operations: pd.DataFrame, day: pd.Timestamp, months: int) -> pd.DataFrame:
    recent = sent(operations, day, months)
    alive = ~(recent["date_debut"] > day) & ~(recent["date_fin"] < _start(day, months))
    return recent.loc[alive, _OPERATION]


def p_under(etp: Numbers, need: Numbers, delta: float, hours_per_etp: tuple[float, float]) -> Numbers:
    """The probability, by EPCI (rows of `need`), that its ETP are fewer than `delta` x need / hours per ETP.

    Over the draws of the need (columns) and hours per ETP evenly spread over their range.
    """
    low, high = hours_per_etp
    per_etp = low + (high - low) * (np.arange(GRID) + 0.5) / GRID
    return np.array([(etp[:, None] * value < delta * need).mean(axis=1) for value in per_etp]).mean(axis=0)


def zones(
    need: Need,
    declared: pd.DataFrame,
    active: pd.DataFrame,
    *,
    areas: pd.DataFrame,
    senders: set[str],
    settings: FacilitatorParams,
) -> pd.DataFrame:
    """One row per EPCI: classe, p_sous_servie (missing where the class does not depend on the need), structures, etp
    and etp_retenu (from which the class follows), operations followed, exports_recus (each structure that declares it
    has sent, every operation with its place), the need and the territory.

    `declared` comes from `staff.by_epci`, `active` from `each_once`, `areas` are the zones in force (structure_id,
    epci_siren), `senders` the structures that sent in the time, and no operation without a place. Where one that
    declares it did not, silence says nothing.
    """
    rows = need.places.merge(declared, on="epci_siren", how="left")
    rows = pd.concat([rows, need.quantiles()], axis=1)
    told = areas.assign(sent=areas["structure_id"].isin(senders)).groupby("epci_siren")["sent"].all()
    rows["structures"] = rows["structures"].fillna(0).astype("int64")
    rows[ETP] = rows[ETP].fillna(0.0)
    rows["_personnes_sans_accord"] = rows["_personnes_sans_accord"].fillna(0).astype("int64")
    rows["operations"] = rows["epci_siren"].map(active.groupby("epci_siren")["op_id"].nunique()).fillna(0)
    rows["operations"] = rows["operations"].astype("int64")
    rows["exports_recus"] = rows["epci_siren"].map(told).eq(True)
    chance = p_under(rows["etp_retenu"].to_numpy(), need.hours, settings.delta, settings.hours_per_etp)
    rows["classe"] = classes(rows, chance)
    return rows.assign(p_sous_servie=pd.Series(chance).where(rows["classe"].isin([UNDER, COVERED])))


def classes(rows: pd.DataFrame, chance: Numbers) -> pd.Series:
    """The class of each EPCI: under-served when that is as likely as not, or more."""
    found = pd.Series(np.where(chance >= 0.5, UNDER, COVERED), index=rows.index, dtype="str")
    found = found.mask(rows["operations"].eq(0) & rows["exports_recus"], SILENT)
    return found.mask(rows["structures"].eq(0), STRICT)


MEASURES = ("epci", "population", "montant", "deld", "rsa", "besoin")


def summary(rows: pd.DataFrame, region: str) -> pd.DataFrame:
    """By territory and class: EPCI, population, montant, deld, besoin and the part of each; `epci_attendus`: the
    number of EPCI to be expected in the class given the probabilities, whole: less those that are told, a sum with all
    its digits would give the one that is hidden. Nothing without `rows`."""
    names = list(reference.labels("classes_zone"))
    under = rows["p_sous_servie"].fillna(0.0)
    likely = {STRICT: rows["classe"].eq(STRICT), SILENT: rows["classe"].eq(SILENT), UNDER: under,
              COVERED: (1 - under).where(rows["p_sous_servie"].notna(), 0.0)}  # fmt: skip
    weights, parts = rows.assign(epci=1.0, besoin=rows["besoin_p50"]), []
    for place in [region, *sorted(rows["departement"].unique())] if len(rows) else []:
        here = rows["departement"].eq(place) | (place == region)
        for name in names:
            own = here & rows["classe"].eq(name)
            expected = float(round_half_up(float(likely[name][here].sum())))
            row = {"territoire": place, "classe": name, "epci_attendus": expected}
            for measure in MEASURES:
                # A number that is missing somewhere has no sum.
                row[measure] = float(weights.loc[own, measure].sum(skipna=False))
                whole = float(weights.loc[here, measure].sum(skipna=False))
                row[f"part_{measure}"] = row[measure] / whole if whole else np.nan
            parts.append(row)
    columns = ["territoire", "classe", "epci_attendus", *MEASURES, *(f"part_{measure}" for measure in MEASURES)]
    return pd.DataFrame(parts, columns=columns).astype({"epci": "int64", "population": "int64"})


def sensitivity(rows: pd.DataFrame, need: Need, settings: FacilitatorParams) -> pd.DataFrame:
    """delta, heures_par_etp (both ends and the middle of the range), classe, epci, part_population; `rows` of `zones`
    in the order of `need`. Nothing without `rows`."""
    low, high = settings.hours_per_etp
    parts = []
    for delta, per_etp in product(settings.deltas, (low, (low + high) / 2, high)) if len(rows) else []:
        found = classes(rows, p_under(rows["etp_retenu"].to_numpy(), need.hours, delta, (per_etp, per_etp)))
        for name in reference.labels("classes_zone"):
            own = found.eq(name)
            parts.append(
                {"delta": delta, "heures_par_etp": per_etp, "classe": name, "epci": int(own.sum()),
                 "part_population": float(rows.loc[own, "population"].sum() / rows["population"].sum())}
            )  # fmt: skip
    return pd.DataFrame(parts, columns=["delta", "heures_par_etp", "classe", "epci", "part_population"])
