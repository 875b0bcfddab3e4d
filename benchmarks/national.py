"""The national file's size: ingestion, the tables by segment and EPCI, and how both grow.

    python benchmarks/national.py                      # 3.1 million rows, then 0.1, 0.3 and 1 million
    python benchmarks/national.py --rows 310000 --no-growth

Each measure is a process of its own, from its start to its end, imports included. Growth is of processor seconds, which
whoever else uses the machine changes less than the time. The file is in the consolidated
tabular format, one row per contract x holder x modification, and is made from the clean contracts of a dataset
(`--dataset`), as they were received: every contract is repeated with

- an identifier, an object, a day (within three weeks) and an amount (within a tenth) of its own; one in fifty takes
  the identifier of the contract before it, as buyers do;
- a buyer and holders of their own: digits of the SIRET change places so that its key stays right;
- as many holders as `HOLDERS` says, drawn from the dataset's, and the modifications that it has.

Places are the dataset's, so that all of them are looked up, where most of a real national file lies elsewhere.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import duckdb

from analysis.core import reference
from analysis.core.paths import clean_dir, project_root

ROWS, CONTRACTS = 3_100_000, 1_700_000  # of the national file
CLEANER = 6_500  # rows per second of the open-source cleaner of the same file, known, not measured here
GOALS = {"seconds": 120.0, "megabytes": 2_000.0, "tables_s": 5.0, "faster": 10.0}
GROWTH = (100_000, 300_000, 1_000_000)

# Holders of a contract and the part of contracts that have up to as many, from 5,180 contracts of a half-year.
HOLDERS = {1: 0.7434, 2: 0.8836, 3: 0.9294, 4: 0.9609, 5: 0.9717, 7: 0.9854, 10: 0.9935, 15: 0.9970, 40: 1.0}
BATCH = 20_000  # contracts written at once

RECEIVED = """
CREATE TABLE contrats AS SELECT row_number() OVER (ORDER BY hash(uid), uid) - 1 AS n, *
    FROM read_parquet('{clean}/marches.parquet');
CREATE TABLE titulaires AS SELECT row_number() OVER (ORDER BY uid, rang) - 1 AS n,
    titulaire_id, titulaire_type, titulaire_nom FROM read_parquet('{clean}/marches_titulaires.parquet');
