"""Each analysis on a world small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.consolidation import outcomes
from analysis.consolidation.breakdown import breakdown, diversity, profiles, women, women_gap
from analysis.consolidation.cells import cells, weakest
from analysis.consolidation.control import CONTROL
from analysis.consolidation.decomposition import women_effects
from analysis.consolidation.evolution import evolution
from analysis.consolidation.facts import text_in_force
from analysis.consolidation.indicators import contracts_in_scope, in_scope, local_contracts, territories
from analysis.consolidation.nonresponse import bracket, of_enough
from analysis.consolidation.outcomes import alike, leavers, outcomes_by_year
from analysis.consolidation.representation import representation
from analysis.consolidation.tables import expect_divisors
from analysis.consolidation.trajectories import flows, followed, stays
from analysis.core import reference
from analysis.core.errors import DataError
from consolidation.world import contracts, dataset, facts


def local(table: pd.DataFrame, world) -> pd.DataFrame:
    found = facts(table)
    return local_contracts(found.contracts, territories(found.operations, found.places, world.editions[-1], epci=False))


# --- cells -------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from("xy"), st.integers(-1, 3), st.integers(0, 30_000)), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_cells_count_as_a_plain_groupby_does(rows: list[tuple[str, int, int]]) -> None:
    table = pd.DataFrame(rows, columns=["k", "personne", "centiheures"]).assign(employeur=0, entreprise=1)
    found = cells(table, ["k"]).set_index("k")
    for key, part in table.groupby("k"):
        known = part[part["personne"] >= 0]
        assert found.loc[key, "heures"] == part["centiheures"].sum() / 100
        assert found.loc[key, "personnes"] == known["personne"].nunique()
        assert found.loc[key, "contrats"] == len(part)
        largest = known.groupby("personne")["centiheures"].sum().max() if len(known) else 0
        if part["centiheures"].sum():
            assert found.loc[key, "part_max_personne"] == pytest.approx(largest / part["centiheures"].sum())
        else:
            assert np.isnan(found.loc[key, "part_max_personne"])


def test_the_weakest_of_two_cells_is_the_smallest_count_and_the_largest_share() -> None:
    few = cells(local(contracts({}, {"ben_id": "b"}), dataset(2025)), ["territoire"]).set_index("territoire")
    none = few.assign(personnes=0, part_max_personne=9.0)
    many = few.assign(personnes=7, part_max_personne=0.2)
    out = weakest(few, many, none).loc["32"]
    assert (out["_personnes"], out["_part_max_personne"]) == (2, 0.5)


# --- ways in, women, profiles, effective numbers -------------------------------------------------


def test_categories_of_an_axis_add_up_and_the_mechanism_axis_shows_what_is_out_of_scope() -> None:
    world = dataset(2025)
    table = contracts(
        {"h": 60},
        {"ben_id": "b", "employeur_kind": "EI", "h": 40},
        {"ben_id": "c", "operation": "RES", "mecanisme": "RES_IAE", "h": 900, "employeur_kind": None},
    )
    rows = breakdown(local(table, world), world.editions[-1]).set_index(["territoire", "axe", "modalite"])
    assert rows.loc[("32", "employeur", "DIRECT"), "part_heures"] == 0.6
    assert ("32", "employeur", "INCONNU") not in rows.index
    assert rows.loc[("32", "mecanisme", "RES_IAE"), ["heures", "champ"]].tolist() == [900, False]
    shares = rows["part_heures"].groupby(["territoire", "axe"]).sum()
    assert shares.tolist() == pytest.approx([1] * len(shares))


def test_women_are_counted_in_hours_and_in_persons() -> None:
    world = dataset(2025)
    table = contracts(
        {"h": 25},
        {"ben_id": "b", "sexe": "M", "h": 75},
        {"ben_id": "c", "sexe": "M", "h": 0},
        {"ben_id": "d", "sexe": None, "h": 500},
    )
    row = women(local(table, world), world.editions[-1]).set_index(["axe", "modalite"]).loc[("segment", "PROPRETE")]
    assert row["part_heures_femmes"] == 0.25
    assert row["part_femmes"] == pytest.approx(1 / 3)
    assert row["_personnes"] == 1, "the weaker sex of the two decides"


@pytest.mark.parametrize(("sex", "least"), [(None, 1), ("F", 6)])
def test_hours_of_women_and_men_give_those_of_unknown_sex_too(sex: str | None, least: int) -> None:
    """The hours of the category are published beside them."""
    known = [{"ben_id": f"{sex}{n}", "sexe": sex} for sex in "FM" for n in range(6)]
    table = contracts(*known, {"ben_id": "F0" if sex else "x", "sexe": sex})
    row = women(local(table, dataset(2025)), dataset(2025).editions[-1]).query("axe == 'segment'").iloc[0]
    assert row["heures"] == (1300 if sex else 1200) and row["_personnes"] == least


def test_the_change_of_womens_share_splits_into_what_is_bought_and_who_is_hired() -> None:
    world = dataset(2024, 2025)
    her, him = {"sexe": "F"}, {"sexe": "M", "ben_id": "m"}
    works, clean = {"segment": "TP_RESEAUX", "operation": "W"}, {"segment": "PROPRETE"}
    before = [{**works, **her, "h": 0}, {**works, **him, "h": 80}, {**clean, **her, "h": 10}, {**clean, **him, "h": 10}]
    only_mix = [
        {**works, **her, "h": 0},
        {**works, **him, "h": 40},
        {**clean, **her, "h": 30},
        {**clean, **him, "h": 30},
    ]
    rows = [{**row, "annee": year} for year, part in ((2024, before), (2025, only_mix)) for row in part]
    table = contracts(*rows)
    parts = [women(local(table[table["annee"] == e.annee], world), e) for e in world.editions]
    gap = women_gap(pd.concat(parts, ignore_index=True), world).set_index(["axe"]).loc["segment"]
    assert gap["part"] - gap["part_depart"] == pytest.approx(0.3 - 0.1)
    assert gap["effet_structure"] == pytest.approx(0.2)
    assert gap["effet_embauche"] == pytest.approx(0)


def test_the_change_of_womens_share_starts_from_the_first_edition_that_has_any() -> None:
    world = dataset(2023, 2024, 2025)
    rows = [
        {"annee": year, "sexe": sex, "ben_id": sex, "h": hours}
        for year, her in ((2024, 10), (2025, 30))
        for sex, hours in (("F", her), ("M", 100 - her))
    ]
    table = contracts(*rows)
    parts = [women(local(table[table["annee"] == year], world), world.edition(year)) for year in (2024, 2025)]
    gap = women_gap(pd.concat(parts, ignore_index=True), world)
    assert gap["edition_depart"].unique().tolist() == [2024] and gap["edition"].unique().tolist() == [2025]


def test_an_edition_of_one_department_counts_its_operations_once() -> None:
    world = dataset(2024, 2025)
    alone = world.editions[0].model_copy(update={"territoire": "59", "departements": ["59"]})
    found = facts(contracts({"annee": 2024}))
    placed = territories(found.operations, found.places, alone, epci=True).set_index("territoire")["part"]
    assert placed.to_dict() == {"59": 1.0, "200093201": 1.0}


def test_what_a_year_hides_counts_as_one_category_so_that_the_effects_say_no_more_than_what_is_shown() -> None:
    told = pd.DataFrame(
        [
            (2024, "A", 60.0, 6.0), (2024, "B", 30.0, 12.0), (2024, "C", 10.0, 2.0),
            (2025, "A", 50.0, 10.0), (2025, "B", 20.0, 8.0), (2025, "C", 30.0, 3.0),
        ],
        columns=["edition", "modalite", "heures", "heures_femmes"],
    ).assign(axe="segment")  # fmt: skip
    gap = pd.DataFrame(
        {"edition": [2025], "edition_depart": [2024], "axe": ["segment"], "heures_depart": [100.0], "heures": [100.0],
         "part_depart": [0.2], "part": [0.21]}
    )  # fmt: skip
    together = told.assign(modalite=told["modalite"].replace({"C": "B"}))
    merged = together.groupby(["axe", "edition", "modalite"], as_index=False).sum()
    small = told["edition"].eq(2024) & told["modalite"].isin(["B", "C"])
    hidden = told.assign(heures=told["heures"].mask(small), heures_femmes=told["heures_femmes"].mask(small))
    effects = ["effet_structure", "effet_embauche"]
    found = women_effects(gap, hidden)[effects].iloc[0]
    assert found.tolist() == pytest.approx(women_effects(gap, merged)[effects].iloc[0].tolist())
    assert found.sum() == pytest.approx(0.01)
    assert found["effet_structure"] != pytest.approx(women_effects(gap, told)["effet_structure"][0])
    assert women_effects(gap.assign(part=float("nan")), told)[effects].isna().all(axis=None)


def test_profiles_are_disjoint_and_an_unknown_status_is_its_own() -> None:
    world = dataset(2025)
    table = contracts(
        {"rsa": True, "deld": True, "h": 10},
        {"ben_id": "b", "rsa": True, "h": 20},
        {"ben_id": "c", "h": 30},
        {"ben_id": "d", "deld": None, "h": 40},
    )
    rows = profiles(local(table, world), world.editions[-1], ["RSA", "DELD"]).set_index("profil")["heures"]
    assert rows.to_dict() == {"DELD+RSA": 10, "RSA": 20, "AUCUN": 30, "INCONNU": 40, "DELD": 0}


def test_the_effective_number_of_equal_segments_is_their_number() -> None:
    world = dataset(2025)
    equal = contracts({}, {"segment": "TRANSPORT"}, {"segment": "SECURITE"}, {"segment": None, "h": 999})
    rows = diversity(local(equal, world), world.editions[-1], ["RSA", "DELD"]).set_index(["territoire", "objet"])
    assert rows.loc[("32", "segments"), "nombre_effectif"] == pytest.approx(3)
    uneven = contracts({"h": 90}, {"segment": "TRANSPORT", "h": 10})
    rows = diversity(local(uneven, world), world.editions[-1], ["RSA", "DELD"]).set_index(["territoire", "objet"])
    assert rows.loc[("32", "segments"), "nombre_effectif"] == pytest.approx(1 / (0.9**2 + 0.1**2))


def test_the_effective_number_of_audiences_counts_known_profiles_that_exclude_one_another() -> None:
    world = dataset(2025)
    table = contracts(
        {"rsa": True, "deld": True, "h": 50}, {"rsa": True, "h": 50}, {"h": 100}, {"deld": None, "h": 999}
    )
    rows = diversity(local(table, world), world.editions[-1], ["RSA", "DELD"]).set_index(["territoire", "objet"])
    assert rows.loc[("32", "publics"), "nombre"] == 3
    assert rows.loc[("32", "publics"), "nombre_effectif"] == pytest.approx(1 / (0.25**2 + 0.25**2 + 0.5**2))


# --- representation ------------------------------------------------------------------------------


def shares(edition: int, **territories: float) -> pd.DataFrame:
    """Indicators that hold the share of hours of DELD by territory (`t59=0.5`)."""
    rows = [
        {"edition": edition, "territoire": name[1:], "indicateur": "part_heures", "modalite": "DELD", "valeur": value}
        for name, value in territories.items()
    ]
    control = dict.fromkeys(CONTROL, 0)
    return pd.DataFrame(rows).assign(**control)


def test_an_audience_is_held_against_the_job_seekers_of_its_territory_in_the_nearest_year() -> None:
    rows = representation(shares(2016, t59=0.462, t80=0.6), dataset(2016)).set_index("territoire")
    assert rows.loc["59", "annee_comparateur"] == 2017
    assert rows.loc["59", ["rapport_min", "rapport_max"]].tolist() == [1.0, 1.0]
    assert rows.loc["80", "rapport_min"] == pytest.approx(0.6 / 0.489)
    rows = representation(shares(2014, t59=0.455), dataset(2014)).set_index("territoire")
    assert rows.loc["59", "annee_comparateur"] == 2013


def test_a_region_lies_between_its_lowest_and_its_highest_department() -> None:
    row = representation(shares(2017, t32=0.489), dataset(2017)).iloc[0]
    assert (row["comparateur_min"], row["comparateur_max"]) == (0.462, 0.489)
    assert row["rapport_min"] == pytest.approx(1.0) and row["rapport_max"] == pytest.approx(0.489 / 0.462)


def test_an_audience_without_a_comparator_is_not_held_against_anything() -> None:
    assert representation(shares(2016, t59=0.4).assign(modalite="RSA"), dataset(2016)).empty


# --- several years -----------------------------------------------------------------------------


def test_growth_splits_into_comparable_structures_and_coverage() -> None:
    world = dataset(2024, 2025)
    table = contracts(
        {"annee": 2024, "h": 100},
        {"annee": 2024, "structure_id": "S2", "operation": "B", "h": 50},
        {"annee": 2025, "h": 110},
        {"annee": 2025, "structure_id": "S3", "operation": "N", "h": 70},
    )
    row = evolution(facts(table), world).set_index(["edition", "territoire"]).loc[(2025, "32")]
    assert row["croissance"] == pytest.approx(180 / 150 - 1)
    assert row["croissance_panel"] == pytest.approx(0.1)
    assert row["effet_couverture"] == pytest.approx(0.2 - 0.1)
    assert (row["structures"], row["structures_precedentes"], row["structures_panel"]) == (2, 2, 1)
    assert not row["_sensible"], "a total of a year, not a sensitive crossing"


def test_a_change_of_legal_base_is_said_and_a_change_of_region_is_not_compared() -> None:
    world = dataset(2024, 2025)
    old = world.editions[0].model_copy(
        update={"territoire": "31", "territoire_nom": "Nord-Pas-de-Calais", "base_legale": "art. 38"}
    )
    world = world.model_copy(update={"editions": [old, world.editions[1]]})
    table = contracts({"annee": 2024}, {"annee": 2025, "h": 300})
    rows = evolution(facts(table), world).set_index("territoire")
    assert pd.isna(rows.loc["32", "croissance"])
    assert rows.loc["59", "croissance"] == pytest.approx(2)
    assert "Nord-Pas-de-Calais puis Nord et Somme" in rows.loc["32", "rupture"]
    assert "art. 38 puis L2112-2" in rows.loc["32", "rupture"]


def test_silent_structures_are_bracketed_and_never_added() -> None:
    world = dataset(2023, 2024, 2025)
    table = contracts(
        {"annee": 2023, "h": 100},
        {"annee": 2024, "h": 200},
        {"annee": 2025, "h": 220},
        {"annee": 2023, "structure_id": "S2", "operation": "B", "h": 90},
        {"annee": 2024, "structure_id": "S2", "operation": "B", "h": 50},
    )
    growth = pd.Series({2024: 0.5, 2025: 0.1})
    rows = bracket(facts(table), {2025: {"S1", "S2", "S3"}}, growth, world).set_index("edition").loc[2025]
    assert (rows["heures"], rows["muettes"], rows["muettes_sans_historique"]) == (220, 2, 1)
    assert rows["bas"] == 220
    assert rows["central"] == pytest.approx(220 + 50 * 1.1 + 220)  # S2 carried on; S3 as the median of one
    assert rows["haut"] == pytest.approx(220 + 90 + 220)


def test_silent_structures_carry_on_by_the_growth_of_each_year_since_or_do_as_the_middle_of_the_others() -> None:
    """S2 was last heard in 2023, S9 never; the others do 10, 20 and 90 hours: median 20, third quartile 55."""
    table = contracts(
        {"annee": 2023, "structure_id": "S2", "operation": "B", "h": 100},
        {"annee": 2024, "h": 40},
        *(
            {"annee": 2025, "structure_id": f"S{n}", "operation": f"O{n}", "h": h}
            for n, h in ((1, 10), (3, 20), (4, 90))
        ),
    )
    growth = pd.Series({2024: 0.5, 2025: 0.1})
    rows = bracket(facts(table), {2025: {"S1", "S2", "S3", "S9"}}, growth, dataset(2023, 2024, 2025))
    row = rows.set_index("edition").loc[2025]
    assert row[["heures", "bas", "attendues", "muettes", "muettes_sans_historique"]].tolist() == [120, 120, 4, 2, 1]
    carried = 100 * 1.5 * 1.1
    assert row["central"] == pytest.approx(120 + carried + 20)
    assert row["haut"] == pytest.approx(120 + carried + 55), "no year of S2 was larger than what it is moved along to"


@pytest.mark.parametrize(
    ("hours", "hidden"),
    [((50, 60), True), ((50, 60, 70), False), ((5, 6, 700), True), ((), False)],
)
def test_what_is_supposed_of_silent_structures_gives_no_one_of_them_away(hours: tuple[int, ...], hidden: bool) -> None:
    """Less the hours of the same row, the bracket of a single one is what it last declared."""
    silent = [
        {"annee": 2024, "structure_id": f"S{n}", "operation": f"O{n}", "h": value} for n, value in enumerate(hours, 2)
    ]
    now = [{"ben_id": f"b{n}", "employeur_siret": f"e{n}", "entreprise_siret": f"c{n}"} for n in range(6)]
    table = contracts(*now, *silent)
    expected = {"S1", *(row["structure_id"] for row in silent)}
    rows = of_enough(bracket(facts(table), {2025: expected}, pd.Series(dtype="float64"), dataset(2024, 2025)))
    row = rows.set_index("edition").loc[2025]
    assert row[["central", "haut"]].isna().tolist() == [hidden, hidden] and row["heures"] == row["bas"] == 600


def test_a_structure_whose_hours_are_all_outside_the_scope_is_not_silent() -> None:
    world = dataset(2024, 2025)
    table = contracts(
        {"annee": 2025, "h": 220},
        {"annee": 2024, "structure_id": "S2", "operation": "B", "h": 50},
        {"annee": 2025, "structure_id": "S2", "operation": "C", "mecanisme": "RES_IAE", "h": 70},
    )
    row = bracket(facts(table), {2025: {"S1", "S2"}}, pd.Series(dtype="float64"), world).set_index("edition").loc[2025]
    assert (row["muettes"], row["central"], row["haut"]) == (0, 220, 220)


# The hours of S2 of that year were entered by S1 too, whose are kept.
MERGED = pd.DataFrame({"annee": [2025], "structure_id": ["S2"], "centiheures": [10_000]})


def both(year: int, contract: str) -> pd.DataFrame:
    """A contract that S1 and S2 both entered that year."""
    return pd.DataFrame({"annee": year, "contrat": contract, "structure_id": ["S1", "S2"]})


def test_a_structure_whose_hours_were_all_entered_by_another_too_is_neither_silent_nor_out_of_the_panel() -> None:
    world = dataset(2024, 2025)
    table = contracts(
        {"annee": 2024, "h": 100},
        {"annee": 2024, "structure_id": "S2", "operation": "B", "h": 100},
        {"annee": 2025, "h": 100},
        {"annee": 2025, "operation": "B", "h": 100},
    )
    merged = facts(table, removed=MERGED, entered=both(2025, "C3"))
    row = bracket(merged, {2025: {"S1", "S2"}}, pd.Series(dtype="float64"), world).set_index("edition").loc[2025]
    assert (row["muettes"], row["central"]) == (0, 200)
    step = evolution(merged, world).set_index("territoire").loc["32"]
    assert (step["structures_panel"], step["croissance_panel"], step["effet_couverture"]) == (2, 0, 0)


@pytest.mark.parametrize("kept", ["S1", "S2"])
def test_growth_and_bracket_do_not_depend_on_which_entry_is_kept(kept: str) -> None:
    """Both entered X in 2024, S1 is silent in 2025: S2 declared 150 hours, then 160."""
    world = dataset(2024, 2025)
    table = contracts(
        {"annee": 2024, "operation": "X", "structure_id": kept, "h": 100},
        {"annee": 2024, "operation": "Y", "structure_id": "S2", "ben_id": "b", "h": 50},
        {"annee": 2025, "operation": "X", "structure_id": "S2", "h": 110},
        {"annee": 2025, "operation": "Y", "structure_id": "S2", "ben_id": "b", "h": 50},
    )
    merged = facts(table, entered=both(2024, "C0"))
    step = evolution(merged, world).set_index("territoire").loc["32"]
    assert (step["structures_precedentes"], step["structures"]) == (2, 1)
    assert (step["structures_panel"], step["effet_couverture"]) == (1, 0)
    assert step["croissance"] == step["croissance_panel"] == pytest.approx(160 / 150 - 1)
    asked = {2025: {"S1", "S2"}} if kept == "S1" else {2025: {"S2"}}
    row = bracket(merged, asked, pd.Series({2025: 0.1}), world).set_index("edition").loc[2025]
    assert (row["central"], row["haut"]) == (160, 160), "what another declares now is not carried on"


def test_growth_from_nothing_is_not_told() -> None:
    rows = evolution(facts(contracts({"annee": 2024, "h": 0}, {"annee": 2025})), dataset(2024, 2025))
    assert rows[["croissance", "croissance_panel", "effet_couverture"]].isna().all(axis=None)


def sent(*rows: tuple[str, int, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["ctr_id", "horizon_m", "statut"])
    return table.assign(annee=2025, structure_id="S1")


def ten_leavers() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Contracts of two women and eight men that ended, and what five of them, both women first, became."""
    table = contracts(
        *[
            {
                "ben_id": letter,
                "contrat": f"C{letter}",
                "annee": 2024,
                "date_fin": "2024-06-30",
                "sexe": "F" if letter in "ab" else "M",
            }
            for letter in "abcdefghij"
        ]
    )
    statuses = ["CDI", "CDD_COURT", "CDI", "RECHERCHE", "INCONNU", "FORMATION"]
    return table, sent(*((f"C{letter}", 6, status) for letter, status in zip("abcdef", statuses, strict=True)))


