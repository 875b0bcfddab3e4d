"""How long the pipeline takes on the demo: cold, unchanged, and with one notebook changed.

    python benchmarks/pipeline.py [--runs 5] [--skip-cold]

Works in a copy of the checkout, in a scratch folder. The no-op is printed as a ratio to the no-op of an
empty DVC pipeline in the same run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from copying import copied

MADE = ("data/raw/demo", "data/processed/demo", "reports/demo", "dvc.lock")  # by the pipeline
DVC = [sys.executable, "-m", "dvc"]
CONFIG = "[core]\n    no_scm = true\n    analytics = false\n    check_update = false\n"


def seconds(root: Path, *words: str) -> float:
    """The time of one DVC command in `root`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    environment.pop("ANALYSIS_ROOT", None)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles DVC anew at each call
    start = time.perf_counter()
    subprocess.run([*DVC, *words], cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def empty_pipeline(root: Path) -> Path:
    """A DVC project with one stage that has already run: the least a no-op can cost."""
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc" / "config").write_text(CONFIG)
    (root / "in.txt").write_text("x\n")
    (root / "dvc.yaml").write_text(
        "stages:\n  copy:\n    cmd: cp in.txt out.txt\n    deps: [in.txt]\n    outs: [out.txt]\n"
    )
    seconds(root, "repro", "--quiet")
    return root


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="runs of each short command")
    parser.add_argument("--skip-cold", action="store_true", help="start from what the checkout already made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = copied(Path(scratch), () if options.skip_cold else MADE)
        if options.skip_cold:
            seconds(root, "repro", "--quiet")
        else:
            print(f"cold dvc repro: {seconds(root, 'repro', '--quiet'):.0f} s")
        empty = empty_pipeline(Path(scratch) / "empty")
        ours, least = [], []
        for _ in range(options.runs):
            least.append(seconds(empty, "repro", "--quiet"))
            ours.append(seconds(root, "repro", "--quiet"))
        ratio = statistics.median(a / b for a, b in zip(ours, least, strict=True))
        print(
            f"no-op dvc repro: {statistics.median(ours):.2f} s, empty pipeline {statistics.median(least):.2f} s, "
            f"ratio {ratio:.2f} (median of {options.runs} pairs)"
        )
        notebook = root / "notebooks" / "quality.ipynb"
        text = notebook.read_text(encoding="utf-8")
        changed = []
        for run in range(min(options.runs, 3)):
            notebook.write_text(text.replace("## L'essentiel", f"## L'essentiel {run}"), encoding="utf-8")
            changed.append(seconds(root, "repro", "--quiet"))
        print(f"one notebook changed: {statistics.median(changed):.1f} s (median of {len(changed)}), one page made")


if __name__ == "__main__":
    main()
