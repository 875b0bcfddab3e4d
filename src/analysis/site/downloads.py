"""What can be downloaded: every protected table as CSV and as a workbook, and the Data Package that describes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from analysis.checking.pool import each
from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.files import file_digest, finished_folder, read_table, write_table, write_text
from analysis.core.numbers import french, french_date
from analysis.core.params import load_params
from analysis.core.paths import protected_dir, reports_dir
from analysis.publishing import definitions
from analysis.publishing.page import deliverables
from analysis.publishing.templating import fill, program_version
from analysis.schemas.dictionary import table_schema
from analysis.schemas.registry import published
from analysis.site.workbook import KINDS, write_workbook

TABLES, PAGE, PACKAGE = "tables", "donnees.html", "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
DIALECT = {"header": True, "delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True}
SECRET = (
    "Une valeur couverte par le secret statistique est vide dans les fichiers, et la colonne « secret » en donne "
    "le motif ; les pages impriment « s » à sa place. Un total donné arrondi pour le même motif l'est à ce que dit la "
    "colonne « …_arrondi » ; les pages l'impriment après « ≈ »."
)


@dataclass(frozen=True)
class PublishedTable:
    """A protected table and the schema that describes it."""

    deliverable: str
    name: str
    source: Path

    @property
    def stem(self) -> str:
        """Its name among all the tables, which its files bear."""
        return f"{self.deliverable}_{self.name}"

    @cached_property
    def schema(self) -> dict:
        """Its TableSchema."""
        return table_schema(published(self.deliverable)[self.name])

    @property
    def description(self) -> str:
        """What a row is."""
        return self.schema["description"]

    @property
    def definition(self) -> str | None:
        """The address of what defines it, from the page of the data."""
        return definitions.href(definitions.of_table(self.stem))

    @property
    def key(self) -> str:
        return ", ".join(self.schema["primaryKey"])


@dataclass(frozen=True)
class Download:
    """A table once written: its rows, the bytes of its CSV and of its workbook (None: too many rows for one)."""

    table: PublishedTable
    rows: int
    digest: str
    csv: int
    xlsx: int | None


def published_tables(dataset: str) -> list[PublishedTable]:
    """Every protected table of `dataset`, in the order of the deliverables."""
    return [
        PublishedTable(str(name), path.stem, path)
        for name in deliverables().index
        for path in sorted((protected_dir(dataset) / str(name)).glob("*.parquet"))
    ]


def build(dataset: Dataset) -> None:
    """Write `reports/<dataset>/tables/` and the page `donnees.html` that leads to its files."""
    with finished_folder(reports_dir(dataset.nom) / TABLES) as folder:
        downloads = write(dataset, published_tables(dataset.nom), folder)
    write_text(page(dataset, downloads), reports_dir(dataset.nom) / PAGE)


def write(dataset: Dataset, tables: Sequence[PublishedTable], folder: Path) -> list[Download]:
    """Write each table to `folder` as CSV and, if it is not too long, as XLSX; then `datapackage.json`."""
    downloads = each(partial(_download, dataset, folder), tables)
    text = json.dumps(package(dataset, downloads), ensure_ascii=False, indent=1)
    write_text(text + "\n", folder / PACKAGE)
    return downloads


def package(dataset: Dataset, downloads: Sequence[Download]) -> dict:
    """The Data Package (v2): licence, sources, version of the program, and each CSV with its TableSchema."""
    licence = _licence()
    return {
        "$schema": PROFILE,
        "name": f"clauses-sociales-{dataset.nom}",
        "title": _title(dataset),
        "description": f"Données observées au {french_date(dataset.date_observation)}. {SECRET}",
        "version": program_version(),
        "synthetique": dataset.synthetique,
        "licenses": [{"name": licence["code"], "title": licence["titre"], "path": licence["adresse"]}],
        "sources": _sources(dataset),
        "resources": [_resource(download) for download in downloads],
    }


def page(dataset: Dataset, downloads: Sequence[Download]) -> str:
    """The page that leads to every file and describes every column."""
    chapters = [
        {"anchor": str(name), "title": row["titre"], "downloads": found}
        for name, row in deliverables().iterrows()
        if (found := [download for download in downloads if download.table.deliverable == name])
    ]
    fields = [field for download in downloads for field in download.table.schema["fields"]]
    codelists = {field["codelist"]: field["categories"] for field in fields if "categories" in field}
    sections = [("reutiliser", "Réutiliser ces données"), ("lire", "Lire les fichiers")]
    sections += [(chapter["anchor"], chapter["title"]) for chapter in chapters]
    sections += [("codes", "Listes de codes")] if codelists else []
    return fill(
        "site/data.html.j2",
        title=f"Les données : clauses sociales, {dataset.territory_name}",
        contents=[{"anchor": anchor, "title": title, "parts": []} for anchor, title in sections],
        dataset=dataset,
        package=PACKAGE,
        folder=TABLES,
        licence=_licence(),
        sources=_sources(dataset),
        citation=citation(dataset),
        secret=SECRET,
        chapters=chapters,
        codelists=dict(sorted(codelists.items())),
        kinds=KINDS,
        count=len(downloads),
        most=french(load_params().publishing.workbook_rows),
        whole=french,
        size=size,
        version=program_version(),
    )


def citation(dataset: Dataset) -> str:
    """How to name these data, with the date that the licence asks for."""
    return (
        f"{_title(dataset)}, données observées au {french_date(dataset.date_observation)}, programme d'analyse des "
        f"clauses sociales, version {program_version()}, {_licence()['titre']}"
    )


def size(count: int) -> str:
    """`count` bytes as a French reader writes them: `741 octets`, `12 ko`, `1,4 Mo`."""
    if count < 1000:
        return french(count, 0, "octets")
    return french(count / 1e3, 0, "ko") if count < 999_500 else french(count / 1e6, 1, "Mo")


def _download(dataset: Dataset, folder: Path, table: PublishedTable) -> Download:
    frame = read_table(table.source)
    csv, xlsx = (folder / f"{table.stem}.{kind}" for kind in ("csv", "xlsx"))
    write_table(frame, csv)
    if short := len(frame) <= load_params().publishing.workbook_rows:
        write_workbook(frame, table.schema, _about(dataset, table), xlsx)
    return Download(table, len(frame), file_digest(csv), csv.stat().st_size, xlsx.stat().st_size if short else None)


def _resource(download: Download) -> dict:
    table = download.table
    return {
        "name": table.stem,
        "type": "table",
        "title": table.description,
        "description": f"{deliverables().loc[table.deliverable, 'titre']}. Une ligne : {table.description}. "
        f"Clé : {table.key}.",
        "path": f"{table.stem}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": download.csv,
        "hash": f"sha256:{download.digest}",
        "dialect": DIALECT,
        "schema": table.schema,
    }


def _about(dataset: Dataset, table: PublishedTable) -> dict[str, str]:
    """What the second sheet of a workbook says before its columns."""
    editions = {
        f"Édition {edition.annee}": f"{edition.territory_name} ; {edition.base_legale} ; données observées au "
        f"{french_date(edition.date_observation)}"
        for edition in dataset.editions
    }
    synthetic = {"Attention": "Données synthétiques : fabriquées par un programme pour la démonstration."}
    return {
        "Table": table.stem,
        "Livrable": str(deliverables().loc[table.deliverable, "titre"]),
        "Une ligne est": table.description,
        "Clé": table.key,
        "Jeu de données": _title(dataset),
        **(synthetic if dataset.synthetique else {}),
        **editions,
        "Secret statistique": SECRET,
        "À citer": citation(dataset),
    }


def _title(dataset: Dataset) -> str:
    return f"Clauses sociales, {dataset.territory_name} ({dataset.titre})"


def _licence() -> dict[str, str]:
    return reference.table("publication/licence").iloc[0].to_dict()


def _sources(dataset: Dataset) -> list[dict[str, str]]:
    """Where the data come from, title and address if any: a synthetic dataset comes from none of the real files."""
    rows = reference.table("publication/origines").fillna("")
    rows = rows[rows["jeu"].isin(["tous", "synthetique" if dataset.synthetique else "reel"])]
    return [
        {"title": row.titre, "path": row.adresse} if row.adresse else {"title": row.titre} for row in rows.itertuples()
    ]
