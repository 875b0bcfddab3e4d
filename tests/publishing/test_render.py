from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from analysis.core.errors import DataError
from analysis.publishing import render as rendering
from analysis.publishing.content import Elsewhere
from analysis.publishing.page import pages_of
from analysis.publishing.render import (
    PageError,
    add_anchors,
    check_parameters,
    gather_elsewhere,
    hold_figures,
    refuse_outputs,
    render,
)
from analysis.publishing.templating import breakable, no_break
from toy import notebook, save, toy_project

PARAMETERS = {"dataset": "jouet", "edition": 2016, "territory": "32"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[bytes]]:
    """The toy page made twice, from two folders and under two hash seeds."""
    with toy_project(tmp_path_factory.mktemp("toy")) as root, pytest.MonkeyPatch.context() as patch:
        made = []
        for seed, folder in (("1", root), ("2", root / "notebooks")):
            patch.setenv("PYTHONHASHSEED", seed)
            patch.chdir(folder)
            out = root / f"reports/jouet/consolidation/{seed}.html"
            render(root / "notebooks/consolidation.ipynb", PARAMETERS, out)
            made.append(out.read_bytes())
        yield made


def test_the_same_bytes_on_a_second_run(pages: list[bytes]) -> None:
    assert pages[0] == pages[1]


def test_a_page_stands_alone(pages: list[bytes]) -> None:
    text = pages[0].decode()
    soup = BeautifulSoup(text, "html.parser")
    assert soup.html["lang"] == "fr"
    assert soup.title.get_text() == "Consolidation annuelle de la clause sociale\xa0: Hauts-de-France, édition 2016"
    policy = soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert not soup.find_all("script")
    for tag in soup.find_all(src=True) + soup.find_all("link"):
        assert (tag.get("src") or tag["href"]).startswith("data:")
    assert not re.search(r"https?://|url\(|@import|/tmp/", text)


def test_a_page_shows_results_and_no_code(pages: list[bytes]) -> None:
    soup = BeautifulSoup(pages[0], "html.parser")
    text = soup.get_text()
    for absent in ("import", "page.read", "Parameters", "DataTable("):
        assert absent not in text
    for present in ("1\u202f302\u202f553", "Données synthétiques.", "Deux structures n'ont pas répondu.", "36,4"):
        assert present in text
    assert len(soup.find_all("h1")) == 1
    issued = "Jeu d'essai, Hauts-de-France. Édition 2016, données observées au 31\xa0janvier 2017."
    assert soup.footer.p.get_text() == issued  # who publishes and of when: what a printed sheet bears
    assert soup.footer.a["href"] == "../index.html"


def test_the_contents_lead_to_the_headings(pages: list[bytes]) -> None:
    soup = BeautifulSoup(pages[0], "html.parser")
    anchors = [a["href"] for a in soup.select("nav.contents a")]
    assert anchors == ["#l-année-en-bref", "#publics", "#heures-par-public"]
    for anchor in anchors:
        assert soup.find(id=anchor[1:]).name in ("h2", "h3")


def test_headings_of_one_name_have_their_own_anchors() -> None:
    body = BeautifulSoup("<h2>Heures</h2><h3>Par EPCI</h3><h2>Heures</h2>", "html.parser")
    sections = add_anchors(body)
    assert [s.anchor for s in sections] == ["heures", "heures-2"]
    assert [p.title for p in sections[0].parts] == ["Par EPCI"]
    assert [tag["id"] for tag in body.find_all(["h2", "h3"])] == ["heures", "par-epci", "heures-2"]


def test_spaces_before_high_signs_do_not_break_but_in_code() -> None:
    html = "<h1>Qui appeler ?</h1>\n<p>« Oui » : a ; b ! 12 % (?)</p><script>x ? « a » : b</script><p>Où ?</p>"
    said = "<h1>Qui appeler_?</h1>\n<p>«_Oui_»_: a_; b_! 12_% (?)</p><script>x ? « a » : b</script><p>Où_?</p>"
    assert no_break(html) == said.replace("_", "\N{NO-BREAK SPACE}")


def test_a_number_keeps_its_thousands_and_an_article_its_number() -> None:
    html = "<p>art. 38, 1 302 553 heures, 61 193 h, 5 120 et 12 3456</p>"
    said = "<p>art._38, 1_302_553 heures, 61_193_h, 5_120 et 12 3456</p>"
    assert no_break(html) == said.replace("_", "\N{NO-BREAK SPACE}")


def test_a_number_keeps_its_unit_and_a_day_its_month() -> None:
    html = "<p>Au 1er août 2026, le 31 décembre : 3 ETP, 2,5 M€, 30 km, 12 mois, 4 hommes, 2 maires</p>"
    said = "<p>Au 1er_août 2026, le 31_décembre_: 3_ETP, 2,5_M€, 30_km, 12 mois, 4 hommes, 2 maires</p>"
    assert no_break(html) == said.replace("_", "\N{NO-BREAK SPACE}")


def test_a_mail_address_stays_whole_where_a_path_may_wrap() -> None:
    assert breakable("exports/S30") == "exports/<wbr>S30"
    assert breakable("clauses-s02@exemple.invalid") == (
        '<a class="whole" href="mailto:clauses-s02@exemple.invalid">clauses-s02@exemple.invalid</a>'
    )