def test_outcomes_have_their_base_their_interval_and_their_bounds() -> None:
    world = dataset(2024, 2025)
    table, answers = ten_leavers()
    rows = outcomes_by_year(leavers(table, contracts_in_scope(facts(table), world), answers, world), world, 1)
    rows = rows.set_index(["edition", "horizon_m", "definition", "modalite"]).loc[(2024, 6)]
    durable = rows.loc[("DURABLE", "ensemble")]
    assert (durable["dus"], durable["repondants"], durable["reussites"]) == (10, 5, 2)
    assert durable["taux"] == 0.4 and durable["taux_reponse"] == 0.5
    assert (durable["borne_basse"], durable["borne_haute"]) == (0.2, 0.7)
    assert durable["taux_bas"] == pytest.approx(0.1176, abs=1e-4), "Wilson, 2 of 5"
    assert durable["_part_extreme"] == 0.6, "of those who answered, the share of the larger side"
    assert rows.loc[("DYNAMIQUE", "ensemble"), "reussites"] == 4
    # Women all answered (1 of 2 durable), men 3 of 8 (1 of 3): each man who answered stands for 8/3.
    assert durable["taux_pondere"] == pytest.approx((1 + 8 / 3) / 10)


def test_a_definition_may_be_of_all_that_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    world, known = dataset(2024, 2025), outcomes.computed_definitions()
    monkeypatch.setattr(outcomes, "computed_definitions", lambda: known.assign(base="dus"))
    table, answers = ten_leavers()
    rows = outcomes_by_year(leavers(table, table, answers, world), world, 1).set_index(["definition", "modalite"])
    assert rows.loc[("DURABLE", "ensemble"), "taux"] == 0.2, "2 of 10, whoever answered"
    assert rows.loc[("DURABLE", "ensemble"), "taux_bas"] == pytest.approx(0.0567, abs=1e-4), "Wilson, 2 of 10"


