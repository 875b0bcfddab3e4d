"""The watch tool (« outil de veille »): what will be tendered again, when, where, and for which trades."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.params import WatchParams
from analysis.core.personal import public
from analysis.segments.amounts import Belief, implausible, plausible
from analysis.segments.contracts import executed_in
from analysis.segments.potential.supply import companies
from analysis.segments.watch import calendar as agenda
from analysis.segments.watch import renewals
from analysis.segments.watch.amounts import of_needs
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
    belief: Belief,
    people: pd.DataFrame,
    hours: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    shared: pd.DataFrame | None = None,
    eligible: pd.DataFrame | None = None,
    limits: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """The result tables of the watch, by name (`schemas/watch.py` describes them).

    `needed`: the needs of the clean `marches`; `changes`: `marches_modifications`; `projects` as `sources.projects`
    gives them, with their `segment`. `hours` gives uid, heures_p10, heures_p50, heures_p90 of needs (uid, segment,
    montant) that carry a clause; it is asked of what is expected, once a project and the contract that it renews
    are one need. `shared` as `sizing.shared` gives it; without it their hours are independent. `eligible`
    as `sizing.chances` does; without it a clause could be asked of all. `limits`: what supply
    and people allow in a year (`caps.caps`); `people`: those of `publics.by_epci`. Amounts of contracts
    below the floor of `belief` size nothing, those that are not plausible count nowhere.
    """
    day = pd.Timestamp(dataset.date_observation)
    lots, needs = needed.lots, needed.needs
    pairs = renewals.alike(needs)
    tested = renewals.backtest(needs, pairs, lots, changes, day=day, least=params.least_past_ends)
    known = renewals.known_on(day, needs, pairs, lots, changes)
    model = renewals.learnt(known, params.least_past_ends)
    ends = agenda.quarters(dataset.date_observation, params.horizon_months)
    coming = renewals.dated(renewals.predicted(model, known)) if model else renewals.nothing()
    expected = agenda.from_renewals(of_needs(needs, lots, belief), coming, ends)
    expected = expected[executed_in(expected, dataset.departements)].reset_index(drop=True)
    said = projects.assign(montant=plausible(projects, belief))
    # A buyer who types a small amount means it: it sizes what he announces, as on his sheet.
    announced = agenda.from_projects(said.assign(**{agenda.BELIEVED: said["montant"].where(said["montant"] > 0)}), ends)
    there = executed_in(announced, dataset.departements) | announced["departement"].isna()
    announced = announced[there].reset_index(drop=True)
    expected = agenda.merged(expected, announced, stem)
    given = _sized(expected, hours) if hours and len(expected) else None
    drawn = None
    if given is not None:
        drawn = agenda.futures(expected, ends, given, shared, eligible, draws=params.draws, seed=params.seed)
    quarters = agenda.calendar(expected, ends, dataset.region, drawn, allowed=limits)
    whole = agenda.calendar(expected, ends, dataset.region, drawn, by_segment=False, allowed=limits)
    tables = {
        "territoires": around(people),
        "besoins": agenda.listed(expected, given).assign(objet=lambda t: t["objet"].astype(object).map(public)),
        "calendrier": quarters,
        "trimestres": whole,
        "metiers": by_trade(quarters, whole),
        "epreuve": renewals.scores(tested, params.top),
        "calibration": renewals.calibration(tested),
        "couverture": coverage(
            needed,
            known,
            projects=projects,
            expected=expected,
            learnt_from=model.learnt_from if model else 0,
            implausible=int(implausible(lots, belief).sum()),
        ),
    }
    return {PREFIX + name: table for name, table in tables.items()}


def _sized(expected: pd.DataFrame, hours: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """besoin_id and the hours of each expected need if it comes."""
    asked = expected[["besoin_id", "segment", agenda.BELIEVED]]
    asked = asked.rename(columns={"besoin_id": "uid", agenda.BELIEVED: "montant"})
    return hours(asked).rename(columns={"uid": "besoin_id"})


def around(people: pd.DataFrame) -> pd.DataFrame:
    """What each EPCI of `people` has to answer with: epci_siren, habitants and qpv (priority districts) of its communes
    in the region, deld and rsa (`people`, as `publics.by_epci` gives them), and insertion companies by kind
    (`siae_<genre>`), in all `siae`."""
    kinds = pd.crosstab(companies()["epci_siren"], companies()["genre"])
    places = reference.epci()
    places = places[places["epci_siren"].isin(people.index)].set_index("epci_siren")
    out = places[["population_region"]].rename(columns={"population_region": "habitants"})
    out["qpv"] = reference.priority_districts()
    out[["deld", "rsa"]] = people[["deld", "rsa"]].reindex(out.index)
    for genre in reference.table("potentiel/capacites")["genre"]:
        counted = kinds[genre] if genre in kinds else pd.Series(dtype="int64")
        out[f"siae_{genre.lower()}"] = counted.reindex(out.index).fillna(0).astype("int64")
    out["siae"] = out.filter(like="siae_").sum(axis=1)
    return out.reset_index()


def coverage(
    needed: Needed,
    known: renewals.Known,
    *,
    projects: pd.DataFrame,
    expected: pd.DataFrame,
    learnt_from: int,
    implausible: int,
) -> pd.DataFrame:
    """What the watch was made from, and what it had to leave out: etape, libelle, valeur, in order."""
    closed, lots, needs = known.closed, needed.lots, needed.needs
    steps = {
        "marches": needed.contracts,
        "marches_ecartes": needed.contracts - len(lots),
        "montants_invraisemblables": implausible,
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
