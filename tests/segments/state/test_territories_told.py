"""What the page says that territories buy more than the region."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.segments.views import territories


def here(cells: pd.DataFrame, *names: str) -> SimpleNamespace:
    """The page of the region in 2025, whose EPCI e1, e2... are called so."""
    codes = [f"e{n}" for n in range(1, len(names) + 1)]
    places = pd.DataFrame({"edition": 2025, "epci_siren": codes, "nom": names, "departement": "59"})
    return SimpleNamespace(
        year=2025,
        department=None,
        territory_name="Hauts-de-France",
        csv=lambda table: table,
        read={"segments_epci": cells, "epci": places}.__getitem__,
    )


@pytest.mark.parametrize(
    ("quotients", "names", "words"),
    [
        ([1.0, 1.0], ["CC d'Essai"], "Une seule intercommunalité a des marchés dans l'année, CC d'Essai"),
        ([1.0, 1.04], ["CC d'Essai", "CC Vide"], "n'achète un segment nettement plus que la région"),
        ([None, None], ["CC d'Essai", "CC Vide"], "Aucune intercommunalité n'a 30 marchés"),
    ],
)
def test_a_region_whose_places_do_not_differ_is_told_why(quotients: list, names: list[str], words: str) -> None:
    cells = pd.DataFrame({"edition": 2025, "epci_siren": "e1", "segment": ["PROPRETE", "FORMATION"]})
    page = here(cells.assign(specialisation=pd.Series(quotients, dtype="float64")), *names)
    assert words in territories.specialisation(page).text()


def test_a_place_is_not_said_to_buy_more_of_what_nobody_could_name_nor_of_what_it_buys_less() -> None:
    cells = pd.DataFrame(
        {
            "edition": 2025,
            "epci_siren": "e1",
            "segment": ["AUTRE", "PROPRETE", "FORMATION"],
            "specialisation": [2.2, 1.4, 0.9],
        }
    )
    text = territories.specialisation(here(cells, "CC d'Essai", "CC Voisine")).text()
    assert "Propreté et nettoyage (1,4)" in text
    assert "inconnu (" not in text and "Formation" not in text
