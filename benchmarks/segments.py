"""How often the segment of a contract is right: told from its object and CPV, beside the CPV alone, against the truth.

    python benchmarks/segments.py

The demo's truth is read here only. The same is told without its audited contracts, and with fewer of them. Then the
totals by year and segment are corrected by audits drawn again and again: how often their interval holds the true total,
how far they are from it, beside the totals as told.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.core.params import load_params
from analysis.core.paths import clean_dir, raw_dir
from analysis.segments.contracts import open_contracts, with_segment
from analysis.segments.telling.audit import FILE, corrected, load_audits
from analysis.segments.telling.stage import classified

AUDITED = (0, 100, 300, 1000)  # contracts read by analysts
READ, TIMES = (200, 1000, 3000), 40  # contracts read anew to correct totals, how often


def main() -> None:
    """Run and print."""
    path = clean_dir("demo", "decp") / "marches.parquet"
    truth = Path(raw_dir("demo") / "verite" / "marches_statut.csv")
    if not (path.is_file() and truth.is_file()):
        sys.exit("run `dvc repro` first: the demo's clean contracts and its truth are needed")
    rows = with_segment(open_contracts(path)).rename(segment_cpv="segment")
    contracts = rows.select("uid", "objet", "acheteur_id", "segment_cpv", "annee").to_pandas().sort_values("uid")
    contracts = contracts.reset_index(drop=True)
    true = contracts["uid"].map(pd.read_csv(truth).set_index("uid")["segment_vrai"])
    base = float(contracts["segment_cpv"].eq(true).mean())
    print(f"CPV alone: {100 * base:.1f} % of {len(contracts)} contracts right (baseline)", flush=True)
    audits = load_audits(raw_dir("demo") / "decisions" / FILE)
    for count in AUDITED:
        start = time.perf_counter()
        read = audits.sample(min(count, len(audits)), random_state=0)
        table, *_ = classified(contracts, read, load_params().segments.classifier)
        right = float(table["segment"].eq(true).mean())
        silent = float(table["segment_source"].eq("abstention").mean())
        print(
            f"{len(read)} audited: {100 * right:.1f} % right, wrong {(1 - right) / (1 - base):.2f} times as often, "
            f"{100 * silent:.1f} % untold, {time.perf_counter() - start:.0f} s",
            flush=True,
        )
        if count in (AUDITED[0], AUDITED[-1]):
            totals(table.assign(vrai=true, edition=contracts["annee"]))


def totals(told: pd.DataFrame) -> None:
    """Corrected totals of what was `told` (segment, segment_p, segment_source, vrai, edition) without being read."""
    told = told[told["segment_source"].ne("audit")].dropna(subset=["edition", "vrai"])
    key = ["edition", "segment"]
    counts = told.groupby(key).size().rename("marches").reset_index()
    real = told.groupby(["edition", "vrai"]).size().rename_axis(key).rename("vrai")
    for size in READ:
        found = []
        for seed in range(TIMES):
            read = told.sample(size, random_state=seed).rename(columns={"segment": "segment_attribue"})
            audit = read.assign(segment_audite=read["vrai"], poids=len(told) / size)
            rows = corrected(counts, audit, ["edition"]).merge(real.reset_index(), on=key, how="left")
            rows = rows.fillna({"vrai": 0})
            held = rows["vrai"].between(rows["marches_corriges_bas"], rows["marches_corriges_haut"])
            off = [(rows[name] - rows["vrai"]).abs().mean() for name in ("marches_corriges", "marches")]
            found.append([held.mean(), *off])
        share, error, raw = np.mean(found, axis=0)
        print(
            f"  {size} read: 80 % interval holds {share:.1%} of the totals by year, "
            f"mean error {error:.1f} contracts, {raw:.1f} as told",
            flush=True,
        )


if __name__ == "__main__":
    main()
