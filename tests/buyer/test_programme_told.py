"""What the page of a programme says of its purchases in all."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.buyer.views.programme import _obliged, headline, totals


def programme(*chances: float | None) -> SimpleNamespace:
    """The page of a programme whose purchases are above the threshold with these probabilities, none where unknown."""
    known = pd.Series(chances, dtype="float64")
    whole = pd.DataFrame(
        {"annonces": [len(known)], "achats": [len(known)], "refuses": [0], "montant_max": 1e5, "engagement": 70.0,
         "au_dessus": known.sum(), "heures_p10": 80.0, "heures_p50": 100.0, "heures_p90": 200.0}
    )  # fmt: skip
    asked = pd.to_datetime(["2025-12-13", "2026-03-01"])[: len(known)]
    bought = pd.DataFrame({"p_seuil": known, "date_consultation": asked, "engagement": 35.0})
    tables = {"buyer/programmes": whole, "buyer/achats": bought}
    day = SimpleNamespace(date_observation=dt.date(2025, 12, 31))
    return SimpleNamespace(key="P", name="Ville", dataset=day, csv=str, read=lambda name, **where: tables[name])


@pytest.mark.parametrize(
    ("chances", "said"),
    [((0.4, 0.6), "environ, d'après la probabilité de chacun"),
     ((0.4, None), "environ, d'après la probabilité de chacun, sans ceux dont aucun seuil n'est connu (1)")],
)  # fmt: skip
def test_a_threshold_that_is_not_known_is_not_a_purchase_below_it(chances: tuple[float, ...], said: str) -> None:
    assert headline(programme(*chances)).cards[-1].note == said


def test_hours_that_can_be_asked_no_more_are_said() -> None:
    card = headline(programme(0.1, 0.2)).cards[1]
    assert card.note == "dont 35 h pour des achats dont la date de consultation est passée"


def test_one_purchase_agrees_with_its_sheet() -> None:
    assert headline(programme(0.1)).cards[0].note == "avec une fiche : 1"
    assert "celles de son seul achat" in totals(programme(0.1)).text()
    assert "supposées liées entre elles" in totals(programme(0.1, 0.2)).text()


@pytest.mark.parametrize(
    ("case", "chance", "said"),
    [("en_vigueur", 1e-6, "non, sous le seuil"), ("en_vigueur", 0.01, "si le besoin dépasse le seuil"),
     ("avant", 1e-6, "non, consultation antérieure"),
     ("sans_seuil", float("nan"), "si le besoin dépasse le seuil, inconnu")],
)  # fmt: skip
def test_a_need_that_is_surely_below_the_threshold_obliges_nobody(case: str, chance: float, said: str) -> None:
    assert _obliged(case, chance) == said
