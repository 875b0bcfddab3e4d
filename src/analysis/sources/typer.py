"""Text columns into typed ones. A value that does not fit becomes null and a row of the quality table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.numbers import BLANKS, MONTHS, MOST_DIGITS, THREE_DIGITS, WEEKDAYS
from analysis.core.personal import MASKED, looks_personal, without_traces
from analysis.core.quality_log import breaches
from analysis.core.sirene import LA_POSTE, SIREN_DIGITS, SIRET_DIGITS
from analysis.core.texts import words
from analysis.schemas.canonical import PERSONAL, Column, Table
from analysis.sources.spreadsheet import MERGED, MERGED_RULE, merged
from analysis.sources.tally import tell

YES = {"oui", "o", "1", "vrai", "true", "x"}
NO = {"non", "n", "0", "faux", "false"}
UNKNOWN = {"inconnu", "nsp", "ne sait pas", "?"}
SHORTEST_MONTH = 3  # letters: `jan`; `jui`, which is two months, is none
YEAR_SAID = re.compile(r"(?:20)?[0-9][0-9]")
MONTH = r"[0-9]{4}-(?:0[1-9]|1[0-2])"
MONTH_IN_FIGURES = re.compile(
    r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9][0-9]?)|(?P<month_first>[0-9][0-9]?)[-/.](?P<its_year>[0-9]{4})"
)
# A day and what may follow it: a time, and the zone where it is that time.
TIME = r"(?:[01]?[0-9]|2[0-3])[:h][0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
TIMED = rf"^(?P<day>\S+?)(?:T|\s+(?:à\s+)?)(?P<time>{TIME})\s*(?P<zone>Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?$"
ISO, DAY_SIGN = "%Y-%m-%d", "[-/.]"  # between the numbers of a day
IN_LETTERS, DAY_IN_MONTH = r"[^\W\d_]{3}", re.compile("[0-9][0-9]?|1er")
# What may stand before a day: « lundi 3 mars 2025 », « lun. 03/03/2025 ».
WEEKDAY = rf"(?i)^(?P<weekday>{'|'.join([*WEEKDAYS, *(name[:3] for name in WEEKDAYS)])})\.?,?\s+(?P<day>[0-9].*)$"
HERE = "Europe/Paris"
HELD = pd.Timestamp("1678-01-01"), pd.Timestamp("2261-12-31")  # whole years of what a table holds, in any zone
# What a spreadsheet shows instead of a value, in English or French, and of what does not fit in its column.
IN_ERROR = r"#[A-ZÉ/0]+\s?[!?]|#N/[AD]|Err\s?:\s?[0-9]{3}|#{3,}"
PARTED = re.compile(r"\s*(?:[|,;/+&\n]|\bet\b)\s*", re.IGNORECASE)  # what stands between two values of a cell

# Numbers of which the decimal mark announced is the point.
SWAPPED = str.maketrans(".,", ",.")
NUMBER = rf"-?[0-9]{{1,{MOST_DIGITS}}}(\.[0-9]+)?"
DECIMAL_POINT, DECIMAL_COMMA = r"-?[0-9]+\.[0-9]+", r"-?[0-9]+,[0-9]+"
CLOCK = re.compile(r"([0-9]{1,9})[h:]([0-5][0-9])(?:mn|min|:00)?", re.IGNORECASE)  # 12h30, 100:30:00
UNIT = r"(?i)(?<=[0-9])\s*h(?:eures?)?$"
MINUS = "\N{MINUS SIGN}"
THOUSANDS = r"-?[1-9][0-9]{0,2}((,[0-9]{3}){2,}(\.[0-9]+)?|,[0-9]{3}\.[0-9]+)"  # nothing else


class Typer:
    """Types the columns of received tables and gathers what did not fit.

    Methods that type a column (`column`, `code`, `date`, one for each kind) take rows with `fichier` and `ligne` and a
    column of text, and return the typed series; `table` types all columns of a table. `flag`, `refuse` and `drop` note
    what was wrong, and `tell` says it.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.breaches: list[pd.DataFrame] = []
        self.refused: list[pd.Series] = []  # the file of each row that does not count
        self.left: list[pd.Series] = []  # that of each row of another year, in a file of all years

    def drop(self, rows: pd.DataFrame) -> None:
        """Note that `rows` do not count, for a reason that is recorded already."""
        self.refused.append(rows["fichier"])

    def refuse(self, rows: pd.DataFrame, column: str) -> None:
        """Refuse `rows` for their cell of `column`, which is recorded already: with it the whole record is kept."""
        self.drop(rows)
        cell = ["fichier", "ligne", "colonne"]
        records = rows.assign(colonne=_heading(rows, column)).drop_duplicates(cell).set_index(cell)["enregistrement"]
        records = records.map(without_traces)
        for part in self.breaches:
            kept = records.reindex(pd.MultiIndex.from_frame(part[cell])).set_axis(part.index)
            part["enregistrement"] = kept.fillna(part["enregistrement"])

    def leave(self, rows: pd.DataFrame) -> None:
        """Note that `rows` are of another year than their send."""
        self.left.append(rows["fichier"])

    def flag(
        self,
        rows: pd.DataFrame,
        rule: str,
        column: str = "",
        *,
        said: str | None = None,
        record: str | None = None,
        among: Collection[str] = (),
    ) -> None:
        """Record that `rows` broke `rule`, and are refused when there is a `record`.

        What is wrong is their value in `column`, or what the column `said`, which is none of the table, says of them.
        The value of a personal column is never kept. A cell that is merged with one above it broke that rule and no
        other.
        """
        if rows.empty:
            return
        if column in rows and rule != MERGED_RULE:
            with_above = merged(rows[column].astype("str"))
            told = rows[with_above.notna()].assign(**{column: with_above.dropna()})
            self.flag(told, MERGED_RULE, column, record=record)
            rows = rows[with_above.isna()]
            if rows.empty:
                return
        if record:
            self.drop(rows)
        if column in PERSONAL and column in rows and rule != MERGED_RULE:
            rows = rows.assign(**{column: rows[column].notna().map({True: MASKED, False: ""})})
        value = said or (column if column in rows else None)
        self.breaches.append(
            breaches(
                rows,
                source=self.source,
                rule=rule,
                column=column,
                value=value,
                record=record,
                among=among,
                heading=_heading(rows, column),
            )
        )

    def tell(self, received: Iterable[pd.DataFrame]) -> None:
        """Say what became of the rows of each file of the `received` tables, once all is found.

        A month is a row, in a layout with a column per month too.
        """
        rows = Counter(file for frame in received for file in frame["fichier"])
        refused, left = (Counter(file for files in parts for file in files) for parts in (self.refused, self.left))
        flagged = Counter(file for part in self.breaches for file in part.loc[part["enregistrement"].eq(""), "fichier"])
        tell(rows, rows - refused - left, refused, flagged, left=left)

    def table(self, rows: pd.DataFrame, table: Table) -> pd.DataFrame:
        """All the columns of `table`, typed; absent ones are null."""
        out = rows[[c for c in rows.columns if c not in {col.name for col in table.columns}]].copy()
        for column in table.columns:
            empty = pd.Series(pd.NA, index=rows.index, dtype="str")
            given = rows.assign(**{column.name: stripped(rows.get(column.name, empty))})
            if column.required and not column.personal and column.name not in table.key:
                self.flag(given[given[column.name].isna()], "valeur_obligatoire", column.name)
            out[column.name] = self.column(given, column)
        return out

    def column(self, rows: pd.DataFrame, column: Column) -> pd.Series:
        """One column, typed; `rows` hold its text, without blanks around it."""
        if column.codelist and not column.several:
            codes = self.code(rows, column.name, column.codelist)
            return pd.to_numeric(codes).astype("float64") if column.kind == "nombre" else codes
        method = getattr(self, f"_{column.kind}")
        return method(rows, column.name)

    def code(self, rows: pd.DataFrame, column: str, codelist: str) -> pd.Series:
        """A code of the codelist, as it spells it, whatever the case received; unknown codes become null."""
        spelt = {code.upper(): code for code in reference.labels(codelist)}
        value = listed_number(rows[column]).str.upper().map(spelt).astype("str")
        unread = rows[rows[column].notna() & value.isna()]
        several = unread[column].map(lambda text: len(parts_of(text, codelist)) > 1).astype(bool)
        self.flag(unread[several], "codes_plusieurs", column, among=spelt.values())
        self.flag(unread[~several], "code_inconnu", column, among=spelt.values())
        return value

    def _texte(self, rows: pd.DataFrame, column: str) -> pd.Series:
        """Any text but what stands for none: the error of a formula, a cell that is merged with one above it.

        An identifier of another row, which begins with its structure, is told by whoever looks for that row.
        """
        none = in_error(rows[column]) | rows[column].str.startswith(MERGED).fillna(False).astype(bool)
        self.flag(rows[none], "erreur_formule", column)
        return rows[column].mask(none)

    def _nombre(self, rows: pd.DataFrame, column: str) -> pd.Series:
        return self._number(rows, column, rows[column])

    def _duree(self, rows: pd.DataFrame, column: str) -> pd.Series:
        """Hours, which may have their unit, or minutes: `134,5 h`, `12h30`, `100:30`."""
        bare = rows[column].str.replace(UNIT, "", regex=True)
        return self._number(rows, column, bare, spelt=_decimal_hours)

    def _part(self, rows: pd.DataFrame, column: str) -> pd.Series:
        """A share of 1, which may be said in per cent: `0,5`, `50 %`."""
        percent = rows[column].str.endswith("%").fillna(False).astype(bool)
        number = self._number(rows, column, rows[column].str.removesuffix("%"))
        return number.mask(percent, number / 100)

    def _number(
        self, rows: pd.DataFrame, column: str, text: pd.Series, spelt: Callable[[str], str] | None = None
    ) -> pd.Series:
        """`text` of a column as numbers with either decimal mark; the other mark may part thousands.

        `12.500` is 12.5 or 12 500: the other numbers of its file's column say which, else it is refused. What `spelt`
        can read is first made a number with a point.
        """
        compact = text.str.replace(BLANKS, "", regex=True).str.replace(MINUS, "-")
        point = rows["decimale"].eq(".") if "decimale" in rows else pd.Series(True, index=rows.index)
        text = compact.where(point, compact.str.translate(SWAPPED))  # as if each file announced the point

        def seen(cells: pd.Series) -> pd.Series:
            return cells.groupby(rows["fichier"]).transform("any")

        by_point, by_comma, thousands = (has_form(text, form) for form in (DECIMAL_POINT, DECIMAL_COMMA, THOUSANDS))
        either = has_form(text, THREE_DIGITS)
        announced, other = seen(thousands | (by_point & ~either)), seen(by_comma & ~either)
        thousands |= either & by_comma & announced & ~other
        doubtful = either & (announced == other).where(by_comma, other & ~announced)
        self.flag(rows[doubtful], "nombre_ambigu", column)
        plain = text.mask(thousands, text.str.replace(",", "")).str.replace(",", ".")
        if spelt:
            plain = plain.map(spelt, na_action="ignore").astype("str")
        fits = has_form(plain, NUMBER)
        self.flag(rows[rows[column].notna() & ~fits], "nombre_invalide", column)
        return pd.to_numeric(plain.where(fits & ~doubtful)).astype("float64")

    def _date(self, rows: pd.DataFrame, column: str) -> pd.Series:
        return self.date(rows, column)

    def date(self, rows: pd.DataFrame, column: str, rule: str = "date_export_invalide") -> pd.Series:
        """A day (see `_days`), before which its weekday may stand, and no other; of one that cannot be read, the form
        that its file has is told."""
        weekday, bare = _without_weekday(rows, column)
        days = _days(bare, column)
        other = weekday.notna() & days.notna() & weekday.ne(days.dt.day_of_week)
        self.flag(rows[other], "date_jour_semaine", column)
        unread, forms = rows[column].notna() & days.isna(), _forms(rows)
        days = days.mask(other)
        for form in sorted(forms[unread].unique()):
            self.flag(rows[unread & forms.eq(form)], rule, column, among=[_in_french(form)])
        return days

    def _mois(self, rows: pd.DataFrame, column: str) -> pd.Series:
        """A month in figures, in letters, or one of its days, as AAAA-MM."""
        spelt = {text: spelt_month(text) for text in rows[column].dropna().unique()}
        value = rows[column].map(spelt).astype("str")
        other = value.notna() & ~has_form(value, MONTH)
        if other.any():
            value = value.mask(other, _days(rows[other], column).dt.strftime("%Y-%m"))
        return value.where(has_form(value, MONTH))

    def _booleen(self, rows: pd.DataFrame, column: str) -> pd.Series:
        value = rows[column].str.lower()
        bad = value.notna() & ~value.isin(YES | NO)
        self.flag(rows[bad], "oui_non_invalide", column)
        return value.isin(YES).where(value.notna() & ~bad).astype("boolean")

    def _oui_non(self, rows: pd.DataFrame, column: str) -> pd.Series:
        """Yes or no; unknown and unreadable are null."""
        value = rows[column].str.lower()
        bad = value.notna() & ~value.isin(YES | NO | UNKNOWN)
        self.flag(rows[bad], "oui_non_invalide", column)
        return value.isin(YES).where(value.isin(YES | NO)).astype("boolean")

    def _siret(self, rows: pd.DataFrame, column: str) -> pd.Series:
        """Kept as received but for what parts its digits; a wrong key is only flagged.

        What has not even the digits of a SIREN (« en cours », 2,15904E+13) names nobody: it would be one and the same
        buyer for all that say so. What has the form of a telephone or social security number is of a person.
        """
        value = listed_number(rows[column]).str.replace(r"[\s.-]", "", regex=True)
        wrong = value.notna() & ~valid_siret(value)
        self.flag(rows[wrong], "siret_export", column)
        personal = value.where(wrong).map(lambda text: looks_personal(text, column), na_action="ignore").eq(True)
        return value.where(value.str.count(r"[0-9]").ge(SIREN_DIGITS).fillna(False) & ~personal.fillna(False))

    def _epci(self, rows: pd.DataFrame, column: str) -> pd.Series:
        value = listed_number(rows[column])
        bad = value.notna() & ~value.isin(reference.epci()["epci_siren"])
        self.flag_epci(rows[bad], column)
        return value.mask(bad)

    def flag_epci(self, rows: pd.DataFrame, column: str, *, record: str | None = None) -> None:
        """Record that `column` is no intercommunalité of the region; of one that is no more, which took it over."""
        heirs = reference.table("territoire/epci_anciens").set_index("ancien_siren")["epci_siren"]
        siren = listed_number(rows[column].str.strip())
        former = siren.isin(heirs.index)
        self.flag(rows[~former], "epci_inconnu", column, record=record)
        for old, own in rows[former].groupby(siren[former]):
            self.flag(own, "epci_ancien", column, record=record, among=[*heirs.loc[[old]].dropna()])

    def _commune(self, rows: pd.DataFrame, column: str) -> pd.Series:
        """The commune of today: former codes are followed to the one that took them over."""
        former = reference.table("territoire/anciens_codes").set_index("ancien_code")["code_insee"]
        today = set(reference.communes()["code_insee"])
        said = listed_number(rows[column])
        whole = "0" + said.where(has_form(said, r"[0-9]{4}"))
        cut = whole.isin(today | set(former.index))  # a spreadsheet took 02691 for a number
        self.flag(rows[cut], "commune_zero", column)
        value = said.mask(cut, whole).replace(former.to_dict())
        bad = value.notna() & ~value.isin(today)
        self.flag(rows[bad], "commune_inconnue", column)
        return value.mask(bad)


