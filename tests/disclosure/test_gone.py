"""What earlier releases told of cells that are no more gives none away that they hid."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.disclosure import decide
from analysis.disclosure import protect as stage
from analysis.disclosure.gone import heirs
from analysis.disclosure.statements import statements
from consolidation.releases import measured
from disclosure.test_protect import HOSTS, INDICATORS, SEATS, WORLD, exact, facilitators

HEIR, TAKEN, OTHER = "200070985", "200070936", "200093201"


def places(few: tuple[str, ...] = (), **values: float) -> dict[str, pd.DataFrame]:
    """Hours of intercommunalités; those of `few` come from three persons."""
    rows = measured(*((2025, place, "heures_realisees", "ensemble", value) for place, value in values.items()))
    persons = rows["_personnes"].mask(rows["territoire"].isin(few), 3.0)
    return {INDICATORS: rows.assign(_personnes=persons, valeur_min=float("nan"), valeur_max=float("nan"))}


def hidden(tables: dict[str, pd.DataFrame]) -> set[str]:
    rows = tables[INDICATORS]
    return set(rows.loc[exact(rows, "valeur").isna(), "territoire"])


@pytest.fixture
def before() -> dict[str, pd.DataFrame]:
    """A release of both intercommunalités, of which only the one that took the other over is told."""
    out = stage.protect(places((TAKEN,), **{HEIR: 2682.3, TAKEN: 919.03, OTHER: 8000.0}), WORLD, {})
    assert hidden(out) == {TAKEN}
    return {"bilan": statements(out, WORLD)}


def test_what_one_intercommunalite_took_over_is_not_found_in_what_both_are_now(
    before: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "heirs", lambda _: pd.Series({TAKEN: HEIR}))
    now = places(**{HEIR: 3601.33, OTHER: 8000.0})
    assert hidden(stage.protect(now, WORLD, before)) == {HEIR}
    assert hidden(stage.protect(now, WORLD, {})) == set()
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    with pytest.raises(DataError, match=f"heures/2025/{TAKEN} avant fusion/ensemble"):
        stage.protect(now, WORLD, before)


def test_a_place_that_is_new_of_two_old_ones_is_their_sum(
    before: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "heirs", lambda _: pd.Series({TAKEN: "200071991", HEIR: "200071991"}))
    assert hidden(stage.protect(places(**{"200071991": 3601.33}), WORLD, before)) == {"200071991"}


def test_an_intercommunalite_that_is_no_more_and_whose_heir_nobody_named_is_asked_for() -> None:
    release = statements(places(**{"299999999": 500.0, OTHER: 8000.0}), WORLD)
    with pytest.raises(DataError, match=r"^data/raw/reference/territoire/epci_anciens\.csv : .* : 299999999 ; attendu"):
        heirs({"bilan": release})


def test_former_intercommunalites_are_of_the_past_and_their_heirs_of_today() -> None:
    table, today = reference.table("territoire/epci_anciens"), set(reference.epci()["epci_siren"])
    assert not set(table["ancien_siren"]) & today and set(table["epci_siren"].dropna()) <= today
    assert not table["ancien_siren"].duplicated().any() and table["source"].notna().all()


def test_a_table_that_is_dropped_is_still_known_and_gives_no_hidden_row_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three structures told, one hidden; the next publication tells their department alone, exactly."""
    tables = facilitators(0.5, 1.0, 0.9, 0.6)
    told = stage.protect(tables, WORLD, {})
    assert told[HOSTS]["etp"].isna().tolist() == [True, False, False, False]
    now = {SEATS: tables[SEATS]}
    assert exact(stage.protect(now, WORLD, {})[SEATS], "etp").tolist() == [3.0]
    assert exact(stage.protect(now, WORLD, {"bilan": statements(told, WORLD)})[SEATS], "etp").isna().all()


def test_a_row_that_is_gone_and_of_which_nothing_is_left_hides_nothing() -> None:
    """Its hours were corrected away: the department is the sum of the others."""
    was = places((TAKEN,), **{"80": 12000.0, HEIR: 8000.0, TAKEN: 120.0})
    release = statements(stage.protect(was, WORLD, {}), WORLD)
    assert hidden(stage.protect(places(**{"80": 8000.0, HEIR: 8000.0}), WORLD, {"bilan": release})) == set()
