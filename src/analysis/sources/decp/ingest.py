"""DECP files to tables on disk: staging, then each cleaning step computed once, then the sorted outputs."""

from __future__ import annotations

import datetime as dt
import tempfile
from contextlib import ExitStack
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from analysis.files import finished
from analysis.params import DecpParams, load_params
from analysis.paths import clean_dir, quality_dir, raw_dir, reference_dir
from analysis.quality_columns import SORT
from analysis.sources.decp import checks, cleaning, layout, places, staging, values

_REFERENCE = {
    "communes": "territoire/communes.csv",
    "codes_postaux": "territoire/codes_postaux.csv",
    "anciens_codes": "territoire/anciens_codes.csv",
    "departements": "territoire/departements.csv",
    "regions": "territoire/regions.csv",
    "epci": "territoire/epci.csv",
    "variantes": "decp/variantes.csv",
    "fictives": "decp/valeurs_fictives.csv",
    "divisions": "nomenclatures/cpv_divisions.csv",
    "regles": "regles.csv",
}
_CHECKED_ROWS = 20_000
_TABLES = {
    "marches": "uid",
    "marches_titulaires": "uid, rang",
    "marches_modifications": "uid, ordre",
    "qualite": ", ".join(SORT),
}


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
    from analysis.dataset import load_dataset

    folder = raw_dir(dataset) / "decp"
    files = sorted(path for path in folder.glob("*") if path.is_file() and not _is_note(path))
    ingest_files(
        files,
        clean_dir(dataset) / "marches.parquet",
        quality_dir(dataset) / "decp.parquet",
        holders=clean_dir(dataset) / "marches_titulaires.parquet",
        modifications=clean_dir(dataset) / "marches_modifications.parquet",
        observed_on=load_dataset(dataset).date_observation,
        validate=True,
    )


def _is_note(path: Path) -> bool:
    """Files that are not data: hidden ones, those that explain a folder, those DVC keeps beside an import."""
    return path.name.startswith(".") or path.suffix in {".md", ".dvc"}


def _run(
    layouts: list[layout.Layout],
    targets: dict[str, Path],
    params: DecpParams,
    observed_on: dt.date | None,
    validate: bool,
) -> None:
    with tempfile.TemporaryDirectory(prefix="decp-") as name:
        scratch = Path(name)
        raw = staging.open_engine(scratch, params.memory_mb)
        staging.stage(raw, layouts, scratch)
        con = ibis.duckdb.from_connection(raw)
        _clean(con, layouts, scratch, params, observed_on)
        with ExitStack() as stack:
            written = {table: stack.enter_context(finished(path)) for table, path in targets.items()}
            for table, path in written.items():
                _write(raw, table, path)
                if validate:
                    _validate(raw, table)


def _clean(
    con: Backend,
    layouts: list[layout.Layout],
    scratch: Path,
    params: DecpParams,
    observed_on: dt.date | None,
) -> None:
    """Compute the four output tables from the staging tables, each intermediate one once."""
    reference = _reference(con)
    contracts, received_holders = con.table("contrats"), con.table("titulaires")
    rules = _rules(con, params, observed_on)
    read = _store(con, "lus", cleaning.read_values(contracts, rules))
    read_changes = _store(con, "changements_lus", cleaning.read_modifications(con.table("modifications")))
    identifiers = cleaning.identifiers(contracts, received_holders)
    sirets = _store(con, "sirets", values.siret_keys(identifiers))

    changes = _store(con, "changements", cleaning.ordered_modifications(read_changes, read, rules))
    sorted_out = _store(con, "tri", cleaning.sorted_out(contracts, read, changes, rules))
    kept = sorted_out.filter(sorted_out.regle.isnull())
    holders = cleaning.current_holders(received_holders, changes, kept, sirets)
    holders = _store(con, "marches_titulaires", holders)
    _store(con, "marches_modifications", cleaning.applied_modifications(changes, kept))

    asked = contracts.semi_join(kept, "doc")
    types = _store(con, "types_lieu", places.place_types(contracts, reference["variantes"]))
    located = _store(con, "lieux", places.locate(asked, types, reference))
    states = _store(con, "statuts", cleaning.social_states(contracts, reference["variantes"]))
    decided = cleaning.decisions(
        kept=kept, read=read, modifications=changes, holders=holders, places=located, rules=rules
    )
    decided = _store(con, "decisions", decided)
    _drop(con, "lus", "lieux", "titulaires")
    cleaned = _store(con, "nettoyes", cleaning.clean_contracts(contracts, decided, states, sirets))
    _drop(con, "contrats", "decisions")
    con.raw_sql(f"CREATE TEMP VIEW marches AS {con.compile(cleaning.contract_table(cleaned))}")

    refused = _refused(con, sorted_out, layouts, scratch)
    breaches = checks.breaches(
        cleaned=cleaned,
        holders=holders,
        modifications=changes,
        refused=refused,
        rules=rules,
        catalogue=reference["regles"],
    )
    _store(con, "qualite", breaches)


