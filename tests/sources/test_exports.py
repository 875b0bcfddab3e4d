from __future__ import annotations

import json
import zipfile
from pathlib import Path

import msoffcrypto
import pandas as pd
import pytest
import xlsxwriter
import yaml

from analysis.core.errors import DataError
from analysis.core.files import read_table
from analysis.core.paths import clean_dir, fingerprints_dir
from analysis.core.personal import MASKED
from analysis.schemas.canonical import EXPORTS, TOTALS
from analysis.schemas.fingerprints import OF_BENEFICIARIES
from analysis.sources import exports
from analysis.sources.persons import fingerprint, load_secret
from analysis.sources.rows import record
from analysis.sources.spreadsheet import ENCRYPTED_BOOK, OLE_CONTAINER, Workbook
from analysis.sources.typer import Typer
from sending import (
    EPCI_AMIENS,
    TABLES,
    changed,
    imported,
    mapping,
    others,
    refused,
    send,
    write_dataset,
    write_workbook,
)


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    return write_dataset()


def test_a_right_export_gives_typed_tables_and_no_remark() -> None:
    send()
    tables, quality = imported()
    assert quality.empty
    assert tables["heures"]["heures"].tolist() == [100.5, 50.25]
    contract = tables["contrats"].iloc[0]
    assert (contract["ctr_id"], contract["eng_id"]) == ("S1:C1", "S1:E1")
    assert tables["contrats"]["rsa"].tolist()[0] is True
    assert pd.isna(contract["qpv"])
    assert contract["jeune"] and not contract["senior"]


def test_no_personal_value_leaves_ingestion() -> None:
    send(changed("beneficiaires", date_naissance="31/02/2001", sexe="X"))
    tables, quality = imported()
    everything = " ".join(frame.to_csv() for frame in [*tables.values(), quality]).lower()
    for secret in ("durand", "zoé", "05/03/2001", "2001-03-05", "31/02/2001", "201035935012345", "zoe@example.org"):
        assert secret not in everything
    assert "naissance_invalide" in set(quality["regle"])


def test_every_person_received_leaves_fingerprints_that_say_nothing() -> None:
    send({"beneficiaires": TABLES["beneficiaires"] + [{**TABLES["beneficiaires"][0], "nom": "Roy"}]})  # a refused row
    exports.build("essai")
    marks = read_table(fingerprints_dir("essai") / "empreintes_beneficiaires.parquet")
    assert list(OF_BENEFICIARIES.validate(marks)["genre"]) == ["naissance", *["nom"] * 4, "temoin"]
    secret = load_secret("essai")
    expected = {("nom", "durandeliezoe"), ("nom", "zoedurandelie"), ("nom", "royzoe"), ("nom", "zoeroy")}
    expected |= {("naissance", "2001-03-05"), ("temoin", "")}
    assert set(marks["empreinte"]) == {fingerprint(kind, text, secret) for kind, text in expected}


@pytest.mark.parametrize(("birth", "right"), [("05/03/2061", False), ("01/02/2025", False), ("01/01/1900", False),
                                              ("31/12/2011", True), ("05/03/1950", True)])  # fmt: skip
def test_a_birth_date_of_nobody_at_work_is_emptied_and_flagged(birth: str, right: bool) -> None:
    send(changed("beneficiaires", date_naissance=birth))
    tables, quality = imported()
    assert quality["regle"].tolist() == ([] if right else ["naissance_invalide"])
    assert tables["beneficiaires"]["annee_naissance"].notna().tolist() == [right]
    assert tables["contrats"]["jeune"].notna().tolist() == [right]
    assert len(tables["heures"]) == 2 and birth not in quality.to_csv()


def test_a_person_keeps_one_key_whatever_the_spelling_and_the_structure() -> None:
    send()
    send(changed("beneficiaires", nom="DURAND ELIE", prenom="zoe"), structure="S2")
    tables, _ = imported()
    assert tables["contrats"]["ben_id"].nunique() == 1


def test_a_ligature_is_two_letters() -> None:
    send(changed("beneficiaires", prenom="Lœtitia"))
    send(changed("beneficiaires", prenom="LOETITIA"), structure="S2")
    assert imported()[0]["contrats"]["ben_id"].nunique() == 1


@pytest.mark.parametrize(("name", "rules"), [("", ["valeur_obligatoire"]), ("?", [])])
def test_persons_without_a_name_are_not_one_person_and_a_missing_name_is_told(name: str, rules: list[str]) -> None:
    for structure in ("S1", "S2"):
        send(changed("beneficiaires", nom=name), structure=structure)
    tables, quality = imported()
    assert tables["contrats"]["ben_id"].nunique() == 2
    assert quality["regle"].tolist() == 2 * rules


def test_what_only_one_structure_knows_of_a_person_is_kept() -> None:
    send(changed("beneficiaires", sexe="", niveau="3", commune_insee=""))
    send(structure="S2")
    person = imported()[0]["beneficiaires"].iloc[0]
    assert (person["sexe"], person["niveau"], person["structure_id"]) == ("F", "3", "S1")
    assert pd.notna(person["epci_siren"])


def test_the_key_depends_on_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    send()
    first = imported()[0]["contrats"]["ben_id"].tolist()
    monkeypatch.setenv("ANALYSIS_SECRET", "another secret, long enough")
    assert imported()[0]["contrats"]["ben_id"].tolist() != first


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("1 234,5", None),
        ("1234.5", None),
        ("134,5", 134.5),
        ("134,50 h", 134.5),
        ("134 heures", 134.0),
        ("12h30", 12.5),
        ("12 h 20 min", 12.33),
        ("100:30", 100.5),
        ("7:00:00", 7.0),
        ("134.5", 134.5),
        ("1\u202f34,5", 134.5),
        ("0", 0.0),
        ("7,125", 7.13),
        ("1,005", 1.01),
        ("7,1249", 7.12),
    ],
)
def test_hours_are_read_with_either_mark_and_with_blanks(text: str, hours: float | None) -> None:
    send(changed("heures", heures=text))
    tables, quality = imported()
    kept = tables["heures"].set_index("mois")["heures"]
    if hours is None:  # read as 1234.5, then refused as absurd: 300 hours a month at most
        assert "2025-02" not in kept.index
        assert quality["regle"].tolist() == ["heures_absurdes"]
        assert quality["valeur"].tolist() == ["1234.5"]
    else:
        assert kept["2025-02"] == hours


@pytest.mark.parametrize(
    ("mark", "others", "text", "hours"),
    [
        (",", ["100,5", "7"], "12.500", 12500.0),
        (",", ["100.5", "7"], "12.500", 12.5),
        (",", ["100,5", "7.25"], "12.500", None),
        (",", ["100", "7"], "12.500", None),
        (",", ["100.5", "7"], "12,500", None),
        (",", ["100,5", "7.25"], "12,500", 12.5),
        (",", ["100", "7"], "12,500", 12.5),
        (",", ["100", "7"], "1.302.553", 1302553.0),
        (",", ["1.302.553", "7"], "12.500", 12500.0),
        (",", ["100", "7"], "1.234,5", 1234.5),
        (",", ["100", "7"], "0.125", 0.125),
        (".", ["100.5", "7"], "12,500", 12500.0),
        (".", ["100,5", "7"], "12,500", 12.5),
        (".", ["100", "7"], "12,500", None),
        (".", ["100", "7"], "0,125", 0.125),
    ],
)
def test_three_digits_after_a_mark_are_what_their_column_says(
    mark: str, others: list[str], text: str, hours: float | None
) -> None:
    texts = [*others, text]
    here = pd.DataFrame({"heures": texts, "fichier": "a.csv", "ligne": range(2, 5), "decimale": mark})
    elsewhere = here.assign(fichier="b.csv", heures=["1,5", "1.5", "2"])  # says nothing of another file
    typer = Typer("exports")
    read = typer.table(pd.concat([here, elsewhere], ignore_index=True), EXPORTS["heures"])["heures"]
    assert read[:3].fillna(-1).tolist()[2] == (-1 if hours is None else hours)
    said = [row for part in typer.breaches for row in part.itertuples() if row.colonne == "heures"]
    assert [(row.regle, row.ligne, row.valeur) for row in said] == ([("nombre_ambigu", 4, text)] * (hours is None))


