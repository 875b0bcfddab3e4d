"""Every DECP format into one staging form, all values as received: contracts, holders, modifications.

Records are read in DuckDB's own SQL: reading JSON by the hundred thousand records a second has no equivalent in Ibis.
`layout` has found where they are in the files, and `ingest` runs what follows (`cleaning`, `places`, `checks`, in the
order of `plan`), which sees these tables and no file:

    contrats       doc, fichier, ligne, format, concession, empreinte, then the fields of `FIELDS`
    titulaires     doc, modification (0: as notified, else the rang of the modification), rang, id without the white
                   space around it, type, nom
    modifications  doc, rang, empreinte, n_titulaires, then the fields of `MODIFICATION_FIELDS`
    rejets         fichier, ordre, ligne, json: the lines of a table that are no row
    enregistrements  doc, json: the refused records, whole, known once the contracts are sorted out

`doc` numbers the received records in the order of the files' names, then of their place in the file;
`ligne` is the record's number in a JSON or Parquet file and its line in a CSV. A field that the file has
no column for is null; a field that is there and empty is ''. `empreinte` is a digest of the content.

The contracts of tabular files, which may be the country's, are a view that reads them again: to hold them would take
half of the memory there is from what follows.
"""

from __future__ import annotations

import glob
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analysis.core.numbers import number_of
from analysis.sources.decp.layout import Layout, Span, check_columns, cut, unreadable
from analysis.sources.decp.values import AROUND

FIELDS = (
    "id", "acheteur_id", "acheteur_nom", "objet", "nature", "procedure", "techniques", "idAccordCadre",
    "codeCPV", "montant", "dureeMois", "dateNotification", "datePublicationDonnees", "lieu_code", "lieu_type",
    "lieu_nom", "considerationsSociales", "offresRecues", "acheteur_departement",
)  # fmt: skip
MODIFICATION_FIELDS = ("numero", "dateNotification", "datePublicationDonnees", "montant", "dureeMois", "objet")

_DOCS_PER_FILE = 1 << 40
_CHUNK = 1 << 22

_TEXT = "string"
SCHEMAS: dict[str, dict[str, str]] = {
    "contrats": {
        **{"doc": "int64", "fichier": _TEXT, "ligne": "int64", "format": _TEXT},
        **{"concession": "boolean", "empreinte": _TEXT},
        **dict.fromkeys(FIELDS, _TEXT),
    },
    "titulaires": {
        **{"doc": "int64", "modification": "int64", "rang": "int64"},
        **{"id": _TEXT, "type": _TEXT, "nom": _TEXT},
    },
    "modifications": {
        **{"doc": "int64", "rang": "int64", "empreinte": _TEXT, "n_titulaires": "int64"},
        **dict.fromkeys(MODIFICATION_FIELDS, _TEXT),
    },
    # Of a table, the rows that say what a contract is and all those that make it; the lines that are no row; the
    # refused records, whole.
    "premieres": {"doc": "int64", "empreinte": _TEXT},
    "membres": {"doc": "int64", "ligne": "int64"},
    "rejets": {"fichier": _TEXT, "ordre": "int64", "ligne": "int64", "json": _TEXT},
    "enregistrements": {"doc": "int64", "json": _TEXT},
}

# A list may come bare, under its name, or as one object alone; its items bare or under their own name.
_MACROS = f"""
CREATE TEMP MACRO rogne(t) AS regexp_replace(t, '{AROUND}', '', 'g');
CREATE TEMP MACRO dedans(j, cle) AS CASE json_type(j) WHEN 'OBJECT' THEN coalesce(j -> cle, j) ELSE j END;
CREATE TEMP MACRO liste(j) AS CASE json_type(j) WHEN 'ARRAY' THEN j WHEN 'OBJECT' THEN ('[' || j || ']')::JSON END;
CREATE TEMP MACRO texte(j) AS CASE json_type(j)
    WHEN 'ARRAY' THEN array_to_string(json_transform(j, '["VARCHAR"]'), ', ')
    WHEN 'NULL' THEN '' ELSE coalesce(j ->> '$', '') END;
"""

_HOLDER = '"id": "VARCHAR", "typeIdentifiant": "VARCHAR", "denominationSociale": "VARCHAR"'
_HOLDERS = (  # those of a record, each on its own or in a `titulaire`
    f"json_transform(liste(dedans(titulaires, 'titulaire')), '[{{{_HOLDER}, \"titulaire\": {{{_HOLDER}}}}}]')"
)
# Whether a received `item` names a holder: an empty one changes none.
_NAMED = " OR ".join(
    f"rogne(coalesce(item.titulaire.{name}, item.{name}, '')) <> ''" for name in ("id", "denominationSociale")
)
_CHANGE = """"id": "VARCHAR", "dateNotificationModification": "VARCHAR",
    "datePublicationDonneesModification": "VARCHAR", "montant": "VARCHAR", "dureeMois": "VARCHAR",
    "objetModification": "VARCHAR", "titulaires": "JSON" """
