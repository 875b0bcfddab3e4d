"""The suite's other half, proved once: nbval sees a tampered table, and passes what was not touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.core.paths import ROOT_VARIABLE, notebooks_dir, project_root
from analysis.notebooks import normalise_file, run_notebooks
from toy import notebook, save

CELL = """\
import pandas as pd
from analysis.publishing.content import Column, DataTable
frame = pd.DataFrame({"epci": ["A", "B"], "heures": [1302553, 3453]})
DataTable(frame, columns={"epci": Column("EPCI"), "heures": Column("Heures", 0)}, caption="T", scope="essai")"""


def nbval(folder: Path) -> subprocess.CompletedProcess[str]:
    """nbval as `make test` runs it, with every result named."""
    command = [sys.executable, "-m", "pytest", "-p", "nbval.plugin", "--nbval", "--nbval-cell-timeout", "60"]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", "-rA", "."],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip


def test_a_tampered_table_fails_and_an_untouched_one_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(project_root()))
    shutil.copy(notebooks_dir() / "conftest.py", tmp_path)
    path = save(notebook("## Heures", CELL), tmp_path / "untouched.ipynb")
    run_notebooks([path])
    assert not normalise_file(path, check=True)
    stored = path.read_text("utf-8")
    assert "1\u202f302\u202f553" in stored
    (tmp_path / "tampered.ipynb").write_text(stored.replace("3\u202f453", "3\u202f454"), "utf-8")
    result = nbval(tmp_path)
    assert result.returncode == 1, result.stdout
    assert "PASSED untouched.ipynb::Cell 1" in result.stdout
    assert "FAILED tampered.ipynb::Cell 1" in result.stdout
    assert "1 failed, 3 passed" in result.stdout
