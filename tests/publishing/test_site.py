from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from analysis.cli import main
from analysis.core import reference
from analysis.core.dataset import load_dataset
from analysis.core.errors import DataError
from analysis.core.files import write_table, write_text
from analysis.core.paths import protected_dir, reports_dir
from analysis.publishing import scripts
from analysis.publishing.content import Card, Strip
from analysis.site import home

PAGE = '<a href="../index.html">accueil</a> <a href="../tables/consolidation_indicateurs.csv">CSV</a>'


@pytest.fixture
def built(project: Path) -> BeautifulSoup:
    for name in ("2015-32", "2016-62", "2016-32"):
        write_text(PAGE, reports_dir("jouet") / f"consolidation/{name}.html")
    home.build("jouet")
    return BeautifulSoup((reports_dir("jouet") / "index.html").read_text("utf-8"), "html.parser")


def test_every_protected_table_is_published_unrounded(built: BeautifulSoup) -> None:
    text = (reports_dir("jouet") / "tables/consolidation_indicateurs.csv").read_bytes()
    assert text.startswith(b"public,heures,part,secret\nAllocataires du RSA,299727.0,0.230107,\n")
    assert built.select_one('main a[href="donnees.html"]')


def test_the_front_page_leads_to_every_page_the_latest_first(built: BeautifulSoup) -> None:
    links = {a["href"]: a.get_text() for a in built.select(".pages a")}
    assert [head.get_text() for head in built.select("h3")] == ["Édition 2016", "Édition 2015"]
    assert list(links) == [
        "consolidation/2016-32.html",
        "consolidation/2016-62.html",
        "consolidation/2015-32.html",
    ]
    assert (
        links["consolidation/2016-62.html"]
        == "Pas-de-Calais, édition 2016\xa0: Consolidation annuelle de la clause sociale"
    )
    assert links["consolidation/2015-32.html"].startswith("Nord-Pas-de-Calais, édition 2015")
    assert "Données synthétiques." in built.get_text()
    assert "segments" not in built.get_text().lower()  # no page of it was made


def test_only_a_deliverable_whose_headline_figures_are_empty_received_nothing(project: Path) -> None:
    write_text(PAGE, reports_dir("jouet") / "consolidation/2016-32.html")
    write_text(PAGE, reports_dir("jouet") / "quality/2016-32.html")
    home.build("jouet")
    index = reports_dir("jouet") / "index.html"
    assert "Rien n'a été reçu" not in index.read_text("utf-8")  # no page of quality has headline figures
    path = protected_dir("jouet") / "consolidation/headlines.parquet"
    write_table(pd.read_parquet(path).iloc[:0], path)
    home.build("jouet")
    assert index.read_text("utf-8").count("Rien n'a été reçu") == 1


def test_figures_without_a_response_rate_are_refused_as_their_own_page_does(project: Path) -> None:
    write_text(PAGE, reports_dir("jouet") / "consolidation/2016-32.html")
    editions = protected_dir("jouet") / "consolidation/editions.parquet"
    for known in (3, 0):
        write_table(pd.DataFrame({"edition": [2015, 2016], "structures_connues": [3, known]}), editions)
        home.build("jouet")
        text = (reports_dir("jouet") / "index.html").read_text("utf-8")
        assert ("1 302 553" in text.replace("\u202f", " ").replace("\xa0", " ")) == bool(known)
        assert ("Le taux de réponse de cette édition n'est pas connu" in text.replace("\xa0", " ")) != bool(known)
        assert "Rien n'a été reçu" not in text
        # Neither the sentence nor the map of the home page has a page to tell.
        assert (home._of_the_year(load_dataset("jouet")) is None) != bool(known)
    assert home.summary("jouet").splitlines() == ["reports/jouet/index.html"]


def test_what_all_headline_figures_have_in_common_is_said_once() -> None:
    here, there = Card("Heures", 1.0, note="Nord, 2025"), Card("Personnes", 2.0, note="Oise, 2025")
    scope, strip = home.told_once([here, here])
    assert scope == "Nord, 2025" and [card.note for card in strip.cards] == ["", ""]
    assert home.told_once([here, there]) == ("", Strip([here, there]))


