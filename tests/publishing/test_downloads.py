from __future__ import annotations

import datetime as dt
import json
import shutil
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from frictionless import Package
from python_calamine import CalamineWorkbook

from analysis.core.dataset import load_dataset
from analysis.core.files import read_table, write_table
from analysis.core.paths import ROOT_VARIABLE, protected_dir, reports_dir
from analysis.schemas.build import conform
from analysis.schemas.registry import published
from analysis.site import downloads
from analysis.site.downloads import PublishedTable

FRAMES = {
    "segments/origine_segments": pd.DataFrame(
        {"edition": 2016, "segment_source": ["objet", "cpv"], "marches": [3, 1], "part": [0.75, 0.25]}
    ),
    "facilitators/couverture": pd.DataFrame(
        {
            "jour": pd.to_datetime(["2015-12-31", "2016-12-31"]),
            "epci_siren": ["024567890", "200011773"],
            "nom": ["=1+1, la « vraie »", 'CA "guillemets"'],
            "departement": ["02", "59"],
            "population_region": [12345, 0],
            "structures": [0, 2],
            "sans_facilitateur": [True, False],
        }
    ),
    "consolidation/indicateurs": pd.DataFrame(
        {
            "edition": 2016,
            "territoire": ["02", "32", "59"],
            "indicateur": "heures_realisees",
            "modalite": "ensemble",
            "valeur": [None, 1302553.0, 0.1],
            "unite": "h",
            "secret": ["moins de 5 personnes", "", None],
            "valeur_arrondi": [None, None, 100.0],
        }
    ),
}
CSV = {
    "segments_origine_segments": "edition,segment_source,marches,part\n2016,cpv,1,0.25\n2016,objet,3,0.75\n",
    "facilitators_couverture": "jour,epci_siren,nom,departement,population_region,structures,sans_facilitateur\n"
    '2015-12-31,024567890,"=1+1, la « vraie »",02,12345,0,True\n'
    '2016-12-31,200011773,"CA ""guillemets""",59,0,2,False\n',
    "consolidation_indicateurs": "edition,territoire,indicateur,modalite,valeur,valeur_min,valeur_max,unite,secret,"
    "valeur_arrondi\n"
    "2016,02,heures_realisees,ensemble,,,,h,moins de 5 personnes,\n"
    "2016,32,heures_realisees,ensemble,1302553.0,,,h,,\n"
    "2016,59,heures_realisees,ensemble,0.1,,,h,,100.0\n",
}


@pytest.fixture
def tables(project: Path) -> list[PublishedTable]:
    """Three tables of the toy dataset that follow their schemas: codes, days and booleans, a hidden figure."""
    shutil.rmtree(protected_dir("jouet"))
    for name, frame in FRAMES.items():
        deliverable, table = name.split("/")
        write_table(conform(published(deliverable)[table], frame), protected_dir("jouet") / f"{name}.parquet")
    return downloads.published_tables("jouet")


def written(folder: Path, tables: list[PublishedTable]) -> Path:
    folder.mkdir()
    downloads.write(load_dataset("jouet"), tables, folder)
    return folder


def problems(folder: Path) -> set[str]:
    """The kinds of errors that frictionless finds in the package of `folder`, every row read."""
    report = Package(str(folder / "datapackage.json")).validate()
    return {row[0] for row in report.flatten(["type"])}


