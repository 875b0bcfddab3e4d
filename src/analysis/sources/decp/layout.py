"""What a DECP file is, told from its content, and where its records are: nothing of it is loaded here."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analysis.core.errors import DataError
from analysis.core.numbers import number_of, plural

Format = Literal["2019", "2022", "tabulaire"]

# Without these a table is not one of contracts; every other column may be absent.
NEEDED_COLUMNS = ("id", "acheteur_id", "montant", "dateNotification")
OWN_COLUMNS = ("ligne", "n", "ends")  # that queries add to those of a table
_DECP_COLUMNS = {*NEEDED_COLUMNS, "uid", "codeCPV", "titulaire_id"}

_HEAD = 1 << 20
_CHUNK = 1 << 22
_AFTER = 1 << 16  # bytes, at most, between the last record and the end
_MALFORMED = 1 << 26  # characters after which an unreadable record is not waited for any longer


@dataclass(frozen=True)
class Span:
    """The bytes of a file, end excluded, that hold an array of records, or one record alone."""

    start: int
    end: int
    concessions: bool
    single: bool


@dataclass(frozen=True)
class Layout:
    """A recognised file: `spans` for JSON, `delimiter` and `columns` for CSV, none of them for Parquet.

    `label` is the name that tells it from the other files of the same call.
    """

    path: Path
    label: str
    format: Format
    spans: tuple[Span, ...] = ()
    delimiter: str | None = None
    columns: tuple[str, ...] = ()


def labels(files: list[Path]) -> dict[Path, str]:
    """A name for each distinct file, in the order of the names: its own, longer where two share it."""
    paths = {path.resolve(): path for path in files}
    names = Counter(path.name for path in paths)
    depth = 1
    found = {path: path.name for path in paths}
    while len(set(found.values())) < len(found):
        depth += 1
        found = {p: "/".join(p.parts[-depth:]) if names[p.name] > 1 else p.name for p in found}
    return {paths[path]: found[path] for path in sorted(found, key=lambda path: found[path])}


def recognise(path: Path, label: str) -> Layout:
    """The layout of a file, whatever its name.

    Raises DataError, one French sentence, when it cannot be read, is not DECP, or is cut.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        reason = "fichier absent" if isinstance(error, FileNotFoundError) else "lecture impossible"
        raise _fatal("fichier_illisible", label, reason) from None
    body = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not body:
        raise _fatal("fichier_illisible", label, "fichier vide")
    if head[:4] == b"PAR1":
        return Layout(path, label, "tabulaire")
    if head.startswith(CONTAINERS):
        raise _fatal("decp_non_decp", label, "classeur ou archive")
    for magic, kind in OTHERS.items():
        if body.startswith(magic):
            raise _fatal("decp_non_decp", label, kind)
    if body[:1] in b"{[":
        return _json(path, label, head)
    delimiter, columns = _header(label, head)
    return Layout(path, label, "tabulaire", delimiter=delimiter, columns=columns)


