"""Every figure that a page prints, recomputed from the published tables before the site is declared finished.

A cell of numbers carries its unrounded value (`data-v`) and its column says how it is printed. The guard reads
only HTML and CSV: that value must be in the table that the page offers for download, and its rounding half up
must be the text that the reader sees. A number in the sentence of a figure must be the rounding of a value that the
figure's own table shows; one in another sentence, or in a cell of text that is not itself published, that of a value of
the deliverable's tables, in the rows of the page's edition, or of what a card of the page sums. A headline figure and
its remark follow from the table that their card offers, in the same rows: from its values, or from the sums of the
columns that the card names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup, Tag

from analysis.checking.pool import each
from analysis.checking.refusal import refuse
from analysis.core.numbers import ABOUT, french, round_half_up

FACTORS = (Decimal(1), Decimal(100), Decimal("0.000001"))  # as it is, in per cent, in millions
NARROW = "\N{NARROW NO-BREAK SPACE}"  # between thousands
SPACES = f"{NARROW} "  # an ordinary one where an analyst typed it
# A figure worth a guard has a group of thousands or decimals: small whole numbers and years say too little.
FIGURE = re.compile(rf"(?<![\w,.–-])\d{{1,3}}(?:[{SPACES}]\d{{3}})+(?:,\d+)?(?!\w)|(?<![\w,.–-])\d+,\d+(?!\w)")
BY_HAND = (":is(main, .together) > p:not([class])", "main > :is(ul, ol) li")  # in a notebook's own text
SENTENCES = ("div.prose", *BY_HAND, "p.about", "td:not(.n)")
SMALL = re.compile(rf"{FIGURE.pattern}|(?<![\w,.–{NARROW}-])\d{{1,3}}(?![\w,{NARROW}])")  # and whole ones of a headline
BOUND = re.compile(r"\b(plus|moins) de (\d{1,2}) %")  # a share that is told no closer
ALONE = re.compile(rf"(?!20\d\d$)-?\d+(?:[{SPACES}]\d{{3}})*(?:,\d+)?")  # a cell that is a number, and no year
VALUE = ".value"
HEADLINE = {VALUE: SMALL, ".remark": FIGURE}
OFFERED = 'a[href$=".csv"]'


def check_pages(folder: Path, pages: list[Path]) -> None:
    """Raise DataError, naming the first problems, unless every figure of `pages` follows from `folder`/tables."""
    said = zip(pages, each(problems_of, pages), strict=True)
    problems = [f"{page.relative_to(folder).as_posix()} : {found}" for page, problems in said for found in problems]
    refuse("chiffres imprimés qui ne se recalculent pas", problems)


def problems_of(page: Path) -> list[str]:
    """What does not follow, in French: one sentence per figure."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    tables = sorted((page.parents[1] / "tables").glob(f"{page.parent.name}_*.csv"))
    linked = [(page.parent / str(link["href"])).resolve() for link in soup.select(OFFERED)]
    found = _tables(soup, page)
    # A notebook without tables of its own speaks of those that it offers, of whatever deliverable.
    tables = [table.resolve() for table in tables] or sorted(set(linked))
    year = int(page.stem.split("-")[0])
    numbers = _sorted(*(_values(table, year) for table in tables))
    summed = []
    for card in soup.find_all("div", class_="card"):
        link = card.select_one(OFFERED)
        own = (page.parent / str(link["href"])).resolve() if link else None
        for place, form in [(place, form) for kind, form in HEADLINE.items() for place in card.select(kind)]:
            total = str(place.get("data-total", "")).split()
            known = numbers if own is None else _totals(own, year, *total) if total else _values(own, year)
            summed += [known] if own and total else []
            found += _sentences([_plain(place.get_text())], known, "valeur de la table de son chiffre clé", form)
    said = set().union(*(_texts(table) for table in tables))
    texts = [_plain(place.get_text()) for place in soup.select(", ".join(SENTENCES))]
    told = _sorted(numbers, *summed, *map(_divisors, tables))
    found += _sentences([text for text in texts if text not in said], told, "valeur publiée de cette édition")
    return found + _figures(soup)


