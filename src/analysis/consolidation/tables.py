"""The consolidation's stage: clean tables and decisions in, result tables out."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.breakdown import breakdown, diversity, profiles, women, women_gap
from analysis.consolidation.control import CONTROL
from analysis.consolidation.duplicates import FILE as DUPLICATES
from analysis.consolidation.duplicates import Decided as DecidedOperations
from analysis.consolidation.duplicates import decided as operations_decided
from analysis.consolidation.duplicates import kept_operation, review_queue, without_effect
from analysis.consolidation.evolution import evolution
from analysis.consolidation.facts import Facts, consolidate, numbered
from analysis.consolidation.indicators import contracts_in_scope, indicators, local_contracts, territories
from analysis.consolidation.inhabitants import per_inhabitant
from analysis.consolidation.national import national
from analysis.consolidation.nonresponse import bracket, of_enough
from analysis.consolidation.outcomes import leavers, outcomes_by_year
from analysis.consolidation.persons import FILE as PERSONS
from analysis.consolidation.persons import (
    NEAR,
    Decided,
    counts,
    kept_person,
    person_numbers,
    review,
    to_fill,
    under_one_key,
)
from analysis.consolidation.persons import decided as persons_decided
from analysis.consolidation.persons import without_effect as persons_without_effect
from analysis.consolidation.practice import mechanisms, practices, practised
from analysis.consolidation.provenance import provenance
from analysis.consolidation.reconciliation import reconciliation
from analysis.consolidation.representation import representation
from analysis.consolidation.sensitivity import persons_sensitivity, sensitivity
from analysis.consolidation.structures import by_structure
from analysis.consolidation.sums import removed, sums
from analysis.consolidation.totals import BOUNDS, with_totals
from analysis.consolidation.totals_known import ETP
from analysis.consolidation.trajectories import flows, followed, stays
from analysis.consolidation.vintages import vintages, with_margin
from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import write_table
from analysis.core.params import ConsolidationParams, load_params
from analysis.core.paths import raw_dir, results_dir
from analysis.core.reference import WHOLE
from analysis.core.results import headlines, on_day, read_clean, write_results
from analysis.schemas.build import conform
from analysis.schemas.consolidation import PERSONS_QUEUE, STRUCTURES
from analysis.sources.publications import FILE as PUBLICATIONS
from analysis.sources.publications import load_publications

STRIP = (
    ("heures_realisees", "Heures d'insertion réalisées"),
    ("beneficiaires", "Bénéficiaires"),
    ("operations", "Opérations suivies"),
    ("entreprises", "Entreprises concernées"),
    ("donneurs_ordre", "Donneurs d'ordre accompagnés"),
)
# Columns of the exports that no analysis here reads; some are as heavy as all the others together.
UNREAD = (
    "fichier",
    "ligne",
    "nature_heures",
    "qpv_code",
    "entreprise_nom",
    "maitre_ouvrage_nom",
    "date_sortie",
    "date_enquete",
)


def expect_divisors(dataset: Dataset) -> None:
    """DataError for a divisor without an indicator: its ETP would have neither name nor definition."""
    codes = reference.table("publication/indicateurs")["code"]
    known = [code.removeprefix(ETP) for code in codes if code.startswith(ETP)]
    for edition in dataset.editions:
        for divisor in edition.diviseurs_etp:
            if str(divisor) not in known:
                place = f"dataset.yaml, édition {edition.annee}, clé « diviseurs_etp »"
                raise DataError(
                    f"{place} : « {divisor} » ; attendu : {', '.join(known)} "
                    f"(data/raw/reference/publication/indicateurs.csv, {ETP}…)."
                )


def build(dataset: str) -> None:
    """Consolidate `dataset` and write the result tables of the deliverable."""
    described = load_dataset(dataset)
    expect_divisors(described)
    settings = load_params().consolidation
    releases = load_publications(raw_dir(dataset) / PUBLICATIONS, described)
    decisions = raw_dir(dataset) / "decisions"
    exports = read_clean(dataset, "exports", UNREAD)
    persons = persons_decided(exports[NEAR], decisions / PERSONS, settings)
    same = kept_person(persons.all)
    about_persons = persons_told(exports, persons, same, described, settings)
    exports = under_one_key(exports, same)
    numbers = person_numbers(exports)
    clean = numbered(exports) | read_clean(dataset, "inventory")
    del exports
    operations = operations_decided(clean, decisions / DUPLICATES, settings)
    facts = consolidate(clean, kept_operation(operations.all))
    counted = indicators(facts, described)
    whole = per_inhabitant(with_totals(counted, facts.totals, described), described)
    measured, of_rows = controlled(with_respondents(whole, clean, described)), controlled(counted)
    known, lists = in_place(clean, described), district_lists(clean["contrats"])
    about_operations = operations_told(clean, facts, of_rows, operations, dataset=described, settings=settings)
    added = sums(clean, kept_operation(operations.all), facts, measured, described)
    del clean["contrats"], clean["heures"], clean["beneficiaires"]  # the heaviest, all in the facts
    crossed = by_edition(facts, described, settings)
    later = over_years(facts, known, described, settings)
    write_results(
        dataset,
        "consolidation",
        {
            **crossed,
            **later,
            **about_operations,
            **about_persons,
            "evolution": with_margin(later["evolution"], releases),
            "indicateurs": measured,
            "millesimes": vintages(releases, measured),
            "national": national(measured, described),
            "personnes_sensibilite": persons_sensitivity(
                facts, of_rows, persons, numbers, thresholds=settings.person_sensitivity, dataset=described
            ),
            "reconciliation": reconciliation(
                releases,
                measured,
                crossed["ventilation"],
                facts,
                dataset=described,
                tolerance=settings.share_tolerance,
            ),
            "sommes": added,
            "representation": representation(measured, described),
            "editions": editions(measured, known, lists, described),
            "provenance": provenance(facts, whole, described),
            "pratiques_mecanismes": mechanisms(facts.operations),
            "structures": conform(STRUCTURES, by_structure(facts, described)),
            "headlines": strip(measured, described),
        },
    )
    # Beside the table, for whoever decides: keys and questions, no name.
    to_decide = to_fill(about_persons["personnes_a_revoir"])
    write_table(to_decide, results_dir(dataset) / "consolidation" / "personnes_a_revoir.csv")


def persons_told(
    exports: dict[str, pd.DataFrame],
    persons: Decided,
    kept: dict[str, str],
    dataset: Dataset,
    settings: ConsolidationParams,
) -> dict[str, pd.DataFrame]:
    """What is told of persons under two keys: those counted once (`kept`, of `kept_person`), those left to decide,
    decisions without effect. `exports` are the clean tables with the keys that were sent."""
    to_ask = conform(PERSONS_QUEUE, review(persons.waiting, exports["contrats"], settings.person_review))
    people = exports["beneficiaires"]
    return {
        "personnes_reunies": counts(people, kept, to_ask, dataset),
        "personnes_sans_effet": persons_without_effect(persons.taken, people["ben_id"]),
        "personnes_a_revoir": to_ask,
    }


def operations_told(
    clean: dict[str, pd.DataFrame],
    facts: Facts,
    measured: pd.DataFrame,
    operations: DecidedOperations,
    *,
    dataset: Dataset,
    settings: ConsolidationParams,
) -> dict[str, pd.DataFrame]:
    """What is told of operations entered by several structures: those counted once, those left to decide, decisions
    without effect, what merging more would change of the indicators `measured`."""
    queue = review_queue(operations.likely, operations.all, settings.duplicate_review)
    return {
        "doublons_retires": removed(facts, clean["operations"], queue, dataset),
        "doublons_a_revoir": queue.rename(columns={"annee": "edition"}),
        "doublons_sans_effet": without_effect(operations.taken, clean["operations"]["op_id"]),
        "doublons_sensibilite": sensitivity(
            clean,
            measured,
            operations.likely,
            operations.all,
            thresholds=settings.duplicate_sensitivity,
            dataset=dataset,
        ),
    }


def by_edition(facts: Facts, dataset: Dataset, settings: ConsolidationParams) -> dict[str, pd.DataFrame]:
    """What each edition says of its own year: ways in, women, profiles of audiences, effective numbers; what all
    of them say of how each segment is carried out."""
    names = ("ventilation", "femmes", "profils", "diversification", "pratiques")
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in names}
    for edition in dataset.editions:
        year = facts.operations[facts.operations["annee"] == edition.annee]
        contracts = local_contracts(facts.contracts, territories(year, facts.places, edition, epci=False))
        if contracts.empty:
            continue
        parts["ventilation"].append(breakdown(contracts, edition))
        parts["femmes"].append(women(contracts, edition))
        parts["profils"].append(profiles(contracts, edition, settings.profile_audiences))
        parts["diversification"].append(diversity(contracts, edition, settings.profile_audiences))
        parts["pratiques"].append(practised(contracts, edition))
    nothing = pd.DataFrame()
    out = {name: pd.concat(found, ignore_index=True) if found else nothing for name, found in parts.items()}
    return out | {
        "femmes_ecart": nothing if out["femmes"].empty else women_gap(out["femmes"], dataset),
        "pratiques": nothing if out["pratiques"].empty else practices(out["pratiques"]),
    }


def over_years(
    facts: Facts, known: dict[int, set[str]], dataset: Dataset, settings: ConsolidationParams
) -> dict[str, pd.DataFrame]:
    """What takes several years: growth and coverage, silent structures, outcomes, trajectories.

    `known` are the structures in place by edition.
    """
    nothing = dict.fromkeys(("evolution", "non_reponse", "sorties", "parcours", "suivi"), pd.DataFrame())
    contracts = contracts_in_scope(facts, dataset)
    if contracts.empty and facts.totals.empty:
        return nothing
    grown = evolution(facts, dataset)
    region = pd.Series(dtype="float64")
    if len(grown):
        region = grown[grown["territoire"] == dataset.region].set_index("edition")["croissance_panel"]
    of_hours = {"evolution": grown, "non_reponse": of_enough(bracket(facts, known, region, dataset))}
    if contracts.empty:
        return nothing | of_hours
    left = leavers(facts.contracts, contracts, facts.outcomes, dataset, settings.response_audiences)
    found = stays(facts.contracts, facts.outcomes, settings.stay_gap_months, dataset)
    return {
        **of_hours,
        "sorties": outcomes_by_year(left, dataset, settings.response_group),
        "parcours": flows(found),
        "suivi": followed(facts),
    }


def in_place(clean: dict[str, pd.DataFrame], dataset: Dataset) -> dict[int, set[str]]:
    """The facilitator structures of each edition: somebody in post on 31 December, seat in its departments.

    Who has no known seat is of the region all the same, if of no smaller territory.
    """
    department = reference.communes().set_index("code_insee")["departement"]
    structures = clean["structures"]
    hosts = structures[structures["type_acteur"] == "FACILITATEUR"]
    seats = hosts.set_index("structure_id")["commune_insee"].map(department)
    out = {}
    for edition in dataset.editions:
        staffed = on_day(clean["facilitateurs"], pd.Timestamp(edition.annee, 12, 31))["structure_id"]
        there = seats.isin(edition.departements) | (seats.isna() & (edition.territoire == dataset.region))
        out[edition.annee] = set(seats.index[there & seats.index.isin(staffed)])
    return out


def with_respondents(table: pd.DataFrame, clean: dict[str, pd.DataFrame], dataset: Dataset) -> pd.DataFrame:
    """`table` with, for each edition, the structures that sent an export or totals, whatever the legal scope."""
    sends = pd.concat([clean[name][["annee", "structure_id"]] for name in ("operations", "agregats")])
    sent = sends.groupby("annee")["structure_id"].nunique()
    rows = [
        {
            "edition": edition.annee,
            "territoire": edition.territoire,
            "indicateur": "structures_repondantes",
            "modalite": WHOLE,
            "valeur": float(sent.get(edition.annee, 0)),
            "unite": "structure",
        }
        for edition in dataset.editions
    ]
    return pd.concat([table, pd.DataFrame(rows)], ignore_index=True)


def controlled(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with each row's kind of disclosure control, unless it has one, and what asks for more people (`FLAGS`).

    A department crossed with an audience is sensitive as a whole: few people, known places.
    """
    kinds = reference.table("publication/indicateurs").set_index("code")["controle"]
    sensitive = reference.codes_with("publics", "sensible")
    own = table["_controle"] if "_controle" in table else pd.Series(index=table.index, dtype="str")
    local = table["territoire"].isin(reference.departments()["code_departement"])
    return table.assign(
        _controle=own.fillna(table["indicateur"].map(kinds)),
        _sensible=table["modalite"].isin(sensitive) | (local & table["modalite"].ne(WHOLE)),
        _epci=table["territoire"].isin(reference.epci()["epci_siren"]),
    )


