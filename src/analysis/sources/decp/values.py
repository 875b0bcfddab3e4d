"""Received text into values: amounts, dates, durations, CPV, SIRET, lots. Ibis expressions, column by column.

A value that cannot be read is null; the received text stays beside it in the tables.
"""

from __future__ import annotations

from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from analysis.core.sirene import LA_POSTE, SIRET_DIGITS

_ACCENTED, _PLAIN = "àâäáãçéèêëíîïìñóôöòõúùûüÿ’", "aaaaaceeeeiiiinooooouuuuy'"
AROUND = r"^[\s\v]+|[\s\v]+$"  # white space around a text; DuckDB's own trim of more than spaces is three times slower


def plain(text: ir.StringValue) -> ir.StringValue:
    """Lower case, no accent nor ligature, every run of other characters one space: what names are compared by."""
    folded = text.lower().replace("œ", "oe").replace("æ", "ae").translate(_ACCENTED, _PLAIN)
    return folded.re_replace(r"[^a-z0-9]+", " ").strip()


def filled(text: ir.StringValue) -> ir.StringValue:
    """The text as received, null when it is empty."""
    return text.nullif("")


def trimmed(text: ir.StringValue) -> ir.StringValue:
    """The text without the white space around it."""
    return text.re_replace(AROUND, "")


def number(text: ir.StringValue) -> ir.FloatingValue:
    """A number with a point or a comma, spaces between thousands allowed."""
    tidied = text.re_replace("[\\s\u00a0\u202f€]", "").replace(",", ".")
    return ibis.coalesce(text.try_cast("float64"), tidied.try_cast("float64"))


def date(text: ir.StringValue) -> ir.DateValue:
    """A day written AAAA-MM-JJ or JJ/MM/AAAA, what follows it (an hour) ignored."""
    french = text.re_replace(r"^\s*(\d{2})/(\d{2})/(\d{4}).*$", r"\3-\2-\1")
    return ibis.coalesce(text.substr(0, 10).try_cast("date"), french.try_cast("date"))


def cpv(text: ir.StringValue) -> ir.StringValue:
    """The 8 digits of a CPV code, its check digit cut, '' for other text; one of 7 has lost the zero it began with."""
    compact = text.re_replace(r"[\s.]", "")
    read = compact.re_replace(r"^(\d{7})(-\d)?$", r"0\1").re_extract(r"^(\d{8})(-?\d)?$", 1)
    return text.re_search(r"^\d{8}$").ifelse(text, read)  # most are: a third of the work


def siret_keys(sirets: ir.Table) -> ir.Table:
    """`siret, valide` for each distinct `siret`: 14 digits and a right key (domain rule E5).

    The key is Luhn's: from the right, every other digit is doubled, its two digits added, and the sum is a
    multiple of 10. The establishments of La Poste have a sum of digits that is a multiple of 5 instead.
    """
    # No condition before the sums: engines compute what several of them share once only without one.
    sums = sirets.select("siret").distinct()
    whole = sums.siret.try_cast("int64")
    digits = [(whole // 10**power) % 10 for power in range(SIRET_DIGITS)]
    doubled = [d * 2 - (d > 4).cast("int64") * 9 if power % 2 else d for power, d in enumerate(digits)]
    sums = sums.mutate(luhn=reduce(add, doubled), plain=reduce(add, digits))
    luhn, la_poste = sums.luhn % 10 == 0, sums.siret.startswith(LA_POSTE) & (sums.plain % 5 == 0)
    valid = sums.siret.re_search(rf"^\d{{{SIRET_DIGITS}}}$") & (luhn | la_poste)
    return sums.select("siret", valide=valid.fill_null(False))


def lot(objet: ir.StringValue, identifier: ir.StringValue) -> ir.IntegerValue:
    """The number of the lot told by the object (« Lot n° 3 »), else by the identifier (`...lot0300`)."""
    gap = "[^0-9a-z(]{0,4}"
    stated = rf"(?i)(?:^|[^a-z])lot{gap}(?:n{gap}|no{gap}|num.?ro{gap})?0*[1-9]\d{{0,2}}(?:\D|$)"
    # The place first, then the number in it: engines look for a group in a long text three times slower.
    told = [objet.re_extract(stated, 0), identifier.re_extract(r"(?i)lot[^0-9a-z]?0*[1-9]\d{0,2}$", 0)]
    return ibis.coalesce(*(text.re_extract(r"([1-9]\d{0,2})\D?$", 1).try_cast("int64") for text in told))
