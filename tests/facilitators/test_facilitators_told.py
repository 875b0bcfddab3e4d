"""What a department's page says of the whole region, and what posts beyond the need would change."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.core import reference
from analysis.facilitators.organisation.scenario import Scenario
from analysis.facilitators.views import inventory as views
from analysis.facilitators.views import needs, zones
from analysis.facilitators.views.common import of_region
from analysis.facilitators.views.organisation import (
    DONE,
    Organisation,
    _followed,
    _least,
    _left,
    assumed,
    frontier,
    sectors,
)

ASKED = Scenario(posts_added=1, post_etp=0.5, max_minutes=10, capacity_hours_per_etp=43_000)


def page(**tables: pd.DataFrame) -> SimpleNamespace:
    return SimpleNamespace(
        regional=True,
        read=tables.__getitem__,
        csv=str,
        dataset=SimpleNamespace(
            region="32", departements=["02", "59", "60", "62", "80"], region_nom="Hauts-de-France", synthetique=True
        ),
    )


def test_a_department_says_what_is_of_the_whole_region() -> None:
    assert of_region(SimpleNamespace(regional=True), "Ces postes suffisent.") == "Ces postes suffisent."
    told = of_region(SimpleNamespace(regional=False), "Ces postes suffisent.")
    assert told == "Dans toute la région, ces postes suffisent."


def inventory(*departments: tuple[str, int]) -> SimpleNamespace:
    """The page of the region, or of the Aisne, whose facilitators sit in `departments` (code, persons)."""
    day = pd.Timestamp(2025, 12, 31)
    rows = pd.DataFrame(departments, columns=["departement", "personnes"]).assign(
        jour=day, structures=1, etp=1.0, etp_arrondi=float("nan"), secret=""
    )
    known = page(
        departements=rows,
        porteurs=rows.assign(nature_porteuse=["PLIE", "MDE", "CD", "CR", "COMMUNE"][: len(rows)]),
        evolution=rows.groupby("jour", as_index=False)[["structures", "personnes", "etp", "etp_arrondi"]]
        .sum(min_count=1)
        .assign(sans_etp=0),
        couverture=pd.DataFrame({"jour": [day], "departement": "02", "sans_facilitateur": True}),
    )
    known.year, known.territory, known.territory_name = 2025, "02", "Aisne"
    return known


def test_the_most_and_the_least_are_told_where_they_are_known() -> None:
    def told(*departments: tuple[str, int]) -> str:
        return views.by_department(inventory(*departments)).alt

    assert told(("59", 9), ("02", 1), ("60", 2), ("62", 2), ("80", 1)) == (
        "Le plus de facilitateurs : Nord, 9 ; le moins : Aisne et Somme, 1 chacun."
    )
    # Where others have nobody, the fewest of those told are not the fewest.
    assert told(("59", 3), ("02", 1)).endswith("le moins : Aisne, 1, parmi les départements qui ont une structure.")
    assert "le moins : Aisne, 2, parmi" in told(("59", 3), ("02", 2), ("inconnu", 1))
    assert told(("59", 2), ("02", 2)) == "Aisne et Nord : 2 personnes chacun."
    assert told(("inconnu", 1)) == "Aucun département n'a de facilitateur dont le siège soit connu."
    assert views.by_host(inventory(("59", 1), ("02", 1))).alt.count("«") == 2, "as many persons each"


def test_a_department_without_a_structure_is_no_region_without_an_inventory() -> None:
    aisne = inventory(("59", 3))
    aisne.regional = False
    assert [card.value for card in views.headline(aisne).cards] == [0, 0, 0, 1]
    assert "n'a son siège ici" in views.by_department(aisne).text()
    nowhere = inventory()
    assert "Aucun inventaire" in views.headline(nowhere).text()


def test_the_first_posts_that_leave_nothing_are_told() -> None:
    rows = pd.DataFrame({"etp_ajoutes": [0.0, 40.0, 50.0, 60.0], "non_servi": [9e5, 4e5, 2e-11, 1e-11]})
    assert _least(rows)["etp_ajoutes"] == 50.0


def test_an_epci_that_nobody_reaches_has_no_lead_elsewhere() -> None:
    zones = pd.DataFrame({"epci_siren": list("ABC"), "nom": list("ABC"), "departement": "59"})
    rows = pd.DataFrame(
        {"epci_siren": list("ABC"), "pilote_siren": ["A", "A", None], "minutes": [1.0, 5.0, None], "surcharge": 0.0,
         "est_detachee": False, "ecart": 0.003}
    )  # fmt: skip
    shown = sectors(page(zones=zones), Organisation(ASKED, {"secteurs": rows}, is_published=False))
    assert shown.takeaway.endswith("dans une autre : 1 sur 3 ; sans pilote à portée : 1.")
    assert shown.frame.set_index("nom")["tenant"].isna().to_dict() == {"A": False, "B": False, "C": True}
    assert "1 poste de 0,5 ETP ajouté ;" in shown.scope
    assert "écart prouvé à l'optimum : 0,3" in shown.note


def test_the_frontier_does_not_say_that_no_post_is_added() -> None:
    names = [
        "etp_ajoutes",
        "non_servi",
        "non_servi_p10",
        "non_servi_p90",
        "part_non_servie",
        "epci_moins_servi",
        "gini",
    ]
    rows = pd.DataFrame([[0.0, 9.0, 8.0, 10.0, 0.5, 0.0, 0.1], [2.0, 5.0, 4.0, 6.0, 0.3, 0.2, 0.1]], columns=names)
    shown = frontier(page(organisation_frontiere=rows.assign(ecart=0.0, cout=1e5)))
    assert "poste" not in shown.table.scope


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [
        (0, 0, "Quelle que soit l'hypothèse, aucune intercommunalité n'est sous-servie."),
        (0, 1, "de 0 à 1 intercommunalité est sous-servie"),
        (3, 79, "de 3 à 79 intercommunalités sont sous-servies"),
    ],
)
def test_how_many_are_under_served_agrees_with_the_number(least: int, most: int, said: str) -> None:
    assert said in zones._range(least, most)


def test_a_time_that_is_not_published_is_no_start_of_an_evolution() -> None:
    rows = pd.DataFrame(
        {"jour": pd.to_datetime(["2018-12-31", "2019-12-31", "2025-12-31"]), "structures": 1, "personnes": 1,
         "etp": [None, 1.0, 3.0], "etp_arrondi": [None, None, 1.0], "sans_etp": 0, "secret": ["seule", "", ""]}
    )  # fmt: skip
    told = "De 2019 à 2025, le temps consacré à la clause passe de 1,0 à ≈\xa03 ETP."
    assert views.evolution(page(evolution=rows)).alt == told
    same = rows.assign(etp=[None, 8.0, 8.0], etp_arrondi=[None, 1.0, 1.0])
    assert views.evolution(page(evolution=same)).alt.endswith("le temps consacré à la clause reste à ≈\xa08 ETP.")
    assert "son évolution ne se dit pas" in views.evolution(page(evolution=rows[:2])).alt
    # Structures and persons are published all the same.
    first, *_ = views.evolution(page(evolution=rows)).table.rows
    assert [cell.text for cell in first] == ["2018", "1", "1", "s"]


def test_ratios_that_are_all_secret_are_a_sentence() -> None:
    rows = pd.DataFrame(
        {"nature_porteuse": ["PLIE", "ensemble"], "indicateur": "heures_par_etp", "structures": 1, "q1": None,
         "mediane": None, "q3": None, "part_plausible": None, "secret": "moins de 5 structures"}
    )  # fmt: skip
    assert "moins de 5 structures" in views.ratios(page(ratios=rows)).text()


def test_what_does_not_agree_is_told_in_a_sentence() -> None:
    rows = pd.DataFrame({"structure_id": "A", "epci_siren": ["1", "2"], "constat": ["lieu_inconnu", "hors_zone"]})
    rows = rows.assign(operations=25)
    places = pd.DataFrame({"epci_siren": ["1", "2"], "departement": "62", "nom": ["Lens", "Arras"]})
    shown = page(contradictions=rows, zones=places, reponses=pd.DataFrame({"structure_id": ["A"], "nom": ["Lens"]}))
    shown.territory_name, shown.latest = "Ici", 2025
    told = views.contradictions(shown).takeaway
    assert told[0].isupper() and "sans lieu connu : 1" in told


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([1, 1, 1], "non satisfaits : 3 sur 3."),
        ([2, 2, 1], "; le plus souvent : « {} » et « Conseil sur l'opportunité d'une clause »."),
        ([1, 3, 1], "; le plus souvent : « {} »."),
    ],
)
def test_needs_that_tie_are_the_most_frequent_together_and_none_where_all_do(counts: list[int], said: str) -> None:
    labels = reference.labels("besoins")
    rows = pd.DataFrame({"type": list(labels)[:3], "besoins": counts, "reponse": "REFUSE", "delai_median": None})
    rows = rows.assign(edition=2025, territoire="02")
    shown = page(besoins=rows)
    shown.year, shown.territory, shown.territory_name = 2025, "02", "Aisne"
    assert needs.by_kind(shown).alt.endswith(said.format(list(labels.values())[1]))


@pytest.mark.parametrize(
    ("counts", "said"),
    [([1, 1], None), ([2, 1], "Le plus souvent : « A » (2 besoins)."),
     ([2, 2, 1], "Le plus souvent : « A » et « B » (2 besoins chacun).")],
)  # fmt: skip
def test_remedies_that_tie_are_named_together(counts: list[int], said: str | None) -> None:
    rows = pd.DataFrame({"remede": list("ABC")[: len(counts)], "besoins": counts, "classe": "stricte", "motif": ""})
    shown = page(besoins_remedes=rows.assign(edition=2025, territoire="02"))
    shown.year, shown.latest, shown.territory, shown.territory_name = 2025, 2025, "02", "Aisne"
    assert needs.remedies(shown).takeaway == said


@pytest.mark.parametrize(
    ("posts", "before", "after", "said"),
    [
        (0, 5.0, 5.0, "Le besoin suivi resterait de 5 heures par an, sur 9 à suivre."),
        (2, 5.0, 8.0, "Ces postes feraient passer le besoin suivi de 5 à 8 heures par an, sur 9 à suivre."),
        (0, 5.0, 8.0, "Le temps redistribué ferait passer le besoin suivi de 5 à 8 heures par an, sur 9 à suivre."),
    ],
)
def test_posts_that_change_nothing_are_not_said_to(posts: int, before: float, after: float, said: str) -> None:
    assert _followed(posts, before, after, 9.0) == said


@pytest.mark.parametrize(
    ("today", "posts", "left", "said"),
    [
        (0.2, 0.0, 0.2, "Aujourd'hui, tout le besoin médian serait suivi."),
        (
            9.0,
            0.0,
            9.0,
            "9 heures par an ne seraient suivies par personne ; du temps ajouté n'en laisserait, en médiane",
        ),
        (1.0, 2.0, 0.1, "1 heure par an ne serait suivie par personne ; 2,0 ETP de plus n'en laisseraient"),
        (9.0, 2.0, 4.0, "9 heures par an ne seraient suivies par personne ; 2,0 ETP de plus n'en laisseraient, en méd"),
    ],
)
def test_time_added_to_what_is_all_followed_leaves_nothing_less(
    today: float, posts: float, left: float, said: str
) -> None:
    first, last = (pd.Series({"etp_ajoutes": etp, "non_servi": hours}) for etp, hours in ((0.0, today), (posts, left)))
    assert said in _left(first, last)


def scenario_page(median: float | None, done: float | None) -> SimpleNamespace:
    tables = {"ratios": pd.DataFrame({"mediane": [median]}), DONE: pd.DataFrame({"valeur": [done]})}
    made = page()
    made.read, made.year = lambda name, **where: tables[name], 2025
    return made


@pytest.mark.parametrize(
    ("median", "done", "said", "cards"),
    [
        (63_000.0, 2_400_000.0, "hypothèse basse : moins que la médiane observée et le modèle place moins", 4),
        (40_000.0, 2_400_000.0, "hypothèse basse : le modèle place moins d'heures", 4),
        (40_000.0, 1_000_000.0, "lire les écarts entre les plans, non leurs niveaux", 4),
        (None, None, "lire les écarts entre les plans", 2),
    ],
)
def test_the_assumption_of_a_scenario_stands_beside_what_is_seen_and_done(
    median: float | None, done: float | None, said: str, cards: int
) -> None:
    rows = pd.DataFrame({"epci_siren": ["ensemble"], "suivi_avant": [2_000_000.0]})
    strip = assumed(scenario_page(median, done), Organisation(ASKED, {"postes": rows}, is_published=True))
    assert strip.cards[0].value == 43_000 and strip.cards[0].note.startswith(said) and len(strip.cards) == cards


def test_contracts_of_the_state_say_that_those_under_a_framework_are_left_out() -> None:
    rows = pd.DataFrame(
        {
            "edition": [2025],
            "territoire": "32",
            "declarent": 152,
            "sans_operation": 100,
            "montant_sans_operation": 1e6,
            "montants_invraisemblables": 0,
        }
    )
    shown = page(etat_sans_facilitateur=rows)
    shown.territory, shown.territory_name = "32", "Hauts-de-France"
    assert "hors marchés subséquents" in needs.unfollowed(shown).scope
