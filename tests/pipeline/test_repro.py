"""What `dvc repro` does: only what changed, nothing lost when it is cut, anywhere it is unpacked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from checkout import CHECKOUT

DVC = [sys.executable, "-m", "dvc"]


def run(root: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [*DVC, *words]
    return subprocess.run(command, cwd=root, env=environment(root), capture_output=True, text=True, check=check)


def environment(root: Path) -> dict[str, str]:
    """That of a project unpacked at `root`, which runs its own code."""
    known = {name: value for name, value in os.environ.items() if name != "ANALYSIS_ROOT"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return known | {"PATH": path, "PYTHONPATH": str(root / "src")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, demo: Path) -> Path:
    """A copy of the checkout and of what the pipeline made there, in a plain folder without git."""
    root = tmp_path_factory.mktemp("copy") / "project"
    unwanted = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".mypy_cache", ".pytest_cache", "cache", "tmp")
    shutil.copytree(demo, root, ignore=unwanted)
    return root


def stale(root: Path) -> set[str]:
    """The stages whose own inputs changed (what only waits for them is not counted)."""
    status = json.loads(run(root, "status", "--json").stdout)
    changed = set()
    for name, reasons in status.items():
        kinds = {kind for reason in reasons if isinstance(reason, dict) for kind in reason}
        if kinds & {"changed deps", "changed command"}:
            changed.add(name.removeprefix("dvc.yaml:"))
    return changed


def test_a_copy_without_git_is_up_to_date(built: Path) -> None:
    assert stale(built) == set()


METHOD = {"site@demo"}  # its page on method says the settings and the rules
SAID = {"feedback@demo", "quality@demo"}  # their sentences say the thresholds
HIDING = {"segments@demo", "buyer@demo"}  # of no segment, and of no sheet, whose hours a rule hides
# Sheets of typed purchases, which their notebook may make, are made of the same modules as those of the stage.
SHEETS = {*HIDING, "report@demo"}
DOUBLES = {"consolidation@demo", "facilitators@demo", "segments@demo"}
LINKING = {*SHEETS, *DOUBLES, "clean-exports@demo"}


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("notebooks/segments.ipynb", "## Où ?", "## Où donc ?", {"report@demo"}),
        ("src/analysis/quality/views/__init__.py", "Aucun fichier", "Nul fichier", {"report@demo"}),
        ("src/analysis/facilitators/tables.py", "", "\n# changed\n", {"facilitators@demo"}),
        ("src/analysis/publishing/templates/style.css", "body", "body ", {"report@demo", "site@demo"}),
        ("src/analysis/checking/scan.py", "", "\n# changed\n", {"site@demo"}),
        ("src/analysis/disclosure/primary.py", "Primary", "The primary", {"protect@demo", *SHEETS}),
        ("src/analysis/sources/decp/cleaning.py", "", "\n# changed\n", {"clean-decp@demo"}),
        ("src/analysis/fellegi_sunter.py", "", "\n# changed\n", LINKING),
        ("params.yaml", "rows_shown: 12", "rows_shown: 11", {"report@demo"}),
        ("params.yaml", "max_month_hours: 300", "max_month_hours: 310", {"clean-exports@demo", *SAID, *METHOD}),
        ("data/raw/reference/retour.csv", "Comment lire", "Lire", {"feedback@demo"}),
        ("data/raw/reference/secret/regles.csv", "min,5,", "min,6,", {"protect@demo", *SHEETS, *METHOD}),
        ("data/raw/demo/decisions/doublons_operations.csv", "", "\n", DOUBLES),
        ("data/raw/demo/decisions/doublons_personnes.csv", "", "\n", {"consolidation@demo", "segments@demo"}),
        ("README.md", "", "\nmore\n", set()),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" in value else "",
)  # fmt: skip
def test_a_change_makes_exactly_the_right_stages_stale(
    built: Path, path: str, old: str, new: str, expected: set[str]
) -> None:
    target = built / path
    before = target.read_text(encoding="utf-8")
    target.write_text(before.replace(old, new, 1) if old in before and old else before + new, encoding="utf-8")
    try:
        assert target.read_text(encoding="utf-8") != before
        assert stale(built) == expected
    finally:
        target.write_text(before, encoding="utf-8")


def test_a_stage_that_is_killed_is_finished_by_the_next_run(built: Path) -> None:
    published = built / "reports" / "demo" / "quality"
    pages = {path.name: path.read_bytes() for path in published.iterdir()}
    notebook = built / "notebooks" / "quality.ipynb"
    before = notebook.read_text(encoding="utf-8")
    notebook.write_text(before.replace("## L'essentiel", "## En bref"), encoding="utf-8")
    command = [*DVC, "repro", "--single-item", "report@demo"]
    running = subprocess.Popen(
        command, cwd=built, env=environment(built), start_new_session=True,
        stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stdout is not None
    for line in running.stdout:
        if "à faire" in line:
            break
    time.sleep(1)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert not (published / "2025-32.html").exists(), "a page that was cut must not look finished"
    run(built, "repro", "--single-item", "report@demo")
    assert "En bref" in (published / "2025-32.html").read_text(encoding="utf-8")
    notebook.write_text(before, encoding="utf-8")
    run(built, "repro", "--single-item", "report@demo")
    assert {path.name: path.read_bytes() for path in published.iterdir()} == pages, "not the same bytes"


def test_a_typing_error_in_params_stops_with_one_sentence(built: Path) -> None:
    params = built / "params.yaml"
    before = params.read_text(encoding="utf-8")
    params.write_text(before.replace("max_month_hours", "max_month_hour"), encoding="utf-8")
    try:
        done = subprocess.run(
            [Path(sys.executable).parent / "analysis", "clean", "exports", "demo"],
            cwd=built, env=environment(built), capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        params.write_text(before, encoding="utf-8")
    assert done.returncode == 2
    assert done.stderr.startswith("Erreur : params.yaml, ligne ") and "Traceback" not in done.stderr


def made_data(lock: str) -> dict[str, str]:
    """The hash of each table of the demo (pages hold pictures, whose bytes depend on the machine's fonts)."""
    stages = yaml.safe_load(lock)["stages"].values()
    outs = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", [])}
    return {path: md5 for path, md5 in outs.items() if path.startswith("data/") and "/demo" in path}


def test_the_committed_lock_is_the_one_this_machine_makes(demo: Path) -> None:
    tracked = subprocess.run(
        ["git", "show", "HEAD:dvc.lock"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("not in a git checkout with a committed dvc.lock")
    made = made_data((demo / "dvc.lock").read_text(encoding="utf-8"))
    assert len(made) > 10
    assert made == made_data(tracked.stdout), "same code, other tables; or dvc.lock is still to be committed"
