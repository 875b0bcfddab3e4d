"""How long the pipeline takes on the demo: cold, unchanged, and with one notebook changed.

    python benchmarks/pipeline.py [--runs 5] [--skip-cold]

Works in a copy of the checkout, in a scratch folder. The no-op is printed as a ratio to the no-op of an
empty DVC pipeline in the same run; beside it that of a pipeline of the same stages, dependencies and outputs, each a
file of one line: what DVC itself takes for so many.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import yaml
from copying import copied

from analysis.publishing.stages import stages

MADE = (".dvc/cache", "data/raw/demo", "data/processed/demo", "reports/demo", "dvc.lock")  # by the pipeline
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


def pipeline(root: Path, stages: dict[str, dict]) -> Path:
    """A DVC project of `stages`, each dependency that none makes a file of one line; all have already run."""
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc" / "config").write_text(CONFIG)
    made = {out for stage in stages.values() for out in stage["outs"]}
    for name in {dep for stage in stages.values() for dep in stage["deps"]} - made:
        (root / name).write_text("x\n")
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    seconds(root, "repro", "--quiet")
    return root


def stage(deps: Iterable[str], outs: Iterable[str]) -> dict:
    """A stage that writes a line to each of its outputs."""
    names = sorted(outs)
    return {"cmd": " && ".join(f"echo {name} > {name}" for name in names), "deps": sorted(deps), "outs": names}


def hollow(declared: dict[str, dict]) -> dict[str, dict]:
    """The stages of `dvc.yaml` with as many dependencies and outputs, in which every file and folder is one line."""
    outs = {
        name: [next(iter(out)) if isinstance(out, dict) else out for out in stage["outs"]]
        for name, stage in declared.items()
    }
    made = [out for found in outs.values() for out in found]

    def line(path: str) -> str:
        """The file that stands for `path`: for a part of what a stage makes, that of the whole."""
        whole = next((out for out in made if Path(path).is_relative_to(out)), path)
        return whole.replace("/", "-")

    return {
        name.replace("@", "-"): stage({line(path) for path in found["deps"]}, {line(path) for path in outs[name]})
        for name, found in declared.items()
    }


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
        empty = pipeline(Path(scratch) / "empty", {"only": stage(["in"], ["out"])})
        shaped = pipeline(Path(scratch) / "shaped", hollow(stages(root / "dvc.yaml", "demo")))
        least, hollows, ours = ([] for _ in range(3))
        for _ in range(options.runs):
            for project, times in ((empty, least), (shaped, hollows), (root, ours)):
                times.append(seconds(project, "repro", "--quiet"))
        print(f"no-op dvc repro, medians of {options.runs} rounds; empty pipeline: {statistics.median(least):.2f} s")
        for name, times in (("this pipeline", ours), ("as many stages, dependencies and outputs of one line", hollows)):
            ratio = statistics.median(a / b for a, b in zip(times, least, strict=True))
            print(f"  {name}: {statistics.median(times):.2f} s, ratio {ratio:.2f}")
        notebook = root / "notebooks" / "quality.ipynb"
        text = notebook.read_text(encoding="utf-8")
        changed = []
        for run in range(min(options.runs, 3)):
            notebook.write_text(text.replace("## L'essentiel", f"## L'essentiel {run}"), encoding="utf-8")
            changed.append(seconds(root, "repro", "--quiet"))
        print(f"one notebook changed: {statistics.median(changed):.1f} s (median of {len(changed)}), one page made")


if __name__ == "__main__":
    main()