def test_a_title_keeps_its_spaces_that_must_not_break() -> None:
    body = BeautifulSoup("<h2>Quels\n segments\N{NO-BREAK SPACE}?</h2>", "html.parser")
    assert [s.title for s in add_anchors(body)] == ["Quels segments\N{NO-BREAK SPACE}?"]


def test_what_another_page_shows_is_one_sentence_at_the_end_of_its_section() -> None:
    parts = [Elsewhere(what, "la page de la région", "2016-32.html") for what in ("les profils", "les parcours")]
    other = Elsewhere("le suivi", "la page de la région, édition 2017", "2017-32.html")
    first, second = (part._repr_html_() for part in parts)
    html = f"<h2>A</h2>{first}<p>dit ici</p>{second}{other._repr_html_()}<h2>B</h2>{first}<h2>C</h2><p>dit</p>"
    body = BeautifulSoup(html, "html.parser")
    gather_elsewhere(body)
    assert [tag.get_text() for tag in body.find_all(["h2", "p"])] == [
        "A", "dit ici", "Sur la page de la région\xa0: les profils ; les parcours.",
        "Sur la page de la région, édition 2017\xa0: le suivi.",
        "B", "Sur la page de la région\xa0: les profils.", "C", "dit",
    ]  # fmt: skip


def test_a_heading_is_held_with_the_figure_that_it_introduces() -> None:
    html = "<h2>A</h2><p>mots</p><figure>1</figure><figure>2</figure><h2>B</h2><figure>3</figure><h2>C</h2><p>mots</p>"
    body = BeautifulSoup(html, "html.parser")
    hold_figures(body)
    assert [tag.get_text() for tag in body.select(".together")] == ["Amots1", "B3"]
    assert body.get_text() == "Amots12B3Cmots"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({**PARAMETERS, "editon": 2016}, "paramètre inconnu : editon ; attendu : dataset, edition, territory"),
        ({"dataset": "jouet", "edition": 2016}, "paramètre manquant : territory"),
        ({**PARAMETERS, "edition": 2031}, "édition 2031 inconnue"),
    ],
)
def test_wrong_parameters_are_refused_and_no_older_page_stays(project: Path, parameters: dict, said: str) -> None:
    out = project / "page.html"
    out.write_text("an older page")
    with pytest.raises(DataError, match=said):
        render(project / "notebooks/consolidation.ipynb", parameters, out)
    assert not out.exists()


def test_a_notebook_without_parameters_is_refused(project: Path) -> None:
    path = save(notebook("1 + 1"), project / "notebooks/consolidation.ipynb")
    node = nbformat.read(path, as_version=4)
    node.cells[0].metadata.tags = []
    save(node, path)
    with pytest.raises(DataError, match=r"attendu : aucun \(pas de cellule « parameters »\)"):
        check_parameters(path, PARAMETERS)


def test_a_failing_cell_is_named_and_leaves_no_page(project: Path) -> None:
    path = save(
        notebook("## Les heures", "x = 1", "raise ValueError('trop\\nde détails')", "## Suite", "2"),
        project / "notebooks/consolidation.ipynb",
    )
    out = project / "page.html"
    out.write_text("an older page")
    before = dict(os.environ)
    with pytest.raises(PageError) as caught:
        render(path, PARAMETERS, out)
    said = "consolidation.ipynb, cellule 4 (« Les heures ») : ValueError: trop"
    assert str(caught.value) == said
    assert not out.exists()
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            nbformat.v4.new_output("stream", name="stderr", text="/home/me/x.py:3: FutureWarning: old\n  x()\n"),
            "message sur la sortie d'erreur : x.py:3: FutureWarning: old",
        ),
        (nbformat.v4.new_output("error", ename="SystemExit", evalue="", traceback=[]), "SystemExit"),
        (
            nbformat.v4.new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"}),
            "image sans texte de remplacement",
        ),
    ],
)
def test_outputs_that_a_page_may_not_hold(output: nbformat.NotebookNode, said: str) -> None:
    node = notebook("## Titre", "x")
    node.cells[2].outputs = [output]
    with pytest.raises(PageError, match=re.escape(f"n.ipynb, cellule 3 (« Titre ») : {said}")):
        refuse_outputs(Path("n.ipynb"), node)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("# Un second titre", "un seul titre de niveau 1"),
        ("## Image\n![](https://example.org/i.png)", "élément « <img"),
        ("## Script\n<script>1</script>", "élément « <script"),
    ],
)
def test_bodies_that_break_a_rule(project: Path, source: str, said: str) -> None:
    node = notebook("page.header()", source)
    page = rendering.Page("consolidation", *PARAMETERS.values())
    html = page.header()._repr_html_()
    node.cells[1].outputs = [nbformat.v4.new_output("execute_result", data={"text/html": html})]
    with pytest.raises(PageError, match=re.escape(said)):
        rendering.to_html(Path("n.ipynb"), node, page)


def test_a_missing_year_becomes_the_latest_once(project: Path) -> None:
    from analysis.core.dataset import load_dataset

    pages = pages_of("consolidation", load_dataset("jouet"))
    assert list(pages) == [f"2016-{territory}" for territory in ("32", "02", "59", "60", "62", "80")]
    assert pages["2016-02"] == {"dataset": "jouet", "edition": 2016, "territory": "02"}
    with pytest.raises(DataError, match="aucune page pour « bilan »"):
        pages_of("bilan", load_dataset("jouet"))