def _heading(rows: pd.DataFrame, column: str) -> pd.Series:
    """What each row's file calls `column`: hours that have a column per month are named by its heading (`titre`)."""
    if column == "heures" and "titre" in rows:
        return rows["titre"].fillna(column)
    return pd.Series(column, index=rows.index, dtype="str")


def _days(rows: pd.DataFrame, column: str) -> pd.Series:
    """Days, in ISO form or in the mapping's own (`format_date` column of the rows), whatever sign parts their numbers,
    or with the month in letters; missing where none fits.

    A time after the day is left out; where its zone is said, the day is the one that it was in Paris: software that
    keeps the midnight of a French day as UTC writes 2025-02-28T23:00:00Z for the 1st of March.
    """
    timed = rows[column].str.extract(TIMED) if rows[column].str.contains(r"[0-9][:h][0-9]").any() else None
    value = rows[column] if timed is None else timed["day"].fillna(rows[column])
    days = pd.to_datetime(value, format=ISO, errors="coerce")
    forms = _forms(rows)
    for form in sorted(forms.unique()):
        mine = forms.eq(form) & days.isna() & value.notna()
        if mine.any():
            alike = value[mine].str.replace(DAY_SIGN, "/", regex=True)
            days = days.fillna(pd.to_datetime(alike, format=re.sub(DAY_SIGN, "/", form), errors="coerce"))
    lettered = value[days.isna() & value.str.contains(IN_LETTERS).fillna(False).astype(bool)].map(_spelt_day)
    days = days.fillna(pd.to_datetime(lettered, format=ISO, errors="coerce"))
    # A year such as 0225 is a date that no table of ours can hold.
    days = days.where(days.between(*HELD)).astype("datetime64[s]")
    return days if timed is None or timed["zone"].isna().all() else _in_paris(days, timed)


