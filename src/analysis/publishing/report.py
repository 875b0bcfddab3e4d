"""All the pages of one deliverable, as `params.yaml` lists them; the folder appears once all are made."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

import click

from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import finished_folder, write_text
from analysis.core.params import PageParams, load_params
from analysis.core.paths import notebooks_dir, reports_dir
from analysis.publishing.kernels import forked_kernels
from analysis.publishing.page import SHEET
from analysis.publishing.store import Made, Store

RENDERING = "analysis.publishing.render"
Job = tuple[str, dict[str, Any]]  # a notebook's name and its parameters


def pages_of(notebook: str, dataset: Dataset) -> list[PageParams]:
    """The pages of `notebook` for `dataset`; a year it does not have becomes its latest, once.

    A sheet is made for each department and each EPCI of the editions asked for.
    """
    settings, years = load_params().publishing, {edition.annee for edition in dataset.editions}
    if notebook == SHEET:
        editions = [dataset.edition(year) for year in settings.sheets if year in years] or [dataset.editions[-1]]
        return [
            PageParams(edition=edition.annee, territory=territory)
            for edition in editions
            for territory in [*edition.departements, *sorted(reference.epci_of(edition.departements))]
        ]
    pages = settings.pages
    listed: Sequence[PageParams] | None = getattr(pages, notebook, None)
    if listed is None:
        known = ", ".join(type(pages).model_fields)
        raise DataError(f"params.yaml : aucune page pour « {notebook} » ; attendu : {known}.")
    asked = [page if page.edition in years else page.model_copy(update={"edition": max(years)}) for page in listed]
    return [page for i, page in enumerate(asked) if page not in asked[:i]]


def report(dataset: str, notebook: str, executor: Executor | None = None) -> int:
    """Make the pages of `notebook` for `dataset` that changed; returns how many.

    They are the work of `executor` (any of `concurrent.futures`, whose workers see the project's folder), by default
    of a process per processor. `reports/<dataset>/<notebook>/` is replaced as a whole once all its pages are there.
    Raises DataError with every page that failed; the others are kept for the next run.
    """
    store = Store(dataset, notebook)
    jobs: dict[str, dict[str, Any]] = {
        f"{page.edition}-{page.territory}": {"dataset": dataset, "edition": page.edition, "territory": page.territory}
        for page in pages_of(notebook, load_dataset(dataset))
    }
    changed = {name: job for name, job in jobs.items() if not store.holds(name, job)}
    pages = f"{len(jobs)} page{'s' if len(jobs) > 1 else ''}"
    print(f"{notebook} : {pages}, {len(changed)} à faire", file=sys.stderr, flush=True)
    if changed:
        with workers(len(changed)) if executor is None else _lent(executor) as pool:
            futures = {pool.submit(make, (notebook, job)): name for name, job in changed.items()}
            failures = _gathered(futures, store, changed)
        if failures:
            raise DataError("\n".join(failures[name] for name in changed if name in failures))
    with finished_folder(reports_dir(dataset) / notebook) as folder:
        for name in jobs:
            write_text(store.html(name), folder / f"{name}.html")
    store.drop_others(list(jobs))
    return len(changed)


def make(job: Job) -> Made:
    """One page, wherever this runs."""
    from analysis.publishing import render

    notebook, parameters = job
    return render.make(notebooks_dir() / f"{notebook}.ipynb", parameters)


def _gathered(futures: dict[Future[Made], str], store: Store, jobs: dict[str, dict]) -> dict[str, str]:
    """Keep each page as it is made; what was said of those that failed."""
    failures = {}
    with click.progressbar(length=len(futures), file=sys.stderr, label="pages") as bar:
        for future in as_completed(futures):
            name = futures[future]
            try:
                store.keep(name, jobs[name], future.result())
            except DataError as error:
                failures[name] = f"{name} : {error}"
            bar.update(1)
    return failures


@contextmanager
def workers(pages: int) -> Iterator[Executor]:
    """A process per processor, which has imported what it needs, with kernels that have too."""
    forking = hasattr(os, "fork")
    context = multiprocessing.get_context("forkserver" if forking else "spawn")
    context.set_forkserver_preload([RENDERING])
    with (
        forked_kernels(["analysis.publishing.preload"]),
        ProcessPoolExecutor(min(pages, os.cpu_count() or 1), mp_context=context) as pool,
    ):
        yield pool


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask cluster, which see the project's folder under the same path."""
    try:
        from distributed import Client
    except ImportError:
        raise DataError(
            "--scheduler : bibliothèque « distributed » absente ; "
            "attendu : pip install 'clauses-sociales-analysis[dask]'."
        ) from None
    with Client(address) as client:
        yield client.get_executor()


@contextmanager
def _lent(executor: Executor) -> Iterator[Executor]:
    """The same, not ended with the block: it is its owner's."""
    yield executor
