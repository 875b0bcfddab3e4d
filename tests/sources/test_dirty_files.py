"""What spreadsheets leave in the files of facilitators: errors of formulas, times beside dates, percent, months."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter
import yaml

from analysis.core.files import read_table
from analysis.core.paths import clean_dir, quality_dir, raw_dir
from analysis.core.personal import MASKED
from analysis.schemas.canonical import EXPORTS, INVENTORY, NEEDS, Table
from analysis.sources import inventory, spreadsheet
from analysis.sources.rows import keyed
from analysis.sources.spreadsheet import MERGED, Workbook
from analysis.sources.typer import Typer, in_error, spelt_month
from sending import TABLES, changed, imported, in_workbook, merge_in, others, send, write_dataset, write_workbook


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    return write_dataset()


def row_of(table: str, **values: object) -> list[list]:
    """The headings of a table and its first row, with some cells changed."""
    row = TABLES[table][0] | values
    return [list(row), list(row.values())]


def typed(table: str, column: str, text: str, typer: Typer | None = None) -> Any:
    """The value of a cell of a French file; empty for a text that is not there."""
    rows = pd.DataFrame({column: [text], "format_date": "%d/%m/%Y", "fichier": "a", "ligne": [2]})
    return (typer or Typer("exports")).column(rows, EXPORTS[table].column(column)).fillna("").iloc[0]


# --- errors of formulas ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "column", "error", "rule"),
    [
        ("heures", "heures", "#REF!", "nombre_invalide"),
        ("heures", "mois", "#N/A", "mois_invalide"),
        ("heures", "ctr_id", "#N/A", "cle_absente"),
        ("operations", "op_id", "#NAME?", "cle_absente"),
        ("operations", "libelle", "#VALUE!", "erreur_formule"),
        ("operations", "mecanisme", "#N/A", "code_inconnu"),
        ("operations", "date_fin", "#VALUE!", "date_export_invalide"),
        ("operations", "heures_prevues", "#DIV/0!", "nombre_invalide"),
        ("operations", "is_anru", "#NULL!", "oui_non_invalide"),
        ("operations", "maitre_ouvrage_siret", "#REF!", "siret_export"),
        ("engagements", "lot", "#REF!", "erreur_formule"),
        ("territoires", "part", "#DIV/0!", "nombre_invalide"),
        ("territoires", "epci_siren", "#N/A", "epci_inconnu"),
        ("beneficiaires", "commune_insee", "#N/A", "commune_inconnue"),
        ("contrats", "eng_id", "#REF!", "lien_absent"),
    ],
)
def test_an_error_of_a_formula_is_a_bad_value_and_no_empty_cell(table: str, column: str, error: str, rule: str) -> None:
    in_workbook(table, row_of(table, **{column: f"=1/0|{error}"}))
    tables, quality = imported()
    told = quality[quality["regle"].eq(rule)].iloc[0]
    assert (told["fichier"], told["ligne"]) == ("exports/S1/2025/export.xlsx[Suivi]", 2)
    assert told["colonne"] == column and f"« {'S1:' * (column == 'eng_id')}{error} »" in told["message"]
    assert not any(error in frame.to_csv() for frame in tables.values())


def test_an_error_of_a_formula_under_a_month_is_told_of_its_month() -> None:
    rows = [["Contrat", "Févr.", "Mars", *others(2, 3)], ["C1", 100, "=A1/0|#DIV/0!"]]
    in_workbook(
        "heures",
        rows,
        colonnes={"ctr_id": "Contrat"},
        disposition="large",
        mois={"Févr.": 2, "Mars": 3, **others(2, 3)},
    )
    tables, quality = imported()
    assert tables["heures"]["heures"].tolist() == [100]
    assert quality[["colonne", "valeur", "regle"]].values.tolist() == [["Mars", "#DIV/0!", "nombre_invalide"]]


def test_an_error_of_a_formula_is_nobody_and_no_birth_date() -> None:
    in_workbook("beneficiaires", row_of("beneficiaires", nom="=1/0|#REF!", date_naissance="=1/0|#N/A"))
    _, quality = imported()
    assert {"erreur_formule", "naissance_invalide"} <= set(quality["regle"])
    assert quality.query("regle == 'naissance_invalide'")["valeur"].tolist() == [MASKED]


def test_what_a_french_spreadsheet_shows_of_an_error_in_a_csv_is_none_of_its_values() -> None:
    shown = ["#VALEUR!", "#NOM?", "#N/A", "#DIV/0 !", "#N/D", "Err :502", "########"]
    assert in_error(pd.Series(shown)).all()
    send(changed("operations", libelle=shown[0], heures_prevues=shown[1]))
    tables, quality = imported()
    assert sorted(quality["regle"]) == ["erreur_formule", "nombre_invalide"]
    assert tables["operations"][["libelle", "heures_prevues"]].isna().all(axis=None)


def test_a_label_that_begins_with_a_sign_is_no_error() -> None:
    send(changed("operations", libelle="#1 École (Err : voir lot 3) !"))
    assert imported()[1].empty


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" office:version="1.2">
<office:body><office:spreadsheet><table:table table:name="Suivi">{}</table:table></office:spreadsheet></office:body>
</office:document-content>"""
KEPT = {
    "text": 'office:value-type="string"',
    "error": 'table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"',
    "php": 'office:value-type="string" calcext:value-type="error" office:value=""',
}


