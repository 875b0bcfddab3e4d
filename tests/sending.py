"""A small structure's export, right in every cell, for tests to spoil."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
import yaml

from analysis.core.errors import DataError
from analysis.core.files import read_table
from analysis.core.paths import clean_dir, quality_dir, raw_dir
from analysis.scaffold import new_dataset
from analysis.schemas.canonical import EXPORTS
from analysis.sources import exports
from analysis.sources.spreadsheet import Workbook

EPCI_LILLE, EPCI_AMIENS = "200093201", "248000531"
BUYER, COMPANY, EMPLOYER = "21590350100017", "55203253400646", "73282932000074"

TABLES: dict[str, list[dict[str, str]]] = {
    "operations": [
        {"op_id": "OP1", "libelle": "Réhabilitation de l'école Pasteur", "maitre_ouvrage_siret": BUYER,
         "maitre_ouvrage_categorie": "COMMUNE", "mecanisme": "EXEC", "segment": "BATIMENT_FINITION",
         "date_debut": "01/01/2025", "date_fin": "31/12/2025", "is_anru": "non", "heures_prevues": "200"},
    ],
    "territoires": [{"op_id": "OP1", "epci_siren": EPCI_LILLE, "part": "1"}],
    "engagements": [{"eng_id": "E1", "op_id": "OP1", "lot": "1", "entreprise_siret": COMPANY, "heures_prevues": "200"}],
    "beneficiaires": [
        {"ben_ref": "B1", "nom": "Durand-Élie", "prenom": "Zoé", "date_naissance": "05/03/2001", "sexe": "F",
         "commune_insee": "59350", "nir": "201035935012345", "courriel": "zoe@example.org"},
    ],
    "contrats": [
        {"ctr_id": "C1", "ben_ref": "B1", "eng_id": "E1", "employeur_siret": EMPLOYER, "employeur_kind": "EI",
         "contrat_type": "CDDI", "date_debut": "01/02/2025", "date_fin": "31/03/2025", "rsa": "oui", "qpv": "inconnu",
         "deld": "non"},
    ],
    "heures": [
        {"ctr_id": "C1", "mois": "2025-02", "heures": "100,5"},
        {"ctr_id": "C1", "mois": "2025-03", "heures": "50,25"},
    ],
    "sorties": [],
}  # fmt: skip


def mapping(**changes: object) -> dict:
    """A mapping of CSV files with canonical headings, decimal commas and French dates."""
    tables = {
        name: {"fichier": f"{name}.csv", "colonnes": {column.name: column.name for column in table.columns}}
        for name, table in EXPORTS.items()
    }
    return {"nom": "essai", "decimale": ",", "format_date": "%d/%m/%Y", "tables": tables, **changes}


def others(*known: int) -> dict[str, int]:
    """The titles of the months that are not `known`, of a layout with a column for each of the twelve."""
    return {f"m{month}": month for month in range(1, 13) if month not in known}


def people(*numbers: int) -> dict[str, list[dict[str, str]]]:
    """The export of one operation with a contract of 100 hours for each of those persons."""
    return {
        "beneficiaires": [
            {**TABLES["beneficiaires"][0], "ben_ref": f"B{n}", "nom": f"Nom{'abcdefgh'[n]}",
             "date_naissance": f"0{n}/03/1990"}
            for n in numbers
        ],
        "contrats": [{**TABLES["contrats"][0], "ctr_id": f"C{n}", "ben_ref": f"B{n}"} for n in numbers],
        "heures": [{"ctr_id": f"C{n}", "mois": "2025-02", "heures": "100"} for n in numbers],
    }  # fmt: skip


def write_dataset(name: str = "essai") -> Path:
    """A scaffolded dataset with one structure, S1, that has not sent anything yet."""
    folder = new_dataset(name, "32", 2025)
    (folder / "structures.csv").write_text("structure_id,nom,siret,mapping\nS1,Essai,,essai\nS2,Autre,,essai\n")
    (folder / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping()))
    return folder


def write_two_editions(name: str = "essai") -> Path:
    """The same dataset with the editions 2024 and 2025."""
    folder = write_dataset(name)
    settings = yaml.safe_load((folder / "dataset.yaml").read_text())
    settings["editions"].insert(0, {**settings["editions"][0], "annee": 2024})
    (folder / "dataset.yaml").write_text(yaml.safe_dump(settings))
    return folder


def send(
    tables: dict[str, list[dict[str, str]]] | None = None,
    *,
    structure: str = "S1",
    year: str = "2025",
    dataset: str = "essai",
    encoding: str = "utf-8",
) -> Path:
    """Write the export of one structure; tables not given are those of `TABLES`."""
    folder = raw_dir(dataset) / "exports" / structure / year
    folder.mkdir(parents=True)
    for name, rows in {**TABLES, **(tables or {})}.items():
        columns = [column.name for column in EXPORTS[name].columns]
        frame = pd.DataFrame(rows, columns=columns)
        frame.to_csv(folder / f"{name}.csv", sep=";", index=False, encoding=encoding)
    return folder


def totals(*rows: tuple[str, str, float], place: str = "32", shown: str = "ACCORD") -> list[dict[str, str]]:
    """Rows of the table of totals: indicator, modality, value."""
    return [
        {"territoire": place, "indicateur": name, "modalite": who, "valeur": str(value), "diffusion": shown}
        for name, who, value in rows
    ]


def send_totals(
    rows: list[dict[str, str]], *, structure: str = "S1", year: str = "2025", dataset: str = "essai"
) -> Path:
    """Write the send of a structure that has totals only; the folder may hold other tables already."""
    folder = raw_dir(dataset) / "exports" / structure / year
    folder.mkdir(parents=True, exist_ok=True)
    columns = [column.name for column in EXPORTS["agregats"].columns]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "agregats.csv", sep=";", index=False)
    return folder


def changed(table: str, row: int = 0, **values: str) -> dict[str, list[dict[str, str]]]:
    """`TABLES` with one row of one table changed."""
    rows = [dict(found) for found in TABLES[table]]
    rows[row] |= values
    return {table: rows}


def imported(dataset: str = "essai") -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The clean tables of what was sent, and its quality table."""
    exports.build(dataset)
    tables = {path.stem: read_table(path) for path in clean_dir(dataset, "exports").glob("*.parquet")}
    return tables, read_table(quality_dir(dataset) / "exports.parquet")