def test_the_summary_gives_the_first_headline_of_each_deliverable(built: BeautifulSoup) -> None:
    path = protected_dir("jouet") / "consolidation/headlines.parquet"
    write_table(pd.read_parquet(path).iloc[::-1], path)
    assert home.summary("jouet").splitlines() == [
        "reports/jouet/index.html",
        "  Heures d'insertion réalisées : 1\u202f302\u202f553 h (Hauts-de-France)",
    ]


def test_there_is_no_home_page_before_all_is_checked(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed, or a machine that stops, tidies nothing up."""
    page, seen = reports_dir("jouet") / "index.html", []
    monkeypatch.setattr(
        home.scan, "check_site", lambda folder, *_: seen.append((page.exists(), (folder / "index.html").exists()))
    )
    write_text(PAGE, reports_dir("jouet") / "consolidation/2016-32.html")
    home.build("jouet")
    assert seen == [(False, True)] and page.is_file()


def test_the_pages_of_the_site_are_typeset_and_say_which_communes(built: BeautifulSoup) -> None:
    text = (reports_dir("jouet") / "annuaire.html").read_text("utf-8")
    assert "<h1>Qui appeler pour une clause sociale\N{NO-BREAK SPACE}?</h1>" in text
    assert "code officiel géographique 2026." in text


def test_the_list_of_communes_is_of_the_intercommunalites_of_the_dataset() -> None:
    """The search of a dataset of the Somme led from Lille to nothing."""
    listed = json.loads(scripts.towns(["80"]))
    assert {siren for *_, siren in listed} == set(reference.epci_of(["80"]))
    assert "Amiens" in {name for name, *_ in listed} and "Lille" not in {name for name, *_ in listed}


def test_a_guide_without_pages_says_so_and_is_led_to_from_nowhere(project: Path, built: BeautifulSoup) -> None:
    for name in ("guide.html", "guide-complet.html"):  # DVC asks for both
        assert "n'a encore rien à dire" in (project / "reports/jouet" / name).read_text("utf-8").replace("’", "'")
        assert not built.select(f'a[href="{name}"]')


def test_a_dead_link_is_an_error(project: Path) -> None:
    write_text(PAGE.replace("indicateurs", "indicateur"), reports_dir("jouet") / "consolidation/2016-32.html")
    with pytest.raises(DataError, match=r"2016-32\.html : lien vers « \.\./tables/consolidation_indicateur\.csv »"):
        home.build("jouet")


@pytest.mark.parametrize(
    ("href", "said"),
    [
        ("../methode.html#heures_realisee", r"lien vers « \.\./methode\.html », ancre « heures_realisee » absente"),
        ("#partout", r"lien vers «  », ancre « partout » absente"),
        ("../tables/consolidation_indicateurs.csv#l2", "ancre « l2 » absente"),
    ],
)
def test_a_link_to_a_place_that_its_page_has_not_is_an_error(project: Path, href: str, said: str) -> None:
    write_text(
        f'{PAGE}<p id="ici"><a href="#ici"></a><a href="{href}"></a>', reports_dir("jouet") / "quality/2016-32.html"
    )
    with pytest.raises(DataError, match=rf"quality/2016-32\.html : {said}|{said}"):
        home.build("jouet")


def test_headline_figures_of_the_home_page_lead_to_their_definition(built: BeautifulSoup) -> None:
    found = {a["href"] for a in built.select(".card a")}
    assert found == {"methode.html#heures_realisees", "methode.html#personnes"}
    page = BeautifulSoup((reports_dir("jouet") / "methode.html").read_text("utf-8"), "html.parser")
    assert all(page.find(id=href.partition("#")[2]) for href in found)


def test_summary_before_the_site_says_what_to_run(project: Path) -> None:
    result = CliRunner().invoke(main, ["summary", "jouet"])
    assert result.exit_code == 2
    assert "dvc repro" in result.output