def write_ods(path: Path, rows: list[list[tuple[str, str]]]) -> None:
    """A workbook of LibreOffice: the kind of each cell (see `KEPT`) and what it shows."""
    cells = "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell {KEPT[kind]}><text:p>{shown}</text:p></table:table-cell>" for kind, shown in row)
        + "</table:table-row>"
        for row in rows
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    urn = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", kind)
        book.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{urn}">{entry}</manifest:manifest>')
        book.writestr("content.xml", ODS.format(cells))


@pytest.mark.parametrize("kind", ["error", "php"])
def test_an_error_of_a_formula_in_an_ods_is_a_bad_value(kind: str) -> None:
    path = in_workbook("heures", row_of("heures"))
    path.unlink()
    said = yaml.safe_load((raw_dir("essai") / "mappings" / "essai.yaml").read_text())
    said["tables"]["heures"]["fichier"] = "export.ods"
    (raw_dir("essai") / "mappings" / "essai.yaml").write_text(yaml.safe_dump(said))
    texts = [[("text", cell) for cell in row] for row in (["ctr_id", "mois", "heures"], ["C1", "2025-02", "100,5"])]
    write_ods(path.with_suffix(".ods"), [*texts, [("text", "C1"), ("text", "2025-03"), (kind, "#DIV/0 !")]])
    tables, quality = imported()
    assert tables["heures"]["heures"].tolist() == [100.5]
    assert quality[["ligne", "colonne", "valeur"]].values.tolist() == [[3, "heures", "#DIV/0 !"]]


def test_a_workbook_that_cannot_say_its_errors_says_that(monkeypatch: pytest.MonkeyPatch) -> None:
    path = in_workbook("heures", row_of("heures"))
    assert Workbook(path, "x").tells_errors
    monkeypatch.setattr(spreadsheet, "CELLS", spreadsheet.re.compile("none"))  # as in .xls and .xlsb
    _, quality = imported()
    assert quality["regle"].tolist() == ["classeur_ancien"]
    assert quality["message"].iloc[0].startswith("exports/S1/2025/export.xlsx : vide ; attendu : un classeur .xlsx ou")


# --- merged cells ------------------------------------------------------------------------------


def lines_of(table: str, *changes: dict[str, str]) -> list[list[str]]:
    """The headings of a table and a line for each of the changes."""
    row = TABLES[table][0]
    return [list(row), *[list((row | change).values()) for change in changes]]


