"""The site of the demo made once more, in another place, is the same bytes: with forked kernels and without."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.core.dataset import load_dataset
from analysis.core.files import file_digest
from analysis.core.paths import ROOT_VARIABLE, reports_dir
from analysis.publishing import report
from analysis.site import downloads, home, method

# One page of each notebook, and the sheet of an intercommunalité.
PAGES = (
    "segments/2025-60",
    "facilitators/2025-60",
    "consolidation/2016-32",
    "quality/2025-32",
    "territory/2025-248000747",
)


@pytest.fixture
def elsewhere(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with the sources and the protected tables of the checkout, without pages."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("data", "notebooks", "src", "dvc.yaml", "params.yaml", "requirements.lock"):
        (root / name).symlink_to(demo / name)
    monkeypatch.setenv(ROOT_VARIABLE, str(root))
    yield root


def made(names: tuple[str, ...]) -> dict[str, str]:
    """The digests of those pages, made by the project's workers."""
    jobs = []
    for name in names:
        notebook, _, page = name.partition("/")
        edition, territory = page.split("-")
        jobs.append((notebook, {"dataset": "demo", "edition": int(edition), "territory": territory}))
    with report.page_workers(len(jobs)) as pool:
        found = [page.html for page in pool.map(report.make, jobs)]
    return {name: hashlib.sha256(html.encode()).hexdigest() for name, html in zip(names, found, strict=True)}


def published(demo: Path, names: tuple[str, ...]) -> dict[str, str]:
    return {name: file_digest(demo / "reports/demo" / f"{name}.html") for name in names}


def test_pages_made_again_are_the_same_bytes_with_fork_and_without(
    elsewhere: Path, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made(PAGES) == published(demo, PAGES)
    some = PAGES[-2:]
    monkeypatch.delattr(os, "fork", raising=False)
    assert made(some) == published(demo, some)


def test_tables_and_the_pages_beside_them_made_again_are_the_same_bytes(elsewhere: Path, demo: Path) -> None:
    described = load_dataset("demo")
    downloads.build(described)
    home.write_directory(described)
    home.write_calendars(described)
    (reports_dir("demo") / "methode.html").write_text(method.page(described), encoding="utf-8")
    again = {path.relative_to(elsewhere / "reports"): file_digest(path) for path in reports_dir("demo").rglob("*.*")}
    first = {path: file_digest(demo / "reports" / path) for path in again}
    assert len(again) > 200 and again == first
