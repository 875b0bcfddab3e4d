"""Fifty sheets of planned purchases: how long, and the same bytes twice.

    python benchmarks/sheets.py [--dataset demo] [--purchases 50]

A file of purchases in the five departments, of nine segments, becomes a folder of pages (`analysis.purchases`), twice.
Goal: 60 s on two processors. Needs the protected tables.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
import time
from pathlib import Path

from analysis.core.files import file_digest, files_under

GOAL = 60
OBJECTS = [
    "Nettoyage des locaux scolaires", "Entretien des espaces verts communaux", "Collecte des encombrants",
    "Travaux de peinture du groupe scolaire", "Réfection de la voirie", "Restauration scolaire en liaison froide",
    "Maintenance des chaudières", "Gardiennage du musée", "Formation aux premiers secours",
]  # fmt: skip
PLACES = ["59350", "62041", "80021", "02691", "60057"]
KINDS = ["COMMUNE", "DEPARTEMENT", "ETAT", "HOPITAL"]


def written(path: Path, count: int) -> Path:
    """A file of `count` purchases, all different."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["achat_id", "objet", "montant_min", "montant_max", "duree_mois", "lieu", "acheteur_type",
             "date_notification", "lots"]
        )  # fmt: skip
        for n in range(count):
            low = 60_000 + 15_000 * n
            writer.writerow(
                [f"A{n:03}", OBJECTS[n % len(OBJECTS)], low, low * (1 + n % 2), 6 + n % 42, PLACES[n % len(PLACES)],
                 KINDS[n % len(KINDS)], f"2027-{1 + n % 12:02}-15", 1 + n % 4]
            )  # fmt: skip
    return path


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo", help="a dataset whose tables are protected")
    parser.add_argument("--purchases", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="achats-") as scratch:
        path = written(Path(scratch) / "achats.csv", options.purchases)
        found = []
        for name in ("first", "second"):
            out, start = Path(scratch) / name, time.perf_counter()
            # Each in a process of its own, as users do.
            command = ["analysis", "buyer", str(path), "--dataset", options.dataset, "--out", str(out)]
            subprocess.run(command, check=True, capture_output=True)
            taken = time.perf_counter() - start
            pages = len(list((out / "buyer").glob("*.html")))
            weight = max(page.stat().st_size for page in out.glob("buyer/*.html")) / 1000
            goal = "" if options.purchases != 50 else f", goal of {GOAL} s: {'yes' if taken < GOAL else 'NO'}"
            print(f"{name}: {pages} sheets in {taken:.1f} s{goal}; heaviest {weight:.0f} kB")
            found.append({str(file.relative_to(out)): file_digest(file) for file in files_under(out)})
    print(f"same bytes twice: {'yes' if found[0] == found[1] else 'NO'} ({len(found[0])} files)")


if __name__ == "__main__":
    main()