@pytest.mark.parametrize("text", ["février 2025", "Fevrier 2025", "févr. 2025", "fév-25", "FÉVR 2025", "02/2025"])
def test_a_month_may_be_written_in_letters(text: str) -> None:
    send(changed("heures", mois=text))
    tables, quality = imported()
    assert quality.empty and tables["heures"]["mois"].tolist() == ["2025-02", "2025-03"]


def test_a_month_that_is_refused_is_told_as_received_and_its_operation_is_not_judged() -> None:
    closed = {"date_debut": "01/01/2025", "heures_prevues": "5000"}
    send(changed("operations", **closed) | {"heures": [{"ctr_id": "C1", "mois": "début 2025", "heures": "100"}]})
    _, quality = imported()
    assert quality["regle"].tolist() == ["mois_invalide"]
    assert "colonne « mois » : « début 2025 » ; attendu : un mois" in quality["message"].iloc[0]


def test_the_stage_says_what_became_of_the_rows_of_each_file(capfd: pytest.CaptureFixture[str]) -> None:
    bad = [{"ctr_id": "C1", "mois": "?", "heures": "9"}, {"ctr_id": "C1", "mois": "2025-04", "heures": "cent"}]
    send({"heures": [*TABLES["heures"], *bad]})
    exports.build("essai")
    said = capfd.readouterr().err.splitlines()
    assert said == sorted(said) and len(said) == 6
    assert "exports/S1/2025/heures.csv : lignes reçues : 4, gardées : 2, refusées : 2 ; valeurs signalées : 0" in said


def test_a_total_at_the_foot_of_a_table_is_no_operation() -> None:
    foot = {"op_id": "TOTAL", "libelle": "Total général", "heures_prevues": "176000"}
    named = {**TABLES["operations"][0], "op_id": "OP2", "libelle": "Total de la voirie refait", "heures_prevues": ""}
    send({"operations": [TABLES["operations"][0], named, foot]})
    tables, quality = imported()
    assert tables["operations"]["op_id"].tolist() == ["S1:OP1", "S1:OP2"]
    assert quality.query("regle.str.startswith('ligne_total')")[["ligne", "regle"]].values.tolist() == [
        [3, "ligne_total_possible"],
        [4, "ligne_total"],
    ]


def test_a_total_that_nothing_confirms_counts_in_no_hours_and_is_told() -> None:
    send({"heures": [*TABLES["heures"], {"ctr_id": "Total Lille", "mois": "2025-03", "heures": "200"}]})
    tables, quality = imported()
    assert tables["heures"]["heures"].sum() == 150.75
    assert quality["regle"].tolist() == ["lien_absent", "ligne_total_possible"]


def operation(number: int, **values: str) -> dict[str, str]:
    return {**TABLES["operations"][0], "op_id": f"OP{number}", **values}


@pytest.mark.parametrize(
    ("last", "rule"),
    [
        ({"libelle": "Total"}, "ligne_total"),
        ({"libelle": "Total Ville de Lille"}, "ligne_total"),  # whole though it be, its hours are those of the others
        ({"libelle": "Total", "heures_prevues": "299,6"}, "ligne_total"),
        ({"libelle": "Total", "heures_prevues": "120"}, "ligne_total_possible"),  # the buyer of this name
        ({"libelle": "Total Ville de Lille", "heures_prevues": "120"}, "ligne_total_possible"),
        ({"libelle": "TOTAL général opérations", "heures_prevues": "620"}, "ligne_total_possible"),
        ({"libelle": "Totalité des lots"}, None),
        ({"libelle": "Voirie"}, None),
        ({"op_id": "Total 2025", "heures_prevues": "120"}, "ligne_total"),
        ({"op_id": "TOTAL S1", "heures_prevues": "120"}, "ligne_total_possible"),
        ({"libelle": "Total S1", "heures_prevues": "1", "maitre_ouvrage_siret": "", "mecanisme": " ", "date_debut": ""},
         "ligne_total"),
    ],
)  # fmt: skip
def test_a_line_is_a_total_when_its_label_and_something_else_say_so(last: dict[str, str], rule: str | None) -> None:
    rows = [operation(1, heures_prevues="100"), operation(2, heures_prevues="200"),
            operation(3, heures_prevues="300") | last]  # fmt: skip
    send({"operations": rows})
    tables, quality = imported()
    assert len(tables["operations"]) == (2 if rule == "ligne_total" else 3)
    told = quality[quality["regle"].str.startswith("ligne_total")]
    assert told["regle"].tolist() == ([rule] if rule else [])
    assert told["enregistrement"].ne("").tolist() == ([rule == "ligne_total"] if rule else [])


def test_totals_of_parts_of_a_table_and_the_one_of_all_are_totals() -> None:
    hours = [("Voirie", "100"), ("Crèche", "50"), ("Sous-total Lille", "150"), ("École", "30"), ("Stade", "40"),
             ("Sous-total Amiens", "70"), ("Total des deux", "220"), ("Total Énergies", "40")]  # fmt: skip
    send({"operations": [operation(n, libelle=name, heures_prevues=h) for n, (name, h) in enumerate(hours)]})
    tables, quality = imported()
    assert tables["operations"]["op_id"].tolist() == ["S1:OP0", "S1:OP1", "S1:OP3", "S1:OP4", "S1:OP7"]
    assert quality.query("regle == 'ligne_total'")["ligne"].tolist() == [4, 7, 8]


def test_one_line_of_the_same_hours_is_no_sum() -> None:
    send({"operations": [operation(1), operation(2, libelle="Total Énergies")]})
    tables, _ = imported()
    assert len(tables["operations"]) == 2


def test_a_commune_that_lost_its_zero_gets_it_back() -> None:
    send(changed("beneficiaires", commune_insee="2691"))
    tables, quality = imported()
    assert quality["regle"].tolist() == ["commune_zero"] and quality["valeur"].tolist() == ["2691"]
    assert tables["beneficiaires"]["epci_siren"].notna().all()


def test_a_line_separator_inside_a_text_leaves_each_row_its_own_record() -> None:
    rows = pd.DataFrame({"op_id": ["A", "B", "C"], "libelle": ["École\u2028lot 1", "Crèche", "Halle\x85"]})
    assert [json.loads(text)["op_id"] for text in record(rows, EXPORTS["operations"])] == ["A", "B", "C"]


def test_a_correction_is_of_its_file_or_folder_and_of_no_name_that_starts_alike(dataset: Path) -> None:
    send(changed("heures", heures="-35,00"))
    fix = 'exports/S,heures,C1|2025-02|,heures,"-35,00",35,signe,analyste,2026-01-15\n'
    (dataset / "decisions" / "corrections.csv").write_text(CORRECTIONS + fix)
    assert "correction_sans_ligne" in imported()[1]["regle"].tolist()


@pytest.mark.parametrize("expected", ["-35,00", "-35.0", "-35"])
def test_a_correction_expects_a_value_however_it_is_written(dataset: Path, expected: str) -> None:
    send(changed("heures", heures="-35,00"))
    fix = f'exports/S1/2025,heures,C1|2025-02|,heures,"{expected}",35,signe,analyste,2026-01-15\n'
    (dataset / "decisions" / "corrections.csv").write_text(CORRECTIONS + fix)
    tables, quality = imported()
    assert quality.empty and tables["heures"]["heures"].tolist() == [35, 50.25]


