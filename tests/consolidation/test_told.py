"""What the sections over years say, in words that follow the numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.consolidation.views import (
    audiences,
    audiences_over_years,
    breakdown,
    by_epci,
    diversity,
    evolution,
    growth,
    message,
    outcomes,
    outcomes_by_definition,
    per_inhabitant,
    profiles,
    representation,
    silent,
    trajectories,
    volumes,
    ways_in,
    women_and_men,
    women_by_axis,
    women_gap,
)
from analysis.consolidation.views.common import of_all_hours, with_shares
from analysis.consolidation.views.evolution import since_last
from analysis.consolidation.views.reconciliation import _too_many
from analysis.consolidation.views.volumes import brief
from analysis.consolidation.views.ways_in import of_hours
from analysis.core import reference
from analysis.publishing.content import DataTable, Figure
from analysis.publishing.page import rows_where
from consolidation.world import dataset

EDITIONS = pd.DataFrame(
    {
        "edition": [2015, 2016, 2017],
        "territoire": ["31", "32", "32"],
        "territoire_nom": ["Nord-Pas-de-Calais", "Hauts-de-France", "Hauts-de-France"],
        "base_legale": "art. 38",
        "structures": [23, 36, 40],
    }
)


def page(year: int, *, regional: bool = True, **tables: pd.DataFrame) -> SimpleNamespace:
    name = "Hauts-de-France" if regional else "Aisne"
    return SimpleNamespace(
        year=year, regional=regional, territory="32" if regional else "02", territory_name=name, scope="essai",
        dataset=dataset(2015, 2016, 2017), csv=lambda table: table,
        read=lambda table, **_: {"editions": EDITIONS, **tables}[table],
    )  # fmt: skip


def hours(*rows: tuple[int, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["edition", "territoire", "valeur"])
    return table.assign(indicateur="heures_realisees", modalite="ensemble", secret="", valeur_arrondi=float("nan"))


def plain(content: object) -> str:
    return content.text().replace("\u202f", " ").replace("\u00a0", " ")


REGION = hours((2015, "31", 900.0), (2016, "32", 1000.0), (2017, "32", 1200.0))


def of_year(rows: pd.DataFrame) -> SimpleNamespace:
    """A page of 2017 that has these indicators, and no year before."""
    here = page(
        2017,
        indicateurs=rows,
        evolution=pd.DataFrame(columns=["territoire", "edition", "croissance", "croissance_panel"]),
    )
    here.place = "32"
    return here


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        (46.0, "l'équivalent de 46 emplois à temps plein sur un an (1 607 heures chacun)"),
        (1.2, "l'équivalent de 1 emploi à temps plein"),
    ],
)
def test_one_job_is_said_in_the_singular(jobs: float, words: str) -> None:
    rows = pd.DataFrame({"indicateur": ["heures_realisees", "etp_1607"], "valeur": [1607 * jobs, jobs]})
    rows = rows.assign(modalite="ensemble", secret="", valeur_min=np.nan, valeur_max=np.nan, valeur_arrondi=np.nan)
    assert words in brief(of_year(rows)).replace("\u202f", " ").replace("\u00a0", " ")
    none = rows.assign(valeur=[0.6, 0.4])
    assert brief(of_year(none)) == "En 2017, les clauses sociales ont donné 1 heure de travail."


def test_an_edition_knows_no_later_one() -> None:
    text = plain(evolution(page(2016, indicateurs=REGION)))
    assert "1 200" not in text and "2017" not in text
    assert "En 2016 (Hauts-de-France), 1 000 heures, avec 36 structures répondantes" in text
    assert "aucune édition antérieure du même périmètre" in text


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (1200.0, "augmentent, de 1 000 à"),
        (900.0, "baissent, de 1 000 à"),
        (1000.2, "restent à 1 000 heures"),
        (1000.0, "restent à 1 000 heures"),
    ],
)
def test_hours_rise_fall_or_stay_as_printed(last: float, words: str) -> None:
    rows = hours((2016, "32", 1000.0), (2017, "32", last))
    assert f"les heures {words}" in plain(evolution(page(2017, indicateurs=rows)))


def test_a_place_without_hours_says_of_each_section_what_it_lacks() -> None:
    cells = hours()[:0].assign(valeur_min=0.0, valeur_max=0.0)
    cut = pd.DataFrame(columns=["edition", "territoire", "axe", "modalite"])
    here = page(2017, regional=False, indicateurs=cells, ventilation=cut)
    here.place = "02"
    axes = ("employeur", "contrat", "acheteur", "segment", "mecanisme", "texte")
    told = [view(here).text() for view in (message, volumes, audiences, women_and_men, ways_in)]
    told += [breakdown(here, axis).text() for axis in axes]
    assert len(set(told)) == len(told) and all("2017" in one for one in told)
    assert "Type de contrat de travail : aucune heure de 2017 n'est rangée ainsi dans ce territoire." in told


def test_a_rise_over_the_years_does_not_hide_a_fall_in_the_last() -> None:
    three = hours((2015, "32", 100.0), (2016, "32", 300.0), (2017, "32", 200.0))
    one_region = EDITIONS.assign(territoire="32", territoire_nom="Hauts-de-France")
    text = plain(evolution(page(2017, indicateurs=three, editions=one_region)))
    assert "les heures augmentent, de 100 à 200 heures (mais baissent depuis 2016, où elles étaient de 300)," in text
    steady = three.assign(valeur=[100.0, 200.0, 300.0])
    assert "mais" not in plain(evolution(page(2017, indicateurs=steady, editions=one_region)))


def test_hours_that_are_rounded_to_the_same_stay() -> None:
    rows = hours((2016, "32", 1000.0), (2017, "32", 1000.0)).assign(valeur_arrondi=500.0)
    assert "les heures restent à ≈ 1 000 heures" in plain(evolution(page(2017, indicateurs=rows)))


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.162, "passe de 16,0 % à 16,2 %. Par segment de marché, cet écart tient pour 0,5 point à ce qui est acheté"),
        (0.1601, "reste à 16,0 %. Par segment de marché, l'effet de ce qui est acheté est de 0,5 point, celui de qui"),
    ],
)
def test_a_share_of_women_passes_to_another_only_where_it_is_printed_as_another(share: float, words: str) -> None:
    row = {"edition": 2017, "axe": "segment", "edition_depart": 2016, "part_depart": 0.16, "part": share, "secret": "",
           "effet_structure": 0.005, "effet_embauche": share - 0.165}  # fmt: skip
    here = page(2017, femmes_ecart=pd.DataFrame([row | {"ecart": share - 0.16}]))
    assert words in plain(women_gap(here))


def test_the_structures_of_the_region_are_not_those_of_a_department() -> None:
    rows = hours((2016, "02", 100.0), (2017, "02", 120.0))
    text = plain(evolution(page(2017, regional=False, indicateurs=rows)))
    assert "avec 36 puis 40 structures répondantes (toute la région)." in text
    assert "Champ : Aisne" in text


@pytest.mark.parametrize(("secret", "said"), [("", "\nMétropole"), ("s", "dont le chiffre est publié, Métropole")])
def test_no_place_comes_first_of_those_that_are_hidden(secret: str, said: str) -> None:
    rows = hours((2017, "200093201", 300.0), (2017, "248000531", float("nan") if secret else 200.0))
    rows = rows.assign(secret=["", secret], valeur_min=float("nan"), valeur_max=float("nan"))
    nothing = pd.DataFrame(columns=["edition", "territoire", "origine"])
    here = page(2017, indicateurs=rows, provenance=nothing)
    here.department, here.departments, here.place, here.edition = None, None, "32", here.dataset.edition(2017)
    tables = {"indicateurs": rows, "provenance": here.read("provenance")}
    here.read = lambda table, **where: rows_where(tables[table], where)
    assert said in plain(by_epci(here))


def test_a_department_does_not_say_that_no_edition_compares() -> None:
    assert "la page de la région" in plain(women_gap(page(2017, regional=False)))


def test_what_is_hidden_is_not_said_to_be_unknown() -> None:
    hidden = pd.DataFrame({"edition": [2017], "territoire": ["32"], "secret": ["moins de 3 entreprises"]})
    values = dict.fromkeys(["croissance", "croissance_panel", "part"], float("nan"))
    here = page(2017, evolution=hidden.assign(**values), femmes_ecart=hidden.assign(**values))
    assert "relève du secret statistique" in plain(growth(here))
    assert "relève du secret statistique" in plain(women_gap(here))
    without = hidden.iloc[:0].assign(**values)
    here = page(2017, evolution=without, femmes_ecart=without)
    assert "Aucune édition comparable" in plain(growth(here))
    assert "Aucune édition de départ comparable" in plain(women_gap(here))


@pytest.mark.parametrize(
    ("back", "lasting", "silent", "said"),
    [
        (30, 20, 20, "30 personnes reviennent en clause, 75 % de celles dont ce passage est fini depuis six mois"),
        (
            30,
            20,
            20,
            "20 personnes sont en emploi durable six mois après leur dernier passage, 50 % de celles dont la ",
        ),
        (30, 20, 20, "situation est connue (entre 33 et 67 % selon ce que sont devenues les 20 autres)"),
        (30, 20, 0, "50 % de celles dont la situation est connue ; ce passage finit 9,0 mois après"),
        (30, None, 20, "Après un premier passage, 30 personnes"),
        (30, 20, None, "Après un premier passage, 30 personnes"),
        (None, None, 20, "relèvent du secret statistique"),
    ],
)
def test_where_people_end_is_told_of_those_who_have_ended(
    back: float | None, lasting: float | None, silent: float | None, said: str
) -> None:
    rows = pd.DataFrame(
        {"rang": [1, 1, 1, 0, 0, 0, 0], "personnes": [back, 10, 100, lasting, 20, silent, 100],
         "issue": ["retour", "inconnue", "en_cours", "durable", "aucune", "inconnue", "en_cours"]}
    ).assign(
        part=0.1, delai_median_m=8.0, depuis_median_m=9.0, sejours=40.0, contrats_moyens=1.0, employeurs_moyens=1.0,
        secret="",
    )  # fmt: skip
    here = page(2017, parcours=rows)
    here.latest = 2017
    alt = trajectories(here).alt.replace("\u00a0", " ")
    assert said in alt and "n.d." not in alt
    assert ("sont en emploi durable" in alt) == (lasting is not None and silent is not None), alt


def bracket(expected: int, missing: int, never: int) -> pd.DataFrame:
    row = {"edition": 2017, "heures": 100.0, "attendues": expected, "muettes": missing, "central": 110.0, "haut": 120.0}
    return pd.DataFrame([row]).assign(secret="", muettes_sans_historique=never)


@pytest.mark.parametrize(
    ("expected", "missing", "never", "said"),
    [
        (40, 1, 0, "1 des 40 structures en place n'a déclaré aucune heure"),
        (40, 1, 0, "si elle avait suivi sa dernière déclaration, de 120"),
        (40, 2, 1, "si elles avaient suivi leur dernière déclaration, de 120"),
        (40, 1, 1, "si elle avait fait la médiane des autres, de 120"),
        (40, 2, 2, "si elles avaient fait la médiane des autres, de 120"),
        (40, 2, 0, "2 des 40 structures en place n'ont déclaré aucune heure"),
        (1, 1, 0, "En 2017, la seule structure en place n'a déclaré aucune heure"),
        (40, 0, 0, "Toutes les structures en place ont déclaré des heures."),
        (0, 0, 0, "L'inventaire ne dit pas quelles structures étaient en place"),
    ],
)
def test_silent_structures_are_said_as_many_as_they_are(expected: int, missing: int, never: int, said: str) -> None:
    assert said in plain(silent(page(2017, non_reponse=bracket(expected, missing, never))))


def test_the_silent_of_another_region_are_told_and_never_joined_to_those_of_this_one() -> None:
    rows = [bracket(40, 2, 0).assign(edition=year) for year in (2015, 2016, 2017)]
    alone = silent(page(2016, non_reponse=pd.concat(rows)))
    assert isinstance(alone, DataTable) and alone.takeaway and "En 2016, 2 des 40" in alone.takeaway
    drawn = silent(page(2017, non_reponse=pd.concat(rows)))
    assert isinstance(drawn, Figure) and drawn.table and len(drawn.table.frame) == 3
    assert drawn.fig.axes[0].lines[0].get_xdata().tolist() == [2016, 2017]


def test_what_is_supposed_of_few_silent_structures_is_hidden_and_they_are_counted_all_the_same() -> None:
    rows = [bracket(40, 2, 0).assign(edition=year) for year in (2016, 2017)]
    rows[1] = rows[1].assign(central=float("nan"), haut=float("nan"))
    drawn = silent(page(2017, non_reponse=pd.concat(rows)))
    assert "2 des 40 structures en place n'ont déclaré aucune heure : ce que serait" in drawn.alt
    assert "s : secret statistique" in plain(drawn)


def test_one_structure_is_said_in_the_singular() -> None:
    editions = EDITIONS.assign(structures=1)
    text = plain(evolution(page(2017, indicateurs=REGION, editions=editions)))
    assert "avec 1 puis 1 structure répondante." in text
    row = {
        "edition": 2017, "edition_precedente": 2016, "territoire": "32", "heures": 120.0, "heures_precedentes": 100.0,
        "croissance": 0.2,
        "croissance_panel": 0.2, "effet_couverture": 0.0, "marge_revision": float("nan"), "structures_panel": 1,
        "rupture": "",
    }  # fmt: skip
    here = page(2017, evolution=pd.DataFrame([row, {**row, "edition": 2016}]))
    here.territory = "32"
    assert "dans la seule structure qui a répondu les deux années, elles augmentent" in plain(growth(here))
    assert since_last(here).startswith(" En un an, les heures augmentent")
    few = "Si peu de structures ne font pas une tendance"
    assert few in since_last(here) and few in plain(growth(here))
    many = page(2017, evolution=pd.DataFrame([{**row, "structures_panel": 10}]))
    assert few not in since_last(many) + plain(growth(many))
    here = page(2017, evolution=pd.DataFrame([{**row, "edition_precedente": 2008}]))
    here.territory = "32"
    assert since_last(here).startswith(" Depuis 2008, les heures augmentent")
    rows = pd.DataFrame({"ecart": [1.0], "doubles": [0.0], "plusieurs": [1.0]}, index=["beneficiaires"])
    assert "compterait 1 bénéficiaire de trop : 0 que deux structures ont saisi" in str(_too_many(rows))


def test_outcomes_that_nobody_asked_at_six_months_are_those_of_another_horizon() -> None:
    row = {
        "edition": 2017, "horizon_m": 12, "definition": "DURABLE", "modalite": "ensemble", "dus": 20, "taux": 0.4,
        "taux_reponse": 0.5, "taux_bas": 0.2, "taux_haut": 0.6, "taux_pondere": 0.4, "borne_basse": 0.2,
        "borne_haute": 0.7, "secret": "",
    }  # fmt: skip
    text = plain(outcomes(page(2017, sorties=pd.DataFrame([row]))))
    assert "Des 20 personnes sorties en 2017 depuis au moins 12 mois" in text
    hidden = pd.DataFrame([{**row, "taux": float("nan"), "secret": "moins de 5 personnes"}])
    assert "secret statistique" in plain(outcomes(page(2017, sorties=hidden)))
    unknown = pd.DataFrame([{**row, "taux": float("nan"), "secret": ""}])
    assert "Aucune situation" in plain(outcomes(page(2017, sorties=unknown)))


def test_situations_say_the_day_they_were_known_and_a_department_that_it_has_none() -> None:
    row = {
        "edition": 2016, "horizon_m": 6, "definition": "DURABLE", "modalite": "ensemble", "dus": 20, "taux": 0.4,
        "taux_reponse": 0.5, "taux_bas": 0.2, "taux_haut": 0.6, "taux_pondere": 0.4, "borne_basse": 0.2,
        "borne_haute": 0.7, "secret": "",
    }  # fmt: skip
    known = page(2016, sorties=pd.DataFrame([{**row, "edition": 2015}, row]))
    table = outcomes(known)
    assert isinstance(table, DataTable)  # another region's year is not joined to this one's
    assert "situations connues au" in table.scope and "2017" in table.scope
    own = pd.DataFrame([row]).assign(repondants=10, reussites=4)
    assert "la page de la région" in plain(outcomes_by_definition(page(2016, regional=False, sorties=own)))


def test_what_is_of_all_years_leads_to_the_page_that_has_it_and_never_to_itself() -> None:
    nothing = pd.DataFrame()
    for year, regional in ((2016, True), (2017, False)):
        elsewhere = page(year, regional=regional, parcours=nothing)
        elsewhere.latest = 2017
        assert trajectories(elsewhere).href == "2017-32.html"
    own = page(2017, parcours=nothing)
    own.latest = 2017
    assert "html" not in trajectories(own).text()


def test_editions_that_are_hidden_are_not_said_to_be_missing() -> None:
    rows = hours((2016, "32", 1000.0), (2017, "32", float("nan")))
    assert "ont des heures publiées" in plain(evolution(page(2017, indicateurs=rows)))
    shares = rows.assign(indicateur="part_heures", modalite="DELD")
    assert "part publiée dans deux éditions" in plain(audiences_over_years(page(2017, indicateurs=shares)))
    numbers = rows.rename(columns={"valeur": "nombre_effectif"}).assign(objet="segments", nombre=3)
    assert "ont un nombre publié" in plain(diversity(page(2017, diversification=numbers)))


def test_a_number_of_segments_is_not_told_where_one_is_hidden() -> None:
    rows = pd.DataFrame({"edition": [2016, 2017], "nombre_effectif": 3.0, "nombre": [8.0, float("nan")], "secret": ""})
    figure = diversity(page(2017, diversification=rows.assign(territoire="32", objet="segments")))
    assert "présent" not in figure.alt and "secret statistique (un au moins" in plain(figure)


def test_an_axis_that_shows_more_than_the_scope_says_so_where_it_is_read() -> None:
    rows = pd.DataFrame({"modalite": ["EXEC", "PRIVE"], "champ": [True, False], "part_heures": [0.9, 0.1]})
    rows = rows.assign(heures=[90.0, 10.0], beneficiaires=6, contrats=6, secret="")
    here = page(2017, ventilation=rows)
    here.place, here.edition = "32", here.dataset.edition(2017)
    found = breakdown(here, "mecanisme")
    assert isinstance(found, Figure) and found.table
    assert "toutes les clauses suivies" in found.alt and "toutes les clauses suivies" in found.table.scope
    within = page(2017, ventilation=rows.assign(champ=True))
    within.place, within.edition = here.place, here.edition
    assert "toutes les clauses" not in plain(breakdown(within, "mecanisme"))
    hidden = pd.DataFrame({"modalite": ["CRIT"], "champ": [True], "part_heures": [float("nan")], "secret": ["peu"]})
    partly = page(2017, ventilation=pd.concat([rows, hidden]))
    partly.place, partly.edition = here.place, here.edition
    drawn = breakdown(partly, "mecanisme")
    assert isinstance(drawn, Figure) and "ne sont pas dessinées" in str(drawn.source)
    assert "ne sont pas dessinées" not in str(found.source)


@pytest.mark.parametrize(("year", "early"), [(2017, True), (2021, False)])
def test_a_contract_that_did_not_exist_yet_is_not_said_to_be_secret(year: int, early: bool) -> None:
    codes = ["CDI", "CDD", "CDI_INCLUSION", "CDDU"]
    rows = pd.DataFrame({"modalite": codes, "part_heures": [0.6, 0.4, np.nan, np.nan], "secret": ["", "", "s", "s"]})
    rows = rows.assign(champ=True, heures=rows["part_heures"], beneficiaires=6, contrats=6)
    here = page(year, ventilation=rows)
    here.place, here.edition = "32", here.dataset.edition(2017)
    note = breakdown(here, "contrat").table.note.replace("\u00a0", " ")
    hidden = "« CDD d'usage »" if early else "« CDD d'usage » et « CDI inclusion »"
    assert f"Sous secret statistique, nulles ou non (le CSV dit pourquoi) : {hidden}." in note
    assert ("N'existaient pas encore" in note) is early
    assert ("« CDI inclusion » (depuis le 14 décembre 2020)" in note) is early


def test_combined_audiences_are_named_and_the_codes_left_told_beside_the_chart() -> None:
    rows = pd.DataFrame({"profil": ["DELD+JEUNE", "AUCUN"], "part_heures": [0.6, 0.4], "heures": [60.0, 40.0]})
    alt = profiles(page(2017, profils=rows.assign(beneficiaires=6))).alt
    assert "« Chômage de longue durée + moins de 26 ans »" in alt
    assert "RSA : allocataires du RSA" in alt and "JEUNE" not in alt


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"Commune": 0.5, "Région": 0.5}, "« Commune » : 50,0\xa0% des heures ; « Région » : 50,0\xa0%"),
        ({"Commune": 0.4, "Non renseigné": 0.6}, "« Commune » : 40,0\xa0% des heures ; non renseigné : 60,0\xa0%"),
        ({"Non renseigné": 1.0}, "non renseigné : 100,0\xa0% des heures"),
    ],
)
def test_what_has_no_category_is_told_last(shares: dict[str, float], said: str) -> None:
    assert of_hours(pd.Series(shares)) == said


def test_a_share_that_would_tell_those_of_unknown_status_is_that_of_all_hours_and_said_to_be() -> None:
    wide = pd.DataFrame(
        {"libelle": ["Moins de 26 ans", "RSA", "Femmes"], "part_heures": [float("nan"), 0.3, float("nan")],
         "part_heures__secret": ["autre case", "", "peu"], "part_heures_totales": [0.2, 0.25, float("nan")]}
    )  # fmt: skip
    told, instead = with_shares(wide)
    assert told["part_heures"].tolist()[:2] == [0.2, 0.3] and told["part_heures"].isna().tolist() == [
        False,
        False,
        True,
    ]
    assert told["part_heures__secret"].tolist() == ["", "", "peu"] and instead.tolist() == [True, False, False]
    assert "Pour « Moins de 26 ans », la part est celle de toutes les heures" in of_all_hours(
        told.loc[instead, "libelle"]
    )
    assert of_all_hours(told.loc[[], "libelle"]) == ""
    bare, instead = with_shares(wide[["part_heures"]])
    assert bare.equals(wide[["part_heures"]]) and not instead.any()


@pytest.mark.parametrize(
    ("lens", "arras", "said"),
    [
        (
            300.0,
            10.0,
            "Métropole Européenne de Lille et CA de Lens - Liévin viennent en tête à égalité, avec 300 heures.",
        ),
        (300.0, 300.0, "Aucune intercommunalité ne devance les autres."),
    ],
)
def test_places_with_as_many_hours_come_first_together(lens: float, arras: float, said: str) -> None:
    places = [("200093201", 300.0), ("246200364", lens), ("200033579", arras)]
    rows = hours(*[(2017, code, value) for code, value in places]).assign(
        valeur_min=float("nan"), valeur_max=float("nan")
    )
    here = page(2017, indicateurs=rows, provenance=pd.DataFrame(columns=["edition", "territoire", "origine"]))
    here.department, here.departments, here.place, here.edition = None, None, "32", here.dataset.edition(2017)
    tables = {"indicateurs": rows, "provenance": here.read("provenance")}
    here.read = lambda table, **where: rows_where(tables[table], where)
    assert said in plain(by_epci(here))


@pytest.mark.parametrize(
    ("persons", "said"),
    [
        ([11, 500, 100], "Parmi les intercommunalités d'au moins 100 bénéficiaires, CA de Lens - Liévin vient en tête"),
        ([11, 500, 100], "avec 20 heures pour mille habitants."),
        ([11, 500, 99], "Seule intercommunalité d'au moins 100 bénéficiaires, CA de Lens - Liévin : 20 heures pour "),
        ([11, 99, None], "Aucune intercommunalité dont le chiffre est publié n'a 100 bénéficiaires"),
    ],
)
def test_a_place_of_few_persons_is_never_the_first_by_inhabitant(persons: list[float | None], said: str) -> None:
    places = ["240200592", "246200364", "200033579"]
    rates = hours(*((2017, code, rate) for code, rate in zip(places, (969.0, 20.0, 10.0), strict=True)))
    counts = hours(*((2017, code, count) for code, count in zip(places, persons, strict=True) if count))
    rows = pd.concat([rates.assign(indicateur="heures_pour_1000_habitants"), counts.assign(indicateur="beneficiaires")])
    rows = rows.assign(valeur_min=np.nan, valeur_max=np.nan)
    here = page(2017, indicateurs=rows)
    here.department, here.departments, here.place = None, None, "32"
    here.read = lambda table, **where: rows_where({"indicateurs": rows}[table], where)
    assert said in plain(per_inhabitant(here))


def test_a_place_that_another_region_shares_has_its_own_class_where_it_has_hours() -> None:
    shared, other = "200069722", "200093201"
    counted = hours((2017, shared, 30.0), (2017, other, 30.0))
    rows = pd.concat([counted, counted[1:].assign(indicateur="heures_pour_1000_habitants")])
    rows = rows.assign(valeur_min=np.nan, valeur_max=np.nan)

    def legend(cells: pd.DataFrame) -> list[str]:
        here = page(2017)
        here.department, here.departments, here.place = None, None, "32"
        here.read = lambda table, **where: rows_where({"indicateurs": cells}[table], where)
        return [text.get_text() for text in per_inhabitant(here).fig.legends[0].get_texts()][1:]

    none, uncounted = "aucune heure déclarée", "partagée avec une autre région, non calculé"
    assert legend(rows) == [none, uncounted]
    assert legend(rows[rows["territoire"] != shared]) == [none]
    hidden = rows.assign(secret=["s", "", ""], valeur=rows["valeur"].mask(rows["territoire"] == shared))
    assert legend(hidden) == [none, uncounted], "no rate is hidden there: none is computed"


@pytest.mark.parametrize(("secret", "said"), [("", ", soit 10 heures par personne dans"), ("s", " dans l'année.")])
def test_hours_of_each_person_that_are_hidden_are_left_out(secret: str, said: str) -> None:
    values = {"heures_realisees": 100.0, "beneficiaires": 10.0, "heures_par_beneficiaire": 10.0}
    cells = hours(*[(2017, "32", value) for value in values.values()]).assign(indicateur=list(values))
    cells["secret"] = ["", "", secret]
    removed = pd.DataFrame({"edition": [2017], "operations": 0, "heures": 0.0, "a_revoir": 0})
    nothing = pd.DataFrame(columns=["edition", "territoire", "origine"])
    here = page(
        2017, indicateurs=cells, editions=EDITIONS.assign(structures_connues=40), doublons_retires=removed,
        provenance=nothing,
    )  # fmt: skip
    here.place, here.edition = "32", here.dataset.edition(2017)
    assert f"10 personnes ont réalisé 100 heures d'insertion{said}" in plain(message(here))


@pytest.mark.parametrize(
    ("shares", "persons", "said"),
    [
        ([0.1, 0.4, 0.2], [100, 900, 100], "La part des femmes va de 10,0 % (« Espaces verts"),
        ([0.1, None, 0.2], [100, 100, 100], "Parmi les segments dont la part est publiée, la part des femmes va de 10"),
        ([0.1, None, None], [99, 1, 1], "Dans le seul segment dont la part est publiée, la part des femmes est de 10"),
        ([0.1], [99], "Dans le seul segment présent, la part des femmes est de 10,0 %"),
        ([0.1, 0.4, 0.2], [100, 33, 100], "Parmi les segments d'au moins 100 personnes, la part des femmes va de 10,0"),
        ([0.1, 0.4, 0.2], [100, 33, 100], " à 20,0 % (« Restauration"),
        (
            [0.1, 0.4, 0.2],
            [100, 33, None],
            "Dans le seul segment d'au moins 100 personnes, la part des femmes est de 1",
        ),
        ([0.1, 0.4, 0.2], [99, 33, None], "Aucun segment dont la part est publiée n'a 100 personnes"),
    ],
)
def test_women_s_share_has_no_range_but_that_of_the_segments_shown_of_many_persons(
    shares: list[float | None], persons: list[float | None], said: str
) -> None:
    codes = ["ESPACES_VERTS", "PROPRETE", "RESTAURATION"][: len(shares)]
    rows = pd.DataFrame({"axe": "segment", "modalite": codes, "part_heures_femmes": shares}).astype(
        {"part_heures_femmes": "float64"}
    )
    rows = rows.assign(
        heures=10.0, part_femmes=0.5, secret=rows["part_heures_femmes"].isna().map({True: "s", False: ""})
    )
    here = page(2017, femmes=rows, ventilation=pd.DataFrame({"modalite": codes, "beneficiaires": persons}))
    here.place = "32"
    shown = women_by_axis(here)
    assert isinstance(shown, Figure) and said in shown.alt.replace("\u00a0", " ")


def test_an_audience_is_followed_over_the_editions_that_know_it() -> None:
    nan = float("nan")
    rows = hours(
        (2015, "32", 0.2), (2016, "32", nan), (2017, "32", 0.3), (2015, "32", 0.5), (2016, "32", 0.4),
        (2017, "32", nan), (2016, "32", 0.1), (2017, "32", nan),
    ).assign(modalite=["RSA"] * 3 + ["QPV"] * 3 + ["DELD"] * 2, indicateur="part_heures")  # fmt: skip
    rows["secret"] = rows["valeur"].isna().map({True: "peu", False: ""})
    shown = audiences_over_years(page(2017, indicateurs=rows))
    assert isinstance(shown, Figure) and shown.table
    alt = shown.alt.replace("\u00a0", " ")
    assert "allocataires du RSA, 30,0 % en 2017 (20,0 en 2015)" in alt
    assert "(QPV), 40,0 % en 2016 (50,0 en 2015)" in alt and "emploi" not in alt
    assert [[cell.text for cell in row[1:]] for row in shown.table.rows][1] == ["s", "40,0"]
    assert "deux éditions" in plain(audiences_over_years(page(2017, indicateurs=rows[:0])))


def test_an_audience_whose_share_is_mostly_hidden_is_followed_by_that_of_all_hours() -> None:
    nan = float("nan")
    known = hours((2015, "32", 0.2), (2016, "32", nan), (2017, "32", nan)).assign(indicateur="part_heures")
    of_all = hours((2015, "32", 0.2), (2016, "32", 0.3), (2017, "32", 0.4)).assign(indicateur="part_heures_totales")
    young = pd.concat([known, of_all]).assign(modalite="JEUNE")
    rsa = pd.concat([known.assign(valeur=0.6), of_all.assign(valeur=0.5)]).assign(modalite="RSA")
    shown = audiences_over_years(page(2017, indicateurs=pd.concat([young, rsa])))
    assert isinstance(shown, Figure) and shown.table and shown.table.note
    alt = shown.alt.replace("\u00a0", " ")
    assert "moins de 26 ans, 40,0 % en 2017 (20,0 en 2015)" in alt and "RSA, 60,0 % en 2017" in alt
    assert "Pour « Moins de 26 ans », la part est celle de toutes les heures" in alt
    assert "Moins de 26 ans" in shown.table.note and [cell.text for cell in shown.table.rows[1]][-1] == "30,0"


@pytest.mark.parametrize(("low", "said"), [(0.1, True), (0.2, False)])
def test_a_region_is_between_its_departments_only_where_they_differ(low: float, said: bool) -> None:
    codes = list(reference.labels("publics"))
    rows = pd.DataFrame({"modalite": codes, "part_heures": 0.3, "annee_comparateur": 2016, "comparateur_min": low})
    rows = rows.assign(
        comparateur_max=0.2, rapport_min=1.5, rapport_max=3.0, population="inscrits", source="x", secret=""
    )
    here = page(2017, representation=rows)
    here.place = "32"
    note = representation(here).note
    assert ("entre son département" in note) is said and "Pour " not in note, "every audience is compared"
    one = page(2017, representation=rows[:1].assign(rapport_min=0.5))
    one.place = "32"
    assert "Comparaison avec sa part des demandeurs d'emploi : non établie." in representation(one).text()
    here = page(2017, representation=rows.assign(part_heures=float("nan")))
    here.place = "32"
    assert "Aucune part des heures n'est publiée" in representation(here).text()


@pytest.mark.parametrize("left", [1, 3, 4])
def test_few_audiences_without_a_comparator_are_named_and_many_counted(left: int) -> None:
    labels = reference.labels("publics")
    rows = pd.DataFrame({"modalite": list(labels)[left:], "part_heures": float("nan")})
    here = page(2017, representation=rows)
    here.place = "32"
    said = ", ".join(f"« {label} »" for label in list(labels.values())[:left])
    who = f"4 des {len(labels)} publics" if left == 4 else said
    assert f"Pour {who}, aucune part parmi" in representation(here).text()


@pytest.mark.parametrize(
    ("last", "said"), [(1.2, "si un seul segment les portait en"), (1.6, "également entre 2 segments en")]
)
def test_hours_on_one_segment_are_on_no_equal_ones(last: float, said: str) -> None:
    rows = pd.DataFrame({"edition": [2016, 2017], "nombre_effectif": [3.0, last], "nombre": 3, "secret": ""})
    assert said in plain(diversity(page(2017, diversification=rows.assign(territoire="32", objet="segments"))))
