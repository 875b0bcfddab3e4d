"""All the pages of one deliverable, as `params.yaml` lists them; the folder appears once all are made."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

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


def report(dataset: str, notebook: str, workers: int | None = None) -> None:
    """Render every page of `notebook` for `dataset` into `reports/<dataset>/<notebook>/`.

    `workers` pages are made at a time, by default one per processor. The folder is replaced as a whole once all
    of its pages are made. Raises DataError at the first page
    that fails.
    """
    pages = pages_of(notebook, load_dataset(dataset))
    with finished_folder(reports_dir(dataset) / notebook) as folder:
        jobs = [(notebook, dataset, page, str(folder)) for page in pages]
        workers = min(len(jobs), workers or os.cpu_count() or 1)
        if workers == 1:
            _said(map(_page, jobs), notebook, pages)
        else:
            with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
                _said(pool.map(_page, jobs), notebook, pages)


def _page(job: tuple[str, str, PageParams, str]) -> None:
    notebook, dataset, page, folder = job
    from analysis.publishing import render as rendering

    parameters = {"dataset": dataset, "edition": page.edition, "territory": page.territory}
    target = Path(folder) / f"{page.edition}-{page.territory}.html"
    rendering.render(notebooks_dir() / f"{notebook}.ipynb", parameters, target)


def _said(made: Iterable[None], notebook: str, pages: Sequence[PageParams]) -> None:
    """Go through the pages as they are made, saying which one comes next."""
    results = iter(made)
    for number, page in enumerate(pages, start=1):
        where = f"{notebook}, édition {page.edition}, territoire {page.territory}"
        print(f"  page {number}/{len(pages)} : {where}", file=sys.stderr, flush=True)
        next(results)
