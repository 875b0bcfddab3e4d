"""What a department's page says of the whole region, and what posts beyond the need would change."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.numbers import NARROW_SPACE
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
    _overloaded,
    assumed,
    frontier,
    obstacles,
    sectors,
)

ASKED = Scenario(posts_added=1, post_etp=0.5, max_minutes=10, capacity_hours_per_etp=43_000)


def page(**tables: pd.DataFrame) -> SimpleNamespace:
    return SimpleNamespace(
        regional=True,
        read=tables.__getitem__,
        csv=str,
        dataset=SimpleNamespace(
            region="32", departements=["02", "59", "60", "62", "80"], territory_name="Hauts-de-France", synthetique=True
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


def test_the_least_time_that_leaves_nothing_is_told_with_its_range_whatever_the_grid() -> None:
    rows = pd.DataFrame({"heures_par_etp": [63e3, 28e3, 43e3], "etp_ajoutes": [13.5, 89.0, 41.5]})
    assert _least(rows, 43e3) == (
        "Pour n'en laisser aucune là où un site est à portée, il faudrait 41,5 ETP de plus, de 13,5 si un ETP suit "
        f"63{NARROW_SPACE}000 heures par an à 89,0 s'il en suit 28{NARROW_SPACE}000."
    )
    assert _least(rows[2:], 43e3).endswith("41,5 ETP de plus.")


def test_a_lead_site_that_is_asked_too_much_is_not_said_to_have_the_time() -> None:
    rows = pd.DataFrame({"pilote_siren": ["A", "A", "B", None], "surcharge": [9.0, 9.0, 0.0, 0.0]})
    assert _overloaded(rows).endswith("plus que leur temps : 1 sur 2.")
    told = {"postes": rows, "obstacles": pd.DataFrame({"obstacle": ["x"]}), "secteurs": rows}
    note = obstacles(page(), Organisation(ASKED, told, is_published=False)).note
    assert "en a le temps" not in note and "1 sur 2" in note


def test_an_epci_that_nobody_reaches_has_no_lead_elsewhere() -> None:
    zones = pd.DataFrame({"epci_siren": list("ABC"), "nom": list("ABC"), "departement": "59"})
    rows = pd.DataFrame(
        {"epci_siren": list("ABC"), "pilote_siren": ["A", "A", None], "minutes": [1.0, 5.0, None], "surcharge": 0.0,
         "charge": 9.0, "capacite": 9.0, "est_detachee": False, "ecart": 0.003}
    )  # fmt: skip
    sites = pd.DataFrame({"epci_siren": ["A"], "noms": ["Un PLIE ; Une MDE"]})
    shown = sectors(page(zones=zones, sites=sites), Organisation(ASKED, {"secteurs": rows}, is_published=False))
    assert shown.takeaway.endswith("dans une autre : 1 sur 3 ; sans pilote à portée : 1.")
    assert shown.frame.set_index("nom")["tenant"].isna().to_dict() == {"A": False, "B": False, "C": True}
    assert shown.frame.set_index("nom")["structures"].to_dict() == {
        "A": "Un PLIE ; Une MDE",
        "B": "Un PLIE ; Une MDE",
        "C": "",
    }
    assert "d'un seul tenant d'abord, puis la moindre surcharge" in shown.note
    assert "1 poste de 0,5 ETP ajouté ;" in shown.scope
    assert "Écart prouvé à l'optimum : 0,3" in shown.note


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
    rows = pd.DataFrame(
        [[0.0, 12.0, 11.0, 13.0, 0.6, 0.0, 0.2], [0.0, 9.0, 8.0, 10.0, 0.5, 0.0, 0.1],
         [2.0, 5.0, 4.0, 6.0, 0.3, 0.2, 0.1]], columns=names
    )  # fmt: skip
    rows = rows.assign(ecart=0.0, cout=1e5, epci_sans_suivi=[3, 0, 0], est_declaree=[True, False, False])
    least = pd.DataFrame({"heures_par_etp": [43e3], "etp_ajoutes": [3.5]})
    shown = frontier(page(organisation_frontiere=rows, organisation_seuil=least))
    assert "poste" not in shown.table.scope
    assert shown.alt.startswith("Aujourd'hui, 12 heures"), "as declared, not as it could best be given"
    assert "tout le besoin de 3 intercommunalités ; 9 si le temps d'aujourd'hui était réaffecté" in shown.alt
    assert shown.table.frame["temps"].tolist() == ["tel que déclaré", "réaffecté au mieux", "réaffecté au mieux"]
    assert f"50{NARROW_SPACE}000 € par ETP" in shown.table.note


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


def test_what_an_etp_follows_is_said_to_be_of_all_mechanisms_and_who_is_outside_of_the_band() -> None:
    rows = pd.DataFrame(
        {"nature_porteuse": ["ensemble"], "indicateur": "heures_par_etp", "structures": 36, "q1": 1.0, "mediane": 63e3,
         "q3": 9.0, "part_plausible": 0.3611, "au_dessous": 4, "au_dessus": 19, "secret": ""}
    )  # fmt: skip
    shown = page(ratios=rows)
    shown.latest = 2025
    told = views.ratios(shown)
    assert "tous mécanismes réunis, en médiane de 36 structures" in told.takeaway
    assert told.takeaway.endswith("4 au-dessous, 19 au-dessus.") and "tous mécanismes" in told.scope


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
    buyers = pd.DataFrame({"edition": [2025], "territoire": "02", "acheteurs": 1, "connus": pd.NA})
    shown = page(besoins=rows, besoins_acheteurs=buyers)
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
        (0, 4.0, 4.0, " ; autant dans le scénario."),
        (0, 5.0, 5.0, " ; 5 avec le temps réaffecté au mieux."),
        (2, 5.0, 8.0, " ; 5 avec le temps réaffecté au mieux, 8 avec des postes en plus."),
        (0, 5.0, 8.0, " ; 5 avec le temps réaffecté au mieux, 8 avec les sièges déplacés."),
    ],
)
def test_what_is_followed_today_is_told_first_and_posts_that_change_nothing_are_not(
    posts: int, before: float, after: float, said: str
) -> None:
    assert _followed(posts, 4.0, before, after, 9.0) == f"4 heures par an suivies aujourd'hui, sur 9 à suivre{said}"


def test_time_that_suffices_once_placed_anew_is_told() -> None:
    today = pd.Series({"non_servi": 9.0, "epci_sans_suivi": 0})
    assert _left(today, pd.Series({"non_servi": 0.2})).endswith("suivrait tout le besoin médian.")
    assert _left(today, pd.Series({"non_servi": 4.0})) == (
        "Aujourd'hui, 9 heures du besoin médian de chaque intercommunalité sans suivi ; 4 si le temps d'aujourd'hui "
        "était réaffecté au mieux."
    )


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


def of_the_state(**changes: object) -> SimpleNamespace:
    rows = pd.DataFrame(
        {"edition": [2025], "territoire": "32", "declarent": 152, "sans_operation": 100, "reserves_sans_operation": 1,
         "montant_sans_operation": 4e6, "montant_reserves_sans_operation": 1e6, "montant_le_plus_grand": 3e6,
         "montants_invraisemblables": 0}
    )  # fmt: skip
    shown = page(etat_sans_facilitateur=rows.assign(**changes))
    shown.territory, shown.territory_name = "32", "Hauts-de-France"
    return shown


def test_contracts_of_the_state_say_that_those_under_a_framework_are_left_out() -> None:
    assert "hors marchés subséquents" in needs.unfollowed(of_the_state()).scope


def test_reserved_contracts_and_the_largest_are_told_apart() -> None:
    told = needs.unfollowed(of_the_state()).takeaway
    assert told.endswith(": 100 sur 152, dont 1 réservé ; le plus gros fait 75 % du montant.".replace(" %", "\xa0%"))
    assert needs.unfollowed(of_the_state(montant_sans_operation=0.0)).takeaway.endswith("dont 1 réservé.")


def test_needs_say_who_said_them_and_of_how_many() -> None:
    answers = pd.DataFrame(
        {"edition": 2025, "territoire": ["32", "59"], "type": "CONSEIL", "reponse": "REFUSE", "besoins": 2,
         "delai_median": None}
    )  # fmt: skip
    buyers = pd.DataFrame({"edition": 2025, "territoire": ["32", "59"], "acheteurs": [19, 1], "connus": [64, pd.NA]})
    shown = page(besoins=answers, besoins_acheteurs=buyers)
    shown.territory, shown.territory_name, shown.year = "32", "Hauts-de-France", 2025
    note = needs.by_kind(shown).table.note
    assert note.startswith("Exprimés par 19 acheteurs de l'État ; 64 ont notifié un marché dans la région en 2025.")
    shown.territory = "59"
    assert needs.by_kind(shown).table.note.startswith("Exprimés par 1 acheteur de l'État. L'enquête ne dit pas")
