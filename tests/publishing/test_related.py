from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from analysis.core.files import write_text
from analysis.publishing.page import Page
from analysis.publishing.related import related


@pytest.fixture
def pages(project: Path) -> None:
    """The regional page of two editions, all sheets of the latest, no page of the facilitators."""
    path = project / "params.yaml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    settings["publishing"]["pages"] = {"consolidation": {2015: "region", 2016: "all"}, "territory": {2016: "all"}}
    write_text(yaml.safe_dump(settings), path)


def seen(notebook: str, year: int, key: str) -> list[str]:
    return [other.href for other in related(Page(notebook, "jouet", year, key))]


@pytest.mark.usefixtures("pages")
def test_a_sheet_leads_to_the_pages_of_its_department() -> None:
    assert seen("territory", 2016, "200093201") == ["../consolidation/2016-59.html", "../territory/2016-59.html"]
    assert seen("territory", 2016, "59") == ["../consolidation/2016-59.html"]


@pytest.mark.usefixtures("pages")
def test_the_region_leads_to_its_departments_and_a_year_without_other_pages_nowhere() -> None:
    assert seen("consolidation", 2016, "32") == [f"../territory/2016-{d}.html" for d in ("02", "59", "60", "62", "80")]
    assert seen("consolidation", 2015, "32") == []


@pytest.mark.usefixtures("pages")
def test_the_names_say_what_and_where() -> None:
    assert [other.title for other in related(Page("territory", "jouet", 2016, "59"))] == [
        "Consolidation annuelle de la clause sociale : Nord"
    ]