def _without_weekday(rows: pd.DataFrame, column: str) -> tuple[pd.Series, pd.DataFrame]:
    """The number of the weekday before each day (0 for Monday, missing where none is said), and `rows` without it."""
    said = rows[column].str.extract(WEEKDAY)
    first = {name[:3]: number for number, name in enumerate(WEEKDAYS)}
    weekday = said["weekday"].str.slice(0, 3).str.lower().map(first).astype("Int64")
    return weekday, rows.assign(**{column: rows[column].where(weekday.isna(), said["day"])})


def _spelt_day(text: str) -> str:
    """`19 octobre 2025`, `1er janv. 2022` as AAAA-MM-JJ; another text as one that is no day."""
    match words(text):
        case [day, name, year] if DAY_IN_MONTH.fullmatch(day) and len(year) == len("2025"):
            return f"{spelt_month(f'{name} {year}')}-{int(day.removesuffix('er')):02d}"
    return ""


def _forms(rows: pd.DataFrame) -> pd.Series:
    """The form of the days of each row's file."""
    return rows["format_date"].fillna(ISO) if "format_date" in rows else pd.Series(ISO, index=rows.index)


def _in_french(form: str) -> str:
    """The form of a day as it is said to whoever writes it: `JJ/MM/AAAA`."""
    return re.sub("%(.)", lambda part: {"d": "JJ", "m": "MM", "Y": "AAAA", "y": "AA"}[part[1]], form)


