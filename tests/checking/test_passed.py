from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from analysis.checking import guard
from analysis.checking.passed import check_new
from analysis.core.errors import DataError
from analysis.core.files import write_text
from analysis.core.paths import project_root, reports_dir

STAGE = {
    "cmd": "analysis site ${item.dataset}",
    "matrix": {"dataset": ["jouet"]},
    "deps": ["data/raw/${item.dataset}/dataset.yaml", "reports/${item.dataset}/consolidation"],
    "outs": ["reports/${item.dataset}/index.html"],
}


@pytest.fixture
def asks(project: Path) -> Callable[[], list[str]]:
    """Names of the files that a check is asked for when three are to be checked; one that says « faux » is refused."""
    write_text(yaml.safe_dump({"stages": {"site": STAGE}}), project / "dvc.yaml")
    folder = reports_dir("jouet") / "consolidation"
    for name in "abc":
        write_text("<p>vrai</p>", folder / f"{name}.html")

    def run() -> list[str]:
        asked: list[str] = []

        def check(paths: list[Path]) -> None:
            asked.extend(path.stem for path in paths)
            if any("faux" in path.read_text("utf-8") for path in paths):
                raise DataError("faux")

        beside = [project / "beside.csv"] if (project / "beside.csv").is_file() else []
        paths = sorted(folder.glob("*.html"))
        check_new(check, paths, module=guard.__name__, dataset="jouet", folder=folder, beside=beside)
        return asked

    return run


def test_a_file_that_passed_is_not_read_again_until_it_changes(asks: Callable[[], list[str]]) -> None:
    assert asks() == ["a", "b", "c"] and asks() == []
    write_text("<p>autre</p>", reports_dir("jouet") / "consolidation/b.html")
    assert asks() == ["b"] and asks() == []


def test_a_file_under_another_name_is_read(asks: Callable[[], list[str]]) -> None:
    asks()
    (reports_dir("jouet") / "consolidation/a.html").rename(reports_dir("jouet") / "consolidation/d.html")
    assert asks() == ["d"]


def test_what_was_refused_is_asked_again_with_all_that_was_new_beside_it(asks: Callable[[], list[str]]) -> None:
    asks()
    for name, text in {"a": "<p>neuf</p>", "b": "<p>faux</p>"}.items():
        write_text(text, reports_dir("jouet") / f"consolidation/{name}.html")
    for _ in range(2):
        with pytest.raises(DataError, match="faux"):
            asks()
    write_text("<p>vrai</p>", reports_dir("jouet") / "consolidation/b.html")
    assert asks() == ["a"]  # b has the bytes that passed


@pytest.mark.parametrize("changed", ["data/raw/jouet/dataset.yaml", "params.yaml", "requirements.lock", "beside.csv"])
def test_other_rules_ask_for_every_file(asks: Callable[[], list[str]], changed: str) -> None:
    asks()
    path = project_root() / changed
    write_text((path.read_text("utf-8") if path.is_file() else "") + "\n# autre\n", path)
    assert asks() == ["a", "b", "c"] and asks() == []


def test_other_code_of_the_check_asks_for_every_file(
    asks: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asks()
    code = project_root() / "guard.py"
    write_text("WORTH = 1\n", code)
    stage = STAGE | {"deps": [*STAGE["deps"], "guard.py", "other.py"]}
    write_text("OTHER = 1\n", project_root() / "other.py")
    write_text(yaml.safe_dump({"stages": {"site": stage}}), project_root() / "dvc.yaml")
    monkeypatch.setattr("analysis.checking.passed.closure", lambda modules: {code.resolve()})
    assert asks() == ["a", "b", "c"] and asks() == []
    write_text("OTHER = 2\n", project_root() / "other.py")  # no code of the check
    assert asks() == []
    write_text("WORTH = 2\n", code)
    assert asks() == ["a", "b", "c"]


def test_without_a_declared_stage_nothing_is_known_to_be_the_same(asks: Callable[[], list[str]]) -> None:
    write_text("stages: {}\n", project_root() / "dvc.yaml")
    assert asks() == ["a", "b", "c"] and asks() == ["a", "b", "c"]
