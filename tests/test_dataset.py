"""What pages call the territory of a dataset: that of its departments, not always that of its region."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import analysis
from analysis.core import reference
from analysis.core.files import files_under
from analysis.publishing.page import subjects
from consolidation.world import dataset

REGION = ("02", "59", "60", "62", "80")


@pytest.mark.parametrize(
    ("departments", "name"),
    [(REGION, "Hauts-de-France"), (("59",), "Nord"), (("62", "02", "59"), "Aisne, Nord et Pas-de-Calais")],
)
def test_a_dataset_of_some_departments_is_called_by_their_names(departments: tuple[str, ...], name: str) -> None:
    held = dataset(2024, 2025, departements=departments)
    assert held.territory_name == name and {edition.territory_name for edition in held.editions} == {name}
    names = reference.department_names()
    assert subjects("consolidation", held, held.latest) == {"32": name} | {
        code: names[code] for code in sorted(departments)
    }


def test_a_name_of_its_own_and_that_of_a_former_region_stay() -> None:
    held = dataset(2015, 2025, departements=["59"])
    former, latest = held.editions
    own = latest.model_copy(update={"territoire_nom": "Métropole"})
    old = former.model_copy(update={"territoire": "31", "territoire_nom": "Nord-Pas-de-Calais"})
    assert (own.territory_name, old.territory_name) == ("Métropole", "Nord-Pas-de-Calais")
    assert held.model_copy(update={"editions": [old, own]}).territory_name == "Métropole"


def test_the_pages_of_the_region_keep_the_name_that_the_dataset_gives_it() -> None:
    held = dataset(2025, departements=REGION, region_nom="Région Hauts-de-France")
    assert held.territory_name == "Région Hauts-de-France"


def test_pages_take_the_name_from_one_place() -> None:
    sources = files_under(Path(analysis.__file__).parent)
    others = [path for path in sources if path.suffix in (".py", ".j2") and path.name != "dataset.py"]
    named = re.compile(r"(dataset|edition)\.(region_nom|territoire_nom)\b")
    assert others and not [path.name for path in others if named.search(path.read_text(encoding="utf-8"))]
