"""The whole site, read again before it is declared finished, for what no file of it may hold.

Every text of every file counts (see `texts`): shown or not, attribute, comment, style, script, property of a workbook,
metadata of an image. Four questions are asked of it.

- Is somebody in it? E-mails, telephone and social security numbers by their form (`quality_log`), whatever the column.
  Names and birth dates by their fingerprints: the clean stage keeps a keyed hash of each, and the scan hashes every
  run of 2 to 5 words and every date of the site with the same secret. Five words are a first name and a name of two
  each, or one with a particle (Anne-Marie de la Tour). Words are put end to end, so that hyphens, blanks, case and
  accents do not matter; a capital inside a word begins another (« DupontJean »), and words run on from one paragraph
  into the next. Not one word alone: « Li » and « Na » together would be found in « Lina », so « dupontjean » is not.
- Is it finer than what is protected? A CSV is a protected table, to the byte; a table of a page has no more rows than
  the CSV that it offers (nor, with one value per row, than its columns: it may be one of its rows); a calendar no
  more events than the table of needs, or of steps. What a program reads, and any enumeration in a sentence, is an
  array from `ARRAY` (or `ENUMERATION`) numbers on, those of one attribute of all elements too, and is refused unless
  one column of a protected table, or the codes of our communes and intercommunalités, hold each of its numbers at
  least as often. All that a drawing holds is one array.
- Is it run? The only scripts are our own, to the letter. Does a page ask for something? Nothing: all is in it.
- Does it speak of a machine? Paths of a disk, traces of an error.

Each text is asked as a reader would see it (`texts.as_read`), however its letters are encoded, base64 included.

What is public already is no finding: the contacts and names that structures agreed to publish (the protected table
`annuaire`); an identifier of the open data on contracts; a name inside a longer text that stands as such in these data
(« rue Jean Dupont »), or in a reference table; a day of a protected table's dates or of a reference table.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, groupby
from pathlib import Path

import pandas as pd
from pyarrow import parquet

from analysis.buyer import schedule
from analysis.checking.pool import each
from analysis.checking.refusal import refuse
from analysis.checking.texts import ADDRESS_OF_DATA, ASKED_BY_STYLE, MEET, Kind, Table, Text, as_read, contents
from analysis.core import reference
from analysis.core.dataset import load_dataset
from analysis.core.errors import DataError
from analysis.core.files import as_csv, read_table
from analysis.core.numbers import MONTHS
from analysis.core.paths import clean_dir, fingerprints_dir, project_root, protected_dir, reference_dir
from analysis.core.personal import E_MAIL, NIR, PHONE
from analysis.core.texts import unaccented
from analysis.publishing import scripts
from analysis.publishing.templating import fill
from analysis.segments.watch import feed
from analysis.sources.persons import BIRTH, NAME, WITNESS, fingerprint, load_secret, normalise_name

OF_FILES = ("donnees.html", "methode.html")  # their tables describe the files and the definitions of others
MANY = 100  # files from which another process helps
ARRAY = 5  # numbers of a text that a program reads, from which it is an array
ENUMERATION = 20  # numbers in a row, without a word between them, from which a sentence is one
MOST_WORDS = 5  # of a first name and a name
OPEN_TEXTS = {"decp/marches": ["acheteur_nom", "objet"], "projects/projets": ["acheteur_nom", "objet"]}
OPEN_CODES = {"decp/marches": ["uid"], "projects/projets": ["projet_id"]}
REFERENCE = ("acheteur", "nomenclatures", "publication", "territoire")

FORMS = {
    "adresse électronique": re.compile(E_MAIL),
    "numéro de téléphone": re.compile(PHONE),
    "numéro de sécurité sociale": re.compile(NIR),
}
PERSON, BORN = "nom d'une personne des données brutes", "date de naissance d'une personne des données brutes"
FINER, MORE_ROWS = "nombres plus fins qu'une table protégée", "plus de lignes que la table protégée"
NO_TABLE = "table qui n'est pas une table protégée"
ALTERED = "contenu qui n'est pas celui de la table protégée"
FOREIGN_SCRIPT, HIDDEN = "programme qui n'est pas du site", "contenu que le site ne publie pas"
REQUEST = "demande d'un fichier ou d'une adresse au dehors de la page"
TRACE, PLACE = "trace d'une erreur de programme", "chemin d'une machine"

UID = re.compile(rf"UID:[0-9a-f]{{32}}@(?:{re.escape(feed.DOMAIN)}|{re.escape(schedule.DOMAIN)})")
TRACES = re.compile(
    r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+|\bCell In\[\d+\]|\.py:\d+: \w+Warning"
    r"|(?<!\w)(?:[a-z_]\w*\.)*[A-Z]\w+(?:Error|Exception): | object at 0x[0-9a-f]{4}"
)
PLACES = (
    r"(?<![\w./])/(?:home|root|tmp|Users|Volumes|usr|opt|var|mnt|srv|private|workspaces?|work|builds|app|nix|data)/\w",
    r"(?<![\w\\])\\\\\w[\w.-]*\\\w",  # of a server: \\server\share
    r"file://",
    r"(?<![A-Za-z])[A-Za-z]:(?:\\+|/)\w",
)
NUMBER = re.compile(r"(?<![A-Za-z0-9_.])-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?(?![A-Za-z0-9_])")
DRAWN = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?")  # M10,20L30-40: signs and letters part them
IN_A_ROW = re.compile(r"-?\d+(?:[.,]\d+)?(?:[^\w]{1,12}-?\d+(?:[.,]\d+)?)+")
WORDS = re.compile(r"[^\W_]+")
GLUED = re.compile(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")  # DupontJean
COMPACT = re.compile(r"(?<![\d.,])((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)(?![.,]\d)")  # as calendars write them
CUT = {month[:size]: number for number, month in enumerate(MONTHS, start=1) for size in range(3, len(month) + 1)}
DAYS = re.compile(
    rf"\d(?<!\d\d)\d{{0,3}}(?:[/.-]\d\d?[/.-](?:\d{{4}}|\d\d?)|(?:er)?\s+(?:{'|'.join(CUT)})\.?\s+\d{{4}})(?!\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class Finding:
    """What stands in a file and where; never the value itself."""

    file: str
    where: str
    kind: str

    def __str__(self) -> str:
        return f"{self.file}, {self.where} : {self.kind}"


def check_site(folder: Path, dataset: str, paths: Sequence[Path] | None = None) -> None:
    """Raise DataError, naming the first findings and never a value, unless every file of `folder`, or of `paths` in it,
    may be published.

    `dataset` says which tables are protected and whose names and birth dates are looked for: nobody's where it
    received none. Raises DataError too when their fingerprints were made with another secret.
    """
    refuse("le site ne peut pas être publié", findings(folder, dataset, site_files(folder) if paths is None else paths))


def site_files(folder: Path) -> list[Path]:
    """All files of a site, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def findings(folder: Path, dataset: str, paths: Sequence[Path]) -> list[Finding]:
    """All that no file may hold, once per file, place and kind, in the order of files and of their lines."""
    parts = max(1, min(os.cpu_count() or 1, len(paths) // MANY))
    # A CSV and its workbook go together: a row that both hold is asked once.
    together = [list(files) for _, files in groupby(paths, key=lambda path: path.with_suffix(""))]
    shares = [(folder, dataset, list(chain(*together[part::parts]))) for part in range(parts)]
    found = [finding for share in each(_findings_in, shares, few=2) for finding in share]
    return sorted(found, key=lambda finding: finding.file)


def _findings_in(share: tuple[Path, str, list[Path]]) -> list[Finding]:
    """Those of a share of the files of a folder."""
    folder, dataset, paths = share
    asked = Questions(dataset)
    found: dict[Finding, None] = {}
    for path in paths:
        called = path.relative_to(folder).as_posix()
        named = asked.of(Text("nom du fichier", called))
        label = f"fichier dont le nom ne peut pas être publié ({path.suffix})" if named else called
        found |= dict.fromkeys(Finding(label, "nom du fichier", kind) for kind in named)
        for part in contents(path):
            if called in OF_FILES and isinstance(part, Table):
                continue
            kinds = asked.of(part) if isinstance(part, Text) else asked.size(part)
            found |= dict.fromkeys(Finding(label, part.where, kind) for kind in kinds)
        if path.name in asked.tables and not asked.is_protected(path):
            found[Finding(label, "fichier entier", ALTERED)] = None
    return list(found)


@dataclass
class Questions:
    """What is asked of each text, and what may answer: read once, each distinct text asked once."""

    dataset: str
    answers: dict[tuple[str, Kind], tuple[str, ...]] = field(default_factory=dict)
    nobody: set[str] = field(default_factory=set)  # runs of words that are no name

    def of(self, text: Text) -> tuple[str, ...]:
        """The kinds of what `text` may not hold."""
        key = (text.value, text.kind)
        if key not in self.answers:
            self.answers[key] = tuple(self._answers(text))
        return self.answers[key]

    def _answers(self, text: Text) -> Iterator[str]:
        if text.kind is Kind.MEETING:
            if self.fingerprints and self._names(text.value, among=met(text.value)):
                yield PERSON
            return
        if text.kind is Kind.HIDDEN or (text.kind is Kind.DATA and ADDRESS_OF_DATA.search(text.value)):
            yield HIDDEN
        if text.kind is Kind.REQUEST or (text.kind is Kind.DATA and ASKED_BY_STYLE.search(text.value)):
            yield REQUEST
        ours = text.kind in (Kind.SCRIPT, Kind.DATA) and _bare(text.value) in self.own_programs
        if text.kind is Kind.SCRIPT and not ours:
            yield FOREIGN_SCRIPT
        if ours:
            return
        text = text._replace(value=as_read(text.value))
        yield from (kind for kind, form in FORMS.items() if form.search(text.value) and self._private(form, text.value))
        if self.fingerprints:
            if self._names(text.value, among=runs(text.value)):
                yield PERSON
            if any(self._received(BIRTH, day) and day not in self.public_days for day in days(text.value)):
                yield BORN
        if TRACES.search(text.value):
            yield TRACE
        if ("/" in text.value or "\\" in text.value) and self.places.search(text.value):
            yield PLACE
        if self._finer(_array(text)):
            yield FINER

    def _private(self, form: re.Pattern[str], value: str) -> bool:
        """Whether what has that form is neither a contact agreed upon nor the identifier of a contract or an event."""
        for contact in self.contacts:
            value = value.replace(contact, "")
        value = UID.sub("", value)
        return bool(form.search(value) and form.search(" ".join(x for x in value.split() if x not in self.open_codes)))

    # --- persons -------------------------------------------------------------------------------

    @cached_property
    def fingerprints(self) -> frozenset[tuple[str, str]]:
        """(genre, empreinte) of everybody looked for."""
        paths = sorted(fingerprints_dir(self.dataset).glob("*.parquet"))
        tables = [table for table in map(read_table, paths) if len(table)]
        rows = frozenset(row for table in tables for row in table.itertuples(index=False, name=None))
        if tables and {row for row in rows if row[0] == WITNESS} != {(WITNESS, fingerprint(WITNESS, "", self.secret))}:
            raise DataError(
                f"secret des pseudonymes de « {self.dataset} » : ce n'est pas celui des empreintes ; attendu : le même "
                f"à chaque étape (relancez « analysis clean exports {self.dataset} » et "
                f"« analysis clean inventory {self.dataset} »)."
            )
        return rows

    @cached_property
    def secret(self) -> bytes:
        return load_secret(self.dataset)

    def _received(self, kind: str, text: str) -> bool:
        """Whether a name or a day is that of somebody of the raw data."""
        return (kind, fingerprint(kind, text, self.secret)) in self.fingerprints

    def _names(self, value: str, among: set[str]) -> bool:
        asked = among - self.nobody
        found = {run for run in asked if self._received(NAME, run)}
        self.nobody |= asked - found
        return any(self._private_name(name, value) for name in found)

    def _private_name(self, name: str, value: str) -> bool:
        """Whether a name stands in `value` outside the texts that are public as such."""
        plain = normalise_name(value)
        for public in self.public_texts:
            if name in public:
                plain = plain.replace(public, "|")
        for longer in self.open_texts:
            if name in longer and name != longer:
                plain = plain.replace(longer, "|")
        return name in plain

    # --- what is public ------------------------------------------------------------------------

    @cached_property
    def contacts(self) -> list[str]:
        """The contacts that structures agreed to publish, the longest first."""
        return sorted(map(as_read, self._agreed("contact")), key=lambda contact: (-len(contact), contact))

    def _agreed(self, column: str) -> set[str]:
        path = protected_dir(self.dataset) / "facilitators" / "annuaire.parquet"
        return set(read_table(path)[column].dropna()) - {""} if path.is_file() else set()

    @cached_property
    def public_texts(self) -> list[str]:
        """Names of places, labels of lists, structures and contacts of the annuaire, as names are compared."""
        reference = {text for table in self._references for text in table.stack().dropna()}
        return _compared(reference | self._agreed("nom") | self._agreed("contact"))

    @cached_property
    def open_texts(self) -> list[str]:
        """Objects and buyers of the open data on contracts, as names are compared."""
        return _compared(self._open(OPEN_TEXTS))

    @cached_property
    def open_codes(self) -> set[str]:
        """Identifiers of contracts and projects, some of which look like those of persons."""
        return self._open(OPEN_CODES)

    def _open(self, wanted: dict[str, list[str]]) -> set[str]:
        paths = {
            clean_dir(self.dataset, Path(name).parent.name) / f"{Path(name).name}.parquet": name for name in wanted
        }
        tables = [pd.read_parquet(path, columns=wanted[name]) for path, name in paths.items() if path.is_file()]
        return {text for table in tables for text in table.stack().dropna()}

    @cached_property
    def public_days(self) -> set[str]:
        """The days of the date columns of protected tables, of reference tables, and those of observation."""
        described = load_dataset(self.dataset)
        observed = [described.date_observation, *(edition.date_observation for edition in described.editions)]
        known = {str(day) for day in observed}
        known |= {day for table in self._references for text in table.stack().dropna() for day in days(text)}
        return known | self._protected[0]

    @cached_property
    def _references(self) -> list[pd.DataFrame]:
        paths = sorted(path for name in REFERENCE for path in (reference_dir() / name).glob("*.csv"))
        return [pd.read_csv(path, dtype="str", comment="#") for path in paths]

    # --- arrays --------------------------------------------------------------------------------

    @cached_property
    def tables(self) -> dict[str, Path]:
        """The protected tables, by the name of their CSV."""
        paths = sorted(protected_dir(self.dataset).glob("*/*.parquet"))
        return {f"{path.parent.name}_{path.stem}.csv": path for path in paths}

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, set[str]]]:
        """The number of rows and the columns of each protected table."""
        known = {name: parquet.read_metadata(path) for name, path in self.tables.items()}
        return {name: (found.num_rows, set(found.schema.to_arrow_schema().names)) for name, found in known.items()}

    @cached_property
    def own_programs(self) -> set[str]:
        """The scripts, the list of communes and the style of our pages."""
        own = (scripts.search(), scripts.tables(), scripts.sizing())
        towns = scripts.towns(load_dataset(self.dataset).departements)
        known = (*(script.text for script in own), towns, fill("style.css"))
        return {_bare(text) for text in known}

    @cached_property
    def _protected(self) -> tuple[set[str], list[Counter[float]]]:
        """Of the protected tables: the days, and how often each number stands in each column."""
        known: set[str] = set()
        numbers = []
        for path in self.tables.values():
            for _, column in read_table(path).items():
                if column.dtype.kind == "M":
                    known |= {str(day)[:10] for day in column.dropna().unique()}
                else:
                    numbers.append(_counted(column))
        return known, numbers

    def _finer(self, numbers: list[float]) -> bool:
        """Whether no column holds all of `numbers`, each at least as often."""
        wanted = Counter(numbers)
        if not numbers or wanted <= self._codes:
            return False
        return not any(wanted <= column for column in self._protected[1])

    @cached_property
    def _codes(self) -> Counter[float]:
        """The codes of our communes, with their postcodes, and of our intercommunalités."""
        towns, codes = reference.communes(), reference.table("territoire/codes_postaux")
        places = [reference.epci()["epci_siren"], towns["code_insee"], codes["code_postal"]]
        return _counted(pd.concat(places))

    def is_protected(self, path: Path) -> bool:
        """Whether a CSV is the protected table of its name."""
        return path.read_bytes() == as_csv(read_table(self.tables[path.name]))

    def size(self, table: Table) -> Iterator[str]:
        """What makes a table finer than the protected one that it is or offers, or than any if it offers none."""
        if table.csv is None:
            if self._finer(_enough(table.numbers, ARRAY)):
                yield FINER
        elif table.rows and table.csv not in self.tables:
            yield NO_TABLE
        elif table.rows:
            rows, columns = self._shapes[table.csv]
            if table.rows > (max(rows, len(columns)) if table.single else rows):
                yield MORE_ROWS
            if set(table.columns) - columns:
                yield FINER

    # --- machines ------------------------------------------------------------------------------

    @cached_property
    def places(self) -> re.Pattern[str]:
        """Paths of this machine, and of any."""
        here = {project_root(), Path.home(), Path(tempfile.gettempdir())}
        own = [rf"(?<![\w.]){re.escape(str(place))}(?!\w)" for place in sorted(here) if len(place.parts) > 1]
        return re.compile("|".join([*own, *PLACES]))