def test_a_horizon_that_is_not_past_is_not_due() -> None:
    world = dataset(2025)
    table = contracts(
        {"contrat": "C1", "date_fin": "2025-11-30"}, {"contrat": "C2", "ben_id": "b", "date_fin": "2025-02-01"}
    )
    rows = outcomes_by_year(
        leavers(table, contracts_in_scope(facts(table), world), sent(("C2", 6, "CDI")), world), world, 1
    )
    row = rows.query("definition == 'DURABLE' and modalite == 'ensemble'").iloc[0]
    assert (row["sortants"], row["dus"]) == (2, 1)
    nobody = outcomes_by_year(leavers(table, table, sent(("C2", 12, "CDI")), world), world, 1)
    assert nobody[["sortants", "dus"]].eq(0).all(axis=None), "of leavers of whom none is due, nothing is told"
    assert nobody[["taux", "taux_reponse", "taux_pondere", "borne_basse", "borne_haute"]].isna().all(axis=None)


def test_a_contract_or_a_horizon_that_ends_on_the_day_of_observation_is_over() -> None:
    world = dataset(2024, 2025)
    table = contracts(
        {"contrat": "C1", "annee": 2024, "date_debut": "2024-07-01", "date_fin": "2024-12-31"},
        {"contrat": "C2", "ben_id": "b", "date_fin": "2025-12-31"},
    )
    found = leavers(table, table, sent(("C1", 12, "CDI")), world)
    assert found.people["contrat"].tolist() == ["C1", "C2"]
    rows = outcomes_by_year(found, world, 1).query("modalite == 'ensemble' and definition == 'DURABLE'")
    assert rows[["edition", "horizon_m", "dus", "reussites"]].to_numpy().tolist() == [[2024, 12, 1, 1]]


