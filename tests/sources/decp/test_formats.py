"""Every format and shape into the same contracts: JSON of 2019 and 2022, CSV, Parquet, alone or mixed."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from decp_records import LAMBERSART, contract, ingest, write_2019, write_2022

HOLDER = {"typeIdentifiant": "SIRET", "id": "73282932000074", "denominationSociale": "ENTREPRISE"}
HEADER = "uid,id,acheteur_id,montant,dateNotification,objet,titulaire_id,titulaire_nom"


def write_csv(path, *rows, header=HEADER, encoding="utf-8"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return path


def row(identifier, montant=100, date="2024-05-02", *, objet="Peinture", holder="73282932000074", more=""):
    return f"x,{identifier},{LAMBERSART},{montant},{date},{objet},{holder},NOM{more}"


@pytest.mark.parametrize(
    "titulaires",
    [
        [HOLDER],
        [{"titulaire": HOLDER}],
        {"titulaire": HOLDER},
        {"titulaire": [HOLDER]},
        HOLDER,
    ],
)
def test_shapes_of_holders(tmp_path, titulaires):
    result = ingest(tmp_path, write_2022(tmp_path / "a.json", contract(titulaires=titulaires)))
    assert result.titulaires["titulaire_id"].tolist() == [HOLDER["id"]]
    assert result.row["n_titulaires"] == 1


def test_shapes_that_break_no_other_record(tmp_path):
    odd = [
        contract(id="1", titulaires="NC", modifications="NC", techniques=3, lieuExecution="Lille", montant=[]),
        contract(id="2", titulaires=None, modifications=None, techniques=["Accord-cadre", "Catalogue"]),
        contract(id="3", techniques={"technique": ["Accord-cadre"]}, dureeMois={"a": 1}),
        "a text",
        None,
        contract(id="4"),
    ]
    result = ingest(tmp_path, write_2022(tmp_path / "a.json", *odd))
    assert result.marches["id"].tolist() == ["1", "2", "3", "4"]
    assert result.marches["source_ligne"].tolist() == [1, 2, 3, 6]
    assert result.marches.set_index("id").loc[["2", "3"], "techniques"].tolist() == [
        "Accord-cadre, Catalogue",
        "Accord-cadre",
    ]
    assert sorted(result.breaches("decp_enregistrement")["ligne"]) == [4, 5]


def test_arrays_in_any_order_records_alone_and_byte_order_mark(tmp_path):
    one, two = contract(_type=None, id="1"), contract(_type=None, id="2")
    concession = {"id": "C1", "autoriteConcedante": {"id": LAMBERSART}, "nature": "Concession de service"}
    text = json.dumps({"version": 2, "marches": {"contrat-concession": [concession], "marche": two}, "fin": "ici"})
    swapped = tmp_path / "b.json"
    swapped.write_text(text, encoding="utf-8-sig")
    result = ingest(tmp_path, write_2022(tmp_path / "a.json", one, concessions=(concession,)), swapped)
    assert result.marches[["id", "source_fichier", "source_ligne"]].to_numpy().tolist() == [
        ["1", "a.json", 1],
        ["2", "b.json", 2],
    ]
    aside = result.breaches("decp_concession")
    assert aside[["fichier", "ligne"]].to_numpy().tolist() == [["a.json", 2], ["b.json", 1]]
    assert [json.loads(text) for text in aside["enregistrement"]] == [concession, concession]


def test_empty_arrays(tmp_path):
    result = ingest(tmp_path, write_2019(tmp_path / "a.json"), write_2022(tmp_path / "b.json"))
    assert len(result.marches) == len(result.quality) == 0


def test_concession_of_2019_is_set_aside_whole(tmp_path):
    concession = contract(_type="Contrat de concession", id="C", extra={"tarifs": [1, 2]})
    result = ingest(tmp_path, write_2019(tmp_path / "a.json", contract(), concession))
    assert len(result.marches) == 1
    assert json.loads(result.breaches("decp_concession")["enregistrement"].iloc[0]) == concession


@pytest.mark.parametrize("broken", [{"id": None}, {"id": " "}, {"acheteur": None}, {"acheteur": {"id": ""}}])
def test_record_without_its_key_is_refused_whole(tmp_path, broken):
    record = contract(**broken)
    result = ingest(tmp_path, write_2019(tmp_path / "a.json", record))
    assert result.marches.empty
    refused = result.breaches("decp_enregistrement").iloc[0]
    assert json.loads(refused["enregistrement"]) == record
    assert refused["gravite"] == "erreur"


def test_formats_mixed_in_one_call(tmp_path):
    files = [
        write_2019(tmp_path / "a.json", contract(id="1")),
        write_2022(tmp_path / "b.txt", contract(_type=None, id="2")),
        write_csv(tmp_path / "c.json", row("3")),
    ]
    frame = pd.DataFrame([{"id": "4", "acheteur_id": LAMBERSART, "montant": 5.0, "dateNotification": "2024-05-02"}])
    frame.to_parquet(tmp_path / "d.csv")
    result = ingest(tmp_path, *files, tmp_path / "d.csv")
    assert result.marches[["id", "format"]].to_numpy().tolist() == [
        ["1", "2019"],
        ["2", "2022"],
        ["3", "tabulaire"],
        ["4", "tabulaire"],
    ]


def test_two_files_of_the_same_name_are_told_apart(tmp_path):
    for folder in ("nord", "sud"):
        (tmp_path / folder).mkdir()
        write_2019(tmp_path / folder / "a.json", contract(id=folder))
    result = ingest(tmp_path, tmp_path / "nord" / "a.json", tmp_path / "sud" / "a.json", tmp_path / "sud" / "a.json")
    assert result.marches["source_fichier"].tolist() == ["nord/a.json", "sud/a.json"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_with_any_separator_and_lines_inside_values(tmp_path, separator):
    lines = [row("1", objet='"deux\nlignes"'), row("2", montant='"1234.5"'), row("3")]
    text = "\n".join([HEADER, *lines]).replace(",", separator)
    (tmp_path / "a [1].csv").write_text(text, encoding="utf-8-sig")
    result = ingest(tmp_path, tmp_path / "a [1].csv")
    assert result.marches["source_ligne"].tolist() == [2, 4, 5]
    assert result.marches["montant"].tolist() == [100.0, 1234.5, 100.0]
    assert result.marches["objet"].iloc[0] == "deux\nlignes"


def test_csv_line_with_too_few_or_too_many_cells_is_refused_alone(tmp_path):
    lines = [row("1", objet='"a\nb"'), "x,2", row("3"), row("4", more=",9,9"), row("5")]
    result = ingest(tmp_path, write_csv(tmp_path / "a.csv", *lines))
    assert result.marches[["id", "source_ligne"]].to_numpy().tolist() == [["1", 2], ["3", 5], ["5", 7]]
    refused = result.breaches("decp_enregistrement")
    assert refused["ligne"].tolist() == [4, 6]
    assert json.loads(refused["enregistrement"].iloc[0]) == "x,2"


def test_a_column_that_the_file_has_not_is_not_a_breach_and_an_empty_cell_is(tmp_path):
    with_cpv = write_csv(tmp_path / "a.csv", f"{row('1', 50_000)},", header=HEADER + ",codeCPV")
    result = ingest(tmp_path, write_csv(tmp_path / "b.csv", row("2", 50_000)), with_cpv)
    assert result.quality[["fichier", "regle"]].to_numpy().tolist() == [["a.csv", "cpv_invalide"]]


def test_tabular_rows_are_grouped_into_contracts_with_their_holders(tmp_path):
    lines = [row("1", holder="73282932000074"), row("1", holder="35600000000048"), row("2")]
    result = ingest(tmp_path, write_csv(tmp_path / "a.csv", *lines))
    assert result.marches["n_titulaires"].tolist() == [2, 1]
    assert result.titulaires["titulaire_id"].tolist() == ["73282932000074", "35600000000048", "73282932000074"]


def test_tabular_modifications_are_applied(tmp_path):
    header = HEADER + ",modification_id,donneesActuelles"
    lines = [
        row("1", 100, "2024-01-01", more=",0,false"),
        row("1", 300, "2024-03-01", holder="35600000000048", more=",2,true"),
        row("1", 200, "2024-02-01", more=",1,false"),
    ]
    result = ingest(tmp_path, write_csv(tmp_path / "a.csv", *lines, header=header))
    assert result.row[["montant", "montant_initial", "n_modifications"]].tolist() == [300, 100, 2]
    assert str(result.row["dateNotification"]) == "2024-01-01"
    assert result.titulaires["titulaire_id"].tolist() == ["35600000000048"]
    assert result.modifications[["ordre", "numero_recu", "montant"]].to_numpy().tolist() == [
        [1, "1", 200.0],
        [2, "2", 300.0],
    ]


def test_tabular_without_numbers_puts_superseded_rows_first(tmp_path):
    lines = [row("1", 200, "2024-02-01", more=",True"), row("1", 100, "2024-01-01", more=",False")]
    result = ingest(tmp_path, write_csv(tmp_path / "a.csv", *lines, header=HEADER + ",donneesActuelles"))
    assert result.row[["montant", "montant_initial"]].tolist() == [200, 100]


def test_tabular_without_place_takes_the_department_of_the_buyer(tmp_path):
    header = HEADER + ",acheteur_departement_code"
    lines = [
        row("1", more=",59").replace(LAMBERSART, "22590001800018"),
        row("2", more=",74").replace(LAMBERSART, "22740001700074"),
        row("3", more=",59"),
    ]
    marches = ingest(tmp_path, write_csv(tmp_path / "a.csv", *lines, header=header)).marches.set_index("id")
    assert marches["departement"].to_dict() == {"1": "59", "2": "74", "3": "59"}
    assert marches["epci_methode"].to_dict() == {"1": "departement", "2": "hors_region", "3": "commune_acheteur"}


def test_a_line_is_a_whole_number_where_formats_are_mixed(tmp_path):
    bad = write_2019(tmp_path / "a.json", contract(id="1", montant=-1))
    result = ingest(tmp_path, bad, write_csv(tmp_path / "b.csv", row("2", montant=-1)))
    assert result.quality["ligne"].dtype == "int64"
    assert sorted(result.quality["message"].str.extract(r"^(\S+, ligne [\d.]+),", expand=False)) == [
        "a.json, ligne 1",
        "b.csv, ligne 2",
    ]
