"""What modules and notebooks of the project import, directly or not, read from the code itself."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import analysis

SRC = Path(analysis.__file__).resolve().parents[1]


def closure(entries: Iterable[str]) -> set[Path]:
    """Every file of `src/analysis` that the modules of those names are or import.

    Left out are modules that hold nothing but their docstring: they cannot change a result.
    """
    seen: set[Path] = set()
    todo = [path for entry in entries for path in _files(entry)]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += [file for module in _of_file(path) for file in _files(module)]
    return {path for path in seen if not only_says_what_it_is(path)}


def imported(code: ast.Module) -> list[str]:
    """The modules of the project that Python code imports, and what may be modules in them."""
    found = []
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "analysis":
            found += [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] == "analysis"]
    return found


def of_notebook(path: Path) -> list[str]:
    """The same of the cells of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return [module for source in code for module in imported(ast.parse(source))]


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def only_says_what_it_is(path: Path) -> bool:
    """Whether a module holds nothing but its docstring."""
    return all(isinstance(node, ast.Expr) for node in _parsed(path).body)


@cache
def _of_file(path: Path) -> list[str]:
    return imported(_parsed(path))


@cache
def _files(module: str) -> list[Path]:
    """The file of a module, and the `__init__` of the packages it is in."""
    parts = module.split(".")
    path = SRC.joinpath(*parts)
    own = [path / "__init__.py"] if path.is_dir() else [path.with_suffix(".py")]
    above = [SRC.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts))]
    return [found for found in [*own, *above] if found.is_file()]
