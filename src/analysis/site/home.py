"""The front page of a dataset's reports, and what it leads to."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from analysis.buyer.guide import document as guide
from analysis.buyer.schedule import calendars
from analysis.checking import guard, scan
from analysis.checking.links import check_links
from analysis.checking.passed import check_new
from analysis.consolidation.views.volumes import UNTOLD, brief, by_epci, without_rate
from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import finished_folder, read_table, write_text
from analysis.core.numbers import between
from analysis.core.params import load_params
from analysis.core.paths import CALENDARS, STEPS, project_root, protected_dir, reports_dir
from analysis.core.texts import opening
from analysis.core.workers import start
from analysis.publishing import definitions, scripts
from analysis.publishing.content import Card, Strip
from analysis.publishing.page import SHEET, Page, deliverables, subjects
from analysis.publishing.templating import alphabetical, fill, program_version
from analysis.segments.watch.feed import feeds
from analysis.site import directory, downloads, method

HEADLINES = "headlines"
LEAD = "consolidation"  # whose headline figures the home page begins with
DIRECTORY = "annuaire.html"
SHEETS = "buyer"  # the notebook of the purchases, to each of which the page of its programme leads
SUMMARY = 3  # figures printed at the end of a run


@dataclass(frozen=True)
class Link:
    """A page of the site."""

    title: str
    edition: int
    href: str


def build(dataset: str) -> None:
    """Write the downloads, the calendars of the watch, the directory and `reports/<dataset>/index.html`.

    Raises DataError when a page leads to a file that is not there, or prints a figure that does not follow from
    the published tables, or when a file holds what may not be published; there is no home page then.
    """
    described, site = load_dataset(dataset), reports_dir(dataset)
    # Until all is checked there is no home page: a site that has one is finished.
    (site / "index.html").unlink(missing_ok=True)
    start(__name__)  # other processes write tables and check pages: what they need is imported meanwhile
    write_calendars(described)
    write_steps(described)
    downloads.build(described)
    check_new(
        partial(guard.check_pages, site),
        sorted(site.glob("*/*.html")),
        module=guard.__name__,
        dataset=dataset,
        folder=site,
        beside=sorted((site / "tables").glob("*.csv")),
    )
    write_directory(described)
    guided = write_guide(described)
    write_text(method.page(described), site / definitions.METHOD)
    text = front_page(described, guided=guided)
    # A copy is checked, so that whatever interrupts this leaves no home page: what was not scanned is not finished.
    with tempfile.TemporaryDirectory(prefix="site-") as scratch:
        whole = Path(shutil.copytree(site, Path(scratch) / dataset))
        write_text(text, whole / "index.html")
        guard.check_home(whole)
        check_links(whole)
        check_new(
            partial(scan.check_site, whole, dataset),
            scan.site_files(whole),
            module=scan.__name__,
            dataset=dataset,
            folder=whole,
        )
    write_text(text, site / "index.html")


def front_page(dataset: Dataset, *, guided: bool) -> str:
    """The home page, as HTML; `guided` says whether the guide has pages."""
    figures = headlines(dataset)
    chapters = [
        _chapter(dataset, str(name), row, figures)
        for name, row in deliverables().drop(index=[SHEET, SHEETS]).iterrows()
    ]
    leads = sheets(dataset)
    year = _of_the_year(dataset) if leads else None
    drawn = home_map(year) if year else ""
    return fill(
        "site/index.html.j2",
        sheets=leads,
        lead=brief(year) if year else "",
        map=drawn,
        towns=scripts.towns(dataset.departements),
        scripts=[*([scripts.search()] if leads else []), *scripts.of_body(drawn)],
        directory=DIRECTORY,
        guide=guide.INDEX if guided else "",
        document=guide.DOCUMENT,
        method=definitions.METHOD,
        title=f"{dataset.titre} : clauses sociales, {dataset.territory_name}",
        layout="home",
        contents=[],
        dataset=dataset,
        chapters=[chapter for chapter in chapters if chapter["pages"]],
        data=downloads.PAGE,
        version=program_version(),
    )


def _chapter(dataset: Dataset, name: str, row: pd.Series, figures: dict[str, list[Card]]) -> dict:
    """What the page says of the deliverable `name`, the row of `deliverables`, and where it leads."""
    of = SHEETS if name == "programme" else name
    scope, strip = told_once(figures.get(of, []))
    return {
        "leads": of == LEAD,
        "title": row["titre"],
        "sentence": row["phrase"],
        "scope": opening(scope),
        "strip": strip,
        "warning": UNTOLD._repr_html_() if of == LEAD and untold(dataset) else "",
        # A deliverable without headline figures, such as the guide, lacks none.
        "empty": of not in figures and _headlines(dataset, of).is_file(),
        "pages": pages(dataset, name),
    }


def write_directory(dataset: Dataset) -> None:
    """The page that says whom a buyer calls, `annuaire.html`."""
    path = protected_dir(dataset.nom) / "facilitators" / "annuaire.parquet"
    text = fill(
        "site/directory.html.j2",
        title=f"Qui appeler pour une clause sociale ? {dataset.territory_name}",
        contents=[],
        dataset=dataset,
        edition=dataset.latest,
        places=directory.places(read_table(path)) if path.is_file() else [],
        towns=scripts.towns(dataset.departements),
        scripts=[scripts.search()],
        version=program_version(),
    )
    write_text(text, reports_dir(dataset.nom) / DIRECTORY)


def write_guide(dataset: Dataset) -> bool:
    """The guide's index and the document of all its pages, which say so where it has none; whether it has."""
    folder = reports_dir(dataset.nom)
    for name, text in ((guide.INDEX, guide.index), (guide.DOCUMENT, guide.document)):
        write_text(text(dataset, folder), folder / name)
    return bool(guide.entries(folder))


