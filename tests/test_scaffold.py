from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from analysis.cli import main
from analysis.core.dataset import load_dataset
from analysis.core.errors import DataError
from analysis.core.files import read_table
from analysis.core.paths import clean_dir, quality_dir
from analysis.scaffold import new_dataset
from analysis.schemas.canonical import EXPORTS, INVENTORY
from analysis.sources import exports, inventory
from analysis.sources.mapping import load_mapping
from analysis.sources.publications import FILE, load_publications


def test_a_new_dataset_can_be_loaded_mapped_and_read_at_once(project: Path) -> None:
    folder = new_dataset("aisne", "32", 2025)
    assert load_dataset("aisne").edition(2025).departements == ["02", "59", "60", "62", "80"]
    assert set(load_mapping(folder / "mappings" / "modele.yaml").tables) == set(EXPORTS)
    readme = (folder / "LISEZMOI.md").read_text()
    assert "`heures_prevues`" in readme and "aisne" in readme
    assert "`publications.csv`" in readme and load_publications(folder / FILE, load_dataset("aisne")).empty
    assert len((folder / "secret.txt").read_text().strip()) == 64


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("- EXEC_CRIT", "- EXECRIT", "editions (n° 1).mecanismes (n° 2)"),
        ("- '59'", "- '5'", "editions (n° 1).departements (n° 2)"),
        ("qpv_millesime: 2024", "qpv_millesime: 2023", "editions (n° 1).qpv_millesime"),
        ("cog_millesime: 2026", "cog_millesime: 1999", "editions (n° 1).cog_millesime"),
        ("region: '32'", "region: '31'", "region"),
    ],
)
def test_a_code_of_the_settings_is_one_of_its_list(project: Path, old: str, new: str, key: str) -> None:
    path = new_dataset("aisne", "32", 2025) / "dataset.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError) as caught:
        load_dataset("aisne")
    value = new.rsplit(maxsplit=1)[-1].strip("'")
    assert f"clé « {key} » : valeur « {value} » ; attendu : un code de data/raw/reference/" in str(caught.value)


def test_the_latest_edition_is_of_the_region(project: Path) -> None:
    path = new_dataset("aisne", "32", 2025) / "dataset.yaml"
    path.write_text(path.read_text().replace("territoire: '32'", "territoire: HDF"))
    with pytest.raises(DataError, match="le territoire de la dernière édition, 2025, est celui de la région : 32"):
        load_dataset("aisne")


def test_the_questionnaire_has_a_sheet_per_table_lists_and_an_example_that_is_not_read(project: Path) -> None:
    folder = new_dataset("aisne", "32", 2025)
    path = folder / "questionnaires" / "inventaire.xlsx"
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == [*INVENTORY, "listes"]
    rows = book.get_sheet_by_name("facilitateurs").to_python()
    assert rows[0] == [column.name for column in INVENTORY["facilitateurs"].columns]
    assert "EXEMPLE" in rows[1]
    path.rename(folder / "inventaire" / "rempli.xlsx")
    inventory.build("aisne")
    assert read_table(clean_dir("aisne", "inventory") / "structures.parquet").empty
    assert read_table(quality_dir("aisne") / "inventaire.parquet")["regle"].tolist() == ["table_vide"]


def as_a_sender(source: Path, target: Path, key: str = "X1") -> None:
    """The questionnaire with its example lines turned into a real answer."""
    blank = CalamineWorkbook.from_path(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(target), {"default_date_format": "dd/mm/yyyy"}) as book:
        for name in blank.sheet_names[:-1]:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(blank.get_sheet_by_name(name).to_python()[:2]):
                sheet.write_row(number, 0, [key if cell == "EXEMPLE" else cell for cell in row])


def test_what_the_example_lines_show_is_what_the_importer_expects(project: Path) -> None:
    folder = new_dataset("aisne", "32", 2025)
    lines = "X1,Essai,,modele\nX2,Totaux,,modele\nS02,Partenaire,,modele\n"
    (folder / "structures.csv").write_text(f"structure_id,nom,siret,mapping\n{lines}")
    as_a_sender(folder / "questionnaires" / "totaux.xlsx", folder / "exports" / "X2" / "2025" / "totaux.xlsx", "32")
    as_a_sender(folder / "questionnaires" / "export.xlsx", folder / "exports" / "X1" / "2025" / "export.xlsx")
    as_a_sender(folder / "questionnaires" / "inventaire.xlsx", folder / "inventaire" / "x.xlsx")
    shutil.copy(folder / "questionnaires" / "autres_acteurs.xlsx", folder / "inventaire" / "y.xlsx")
    as_a_sender(folder / "questionnaires" / "besoins.xlsx", folder / "besoins" / "x.xlsx")
    exports.build("aisne")
    inventory.build("aisne")
    assert read_table(quality_dir("aisne") / "exports.parquet")["message"].tolist() == []
    told = read_table(quality_dir("aisne") / "inventaire.parquet")[["fichier", "regle"]].values.tolist()
    assert told == [["inventaire/y.xlsx", "table_vide"]]
    assert read_table(clean_dir("aisne", "exports") / "heures.parquet")["heures"].tolist() == [120.5]
    assert read_table(clean_dir("aisne", "exports") / "agregats.parquet")["valeur"].tolist() == [12500]
    assert read_table(clean_dir("aisne", "exports") / "accompagnements.parquet")["part"].tolist() == [0.4, 0.6]
    assert len(read_table(clean_dir("aisne", "inventory") / "besoins.parquet")) == 1


@pytest.mark.parametrize("name", ["Mon jeu", "reference", "../x", "2025"])
def test_an_odd_name_is_refused(project: Path, name: str) -> None:
    with pytest.raises(DataError, match="attendu"):
        new_dataset(name, "32", 2025)


@pytest.mark.parametrize("year", ["25", "0025", "20255", "1025", "deux mille", ""])
def test_a_year_that_is_none_makes_no_dataset(project: Path, year: str) -> None:
    result = CliRunner().invoke(main, ["new-dataset", "aisne", "--year", year])
    assert result.exit_code == 2
    said = f"Erreur : année « {year} » ; attendu : quatre chiffres, de 2000 à 2099, par exemple 2025"
    assert said in result.output and "Usage" not in result.output
    assert not (project / "data" / "raw" / "aisne").exists()


def test_the_year_that_is_typed_is_that_of_the_edition(project: Path) -> None:
    assert CliRunner().invoke(main, ["new-dataset", "aisne", "--year", "2024"]).exit_code == 0
    [edition] = load_dataset("aisne").editions
    assert (edition.annee, str(edition.date_observation)) == (2024, "2024-12-31")


def test_a_region_without_its_communes_is_refused(project: Path) -> None:
    with pytest.raises(DataError, match="région « 11 »"):
        new_dataset("idf", "11", 2025)


def test_an_existing_dataset_is_left_alone(project: Path) -> None:
    new_dataset("aisne", "32", 2025)
    with pytest.raises(DataError, match="existe déjà"):
        new_dataset("aisne", "32", 2025)
