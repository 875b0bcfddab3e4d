from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from analysis.consolidation.facts import numbered
from analysis.core.dataset import Dataset
from analysis.core.numbers import french
from analysis.core.params import load_params
from analysis.disclosure.primary import broken
from analysis.disclosure.shown import emptied
from analysis.schemas import links as link_schemas
from analysis.schemas import potential as potential_schemas
from analysis.schemas.build import conform
from analysis.schemas.registry import clean
from analysis.segments.amounts import belief_from, by_need
from analysis.segments.links.followed import build_links
from analysis.segments.potential.estimate import build_potential, drawn_segments
from analysis.segments.potential.single import single_contracts
from analysis.segments.potential.supply import supply
from analysis.segments.views import links as seen
from analysis.segments.views import potential
from analysis.segments.watch.needs import needed
from analysis.sources import publics
from consolidation.world import dataset

WORLD = dataset(2024, 2025)
NOTHING_GIVEN = pd.DataFrame(columns=publics.COLUMNS).astype({"personnes": "float64"})
JOBSEEKERS = publics.by_epci(NOTHING_GIVEN, WORLD.departements)["deld"]
VIEWS = (
    seen.coverage, seen.hours_per_euro, seen.unfollowed, seen.undeclared, seen.nobody, potential.headline,
    potential.by_segment, potential.by_place, potential.drivers, potential.new_segments, potential.backtest,
)  # fmt: skip
EXPORTS = (
    "operations", "engagements", "territoires", "contrats", "heures", "beneficiaires", "accompagnements", "agregats",
    "sorties",
)  # fmt: skip


def protected(contracts: pd.DataFrame, world: Dataset = WORLD) -> dict[str, pd.DataFrame]:
    """The published tables of those contracts, without any export."""
    schemas = clean()
    exports = {name: conform(schemas[name], pd.DataFrame(columns=list(schemas[name].columns))) for name in EXPORTS}
    marches = conform(schemas["marches"], contracts.drop(columns="segment"))
    marches["segment"], marches["categorie"] = contracts.sort_values("uid")["segment"].to_numpy(), "COMMUNE"
    holders = conform(schemas["marches_titulaires"], pd.DataFrame(columns=list(schemas["marches_titulaires"].columns)))
    settings = load_params().segments
    sized = settings.potential.model_copy(update={"draws": 60, "single_draws": 60})
    settings = settings.model_copy(update={"potential": sized})
    belief = belief_from(marches, 40_000, settings.amounts)
    linked = build_links(numbered(exports), {}, marches, holders, dataset=world, settings=settings, belief=belief)
    deals = by_need(linked.contracts, needed(marches).lots.set_index("uid")["besoin"], belief)
    drawn = drawn_segments(linked.operations, deals, sized)
    nowhere = pd.DataFrame(columns=["annee", "segment", "avec_clause", "renseignes"])
    tables = linked.tables
    offered = supply(world, JOBSEEKERS, sized.radius_km, "4 % des habitants (hypothèse)")
    tables |= build_potential(linked, deals, drawn, nowhere, dataset=world, settings=settings, offered=offered)
    tables["dimensionnement"] = single_contracts(linked, deals, settings)
    out = {}
    out["segments_ailleurs"] = pd.DataFrame({"edition": [2025], "segment": "PROPRETE", "renseignes": [29]})
    for name, schema in (link_schemas.SCHEMAS | potential_schemas.SCHEMAS).items():
        frame = tables[name]
        if schema.metadata["controle"] == "heures":
            control = pd.Series("heures", index=frame.index)
            frame = emptied(frame, broken(frame, control), control, schema.metadata["values"])
        out[name] = conform(schema, frame)
    return out


def page(tables: dict[str, pd.DataFrame], territory: str = "32") -> SimpleNamespace:
    return SimpleNamespace(
        year=2025, territory=territory, territory_name="Hauts-de-France", dataset=WORLD, regional=territory == "32",
        department=None if territory == "32" else territory, read=tables.__getitem__, csv=lambda name: name,
    )  # fmt: skip


def contract(number: int, **changes: object) -> dict:
    return {
        "uid": f"M{number}", "id": "1", "acheteur_id": "21590350100017", "objet": "Nettoyage", "montant": 1e5,
        "montant_initial": 1e5, "annee": 2025, "annee_source": "notification", "dateNotification": "2025-03-01",
        "lieu_type": "commune", "epci_siren": "200093201", "departement": "59", "epci_methode": "commune",
        "statut_social": "aucune", "n_titulaires": 1, "n_modifications": 0, "format": "2022", "source_fichier": "f",
        "source_ligne": 1, "segment": "PROPRETE", **changes,
    }  # fmt: skip