@pytest.mark.parametrize(
    ("expected", "right", "mechanism"),
    [("EXEC", "CRIT", "CRIT"), ("Art. 38", "Art. 52", "CRIT"), ("Art. 38", "crit", "CRIT"), ("exec", "Art. 52", "CRIT"),
     ("Art. 36", "CRIT", None), ("Art. 38", "EXEC_CRIT", "EXEC_CRIT")],
)  # fmt: skip
def test_a_correction_of_a_translated_value_is_a_code_or_as_sent(
    dataset: Path, expected: str, right: str, mechanism: str | None
) -> None:
    changes = mapping()
    changes["tables"]["operations"]["valeurs"] = {"mecanisme": {"Art. 38": "EXEC", "Art. 52": "CRIT"}}
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    send(changed("operations", mecanisme="Art. 38"))
    fix = f"exports/S1,operations,OP1,mecanisme,{expected},{right},signe,analyste,2026-01-15\n"
    (dataset / "decisions" / "corrections.csv").write_text(CORRECTIONS + fix)
    tables, quality = imported()
    assert tables["operations"]["mecanisme"].tolist() == [mechanism or "EXEC"]
    assert quality["regle"].tolist() == ([] if mechanism else ["correction_perimee"])


def test_a_correction_that_a_mapping_would_turn_round_is_a_code(dataset: Path) -> None:
    changes = mapping()
    changes["tables"]["beneficiaires"]["valeurs"] = {"niveau": {"3": "4", "4": "3"}}
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    send(changed("beneficiaires", niveau="3"))  # which is 4
    fix = "exports/S1,beneficiaires,B1,niveau,4,5,signe,analyste,2026-01-15\n"
    (dataset / "decisions" / "corrections.csv").write_text(CORRECTIONS + fix)
    tables, quality = imported()
    assert tables["beneficiaires"]["niveau"].tolist() == ["5"] and quality.empty


@pytest.mark.parametrize(
    ("table", "key", "column"),
    [("heures", "C9|2025-02|", "heures"), ("sorties", "C1|6", "statut")],
    ids=["no row of this key", "no row at all"],
)
def test_a_correction_of_a_row_that_is_not_there_says_so(dataset: Path, table: str, key: str, column: str) -> None:
    send()
    fix = f"exports/S1/2025,{table},{key},{column},5,6,signe,analyste,2026-01-15\n"
    (dataset / "decisions" / "corrections.csv").write_text(CORRECTIONS + fix)
    _, quality = imported()
    assert quality["regle"].tolist() == ["correction_sans_ligne"] and key in quality["message"].iloc[0]


@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        (changed("heures", heures="12.500"), "heures_absurdes", "heures"),
        (changed("heures", heures="-5"), "heures_negatives", "heures"),
        (changed("heures", heures="301"), "heures_absurdes", "heures"),
        (changed("heures", heures="cent"), "nombre_invalide", "heures"),
        (changed("heures", mois="2024-12"), "mois_invalide", "mois"),
        (changed("heures", mois="13/2025"), "mois_invalide", "mois"),
        (changed("heures", mois="jui. 2025"), "mois_invalide", "mois"),
        (changed("heures", mois="TOTAL"), "ligne_total", "mois"),
        (changed("heures", ctr_id="Sous-total", mois=""), "ligne_total", "ctr_id"),
        (changed("heures", ctr_id="C9"), "lien_absent", "ctr_id"),
        (changed("heures", ctr_id=""), "cle_absente", "ctr_id"),
        (changed("heures", ctr_id=" "), "cle_absente", "ctr_id"),
        (changed("heures", row=1, mois="2025-02"), "cle_double", "ctr_id"),
        (changed("heures", row=1, mois="02/2025"), "cle_double", "ctr_id"),
        (changed("heures", row=1, mois="2025-02", ctr_id="C1 "), "cle_double", "ctr_id"),
        (changed("heures", row=1, mois="2025-02", nature_heures="travail"), "cle_double", "ctr_id"),
        (changed("heures", row=1, mois="2025-02", nature_heures=" "), "cle_double", "ctr_id"),
    ],
)
def test_hours_that_cannot_count_are_refused_and_kept_whole(change: dict, rule: str, column: str) -> None:
    send(change)
    tables, quality = imported()
    assert len(tables["heures"]) == 1
    row = quality[quality["regle"] == rule].iloc[0]
    assert row["colonne"] == column
    assert row["fichier"] == "exports/S1/2025/heures.csv"
    assert row["ligne"] in (2, 3)
    assert f"ligne {row['ligne']}" in row["message"] and "attendu" in row["message"]
    assert '"ctr_id"' in row["enregistrement"]


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("heures", "sorties")])
def test_a_line_is_one_whatever_the_blanks_around_its_key(table: str) -> None:
    line = TABLES[table][0]
    key = EXPORTS[table].key[0]
    send({table: [line, {**line, key: f" {line[key]} "}, {**line, key: "  "}]})
    tables, quality = imported()
    assert len(tables[table]) == 1
    assert sorted(quality["regle"]) == ["cle_absente", "cle_double"]


def test_places_outside_the_region_do_not_repeat_one_another() -> None:
    outside = [{"op_id": "OP1", "epci_siren": code, "part": "0,25"} for code in ("200054781", "244400404")]
    send({"territoires": [{**TABLES["territoires"][0], "part": "0,5"}, *outside]})
    tables, quality = imported()
    assert tables["territoires"]["part"].tolist() == [0.5]
    assert set(quality["regle"]) == {"epci_inconnu"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (changed("beneficiaires", commune_insee="59999"), "commune_inconnue"),
        (changed("territoires", epci_siren="123456789"), "epci_inconnu"),
        ({"territoires": []}, "parts_absentes"),
        (changed("territoires", part="0"), "parts_absentes"),
        (changed("territoires", part="-1"), "part_negative"),
        (changed("operations", heures_prevues="-200"), "heures_dites_negatives"),
        (changed("operations", heures_prevues_init="-200"), "heures_dites_negatives"),
        (changed("engagements", heures_prevues="-200"), "heures_dites_negatives"),
        (changed("operations", date_fin="31/12/2024"), "dates_inversees"),
        (changed("contrats", date_fin="01/01/2025"), "dates_inversees"),
        (changed("operations", mecanisme="ART14"), "code_inconnu"),
        (changed("operations", maitre_ouvrage_siret="21590350100018"), "siret_export"),
        (changed("operations", date_debut="2025-13-01"), "date_export_invalide"),
        (changed("operations", date_fin="31/12/0225"), "date_export_invalide"),
        (changed("contrats", rsa="peut-être"), "oui_non_invalide"),
        (changed("contrats", qpv="oui"), "qpv_sans_millesime"),
        (changed("contrats", employeur_kind="ETT"), "iae_incoherent"),
        (
            changed("contrats", date_debut="01/09/2020", employeur_kind="EI", contrat_type="CDI_INCLUSION"),
            "code_anachronique",
        ),
        (changed("contrats", date_debut="01/09/2018", employeur_kind="EATT", contrat_type="CDD"), "code_anachronique"),
        (changed("heures", heures="250"), "heures_elevees"),
        (changed("operations", libelle=""), "valeur_obligatoire"),
    ],
)
def test_a_doubtful_value_is_one_row_of_the_quality_table_and_no_hour_is_lost(change: dict, rule: str) -> None:
    send(change)
    tables, quality = imported()
    assert rule in set(quality["regle"])
    assert len(tables["heures"]) == 2


def test_a_former_commune_is_followed_to_the_one_that_took_it_over() -> None:
    send(changed("beneficiaires", commune_insee="02077"))
    tables, quality = imported()
    assert quality.empty
    assert tables["beneficiaires"]["epci_siren"].notna().all()


