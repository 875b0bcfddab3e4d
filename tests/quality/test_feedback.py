"""The workbooks sent back to structures: everything to correct, nothing personal, nothing of another's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
import yaml
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from analysis.cli import main
from analysis.core.files import read_table
from analysis.core.paths import feedback_dir, quality_dir
from analysis.core.quality_log import rules
from analysis.core.results import write_results
from analysis.quality import feedback
from analysis.schemas.build import conform
from analysis.schemas.canonical import INVENTORY
from analysis.schemas.consolidation import PERSONS_QUEUE
from analysis.sources import exports, inventory
from sending import (
    EPCI_AMIENS,
    EPCI_LILLE,
    TABLES,
    changed,
    in_workbook,
    mapping,
    merge_in,
    others,
    send,
    write_two_editions,
)

HEADINGS = [
    "Fichier", "Feuille", "Ligne", "Colonne", "Valeur reçue", "Règle", "Ce qui est attendu", "Votre correction",
    "Votre remarque",
]  # fmt: skip


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    """Two structures, S1 and S2, and two editions, 2024 and 2025."""
    wait()
    return write_two_editions()


def built() -> dict[str, CalamineWorkbook]:
    """The workbooks made of what was sent, by their name."""
    exports.build("essai")
    inventory.build("essai")
    feedback.build("essai")
    return {path.stem: CalamineWorkbook.from_path(path) for path in sorted(feedback_dir("essai").iterdir())}


def wait(pairs: Sequence[dict] = ()) -> None:
    """The queue of persons that the consolidation leaves."""
    write_results("essai", "consolidation", {"personnes_a_revoir": conform(PERSONS_QUEUE, pd.DataFrame(pairs))})


def rows(book: CalamineWorkbook, sheet: str) -> list[dict]:
    head, *lines = book.get_sheet_by_name(sheet).to_python()
    assert head == HEADINGS
    return [dict(zip(head, line, strict=True)) for line in lines]


def text(book: CalamineWorkbook) -> str:
    return " ".join(str(cell) for name in book.sheet_names for line in book.get_sheet_by_name(name).to_python()
                    for cell in line)  # fmt: skip


def test_errors_and_warnings_are_each_in_their_sheet_with_what_is_expected() -> None:
    send(changed("heures", heures="301") | changed("contrats", employeur_kind="ETT"))
    book = built()["S1"]
    assert book.sheet_names == ["À lire", "À corriger", "À vérifier"]
    (error,) = rows(book, "À corriger")
    assert error == dict(
        zip(HEADINGS, ["2025/heures.csv", "", 2, "heures", "301", "Heures impossibles", "au plus 300 heures par mois",
                       "", ""], strict=True)
    )  # fmt: skip
    assert [row["Règle"] for row in rows(book, "À vérifier")] == ["Contrat d'insertion hors IAE"]


def test_the_first_sheet_says_for_whom_how_much_and_to_whom_it_goes_back() -> None:
    send(changed("heures", heures="301"))
    first = built()["S1"].get_sheet_by_name("À lire").to_python()
    said = " ".join(line[0] for line in first)
    assert "Essai : retour sur vos données" in said and "Observatoire régional" in said
    assert "Envois concernés : 2025." in said
    assert "feuille « À corriger » : 1." in said and "feuille « À vérifier » : 0." in said
    assert "« Votre correction »" in said and "Renvoyez ce classeur" in said
    assert "{" not in said
    assert first[-1] == ["À corriger : Heures impossibles", 1.0]


def test_a_structure_gets_its_own_rows_only_and_a_clean_one_gets_nothing() -> None:
    send(changed("heures", heures="301"))
    send(structure="S2")
    assert list(built()) == ["S1"]


def test_a_sheet_that_nothing_reads_comes_back_with_its_year(dataset: Path) -> None:
    folder = send()
    changes = mapping()
    changes["tables"]["sorties"] |= {"fichier": "suivi.xlsx", "feuille": "Sorties"}
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    (folder / "sorties.csv").unlink()
    with xlsxwriter.Workbook(folder / "suivi.xlsx") as book:
        book.add_worksheet("Sorties").write_row(0, 0, list(changes["tables"]["sorties"]["colonnes"]))
        book.add_worksheet("Sorties 2").write_row(0, 0, ["C1", 6, "CDI"])
    book = built()["S1"]
    (row,) = rows(book, "À vérifier")
    assert (row["Fichier"], row["Feuille"], row["Ligne"]) == ("2025/suivi.xlsx", "Sorties 2", "")
    assert row["Valeur reçue"] == "lignes remplies : 1" and "Envois concernés : 2025." in text(book)


def test_the_workbook_of_an_earlier_run_disappears(dataset: Path) -> None:
    folder = send(changed("heures", heures="301"))
    assert list(built()) == ["S1"]
    (folder / "heures.csv").write_text((folder / "heures.csv").read_text().replace("301", "30"))
    assert built() == {}


def test_no_personal_value_comes_back() -> None:
    wrong = {"date_naissance": "31/02/2001", "sexe": "X"}
    send(changed("beneficiaires", **wrong) | changed("contrats", rsa="zoe@example.org", qpv="2 01 03 59 350 123 45"))
    book = built()["S1"]
    everything = text(book).lower()
    for secret in ("durand", "zoé", "05/03/2001", "2001-03-05", "31/02/2001", "2 01 03 59 350 123", "zoe@example.org"):
        assert secret not in everything
    found = {(row["Colonne"], row["Valeur reçue"]) for row in rows(book, "À corriger")}
    assert {(name, "valeur masquée") for name in ("date_naissance", "rsa", "qpv")} <= found


def test_a_wrong_siret_of_fifteen_digits_is_shown() -> None:
    send(changed("operations", maitre_ouvrage_siret="921035903501234"))
    assert [row["Valeur reçue"] for row in rows(built()["S1"], "À vérifier")] == ["921035903501234"]


def test_the_same_sends_give_the_same_bytes() -> None:
    send(changed("heures", heures="301"))
    built()
    path = feedback_dir("essai") / "S1.xlsx"
    before = path.read_bytes()
    feedback.build("essai")
    assert path.read_bytes() == before


def test_the_latest_edition_comes_first_then_files_and_lines() -> None:
    old = [{"ctr_id": "C1", "mois": f"2024-{month:02d}", "heures": "999"} for month in range(1, 13)]
    send({"heures": old, **changed("operations", date_debut="01/01/2024")}, year="2024")
    send(changed("heures", heures="301") | changed("contrats", contrat_type="CUI"))
    found = [(row["Fichier"], row["Ligne"]) for row in rows(built()["S1"], "À corriger")]
    older = [("2024/heures.csv", line) for line in range(2, 14)]
    assert found == [("2025/contrats.csv", 2), ("2025/heures.csv", 2), *older]


def test_columns_and_values_are_those_of_the_structure(dataset: Path) -> None:
    settings = mapping()
    contracts = settings["tables"]["contrats"]
    contracts["colonnes"] = {**contracts["colonnes"], "contrat_type": "contrat_type"}
    contracts["valeurs"] = {"contrat_type": {"insertion": "CDDI"}}
    settings["tables"]["heures"] = {
        "fichier": "heures.csv", "disposition": "large", "colonnes": {"ctr_id": "Contrat"},
        "mois": {"Févr.": 2, "Mars": 3, **others(2, 3)},
    }  # fmt: skip
    settings["tables"]["operations"]["colonnes"].pop("heures_realisees_origine")
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(settings))
    far = {"contrat_type": "insertion", "employeur_kind": "ETT", "date_fin": "15/05/2026"}
    folder = send(changed("contrats", **far))
    (folder / "heures.csv").write_text(f"Contrat;Févr.;Mars;{';'.join(others(2, 3))}\nC1;cent;310,5\n")
    book = built()["S1"]
    errors = [(error["Colonne"], error["Valeur reçue"]) for error in rows(book, "À corriger")]
    assert errors == [("Févr.", "cent"), ("Mars", "310,5")]
    found = {(row["Colonne"], row["Valeur reçue"]) for row in rows(book, "À vérifier")}
    assert found == {("contrat_type", "insertion"), ("date_fin", "15/05/2026")}


def test_the_codes_that_are_expected_are_said_as_the_structure_writes_them(dataset: Path) -> None:
    settings = mapping()
    contracts = settings["tables"]["contrats"]
    contracts["colonnes"] = {**contracts["colonnes"], "contrat_type": "Type de contrat"}
    contracts["valeurs"] = {"contrat_type": {"insertion": "CDDI", "ACI": "CDDI", "durée indéterminée": "CDI"}}
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(settings))
    path = send(changed("contrats", contrat_type="stage")) / "contrats.csv"
    path.write_text(path.read_text().replace("contrat_type", "Type de contrat"))
    [wrong] = [row for row in rows(built()["S1"], "À corriger") if row["Valeur reçue"] == "stage"]
    expected = wrong["Ce qui est attendu"]
    assert "ACI ou insertion" in expected and "(durée indéterminée, " in expected and "CDI_INCLUSION" in expected
    assert "CDDI" not in expected


def test_the_words_of_a_year_are_those_of_the_software_of_that_year(dataset: Path) -> None:
    settings = mapping(nom="ancien")
    settings["tables"]["contrats"]["colonnes"]["date_fin"] = "Échéance"
    (dataset / "mappings" / "ancien.yaml").write_text(yaml.safe_dump(settings))
    (dataset / "mappings" / "anciennes.csv").write_text("structure_id,jusqu_en,mapping\nS1,2024,ancien\n")
    wrong = changed("contrats", date_fin="bientôt")
    send(wrong)
    before = send(wrong, year="2024") / "contrats.csv"
    before.write_text(before.read_text().replace("date_fin", "Échéance"))
    found = [(row["Fichier"], row["Colonne"]) for row in rows(built()["S1"], "À corriger")]
    assert ("2025/contrats.csv", "date_fin") in found and ("2024/contrats.csv", "Échéance") in found
    assert ("2024/contrats.csv", "date_fin") not in found


def test_a_column_that_is_not_sent_is_named_by_its_meaning(dataset: Path) -> None:
    settings = mapping()
    del settings["tables"]["contrats"]["colonnes"]["th"]
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(settings))
    known = dict.fromkeys(("rsa", "qpv", "deld", "detld", "sans_diplome"), "non")
    send({"contrats": [{**TABLES["contrats"][0], **known, "ctr_id": f"C{n}"} for n in range(1, 11)]})
    (row,) = rows(built()["S1"], "À vérifier")
    assert row["Colonne"].startswith("Reconnu travailleur handicapé") and row["Ligne"] == ""
    assert row["Ce qui est attendu"] == (
        "une situation à l'embauche inconnue pour au plus 10 % des contrats ; votre fichier n'a pas cette colonne, que "
        "l'observatoire demande à toutes les structures"
    )


def test_a_column_that_is_sent_is_not_said_to_be_missing() -> None:
    known = dict.fromkeys(("rsa", "qpv", "deld", "detld", "sans_diplome"), "non")
    send({"contrats": [{**TABLES["contrats"][0], **known, "ctr_id": f"C{n}"} for n in range(1, 11)]})
    (row,) = rows(built()["S1"], "À vérifier")
    assert (row["Colonne"], row["Ce qui est attendu"].partition(" ; ")[2]) == ("th", "")


@pytest.mark.parametrize("sent", [True, False])
def test_a_structure_is_not_asked_for_a_column_that_it_does_not_send_and_that_is_not_required(
    dataset: Path, sent: bool
) -> None:
    settings = mapping()
    if not sent:
        for table, column in (("contrats", "qpv_millesime"), ("territoires", "part")):
            del settings["tables"][table]["colonnes"][column]
        (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(settings))
    places = [{"op_id": "OP1", "epci_siren": code} for code in (EPCI_LILLE, EPCI_AMIENS)]
    send(changed("contrats", qpv="oui") | changed("heures", heures="301") | {"territoires": places})
    asked = {"QPV sans millésime", "Parts manquantes"}
    assert asked & {row["Règle"] for row in rows(built()["S1"], "À vérifier")} == (asked if sent else set())
    kept = read_table(quality_dir("essai") / "exports.parquet")["regle"]
    assert {"qpv_sans_millesime", "parts_manquantes"} <= set(kept)
    assert f", {0 if sent else 2} sur une colonne que le fichier" in feedback.build("essai")


def test_months_that_have_a_column_each_are_sent(dataset: Path) -> None:
    settings = mapping()
    settings["tables"]["heures"] = {
        "fichier": "heures.csv", "disposition": "large", "colonnes": {"ctr_id": "Contrat"},
        "mois": {"Févr.": 2, **others(2)},
    }  # fmt: skip
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(settings))
    two = [TABLES["contrats"][0] | {"ctr_id": number} for number in ("C1", "C2")]
    (send({"contrats": two}) / "heures.csv").write_text(f"Contrat;Févr.;{';'.join(others(2))}\nC1;150\nC2;150\n")
    told = {row["Règle"]: row["Valeur reçue"] for row in rows(built()["S1"], "À vérifier")}
    assert told["Heures très élevées pour une personne"] == "300"


def test_what_a_structure_is_told_is_in_words_that_it_knows() -> None:
    known = rules()
    told = known[known["gravite"].ne("bloquant") & known["domaine"].isin(["exports", "inventaire"])]
    ours = r"correspondance|mapping|\.csv|\.yaml|\bédition|\btables? |jeu de données"
    assert len(told) > 50
    assert told.loc[told["attendu"].str.contains(ours, regex=True), "attendu"].tolist() == []


def test_identifiers_are_those_of_the_structure() -> None:
    send({"territoires": []})
    found = [(row["Fichier"], row["Valeur reçue"]) for row in rows(built()["S1"], "À vérifier")]
    assert found == [("2025/operations.csv", "OP1"), ("2025/territoires.csv", "")]


def test_cells_that_are_merged_are_told_once_for_their_column() -> None:
    lines = [["", f"2025-{month:02d}", "10"] for month in range(2, 7)]
    merge_in(in_workbook("heures", [["ctr_id", "mois", "heures"], *lines]), {"A2:A4": "C1", "A5:A6": "C1"})
    (row,) = rows(built()["S1"], "À corriger")
    assert [row[name] for name in HEADINGS[1:6]] == [
        "Suivi", 3, "ctr_id", "cellule fusionnée avec celle de la ligne 2, et 2 autres de même", "Cellule fusionnée",
    ]  # fmt: skip
    kept = read_table(quality_dir("essai") / "exports.parquet").query("regle == 'cellule_fusionnee'")
    assert kept["ligne"].tolist() == [3, 4, 6] and kept["enregistrement"].ne("").all()


def test_a_value_that_looks_like_a_formula_stays_text() -> None:
    send(changed("contrats", rsa="=1+1"))
    assert [row["Valeur reçue"] for row in rows(built()["S1"], "À corriger")] == ["=1+1"]


# --- the inventory -----------------------------------------------------------------------------

STRUCTURES = [
    {"structure_id": name, "nom": f"Structure {name}", "siret": "21590350100017", "type_acteur": "FACILITATEUR",
     "nature_porteuse": "MDE", "commune_insee": commune} for name, commune in (("S1", "59350"), ("S7", "99999"))
]  # fmt: skip
ZONES = [
    {"structure_id": "S1", "epci_siren": "123456789", "part_temps": "1"},
    {"structure_id": "S7", "epci_siren": "", "part_temps": "1"},
    {"structure_id": "", "epci_siren": "200093201", "part_temps": "1"},
]


def inventory_sent(
    folder: Path, name: str, structures: list[dict], zones: list[dict], people: Sequence[dict] = ()
) -> None:
    with xlsxwriter.Workbook(str(folder / "inventaire" / name)) as book:
        for table, lines in {"structures": structures, "facilitateurs": people, "zones": zones}.items():
            columns = [column.name for column in INVENTORY[table].columns]
            sheet = book.add_worksheet(table)
            sheet.write_row(0, 0, columns)
            for number, line in enumerate(lines, start=1):
                sheet.write_row(number, 0, [line.get(column, "") for column in columns])


def test_the_inventory_comes_back_to_the_structure_of_each_line(dataset: Path) -> None:
    inventory_sent(dataset, "inventaire.xlsx", STRUCTURES, ZONES)
    books = built()
    (own,) = rows(books["S1"], "À corriger")
    assert [own[name] for name in HEADINGS[:5]] == ["inventaire/inventaire.xlsx", "zones", 2, "epci_siren", "123456789"]
    # Refused lines, such as one without its key, know their structure too; warnings are in the other sheet.
    assert [row["Ligne"] for row in rows(books["S7"], "À corriger")] == [3]
    assert [row["Valeur reçue"] for row in rows(books["S7"], "À vérifier")] == ["99999"]
    assert list(books) == ["S1", "S7"]


def test_all_that_was_wrong_with_a_refused_line_comes_back(dataset: Path) -> None:
    person = {"structure_id": "S1", "fac_ref": "P1", "role": "FACILITATEUR", "etp": "1", "date_debut": "mars 2021"}
    inventory_sent(dataset, "inventaire.xlsx", STRUCTURES, [], [person])
    told = rows(built()["S1"], "À corriger")
    assert [(row["Règle"], row["Valeur reçue"]) for row in told] == [
        ("Identifiant vide ou illisible", "mars 2021"), ("Date illisible", "mars 2021"),
    ]  # fmt: skip


def test_a_line_of_nobody_is_of_the_only_structure_of_its_workbook(dataset: Path) -> None:
    inventory_sent(dataset, "s7.xlsx", STRUCTURES[1:], ZONES[2:])
    assert [row["Règle"] for row in rows(built()["S7"], "À corriger")] == ["Identifiant vide ou illisible"]


def test_a_line_whose_structure_is_merged_is_of_the_only_one_in_its_workbook(dataset: Path) -> None:
    areas = [{"epci_siren": code, "part_temps": "0,5"} for code in ("200093201", "200018083")]
    inventory_sent(dataset, "s7.xlsx", STRUCTURES[1:], areas)
    merge_in(dataset / "inventaire" / "s7.xlsx", {"A2:A3": "S7"}, "zones")
    told = rows(built()["S7"], "À corriger")
    assert [(row["Feuille"], row["Ligne"], row["Règle"]) for row in told] == [("zones", 3, "Cellule fusionnée")]


def test_what_is_of_no_structure_is_counted_and_the_verb_says_so(dataset: Path) -> None:
    inventory_sent(dataset, "inventaire.xlsx", STRUCTURES, ZONES)
    exports.build("essai")
    inventory.build("essai")
    unknown = read_table(quality_dir("essai") / "inventaire.parquet")
    assert len(unknown) == 4
    said = CliRunner().invoke(main, ["feedback", "essai"]).output
    assert "classeurs à envoyer : 2 ;" in said and "/quality : 1 qui ne sont d'aucune structure, 0 sur une" in said


@pytest.mark.parametrize(("structure", "name"), [("S01", "S01.xlsx"), ("../S1", "%2e%2e%2fS1.xlsx")])
def test_an_identifier_names_a_file_of_the_folder(structure: str, name: str) -> None:
    assert feedback.file_name(structure) == name


def test_a_structure_refused_for_its_kind_is_told_so(dataset: Path) -> None:
    unread = STRUCTURES[0] | {"structure_id": "S9", "nom": "Structure S9", "type_acteur": "facilitatrice"}
    inventory_sent(dataset, "inventaire.xlsx", [*STRUCTURES, unread], [{**ZONES[0], "structure_id": "S9"}])
    books = built()
    assert "Structure S9" in text(books["S9"])
    assert "facilitatrice" in [row["Valeur reçue"] for row in rows(books["S9"], "À corriger")]


def test_a_line_with_a_column_per_month_comes_back_once(dataset: Path) -> None:
    changes = mapping()
    place = changes["tables"]["heures"]
    place |= {"disposition": "large", "colonnes": {"ctr_id": "ctr_id"}, "mois": {"janv": 1, "fev": 2, **others(1, 2)}}
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    (send() / "heures.csv").write_text(
        f"ctr_id;janv;fev;nature_heures;{';'.join(others(1, 2))}\nC1;10;20;\nTOTAL;10;20;\n"
    )
    told = [row for row in rows(built()["S1"], "À vérifier") if row["Règle"] == "Ligne de total"]
    assert [(row["Ligne"], row["Valeur reçue"]) for row in told] == [(3, "TOTAL")]


def test_a_number_of_two_readings_comes_back_as_it_was_written() -> None:
    send(changed("operations", heures_prevues="12.500"))
    [told] = [row for row in rows(built()["S1"], "À corriger") if row["Règle"] == "Nombre à deux lectures"]
    assert told["Valeur reçue"] == "12.500"


def test_an_impossible_day_comes_back_as_it_was_written() -> None:
    send(changed("contrats", date_debut="2025-02-30"))
    found = {(row["Colonne"], row["Valeur reçue"]) for row in rows(built()["S1"], "À corriger")}
    assert ("date_debut", "2025-02-30") in found


def likely(a: str, b: str, chance: float, **more: str) -> dict:
    """A pair of S1 that wait to be compared, each with the number of its latest contract."""
    return {
        "edition": 2025, "ben_id_a": a * 32, "ben_id_b": b * 32, "probabilite": chance, "differences": "prénom",
        "annees_a": "2024|2025", "structures_a": "S1", "contrats_a": f"S1:C{a}",
        "annees_b": "2025", "structures_b": "S1", "contrats_b": f"S1:C{b}", **more,
    }  # fmt: skip


def test_pairs_of_one_structure_are_asked_of_it_by_its_contracts_and_those_of_two_of_nobody() -> None:
    other = likely("c", "d", 0.99, structures_b="S2", contrats_b="S2:Cd")
    wait([likely("e", "f", 0.7), likely("a", "b", 0.9), other])
    books = built()
    assert list(books) == ["S1"]
    assert books["S1"].sheet_names == ["À lire", "À corriger", "À vérifier", "Personnes à comparer"]
    _, *lines = books["S1"].get_sheet_by_name("Personnes à comparer").to_python()
    assert lines == [
        ["Ca", "2024|2025", "Cb", "2025", "prénom", "", ""],
        ["Ce", "2024|2025", "Cf", "2025", "prénom", "", ""],
    ]
    said = text(books["S1"])
    assert "« Personnes à comparer » (2)" in said and "répondez oui ou non" in said
    assert not any(key * 32 in said for key in "abcdef"), "no pseudonym leaves"


def test_nothing_is_said_of_persons_where_none_are_to_be_compared() -> None:
    send(changed("heures", heures="301"))
    assert "Personnes à comparer" not in text(built()["S1"])