_CHANGES = f'[{{{_CHANGE}, "modification": {{{_CHANGE}}}}}]'
_CHANGE_NAMES = re.findall(r'"(\w+)": ', _CHANGE)
_RECORD = """{"_type": "VARCHAR", "id": "VARCHAR", "acheteur": {"id": "VARCHAR", "nom": "VARCHAR"},
    "autoriteConcedante": "JSON", "objet": "VARCHAR", "nature": "VARCHAR", "procedure": "VARCHAR",
    "techniques": "JSON", "idAccordCadre": "VARCHAR", "codeCPV": "VARCHAR", "montant": "VARCHAR",
    "dureeMois": "VARCHAR", "dateNotification": "VARCHAR", "datePublicationDonnees": "VARCHAR",
    "lieuExecution": {"code": "VARCHAR", "typeCode": "VARCHAR", "nom": "VARCHAR"},
    "considerationsSociales": "JSON", "offresRecues": "VARCHAR", "titulaires": "JSON", "modifications": "JSON"}"""


def open_engine(scratch: Path, memory_mb: int) -> duckdb.DuckDBPyConnection:
    """A DuckDB that holds at most `memory_mb` and spills to `scratch`, with empty staging tables."""
    con = duckdb.connect(
        config={
            "memory_limit": f"{memory_mb}MB",
            # Kept between statements rather than given back and asked for again: a fifteenth of the time.
            "block_allocator_memory": f"{memory_mb}MB",
            "temp_directory": str(scratch),
        }
    )
    for name, schema in SCHEMAS.items():
        columns = ", ".join(f'"{column}" {kind.replace("int64", "bigint")}' for column, kind in schema.items())
        con.execute(f"CREATE TEMP TABLE {name} ({columns})")
    con.execute(_MACROS)
    return con


def stage(con: duckdb.DuckDBPyConnection, layouts: list[Layout], scratch: Path) -> None:
    """Read every file into the staging tables, one line of progress each on stderr.

    Raises DataError, one French sentence naming the file, when one of them cannot be read to its end.
    """
    of_tables = []
    for number, layout in enumerate(layouts):
        first = number * _DOCS_PER_FILE
        if layout.spans:
            count = _stage_json(con, layout, first, scratch)
        else:
            count, contracts = _stage_tabular(con, layout, first, scratch)
            of_tables.append(contracts)
        kind = "DECP tabulaire" if layout.format == "tabulaire" else f"DECP {layout.format}"
        print(f"{layout.label} : {number_of(count, 'enregistrement')} ({kind})", file=sys.stderr, flush=True)
    if of_tables:
        con.execute("ALTER TABLE contrats RENAME TO contrats_json")
        con.execute(f"CREATE TEMP VIEW contrats AS {' UNION ALL BY NAME '.join(['FROM contrats_json', *of_tables])}")


def add_raw_records(con: duckdb.DuckDBPyConnection, layouts: list[Layout], scratch: Path) -> None:
    """Fill table `enregistrements` (doc, json) with the whole received record of each doc of table `refus`.

    The files that have one are read a second time: cheaper than keeping every record at hand. Ends table `membres`.
    """
    for number, layout in enumerate(layouts):
        first = number * _DOCS_PER_FILE
        refused = f"(SELECT doc FROM refus WHERE doc BETWEEN {first} AND {first + _DOCS_PER_FILE - 1})"
        if not con.execute(f"SELECT 1 FROM {refused} LIMIT 1").fetchall():
            continue
        if not layout.spans:
            # One contract of a table is several rows, kept as the list of them.
            con.execute(
                f"""INSERT INTO enregistrements
                SELECT doc, '[' || string_agg(to_json(recu), ',' ORDER BY recu.ligne) || ']'
                FROM ({_numbered_rows(con, layout)}) recu JOIN membres USING (ligne)
                WHERE doc IN {refused} GROUP BY doc"""
            )
        for number_in_file, span in enumerate(layout.spans, start=1):
            with _array(layout.path, span, scratch) as source:
                con.execute(
                    f"""INSERT INTO enregistrements SELECT doc, json FROM (
                        SELECT {first} + row_number() OVER () AS doc, json::VARCHAR AS json
                        FROM read_json_objects({source}, format = 'array'))
                    WHERE doc IN {refused}"""
                )
                if number_in_file < len(layout.spans):
                    first += _one(con, f"SELECT count(*) FROM read_json_objects({source}, format = 'array')")
    con.execute("DROP TABLE membres")


# --- JSON --------------------------------------------------------------------------------------------