def test_a_key_that_is_merged_over_lines_is_told_as_such_and_is_not_filled_down() -> None:
    path = in_workbook("operations", lines_of("operations", {"op_id": ""}, {"op_id": ""}, {"op_id": ""}))
    merge_in(path, {"A2:A4": "OP1"})
    tables, quality = imported()
    assert tables["operations"]["op_id"].tolist() == ["S1:OP1"]
    told = quality[quality["regle"].eq("cellule_fusionnee")]
    assert told["ligne"].tolist() == [3, 4] and "cle_absente" not in set(quality["regle"])
    said = (
        "ligne 3, colonne « op_id » : « cellule fusionnée avec celle de la ligne 2 » ; attendu : une valeur sur chaque"
    )
    assert told["message"].iloc[0].startswith(f"exports/S1/2025/export.xlsx[Suivi], {said} ligne")
    assert told["enregistrement"].str.contains("école Pasteur").all()


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column.name) for table in (EXPORTS | INVENTORY | NEEDS).values() for column in table.columns],
    ids=lambda part: getattr(part, "name", part),
)
def test_a_merged_cell_of_any_column_is_told_once_and_is_no_value(table: Table, column: str) -> None:
    typer = Typer("exports")
    row = dict.fromkeys(table.key, "X") | {column: f"{MERGED}12", "format_date": "%d/%m/%Y", "decimale": ","}
    rows = pd.DataFrame([row], dtype="str").assign(fichier="a", ligne=13)
    typed = typer.table(keyed(rows, table, typer), table)
    told = pd.concat(typer.breaches).query("colonne == @column")
    assert told[["regle", "valeur"]].values.tolist() == [["cellule_fusionnee", f"{MERGED}12"]]
    assert typed[column].isna().all()


def test_a_merged_cell_is_corrected_by_what_is_told_of_it(dataset: Path) -> None:
    path = in_workbook("operations", lines_of("operations", {}, {"op_id": "OP2", "date_fin": ""}))
    merge_in(path, {"H2:H3": "31/12/2025"})
    fix = f"exports/S1/2025,operations,OP2,date_fin,{MERGED}2,30/06/2025,défusionnée,analyste,2026-01-15\n"
    head = "fichier,table,cle,colonne,valeur_attendue,valeur_corrigee,motif,auteur,date\n"
    (dataset / "decisions" / "corrections.csv").write_text(head + fix)
    tables, quality = imported()
    assert tables["operations"]["date_fin"].dt.strftime("%d/%m").tolist() == ["31/12", "30/06"]
    assert "cellule_fusionnee" not in set(quality["regle"])


def test_a_link_that_is_merged_is_told_as_such() -> None:
    path = in_workbook("engagements", lines_of("engagements", {}, {"eng_id": "E2", "op_id": ""}))
    merge_in(path, {"B2:B3": "OP1"})
    tables, quality = imported()
    assert tables["engagements"]["eng_id"].tolist() == ["S1:E1"]
    assert quality[["regle", "colonne", "valeur"]].values.tolist() == [["cellule_fusionnee", "op_id", f"{MERGED}2"]]


def test_persons_whose_cells_are_merged_are_told_and_not_named() -> None:
    second = {"ben_ref": "B2", "nom": "", "prenom": "Léa", "date_naissance": ""}
    path = in_workbook("beneficiaires", lines_of("beneficiaires", {}, second))
    merge_in(path, {"B2:B3": "Durand-Élie", "D2:D3": "05/03/2001"})
    tables, quality = imported()
    assert quality[["colonne", "regle", "valeur"]].drop_duplicates().values.tolist() == [
        ["date_naissance", "cellule_fusionnee", f"{MERGED}2"], ["nom", "cellule_fusionnee", f"{MERGED}2"],
    ]  # fmt: skip
    assert "Durand" not in quality.to_csv() and tables["beneficiaires"]["annee_naissance"].isna().sum() == 1


def test_hours_of_a_month_that_are_merged_are_not_lost_without_a_word() -> None:
    rows = [["Contrat", "Févr.", "Mars", *others(2, 3)], ["C1", "10", "20"], ["C2", "", "30"]]
    path = in_workbook(
        "heures",
        rows,
        colonnes={"ctr_id": "Contrat"},
        disposition="large",
        mois={"Févr.": 2, "Mars": 3, **others(2, 3)},
    )
    merge_in(path, {"B2:B3": "10"})
    _, quality = imported()
    told = quality[quality["regle"].eq("cellule_fusionnee")]
    assert told[["ligne", "colonne"]].values.tolist() == [[3, "Févr."]]


