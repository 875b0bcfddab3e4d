"""One notebook, one set of parameters, one page: executed, checked, and written whole or not at all.

papermill runs a notebook with its default value when a parameter is misspelt, and leaves half a
document when a cell fails; the functions here refuse the first and clear away the second.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from analysis.core.errors import DataError
from analysis.core.files import write_text
from analysis.core.paths import ROOT_VARIABLE, project_root
from analysis.publishing import scripts
from analysis.publishing.page import READS, SHEET, Page, deliverable, page_parameters
from analysis.publishing.related import related
from analysis.publishing.store import Made
from analysis.publishing.templating import TEMPLATES, Section, fill, program_version

# nbformat imports an optional checker of formats at a cost of over a second, and does without it.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import nbformat  # noqa: E402
from bs4 import BeautifulSoup, PageElement, Tag  # noqa: E402
from nbformat import NotebookNode  # noqa: E402
from traitlets.config import Config  # noqa: E402

KERNEL = "python3"


class PageError(DataError):
    """A page that could not be made; the sentence names the notebook and the cell."""


def render(notebook: Path, parameters: Mapping[str, Any], out: Path) -> None:
    """Execute `notebook` with `parameters` and write the page to `out`.

    `parameters` must be declared by the notebook's cell tagged `parameters`, among them those of its page
    (`page_parameters`). Raises DataError when they are not or name something unknown,
    and PageError when a cell fails or shows what a page may not hold; no page is left at `out` then.
    """
    out.unlink(missing_ok=True)
    write_text(make(notebook, parameters).html, out)


def make(notebook: Path, parameters: Mapping[str, Any]) -> Made:
    """The page of `notebook` with `parameters` (see `render`), and what it read."""
    check_parameters(notebook, parameters)
    page = Page(notebook.stem, *(parameters[name] for name in page_parameters(notebook.stem)))
    executed = execute(notebook, parameters)
    refuse_outputs(notebook, executed)
    return Made(to_html(notebook, executed, page), executed.metadata[READS])


def check_parameters(notebook: Path, parameters: Mapping[str, Any]) -> None:
    """Raise DataError unless the notebook declares all `parameters`, and they hold those of its page.

    What else it declares, such as a scenario, keeps its own value.
    """
    from papermill import inspect_notebook

    if not notebook.is_file():
        raise DataError(f"notebook « {notebook.name} » absent du dossier « {notebook.parent.name} ».")
    declared = list(inspect_notebook(notebook))
    unknown = sorted(set(parameters) - set(declared))
    asked = page_parameters(notebook.stem)
    missing = sorted((set(declared) & set(asked)) - set(parameters))
    absent = [name for name in asked if name not in declared]
    problems = [f"paramètre inconnu : {', '.join(unknown)}"] if unknown else []
    problems += [f"paramètre manquant : {', '.join(missing)}"] if missing else []
    if not problems and absent:
        problems = [f"paramètre non déclaré dans la cellule « parameters » : {', '.join(absent)}"]
    if problems:
        expected = ", ".join(declared) or "aucun (pas de cellule « parameters »)"
        raise DataError(f"{notebook.name} : {' ; '.join(problems)} ; attendu : {expected}.")


def execute(notebook: Path, parameters: Mapping[str, Any]) -> NotebookNode:
    """The notebook after its execution, with what it read in its metadata; PageError where a cell failed."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill import PapermillExecutionError, execute_notebook

    logging.getLogger("papermill").setLevel(logging.ERROR)
    # Kernels run in a scratch folder, from which they could not find the project by themselves.
    os.environ.setdefault(ROOT_VARIABLE, str(project_root()))
    with tempfile.TemporaryDirectory(prefix="page-") as scratch:
        result, reads = Path(scratch) / notebook.name, Path(scratch) / READS
        reads.touch()
        try:
            executed = execute_notebook(
                notebook,
                result,
                parameters=dict(parameters),
                kernel_name=KERNEL,
                resources={"metadata": {"path": scratch}},  # of the kernel: papermill's `cwd` is the whole process's
                progress_bar=False,
                request_save_on_cell_execute=False,
                shutdown_kernel="immediate",
                config=kernel_config(scratch),
            )
            executed.metadata[READS] = [json.loads(line) for line in reads.read_text(encoding="utf-8").splitlines()]
            return executed
        except PapermillExecutionError as error:
            where = _place(notebook, nbformat.read(result, as_version=4), error.cell_index)
            raise PageError(f"{where} : {_last_line(error.ename, error.evalue)}") from None
        except (DeadKernelError, CellTimeoutError) as error:
            raise PageError(f"{notebook.name} : le noyau s'est arrêté ({type(error).__name__}).") from None