def write_calendars(dataset: Dataset) -> None:
    """A calendar to subscribe to for the region, each department and each EPCI: `veille/veille_<territoire>.ics`."""
    path = protected_dir(dataset.nom) / "segments" / "veille_besoins.parquet"
    if not path.is_file():
        return  # a site without the segments' pages
    needs, tested = read_table(path), read_table(path.with_name("veille_calibration.parquet"))
    with finished_folder(reports_dir(dataset.nom) / CALENDARS) as folder:
        for name, calendar in feeds(needs, dataset, load_params().segments.watch, tested).items():
            (folder / name).write_bytes(calendar)


def write_steps(dataset: Dataset) -> None:
    """A calendar of the steps of each purchase that has a sheet: `etapes/etapes_<achat_id>.ics`."""
    path = protected_dir(dataset.nom) / "buyer" / "achats.parquet"
    if not path.is_file():
        return
    with finished_folder(reports_dir(dataset.nom) / STEPS) as folder:
        for name, calendar in calendars(read_table(path), dataset.date_observation).items():
            (folder / name).write_bytes(calendar)


def headlines(dataset: Dataset) -> dict[str, list[Card]]:
    """The headline figures of each deliverable that has any that may be told, in its own order."""
    out: dict[str, list[Card]] = {}
    for name in deliverables().index:
        path = _headlines(dataset, str(name))
        if path.is_file():
            rows = read_table(path).sort_values("ordre", kind="stable")
            out[str(name)] = [_headline(row) for row in rows.to_dict("records")]
    if untold(dataset):
        del out[LEAD]
    return {name: cards for name, cards in out.items() if cards}


def untold(dataset: Dataset) -> bool:
    """Whether the edition of the consolidation's headline figures has none to tell, for its response rate is not known:
    its own page says so in their place."""
    rows, editions = _headlines(dataset, LEAD), protected_dir(dataset.nom) / LEAD / "editions.parquet"
    if not (rows.is_file() and editions.is_file()):
        return False
    years = read_table(rows)["edition"]
    return not years.empty and without_rate(read_table(editions), int(years.iloc[0]))


