"""What the page says that territories buy more than the region."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from analysis.segments.views import territories


def test_a_place_is_not_said_to_buy_more_of_what_nobody_could_name_nor_of_what_it_buys_less() -> None:
    cells = pd.DataFrame(
        {
            "edition": 2025,
            "epci_siren": "e1",
            "segment": ["AUTRE", "PROPRETE", "FORMATION"],
            "specialisation": [2.2, 1.4, 0.9],
        }
    )
    places = pd.DataFrame({"edition": 2025, "epci_siren": ["e1"], "nom": ["CC d'Essai"], "departement": ["59"]})
    page = SimpleNamespace(
        year=2025,
        department=None,
        territory_name="Hauts-de-France",
        csv=lambda table: table,
        read={"segments_epci": cells, "epci": places}.__getitem__,
    )
    text = territories.specialisation(page).text()
    assert "Propreté et nettoyage (1,4)" in text
    assert "inconnu (" not in text and "Formation" not in text
