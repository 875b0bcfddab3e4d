"""What a notebook cell ends with: an HTML form for the page, and a text form with the same numbers.

nbval compares the text forms of the committed notebooks, so that everything a reader sees is in them.
"""

from __future__ import annotations

import base64
import datetime as dt
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, TypedDict

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MatplotlibFigure
from numpy.typing import NDArray
from PIL import Image

from analysis.core.numbers import ABOUT, MISSING, ROUNDED_SUFFIX, about, between, french_date
from analysis.publishing import definitions, style  # noqa: F401  (every figure takes its style sheet)
from analysis.publishing.templating import fill, number

DPI = 110  # CSS pixels to the inch: a figure of the style's width fills the page's column
DENSITY = 1.5  # pixels of the image to a CSS pixel
COLOURS = 64
LONG = 8  # rows of a table from which a reader may sort it
SECRET = "s"
SECRET_SUFFIX = "__secret"
NOT_TOLD = "non communiqué"  # a contact that its structure did not agree to publish
LOW_SUFFIX, HIGH_SUFFIX = "__min", "__max"


class Format(TypedDict):
    """How a number is printed: decimals, unit, and what it is multiplied by before rounding."""

    digits: int
    unit: str
    factor: float


PERCENT: Format = {"digits": 1, "unit": "%", "factor": 100}
POINTS: Format = {"digits": 1, "unit": "points", "factor": 100}


def millions(digits: int) -> Format:
    """Euros told in millions, with so many digits."""
    return {"digits": digits, "unit": "M€", "factor": 1e-6}


