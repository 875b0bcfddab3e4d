"""What a department's page says of the whole region, and what posts beyond the need would change."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from analysis.facilitators.organisation.scenario import Scenario
from analysis.facilitators.views.common import of_region
from analysis.facilitators.views.organisation import Organisation, _least, frontier, sectors

ASKED = Scenario(posts_added=1, post_etp=0.5, max_minutes=10, capacity_hours_per_etp=43_000)


def page(**tables: pd.DataFrame) -> SimpleNamespace:
    return SimpleNamespace(
        regional=True,
        read=tables.__getitem__,
        csv=str,
        dataset=SimpleNamespace(region_nom="Hauts-de-France", synthetique=True),
    )


def test_a_department_says_what_is_of_the_whole_region() -> None:
    assert of_region(SimpleNamespace(regional=True), "Ces postes suffisent.") == "Ces postes suffisent."
    told = of_region(SimpleNamespace(regional=False), "Ces postes suffisent.")
    assert told == "Dans toute la région, ces postes suffisent."


def test_the_first_posts_that_leave_nothing_are_told() -> None:
    rows = pd.DataFrame({"etp_ajoutes": [0.0, 40.0, 50.0, 60.0], "non_servi": [9e5, 4e5, 2e-11, 1e-11]})
    assert _least(rows)["etp_ajoutes"] == 50.0


def test_an_epci_that_nobody_reaches_has_no_lead_elsewhere() -> None:
    zones = pd.DataFrame({"epci_siren": list("ABC"), "nom": list("ABC"), "departement": "59"})
    rows = pd.DataFrame(
        {"epci_siren": list("ABC"), "pilote_siren": ["A", "A", None], "minutes": [1.0, 5.0, None], "surcharge": 0.0,
         "est_detachee": False, "ecart": 0.003}
    )  # fmt: skip
    shown = sectors(page(zones=zones), Organisation(ASKED, {"secteurs": rows}, is_published=False))
    assert shown.takeaway.endswith("dans une autre : 1 sur 3 ; sans pilote à portée : 1.")
    assert shown.frame.set_index("nom")["tenant"].isna().to_dict() == {"A": False, "B": False, "C": True}
    assert "1 poste de 0,5 ETP ajouté ;" in shown.scope
    assert "écart prouvé à l'optimum : 0,3" in shown.note


def test_the_frontier_does_not_say_that_no_post_is_added() -> None:
    names = [
        "etp_ajoutes",
        "non_servi",
        "non_servi_p10",
        "non_servi_p90",
        "part_non_servie",
        "epci_moins_servi",
        "gini",
    ]
    rows = pd.DataFrame([[0.0, 9.0, 8.0, 10.0, 0.5, 0.0, 0.1], [2.0, 5.0, 4.0, 6.0, 0.3, 0.2, 0.1]], columns=names)
    shown = frontier(page(organisation_frontiere=rows.assign(ecart=0.0, cout=1e5)))
    assert "poste" not in shown.table.scope
