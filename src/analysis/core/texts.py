"""Texts as they are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rapidfuzz import utils

from analysis.core.numbers import number_of

if TYPE_CHECKING:
    import pandas as pd

ACCENTS = re.compile("[\u0300-\u036f]")  # written after their letter, as NFKD does
LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "OE", "Æ": "AE"})  # which NFKD leaves whole
QUOTED = "« {} »".format
NAMED = 3  # at most, in a sentence, of those that tie
LOST = "\ufffd"  # stands for a letter that a wrong encoding lost


def one_line(text: str) -> str:
    """A text as a spreadsheet shows it: no-break, doubled and outer blanks or line breaks are as one blank."""
    return " ".join(text.split())


def inside(label: str) -> str:
    """A label as it is written inside a sentence: without its capital; acronyms keep theirs."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def opening(text: str) -> str:
    """A text as it begins a sentence: with a capital."""
    return text[:1].upper() + text[1:]


def together(words: Sequence[str]) -> str:
    """`A`, `A et B`, `A, B et C`."""
    return " et ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def some(names: Sequence[str], most: int) -> str:
    """The first `most` of `names` and how many others there are: `a, b et 3 autres`."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" {others(left)}" if left > 0 else "")


def others(count: int) -> str:
    """What follows a list cut short: `et 3 autres`."""
    return f"et {number_of(count, 'autre')}"


def leaders(values: pd.Series) -> list[str]:
    """The labels of the largest of `values`, all that tie; none where it is zero, or where all of several are equal."""
    known = values.dropna()
    nobody = known.empty or known.max() <= 0 or (len(known) > 1 and known.min() == known.max())
    return [] if nobody else [str(label) for label in known.index[known == known.max()]]


def named(names: Sequence[str]) -> str:
    """`names` in a sentence, those after the third only counted."""
    return together(names) if len(names) <= NAMED else some(names, NAMED)


def becomes(first: str, last: str, *, several: bool = False) -> str:
    """How `first` becomes `last`, both as printed: `passe de 8 à 9`, `reste à 8`."""
    if first == last:
        return f"{'restent' if several else 'reste'} à {last}"
    return f"{'passent' if several else 'passe'} de {first} à {last}"


def ahead(values: pd.Series, amount: str, kind: str = "Aucun") -> str:
    """Whose value, which is `amount`, is the largest: `A vient en tête avec 3 marchés`; of nobody's, `kind` is said not
    to be (`aucun segment ne devance les autres`)."""
    first = leaders(values)
    if not first:
        return f"{kind} ne devance les autres"
    return f"{named(first)} {'vient en tête' if len(first) < 2 else 'viennent en tête à égalité,'} avec {amount}"


def unaccented(text: str) -> str:
    """A text without the accents of its letters, and its ligatures in two letters, as capitals often write them."""
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text)).translate(LIGATURES)


def words(text: str) -> list[str]:
    """The words of a text without case, accents or signs; a letter lost to a wrong encoding splits none."""
    return utils.default_process(unaccented(text.replace(LOST, ""))).split()