def _stage_json(con: duckdb.DuckDBPyConnection, layout: Layout, first: int, scratch: Path) -> int:
    done = 0
    for span in layout.spans:
        try:
            with _array(layout.path, span, scratch) as source:
                con.execute(
                    f"""CREATE OR REPLACE TEMP TABLE lot AS
                    SELECT {done} + n AS ligne, empreinte, unnest(fields) FROM (
                        SELECT row_number() OVER () AS n, md5(json::VARCHAR) AS empreinte,
                            json_transform(json, '{_RECORD}') AS fields
                        FROM read_json_objects({source}, format = 'array'))"""
                )
        except duckdb.InvalidInputException as error:
            if "UTF-8" in str(error):
                raise unreadable(layout.label, "encodage autre que UTF-8") from None
            raise cut(layout.path, layout.label, [span.start for span in layout.spans]) from None
        done += _one(con, "SELECT count(*) FROM lot")
        _spread_json(con, layout, first, span)
    con.execute("DROP TABLE IF EXISTS lot")
    return done


def _spread_json(con: duckdb.DuckDBPyConnection, layout: Layout, first: int, span: Span) -> None:
    """Append the records of `lot` to the three staging tables."""
    con.execute(
        f"""INSERT INTO contrats SELECT {first} + ligne, {quoted(layout.label)}, ligne, '{layout.format}',
            {span.concessions} OR coalesce(_type, nature, '') ILIKE '%concession%'
                OR (acheteur.id IS NULL AND autoriteConcedante IS NOT NULL),
            empreinte, coalesce(id, ''), coalesce(acheteur.id, ''), acheteur.nom, coalesce(objet, ''), nature,
            "procedure", texte(dedans(techniques, 'technique')), idAccordCadre, coalesce(codeCPV, ''),
            coalesce(montant, ''), coalesce(dureeMois, ''), coalesce(dateNotification, ''),
            coalesce(datePublicationDonnees, ''), coalesce(lieuExecution.code, ''),
            coalesce(lieuExecution.typeCode, ''), lieuExecution.nom,
            texte(dedans(considerationsSociales, 'considerationSociale')), offresRecues, NULL
        FROM lot"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE changes AS
        SELECT doc, rang, {", ".join(f"coalesce(item.modification.{x}, item.{x}) AS {x}" for x in _CHANGE_NAMES)}
        FROM (SELECT {first} + ligne AS doc, unnest(items) AS item, generate_subscripts(items, 1) AS rang
              FROM (SELECT ligne, json_transform(liste(dedans(modifications, 'modification')), '{_CHANGES}') AS items
                    FROM lot WHERE modifications IS NOT NULL AND modifications::VARCHAR <> '[]'))"""
    )
    con.execute(
        f"""INSERT INTO titulaires
        SELECT doc, modification, rang, rogne(coalesce(item.titulaire.id, item.id)),
            coalesce(item.titulaire.typeIdentifiant, item.typeIdentifiant),
            coalesce(item.titulaire.denominationSociale, item.denominationSociale)
        FROM (SELECT doc, modification, unnest(items) AS item, generate_subscripts(items, 1) AS rang
              FROM (SELECT doc, modification,
                        {_HOLDERS} AS items
                    FROM (SELECT {first} + ligne AS doc, 0 AS modification, titulaires FROM lot
                          UNION ALL SELECT doc, rang, titulaires FROM changes)))"""
    )
    con.execute(
        f"""INSERT INTO modifications
        SELECT doc, rang, md5(to_json([{", ".join(f"{x}::VARCHAR" for x in _CHANGE_NAMES)}])::VARCHAR),
            len(list_filter({_HOLDERS}, lambda item: {_NAMED})),
            id, coalesce(dateNotificationModification, ''), coalesce(datePublicationDonneesModification, ''),
            coalesce(montant, ''), coalesce(dureeMois, ''), objetModification
        FROM changes"""
    )
    con.execute("DROP TABLE changes")


@contextmanager
def _array(path: Path, span: Span, scratch: Path) -> Iterator[str]:
    """The records of a span as a file that holds their array and nothing else, as a SQL literal."""
    target = scratch / "array.json"
    with path.open("rb") as source, target.open("wb") as copy:
        source.seek(span.start)
        copy.write(b"[" if span.single else b"")
        left = span.end - span.start
        while left and (chunk := source.read(min(left, _CHUNK))):
            copy.write(chunk)
            left -= len(chunk)
        copy.write(b"]" if span.single else b"")
    try:
        yield quoted(str(target))
    finally:
        target.unlink()


# --- CSV and Parquet ---------------------------------------------------------------------------------