def district_lists(contracts: pd.DataFrame) -> dict[int, str]:
    """For each year the lists of priority districts by which residents were told, oldest first (`2015|2024`)."""
    told = contracts.loc[contracts["qpv"].eq(True), ["annee", "qpv_millesime"]].dropna().drop_duplicates()
    found = told.sort_values(["annee", "qpv_millesime"]).groupby("annee")["qpv_millesime"].agg("|".join)
    return {int(year): str(lists) for year, lists in found.items()}


def editions(table: pd.DataFrame, known: dict[int, set[str]], lists: dict[int, str], dataset: Dataset) -> pd.DataFrame:
    """The editions, their scope, how many structures answered, and how many facilitator structures were in place."""
    sent = table[table["indicateur"] == "structures_repondantes"].set_index("edition")["valeur"]
    rows = [
        {
            "edition": edition.annee,
            "territoire": edition.territoire,
            "territoire_nom": edition.territory_name,
            "base_legale": edition.base_legale,
            "date_observation": pd.Timestamp(edition.date_observation),
            "structures": int(sent[edition.annee]),
            "structures_connues": len(known[edition.annee]),
            "listes_qpv": lists.get(edition.annee, ""),
        }
        for edition in dataset.editions
    ]
    return pd.DataFrame(rows)


def strip(table: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The headline figures of the latest edition that has any hours."""
    whole = table[table["modalite"].eq(WHOLE) & table["territoire"].eq(dataset.region)]
    with_hours = whole[whole["indicateur"] == "heures_realisees"]["edition"]
    if with_hours.empty:
        return headlines([])
    edition = dataset.edition(int(with_hours.max()))
    labels = reference.table("publication/indicateurs").set_index("code")
    cells = whole[whole["edition"] == edition.annee].set_index("indicateur")
    return headlines(
        [
            {
                "libelle": label,
                **{name: cells.loc[code, name] for name in ("valeur", *BOUNDS)},
                "decimales": int(labels.loc[code, "decimales"]),
                "unite": "",
                "edition": edition.annee,
                "perimetre": f"{edition.territory_name}, {edition.annee} ; {edition.clauses}",
                **{name: cells.loc[code, name] for name in CONTROL},
            }
            for code, label in STRIP
            if code in cells.index
        ]
    )
