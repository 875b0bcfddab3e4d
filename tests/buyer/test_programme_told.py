"""What the page of a programme says of its purchases in all."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.buyer.views.programme import headline, purchases, totals


def programme(*reached: str | None, case: str = "avant") -> SimpleNamespace:
    """The page of a programme whose purchases reach the threshold or not, none where unknown."""
    known, count = pd.Series(reached, dtype="str"), len(reached)
    whole = pd.DataFrame(
        {"annonces": [count], "achats": [count], "refuses": [0], "montant_max": 1e5, "engagement": 70.0,
         "atteignent": known.eq("oui").sum(), "selon_montant": known.eq("selon").sum(), "heures_p10": 80.0,
         "heures_p50": 100.0, "heures_p90": 200.0}
    )  # fmt: skip
    names = [f"A{number}" for number in range(count)]
    asked = pd.to_datetime(["2025-12-13", "2026-03-01", "2026-03-01", "2026-03-01"])[:count]
    bought = pd.DataFrame(
        {"achat_id": names, "objet": "Nettoyage", "seuil_atteint": known, "seuil": 216_000.0, "montant_max": 3e5,
         "date_notification": asked, "date_consultation": asked, "engagement": 35.0, "heures_p50": 1.0,
         "heures_p10": 1.0, "heures_p90": 1.0}
    )  # fmt: skip
    told = pd.DataFrame({"achat_id": names, "cas": case})
    tables = {"buyer/programmes": whole, "buyer/achats": bought, "buyer/constats": told}
    day = SimpleNamespace(date_observation=dt.date(2025, 12, 31))
    return SimpleNamespace(
        key="P", name="Ville", year=2025, dataset=day, csv=str, read=lambda name, **where: tables[name]
    )


def test_purchases_that_reach_the_threshold_are_counted_and_the_others_told_apart() -> None:
    card = headline(programme("oui", "non", "oui")).cards[-1]
    assert card.value == 2 and card.note == "d'après le montant prévu de chacun"
    card = headline(programme("oui", "selon", None)).cards[-1]
    assert card.value == 1 and card.note == (
        "d'après le montant prévu de chacun, sans ceux qui ne l'atteignent qu'en haut de leur fourchette (1), "
        "sans ceux dont aucun seuil n'est connu (1)"
    )


def test_hours_that_can_be_asked_no_more_are_said() -> None:
    card = headline(programme("non", "non")).cards[1]
    assert card.note == "dont 35 h pour des achats dont la date de consultation est passée"


def test_one_purchase_agrees_with_its_sheet() -> None:
    assert headline(programme("non")).cards[0].note == "avec une fiche : 1"
    assert "celles de son seul achat" in totals(programme("non")).text()
    assert "supposées liées entre elles" in totals(programme("non", "non")).text()


@pytest.mark.parametrize(
    ("case", "said"),
    [("en_vigueur", "oui, sauf exception"), ("en_vigueur_selon", "si le besoin atteint le seuil"),
     ("sous_seuil", "non, sous le seuil"), ("avant", "non, consultation antérieure"),
     ("sans_seuil", "si le besoin atteint le seuil, inconnu")],
)  # fmt: skip
def test_a_row_says_whether_the_threshold_is_reached_and_what_follows(case: str, said: str) -> None:
    frame = purchases(programme("oui", "non", "selon", None, case=case)).frame
    assert frame["obligation"].eq(said).all()
    assert frame["atteint"].fillna("").tolist() == ["atteint", "non atteint", "atteint dès 216\u202f000\u00a0€", ""]