def test_parts_that_do_not_sum_to_one_are_scaled_and_marked() -> None:
    rows = [{**TABLES["territoires"][0], "part": "0,5"}, {"op_id": "OP1", "epci_siren": EPCI_AMIENS, "part": "0,3"}]
    send({"territoires": rows})
    tables, quality = imported()
    assert tables["territoires"]["part"].sum() == pytest.approx(1, abs=1e-12)
    assert set(tables["territoires"]["part_methode"]) == {"ramenee"}
    assert quality["regle"].tolist() == ["parts_somme"] and quality["valeur"].tolist() == ["0.8"]


def test_a_correction_applies_once_and_says_when_it_is_out_of_date(dataset: Path) -> None:
    send(changed("heures", heures="-5"))
    head = "fichier,table,cle,colonne,valeur_attendue,valeur_corrigee,motif,auteur,date\n"
    fix = 'exports/S1/2025,heures,C1|2025-02|,heures,-5,"5,5",signe,analyste,2026-01-15\n'
    stale = 'exports/S1/2025,heures,C1|2025-03|,heures,"99",60,x,analyste,2026-01-15\n'
    (dataset / "decisions" / "corrections.csv").write_text(head + fix + stale)
    tables, quality = imported()
    assert tables["heures"]["heures"].tolist() == [5.5, 50.25]
    assert quality["regle"].tolist() == ["correction_perimee"]
    assert quality["ligne"].tolist() == [3]


CORRECTIONS = "fichier,table,cle,colonne,valeur_attendue,valeur_corrigee,motif,auteur,date\n"


def test_an_outdated_correction_of_a_name_does_not_tell_it(dataset: Path) -> None:
    send()
    fix = "exports/S1/2025,beneficiaires,B1,nom,Durant,Durand,faute,analyste,2026-01-15\n"
    (dataset / "decisions" / "corrections.csv").write_text(CORRECTIONS + fix)
    _, quality = imported()
    assert quality["regle"].tolist() == ["correction_perimee"] and "Durant" not in quality.to_csv()


def test_a_correction_fills_a_cell_that_is_empty(dataset: Path) -> None:
    send(changed("contrats", date_fin=""))
    fix = "exports/S1/2025,contrats,C1,date_fin,,31/03/2025,signe,analyste,2026-01-15\n"
    (dataset / "decisions" / "corrections.csv").write_text(CORRECTIONS + fix)
    tables, quality = imported()
    assert quality.empty
    assert tables["contrats"]["date_fin"].tolist() == [pd.Timestamp("2025-03-31")]


@pytest.mark.parametrize(
    ("table", "column"), [("heure", "heures"), ("heures", "heure"), ("", "heures"), ("heures", "")]
)
def test_a_correction_of_nothing_that_exists_is_a_sentence(dataset: Path, table: str, column: str) -> None:
    send()
    fix = f"exports/S1/2025,{table},C1|2025-02|,{column},5,6,signe,analyste,2026-01-15\n"
    (dataset / "decisions" / "corrections.csv").write_text(CORRECTIONS + fix)
    with pytest.raises(DataError, match=r"corrections\.csv.*ligne 2"):
        exports.build("essai")


def test_files_that_analysts_keep_may_come_from_a_french_spreadsheet(dataset: Path) -> None:
    send()
    text = "structure_id;nom;siret;mapping\r\nS1;Péronne emploi;;essai\r\n"
    (dataset / "structures.csv").write_bytes(text.encode("cp1252"))
    tables, quality = imported()
    assert quality.empty and len(tables["heures"]) == 2


def test_a_mapping_that_does_not_exist_is_named_where_it_is_asked_for(dataset: Path) -> None:
    send()
    (dataset / "structures.csv").write_text("structure_id,nom,siret,mapping\nS1,Essai,,essaie\n")
    assert refused().startswith("structures.csv, ligne 2, colonne « mapping » : « essaie » ; attendu : ")


@pytest.mark.parametrize("name", ["", "  "])
def test_a_structure_has_an_identifier(dataset: Path, name: str) -> None:
    send()
    (dataset / "structures.csv").write_text(f"structure_id,nom,siret,mapping\nS1 ,A,,essai \n{name},B,,essai\n")
    said = refused()
    assert said == "structures.csv, ligne 3, colonne « structure_id » : vide ; attendu : un identifiant de structure."


def test_blanks_around_an_identifier_or_a_mapping_are_nothing(dataset: Path) -> None:
    send()
    (dataset / "structures.csv").write_text("structure_id,nom,siret,mapping\n S1 ,A,,essai \n")
    assert imported()[1].empty


def test_a_structure_has_one_line(dataset: Path) -> None:
    send()
    (dataset / "structures.csv").write_text("structure_id,nom,siret,mapping\nS1,A,,essai\nS1,B,,essai\n")
    assert refused().startswith("structures.csv, ligne 3, colonne « structure_id » : « S1 » ; attendu : une seule")


def test_a_file_in_another_encoding_stops_with_its_line(dataset: Path) -> None:
    send(encoding="cp1252")
    sentence = refused()
    assert "exports/S1/2025/beneficiaires.csv" in sentence and "ligne 2" in sentence and "utf-8" in sentence
    assert not clean_dir("essai", "exports").exists()


def test_utf8_announced_as_cp1252_is_not_read_as_garbage(dataset: Path) -> None:
    send()
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping(encodage="cp1252")))
    assert "le fichier est en utf-8" in refused()


@pytest.mark.parametrize("change", [{"encodage": "latin2x"}, {"encodage": "ascii"}, {"archive": "export.zip"}])
def test_a_file_that_a_mapping_does_not_describe_is_told_with_it(dataset: Path, change: dict) -> None:
    with zipfile.ZipFile(send() / "export.zip", "w"):
        pass
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping(**change)))
    assert "le fichier de correspondance mappings/essai.yaml" in refused()


def test_a_list_of_structures_or_mappings_that_are_not_there_are_said_to_be(dataset: Path) -> None:
    send()
    for path in (dataset / "mappings").iterdir():
        path.unlink()
    assert "attendu : le nom d'un fichier de mappings/ (aucun pour le moment)." in refused()
    (dataset / "structures.csv").unlink()
    assert "exports/S1 : fichier inutilisable (structures.csv absent, ou sans aucune ligne) ; attendu : " in refused()


def test_a_mapping_that_is_no_block_is_told_without_a_key(dataset: Path) -> None:
    send()
    (dataset / "mappings" / "essai.yaml").write_text("essai\n")
    assert refused().startswith("essai.yaml, ligne 1 : valeur « essai » ; attendu : un bloc")


def test_a_correction_of_another_file_blames_the_file(dataset: Path) -> None:
    send()
    fix = 'exports/S1/2025/heure.csv,heures,C1|2025-02|,heures,"100,5",60,x,analyste,2026-01-15\n'
    (dataset / "decisions" / "corrections.csv").write_text(CORRECTIONS + fix)
    _, quality = imported()
    assert quality[["regle", "colonne", "valeur"]].values.tolist() == [
        ["correction_sans_ligne", "fichier", "exports/S1/2025/heure.csv"]
    ]


