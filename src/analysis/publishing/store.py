"""Pages that were made already, and whether they still hold: one that reads nothing new is not made again.

A page is the work of its notebook, its parameters, the code and settings that it may use, and the rows that it read
(`Page.read` notes them). All of it is kept beside the page as digests.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.core.files import file_digest, read_table, read_yaml, write_text
from analysis.core.paths import notebooks_dir, pages_dir, project_root, protected_dir
from analysis.publishing.imports import closure, of_notebook
from analysis.publishing.page import deliverables, digest_of, rows_where, table_path
from analysis.publishing.stages import declared

RENDERING = "analysis.publishing.render"  # what makes every page


@dataclass(frozen=True)
class Made:
    """A page as HTML, and what it read: table, condition and digest of each read, in order."""

    html: str
    reads: list[dict[str, Any]]


class Store:
    """The pages of one notebook of a dataset, made before: `data/processed/<dataset>/pages/<notebook>/`."""

    def __init__(self, dataset: str, notebook: str) -> None:
        self._folder = pages_dir(dataset) / notebook
        self._dataset, self._notebook = dataset, notebook
        self._inputs = inputs(dataset, notebook)
        self._tables: dict[str, pd.DataFrame] = {}
        self._digests: dict[str, str] = {}

    def holds(self, name: str, parameters: dict[str, Any]) -> bool:
        """Whether the page `name` is here and would be made the same again."""
        note, page = self._folder / f"{name}.json", self._folder / f"{name}.html"
        if not (self._inputs and note.is_file() and page.is_file()):
            return False
        known = json.loads(note.read_text(encoding="utf-8"))
        if known["made_from"] != self._made_from(parameters) or known["page"] != file_digest(page):
            return False
        return all(self._digest(read["table"], read["where"]) == read["digest"] for read in known["reads"])

    def keep(self, name: str, parameters: dict[str, Any], made: Made) -> None:
        """Put a page here, with what it was made from."""
        write_text(made.html, self._folder / f"{name}.html")
        known = {
            "made_from": self._made_from(parameters),
            "page": file_digest(self._folder / f"{name}.html"),
            "reads": made.reads,
        }
        write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", self._folder / f"{name}.json")

    def html(self, name: str) -> str:
        """The page `name`."""
        return (self._folder / f"{name}.html").read_text(encoding="utf-8")

    def drop_others(self, names: Sequence[str]) -> None:
        """Forget the pages that are asked for no more."""
        for path in self._folder.glob("*"):
            if path.stem not in names:
                path.unlink()

    def _made_from(self, parameters: dict[str, Any]) -> str:
        return hashlib.sha256(json.dumps([self._inputs, parameters], sort_keys=True).encode()).hexdigest()

    def _digest(self, table: str, where: dict[str, Any]) -> str:
        asked = json.dumps([table, where])
        if asked not in self._digests:
            path = table_path(self._dataset, self._notebook, table)
            if table not in self._tables and path.is_file():
                self._tables[table] = read_table(path)
            rows = self._tables.get(table)
            self._digests[asked] = "" if rows is None else digest_of(rows_where(rows, where))
        return self._digests[asked]


def inputs(dataset: str, notebook: str) -> dict[str, Any]:
    """What the pages of a notebook are made from, but for tables: digests of files, settings, Python.

    Of what the stage of `dvc.yaml` declares, the notebook itself and the modules that it imports, not those of others;
    the same of settings, whose first word is often a notebook. Nothing where the stage is not declared: nothing is
    known then to hold.
    """
    stage = declared(f"analysis report {dataset}", dataset)
    if stage is None:
        return {}
    root, path = project_root(), notebooks_dir() / f"{notebook}.ipynb"
    code = closure([RENDERING, *of_notebook(path)])
    others = set(deliverables().index) - {notebook}
    settings = read_yaml(root / "params.yaml")

    def counts(file: Path) -> bool:
        if file.suffix == ".ipynb":
            return file == path
        return file.resolve() in code if file.suffix == ".py" else protected_dir(dataset) not in file.parents

    blocks = {name.split(".")[0] for name in stage.settings}
    return {
        "files": {file.relative_to(root).as_posix(): file_digest(file) for file in stage.files if counts(file)},
        "settings": {name: settings[name] for name in sorted(blocks - others)},
        "python": platform.python_version(),
    }