def check_home(folder: Path) -> None:
    """Raise DataError unless the figures of the home page of `folder` follow: a headline from the published tables of
    headlines, the sentence that it begins with from those of the consolidation, and what its map shows."""
    page = folder / "index.html"
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    found = _tables(soup, page) + _figures(soup)
    for places, tables, what, form in (
        (f".card {VALUE}", "*_headlines.csv", "valeur d'un chiffre clé", SMALL),
        (".lead", "consolidation_*.csv", "valeur publiée de la consolidation", FIGURE),
    ):
        held = [table.resolve() for table in sorted((folder / "tables").glob(tables))]
        known = _sorted(*(_values(table) for table in held), *(_divisors(table) for table in held))
        found += _sentences([_plain(place.get_text()) for place in soup.select(places)], known, what, form)
    refuse("chiffres imprimés qui ne se recalculent pas", [f"{page.name} : {problem}" for problem in found])


def _tables(soup: BeautifulSoup, page: Path) -> list[str]:
    """What does not follow in the tables of a page, each held against the CSV that it offers."""
    found, held = [], set()
    for block in soup.find_all("div", class_="table"):
        if link := block.select_one(f"p.about {OFFERED}"):
            table = (page.parent / str(link["href"])).resolve()
            found += _cells(block, _values(table), _texts(table))
            held |= {id(cell) for cell in block.select("[data-v]")}
    loose = [cell.get_text() for cell in soup.select("[data-v]") if id(cell) not in held]
    return found + [f"« {text} » : dans aucune table qui offre un fichier CSV" for text in loose]


def _figures(soup: BeautifulSoup) -> list[str]:
    """The numbers in the sentences of figures that their tables do not show."""
    found = []
    for figure in soup.find_all("figure"):
        shown = _sorted([float(str(cell["data-v"])) for cell in figure.select("[data-v]")])
        texts = [_plain(place.get_text()) for place in figure.find_all("p", class_="takeaway")]
        found += _sentences(texts, shown, "valeur de la table de sa figure")
    return found


def _sentences(texts: list[str], values: np.ndarray, what: str, form: re.Pattern[str] = FIGURE) -> list[str]:
    """The numbers of `texts`, of that form, that none of `values` rounds to, nor lies beyond where they are bounds."""
    told = [BOUND.sub(lambda found: "" if _beyond(found[1], found[2], values) else found[0], text) for text in texts]
    figures = sorted({figure for text in told for figure in form.findall(text)})
    return [
        f"« {figure} », dans une phrase ou une cellule, n'est l'arrondi d'aucune {what}"
        for figure in figures
        if not _printable(figure, values)
    ]


def _beyond(side: str, percent: str, values: np.ndarray) -> bool:
    """Whether some share of `values` is above, or below, that bound."""
    bound = int(percent) / 100
    beyond = (values > bound) & (values <= 1) if side == "plus" else (values >= 0) & (values < bound)
    return bool(beyond.any())


def _cells(block: Tag, values: np.ndarray, texts: frozenset[str]) -> list[str]:
    """The cells of numbers of one table that are not in `values` or not their rounding.

    One that does not carry its value may be one of `texts`, those of the published table.
    """
    heads = [head for part in block.find_all("thead") for head in part.find_all("th")]
    rows = [row for part in block.find_all("tbody") for row in part.find_all("tr")]
    caption = block.find("caption")
    found = []
    for row in rows:
        for head, cell in zip(heads, row.find_all(["th", "td"], recursive=False), strict=True):
            if "data-v" not in cell.attrs:
                said = _plain(cell.get_text())
                if ALONE.fullmatch(said) and said not in texts and not _printable(said, values):
                    found.append(f"« {said} » ({_name(caption)}) n'est pas dans la table publiée")
                continue
            value, text = float(str(cell["data-v"])), cell.get_text()
            exact = Decimal(repr(value)) * Decimal(str(head["data-factor"]))
            digits = 0 if text.startswith(ABOUT) else int(str(head["data-digits"]))
            if text.removeprefix(ABOUT) != french(exact, digits):
                found.append(f"« {text} » ({_name(caption)}) n'est pas l'arrondi de {value!r}")
            elif not _holds(values, value):
                found.append(f"« {text} » ({_name(caption)}) : {value!r} n'est pas dans la table publiée")
    return found


