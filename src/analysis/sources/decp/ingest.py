"""DECP files to tables on disk: staging, then each cleaning step computed once, then the sorted outputs."""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import duckdb

from analysis.core.files import finished, received_files
from analysis.core.numbers import number_of
from analysis.core.params import DecpParams, load_params
from analysis.core.paths import clean_dir, quality_dir, raw_dir, reference_dir
from analysis.core.personal import MASKED, PERHAPS, looks_personal, public, without_traces
from analysis.core.quality_rules import catalogue
from analysis.core.texts import QUOTED
from analysis.sources import tally
from analysis.sources.decp import cleaning, layout, plan, staging, staging_json, staging_tabular

_CHECKED_ROWS = 20_000
NOTES = (".md", ".dvc")  # what explains a folder, what DVC keeps beside an import
# The quickest level: a sixth larger than the usual one, and a sixth of the time to write less.
_PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"


def ingest_files(
    files: list[Path],
    out: Path,
    quality: Path,
    *,
    holders: Path | None = None,
    modifications: Path | None = None,
    observed_on: dt.date | None = None,
    validate: bool = False,
) -> None:
    """Contracts of DECP files, in any mix of formats and any order, into `out` (parquet, one row per contract).

    What was wrong goes to `quality`, holders and modifications to their own tables if asked. No date may be
    more than a day after `observed_on`; without it, after the last publication in its own file. `validate` holds
    the tables against their schemas, which costs the import of pandas and pandera.
    Raises DataError, one French sentence, when a file cannot be used; then nothing is written.
    """
    named = [layout.recognise(path, label) for path, label in layout.labels(files).items()]
    targets = {"marches": out, "qualite": quality}
    targets |= {"marches_titulaires": holders} if holders else {}
    targets |= {"marches_modifications": modifications} if modifications else {}
    _run(named, targets, load_params().decp, observed_on, validate)


def build(dataset: str) -> None:
    """The DECP files of a dataset into its clean tables and its quality rows (empty ones without files)."""
    from analysis.core.dataset import load_dataset

    folder = raw_dir(dataset) / "decp"
    clean = clean_dir(dataset, "decp")
    files = [path for path in received_files(folder) if path.suffix not in NOTES]
    ingest_files(
        files,
        clean / "marches.parquet",
        quality_dir(dataset) / "decp.parquet",
        holders=clean / "marches_titulaires.parquet",
        modifications=clean / "marches_modifications.parquet",
        observed_on=load_dataset(dataset).date_observation,
        validate=True,
    )


def _run(
    layouts: list[layout.Layout],
    targets: dict[str, Path],
    params: DecpParams,
    observed_on: dt.date | None,
    validate: bool,
) -> None:
    with tempfile.TemporaryDirectory(prefix="decp-") as name:
        scratch = Path(name)
        records_only = all(found.spans for found in layouts)
        raw = staging.open_engine(scratch, params.memory_mb if records_only else params.tabular_memory_mb)
        with ThreadPoolExecutor(1) as beside:
            # To write the queries takes a second, which need not come after the files are read.
            steps = beside.submit(plan.plan, _rules(raw, params, observed_on))
            _stage(raw, layouts, scratch)
        _clean(raw, layouts, scratch, steps.result())
        _mask(raw)
        with ExitStack() as stack:
            for table in plan.OUTPUTS:
                if table not in targets:
                    continue
                _write(raw, table, stack.enter_context(finished(targets[table])))
                if validate:
                    _validate(raw, table)
                raw.execute(f"DROP {'VIEW' if table in plan.VIEWS else 'TABLE'} {table}")
        _tell(raw, layouts, targets)


def _stage(con: duckdb.DuckDBPyConnection, layouts: list[layout.Layout], scratch: Path) -> None:
    """Read every file into the staging tables, one line of progress each on stderr."""
    of_tables = []
    for number, found in enumerate(layouts):
        first = staging.first_doc(number)
        if found.spans:
            count = staging_json.stage(con, found, first, scratch)
        else:
            count, contracts = staging_tabular.stage(con, found, first, scratch)
            of_tables.append(contracts)
        kind = "DECP tabulaire" if found.format == "tabulaire" else f"DECP {found.format}"
        print(f"{found.label} : {number_of(count, 'enregistrement')} ({kind})", file=sys.stderr, flush=True)
    if of_tables:
        con.execute("ALTER TABLE contrats RENAME TO contrats_json")
        con.execute(f"CREATE TEMP VIEW contrats AS {' UNION ALL BY NAME '.join(['FROM contrats_json', *of_tables])}")


def _add_refused(con: duckdb.DuckDBPyConnection, layouts: list[layout.Layout], scratch: Path) -> None:
    """Fill table `enregistrements` with the whole received record of each doc of table `refus`; ends table `membres`.

    The files that have one are read a second time: cheaper than keeping every record at hand.
    """
    for number, found in enumerate(layouts):
        first = staging.first_doc(number)
        if not con.execute(f"SELECT 1 FROM {staging.refused(first)} LIMIT 1").fetchall():
            continue
        if found.spans:
            staging_json.add_records(con, found, first, scratch)
        else:
            staging_tabular.add_records(con, found, first)
    con.execute("DROP TABLE membres")


