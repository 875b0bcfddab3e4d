"""The calculator of the guide gives, in a browser and without network, what `buyer.sizing` gives, to the hour."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from analysis.buyer.commitment import proposed, steps
from analysis.buyer.guide.calculator import Calculator
from analysis.buyer.guide.tables import guided
from analysis.buyer.sizing import RANGE, Law, full_time, hours, law, per_year, persons
from analysis.core.files import read_table
from analysis.core.numbers import french
from analysis.core.params import load_params
from analysis.publishing.scripts import of_body
from analysis.publishing.templating import fill
from analysis.sources.projects import bounds

AMOUNTS = ("1", "950", "40 000", "90000,5", "216 000 €", "40 000 euros HT", "1 234 567,89", "25 000 000")
MONTHS = ("1", "5", "12", "18", "48")
CASES = [list(case) for case in product(AMOUNTS, MONTHS)]
QUANTILE, STEPS = load_params().buyer.commitment_quantile, steps()
# Types each case, and reads what is shown then.
TYPE = """cases => cases.map(case_ => {
  const field = (name) => document.getElementById(`calculette-${name}`);
  ["montant", "duree"].forEach((name, at) => { field(name).value = case_[at]; });
  field("duree").dispatchEvent(new Event("input", { bubbles: true }));
  const shown = (name) => field(name).textContent;
  const levels = ["bas", "mediane", "haut"];
  const rows = ["heures", "an", "etp", "personnes"].flatMap(row => levels.map(level => shown(`${row}-${level}`)));
  return [...rows, shown("engagement")];
})"""


def expected(found: Law, amount: str, months: str) -> list[str]:
    """What Python says of a case as the page prints it."""
    value = float(amount.replace(",", ".").translate({ord(sign): None for sign in " €eurosHT"}))
    whole = hours(found, RANGE, value)
    year = per_year(whole, int(months))
    promised = float(proposed(hours(found, QUANTILE, value), STEPS))
    rows = [*((w, 0) for w in whole), *((y, 0) for y in year), *((e, 1) for e in full_time(year, int(months)))]
    rows += [(p, 1) for p in persons(year)]
    said = f"{french(promised)} heures" if promised else "aucune heure : le marché est trop petit"
    return [*(french(value, digits) for value, digits in rows), said]


def table() -> pd.DataFrame:
    """Laws of three segments, of very different size and shape."""
    rng, parts = np.random.default_rng(5), []
    for segment, middle, exponent in (("A", 0.12, 0.806793), ("B", 0.003, 1.0), ("C", 2.5, 0.55)):
        values = np.sort(middle * np.exp(rng.normal(0, 0.7, 99)))
        rows = {"segment": segment, "probabilite": np.arange(1, 100) / 100}
        known = {"coefficient": [float(f"{v:.5e}") for v in values], "exposant": exponent, "plafond": 0.0286}
        known |= {
            "ecart_exposant": -0.17,
            "ecart_montant": 430_000.0,
            "ecart_de": 48_000.0,
            "ecart_a": 4.6e6,
            "ecart_propre": 0.9,
        }
        parts.append(pd.DataFrame(rows | known))
    return pd.concat(parts, ignore_index=True)


def written(folder: Path, segment: str) -> str:
    """The address of a page that holds the calculator of a segment."""
    calculator = Calculator.of(table(), segment, 250_000, 24, "segments_dimensionnement")
    body = f"<h1>Essai</h1>{calculator._repr_html_()}"
    text = fill("skeleton.html.j2", title="Essai", contents=[], version="0", scripts=of_body(body))
    path = folder / f"{segment}.html"
    path.write_text(text.replace('tabindex="-1">', f'tabindex="-1">{body}'), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page under its own policy; what the policy refuses, or asks of the network, fails the test."""
    context = browser.new_context(locale="en-US")
    opened, wrong = context.new_page(), list[str]()
    opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else wrong.append(asked.url))
    yield opened
    context.close()
    assert wrong == []


@pytest.mark.parametrize("segment", ["A", "B", "C"])
def test_the_page_gives_what_python_gives_over_a_grid(page: Page, tmp_path: Path, segment: str) -> None:
    page.goto(written(tmp_path, segment))
    found = law(table(), segment)
    assert page.evaluate(TYPE, CASES) == [expected(found, *case) for case in CASES]


