"""The few scripts that pages hold. A page's policy lets its own run, to the letter, and no other."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache

from analysis.core import reference
from analysis.publishing.templating import TEMPLATES

SORTABLE, CALCULATOR = "sortable", "calculator"  # classes of the tables that a reader may sort, of what computes hours
SEARCH, TABLES, SIZING = ("search.js",), ("sortable.min.js", "tables.js"), ("sizing.js",)


@dataclass(frozen=True)
class Script:
    """A script as it stands in a page."""

    text: str

    @property
    def digest(self) -> str:
        """As the page's policy names it."""
        return "sha256-" + base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()


@cache
def search() -> Script:
    """Finds an intercommunalité by a commune or a postcode."""
    return _script(SEARCH)


def towns(departements: list[str]) -> str:
    """JSON [[commune, postcodes, SIREN of its intercommunalité], ...] of the intercommunalités of `departements`, as
    the script of `search` reads it."""
    rows = reference.communes()
    rows = rows[rows["epci_siren"].isin(reference.epci_of(departements))]
    codes = reference.table("territoire/codes_postaux").groupby("code_insee")["code_postal"].agg(" ".join)
    rows = rows.assign(codes=rows["code_insee"].map(codes).fillna("")).sort_values(["nom", "code_insee"])
    return json.dumps(
        rows[["nom", "codes", "epci_siren"]].to_numpy().tolist(), ensure_ascii=False, separators=(",", ":")
    )


@cache
def tables() -> Script:
    """Sorts and filters long tables."""
    return _script(TABLES)


@cache
def sizing() -> Script:
    """Computes the hours of a contract from its amount."""
    return _script(SIZING)


def of_body(html: str) -> list[Script]:
    """What the tables and the calculator of a page need."""
    needed = {SORTABLE: tables, CALCULATOR: sizing}
    return [script() for name, script in needed.items() if f'class="{name}' in html]


def _script(names: tuple[str, ...]) -> Script:
    return Script("\n".join((TEMPLATES / "scripts" / name).read_text(encoding="utf-8").strip() for name in names))