def test_who_has_a_contract_that_goes_on_has_not_left() -> None:
    table = contracts(
        {"contrat": "C1", "ben_id": "a"}, {"contrat": "C2", "ben_id": "a", "date_fin": "2026-03-31"},
        {"contrat": "C3", "ben_id": "b"}, {"contrat": "C4", "ben_id": "b", "date_fin": None},
        {"contrat": "C5", "ben_id": "c"}, {"contrat": "C6", "ben_id": "c", "date_fin": "2025-09-30"},
    )  # fmt: skip
    world = dataset(2025)
    people = leavers(table, table, sent(), world).people
    assert people[["ben_id", "contrat"]].to_numpy().tolist() == [["c", "C6"]]
    eve = table.assign(date_debut=table["date_debut"].mask(table["contrat"].eq("C2"), pd.Timestamp(2025, 12, 31)))
    assert leavers(eve, eve, sent(), world).people["contrat"].tolist() == ["C6"], "it began on the last day of the year"
    inside = table[table["contrat"].isin(["C1", "C3", "C6"])]
    assert leavers(table, inside, sent(), world).people["contrat"].tolist() == ["C6"], (
        "whatever the scope of what goes on"
    )


def test_a_prolonged_contract_ends_once_at_the_end_that_was_told_last() -> None:
    world = dataset(2023, 2024, 2025)
    told = {"contrat": "C1", "ben_id": "a"}
    table = contracts(
        {**told, "annee": 2023, "date_fin": "2023-12-31"}, {**told, "annee": 2024, "date_fin": "2024-06-30"}
    )
    for rows in (table, table[::-1]):
        assert leavers(rows, rows, sent(), world).people["annee_sortie"].tolist() == [2024]


