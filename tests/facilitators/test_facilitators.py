from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

from analysis.core import reference
from analysis.core.dataset import load_dataset
from analysis.core.errors import DataError
from analysis.core.files import read_table, write_table
from analysis.core.params import load_params
from analysis.core.paths import clean_dir, protected_dir, quality_dir, results_dir
from analysis.core.results import read_clean
from analysis.disclosure.protect import build as protect
from analysis.facilitators import staff, tables, unmet, views
from analysis.publishing.page import Page
from analysis.scaffold import new_dataset
from analysis.schemas.canonical import INVENTORY
from analysis.sources import exports, inventory
from checkout import empty_project

STRUCTURES = [
    {"structure_id": "S1", "nom": "MDE fictive", "siret": "21590350100017", "type_acteur": "FACILITATEUR",
     "nature_porteuse": "MDE", "commune_insee": "59350", "accord_publication": "non"},
    {"structure_id": "S2", "nom": "PLIE fictif", "siret": "21590350100017", "type_acteur": "FACILITATEUR",
     "nature_porteuse": "PLIE", "commune_insee": "80021", "accord_publication": "non"},
    {"structure_id": "S3", "nom": "Bailleur fictif", "siret": "21590350100017", "type_acteur": "AUTRE",
     "nature_porteuse": "BAILLEUR", "commune_insee": "80021"},
]  # fmt: skip
PEOPLE = [
    {"structure_id": "S1", "fac_ref": "P1", "nom": "Martin", "prenom": "Luc", "role": "FACILITATEUR", "etp": "0,8",
     "date_debut": "2020-01-01"},
    {"structure_id": "S1", "fac_ref": "P2", "nom": "Petit", "prenom": "Eva", "role": "COORDINATEUR", "etp": "1",
     "date_debut": "2020-01-01", "date_fin": "2025-12-30"},
    {"structure_id": "S1", "fac_ref": "P3", "nom": "Roy", "prenom": "Jo", "role": "FACILITATEUR", "etp": "0.5",
     "date_debut": "2025-12-31"},
    {"structure_id": "S2", "fac_ref": "P1", "nom": "Blanc", "prenom": "Li", "role": "FACILITATEUR", "etp": "1",
     "date_debut": "2024-05-01"},
    {"structure_id": "S3", "fac_ref": "P1", "nom": "Noir", "prenom": "Al", "role": "AUTRE", "etp": "0.2",
     "date_debut": "2024-05-01"},
]  # fmt: skip
ZONES = [
    {"structure_id": "S1", "epci_siren": "200093201", "part_temps": "1"},
    {"structure_id": "S2", "epci_siren": "248000531", "part_temps": "0.5", "date_fin": "2024-12-31"},
    {"structure_id": "S3", "epci_siren": "200018083", "part_temps": "1"},
]


def write(folder: Path, sheets: dict[str, list[dict]]) -> None:
    book = xlsxwriter.Workbook(str(folder / "inventaire" / "inventaire.xlsx"))
    for name, rows in sheets.items():
        columns = [column.name for column in INVENTORY[name].columns]
        sheet = book.add_worksheet(name)
        for number, row in enumerate([dict(zip(columns, columns, strict=True)), *rows]):
            sheet.write_row(number, 0, [row.get(column, "") for column in columns])
    book.close()


