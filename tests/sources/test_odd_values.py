"""Values that no form foresees: other scripts' digits, numbers without end, days beyond all bounds, odd YAML."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from test_dirty_files import typed

from analysis.core.errors import DataError
from analysis.core.numbers import typed_number
from analysis.core.params import load_settings
from analysis.sources.mapping import Mapping
from analysis.sources.publications import _digits
from analysis.sources.spreadsheet import csv_sheet
from analysis.sources.typer import Typer, valid_siret


@pytest.mark.parametrize(
    ("table", "column", "text", "rule"),
    [
        ("heures", "heures", "１２", "nombre_invalide"),
        ("heures", "heures", "٣:15", "nombre_invalide"),
        ("heures", "heures", "9" * 400, "nombre_invalide"),
        ("heures", "heures", "9" * 5000 + ":30", "nombre_invalide"),
        ("operations", "maitre_ouvrage_siret", "２１５９０３５０１０００１７", "siret_export"),
        ("contrats", "date_fin", "2025-02-01T10:00+24:00", "date_export_invalide"),
        ("contrats", "date_fin", "2262-04-11T23:59:59Z", "date_export_invalide"),
        ("contrats", "date_fin", "1677-09-22T00:00:00Z", "date_export_invalide"),
    ],
)
def test_a_value_of_no_form_is_refused(project: Path, table: str, column: str, text: str, rule: str) -> None:
    typer = Typer("exports")
    value = typed(table, column, text, typer)
    assert value == "" or pd.isna(value)
    assert pd.concat(typer.breaches)["regle"].tolist() == [rule]


def test_digits_of_other_scripts_make_no_siret_and_no_number() -> None:
    assert not valid_siret(pd.Series(["２１５９０３５０１０００１７", "٣" * 14])).any()
    assert typed_number("１２") is None
    assert typed_number("9" * 400) is None
    assert str(typed_number("123456789012345,25")) == "123456789012345.25"


def test_decimals_without_end_are_a_sentence() -> None:
    for text in ("9" * 5000, "٣"):
        with pytest.raises(DataError, match="ligne 2, colonne « decimales »"):
            _digits(2, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nom: a\ntables: &x {a: *x}\n", "m.yaml : un bloc qui se contient lui-même ; attendu : un bloc sans"),
        ("nom: a\ntables: {a: !!bool x}\n", "m.yaml, ligne 2, clé « tables.a » : « x », illisible ; attendu : une"),
        ("nom: !!timestamp x\n", "m.yaml, ligne 1, clé « nom » : « x », illisible"),
        ("nom: a\nmois:\n  debut: 2025-02-30\n", "m.yaml, ligne 3, clé « mois.debut » : « 2025-02-30 », une date qui"),
        ("- 2025-02-30\n", "m.yaml, ligne 1, clé «  » : « 2025-02-30 », une date qui n'existe pas"),
    ],
)
def test_yaml_that_makes_no_value_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load_settings(path, Mapping)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("encoding", ["undefined", "zip", "latin-99"])
def test_an_encoding_that_is_none_is_a_sentence(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("é;b\n1;2\n")
    with pytest.raises(DataError, match=f"encodage « {encoding} » inconnu"):
        csv_sheet(path, "a.csv", encoding=encoding, separator=";")


@pytest.mark.parametrize("label", ["1", "Oui", "2025-01-01"])
def test_a_label_that_yaml_takes_for_something_else_is_to_be_quoted(tmp_path: Path, label: str) -> None:
    path = tmp_path / "m.yaml"
    label = "yes" if label == "Oui" else label
    path.write_text(
        f"nom: m\ntables:\n  a:\n    fichier: a.csv\n    colonnes: {{}}\n    valeurs: {{b: {{{label}: C}}}}\n"
    )
    with pytest.raises(DataError, match=r"m\.yaml, ligne 6, clé « tables\.a\.valeurs\.b » : libellé .* guillemets\."):
        load_settings(path, Mapping)


@pytest.mark.parametrize("text", ["1: a\n", "nom: m\n2: a\n"])
def test_a_key_that_is_no_text_is_told_in_french(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load_settings(path, Mapping)
    assert "Keys should" not in str(caught.value)