CREATE TABLE changements AS FROM read_parquet('{clean}/marches_modifications.parquet');
CREATE MACRO chance(a, b, c) AS (hash(a, b, c) % 1000003) / 1000003;
-- The key weighs the digits of odd and of even rank: within either they may change places. The first stays, for it
-- says what kind of body this is.
CREATE MACRO autre(siret, k) AS CASE WHEN k = 0 OR NOT regexp_full_match(siret, '\\d{{14}}') THEN siret ELSE
    list_aggregate(list_transform(range(1, 15), lambda i: siret[CASE
        WHEN i = 1 THEN 1
        WHEN i % 2 = 1 THEN 3 + ((i - 3) // 2 + k) % 6 * 2
        ELSE 2 + ((i - 2) // 2 + k // 6) % 7 * 2 END]), 'string_agg', '') END;
"""
# The contracts of ranks {first} to {last}, excluded, of the copy {copy}.
BLOCK = """
WITH mine AS (
    SELECT *, autre(acheteur_id, {copy}) AS acheteur,
        id || CASE WHEN {copy} > 0 THEN '-{copy}' ELSE '' END AS propre,
        (chance(uid, {copy}, 'jour') * 43)::INT - 21 AS decalage, 0.9 + 0.2 * chance(uid, {copy}, 'montant') AS facteur,
        list_filter({holders}, lambda h: h.part >= chance(uid, {copy}, 'titulaires'))[1].nombre AS nombre
    FROM contrats WHERE n >= {first} AND n < {last}
), repeated AS (
    SELECT *, CASE WHEN chance(uid, {copy}, 'identifiant') < 0.02 THEN coalesce(
        lag(propre) OVER (PARTITION BY acheteur ORDER BY n), propre) ELSE propre END AS identifiant FROM mine
), versions AS (
    SELECT uid, 0 AS numero, dateNotification_recue AS jour, datePublicationDonnees AS publication,
        montant_recu AS euros, dureeMois_recue AS mois, objet AS texte FROM mine
    UNION ALL SELECT uid, ordre, coalesce(c.date_recue, m.dateNotification_recue), c.datePublicationDonnees,
        coalesce(c.montant_recu, m.montant_recu), coalesce(c.dureeMois_recue, m.dureeMois_recue),
        coalesce(c.objet, m.objet)
    FROM changements c JOIN mine m USING (uid)
), held AS (
    SELECT mine.*, rang, hash(uid, {copy}, rang) % {all_holders} AS tenant
    FROM (SELECT *, unnest(range(nombre)) AS rang FROM repeated) mine
)
SELECT acheteur || identifiant AS uid, identifiant AS id, nature, acheteur AS acheteur_id, acheteur_nom,
    autre(titulaire_id, {copy}) AS titulaire_id, titulaire_type AS titulaire_typeIdentifiant, titulaire_nom,
    texte || ' - ' || propre AS objet,
    coalesce(round(try_cast(euros AS DOUBLE) * facteur, 2)::VARCHAR, euros) AS montant,
    codeCPV_recu AS "codeCPV", "procedure", techniques, mois AS "dureeMois", "offresRecues"::VARCHAR AS "offresRecues",
    coalesce((try_cast(jour AS DATE) + decalage)::VARCHAR, jour) AS "dateNotification",
    (publication + decalage)::VARCHAR AS "datePublicationDonnees", statut_social_recu AS "considerationsSociales",
    lieu_code_recu AS "lieuExecution_code", lieu_type_recu AS "lieuExecution_typeCode", lieu_nom AS "lieuExecution_nom",
    "idAccordCadre", departement AS acheteur_departement_code, numero::VARCHAR AS modification_id,
    (numero = max(numero) OVER (PARTITION BY mine.uid))::VARCHAR AS "donneesActuelles", source_fichier AS "sourceFile"
FROM held mine JOIN versions USING (uid) JOIN titulaires ON titulaires.n = tenant
ORDER BY mine.n, numero, rang
"""


def generate(path: Path, clean: Path, rows: int) -> tuple[int, int]:
    """A file of about `rows` rows in the tabular format from the clean tables in `clean`; its rows and contracts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    holders = "[" + ", ".join(f"{{'nombre': {n}, 'part': {part}}}" for n, part in HOLDERS.items()) + "]"
    with duckdb.connect() as con:
        con.execute(RECEIVED.format(clean=clean))
        [(known, all_holders)] = con.sql(
            "SELECT (SELECT count(*) FROM contrats), (SELECT count(*) FROM titulaires)"
        ).fetchall()
        left, written, copy, writer = round(rows * CONTRACTS / ROWS), 0, 0, None
        contracts = left
        while left:
            for first in range(0, min(known, left), BATCH):
                last = min(first + BATCH, known, left)
                values = {"copy": copy, "first": first, "last": last, "holders": holders, "all_holders": all_holders}
                block: pa.Table = con.sql(BLOCK.format(**values)).to_arrow_table()
                writer = writer or pq.ParquetWriter(path, block.schema, compression="zstd")
                writer.write_table(block)
                written += block.num_rows
            left, copy = left - min(known, left), copy + 1
        if writer:
            writer.close()
    return written, contracts


BARE = "import duckdb; duckdb.connect().execute(\"CREATE TABLE t AS FROM read_parquet('{file}')\").fetchall()"
INGEST = """
from pathlib import Path
from analysis.sources.decp import ingest_files
folder = Path('{folder}')
ingest_files([Path('{file}')], folder / 'marches.parquet', folder / 'qualite.parquet',
    holders=folder / 'marches_titulaires.parquet', modifications=folder / 'marches_modifications.parquet')
"""
# The stage `classify` reads texts, which is another matter: here the CPV tells the segment.
TOLD = """
import ibis
from pathlib import Path
from analysis.segments.contracts import open_contracts, with_segment
folder = Path('{folder}')
told = with_segment(open_contracts(folder / 'marches.parquet')).select('uid', 'segment')
told.mutate(segment_p=1.0, segment_source=ibis.literal('cpv')).to_parquet(folder / 'segments.parquet')
"""
TABLES = """
from pathlib import Path
import pandas as pd
from analysis.segments.buyers import with_buyer_kind
from analysis.segments.contracts import counted, inside, open_contracts, states
folder = Path('{folder}')
received = open_contracts(folder / 'marches.parquet')
contracts = with_buyer_kind(inside(received, {departements}), pd.Series(dtype='str'))
contracts = counted(contracts, folder / 'segments.parquet')
placed = contracts.filter(contracts.epci_siren.notnull())
for rows, by in ((placed, ['annee', 'segment', 'epci_siren']), (placed, ['annee', 'epci_siren']),
                 (contracts, ['annee', 'segment', 'departement']), (contracts, ['annee', 'categorie'])):
    table = states(rows, by, pd.Series(dtype='float64')).to_pandas()
    print(' x '.join(by), len(table), 'rows,', int(table['marches'].sum()), 'contracts')
"""


def measure(code: str, show: bool = False) -> tuple[float, float, float]:
    """Seconds, peak megabytes and cores kept busy by a Python process that runs `code`, from its start to its end."""
    start = time.perf_counter()
    silent = None if show else os.open(os.devnull, os.O_WRONLY)
    actions = [] if silent is None else [(os.POSIX_SPAWN_DUP2, silent, 1), (os.POSIX_SPAWN_DUP2, silent, 2)]
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    if silent is not None:
        os.close(silent)
    if status:
        raise SystemExit(f"a measured process failed:\n{code}")
    return seconds, used.ru_maxrss / 1024, (used.ru_utime + used.ru_stime) / seconds


def measured(rows: int, clean: Path, region: str, folder: Path, full: bool) -> tuple[int, float]:
    """Generate and measure a file of `rows` rows, printing it; its rows, the processor seconds of its ingestion."""
    file = folder / "national.parquet"
    start = time.perf_counter()
    # In a process of its own: one that is born of a large process begins with the peak of its parent.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        written, contracts = pool.submit(generate, file, clean, rows).result()
    made = time.perf_counter() - start
    values = {"file": file, "folder": folder, "departements": sorted(reference.departments(region)["code_departement"])}
    bare_s, bare_mb, _ = measure(BARE.format(**values))
    ingest_s, ingest_mb, ingest_cores = measure(INGEST.format(**values))
    measure(TOLD.format(**values))
    tables_s, tables_mb, tables_cores = measure(TABLES.format(**values), show=full)
    [(kept,)] = duckdb.sql(f"SELECT count(*) FROM read_parquet('{folder}/marches.parquet')").fetchall()
    print(f"{written:,} rows of {contracts:,} contracts, {file.stat().st_size / 1e6:.0f} MB, made in {made:.0f} s")
    print(f"  bare read  {bare_s:6.1f} s  peak {bare_mb:5.0f} MB")
    print(
        f"  ingestion  {ingest_s:6.1f} s  peak {ingest_mb:5.0f} MB  {written / ingest_s:,.0f} rows/s, "
        f"{kept:,} contracts kept, {ingest_s / bare_s:.1f} times the bare read, {ingest_cores:.1f} cores busy"
    )
    print(f"  tables     {tables_s:6.1f} s  peak {tables_mb:5.0f} MB  {tables_cores:.1f} cores busy", flush=True)
    if full:
        faster = written / ingest_s / CLEANER
        print(
            f"  goals: ingestion {ingest_s:.0f} s (at most {GOALS['seconds']:.0f}), {ingest_mb:.0f} MB "
            f"(at most {GOALS['megabytes']:.0f}), {faster:.1f} times the {CLEANER:,} rows/s known of the open-source "
            f"cleaner (at least {GOALS['faster']:.0f}); tables {tables_s:.1f} s (at most {GOALS['tables_s']:.0f})"
        )
    return written, ingest_s * ingest_cores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--dataset", default="demo", help="whose clean contracts are repeated (stage clean-decp done)")
    parser.add_argument("--region", default="32")
    parser.add_argument("--no-growth", action="store_true", help="this size only")
    parser.add_argument("--scratch", type=Path, help="folder for the files (2 GB); a temporary one without")
    options = parser.parse_args()
    clean = clean_dir(options.dataset, "decp")
    os.chdir(project_root())
    found = []
    sizes = [options.rows] if options.no_growth else [*(n for n in GROWTH if n < options.rows), options.rows]
    for rows in sizes:
        with tempfile.TemporaryDirectory(dir=options.scratch) as name:
            found.append(measured(rows, clean, options.region, Path(name), rows == options.rows))
    for (less, before), (more, after) in itertools.pairwise(found):
        times = (after / before) / (more / less)
        print(f"growth {less:,} -> {more:,} rows: {after / before:.1f} times the work, {times:.2f} of linear")
    if len(found) > 2:
        # Between the ends, what does not depend on the size (imports, reference tables) cancels out.
        (a, at_a), (b, at_b), (c, at_c) = found[0], found[-2], found[-1]
        print(
            f"processor seconds per million rows: {(at_b - at_a) / (b - a) * 1e6:.1f}, "
            f"then {(at_c - at_b) / (c - b) * 1e6:.1f}"
        )


if __name__ == "__main__":
    main()
