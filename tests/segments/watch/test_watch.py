"""The whole part on a small world whose truth is known: what the back-test and the calendar recover."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.dataset import load_dataset
from analysis.core.files import write_table
from analysis.core.params import load_params
from analysis.core.paths import protected_dir
from analysis.publishing.page import Page
from analysis.scaffold import new_dataset
from analysis.schemas.build import conform
from analysis.schemas.watch import SCHEMAS
from analysis.segments.amounts import belief_from
from analysis.segments.views import watch as views
from analysis.segments.watch.needs import needed
from analysis.segments.watch.tables import around, build_watch
from analysis.sources import publics
from analysis.sources.projects import load_projects
from segments.bought import contract

PARAMS = load_params().segments.watch.model_copy(update={"least_past_ends": 30, "top": 20, "rows_shown": 5})
AMOUNTS, FLOOR = load_params().segments.amounts, 40_000.0
NO_CHANGES = pd.DataFrame({name: [] for name in ("uid", "ordre", "date", "datePublicationDonnees", "dureeMois")})
SYLLABLES = ["ba", "co", "du", "fi", "ga", "le", "mo", "nu", "pi", "ra", "so", "tu"]
VIEWS = (views.message, views.quarters, views.segments, views.places, views.next_needs, views.trades,
         views.calibration, views.backtest, views.coverage)  # fmt: skip


def small_world(always: int = 60, never: int = 60) -> pd.DataFrame:
    """Cleaning is tendered every year, the month after its end; works never again. One word names each need."""
    rng = np.random.default_rng(5)
    words = ["".join(SYLLABLES[(n // 12**k) % 12] for k in range(3)) * 2 for n in range(always + never)]
    rows = []
    for n, word in enumerate(words):
        works = n >= always
        start = pd.Timestamp("2018-01-01") + pd.Timedelta(days=int(rng.integers(0, 360)))
        for year in range(1 if works else 8):
            day = start + pd.Timedelta(days=395 * year + (300 * (n % 7) if works else 0))
            if day > pd.Timestamp("2025-12-31"):
                break
            rows.append(
                contract(
                    f"u{n:03d}-{year}", objet=f"Prestation {word}", dateNotification=day.date().isoformat(),
                    segment="TP_RESEAUX" if works else "PROPRETE", codeCPV="45230000" if works else "90910000",
                )
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def built(project: Path) -> dict[str, pd.DataFrame]:
    new_dataset("essai", "32", 2025)
    return result(small_world())


NOTHING_GIVEN = pd.DataFrame(columns=publics.COLUMNS).astype({"personnes": "float64"})
PEOPLE = publics.by_epci(NOTHING_GIVEN)


def result(contracts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    described = load_dataset("essai").model_copy(update={"date_observation": dt.date(2025, 12, 31)})
    projects, _ = load_projects(Path("absent.csv"))
    belief = belief_from(contracts, FLOOR, AMOUNTS)
    tables = build_watch(
        needed(contracts), NO_CHANGES, projects.assign(segment="AUTRE"), described, PARAMS, belief=belief, people=PEOPLE
    )
    assert set(tables) == set(SCHEMAS)
    return {name: conform(SCHEMAS[name], table) for name, table in tables.items()}


def shown(tables: dict[str, pd.DataFrame], territory: str = "32") -> dict[str, str]:
    for name, table in tables.items():
        write_table(table, protected_dir("essai") / "segments" / f"{name}.parquet")
    offered = pd.DataFrame({"territoire": ["32"], "segment": "ensemble", "deld_source": "4 % des habitants"})
    write_table(offered, protected_dir("essai") / "segments" / "offre.parquet")
    page = Page("segments", "essai", 2025, territory)
    contents = {view.__name__: view(page) for view in VIEWS}
    assert all(content._repr_html_() for content in contents.values())
    return {name: content.text() for name, content in contents.items()}


def test_what_always_comes_back_is_told_from_what_never_does(built: dict[str, pd.DataFrame]) -> None:
    whole = built["veille_epreuve"].set_index("annee").loc[0]
    assert whole["brier"] < min(whole["brier_base"], whole["brier_fin"]) / 2
    # One month late as a rule: the end date is a month off, the model is not.
    assert whole["erreur_mediane_fin"] == pytest.approx(1.0, abs=0.1) and whole["erreur_mediane"] < 0.6
    needs = built["veille_besoins"]
    assert needs[needs["segment"] == "PROPRETE"]["probabilite"].min() > 0.6
    assert needs[needs["segment"] == "TP_RESEAUX"]["probabilite"].lt(0.4).all()
    coming = built["veille_calendrier"].query("territoire_type == 'region' and segment == 'PROPRETE'")
    assert coming["attendus"].sum() == pytest.approx(60, rel=0.12)


def test_the_page_says_it_in_french(built: dict[str, pd.DataFrame]) -> None:
    said = shown(built)
    assert "plus probables sont dans un calendrier auquel s'abonner : [veille_32.ics]" in said["message"]
    few = built["veille_besoins"].assign(p_horizon=0.4)
    assert "aucun pour l'instant. Une clause" in shown(built | {"veille_besoins": few})["message"]
    said = shown(built)
    assert "Propreté et nettoyage" in said["segments"]
    assert "K2204" in said["trades"] and "Brier" in said["backtest"]
    assert "Aucun besoin" in shown(built, "02")["quarters"]


def test_the_page_says_of_which_needs_the_hours_are(built: dict[str, pd.DataFrame]) -> None:
    hours = {"heures_p10": 1.0, "heures_p50": 2.0, "heures_p90": 3.0}
    sized = {name: built[name].assign(**hours) for name in ("veille_trimestres", "veille_besoins")}
    bare, said = shown(built), shown(built | sized)
    assert "Heures : des besoins qui se prêtent à une clause." in said["quarters"]
    assert "Heures : s'il porte une clause." in said["next_needs"]
    assert "clause" not in bare["quarters"] + bare["next_needs"]


def test_the_trades_of_a_small_place_are_those_of_the_quarters_that_have_some(built: dict[str, pd.DataFrame]) -> None:
    cells = [("2026-T1", "AUTRES", "Autres", 0.03, 0.0), ("2026-T2", "A1203", "Espaces verts", 0.4, 0.0),
             ("2026-T3", "A1203", "Espaces verts", 0.3, 20.0)]  # fmt: skip
    few = pd.DataFrame(cells, columns=["trimestre", "rome", "libelle", "besoins_attendus", "heures"]).assign(
        territoire_type="region", territoire="32", heures_basses=0.0, heures_hautes=100.0
    )
    name = "veille_metiers"
    said = shown(built | {name: conform(SCHEMAS[name], few)})["trades"].replace("\xa0", " ")
    assert "au 3e trimestre 2026" in said and "avec 20 heures" in said and "2026-T1" not in said
    said = shown(built | {name: conform(SCHEMAS[name], few.assign(heures=0.0))})["trades"].replace("\xa0", " ")
    assert "au 2e trimestre 2026" in said and "avec 0,4 besoin attendu" in said


def test_too_little_past_says_what_is_missing_rather_than_nothing_to_come(project: Path) -> None:
    new_dataset("essai", "32", 2025)
    tables = result(small_world(3, 3))
    assert tables["veille_besoins"].empty and tables["veille_epreuve"].empty
    assert "Aucun renouvellement n'est donc prévu" in shown(tables)["message"]


def test_each_epci_says_what_it_has_to_answer_with() -> None:
    given = pd.DataFrame({"epci_siren": ["200093201"], "public": ["RSA"], "personnes": [41_000.0]})
    table = around(publics.by_epci(given)).set_index("epci_siren")
    assert len(table) == 92 and table["qpv"].sum() == 204
    lille = table.loc["200093201"]
    assert lille["siae"] == lille[["siae_aci", "siae_ai", "siae_ei", "siae_etti", "siae_geiq"]].sum() > 50
    # Of an EPCI that another region shares, what is counted beside them: inhabitants of the communes here.
    here = reference.communes().groupby("epci_siren")["population"].sum()
    assert table.loc["200069722", "habitants"] == here["200069722"] and (table["habitants"] == here[table.index]).all()
    assert lille["rsa"] == 41_000 and table["rsa"].notna().sum() == 1
    assert lille["deld"] == PEOPLE.loc["200093201", "deld"] > 40_000


def test_the_page_says_whose_publics_are_assumed_and_which_are_not_known(project: Path) -> None:
    new_dataset("essai", "32", 2025)
    shown(result(small_world()))
    said = views.answering(Page("segments", "essai", 2025, "32")).text()
    assert "emploi de plus d'un an : 4 % des habitants. Les allocataires du RSA ne sont pas connus." in said


def test_hours_are_those_of_the_amount_that_the_buyer_announces(project: Path) -> None:
    new_dataset("essai", "32", 2025)
    bought = needed(small_world())
    last = bought.needs[bought.needs["segment"] == "PROPRETE"].sort_values("notification").iloc[-1]
    announced = pd.DataFrame(
        {"projet_id": ["P1"], "acheteur_siren": [last["acheteur_siren"]], "acheteur_nom": ["Lille"],
         "objet": [last["objet"]], "codeCPV": ["90910000"], "montant": [90_000.0],
         "date_prevue": [pd.Timestamp("2026-08-01")], "departement": ["59"], "epci_siren": [None], "mois": [12.0],
         "segment": ["PROPRETE"], "uid": ["projet:P1"]}
    )  # fmt: skip
    described = load_dataset("essai").model_copy(update={"date_observation": dt.date(2025, 12, 31)})

    def one_per_euro(asked: pd.DataFrame) -> pd.DataFrame:
        return asked[["uid"]].assign(**dict.fromkeys(["heures_p10", "heures_p50", "heures_p90"], asked["montant"]))

    known = {"belief": belief_from(bought.lots, FLOOR, AMOUNTS), "people": PEOPLE, "hours": one_per_euro}
    tables = build_watch(bought, NO_CHANGES, announced, described, PARAMS, **known)
    both = tables["veille_besoins"].set_index("projet_id").loc["P1"]
    assert (both["origine"], both["montant"], both["heures_p50"]) == ("les_deux", 90_000.0, 90_000.0)


def test_the_amount_that_a_buyer_announces_sizes_its_purchase_however_small(project: Path) -> None:
    new_dataset("essai", "32", 2025)
    described = load_dataset("essai").model_copy(update={"date_observation": dt.date(2025, 12, 31)})
    announced = pd.DataFrame(
        {"projet_id": ["P1"], "acheteur_siren": ["200093201"], "acheteur_nom": "MEL", "objet": "Formation des agents",
         "montant": [35_000.0], "date_prevue": pd.to_datetime(["2026-03-01"]), "departement": "59",
         "epci_siren": "200093201", "mois": [12.0], "segment": "FORMATION", "codeCPV": None}
    )  # fmt: skip
    asked: list[pd.DataFrame] = []

    def hours(needs: pd.DataFrame) -> pd.DataFrame:
        asked.append(needs)
        return needs[["uid"]].assign(heures_p10=1.0, heures_p50=2.0, heures_p90=3.0)

    contracts = small_world()
    build_watch(
        needed(contracts), NO_CHANGES, announced, described, PARAMS, belief=belief_from(contracts, FLOOR, AMOUNTS),
        people=PEOPLE, hours=hours,
    )  # fmt: skip
    assert asked[0].set_index("uid").loc["projet:P1", "montant"] == 35_000.0