def sheets(path: Path) -> list[list[list]]:
    book = CalamineWorkbook.from_path(str(path))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def cells(frame: pd.DataFrame) -> list[list]:
    """The rows of `frame` as calamine gives them: days are dates, nothing is an empty text."""
    columns = [
        [value.date() if isinstance(value, pd.Timestamp) else "" if pd.isna(value) else value for value in frame[name]]
        for name in frame
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def test_every_table_is_a_csv_and_a_workbook(tmp_path: Path, tables: list[PublishedTable]) -> None:
    folder = written(tmp_path / "a", tables)
    files = {f"{stem}.{kind}" for stem in CSV for kind in ("csv", "xlsx")}
    assert {path.name for path in folder.iterdir()} == {*files, "datapackage.json"}
    for stem, text in CSV.items():
        assert (folder / f"{stem}.csv").read_text("utf-8") == text


def test_the_same_tables_give_the_same_bytes(tmp_path: Path, tables: list[PublishedTable]) -> None:
    first, second = written(tmp_path / "a", tables), written(tmp_path / "b", tables)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_a_workbook_holds_the_table_with_real_numbers_dates_and_booleans(
    tmp_path: Path, tables: list[PublishedTable]
) -> None:
    folder = written(tmp_path / "a", tables)
    for table in tables:
        frame = read_table(table.source)
        rows, _ = sheets(folder / f"{table.stem}.xlsx")
        assert rows[0] == list(frame.columns)
        assert rows[1:] == cells(frame)
    rows, _ = sheets(folder / "facilitators_couverture.xlsx")
    assert rows[1] == [dt.date(2015, 12, 31), "024567890", "=1+1, la « vraie »", "02", 12345, 0, True]
    assert isinstance(rows[1][-1], bool)


def test_the_second_sheet_says_what_the_table_and_its_columns_are(tmp_path: Path, tables: list[PublishedTable]) -> None:
    _, about = sheets(written(tmp_path / "a", tables) / "segments_origine_segments.xlsx")
    said = {row[0]: row[1] for row in about}
    assert said["Une ligne est"] == published("segments")["origine_segments"].description
    assert said["Édition 2015"].startswith("Nord-Pas-de-Calais ; article 14 du code de 2006 ; ")
    assert "Données synthétiques" in said["Attention"] and "motif" in said["Secret statistique"]
    columns = {row[0]: dict(zip(about[-5], row, strict=True)) for row in about[-4:]}
    assert list(columns) == list(FRAMES["segments/origine_segments"])
    assert columns["marches"]["Type"] == "nombre entier"
    assert "audit = Relu par un analyste ; accord = " in columns["segment_source"]["Codes"]


def test_the_package_is_valid_and_says_whose_and_what_it_is(tmp_path: Path, tables: list[PublishedTable]) -> None:
    folder = written(tmp_path / "a", tables)
    assert problems(folder) == set()
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert package["synthetique"] is True and package["licenses"][0]["name"] == "etalab-2.0"
    assert any("synthèse" in source["title"] for source in package["sources"])
    assert not any("Exports" in source["title"] for source in package["sources"]), "a synthetic dataset has none"
    for real in ("insertion", "Recrutements", "demandeurs d'emploi", "Quartiers prioritaires"):
        assert any(real in source["title"] for source in package["sources"]), "real in a synthetic dataset too"
    assert "created" not in package
    origins = next(found for found in package["resources"] if found["name"] == "segments_origine_segments")
    assert origins["schema"]["primaryKey"] == ["edition", "segment_source"]
    assert origins["schema"]["fields"][1]["categories"][0] == {"value": "audit", "label": "Relu par un analyste"}
    assert origins["schema"]["fields"][3]["constraints"] == {"required": True, "minimum": 0, "maximum": 1}


@pytest.mark.parametrize(
    ("name", "column", "values", "expected"),
    [
        ("consolidation/indicateurs", "valeur", ["12", "beaucoup", "3"], "type-error"),
        ("facilitators/couverture", "jour", ["31/12/2015", "31/12/2016"], "type-error"),
        ("facilitators/couverture", "sans_facilitateur", ["oui", "non"], "type-error"),
        ("segments/origine_segments", "segment_source", ["cpv", "ailleurs"], "constraint-error"),
        ("segments/origine_segments", "segment_source", ["cpv", "cpv"], "primary-key"),
        ("segments/origine_segments", "part", [0.25, 1.5], "constraint-error"),
        ("segments/origine_segments", "marches", [1, None], "constraint-error"),
    ],
)
@pytest.mark.usefixtures("tables")
def test_a_table_that_is_not_what_its_schema_says_is_refused(
    tmp_path: Path, name: str, column: str, values: list, expected: str
) -> None:
    path = protected_dir("jouet") / f"{name}.parquet"
    frame = read_table(path).astype({column: object})
    write_table(frame.assign(**{column: values}), path)
    assert expected in problems(written(tmp_path / "a", downloads.published_tables("jouet")))


def test_a_file_changed_after_it_was_published_is_told(tmp_path: Path, tables: list[PublishedTable]) -> None:
    folder = written(tmp_path / "a", tables)
    path = folder / "consolidation_indicateurs.csv"
    path.write_text(path.read_text("utf-8").replace("1302553.0", "1302554.0"), "utf-8")
    assert problems(folder) == {"hash-count"}


def test_the_page_leads_to_every_file_and_describes_every_column(project: Path, tables: list[PublishedTable]) -> None:
    downloads.build(load_dataset("jouet"))
    path = reports_dir("jouet") / "donnees.html"
    page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    links = [a["href"] for a in page.select("main a")]
    files = {f"tables/{stem}.{kind}" for stem in CSV for kind in ("csv", "xlsx")} | {"tables/datapackage.json"}
    assert {link for link in links if not link.startswith(("#", "methode.html#"))} == files
    assert all((path.parent / link).is_file() for link in files)
    assert all(page.find(id=link[1:]) for link in links if link.startswith("#"))
    for table in tables:
        described = [row.th.get_text() for row in page.select(f"#{table.stem} tbody tr")]
        assert described == [field["name"] for field in table.schema["fields"]]
        assert table.description in page.get_text()
    for grid in page.select("table"):
        assert grid.caption and grid.select('thead th[scope="col"]') and grid.select('tbody th[scope="row"]')
    ranks = [int(heading.name[1]) for heading in page.select("h1, main h2, main h3")]
    assert ranks[0] == 1 and ranks.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(ranks))
    text = " ".join(page.get_text().split())
    assert "Licence Ouverte 2.0" in text and "Données synthétiques." in text and "« s »" in text


