"""All the pages of one deliverable, as `params.yaml` lists them; the folder appears once all are made."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import finished_folder
from analysis.core.params import PageParams, load_params
from analysis.core.paths import notebooks_dir, reports_dir


def pages_of(notebook: str, dataset: Dataset) -> list[PageParams]:
    """The pages of `notebook` for `dataset`; a year it does not have becomes its latest, once."""
    pages = load_params().publishing.pages
    listed: Sequence[PageParams] | None = getattr(pages, notebook, None)
    if listed is None:
        known = ", ".join(type(pages).model_fields)
        raise DataError(f"params.yaml : aucune page pour « {notebook} » ; attendu : {known}.")
    years = {edition.annee for edition in dataset.editions}
    asked = [page if page.edition in years else page.model_copy(update={"edition": max(years)}) for page in listed]
    return [page for i, page in enumerate(asked) if page not in asked[:i]]


def report(dataset: str, notebook: str) -> None:
    """Render every page of `notebook` for `dataset` into `reports/<dataset>/<notebook>/`.

    The folder is replaced as a whole once all of its pages are made. Raises DataError at the first page
    that fails.
    """
    pages = pages_of(notebook, load_dataset(dataset))
    from analysis.publishing.render import render

    source = notebooks_dir() / f"{notebook}.ipynb"
    with finished_folder(reports_dir(dataset) / notebook) as folder:
        for number, page in enumerate(pages, start=1):
            where = f"{notebook}, édition {page.edition}, territoire {page.territory}"
            print(f"  page {number}/{len(pages)} : {where}", file=sys.stderr, flush=True)
            parameters = {"dataset": dataset, "edition": page.edition, "territory": page.territory}
            render(source, parameters, folder / f"{page.edition}-{page.territory}.html")