def test_merged_cells_that_hide_no_value_of_a_row_are_nothing() -> None:
    """Titles, a column that is not read, a value of its own under the merged ones, blank lines under a comment."""
    rows = [["Suivi 2025", "", "", ""], ["ctr_id", "mois", "heures", "note"]]
    rows += [["C1", "2025-02", "100,5", "vu"], ["C1", "2025-03", "50,25", ""], ["", "", "", ""]]
    path = in_workbook("heures", rows, colonnes=SPELT, ligne_entete=2)
    merge_in(path, {"D3:D4": "vu", "A5:C9": "TOTAL"})
    _, quality = imported()
    assert quality["regle"].tolist() == ["ligne_total"]


def test_a_cell_that_is_merged_with_the_headings_is_no_value_of_theirs() -> None:
    rows = [["ctr_id", "mois", "heures"], ["", "AAAA-MM", "h"], ["C1", "2025-02", "100,5"]]
    path = in_workbook("heures", rows, colonnes=SPELT)
    merge_in(path, {"A1:A2": "ctr_id"})
    assert imported()[1]["regle"].tolist() == ["cle_absente"]


def test_what_a_covered_cell_still_holds_is_read() -> None:
    path = in_workbook("heures", lines_of("heures", {}, {"mois": "2025-03"}))
    merge_in(path, {"A2:A3": "C1"})
    assert imported()[0]["heures"]["mois"].tolist() == ["2025-02", "2025-03"]


def test_the_areas_of_a_structure_that_is_written_once_are_told(dataset: Path) -> None:
    sheets = {name: [[column.name for column in table.columns]] for name, table in INVENTORY.items()}
    sheets["zones"] += [["", "200093201", "0,5"], ["", "200018083", "0,5"]]
    merge_in(write_workbook(dataset / "inventaire", sheets), {"A2:A3": "S1"}, "zones")
    inventory.build("essai")
    told = read_table(quality_dir("essai") / "inventaire.parquet").query("ligne == 3")
    assert told[["regle", "colonne"]].values.tolist() == [["cellule_fusionnee", "structure_id"]]
    assert "200018083" in told["enregistrement"].iloc[0]
    assert read_table(clean_dir("essai", "inventory") / "zones.parquet").empty  # S1 is in no sheet of structures


# --- dates, months, shares, hours --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-03-01 00:00:00", "2025-03-01"),
        ("2025-03-01T08:30", "2025-03-01"),
        ("2025-03-01 23:59:59.999", "2025-03-01"),
        ("01/03/2025 08:30", "2025-03-01"),
        ("01/03/2025 à 8h30", "2025-03-01"),
        ("2025-03-01T12:00:00Z", "2025-03-01"),
        ("2025-02-28T23:00:00Z", "2025-03-01"),  # midnight in Paris, in winter
        ("2025-05-31T22:00:00.000Z", "2025-06-01"),  # and in summer
        ("2025-05-31T21:59:59Z", "2025-05-31"),
        ("2025-06-01T00:00:00+02:00", "2025-06-01"),
        ("2025-06-01T00:00:00+0200", "2025-06-01"),
        ("2025-03-01 24:30", None),
        ("2025-03-01 8", None),
        ("31/02/2025 08:30", None),
        ("2025-13-01T00:00:00Z", None),
        ("03/01/2025 8:30 PM", None),
    ],
)
def test_a_day_may_have_its_time(text: str, day: str | None) -> None:
    rows = pd.DataFrame({"date_fin": [text, "2024-12-31"], "format_date": "%d/%m/%Y", "fichier": "a", "ligne": [2, 3]})
    typer = Typer("exports")
    read = typer.date(rows, "date_fin")
    assert read.dt.strftime("%Y-%m-%d").fillna("").tolist() == [day or "", "2024-12-31"]
    assert [part["valeur"].tolist() for part in typer.breaches] == ([] if day else [[text]])


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("19 octobre 2025", "2025-10-19"),
        ("1er janvier 2022", "2022-01-01"),
        ("5 févr. 2025", "2025-02-05"),
        ("3-AOUT-2025", "2025-08-03"),
        ("12-04-2025", "2025-04-12"),
        ("12.4.2025", "2025-04-12"),
        ("2025/04/12", None),  # of a file whose days are written another way
        ("12-04-25", None),
        ("19 octobre 25", None),
        ("dimanche 19 octobre 2025", "2025-10-19"),
        ("Dim. 19/10/2025", "2025-10-19"),
        ("dim, 2025-10-19 08:30", "2025-10-19"),
        ("dimanche", None),
        ("1 jui 2025", None),
        ("31 février 2025", None),
        ("bientôt", None),
    ],
)
def test_a_day_is_read_however_it_is_written_where_it_can_be_one_only(text: str, day: str | None) -> None:
    typer = Typer("exports")
    read = typed("operations", "date_fin", text, typer)
    assert (None if pd.isna(read) else str(read.date())) == day
    said = [message for part in typer.breaches for message in part["message"]]
    assert [message.endswith(" comme dans le reste du fichier (JJ/MM/AAAA).") for message in said] == [True] * (not day)


