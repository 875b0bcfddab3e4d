"""Packages of `analysis` import one another in one direction: what one is for never waits for what stands on it."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

from analysis.publishing.imports import SRC, imported


def test_no_package_imports_one_that_stands_on_it() -> None:
    graph: dict[str, set[str]] = {}
    for path in sorted((SRC / "analysis").rglob("*.py")):
        package = path.relative_to(SRC / "analysis").parts[0].removesuffix(".py")
        modules = imported(ast.parse(path.read_text(encoding="utf-8")))
        graph.setdefault(package, set()).update(module.split(".")[1] for module in modules if "." in module)
    below = {package: found - {package} for package, found in graph.items()}
    assert len(list(TopologicalSorter(below).static_order())) >= len(graph)  # CycleError names the circle
    assert {"core", "sources", "consolidation", "publishing"} <= below.keys()