def _name(caption: Tag | None) -> str:
    return caption.get_text() if caption else ""


@cache
def _values(table: Path, year: int | None = None) -> np.ndarray:
    """All the numbers of a published table, or of its rows of one edition, sorted."""
    frame = pd.read_csv(table)
    if year is not None and "edition" in frame:
        frame = frame[frame["edition"] == year]
    numbers = frame.select_dtypes("number").to_numpy(dtype=float).ravel()
    return _sorted(numbers[~np.isnan(numbers)])


@cache
def _divisors(table: Path) -> list[float]:
    """The hours of one full-time job that the codes of a table of indicators name, as `etp_1607`."""
    frame = pd.read_csv(table)
    codes = frame["indicateur"].unique() if "indicateur" in frame else []
    return [float(found[1]) for code in codes if (found := re.fullmatch(r"etp_(\d+)", str(code)))]


@cache
def _totals(table: Path, year: int, column: str, whole: str = "") -> np.ndarray:
    """The sums of a column over the rows of each territory in an edition, or what part they are of those of `whole`; in
    a table of days, over all rows of each day, and over those of each department."""
    frame = pd.read_csv(table)
    wanted = [name for name in (column, whole) if name]
    rows = frame[frame["edition"] == year] if "edition" in frame else frame
    rows = rows.astype(dict.fromkeys(wanted, "float64"))  # of no type where there is no row
    keys = [["jour"], ["jour", "departement"]] if "jour" in frame else [["territoire"]]
    sums = pd.concat([rows.groupby(key)[wanted].sum().reset_index(drop=True) for key in keys])
    return _sorted((sums[column] / sums[whole] if whole else sums[column]).dropna().to_numpy(dtype=float))


def _sorted(*values: Sequence[float] | np.ndarray) -> np.ndarray:
    return np.unique(np.concatenate([np.empty(0), *values]))


@cache
def _texts(table: Path) -> frozenset[str]:
    """All the texts of a published table: what a cell may print as it is."""
    frame = pd.read_csv(table, dtype=str)
    return frozenset(_plain(text) for column in frame for text in frame[column].dropna().unique())


def _plain(text: str) -> str:
    """`text` with ordinary spaces, but for those that group thousands: pages make others unbreakable."""
    return text.strip().replace("\N{NO-BREAK SPACE}", " ")


def _holds(values: np.ndarray, value: float) -> bool:
    at = int(np.searchsorted(values, value))
    near = values[max(0, at - 1) : at + 1]
    return bool(np.isclose(near, value, rtol=1e-12, atol=0).any())


def _printable(figure: str, values: np.ndarray) -> bool:
    """Whether some value, of either sign and in some unit, rounds to the printed figure."""
    plain = Decimal(re.sub(f"[{SPACES}]", "", figure).replace(",", "."))
    digits = -int(plain.as_tuple().exponent)
    unit = float(Decimal(1).scaleb(-digits))
    for factor in FACTORS:
        for sign in (1, -1):
            middle = sign * float(plain) / float(factor)
            low, high = sorted((middle - unit / float(factor), middle + unit / float(factor)))
            near = values[np.searchsorted(values, low) : np.searchsorted(values, high, side="right")]
            if any(abs(round_half_up(Decimal(repr(float(v))) * factor, digits)) == plain for v in near):
                return True
    return False
