"""How the consolidation grows: time and memory of its stage on the demo, and on several times the demo.

    python benchmarks/consolidation.py [--times 10]

Each copy of the demo's clean tables has structures, operations, persons, employers, companies and buyers of its own,
dates moved by a few days, planned hours and labels of its own, so that copies are not duplicates of one another. The
baseline is the demo itself in the same run; the goal is no more than linear growth, under 60 s and 2 GB at ten times.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

CHECKOUT = Path(__file__).resolve().parents[1]
OWN = ("structure_id", "op_id", "eng_id", "ctr_id", "ben_id")  # identifiers that a copy has for itself
SIRETS = ("maitre_ouvrage_siret", "entreprise_siret", "employeur_siret")


def copy_of(table: pd.DataFrame, number: int) -> pd.DataFrame:
    """The `number`th copy of a clean table; copy 0 is the table itself."""
    if number == 0:
        return table
    out = table.copy()
    for column in out.columns:
        if column in OWN:
            out[column] = f"{number}" + out[column]
        elif column in SIRETS:
            # Any other number: two that differ by one digit would pass for one misspelt.
            drawn = pd.util.hash_pandas_object(out[column] + f"{number}", index=False) % 10**14
            out[column] = drawn.astype("str").str.zfill(14).where(out[column].notna())
        elif column == "heures_prevues" and "op_id" in out:
            share = 0.5 + pd.util.hash_pandas_object(out["op_id"], index=False) % 1000 / 1000
            out[column] = (out[column] * share).round()
        elif column in ("date_debut", "date_fin"):
            # By operation or contract, the same in every year it appears.
            key = out["op_id" if "op_id" in out else "ctr_id"] if {"op_id", "ctr_id"} & set(out) else None
            if key is not None:
                days = pd.util.hash_pandas_object(key, index=False).to_numpy() % 28
                out[column] = out[column] + pd.to_timedelta(days, unit="D")
        elif column == "libelle":
            shuffled = np.random.default_rng(number).permutation(len(out))
            out[column] = out[column].to_numpy()[shuffled]
    return out


def project(root: Path, times: int) -> Path:
    """A project whose demo has `times` copies of the clean tables."""
    for name in ("data/raw/reference", "src"):
        shutil.copytree(CHECKOUT / name, root / name)
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(CHECKOUT / name, root / name)
    raw = root / "data" / "raw" / "demo"
    shutil.copytree(CHECKOUT / "data/raw/demo/decisions", raw / "decisions")
    shutil.copy(CHECKOUT / "data/raw/demo/dataset.yaml", raw)
    for source in ("exports", "inventory"):
        out = root / "data/processed/demo/clean" / source
        out.mkdir(parents=True)
        for path in sorted((CHECKOUT / "data/processed/demo/clean" / source).glob("*.parquet")):
            table = pd.read_parquet(path)
            copies = [copy_of(table, number) for number in range(times)]
            pd.concat(copies, ignore_index=True).to_parquet(out / path.name, index=False)
    return root


def measure(root: Path) -> tuple[float, float, float]:
    """Seconds, seconds of processor and peak memory (GB) of the consolidation's stage in `root`."""
    environment = {**os.environ, "ANALYSIS_ROOT": str(root), "PYTHONPATH": str(root / "src")}
    command = [sys.executable, "-m", "analysis.cli", "analyse", "consolidation", "demo"]
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, cwd=root)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"the stage failed in {root}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10, help="copies of the demo")
    options = parser.parse_args()
    if not (CHECKOUT / "data/processed/demo/clean/exports").is_dir():
        sys.exit("run `dvc repro` first: the demo's clean tables are the baseline")
    figures = {}
    for times in (1, options.times):
        with tempfile.TemporaryDirectory() as scratch:
            root = project(Path(scratch) / "project", times)
            persons = pd.read_parquet(root / "data/processed/demo/clean/exports/beneficiaires.parquet")
            by_year = persons.groupby("annee")["ben_id"].nunique()
            structures = persons["structure_id"].nunique()
            figures[times] = measure(root)
        seconds, processor, memory = figures[times]
        print(
            f"x{times}: {structures} structures, {by_year.mean():.0f} persons a year on average of {len(by_year)} "
            f"editions ({by_year.iloc[-1]} in the latest), {seconds:.1f} s, "
            f"{processor:.1f} s of processor, {memory:.2f} GB",
            flush=True,
        )
    time_ratio, processor, memory = (
        large / small for large, small in zip(figures[options.times], figures[1], strict=True)
    )
    print(
        f"x{options.times} over x1: time {time_ratio:.1f}, processor {processor:.1f}, memory {memory:.1f} "
        f"(linear: {options.times})"
    )


if __name__ == "__main__":
    main()
