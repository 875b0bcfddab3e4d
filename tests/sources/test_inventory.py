from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from analysis.core.errors import DataError
from analysis.core.files import read_table
from analysis.core.paths import fingerprints_dir, quality_dir
from analysis.schemas.canonical import INVENTORY, NEEDS
from analysis.sources.inventory import build, clean
from analysis.sources.persons import fingerprint, load_secret
from analysis.sources.typer import Typer
from sending import write_dataset

TABLES = INVENTORY | NEEDS
RIGHT = {
    "structures": {
        "structure_id": "S1", "nom": "Essai", "siret": "21590350100017", "type_acteur": "FACILITATEUR",
        "nature_porteuse": "PLIE", "commune_insee": "59350",
    },
    "facilitateurs": {
        "structure_id": "S1", "fac_ref": "F1", "role": "FACILITATEUR", "etp": "0.8", "date_debut": "2020-01-01",
    },
    "zones": {"structure_id": "S1", "epci_siren": "200093201", "part_temps": "1"},
    "besoins": {
        "besoin_id": "B1", "acheteur_siret": "21590350100017", "annee": "2025", "epci_siren": "200093201",
        "type": "CONSEIL", "reponse": "OUI",
    },
}  # fmt: skip


OTHER = {
    "structures": {"structure_id": "S2"}, "facilitateurs": {"fac_ref": "F2"}, "zones": {"epci_siren": "200018083"},
    "besoins": {"besoin_id": "B2"},
}  # fmt: skip


def received(table: str | None = None, column: str = "") -> dict[str, pd.DataFrame]:
    """One row per table, with one value nobody can read."""
    out = {}
    for name, described in TABLES.items():
        row = {known.name: RIGHT[name].get(known.name) for known in described.columns}
        row |= {column: "n'importe quoi"} if name == table else {}
        out[name] = pd.DataFrame([row], dtype="str").assign(fichier=f"{name}.xlsx", ligne=2)
    return out


def test_the_names_of_facilitators_leave_fingerprints(project: Path) -> None:
    folder = write_dataset()
    (folder / "inventaire").mkdir(exist_ok=True)
    with xlsxwriter.Workbook(folder / "inventaire" / "inventaire.xlsx") as book:
        for name in INVENTORY:
            named = {"nom": "Martin", "prenom": "Éve"} if name == "facilitateurs" else {}
            for column, (heading, value) in enumerate((RIGHT[name] | named).items()):
                sheet = book.get_worksheet_by_name(name) or book.add_worksheet(name)
                sheet.write_column(0, column, [heading, value])
    build("essai")
    marks = read_table(fingerprints_dir("essai") / "empreintes_facilitateurs.parquet")
    secret = load_secret("essai")
    expected = {("nom", "martineve"), ("nom", "evemartin"), ("temoin", "")}
    assert set(marks["empreinte"]) == {fingerprint(kind, text, secret) for kind, text in expected}


def test_a_sheet_that_the_inventory_does_not_ask_for_is_told(project: Path) -> None:
    folder = write_dataset()
    with xlsxwriter.Workbook(folder / "besoins" / "besoins.xlsx") as book:
        for title in ("besoins", "besoins (2)", "listes"):
            sheet = book.add_worksheet(title)
            for column, (heading, value) in enumerate(RIGHT["besoins"].items()):
                sheet.write_column(0, column, [heading, value])
    build("essai")
    quality = read_table(quality_dir("essai") / "inventaire.parquet")
    told = quality.query("regle == 'feuille_non_lue'")["fichier"].tolist()
    assert told == ["besoins/besoins.xlsx[besoins (2)]"]


def test_a_questionnaire_that_nobody_filled_in_is_told(project: Path) -> None:
    folder = write_dataset()
    with xlsxwriter.Workbook(folder / "besoins" / "besoins.xlsx") as book:
        sheet = book.add_worksheet("besoins")
        for column, (heading, value) in enumerate((RIGHT["besoins"] | {"besoin_id": "EXEMPLE"}).items()):
            sheet.write_column(0, column, [heading, value])
    build("essai")
    quality = read_table(quality_dir("essai") / "inventaire.parquet")
    assert quality[["fichier", "regle"]].values.tolist() == [["besoins/besoins.xlsx", "table_vide"]]


PERSON = RIGHT["facilitateurs"] | {"nom": "Martin", "prenom": "Martin"}
PERSON_HEADINGS = "structure_id, fac_ref, role, etp, date_debut"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([["Inventaire 2025"], [], [*PERSON]], "titres à la ligne 3"),
        ([["Inventaire 2025", "Inventaire 2025"], [*PERSON]], "titres à la ligne 2"),
        ([[], [*PERSON]], "titres à la ligne 2"),
        ([["ETP" if name == "etp" else name for name in PERSON]], "« etp » n'est pas à la première ligne"),
        ([], "« structure_id » n'est pas à la première ligne"),
    ],
)
def test_headings_that_are_not_on_the_first_line_are_said_and_no_person_is_told(
    project: Path, lines: list[list[str]], said: str
) -> None:
    folder = write_dataset()
    with xlsxwriter.Workbook(folder / "inventaire" / "inventaire.xlsx") as book:
        for number, (heading, value) in enumerate(RIGHT["structures"].items()):
            sheet = book.get_worksheet_by_name("structures") or book.add_worksheet("structures")
            sheet.write_column(0, number, [heading, value])
        people = book.add_worksheet("facilitateurs")
        for number, line in enumerate([*lines, list(PERSON.values())]):
            people.write_row(number, 0, line)
    with pytest.raises(DataError) as caught:
        build("essai")
    assert str(caught.value) == (
        f"inventaire/inventaire.xlsx[facilitateurs] : fichier inutilisable ({said} ; titres obligatoires : "
        f"{PERSON_HEADINGS}) ; attendu : les titres du questionnaire à la première ligne, sans rien au-dessus."
    )