@pytest.mark.parametrize("text", ["lundi 19 octobre 2025", "sam. 19/10/2025"])
def test_a_day_that_is_not_the_weekday_said_is_refused_and_told(text: str) -> None:
    typer = Typer("exports")
    assert pd.isna(typed("operations", "date_fin", text, typer))
    [told] = [row for part in typer.breaches for row in part.to_dict("records")]
    assert (told["regle"], told["valeur"]) == ("date_jour_semaine", text)
    assert told["message"].endswith("une date et le jour de la semaine qu'elle est : l'un des deux est faux.")


def test_a_birth_date_with_a_time_makes_the_same_person() -> None:
    send()
    send(changed("beneficiaires", date_naissance="2001-03-05 00:00:00"), structure="S2")
    tables, quality = imported()
    assert quality.empty and tables["contrats"]["ben_id"].nunique() == 1


@pytest.mark.parametrize(
    "text",
    ["2/2025", "02/2025", "02-2025", "2-2025", "02.2025", "2025-02", "2025-2", "2025/02", "février 2025", "févr. 2025",
     "01/02/2025", "2025-02-28", "2025-02-28 00:00:00"],
)  # fmt: skip
def test_a_month_is_read_however_it_is_written(text: str) -> None:
    assert typed("heures", "mois", text) == "2025-02"


@pytest.mark.parametrize("text", ["2025-02 ou 03", "2025-021", "02/25", "0/2025", "30/02/2025", "202502"])
def test_a_month_that_may_be_another_is_not_read(text: str) -> None:
    assert typed("heures", "mois", text) == ""


def test_a_row_whose_month_is_not_read_is_refused() -> None:
    send(changed("heures", mois="2025-02 ou 03"))
    tables, quality = imported()
    assert tables["heures"]["mois"].tolist() == ["2025-03"] and quality["valeur"].tolist() == ["2025-02 ou 03"]


def test_a_month_in_figures_is_one_month() -> None:
    assert {spelt_month(text) for text in ("3/2025", "03-2025", "2025.3")} == {"2025-03"}


@pytest.mark.parametrize(("text", "part"), [("50 %", 0.5), ("50%", 0.5), ("50,0 %", 0.5), ("100\u202f%", 1.0)])
def test_a_share_may_be_said_in_per_cent(text: str, part: float) -> None:
    typer = Typer("exports")
    for table, column in ((EXPORTS["territoires"], "part"), (INVENTORY["facilitateurs"], "etp"),
                          (INVENTORY["zones"], "part_temps")):  # fmt: skip
        rows = pd.DataFrame({column: [text, "0,25"], "fichier": "a", "ligne": [2, 3], "decimale": ","})
        assert typer.column(rows, table.column(column)).tolist() == [part, 0.25]
    assert not typer.breaches


def test_per_cent_of_what_is_no_share_is_refused() -> None:
    send(changed("operations", heures_prevues="50 %"))
    _, quality = imported()
    assert quality["regle"].tolist() == ["nombre_invalide"]
    assert "colonne « heures_prevues » : « 50 % » ; attendu : un nombre" in quality["message"].iloc[0]


def test_all_columns_of_hours_may_have_minutes_and_no_other_column_may() -> None:
    hours = {column.name for table in EXPORTS.values() for column in table.columns if column.kind == "duree"}
    assert hours == {name for name in hours if name.startswith("heures")} and len(hours) == 4
    typer = Typer("exports")
    rows = pd.DataFrame({"delai_j": ["12h30"], "fichier": "a", "ligne": [2]})
    assert typer._nombre(rows, "delai_j").isna().all() and len(typer.breaches) == 1


