"""A structure that changed its software: the files of each year are read with the mapping of that year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from analysis.schemas.canonical import EXPORTS
from analysis.sources.senders import EARLIER, layouts_by_structure
from sending import TABLES, changed, imported, mapping, refused, send, write_two_editions

HEADER = "structure_id,jusqu_en,mapping\n"


def former(name: str = "ancien") -> dict:
    """Another software: headings in capitals, decimal points, other days and codes, the year in the files' names."""
    tables = {
        table: {
            "fichier": f"{table}_{{annee}}.csv",
            "colonnes": {column.name: column.name.upper() for column in known.columns},
        }
        for table, known in EXPORTS.items()
    }
    tables["operations"]["valeurs"] = {"mecanisme": {"Art. 14": "EXEC"}}
    return {"nom": name, "separateur": ",", "decimale": ".", "format_date": "%d-%m-%y", "tables": tables}


def as_former(folder: Path, year: str) -> None:
    """Write the files of `folder` again as the former software would have."""
    for name, rows in TABLES.items():
        path = folder / f"{name}.csv"
        texts = pd.read_csv(path, sep=";", dtype="str", keep_default_na=False)
        texts.columns = [column.upper() for column in texts.columns]
        for column in texts.columns:
            texts[column] = texts[column].str.replace(r"(\d\d)/(\d\d)/20(\d\d)", r"\1-\2-\3", regex=True)
        if "HEURES" in texts:
            texts["HEURES"] = texts["HEURES"].str.replace(",", ".")
        if "MECANISME" in texts:
            texts["MECANISME"] = texts["MECANISME"].replace("EXEC", "Art. 14")
        texts.to_csv(folder.parent / f"{name}_{year}.csv", index=False)
        path.unlink()
        assert rows or texts.empty
    folder.rmdir()


@pytest.fixture
def dataset(project: Path) -> Path:
    """Editions 2024 and 2025, both sent by S1; those of 2024 once more in a test as its former software wrote them."""
    folder = write_two_editions()
    (folder / "mappings" / "ancien.yaml").write_text(yaml.safe_dump(former()))
    hours = [{"ctr_id": "C1", "mois": "2024-11", "heures": "100,5"}]
    begun = {"date_debut": "02/11/2024"}
    send({"heures": hours, **changed("operations", **begun), **changed("contrats", **begun)}, year="2024")
    send()
    return folder


def change_of_software(dataset: Path, text: str = "S1,2024,ancien\n") -> None:
    (dataset / EARLIER).write_text(HEADER + text)


def test_years_before_the_change_are_read_as_the_former_software_wrote_them(dataset: Path) -> None:
    before, quality = imported()
    assert len(before["heures"]) == 3 and quality.empty
    as_former(dataset / "exports" / "S1" / "2024", "2024")
    change_of_software(dataset)
    after, quality = imported()
    assert quality.empty
    for name, rows in before.items():
        kept = [column for column in rows if column != "fichier"]
        pd.testing.assert_frame_equal(after[name][kept], rows[kept])
    assert set(after["heures"]["fichier"]) == {"exports/S1/heures_2024.csv", "exports/S1/2025/heures.csv"}


def test_the_first_year_that_is_not_over_says_the_mapping(dataset: Path) -> None:
    (dataset / "mappings" / "plus_ancien.yaml").write_text(yaml.safe_dump(mapping(nom="plus_ancien")))
    change_of_software(dataset, "S1,2024,ancien\nS1,2021,plus_ancien\n")
    layouts = layouts_by_structure(dataset)
    read = [layouts["S1"].of(year).nom for year in (2019, 2021, 2022, "2024", 2025)]
    assert read == ["plus_ancien", "plus_ancien", "ancien", "ancien", "essai"]
    assert [found.nom for found in layouts["S2"]] == ["essai"]


def test_a_file_laid_out_as_in_other_years_is_named_with_the_mapping_of_its_own(dataset: Path) -> None:
    change_of_software(dataset)
    said = "exports/S1/2024/heures.csv : fichier inutilisable (« essai » ne lit pas 2024, « ancien » le fait : "
    assert said + "structures.csv et mappings/anciennes.csv) ; attendu" in refused()


def test_a_file_out_of_place_is_told_the_place_that_any_of_the_mappings_gives(dataset: Path) -> None:
    as_former(dataset / "exports" / "S1" / "2024", "2024")
    change_of_software(dataset)
    wrong = dataset / "exports" / "S1" / "2024"
    wrong.mkdir()
    (dataset / "exports" / "S1" / "heures_2024.csv").rename(wrong / "heures_2024.csv")
    assert "(sa place : exports/S1/heures_2024.csv) ; attendu" in refused()


def test_a_correction_speaks_the_words_of_its_year(dataset: Path) -> None:
    as_former(dataset / "exports" / "S1" / "2024", "2024")
    change_of_software(dataset)
    with (dataset / "decisions" / "corrections.csv").open("a") as decided:
        decided.write("exports/S1,operations,OP1,mecanisme,Art. 14,CRIT,signe,analyste,2026-01-15\n")
    tables, quality = imported()
    assert tables["operations"].set_index("annee")["mecanisme"].to_dict() == {2024: "CRIT", 2025: "EXEC"}
    assert quality.empty


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("S9,2024,ancien\n", "ligne 2, colonne « structure_id » : « S9 » ; attendu : une structure de structures.csv."),
        ("S1,24,ancien\n", "ligne 2, colonne « jusqu_en » : « 24 » ; attendu : la dernière année lue ainsi"),
        ("S1,2024,ancien\nS1,2024,essai\n", "ligne 3, colonne « jusqu_en » : « 2024 » ; attendu : une seule ligne par"),
        ("S1,2024,vieux\n", "ligne 2, colonne « mapping » : « vieux » ; attendu : le nom d'un fichier de mappings/"),
    ],
)
def test_a_line_that_names_nothing_is_one_sentence(dataset: Path, text: str, said: str) -> None:
    change_of_software(dataset, text)
    assert refused().startswith(f"mappings/anciennes.csv, {said}")
