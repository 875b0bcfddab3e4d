"""A copy of the project to spoil, shared by the benchmarks that change its files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
HEAVY = (".git", ".venv", "__pycache__", "tmp", ".mypy_cache", ".pytest_cache", ".ruff_cache")


def copied(folder: Path, without: Sequence[str] = ()) -> Path:
    """`folder`/project: the checkout without environments, caches of checks and the paths `without`, relative to it."""
    left_out = shutil.ignore_patterns(*HEAVY)
    absent = {CHECKOUT / name for name in without}

    def ignored(place: str, names: list[str]) -> set[str]:
        return {name for name in names if Path(place, name) in absent} | left_out(place, names)

    root = folder / "project"
    shutil.copytree(CHECKOUT, root, ignore=ignored)
    return root
