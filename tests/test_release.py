"""A release freezes what was published; the next one says what it revises and why."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.core.errors import DataError
from analysis.core.files import read_table, write_table, write_text
from analysis.core.paths import protected_dir, releases_dir, reports_dir
from analysis.disclosure.releases import published_before, release_folders
from analysis.release import causes, release
from analysis.scaffold import new_dataset

JANUARY, JULY = dt.date(2026, 1, 26), dt.date(2026, 7, 1)


@pytest.fixture
def site(project: Path) -> Path:
    """A dataset whose site is finished, of one protected table."""
    folder = new_dataset("essai", "32", 2025)
    (project / "requirements.lock").write_text("pandas==3\n")
    rows = pd.DataFrame(
        {
            "edition": 2025,
            "territoire": ["32", "59", "80"],
            "indicateur": "heures_realisees",
            "modalite": "ensemble",
            "valeur": [1000.0, 600.0, None],
            "secret": ["", "", "moins de 5 personnes"],
        }
    )
    write_table(rows, table())
    write_text("<p>accueil</p>", reports_dir("essai") / "index.html")
    return folder


def table() -> Path:
    return protected_dir("essai") / "consolidation" / "indicateurs.parquet"


def test_a_release_keeps_tables_and_what_they_were_made_from(site: Path) -> None:
    folder = release("essai", "bilan", JANUARY)
    pd.testing.assert_frame_equal(read_table(folder / "consolidation" / "indicateurs.parquet"), read_table(table()))
    manifest = json.loads((folder / "manifeste.json").read_text("utf-8"))
    assert manifest["date"] == "2026-01-26" and set(manifest["pages"]) == {"index.html"}
    assert "structures.csv" in manifest["sources"] and "secret.txt" not in manifest["sources"]
    [before] = published_before("essai")
    assert set(before) == {"consolidation.indicateurs"}


def test_the_next_release_says_what_changed_and_why(site: Path) -> None:
    release("essai", "bilan", JANUARY)
    rows = read_table(table())
    changed = rows.assign(valeur=[1050.0, None, 50.0], secret=["", "moins de 5 personnes", ""])
    added = changed.iloc[:1].assign(territoire="62", valeur=1.0)
    write_table(pd.concat([changed, added], ignore_index=True), table())
    (site / "exports" / "S01.csv").write_text("a,b\n")
    folder = release("essai", "revision", JULY, "Une structure a complété son export.")
    found = pd.read_csv(folder / "revisions.csv").set_index("cle")
    assert found["etat"].to_dict() == {
        "2025/32/heures_realisees/ensemble": "révisé",
        "2025/59/heures_realisees/ensemble": "caché",
        "2025/62/heures_realisees/ensemble": "ajouté",
        "2025/80/heures_realisees/ensemble": "découvert",
    }
    assert found.loc["2025/32/heures_realisees/ensemble", ["avant", "apres"]].tolist() == [1000.0, 1050.0]
    manifest = json.loads((folder / "manifeste.json").read_text("utf-8"))
    assert manifest["precedente"] == "bilan"
    assert manifest["causes"] == [
        "Fichiers reçus qui ont changé : exports/S01.csv.", "Une structure a complété son export."
    ]  # fmt: skip
    assert [path.name for path in release_folders("essai")] == ["bilan", "revision"]


def test_causes_name_settings_and_program() -> None:
    old = {"sources": {}, "parametres": {"a": {"b": 1}}, "programme": "1", "verrou": "x", "reference": {}, "note": ""}
    new = {**old, "parametres": {"a": {"b": 2}}, "programme": "2"}
    assert causes(old, new) == ["Paramètres qui ont changé : a.b.", "Le programme a changé."]
    assert causes(old, old) == []


def test_a_release_is_never_overwritten_backdated_or_made_of_an_unfinished_site(site: Path) -> None:
    release("essai", "bilan", JULY)
    with pytest.raises(DataError, match="existe déjà"):
        release("essai", "bilan", JULY)
    with pytest.raises(DataError, match="une date qui suit celle de « bilan », 2026-07-01"):
        release("essai", "autre", JANUARY)
    (reports_dir("essai") / "index.html").unlink()
    with pytest.raises(DataError, match="site inachevé"):
        release("essai", "autre", JULY)
    assert [path.name for path in releases_dir("essai").iterdir()] == ["bilan"]
