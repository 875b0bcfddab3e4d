"""Texts are compared whatever their case, accents and ligatures."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from analysis.core.texts import words
from analysis.segments.telling import text
from analysis.segments.watch import needs
from analysis.sources.decp import values
from analysis.sources.persons import normalise_name

PAIRS = [
    ("Mons-en-Barœul", "MONS EN BAROEUL"),
    ("gros œuvre", "GROS OEUVRE"),
    ("Lætitia d'Hérœuf", "LAETITIA D'HEROEUF"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_ligature_reads_as_two_letters(one: str, other: str) -> None:
    assert words(one) == words(other)
    assert normalise_name(one) == normalise_name(other)
    first, second = text.plain(pd.Series([one, other]))
    assert first == second
    first, second = ibis.memtable({"nom": [one, other]}).select(nom=lambda t: values.plain(t["nom"])).execute()["nom"]
    assert first == second


def test_the_words_of_a_need_are_the_same_with_and_without_ligature() -> None:
    assert needs.plain("Gros œuvre") == needs.plain("GROS OEUVRE") == "gros oeuvre"
