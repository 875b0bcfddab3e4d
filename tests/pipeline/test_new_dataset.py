"""A dataset that has just been created, before its first file: every stage up to what may be published runs."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml
from click.testing import CliRunner

from analysis.cli import main
from analysis.core.files import read_table
from analysis.core.paths import protected_dir
from analysis.scaffold import new_dataset

UP_TO = "protect"


def test_a_dataset_without_any_file_runs_through_all_stages_and_says_nothing(project: Path) -> None:
    new_dataset("vide", "32", 2025)
    stages = yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    names = [name for name in list(stages)[: list(stages).index(UP_TO) + 1] if "matrix" in stages[name]]
    assert len(names) > 8
    for name in names:
        command = shlex.split(stages[name]["cmd"].replace("${item.dataset}", "vide"))[1:]
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, f"{name}: {result.output} {result.exception!r}"
    for deliverable in ("segments", "facilitators", "consolidation"):
        assert read_table(protected_dir("vide") / deliverable / "headlines.parquet").empty, deliverable
