"""Long tables can be sorted and filtered by the reader, with a mouse or without; without a script they are whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from analysis.publishing.content import PERCENT, Column, DataTable
from analysis.publishing.scripts import of_body, tables
from analysis.publishing.templating import TEMPLATES, fill

SHORT = 7
PLACES = ["Élan", "Dune", "Écluse", "Zone", "Aa", "Côte", "Eau", "Falaise", "Gué"]


def world(rows: int) -> pd.DataFrame:
    """A table whose numbers, days and gaps would be put in another order as texts."""
    names = [f"{name} {n}" if n else name for n in range(9) for name in PLACES][:rows]
    frame = pd.DataFrame({"nom": names, "heures": [1500.0 * (n % 9) + n for n in range(rows)]})
    frame["part"] = [(-1) ** n * n / 90 for n in range(rows)]
    frame["jour"] = pd.Timestamp("2025-11-27") + pd.to_timedelta([(n * 37) % 200 for n in range(rows)], unit="D")
    frame["secret"] = ["moins de 5 personnes" if n == 2 else None for n in range(rows)]
    frame.loc[4, "heures"] = float("nan")
    frame.loc[5, "jour"] = pd.NaT
    return frame


def written(folder: Path, rows: int) -> str:
    """The address of a page that shows that table."""
    columns = {"nom": Column("Lieu"), "heures": Column("Heures", 0), "part": Column("Écart", **PERCENT)}
    table = DataTable(world(rows), {**columns, "jour": Column("Jour")}, caption="Lieux", scope="essai")
    body = f"<h1>Essai</h1>{table._repr_html_()}"
    text = fill("skeleton.html.j2", title="Essai", contents=[], version="0", scripts=of_body(body))
    path = folder / f"{rows}.html"
    path.write_text(text.replace('tabindex="-1">', f'tabindex="-1">{body}'), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page under its own policy; what the policy refuses fails the test."""
    context = browser.new_context()
    opened, refused = context.new_page(), list[str]()
    opened.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: refused.append(str(error)))
    yield opened
    context.close()
    assert refused == []


def column(page: Page, number: int) -> list[str]:
    """The cells of a column from top to bottom, as they are read."""
    cells: Locator = page.locator(f"tbody tr:not([hidden]) > :nth-child({number})")
    return [re.sub(r"\s", " ", text) for text in cells.all_inner_texts()]


def sort(page: Page, name: str, order: str) -> None:
    page.get_by_role("button", name=name).click()
    page.locator(f"th[aria-sort='{order}']", has_text=name).wait_for()
    page.wait_for_timeout(30)  # the sort follows its announcement


def test_numbers_sort_as_numbers_and_gaps_come_last(page: Page, tmp_path: Path) -> None:
    page.goto(written(tmp_path, 9))
    sort(page, "Heures", "descending")
    assert column(page, 2)[:3] == ["12 008", "10 507", "9 006"]
    assert sorted(column(page, 2)[-2:]) == ["n.d.", "s"]
    assert page.get_by_role("status").inner_text() == "Lieux : tri par « Heures », ordre décroissant."
    sort(page, "Heures", "ascending")
    assert column(page, 2)[:3] == ["0", "1 501", "4 503"]
    assert sorted(column(page, 2)[-2:]) == ["n.d.", "s"]
    sort(page, "Écart", "descending")
    shown = [float(text.replace(",", ".").replace("−", "-")) for text in column(page, 3) if text not in ("s", "n.d.")]
    assert shown == sorted(shown, reverse=True) and min(shown) < 0
    assert page.locator("th[aria-sort]").count() == 1


def test_names_sort_as_in_a_directory_and_days_as_days(page: Page, tmp_path: Path) -> None:
    page.goto(written(tmp_path, 9))
    sort(page, "Lieu", "ascending")
    assert column(page, 1) == ["Aa", "Côte", "Dune", "Eau", "Écluse", "Élan", "Falaise", "Gué", "Zone"]
    sort(page, "Lieu", "descending")
    assert column(page, 1)[0] == "Zone"
    sort(page, "Jour", "ascending")
    days = page.locator("tbody time").evaluate_all("found => found.map(time => time.dateTime)")
    assert days == sorted(days) and len(days) == 8
    assert column(page, 4)[-1] == "n.d."
    sort(page, "Jour", "descending")
    assert column(page, 4)[-1] == "n.d."


def test_the_keyboard_sorts_and_the_mouse_is_not_needed(page: Page, tmp_path: Path) -> None:
    page.goto(written(tmp_path, 9))
    button = page.get_by_role("button", name="Heures")
    button.focus()
    page.keyboard.press("Enter")
    page.locator("th[aria-sort='descending']").wait_for()
    page.keyboard.press("Space")
    page.locator("th[aria-sort='ascending']").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Heures", "the focus stays where it was"


def test_a_very_long_table_has_a_filter_that_paper_ignores(page: Page, tmp_path: Path) -> None:
    page.goto(written(tmp_path, 20))
    assert page.locator("output").inner_text() == "20 lignes"
    page.get_by_label("Filtrer les lignes").fill("ecLUse")
    assert set(column(page, 1)) == {"Écluse", "Écluse 1", "Écluse 2"} & set(world(20)["nom"])
    assert "lignes sur 20" in page.locator("output").inner_text()
    sort(page, "Lieu", "ascending")
    assert all("cluse" in name for name in column(page, 1)), "sorting keeps the filter"
    page.emulate_media(media="print")
    assert page.locator("tbody tr").evaluate_all("rows => rows.every(row => row.checkVisibility())")
    assert not page.get_by_label("Filtrer les lignes").is_visible()


def test_rows_of_a_long_table_pass_under_its_headings_but_on_paper_and_small_screens(
    page: Page, tmp_path: Path
) -> None:
    page.goto(written(tmp_path, 60))
    box = page.locator(".scroll")
    box.focus()
    page.keyboard.press("End")
    expect(page.locator("tbody tr").last).to_be_in_viewport()
    page.wait_for_timeout(300)  # the scroll ends smoothly
    frame, heading = box.bounding_box(), page.locator("thead").bounding_box()
    assert frame and heading and frame["height"] < 700 and heading["y"] == pytest.approx(frame["y"], abs=1)
    for change in (
        lambda: page.set_viewport_size({"width": 320, "height": 700}),
        lambda: page.emulate_media(media="print"),
    ):
        change()
        whole = box.bounding_box()
        assert whole and whole["height"] > 1000


def test_a_short_table_is_plain_and_its_page_has_no_script(page: Page, tmp_path: Path) -> None:
    page.goto(written(tmp_path, SHORT))
    assert page.locator("button, input, script").count() == 0
    assert "script-src" not in page.content()


def test_without_script_the_table_is_whole(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written(tmp_path, 20))
    assert page.locator("tbody tr").count() == 20
    assert page.locator("button, input").count() == 0
    context.close()


def test_axe_finds_nothing_before_or_after(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(written(tmp_path, 20))
    page.get_by_label("Filtrer les lignes").fill("a")
    sort(page, "Heures", "descending")
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
    assert [rule["id"] for rule in Axe().run(page, options=rules).response["violations"]] == []
    context.close()


def test_the_library_is_the_one_that_is_described() -> None:
    folder = TEMPLATES / "scripts"
    digest = hashlib.sha256((folder / "sortable.min.js").read_bytes()).hexdigest()
    assert digest in (folder / "README.md").read_text(encoding="utf-8")
    assert "free and unencumbered software" in (folder / "sortable.LICENSE").read_text(encoding="utf-8")
    assert len(tables().text) < 6000
