"""The site of the demo made once more, in another place, is the same bytes: with forked kernels and without."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from analysis.buyer.guide import document as guide
from analysis.core.dataset import load_dataset
from analysis.core.files import file_digest
from analysis.core.params import load_params
from analysis.core.paths import ROOT_VARIABLE, reports_dir
from analysis.publishing import report
from analysis.publishing.page import pages_of
from analysis.site import downloads, home, method

AGAIN = """
from analysis.core.processor import settle
settle()
from analysis.core.dataset import load_dataset
from analysis.core.files import write_text
from analysis.core.paths import reports_dir
from analysis.site import home
described = load_dataset("demo")
text = home.front_page(described, guided=home.write_guide(described))
write_text(text, reports_dir("demo") / "index.html")
"""


@pytest.fixture
def elsewhere(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with the sources and the protected tables of the checkout, without pages."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("data", "notebooks", "src", "dvc.yaml", "params.yaml", "requirements.lock"):
        (root / name).symlink_to(demo / name)
    monkeypatch.setenv(ROOT_VARIABLE, str(root))
    yield root


def one_of_each() -> dict[str, report.Job]:
    """A page of each notebook, the last of those that it has, by its name in the site: of sheets, an EPCI."""
    described, jobs = load_dataset("demo"), {}
    for notebook in load_params().publishing.pages:
        name, parameters = list(pages_of(notebook, described).items())[-1]
        jobs[f"{notebook}/{name}"] = (notebook, parameters)
    return jobs


def made(jobs: dict[str, report.Job]) -> dict[str, str]:
    """The digests of those pages, made by the project's workers."""
    with report.page_workers(len(jobs)) as pool:
        found = [page.html for page in pool.map(report.make, jobs.values())]
    return {name: hashlib.sha256(html.encode()).hexdigest() for name, html in zip(jobs, found, strict=True)}


def published(demo: Path, names: Iterable[str]) -> dict[str, str]:
    return {name: file_digest(demo / "reports/demo" / f"{name}.html") for name in names}


def test_pages_made_again_are_the_same_bytes_with_fork_and_without(
    elsewhere: Path, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = one_of_each()
    assert len(jobs) == len({job[0] for job in jobs.values()}) == len(list((demo / "notebooks").glob("*.ipynb")))
    assert made(jobs) == published(demo, jobs)
    some = {name: jobs[name] for name in jobs if name.startswith(("quality", "territory"))}
    monkeypatch.delattr(os, "fork", raising=False)
    assert made(some) == published(demo, some)


def test_pages_that_quote_others_made_again_are_the_same_bytes(elsewhere: Path, demo: Path) -> None:
    site = reports_dir("demo")
    shutil.copytree(demo / "reports/demo", site)
    first = {name: file_digest(site / name) for name in ("index.html", guide.INDEX, guide.DOCUMENT)}
    for name in first:
        (site / name).unlink()
    subprocess.run([sys.executable, "-c", AGAIN], check=True)  # numpy is settled before it is imported
    assert {name: file_digest(site / name) for name in first} == first


def test_tables_and_the_pages_beside_them_made_again_are_the_same_bytes(elsewhere: Path, demo: Path) -> None:
    described = load_dataset("demo")
    downloads.build(described)
    home.write_directory(described)
    home.write_calendars(described)
    (reports_dir("demo") / "methode.html").write_text(method.page(described), encoding="utf-8")
    again = {path.relative_to(elsewhere / "reports"): file_digest(path) for path in reports_dir("demo").rglob("*.*")}
    first = {path: file_digest(demo / "reports" / path) for path in again}
    assert len(again) > 200 and again == first
