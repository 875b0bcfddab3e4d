"""Rows of tables (CSV and Parquet), one per contract x holder x modification, into the staging tables.

Their contracts, which may be the country's, are a query that reads the file again: to hold them would take half of the
memory there is from what follows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from analysis.sources.decp.layout import Layout, check_columns, refuse_twice, unreadable
from analysis.sources.decp.staging import CHUNK, FIELDS, MODIFICATION_FIELDS, path_literal, quoted, refused, scalar

_TABULAR_NAMES = {
    "lieu_code": "lieuExecution_code",
    "lieu_type": "lieuExecution_typeCode",
    "lieu_nom": "lieuExecution_nom",
    "acheteur_departement": "acheteur_departement_code",
}
# What is wrong with a file, not with a query: a damaged Parquet file has no class of its own.
_OF_THE_FILE = {duckdb.Error, duckdb.ConversionException, duckdb.InvalidInputException, duckdb.IOException}
_HOLDER_COLUMNS = ("titulaire_id", "titulaire_typeIdentifiant", "titulaire_nom")
_NUMBER = "file_row_number"  # of a row in a Parquet file, as its reader calls it
# A row without identifier or buyer is a contract of its own.
_ANONYMOUS = "coalesce(trim(id), '') = '' OR coalesce(trim(acheteur_id), '') = ''"


def stage(con: duckdb.DuckDBPyConnection, layout: Layout, first: int, scratch: Path) -> tuple[int, str]:
    """The rows of a file into the staging tables, documents counted from `first`, but for its contracts: how many rows
    there are, and the query that gives its contracts.

    A version is the rows that agree on everything but the holder. The versions with the lowest number of
    modification are contracts (several where an identifier was used again), the others are modifications of
    the contract published last.
    Raises DataError, one French sentence naming the file, when it cannot be read to its end, or lacks a column.
    """
    try:
        _set_rejected_aside(con, layout)
        rows, columns = _received(con, layout, scratch / f"rows-{first}.parquet")
        _tell_versions_apart(con, rows, columns)
    except duckdb.Error as error:
        if type(error) not in _OF_THE_FILE:
            raise
        wrong_encoding = "nicode" in str(error) or "UTF-8" in str(error)
        reason = "encodage autre que UTF-8" if wrong_encoding else "tableau illisible"
        raise unreadable(layout.label, reason) from None
    _number_versions(con, first)
    _spread(con, rows, columns)
    count = scalar(con, "SELECT count(*) FROM recues")
    con.execute("DROP TABLE recues; DROP TABLE changes; DROP TABLE versions; DROP TABLE placees")
    return (
        count,
        f"""SELECT doc, {quoted(layout.label)} AS fichier, ligne, 'tabulaire' AS format,
            regexp_matches(lower(coalesce(nature, '')), 'concession|d.l.gation de service public') AS concession,
            empreinte, {_emptied(FIELDS, columns)}
        FROM {rows} JOIN premieres ON doc = {first} + ligne""",
    )


def add_records(con: duckdb.DuckDBPyConnection, layout: Layout, first: int) -> None:
    """The refused records of a file, whole, into `enregistrements`, each as the list of its rows: the file is read a
    second time."""
    con.execute(
        f"""INSERT INTO enregistrements
        SELECT doc, '[' || string_agg(to_json(recu), ',' ORDER BY recu.ligne) || ']'
        FROM ({_numbered_rows(con, layout)}) recu JOIN membres USING (ligne)
        WHERE doc IN {refused(first)} GROUP BY doc"""
    )


def _received(con: duckdb.DuckDBPyConnection, layout: Layout, parsed: Path) -> tuple[str, list[str]]:
    """A query for the rows of a file, with `ligne` and the columns of staging, and the names of its own columns."""
    received = _numbered_rows(con, layout)
    columns = [name for name, *_ in con.execute(f"DESCRIBE {received}").fetchall()]
    check_columns(layout.label, columns)
    if layout.delimiter is not None:
        # To parse a CSV is dear: done once.
        con.execute(f"COPY ({received}) TO {quoted(str(parsed))} (FORMAT parquet)")
        received = f"SELECT * FROM read_parquet({quoted(str(parsed))})"
    return f"(SELECT ligne, {_chosen(columns)} FROM ({received}))", columns


def _tell_versions_apart(con: duckdb.DuckDBPyConnection, rows: str, columns: list[str]) -> None:
    """Make `recues`: of each row its contract (uid), its version and number of modification, and its holder."""
    names = ", ".join(f'"{name}"' for name in FIELDS)
    # Wide rows are read again each time rather than kept, sorted or grouped: a digest of them is. Of 64 bits: two
    # versions of a national file fall together once in some four million files.
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE recues AS
        SELECT ligne, hash({", ".join(_HOLDER_COLUMNS)}) AS titulaire, "datePublicationDonnees" AS publiee,
            "dateNotification" AS notifiee, {_modification_number(columns)} AS numero,
            CASE WHEN {_ANONYMOUS} THEN ligne::UBIGINT
                ELSE hash({names}, modification_id, "donneesActuelles") END AS version,
            CASE WHEN {_ANONYMOUS} THEN ligne::UBIGINT ELSE hash(trim(acheteur_id), trim(id)) END AS uid
        FROM {rows}"""
    )


