"""A dataset that has just been created, before its first file: every stage up to what may be published runs."""

from __future__ import annotations

import shlex
from pathlib import Path

from click.testing import CliRunner

from analysis.cli import main
from analysis.core.files import read_table
from analysis.core.paths import protected_dir
from analysis.publishing.stages import stages
from analysis.scaffold import new_dataset

UP_TO = "protect@vide"


def test_a_dataset_without_any_file_runs_through_all_stages_and_says_nothing(project: Path) -> None:
    new_dataset("vide", "32", 2025)
    declared = stages(project / "dvc.yaml", "vide")
    names = [name for name in list(declared)[: list(declared).index(UP_TO) + 1] if "@" in name]
    assert len(names) > 8
    for name in names:
        command = shlex.split(declared[name]["cmd"])[1:]
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, f"{name}: {result.output} {result.exception!r}"
    for deliverable in ("segments", "facilitators", "consolidation", "quality"):
        assert read_table(protected_dir("vide") / deliverable / "headlines.parquet").empty, deliverable