def _mask(con: duckdb.DuckDBPyConnection) -> None:
    """Without what is personal, the rows of `qualite`: a buyer may have typed an e-mail in the object of a contract.

    A value of no column is the identifier of a contract.
    """
    perhaps = f"regexp_matches(concat_ws(' ', valeur, enregistrement), {staging.quoted(PERHAPS)})"
    rows = con.execute(f"SELECT rowid, colonne, valeur, enregistrement FROM qualite WHERE {perhaps}").fetchall()
    for row, column, value, record in rows:
        shown = MASKED if looks_personal(value, column or "id") else value
        kept = without_traces(record, public)
        if (shown, kept) != (value, record):
            con.execute(
                "UPDATE qualite SET valeur = $1, enregistrement = $2, message = replace(message, $3, $4) "
                "WHERE rowid = $5",
                [shown, kept, QUOTED(value), QUOTED(shown), row],
            )


def _tell(con: duckdb.DuckDBPyConnection, layouts: list[layout.Layout], written: dict[str, Path]) -> None:
    """Say of each file how many contracts were kept and refused, lines that are none among these, as is written."""
    contracts, quality = (f"read_parquet({staging.path_literal(written[name])})" for name in ("marches", "qualite"))
    kept = con.execute(f"SELECT source_fichier, count(*) FROM {contracts} GROUP BY ALL").fetchall()
    wrong = con.execute(f"SELECT fichier, enregistrement <> '' AS refuse, count(*) FROM {quality} GROUP BY ALL")
    counts = {(file, lost): count for file, lost, count in wrong.fetchall()}
    refused, flagged = ({file: n for (file, lost), n in counts.items() if lost == whole} for whole in (True, False))
    tally.tell((found.label for found in layouts), dict(kept), refused, flagged, words=tally.CONTRACTS)


def _clean(con: duckdb.DuckDBPyConnection, layouts: list[layout.Layout], scratch: Path, steps: list[plan.Step]) -> None:
    """Compute the output tables from the staging tables, step by step."""
    for name, (path, columns) in plan.REFERENCE.items():
        con.execute(f"CREATE TEMP TABLE {name} AS SELECT {', '.join(columns)} FROM {_csv(path)}")
    con.execute(f"CREATE TEMP TABLE regles ({', '.join(f'{name} VARCHAR' for name in plan.RULES)})")
    rows = [[rule[name] for name in plan.RULES] for rule in catalogue()]
    con.executemany(f"INSERT INTO regles VALUES ({', '.join('?' * len(plan.RULES))})", rows)
    for step in steps:
        con.execute(f"CREATE TEMP {'VIEW' if step.name in plan.VIEWS else 'TABLE'} {step.name} AS {step.query}")
        if step.name == "refus":
            _add_refused(con, layouts, scratch)
        for done in step.done_with:
            con.execute(f"DROP TABLE {done}")


def _rules(con: duckdb.DuckDBPyConnection, params: DecpParams, observed_on: dt.date | None) -> cleaning.Rules:
    placeholders = con.execute(f"SELECT valeur FROM {_csv('decp/valeurs_fictives.csv')} ORDER BY ALL").fetchall()
    divisions = con.execute(f"SELECT code FROM {_csv('nomenclatures/cpv_divisions.csv')} ORDER BY ALL").fetchall()
    return cleaning.Rules(
        first_date=params.first_date,
        observed=observed_on,
        max_amount=params.max_amount,
        warn_amount=params.warn_amount,
        low_amount=params.low_amount,
        max_months=params.max_months,
        placeholders=tuple(float(value) for (value,) in placeholders),
        divisions=tuple(code for (code,) in divisions),
    )


def _csv(path: str) -> str:
    """A reference table as DuckDB reads it, every value as text."""
    return f"read_csv({staging.quoted(str(reference_dir() / path))}, all_varchar = true, header = true, delim = ',')"


def _write(raw: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """The rows in the order of their key: the same bytes whatever the number of threads."""
    rows = f"SELECT * {_coded(raw, table)} FROM {table} ORDER BY {plan.OUTPUTS[table].key}"
    raw.execute(f"COPY ({rows}) TO {staging.quoted(str(path))} ({_PARQUET})")


def _coded(raw: duckdb.DuckDBPyConnection, table: str) -> str:
    """A clause that has texts which say one of a few things sorted by their codes: a third less work, one result."""
    few = plan.OUTPUTS[table].few
    if not few:
        return ""
    lists = ", ".join(f"list(DISTINCT {name} ORDER BY {name}) FILTER ({name} IS NOT NULL)" for name in few)
    [said] = raw.execute(f"SELECT {lists} FROM {table}").fetchall()
    kinds = {name: ", ".join(map(staging.quoted, values)) for name, values in zip(few, said, strict=True) if values}
    replaced = ", ".join(f"{name}::ENUM ({kind}) AS {name}" for name, kind in kinds.items())
    return f"REPLACE ({replaced})" if replaced else ""


def _validate(raw: duckdb.DuckDBPyConnection, table: str) -> None:
    """Hold a table against its schema: its key on all rows, the rest on rows spread over all of it."""
    from analysis.schemas.decp import SCHEMAS

    if table not in SCHEMAS:
        return
    key = plan.OUTPUTS[table].key
    [(rows, keys)] = raw.execute(f"SELECT count(*), count(DISTINCT ({key})) FROM {table}").fetchall()
    if rows != keys:
        raise AssertionError(f"{table}: {rows - keys} rows repeat the key {key}")
    step = rows // _CHECKED_ROWS + 1
    sample = f"SELECT *, row_number() OVER (ORDER BY {key}) AS n FROM {table} QUALIFY n % {step} = 0"
    SCHEMAS[table].validate(raw.execute(f"SELECT * EXCLUDE n FROM ({sample})").df())