def contracts(*rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows))
    return frame.assign(dateNotification=pd.to_datetime(frame["dateNotification"]))


def test_without_exports_or_social_field_the_page_says_what_is_missing() -> None:
    tables = protected(contracts(*(contract(n, statut_social="non_renseigne") for n in range(5))))
    said = {view.__name__: view(page(tables)).text() for view in VIEWS}
    assert "champ social n'est pas renseigné" in said["unfollowed"]
    assert "Sans champ social renseigné" in said["nobody"]
    assert "n'a pas pu être éprouvé" in said["backtest"]
    assert "Aucun marché de l'année ne dit clairement" in said["by_segment"]
    assert "ne reposent que sur des hypothèses" in said["by_segment"]
    assert "Marchés sans clause connue : 5" in said["headline"]
    assert "hypothèses seules" in said["headline"]
    assert f"{french(JOBSEEKERS.sum())} demandeurs d'emploi de plus d'un an (4 % des habitants" in said["by_segment"]


def test_declared_clauses_are_followed_by_nobody_without_operations() -> None:
    tables = protected(contracts(*(contract(n, statut_social="clause" if n < 3 else "aucune") for n in range(9))))
    lines = seen.unfollowed(page(tables)).text().splitlines()
    assert next(line for line in lines if line.startswith("Ensemble")).split()[1:4] == ["9", "3", "3"]
    said = potential.headline(page(tables)).text()
    assert said.startswith("Marchés sans clause connue : 6 (ni clause déclarée, ni opération suivie")
    assert "réparties sur toute la vie des marchés" in said  # full-time equivalents of the contracts' whole lives
    # One list is empty: no estimate.
    assert "concerne : 0 ; qui déclarent une clause : 3. Une liste vide" in seen.nobody(page(tables)).text()


def test_a_department_without_contracts_says_so() -> None:
    tables = protected(contracts(contract(1)))
    assert "n'a pas été calculé" in potential.headline(page(tables, "80")).text()
    assert "Aucun marché sans clause" in potential.by_place(page(tables, "80")).text()


def test_the_page_says_whether_other_regions_are_known_where_no_segment_is_behind() -> None:
    tables = protected(contracts(*(contract(n) for n in range(5))))
    assert "trop peu de marchés d'autres régions" in potential.new_segments(page(tables)).text()
    known = tables["segments_ailleurs"].assign(renseignes=30)
    told = potential.new_segments(page(tables | {"segments_ailleurs": known})).text()
    assert told.startswith("Aucun segment n'est en retard sur le reste du pays")


def test_hours_that_supply_and_people_bear_are_told_once_with_their_range() -> None:
    row = {"edition": 2025, "territoire": "32", "segment": "ensemble", "marches": 9, "etp": 1.0}
    hours = {"p10": 900_000.0, "p50": 1_240_000.0, "p90": 2_000_000.0}
    enough = pd.DataFrame([row | hours | {f"{name}_plafonne": value for name, value in hours.items()}])
    tables = {"potentiel": enough, "heures_par_euro": pd.DataFrame({"operations": [3]})}
    cards = potential.headline(page(tables)).cards
    assert len(cards) == 3 and "l'offre et les publics y suffiraient" in cards[1].note
    assert cards[1].note.startswith("de 0,9 à 2,0, huit fois sur dix") and cards[1].unit.startswith("million")
    for etp, printed in {0.495: "0,50 ETP", 12.4: "12 ETP"}.items():  # half a job is not none
        assert printed in potential.headline(page(tables | {"potentiel": enough.assign(etp=etp)})).text()
    capped = enough.assign(p50_plafonne=1_000_000.0)
    assert len(potential.headline(page(tables | {"potentiel": capped})).cards) == 4


def test_a_segment_leads_only_as_far_as_its_interval_says() -> None:
    drawn = pd.DataFrame({"lissee": [6.0, 5.0], "lissee_bas": [5.5, 4.0], "lissee_haut": [6.5, 5.4]})
    assert seen._leads(drawn) == " vient en tête"
    assert seen._leads(drawn.assign(lissee_bas=[5.0, 4.0])) == " vient en tête, d'autres peuvent en porter autant"
    assert seen._leads(drawn.iloc[:1]) == ", seul segment dont le chiffre est publié"
