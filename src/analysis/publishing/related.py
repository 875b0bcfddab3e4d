"""Where a page of a territory leads: the other pages of that territory, and those of what it is in or holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.core import reference
from analysis.core.params import load_params
from analysis.publishing.page import PLACE, SHEET, Page, deliverable, pages_of


@dataclass(frozen=True)
class Related:
    """A page beside this one, by the name of its deliverable and that of its territory."""

    title: str
    href: str


def related(page: Page) -> list[Related]:
    """The pages of the same edition about the territory of `page`; from an intercommunalité, those of its department
    too, and from the region the sheets of its departments. None for a page of something else than a territory.
    """
    if not page.of_territory:
        return []
    names = reference.department_names().to_dict()
    names |= {page.dataset.region: page.dataset.territory_name, page.key: page.name}
    notebooks = [name for name in load_params().publishing.pages if deliverable(name)["sujet"] == PLACE]
    made = {notebook: pages_of(notebook, page.dataset) for notebook in notebooks}
    return [
        Related(f"{deliverable(notebook)['titre']} : {names[place]}", f"../{notebook}/{page.year}-{place}.html")
        for notebook, place in _around(page, notebooks)
        if (notebook, place) != (page.notebook, page.key) and f"{page.year}-{place}" in made[notebook]
    ]


def _around(page: Page, notebooks: list[str]) -> Iterator[tuple[str, str]]:
    """The notebooks and territories of the pages that may be beside `page`, those there are and others."""
    for place in dict.fromkeys([page.key, page.department or page.key]):
        yield from ((notebook, place) for notebook in notebooks)
    if page.regional and SHEET in notebooks:
        yield from ((SHEET, place) for place in page.edition.departements)