def test_every_segment_of_the_demo_too(page: Page, demo: Path) -> None:
    laws = read_table(demo / "data/processed/demo/protected/segments/dimensionnement.parquet")
    folder = demo / "reports/demo/guide"
    if not folder.is_dir():
        pytest.skip("the guide has not been built: run `make report` first")
    for segment in guided():
        page.goto((folder / f"2025-{segment}.html").as_uri())
        assert page.evaluate(TYPE, CASES) == [expected(law(laws, segment), *case) for case in CASES], segment


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("montant", "beaucoup", "Montant : « beaucoup » ; attendu : un montant en euros hors taxes, plus grand que 0"),
        ("montant", "", "Montant : «"),
        ("montant", "0", "plus grand que 0"),
        ("montant", "-5", "Montant : « -5 »"),
        ("montant", "1.250.000", "Montant : « 1.250.000 »"),
        ("montant", "250.000", "sans marque devant trois chiffres"),
        ("montant", "250,000", "Montant : « 250,000 »"),
        ("montant", "1000000000,01", "d'au plus un milliard"),
        ("montant", "9" * 320, "Montant : « 99999"),
        ("duree", "0", "Durée : « 0 » ; attendu : un nombre entier de mois, de 1 à"),
        ("duree", "1,5", "Durée : « 1,5 »"),
        ("duree", str(bounds().mois_max + 1), "Durée : «"),
        ("duree", "9999999", "Durée : « 9999999 »"),
    ],
)
def test_what_is_no_number_is_told_in_french_and_nothing_is_computed(
    page: Page, tmp_path: Path, name: str, typed: str, said: str
) -> None:
    page.goto(written(tmp_path, "A"))
    field = page.locator(f"#calculette-{name}")
    field.fill(typed)
    assert said in page.get_by_role("status").inner_text()
    assert not page.locator("#calculette-resultat").is_visible()
    assert page.locator("[aria-invalid='true']").evaluate_all("all => all.map(x => x.id)") == [f"calculette-{name}"]
    field.fill("7")
    assert page.locator("#calculette-resultat").is_visible() and page.locator("[aria-invalid='true']").count() == 0


@pytest.mark.parametrize(
    ("typed", "odd"), [("39999,99", True), ("40000", False), ("100 000 000", False), ("1" + 9 * "0", True)]
)
def test_an_amount_that_a_sheet_would_have_confirmed_is_told_and_computed(
    page: Page, tmp_path: Path, typed: str, odd: bool
) -> None:
    page.goto(written(tmp_path, "A"))
    page.locator("#calculette-montant").fill(typed)
    assert ("à confirmer" in page.get_by_role("status").inner_text()) == odd
    assert page.locator("#calculette-resultat").is_visible() and page.locator("[aria-invalid='true']").count() == 0


def test_the_keyboard_is_enough_and_enter_sends_nothing(page: Page, tmp_path: Path) -> None:
    address = written(tmp_path, "A")
    page.goto(address)
    page.get_by_label("Montant hors taxes, en euros").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("500000")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "calculette-duree"
    page.keyboard.press("Enter")
    assert page.url == address
    assert page.locator("#calculette-heures-mediane").inner_text() == expected(law(table(), "A"), "500000", "24")[1]


def test_axe_finds_nothing_before_or_after(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(written(tmp_path, "A"))
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
    for typed in ("250 000", "beaucoup"):
        page.locator("#calculette-montant").fill(typed)
        assert [rule["id"] for rule in Axe().run(page, options=rules).response["violations"]] == []
    context.close()


def test_without_a_script_nothing_of_it_is_seen(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written(tmp_path, "A"))
    assert not page.locator("form").is_visible()
    context.close()


def test_its_script_names_no_address(tmp_path: Path) -> None:
    html = Path(written(tmp_path, "A").removeprefix("file://")).read_text(encoding="utf-8")
    script = BeautifulSoup(html, "html.parser").find("script")
    assert script is not None and "://" not in script.get_text() and "fetch" not in script.get_text()
