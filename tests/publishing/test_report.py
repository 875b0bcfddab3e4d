"""All the pages of a deliverable: made in a pool, kept when they fail elsewhere, not made again for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from analysis.core.errors import DataError
from analysis.core.files import read_table, write_table
from analysis.core.paths import protected_dir
from analysis.publishing import report as reporting
from analysis.publishing.page import digest_of
from analysis.publishing.render import PageError
from analysis.publishing.report import report
from analysis.publishing.store import Made
from toy import toy_project

PAGES = {"workbook_rows": 50000, "pages": {"consolidation": {2015: "region", 2016: "region"}}}
STAGE = {
    "report": {
        "matrix": {"dataset": ["jouet"]},
        "cmd": "analysis report ${item.dataset}",
        "params": ["publishing.pages", "consolidation"],
        "deps": ["data/processed/${item.dataset}/protected", "notebooks/consolidation.ipynb"],
    }
}


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Path]:
    """A toy project of two pages, whose stage is declared."""
    with toy_project(tmp_path / "toy") as root:
        settings = yaml.safe_load((root / "params.yaml").read_text("utf-8")) | {"publishing": PAGES}
        (root / "params.yaml").write_text(yaml.safe_dump(settings), "utf-8")
        (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGE}), "utf-8")
        yield root


def written(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "reports/jouet/consolidation").glob("*.html"))}


def test_the_same_bytes_from_processes_threads_and_a_cluster(toy: Path) -> None:
    assert report("jouet") == 2
    first = written(toy)
    assert set(first) == {"2015-32.html", "2016-32.html"}
    for executor in (ThreadPoolExecutor(2), ProcessPoolExecutor(1)):
        forget(toy)
        with executor:
            assert report("jouet", executor=executor) == 2
        assert written(toy) == first
    distributed = pytest.importorskip("distributed", reason="the optional extra « dask » is not installed")
    forget(toy)
    local = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with (
        distributed.LocalCluster(**local, host="127.0.0.1") as workers,
        reporting.cluster(workers.scheduler_address) as executor,
    ):
        assert report("jouet", executor=executor) == 2
    assert written(toy) == first


def forget(root: Path) -> None:
    """Remove the pages kept."""
    for path in (root / "data/processed/jouet/pages").rglob("*.json"):
        path.unlink()


def test_a_page_that_reads_nothing_new_is_not_made_again(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make(job: tuple[str, dict]) -> Made:
        made.append(job[1]["edition"])
        table = "headlines" if job[1]["edition"] == 2016 else "indicateurs"
        rows = read_table(protected_dir("jouet") / "consolidation" / f"{table}.parquet")
        return Made(f"<p>{len(made)}</p>", [{"table": table, "where": {}, "digest": digest_of(rows)}])

    monkeypatch.setattr(reporting, "make", make)
    with ThreadPoolExecutor(1) as executor:
        assert report("jouet", executor=executor) == 2
        assert report("jouet", executor=executor) == 0
        path = protected_dir("jouet") / "consolidation" / "indicateurs.parquet"
        frame = read_table(path)
        write_table(frame.assign(heures=frame["heures"] + 1), path)
        assert report("jouet", executor=executor) == 1 and made[-1] == 2015
        notebook = toy / "notebooks/consolidation.ipynb"
        notebook.write_text(notebook.read_text("utf-8") + "\n", "utf-8")
        assert report("jouet", executor=executor) == 2
        kept = toy / "data/processed/jouet/pages/consolidation/2016-32.html"
        kept.write_text("edited by hand", "utf-8")
        assert report("jouet", executor=executor) == 1


def test_one_page_that_fails_is_said_and_the_others_are_kept(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing, made = True, []

    def make(job: tuple[str, dict]) -> Made:
        made.append(job[1]["edition"])
        if failing and job[1]["edition"] == 2015:
            raise PageError("la cellule 3 échoue")
        return Made(str(job[1]["edition"]), [])

    monkeypatch.setattr(reporting, "make", make)
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(DataError, match="consolidation/2015-32 : la cellule 3 échoue"):
            report("jouet", executor=executor)
        assert not written(toy), "the folder appears once all its pages are there"
        failing, made[:] = False, []
        report("jouet", executor=executor)
    assert made == [2015] and set(written(toy)) == {"2015-32.html", "2016-32.html"}


def test_an_error_of_the_program_in_a_page_is_said_too(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def make(job: tuple[str, dict]) -> Made:
        if job[1]["edition"] == 2015:
            raise KeyError("heures")
        return Made("2016", [])

    monkeypatch.setattr(reporting, "make", make)
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(DataError, match="consolidation/2015-32 : erreur du programme, KeyError : 'heures'"),
    ):
        report("jouet", executor=executor)
    assert [path.stem for path in (toy / "data/processed/jouet/pages/consolidation").glob("*.html")] == ["2016-32"]
    assert "in make" in capsys.readouterr().err, "whoever mends it wants the traceback"


def test_pages_that_are_replaced_take_the_home_page_with_them(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, home = "<p>1</p>", toy / "reports/jouet/index.html"
    monkeypatch.setattr(reporting, "make", lambda job: Made(text, []))
    with ThreadPoolExecutor(1) as executor:
        report("jouet", executor=executor)
        home.write_text("finished", "utf-8")
        report("jouet", executor=executor)
        assert home.is_file()
        text = "<p>2</p>"
        forget(toy)
        report("jouet", executor=executor)
    assert not home.exists()


def test_a_notebook_that_has_nothing_to_show_has_an_empty_folder(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "pages_of", lambda notebook, dataset: {})
    home = toy / "reports/jouet/index.html"
    assert report("jouet") == 0
    assert list((toy / "reports/jouet/consolidation").iterdir()) == [], "DVC asks for the folder"
    home.write_text("finished", "utf-8")
    report("jouet")
    assert home.is_file()


def test_a_cluster_without_its_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(DataError, match=r"\[dask\]"), reporting.cluster("tcp://127.0.0.1:1"):
        pass