def test_leavers_are_alike_by_their_age_and_what_is_not_known_of_them_is_a_kind_of_its_own() -> None:
    ages = {"a": (True, False), "b": (False, True), "c": (False, False), "d": (None, None)}
    table = contracts(
        *({"contrat": f"C{x}", "ben_id": x, "jeune": young, "senior": old} for x, (young, old) in ages.items())
    ).assign(sexe=["F", "M", "F", None], rsa=pd.array([True, False, None, None], dtype="boolean"))
    people = leavers(table, table, sent(), dataset(2025), ("RSA",)).people.set_index("ben_id")
    assert people["groupe_age"].to_dict() == {"a": "jeune", "b": "senior", "c": "autre", "d": "autre"}
    assert people["groupe_sexe"].to_dict() == {"a": "F", "b": "M", "c": "F", "d": "inconnue"}
    assert people["groupe_RSA"].to_dict() == {"a": "oui", "b": "non", "c": "inconnue", "d": "inconnue"}


def test_who_did_no_hour_in_the_year_of_the_end_has_left_in_that_year_unless_a_contract_then_goes_on() -> None:
    world = dataset(2024, 2025)
    ended = {"contrat": "C1", "annee": 2024, "date_debut": "2024-07-01", "date_fin": "2025-01-03"}
    table = contracts(ended)
    assert leavers(table, table, sent(), world).people["annee_sortie"].tolist() == [2025]
    more = contracts(ended, {"contrat": "C2", "date_debut": "2025-11-01", "date_fin": "2026-04-30"})
    assert leavers(more, more, sent(), world).people.empty
    early = dataset(2024)  # observed before the end
    assert leavers(table, table, sent(), early).people.empty


