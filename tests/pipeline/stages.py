"""What each stage of `dvc.yaml` runs and imports, read from the code itself."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from checkout import CHECKOUT

SRC = CHECKOUT / "src"


def entries(command: str) -> list[str]:
    """The modules that a stage's command starts from (the command line itself only dispatches)."""
    words = command.split()[1:]
    match words:
        case ["demo"]:
            found = ["analysis.demo"]
        case ["clean", source, _]:
            found = [f"analysis.sources.{source}"]
        case ["classify", _]:
            found = ["analysis.segments.telling.stage"]
        case ["analyse", deliverable, _]:
            found = [f"analysis.{deliverable}.tables"]
        case ["feedback", _]:
            found = ["analysis.quality.feedback"]
        case ["protect", _]:
            found = ["analysis.disclosure.protect", *(f"analysis.schemas.{name}" for name in DELIVERABLES)]
        case ["report", _, notebook]:
            found = ["analysis.publishing.report", f"analysis.{notebook}.views"]
        case ["site", _]:
            found = ["analysis.site", *(f"analysis.schemas.{name}" for name in DELIVERABLES)]
        case _:
            raise AssertionError(f"no entry known for « {command} »")
    return found


DELIVERABLES = ("segments", "facilitators", "consolidation", "quality")


def modules(command: str) -> set[Path]:
    """Every file of `src/analysis` that the command's modules import, directly or not."""
    seen: set[Path] = set()
    todo = [path for entry in entries(command) for path in _files(entry)]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += _imports(path)
    return {path for path in seen if not _only_says_what_it_is(path)}


def _only_says_what_it_is(path: Path) -> bool:
    """Whether a module holds nothing but its docstring: it cannot change a result."""
    return all(isinstance(node, ast.Expr) for node in ast.parse(path.read_text(encoding="utf-8")).body)


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    found: list[Path] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "analysis":
            found += _files(node.module or "")
            for alias in node.names:
                found += _files(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "analysis":
                    found += _files(alias.name)
    return tuple(found)


def _files(module: str) -> list[Path]:
    """The file of a module, and the `__init__` of the packages it is in."""
    parts = module.split(".")
    path = SRC.joinpath(*parts)
    own = [path / "__init__.py"] if path.is_dir() else [path.with_suffix(".py")]
    above = [SRC.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts))]
    return [found for found in [*own, *above] if found.is_file()]