def test_a_file_without_headings_does_not_tell_its_first_person() -> None:
    folder = send()
    path = folder / "beneficiaires.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    sentence = refused()
    assert "beneficiaires.csv" in sentence and "aucune de celles attendues" in sentence
    assert "correspondance mappings/essai.yaml" in sentence
    assert "Durand" not in sentence and "2001" not in sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "Titre\n" + text, "(titres attendus à la ligne 2, lus à la ligne 1 : à dire par « ligne_entete"),
        (lambda text: "sep=;\n" + text, "(titres attendus à la ligne 2, lus à la ligne 1 : à dire par « ligne_entete"),
        (lambda text: "\n" + text, "(titres attendus à la ligne 2, lus à la ligne 1 : à dire par « ligne_entete"),
        (lambda text: text.replace(";", ","), "(ligne 1, tous les titres dans une cellule, séparés par « , »)"),
        (lambda text: text.replace(";", "\t"), "(ligne 1, tous les titres dans une cellule, séparés par une tab"),
        (lambda text: text.encode("utf-16").decode("latin-1"), "(le fichier est en utf-16, utf-8 annoncé)"),
    ],
)  # fmt: skip
def test_headings_that_are_elsewhere_are_said_to_be_there_and_no_person_is_told(change, said: str) -> None:
    path = send() / "beneficiaires.csv"
    path.write_bytes(change(path.read_text()).encode("latin-1" if "utf-16" in said else "utf-8"))
    sentence = refused()
    assert sentence.startswith(f"exports/S1/2025/beneficiaires.csv : fichier inutilisable {said}")
    assert ("ligne_entete" in said) <= ("« ligne_entete » dans le fichier de correspondance mappings/essai" in sentence)
    assert "\n" not in sentence and "Durand" not in sentence


def test_empty_cells_beyond_the_last_heading_are_nothing() -> None:
    path = send() / "heures.csv"
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([first, *(f"{line};;" for line in others), " ; ;"]))
    tables, quality = imported()
    assert quality.empty and tables["heures"]["heures"].sum() == 150.75
    path.write_text("\n".join([first, *(f"{line};vu" for line in others)]))
    assert "heures.csv : fichier inutilisable (ligne 2, 5 cellules pour 4 colonnes)" in refused()


def test_a_table_of_headings_alone_is_told() -> None:
    send({"heures": [], "engagements": [{**TABLES["engagements"][0], "eng_id": "EXEMPLE"}]})
    _, quality = imported()
    told = quality.query("regle == 'table_vide'")["fichier"].tolist()
    assert told == ["exports/S1/2025/engagements.csv", "exports/S1/2025/heures.csv"]
    said = "exports/S1/2025/heures.csv : vide ; attendu : au moins une ligne sous les titres"
    assert quality["message"].str.startswith(said).any()


def test_a_send_without_any_row_is_told_in_all_its_tables() -> None:
    send({name: [] for name in TABLES})
    _, quality = imported()
    assert quality["regle"].tolist() == ["table_vide"] * len(TABLES)


def test_two_columns_of_one_heading_are_not_chosen_between() -> None:
    folder = send()
    path = folder / "heures.csv"
    path.write_text(path.read_text().replace("nature_heures", "heures", 1))
    assert "(2 colonnes « heures » ; correspondance mappings/essai.yaml)" in refused()


@pytest.mark.parametrize("label", ['"Ecole Pasteur', '"Ecole" Pasteur'])
def test_a_quotation_mark_left_open_swallows_no_line(label: str) -> None:
    folder = send({"operations": [*TABLES["operations"], {**TABLES["operations"][0], "op_id": "OP2"}]})
    path = folder / "operations.csv"
    path.write_text(path.read_text().replace("Réhabilitation de l'école Pasteur", label, 1))
    assert "operations.csv" in refused() and "guillemet mal fermé" in refused()


def test_a_mapping_to_a_column_that_does_not_exist_names_those_there_are(dataset: Path) -> None:
    send()
    changes = mapping()
    changes["tables"]["heures"]["colonnes"]["heures"] = "Nb heures"
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    sentence = refused()
    assert "« Nb heures » absente" in sentence and "ctr_id, mois" in sentence
    assert " ; correspondance mappings/essai.yaml) ; attendu" in sentence


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: m["tables"].update(salaires={"fichier": "x.csv", "colonnes": {}}), "table « salaires » inconnue"),
        (lambda m: m["tables"]["heures"]["colonnes"].update(heure="x"), "colonne « heure » inconnue"),
        (lambda m: m["tables"]["heures"]["colonnes"].pop("heures"), "colonne obligatoire « heures »"),
        (lambda m: m.update(decimal=","), "clé « decimal » : clé inconnue"),
        (lambda m: m["tables"]["heures"].update(disposition="large"), "disposition"),
        (lambda m: m["tables"]["heures"].update(ligne=3), "colonnes, disposition, feuille, fichier, ligne_entete"),
        (
            lambda m: m["tables"]["operations"].update(valeurs={"mecanisme": {"art. 14": "EXECCRIT"}}),
            "essai.yaml, table « operations », valeurs de « mecanisme » : « art. 14 » traduit par « EXECCRIT », code "
            "inconnu ; attendu : EXEC, CRIT, EXEC_CRIT",
        ),
        (lambda m: m["tables"]["heures"].update(valeurs={"sexe": {"Mme": "F"}}), "colonne non lue, « sexe »"),
        (lambda m: m.update(nom="modele"), "essai.yaml, clé « nom » : « modele » ; attendu : essai, le nom du fichier"),
        (lambda m: m.update(separateur=";;"), "« separateur » : valeur « ;; » ; attendu : au plus 1"),
        (lambda m: m.update(decimale=";"), "« decimale » : valeur « ; » ; attendu : ',' ou '.'"),
        (lambda m: m.update(format_date="jj/mm/aaaa"), "un jour %d, un mois %m et une année %Y"),
        (lambda m: m["tables"]["heures"].update(disposition="large", mois={"Janv": 13}), "« tables.heures.mois.Janv »"),
        (lambda m: m["tables"]["heures"].update(disposition="large", mois={"Janv": 1, "Fév": 1}), "colonne par mois"),
        (
            lambda m: m["tables"]["heures"].update(disposition="large", mois=others(11, 12)),
            "essai.yaml, ligne 71, clé « tables.heures » : attendu : les douze mois de l'année dans « mois » ; il y "
            "manque : 11, 12 (",
        ),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_is_expected(dataset: Path, change, expected: str) -> None:
    send()
    changes = mapping()
    change(changes)
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    assert expected in refused()


def test_a_year_outside_the_editions_and_an_unknown_structure_are_both_named() -> None:
    send(year="2031")
    send(structure="S9")
    sentences = refused().splitlines()
    assert len(sentences) == 2
    assert sentences[0] == (
        "exports/S1 : fichier inutilisable (année « 2031 », éditions : 2025) ; attendu : une année qui a son édition : "
        "ajoutez celle-ci à dataset.yaml (recopiez un bloc de « editions », changez « annee » et « date_observation »)"
        ", ou sortez ces fichiers de exports/."
    )
    assert "S9" in sentences[1] and "structures.csv" in sentences[1]


def two_editions(dataset: Path, first: int = 2024) -> None:
    """The dataset with the editions `first` and 2025."""
    settings = yaml.safe_load((dataset / "dataset.yaml").read_text())
    settings["editions"].append({**settings["editions"][0], "annee": first})
    (dataset / "dataset.yaml").write_text(yaml.safe_dump(settings))


def test_the_editions_that_there_are_are_named_and_no_year_between_them(dataset: Path) -> None:
    two_editions(dataset, 2020)
    send(year="2022")
    assert "(année « 2022 », éditions : 2020, 2025)" in refused()


def test_a_file_one_folder_too_high_is_named_rather_than_forgotten(dataset: Path) -> None:
    (dataset / "exports" / "S1").mkdir(parents=True)
    (dataset / "exports" / "S1" / "heures.csv").write_bytes(b"x")
    assert refused().startswith(
        "exports/S1/heures.csv : fichier inutilisable (sa place : exports/S1/<année>/heures.csv) ; attendu"
    )