def test_leavers_are_counted_by_sex_too() -> None:
    world = dataset(2024, 2025)
    ended = {"annee": 2024, "date_fin": "2024-03-31"}
    people = [{**ended, "ben_id": x, "contrat": f"C{x}", "sexe": s} for x, s in zip("abc", "FFM", strict=True)]
    table = contracts(*people)
    rows = outcomes_by_year(leavers(table, table, sent(("Ca", 3, "CDI")), world), world, 1)
    durable = rows[rows["definition"] == "DURABLE"].set_index("modalite")
    assert durable["sortants"].to_dict() == durable["dus"].to_dict() == {"ensemble": 3, "F": 2, "M": 1}


def test_a_later_answer_replaces_a_silence() -> None:
    world = dataset(2025)
    twice = pd.concat([sent(("C1", 3, "CDI")).assign(annee=2024), sent(("C1", 3, "INCONNU"))])
    table = contracts({"contrat": "C1"})
    rows = outcomes_by_year(leavers(table, table, twice, world), world, 1)
    assert rows.query("definition == 'DURABLE' and modalite == 'ensemble'")["reussites"].tolist() == [1]


def test_of_two_answers_the_latest_counts_wherever_it_is_listed() -> None:
    early, late = sent(("C1", 3, "CDI")).assign(annee=2024), sent(("C1", 3, "RECHERCHE"))
    for rows in ([early, late], [late, early]):
        assert outcomes.latest_answers(pd.concat(rows))["statut"].tolist() == ["RECHERCHE"]


def test_stays_join_contracts_that_follow_and_part_those_that_do_not() -> None:
    world = dataset(2024, 2025)
    table = contracts(
        {"contrat": "C1", "annee": 2024, "date_debut": "2024-01-01", "date_fin": "2024-03-31"},
        {"contrat": "C2", "annee": 2024, "date_debut": "2024-05-01", "date_fin": "2024-06-30", "employeur_siret": "f"},
        {"contrat": "C3", "annee": 2025, "date_debut": "2025-01-15", "date_fin": "2025-03-31"},
        {"contrat": "C4", "annee": 2025, "ben_id": "z", "date_debut": "2025-11-01", "date_fin": None},
    )
    answers = sent(("C3", 6, "CDI"))
    found = stays(table, answers, 3, world).set_index(["ben_id", "rang"])
    assert found.loc[("a", 1), ["contrats", "employeurs", "issue"]].tolist() == [2, 2, "retour"]
    assert found.loc[("a", 1), "delai_m"] == pytest.approx(6.5, abs=0.1)
    assert found.loc[("a", 2), "issue"] == "durable"
    assert found.loc[("z", 1), "issue"] == "en_cours"
    table = flows(found.reset_index()).set_index(["rang", "issue"])
    assert table.loc[(1, "retour"), ["personnes", "part"]].tolist() == [1, 0.5]
    assert table.loc[(0, "durable"), ["personnes", "part"]].tolist() == [1, 0.5], "each person once"
    assert table.loc[(0, "durable"), "depuis_median_m"] == pytest.approx(15, abs=0.1)


def test_a_person_who_comes_back_ends_once_at_the_rank_of_the_last_stay() -> None:
    world = dataset(2024, 2025)
    table = contracts(
        *({"contrat": f"A{y}", "annee": y, "date_debut": f"{y}-01-01", "date_fin": f"{y}-02-28"} for y in (2024, 2025)),
        {"contrat": "B", "annee": 2024, "ben_id": "b", "date_debut": "2024-01-01", "date_fin": "2024-02-28"},
    )
    answers = sent(("A2025", 6, "CDI"), ("B", 6, "CDI"))
    found = flows(stays(table, answers, 3, world))
    ended = found[found["issue"] != "retour"].set_index(["rang", "issue"])["personnes"]
    assert ended.to_dict() == {(0, "durable"): 2, (1, "durable"): 1, (2, "durable"): 1}


