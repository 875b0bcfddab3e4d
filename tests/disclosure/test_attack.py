"""The attack finds what a table gives away, and nothing that it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from highspy import Highs, HighsModelStatus

from analysis.disclosure.attack import Sought, intervals
from analysis.disclosure.links import Links, given
from analysis.disclosure.secondary import suppressed

FIRST = Sought(pd.Index(["r0c0"]))
# Domain 7.2: two rows, three columns, and all their sums.
EXAMPLE = np.array([[40, 3, 57], [22, 35, 18]])


def grid(values: np.ndarray) -> tuple[pd.Series, pd.DataFrame]:
    """The cells of a table with its margins (`r0c1`, `r0`, `c1`, `all`), and the sums between them."""
    rows, columns = values.shape
    cells = {f"r{i}c{j}": values[i, j] for i in range(rows) for j in range(columns)}
    sums = {f"r{i}": [f"r{i}c{j}" for j in range(columns)] for i in range(rows)}
    sums |= {f"c{j}": [f"r{i}c{j}" for i in range(rows)] for j in range(columns)}
    margins = {total: float(sum(cells[part] for part in parts)) for total, parts in sums.items()}
    sums |= {"all": [f"r{i}" for i in range(rows)]}
    sums |= {"all ": [f"c{j}" for j in range(columns)]}
    series = pd.Series({**cells, **margins, "all": float(values.sum())}, dtype="float64")
    terms = [
        {"somme": number, "cellule": cell, "signe": sign}
        for number, (total, parts) in enumerate(sums.items())
        for cell, sign in [(total.strip(), -1), *((part, 1) for part in parts)]
    ]
    return series, pd.DataFrame(terms)


def published(values: pd.Series, terms: pd.DataFrame, hidden: set[str], *, also: list[dict] | None = None) -> Links:
    """What a reader has once `hidden` cells are: their sums, and other numbers if any."""
    plain = [
        {"cellule": name, "base": "", "valeur": v, "demi": 0.0} for name, v in values.items() if name not in hidden
    ]
    said = pd.DataFrame([*plain, *(also or [])])
    cells = pd.DataFrame({"valeur": given(said).reindex(values.index), "entier": True, "bas": 0.0, "haut": np.inf})
    sums = pd.DataFrame({"ecart": 0.0, "sens": 0, "tolerance": 0.0}, index=sorted(terms["somme"].unique()))
    return Links(said, cells, terms, sums)


def test_one_hidden_cell_of_a_table_with_sums_is_found() -> None:
    values, terms = grid(EXAMPLE)
    assert intervals(published(values, terms, {"r0c1"}), Sought(pd.Index(["r0c1"]))).loc["r0c1"].tolist() == [3, 3]


def test_three_more_hidden_cells_leave_the_reader_between_0_and_38() -> None:
    values, terms = grid(EXAMPLE)
    hidden = {"r0c1", "r0c2", "r1c1", "r1c2"}
    low, high = intervals(published(values, terms, hidden), Sought(pd.Index(["r0c1"]))).loc["r0c1"]
    assert (low, high) == (0, 38)


def test_a_rounded_percentage_betrays_a_count() -> None:
    """4 of 11: 36,36 % of a total that is published leaves no other count, however the parts are hidden."""
    values, terms = grid(np.array([[4, 7], [20, 30]]))
    hidden = {"r0c0", "r0c1", "r1c0", "r1c1"}
    assert intervals(published(values, terms, hidden), FIRST).loc["r0c0"].tolist() == [0, 11]
    share = {"cellule": "r0c0", "base": "r0", "valeur": 0.3636, "demi": 0.00005}
    assert intervals(published(values, terms, hidden, also=[share]), FIRST).loc["r0c0"].tolist() == [4, 4]
    coarse = {**share, "valeur": 0.4, "demi": 0.05}
    low, high = intervals(published(values, terms, hidden, also=[coarse]), FIRST).loc["r0c0"]
    assert low == 4 and high == 4  # of 11 persons, 35 to 45 % is still 4


def test_two_ratios_of_hidden_cells_are_solved_together() -> None:
    values, terms = grid(np.array([[4, 8], [20, 30]]))
    hidden = {"r0c0", "r0c1", "r1c0", "r1c1"}
    ratio = {"cellule": "r0c0", "base": "r0c1", "valeur": 0.5, "demi": 0.0}
    assert intervals(published(values, terms, hidden, also=[ratio]), FIRST).loc["r0c0"].tolist() == [4, 4]


def test_a_cell_that_no_sum_ties_is_free_and_one_that_is_printed_is_known() -> None:
    values, terms = grid(EXAMPLE)
    links = published(values, terms[terms["somme"] < 0], {"r0c1"})
    assert intervals(links, Sought(pd.Index(["r0c1", "r0c0"]))).to_numpy().tolist() == [[0, np.inf], [40, 40]]


@pytest.mark.parametrize("seed", range(8))
def test_rules_alone_leak_and_the_engine_mends_it(seed: int) -> None:
    """Random tables: the attack finds cells that rules alone hide, and none once others are hidden too."""
    draw = np.random.default_rng(seed)
    values, terms = grid(draw.integers(1, 60, size=(9, 6)).astype("float64"))
    inner = [name for name in values.index if "c" in name and "r" in name]
    few = pd.Index([name for name in inner if values[name] < 5])
    protection = pd.Series(np.maximum(0.2 * values[few], 1.0), index=few)

    def leaks(hidden: set[str]) -> int:
        found = intervals(published(values, terms, hidden), Sought(few))
        low = values[few] - np.minimum(protection, values[few])
        return int(((found["bas"] > low + 1e-6) | (found["haut"] < values[few] + protection - 1e-6)).sum())

    assert leaks(set(few)) > 0
    also = suppressed(published(values, terms, set()), protection, shown=set())
    assert also and not also & set(few) and leaks(set(few) | also) == 0


def test_bounds_are_known_to_the_reader() -> None:
    """Two hidden parts of at least 1 whose sum is 2 are 1 each; two of at most 20 whose sum is 40, 20 each."""
    for parts, bounds in (([1, 1], {"bas": 1.0}), ([20, 20], {"haut": 20.0})):
        values, terms = grid(np.array([parts, [30, 50]]))
        links = published(values, terms, {"r0c0", "r0c1", "r1c0", "r1c1"})
        assert intervals(links, FIRST).loc["r0c0"].tolist() == [0, sum(parts)]
        told = replace(links, cells=links.cells.copy())
        told.cells.loc[["r0c0", "r0c1"], list(bounds)] = list(bounds.values())
        assert intervals(told, FIRST).loc["r0c0"].tolist() == [parts[0]] * 2


def test_whoever_knows_one_of_two_hidden_parts_finds_the_other() -> None:
    values, terms = grid(np.array([[4, 7, 5], [20, 30, 10]]))
    two = published(values, terms, {"r0c0", "r0c1", "r1c0", "r1c1"})
    asked = pd.Index(["r0c0"])
    sought = Sought(asked, personal=asked, inside=values[["r0c1"]])
    assert intervals(two, Sought(asked)).loc["r0c0"].tolist() == [0, 11]
    assert intervals(two, sought).loc["r0c0"].tolist() == [4, 4]
    more = published(values, terms, set(values.index) - {"all", "r0", "r1", "c0", "c1", "c2"})
    low, high = intervals(more, sought).loc["r0c0"]
    assert low < 4 < high


def test_a_solver_that_loses_itself_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status is unknown until it forgets the solution before."""
    values, terms = grid(EXAMPLE)
    links = published(values, terms, {"r0c0", "r0c1", "r1c0", "r1c1"})
    right, lost = intervals(links, FIRST), []
    status, forget = Highs.getModelStatus, Highs.clearSolver

    def unknown(model: Highs) -> HighsModelStatus:
        return status(model) if model in lost else HighsModelStatus.kUnknown

    def forgotten(model: Highs) -> None:
        lost.append(model)
        forget(model)

    monkeypatch.setattr(Highs, "getModelStatus", unknown)
    monkeypatch.setattr(Highs, "clearSolver", forgotten)
    assert intervals(links, FIRST).equals(right) and lost


def test_nothing_more_is_hidden_where_all_is() -> None:
    """Two posts, 2 at most, of which one is printed by its role: the other role cannot be kept from 1 to 1.2."""
    values = pd.Series({"all": 2.0, "s1": 1.0, "s2": 1.0, "role": 1.0, "other role": 1.0})
    sums = [("all", "s1", "s2"), ("all", "role", "other role")]
    terms = pd.DataFrame(
        [(n, cell, 1 if at else -1) for n, one in enumerate(sums) for at, cell in enumerate(one)],
        columns=["somme", "cellule", "signe"],
    )
    links = published(values, terms, set())
    links.cells["haut"] = [2.0, 1.0, 1.0, np.inf, np.inf]
    protection = pd.Series({"all": 0.0, "s1": 0.2, "s2": 0.2, "role": 0.2})
    assert suppressed(links, protection, shown={"other role"}) == set()