def kernel_config(folder: str) -> Config:
    """Local sockets in `folder` where the system has them: quicker than TCP, and closed to other users."""
    return Config({} if os.name == "nt" else {"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})


def refuse_outputs(notebook: Path, executed: NotebookNode) -> None:
    """Raise PageError at the first output that a page may not hold: an error, a warning, a bare image."""
    for index, cell in enumerate(executed.cells):
        for output in cell.get("outputs", []):
            problem = _problem(output)
            if problem:
                raise PageError(f"{_place(notebook, executed, index)} : {problem}")


def to_html(notebook: Path, executed: NotebookNode, page: Page) -> str:
    """The whole page as text; PageError when its body breaks a rule of our pages."""
    body = BeautifulSoup(_exporter().from_notebook_node(_shown(executed))[0], "html.parser")
    _check_body(notebook, body)
    gather_elsewhere(body)
    contents, layout = add_anchors(body), ""
    if page.notebook == SHEET:  # short enough to need no table of contents, laid out side by side
        contents, layout = [], SHEET
        wrap_sections(body)
    else:
        hold_figures(body)
    html = str(body)
    if str(project_root()) in html:
        raise PageError(f"{notebook.name} : la page contient un chemin de cette machine.")
    return fill(
        "page.html.j2",
        title=f"{deliverable(page.notebook)['titre']} : {page.name}, édition {page.year}",
        contents=contents,
        layout=layout,
        body=html,
        scripts=scripts.of_body(html),
        related=related(page),
        page=page,
        version=program_version(),
    )


def add_anchors(body: BeautifulSoup) -> list[Section]:
    """Give each heading of levels 2 and 3 its own `id`, and return them as a table of contents."""
    sections: list[Section] = []
    taken: dict[str, int] = {}
    for heading in body.find_all(["h2", "h3"]):
        title = re.sub(r"[ \n]+", " ", heading.get_text()).strip()  # a space that must not break stays
        slug = re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "section"
        taken[slug] = taken.get(slug, 0) + 1
        section = Section(title, slug if taken[slug] == 1 else f"{slug}-{taken[slug]}")
        heading["id"] = section.anchor
        (sections[-1].parts if heading.name == "h3" and sections else sections).append(section)
    return sections


def gather_elsewhere(body: BeautifulSoup) -> None:
    """Say what other pages show in one sentence per page at the end of the section, instead of a line at each place."""
    for heading in body.find_all("h2"):
        section = [heading, *(node for node in _following(heading) if isinstance(node, Tag))]
        elsewhere = [node for node in section if "elsewhere" in (node.get("class") or [])]
        last = next(node for node in reversed(section) if node not in elsewhere)
        pages: dict[str, tuple[Tag, Tag]] = {}  # by address, its sentence and what this one lists
        for node in elsewhere:
            [link], [what] = node.select("a"), node.select("span")
            node.extract()
            if told := pages.get(str(link["href"])):
                told[1].append(f" ; {what.get_text()}")
            else:
                pages[str(link["href"])] = (node, what)
        for sentence, _ in pages.values():
            last.insert_after(sentence)
            last = sentence


def hold_figures(body: BeautifulSoup) -> None:
    """Wrap each heading of level 2 with its introduction and the figure that follows, which paper must not part.

    Asked not to break after each of them, Chrome cuts the figure after its first line.
    """
    for heading in body.find_all("h2"):
        start = [heading, *heading.find_next_siblings()][:3]
        names = [node.name for node in start]
        if names[1:2] == ["figure"] or names == ["h2", "p", "figure"]:
            together = heading.wrap(body.new_tag("div", attrs={"class": "together"}))
            together.extend(start[1 : names.index("figure") + 1])


def wrap_sections(body: BeautifulSoup) -> None:
    """Put each heading of level 2 and what follows it in a `section` named by the heading."""
    for heading in body.find_all("h2"):
        section = body.new_tag("section", attrs={"aria-labelledby": str(heading["id"])})
        following = _following(heading)
        heading.wrap(section)
        section.extend(following)


def _following(heading: Tag) -> list[PageElement]:
    """What stands between a heading of level 2 and the next one."""
    return list(takewhile(lambda node: getattr(node, "name", None) != "h2", heading.next_siblings))


def _place(notebook: Path, executed: NotebookNode, index: int) -> str:
    """`segments.ipynb, cellule 4 (« Les segments »)`: the cell as counted in the notebook itself."""
    above = executed.cells[: index + 1]
    number = sum("injected-parameters" not in cell.metadata.get("tags", []) for cell in above)
    lines = [line for cell in above if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    headings = [line.lstrip("#").strip() for line in lines if re.match(r"#{1,6}\s", line)]
    title = f" (« {headings[-1]} »)" if headings else ""
    return f"{notebook.name}, cellule {number}{title}"


def _last_line(name: str, text: str) -> str:
    """The last line of a traceback, without the data that some errors print below it."""
    return f"{name}: {text.splitlines()[0]}" if text else name


def _problem(output: NotebookNode) -> str:
    """Why `output` may not be on a page, in French, or nothing."""
    if output.output_type == "error":
        return _last_line(output.ename, output.evalue)
    if output.output_type == "stream":
        return f"message sur la sortie d'erreur : {_notable(output.text)}" if output.name == "stderr" else ""
    data = output.get("data", {})
    if "text/html" not in data and any(kind.startswith("image/") for kind in data):
        return "image sans texte de remplacement ; attendu : un objet « Figure »"
    return ""


def _notable(text: str) -> str:
    """The line of a warning, without the folders of this machine."""
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    line = next((line for line in lines if "Warning" in line), lines[0])
    return re.sub(r"\S*[/\\](?=[^/\\\s]+:\d+:)", "", line).strip()


def _shown(executed: NotebookNode) -> NotebookNode:
    """The notebook without its parameters: the page says in words what it is about."""
    hidden = {"parameters", "injected-parameters"}
    cells = [cell for cell in executed.cells if not hidden & set(cell.metadata.get("tags", []))]
    return NotebookNode({**executed, "cells": cells})


def _check_body(notebook: Path, body: BeautifulSoup) -> None:
    if len(body.find_all("h1")) != 1:
        raise PageError(f"{notebook.name} : attendu : un seul titre de niveau 1, celui de page.header().")
    for tag in body.find_all(["script", "link", "iframe", "img"]):
        local = tag.name == "img" and str(tag.get("src", "")).startswith("data:image/") and tag.get("alt")
        if not local:
            raise PageError(
                f"{notebook.name} : élément « {_brief(tag)} » ; attendu : ni script, ni ressource "
                "extérieure, ni image sans texte de remplacement."
            )


def _brief(tag: Tag) -> str:
    return str(tag)[:60]


@cache
def _exporter() -> Any:
    """nbconvert with our template, made once: making it costs more than using it."""
    from nbconvert import HTMLExporter
    from nbconvert.exporters.templateexporter import TemplateExporter

    class Exporter(HTMLExporter):  # type: ignore[misc]
        """Without the pass that gives images a text and makes code focusable: pages have no code, and `to_html` refuses
        an image without text."""

        def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> Any:
            return TemplateExporter.from_notebook_node(self, nb, self._init_resources(resources), **kw)

    return Exporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        exclude_anchor_links=True,
        config=Config(
            {
                "NbConvertBase": {"display_data_priority": ["text/html", "text/markdown", "text/plain"]},
                # None has anything to do: our template leaves out what they would change.
                "Exporter": {"default_preprocessors": []},
            }
        ),
    )