def _in_paris(days: pd.Series, timed: pd.DataFrame) -> pd.Series:
    """`days`, those that are `timed` in a zone as they were in Paris then."""
    zoned = timed["zone"].notna() & days.notna()
    texts = days[zoned].dt.strftime("%Y-%m-%d ") + timed["time"][zoned].str.replace("h", ":") + timed["zone"][zoned]
    there = pd.to_datetime(texts, format="ISO8601", utc=True).dt.tz_convert(HERE).dt.tz_localize(None)
    return days.mask(zoned, there.dt.normalize().astype("datetime64[s]"))


def in_error(text: pd.Series) -> pd.Series:
    """Whether each text is what a spreadsheet shows for a formula without a result (#REF!, #N/A)."""
    return has_form(text, IN_ERROR)


def _decimal_hours(text: str) -> str:
    """Hours and minutes (`12h30`) as decimal hours; another text as it is."""
    clock = CLOCK.fullmatch(text)
    return str(int(clock[1]) + int(clock[2]) / 60) if clock else text


def parts_of(text: str, codelist: str) -> list[str]:
    """The names or codes of a list that a text gives, however parted; none when it says anything else."""
    known = reference.spellings(codelist)
    found = [part for part in PARTED.split(text.strip()) if part]
    return found if all(part.casefold() in known for part in found) else []