def runs(value: str) -> set[str]:
    """Every run of 2 to `MOST_WORDS` consecutive words of a text, put end to end as names are compared.

    A number ends a run: there is none in a name.
    """
    plain = unaccented(GLUED.sub(" ", value).casefold())
    words = WORDS.findall(plain)
    found = set()
    for start, first in enumerate(words):
        run = first
        if not first.isalpha():
            continue
        for word in words[start + 1 : start + MOST_WORDS]:
            if not word.isalpha():
                break
            run += word
            found.add(run)
    return found


def met(value: str) -> set[str]:
    """The runs of words that begin in one of two texts that meet and end in the other."""
    return runs(value).difference(*map(runs, value.split(MEET)))


def days(value: str) -> set[str]:
    """The days written in a text (2001-03-05, 05/03/2001, 05/03/01, 5 mars 2001, 20010305), in ISO form: of a year of
    two digits, those of both centuries."""
    found = set()
    for written in [*DAYS.findall(value), *("-".join(parts) for parts in COMPACT.findall(value))]:
        first, month, last = re.split(r"[/.\s-]+", written.lower())
        year, day = (first, last) if len(first) == 4 else (last, first.removesuffix("er"))
        number = CUT[month] if month in CUT else int(month)
        for century in ("",) if len(year) == 4 else ("19", "20") if len(year) == 2 else ():
            try:
                found.add(dt.date(int(century + year), number, int(day)).isoformat())
            except ValueError:
                continue
    return found


