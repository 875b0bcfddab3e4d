"""The site of the demo as a reader meets it: in a real browser, without network, and held to its tables."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, Request

from analysis.checking.texts import DIGEST

PLACES = ("32", "02", "59", "60", "62", "80")
NAMES = (
    "segments/2025-32",
    "facilitators/2025-32",
    "consolidation/2016-32",
    "consolidation/2025-32",
    "quality/2025-32",
)
OTHERS = (
    "index",
    "annuaire",
    "methode",
    "donnees",
    "territory/2025-200093201",
    "guide",
    "guide-complet",
    "guide/2025-PROPRETE",
    "programme/2025-200053742",
    "buyer/2025-P2025-0006",
)


@pytest.fixture
def opened(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page of a browser and the addresses it asked for, other than files."""
    asked: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})

    def note(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            asked.append(request.url)

    page.on("request", note)
    yield page, asked
    page.close()


def soup(root: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((root / "reports/demo" / f"{name}.html").read_text("utf-8"), "html.parser")


@pytest.mark.parametrize("name", [*NAMES, *OTHERS])
def test_a_page_opens_from_disk_asks_for_nothing_and_fits_small_screens(
    demo: Path, opened: tuple[Page, list[str]], lay_out: Callable[[Page], None], name: str
) -> None:
    page, asked = opened
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto((demo / "reports/demo" / f"{name}.html").as_uri())
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.locator("h1").count() == 1
    assert name == "methode" or "Données synthétiques." in page.locator("body").inner_text()
    page.evaluate("document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; })")
    page.wait_for_function("[...document.images].every(image => image.complete)")
    images = page.evaluate("[...document.images].map(i => [i.alt.length, i.naturalWidth])")
    assert all(alt > 20 and width > 100 for alt, width in images)
    page.set_viewport_size({"width": 320, "height": 700})
    lay_out(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert asked == [] and errors == []


def test_every_link_of_the_home_page_leads_somewhere(demo: Path, opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    home = demo / "reports/demo/index.html"
    page.goto(home.as_uri())
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
    files = [link.partition("#")[0] for link in links if not link.startswith("#")]
    made = {path.relative_to(home.parent).as_posix() for path in home.parent.rglob("*.html")} - {"index.html"}
    # A programme leads to the sheets of its purchases.
    programmes = [(home.parent / link).read_text("utf-8") for link in files if link.startswith("programme/")]
    sheets = {name for name in made if name.startswith("buyer/")}
    assert sheets and all(any(f"../{name}" in text for text in programmes) for name in sheets)
    assert {link for link in files if link.endswith(".html")} == made - sheets
    assert {f"{name}.html" for name in NAMES} < made
    places = {f"consolidation/{year}-{place}.html" for year in (2023, 2024, 2025) for place in PLACES}
    assert places < made
    assert all((home.parent / link).stat().st_size < 1_500_000 for link in made)
    assert all((home.parent / link).is_file() for link in files)


def test_every_table_of_the_demo_can_be_downloaded(demo: Path) -> None:
    site = demo / "reports/demo"
    links = {a["href"] for a in soup(demo, "donnees").select("a[href]") if not a["href"].startswith("#")}
    kinds = (".csv", ".xlsx", ".json")
    made = {path.relative_to(site).as_posix() for path in (site / "tables").iterdir() if path.suffix in kinds}
    assert {link for link in links if link.startswith("tables/")} == made
    assert all((site / link.split("#")[0]).is_file() for link in links)
    tables = list((demo / "data/processed/demo/protected").glob("*/*.parquet"))
    assert len([link for link in links if link.endswith(".csv")]) == len(tables) > 80


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_no_code_says_its_edition_and_place_and_links_its_tables(demo: Path, name: str) -> None:
    page = soup(demo, name)
    text = page.get_text()
    for code in ("import ", "views.", "Traceback", 'dataset = "', "NaN"):
        assert code not in text
    deliverable, rest = name.split("/")
    year, territory = rest.split("-")
    assert f"édition {year}" in text
    assert f"({territory})" in text
    assert page.select("nav a") and page.select(f'a[href$=".csv"][href*="tables/{deliverable}_"]')
    assert all(table.caption and table.select('th[scope="col"]') for table in page.select("table"))


def test_the_demo_s_2016_is_what_the_observatory_published(demo: Path) -> None:
    rows = pd.read_csv(demo / "reports/demo/tables/consolidation_indicateurs.csv", dtype={"territoire": str})
    bounds = ["valeur", "valeur_min", "valeur_max", "unite"]
    assert list(rows.columns)[:8] == ["edition", "territoire", "indicateur", "modalite", *bounds]
    found = rows[(rows["edition"] == 2016) & (rows["territoire"] == "32")].set_index(["indicateur", "modalite"])[
        "valeur"
    ]
    expected = {
        ("donneurs_ordre", "ensemble"): 192, ("operations", "ensemble"): 888, ("entreprises", "ensemble"): 1081,
        ("beneficiaires", "ensemble"): 3453, ("heures_realisees", "ensemble"): 1302553,
        ("heures_realisees", "RSA"): 299727, ("heures_realisees", "QPV"): 273806, ("heures_realisees", "ANRU"): 61193,
        ("heures_realisees", "JEUNE"): 473653, ("heures_realisees", "IAE"): 613866,
        ("heures_realisees", "ALTERNANCE"): 163156.2, ("heures_realisees", "DELD"): 618686,
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    assert round(100 * found["part_beneficiaires_totales", "F"]) == 16
    assert found["etp_1607", "ensemble"] == 1302553 / 1607 and found["etp_1820", "ensemble"] == 1302553 / 1820
    assert found["heures_par_beneficiaire", "ensemble"] == 1302553 / 3453


def test_each_published_figure_meets_the_verdict_of_the_audit(demo: Path) -> None:
    rows = published_in_2016(demo)
    slides = rows[rows["serie"] == "orcp_2016"].set_index(["indicateur", "modalite"])
    assert len(slides) == 22
    assert slides["verdict"].value_counts().to_dict() == {"égal": 12, "arrondi": 7, "tronqué": 2, "chiffre perdu": 1}
    odd = slides["verdict"][~slides["verdict"].isin(["égal", "arrondi"])].to_dict()
    assert odd == {
        ("etp_1607", "ensemble"): "tronqué",
        ("part_heures_totales", "JEUNE"): "chiffre perdu",
        ("part_heures_totales", "DELD"): "tronqué",
    }
    said = slides["explication"].fillna("").str.replace("\u00a0", " ")
    assert said["etp_1607", "ensemble"].startswith("Tronqué : l'arrondi est 811. À côté, 716 est arrondi")
    assert "heures par personne, non par contrat" in said["heures_par_beneficiaire", "ensemble"]
    assert "36,36 % au complet" in said["part_heures_totales", "JEUNE"]
    assert "l'arrondi est 47,5 %" in said["part_heures_totales", "DELD"]
    stacked = said[said.str.contains("127,9 %, la somme dépasse le total")]
    assert set(stacked.index) == {("heures_realisees", code) for code in ("RSA", "QPV", "JEUNE", "DELD")}


def published_in_2016(demo: Path) -> pd.DataFrame:
    rows = pd.read_csv(demo / "reports/demo/tables/consolidation_reconciliation.csv", dtype={"territoire": str})
    return rows[(rows["edition"] == 2016) & rows["territoire"].isin(["32", "FR"])]


def test_no_figure_of_2016_is_unexplained_and_the_region_has_its_share_of_the_country(demo: Path) -> None:
    rows = published_in_2016(demo)
    others = rows[rows["serie"] != "orcp_2016"]
    assert set(others["verdict"]) == {"révisé", "hors du jeu"}
    assert others.loc[others["verdict"] == "hors du jeu", "indicateur"].tolist() == [
        "heures_realisees",
        "contrats_travail",
    ]
    shares = others.dropna(subset="part_region").set_index("indicateur")["part_region"]
    assert shares.round(3).to_dict() == {"heures_realisees": 0.113}


def test_the_last_release_of_2016_is_what_the_slides_print_and_the_first_was_lower(demo: Path) -> None:
    rows = pd.read_csv(demo / "reports/demo/tables/consolidation_millesimes.csv", dtype={"territoire": str})
    hours = rows[
        (rows["indicateur"] == "heures_realisees") & (rows["modalite"] == "ensemble") & (rows["edition"] == 2016)
    ]
    first, last = (row for _, row in hours[hours["territoire"] == "32"].sort_values("rang").iterrows())
    assert first["publie"] < last["publie"] == last["actuel"] == 1302553
    assert last["revision"] == last["publie"] / first["publie"] - 1 and last["revision_actuelle"] == 0


def test_what_structures_add_up_to_is_the_total_plus_double_entries_plus_what_they_share(demo: Path) -> None:
    rows = pd.read_csv(demo / "reports/demo/tables/consolidation_sommes.csv")
    assert len(rows) == 7 * 11
    assert ((rows["doubles"] + rows["plusieurs"] - rows["ecart"]).abs() < 1e-6).all()
    alone = rows[rows["indicateur"].isin(["heures_realisees", "operations", "lots", "contrats_travail"])]
    assert (alone["plusieurs"].abs() < 1e-6).all() and (rows["ecart"] > 0).all()
    found = rows[rows["edition"] == 2016].set_index("indicateur")["distinct"]
    assert (found["heures_realisees"], found["operations"], found["beneficiaires"]) == (1302553, 888, 3453)


def test_the_headline_figures_of_the_page_are_those_of_its_table(demo: Path) -> None:
    text = soup(demo, "consolidation/2016-32").get_text().replace("\u202f", "").replace("\u00a0", " ")
    for figure in ("1302553", "3453", "888", "1081", "192", "377", "811", "716"):
        assert figure in text, figure


def test_every_decided_duplicate_is_gone_and_every_undecided_one_is_asked_about(demo: Path) -> None:
    raw = demo / "data/raw/demo"
    truth = pd.read_csv(raw / "verite/operations_doublons.csv", dtype=str)
    decided = pd.read_csv(raw / "decisions/doublons_operations.csv", dtype=str)
    queue = pd.read_csv(demo / "reports/demo/tables/consolidation_doublons_a_revoir.csv", dtype=str)

    def pairs(rows: pd.DataFrame) -> set[frozenset[str]]:
        a, b = rows["structure_a"] + ":" + rows["op_id_a"], rows["structure_b"] + ":" + rows["op_id_b"]
        return {frozenset(pair) for pair in zip(a, b, strict=True)}

    waiting = pairs(truth) - pairs(decided)
    asked = {frozenset(pair) for pair in zip(queue["op_a"], queue["op_b"], strict=True)}
    assert len(waiting) >= 5
    assert waiting <= asked


def test_no_personal_value_of_the_exports_is_in_what_is_published(demo: Path) -> None:
    """Names come from the exports themselves; those that are also places or words of the pages are left out."""
    published = "\n".join(
        path.read_text("utf-8")
        for path in (demo / "reports/demo").rglob("*")
        if path.suffix in (".html", ".csv", ".json")
    )
    published = DIGEST.sub("", re.sub(r"data:image/[^\"]+", "", published))
    nir = r"(?<![\d.])[12]\d{2}(0[1-9]|1[0-2])\d{8}(\d{2})?(?!\d)"
    assert not re.search(nir, published), "looks like a NIR"
    assert not re.search(r"(?<![\d.])0[67](?:[ .]?\d{2}){4}(?!\d)", published), "looks like a phone number"
    mails = set(re.findall(r"[\w.+-]+@[\w-]+\.\w+", published))
    hosts = pd.read_parquet(demo / "data/processed/demo/clean/inventory/structures.parquet")
    agreed = set(hosts.loc[hosts["accord_publication"].fillna(False).astype(bool), "contact_public"].dropna())
    assert mails <= agreed, "an address of its own for the public, where the structure agrees"
    births = set()
    for path in sorted((demo / "data/raw/demo/exports").glob("*/export_2016.zip"))[:9]:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                births |= set(re.findall(rb"\b\d{2}/\d{2}/(?:19|20)\d{2}\b", archive.read(name)))
    assert births and not any(birth.decode() in published for birth in births)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("amiens", "CA Amiens Métropole"),
        ("59000", "Métropole Européenne de Lille"),
        ("st omer", "CA du Pays de Saint-Omer"),
        ("Grandvilliers", "zone blanche"),
        ("capso", "CA du Pays de Saint-Omer"),
    ],
)
def test_whom_to_call_is_found_by_a_commune_or_a_postcode(
    demo: Path, opened: tuple[Page, list[str]], asked: str, expected: str
) -> None:
    page, requests = opened
    page.goto((demo / "reports/demo/annuaire.html").as_uri())
    assert page.locator("section.place:visible").count() == 92
    page.fill("#recherche", asked)
    shown = page.locator("section.place:visible")
    assert shown.count() == 1
    assert expected in shown.inner_text()
    page.fill("#recherche", "zzzz")
    assert page.locator("section.place:visible").count() == 0
    assert "Aucune commune" in page.inner_text("#trouve")
    assert not requests


def test_an_intercommunalite_is_found_by_the_initials_by_which_it_is_known(
    demo: Path, opened: tuple[Page, list[str]]
) -> None:
    page, _ = opened
    page.goto((demo / "reports/demo/annuaire.html").as_uri())
    page.fill("#recherche", "MEL")
    shown = page.locator("section.place:visible").all_inner_texts()
    assert any("Métropole Européenne de Lille" in text for text in shown)
    assert len(shown) < 10, "and places that have a commune of such a name"
