from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from analysis.core.errors import DataError
from analysis.publishing.page import Page


def test_a_page_knows_its_scope_and_prints_its_parameters(project: Path) -> None:
    page = Page("consolidation", "jouet", 2016, "32")
    assert page.scope == (
        "Hauts-de-France, édition 2016 ; articles 38 et 38+52 de l'ordonnance de 2015 ; "
        "données observées au 31 janvier 2017."
    )
    header = page.header()
    facts = ("Consolidation annuelle", "2016", "Hauts-de-France (32)", "1\u202f607, 1\u202f820", "31 janvier 2017")
    for printed in facts:
        assert printed in repr(header)
        assert printed in header._repr_html_().replace("\N{NO-BREAK SPACE}", " ")
    assert "Données synthétiques." in repr(header)
    notice = " ".join(header._repr_html_().replace("\N{NO-BREAK SPACE}", " ").split())
    assert "personnes et heures sont fabriqués par un programme" in notice
    assert "Sont réels : territoires, habitants" in notice and "Toutes les données" not in notice


def test_no_notice_where_the_data_are_real(project: Path) -> None:
    path = project / "data/raw/jouet/dataset.yaml"
    path.write_text(path.read_text("utf-8").replace("synthetique: true", "synthetique: false"), "utf-8")
    header = Page("consolidation", "jouet", 2016, "32").header()
    assert "synthétiques" not in header._repr_html_() + repr(header)


def test_the_perimeter_is_the_edition_s(project: Path) -> None:
    assert Page("consolidation", "jouet", 2015, "32").territory_name == "Nord-Pas-de-Calais"
    assert Page("consolidation", "jouet", 2016, "80").territory_name == "Somme"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("consolidation", "jouets", 2016, "32"), "« jouets » inconnu ; attendu : jouet"),
        (("consolidation", "jouet", 2014, "32"), "édition 2014 inconnue ; attendu : 2015, 2016"),
        (("consolidation", "jouet", 2016, "75"), "« 75 » inconnu.* attendu : 32, 02, 59, 60, 62, 80"),
        (("consolidation", "jouet", 2015, "80"), "« 80 » inconnu.* attendu : 32, 59, 62"),
        (("bilan", "jouet", 2016, "32"), "livrable « bilan » inconnu"),
    ],
)
def test_unknown_parameters_are_refused(project: Path, arguments: tuple, said: str) -> None:
    with pytest.raises(DataError, match=said):
        Page(*arguments)


def test_only_protected_tables_of_the_deliverable_are_read(project: Path) -> None:
    page = Page("consolidation", "jouet", 2016, "32")
    assert len(page.read("indicateurs")) == 5
    assert page.csv("indicateurs") == "consolidation_indicateurs"
    with pytest.raises(DataError, match=r"« heures » absente.*attendu : headlines, indicateurs"):
        page.read("heures")


def test_a_dataset_that_was_not_run_yet_says_to_run_it(project: Path) -> None:
    with pytest.raises(DataError, match=r"« heures » absente.*lancez d'abord « dvc repro »\.$"):
        Page("segments", "jouet", 2016, "32").read("heures")


def test_a_page_knows_its_department_and_the_code_its_edition_has_in_the_tables(project: Path) -> None:
    old = Page("consolidation", "jouet", 2015, "32")
    assert (old.regional, old.department, old.place, old.latest) == (True, None, "31", 2016)
    somme = Page("consolidation", "jouet", 2016, "80")
    assert (somme.regional, somme.department, somme.place) == (False, "80", "80")


def test_an_intercommunalite_over_two_departments_is_told_on_the_pages_of_both(project: Path) -> None:
    flandre = "CC Flandre Lys (Nord, en partie Pas-de-Calais)"
    for code in ("32", "59", "62"):
        page = Page("consolidation", "jouet", 2016, code)
        assert flandre in page.across
        assert page.across in page.facts.values()
    assert Page("consolidation", "jouet", 2016, "60").across == ""
    assert Page("territory", "jouet", 2016, "245900758").across == (
        f"Comptée une fois, dans le département de la plupart de ses habitants : {flandre}."
    )
    assert Page("territory", "jouet", 2016, "200093201").across == "", "others of its department are not its matter"


@pytest.mark.parametrize("key", ["diviseurs_etp", "mecanismes", "departements", "base_legale"])
def test_an_edition_without_scope_or_divisor_computes_nothing(project: Path, key: str) -> None:
    path = project / "data/raw/jouet/dataset.yaml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    settings["editions"][0][key] = "" if key == "base_legale" else []
    path.write_text(yaml.safe_dump(settings), "utf-8")
    with pytest.raises(DataError, match=rf"dataset.yaml, ligne \d+, clé « editions \(n° 1\).{key} »"):
        Page("consolidation", "jouet", 2016, "32")
