"""Every text that a file of the site holds, shown or not: what the scan of the site goes through.

A text is as long as what is read in one go: a row of a table with its cells, a list, a paragraph, an attribute. Names
are found across its parts; numbers are not, since a bar stands between cells. The words where two texts of a page meet
are a text too: a name may be in two paragraphs.
"""

from __future__ import annotations

import base64
import binascii
import csv
import html
import io
import json
import re
import struct
import sys
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from python_calamine import CalamineWorkbook

from analysis.core.paths import STEPS

# The table that the calendars of a folder are made of, an event per row: that of the needs, but for steps of purchases.
NEEDS, OF_STEPS = "segments_veille_besoins.csv", "buyer_etapes.csv"
BETWEEN = " | "  # cells of a row, items of a list
MEET = "\n"  # where two texts do
BESIDE = 4  # words of a name, at most, on one side of where two texts meet
# A number as published tables write it, too short for any identifier or birth date of a person, or not whole.
PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,6})?(?:\.\d*)?(?:e[+-]?\d+)?|-?(?:0|[1-9]\d{0,11})\.\d+")
DESCRIBING = ("bytes", "minimum", "maximum")  # properties of a Data Package that tell of files and columns
DIGEST = re.compile(r"\bsha256:[0-9a-f]{64}\b")  # of a file: its digits are nobody's number
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PICTURE = {"IHDR", "PLTE", "tRNS", "pHYs", "sRGB", "gAMA", "cHRM", "IDAT", "IEND"}  # chunks that draw, and no other
# What a text holds in a `data:` address is not seen; nor is a long word in base64, unless it is read as one.
ADDRESS_OF_DATA = re.compile(r"\bdata:\s*(?:[\w.+-]+/[\w.+-]+[;,]|;\w|,)", re.IGNORECASE)
PACKED = re.compile(r"(?<![\w+/])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])[A-Za-z0-9+/]{16,}={0,2}(?![\w+/=])")
# Signs that nobody sees (soft hyphens, zero-width spaces) are dropped; dashes of all kinds are alike.
SIGNS = {
    code: None if kind == "Cf" else "-"
    for code in range(sys.maxunicode + 1)
    if (kind := unicodedata.category(chr(code))) in ("Cf", "Pd") or code == ord("\N{MINUS SIGN}")
}
# By what a page asks for something: nothing but what an address of data holds is allowed.
ASKING = frozenset(("src", "srcset", "srcdoc", "action", "formaction", "data", "poster", "background", "xlink:href"))
ASKED_BY_STYLE = re.compile(r"@import|url\(\s*[\"']?\s*(?!data:|#)\S", re.IGNORECASE)
ASKED_LATER = re.compile(r"[;,]\s*url\s*=", re.IGNORECASE)  # a page that sends its reader elsewhere
UNSEEN = re.compile(r"[\x00-\x20]+")  # what a browser drops of an address
ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")  # as programs write a sign
# What makes the grid of a sheet, whose values are read otherwise, and the codes of places in its headers.
GRID = re.compile(
    r'<c r="[A-Z]+\d+"(?: s="\d+")?(?: t="\w+")?(?:/>|>(?:<v>[^<]*</v>)?</c>)|</row>|<row(?: \w+="[\d:. ]*")*/?>'
)
IN_HEADERS = re.compile(r"&amp;[LCR]")
MARKUP = re.compile(r'"([^"<>]*)"|>([^<>]+)<')  # values of attributes, and texts


class Kind(Enum):
    """What a text is for, and so what it may hold."""

    READ = "read by people"
    ROW = "a row of a table, or of a calendar: as fine as its file may be"
    MEETING = "the words where two texts meet: a name may be in both"
    DATA = "read by a program: attribute, comment, style, JSON, drawing"
    SCRIPT = "run by a program"
    REQUEST = "an address that a page asks for by itself"
    HIDDEN = "a content that no file of the site has a reason to hold"


class Text(NamedTuple):
    """A text of a file and where it stands there, in French."""

    where: str
    value: str
    kind: Kind = Kind.READ


class Table(NamedTuple):
    """A table of a page, a CSV or a calendar: its rows, and the name of the CSV that holds them.

    A CSV says its columns. A table of a page that offers no CSV (None) says its numbers. One with a single value per
    row may be a row of its CSV, told from top to bottom.
    """

    where: str
    rows: int
    csv: str | None
    columns: tuple[str, ...] = ()
    numbers: str = ""
    single: bool = False


def as_read(text: str) -> str:
    """`text` as a reader sees it, were it encoded for an address, a page or a program; each sign in one form."""
    if "%" in text:
        text = unquote(text, errors="replace")
    if "&" in text:
        text = html.unescape(text)
    text = PACKED.sub(_unpacked, text)
    if "\\" in text:
        text = ESCAPED.sub(lambda found: _sign(int(found[1] or found[2], 16)), text)
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(SIGNS)


