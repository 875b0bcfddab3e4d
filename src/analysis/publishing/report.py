"""All the pages that `params.yaml` lists; a notebook's folder appears once all its pages are made."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager, nullcontext
from typing import Any

import click

from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import finished_folder, write_text
from analysis.core.params import load_params
from analysis.core.paths import notebooks_dir, reports_dir
from analysis.core.processor import settle
from analysis.core.workers import start, workers
from analysis.publishing.kernels import forked_kernels
from analysis.publishing.page import pages_of
from analysis.publishing.store import RENDERING, Made, Store

Job = tuple[str, dict[str, Any]]  # a notebook's name and its parameters


def report(dataset: str, notebooks: Sequence[str] = (), executor: Executor | None = None) -> int:
    """Make the pages of `notebooks` (all of params.yaml by default) for `dataset` that changed; returns how many.

    They are the work of `executor` (any of `concurrent.futures`, whose workers see the project's folder), by default
    of a process per processor. `reports/<dataset>/<notebook>/` is replaced as a whole once all its pages are there.
    The home page goes with the first folder replaced: a site that has one is finished, and this one is to be checked
    anew. Raises DataError with every page that failed; the others are kept for the next run.
    """
    described = load_dataset(dataset)
    sets = [_Pages(notebook, described) for notebook in notebooks or load_params().publishing.pages]
    changed = [(pages, name) for pages in sets for name in pages.changed]
    if changed:
        with page_workers(len(changed)) if executor is None else nullcontext(executor) as pool:
            futures = {pool.submit(make, (pages.notebook, pages.jobs[name])): (pages, name) for pages, name in changed}
            _gather(futures)
    failures = [f"{pages.notebook}/{name} : {said}" for pages in sets for name, said in pages.failures()]
    for pages in sets:
        if not pages.failed:
            pages.publish()
    if failures:
        raise DataError("\n".join(failures))
    return len(changed)


class _Pages:
    """The pages of one notebook of a dataset: those to make, and what was said of those that failed."""

    def __init__(self, notebook: str, dataset: Dataset) -> None:
        self.notebook, self.jobs = notebook, pages_of(notebook, dataset)
        self._site, self._store = reports_dir(dataset.nom), Store(dataset.nom, notebook)
        self.changed = [name for name, job in self.jobs.items() if not self._store.holds(name, job)]
        self.failed: dict[str, str] = {}
        pages = f"{len(self.jobs)} page{'s' if len(self.jobs) > 1 else ''}"
        print(f"{notebook} : {pages}, {len(self.changed)} à faire", file=sys.stderr, flush=True)

    def keep(self, name: str, page: Future[Made]) -> None:
        try:
            self._store.keep(name, self.jobs[name], page.result())
        except DataError as error:
            self.failed[name] = str(error)
        except Exception as error:  # ours, or a process that was killed: no reason to lose the other pages
            self.failed[name] = f"erreur du programme, {type(error).__name__} : {error}"
            traceback.print_exception(error, file=sys.stderr)

    def failures(self) -> list[tuple[str, str]]:
        """Names and sentences, in the order of the pages."""
        return [(name, self.failed[name]) for name in self.jobs if name in self.failed]

    def publish(self) -> None:
        pages, target = {f"{name}.html": self._store.html(name) for name in self.jobs}, self._site / self.notebook
        # A folder without pages is there all the same: whoever runs the stages asks for it.
        if not target.is_dir() or pages != {path.name: path.read_text(encoding="utf-8") for path in target.glob("*")}:
            (self._site / "index.html").unlink(missing_ok=True)
            with finished_folder(target) as folder:
                for name, html in pages.items():
                    write_text(html, folder / name)
        self._store.drop_others(list(self.jobs))


def make(job: Job) -> Made:
    """One page, wherever this runs."""
    settle()  # for its kernel, which is a process of its own
    from analysis.publishing import render

    notebook, parameters = job
    return render.make(notebooks_dir() / f"{notebook}.ipynb", parameters)


def _gather(futures: dict[Future[Made], tuple[_Pages, str]]) -> None:
    """Keep each page as soon as it is made."""
    with click.progressbar(length=len(futures), file=sys.stderr, label="pages") as bar:
        for future in as_completed(futures):
            pages, name = futures[future]
            pages.keep(name, future)
            bar.update(1)


@contextmanager
def ready() -> Iterator[None]:
    """Inside the block, what makes pages is loaded, or is being loaded beside other work."""
    settle()
    start(RENDERING)
    with forked_kernels(["analysis.publishing.preload"]):
        yield


@contextmanager
def page_workers(pages: int) -> Iterator[Executor]:
    """A process per processor and two more, which have imported what they need, with kernels that have too.

    Two more, for each waits a third of a second for its kernel to say that it is there.
    """
    with ready(), workers(RENDERING, min(pages, 2 + (os.cpu_count() or 1))) as pool:
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
