"""What the views of the facilitators share."""

from __future__ import annotations

import pandas as pd

from analysis.core.errors import DataError
from analysis.core.numbers import french_date, number_of
from analysis.core.texts import inside
from analysis.publishing.content import Column
from analysis.publishing.page import Page

STAFF = {
    "structures": Column("Structures", 0),
    "personnes": Column("Personnes", 0),
    "etp": Column("ETP", 2),
}


def untold(page: Page, day: str = "") -> str:
    """Of how many persons of the region the time is not known; nothing where it is of all."""
    persons = int(taken(page, "evolution", day)["sans_etp"].sum())
    return f"ETP inconnu, compté 0 : {number_of(persons, 'personne')} de la région" if persons else ""


def day_of(page: Page, day: str) -> pd.Timestamp:
    """The day of the inventory asked for ("AAAA-MM-JJ"), 31 December of the page's year when it is empty.

    DataError, in French, when the inventory of that day was not taken.
    """
    known = sorted(page.read("couverture")["jour"].unique())
    if not day:
        return pd.Timestamp(page.year, 12, 31)
    asked = pd.to_datetime(day, format="%Y-%m-%d", errors="coerce")
    if asked not in known:
        raise DataError(
            f"inventaire au « {day} » : non pris ; attendu : "
            + ", ".join(f"{when:%Y-%m-%d}" for when in known)
            + ", ou un jour ajouté à facilitators.days dans params.yaml (AAAA-MM-JJ), suivi de « dvc repro »."
        )
    return pd.Timestamp(asked)


def taken(page: Page, table: str, day: str) -> pd.DataFrame:
    """The rows of a table of the inventory on that day."""
    rows = page.read(table)
    return rows[rows["jour"] == day_of(page, day)]


def here(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the page's department; all of them on the region's page."""
    return rows if page.regional else rows[rows["departement"] == page.territory]


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` whose structures and persons are printed even where their time is secret: only ETP tell of somebody."""
    return rows.assign(structures__secret="", personnes__secret="")


def of_region(page: Page, sentence: str) -> str:
    """`sentence`, which is true of the whole region: a page of a department says so first."""
    return sentence if page.regional else f"Dans toute la région, {inside(sentence)}"


def of_place(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the page's territory."""
    return rows[rows["territoire"] == page.territory]


def scope(page: Page, place: str, day: str) -> str:
    """What the figures of the inventory count."""
    return f"{place}, inventaire au {french_date(day_of(page, day))}, structures facilitatrices seules"


def source(page: Page) -> str:
    """Where the figures of the inventory come from."""
    return "inventaire synthétique." if page.dataset.synthetique else "inventaire des facilitateurs."
