"""The sheets of a file, with the demo's protected tables."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from bs4 import BeautifulSoup

from analysis.core.paths import ROOT_VARIABLE
from buyer.planned import GOOD


def run(demo: Path, path: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "analysis.cli", "buyer", str(path), "--dataset", "demo", "--out", str(out)]
    return subprocess.run(
        command, env=os.environ | {ROOT_VARIABLE: str(demo)}, capture_output=True, text=True, check=False
    )


def written(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(GOOD))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_fifty_rows_of_which_one_is_bad_become_a_folder_of_pages_that_stands_alone(demo: Path, tmp_path: Path) -> None:
    """Its links and figures were checked before the folder appeared."""
    rows = [GOOD | {"achat_id": f"A{n:02}"} for n in range(1, 51)]
    path = written(tmp_path / "achats.csv", rows[0], rows[1] | {"montant_min": "0"}, *rows[2:])
    done = run(demo, path, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "achats.csv, ligne 3, colonne « montant_min » : « 0 » ; attendu : un montant" in done.stderr
    pages = [f"2025-A{n:02}.html" for n in range(1, 51) if n != 2]
    assert sorted(found.name for found in (tmp_path / "out/buyer").iterdir()) == pages
    page = BeautifulSoup((tmp_path / "out/programme/2025-saisie.html").read_text("utf-8"), "html.parser")
    assert [a["href"] for a in page.select("td a, th a")] == [f"../buyer/{name}" for name in pages]
    assert "; attendu : un montant" in page.get_text().replace("\xa0", " ") and "montant_min" not in page.get_text()
    assert (tmp_path / "out/etapes/etapes_A01.ics").read_bytes().startswith(b"BEGIN:VCALENDAR")


def test_a_folder_of_something_else_is_not_replaced(demo: Path, tmp_path: Path) -> None:
    mine = tmp_path / "out" / "mes notes.txt"
    mine.parent.mkdir()
    mine.write_text("à garder")
    done = run(demo, written(tmp_path / "achats.csv", GOOD), tmp_path / "out")
    assert done.returncode == 2 and "« out » existe et n'est pas un rapport d'achats" in done.stderr
    assert mine.read_text() == "à garder"


def test_a_file_without_any_good_row_makes_nothing(demo: Path, tmp_path: Path) -> None:
    done = run(demo, written(tmp_path / "achats.csv", GOOD | {"lieu": "75056"}), tmp_path / "out")
    assert done.returncode == 2 and done.stderr.startswith("Erreur : achats.csv, ligne 2, colonne « lieu »")
    assert "Traceback" not in done.stderr and not (tmp_path / "out").exists()