@pytest.mark.parametrize("name", ["heures_suite.csv", "Heures.csv", "totaux.pdf"])
def test_a_file_that_nobody_reads_is_named_rather_than_forgotten(name: str) -> None:
    (send() / name).write_bytes(b"ctr_id;mois;heures")
    assert refused().startswith(f"exports/S1/2025/{name} : fichier inutilisable")


def test_a_mapping_may_have_the_year_in_the_names_of_files(dataset: Path) -> None:
    folder = send()
    changes = mapping()
    for name in TABLES:
        place = changes["tables"][name]
        received = folder / place["fichier"]
        place["fichier"] = f"{received.stem}_{{annee}}.csv"
        received.rename(folder.parent / place["fichier"].replace("{annee}", "2025"))
    folder.rmdir()
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    tables, quality = imported()
    assert quality.empty
    assert set(tables["heures"]["fichier"]) == {"exports/S1/heures_2025.csv"}
    (folder.parent / "heures_2025 (1).csv").write_text("x")
    assert "exports/S1/heures_2025 (1).csv : fichier inutilisable ; attendu" in refused()
    # The year is in the name already: the folder of a year is one too many.
    folder.mkdir()
    (folder.parent / "heures_2025.csv").rename(folder / "heures_2025.csv")
    wrong = "exports/S1/2025/heures_2025.csv : fichier inutilisable (sa place : exports/S1/heures_2025.csv)"
    assert wrong in refused()


@pytest.fixture
def archive(dataset: Path) -> Path:
    """The send of S1 in one archive instead of loose files."""
    folder = send()
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping(archive="export_{annee}.zip")))
    path = folder.parent / "export_2025.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for file in sorted(folder.iterdir()):
            packed.write(file, file.name)
            file.unlink()
    return path


def test_an_archive_is_read_as_it_came(archive: Path) -> None:
    tables, quality = imported()
    assert quality.empty
    assert set(tables["heures"]["fichier"]) == {"exports/S1/export_2025.zip/heures.csv"}
    assert tables["heures"]["heures"].sum() == 150.75


def test_a_file_of_an_archive_that_nothing_reads_is_told(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as packed:
        for name in ("heures_suite.csv", "lot 2/heures.csv", "__MACOSX/._heures.csv", ".DS_Store", "vide/"):
            packed.writestr(name, "x")
    tables, quality = imported()
    assert tables["heures"]["heures"].sum() == 150.75 and set(quality["regle"]) == {"fichier_non_lu"}
    assert quality["valeur"].tolist() == ["heures_suite.csv", "lot 2/heures.csv"]
    assert set(quality["fichier"]) == {"exports/S1/export_2025.zip"}


def test_what_an_archive_lacks_is_named(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("heure.csv", "x")
        packed.writestr("operations.csv", "x")
    assert "exports/S1/export_2025.zip/" in refused() and "présents : " in refused()


def test_a_file_spoilt_inside_its_archive_is_named(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as packed:
        entry = packed.getinfo("heures.csv")
    start = entry.header_offset + 30 + len(entry.filename)
    content[start : start + 4] = b"\xff\xff\xff\xff"
    archive.write_bytes(bytes(content))
    assert "heures.csv" in refused() and "abîmé" in refused()


def test_a_broken_archive_and_one_with_a_password_are_named_as_such(archive: Path) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[:200])
    assert "exports/S1/export_2025.zip : fichier inutilisable (archive zip illisible)" in refused()
    locked = bytearray(whole)
    at = whole.rindex(b"PK\x01\x02")  # the last entry of the central directory; its flags are 8 bytes further
    locked[at + 8] |= 1
    archive.write_bytes(bytes(locked))
    assert "exports/S1/export_2025.zip" in refused() and "sans mot de passe" in refused()


def test_a_workbook_that_is_read_as_a_csv_is_told_so(dataset: Path) -> None:
    (send() / "heures.csv").write_bytes(b"PK\x03\x04...")
    assert "heures.csv : fichier inutilisable (un classeur, lu comme un CSV : « feuille » n'est pas dite)" in refused()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (OLE_CONTAINER + ENCRYPTED_BOOK, "attendu : un fichier sans mot de passe"),
        (OLE_CONTAINER, "(classeur illisible, abîmé ou protégé par un mot de passe)"),  # an old .xls may have one
        (b"<html>", "(pas un classeur, malgré son nom : à enregistrer en .xlsx)"),
    ],
)
def test_a_workbook_that_cannot_be_opened_is_one_sentence(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "x.xlsx").write_bytes(content)
    with pytest.raises(DataError) as caught:
        Workbook(tmp_path / "x.xlsx", "x.xlsx")
    assert expected in str(caught.value)


def test_a_secret_that_could_be_guessed_is_refused(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANALYSIS_SECRET", raising=False)
    send()
    (dataset / "secret.txt").write_text("abc\n")
    assert refused().startswith("secret des pseudonymes trop court ; attendu : ")


def test_an_unreadable_birth_date_is_not_said_to_be_empty() -> None:
    send(changed("beneficiaires", date_naissance="31/02/2001"))
    _, quality = imported()
    assert quality.loc[quality["regle"].eq("naissance_invalide"), "valeur"].tolist() == [MASKED]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda editions: editions.append(editions[0]),
            "« editions » : attendu : une seule édition par année ; 2025 y",
        ),
        (lambda editions: editions[0].update(departements=["62", "75"]), "communes.csv (02, 59, 60, 62, 80)"),
        (
            lambda editions: editions.append({**editions[0], "annee": 2020, "mecanismes": ["RES_IAE"]}),
            "« editions » : attendu : une base légale par champ ; les éditions 2020 et 2025 ont la même",
        ),
    ],
)
def test_an_edition_that_could_not_be_computed_is_refused(dataset: Path, change, expected: str) -> None:
    path = dataset / "dataset.yaml"
    settings = yaml.safe_load(path.read_text())
    change(settings["editions"])
    path.write_text(yaml.safe_dump(settings))
    assert expected in refused()


def test_what_is_executed_outside_the_region_keeps_its_share() -> None:
    rows = [{**TABLES["territoires"][0], "part": "0,6"}, {"op_id": "OP1", "epci_siren": "200023414", "part": "0,4"}]
    send({"territoires": rows})
    tables, quality = imported()
    assert tables["territoires"]["part"].tolist() == [0.6]
    assert quality["regle"].tolist() == ["epci_inconnu"]


def test_a_missing_file_is_named() -> None:
    (send() / "heures.csv").unlink()
    sentence = refused()
    assert sentence.startswith("exports/S1/2025/heures.csv : ") and "absent, présents : " in sentence


def test_the_files_beside_a_missing_one_are_sorted_and_counted() -> None:
    folder = send()
    for name in ("zzz.txt", "aaa.txt"):
        (folder / f".{name}").write_text("")
    (folder / "heures.csv").unlink()
    said = refused()
    names = said.split("présents : ")[1].split(" et ")[0].split(", ")
    assert names == sorted(names) and len(names) == 5 and " et 3 autres" in said


def test_an_unknown_dataset_names_those_there_are() -> None:
    with pytest.raises(DataError, match="« nulle » inconnu ; attendu : essai"):
        exports.build("nulle")


