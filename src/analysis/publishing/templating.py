"""The Jinja templates of the pages and of the contents of cells, and French typography for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from pathlib import Path

import jinja2
import mistune
import pandas as pd
from markupsafe import Markup, escape

from analysis.core.numbers import MISSING, MONTHS, french, french_date

DISTRIBUTION = "clauses-sociales-analysis"
TEMPLATES = Path(__file__).parent / "templates"
# The spaces that must not break, and the whole of what is code: no space within it is one.
UNBREAKABLE = re.compile(
    r"<(script|style)\b.*?</\1>|(?<=«) | (?=»)| (?=[;:?!](?:\s|<|$))|(?<=\bart\.) (?=\d)|(?<=\d) (?=\d{3}(?!\d))"
    rf"|(?<=\d) (?=%|M?€|(?:h|km|min|ETP|points?|{'|'.join(MONTHS)})\b)|(?<=\b1er) (?={'|'.join(MONTHS)})",
    re.DOTALL,
)


@dataclass
class Section:
    """An entry of the table of contents."""

    title: str
    anchor: str
    parts: list[Section] = field(default_factory=list)


def number(value: float | Decimal | None, digits: int = 0, unit: str = "", factor: float = 1) -> str:
    """`value` times `factor` in French, rounded half up once, from the unrounded product."""
    if value is None or pd.isna(value):  # type: ignore[arg-type]
        return MISSING
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return french(exact * Decimal(repr(factor)), digits, unit)


def markdown(text: str) -> str:
    """`text`, in Markdown, as HTML; HTML inside it is shown, not obeyed."""
    return str(_markdown()(text))


def no_break(html: str) -> str:
    """`html` with the spaces that French puts inside guillemets, before high signs and units, made unbreakable.

    So are those between a day and its month, between the thousands of a number, before that of an article.
    """
    return UNBREAKABLE.sub(lambda found: "\N{NO-BREAK SPACE}" if found[0] == " " else found[0], html)


def breakable(text: str) -> Markup:
    """`text` that may wrap after each slash: an address must not widen its table; one for mail is a link, and whole."""
    if "@" in text and " " not in text:
        return Markup('<a class="whole" href="mailto:{0}">{0}</a>').format(text)
    return Markup("/<wbr>").join(escape(part) for part in text.split("/"))


def alphabetical(names: pd.Series) -> pd.Series:
    """Keys by which French names sort as in a directory, without case or accents: for `sort_values(key=...)`."""
    plain = names.str.normalize("NFKD").str.encode("ascii", "ignore").str.decode("ascii")
    return plain.str.casefold()


def program_version() -> str:
    """The version of this program, as printed at the foot of its pages."""
    return version(DISTRIBUTION)


@cache
def _markdown() -> mistune.Markdown:
    return mistune.create_markdown(escape=True, plugins=["table"])


@cache
def environment() -> jinja2.Environment:
    """Templates escape what they are given, and fail on a name they were not given."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["markdown"] = markdown
    found.filters["breakable"] = breakable
    found.filters["french_date"] = french_date
    return found


def fill(template: str, /, **values: object) -> str:
    """The text of `templates/<template>` with `values`, its spaces as French wants them."""
    return no_break(environment().get_template(template).render(**values))
