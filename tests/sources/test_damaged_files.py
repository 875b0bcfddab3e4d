"""Files that cannot be used at all: one sentence says which and why, and quotes nobody."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from test_dirty_files import row_of, write_ods

from analysis.core.errors import DataError
from analysis.sources.persons import SECRET_VARIABLE, load_secret
from analysis.sources.spreadsheet import Workbook
from sending import in_workbook, refused, write_dataset


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    return write_dataset()


# --- the secret --------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_secret_that_is_not_utf_8_is_told_and_never_quoted(dataset: Path, encoding: str) -> None:
    (dataset / "secret.txt").write_bytes("é-un-secret-bien-long".encode(encoding))
    with pytest.raises(DataError, match="secret des pseudonymes illisible ; attendu : un texte en UTF-8") as caught:
        load_secret("essai")
    assert "bien" not in str(caught.value) and caught.value.__suppress_context__


def test_a_secret_variable_that_is_not_utf_8_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, "\udce9" * 20)
    with pytest.raises(DataError, match="illisible"):
        load_secret("essai")


# --- workbooks ---------------------------------------------------------------------------------


def with_parts(path: Path, **changes: bytes | None) -> None:
    """A workbook again, with what some of its files (named by what they end with) hold; without those of None."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            if (wanted := changes.get(Path(name).stem, content)) is not None:
                book.writestr(name, wanted)


@pytest.mark.parametrize(
    "changes",
    [{"sheet1": b"<worksheet><sheetData><row r="}, {"sheet1": None}, {"sharedStrings": None}, {"sheet1": b""}],
    ids=["cut", "without sheet", "without texts", "empty"],
)
def test_a_damaged_sheet_of_a_sound_archive_is_a_sentence(changes: dict[str, bytes | None]) -> None:
    with_parts(in_workbook("heures", row_of("heures")), **changes)
    assert refused() == (
        "exports/S1/2025/export.xlsx[Suivi] : fichier inutilisable (classeur illisible) ; attendu : un fichier lisible."
    )


def test_a_damaged_sheet_that_nobody_reads_is_a_sentence_too() -> None:
    path = in_workbook("heures", row_of("heures"))
    with xlsxwriter.Workbook(path) as book:
        for title in ("Suivi", "Notes"):
            sheet = book.add_worksheet(title)
            for line, row in enumerate(row_of("heures")):
                sheet.write_row(line, 0, row)
    with_parts(path, sheet2=b"<worksheet><sheetData><row r=")
    assert "export.xlsx[Notes] : fichier inutilisable (classeur illisible)" in refused()


def test_a_sheet_of_a_chart_is_none_of_a_table() -> None:
    path = in_workbook("heures", row_of("heures"))
    with xlsxwriter.Workbook(path) as book:
        data, drawn = book.add_worksheet("Notes"), book.add_chartsheet("Suivi")
        data.write_row(0, 0, [1, 2])
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Notes!$A$1:$B$1"})
        drawn.set_chart(chart)
    assert "export.xlsx : fichier inutilisable (feuille « Suivi » : un graphique, sans aucune cellule)" in refused()


def test_a_workbook_of_libreoffice_with_a_password_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "export.ods"
    write_ods(path, [[("text", "a")]])
    key = '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
    with zipfile.ZipFile(path) as book:
        manifest = book.read("META-INF/manifest.xml").decode().replace("</manifest", f"{key}</manifest")
    with_parts(path, manifest=manifest.encode(), content=b"\x00\x8f\x12")
    with pytest.raises(DataError, match=r"export\.ods : fichier inutilisable ; attendu : un fichier sans mot de passe"):
        Workbook(path, "export.ods")


def test_a_cell_far_from_the_others_is_told_before_it_fills_the_memory(tmp_path: Path) -> None:
    for place, told in {(4999, 16383): True, (9, 16383): False, (99_999, 25): False}.items():
        path = tmp_path / "export.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet("Suivi")
            sheet.write(0, 0, "a")
            sheet.write(*place, " ")
            sheet.write_blank(9_999, 16383, None, book.add_format({"bold": True}))  # coloured, and empty
        if told:
            with pytest.raises(DataError, match=r"cellule XFD5000 remplie, loin de toutes les autres"):
                Workbook(path, "export.xlsx")
        else:
            assert Workbook(path, "export.xlsx").titles == ["Suivi"]
