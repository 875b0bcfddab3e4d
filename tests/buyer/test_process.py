from __future__ import annotations

import copy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.buyer import process
from analysis.buyer.process import Process
from analysis.core.errors import DataError
from analysis.core.params import load_settings
from analysis.core.paths import reference_dir

FILE = reference_dir() / "acheteur" / "processus.yaml"


def test_each_step_is_answered_for_by_one_actor_and_done_by_some() -> None:
    table = process.raci().drop(columns=["code", "libelle"])
    assert len(process.raci()) == 12 and table.shape[1] == 6
    assert (table.map(lambda role: "A" in role).sum(axis=1) == 1).all()
    assert table.map(lambda role: "R" in role).any(axis=1).all()
    assert (table != "").any().all(), "an actor without a role"


def test_the_reference_is_whole_and_says_what_is_assumed() -> None:
    known = process.process()
    assert all("hypothèse" in step.source for step in known.etapes)  # no text sets these offsets
    assert all(step.attendu.endswith(".") for step in known.etapes)
    assert all(a.debut.order <= b.debut.order for a, b in pairwise(known.etapes))


def broken(change: str) -> dict[str, Any]:
    content = copy.deepcopy(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    steps = content["etapes"]
    if change == "two A":
        steps[0]["roles"]["FACILITATEUR"] = "A"
    elif change == "no A":
        steps[0]["roles"]["ACHETEUR"] = "R"
    elif change == "no R":
        steps[0]["roles"]["ACHETEUR"] = "A"
    elif change == "role":
        steps[0]["roles"]["ACHETEUR"] = "X"
    elif change == "actor":
        steps[0]["roles"]["MAIRE"] = "I"
    elif change == "backwards":
        steps[0]["fin"]["mois"] = -13
    elif change == "end first":
        steps[-1]["fin"]["repere"] = "notification"
    elif change == "unordered":
        steps[0], steps[1] = steps[1], steps[0]
    elif change == "same code":
        steps[1]["code"] = steps[0]["code"]
    elif change == "days":
        steps[0]["debut"]["jours"] = 30
    else:
        del steps[0]["source"]
    return content


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("two A", "un seul acteur A"), ("no A", "un seul acteur A"), ("no R", "au moins un acteur R"),
        ("role", "roles.ACHETEUR"), ("actor", "à l'étape BESOIN, des acteurs parmi"),
        ("backwards", "une fin qui ne précède pas le début"), ("end first", "une fin qui ne précède pas"),
        ("unordered", "BESOIN commence avant SOURCAGE"), ("same code", "des codes tous différents"),
        ("days", "de 0 à 27 jours"), ("source", "clé absente"),
    ],
)  # fmt: skip
def test_a_process_that_does_not_hold_is_one_sentence(change: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "processus.yaml"
    path.write_text(yaml.safe_dump(broken(change), allow_unicode=True, sort_keys=False), encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_settings(path, Process)
    assert told in str(error.value) and str(error.value).startswith("processus.yaml, ligne ")