def test_a_long_table_has_no_workbook_and_the_page_says_so(project: Path, tables: list[PublishedTable]) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text("utf-8"))
    params["publishing"]["workbook_rows"] = 2
    (project / "params.yaml").write_text(yaml.safe_dump(params, allow_unicode=True), "utf-8")
    downloads.build(load_dataset("jouet"))
    made = {path.stem for path in (reports_dir("jouet") / "tables").glob("*.xlsx")}
    assert made == {"segments_origine_segments", "facilitators_couverture"}
    page = BeautifulSoup((reports_dir("jouet") / "donnees.html").read_text("utf-8"), "html.parser")
    [row] = [row for row in page.select("tbody tr") if row.select('a[href="tables/consolidation_indicateurs.csv"]')]
    assert "plus de 2 lignes" in row.get_text()


@pytest.mark.parametrize(
    ("count", "expected"), [(741, "741 octets"), (999_499, "999 ko"), (999_500, "1,0 Mo"), (1_449_000, "1,4 Mo")]
)
def test_sizes_are_written_in_french(count: int, expected: str) -> None:
    assert downloads.size(count).replace("\N{NO-BREAK SPACE}", " ") == expected


def test_the_package_of_the_demo_is_valid(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row of every table is read: about half a minute."""
    monkeypatch.setenv(ROOT_VARIABLE, str(demo))
    found = downloads.published_tables("demo")
    monkeypatch.setattr(downloads, "write_workbook", lambda *given: given[-1].touch())  # it is tested above
    assert len(found) > 80
    downloads.write(load_dataset("demo"), found, tmp_path)
    report = Package(str(tmp_path / "datapackage.json")).validate()
    assert report.flatten(["name", "type", "message"]) == []
    assert report.stats["tasks"] == len(found)