_TABULAR_NAMES = {
    "lieu_code": "lieuExecution_code",
    "lieu_type": "lieuExecution_typeCode",
    "lieu_nom": "lieuExecution_nom",
    "acheteur_departement": "acheteur_departement_code",
}
_HOLDER_COLUMNS = ("titulaire_id", "titulaire_typeIdentifiant", "titulaire_nom")
# A row without identifier or buyer is a contract of its own.
_ANONYMOUS = "coalesce(trim(id), '') = '' OR coalesce(trim(acheteur_id), '') = ''"


def _stage_tabular(con: duckdb.DuckDBPyConnection, layout: Layout, first: int, scratch: Path) -> tuple[int, str]:
    """One row per contract x holder x modification into staging; how many, and the query that gives its contracts.

    A version is the rows that agree on everything but the holder. The versions with the lowest number of
    modification are contracts (several where an identifier was used again), the others are modifications of
    the contract published last.
    """
    names = ", ".join(f'"{name}"' for name in FIELDS)
    holder = ", ".join(_HOLDER_COLUMNS)
    changes = ", ".join(f"""coalesce(first("{name}" ORDER BY ligne), '')""" for name in MODIFICATION_FIELDS[1:])
    try:
        _set_rejected_aside(con, layout)
        received = _numbered_rows(con, layout)
        columns = [name for name, *_ in con.execute(f"DESCRIBE {received}").fetchall()]
        check_columns(layout.label, columns)
        if layout.delimiter is not None:
            # To parse a CSV is dear: done once.
            parsed = quoted(str(scratch / f"rows-{first}.parquet"))
            con.execute(f"COPY ({received}) TO {parsed} (FORMAT parquet)")
            received = f"SELECT * FROM read_parquet({parsed})"
        rows = f"(SELECT ligne, {_chosen(columns)} FROM ({received}))"
        # Wide rows are read again each time rather than kept, sorted or grouped: a digest of them is. Of 64 bits: two
        # versions of a national file fall together once in some four million files.
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE recues AS
            SELECT ligne, hash({holder}) AS titulaire, "datePublicationDonnees" AS publiee,
                "dateNotification" AS notifiee, {_modification_number(columns)} AS numero,
                CASE WHEN {_ANONYMOUS} THEN ligne::UBIGINT
                    ELSE hash({names}, modification_id, "donneesActuelles") END AS version,
                CASE WHEN {_ANONYMOUS} THEN ligne::UBIGINT ELSE hash(trim(acheteur_id), trim(id)) END AS uid
            FROM {rows}"""
        )
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        wrong_encoding = "nicode" in str(error) or "UTF-8" in str(error)
        reason = "encodage autre que UTF-8" if wrong_encoding else "tableau illisible"
        raise unreadable(layout.label, reason) from None
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
        FROM recues r JOIN versions v USING (version);
        INSERT INTO premieres SELECT doc, empreinte FROM placees WHERE origine AND premiere;
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
    count = _one(con, "SELECT count(*) FROM recues")
    con.execute("DROP TABLE recues; DROP TABLE changes; DROP TABLE versions; DROP TABLE placees")
    return (
        count,
        f"""SELECT doc, {quoted(layout.label)} AS fichier, ligne, 'tabulaire' AS format,
            regexp_matches(lower(coalesce(nature, '')), 'concession|d.l.gation de service public') AS concession,
            empreinte, {_emptied(FIELDS, columns)}
        FROM {rows} JOIN premieres ON doc = {first} + ligne""",
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
        # Numbered by the reader, which leaves it to all threads.
        return f"""SELECT file_row_number + 1 AS ligne, * EXCLUDE (file_row_number)
            FROM read_parquet({source}, file_row_number = true)"""
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


def _set_rejected_aside(con: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Fill `rejets` with the lines of a CSV that do not have its number of columns."""
    if layout.delimiter is None:
        return
    source = path_literal(layout.path)
    scan = _csv(source, layout, "store_rejects = true, rejects_limit = 0")
    con.execute(f"SELECT count(COLUMNS(*)) FROM {scan}").fetchall()
    rejected = """SELECT line, min(line_byte_position), min(csv_line), bool_or(error_type = 'INVALID ENCODING')
        FROM reject_errors GROUP BY line ORDER BY line"""
    for order, position, text, wrong_encoding in con.execute(rejected).fetchall():
        if wrong_encoding:
            raise unreadable(layout.label, "encodage autre que UTF-8")
        line = _lines_before(layout.path, position) + 1
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
        while position > 0 and (chunk := file.read(min(position, _CHUNK))):
            count += chunk.count(b"\n")
            position -= len(chunk)
    return count


def path_literal(path: Path) -> str:
    """The path of a file as a SQL literal, never taken for a pattern."""
    return quoted(glob.escape(str(path)))


def quoted(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(con.execute(query).fetchall()[0][0])