def analysed(
    project: Path,
    sheets: dict[str, list[dict]] | None,
    observed: str = "2025-12-31",
    change: Callable[[Path], None] = lambda folder: None,
) -> None:
    """A dataset with that inventory and nothing else but what `change` writes, up to its protected tables."""
    folder = new_dataset("essai", "32", 2025)
    change(folder)
    described = folder / "dataset.yaml"
    described.write_text(described.read_text(encoding="utf-8").replace("2025-12-31", observed), encoding="utf-8")
    if sheets:
        write(folder, sheets)
    # Posts take seconds to place; `test_scenario` does so on small grounds.
    params = project / "params.yaml"
    text = re.sub(r"(?m)^  frontier: .*$", "  frontier: [0]", params.read_text(encoding="utf-8"))
    text = re.sub(r"(?m)^  posts_added: \d+", "  posts_added: 0", text)
    params.write_text(re.sub(r"(?m)^  draws: 200 .*$", "  draws: 3", text), encoding="utf-8")
    inventory.build("essai")
    exports.build("essai")
    for name in ("acheteurs", "besoin_tirages", "clauses_sans_operation"):
        columns = ["lieu", "departement", "montant", "edition", "territoire", "axe", "modalite", "categorie",
                   "acheteurs", *unmet.OF_STATE]  # fmt: skip
        write_table(pd.DataFrame(columns=columns), results_dir("essai") / "segments" / f"{name}.parquet")
    tables.build("essai")
    protect("essai", ["facilitators"])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The dataset with an inventory, which tests only read."""
    with empty_project(tmp_path_factory.mktemp("facilitateurs") / "project") as root:
        analysed(root, {"structures": STRUCTURES, "facilitateurs": PEOPLE, "zones": ZONES})
        yield root


def protected(name: str) -> pd.DataFrame:
    """The rows of the last day."""
    rows = read_table(protected_dir("essai") / "facilitators" / f"{name}.parquet")
    return rows[rows["jour"] == rows["jour"].max()] if "jour" in rows else rows


def counted(name: str) -> pd.DataFrame:
    """The same before disclosure control: of three persons one of whom is secret, little may be told."""
    rows = read_table(results_dir("essai") / "facilitators" / f"{name}.parquet")
    return rows[rows["jour"] == rows["jour"].max()]


def test_persons_and_etp_are_those_in_post_on_the_day(built: Path) -> None:
    rows = counted("porteurs").set_index("nature_porteuse")
    assert rows.loc["MDE", ["structures", "personnes", "etp"]].tolist() == [1, 2, 1.3]
    assert "BAILLEUR" not in rows.index, "other actors are not facilitators"


def test_the_numbers_of_one_person_alone_are_hidden_without_agreement(built: Path) -> None:
    for table, key in (("porteurs", "PLIE"), ("departements", "80"), ("structures", "S2")):
        row = protected(table).set_index(protected(table).columns[1]).loc[key]
        assert pd.isna(row["etp"]) and row["personnes"] == 1, "only the time tells of somebody"
        assert "accord" in row["secret"]


def test_a_sum_that_holds_a_person_alone_without_agreement_is_told_of_no_other_actor(project: Path) -> None:
    """Two persons who give 2 ETP give one each, and two who give 1,8 the rest of what one of them tells."""
    others = [STRUCTURES[2] | {"structure_id": f"S{n}", "nature_porteuse": nature, "accord_publication": agreed}
              for n, nature, agreed in ((3, "BAILLEUR", "oui"), (4, "BAILLEUR", "non"), (5, "CD", "oui"),
                                        (6, "CD", "oui"))]  # fmt: skip
    times = [PEOPLE[4] | {"structure_id": host["structure_id"], "etp": "1"} for host in others]
    analysed(project, {"structures": STRUCTURES[:2] + others, "facilitateurs": PEOPLE[:4] + times, "zones": ZONES})
    rows = protected("autres_acteurs").set_index("nature_porteuse")
    assert pd.isna(rows.loc["BAILLEUR", "etp"]) and "accord" in rows.loc["BAILLEUR", "secret"]
    assert rows.loc["BAILLEUR", ["structures", "personnes"]].tolist() == [2, 2]
    assert rows.loc["CD", "etp"] == 2


def test_every_epci_is_covered_or_not_on_the_day(built: Path) -> None:
    rows = protected("couverture").set_index("epci_siren")
    assert len(rows) == 92
    assert not rows.loc["200093201", "sans_facilitateur"]
    assert rows.loc["248000531", "sans_facilitateur"], "its only structure left it in 2024"
    assert rows.loc["200018083", "sans_facilitateur"], "another actor is not a facilitator"


def test_all_that_a_scenario_assumes_is_published(built: Path) -> None:
    known = protected("hypotheses").set_index("nom")
    assert known.loc[["valeur_quart_1", "valeur_quart_4", "valeur_trajet"], "valeur"].tolist() == [1.3, 1.0, 0.1]
    assert known.loc["valeur_quart_1", "source"].startswith("hypothèse")


def test_headlines_are_of_the_last_edition_whatever_days_are_asked_for(built: Path) -> None:
    def read(name: str) -> pd.DataFrame:
        return read_table(results_dir("essai") / "facilitators" / f"{name}.parquet")

    found = {name: read(name) for name in ("porteurs", "couverture", "zones_synthese")}
    later = {name: found[name].assign(jour=pd.Timestamp(2026, 6, 30)) for name in ("porteurs", "couverture")}
    asked = found | {name: pd.concat([found[name], rows]) for name, rows in later.items()}
    told = tables.strip(asked, load_dataset("essai"))
    pd.testing.assert_frame_equal(told, tables.strip(found, load_dataset("essai")))
    assert told["edition"].unique().tolist() == [2025]


def test_the_inventory_is_taken_on_any_day_since_2015(built: Path) -> None:
    rows = read_table(results_dir("essai") / "facilitators" / "evolution.parquet").set_index("jour")
    assert rows["personnes"].tolist() == [2, 2, 2, 2, 3, 3], "the first people came in 2020"
    assert rows.index.min() == pd.Timestamp(2020, 12, 31)


def test_an_area_that_its_structure_left_is_a_zone_blanche_and_the_need_is_told_by_inhabitants(built: Path) -> None:
    rows = protected("zones").set_index("epci_siren")
    assert rows.loc["248000531", "classe"] == "stricte"
    assert rows.loc["200093201", "classe"] == "sous_servie", "no export: silence says nothing"
    assert set(rows["origine_besoin"]) == {"habitants"}
    assert rows.loc["200093201", "etp"] == pytest.approx(1.3)


def test_what_two_structures_entered_is_counted_once_and_asked_of_both(built: Path) -> None:
    key = pd.DataFrame({"annee": 2025, "op_id": ["S1:1", "S2:1"], "structure_id": ["S1", "S2"]})
    exports = {
        "operations": key.assign(date_debut=pd.NaT, date_fin=pd.NaT, maitre_ouvrage_siret=None),
        "territoires": key.assign(epci_siren="248000531"),
        "heures": key.assign(heures=0.0),
        "agregats": key[:0],
    }
    segments = {name: read_table(results_dir("essai") / "segments" / f"{name}.parquet")
                for name in ("acheteurs", "besoin_tirages", "clauses_sans_operation")}  # fmt: skip
    clean, settings = read_clean("essai", "inventory"), load_params().facilitators
    same = {"S1:1": "S1:1", "S2:1": "S1:1"}
    found = tables.state_of(clean, exports, segments, load_dataset("essai"), settings, kept=same, expected={})
    assert found["zones"].set_index("epci_siren").loc["248000531", "operations"] == 1
    assert found["contradictions"].query("epci_siren == '248000531'")["structure_id"].tolist() == ["S1", "S2"]


def test_without_an_inventory_nothing_is_said_of_any_epci(project: Path) -> None:
    analysed(project, None)
    for name in ("zones", "zones_synthese", "zones_sensibilite", "annuaire", "sites", "organisation_postes", "ratios"):
        assert protected(name).empty, name
    assert not protected("temps_trajet").empty


def test_an_inventory_that_says_nobodys_time_has_no_organisation(project: Path) -> None:
    people = [{**person, "etp": ""} for person in PEOPLE]
    analysed(project, {"structures": STRUCTURES, "facilitateurs": people, "zones": ZONES})
    assert counted("porteurs")["personnes"].sum() == 3
    assert protected("organisation_postes").empty


def test_a_structure_of_unknown_nature_and_seat_is_counted_and_may_answer_until_the_data_are_observed(
    project: Path,
) -> None:
    unknown = {**STRUCTURES[0], "nature_porteuse": "MJC", "commune_insee": "99999", "date_reponse": "2026-01-15"}
    sheets = {"structures": [unknown, *STRUCTURES[1:]], "facilitateurs": PEOPLE, "zones": ZONES}
    analysed(project, sheets, observed="2026-03-31")
    assert counted("porteurs").set_index("nature_porteuse")["personnes"].to_dict() == {"INCONNU": 2, "PLIE": 1}
    assert protected("reponses").set_index("structure_id").loc["S1", "reponse"] == "a_jour"
    assert counted("departements").set_index("departement")["personnes"].to_dict() == {"80": 1, "inconnu": 2}
    page = Page("facilitators", "essai", 2025, "32")
    assert [card.value for card in views.inventory.headline(page).cards[:2]] == [2, 3]


def test_a_structure_whose_export_is_expected_is_asked_though_no_inventory_has_it(project: Path) -> None:
    def sending(folder: Path) -> None:
        (folder / "structures.csv").write_text(
            "structure_id,nom,siret,mapping\nS1,MDE fictive,21590350100017,modele\nS9,Absente,21590350100017,modele\n"
        )

    analysed(project, {"structures": STRUCTURES, "facilitateurs": PEOPLE, "zones": ZONES}, change=sending)
    asked = views.inventory.answers(Page("facilitators", "essai", 2025, "32"))
    assert "sur 4 (0" in asked.takeaway and "Absentes de l'inventaire : 1, dont 0 qui" in asked.takeaway
    assert asked.frame.set_index("structure_id").loc["S9", ["nom", "etat"]].tolist() == [
        "Absente", "Absente de l'inventaire"
    ]  # fmt: skip
    assert "donc sans siège connu : 1" in views.inventory.answers(Page("facilitators", "essai", 2025, "80")).note


def test_without_anybodys_place_there_is_no_organisation() -> None:
    nobody = pd.DataFrame(columns=["epci_siren", "etp"])
    found = tables.organisation({"sites": nobody}, np.zeros((1, 1)), load_params().facilitators)
    assert all(table.empty for table in found.values())


def test_where_nothing_is_to_be_followed_there_is_no_organisation() -> None:
    given = {"sites": pd.DataFrame({"etp": [1.0]}), "zones": pd.DataFrame({"besoin_p50": [0.0, 0.0]})}
    found = tables.organisation(given, np.zeros((2, 1)), load_params().facilitators)
    assert all(table.empty for table in found.values())


def test_areas_whose_share_of_time_is_not_known_have_equal_parts_of_what_the_others_leave() -> None:
    declared = [
        ("S1", "A", 0.5),
        ("S1", "B", None),
        ("S1", "C", None),
        ("S2", "A", None),
        ("S3", "A", 1.0),
        ("S3", "B", None),
    ]
    zones = pd.DataFrame(declared, columns=["structure_id", "epci_siren", "part_temps"]).assign(date_debut=pd.NaT)
    hosts = pd.DataFrame({"structure_id": ["S1", "S2", "S3"]})
    found = staff.areas(zones.astype({"part_temps": "float64"}), hosts)
    assert found["part_temps"].tolist() == [0.5, 0.25, 0.25, 1.0, 1.0, 0.0]


def test_roles_are_counted_apart(built: Path) -> None:
    rows = read_table(results_dir("essai") / "facilitators" / "roles.parquet")
    now = rows[rows["jour"] == pd.Timestamp(2024, 12, 31)].set_index("role")
    assert now["personnes"].to_dict() == {"COORDINATEUR": 1, "FACILITATEUR": 2}


def test_an_area_declared_without_anybody_in_post_is_a_vacancy_not_nothing(built: Path) -> None:
    zones = pd.DataFrame({"structure_id": ["S1", "S2", "S3"], "epci_siren": ["A", "B", "C"]})
    structures = read_clean("essai", "inventory")["structures"]
    found = staff.vacant(zones, structures, pd.DataFrame({"structure_id": ["S1"]}))
    assert found.values.tolist() == [["S2", "B", "PLIE fictif"]], "another actor has no post to fill"
    assert protected("zones")["vacantes"].eq(0).all() and protected("annuaire")["vacante"].isna().all()


def test_names_of_facilitators_do_not_leave_ingestion(built: Path) -> None:
    written = b"".join(path.read_bytes() for path in (built / "data" / "processed").rglob("*.parquet"))
    for name in ("Martin", "Petit", "Blanc", "Noir"):
        assert name.encode() not in written
        frames = [pd.read_parquet(path) for path in (built / "data" / "processed").rglob("*.parquet")]
        assert not any(name in frame.to_csv() for frame in frames)


def test_a_workbook_is_read_whatever_the_case_of_its_extension(project: Path) -> None:
    folder = new_dataset("essai", "32", 2025)
    write(folder, {"structures": STRUCTURES, "facilitateurs": PEOPLE, "zones": ZONES})
    sent = folder / "inventaire" / "inventaire.xlsx"
    sent.rename(sent.with_suffix(".XLSX"))
    inventory.build("essai")
    assert len(read_table(clean_dir("essai", "inventory") / "structures.parquet")) == 3


def test_two_columns_of_one_name_are_told_in_a_sentence(project: Path) -> None:
    with xlsxwriter.Workbook(str(new_dataset("essai", "32", 2025) / "inventaire" / "deux.xlsx")) as book:
        for name, table in INVENTORY.items():
            headings = [column.name for column in table.columns]
            book.add_worksheet(name).write_row(0, 0, [*headings, "etp"])
    with pytest.raises(DataError, match=r"deux.xlsx\[facilitateurs\] : fichier inutilisable \(deux colonnes « etp »\)"):
        inventory.build("essai")


def test_a_row_of_an_unknown_structure_is_refused_and_kept(project: Path) -> None:
    folder = new_dataset("essai", "32", 2025)
    stray = [*ZONES, {"structure_id": "S9", "epci_siren": "200093201", "part_temps": "1"}]
    write(folder, {"structures": STRUCTURES, "facilitateurs": PEOPLE, "zones": stray})
    inventory.build("essai")
    quality = read_table(quality_dir("essai") / "inventaire.parquet")
    assert quality[["regle", "ligne"]].values.tolist() == [["lien_absent", 5]]
    assert '"S9"' in quality["enregistrement"].iloc[0]


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ([("0,6", "", ""), ("0,5", "", "")], [2, 3]),
        ([("0,6", "2024-01-01", ""), ("0,5", "2025-01-01", "")], [3]),
        ([("0,6", "2025-01-01", ""), ("0,4", "2025-01-01", "")], []),
        ([("0,6", "2025-01-01", ""), ("0,5", "2024-01-01", "2024-12-31")], []),
        ([("0,6", "2025-01-01", ""), ("0,5", "2024-01-01", "2025-01-01")], [2]),  # the day of an end counts
    ],
)
def test_shares_of_time_above_one_at_the_same_time_are_flagged(
    project: Path, zones: list[tuple[str, str, str]], expected: list[int]
) -> None:
    folder = new_dataset("essai", "32", 2025)
    rows = [
        {"structure_id": "S1", "epci_siren": epci, "part_temps": share, "date_debut": start, "date_fin": end}
        for epci, (share, start, end) in zip(("200093201", "248000531"), zones, strict=True)
    ]
    write(folder, {"structures": STRUCTURES, "facilitateurs": PEOPLE, "zones": rows})
    inventory.build("essai")
    quality = read_table(quality_dir("essai") / "inventaire.parquet")
    assert quality.loc[quality["regle"] == "part_temps_somme", "ligne"].tolist() == expected


def imported(sheet: str, *rows: dict) -> tuple[pd.DataFrame, list[tuple[str, int]]]:
    """The clean table of `sheet` whose first rows are `rows`, and which rule was broken on which line."""
    sheets = {"structures": STRUCTURES, "facilitateurs": PEOPLE, "zones": ZONES}
    write(new_dataset("essai", "32", 2025), sheets | {sheet: [*rows, *sheets[sheet][1:]]})
    inventory.build("essai")
    quality = read_table(quality_dir("essai") / "inventaire.parquet")
    broken = list(quality[["regle", "ligne"]].itertuples(index=False, name=None))
    return read_table(clean_dir("essai", "inventory") / f"{sheet}.parquet"), broken


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value"),
    [("facilitateurs", PEOPLE[0], "etp", "1,2"), ("zones", ZONES[0], "part_temps", "50"),
     ("zones", ZONES[0], "part_temps", "-1")],
)  # fmt: skip
def test_a_time_outside_of_0_to_1_is_flagged_and_emptied(
    project: Path, sheet: str, row: dict, column: str, value: str
) -> None:
    table, broken = imported(sheet, {**row, column: value})
    assert broken == [(f"{column}_invalide", 2)]
    assert table[column].isna().tolist() == [True] + [False] * (len(table) - 1)


def test_a_person_never_has_more_than_one_etp(project: Path) -> None:
    table, broken = imported("facilitateurs", PEOPLE[0], {**PEOPLE[0], "etp": "1", "date_debut": "2022-01-01"})
    assert broken == [("etp_somme", 3)], "the first row has no end"
    clean = {"facilitateurs": table, "structures": read_table(clean_dir("essai", "inventory") / "structures.parquet")}
    etp = [
        staff.in_post(clean, pd.Timestamp(year, 12, 31)).set_index("fac_ref")["etp"]["S1:P1"] for year in (2021, 2025)
    ]
    assert etp == [0.8, 1.0]


@pytest.mark.parametrize("longer", [0, 1])
def test_who_has_two_posts_has_the_role_and_the_office_of_the_longer_one(project: Path, longer: int) -> None:
    posts = [
        {"role": "FACILITATEUR", "siege_commune_insee": "59350"},
        {"role": "AUTRE", "siege_commune_insee": "62041"},
    ]
    times = ["0,6" if number == longer else "0,3" for number in range(2)]
    rows = [
        {**PEOPLE[0], **post, "etp": time, "date_debut": day}
        for post, time, day in zip(posts, times, ["2019-01-01", "2020-01-01"], strict=True)
    ]
    table, broken = imported("facilitateurs", *rows)
    assert not broken, "they sum to less than one"
    clean = {"facilitateurs": table, "structures": read_table(clean_dir("essai", "inventory") / "structures.parquet")}
    person = staff.in_post(clean, pd.Timestamp(2025, 12, 31)).set_index("fac_ref").loc["S1:P1"]
    towns = reference.communes().set_index("code_insee")["epci_siren"]
    assert person["role"] == posts[longer]["role"] and person["etp"] == pytest.approx(0.9)
    assert person["bureau_epci"] == towns[posts[longer]["siege_commune_insee"]]


@pytest.mark.parametrize(("sheet", "row"), [("facilitateurs", PEOPLE[0]), ("zones", ZONES[0])])
def test_an_end_before_its_start_is_told(project: Path, sheet: str, row: dict) -> None:
    _, broken = imported(sheet, {**row, "date_debut": "2020-01-02", "date_fin": "01/01/2020"})
    assert broken == [("dates_inversees", 2)]


@pytest.mark.parametrize(
    ("sheet", "row", "days"),
    [("facilitateurs", PEOPLE[0], ("2020-01-01", "01/01/2020")), ("zones", ZONES[0], ("mars", ""))],
)
def test_a_row_given_twice_with_its_day_in_two_spellings_is_refused_once(
    project: Path, sheet: str, row: dict, days: tuple[str, str]
) -> None:
    _, broken = imported(sheet, *({**row, "date_debut": day} for day in days))
    assert ("cle_double", 3) in broken


def test_a_structure_is_kept_under_its_identifier_but_not_without_its_kind(project: Path) -> None:
    table, broken = imported("structures", {**STRUCTURES[0], "nom": "", "nature_porteuse": "MJC"})
    assert table.loc[0, ["nom", "nature_porteuse"]].tolist() == ["S1", "INCONNU"]
    assert broken == [("code_inconnu", 2), ("valeur_obligatoire", 2)]


def test_a_funding_is_known_by_its_name_or_code_in_any_case(built: Path) -> None:
    people = staff.in_post(read_clean("essai", "inventory"), pd.Timestamp(2025, 12, 31))
    people = staff.facilitators(people).assign(financements=["fse|", "État | fse", "FSE|mécénat"])
    found = staff.counted(people)["financements"]
    assert found.set_index("financement")["personnes"].to_dict() == {"FSE": 3, "ETAT": 1, "AUTRE": 1}


@pytest.mark.parametrize(
    ("given", "told"), [("fse| Mécénat |État", [("financement_inconnu", 2)]), ("fse||ÉTAT|autre", [])]
)
def test_a_funding_that_the_list_does_not_have_is_told(project: Path, given: str, told: list) -> None:
    _, broken = imported("facilitateurs", {**PEOPLE[0], "financements": given})
    assert broken == told


def test_time_that_is_not_known_is_said_and_its_sum_is_that_of_the_others(project: Path) -> None:
    people = [{**PEOPLE[0], "etp": ""}, *PEOPLE[1:3], {**PEOPLE[3], "etp": "1,2"}, PEOPLE[4]]
    analysed(project, {"structures": STRUCTURES, "facilitateurs": people, "zones": ZONES})
    found = counted("evolution").iloc[0]
    assert found[["personnes", "etp", "sans_etp"]].tolist() == [3, 0.5, 2]
    page = Page("facilitators", "essai", 2025, "32")
    assert "ETP inconnu, compté 0 : 2 personnes" in views.inventory.headline(page).text()
    assert "dont ETP inconnu, compté 0" in views.inventory.evolution(page).text()
    assert "ETP inconnu, compté 0 : 2 personnes" in views.zones.listed(page).text()


def test_an_area_outside_the_region_is_refused_and_kept(project: Path) -> None:
    folder = new_dataset("essai", "32", 2025)
    stray = [*ZONES, {"structure_id": "S1", "epci_siren": "123456789", "part_temps": "0"}]
    write(folder, {"structures": STRUCTURES, "facilitateurs": PEOPLE, "zones": stray})
    inventory.build("essai")
    quality = read_table(quality_dir("essai") / "inventaire.parquet")
    assert quality[["regle", "ligne", "valeur"]].values.tolist() == [["epci_inconnu", 5, "123456789"]]
    assert '"S1"' in quality["enregistrement"].iloc[0]


def test_an_area_that_is_no_more_is_refused_and_the_one_that_took_it_over_is_told(project: Path) -> None:
    sheets = {"structures": STRUCTURES, "facilitateurs": PEOPLE,
              "zones": [{**ZONES[0], "epci_siren": "245900410 "}, *ZONES[1:]]}  # fmt: skip
    write(new_dataset("essai", "32", 2025), sheets)
    inventory.build("essai")
    broken = read_table(quality_dir("essai") / "inventaire.parquet")
    assert broken["regle"].tolist() == ["epci_ancien"] and '"S1"' in broken["enregistrement"].iloc[0]
    assert broken["message"].iloc[0].endswith("attendu : le SIREN de celle qui l'a reprise (200093201).")
    assert len(read_table(clean_dir("essai", "inventory") / "zones.parquet")) == 2


def test_a_workbook_of_other_actors_needs_no_areas_but_one_of_facilitators_does(project: Path) -> None:
    folder = new_dataset("essai", "32", 2025)
    write(folder, {"structures": STRUCTURES[2:], "facilitateurs": PEOPLE[4:]})
    inventory.build("essai")
    assert read_table(clean_dir("essai", "inventory") / "structures.parquet")["structure_id"].tolist() == ["S3"]
    write(folder, {"structures": STRUCTURES, "facilitateurs": PEOPLE})
    with pytest.raises(DataError, match="feuille « zones » absente"):
        inventory.build("essai")
