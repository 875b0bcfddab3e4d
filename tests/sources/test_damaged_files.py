"""Files that cannot be used at all: one sentence says which and why, and quotes nobody."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
import yaml
from test_dirty_files import row_of, write_ods

from analysis.core.errors import DataError
from analysis.core.personal import MASKED
from analysis.core.quality_log import breaches, explain
from analysis.sources.persons import SECRET_VARIABLE, load_secret
from analysis.sources.spreadsheet import Workbook, expect, read_csv
from sending import in_workbook, mapping, refused, send, write_dataset


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

OLD = Path(__file__).parent / "ancien.xls"  # a sheet « heures » of two lines
SECTOR, FIRST_OF_DIRECTORY, FIRST_OF_CHAINS = 512, 48, 76  # bytes; where the header says them ([MS-CFB] 2.2)


def cut_in_its_directory(content: bytearray) -> bytearray:
    """An .xls of which the end lacks, as after a download that stopped."""
    [directory] = struct.unpack_from("<i", content, FIRST_OF_DIRECTORY)
    return content[: SECTOR * (directory + 1) + 100]


def without_an_end(content: bytearray) -> bytearray:
    """An .xls whose directory goes on, sector after sector, in the one where it begins."""
    [directory], [chains] = (
        struct.unpack_from("<i", content, place) for place in (FIRST_OF_DIRECTORY, FIRST_OF_CHAINS)
    )
    struct.pack_into("<i", content, SECTOR * (chains + 1) + 4 * directory, directory)
    return content


def test_an_old_workbook_is_read() -> None:
    sheet = Workbook(OLD, OLD.name).sheet("heures", decimal=",")
    assert sheet.cells == [["C1", "2025-02", "100,5"], ["C1", "2025-03", "50,25"]]


@pytest.mark.parametrize("damage", [cut_in_its_directory, without_an_end])
def test_an_old_workbook_that_its_reader_does_not_survive_is_a_sentence(
    tmp_path: Path, damage: Callable[[bytearray], bytearray], capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "suivi.xls"
    path.write_bytes(damage(bytearray(OLD.read_bytes())))
    with pytest.raises(DataError, match=r"^suivi.xls : fichier inutilisable \(classeur illisible, abîmé ou "):
        Workbook(path, path.name)
    assert capfd.readouterr().err == ""


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
        "exports/S1/2025/export.xlsx[Suivi] : fichier inutilisable (feuille illisible) ; attendu : un fichier lisible."
    )


def test_a_damaged_sheet_that_nobody_reads_is_a_sentence_too() -> None:
    path = in_workbook("heures", row_of("heures"))
    with xlsxwriter.Workbook(path) as book:
        for title in ("Suivi", "Notes"):
            sheet = book.add_worksheet(title)
            for line, row in enumerate(row_of("heures")):
                sheet.write_row(line, 0, row)
    with_parts(path, sheet2=b"<worksheet><sheetData><row r=")
    assert "export.xlsx[Notes] : fichier inutilisable (feuille illisible)" in refused()


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


# --- what a message may quote ------------------------------------------------------------------

PERSON = "B1;Durand;Zoé;05/03/2001;201035935012345;zoe@example.org"


def says_nobody(sentence: str) -> bool:
    return not any(text in sentence for text in ("Durand", "Zoé", "2001", "20103", "zoe@"))


@pytest.mark.parametrize("table", ["operations", "heures", "beneficiaires"])
def test_a_file_of_persons_under_another_name_tells_none_of_them(table: str) -> None:
    (send() / f"{table}.csv").write_text(f"{PERSON}\n{PERSON}\n")
    assert "et aucune de celles attendues n'est présente ; correspondance mappings/essai.yaml" in refused()
    assert says_nobody(refused())


def test_one_heading_among_persons_is_no_line_of_headings() -> None:
    (send() / "beneficiaires.csv").write_text(f"ben_ref;Prénom;{PERSON}\n")
    assert "absente, présentes : ben_ref, Prénom et 6 autres ; correspondance" in refused()
    assert says_nobody(refused())


def test_headings_are_told_where_most_are_those_expected_but_for_what_looks_like_data() -> None:
    path = send() / "heures.csv"
    path.write_text("ctr_id;mois;Nb d'heures;nature_heures;05/03/2001;zoe@example.org\n")
    assert (
        "(colonne « heures » absente, présentes : ctr_id, mois, Nb d'heures, nature_heures et 2 autres ;" in refused()
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PERSON, "et aucune de celles attendues n'est présente"),
        ("structure_id,nom,logiciel", "présentes : structure_id, nom, logiciel"),
        ("structure_id,mapping,05/03/2001,x,x", None),
    ],
)
def test_a_file_of_analysts_that_lacks_a_column_says_which_are_asked_for(dataset: Path, text: str, said: str) -> None:
    send()
    (dataset / "structures.csv").write_text(f"{text}\n")
    if said is None:
        assert "deux colonnes « x »" in refused()
        return
    column = "structure_id" if text == PERSON else "mapping"
    assert refused() == (
        f"structures.csv : fichier inutilisable (colonne « {column} » absente, {said}) ; "
        "attendu : les colonnes structure_id, mapping."
    )


@pytest.mark.parametrize(
    "value", ["zoe@example.org", "06 12 34 56 78", "2 01 03 59 350 123 45", "2010359350123", "201035935012345"]
)
def test_a_value_that_looks_personal_is_quoted_nowhere(tmp_path: Path, value: str) -> None:
    for column in ("edition", "maitre_ouvrage_siret"):
        assert (
            explain("a.csv", 2, column, value, "x")
            == f"a.csv, ligne 2, colonne « {column} » : « {MASKED} » ; attendu : x."
        )
    path = tmp_path / "structures.csv"
    path.write_text(f"structure_id,mapping\nS1,{value}\n")
    with pytest.raises(DataError) as caught:
        rows = read_csv(path, path.name, ["mapping"])
        expect(rows, path.name, "mapping", rows["mapping"].eq("x"), "x")
    assert value not in str(caught.value) and MASKED in str(caught.value)
    rows = pd.DataFrame({"fichier": "a.csv", "ligne": [2], "maitre_ouvrage_siret": [value]})
    rows = rows.assign(tout=rows[["maitre_ouvrage_siret"]].to_json(orient="records", lines=True).strip())
    told = breaches(
        rows,
        source="x",
        rule="siret_export",
        column="maitre_ouvrage_siret",
        value="maitre_ouvrage_siret",
        record="tout",
    )
    assert told["valeur"].tolist() == [MASKED] and value not in told.to_csv()


@pytest.mark.parametrize("siret", ["21590350100017", "12 01 23 45 67 89 12", "12345678900012.0"])
def test_a_siret_of_fourteen_digits_is_quoted(siret: str) -> None:
    assert f"« {siret} »" in explain("a.csv", 2, "acheteur_siret", siret, "x")


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("a\nb\tc\x00\u200b", r"a\nb\tc\x00\u200b"),
        ("1\N{NO-BREAK SPACE}200\N{NARROW NO-BREAK SPACE}€", "1\N{NO-BREAK SPACE}200\N{NARROW NO-BREAK SPACE}€"),
        ("é" * 200, "é" * 200),
        ("é" * 201, "é" * 200 + "…"),
    ],
)
def test_a_value_is_quoted_on_one_line_and_short(value: str, quoted: str) -> None:
    assert f" : « {quoted} » ; attendu : x." in explain("a.csv", 2, "segment", value, "x")


# --- what is asked for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n".encode("utf-16"), "(enregistré en UTF-16) ; attendu : un CSV en UTF-8."),
        (b"sep=;\r\na;b\r\n1;2\r\n", "(ligne 1, « sep= » avant les titres) ; attendu : les titres à la ligne 1."),
        (b"\xef\xbb\xbfSep=,\na,b\n1,2\n", "(ligne 1, « sep= » avant les titres) ; attendu : les titres à la ligne 1."),
        (b"PK\x03\x04", "(un classeur) ; attendu : un CSV : enregistrer sous « CSV UTF-8 »."),
        (b"a\tb\n1\t2\n", "(colonnes séparées par une tabulation) ; attendu : des points-virgules ou des virgules."),
        (b"a,b,b\n1,2,3\n", "(deux colonnes « b ») ; attendu : une seule colonne de ce titre."),
        (
            b"a,b\n1,2,3\n",
            "(ligne 2, 3 cellules pour 2 colonnes) ; attendu : autant de cellules que de titres ; un texte qui "
            "contient le séparateur se met entre guillemets.",
        ),
    ],
)
def test_a_file_of_analysts_is_asked_for_in_words_of_its_own(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_csv(path, "a.csv", ["a", "b"])
    assert str(caught.value) == f"a.csv : fichier inutilisable {said}"


def test_an_archive_that_holds_a_folder_says_where_its_files_are(dataset: Path) -> None:
    folder = send()
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        for path in sorted(folder.glob("*.csv")):
            archive.write(path, f"export/{path.name}")
            path.unlink()
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping(archive="export.zip")))
    assert "export.zip : fichier inutilisable (« beneficiaires.csv » y est dans export/ ; dans la" in refused()
    assert "fichier: export/beneficiaires.csv)" in refused()


@pytest.mark.parametrize("lost", [1, 30, 400, -1, -30])
def test_an_archive_that_lost_its_beginning_or_its_end_is_a_sentence(dataset: Path, lost: int) -> None:
    folder = send()
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        for path in sorted(folder.glob("*.csv")):
            archive.write(path, path.name)
            path.unlink()
    whole = (folder / "export.zip").read_bytes()
    (folder / "export.zip").write_bytes(whole[lost:] if lost > 0 else whole[:lost])
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping(archive="export.zip")))
    assert " : fichier inutilisable (" in refused()


def test_a_column_called_ligne_or_without_a_title_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("ligne,a,,b,\n7,x,note,y,other\n", "utf-8")
    rows = read_csv(path, path.name, ["a", "b"])
    assert rows.to_dict("list") == {"a": ["x"], "b": ["y"], "ligne": [2]}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("\x07", "« signe invisible »"),
        ("rouge\nvert", "« rouge vert »"),
        ("x" * 5000, f"« {'x' * 100}… »"),
        ("x " * 45 + "zoe.martin@example.org " + "x" * 50, f"« {MASKED} »"),
        ("", "vide"),
    ],
)
def test_a_sentence_quotes_what_can_be_read_of_a_value(value: str, said: str) -> None:
    rows = pd.DataFrame({"a": [value], "ligne": [2]})
    with pytest.raises(DataError) as caught:
        expect(rows, "a.csv", "a", rows["a"].eq("z"), "z")
    assert str(caught.value) == f"a.csv, ligne 2, colonne « a » : {said} ; attendu : z."