def spelt_month(text: str) -> str:
    """`2/2025`, `janvier 2025`, `Fevr. 2025` or `sept-25` as AAAA-MM; another text as it is."""
    if found := MONTH_IN_FIGURES.fullmatch(text):
        return f"{found['year'] or found['its_year']}-{int(found['month'] or found['month_first']):02d}"
    match words(text):
        case [name, year] if len(name) >= SHORTEST_MONTH and YEAR_SAID.fullmatch(year):
            near = [n for n, month in enumerate(MONTHS, start=1) if words(month)[0].startswith(name)]
            return f"20{year[-2:]}-{near[0]:02d}" if len(near) == 1 else text
    return text


def valid_siret(values: pd.Series) -> pd.Series:
    """Whether each text is a SIRET: 14 digits with Luhn's key, or the sum rule of La Poste.

    Source: INSEE, structure of the SIRET; La Poste's establishments sum to a multiple of 5.
    """
    text = values.fillna("").astype("str")
    shaped = text.str.fullmatch(rf"[0-9]{{{SIRET_DIGITS}}}").to_numpy(dtype=bool)
    digits = np.zeros((len(text), SIRET_DIGITS), dtype=np.int64)
    if shaped.any():
        joined = "".join(text[shaped])
        digits[shaped] = np.frombuffer(joined.encode(), dtype=np.uint8).reshape(-1, SIRET_DIGITS) - ord("0")
    doubled = digits.copy()
    doubled[:, ::2] *= 2
    luhn = np.where(doubled > 9, doubled - 9, doubled).sum(axis=1) % 10 == 0
    poste = text.str.startswith(LA_POSTE).to_numpy() & (digits.sum(axis=1) % 5 == 0)
    return pd.Series(shaped & (luhn | poste), index=values.index)


def listed_number(text: pd.Series) -> pd.Series:
    """Numbers that name something, as their list writes them: `200 093 201` and `59350.0` have lost nothing.

    A program gives decimals to a column of numbers where some are missing.
    """
    grouped = has_form(text, r"[0-9][0-9\s\u00a0\u202f]*(?:\.0)?")
    return text.mask(grouped, text.str.removesuffix(".0").str.replace(BLANKS, "", regex=True))


def stripped(text: pd.Series) -> pd.Series:
    """`text` without blanks around it; null when nothing is left."""
    return text.astype("str").str.strip().replace("", pd.NA)


def has_form(text: pd.Series, form: str) -> pd.Series:
    """Whether each text has that form; a missing one has none."""
    return text.str.fullmatch(form).fillna(False).astype(bool)
