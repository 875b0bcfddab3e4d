"""The protected tables of the demo, read as a reader would who subtracts and compares, knowing nothing of the program's
links between cells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.dataset import load_dataset
from analysis.core.files import read_table
from analysis.core.reference import WHOLE
from analysis.disclosure.releases import tables
from analysis.disclosure.statements import statements
from analysis.schemas.registry import DELIVERABLES, published


@pytest.fixture(scope="module")
def layers(demo: Path) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The tables before disclosure control and after, rows in the same order."""
    after = tables(demo / "data/processed/demo/protected")
    before = {}
    for deliverable in DELIVERABLES:
        for name, schema in published(deliverable).items():
            path = demo / "data/processed/demo/results" / deliverable / f"{name}.parquet"
            if path.is_file() and schema.metadata["controle"] != "ouvert":
                frame = read_table(path)
                key = schema.metadata["key"]
                if len(frame):
                    before[f"{deliverable}.{name}"] = frame.sort_values(key, kind="stable", ignore_index=True)
    return before, {name: after[name] for name in before}


def totals(name: str, frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series, pd.Series]]:
    """Each way in which rows of a table might add up: the column, and which rows are totals and parts along it."""
    departments = reference.departments()
    deliverable, table = name.split(".")
    for column in published(deliverable)[table].metadata["key"]:
        values = frame[column].astype("str")
        yield column, values.eq(WHOLE), values.ne(WHOLE)
        regions = values.isin(departments["code_region"].astype("str"))
        if column == "territoire" and regions.any():
            yield column, regions, values.isin(departments["code_departement"]) & ~regions


def differences(name: str, before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Hidden numbers that a printed total less the other parts, all printed, gives."""
    deliverable, table = name.split(".")
    found = []
    if "unite" in before:  # rates add up to nothing: two that are alike are no sum
        before = before[before["unite"] != "part"]
    for column, whole, part in totals(name, before):
        others = [key for key in published(deliverable)[table].metadata["key"] if key != column]
        for value in before.select_dtypes("number").columns.intersection(after.columns):
            if value in others or value == column:
                continue
            rows = before[others].assign(_all="", was=before[value], now=after[value])
            by = ["_all", *others]
            heads = rows[whole].drop_duplicates(by).set_index(by)
            pieces = rows[part].groupby(by, dropna=False)
            sums = pieces["was"].sum().reindex(heads.index)
            alone = (pieces["was"].count() - pieces["now"].count()).reindex(heads.index).eq(1)
            adds_up = (sums - heads["was"]).abs().le(0.01 * pieces.size().reindex(heads.index))
            # Of nothing, each part is nothing: that tells of nobody.
            told = heads["now"].notna() & heads["now"].ne(0)
            found += [f"{name}.{value} {at}" for at in heads.index[alone & adds_up & told]]
    return found


def test_no_printed_total_gives_the_only_hidden_part(layers: tuple[dict, dict]) -> None:
    before, after = layers
    assert [leak for name in before for leak in differences(name, before[name], after[name])] == []


def test_what_one_row_hides_no_other_row_prints(layers: tuple[dict, dict]) -> None:
    before, after = layers
    dataset = load_dataset("demo")
    was, now = (statements(frames, dataset) for frames in (before, after))
    place = ["table", "ligne", "cellule"]
    both = was[was["base"] == ""].merge(now[now["base"] == ""], how="left", on=place, suffixes=("", "_after"))
    both = both.dropna(subset="valeur").drop_duplicates(place)
    shown = both.assign(shown=both["valeur_after"].notna()).groupby("cellule")["shown"].agg(["any", "all"])
    assert shown.index[shown["any"] & ~shown["all"]].tolist() == []


def test_hours_of_whom_the_sex_is_known_are_hidden_with_those_of_all(layers: tuple[dict, dict]) -> None:
    """Where they are equal, they are the same number."""
    before, after = layers
    rows = []
    for frames in (before, after):
        whole = frames["consolidation.ventilation"]
        regions = whole["territoire"].isin(reference.departments()["code_region"].astype("str"))
        women = frames["consolidation.femmes"]
        rows.append(women.merge(whole[regions], on=["edition", "axe", "modalite"], suffixes=("", "_all")))
    was, now = rows
    same = (was["heures"] - was["heures_all"]).abs() < 0.005
    assert same.sum() > 100
    assert now.loc[same & now["heures"].isna().ne(now["heures_all"].isna()), ["edition", "modalite"]].empty
