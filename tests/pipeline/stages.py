"""What each stage of `dvc.yaml` runs and imports, read from the code itself."""

from __future__ import annotations

from pathlib import Path

from analysis.publishing.imports import closure, of_notebook
from checkout import CHECKOUT


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
            found = ["analysis.disclosure.protect"]
        case ["report", _]:
            notebooks = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
            found = ["analysis.publishing.report", *(module for path in notebooks for module in of_notebook(path))]
        case ["site", _]:
            found = ["analysis.site.home"]
        case _:
            raise AssertionError(f"no entry known for « {command} »")
    return found


DELIVERABLES = ("segments", "facilitators", "consolidation", "buyer", "quality")


def modules(command: str) -> set[Path]:
    """Every file of `src/analysis` that the command's modules import, directly or not."""
    return closure(entries(command))