def few_colours(pixels: NDArray[np.uint8]) -> Image.Image:
    """An image of the `COLOURS` most frequent colours of `pixels` (rows x columns x RGBA), others at the nearest one.

    What is flat keeps its colour exactly, as with Pillow's median cut, which takes four times as long.
    """
    codes = pixels.view("<u4")[..., 0] & 0xFFFFFF
    places, there = pd.factorize(codes.ravel())
    rgb = np.stack([there & 255, there >> 8 & 255, there >> 16], axis=1).astype(np.int64)
    kept = rgb[np.lexsort((there, -np.bincount(places)))[:COLOURS]]
    nearest = ((rgb[:, None] - kept) ** 2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    image = Image.fromarray(nearest[places].reshape(codes.shape))
    image.putpalette(kept.astype(np.uint8).tobytes())
    return image


class Content(ABC):
    """Something a page shows; its template is given `self` as `it`."""

    template: ClassVar[str]

    @abstractmethod
    def text(self) -> str:
        """The same content as text, with all its numbers."""

    def _repr_html_(self) -> str:
        return fill(f"content/{self.template}", it=self).strip() + "\n"

    def __repr__(self) -> str:
        return self.text()


@dataclass(frozen=True)
class Column:
    """How a column is printed: text where `digits` is None, else a number with that many decimals.

    `factor` multiplies before rounding: a share printed in per cent has `factor=100, unit="%"`. `link` names the column
    of the table that holds the address which the text leads to.
    """

    label: str
    digits: int | None = None
    unit: str = ""
    factor: float = 1
    link: str = ""

    @property
    def is_number(self) -> bool:
        return self.digits is not None

    @property
    def heading(self) -> str:
        """The label with its unit, for the text form."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def show(self, value: Any, *, rounded: bool = False) -> str:
        if rounded:
            return f"{ABOUT}{number(value, 0, factor=self.factor)}"
        if self.digits is not None:
            return number(value, self.digits, factor=self.factor)
        if value is None or pd.isna(value):
            return MISSING
        if isinstance(value, bool):
            return "oui" if value else "non"
        if isinstance(value, dt.date):  # a pandas Timestamp is one too
            return french_date(value)
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

    def between(self, low: float, high: float) -> str:
        """In words, that the value lies between `low` and `high`, either of which may be missing."""
        scale = Decimal(repr(self.factor))
        first, last = (value if pd.isna(value) else Decimal(repr(float(value))) * scale for value in (low, high))
        return between(first, last, self.digits or 0)


@dataclass(frozen=True)
class Cell:
    """One printed cell; `secret` is the reason why its value is not shown, `value` the unrounded number if shown.

    `day` is the date that it prints, in ISO form, `link` the address that it leads to. A `bounded` cell says in words
    between which two values its own lies.
    """

    text: str
    is_number: bool
    secret: str = ""
    value: float | None = None
    bounded: bool = False
    day: str = ""
    link: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether it is a text that is not known."""
        return self.text == MISSING and not self.is_number


@dataclass(repr=False)
class DataTable(Content):
    """A table with its caption, its scope and a link to the same numbers as CSV.

    `columns` says which columns of `frame` are shown, in which order, and how; the first one names the
    rows. A number is hidden (`s`, with the reason) where the companion column `<column>__secret` of
    `frame`, or else its column `secret`, gives a reason, and said to be about so much where its companion
    `<column>_arrondi` says to what it was rounded. A number that is missing is printed between the companions
    `<column>__min` and `<column>__max` where either is known. `csv` is the name of the published table,
    such as `consolidation_indicateurs`; `takeaway`, the sentence that the table states, comes first. `method` is the
    anchor of its definition on the method page, where it is not that of the published table. A `folded` one opens when
    its caption is asked for. The link to it is on the
    page only: it is no number, and the text form has none.
    """

    template = "table.html.j2"

    frame: pd.DataFrame
    columns: Mapping[str, Column]
    caption: str
    scope: str
    csv: str | None = None
    note: str | None = None
    takeaway: str | None = None
    method: str | None = None
    folded: bool = False

    def __post_init__(self) -> None:
        absent = [name for name in self.columns if name not in self.frame.columns]
        if absent:
            raise KeyError(f"columns not in the table: {', '.join(absent)}")

    @property
    def headings(self) -> list[Column]:
        return list(self.columns.values())

    @cached_property
    def rows(self) -> list[list[Cell]]:
        """The printed cells, row by row."""
        printed = [self._cells(name, column) for name, column in self.columns.items()]
        return [list(row) for row in zip(*printed, strict=True)]

    @property
    def is_long(self) -> bool:
        """Whether a reader may sort it."""
        return len(self.frame) >= LONG

    @property
    def legend(self) -> list[str]:
        """What the signs in the cells mean, where they occur."""
        cells = [cell for row in self.rows for cell in row]
        reasons = sorted({cell.secret for cell in cells if cell.secret})
        signs = [f"{SECRET} : secret statistique ({' ; '.join(reasons)})."] if reasons else []
        if any(cell.text.startswith(ABOUT) for cell in cells):
            signs.append(f"{ABOUT.strip()} : arrondi, pour que d'autres cases, cachées, ne se retrouvent pas.")
        if any(cell.bounded for cell in cells):
            signs.append("entre, au moins, au plus : la valeur exacte n'est pas connue, ses bornes le sont.")
        if any(cell.text == MISSING and not cell.secret for cell in cells):
            signs.append(f"{MISSING} : non disponible.")
        return signs

    @property
    def href(self) -> str | None:
        return f"../tables/{self.csv}.csv" if self.csv else None

    @property
    def definition(self) -> str | None:
        """The address of what defines the table, from the folder of the site."""
        return definitions.href(self.method or definitions.of_table(self.csv))

    def text(self) -> str:
        lines = [[column.heading for column in self.headings]]
        lines += [[cell.text for cell in row] for row in self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.headings))]
        sides = [str.rjust if column.is_number else str.ljust for column in self.headings]
        grid = [
            "  ".join(side(text, width) for side, text, width in zip(sides, line, widths, strict=True)).rstrip()
            for line in lines
        ]
        below = [f"Champ : {self.scope}", *self.legend]
        below += [f"Note : {self.note}"] if self.note else []
        above = [self.takeaway] if self.takeaway else []
        return "\n".join([*above, self.caption, grid[0], "-" * len(grid[0]), *grid[1:], *below])

    def _cells(self, name: str, column: Column) -> list[Cell]:
        return [
            Cell(words, False, bounded=True)
            if words and not reason and pd.isna(value)
            else Cell(
                SECRET if reason else column.show(value, rounded=pd.notna(unit)),
                column.is_number,
                reason,
                None if reason or not column.is_number or pd.isna(value) else float(value),
                day=_day(value),
                link=link,
            )
            for value, reason, words, unit, link in zip(
                self.frame[name],
                self._reasons(name, column),
                self._bounds(name, column),
                self.frame.get(f"{name}{ROUNDED_SUFFIX}", [float("nan")] * len(self.frame)),
                self.frame[column.link] if column.link else [""] * len(self.frame),
                strict=True,
            )
        ]

    def _bounds(self, name: str, column: Column) -> list[str]:
        """Between which values each one lies, in words; empty where nothing is known."""
        low, high = f"{name}{LOW_SUFFIX}", f"{name}{HIGH_SUFFIX}"
        if low not in self.frame.columns or high not in self.frame.columns:
            return [""] * len(self.frame)
        pairs = zip(self.frame[low], self.frame[high], strict=True)
        return ["" if pd.isna(a) and pd.isna(b) else column.between(a, b) for a, b in pairs]

    def _reasons(self, name: str, column: Column) -> list[str]:
        own = f"{name}{SECRET_SUFFIX}"
        companion = own if own in self.frame.columns else "secret"
        if companion not in self.frame.columns or not column.is_number:
            return [""] * len(self.frame)
        return ["" if pd.isna(reason) else str(reason) for reason in self.frame[companion]]


def _day(value: Any) -> str:
    """A date in ISO form; nothing for what is none."""
    return value.isoformat()[:10] if isinstance(value, dt.date) and not pd.isna(value) else ""