def _number_versions(con: duckdb.DuckDBPyConnection, first: int) -> None:
    """Make `placees`: of each row the doc of its contract, and the rang of its modification (0: none)."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE versions AS
        WITH grouped AS (
            -- Whatever the order of the holders, their digests have one sum.
            SELECT version, min(ligne) AS ligne, hash(version, sum(titulaire))::VARCHAR AS empreinte,
                any_value(uid) AS uid, any_value(numero) AS numero,
                any_value(publiee) AS publiee, any_value(notifiee) AS notifiee
            FROM recues GROUP BY version
        )
        SELECT version, ligne, empreinte, uid, numero, publiee, notifiee, numero = premier AS origine,
            {first} + ligne AS doc, 0 AS rang
        FROM grouped JOIN (SELECT uid, min(numero) AS premier FROM grouped GROUP BY uid) USING (uid)
        """
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE changes AS
        WITH attached AS (
            SELECT *, {first} + first_value(ligne) OVER (PARTITION BY uid
                ORDER BY origine DESC, publiee DESC, notifiee DESC, empreinte DESC) AS sur
            FROM versions WHERE uid IN (SELECT uid FROM versions WHERE NOT origine)
        )
        SELECT version, sur AS doc, row_number() OVER (PARTITION BY sur ORDER BY numero, notifiee, empreinte) AS rang
        FROM attached WHERE NOT origine;
        UPDATE versions SET doc = changes.doc, rang = changes.rang FROM changes
        WHERE versions.version = changes.version;
        CREATE OR REPLACE TEMP TABLE placees AS
        SELECT r.ligne, doc, rang, v.ligne = r.ligne AS premiere, origine, v.numero, empreinte
        FROM recues r JOIN versions v USING (version)"""
    )


def _spread(con: duckdb.DuckDBPyConnection, rows: str, columns: list[str]) -> None:
    """Append the rows, where `placees` says, to the staging tables."""
    changes = ", ".join(f"""coalesce(first("{name}" ORDER BY ligne), '')""" for name in MODIFICATION_FIELDS[1:])
    con.execute(
        f"""INSERT INTO premieres SELECT doc, empreinte FROM placees WHERE origine AND premiere;
        -- Holders come in the order of their lines.
        INSERT INTO titulaires
        SELECT * REPLACE (rogne(titulaire_id) AS titulaire_id)
        FROM (SELECT doc, rang, ligne, {_emptied(_HOLDER_COLUMNS, columns)} FROM {rows} JOIN placees USING (ligne)
            WHERE trim(concat(titulaire_id, titulaire_nom)) <> '');
        INSERT INTO modifications
        SELECT doc, rang, any_value(empreinte),
            count(DISTINCT nullif(concat_ws('', titulaire_id, titulaire_nom), '')), any_value(numero)::VARCHAR,
            {changes}
        FROM {rows} JOIN placees USING (ligne) WHERE NOT origine GROUP BY doc, rang;
        INSERT INTO membres SELECT doc, ligne FROM placees"""
    )


def _chosen(columns: list[str]) -> str:
    """The columns of staging out of those of the file; null where it has none."""
    wanted = {_TABULAR_NAMES.get(name, name): name for name in FIELDS}
    wanted |= {name: name for name in (*_HOLDER_COLUMNS, "modification_id", "donneesActuelles")}
    return ", ".join(
        f'"{column}"::VARCHAR AS "{name}"' if column in columns else f'NULL AS "{name}"'
        for column, name in wanted.items()
    )


def _emptied(names: Sequence[str], columns: list[str]) -> str:
    """The columns `names` of staging, '' where a cell is null, null where the file has no such column."""
    return ", ".join(
        f'coalesce("{name}", \'\') AS "{name}"' if _TABULAR_NAMES.get(name, name) in columns else f'"{name}"'
        for name in names
    )


def _modification_number(columns: list[str]) -> str:
    """The number of the modification a row tells of; without `modification_id`, superseded rows come first."""
    if "modification_id" in columns:
        return "coalesce(try_cast(try_cast(modification_id AS DOUBLE) AS BIGINT), 0)"
    if "donneesActuelles" in columns:
        old = "lower(\"donneesActuelles\") IN ('false', '0', 'non')"
        return f"""dense_rank() OVER (PARTITION BY acheteur_id, id
            ORDER BY {old} DESC, CASE WHEN {old} THEN "dateNotification" END)"""
    return "0"


def _numbered_rows(con: duckdb.DuckDBPyConnection, layout: Layout) -> str:
    """A query for the rows of a table that have its number of columns, every value as text, with `ligne`."""
    source = path_literal(layout.path)
    if layout.delimiter is None:
        columns = _parquet_columns(con, source)
        refuse_twice(layout.label, columns)
        if _NUMBER in map(str.lower, columns):
            return f"SELECT row_number() OVER () AS ligne, * FROM read_parquet({source})"
        # Numbered by the reader, which leaves it to all threads.
        return f"SELECT {_NUMBER} + 1 AS ligne, * EXCLUDE ({_NUMBER}) FROM read_parquet({source}, {_NUMBER} = true)"
    everything = f"concat_ws('', {', '.join(_identifier(name) for name in layout.columns)})"
    # A quoted value may run over several lines: lines are counted, not rows.
    rows = f"""SELECT *, (1 + n + sum(ends) OVER (ROWS UNBOUNDED PRECEDING) - ends)::BIGINT AS ligne
        FROM (SELECT row_number() OVER () AS n, *,
                length({everything}) - length(replace({everything}, chr(10), '')) AS ends
              FROM {_csv(source, layout, "ignore_errors = true")})"""
    skipped = f"""SELECT ordre - row_number() OVER (ORDER BY ordre) AS avant, row_number() OVER (ORDER BY ordre) AS k
        FROM rejets WHERE fichier = {quoted(layout.label)}"""
    if not con.execute(skipped).fetchall():
        return f"SELECT * EXCLUDE (n, ends) FROM ({rows})"
    return f"""SELECT r.* EXCLUDE (n, ends) REPLACE (ligne + coalesce(k, 0) AS ligne) FROM ({rows}) r
        ASOF LEFT JOIN (SELECT avant, max(k) AS k FROM ({skipped}) GROUP BY avant) s ON r.n > s.avant"""


def _parquet_columns(con: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    """The names of the columns of a flat Parquet file as it has them: DuckDB calls the second of one name otherwise."""
    names = f"SELECT name FROM parquet_schema({source}) WHERE num_children IS NULL"
    return [name for (name,) in con.execute(names).fetchall()]


def _set_rejected_aside(con: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Fill `rejets` with the lines of a CSV that do not have its number of columns."""
    if layout.delimiter is None:
        return
    source = path_literal(layout.path)
    scan = _csv(source, layout, "store_rejects = true, rejects_limit = 0")
    con.execute(f"SELECT count(COLUMNS(*)) FROM {scan}").fetchall()
    rejected = """SELECT line, min(line_byte_position), min(csv_line), bool_or(error_type = 'INVALID ENCODING'),
            bool_or(error_type = 'UNQUOTED VALUE')
        FROM reject_errors GROUP BY line ORDER BY line"""
    for order, position, text, wrong_encoding, unclosed in con.execute(rejected).fetchall():
        if wrong_encoding:
            raise unreadable(layout.label, "encodage autre que UTF-8")
        line = _lines_before(layout.path, position) + 1
        if unclosed:  # all that follows, to the next quote, would be one cell
            raise unreadable(layout.label, f"ligne {line}, guillemet mal fermé")
        con.execute("INSERT INTO rejets VALUES (?, ?, ?, ?)", [layout.label, order - 1, line, json.dumps(text)])
    con.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")


def _csv(source: str, layout: Layout, options: str) -> str:
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in layout.columns)
    return f"""read_csv({source}, delim = {quoted(layout.delimiter or ",")}, header = true, quote = '"', escape = '"',
        auto_detect = false, columns = {{{columns}}}, {options})"""


def _lines_before(path: Path, position: int) -> int:
    """How many lines end in the first `position` bytes of a file."""
    count = 0
    with path.open("rb") as file:
        while position > 0 and (chunk := file.read(min(position, CHUNK))):
            count += chunk.count(b"\n")
            position -= len(chunk)
    return count


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
