"""What the quality page says of disclosure control, in words that its readers have."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.publishing.content import DataTable
from analysis.quality import views

ROWS = pd.DataFrame(
    {
        "livrable": "consolidation",
        "table": "ventilation",
        "filtre": ["axe=employeur", "axe=mecanisme"],
        "regroupement": "éditions réunies deux à deux",
        "part_cachee": [0.233, 0.233],
        "part_au_plus": [0.193, 0.235],
    }
)


def page(rows: pd.DataFrame) -> SimpleNamespace:
    return SimpleNamespace(read=lambda name: rows, csv=lambda name: name)


def test_where_nothing_was_received_no_file_follows_the_rules() -> None:
    nothing = page(pd.DataFrame(columns=["ordre"]))
    assert views.rules(nothing).text() == views.headline(nothing).text() == "Aucune donnée n'a été reçue."
    received = {"headlines": ROWS, "regles": ROWS.iloc[:0]}
    assert "Aucun manquement" in views.rules(SimpleNamespace(read=received.__getitem__)).text()


def test_decisions_without_effect_are_named_by_their_line() -> None:
    vain = {"ligne": [7, 2], "op_a": "S9:1", "op_b": "S8:1", "decision": "doublon", "constat": "contredite"}
    table = views.decisions(page(pd.DataFrame(vain)))
    assert isinstance(table, DataTable) and [row[0].text for row in table.rows] == ["2", "7"]
    assert "n'est sans effet" in views.decisions(page(pd.DataFrame(vain).iloc[:0])).text()


HIDING = pd.DataFrame(
    {"livrable": ["consolidation", "facilitators"], "table": ["ventilation", "ratios"], "part_lignes": [0.3, 0.5]}
)


def groupings(rows: pd.DataFrame, hiding: pd.DataFrame = HIDING) -> str:
    tables = {"secret_regroupements": rows, "secret": hiding}
    return views.groupings(SimpleNamespace(read=tables.__getitem__, csv=lambda name: name)).text()


def test_only_groupings_that_hide_less_are_listed_and_in_words() -> None:
    text = groupings(ROWS)
    assert "quartiles entre structures" in text, "for that table nothing is known"
    assert "Nature de l'employeur" in text and "Mécanisme" not in text
    assert "ventilation" not in text and "employeur  " not in text.replace("l'employeur", "")


def test_without_any_grouping_that_hides_less_a_sentence_says_so() -> None:
    assert "ne cacherait moins" in groupings(ROWS.iloc[1:]) and "quartiles" in groupings(ROWS.iloc[1:])
    assert "Aucune table ne cache plus" in groupings(ROWS.iloc[:0], HIDING.iloc[:0])


def test_what_happens_once_is_said_so() -> None:
    rows = pd.DataFrame(
        {
            "source": ["decp"],
            "libelle": "Montant invalide",
            "gravite": "erreur",
            "lignes": 1,
            "refusees": 0,
            "attendu": "x",
        }
    )
    assert views.rules(page(rows)).alt.endswith(": 1 valeur.")
    hidden = pd.DataFrame({"cachees": [0], "lignes": 9, "arrondies": 0, "part_lignes": 0.0})
    assert views.secret(page(hidden.assign(livrable="x", table="y"))).text().startswith("Lignes cachées : 0 sur 9.")


def test_how_far_the_attack_leaves_a_reader_is_what_the_rules_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "une case que cache une règle ne se retrouve pas à moins d'environ 20" in views._margins()
    assert "une case cachée pour en protéger une autre ne se retrouve pas exactement" in views._margins()
    changed = views.rules_of_secret()
    changed.loc["personnes_min", "protection"] = 0.3
    monkeypatch.setattr(views, "rules_of_secret", lambda: changed)
    assert "environ 20" in views._margins() and "ou environ 30" in views._margins()