@dataclass(repr=False)
class Figure(Content):
    """A matplotlib figure with its message in one sentence (`alt`) and, best, the table behind it.

    The figure is closed, so that the notebook does not show it a second time. `method` is the anchor of its definition,
    where it is not that of its table.
    """

    template = "figure.html.j2"

    fig: MatplotlibFigure
    _: KW_ONLY
    title: str
    alt: str
    table: DataTable | None = None
    source: str | None = None
    method: str | None = None

    def __post_init__(self) -> None:
        self.alt = self.alt.strip()
        if not self.alt:
            raise ValueError("a figure needs the sentence that it states, for those who cannot see it")
        plt.close(self.fig)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on the page, in CSS pixels."""
        width, height = self.fig.get_size_inches()
        return round(width * DPI), round(height * DPI)

    @cached_property
    def image(self) -> str:
        """The image as a data address: a PNG of few colours, sharp on paper and on fine screens.

        Flat figures lose nothing to a palette of 64 colours, and weigh a quarter of what they did;
        that is less than the same figures as SVG paths.
        """
        canvas = FigureCanvasAgg(self.fig)
        self.fig.set_dpi(DPI * DENSITY)
        canvas.draw()
        out = io.BytesIO()
        few_colours(np.asarray(canvas.buffer_rgba())).save(out, "png")
        return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"

    @property
    def definition(self) -> str | None:
        """The address of what defines the figure, from the folder of the site."""
        if self.method or self.table is None:
            return definitions.href(self.method)
        return self.table.definition

    @property
    def table_html(self) -> str | None:
        return self.table._repr_html_() if self.table is not None else None

    def text(self) -> str:
        parts = [f"Figure : {self.title}", self.alt]
        parts += [f"Source : {self.source}"] if self.source else []
        parts += [self.table.text()] if self.table is not None else []
        return "\n".join(parts)


@dataclass(frozen=True, repr=False)
class Card:
    """One headline figure: a number (printed with `digits` decimals) or a text.

    `method` is the anchor of its definition on the method page, where it is not that of its label. `csv` is the
    published table that has the figure, or from which it follows: `total` is then the column summed over the
    territory's rows, and the column in whose sum it is a share if there is a second one. `rounded` says to what the
    value was rounded for the sake of hidden ones.
    """

    label: str
    value: float | Decimal | str | None
    unit: str = ""
    note: str = ""
    digits: int = 0
    factor: float = 1
    secret: str = ""
    rounded: float | None = None
    method: str | None = None
    csv: str | None = None
    total: Sequence[str] = ()

    @property
    def href(self) -> str | None:
        """The address of the table, from the folder of the site."""
        return f"tables/{self.csv}.csv" if self.csv else None

    @property
    def definition(self) -> str | None:
        """The address of what defines the figure, from the folder of the site."""
        return definitions.href(self.method or definitions.of_figure(self.label))

    @property
    def shown(self) -> str:
        if self.secret:
            return SECRET
        if isinstance(self.value, str):
            return self.value
        if self.rounded is not None and pd.notna(self.rounded):
            return about(self.value, self.rounded)
        return number(self.value, self.digits, "", self.factor)

    @property
    def shown_unit(self) -> str:
        """The unit, which a value that is not known does not take."""
        return "" if self.shown == MISSING else self.unit

    @property
    def remark(self) -> str:
        """The note, after the reason why the value is hidden or rounded if it is."""
        hidden = f"secret statistique : {self.secret}" if self.secret else ""
        hidden = hidden or ("arrondi : secret statistique" if self.shown.startswith(ABOUT) else "")
        return " ; ".join(part for part in (hidden, self.note) if part)

    def text(self) -> str:
        value = f"{self.shown} {self.shown_unit}".rstrip()
        return f"{self.label} : {value}" + (f" ({self.remark})" if self.remark else "")


@dataclass(repr=False)
class Strip(Content):
    """Headline figures side by side."""

    template = "strip.html.j2"

    cards: Sequence[Card]

    def text(self) -> str:
        return "\n".join(card.text() for card in self.cards)


@dataclass(repr=False)
class Prose(Content):
    """Sentences, generated from the numbers, in Markdown."""

    template = "prose.html.j2"

    source: str

    def text(self) -> str:
        return self.source


@dataclass(repr=False)
class Elsewhere(Content):
    """What is shown on another page of the deliverable only: `what`, with its article; `page`, that page's name.

    The page says all those of a section in one sentence (`render.gather_elsewhere`).
    """

    template = "elsewhere.html.j2"

    what: str
    page: str
    href: str

    def text(self) -> str:
        return f"Sur {self.page} : {self.what}."


@dataclass(repr=False)
class Warning(Content):
    """A caution that the reader must not miss, in Markdown."""

    template = "warning.html.j2"

    source: str

    def text(self) -> str:
        return f"Attention : {self.source}"


@dataclass(repr=False)
class Header(Content):
    """The top of a page: title, scope, the notice on synthetic data, parameters and vintage."""

    template = "header.html.j2"

    title: str
    scope: str
    facts: Mapping[str, str]
    synthetic: bool

    def text(self) -> str:
        notice = ["Données synthétiques."] if self.synthetic else []
        return "\n".join([self.title, self.scope, *notice, *(f"{k} : {v}" for k, v in self.facts.items())])
