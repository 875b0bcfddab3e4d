"""Records of JSON into the staging tables: each array of a file, one record a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analysis.sources.decp.layout import Layout, Span, cut, unreadable
from analysis.sources.decp.staging import CHUNK, quoted, refused, scalar

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


def stage(con: duckdb.DuckDBPyConnection, layout: Layout, first: int, scratch: Path) -> int:
    """The records of a file into the staging tables, documents counted from `first`; how many there are.

    Raises DataError, one French sentence naming the file, when it cannot be read to its end.
    """
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
        done += scalar(con, "SELECT count(*) FROM lot")
        _spread(con, layout, first, span)
    con.execute("DROP TABLE IF EXISTS lot")
    return done


def add_records(con: duckdb.DuckDBPyConnection, layout: Layout, first: int, scratch: Path) -> None:
    """The refused records of a file, whole, into `enregistrements`: the file is read a second time."""
    done = 0
    for span in layout.spans:
        with _array(layout.path, span, scratch) as source:
            records = f"read_json_objects({source}, format = 'array')"
            con.execute(
                f"""INSERT INTO enregistrements SELECT doc, json FROM (
                    SELECT {first + done} + row_number() OVER () AS doc, json::VARCHAR AS json FROM {records})
                WHERE doc IN {refused(first)}"""
            )
            if span is not layout.spans[-1]:
                done += scalar(con, f"SELECT count(*) FROM {records}")


def _spread(con: duckdb.DuckDBPyConnection, layout: Layout, first: int, span: Span) -> None:
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
        while left and (chunk := source.read(min(left, CHUNK))):
            copy.write(chunk)
            left -= len(chunk)
        copy.write(b"]" if span.single else b"")
    try:
        yield quoted(str(target))
    finally:
        target.unlink()
