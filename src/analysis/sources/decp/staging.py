"""The form that every DECP format is read into, all values as received: its tables, and the engine that holds them.

    table                key                      and beside it
    contrats             doc                      fichier, ligne, format, concession, empreinte, the fields of `FIELDS`
    ├─ titulaires        doc, modification, rang  id without the white space around it, type, nom
    ├─ modifications     doc, rang                empreinte, n_titulaires, the fields of `MODIFICATION_FIELDS`
    │  └─ titulaires     doc, modification, rang  the same: modification is the rang of that one, 0 as notified
    ├─ premieres         doc                      empreinte: of a table, the rows that say what a contract is
    ├─ membres           doc, ligne               of a table, all the rows that make it
    └─ enregistrements   doc                      json: the refused records, whole, once contracts are sorted out
    rejets               fichier, ordre           ligne, json: the lines of a table that are no row

`doc` numbers the received records in the order of the files' names, then of their place in the file;
`ligne` is the record's number in a JSON or Parquet file and its line in a CSV. A field that the file has
no column for is null; a field that is there and empty is ''. `empreinte` is a digest of the content.

`staging_json` and `staging_tabular` fill them, in DuckDB's own SQL: reading JSON by the hundred thousand records a
second has no equivalent in Ibis. What follows (`cleaning`, `places`, `checks`, in the order of `plan`) sees these
tables and no file.
"""

from __future__ import annotations

import glob
from pathlib import Path

import duckdb

from analysis.sources.decp.values import AROUND

FIELDS = (
    "id", "acheteur_id", "acheteur_nom", "objet", "nature", "procedure", "techniques", "idAccordCadre",
    "codeCPV", "montant", "dureeMois", "dateNotification", "datePublicationDonnees", "lieu_code", "lieu_type",
    "lieu_nom", "considerationsSociales", "offresRecues", "acheteur_departement",
)  # fmt: skip
MODIFICATION_FIELDS = ("numero", "dateNotification", "datePublicationDonnees", "montant", "dureeMois", "objet")

CHUNK = 1 << 22  # bytes that are read at once
_DOCS_PER_FILE = 1 << 40  # more than any file has

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


def first_doc(number: int) -> int:
    """From what the `doc` of the records of a file are counted, by its place among the files, from 0."""
    return number * _DOCS_PER_FILE


def refused(first: int) -> str:
    """A query for the `doc` of the refused records of the file whose documents are counted from `first`."""
    return f"(SELECT doc FROM refus WHERE doc BETWEEN {first} AND {first + _DOCS_PER_FILE - 1})"


def scalar(con: duckdb.DuckDBPyConnection, query: str) -> int:
    """The one whole number that a query gives."""
    return int(con.execute(query).fetchall()[0][0])


def path_literal(path: Path) -> str:
    """The path of a file as a SQL literal, never taken for a pattern."""
    return quoted(glob.escape(str(path)))


def quoted(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"
