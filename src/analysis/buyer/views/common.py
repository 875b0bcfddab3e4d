"""What the views of a sheet share."""

from __future__ import annotations

import re
from functools import lru_cache

import pandas as pd

from analysis.buyer.law import FROM, NO, YES
from analysis.core import reference
from analysis.core.numbers import french
from analysis.publishing.page import Page

OURS = "hypothèse de l'observatoire"
CHECK = (
    "« (à vérifier) » : ce qui précède n'a pas été relu sur Légifrance ; le fichier CSV dit ce qui reste à relire. "
    "Cette page n'est pas un avis juridique."
)
_UNCHECKED = re.compile(r"\[[^\]]*vérifier[^\]]*\]")  # [à vérifier ...]
# (dossier/fichier.csv), (domaine 4.2)
_NOTES = re.compile(r"\s*\([a-z_]+/[a-z_]+\.csv\)|\s*(?:\(|: )domaine [\d.]+\)?")


def rows(page: Page, table: str) -> pd.DataFrame:
    """The rows of `table` that are of the purchase of the page."""
    return page.read(table, achat_id=page.key)


@lru_cache(maxsize=1)  # most views ask for it
def found(page: Page) -> pd.Series:
    """What is known of the purchase of the page: a row of `achats`."""
    return rows(page, "achats").iloc[0]


def scope(page: Page) -> str:
    """Which purchase a table is about."""
    row = found(page)
    return f"achat {row['achat_id']}, {row['lieu_nom']}"


def cited(told: pd.DataFrame) -> pd.DataFrame:
    """`told` with its article and source as a page cites them: what is still to be checked is told so, the files and
    working notes that the published table keeps are not for readers."""
    names = [name for name in ("article", "source") if name in told]
    return told.assign(**{name: told[name].astype("object").map(_cited) for name in names})


def _cited(text: object) -> str:
    if pd.isna(text) or not str(text):
        return ""
    said = _UNCHECKED.sub("(à vérifier)", _NOTES.sub("", str(text))).strip(" ;")
    return OURS if said in ("", "projet", "hypothèse") else said


def to_check(told: pd.DataFrame) -> str | None:
    """The one note of a page whose sources are not all checked against the text."""
    unsure = any(told[name].astype("str").str.contains("vérifier").any() for name in ("article", "source"))
    return CHECK if unsure else None


def reach(row: pd.Series) -> str | None:
    """Whether a purchase reaches the European threshold, in words; nothing where none is known."""
    if pd.isna(row["seuil_atteint"]):
        return None
    said = {YES: "atteint", NO: "non atteint", FROM: f"atteint dès {french(row['seuil'], 0, '€')}"}
    return said[row["seuil_atteint"]]


def segment_of(row: pd.Series, name: str = "segment") -> str:
    """The label of the segment of a purchase."""
    return reference.labels("segments")[row[name]]
