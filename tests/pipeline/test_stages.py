"""`dvc.yaml` tells the truth: every module a stage imports is a dependency, and little else is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest
import yaml

from analysis.publishing.imports import only_says_what_it_is
from analysis.publishing.stages import stages
from checkout import CHECKOUT
from pipeline.stages import DELIVERABLES, modules

STAGES = stages(CHECKOUT / "dvc.yaml", "demo")


def declared(stage: dict) -> dict[str, set[Path]]:
    """The code of each dependency in `src/`: the Python files of a folder, but those that only describe it."""
    paths = {name: CHECKOUT / name for name in stage["deps"] if name.startswith("src/")}
    found = {name: set(path.rglob("*.py")) if path.is_dir() else {path} for name, path in paths.items()}
    return {name: {file for file in files if not only_says_what_it_is(file)} for name, files in found.items()}


def short(paths: set[Path]) -> list[str]:
    return sorted(str(path.relative_to(CHECKOUT)) for path in paths)


def test_the_lock_speaks_of_these_stages_only() -> None:
    locked = yaml.safe_load((CHECKOUT / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    assert sorted(locked) == sorted(STAGES)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_declares_what_it_imports(name: str) -> None:
    files = set().union(*declared(STAGES[name]).values())
    assert short(modules(STAGES[name]["cmd"]) - files) == [], f"{name}: imported, not declared"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_declares_little_else(name: str) -> None:
    """A module that it imports, a folder of which it imports the half."""
    imported = modules(STAGES[name]["cmd"])
    for dependency, files in declared(STAGES[name]).items():
        if dependency != "src/analysis/core" and files:
            assert 2 * len(files & imported) >= len(files), f"{name}: {dependency}"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_declares_the_reference_tables_that_its_code_names(name: str) -> None:
    known = [CHECKOUT / path for path in STAGES[name]["deps"]]
    for module in modules(STAGES[name]["cmd"]):
        for table in tables_named(module.read_text(encoding="utf-8")):
            path = CHECKOUT / "data" / "raw" / "reference" / f"{table}.csv"
            assert {path, *path.parents} & set(known), f"{name}: {table}, read by {short({module})[0]}"


def tables_named(code: str) -> set[str]:
    """The reference tables that a module names, by their path without its ending."""
    found = set(re.findall(r'reference\.(?:table|value)\(\s*"([a-z_/]+)"', code))
    found |= set(re.findall(r"""["']([a-z]+/[a-z_]+)\.csv["']""", code))
    found |= {f"nomenclatures/{name}" for name in re.findall(r'reference\.labels\(\s*"([a-z_]+)"', code)}
    return found | {f"{name}/constantes" for name in re.findall(r'reference\.constants\(\s*"([a-z_]+)"', code)}


@pytest.mark.parametrize("name", STAGES)
def test_no_dependency_is_declared_twice(name: str) -> None:
    paths = [Path(path) for path in STAGES[name]["deps"]]
    assert [str(path) for path in paths if paths.count(path) > 1 or set(path.parents) & set(paths)] == []


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_says_what_it_is_for(name: str) -> None:
    assert len(STAGES[name]["desc"]) > 20


@pytest.mark.parametrize("name", STAGES)
def test_no_stage_reads_the_truth_of_the_demo(name: str) -> None:
    for path in STAGES[name]["deps"]:
        assert "verite" not in path
        assert path.rstrip("/") != "data/raw/demo", "a stage names the parts of a dataset that it reads"


def test_every_layer_reads_the_one_before_it_only() -> None:
    allowed = {
        "clean": ("data/raw/",),
        "classify": ("data/raw/", "data/processed/demo/clean/"),
        "segments": ("data/raw/", "data/processed/demo/clean/", "data/processed/demo/classified"),
        # The need of a place is what its contracts could bear.
        "facilitators": ("data/raw/", "data/processed/demo/clean/", "data/processed/demo/results/segments"),
        "consolidation": ("data/raw/", "data/processed/demo/clean/"),
        "buyer": (
            "data/raw/",
            "data/processed/demo/clean/",
            "data/processed/demo/classified",
            "data/processed/demo/results/facilitators",
            "data/processed/demo/results/segments",
        ),
        "quality": ("data/raw/", "data/processed/demo/clean/", "data/processed/demo/quality/"),
        "feedback": (
            "data/raw/",
            "data/processed/demo/quality/",
            "data/processed/demo/clean/inventory",
            "data/processed/demo/results/consolidation/personnes_a_revoir.parquet",
        ),
        "protect": (
            "data/raw/demo/dataset.yaml",
            "data/raw/reference/",
            "data/processed/demo/results/",
            "data/releases",
        ),
        "report": ("data/raw/demo/dataset.yaml", "data/raw/reference/", "data/processed/demo/protected"),
        # The scan of the site asks whether a name is somebody's, and whether open data print it already.
        "site": (
            "data/raw/demo/dataset.yaml",
            "data/raw/reference/",
            "data/processed/demo/clean/decp/",
            "data/processed/demo/clean/empreintes",
            "data/processed/demo/clean/projects",
            "data/processed/demo/protected",
        ),
    }
    for name, stage in STAGES.items():
        for layer, places in allowed.items():
            if name.startswith(layer):
                data = [path for path in stage["deps"] if path.startswith("data/")]
                assert [path for path in data if not path.startswith(places)] == [], name


def test_deliverables_have_one_name_everywhere() -> None:
    params = yaml.safe_load((CHECKOUT / "params.yaml").read_text())
    for name in DELIVERABLES:
        assert (CHECKOUT / "notebooks" / f"{name}.ipynb").is_file()
        assert (CHECKOUT / "src" / "analysis" / name / "tables.py").is_file()
        assert (CHECKOUT / "src" / "analysis" / name / "views").is_dir()
        assert (CHECKOUT / "src" / "analysis" / "schemas" / f"{name}.py").is_file()
        assert (CHECKOUT / "tests" / name).is_dir()
        assert (CHECKOUT / "docs" / f"{name}.md").is_file()
        assert name in params and name in params["publishing"]["pages"]
        assert f"{name}@demo" in STAGES
        assert {f"notebooks/{name}.ipynb"} <= set(STAGES["report@demo"]["deps"])
        assert f"data/processed/demo/protected/{name}" in STAGES["protect@demo"]["outs"]


@pytest.mark.parametrize("name", DELIVERABLES)
def test_notebooks_are_thin(name: str) -> None:
    notebook = nbformat.read(CHECKOUT / "notebooks" / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            body = ast.parse(cell.source).body
            calls = [node for node in body if not isinstance(node, ast.ImportFrom)]
            assert len(calls) <= 2, cell.source
            assert "read_parquet" not in cell.source and "import pandas" not in cell.source
    assert sum(len(cell.source.splitlines()) for cell in notebook.cells) < 80
