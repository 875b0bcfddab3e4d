"""Pages per minute: the stage of the project against a loop of the `papermill` and `nbconvert` commands.

    python benchmarks/pages.py [--every 10] [--dataset demo]

All the pages of the site, of which the commands make one in `--every`, taken evenly from the list: pages a minute are
compared, in one run. The loop does what a user of the two commands would: execute, convert without code, page
after page. Ours is `report` with its checks (parameters, contents, typography), nothing kept from before, its start
counted. Then what a change costs: one sentence of a notebook, and one row of a protected table that one sheet reads.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from copying import copied

from analysis.core.dataset import load_dataset
from analysis.core.files import read_table, write_table
from analysis.core.params import load_params
from analysis.core.paths import ROOT_VARIABLE, notebooks_dir, pages_dir, protected_dir
from analysis.publishing import report as reporting
from analysis.publishing.page import SHEET, pages_of

GOAL = 9.0


def by_commands(jobs: list[tuple[str, dict]], folder: Path) -> float:
    """Seconds of the loop of commands."""
    bin_dir = Path(sys.executable).parent
    start = time.perf_counter()
    for number, (notebook, parameters) in enumerate(jobs):
        made = folder / f"{number}.ipynb"
        words = [
            x for name, value in parameters.items() for x in ("-r" if name != "edition" else "-p", name, str(value))
        ]
        execute = [str(bin_dir / "papermill"), str(notebooks_dir() / f"{notebook}.ipynb"), str(made), *words]
        convert = [str(bin_dir / "jupyter-nbconvert"), "--to", "html", "--no-input", str(made)]
        for command in (execute, convert):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    return time.perf_counter() - start


def by_pool(jobs: list[tuple[str, dict]]) -> float:
    """Seconds of the project's own workers, which stop at the end."""
    start = time.perf_counter()
    with reporting.page_workers(len(jobs)) as pool:
        list(pool.map(reporting.make, jobs))
    return time.perf_counter() - start


def changes(dataset: str, root: Path) -> None:
    """Print how many pages are made again, and how long it takes, after small changes."""

    def timed(label: str) -> None:
        start = time.perf_counter()
        made = reporting.report(dataset, [SHEET])
        print(f"{label}: {made} pages made in {time.perf_counter() - start:.1f} s", flush=True)

    shutil.rmtree(pages_dir(dataset), ignore_errors=True)
    timed("all sheets")
    timed("nothing changed")
    path = protected_dir(dataset) / "facilitators" / "annuaire.parquet"
    rows = read_table(path)
    first = rows["epci_siren"] == rows["epci_siren"].iloc[0]
    write_table(rows.assign(commune=rows["commune"].mask(first, "Ailleurs")), path)
    timed("the directory of one intercommunalité changed")
    notebook = root / "notebooks" / f"{SHEET}.ipynb"
    notebook.write_text(notebook.read_text("utf-8").replace("## Qui appeler", "## À qui parler"), "utf-8")
    timed("one sentence of the notebook changed")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--every", type=int, default=10, help="the commands make one page in so many")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-changes", action="store_true", help="only the comparison")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        processed = f"data/processed/{options.dataset}"
        made = [f"{processed}/{layer}" for layer in ("clean", "results", "classified", "pages")]
        root = copied(Path(name), [".dvc/cache", "tests", "reports", *made])
        os.environ[ROOT_VARIABLE] = str(root)
        described = load_dataset(options.dataset)
        asked = load_params().publishing.pages
        jobs = [(name, job) for name in asked for job in pages_of(name, described).values()]
        sample = jobs[:: options.every]
        ratios = []
        for run in range(options.runs):
            loop, pool = 60 * len(sample) / by_commands(sample, Path(name)), 60 * len(jobs) / by_pool(jobs)
            ratios.append(pool / loop)
            print(
                f"run {run + 1}: commands {loop:.1f} pages a minute ({len(sample)} pages), "
                f"stage {pool:.1f} ({len(jobs)} pages), ratio {pool / loop:.1f}",
                flush=True,
            )
        print(f"ratio {statistics.median(ratios):.1f} (median of {options.runs}; goal {GOAL:.0f})")
        if not options.no_changes:
            changes(options.dataset, root)


if __name__ == "__main__":
    main()
