"""A figure and its releases; the region beside the country."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.consolidation import vintages as made
from analysis.consolidation.national import national
from analysis.consolidation.views import national as national_view
from analysis.consolidation.views import vintages as vintages_view
from analysis.consolidation.views.evolution import _moved
from analysis.consolidation.views.vintages import _against, _revised
from analysis.disclosure.primary import broken
from analysis.disclosure.shown import emptied, reasons
from analysis.schemas.build import conform
from analysis.schemas.registry import published as schemas
from consolidation.releases import measured, released
from consolidation.world import REGION, dataset

HOURS = ("heures_realisees", "ensemble")


def protected(name: str, table: pd.DataFrame) -> pd.DataFrame:
    schema = schemas("consolidation")[name]
    return conform(
        schema, emptied(table, broken(table, table["_controle"]), table["_controle"], schema.metadata["values"])
    )


def page(year: int, **tables: pd.DataFrame) -> SimpleNamespace:
    """A page of the region 32 that reads those tables."""
    world = dataset(2015, 2016, 2017, 2018)
    return SimpleNamespace(
        year=year, place="32", territory="32", territory_name="Hauts-de-France", regional=True, dataset=world,
        edition=world.edition(year), read=tables.__getitem__, csv=lambda name: name, scope="essai",
    )  # fmt: skip


# --- releases ------------------------------------------------------------------------------------


def test_each_release_is_held_against_the_one_before_and_against_what_is_computed_now() -> None:
    rows = released(
        ("Bilan révisé", "2017-12-15", 2016, "32", *HOURS, 109.0, 0),
        ("Bilan", "2017-01-26", 2016, "32", *HOURS, 100.0, 0),
        ("Bilan", "2017-01-26", 2016, "59", *HOURS, 40.0, 0),
    )
    table = protected("millesimes", made.vintages(rows, measured((2016, "32", *HOURS, 110.0))))
    found = table.set_index(["territoire", "rang"])
    assert found.loc[("32", 1), "publie"] == 100 and np.isnan(found.loc[("32", 1), "revision"])
    assert found.loc[("32", 2), "precedent"] == 100
    assert found.loc[("32", 2), "revision"] == pytest.approx(0.09)
    assert found.loc[("32", 1), "revision_actuelle"] == pytest.approx(0.1)
    assert found.loc[("32", 2), "revision_actuelle"] == pytest.approx(110 / 109 - 1)
    assert found["dernier"].tolist() == [False, True, True]
    # Not computed now: nothing to hide, nothing to show.
    assert np.isnan(found.loc[("59", 1), "actuel"]) and found.loc[("59", 1), "secret"] == ""


def test_a_growth_no_larger_than_past_revisions_is_said_with_its_sign_and_their_size() -> None:
    rows = released(
        ("Bilan révisé", "2017-12-15", 2016, "32", *HOURS, 95.0, 0),
        ("Bilan", "2017-01-26", 2016, "32", *HOURS, 100.0, 0),
        ("Bilan", "2018-01-26", 2017, "32", *HOURS, 120.0, 0),
        ("Bilan révisé", "2019-12-15", 2018, "32", *HOURS, 150.0, 0),
        ("Bilan", "2019-01-26", 2018, "32", *HOURS, 100.0, 0),
    )
    grown = pd.DataFrame({"edition": [2016, 2017, 2018, 2018], "territoire": ["32", "32", "32", "59"]})
    margins = made.with_margin(grown, rows)["marge_revision"]
    # Its own revision and later ones are not known yet; another territory's say nothing.
    assert margins.tolist() == pytest.approx([np.nan, 0.05, 0.05, np.nan], nan_ok=True)
    assert _moved(0.04, 0.05) == (
        "augmentent de 4,0\u00a0% ; des chiffres déjà publiés ont été révisés d'autant ou plus (jusqu'à 5,0\u00a0%)"
    )
    assert _moved(-0.06, 0.05) == "baissent de 6,0\u00a0%"
    assert _moved(0.04, np.nan) == "augmentent de 4,0\u00a0%"


def test_what_is_published_stays_and_what_is_computed_of_few_persons_is_hidden() -> None:
    rows = released(("Bilan", "2017-01-26", 2016, "32", *HOURS, 100.0, 0))
    table = protected("millesimes", made.vintages(rows, measured((2016, "32", *HOURS, 110.0), _personnes=3.0)))
    row = table.iloc[0]
    assert row["publie"] == 100 and row["secret"] == reasons()["heures"]
    assert np.isnan(row["actuel"]) and np.isnan(row["revision_actuelle"])


def test_a_page_shows_what_was_published_beside_what_is_secret_now() -> None:
    rows = released(
        ("Bilan", "2017-01-26", 2016, "32", *HOURS, 1100.0, 0),
        ("Bilan révisé", "2017-12-15", 2016, "32", *HOURS, 1210.0, 0),
    )
    values = measured((2016, "32", *HOURS, 1300.0), _personnes=3.0)
    table = protected("millesimes", made.vintages(rows, values))
    editions = pd.DataFrame({"edition": [2016], "territoire": ["32"], "territoire_nom": ["Hauts-de-France"]})
    hidden = values.assign(valeur=np.nan)
    view = vintages_view(page(2016, millesimes=table, indicateurs=hidden, editions=editions))
    cells = [line.split("  ") for line in view.text().splitlines() if "décembre 2017" in line]
    assert [cell.strip() for cell in cells[0] if cell.strip()][-4:] == ["1\u202f210", "10,0", "s", "s"]


def test_without_a_release_there_is_a_table_without_rows_and_a_sentence() -> None:
    table = protected("millesimes", made.vintages(released(), measured((2016, "32", *HOURS, 110.0))))
    assert table.empty
    editions = pd.DataFrame({"edition": [2016], "territoire": ["32"], "territoire_nom": ["Hauts-de-France"]})
    view = vintages_view(page(2016, millesimes=table, editions=editions))
    assert view.text().startswith("Aucune publication antérieure n'est connue")


@pytest.mark.parametrize(
    ("first", "last", "now", "expected"),
    [
        (100.0, 109.0, 109.4, "à 100, puis à 109 (en hausse de 9,0 %) ; recalculées, elles sont stables à l'arrondi."),
        (100.0, 98.0, 99.0, "à 100, puis à 98 (en baisse de 2,0 %) ; recalculées, elles sont en hausse de 1,0 %."),
        (100.0, 100.0, 90.0, "puis à 100 (stables à l'arrondi) ; recalculées, elles sont en baisse de 10,0 %."),
        (9000.0, 9001.0, 9001.0, "puis à 9 001 (en hausse de moins d'un millième)"),
    ],
)
def test_the_sentence_follows_the_numbers(first: float, last: float, now: float, expected: str) -> None:
    rows = released(
        ("Bilan", "2017-01-26", 2016, "32", *HOURS, first, 0),
        ("Bilan révisé", "2017-12-15", 2016, "32", *HOURS, last, 0),
    )
    values = measured((2016, "32", *HOURS, now))
    editions = pd.DataFrame({"edition": [2016], "territoire": ["32"], "territoire_nom": ["Hauts-de-France"]})
    table = protected("millesimes", made.vintages(rows, values))
    text = vintages_view(page(2016, millesimes=table, indicateurs=values, editions=editions)).text()
    assert "plusieurs fois" not in text  # one edition is said already
    assert expected in text.replace("\u202f", " ").replace("\u00a0", " ").replace("  ", " ")


def test_one_edition_of_a_kind_is_said_in_words_that_fit_any_number() -> None:
    rows = released(
        *(("Bilan", f"{year + 1}-01-26", year, "32", *HOURS, 100.0, 0) for year in (2016, 2017)),
        ("Révisé", "2018-12-15", 2016, "32", *HOURS, 101.0, 0),
        ("Révisé", "2018-12-15", 2017, "32", *HOURS, 100.0, 0),
    )
    table = made.vintages(rows, measured((2017, "32", *HOURS, 100.0)))
    assert _revised(table).endswith(
        "Éditions publiées plusieurs fois : 2 (1 à la hausse, 0 à la baisse, 1 sans écart)."
    )


# --- the country -----------------------------------------------------------------------------------


def hours(*by_year: tuple[int, float], **control: object) -> pd.DataFrame:
    return measured(*((year, "32", *HOURS, value) for year, value in by_year), **control)


def test_both_are_100_in_the_first_year_that_has_both_and_a_missing_year_stays_empty() -> None:
    table = protected(
        "national",
        national(hours((2015, 900.0), (2016, 1150.0), (2022, 2300.0)), dataset(2015, 2016, departements=REGION)),
    )
    found = table.set_index(["annee", "rang"])
    assert set(table["annee_base"]) == {2015}
    assert found.loc[(2015, 1), "indice_national"] == found.loc[(2015, 1), "indice_region"] == 100
    assert found.loc[(2016, 1), "indice_national"] == pytest.approx(100 * 11.5 / 10.07)
    assert found.loc[(2016, 1), "part_region"] == pytest.approx(1150 / 11_500_000)
    assert np.isnan(found.loc[(2022, 1), "heures_nationales"])
    assert found.loc[(2022, 1), "indice_region"] == pytest.approx(100 * 2300 / 900)


def test_a_part_of_the_region_is_not_compared_with_the_country() -> None:
    assert national(hours((2016, 1150.0)), dataset(2016, departements=["80"])).empty


def test_of_two_figures_of_a_year_both_are_listed_and_the_later_one_is_drawn() -> None:
    table = protected("national", national(hours((2016, 1150.0)), dataset(2016, departements=REGION)))
    of_2014 = table[table["annee"] == 2014]
    assert of_2014["heures_nationales"].tolist() == [8_400_000, 9_160_000]
    assert of_2014["retenu"].tolist() == [False, True] and of_2014["incertain"].tolist() == [True, False]
    assert set(table.loc[table["incertain"], "annee"]) == {2014, 2018, 2020}


def test_an_index_is_hidden_with_the_hours_of_its_base() -> None:
    values = hours((2016, 1150.0), (2017, 1300.0)).assign(_personnes=[3.0, 50.0])
    table = protected("national", national(values, dataset(2016, 2017, departements=REGION))).set_index(
        ["annee", "rang"]
    )
    assert np.isnan(table.loc[(2017, 1), "indice_region"]) and np.isnan(table.loc[(2017, 1), "heures_region"])
    assert table.loc[(2017, 1), "indice_national"] == pytest.approx(100 * 13 / 11.5)


def test_without_a_year_in_common_nothing_is_compared() -> None:
    table = protected("national", national(hours((2023, 10.0)), dataset(2023, departements=REGION)))
    assert table["indice_national"].isna().all() and table["indice_region"].isna().all()
    assert national_view(page(2018, national=table)).text().startswith("Aucune année n'a à la fois")
    assert national(measured(), dataset(2023, departements=REGION)).empty


def test_the_page_says_what_is_real_and_what_growth_mixes() -> None:
    values = hours((2016, 1150.0), (2017, 1300.0), (2018, 1400.0))
    table = protected("national", national(values, dataset(2016, 2017, 2018, departements=REGION)))
    view = national_view(page(2018, national=table))
    assert "celles de la région synthétiques" in view.alt and "mêle l'activité" in view.alt
    assert "à l'indice 121,7 contre 130,4 pour la France" in view.alt
    lines = view.fig.axes[0].get_lines()
    hollow = [line for line in lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in hollow] == [[2018]]
    assert list(view.table.frame["annee"]).count(2014) == 2


@pytest.mark.parametrize(
    ("end", "said"), [(130.0, "La hausse nationale"), (100.0, "L'évolution"), (90.0, "L'évolution nationale mêle")]
)
def test_the_national_hours_rise_only_where_they_do(end: float, said: str) -> None:
    both = pd.DataFrame({"annee": [2016, 2017], "part_region": 0.1, "indice_region": [100.0, 110.0]})
    assert said in _against(page(2017), both.assign(indice_national=[100.0, end]))


def test_a_missing_year_is_a_gap_in_the_line() -> None:
    table = protected(
        "national", national(hours((2016, 1150.0), (2018, 1400.0)), dataset(2016, 2018, departements=REGION))
    )
    region = national_view(page(2018, national=table)).fig.axes[0].get_lines()[0]
    assert list(region.get_xdata()) == list(range(2012, 2019))
    assert np.isnan(region.get_ydata()).tolist() == [True] * 4 + [False, True, False]