def test_a_silence_sent_later_does_not_hide_the_answer_of_a_stay() -> None:
    world = dataset(2024, 2025)
    table = contracts({"contrat": "C1", "annee": 2024, "date_debut": "2024-01-01", "date_fin": "2024-03-31"})
    twice = pd.concat([sent(("C1", 6, "CDI")).assign(annee=2024), sent(("C1", 6, "INCONNU"))])
    assert stays(table, twice, 3, world)["issue"].tolist() == ["durable"]


def test_of_two_contracts_that_end_the_same_day_the_one_whose_situation_was_answered_counts() -> None:
    world = dataset(2024, 2025)
    day = {"annee": 2024, "date_debut": "2024-01-01", "date_fin": "2024-03-31"}
    table = contracts({"contrat": "C1", **day}, {"contrat": "C2", **day})
    answers = sent(("C1", 6, "CDI"), ("C2", 6, "INCONNU"))
    assert stays(table, answers, 3, world)["issue"].tolist() == ["durable"]
    assert leavers(table, table, answers, world).situations["famille"].tolist() == ["durable"]


def test_a_contract_that_is_still_open_ends_after_all_others() -> None:
    table = contracts({"contrat": "C1", "date_fin": None}, {"contrat": "C2", "date_fin": "2025-12-31"})
    nothing = outcomes.latest_answers(sent())
    assert outcomes.last_contracts(table, ["ben_id"], nothing)["contrat"].tolist() == ["C1"]


def test_a_contract_without_an_end_does_not_hold_a_stay_open_over_another_begun_years_later() -> None:
    world = dataset(2023, 2024, 2025)
    table = contracts(
        *({"contrat": "C1", "annee": y, "date_debut": "2023-02-01", "date_fin": None} for y in (2023, 2024)),
        {"contrat": "C2", "annee": 2025, "date_debut": "2025-03-31", "date_fin": "2025-06-30"},
    )
    found = stays(table, sent(("C2", 6, "CDI")), 3, world)
    assert found["issue"].tolist() == ["en_cours"], "within the gap of the last year with hours"
    table["date_debut"] = table["date_debut"].mask(table["contrat"] == "C2", pd.Timestamp("2025-04-01"))
    found = stays(table, sent(("C2", 6, "CDI")), 3, world)
    assert found["issue"].tolist() == ["retour", "durable"]
    assert found["delai_m"].isna().all(), "nobody knows when the first ended"


def test_a_gap_of_many_months_still_makes_stays() -> None:
    table = contracts(
        {"contrat": "C1", "annee": 2024, "date_debut": "2024-01-01", "date_fin": None},
        {"contrat": "C2", "annee": 2024, "date_debut": "2024-05-01", "date_fin": "2024-06-30"},
    )
    assert len(stays(table, sent(), 24, dataset(2024))) == 1


def test_a_person_is_found_again_in_other_employers_structures_and_years() -> None:
    table = contracts(
        {"annee": 2024},
        {"annee": 2025, "employeur_siret": "f", "structure_id": "S2"},
        {"annee": 2025, "ben_id": "z", "employeur_siret": None},
    )
    made = followed(facts(table)).set_index(["unite", "nombre"])
    assert made["_personnes"].tolist() == made["personnes"].replace(0, 1).tolist(), "a zero hides no one"
    found = made["personnes"].to_dict()
    assert found == {
        ("contrats", 1): 1, ("contrats", 2): 1, ("employeurs", 1): 0, ("employeurs", 2): 1, ("structures", 1): 1,
        ("structures", 2): 1, ("annees", 1): 1, ("annees", 2): 1,
    }, "a number in which nobody is found is a zero where others are found in as many"  # fmt: skip


def test_scope_is_that_of_the_edition() -> None:
    world = dataset(2025)
    table = contracts({}, {"operation": "RES", "mecanisme": "RES_IAE"})
    assert in_scope(facts(table), world.editions[0])["operation"].tolist() == ["OP"]


def test_the_legal_text_is_that_in_force_when_the_operation_began() -> None:
    days = pd.Series(pd.to_datetime(["2005-01-01", "2016-03-31", "2016-04-01", "2019-03-31", "2019-04-01", None]))
    found = text_in_force(days)
    assert found.isna().tolist() == [True, False, False, False, False, True]
    assert found.dropna().tolist() == ["CMP_2006", "ORD_2015", "ORD_2015", "CCP_2019"]


def test_a_divisor_without_an_indicator_is_refused() -> None:
    world = dataset(2024)
    expect_divisors(world)
    odd = world.editions[0].model_copy(update={"diviseurs_etp": [1607, 1500]})
    with pytest.raises(DataError, match=r"édition 2024, clé « diviseurs_etp » : « 1500 » ; attendu : 1600, 1607, 1820"):
        expect_divisors(world.model_copy(update={"editions": [odd]}))


def test_a_category_of_the_territory_is_a_row_of_each_department_of_nobody_if_need_be() -> None:
    """Of CDI, department 59 has nobody: its row says so, and is hidden as those of few are."""
    table = contracts({"contrat_type": "CDD"}, {"contrat_type": "CDI", "operation": "OP2", "ben_id": "b"})
    world = dataset(2025)
    found = facts(table)
    found.places.loc[found.places["operation"] == "OP2", ["epci_siren", "departement"]] = ["200067999", "80"]
    rows = local_contracts(found.contracts, territories(found.operations, found.places, world.editions[-1], epci=False))
    axis = breakdown(rows, world.editions[-1]).query("axe == 'contrat'").set_index(["territoire", "modalite"])
    assert axis["heures"].to_dict() == {
        ("32", "CDD"): 100, ("32", "CDI"): 100, ("59", "CDD"): 100, ("59", "CDI"): 0, ("80", "CDD"): 0,
        ("80", "CDI"): 100,
    }  # fmt: skip
    columns = ["beneficiaires", "contrats", "part_heures", "_personnes", "_sensible"]
    assert axis.loc[("59", "CDI"), columns].tolist() == [
        0, 0, 0, 0, True,
    ]  # fmt: skip
    assert breakdown(rows, world.editions[-1]).groupby(["territoire", "axe"])["part_heures"].sum().round(9).eq(1).all()


