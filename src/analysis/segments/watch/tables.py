"""The watch tool (« outil de veille »): what will be tendered again, when, where, and for which trades."""

from __future__ import annotations

import re

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.params import WatchParams
from analysis.quality_log import MASKED, NUMBERS
from analysis.segments.watch import calendar as agenda
from analysis.segments.watch import renewals
from analysis.segments.watch.needs import Needed, stem
from analysis.segments.watch.skills import by_trade

PREFIX = "veille_"


def build_watch(
    needed: Needed,
    changes: pd.DataFrame,
    projects: pd.DataFrame,
    dataset: Dataset,
    params: WatchParams,
    *,
    hours: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """The result tables of the watch, by name (`schemas/watch.py` describes them).

    `needed`: the needs of the clean `marches`; `changes`: `marches_modifications`; `projects` as `sources.projects`
    gives them, with their `segment`. `hours`, by uid (of a contract, or `projet:` and
    the identifier of a project): heures_p10, heures_p50, heures_p90 of a need if it comes.
    """
    day = pd.Timestamp(dataset.date_observation)
    lots, needs = needed.lots, needed.needs
    pairs = renewals.alike(needs)
    tested = renewals.backtest(needs, pairs, lots, changes, day=day, least=params.least_past_ends)
    known = renewals.known_on(day, needs, pairs, lots, changes)
    model = renewals.learnt(known, params.least_past_ends)
    limits = agenda.quarters(dataset.date_observation, params.horizon_months)
    coming = renewals.dated(renewals.predicted(model, known)) if model else renewals.nothing()
    expected = agenda.from_renewals(needs, coming, limits)
    expected = expected[_inside(expected, dataset.region)].reset_index(drop=True)
    announced = agenda.from_projects(projects, limits)
    announced = announced[_inside(announced, dataset.region) | announced["departement"].isna()].reset_index(drop=True)
    expected = agenda.merged(expected, announced, stem)
    given = hours.rename(columns={"uid": "besoin_id"}) if hours is not None else None
    quarters = agenda.calendar(expected, limits, dataset.region, given)
    tables = {
        "besoins": agenda.listed(expected, given).assign(objet=lambda t: t["objet"].astype(object).map(public)),
        "calendrier": quarters,
        "trimestres": agenda.calendar(expected, limits, dataset.region, given, by_segment=False),
        "metiers": by_trade(quarters),
        "epreuve": renewals.scores(tested, params.top),
        "calibration": renewals.calibration(tested),
        "couverture": coverage(
            needed,
            known,
            projects=projects,
            expected=expected,
            learnt_from=model.learnt_from if model else 0,
        ),
    }
    return {PREFIX + name: table for name, table in tables.items()}


def public(text: str) -> str:
    """`text` without what would be personal in it: e-mail addresses, telephone and social security numbers."""
    return re.sub(rf"\S+@\S+|{NUMBERS}", MASKED, text)


def _inside(rows: pd.DataFrame, region: str) -> pd.Series:
    """Whether each row is executed in the region, as `contracts.in_region` says it."""
    codes = reference.departments(region)["code_departement"]
    return rows["departement"].isin(codes) | rows["epci_siren"].isin(reference.epci()["epci_siren"])


def coverage(
    needed: Needed,
    known: renewals.Known,
    *,
    projects: pd.DataFrame,
    expected: pd.DataFrame,
    learnt_from: int,
) -> pd.DataFrame:
    """What the watch was made from, and what it had to leave out: etape, libelle, valeur, in order."""
    closed, lots, needs = known.closed, needed.lots, needed.needs
    steps = {
        "marches": needed.contracts,
        "marches_ecartes": needed.contracts - len(lots),
        "besoins": len(needs),
        "besoins_sans_duree": int(needs["mois"].isna().sum()),
        "fins_passees": len(closed),
        "fins_renouvelees": int(closed["renouvele"].sum()),
        "fins_apprises": learnt_from,
        "projets": len(projects),
        "projets_rapproches": int((expected["origine"] == "les_deux").sum()),
    }
    table = pd.DataFrame({"etape": list(steps), "valeur": list(steps.values())})
    return table.assign(libelle=table["etape"].map(reference.labels("veille_etapes")))[["etape", "libelle", "valeur"]]