CONTAINERS = (b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"))  # how zip files, xlsx among them, and xls begin
OTHERS = {b"\x1f\x8b": "fichier compressé (.gz) : à décompresser", b"<": "XML ou page web"}


def check_columns(label: str, columns: list[str]) -> None:
    """Refuse a table that lacks a needed column, saying which one when it looks like DECP."""
    if missing := [name for name in NEEDED_COLUMNS if name not in columns]:
        looks_like = len(_DECP_COLUMNS & set(columns)) > 1
        detail = f"colonne « {missing[0]} » absente" if looks_like else ""
        raise _fatal("decp_non_decp", label, detail)


def refuse_twice(label: str, columns: Iterable[str]) -> None:
    """Refuse a table of which two columns have one name, whatever the capitals: which is meant, nobody can say."""
    names = Counter(name.casefold() for name in columns if name)
    if twice := [name for name, times in names.items() if times > 1]:
        raise _fatal("fichier_illisible", label, f"{names[twice[0]]} colonnes « {twice[0]} »")


def cut(path: Path, label: str, spans: list[int]) -> DataError:
    """The error of a JSON that stops before its end or is broken, with the number of records before that."""
    count = sum(_readable(path, start) for start in spans)
    readable = f"{number_of(count, 'enregistrement')} {plural('lisible', count)}"
    return _fatal("decp_tronque", label, f"{readable} avant une coupure ou une faute de syntaxe")


def unreadable(label: str, reason: str) -> DataError:
    """The error of a file that cannot be read, for a reason said in a few French words."""
    return _fatal("fichier_illisible", label, reason)


def _fatal(rule: str, label: str, detail: str) -> DataError:
    from analysis.core.quality_log import fatal

    return fatal(rule, label, detail)


def _json(path: Path, label: str, head: bytes) -> Layout:
    opening = re.search(rb'"marches"\s*:\s*([\[{])', head)
    if opening is None:
        raise _fatal("decp_non_decp", label, "JSON sans objet « marches »")
    if opening[1] == b"[":
        starts = [(opening.start(1), opening.start(1), False)]
    else:
        keys = [(b'"marche"', False), (b'"contrat-concession"', True)]
        found = [(_find_key(path, key, opening.end()), concessions) for key, concessions in keys]
        starts = sorted((*position, concessions) for position, concessions in found if position)
        if not starts:
            raise _fatal("decp_non_decp", label, "")
    depth = 1 if opening[1] == b"[" else 2
    size = path.stat().st_size
    spans = []
    for i, (_, start, concessions) in enumerate(starts):
        last = i + 1 == len(starts)
        single = _read(path, start, start + 1) == b"{"
        end = _end(path, start, size if last else starts[i + 1][0], single, depth if last else None)
        if end is None:
            raise cut(path, label, [start for _, start, _ in starts])
        spans.append(Span(start, end, concessions, single))
    return Layout(path, label, "2019" if depth == 1 else "2022", tuple(spans))


def _find_key(path: Path, key: bytes, start: int) -> tuple[int, int] | None:
    """Where `key` stands as a key, and where its array or object opens.

    Quotes are escaped inside a JSON string, so a quoted name followed by a colon is a key.
    """
    pattern = re.compile(re.escape(key) + rb"\s*:\s*([\[{])")
    kept, position = b"", start
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(_CHUNK):
            text = kept + chunk
            if key in text and (found := pattern.search(text)):
                return position - len(kept) + found.start(), position - len(kept) + found.start(1)
            kept, position = text[-256:], position + len(chunk)
    return None


def _end(path: Path, start: int, stop: int, single: bool, depth: int | None) -> int | None:
    """Where the array that opens at `start` ends, its wrapper closing before `stop`; None when it does not.

    Of the last one, `depth` objects are still open; of the others (None) the key of the next one follows.
    """
    tail_start = max(start, stop - _AFTER)
    tail, mark = _read(path, tail_start, stop), b"}" if single else b"]"
    if depth is None:
        found = re.search(re.escape(mark) + rb"\s*,\s*\Z", tail)
        return tail_start + found.start() + 1 if found else None
    position = _closing(tail, mark, [depth] if single else [depth, depth + 1])
    return None if position is None else tail_start + position + 1


def _closing(tail: bytes, mark: bytes, depths: list[int]) -> int | None:
    """The first `mark` after which one of so many open objects close at the end, whatever else they still hold."""
    for found in re.finditer(re.escape(mark), tail):
        for depth in depths:
            with suppress(ValueError):
                json.loads(b'{"":' * depth + b"0" + tail[found.end() :])
                return found.start()
    return None


def _read(path: Path, start: int, stop: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(stop - start)


def _readable(path: Path, start: int) -> int:
    """How many records can be read one after the other from the array that opens at `start`."""
    decoder, utf8 = json.JSONDecoder(), codecs.getincrementaldecoder("utf-8")(errors="replace")
    text, count = "", 0
    with path.open("rb") as file:
        file.seek(start + 1)
        while len(text) < _MALFORMED and (chunk := file.read(_CHUNK)):
            text = (text + utf8.decode(chunk)).lstrip(" \t\r\n,")
            position = 0
            while text[position : position + 1] == "{":
                try:
                    _, position = decoder.raw_decode(text, position)
                except json.JSONDecodeError:
                    break
                count += 1
                while text[position : position + 1] in {" ", "\t", "\r", "\n", ","}:
                    position += 1
            text = text[position:]
    return count


def _header(label: str, head: bytes) -> tuple[str, tuple[str, ...]]:
    """The separator of a CSV (with which its first line names the most columns of the format) and its columns."""
    try:
        first = head.splitlines()[0].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _fatal("fichier_illisible", label, "encodage autre que UTF-8") from None
    if "\0" in first:
        raise _fatal("decp_non_decp", label, "")
    headers = {mark: next(csv.reader([first], delimiter=mark)) for mark in ",;\t|"}
    best = max(headers, key=lambda mark: len(_DECP_COLUMNS & set(headers[mark])))
    check_columns(label, headers[best])
    refuse_twice(label, headers[best])
    return best, tuple(
        f"{name or 'sans titre'} (colonne {place})" if name.casefold() in {"", *OWN_COLUMNS} else name
        for place, name in enumerate(headers[best], start=1)
    )