def test_combinations_of_audiences_are_rows_where_somebody_may_be_in_them() -> None:
    rows = local(contracts({"rsa": True}), dataset(2025))
    found = profiles(rows, dataset(2025).editions[-1], ["RSA", "JEUNE", "SENIOR"]).set_index("profil")["beneficiaires"]
    assert found.to_dict() == {"RSA": 1, "JEUNE": 0, "SENIOR": 0, "JEUNE+RSA": 0, "RSA+SENIOR": 0}


def test_response_that_depends_on_the_audience_is_corrected_by_its_groups() -> None:
    """Of 400 RSA recipients a tenth is in a durable job and 30 % answer; of 400 others 60 % are and 90 % answer."""
    draw = np.random.default_rng(7)
    rows, answers, truth = [], [], []
    for n in range(800):
        rsa = n < 400
        good, speaks = draw.random() < (0.1 if rsa else 0.6), draw.random() < (0.3 if rsa else 0.9)
        truth.append(good)
        rows.append({"contrat": f"C{n}", "ben_id": f"p{n:03}", "rsa": rsa, "annee": 2024, "date_debut": "2024-01-01",
                     "date_fin": "2024-03-31"})  # fmt: skip
        answers.append((f"C{n}", 6, ("CDI" if good else "RECHERCHE") if speaks else "INCONNU"))
    world, table = dataset(2024, 2025), contracts(*rows)
    found = {
        names: outcomes_by_year(leavers(table, table, sent(*answers), world, names), world, 30)
        .query("definition == 'DURABLE' and modalite == 'ensemble'")
        .iloc[0]
        for names in ((), ("RSA",))
    }
    far = {names: abs(row["taux_pondere"] - np.mean(truth)) for names, row in found.items()}
    raw = abs(found["RSA",]["taux"] - np.mean(truth))
    assert far["RSA",] < 0.03 < far[()] and far["RSA",] < raw / 3


@given(st.lists(st.tuples(*(st.sampled_from("ab") for _ in range(4))), min_size=1, max_size=80), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_no_group_of_leavers_is_smaller_than_asked(rows: list[tuple[str, ...]], smallest: int) -> None:
    due = pd.DataFrame(rows, columns=[f"groupe_{name}" for name in "wxyz"]).assign(annee_sortie=2024)
    sizes = alike(due, smallest).value_counts()
    assert sizes.min() >= min(smallest, len(due)) and sizes.sum() == len(due)
    assert alike(due[::-1], smallest).sort_index().equals(alike(due, smallest)), "whatever the order"


def test_a_definition_is_computed_at_its_own_horizons_and_one_that_cannot_be_says_why() -> None:
    table = contracts({"contrat": "C1", "annee": 2024, "date_debut": "2024-01-01", "date_fin": "2024-03-31"})
    answers = sent(("C1", 6, "AUTRE_SIAE"), ("C1", 12, "AUTRE_SIAE"))
    rows = outcomes_by_year(leavers(table, table, answers, dataset(2024, 2025)), dataset(2024, 2025), 1).query(
        "modalite == 'ensemble'"
    )
    told = rows.set_index(["definition", "horizon_m"])["taux"].to_dict()
    assert told["EN_EMPLOI", 12] == told["POSITIVE", 12] == told["POSITIVE", 6] == 1 and told["DURABLE", 12] == 0
    assert ("EN_EMPLOI", 6) not in told and not [key for key in told if key[0] == "POSITIVE_CD59"]
    known = reference.table("nomenclatures/definitions_sortie")
    statuses = set(reference.labels("sorties"))
    for row in known.fillna("").itertuples():
        assert row.echeances and row.base and row.serie
        assert row.non_calcule or set(row.statuts.split("|")) <= statuses


def test_what_categories_take_from_parity_adds_up_to_the_gap() -> None:
    table = contracts(
        {"segment": "PROPRETE", "h": 60}, {"segment": "PROPRETE", "sexe": "M", "ben_id": "b", "h": 40},
        {"segment": "DECHETS", "sexe": "M", "ben_id": "c", "h": 100}, {"sexe": None, "ben_id": "d", "h": 50},
    )  # fmt: skip
    rows = (
        women(local(table, dataset(2025)), dataset(2025).editions[-1]).query("axe == 'segment'").set_index("modalite")
    )
    assert rows["ecart_parite"].round(9).to_dict() == {"DECHETS": 0.25, "PROPRETE": -0.05}
    assert rows["ecart_parite"].sum() == pytest.approx(0.5 - 60 / 200)


def test_a_contract_told_twice_is_as_it_was_told_last_whatever_its_start_then() -> None:
    table = contracts(
        {"contrat": "C1", "annee": 2024, "date_debut": "2024-03-10", "date_fin": "2024-06-30"},
        {"contrat": "C1", "annee": 2025, "date_debut": "2024-03-01", "date_fin": "2025-09-30"},
        {"contrat": "C2", "annee": 2025, "date_debut": "2025-10-15", "date_fin": "2025-12-20"},
    )
    assert len(stays(table, sent(), 3, dataset(2024, 2025))) == 1, "no return after an end that was moved"
