"""What the segments' pages say: in the tense of the day, in the number of what they count, of enough contracts."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.publishing.page import rows_where
from analysis.segments.contracts import OTHER
from analysis.segments.views import common, compliance, potential, state, territories, watch

LILLE, LENS = "200093201", "246200364"


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (939.9, "environ 940 besoins devraient"),
        (1.2, "environ 1 besoin devrait"),
        (0.3, "moins d'un besoin devrait"),
    ],
)
def test_a_sum_of_probabilities_is_no_count_to_a_tenth(needs: float, words: str) -> None:
    assert watch._expected(needs) == words


@pytest.mark.parametrize(
    ("ends", "words"),
    [(0, "ne montrent aucun besoin dont la fin soit"), (1, "montrent 1 besoin dont"), (9, "montrent 9 besoins dont")],
)
def test_too_few_past_ends_are_counted_in_words_that_agree(ends: int, words: str) -> None:
    steps = pd.DataFrame({"etape": ["fins_passees", "fins_apprises"], "valeur": [ends, 0]})
    tables = {"veille_couverture": steps, "veille_trimestres": pd.DataFrame({"trimestre": []})}
    here = SimpleNamespace(year=2025, territory="32", regional=True, read=lambda name, **where: tables[name])
    assert words in watch.message(here).text()


def test_where_no_need_is_known_or_to_come_the_page_says_so() -> None:
    def told(name: str, rows: pd.DataFrame) -> str:
        tables = {"veille_couverture": pd.DataFrame({"etape": ["fins_apprises"], "valeur": [900]}), name: rows}
        nothing = pd.DataFrame(columns=["trimestre", "epci_siren", "etape", "valeur", "rsa"])
        here = listing(nothing)
        here.read = lambda table, **where: tables.get(table, nothing)
        return watch.message(here).text() + watch.answering(here).text()

    assert "Aucun besoin n'est attendu" in told("veille_trimestres", pd.DataFrame(columns=["trimestre"]))
    empty = told("veille_couverture", pd.DataFrame(columns=["etape", "valeur"]))
    assert "ne montrent aucun besoin" in empty and "n'est pas connu" in empty


def test_the_share_of_kinds_of_buyers_is_missing_for_the_reason_that_holds() -> None:
    def told(known: int) -> str:
        rows = pd.DataFrame({"edition": [2025], "categorie": "ETAT", "renseignes": known})
        return state.by_buyer(listing(rows)).text()

    assert "à partir de 30 marchés" in told(26) and "les années où" not in told(26)
    assert "que les années où les marchés disent" in told(0)


def test_one_hour_of_a_trade_is_said_in_the_singular() -> None:
    rows = pd.DataFrame(
        {"territoire_type": "region", "territoire": "32", "trimestre": "2026-T4", "rome": ["K2204"],
         "libelle": ["Nettoyage"], "heures": [0.8], "besoins_attendus": [0.2]}
    )  # fmt: skip
    assert watch.trades(listing(rows)).alt == "« Nettoyage (K2204) » vient en tête avec 1 heure d'insertion possible."


def test_the_obligation_is_told_in_the_tense_of_the_day_observed() -> None:
    before, after = (
        SimpleNamespace(dataset=SimpleNamespace(date_observation=day))
        for day in (dt.date(2025, 12, 31), dt.date(2026, 9, 1))
    )
    assert compliance._since(before) == "n'entre en vigueur qu'en août 2026"
    assert compliance._since(after) == "est en vigueur depuis août 2026"


def test_a_cap_that_binds_nowhere_is_said_to() -> None:
    rows = pd.DataFrame({"p50": [10.2, 5.0], "p50_plafonne": [10.1, 5.0]})
    assert potential._unbound(rows)
    assert not potential._unbound(rows.assign(p50_plafonne=[9.0, 5.0]))


def cells(*rows: tuple[str, str, float, int, float]) -> SimpleNamespace:
    names = ["epci_siren", "segment", "part_lissee", "renseignes", "p_sous"]
    found = pd.DataFrame(rows, columns=names).assign(edition=2025, avec_clause=1, marches=1)
    places = pd.DataFrame({"epci_siren": [LILLE, LENS], "nom": ["Lille", "Lens"], "marches": [50, 40]}).assign(
        edition=2025, departement="59"
    )
    tables = {"segments_epci": found, "epci": places}
    return SimpleNamespace(
        year=2025,
        territory_name="Ici",
        department=None,
        dataset=SimpleNamespace(synthetique=True),
        read=lambda name, **where: rows_where(tables[name], where),
        csv=lambda name: name,
    )


def test_a_headline_leaves_out_what_is_no_segment_and_what_has_few_contracts() -> None:
    propre, espaces = state.labels()["PROPRETE"], state.labels()["ESPACES_VERTS"]
    figure = state.heat_map(
        cells((LILLE, OTHER, 0.9, 200, 0.5), (LILLE, "ESPACES_VERTS", 0.8, 3, 0.5), (LENS, "PROPRETE", 0.4, 100, 0.01))
    )
    assert f"« {propre} » (Lens)" in figure.alt
    assert espaces not in figure.alt and state.labels()[OTHER] not in figure.alt
    # Places that differ from the region nowhere are counted, not listed.
    assert [row[0].text for row in figure.table.rows] == ["Lens"] and "(1 sur 2)" in figure.table.note


def test_where_no_place_differs_from_the_region_a_sentence_says_so() -> None:
    figure = state.heat_map(cells((LILLE, "PROPRETE", 0.4, 3, 0.5)))
    assert figure.table is None
    assert "plus que le hasard" in figure.alt and "part la plus forte" not in figure.alt
    titles = figure.fig.axes[0].get_xticklabels()
    assert titles and all(title.get_rotation() == 90 for title in titles)


def test_a_place_without_a_contract_that_says_something_differs_from_nothing() -> None:
    assert state.heat_map(cells((LILLE, "PROPRETE", 0.1, 0, 0.99))).table is None


def test_the_sentence_under_a_figure_counts_as_the_one_above_it() -> None:
    rows = pd.DataFrame(
        {"trimestre": ["2026-T1"], "territoire_type": ["region"], "territoire": ["32"], "attendus": [1.6],
         "attendus_bas": [0], "attendus_haut": [4], "dont_projets": [0.0], "montant_attendu": [1e6],
         "heures_p10": [None], "heures_p50": [None], "heures_p90": [None], "heures_p50_plafonne": [None]}
    )  # fmt: skip
    assert "environ 2 besoins, de 0 à 4" in watch.quarters(listing(rows)).alt
    assert "moins d'un besoin, de 0 à 4" in watch.quarters(listing(rows.assign(attendus=0.3))).alt


def listing(rows: pd.DataFrame) -> SimpleNamespace:
    """The page of the region, all of whose tables are `rows`."""
    return SimpleNamespace(
        year=2025,
        territory="32",
        territory_name="Ici",
        regional=True,
        department=None,
        departments=["59"],
        dataset=SimpleNamespace(
            synthetique=True, date_observation=dt.date(2025, 12, 31), region="32", territory_name="Hauts-de-France"
        ),
        read=lambda name, **where: rows_where(rows, where),
        csv=lambda name: name,
    )


def states(*rows: tuple[int, str, int, int, int]) -> SimpleNamespace:
    """The page of a department in 2025; rows are edition, territoire, marches, renseignes, avec_clause."""
    found = pd.DataFrame(rows, columns=["edition", "territoire", "marches", "renseignes", "avec_clause"])
    here = listing(found.assign(segment="PROPRETE", part_clause=found["avec_clause"] / found["renseignes"]))
    here.territory = "02"
    return here


REGION = [(year, "32", 9, 9, 1) for year in (2018, 2019, 2020, 2025)]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "Aucun fichier de marchés n'a été déposé"),
        (REGION, "Aucun marché exécuté ici n'est connu ; ceux de la région sont de 2018, 2019, 2020 et 2025."),
        ([*REGION, (2024, "02", 1, 1, 0)], "les marchés connus ici sont de 2024."),
        ([*REGION, *((year, "02", 1, 0, 0) for year in (2022, 2023, 2024))], "connus ici sont de 2022 à 2024."),
    ],
)
def test_a_year_without_contracts_says_which_years_have_some(rows: list[tuple], words: str) -> None:
    assert words in state.message(states(*rows)).text()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            (1, 0, 0),
            "n'est renseigné pour le seul marché de 2025 : il n'existe que dans le format en vigueur depuis 2024",
        ),
        ((7, 0, 0), "aucun des 7 marchés de 2025"),
        ((1, 1, 1), "Sur 1 marché, 1 dit s'il porte une considération sociale ; il a une clause ou est réservé."),
        ((7, 1, 0), "Sur 7 marchés, 1 dit s'il porte une considération sociale ; il n'a pas de clause"),
        ((7, 4, 1), "4 disent s'ils portent une considération sociale ; 25,0\u00a0% d'entre eux ont une clause"),
    ],
)
def test_few_contracts_are_told_in_words_that_agree(row: tuple[int, int, int], words: str) -> None:
    assert words in state.message(states((2025, "02", *row))).text()


@pytest.mark.parametrize(
    ("model", "end", "words"),
    [
        (1.542, 1.562, "n'est guère mieux prévue que par la fin du marché : 1,54 mois d'écart moyen contre 1,56"),
        (0.5, 1.0, "est mieux prévue"),
        (1.564, 1.562, "aussi bien prévue"),
        (1.652, 1.630, "moins bien prévue"),
    ],
)
def test_the_date_is_said_better_than_by_the_end_only_where_it_is(model: float, end: float, words: str) -> None:
    assert words in watch._dated(model, end)
    assert watch._dated(float("nan"), float("nan")) == "."


@pytest.mark.parametrize(
    ("error", "rank", "words"),
    [
        (True, True, "fait mieux que les deux règles, pour l'erreur et pour le rang"),
        (True, False, "fait mieux que les deux règles, pour l'erreur, mais pas pour le rang"),
        (False, False, "ne fait pas mieux que les deux règles, ni pour l'erreur ni pour le rang"),
    ],
)
def test_the_verdict_says_in_what_the_rules_are_beaten(error: bool, rank: bool, words: str) -> None:
    assert potential._verdict({"pour l'erreur": error, "pour le rang": rank}) == f"Le modèle {words}"


def test_shares_in_sentences_are_rounded_as_in_tables() -> None:
    # 23 / 80 is 28.75 %, which binary arithmetic holds for less.
    rows = pd.DataFrame(
        {"edition": 2025, "territoire": "32", "segment": ["PROPRETE"], "marches": [80], "montant": [1e6],
         "renseignes": [80], "avec_clause": [23], "part_clause": [23 / 80], "part_clause_bas": [0.2],
         "part_clause_haut": [0.4], "montants_invraisemblables": [0]}
    )  # fmt: skip
    page = listing(rows)
    assert "(28,8\N{NO-BREAK SPACE}% de 80 marchés)" in state.message(page).text()
    shown = state.by_segment(page)
    assert "28,8\N{NO-BREAK SPACE}%" in shown.alt and "28,8" in shown.table.text()
    # Of three in 400 the region's page says 0.8 %.
    assert state._of_region(listing(rows.assign(avec_clause=3, renseignes=400))) == 0.008


def test_one_contract_is_said_in_the_singular() -> None:
    rows = pd.DataFrame(
        {"edition": 2025, "territoire": "32", "segment": ["PROPRETE"], "marches": [1], "montant": [1e6],
         "renseignes": [1], "avec_clause": [0], "part_clause": [0.0], "part_clause_bas": [0.0],
         "part_clause_haut": [0.8], "montants_invraisemblables": [0]}
    )  # fmt: skip
    assert state.by_segment(listing(rows)).alt.endswith("vient en tête avec 1 marché.")


def test_change_is_between_the_years_that_say() -> None:
    rows = pd.DataFrame(
        {"edition": [2025], "edition_precedente": [2023], "territoire": ["59"], "avant": [1.0], "apres": [2.0],
         "variation": [1.0], "effet_region": [0.0], "effet_segments": [0.0], "effet_propre": [1.0]}
    )  # fmt: skip
    table = territories.change(listing(pd.concat([rows, rows.assign(territoire="62")])))
    assert "en 2023 et en 2025" in table.scope and "Avec clause en 2023" in table.text()
    assert (
        territories.change(listing(rows)).text().startswith("De 2023 à 2025, les marchés avec clause passent de 1 à 2.")
    )
    same = territories.change(listing(rows.assign(apres=1.0))).text()
    assert same.startswith("De 2023 à 2025, les marchés avec clause restent à 1.")


def test_a_cap_is_told_as_printed() -> None:
    assert not potential._unbound(pd.DataFrame({"p50": [2.5], "p50_plafonne": [2.4]}))


def test_the_first_and_the_last_are_two() -> None:
    shares = pd.Series([0.2, 0.1], index=["A", "B"])
    assert common.first_and_last(shares).startswith("« A » vient en tête")
    assert "« B » en dernier" in common.first_and_last(shares)
    assert "vient en tête" not in common.first_and_last(shares.iloc[:1])


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([0.0, 0.0], "Partout la même part : 0,0 % des marchés renseignés."),
        (
            [0.2, 0.2, 0.0],
            "« A » et « B » viennent en tête à égalité, avec 20,0 % des marchés renseignés, « C » en der",
        ),
        ([0.2, 0.0, 0.0], "« A » vient en tête avec 20,0 % des marchés renseignés, « B » et « C » en dernier avec 0,0"),
        ([], "Aucun segment nommé n'est assez renseigné."),
    ],
)
def test_those_that_tie_are_first_or_last_together(shares: list[float], said: str) -> None:
    found = pd.Series(shares, index=list("ABC")[: len(shares)], dtype="float64")
    assert said in common.first_and_last(found).replace("\u00a0", " ")


def bought(*rows: tuple[str, int, int]) -> SimpleNamespace:
    """The page of a region whose segments have those contracts, all of which say, and those clauses."""
    found = pd.DataFrame(rows, columns=["segment", "renseignes", "avec_clause"])
    found = found.assign(edition=2025, territoire="32", marches=found["renseignes"], montant=1e6)
    found["part_clause"] = found["avec_clause"] / found["renseignes"]
    return listing(found.assign(part_clause_bas=0.0, part_clause_haut=1.0, montants_invraisemblables=0))


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([0, 0], ""),
        ([1, 0], " Un montant, invraisemblable pour son segment, n'y est pas compté."),
        ([2, 1], " 3 montants, invraisemblables pour leur segment, n'y sont pas comptés."),
    ],
)
def test_amounts_that_a_sum_leaves_out_are_said(counts: list[int], said: str) -> None:
    assert common.left_out(pd.DataFrame({"montants_invraisemblables": counts})) == said


def test_no_segment_carries_most_of_nothing_nor_alone_what_others_carry() -> None:
    def told(*rows: tuple[str, int, int]) -> str:
        return state.message(bought(*rows)).text().replace("\u00a0", " ")

    assert "le plus souvent" not in told(("PROPRETE", 80, 0), ("ESPACES_VERTS", 40, 0))
    assert "le plus souvent" not in told((OTHER, 80, 40))
    both = told(("PROPRETE", 80, 40), ("ESPACES_VERTS", 40, 20), ("RESTAURATION", 40, 0), (OTHER, 40, 40))
    assert both.endswith("en portent le plus souvent (50,0 % de leurs marchés renseignés).") and "Autres" not in both
    drawn = state.by_segment(bought((OTHER, 80, 40), ("PROPRETE", 80, 20), ("RESTAURATION", 40, 0)))
    assert f"« {state.labels()['PROPRETE']} » vient en tête" in drawn.alt, "« Autres » is no segment"


def test_contracts_that_are_as_many_put_no_segment_first() -> None:
    few = bought((OTHER, 3, 0), ("PROPRETE", 2, 0), ("RESTAURATION", 2, 0))
    assert state.by_segment(few).alt == "Aucun segment ne devance les autres."


def places(*rows: tuple[str, str, int, float]) -> str:
    """What is said of the map of those places: code, name, contracts, share."""
    found = pd.DataFrame(rows, columns=["epci_siren", "nom", "marches", "part_lissee"])
    found = found.assign(edition=2025, territoire="32", departement="59", montant=1e6, renseignes=found["marches"])
    found = found.assign(avec_clause=1, part_clause=0.3, part_clause_bas=0.2, part_clause_haut=0.4, p_sous=0.5)
    return state.by_epci(listing(found)).alt.replace("\u00a0", " ")


def test_places_that_are_alike_have_neither_a_range_nor_a_first() -> None:
    assert "est partout de 30,0 %." in places((LILLE, "Lille", 80, 0.3), (LENS, "Lens", 40, 0.3))
    assert places((LILLE, "Lille", 2, 0.3), (LENS, "Lens", 2, 0.3)).startswith("Aucune intercommunalité ne devance")
    tied = places((LILLE, "Lille", 2, 0.3), (LENS, "Lens", 2, 0.3), ("200033579", "Arras", 1, 0.3))
    assert tied == "Lille et Lens viennent en tête à égalité, avec 2 marchés."


def test_a_region_of_one_place_has_no_range() -> None:
    rows = pd.DataFrame(
        {"edition": [2025], "territoire": ["32"], "epci_siren": [LILLE], "nom": ["Lille"], "departement": ["59"],
         "marches": [80], "montant": [1e6], "renseignes": [80], "avec_clause": [23], "part_clause": [0.3],
         "part_clause_bas": [0.2], "part_clause_haut": [0.4], "part_lissee": [0.3], "p_sous": [0.5]}
    )  # fmt: skip
    assert "Une seule intercommunalité a au moins 30 marchés renseignés : Lille" in state.by_epci(listing(rows)).alt
