"""The facilitators' stage: the inventory by day, its ratios and contradictions, zones blanches, needs not met."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.duplicates import FILE as DUPLICATES
from analysis.consolidation.duplicates import standing
from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.files import read_table
from analysis.core.params import FacilitatorParams, load_params
from analysis.core.paths import clean_dir, raw_dir, results_dir
from analysis.core.results import headlines, on_day, read_clean, write_results
from analysis.facilitators import contacts, followup, ratios, staff, unmet, zones
from analysis.facilitators.need import Numbers, need
from analysis.facilitators.organisation import router, scenario
from analysis.sources import publics
from analysis.sources.listing import listed

EXPORTS = ("operations", "territoires", "engagements", "heures", "agregats")
# The classes beside those without anybody, as the headline figures say them.
SERVED = {
    zones.SILENT: "déclarées sans opération",
    zones.UNDER: "sous-servies (plus probable que non)",
    zones.COVERED: "couvertes (plus probable que non)",
}


def build(dataset: str) -> None:
    """Take the inventory of each day, hold it against what is followed and what is needed; write the result tables."""
    described, params = load_dataset(dataset), load_params()
    settings = params.facilitators
    clean = read_clean(dataset, "inventory")
    exports = {name: read_table(clean_dir(dataset, "exports") / f"{name}.parquet") for name in EXPORTS}
    segments = {
        name: read_table(results_dir(dataset) / "segments" / f"{name}.parquet")
        for name in ("acheteurs", "besoin_tirages", "clauses_sans_operation")
    }
    kept = standing(exports, raw_dir(dataset) / "decisions" / DUPLICATES, params.consolidation)
    days = staff.days([edition.annee for edition in described.editions], settings.days)
    dated = inventory(clean, days, described.departements)
    expected = listed(raw_dir(dataset))
    latest = state_of(clean, exports, segments, described, settings, kept=kept, expected=expected)
    tables = dated | latest | {"headlines": strip(dated | latest, described)}
    write_results(dataset, "facilitators", tables)


def inventory(
    clean: dict[str, pd.DataFrame], days: list[pd.Timestamp], departements: list[str]
) -> dict[str, pd.DataFrame]:
    """The inventory on each of `days` (column jour), and what covers each EPCI of `departements`."""
    parts = [(day, _on(clean, day, departements)) for day in days]
    names = list(parts[0][1])
    return {
        name: pd.concat([found[name].assign(jour=day) for day, found in parts], ignore_index=True) for name in names
    }


def _on(clean: dict[str, pd.DataFrame], day: pd.Timestamp, departements: list[str]) -> dict[str, pd.DataFrame]:
    found = staff.counted(staff.in_post(clean, day))
    areas = staff.areas(on_day(clean["zones"], day), found["structures"])
    return found | {"couverture": coverage(areas, found["structures"], departements)}


def coverage(areas: pd.DataFrame, hosts: pd.DataFrame, departements: list[str]) -> pd.DataFrame:
    """Every EPCI of `departements`: structures that declare it; `sans_facilitateur` when there is none."""
    known = areas.groupby("epci_siren")["structure_id"].nunique()
    places = reference.epci(departements)[["epci_siren", "nom", "departement", "population_region"]]
    if hosts.empty:  # without an inventory nothing can be said of an EPCI, not even that it has nobody
        places = places[:0]
    structures = places["epci_siren"].map(known).fillna(0).astype("int64")
    return places.assign(structures=structures, sans_facilitateur=structures.eq(0))


def state_of(
    clean: dict[str, pd.DataFrame],
    exports: dict[str, pd.DataFrame],
    segments: dict[str, pd.DataFrame],
    dataset: Dataset,
    settings: FacilitatorParams,
    *,
    kept: dict[str, str],
    expected: dict[str, str],
) -> dict[str, pd.DataFrame]:
    """What holds on the day that the latest edition is observed: answers, contradictions, ratios, zones, needs.

    `kept` gives the operation that stands for each duplicate; what is asked of a structure bears on what it entered.
    `expected` are the structures whose exports are expected, with their names.
    """
    latest = dataset.latest
    year, observed = latest.annee, pd.Timestamp(latest.date_observation)
    day = pd.Timestamp(year, 12, 31)
    people = staff.facilitators(staff.in_post(clean, day))
    hosts = staff.structures(people)
    areas = staff.areas(on_day(clean["zones"], day), hosts)
    months = settings.silent_months
    since = day - pd.DateOffset(months=months)
    active = zones.followed(exports["operations"], exports["territoires"], day, months)
    lost = zones.without_place(exports["operations"], exports["territoires"], day, months)
    senders = set(zones.sent(exports["operations"], day, months)["structure_id"])
    sends = pd.concat([exports[name][["annee", "structure_id"]] for name in ("operations", "agregats")])
    given = publics.load(raw_dir(dataset.nom) / publics.FILE)
    wanted = need(segments["besoin_tirages"], given, settings.draws, settings.seed, dataset.departements)
    asked = unmet.within(clean["besoins"], dataset.departements)
    minutes = router.load(raw_dir(dataset.nom) / router.FILE)
    declared, heard = staff.by_epci(hosts, areas), senders - set(lost.index)
    counted = zones.each_once(active, kept)
    placed = zones.zones(wanted, declared, counted, areas=areas, senders=heard, settings=settings)
    vacant = staff.vacant(on_day(clean["zones"], day), clean["structures"], hosts).groupby("epci_siren")["nom"]
    placed = placed.assign(vacantes=placed["epci_siren"].map(vacant.nunique()).fillna(0).astype("int64"))
    if hosts.empty:
        placed = placed[:0]
    called = contacts.listed(clean, hosts, areas, minutes, dataset.departements)
    nobody = called["epci_siren"].map(vacant.agg(staff.names_of)).where(called["minutes"].notna())
    tables = {
        "hypotheses": hypotheses(settings),
        "publics": publics.sources(given, dataset.departements),
        "reponses": followup.answers(clean, expected, sends, observed, since=since + pd.Timedelta(days=1)),
        "contradictions": followup.contradictions(
            # Of structures with nobody in post no area is read.
            areas,
            active,
            lost,
            senders & set(hosts["structure_id"]),
            since=since,
            ended=zones.ended(clean["zones"], day, months),
        ),
        "ratios": ratios.spread(ratios.by_structure(hosts, areas, exports, year, staff.time_of_year(clean, year))),
        "zones": placed.assign(edition=year, origine_besoin=wanted.origin),
        "zones_synthese": zones.summary(placed, dataset.region),
        "zones_sensibilite": zones.sensitivity(placed, wanted, settings),
        "sites": staff.seats(people),
        "annuaire": called.assign(vacante=nobody.astype("str")),
        "temps_trajet": minutes,
        "besoins": unmet.by_territory(asked, dataset.region),
        "besoins_acheteurs": unmet.buyers(asked, segments["acheteurs"], dataset.region),
        "besoins_remedes": unmet.remedies(asked, placed, dataset.region),
        "etat_sans_facilitateur": unmet.contracts_of_state(segments["clauses_sans_operation"]),
    }
    return tables | organisation(tables, wanted.hours, settings)


def organisation(
    tables: dict[str, pd.DataFrame], draws: Numbers, settings: FacilitatorParams
) -> dict[str, pd.DataFrame]:
    """The scenario of `params.yaml`, from the tables that the notebook too will read.

    None where nobody's place and time are known, or where nothing is to be followed.
    """
    if not (tables["sites"]["etp"].gt(0).any() and tables["zones"]["besoin_p50"].gt(0).any()):
        return {f"organisation_{name}": pd.DataFrame() for name in scenario.TABLES}
    place = scenario.ground(tables["zones"], tables["sites"], tables["temps_trajet"], settings.delta)
    plan, hours = scenario.planned(place, scenario.of_params(settings)), settings.delta * draws
    found = scenario.tables(plan) | {
        "frontiere": scenario.frontier(place, hours, plan.asked, settings.frontier),
        "seuil": scenario.threshold(
            place, plan.asked, sorted({*settings.hours_per_etp, settings.capacity_hours_per_etp})
        ),
        "stabilite": scenario.stability(
            plan, hours, scenario.loads(settings.hours_per_etp, hours.shape[1], settings.seed)
        ),
    }
    return {f"organisation_{name}": found[name] for name in scenario.TABLES}


def hypotheses(settings: FacilitatorParams) -> pd.DataFrame:
    """nom, valeur, unite, source: all that zones and organisation assume, so that every figure printed is published."""
    low, high = settings.hours_per_etp
    rows = [
        ("delta", settings.delta, "part du besoin"),
        ("heures_par_etp_bas", low, "heure par ETP"),
        ("heures_par_etp_haut", high, "heure par ETP"),
        ("capacite_heures_par_etp", settings.capacity_hours_per_etp, "heure par ETP"),
        ("postes_ajoutes", settings.posts_added, "poste"),
        ("etp_par_poste", settings.post_etp, "ETP"),
        ("minutes_au_plus", settings.max_minutes, "minute"),
        ("tirages", settings.draws, "tirage"),
        ("part_conseillee", settings.surely, "part des tirages"),
    ]
    own = pd.DataFrame(rows, columns=["nom", "valeur", "unite"]).assign(source="réglage de l'observatoire")
    bands = reference.table("facilitateurs/reperes").dropna(subset=["bas"])
    known = [bands.assign(nom=f"repere_{end}_" + bands["indicateur"], valeur=bands[end]) for end in ("bas", "haut")]
    fixed = [reference.table("facilitateurs/constantes"), *known]
    return pd.concat([own, *(table[own.columns] for table in fixed)], ignore_index=True)


def strip(tables: dict[str, pd.DataFrame], dataset: Dataset) -> pd.DataFrame:
    """The headline figures of the latest edition with an inventory."""
    hosts, cover, people = tables["porteurs"], tables["couverture"], tables["zones_synthese"]
    hosts = hosts[hosts["jour"].isin([pd.Timestamp(edition.annee, 12, 31) for edition in dataset.editions])]
    if hosts.empty:
        return headlines([])
    day = hosts["jour"].max()
    now, covered = hosts[hosts["jour"] == day], cover[cover["jour"] == day]
    people = people[people["territoire"] == dataset.region]
    common = {"edition": day.year, "perimetre": f"{dataset.territory_name}, inventaire au 31 décembre {day.year}"}
    return headlines(
        [
            {"libelle": "Structures facilitatrices", "valeur": float(now["structures"].sum()),
             "decimales": 0, "unite": "structures", **common},
            {"libelle": "Facilitateurs, coordinateurs et appuis", "valeur": float(now["personnes"].sum()),
             "decimales": 0, "unite": "personnes", **common},
            {"libelle": "Temps consacré à la clause", "valeur": float(now["etp"].sum()),
             "decimales": 1, "unite": "ETP", "_controle": "porteurs", "_personnes_sans_accord": 0, **common},
            {"libelle": "Intercommunalités sans facilitateur déclaré",
             "valeur": float(covered["sans_facilitateur"].sum()), "decimales": 0, "unite": "EPCI", **common},
            *({"libelle": f"Intercommunalités {said}",
               "valeur": float(people.loc[people["classe"] == kind, "epci"].sum()),
               "decimales": 0, "unite": "EPCI", **common} for kind, said in SERVED.items()),
        ]
    )  # fmt: skip
