from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from analysis.consolidation.views import duplicates_sensitivity, headline, review
from analysis.consolidation.views.volumes import _behind, message
from analysis.publishing.page import rows_where

QUEUE = pd.DataFrame(
    [
        (2025, "S1:b", "S2:b", "Stade", "Le stade", 0.31, "début : le même jour", "fin : éloignée"),
        (2025, "S1:c", "S2:c", "École", "ECOLE", 0.98, "intitulé : identique", ""),
        (2024, "S1:a", "S2:a", "Parc", "Parc", 0.99, "intitulé : identique", ""),
    ],
    columns=["edition", "op_a", "op_b", "libelle_a", "libelle_b", "probabilite", "concordances", "differences"],
)


def page(*rows: tuple[float, int, float, str], regional: bool = True) -> SimpleNamespace:
    """A page of an edition that counts 10 operations and 1,000 hours today."""
    tables = {
        "doublons_a_revoir": QUEUE,
        "doublons_sensibilite": pd.DataFrame(rows, columns=["seuil", "operations", "heures", "secret"]).assign(
            edition=2025,
            operations_en_moins=lambda t: 10 - t["operations"],
            heures_en_moins=lambda t: 1000.0 - t["heures"],
        ),
    }
    edition = SimpleNamespace(territoire="32", territory_name="Hauts-de-France", base_legale="L2112-2")
    return SimpleNamespace(
        year=2025,
        edition=edition,
        regional=regional,
        dataset=SimpleNamespace(region="32"),
        read=tables.__getitem__,
        csv=lambda name: name,
    )


def test_the_likeliest_pair_is_asked_about_first() -> None:
    lines = review(page()).text().splitlines()
    asked = [line for line in lines if line.startswith("S1:")]
    assert [line.split()[0] for line in asked] == ["S1:c", "S1:b"]
    assert "98,0" in asked[0] and "fin : éloignée" in asked[1]


def test_sensitivity_says_what_the_lowest_threshold_would_take_away() -> None:
    text = duplicates_sensitivity(page((0.5, 8, 900.0, ""), (0.9, 9, 960.0, ""))).text()
    assert "d'au moins 50 %" in text.replace("\u202f", " ").replace("\u00a0", " ")
    assert "2 opérations et 100 heures de moins" in text


def test_sensitivity_without_any_likely_pair_is_a_sentence() -> None:
    assert "Aucune paire" in duplicates_sensitivity(page((0.5, 10, 1000.0, ""))).text()


def test_sensitivity_of_secret_hours_shows_no_hours() -> None:
    text = duplicates_sensitivity(page((0.5, 9, float("nan"), "moins de 5 personnes"))).text()
    assert "secret statistique" in text


def test_pairs_of_the_whole_region_are_on_its_page_alone() -> None:
    of_department = page((0.5, 8, 900.0, ""), regional=False)
    assert review(of_department).text() == "Sur la page de la région : les paires d'opérations à examiner."
    assert duplicates_sensitivity(of_department).href == "2025-32.html"


def test_what_stands_behind_the_year_agrees_with_its_numbers() -> None:
    edition = pd.Series({"structures": 1, "structures_connues": 2})
    one = _behind(edition, pd.Series({"operations": 1, "heures": 10.0, "a_revoir": 1}))
    assert one.startswith("1 structure a envoyé un export ou des totaux, l'inventaire en compte 2 en place")
    assert "1 opération saisie deux fois" in one and "1 paire reste à examiner" in one
    assert "(1 heure retirée)" in _behind(edition, pd.Series({"operations": 1, "heures": 1.25, "a_revoir": 1}))
    secret = _behind(edition, pd.Series({"operations": 1, "heures": float("nan"), "a_revoir": 1}))
    assert "une fois, 1 paire" in secret
    none = _behind(edition, pd.Series({"operations": 0, "heures": 0.0, "a_revoir": 0}))
    assert "aucune opération" in none and "aucune paire ne reste" in none and " 0 " not in none
    without = _behind(edition.replace({2: 0}), pd.Series({"operations": 0, "heures": 0.0, "a_revoir": 0}))
    assert without.startswith("1 structure a envoyé un export ou des totaux ; "), "no inventory, nobody in place"


def test_without_a_response_rate_no_headline_figure_is_shown() -> None:
    cells = pd.DataFrame(
        {"edition": [2025], "territoire": ["32"], "indicateur": ["heures_realisees"], "modalite": ["ensemble"]}
    ).assign(valeur=1234.0, secret="", valeur_min=np.nan, valeur_max=np.nan, valeur_arrondi=np.nan)
    editions = pd.DataFrame({"edition": [2025], "structures": [2], "structures_connues": [0]})
    removed = pd.DataFrame({"edition": [2025], "operations": [0], "heures": [0.0], "a_revoir": [0]})
    rests = pd.DataFrame({"edition": [], "territoire": [], "origine": []})
    tables = {"indicateurs": cells, "editions": editions, "doublons_retires": removed, "provenance": rests}

    def read(table: str, **where: object) -> pd.DataFrame:
        return rows_where(tables[table], where)

    edition = SimpleNamespace(diviseurs_etp=[1607], territoire="32")
    asked = SimpleNamespace(year=2025, place="32", edition=edition, read=read, csv=lambda table: table, regional=False)
    assert "taux de réponse" in headline(asked).text()
    said = message(asked).text()
    assert said.startswith("En 2025, dans toute la région, 2 structures ont envoyé") and "1\u202f234" not in said
    editions["structures_connues"] = 3
    assert "1\u202f234" in headline(asked).text() and "1\u202f234" in message(asked).text()