def _refused(con: Backend, sorted_out: ir.Table, layouts: list[layout.Layout], scratch: Path) -> ir.Table:
    """The refused records, each with its rule and all that was received."""
    refused = sorted_out.filter(sorted_out.regle.notnull())
    _store(con, "refus", refused.select("doc", "fichier", "ligne", "regle", valeur=refused.identifiant))
    staging.add_raw_records(con.con, layouts, scratch)
    records, lines = con.table("enregistrements"), con.table("rejets")
    whole = con.table("refus").join(records, "doc").rename(enregistrement="json")
    broken = lines.select(
        "fichier", "ligne", regle=ibis.literal("decp_enregistrement"), valeur=ibis.literal(""), enregistrement="json"
    )
    return whole.select(*broken.columns).union(broken)


def _rules(con: Backend, params: DecpParams, observed_on: dt.date | None) -> cleaning.Rules:
    return cleaning.Rules(
        first_date=dt.date.fromisoformat(params.first_date),
        observed=observed_on,
        max_amount=params.max_amount,
        warn_amount=params.warn_amount,
        max_months=params.max_months,
        placeholders=tuple(float(row[0]) for row in _rows(con, "SELECT valeur FROM fictives ORDER BY 1")),
        divisions=tuple(row[0] for row in _rows(con, "SELECT code FROM divisions ORDER BY 1")),
    )


def _reference(con: Backend) -> places.Reference:
    """The reference tables, every value as text, and the regions whose communes they hold."""
    for name, path in _REFERENCE.items():
        source = str(reference_dir() / path).replace("'", "''")
        con.raw_sql(
            f"CREATE TEMP TABLE {name} AS FROM read_csv('{source}', all_varchar = true, header = true, delim = ',')"
        )
    tables = {name: con.table(name) for name in _REFERENCE}
    covered = tables["departements"].semi_join(
        tables["communes"], tables["departements"].code_departement == tables["communes"].departement
    )
    regions = covered.select(region_couverte="code_region").distinct()
    return tables | {"regions_couvertes": _store(con, "regions_couvertes", regions)}


def _store(con: Backend, name: str, expression: ir.Table) -> ir.Table:
    """Compute a table now and keep it under `name`."""
    con.raw_sql(f"CREATE TEMP TABLE {name} AS {con.compile(expression)}")
    return con.table(name)


def _drop(con: Backend, *names: str) -> None:
    """Give back the memory of tables that nothing reads any more."""
    for name in names:
        con.raw_sql(f"DROP TABLE {name}")


def _rows(con: Backend, query: str) -> list[tuple]:
    return con.con.execute(query).fetchall()


def _write(raw: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """The rows in the order of their key: the same bytes whatever the number of threads."""
    target = str(path).replace("'", "''")
    raw.execute(f"COPY (FROM {table} ORDER BY {_TABLES[table]}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def _validate(raw: duckdb.DuckDBPyConnection, table: str) -> None:
    """Hold a table against its schema: its key on all rows, the rest on rows spread over all of it."""
    from analysis.schemas.decp import SCHEMAS

    if table not in SCHEMAS:
        return
    key = _TABLES[table]
    [(rows, keys)] = raw.execute(f"SELECT count(*), count(DISTINCT ({key})) FROM {table}").fetchall()
    if rows != keys:
        raise AssertionError(f"{table}: {rows - keys} rows repeat the key {key}")
    step = rows // _CHECKED_ROWS + 1
    sample = f"SELECT *, row_number() OVER (ORDER BY {key}) AS n FROM {table} QUALIFY n % {step} = 0"
    SCHEMAS[table].validate(raw.execute(f"SELECT * EXCLUDE n FROM ({sample})").df())
