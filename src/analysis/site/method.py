"""The method page: what each published figure means, how it is computed, what it leaves out.

Its text is reference data, Markdown in `publication/methode/`, one file per theme in the order of their names. A
heading ends with its anchor, `### Title {#anchor}`. The text is a Jinja template, so that nothing that is written
elsewhere is written again: `indicateur(code)` is the heading and the definition of an indicator (`indicateurs.csv`),
`table(name)` the rows of a reference table, `reglages` the settings of `params.yaml`; `nombre`, `pourcent` and `jour`
are filters.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import jinja2
import mistune
from mistune.toc import add_toc_hook

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.errors import DataError
from analysis.core.numbers import french, french_date, percent
from analysis.core.params import load_params
from analysis.core.paths import reference_dir
from analysis.publishing.templating import Section, fill, program_version

FOLDER = "publication/methode"
ANCHORED = re.compile(r"^(?P<title>.+?)\s*\{#(?P<anchor>[\w-]+)\}$")
GROUPED = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")  # the space between thousands
MEASURED = re.compile(r"(?<=\d) (?=[%€])")
ADDS_UP = {"oui": "s'additionne", "non": "ne s'additionne pas"}


def page(dataset: Dataset) -> str:
    """The page as text."""
    body, contents = method()
    return fill(
        "site/method.html.j2",
        title=f"Méthode et définitions : {dataset.titre}",
        contents=contents,
        dataset=dataset,
        body=body,
        version=program_version(),
    )


def method() -> tuple[str, list[Section]]:
    """All themes as HTML, and their table of contents (level 2: themes, level 3: definitions).

    Raises DataError, naming the file, where a template fails, a heading has no anchor or an anchor is there twice.
    """
    names = sorted(path.name for path in (reference_dir() / FOLDER).glob("*.md"))
    parts: list[str] = []
    contents: list[Section] = []
    taken: set[str] = set()
    for name in names:
        body, headings = _theme(name)
        for level, anchor, title in headings:
            if anchor in taken:
                raise DataError(f"{FOLDER}/{name} : ancre « {anchor} » déjà prise ; attendu : une ancre par titre.")
            taken.add(anchor)
            section = Section(html.unescape(title), anchor)
            (contents if level == 2 else contents[-1].parts).append(section)
        parts.append(body)
    return "\n".join(parts), contents


def anchors() -> set[str]:
    """Every anchor that a page may lead to."""
    _, contents = method()
    return {section.anchor for theme in contents for section in (theme, *theme.parts)}


def _theme(name: str) -> tuple[str, list[tuple[int, str, str]]]:
    """One file as HTML and its headings: level, anchor, title as HTML."""
    try:
        text = _environment().get_template(name).render(
            indicateur=_indicator, table=_rows, reglages=load_params()
        )  # fmt: skip
    except (jinja2.TemplateError, KeyError) as error:
        raise DataError(f"{FOLDER}/{name} : {error} ; attendu : un modèle Jinja valide.") from None

    def anchor(token: dict[str, Any], _: int) -> str:
        found = ANCHORED.match(token["text"])
        if not found:
            raise DataError(f"{FOLDER}/{name} : titre « {token['text']} » sans ancre ; attendu : Titre {{#ancre}}.")
        token["text"] = found["title"]
        return found["anchor"]

    reader = mistune.create_markdown(escape=True, plugins=["table", "def_list"])
    add_toc_hook(reader, min_level=1, max_level=6, heading_id=anchor)
    body, state = reader.parse(_typeset(text))
    headings = state.env["toc_items"]
    if [level for level, _, _ in headings] != [2] + [3] * (len(headings) - 1):
        raise DataError(f"{FOLDER}/{name} : attendu : un titre de niveau 2, puis des titres de niveau 3.")
    return str(body), headings


def _indicator(code: str) -> str:
    """The heading of an indicator and its definition as `indicateurs.csv` gives them, in Markdown."""
    row = reference.table("publication/indicateurs").set_index("code").loc[code]
    unit = "en pour cent" if row["unite"] == "part" else f"unité : {row['unite']}"
    return (
        f"### {row['libelle']} {{#{code}}}\n\nDéfinition\n: {row['definition']} ({unit} ; {ADDS_UP[row['additif']]})."
    )


def _rows(name: str) -> list[dict[str, Any]]:
    """The rows of a reference table; a cell that is empty is an empty text."""
    rows = reference.table(name).astype(object)
    return rows.where(rows.notna(), "").to_dict("records")  # type: ignore[return-value]


def _typeset(text: str) -> str:
    """`text` with the unbreakable spaces of French."""
    text = GROUPED.sub("\N{NARROW NO-BREAK SPACE}", text)
    return MEASURED.sub("\N{NO-BREAK SPACE}", text)


def _percent(value: float, digits: int = 0) -> str:
    return percent(value, digits)


def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(reference_dir() / FOLDER),
        autoescape=False,  # Markdown; what is HTML in it is shown, not obeyed
        undefined=jinja2.StrictUndefined,
        comment_start_string="{*",  # Jinja's own begins as an anchor does
        comment_end_string="*}",
    )
    found.filters["nombre"] = french
    found.filters["pourcent"] = _percent
    found.filters["jour"] = lambda text: french_date(dt.date.fromisoformat(text))
    return found
