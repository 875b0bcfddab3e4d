"""The page of a purchase that is typed in the notebook, from the protected tables of the demo."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.buyer import views
from analysis.buyer.typed import Typed
from analysis.buyer.views.summary import _of_sector
from analysis.core.errors import DataError
from buyer.planned import GOOD
from buyer.region import CLEAN


def test_a_typed_purchase_has_its_segment_hours_and_contacts_and_no_link_to_what_is_not_published(demo: Path) -> None:
    page = Typed("buyer", "demo", 2025, {**GOOD, "cpv": ""})
    assert page.read("achats")["segment"].tolist() == [CLEAN]
    assert "Engagement proposé" in views.headline(page).text() and "heures" in views.hours(page).text()
    assert "agenda" in views.calendar(page).text() and ".ics" not in views.calendar(page).text()
    said = views.arguments(page).text()
    assert "table `" in said and "](../" not in said
    assert views.like_contracts(page).text().count("\n") > 5


def test_a_purchase_too_small_for_a_commitment_says_what_may_be_done_instead(demo: Path) -> None:
    said = views.hours(Typed("buyer", "demo", 2025, {**GOOD, "montant_min": "5000", "montant_max": ""})).text()
    assert "engagement proposé : aucun" in said.lower() and "regrouper ce besoin avec d'autres" in said


def test_what_is_wrong_with_a_typed_purchase_is_said(demo: Path) -> None:
    with pytest.raises(DataError, match="lieu"):
        Typed("buyer", "demo", 2025, {**GOOD, "lieu": "75056"})


@pytest.mark.parametrize(
    ("whole", "own", "said"),
    [(0, 0, "qui servent le segment"), (2, 2, "toutes du secteur même"), (10, 0, "aucune du secteur même"),
     (17, 3, "dont 3 du secteur même")],
)  # fmt: skip
def test_structures_within_reach_say_how_many_are_of_the_sector(whole: int, own: int, said: str) -> None:
    assert _of_sector(pd.Series({"structures": whole, "dont_secteur": own})).startswith(said)
