"""The site of the demo for those who see badly, do not use a mouse, print, or have a small screen (WCAG 2.1 AA)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from analysis.buyer.guide.tables import guided
from analysis.core import reference

# One of each kind of page; the sheets of a large, a small and an unserved intercommunalité, and of two purchases.
NAMES = (
    "index",
    "annuaire",
    "donnees",
    "methode",
    "segments/2025-32",
    "segments/2025-60",
    "facilitators/2025-32",
    "consolidation/2016-32",
    "consolidation/2025-59",
    "quality/2025-32",
    "territory/2025-59",
    "territory/2025-200093201",
    "territory/2025-248000747",
    "guide",
    "guide-complet",
    "guide/2025-PROPRETE",
    "guide/2025-ASSURANCE_FINANCE",
    "programme/2025-200053742",
    "buyer/2025-P2025-0006",
    "buyer/2025-P2025-0286",
)
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
SHEET, REPORT = 1_000_000, 2_000_000  # bytes of a page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose policy lets the checker in."""
    context = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def address(root: Path, name: str) -> str:
    return (root / "reports/demo" / f"{name}.html").as_uri()


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(page: Page, demo: Path, lay_out: Callable[[Page], None], name: str) -> None:
    page.goto(address(demo, name))
    lay_out(page)
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found] == []


@pytest.mark.parametrize("name", ["index", "territory/2025-59", "consolidation/2025-59"])
def test_the_keyboard_alone_leads_to_the_contents_and_to_all_that_opens(page: Page, demo: Path, name: str) -> None:
    page.goto(address(demo, name))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"
    reached = set()
    for _ in range(400):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.outerHTML.slice(0, 300)"))
        if page.evaluate("document.activeElement.closest('footer') !== null"):
            break
    opens = page.evaluate(
        "[...document.querySelectorAll('main a, main summary, main input')].filter(x => x.checkVisibility())"
        ".map(x => x.outerHTML.slice(0, 300))"
    )
    assert opens and set(opens) <= reached


def test_my_territory_is_found_by_a_commune_a_postcode_or_its_name_without_a_mouse(page: Page, demo: Path) -> None:
    page.goto(address(demo, "index"))
    field = page.get_by_label("Commune, code postal ou intercommunalité")
    places = page.locator(".place:not([hidden])")
    assert places.count() == len(reference.epci())
    for asked, siren in (("59000", "200093201"), ("Roubaix", "200093201"), ("coquelicot", "248000747")):
        field.fill(asked)
        assert siren in places.evaluate_all("found => found.map(place => place.dataset.epci)")
        assert places.count() < 5 and "ci-dessous" in page.get_by_role("status").inner_text()
    places.first.get_by_role("link").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/territory/2025-248000747.html")
    assert page.get_by_role("heading", level=1).inner_text() == "CC du Pays du Coquelicot"


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("territory")])
def test_a_sheet_is_one_printed_page(page: Page, demo: Path, name: str) -> None:
    page.goto(address(demo, name))
    printed = page.pdf(prefer_css_page_size=True, format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


@pytest.mark.parametrize("name", ["consolidation/2025-59", "guide-complet"])
def test_the_contents_lead_to_a_section_that_was_not_laid_out_yet(page: Page, demo: Path, name: str) -> None:
    page.goto(address(demo, name))
    link = page.locator("nav.contents a").last
    link.click()
    title = page.locator(link.get_attribute("href") or "")
    expect(title).to_be_in_viewport()
    page.wait_for_timeout(300)  # what lies above may turn out longer than was thought
    assert title.evaluate("title => title.getBoundingClientRect().top") >= 0
    at_the_end = "() => window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2"
    assert title.evaluate("title => title.getBoundingClientRect().top") <= 300 or page.evaluate(at_the_end)


def test_long_contents_leave_the_title_within_reach_on_a_phone(page: Page, demo: Path) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(address(demo, "methode"))
    assert page.locator("h1").evaluate("title => title.getBoundingClientRect().top") < 640


def test_a_report_prints_the_figures_that_were_not_on_the_screen(page: Page, demo: Path) -> None:
    page.goto(address(demo, "consolidation/2025-59"))
    figures = page.locator("figure img").count()
    printed = page.pdf(prefer_css_page_size=True, format="A4")
    assert figures > 3 and len(re.findall(rb"/Subtype\s*/Image\b", printed)) >= figures


def test_paper_has_the_headings_of_a_table_on_each_page_and_no_table_wider_than_itself(page: Page, demo: Path) -> None:
    page.set_viewport_size({"width": 680, "height": 900})  # an A4 page between its margins
    page.goto(address(demo, "segments/2025-32"))
    page.emulate_media(media="print")
    # What is drawn once, such as a button, is not drawn again at the top of the next page.
    shown = page.locator("thead button").evaluate_all("all => all.map(button => getComputedStyle(button).display)")
    assert shown and set(shown) == {"contents"}
    assert page.evaluate("document.documentElement.scrollWidth") <= 680


def test_each_segment_of_the_guide_begins_a_printed_page_after_the_contents(page: Page, demo: Path) -> None:
    page.goto(address(demo, "guide-complet"))
    page.emulate_media(media="print")
    breaks = page.locator("section.part").evaluate_all("all => all.map(part => getComputedStyle(part).breakBefore)")
    assert breaks == ["page"] * len(guided())
    assert page.locator("nav.contents").is_visible() and not page.locator("main .about a").first.is_visible()
    printed = page.pdf(prefer_css_page_size=True, format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > len(breaks)
    targets = page.locator("nav.contents a").evaluate_all("all => all.map(link => link.hash.slice(1))")
    assert targets == guided()


def test_pages_are_light(demo: Path) -> None:
    site = demo / "reports/demo"
    heavy = [
        path.relative_to(site).as_posix()
        for path in site.rglob("*.html")
        if path.stat().st_size > (SHEET if path.parent.name in ("territory", "buyer") else REPORT)
    ]
    assert heavy == []


def test_there_is_a_sheet_for_each_department_and_intercommunality(demo: Path) -> None:
    codes = {path.stem.split("-")[1] for path in (demo / "reports/demo/territory").glob("2025-*.html")}
    departments = set(reference.departments("32")["code_departement"])
    epci = reference.epci()
    assert codes == departments | set(epci.loc[epci["departement"].isin(departments), "epci_siren"])
    assert len(codes) == 97
