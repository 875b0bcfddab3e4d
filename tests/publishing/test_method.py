"""The method page, and the way to it from every table and figure."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup, Tag

from analysis.core import reference
from analysis.core.dataset import load_dataset
from analysis.core.errors import DataError
from analysis.publishing import definitions
from analysis.publishing.content import Card, Column, DataTable, Figure, Strip
from analysis.publishing.style import bar_chart
from analysis.schemas.registry import DELIVERABLES, published
from analysis.site import method
from checkout import CHECKOUT

FIELDS = ["Définition", "Calcul", "Champ", "Source", "Limites", "Exemple"]
SOURCES = sorted((CHECKOUT / "src/analysis").rglob("*.py"))


@pytest.fixture
def page(project: Path) -> BeautifulSoup:
    return BeautifulSoup(method.page(load_dataset("jouet")), "html.parser")


@pytest.fixture
def theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of themes, the one that is read."""
    folder = tmp_path / "reference" / method.FOLDER
    folder.mkdir(parents=True)
    monkeypatch.setattr(method, "reference_dir", lambda: tmp_path / "reference")
    return folder


def plain(tag: Tag) -> str:
    """The text of `tag` with ordinary spaces."""
    return tag.get_text().replace("\xa0", " ").replace("\u202f", " ")


def calls(name: str) -> Iterator[ast.Call]:
    """Every call of a function or class of that name in the program."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield node


def test_the_page_is_french_without_script_and_its_headings_are_in_order(page: BeautifulSoup) -> None:
    assert page.html is not None and page.html["lang"] == "fr"
    assert not page.select("script, img, iframe")
    levels = [int(heading.name[1]) for heading in page.select("main h1, main h2, main h3, main h4")]
    assert levels[:2] == [1, 2] and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_anchors_are_unique_and_the_table_of_contents_has_them_all(page: BeautifulSoup) -> None:
    ids = Counter(tag["id"] for tag in page.select("[id]"))
    assert [name for name, times in ids.items() if times > 1] == []
    listed = [a["href"].removeprefix("#") for a in page.select("nav a")]
    assert listed == [heading["id"] for heading in page.select(".method h2, .method h3")]
    assert set(listed) == method.anchors()
    assert {a["href"][1:] for a in page.select('main a[href^="#"]')} <= set(ids)


def test_each_definition_says_all_that_a_reader_may_ask(page: BeautifulSoup) -> None:
    for heading in page.select(".method h3"):
        told = heading.find_next_sibling()
        assert told is not None and told.name == "dl", heading["id"]
        assert [term.get_text() for term in told.select("dt")] == FIELDS, heading["id"]
        assert all(text.get_text().strip() for text in told.select("dd")), heading["id"]
    assert not re.search(r"\{[{%*]|[}%*]\}|\{#|\*\*", page.select_one(".method").get_text())


def test_an_indicator_is_defined_in_the_words_of_its_row_and_nowhere_by_hand(page: BeautifulSoup) -> None:
    rows = reference.table("publication/indicateurs")
    written = "".join(path.read_text("utf-8") for path in (reference.reference_dir() / method.FOLDER).glob("*.md"))
    for row in rows.itertuples():
        heading = page.find(id=row.code)
        assert heading is not None and plain(heading) == row.libelle
        assert row.definition in plain(heading.find_next("dd"))
        assert row.definition not in written


def test_settings_and_thresholds_are_those_of_their_tables(page: BeautifulSoup) -> None:
    rules = reference.table("secret/regles").dropna(subset="comparaison")
    secret = plain(page.find(id="secret-statistique").find_next("dl"))
    assert all(rule in secret for rule in rules["libelle"])


def test_every_published_table_has_a_definition_and_every_definition_its_anchor() -> None:
    rows = reference.table("publication/definitions")
    assert sorted(zip(rows["livrable"], rows["table"], strict=True)) == sorted(
        (name, table) for name in DELIVERABLES for table in published(name)
    )
    assert set(rows["ancre"]) | set(reference.table("publication/chiffres")["ancre"]) <= method.anchors()
    assert set(reference.table("publication/indicateurs")["code"]) <= method.anchors()


def test_every_table_and_anchor_that_a_view_names_is_known() -> None:
    used = {
        (path.relative_to(CHECKOUT / "src/analysis").parts[0], name)
        for path in SOURCES
        if "views" in path.parts
        for name in re.findall(r"page\.csv\(\"(\w+)\"\)", path.read_text("utf-8"))
    }
    assert len(used) > 60
    assert [name for name in used if definitions.of_table("_".join(name)) is None] == []
    keywords = [
        keyword for name in ("DataTable", "Figure", "Card") for call in calls(name) for keyword in call.keywords
    ]
    named = {keyword.value.value for keyword in keywords if keyword.arg == "method"}
    assert named and named <= method.anchors()


def test_every_headline_figure_has_a_definition() -> None:
    labels = {call.args[0].value for call in calls("Card") if call.args and isinstance(call.args[0], ast.Constant)}
    for call in calls("headlines"):
        rows = [node for node in ast.walk(call) if isinstance(node, ast.Dict)]
        pairs = [pair for row in rows for pair in zip(row.keys, row.values, strict=True)]
        labels |= {
            value.value for key, value in pairs if key and ast.unparse(key) == "'libelle'" and hasattr(value, "value")
        }
    assert len(labels) > 15
    assert [label for label in sorted(map(str, labels)) if definitions.of_figure(label) is None] == []


def test_contents_lead_to_their_definition_on_the_page_and_not_in_their_text() -> None:
    def made(csv: str | None, **more: str) -> DataTable:
        frame = pd.DataFrame({"lieu": ["A", "B"], "heures": [1.0, 2.0]})
        columns = {"lieu": Column("Lieu"), "heures": Column("Heures", 0)}
        return DataTable(frame, columns=columns, caption="Heures", scope="région", csv=csv, **more)

    def hrefs(content: DataTable | Figure | Strip) -> list[str]:
        return [a["href"] for a in BeautifulSoup(content._repr_html_(), "html.parser").select('a[href*="methode"]')]

    plain, linked = made(None), made("consolidation_evolution")
    assert hrefs(plain) == [] and hrefs(linked) == ["../methode.html#evolution"]
    assert hrefs(made("consolidation_indicateurs", method="publics")) == ["../methode.html#publics"]
    assert plain.text() == linked.text() == made(None, method="publics").text()
    drawn = Figure(bar_chart(pd.Series({"A": 1.0})), title="Heures", alt="A fait une heure.", table=linked)
    assert hrefs(drawn) == ["../methode.html#evolution"] * 2
    alone = Figure(bar_chart(pd.Series({"A": 1.0})), title="Heures", alt="A fait une heure.", method="editions")
    assert hrefs(alone) == ["../methode.html#editions"] and "éfinition" not in alone.text()
    cards = Strip([Card("Bénéficiaires", 3.0), Card("Autre chose", 2.0)])
    assert hrefs(cards) == ["../methode.html#beneficiaires"] and cards.text() == "Bénéficiaires : 3\nAutre chose : 2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("## Heures\n", "titre « Heures » sans ancre"),
        ("## A {#a}\n\n### B {#a}\n", "ancre « a » déjà prise"),
        ("### B {#b}\n", "un titre de niveau 2, puis"),
        ("## A {#a}\n\n## B {#b}\n", "un titre de niveau 2, puis"),
        ("## A {#a}\n\n{{ reglage }}", "'reglage' is undefined"),
        ('## A {#a}\n\n{{ indicateur("heure") }}', "1-essai.md : 'heure'"),
    ],
)
def test_a_theme_that_cannot_be_read_is_one_sentence(theme: Path, text: str, said: str) -> None:
    (theme / "1-essai.md").write_text(text, "utf-8")
    with pytest.raises(DataError, match=rf"^{method.FOLDER}/1-essai\.md : .*") as error:
        method.method()
    assert said in str(error.value)


def test_text_is_typeset_and_html_in_it_is_shown(theme: Path) -> None:
    (theme / "1-essai.md").write_text("## L'an {#an}\n\nSoit 1 234 567 h ; 5 % : « oui » <b>.\n", "utf-8")
    body, contents = method.method()
    assert "1\u202f234\u202f567 h ; 5\xa0% : « oui » &lt;b&gt;." in body
    assert [(theme.title, theme.anchor, theme.parts) for theme in contents] == [("L'an", "an", [])]
