"""What the observatory itself has published, release after release: `data/raw/<dataset>/publications.csv`.

One row per printed figure and release. Rows are added, never changed: a corrected figure is a row of a later
release, so that each edition keeps its vintages.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset, Edition
from analysis.core.errors import DataError
from analysis.core.numbers import ONE_READING, two_readings, typed_number
from analysis.core.quality_log import explain
from analysis.core.reference import WHOLE
from analysis.sources.spreadsheet import read_csv

FILE = "publications.csv"
COLUMNS = [
    "publication", "date_publication", "edition", "territoire", "indicateur", "modalite", "valeur", "decimales", "note",
]  # fmt: skip
FIGURE = ["edition", "territoire", "indicateur", "modalite"]  # what tells one figure from another
OVER = "TERMINEE"  # modality of the operations that ended by the end of the year; nobody sends it: not in `modalites`
SHARE, MOST_OF_A_RATE = "part_", 10  # what codes of shares begin with; a rate of realisation may go beyond 1
DAYS = ("%Y-%m-%d", "%d/%m/%Y")
TYPES = {
    "publication": "str", "date_publication": "datetime64[s]", "edition": "int64", "territoire": "str",
    "indicateur": "str", "modalite": "str", "valeur": "float64", "decimales": "int64", "note": "str",
}  # fmt: skip


def load_publications(path: Path, dataset: Dataset) -> pd.DataFrame:
    """The rows of the file, typed, in its order; none when there is no file.

    publication (name of the release), date_publication, edition (year of data), territoire (code), indicateur,
    modalite (`ensemble` when left empty), valeur (as printed; a share as a part of 1: 0.474 for 47,4 %),
    decimales (of `valeur`), note. Raises DataError, one French sentence naming the line, for a value that is not
    read or not known, a figure given twice by a release, or a release with two dates.
    """
    if not path.is_file():
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in TYPES.items()})
    read = read_csv(path, FILE, COLUMNS)
    known, places = _known(), {edition.annee: edition_places(edition) for edition in dataset.editions}
    rows = [_typed(row, places, known) for row in read.fillna("").to_dict("records")]
    _check_releases(rows)
    return pd.DataFrame(rows, columns=[*COLUMNS, "ligne"]).drop(columns="ligne").astype(TYPES)


def _known() -> dict[str, list[str]]:
    """What may stand in a column: codes of indicators and of modalities."""
    modalities = [WHOLE, *reference.labels("publics"), *reference.labels("sexes"), *reference.labels("modalites"), OVER]
    return {
        "indicateur": list(reference.table("publication/indicateurs")["code"]),
        "modalite": list(dict.fromkeys(modalities)),
    }


def _typed(row: dict[str, Any], places: dict[int, dict[str, str]], known: dict[str, list[str]]) -> dict[str, Any]:
    """One row, each column checked in its turn; `places` are those of each edition."""
    text = {name: str(row[name]).strip() for name in COLUMNS}
    text["modalite"] = text["modalite"] or WHOLE
    line = int(row["ligne"])
    if not text["publication"]:
        raise _wrong(line, "publication", "", "le nom de la publication")
    year = _edition(line, text["edition"], list(places))
    if text["territoire"] not in places[year]:
        shown = ", ".join(place for place in places[year] if len(place) < 9)
        raise _wrong(
            line, "territoire", text["territoire"], f"un code de l'édition {year} ({shown} ou un SIREN d'EPCI)"
        )
    for column, codes in known.items():
        if text[column] not in codes:
            raise _wrong(line, column, text[column], ", ".join(codes))
    digits = _digits(line, text["decimales"])
    value = _number(line, text["valeur"], digits)
    if value > (most := _most(text["indicateur"])):
        raise _wrong(line, "valeur", text["valeur"], f"au plus {most} (une part s'écrit 0,474 pour 47,4 %)")
    if value != round(value, digits):
        raise _wrong(line, "decimales", text["decimales"], f"autant de décimales que la valeur {text['valeur']}")
    return {
        **text,
        "ligne": line,
        "edition": year,
        "date_publication": _day(line, text["date_publication"]),
        "valeur": float(value),
        "decimales": digits,
    }


def _edition(line: int, text: str, years: list[int]) -> int:
    if text not in map(str, years):
        raise _wrong(line, "edition", text, "une édition du jeu de données, " + ", ".join(map(str, years)))
    return int(text)


def edition_places(edition: Edition) -> dict[str, str]:
    """The territories that an edition has figures of, with their names: its own, its departments, their EPCI."""
    departments = reference.department_names()
    return {
        edition.territoire: edition.territory_name,
        **{code: str(departments[code]) for code in edition.departements},
        **reference.epci_of(edition.departements),
    }


def _number(line: int, text: str, digits: int) -> Decimal:
    """A figure as printed; with three `digits` announced, `1,234` has them."""
    value = typed_number(text, digits)
    if value is None and two_readings(text):
        raise _wrong(line, "valeur", text, ONE_READING)
    if value is None or value < 0:
        raise _wrong(line, "valeur", text, "un nombre positif ou nul ; une part s'écrit 0,474 pour 47,4 %")
    return value


def _most(indicator: str) -> float:
    """The most that an indicator may be: 1 of a share, ten times what was planned of a rate, any number of others."""
    if reference.table("publication/indicateurs").set_index("code").loc[indicator, "unite"] != "part":
        return math.inf
    return 1 if indicator.startswith(SHARE) else MOST_OF_A_RATE


def _digits(line: int, text: str) -> int:
    if not re.fullmatch("0*[0-6]", text):
        raise _wrong(line, "decimales", text, "le nombre de décimales de la valeur, de 0 à 6")
    return int(text)


def _day(line: int, text: str) -> dt.datetime:
    for form in DAYS:
        try:
            return dt.datetime.strptime(text, form)
        except ValueError:
            continue
    raise _wrong(line, "date_publication", text, "une date, 2026-01-26 ou 26/01/2026")


def _check_releases(rows: list[dict[str, Any]]) -> None:
    """A release has one date, and gives a figure once; two releases of one day cannot be told apart."""
    dates: dict[str, dt.datetime] = {}
    figures: dict[tuple, int] = {}
    for row in rows:
        day = dates.setdefault(row["publication"], row["date_publication"])
        if day != row["date_publication"]:
            shown = f"{row['date_publication']:%d/%m/%Y}"
            raise _wrong(row["ligne"], "date_publication", shown, f"la date de cette publication, {day:%d/%m/%Y}")
        figure = (*(row[name] for name in FIGURE), day)
        if (first := figures.setdefault(figure, row["ligne"])) != row["ligne"]:
            raise DataError(
                f"{FILE}, ligne {row['ligne']} : même chiffre, même date que la ligne {first} ; "
                "attendu : un chiffre une seule fois par publication."
            )


def _wrong(line: int, column: str, value: str, expected: str) -> DataError:
    return DataError(explain(FILE, line, column, value, expected))
