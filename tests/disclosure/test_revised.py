"""An ordinary correction after a release: protect counts with what the release told, and hides more, or says who must
decide what."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from analysis.core.errors import DataError
from analysis.disclosure import decide
from analysis.disclosure import protect as stage
from analysis.disclosure.attack import Sought
from analysis.disclosure.links import links, public
from analysis.disclosure.primary import SECONDARY
from analysis.disclosure.releases import still_true
from analysis.disclosure.revised import ALONE, as_they_were
from analysis.disclosure.rounding import rounded
from analysis.disclosure.secondary import as_left
from analysis.disclosure.shown import shown
from analysis.disclosure.statements import statements
from disclosure.test_gone import HEIR, TAKEN, hidden, places
from disclosure.test_protect import INDICATORS, SEATS, WORLD, exact, facilitators, hidden_hosts, hours

DAY = "etp_facilitateurs/2025-12-31"
THIRD = "200070993"  # an intercommunalité of the Somme, as HEIR and TAKEN
SEAT, THEN = f"{DAY}/departement=59", f"{DAY}/departement=59 (diffusion « bilan »)"


def released(*etp: float, alone: int = 1) -> dict[str, pd.DataFrame]:
    """A release of structures of one person each, of which the first `alone` gave no agreement."""
    return {"bilan": statements(stage.protect(facilitators(*etp, alone=alone), WORLD, {}), WORLD)}


def held(tables: dict[str, pd.DataFrame], before: dict[str, pd.DataFrame]) -> dict[str, list[float]]:
    """What `before` still tells, by cell."""
    known, said, _ = as_they_were(links(tables, WORLD), before, WORLD)
    return still_true(known, said)[1].dropna().groupby("cellule")["valeur"].agg(list).to_dict()


def test_a_structure_that_is_added_makes_a_rounded_total_one_of_the_past() -> None:
    """« ≈ 2 » was of three structures: it says nothing of the 2.5 of four, and everything of the three."""
    before, now = released(0.5, 0.8, 0.7), facilitators(0.5, 0.8, 0.7, 0.5)
    told = held(now, before)
    assert told[THEN] == [2.0] and SEAT not in told
    out = stage.protect(now, WORLD, before)
    assert hidden_hosts(out) == ["S0"]
    # « ≈ 3 », from 2.5 on, would say that the first structure has half a post at least.
    assert out[SEATS]["etp"].isna().all()
    assert exact(stage.protect(now, WORLD, {})[SEATS], "etp").isna().all()


def test_a_structure_told_with_another_time_makes_a_rounded_total_one_of_the_past() -> None:
    before, now = released(0.5, 0.8, 0.7), facilitators(0.5, 0.8, 0.9)
    assert held(now, before)[THEN] == [2.0] and SEAT not in held(now, before)
    assert hidden_hosts(stage.protect(now, WORLD, before)) == ["S0"]


def test_a_rounded_total_of_which_nothing_is_seen_to_change_is_one_of_today() -> None:
    before = released(0.5, 0.8, 0.7)
    for first in (0.5, 0.7):  # that the hidden one changed, nobody sees
        told = held(facilitators(first, 0.8, 0.7), before)
        assert told[SEAT] == [2.0] and THEN not in told


def test_what_no_longer_holds_with_the_hidden_parts_of_today_is_told_of_nothing() -> None:
    """The hidden structure changed by more than the rounding: the sum of then is not known."""
    told = held(facilitators(0.1, 0.9, 0.7, 0.5), released(0.9, 0.9, 0.7))
    assert not {SEAT, THEN} & set(told)


THEN_ALONE = f"heures/2025/{TAKEN}/ensemble{ALONE} (diffusion « bilan »)"


@pytest.fixture
def grown() -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The place of few persons of a release, the second being told rounded for it, has grown since."""
    then = {"80": 12000.0, HEIR: 2500.0, TAKEN: 900.0, THIRD: 8600.0}
    released = stage.protect(places((TAKEN,), **then), WORLD, {})
    assert hidden(released) == {TAKEN, HEIR}
    return {"bilan": statements(released, WORLD)}, places(**then | {"80": 13100.0, TAKEN: 2000.0})