def _unpacked(word: re.Match[str]) -> str:
    """A long word, and the text that it is in base64 if it is one."""
    packed = word[0].rstrip("=")
    try:
        text = base64.b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return word[0]
    return f"{word[0]}{BETWEEN}{text}" if text.isprintable() else word[0]


def _sign(code: int) -> str:
    """The sign of a code; halves of a pair are none."""
    return " " if 0xD800 <= code <= 0xDFFF else chr(code)


def contents(path: Path) -> Iterator[Text | Table]:
    """All the texts of a file, and the tables of a page; what the site does not publish is one `HIDDEN` text."""
    read = READERS.get(path.suffix.lower())
    if read is None:
        yield Text("fichier entier", path.suffix, Kind.HIDDEN)
    else:
        yield from read(path)


def _page(path: Path) -> Iterator[Text | Table]:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8", errors="replace"))
    page.finish()
    yield from page.texts
    yield from page.tables


class _Page(HTMLParser):
    """The texts and the tables of a page or of a drawing, once fed and finished."""

    # Tags that do not end a text: those of a line, a row or a list.
    WITHIN = frozenset(
        ("a", "abbr", "b", "br", "code", "em", "i", "label", "span", "strong", "sub", "sup", "time", "u", "wbr")
    )
    CELLS = frozenset(("td", "th", "dt", "dd", "li", "option", "text", "tspan"))
    SHOWN = frozenset(("alt", "title", "aria-label", "placeholder"))
    LAYOUT = frozenset(("width", "height", "tabindex", "colspan", "rowspan"))  # numbers that tell nothing
    CHECKED = frozenset(("data-v", "data-digits", "data-factor"))  # with the figures of the page (`guard`)

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[Text] = []
        self.tables: list[Table] = []
        self._parts: list[str] = []
        self._start = 1
        self._before: list[str] = []  # the last words of the texts so far
        self._block = ""
        self._data: dict[str, list[str]] = defaultdict(list)
        self._drawing: list[str] = []
        self._drawn = 0
        self._table: dict | None = None

    def finish(self) -> None:
        self.close()
        self._flush()
        self._end_table()
        self._end_drawing()
        together = {name: BETWEEN.join(values) for name, values in sorted(self._data.items())}
        self.texts += [Text(f"attributs {name}", values, Kind.DATA) for name, values in together.items()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.CELLS:
            self._add(BETWEEN)
        elif tag not in self.WITHIN:
            self._flush()
            self._block = tag
        self._drawn += tag == "svg"
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        self._count(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.WITHIN | self.CELLS:
            self._flush()
            self._block = ""
        if tag == "table" and self._table:
            self._table["open"] = False
        if tag == "svg":
            self._drawn -= 1
            self._end_drawing()

    def handle_data(self, data: str) -> None:
        self._add(data)
        if self._table and self._table["open"] and self._block == "tr":
            self._table["cells"].append(data)

    def _add(self, part: str) -> None:
        if not self._parts:
            self._start = self.getpos()[0]
        self._parts.append(part)

    def handle_comment(self, data: str) -> None:
        self.texts.append(Text(self._line("commentaire"), data, Kind.DATA))

    handle_pi = handle_comment

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)

    def handle_decl(self, decl: str) -> None:
        if decl.casefold() != "doctype html":
            self.handle_comment(decl)

    def _attribute(self, tag: str, name: str, value: str) -> None:
        where, address = self._line(f"attribut {name}"), UNSEEN.sub("", value).casefold()
        if self._drawn:
            self._drawing.append(value)
        asking = name in ASKING or (name == "href" and tag != "a")
        if address.startswith("data:"):
            self.texts += _embedded(value.strip(), where)
        elif name.startswith("on") or address.startswith("javascript:"):
            self.texts.append(Text(where, value, Kind.SCRIPT))
        elif (asking and not address.startswith("#")) or (tag == "meta" and ASKED_LATER.search(value)):
            self.texts.append(Text(where, value, Kind.REQUEST))
        else:
            ours = name.startswith("data-") and name not in self.CHECKED
            # What stands in the fields of a form is of no table: where the calculator begins, and its steps.
            shown = tag != "input" and name not in self.CHECKED | self.LAYOUT
            if ours or (shown and PLAIN_NUMBER.fullmatch(value)):
                self._data[name].append(value)
            if ours:
                self.texts += [Text(where, word, Kind.HIDDEN) for word in PACKED.findall(value)]
            if not PLAIN_NUMBER.fullmatch(value):
                self.texts.append(Text(where, value, Kind.READ if name in self.SHOWN else Kind.DATA))

    def _count(self, tag: str, attrs: dict[str, str | None]) -> None:
        """The rows of the table that is open, and the CSV that is offered below it."""
        if tag == "table":
            self._end_table()
            self._table = {
                "where": self._line("tableau"),
                "rows": 0,
                "csv": None,
                "cells": [],
                "values": 0,
                "open": True,
            }
        elif self._table and tag == "tr" and self._table["open"]:
            self._table["rows"] += 1
        elif self._table and tag == "thead":
            self._table["rows"] -= 1
        elif self._table and tag == "td" and self._table["open"]:
            self._table["values"] += 1
        elif self._table and tag == "a" and not self._table["open"] and not self._table["csv"]:
            href = attrs.get("href") or ""
            self._table["csv"] = href.rsplit("/", 1)[-1] if href.endswith(".csv") else None

    def _end_table(self) -> None:
        if self._table:
            numbers = [re.sub(r"[\s%€]", "", cell).replace(",", ".") for cell in self._table["cells"]]
            shown = " ".join(number for number in numbers if re.fullmatch(r"-?\d+(\.\d+)?", number))
            where, rows, offered = (self._table[name] for name in ("where", "rows", "csv"))
            self.tables.append(Table(where, rows, offered, numbers=shown, single=self._table["values"] == rows))
        self._table = None

    def _end_drawing(self) -> None:
        if self._drawing:
            self.texts.append(Text(self._line("dessin"), " ".join(self._drawing), Kind.DATA))
        self._drawing = []

    def _flush(self) -> None:
        value = "".join(self._parts).strip(" |\n\t\r")
        self._parts = []
        if value:
            kinds = {"tr": Kind.ROW, "script": Kind.SCRIPT, "style": Kind.DATA}
            kind = kinds.get(self._block, Kind.READ)
            self.texts.append(Text(f"ligne {self._start}", value, kind))
            if kind in (Kind.READ, Kind.ROW):
                self._meet(value.split())

    def _meet(self, words: list[str]) -> None:
        """The words where this text and those before it meet, as many as a name may have on either side."""
        if self._before:
            both = " ".join(self._before), " ".join(words[:BESIDE])
            self.texts.append(Text(f"ligne {self._start}", MEET.join(both), Kind.MEETING))
        self._before = [*self._before, *words][-BESIDE:]

    def _line(self, what: str) -> str:
        return f"ligne {self.getpos()[0]}, {what}"


def _embedded(value: str, where: str) -> Iterator[Text]:
    """What a `data:` address holds: a PNG image or nothing."""
    head, _, body = value.partition(",")
    if head.casefold() == "data:image/png;base64":
        try:
            yield from png(base64.b64decode(body, validate=True), where)
        except (binascii.Error, ValueError, struct.error):
            yield Text(where, value, Kind.HIDDEN)
    elif value != "data:,":
        yield Text(where, value, Kind.HIDDEN)


def png(image: bytes, where: str) -> Iterator[Text]:
    """The texts of a PNG image. Chunks that do not draw are `HIDDEN`, but for the name of the program that drew."""
    place = len(PNG_SIGNATURE)
    kind = "" if image.startswith(PNG_SIGNATURE) else "?"
    while kind not in ("IEND", "?"):
        (length,) = struct.unpack(">I", image[place : place + 4])
        kind = image[place + 4 : place + 8].decode("latin-1")
        body = image[place + 8 : place + 8 + length]
        place += 12 + length
        if kind == "tEXt" and body.startswith(b"Software\0"):
            yield Text(where, body[9:].decode("latin-1"), Kind.DATA)
        elif kind not in PICTURE:
            yield Text(f"{where}, métadonnées de l'image", body.decode("latin-1"), Kind.HIDDEN)
    if place < len(image):
        yield Text(f"{where}, suite de l'image", image[place:].decode("latin-1"), Kind.HIDDEN)


def _image(path: Path) -> Iterator[Text]:
    try:
        yield from png(path.read_bytes(), "image")
    except struct.error:
        yield Text("image", "", Kind.HIDDEN)


def _rows(path: Path) -> Iterator[Text | Table]:
    """A text per row of a CSV file, without its plain numbers; then the table that it is."""
    with path.open(encoding="utf-8", errors="replace", newline="") as lines:
        reader = csv.reader(lines)
        columns: tuple[str, ...] = ()
        count = -1  # the heading is no row
        for row in reader:
            columns = columns or tuple(row)
            count += 1
            yield from _row(f"ligne {reader.line_num}", row)
    yield Table("fichier entier", count, path.name, columns)


def _row(where: str, cells: Iterable[str]) -> Iterator[Text]:
    """The text of a row, the same in a CSV and in its workbook; none if it holds plain numbers only."""
    if value := BETWEEN.join([cell for cell in cells if cell and not PLAIN_NUMBER.fullmatch(cell)]):
        yield Text(where, value, Kind.ROW)


def _calendar(path: Path) -> Iterator[Text | Table]:
    """A text per property of an iCalendar file, unfolded (RFC 5545). The library that writes them is slow to read."""
    lines = path.read_bytes().split(b"\n")  # a fold may part the bytes of a letter
    events = sum(line.startswith(b"BEGIN:VEVENT") for line in lines)
    yield Table("fichier entier", events, OF_STEPS if path.parent.name == STEPS else NEEDS)
    at = 0
    while at < len(lines):
        start, unfolded = at, lines[at].rstrip(b"\r")
        at += 1
        while at < len(lines) and lines[at][:1] in (b" ", b"\t"):
            unfolded += lines[at][1:].rstrip(b"\r")
            at += 1
        value = unfolded.decode("utf-8", errors="replace").replace("\\n", BETWEEN).replace("\\N", BETWEEN)
        yield Text(f"ligne {start + 1}", re.sub(r"\\([,;\\])", r"\1", value), Kind.ROW)


def _workbook(path: Path) -> Iterator[Text]:
    """The rows of the sheets of a workbook, without plain numbers; those of each column; all else that it packs."""
    book = CalamineWorkbook.from_path(str(path))
    for sheet in book.sheet_names:
        rows = book.get_sheet_by_name(sheet).to_python()
        yield Text("nom d'une feuille", sheet)
        for number, cells in enumerate(zip(*rows, strict=True), start=1):
            numbers = [repr(float(cell)) for cell in cells if isinstance(cell, int | float)]
            yield Text(f"colonne {number}", BETWEEN.join(numbers), Kind.DATA)
        for line, row in enumerate(rows, start=1):
            yield from _row(f"ligne {line}", map(str, row))
    with zipfile.ZipFile(path) as packed:
        for name in sorted(packed.namelist()):
            body = packed.read(name)
            if name.endswith(".png"):
                yield from png(body, "image du classeur")
            elif not name.endswith((".xml", ".rels")):
                yield Text("pièce du classeur", "", Kind.HIDDEN)
            else:
                rest = IN_HEADERS.sub(BETWEEN, GRID.sub("", body.decode("utf-8", errors="replace")))
                found = (html.unescape(value or text) for value, text in MARKUP.findall(rest))
                yield Text("propriétés et textes du classeur", BETWEEN.join(dict.fromkeys(found)), Kind.ROW)


def _whole(kind: Kind) -> Callable[[Path], Iterator[Text]]:
    """A reader of files that are one text, after which a line says where each part of it is."""

    def read(path: Path) -> Iterator[Text]:
        text = path.read_text(encoding="utf-8", errors="replace")
        yield Text("fichier entier", text.strip(), kind)
        for line, value in enumerate(io.StringIO(text), start=1):
            yield Text(f"ligne {line}", value, Kind.ROW)

    return read


def _json(path: Path) -> Iterator[Text]:
    """The numbers of each property of a JSON file, all its occurrences together, and the texts of each object."""
    text = path.read_text(encoding="utf-8", errors="replace")
    found: dict[str, list[str]] = defaultdict(list)
    try:
        held = json.loads(text)
    except json.JSONDecodeError:
        yield Text("fichier entier", text, Kind.HIDDEN)
        return
    _collect(held, "", found)
    for name, numbers in found.items():
        if name.rpartition(".")[2] not in DESCRIBING:
            yield Text(f"propriété {name}", " ".join(numbers), Kind.DATA)
    for name, value in _objects(held, ""):
        yield Text(f"propriété {name}", DIGEST.sub("", value), Kind.ROW)


def _objects(value: object, name: str) -> Iterator[tuple[str, str]]:
    """The keys of each object under `value`, and what it or each list holds directly, with its path."""
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    keys = list(value) if isinstance(value, dict) else [""] * len(items)
    yield name, BETWEEN.join(filter(None, keys))
    yield name, BETWEEN.join(str(item) for item in items if not isinstance(item, dict | list))
    for key, item in zip(keys, items, strict=True):
        if isinstance(item, dict | list):
            yield from _objects(item, f"{name}.{key}" if key else name)


def _collect(value: object, name: str, found: dict[str, list[str]]) -> None:
    """Add the numbers under `value` to those of their property, named by its path without places in lists."""
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, f"{name}.{key}", found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, name, found)
    elif (isinstance(value, str) and re.fullmatch(r"-?\d+(?:\.\d+)?", value)) or (
        isinstance(value, int | float) and not isinstance(value, bool)
    ):
        found[name].append(repr(float(value)))


READERS: dict[str, Callable[[Path], Iterator[Text | Table]]] = {
    ".html": _page,
    ".svg": _page,
    ".csv": _rows,
    ".ics": _calendar,
    ".xlsx": _workbook,
    ".png": _image,
    ".json": _json,
    ".css": _whole(Kind.DATA),
    ".js": _whole(Kind.SCRIPT),
}
