"""Hours for 1,000 inhabitants: of whom, and as safe as the hours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.consolidation.inhabitants import INHABITANTS, RATE, per_inhabitant
from analysis.consolidation.tables import controlled
from analysis.core import reference
from analysis.core.reference import WHOLE
from analysis.disclosure import protect as stage
from analysis.disclosure.shown import reasons
from consolidation.world import dataset

LILLE = "200093201"
WORLD = dataset(2025)  # departments 59 and 80


def hours(value: float | None = None, *places: str, **more: float) -> pd.DataFrame:
    """Indicators of hours alone, `value` in each of `places`."""
    row = {"edition": 2025, "indicateur": "heures_realisees", "modalite": WHOLE, "unite": "heure", "valeur": value}
    table = pd.DataFrame([{**row, "territoire": place, "valeur_min": None, "valeur_max": None} for place in places])
    return table.assign(**more).astype({"valeur": "float64", "valeur_min": "float64", "valeur_max": "float64"})


def told(table: pd.DataFrame) -> pd.DataFrame:
    return per_inhabitant(table, WORLD).set_index(["territoire", "indicateur"])


def test_the_hours_of_each_territory_are_divided_by_its_own_inhabitants() -> None:
    people = reference.epci().groupby("departement")["population_region"].sum()
    lille = reference.communes().query("epci_siren == @LILLE")["population"].sum()
    found = told(hours(2e6, "32", "59", LILLE))["valeur"]
    for place, inhabitants in {"32": people["59"] + people["80"], "59": people["59"], LILLE: lille}.items():
        assert found[place, INHABITANTS] == inhabitants
        assert found[place, RATE] == pytest.approx(2e9 / inhabitants)
    assert ("80", INHABITANTS) not in found.index, "no hours there"


def test_an_intercommunalite_of_two_departments_is_whole_in_the_one_that_counts_its_hours() -> None:
    """CC Flandre Lys: eight communes, four of them in the Pas-de-Calais, counted in the Nord."""
    across = reference.communes().query("epci_siren == '245900758'")
    assert set(across["departement"]) == {"59", "62"}
    found = told(hours(500.0, "59", "245900758"))["valeur"]
    assert found["245900758", INHABITANTS] == across["population"].sum()
    others = reference.communes().query("departement == '59' and epci_siren != '245900758'")["population"].sum()
    assert found["59", INHABITANTS] == others + across["population"].sum()


def test_an_intercommunalite_that_another_region_shares_has_no_rate() -> None:
    found = told(hours(500.0, "247600588"))["valeur"]
    assert found.index.tolist() == [("247600588", "heures_realisees"), ("247600588", INHABITANTS)]


def test_hours_between_two_bounds_give_a_rate_between_two_bounds() -> None:
    rate = told(hours(None, "59", valeur_min=2e6, valeur_max=4e6)).loc[("59", RATE)]
    assert np.isnan(rate["valeur"]) and rate["valeur_max"] == pytest.approx(2 * rate["valeur_min"])


def test_a_rate_is_hidden_where_its_hours_are_and_inhabitants_never() -> None:
    """Four persons made all hours of Lille, sixty those of the department."""
    table = hours(90_000.0, "32", "59").assign(_personnes=60.0)
    table = pd.concat([table, hours(900.0, LILLE).assign(_personnes=4.0)], ignore_index=True)
    table = table.assign(_employeurs=9.0, _entreprises=9.0)
    table = table.assign(**{f"_part_max_{who}": 0.2 for who in ("personne", "employeur", "entreprise")})
    out = stage.protect({"consolidation.indicateurs": controlled(per_inhabitant(table, WORLD))}, WORLD, {})
    shown = out["consolidation.indicateurs"].set_index(["territoire", "indicateur"])
    assert shown.loc[(LILLE, RATE), "secret"] == reasons()["heures"]
    assert shown.index[shown["valeur"].isna()].tolist() == [(LILLE, "heures_realisees"), (LILLE, RATE)]