@pytest.mark.parametrize("name", ["inventaire/a.xls", "inventaire/a.csv", "besoins/2025/a.xlsx"])
def test_a_file_that_no_questionnaire_is_read_from_is_named_rather_than_forgotten(project: Path, name: str) -> None:
    path = write_dataset() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    with pytest.raises(DataError, match=f"^{name} : fichier inutilisable ; attendu : un classeur .xlsx"):
        build("essai")


@pytest.mark.parametrize(
    ("table", "column"), [(name, column.name) for name, table in TABLES.items() for column in table.columns]
)
def test_no_value_is_bad_enough_to_stop_the_import(table: str, column: str) -> None:
    typer, sent = Typer("inventaire"), received(table, column)
    untouched = received()[table].assign(**OTHER[table], ligne=3)
    rows = clean(sent | {table: pd.concat([sent[table], untouched], ignore_index=True)}, typer)[table]
    assert typer.breaches or len(rows) == 2
    [(key, value)] = OTHER[table].items()
    assert rows[key].str.endswith(value).sum() == 1


@pytest.mark.parametrize(("table", "column"), [("structures", "type_acteur"), ("besoins", "annee")])
def test_a_row_that_nothing_could_count_is_refused_and_kept_whole(table: str, column: str) -> None:
    typer = Typer("inventaire")
    assert clean(received(table, column), typer)[table].empty
    kept = pd.concat(typer.breaches).query("regle == 'cle_absente'")
    assert len(kept) == 1 and f'"{column}":"n\'importe quoi"' in kept["enregistrement"].iloc[0]
    assert f"colonne « {column} » : « n'importe quoi » ; attendu : une valeur lisible" in kept["message"].iloc[0]


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_value_that_a_row_needs_is_said_to_be_empty(text: str) -> None:
    typer, sent = Typer("inventaire"), received()
    sent["structures"]["type_acteur"] = text
    clean(sent, typer)
    said = pd.concat(typer.breaches).query("regle == 'cle_absente' and colonne == 'type_acteur'")["message"].tolist()
    assert len(said) == 1 and "colonne « type_acteur » : vide ; attendu" in said[0]


@pytest.mark.parametrize(
    ("table", "column"),
    [("structures", "operations_suivies"), ("structures", "acheteurs_suivis"), ("besoins", "delai_j")],
)
def test_a_count_below_nothing_is_flagged_and_emptied(table: str, column: str) -> None:
    typer, sent = Typer("inventaire"), received()
    sent[table][column] = "-5"
    assert clean(sent, typer)[table][column].isna().all()
    assert (pd.concat(typer.breaches)["colonne"] == column).sum() == 1


def test_a_person_without_a_date_that_can_be_read_is_refused_and_kept_whole() -> None:
    typer = Typer("inventaire")
    tables = clean(received("facilitateurs", "date_debut"), typer)
    assert tables["facilitateurs"].empty
    kept = pd.concat(typer.breaches).query("regle == 'cle_absente'")["enregistrement"].tolist()
    assert len(kept) == 1 and '"etp":"0.8"' in kept[0]


@pytest.mark.parametrize(
    ("contact", "kept"),
    [
        ("clauses-s01@exemple.invalid", True),
        ("service.insertion@exemple.invalid", True),
        ("https://exemple.invalid/clauses", True),
        ("06 12 34 56 78", False),
        ("zoe.martin@exemple.invalid", False),
        ("Zoé Martin", False),
        ("zoe.martin", False),
    ],
)
def test_a_contact_to_publish_is_that_of_a_service(contact: str, kept: bool) -> None:
    typer, sent = Typer("inventaire"), received()
    sent["structures"]["contact_public"] = contact
    assert clean(sent, typer)["structures"]["contact_public"].notna().tolist() == [kept]
    quality = pd.concat(typer.breaches).query("colonne == 'contact_public'")
    assert quality["regle"].tolist() == ([] if kept else ["contact_personnel"]) and contact not in quality.to_csv()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("FSE, Région", "FSE|Région"),
        ("fse/ETAT et fonds propres", "fse|ETAT|fonds propres"),
        ("FSE;Région|Mécénat", "FSE|Région|Mécénat"),
        ("FSE, Mairie", "FSE, Mairie"),
    ],
)
def test_fundings_are_several_whatever_sign_parts_them(text: str, read: str) -> None:
    typer, sent = Typer("inventaire"), received()
    sent["facilitateurs"]["financements"] = text
    assert clean(sent, typer)["facilitateurs"]["financements"].tolist() == [read]
    told = [row.valeur for part in typer.breaches for row in part.itertuples() if row.colonne == "financements"]
    assert told == ([text] if "M" in text else [])


def test_a_funding_that_is_refused_is_told_with_its_list() -> None:
    typer, sent = Typer("inventaire"), received()
    sent["facilitateurs"]["financements"] = "FSE, Mairie"
    clean(sent, typer)
    said = pd.concat(typer.breaches).query("colonne == 'financements'")["message"].iloc[0]
    assert "« FSE, Mairie »" in said and "(ETAT, FSE, REGION, " in said