def _array(text: Text) -> list[float]:
    """The numbers of a text where it is an array; none where it is not."""
    if text.kind is Kind.DATA:
        drawing = text.where.endswith(("dessin", "attribut d", "attribut points"))
        return _enough(text.value, ARRAY, DRAWN if drawing else NUMBER)
    if text.kind is Kind.READ:
        rows = [_enough(row[0].replace(",", "."), ENUMERATION, DRAWN) for row in IN_A_ROW.finditer(text.value)]
        return [number for row in rows for number in row]
    return []


def _enough(text: str, least: int, form: re.Pattern[str] = NUMBER) -> list[float]:
    """The numbers of a text if they are at least so many."""
    numbers = [float(number) for number in form.findall(text)]
    return numbers if len(numbers) >= least else []


def _counted(values: pd.Series) -> Counter[float]:
    """How often each number stands in a column, codes included."""
    numbers = pd.to_numeric(values, errors="coerce").dropna().astype("float64").value_counts()
    found: Counter[float] = Counter()
    for number, times in numbers.items():
        # As a CSV writes it, and as a workbook does, with sixteen digits.
        for written in {number, float(f"{number:.16g}")}:
            found[written] += times
    return found


def _compared(found: set[str]) -> list[str]:
    """Texts as names are compared, the longest first."""
    plain = {normalise_name(text) for text in found} - {""}
    return sorted(plain, key=lambda text: (-len(text), text))


def _bare(text: str) -> str:
    return text.strip(" |\n\t\r")
