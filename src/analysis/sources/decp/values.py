"""Received text into values: amounts, dates, durations, CPV, SIRET, lots. Ibis expressions, column by column.

A value that cannot be read is null; the received text stays beside it in the tables.
"""

from __future__ import annotations

import datetime as dt
from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

_ACCENTED, _PLAIN = "àâäáãçéèêëíîïìñóôöòõúùûüÿ’", "aaaaaceeeeiiiinooooouuuuy'"
_LA_POSTE = "356000000"  # its establishments do not follow the key: their digits sum to a multiple of 5


def plain(text: ir.StringValue) -> ir.StringValue:
    """Lower case, no accent, every run of other characters one space: what names are compared by."""
    return text.lower().translate(_ACCENTED, _PLAIN).re_replace(r"[^a-z0-9]+", " ").strip()


def filled(text: ir.StringValue) -> ir.StringValue:
    """The text without the spaces around it, null when nothing is left."""
    return text.strip().nullif("")


def number(text: ir.StringValue) -> ir.FloatingValue:
    """A number with a point or a comma, spaces between thousands allowed."""
    tidied = text.re_replace("[\\s\u00a0\u202f€]", "").replace(",", ".")
    return ibis.coalesce(text.try_cast("float64"), tidied.try_cast("float64"))


def amount(text: ir.StringValue, ceiling: float, placeholders: list[float]) -> ir.FloatingValue:
    """An amount in euros: above zero, at most `ceiling`, not one of the values that stand for none."""
    value = number(text)
    return ((value > 0) & (value <= ceiling) & value.notin(placeholders)).ifelse(value, ibis.null("float64"))


def duration(text: ir.StringValue, longest: int) -> ir.IntegerValue:
    """A duration in months, started months counted whole, from 1 to `longest`."""
    value = number(text)
    return ((value > 0) & (value <= longest)).ifelse(value, ibis.null("float64")).ceil().cast("int64")


def count(text: ir.StringValue) -> ir.IntegerValue:
    """A whole number of things."""
    value = number(text)
    return ((value >= 0) & (value < 1e9)).ifelse(value, ibis.null("float64")).floor().cast("int64")


def date(text: ir.StringValue, first: dt.date, last: dt.date | None) -> ir.DateValue:
    """A day written AAAA-MM-JJ or JJ/MM/AAAA, an hour after it ignored, from `first` to `last` if there is one."""
    french = text.re_replace(r"^\s*(\d{2})/(\d{2})/(\d{4}).*$", r"\3-\2-\1")
    value = ibis.coalesce(text.substr(0, 10).try_cast("date"), french.try_cast("date"))
    kept = value >= ibis.literal(first)
    if last is not None:
        kept &= value <= ibis.literal(last)
    return kept.ifelse(value, ibis.null("date"))


def cpv(text: ir.StringValue, divisions: list[str]) -> ir.StringValue:
    """The 8 digits of a CPV code of a known division, its check digit cut.

    A code of 7 digits has lost the zero it began with, if the division with that zero exists.
    """
    compact = text.re_replace(r"[\s.]", "")
    digits = compact.re_extract(r"^(\d{7,8})(?:-?\d)?$", 1)
    whole = (compact.re_search(r"^\d{7}(-\d)?$")).ifelse("0" + compact.substr(0, 7), digits)
    return whole.substr(0, 2).isin(divisions).ifelse(whole, ibis.null("string"))


def siret_is_valid(text: ir.StringValue) -> ir.BooleanValue:
    """Whether a SIRET has 14 digits and a right key (Luhn; domain rule E5 with the exception of La Poste)."""
    well_formed = text.re_search(r"^\d{14}$")
    whole = well_formed.ifelse(text, ibis.null("string")).cast("int64")
    digits = [(whole // 10**power) % 10 for power in range(14)]
    doubled = [d * 2 - (d > 4).ifelse(9, 0) if power % 2 else d for power, d in enumerate(digits)]
    luhn = reduce(add, doubled) % 10 == 0
    la_poste = text.startswith(_LA_POSTE) & (reduce(add, digits) % 5 == 0)
    return well_formed & (luhn | la_poste)


def lot(objet: ir.StringValue, identifier: ir.StringValue) -> ir.IntegerValue:
    """The number of the lot told by the object (« Lot n° 3 »), else by the identifier (`...lot0300`).

    Identifiers of the 2019 format end with two digits that number the modification: give them without.
    """
    gap = "[^0-9a-z(]{0,4}"
    stated = rf"(?:^|[^a-z])lot{gap}(?:n{gap}|no{gap}|num.?ro{gap})?0*([1-9]\d{{0,2}})(?:\D|$)"
    found = [
        text.contains("lot").ifelse(text.re_extract(pattern, 1).nullif(""), ibis.null("string"))
        for text, pattern in ((objet.lower(), stated), (identifier.lower(), r"lot[^0-9a-z]?0*([1-9]\d{0,2})$"))
    ]
    return ibis.coalesce(*found).cast("int64")