def test_what_a_release_hid_and_has_changed_since_is_not_found(grown: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    """The department as it was, less the others, is the place as it was."""
    before, now = grown
    assert hidden(stage.protect(now, WORLD, {})) == set()
    assert HEIR in hidden(stage.protect(now, WORLD, before))
    known, _, past = as_they_were(links(now, WORLD), before, WORLD)
    assert known.cells["valeur"][past].to_dict() == {THEN_ALONE: 900.0}
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    with pytest.raises(DataError, match=re.escape(THEN_ALONE)):
        stage.protect(now, WORLD, before)


def test_what_releases_left_too_narrow_is_left_no_narrower_by_rounding() -> None:
    """Somme and Aisne are 1,020 together: that Aisne is about 900 would say more of Somme than is known already."""
    tables = {INDICATORS: hours()}
    rows = pd.DataFrame({"table": INDICATORS, "ligne": [3, 4], "regle": ["personnes_min", SECONDARY]})
    left = public(links(tables, WORLD), statements(shown(tables, rows), WORLD))
    cells = pd.Index(["heures/2025/80/ensemble", "heures/2025/02/ensemble"])
    for asked, said in ((2000, []), (5, [10.0])):  # wider than what is left, or not
        out = rounded(
            tables,
            rows,
            left,
            sought=Sought(cells),
            leaks=lambda found, asked=asked: found["haut"] - found["bas"] < asked,
            limit=0.25,
        )
        assert out["arrondi"].to_list() == said


def test_which_of_two_hidden_cells_has_changed_nobody_says() -> None:
    """Each is taken to be the only one; where that would leave it nothing, it is not."""
    first, second = (f"heures/2025/{place}/ensemble" for place in (TAKEN, HEIR))
    said = statements(places(**{"80": 12000.0, HEIR: 2500.0, TAKEN: 900.0, THIRD: 8600.0}), WORLD)
    said = said.assign(valeur=said["valeur"].mask(said["cellule"].isin([first, second])))
    for now, alone in (({TAKEN: 2000.0}, {first: 900.0, second: 1400.0}), ({TAKEN: 3500.0}, {first: 900.0})):
        today = places(**{"80": 11100.0 + now[TAKEN], HEIR: 2500.0, THIRD: 8600.0} | now)
        known, _, past = as_they_were(links(today, WORLD), {"bilan": said}, WORLD)
        found = known.cells["valeur"][past]
        assert found.rename(lambda name: name.split(ALONE)[0]).to_dict() == alone


def test_what_was_told_rounded_to_something_else_is_seen_to_have_changed() -> None:
    """« ≈ 2 500 » is 4,000 today: that is what changed, not the place hidden beside it, and what it was follows."""
    then = {"80": 12000.0, HEIR: 2500.0, TAKEN: 900.0, THIRD: 8600.0}
    said = {"bilan": statements(stage.protect(places((TAKEN,), **then), WORLD, {}), WORLD)}
    today = links(places((TAKEN,), **then | {"80": 13500.0, HEIR: 4000.0}), WORLD)
    known, _, past = as_they_were(today, said, WORLD)
    assert past.empty and known.cells["valeur"][f"heures/2025/{HEIR}/ensemble (diffusion « bilan »)"] == 2500.0


def test_rows_of_a_release_are_not_taken_for_those_of_today() -> None:
    """Same place in the table, another department: what is told rounded is today's."""
    before = released(0.5, 0.8, 0.7)
    said = still_true(links(facilitators(0.5, 0.8, 0.7), WORLD), before)[1]
    assert set(said["diffusion"]) == {"bilan"} and said["ligne"].eq(-1).all() and said["table"].eq("").all()


def test_a_share_of_a_total_that_changed_says_nothing_of_the_total_of_today() -> None:
    """What was told of a part is still true, and what it was divided by is not."""
    now = hours(few=())
    known = links({INDICATORS: now}, WORLD)
    region, part = "heures/2025/32/ensemble", "heures/2025/59/ensemble"
    said = statements({INDICATORS: hours(few=(), **{"62": 2600.0})}, WORLD)
    share = said[said["cellule"].eq(part)].assign(base=region, valeur=4000 / 7620)
    said = pd.concat([said, share], ignore_index=True)
    known, before, _ = as_they_were(known, {"bilan": said}, WORLD)
    exact, old = still_true(known, before)
    assert part in exact and old["base"].eq("").all()


def test_the_same_publication_again_is_as_hidden_and_passes() -> None:
    """What was told rounded bounds what the engine may ask for: it must not be asked for more."""
    first = stage.protect({INDICATORS: hours()}, WORLD, {})
    again = stage.protect({INDICATORS: hours()}, WORLD, {"bilan": statements(first, WORLD)})
    pd.testing.assert_frame_equal(first[INDICATORS], again[INDICATORS])


def test_no_cell_is_asked_to_hide_further_than_what_cannot_be_hidden_leaves() -> None:
    """Somme and Aisne are 1,020 together, and Aisne 850 at least: Somme is 170 at most."""
    known = links({INDICATORS: hours()}, WORLD)
    somme, aisne = "heures/2025/80/ensemble", "heures/2025/02/ensemble"
    cells = known.cells.assign(bas=known.cells["bas"].where(known.cells.index != aisne, 850.0))
    left = as_left(replace(known, cells=cells), set(known.cells.index) - {somme, aisne}, pd.Index([somme]))
    assert left.cells.loc[somme, "haut"] == pytest.approx(120 + 0.99 * 50, abs=0.1)


def test_what_nothing_of_today_can_protect_is_said_with_the_release_and_what_to_do() -> None:
    """A structure gives its agreement: with the rounded total of the release, its time bounds the two others'."""
    etp = (0.5, 0.4, 0.3, 0.8, 0.7, 0.6, 0.9)
    before = released(*etp, alone=3)
    with pytest.raises(DataError) as error:
        stage.protect(facilitators(*etp, alone=2), WORLD, before)
    said = str(error.value)
    assert "et de la diffusion « bilan », par des nombres qui n'y étaient pas dits" in said
    assert f"({DAY}/structure=S2;59;PLIE) : 2 ({DAY}/structure=S0;59;PLIE, {DAY}/structure=S1;59;PLIE)" in said
    assert said.endswith("Que faire : docs/prise-en-main.md, 6, « Quand une diffusion arrête une correction ».")
    assert hidden_hosts(stage.protect(facilitators(*etp, alone=3), WORLD, before)) == ["S0", "S1", "S2"]