# --- what nobody sees, and how numbers that name something are written ---------------------------


def test_characters_that_nobody_sees_part_no_key_and_no_heading() -> None:
    folder = send(changed("heures", ctr_id="C1\u200b") | changed("contrats", eng_id="\ufeffE1"))
    path = folder / "heures.csv"
    path.write_bytes(2 * b"\xef\xbb\xbf" + path.read_bytes() + b"\0\0\n")
    tables, quality = imported()
    assert quality.empty and tables["heures"]["heures"].tolist() == [100.5, 50.25]


def test_characters_that_nobody_sees_are_none_of_a_workbook_either() -> None:
    in_workbook("heures", [["\ufeffctr_id", "mois", "heures"], ["C1\u200b", "2025-02", "'100,5"]], colonnes=SPELT)
    tables, quality = imported()
    assert quality.empty and tables["heures"]["heures"].tolist() == [100.5]


SPELT = {name: name for name in ("ctr_id", "mois", "heures")}


def test_the_sign_of_a_text_is_no_part_of_it() -> None:
    signed = {"op_id": "'OP1", "maitre_ouvrage_siret": "'21590350100017", "libelle": "'École' Pasteur"}
    send(changed("heures", heures="'100,5") | changed("operations", **signed) | changed("contrats", th="'"))
    tables, quality = imported()
    assert quality.empty and tables["heures"]["heures"].tolist() == [100.5, 50.25]
    assert tables["operations"].loc[0, ["op_id", "libelle"]].tolist() == ["S1:OP1", "'École' Pasteur"]


@pytest.mark.parametrize(
    ("text", "kept", "told"),
    [
        ("215.903.501.00017", "21590350100017", False),
        ("21590350100017.0", "21590350100017", False),
        ("215 903 501 00017", "21590350100017", False),
        ("215903501", "215903501", True),
        ("BE 0403.091.220", "BE0403091220", True),
        ("2,15904E+13", None, True),
        ("en cours", None, True),
    ],
)
def test_a_siret_that_names_nobody_is_emptied(text: str, kept: str | None, told: bool) -> None:
    typer = Typer("exports")
    assert typed("operations", "maitre_ouvrage_siret", text, typer) == (kept or "")
    assert [part["valeur"].tolist() for part in typer.breaches] == [[text]] * told


@pytest.mark.parametrize("text", ["06 12 34 56 78", "0612345678", "201035935012345", "2 01 03 59 350 123"])
def test_a_number_of_a_person_in_a_siret_is_emptied_and_told_masked(text: str) -> None:
    typer = Typer("exports")
    assert typed("operations", "maitre_ouvrage_siret", text, typer) == ""
    assert [part["valeur"].tolist() for part in typer.breaches] == [[MASKED]]


def test_numbers_of_lists_may_have_blanks_and_the_decimal_of_a_program() -> None:
    send(changed("territoires", epci_siren="200\u00a0093 201") | changed("beneficiaires", commune_insee="59350.0",
         niveau="4.0") | {"sorties": [{"ctr_id": "C1", "horizon_m": "6.0", "statut": "CDI"}]})  # fmt: skip
    tables, quality = imported()
    assert quality.empty
    assert tables["territoires"]["epci_siren"].tolist() == ["200093201"]
    assert tables["beneficiaires"]["niveau"].tolist() == ["4"] and tables["sorties"]["horizon_m"].tolist() == [6]


def test_a_minus_of_typographers_is_one() -> None:
    send(changed("heures", heures="\u221235,5"))
    assert imported()[1]["regle"].tolist() == ["heures_negatives"]


def test_days_of_a_workbook_that_counts_from_1904_are_the_same() -> None:
    path = in_workbook("heures", row_of("heures"))
    with xlsxwriter.Workbook(path, {"date_1904": True}) as book:
        sheet = book.add_worksheet("Suivi")
        sheet.write_row(0, 0, ["ctr_id", "mois", "heures"])
        sheet.write_row(1, 0, ["C1", "", 100.5])
        sheet.write_datetime(1, 1, dt.datetime(2025, 2, 1), book.add_format({"num_format": "mmm-yy"}))
    tables, quality = imported()
    assert quality.empty and tables["heures"]["mois"].tolist() == ["2025-02"]
