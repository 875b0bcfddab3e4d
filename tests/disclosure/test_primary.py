from __future__ import annotations

import pandas as pd
import pytest

from analysis.disclosure.primary import OPEN, SECONDARY, broken, rules
from analysis.disclosure.shown import emptied, reasons

SAFE = {
    "_personnes": 20, "_employeurs": 5, "_entreprises": 5, "_part_max_personne": 0.2, "_part_max_employeur": 0.4,
    "_part_max_entreprise": 0.4, "_sensible": False, "_epci": False,
}  # fmt: skip


def broken_rule(control: str, **measures: object) -> str:
    cells = pd.DataFrame([{**SAFE, **measures}])
    rule = broken(cells, pd.Series(control, index=cells.index)).iloc[0]
    return str(rules().loc[rule, "libelle"]) if rule else ""


@pytest.mark.parametrize(
    ("control", "measures", "hidden"),
    [
        ("heures", {}, ""),
        ("heures", {"_personnes": 5}, ""),
        ("heures", {"_personnes": 4}, "moins de 5 personnes"),
        ("personnes", {"_personnes": 4}, "moins de 5 personnes"),
        ("heures", {"_personnes": 10, "_sensible": True}, "moins de 11 personnes"),
        ("heures", {"_personnes": 11, "_sensible": True}, ""),
        ("personnes", {"_personnes": 10, "_epci": True}, "moins de 11 personnes dans une intercommunalité"),
        ("personnes", {"_personnes": 4, "_epci": True}, "moins de 5 personnes"),
        ("personnes", {"_personnes": 11, "_epci": True}, ""),
        ("heures", {"_personnes": 5, "_epci": True}, ""),
        ("heures", {"_part_max_personne": 0.81}, "une personne dépasse 80 %"),
        ("heures", {"_part_max_personne": 0.80}, ""),
        ("heures", {"_employeurs": 2}, "moins de 3 employeurs"),
        ("heures", {"_entreprises": 2}, "moins de 3 entreprises"),
        ("heures", {"_part_max_employeur": 0.86}, "un employeur dépasse 85 %"),
        ("heures", {"_part_max_entreprise": 0.86}, "une entreprise dépasse 85 %"),
        ("personnes", {"_employeurs": 1}, ""),
        ("entreprises", {"_entreprises": 2}, "moins de 3 entreprises"),
        ("ouvert", {"_personnes": 1}, ""),
        ("heures", {"_personnes": None}, "effectif ou part du plus grand inconnus"),
        ("heures", {"_part_max_personne": float("nan")}, "effectif ou part du plus grand inconnus"),
        ("heures", {"_part_max_personne": float("nan"), "_entreprises": 2}, "moins de 3 entreprises"),
    ],
)
def test_each_rule_hides_on_its_side_of_the_threshold(control: str, measures: dict, hidden: str) -> None:
    assert broken_rule(control, **measures).startswith(hidden) and bool(broken_rule(control, **measures)) == bool(
        hidden
    )


def test_a_hidden_cell_loses_its_value_and_every_measure_is_dropped() -> None:
    cells = pd.DataFrame([{**SAFE, "valeur": 10.0}, {**SAFE, "_personnes": 2, "valeur": 3.0}])
    control = pd.Series("heures", index=cells.index)
    out = emptied(cells, broken(cells, control), control, ["valeur"])
    assert list(out.columns) == ["valeur", "secret"]
    assert out["valeur"].tolist()[0] == 10.0 and pd.isna(out["valeur"].iloc[1])


def test_the_reason_says_nothing_of_the_cell() -> None:
    """The rule that comes first would say that there are fewer than 5 persons, or at least 5."""
    few = [{"_personnes": 4}, {"_personnes": 10, "_sensible": True}, {"_employeurs": 2}, {"_personnes": None}]
    cells = pd.DataFrame([{**SAFE, "valeur": 1.0, **measures} for measures in [*few, {}]])
    control = pd.Series(["heures", "personnes", "heures", "heures", "heures"])
    rule = broken(cells, control)
    assert rule.nunique() == 5
    hidden = emptied(cells, rule.mask(rule.eq(""), SECONDARY), control, ["valeur"])
    assert hidden["secret"].nunique() == 1 and hidden["valeur"].isna().all()


def test_every_kind_of_cell_has_one_reason_without_a_number() -> None:
    kinds = set("|".join(rules()["controles"].dropna()).split("|"))
    assert set(reasons().index) == kinds - {OPEN} and reasons().index.is_unique
    assert not reasons().str.contains(r"\d").any()
