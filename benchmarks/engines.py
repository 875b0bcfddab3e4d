"""The states of the clause by segment x EPCI x year on both engines, at 3 and 20 million contracts.

    python benchmarks/engines.py [--rows 3000000 20000000]

The files hold the columns of clean contracts that the queries read, drawn evenly (codes of segments, EPCI and buyers
from the reference tables, a seed in the hash). Each engine runs in a process of its own, imports and start included,
and must find the same table. Spark is left out, with a sentence, where it cannot run.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import duckdb
from national import measure

from analysis.core.paths import project_root, reference_dir
from analysis.segments.contracts import missing_for_spark

CONTRACTS = """
CREATE TABLE cpv AS SELECT row_number() OVER (ORDER BY prefixe_cpv) - 1 AS n, rpad(prefixe_cpv, 8, '0') AS code
    FROM read_csv('{reference}/nomenclatures/segments_cpv.csv', all_varchar = true);
CREATE TABLE epci AS SELECT row_number() OVER (ORDER BY epci_siren) - 1 AS n, epci_siren, departement
    FROM read_csv('{reference}/territoire/epci.csv', all_varchar = true);
CREATE TABLE statuts AS SELECT row_number() OVER (ORDER BY code) - 1 AS n, code
    FROM read_csv('{reference}/nomenclatures/statuts_sociaux.csv', all_varchar = true);
SET preserve_insertion_order = false;
COPY (
    SELECT (20000000000000 + i % 60000)::VARCHAR AS acheteur_id, acheteur_id || 'M' || i AS uid,
        cpv.code AS "codeCPV", (hash(i, 4) % 100000000)::DOUBLE / 100 AS montant,
        2018 + (hash(i, 5) % 8)::BIGINT AS annee,
        epci.epci_siren, epci.departement, statuts.code AS statut_social
    FROM range({rows}) t(i)
    JOIN cpv ON cpv.n = hash(i, 1) % {cpv} JOIN epci ON epci.n = hash(i, 2) % {epci}
    JOIN statuts ON statuts.n = hash(i, 3) % {statuts}
) TO '{file}' (FORMAT parquet, COMPRESSION zstd)
"""
QUERY = """
from pathlib import Path
import pandas as pd
from analysis.segments.contracts import inside, open_contracts, states, with_segment
contracts = inside(open_contracts(Path('{file}'), '{engine}'), ['02', '59', '60', '62', '80'])
table = states(with_segment(contracts), ['annee', 'segment', 'epci_siren'], pd.Series(dtype='float64')).to_pandas()
table = table.sort_values(['annee', 'segment', 'epci_siren'], ignore_index=True)
table.astype({{name: 'str' for name in ('segment', 'epci_siren')}}).to_csv('{file}.{engine}.csv', index=False)
"""
# Spark works in a Java process, whose peak is not ours: it is asked for before the end.
JAVA = """
from pyspark import SparkContext
status = Path(f'/proc/{{SparkContext._gateway.proc.pid}}/status').read_text()
peak = next(line.split()[1] for line in status.splitlines() if line.startswith('VmHWM'))
Path('{file}.java').write_text(peak)
"""


def generate(file: Path, rows: int) -> None:
    """`rows` contracts in the columns that the queries read."""
    with duckdb.connect() as con:
        *tables, copy = CONTRACTS.split("SET ")
        con.execute(tables[0].format(reference=reference_dir()))
        sizes = {
            name: con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in ("cpv", "epci", "statuts")
        }
        con.execute(("SET " + copy).format(rows=rows, file=file, **sizes))


def same_table(one: Path, other: Path) -> bool:
    """Whether two CSV tables say the same, but for the order in which engines add up amounts."""
    import pandas as pd

    try:
        pd.testing.assert_frame_equal(pd.read_csv(one), pd.read_csv(other), rtol=1e-9)
    except AssertionError as difference:
        print(difference)
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[3_000_000, 20_000_000])
    parser.add_argument("--scratch", type=Path, help="folder for the files (1 GB); a temporary one without")
    options = parser.parse_args()
    os.chdir(project_root())
    missing = missing_for_spark()
    if missing:
        print(f"Spark is left out: {missing}.")
    for rows in options.rows:
        with tempfile.TemporaryDirectory(dir=options.scratch) as name:
            file = Path(name) / "contracts.parquet"
            measure(
                f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
                f"from pathlib import Path; from engines import generate; generate(Path({str(file)!r}), {rows})"
            )
            print(f"{rows:,} contracts, {file.stat().st_size / 1e6:.0f} MB")
            seconds, peak, _ = measure(QUERY.format(file=file, engine="duckdb"))
            print(f"  duckdb {seconds:6.1f} s  peak {peak:5.0f} MB", flush=True)
            if missing:
                continue
            slower, peak, _ = measure((QUERY + JAVA).format(file=file, engine="spark"))
            java = int(Path(f"{file}.java").read_text()) / 1024
            same = same_table(Path(f"{file}.duckdb.csv"), Path(f"{file}.spark.csv"))
            print(
                f"  spark  {slower:6.1f} s  peak {peak + java:5.0f} MB  {slower / seconds:.1f} times DuckDB's time; "
                f"{'the same table' if same else 'ANOTHER TABLE'}",
                flush=True,
            )


if __name__ == "__main__":
    main()
