"""The whole guide: its index by segment and by trade, and all its pages as one document to print (A4)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from bs4 import BeautifulSoup, Tag

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.publishing.templating import Section, alphabetical, fill, program_version

GUIDE = "guide"  # the notebook, and its folder of pages
INDEX, DOCUMENT = "guide.html", "guide-complet.html"  # in the folder of the site
DROPPED = ("form", "details", ".page-header .facts", ".page-header .warning", f"p:has(> a[href='../{INDEX}'])")
LEFT_OUT = ("data-v", "data-digits", "data-factor", "data-sort")
FAMILIES = {"classique": "Segments classiques", "nouveau": "Segments nouveaux", "autre": "Autres segments"}


@dataclass(frozen=True)
class Entry:
    """A segment of the guide and its page, from the folder of the site."""

    code: str
    title: str
    href: str


@dataclass(frozen=True)
class Trade:
    """A trade of the ROME, and the segments that call for it, those most first."""

    code: str
    title: str
    entries: list[Entry]


def entries(folder: Path) -> list[Entry]:
    """The segments that have a page in the site's `folder`, in the order of the nomenclature; the latest edition's."""
    found = {}
    for path in sorted((folder / GUIDE).glob("*-*.html")):
        found[path.stem.split("-", 1)[1]] = path.relative_to(folder).as_posix()
    return [Entry(code, title, found[code]) for code, title in reference.labels("segments").items() if code in found]


def families(pages: list[Entry]) -> dict[str, list[Entry]]:
    """Entries by family of segments, in words."""
    family = reference.table("nomenclatures/segments").set_index("code")["famille"]
    return {title: [page for page in pages if family[page.code] == code] for code, title in FAMILIES.items()}


def trades(pages: list[Entry]) -> list[Trade]:
    """Trades in alphabetical order, each with the entries of the segments that recruit for it."""
    known = {page.code: page for page in pages}
    rows = reference.table("nomenclatures/segments_metiers")
    rows = rows[rows["segment"].isin(known)].sort_values(["poids", "segment"], ascending=[False, True])
    found = [
        Trade(str(code), str(own["libelle"].iloc[0]), [known[segment] for segment in own["segment"]])
        for code, own in rows.groupby("rome")
    ]
    order = alphabetical(pd.Series([trade.title for trade in found], dtype="str"))
    return [found[number] for number in order.sort_values(kind="stable").index]


def index(dataset: Dataset, folder: Path) -> str:
    """The index as a page of the site."""
    pages = entries(folder)
    return fill(
        "site/guide.html.j2",
        title=f"Guide de l'acheteur par segment : {dataset.territory_name}",
        contents=[],
        dataset=dataset,
        families=families(pages),
        trades=trades(pages),
        document=DOCUMENT,
        version=program_version(),
    )


def document(dataset: Dataset, folder: Path) -> str:
    """All pages of the guide in one: a part each, whose headings go down one level and whose anchors are its own."""
    pages = entries(folder)
    made = [(folder / page.href).read_text(encoding="utf-8") for page in pages]
    parts = [part_of(BeautifulSoup(text, "html.parser"), page) for text, page in zip(made, pages, strict=True)]
    return fill(
        "site/guide_document.html.j2",
        title=f"Guide complet de l'acheteur par segment : {dataset.territory_name}",
        contents=[Section(page.title, page.code) for page in pages],
        layout="document",
        dataset=dataset,
        parts=[str(part) for part in parts],
        index=INDEX,
        version=program_version(),
    )


def part_of(soup: BeautifulSoup, page: Entry) -> Tag:
    """The contents of a page as a `section` of the document.

    What a reader types in or unfolds is left out, as is what serves a program only; the page's own title becomes a
    heading of level 2 that bears its code, and links lead from the folder of the site.
    """
    main = soup.select_one("main")
    if main is None:
        raise ValueError(f"{page.href} has no contents")
    for found in main.select(", ".join(DROPPED)):
        found.decompose()
    for tag in main.find_all(True):
        if tag.get("id"):
            tag["id"] = f"{page.code}-{tag['id']}"
        if str(tag.get("href", "")).startswith("#"):
            tag["href"] = f"#{page.code}-{str(tag['href'])[1:]}"
        elif str(tag.get("href", "")).startswith("../"):
            tag["href"] = str(tag["href"]).removeprefix("../")
        for name in LEFT_OUT:
            tag.attrs.pop(name, None)
        if tag.get("role") == "region":
            tag["aria-label"] = f"{tag['aria-label']}, {page.title}"
        if "sortable" in (tag.get("class") or []):
            del tag["class"]
        if tag.name in ("h1", "h2", "h3"):
            tag.name = f"h{int(tag.name[1]) + 1}"
    heading = main.select_one("h2")
    if heading is None:
        raise ValueError(f"{page.href} has no title")
    heading["id"] = page.code
    main.name, main.attrs = "section", {"class": "part", "aria-labelledby": page.code}
    return main