def test_without_a_secret_no_person_is_read(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send()
    monkeypatch.delenv("ANALYSIS_SECRET", raising=False)
    (dataset / "secret.txt").unlink()
    assert "secret des pseudonymes absent" in refused()


# --- workbooks ---------------------------------------------------------------------------------


@pytest.fixture
def workbook(dataset: Path) -> Path:
    folder = send()
    changes = mapping()
    changes["tables"]["heures"] = {
        "fichier": "export.xlsx", "feuille": "Suivi", "disposition": "large",
        "colonnes": {"ctr_id": "Contrat"}, "mois": {"Févr.": 2, "Mars": 3, **others(2, 3)},
    }  # fmt: skip
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    (folder / "heures.csv").unlink()  # which this mapping does not name
    return write_workbook(folder, {"Suivi": [["Contrat", "Févr.", "Mars", *others(2, 3)], ["C1", 112.5, None]]})


def test_months_in_columns_become_rows(workbook: Path) -> None:
    tables, quality = imported()
    assert quality.empty
    assert tables["heures"][["mois", "heures"]].values.tolist() == [["2025-02", 112.5]]


def test_durations_of_a_workbook_are_hours(workbook: Path) -> None:
    with xlsxwriter.Workbook(workbook) as book:
        sheet = book.add_worksheet("Suivi")
        sheet.write_row(0, 0, ["Contrat", "Févr.", "Mars", *others(2, 3)])
        sheet.write_row(1, 0, ["C1", 7 / 24], book.add_format({"num_format": "h:mm"}))
        sheet.write(1, 2, 100.5 / 24, book.add_format({"num_format": "[h]:mm"}))
    tables, quality = imported()
    assert quality.empty and tables["heures"]["heures"].tolist() == [7.0, 100.5]


def test_a_message_names_the_column_of_the_month(workbook: Path) -> None:
    write_workbook(workbook.parent, {"Suivi": [["Contrat", "Févr.", "Mars", *others(2, 3)], ["C1", "abc", -5.5]]})
    _, quality = imported()
    told = quality.query("ligne == 2 and gravite == 'erreur'")
    assert told[["colonne", "regle"]].values.tolist() == [["Févr.", "nombre_invalide"], ["Mars", "heures_negatives"]]
    assert "ligne 2, colonne « Févr. » : « abc » ; attendu : un nombre" in told["message"].iloc[0]
    refused = [json.loads(text) for text in told["enregistrement"]]
    assert [(row["mois"], row["heures"]) for row in refused] == [("2025-02", "abc"), ("2025-03", "-5,5")]


def test_a_total_with_a_column_per_month_is_told_once_and_kept_whole(
    workbook: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [["Contrat", "Févr.", "Mars", *others(2, 3)], ["C1", 112.5, 90], ["TOTAL", 112.5, 90.0]]
    write_workbook(workbook.parent, {"Suivi": rows})
    tables, quality = imported()
    assert tables["heures"]["heures"].tolist() == [112.5, 90]
    assert quality["regle"].tolist() == ["ligne_total"] and quality["ligne"].tolist() == [3]
    said = json.loads(quality["enregistrement"].iloc[0])
    assert said == {"ctr_id": "TOTAL", "mois": "2025-02 | 2025-03", "heures": "112,5 | 90", "nature_heures": None}
    assert "lignes reçues : 4, gardées : 2, refusées : 2 ; valeurs signalées : 0" in capfd.readouterr().err


def test_lines_of_titles_may_stand_above_the_headings(dataset: Path, workbook: Path) -> None:
    write_workbook(
        workbook.parent, {"Suivi": [["Suivi 2025"], [], ["Contrat", "Févr.", "Mars", *others(2, 3)], ["C1", 301, 5]]}
    )
    operations = workbook.parent / "operations.csv"
    operations.write_text("Extraction du 5 janvier\n" + operations.read_text())
    changes = yaml.safe_load((dataset / "mappings" / "essai.yaml").read_text())
    changes["tables"]["heures"]["ligne_entete"], changes["tables"]["operations"]["ligne_entete"] = 3, 2
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    tables, quality = imported()
    assert tables["heures"]["heures"].tolist() == [5] and len(tables["operations"]) == 1
    assert quality.query("regle == 'heures_absurdes'")["ligne"].tolist() == [4]


def test_headings_on_two_lines_are_said_to_be(workbook: Path) -> None:
    write_workbook(
        workbook.parent,
        {"Suivi": [["Contrats", "Heures 2025"], ["Contrat", "Févr.", "Mars", *others(2, 3)], ["C1", 5, 5]]},
    )
    assert "export.xlsx[Suivi] : fichier inutilisable (titres attendus à la ligne 2, lus à la ligne 1 : " in refused()
    write_workbook(
        workbook.parent, {"Suivi": [["Contrat", "Heures 2025"], [None, "Févr.", "Mars", *others(2, 3)], ["C1", 5, 5]]}
    )
    assert "export.xlsx[Suivi] : fichier inutilisable (titres sur deux lignes, 1 et 2, au lieu d'une)" in refused()


def test_headings_and_titles_of_sheets_are_read_as_they_are_seen(dataset: Path, workbook: Path) -> None:
    write_workbook(
        workbook.parent,
        {"Suivi  des heures ": [["N°\u00a0de\ncontrat ", 2, " ", *others(2)], ["C1", 112.5, None], [" "]]},
    )
    changes = yaml.safe_load((dataset / "mappings" / "essai.yaml").read_text())
    changes["tables"]["heures"] |= {
        "feuille": "Suivi des heures", "colonnes": {"ctr_id": "N° de contrat"}, "mois": {"2": 2, **others(2)},
    }  # fmt: skip
    (dataset / "mappings" / "essai.yaml").write_text(yaml.safe_dump(changes))
    tables, quality = imported()
    assert quality.empty and tables["heures"]["heures"].tolist() == [112.5]


def test_a_code_that_is_refused_is_told_with_its_list() -> None:
    send(changed("beneficiaires", sexe="X"))
    assert imported()[1]["message"].iloc[0].endswith("une de ces valeurs (F, M).")


@pytest.mark.parametrize(
    ("text", "rule"),
    [("CDI, CDDI", "codes_plusieurs"), ("cdi/cddi", "codes_plusieurs"), ("CDI et CDD", "codes_plusieurs"),
     ("CDI, stage", "code_inconnu")],
)  # fmt: skip
def test_several_codes_in_a_cell_that_takes_one_are_told_as_such(text: str, rule: str) -> None:
    send(changed("contrats", contrat_type=text))
    tables, quality = imported()
    assert tables["contrats"]["contrat_type"].isna().all() and quality["regle"].tolist() == [rule]
    assert f"« {text} »" in quality["message"].iloc[0] and "(CDI, CDI_INCLUSION, " in quality["message"].iloc[0]


def test_a_sheet_that_nothing_reads_is_told_once_and_refuses_nothing(workbook: Path) -> None:
    month = [["Contrat", "Févr.", "Mars", *others(2, 3)], ["C1", 112.5, None]]
    beside = {"Suivi bis": [*month, ["C2", 5, 5]], "Feuil2": [], "Titre": [["Bilan"]], "listes": [["code"], ["EXEC"]]}
    write_workbook(workbook.parent, {"Suivi": month, **beside})
    tables, quality = imported()
    assert len(tables["heures"]) == 1 and set(quality["regle"]) == {"feuille_non_lue"}
    assert quality[["fichier", "valeur"]].values.tolist() == [
        ["exports/S1/2025/export.xlsx[Suivi bis]", "lignes remplies : 3"],
        ["exports/S1/2025/export.xlsx[Titre]", "lignes remplies : 1"],
    ]
    assert quality["ligne"].isna().all() and quality["enregistrement"].eq("").all()
    said = quality["message"].iloc[0]
    assert said.startswith("exports/S1/2025/export.xlsx[Suivi bis] : « lignes remplies : 3 » ; attendu : une feuille ")


def test_a_chart_is_no_sheet_that_should_be_read(workbook: Path) -> None:
    with xlsxwriter.Workbook(workbook) as book:
        for number, row in enumerate([["Contrat", "Févr.", "Mars", *others(2, 3)], ["C1", 112.5, None]]):
            (book.get_worksheet_by_name("Suivi") or book.add_worksheet("Suivi")).write_row(number, 0, row)
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=Suivi!$B$2:$B$2"})
        book.add_chartsheet("Graphique").set_chart(chart)
    assert imported()[1].empty


def test_a_missing_sheet_names_those_there_are(workbook: Path) -> None:
    write_workbook(workbook.parent, {"Autre": [["Contrat"]]})
    assert "feuille « Suivi » absente, présentes : Autre" in refused()


def test_a_workbook_with_a_password_is_named_as_such(workbook: Path) -> None:
    plain = workbook.with_name("plain.xlsx")
    workbook.rename(plain)
    with plain.open("rb") as source, workbook.open("wb") as locked:
        msoffcrypto.OfficeFile(source).encrypt("mot de passe", locked)
    assert "exports/S1/2025/export.xlsx" in refused() and "sans mot de passe" in refused()


def test_a_broken_workbook_is_unreadable_not_a_crash(workbook: Path) -> None:
    workbook.write_bytes(workbook.read_bytes()[:200])
    assert "exports/S1/2025/export.xlsx : fichier inutilisable" in refused()


def test_what_looks_personal_is_masked_in_whatever_column_it_stands() -> None:
    spoilt = changed("heures", heures="0612345678") | changed("contrats", metier_rome="F1704", eng_id="zoe@example.org")
    send(spoilt)
    _, rows = imported()
    written = " ".join(rows["valeur"]) + " ".join(rows["message"]) + " ".join(rows["enregistrement"])
    assert "zoe@" not in written and "0612345678" not in written
    link = rows[rows["regle"].eq("lien_absent") & rows["colonne"].eq("eng_id")].iloc[0]
    assert link["valeur"] == "valeur masquée"
    assert '"metier_rome":"F1704"' in link["enregistrement"], "the rest of a refused row is kept"


@pytest.mark.parametrize(
    ("table", "changes", "rule"),
    [
        ("contrats", {"qpv": "oui", "qpv_code": "QN05901M", "qpv_millesime": "2024"}, None),
        ("contrats", {"qpv": "oui", "qpv_code": "QP059001", "qpv_millesime": "2015"}, None),
        ("contrats", {"qpv": "oui", "qpv_code": "QN75001A", "qpv_millesime": "2024"}, None),
        ("contrats", {"qpv": "oui", "qpv_code": "QN05999Z", "qpv_millesime": "2024"}, "qpv_inconnu"),
        ("contrats", {"qpv": "oui", "qpv_code": "QP059001", "qpv_millesime": "2024"}, "qpv_inconnu"),
        ("contrats", {"qpv": "oui", "qpv_code": "Les Moulins", "qpv_millesime": "2015"}, "qpv_inconnu"),
        ("contrats", {"qpv": "oui", "qpv_millesime": "2019"}, "code_inconnu"),
        ("beneficiaires", {"niveau": "9"}, "code_inconnu"),
        ("beneficiaires", {"niveau": "3"}, None),
    ],
)
def test_districts_levels_and_vintages_are_those_of_their_lists(
    table: str, changes: dict[str, str], rule: str | None
) -> None:
    send(changed(table, **changes))
    found = set(imported()[1]["regle"]) - {"qpv_sans_millesime"}
    assert found == ({rule} if rule else set())


def test_a_horizon_that_no_survey_has_is_refused() -> None:
    send({"sorties": [{"ctr_id": "C1", "horizon_m": "9", "statut": "CDI"}, {"ctr_id": "C1", "horizon_m": "6"}]})
    tables, quality = imported()
    for found in ("code_inconnu", "cle_absente"):
        row = quality[quality["regle"].eq(found)].iloc[0]
        assert (row["colonne"], row["valeur"]) == ("horizon_m", "9")
    assert tables["sorties"]["horizon_m"].dropna().tolist() == [6.0]


def outcome(contract: str, **values: str) -> dict[str, list[dict[str, str]]]:
    return {"sorties": [{"ctr_id": contract, "horizon_m": "6", "statut": "CDI", **values}]}


@pytest.mark.parametrize(
    ("contract", "dates", "rule"),
    [
        ("C0", {"date_sortie": "30/11/2024"}, "sortie_ancienne"),
        ("C0", {"date_enquete": "30/06/2025"}, "sortie_ancienne"),  # six months after the exit at the soonest
        ("C0", {}, "sortie_ancienne"),  # in the first send: nothing says that it is no older one
        ("C0", {"date_enquete": "01/07/2025"}, "sortie_ancienne"),
        ("C0", {"date_sortie": "02/01/2025"}, "sortie_sans_contrat"),
        ("CX", {"date_sortie": "30/11/2024"}, "sortie_sans_contrat"),  # sent, and refused
        ("C1", {"date_sortie": "31/03/2025"}, None),
    ],
)
def test_an_outcome_of_a_contract_older_than_the_first_send_is_no_error(
    dataset: Path, contract: str, dates: dict[str, str], rule: str | None
) -> None:
    two_editions(dataset, 2023)
    refused_too = {**TABLES["contrats"][0], "ctr_id": "CX", "eng_id": "E9"}
    send({"contrats": [*TABLES["contrats"], refused_too], **outcome(contract, **dates)})
    send({"heures": []}, structure="S2", year="2023")  # another structure's first send is older
    tables, quality = imported()
    told = quality[quality["fichier"].str.contains("sorties")]
    assert told["regle"].tolist() == ([rule] if rule else [])
    assert told["gravite"].isin(["avertissement"]).tolist() == ([rule == "sortie_ancienne"] if rule else [])
    assert told["enregistrement"].str.contains(contract).tolist() == ([True] if rule else [])
    assert tables["sorties"]["ctr_id"].tolist() == ([] if rule else ["S1:C1"])


def test_an_outcome_sent_later_is_of_a_contract_of_any_year_and_its_own_when_nothing_dates_it(dataset: Path) -> None:
    two_editions(dataset)
    send({"heures": []}, year="2024")
    lost = outcome("C8")["sorties"] + outcome("C9", date_sortie="01/06/2023")["sorties"]
    send({"contrats": [], "heures": [], "sorties": [*outcome("C1")["sorties"], *lost]}, year="2025")
    tables, quality = imported()
    assert tables["sorties"][["annee", "ctr_id"]].values.tolist() == [[2025, "S1:C1"]]
    told = quality[quality["fichier"].str.contains("sorties")].set_index("valeur")
    assert told["regle"].to_dict() == {"S1:C8": "sortie_sans_contrat", "S1:C9": "sortie_ancienne"}
    assert "du même envoi" not in told["message"].str.cat() and told["message"].str.contains("une autre").all()


OWN = {"operations": "op_id", "engagements": "eng_id", "beneficiaires": "ben_ref", "contrats": "ctr_id"}


@pytest.mark.parametrize("table", OWN)
def test_no_value_is_bad_enough_to_stop_the_import(table: str) -> None:
    columns = [column.name for column in EXPORTS[table].columns]
    base = TABLES[table][0]
    more = [{**base, OWN[table]: f"X{n}", column: "n'importe quoi"} for n, column in enumerate(columns)]
    send({table: [base, *more]})
    tables, quality = imported()
    assert tables["heures"]["heures"].sum() == 150.75
    assert len(quality)


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column.name) for table in EXPORTS if table not in {*OWN, TOTALS} for column in EXPORTS[table].columns],
)
def test_a_bad_value_of_a_key_refuses_its_row_only(table: str, column: str) -> None:
    more = {
        "sorties": [{"ctr_id": "C1", "horizon_m": "6", "statut": "CDI"}],
        "accompagnements": [{"op_id": "OP1", "partenaire_id": "S2", "part": "0,5"}],
    }
    rows = {**TABLES, **more}[table]
    send({table: [{**rows[0], column: "n'importe quoi"}, *rows[1:]]})
    tables, quality = imported()
    assert len(quality) or len(tables[table]) == len(rows)
    assert len(tables[table]) >= len(rows) - 1