def refused(dataset: str = "essai") -> str:
    """The sentence that stops the import of what was sent."""
    with pytest.raises(DataError) as caught:
        exports.build(dataset)
    return str(caught.value)


def write_workbook(folder: Path, sheets: dict[str, list[list]], name: str = "export.xlsx") -> Path:
    """A workbook of these rows; what begins with = is a formula, which says its value after a bar: `=1/0|#DIV/0!`."""
    with xlsxwriter.Workbook(folder / name) as book:
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    formula, _, value = str(cell).partition("|")
                    if formula.startswith("="):
                        sheet.write_formula(number, place, formula, None, value)
                    else:
                        sheet.write(number, place, cell)
    return folder / name


def merge_in(path: Path, ranges: dict[str, str], title: str = "Suivi") -> None:
    """A workbook again, with these cells of the sheet `title` merged, each under one value."""
    book = Workbook(path, path.name)
    sheets = {name: book.sheet(name) for name in book.titles}
    with xlsxwriter.Workbook(path) as copy:
        for name, found in sheets.items():
            sheet = copy.add_worksheet(name)
            for line, row in zip([1, *found.lines], [found.header, *found.cells], strict=True):
                for place, cell in enumerate(row):
                    if cell:
                        sheet.write_string(line - 1, place, cell)
        for place, value in ranges.items():
            copy.get_worksheet_by_name(title).merge_range(place, value)


def in_workbook(table: str, rows: list[list], **changes: object) -> Path:
    """The send of S1 with one table in a sheet « Suivi », of which the first row are the headings."""
    folder = send()
    (folder / f"{table}.csv").unlink()
    said = mapping()
    said["tables"][table] = {
        "fichier": "export.xlsx", "feuille": "Suivi", "colonnes": {name: name for name in rows[0] if name}, **changes,
    }  # fmt: skip
    (raw_dir("essai") / "mappings" / "essai.yaml").write_text(yaml.safe_dump(said))
    return write_workbook(folder, {"Suivi": rows})