def told_once(cards: list[Card]) -> tuple[str, Strip]:
    """The note that all of `cards` bear, nothing where they differ, and the cards without it."""
    notes = {card.note for card in cards}
    if len(notes) != 1:
        return "", Strip(cards)
    return notes.pop(), Strip([replace(card, note="") for card in cards])


def _headlines(dataset: Dataset, deliverable: str) -> Path:
    return protected_dir(dataset.nom) / deliverable / f"{HEADLINES}.parquet"


def pages(dataset: Dataset, notebook: str) -> list[Link]:
    """The pages there are of a deliverable, the latest edition first, in the order of what they are about."""
    found = (reports_dir(dataset.nom) / notebook).glob("*-*.html")
    keys = [(int(year), key) for year, key in (path.stem.split("-", 1) for path in found)]
    names = {year: subjects(notebook, dataset, dataset.edition(year)) for year in dict(keys)}
    place = {(year, key): n for year, named in names.items() for n, key in enumerate(named)}
    keys.sort(key=lambda key: (-key[0], place[key]))
    return [Link(names[year][key], year, f"{notebook}/{year}-{key}.html") for year, key in keys]


def sheets(dataset: Dataset) -> list[dict]:
    """The sheets of the latest edition that has any: name and href of each department, and those of its EPCI."""
    folder = reports_dir(dataset.nom) / SHEET
    years = sorted({int(path.stem.split("-")[0]) for path in folder.glob("*-*.html")})
    if not years:
        return []
    names, edition = reference.department_names(), dataset.edition(years[-1])
    out = []
    for code in edition.departements:
        own = pd.Series(reference.epci_of([code]))
        places = [
            {"siren": siren, "name": own[siren], "href": f"{SHEET}/{edition.annee}-{siren}.html"}
            for siren in own.sort_values(key=alphabetical).index
        ]
        out.append({"name": names[code], "href": f"{SHEET}/{edition.annee}-{code}.html", "places": places})
    return out


def _of_the_year(dataset: Dataset) -> Page | None:
    """The page of the consolidation that the home page quotes, that of the region and of the latest edition; none
    without hours, or whose key figures are told nowhere."""
    if read_table(protected_dir(dataset.nom) / "consolidation" / "indicateurs.parquet").empty:
        return None
    page = Page("consolidation", dataset.nom, dataset.latest.annee, dataset.region)
    return None if without_rate(page.read("editions"), page.year) else page


def home_map(page: Page) -> str:
    """The map of the hours, as the consolidation draws it."""
    # Pages of deliverables are one folder below.
    return by_epci(page)._repr_html_().replace('href="../', 'href="')


def summary(dataset: str) -> str:
    """The address of the front page and the first figure of each deliverable, for the end of `make report`."""
    index = reports_dir(dataset) / "index.html"
    if not index.is_file():
        raise DataError(f"{index.name} absent pour « {dataset} » : lancez d'abord « dvc repro ».")
    first = [cards[0] for cards in headlines(load_dataset(dataset)).values()]
    lines = [f"  {card.text()}" for card in first[:SUMMARY]]
    return "\n".join([str(index.relative_to(project_root()).as_posix()), *lines])


def _unit(unit: str, value: float) -> str:
    """The unit of a headline figure; nothing for a plural below two, as its label says it: `0`, not `0 lignes`."""
    return "" if value < 2 and unit.endswith("s") else unit


def _headline(row: dict) -> Card:
    hidden = row.get("secret")
    low, high = (float(row.get(name, "nan")) for name in ("valeur_min", "valeur_max"))
    bounded = pd.isna(row["valeur"]) and not (pd.isna(low) and pd.isna(high))
    return Card(
        row["libelle"],
        between(low, high, int(row["decimales"])) if bounded else row["valeur"],
        unit=_unit(row["unite"] or "", row["valeur"]),
        note=row["perimetre"],
        digits=int(row["decimales"]),
        secret="" if pd.isna(hidden) else str(hidden),
        rounded=row.get("valeur_arrondi"),
    )
