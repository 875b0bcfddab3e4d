from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis.consolidation import tables
from analysis.consolidation.facts import entered_once
from analysis.core.files import read_table
from analysis.core.paths import protected_dir, results_dir
from analysis.demo.identifiers import siret_of
from analysis.disclosure.protect import build as protect
from analysis.disclosure.shown import reasons
from analysis.sources import exports, inventory
from consolidation.world import dataset as dataset_of
from sending import EPCI_AMIENS, EPCI_LILLE, TABLES, changed, people, send, write_dataset


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    return write_dataset()


def consolidated() -> pd.Series:
    """The values of edition 2025, before disclosure control, by territory, indicator and modality."""
    exports.build("essai")
    inventory.build("essai")
    tables.build("essai")
    rows = read_table(results_dir("essai") / "consolidation" / "indicateurs.parquet")
    return rows.set_index(["territoire", "indicateur", "modalite"])["valeur"]


def decide(dataset: Path, *lines: str) -> None:
    path = dataset / "decisions" / "doublons_operations.csv"
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))


def test_one_structure_gives_its_own_figures() -> None:
    send()
    values = consolidated()["32"]
    assert values["heures_realisees", "ensemble"] == 150.75
    assert values["heures_realisees", "RSA"] == 150.75
    assert ("heures_realisees", "DELD") not in values.index
    assert values["part_heures", "RSA"] == 1
    assert values["part_heures", "F"] == 1
    assert values["beneficiaires", "ensemble"] == values["operations", "ensemble"] == 1
    assert values["etp_1607", "ensemble"] == 150.75 / 1607
    assert values["structures_repondantes", "ensemble"] == 1


def test_who_did_no_hour_is_no_beneficiary() -> None:
    idle = {**TABLES["beneficiaires"][0], "ben_ref": "B2", "prenom": "Ali"}
    send(
        {
            "beneficiaires": [*TABLES["beneficiaires"], idle],
            "contrats": [TABLES["contrats"][0], {**TABLES["contrats"][0], "ctr_id": "C2", "ben_ref": "B2"}],
            "heures": [*TABLES["heures"], {"ctr_id": "C2", "mois": "2025-02", "heures": "0"}],
        }
    )
    values = consolidated()["32"]
    assert values["beneficiaires", "ensemble"] == values["contrats_travail", "ensemble"] == 1
    added = read_table(results_dir("essai") / "consolidation" / "sommes.parquet").set_index("indicateur")
    assert added.loc["beneficiaires", "somme_structures"] == 1


def test_an_operation_entered_twice_counts_once_its_decision_made(dataset: Path) -> None:
    send()
    send(changed("operations", libelle="Ecole Pasteur (réhab.)"), structure="S2")
    assert consolidated()["32"]["heures_realisees", "ensemble"] == 301.5
    decide(dataset, "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20")
    values = consolidated()["32"]
    assert values["heures_realisees", "ensemble"] == 150.75
    assert values["operations", "ensemble"] == values["entreprises", "ensemble"] == 1
    removed = read_table(results_dir("essai") / "consolidation" / "doublons_retires.parquet")
    assert removed[["operations", "heures"]].values.tolist() == [[1, 150.75]]


def test_a_contract_that_a_second_structure_enters_a_year_later_stands_under_the_latest_it_is_told_by() -> None:
    """S2 alone enters it in 2024, S1 too in 2025: what S2 answers of who left goes with the contract of S1."""
    entries = pd.DataFrame({"annee": [2024, 2025, 2025], "structure_id": ["S2", "S1", "S2"]})
    own = {key: entries["structure_id"] + f":{key}" for key in ("op_id", "eng_id", "ctr_id")}
    whose = {"ben_id": "a", "employeur_siret": "e", "date_debut": pd.Timestamp(2024, 3, 1), "contrat_type": "CDI"}
    clean = {
        "operations": entries.assign(op_id=own["op_id"]),
        "territoires": entries.assign(op_id=own["op_id"]),
        "engagements": entries.assign(**own, entreprise_siret="c").drop(columns="ctr_id"),
        "contrats": entries.assign(**own, **whose).drop(columns="op_id"),
        "heures": entries.assign(ctr_id=own["ctr_id"], mois=1, heures=10.0),
    }
    once = entered_once(clean, {"S2:op_id": "S1:op_id"})
    assert once.standing.to_dict() == {"S1:ctr_id": "S1:ctr_id", "S2:ctr_id": "S1:ctr_id"}
    assert once.contracts[["annee", "ctr_id", "centiheures"]].to_numpy().tolist() == [
        [2024, "S2:ctr_id", 1000], [2025, "S1:ctr_id", 1000],
    ]  # fmt: skip


def test_what_only_the_other_structure_says_of_an_operation_is_kept(dataset: Path) -> None:
    send(changed("operations", mecanisme="", heures_prevues=""))
    send(changed("operations", libelle="Ecole Pasteur (réhab.)", heures_prevues="200"), structure="S2")
    decide(dataset, "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20")
    values = consolidated()["32"]
    assert values["heures_realisees", "ensemble"] == 150.75
    assert values["heures_prevues", "ensemble"] == 200


@pytest.mark.parametrize(("scope", "least"), [("EXEC", 7), ("RES_IAE", 1)])
def test_hours_entered_twice_are_controlled_by_those_outside_the_scope_too(
    dataset: Path, scope: str, least: int
) -> None:
    """Those of the scope are published among the sums: less them, they are those of the other mechanisms."""
    both = people(1, 2, 3, 4, 5, 6, 7)
    both["contrats"] = [{**row, "eng_id": "E2" if row["ctr_id"] == "C7" else "E1"} for row in both["contrats"]]
    second = {"op_id": "OP2", "eng_id": "E2", "mecanisme": scope, "libelle": "Voirie du bourg"}
    for name in ("operations", "territoires", "engagements"):
        row = TABLES[name][0]
        both[name] = [row, {**row, **{key: value for key, value in second.items() if key in row}}]
    for structure in ("S1", "S2"):
        send(both, structure=structure)
    decide(dataset, *(f"S1,{op},S2,{op},doublon,la même,analyste,2026-01-20" for op in ("OP1", "OP2")))
    consolidated()
    row = read_table(results_dir("essai") / "consolidation" / "doublons_retires.parquet").iloc[0]
    assert (row["operations"], row["heures"], row["_personnes"]) == (2, 700, least)


def test_commitments_that_would_say_how_few_companies_there_are_are_hidden_too() -> None:
    send()
    consolidated()
    protect("essai", ["consolidation"])
    rows = read_table(protected_dir("essai") / "consolidation" / "indicateurs.parquet").set_index("indicateur")
    assert rows.loc[["entreprises", "engagements", "lots"], "valeur"].isna().all()
    assert rows.loc["operations", "valeur"].eq(1).all()


def test_an_operation_that_two_structures_give_two_mechanisms_adds_up_by_the_one_kept(dataset: Path) -> None:
    send()
    send(changed("operations", libelle="Ecole Pasteur (réhab.)", mecanisme="RES_IAE"), structure="S2")
    decide(dataset, "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20")
    assert consolidated()["32"]["heures_realisees", "ensemble"] == 150.75
    added = read_table(results_dir("essai") / "consolidation" / "sommes.parquet").set_index("indicateur")
    assert added.loc["heures_realisees", ["somme_structures", "distinct", "doubles"]].tolist() == [
        301.5,
        150.75,
        150.75,
    ]
    assert added.loc["operations", ["somme_structures", "doubles"]].tolist() == [2, 1]


def test_an_audience_that_few_follow_counts_where_it_is_told_and_lacks_nowhere_else() -> None:
    send(changed("contrats", refugie="oui"))
    values = consolidated()["32"]
    assert values["heures_realisees", "REFUGIE"] == 150.75 and values["part_heures", "REFUGIE"] == 1
    assert not {"ASS", "DETENTION"} & {modality for _, modality in values.index}
    protect("essai", ["consolidation"])
    rows = read_table(protected_dir("essai") / "consolidation" / "indicateurs.parquet").query("modalite == 'REFUGIE'")
    assert rows["valeur"].isna().all() and set(rows["secret"]) == {reasons()["heures"]}


@pytest.mark.parametrize("column", ["contrat_type", "employeur_kind"])
def test_a_dataset_without_a_known_type_of_contract_or_employer_is_consolidated(column: str) -> None:
    send(changed("contrats", **{column: "autre chose"}))
    assert consolidated()["32"]["heures_realisees", "ensemble"] == 150.75


def test_sensitivity_says_what_deciding_would_give(dataset: Path) -> None:
    send()
    extra = [*TABLES["heures"], {"ctr_id": "C1", "mois": "2025-04", "heures": "10"}]
    send({**changed("operations", libelle="Ecole Pasteur (réhab.)"), "heures": extra}, structure="S2")
    assert consolidated()["32"]["heures_realisees", "ensemble"] == 311.5
    folder = results_dir("essai") / "consolidation"
    rows = read_table(folder / "doublons_sensibilite.parquet")
    assert rows[["edition", "seuil"]].values.tolist() == [[2025, 0.5], [2025, 0.9], [2025, 0.99]]
    assert rows[["operations", "heures"]].iloc[0].tolist() == [1, 160.75]
    assert len(read_table(folder / "doublons_a_revoir.parquet")) == 1
    decide(dataset, "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20")
    values = consolidated()["32"]
    assert values["heures_realisees", "ensemble"] == 160.75
    rows = read_table(folder / "doublons_sensibilite.parquet")
    assert rows[["operations", "heures"]].drop_duplicates().values.tolist() == [[1, 160.75]]
    decided = (dataset / "decisions" / "doublons_operations.csv").read_text().replace(",doublon,", ",distinct,")
    (dataset / "decisions" / "doublons_operations.csv").write_text(decided)
    assert consolidated()["32"]["heures_realisees", "ensemble"] == 311.5
    rows = read_table(folder / "doublons_sensibilite.parquet")
    assert rows[["operations", "heures"]].drop_duplicates().values.tolist() == [[2, 311.5]]


def test_hours_that_a_pair_would_take_away_are_held_to_the_rules_too(dataset: Path) -> None:
    """The pair is published by name: what it would take away is the hours of its operation, of two persons."""
    more = people(1, 2, 3, 4, 5, 6, 7)
    second = {"eng_id": "E2", "op_id": "OP2"}
    more["contrats"] = [{**row, "eng_id": "E1" if row["ctr_id"] in ("C1", "C2") else "E2"} for row in more["contrats"]]
    for name in ("operations", "territoires", "engagements"):
        row = TABLES[name][0]
        more[name] = [row, {**row, **{key: value for key, value in second.items() if key in row}}]
    more["operations"][1] |= {"libelle": "Voirie du bourg", "segment": "TP_RESEAUX"}
    send(more)
    send({**changed("operations", libelle="Ecole Pasteur (réhab.)"), **people(1, 2)}, structure="S2")
    consolidated()
    rows = read_table(results_dir("essai") / "consolidation" / "doublons_sensibilite.parquet")
    assert rows["heures_en_moins"].tolist() == [200, 200, 200] and rows["_personnes"].tolist() == [2, 2, 2]


def test_sensitivity_of_an_edition_of_few_persons_is_published_without_its_hours() -> None:
    send()
    consolidated()
    protect("essai", ["consolidation"])
    rows = read_table(protected_dir("essai") / "consolidation" / "doublons_sensibilite.parquet")
    assert rows["heures"].isna().all() and set(rows["secret"]) == {reasons()["heures"]}


def test_pairs_are_merged_without_review_only_where_the_settings_say_so(project: Path, dataset: Path) -> None:
    send()
    send(changed("operations", libelle="Ecole Pasteur (réhab.)"), structure="S2")
    assert consolidated()["32"]["operations", "ensemble"] == 2
    settings = project / "params.yaml"
    settings.write_text(settings.read_text().replace("duplicate_accept: null", "duplicate_accept: 0.5"))
    assert consolidated()["32"]["operations", "ensemble"] == 1
    decide(dataset, "S1,OP1,S2,OP1,distinct,deux écoles,analyste,2026-01-20")
    assert consolidated()["32"]["operations", "ensemble"] == 2


def test_what_only_the_second_structure_knows_is_kept(dataset: Path) -> None:
    send()
    extra = [*TABLES["heures"], {"ctr_id": "C1", "mois": "2025-04", "heures": "10"}]
    send({"heures": extra}, structure="S2")
    decide(dataset, "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20")
    assert consolidated()["32"]["heures_realisees", "ensemble"] == 160.75


def test_a_status_that_only_the_second_structure_knows_is_known(dataset: Path) -> None:
    first = {**TABLES["contrats"][0], "rsa": "oui", "qpv": "non", "deld": ""}
    send({"contrats": [first]})
    send({"contrats": [{**first, "rsa": "non", "qpv": "oui", "qpv_millesime": "2024", "deld": "oui"}]}, structure="S2")
    decide(dataset, "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20")
    values = consolidated()["32"]
    assert values["part_heures", "DELD"] == 1 and values["part_heures_statut_inconnu", "DELD"] == 0
    assert values["part_heures", "RSA"] == 1 and values["part_heures", "QPV"] == 0, "what is told stays"


def test_the_answer_that_only_the_second_structure_has_is_an_answer(dataset: Path) -> None:
    send()
    answers = [{"ctr_id": "C1", "horizon_m": "6", "statut": "CDI"}, {"ctr_id": "C1", "horizon_m": "3", "statut": "CDI"}]
    send({"sorties": answers}, structure="S2")
    decide(dataset, "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20")
    consolidated()
    rows = read_table(results_dir("essai") / "consolidation" / "sorties.parquet")
    rows = rows.query("definition == 'DURABLE' and modalite == 'ensemble'").set_index("horizon_m")
    assert rows.loc[6, ["dus", "repondants", "reussites"]].tolist() == [1, 1, 1]


def test_the_share_of_women_is_of_the_hours_whose_sex_is_known() -> None:
    people, contract = TABLES["beneficiaires"], TABLES["contrats"][0]
    other = {**people[0], "ben_ref": "B2", "prenom": "Ali", "sexe": ""}
    worked = [*TABLES["heures"], {"ctr_id": "C2", "mois": "2025-02", "heures": "49,25"}]
    send(
        {
            "beneficiaires": [*people, other],
            "contrats": [contract, {**contract, "ctr_id": "C2", "ben_ref": "B2"}],
            "heures": worked,
        }
    )
    values = consolidated()["32"]
    assert values["part_heures", "F"] == 1
    assert values["part_heures_statut_inconnu", "F"] == pytest.approx(49.25 / 200)


def test_contracts_that_two_structures_number_the_other_way_round_are_matched_by_what_they_are(dataset: Path) -> None:
    zoe, ali = TABLES["beneficiaires"][0], {**TABLES["beneficiaires"][0], "ben_ref": "B2", "prenom": "Ali", "sexe": "M"}
    contract, hours = TABLES["contrats"][0], {"mois": "2025-02", "heures": "40"}
    for structure, (first, second) in {"S1": ("B1", "B2"), "S2": ("B2", "B1")}.items():
        contracts = [{**contract, "ben_ref": first}, {**contract, "ctr_id": "C2", "ben_ref": second}]
        whose = {first: "C1", second: "C2"}
        worked = [{**row, "ctr_id": whose["B1"]} for row in TABLES["heures"]] + [{**hours, "ctr_id": whose["B2"]}]
        send({"beneficiaires": [zoe, ali], "contrats": contracts, "heures": worked}, structure=structure)
    decide(dataset, "S2,OP1,S1,OP1,doublon,même école,analyste,2026-01-20")
    values = consolidated()["32"]
    assert values["heures_realisees", "ensemble"] == 190.75
    assert values["contrats_travail", "ensemble"] == 2
    assert values["heures_realisees", "M"] == 40


def test_training_split_off_by_one_structure_only_is_not_counted_twice(dataset: Path) -> None:
    split = [
        {"ctr_id": "C1", "mois": "2025-02", "heures": "80,5", "nature_heures": "TRAVAIL"},
        {"ctr_id": "C1", "mois": "2025-02", "heures": "20", "nature_heures": "FORMATION"},
        TABLES["heures"][1],
    ]
    send()
    send({"heures": split}, structure="S2")
    decide(dataset, "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20")
    assert consolidated()["32"]["heures_realisees", "ensemble"] == 150.75


def test_two_contracts_alike_in_one_structure_stay_two() -> None:
    twin = {**TABLES["contrats"][0], "ctr_id": "C2"}
    more = [*TABLES["heures"], {"ctr_id": "C2", "mois": "2025-02", "heures": "20"}]
    send({"contrats": [TABLES["contrats"][0], twin], "heures": more})
    values = consolidated()["32"]
    assert values["heures_realisees", "ensemble"] == 170.75
    assert values["contrats_travail", "ensemble"] == 2


def test_hours_are_shared_between_departments_and_persons_are_not() -> None:
    half = [{**TABLES["territoires"][0], "part": "0,6"}, {"op_id": "OP1", "epci_siren": EPCI_AMIENS, "part": "0,4"}]
    send({"territoires": half})
    values = consolidated()
    assert values["59", "heures_realisees", "ensemble"] == pytest.approx(90.45)
    assert values["80", "heures_realisees", "ensemble"] == pytest.approx(60.30)
    assert values["59", "beneficiaires", "ensemble"] == values["80", "beneficiaires", "ensemble"] == 1
    assert values["32", "beneficiaires", "ensemble"] == 1


def test_the_hours_of_a_rate_are_controlled_by_those_who_made_them() -> None:
    """A second operation, which says nothing of what was planned, is not in the rate: its persons hide nobody."""
    other = {**TABLES["beneficiaires"][0], "ben_ref": "B2", "prenom": "Ali"}
    send(
        {
            "operations": [*TABLES["operations"], {**TABLES["operations"][0], "op_id": "OP2", "heures_prevues": ""}],
            "territoires": [*TABLES["territoires"], {**TABLES["territoires"][0], "op_id": "OP2"}],
            "engagements": [
                *TABLES["engagements"],
                {**TABLES["engagements"][0], "eng_id": "E2", "op_id": "OP2", "heures_prevues": ""},
            ],
            "beneficiaires": [*TABLES["beneficiaires"], other],
            "contrats": [
                *TABLES["contrats"],
                {**TABLES["contrats"][0], "ctr_id": "C2", "ben_ref": "B2", "eng_id": "E2"},
            ],
            "heures": [*TABLES["heures"], {"ctr_id": "C2", "mois": "2025-02", "heures": "80"}],
        }
    )
    consolidated()
    rows = read_table(results_dir("essai") / "consolidation" / "indicateurs.parquet")
    persons = rows[rows["territoire"] == "32"].set_index(["indicateur", "modalite"])["_personnes"]
    assert persons["heures_realisees", "ensemble"] == 2
    for indicator in ("heures_depuis_origine", "taux_realisation"):
        assert persons[indicator, "ensemble"] == persons[indicator, "TERMINEE"] == 1


def commitments(*hours: str) -> dict[str, list[dict]]:
    """An operation that plans 1,000 hours, with a company for each of `hours`, what it commits itself to."""
    companies = [f"{number:09d}00018" for number in (552100554, 552081317, 542107651)]
    return {
        "operations": [{**TABLES["operations"][0], "heures_prevues": "1000"}],
        "engagements": [
            {
                **TABLES["engagements"][0],
                "eng_id": f"E{n}",
                "entreprise_siret": companies[n - 1],
                "heures_prevues": said,
            }
            for n, said in enumerate(hours, start=1)
        ],
    }


def test_establishments_of_one_legal_unit_are_one_company_and_one_employer_for_the_rules() -> None:
    asked = commitments("300", "300", "400")
    for establishment, row in enumerate(asked["engagements"], start=1):
        row["entreprise_siret"] = siret_of("552100554", establishment)
    both = people(1, 2)
    for establishment, row in enumerate(both["contrats"], start=1):
        row["employeur_siret"] = siret_of("552081317", establishment)
    send({**both, **asked})
    consolidated()
    rows = read_table(results_dir("essai") / "consolidation" / "indicateurs.parquet").query("territoire == '32'")
    rows = rows[rows["modalite"] == "ensemble"].set_index("indicateur")
    assert rows.loc["entreprises", "valeur"] == 3
    assert rows.loc[["entreprises", "engagements", "heures_prevues"], "_entreprises"].eq(1).all()
    assert rows.loc["heures_realisees", "_employeurs"] == 1


@pytest.mark.parametrize(
    ("hours", "largest"), [(("900", "50", "50"), 0.9), (("9", "0,5", "0,5"), 0.9), (("900", "", "50"), 1 / 3)]
)
def test_planned_hours_are_controlled_by_the_companies_committed_to_them(hours: tuple, largest: float) -> None:
    """Of each operation as its commitments say, whatever they add up to; in equal parts where one says nothing."""
    send(commitments(*hours))
    consolidated()
    rows = read_table(results_dir("essai") / "consolidation" / "indicateurs.parquet")
    rows = rows[rows["modalite"] == "ensemble"].set_index(["territoire", "indicateur"])
    for place, name in (("32", "heures_prevues"), ("200093201", "heures_prevues"), ("32", "heures_prevues_taux")):
        assert rows.loc[(place, name), "valeur"] == 1000
        assert rows.loc[(place, name), "_entreprises"] == 3
        assert rows.loc[(place, name), "_part_max_entreprise"] == pytest.approx(largest)
    assert rows.loc[("32", "taux_realisation"), "_part_max_entreprise"] == 1, "the weaker of planned and done"
    assert rows.loc[("32", "taux_realisation"), "_entreprises"] == 1


@pytest.mark.parametrize(("amended", "companies"), [("1000", 4), ("1200", 1)])
def test_hours_planned_first_are_controlled_by_the_amendments_that_they_leave_by_difference(
    amended: str, companies: int
) -> None:
    """Four companies planned both; one alone has an amendment."""
    asked = commitments("300", "300", "400")
    other = {**asked["operations"][0], "op_id": "OP2", "heures_prevues_init": "1000", "heures_prevues": amended}
    send(
        {
            "operations": [{**asked["operations"][0], "heures_prevues_init": "1000"}, other],
            "territoires": [*TABLES["territoires"], {**TABLES["territoires"][0], "op_id": "OP2"}],
            "engagements": [*asked["engagements"], {**TABLES["engagements"][0], "eng_id": "E9", "op_id": "OP2"}],
        }
    )
    consolidated()
    rows = read_table(results_dir("essai") / "consolidation" / "indicateurs.parquet").query("territoire == '32'")
    measured = rows.set_index("indicateur")["_entreprises"]
    assert measured["heures_prevues_init"] == companies and measured["heures_prevues"] >= 3


@pytest.mark.parametrize("starts", ["01/01/2025", "01/01/2019"])
def test_hours_planned_of_the_rate_are_controlled_by_those_of_the_other_operations_too(starts: str) -> None:
    """Three companies in the rate, one in what began before the first year: less each other, its commitment."""
    asked = commitments("300", "300", "400")
    send(
        {
            "operations": [*asked["operations"], {**TABLES["operations"][0], "op_id": "OP2", "date_debut": starts}],
            "territoires": [*TABLES["territoires"], {**TABLES["territoires"][0], "op_id": "OP2"}],
            "engagements": [*asked["engagements"], {**TABLES["engagements"][0], "eng_id": "E9", "op_id": "OP2"}],
        }
    )
    consolidated()
    rows = read_table(results_dir("essai") / "consolidation" / "indicateurs.parquet").query("territoire == '32'")
    companies = rows.set_index(["indicateur", "modalite"])["_entreprises"]
    assert companies["heures_prevues", "ensemble"] >= 3
    whole = companies["heures_prevues_taux", "ensemble"]
    assert whole == (1 if starts.endswith("2019") else companies["heures_prevues", "ensemble"])
    assert companies["taux_realisation", "ensemble"] == 1


def test_an_intercommunalite_has_no_hours_since_the_origin_and_no_rate() -> None:
    """Less those of the year before they are the hours of the year, hidden or not."""
    send()
    values = consolidated()
    assert ("32", "taux_realisation", "ensemble") in values.index
    assert not {"heures_depuis_origine", "heures_prevues_taux", "taux_realisation"} & set(
        values[EPCI_LILLE].index.get_level_values(0)
    )


def test_the_rate_of_what_ended_is_controlled_by_what_still_runs_too() -> None:
    """Six persons in what ended, one in what runs: his hours are those of the whole less those of what ended."""
    people = [{**TABLES["beneficiaires"][0], "ben_ref": f"B{n}", "prenom": f"Ali{n}"} for n in range(7)]
    runs = {"op_id": "OP2", "date_fin": "31/12/2026"}
    own = [
        {**TABLES["contrats"][0], "ctr_id": f"C{n}", "ben_ref": f"B{n}", "eng_id": "E1" if n else "E2"}
        for n in range(7)
    ]
    send(
        {
            "operations": [*TABLES["operations"], {**TABLES["operations"][0], **runs}],
            "territoires": [*TABLES["territoires"], {**TABLES["territoires"][0], "op_id": "OP2"}],
            "engagements": [*TABLES["engagements"], {**TABLES["engagements"][0], "eng_id": "E2", "op_id": "OP2"}],
            "beneficiaires": people,
            "contrats": own,
            "heures": [{"ctr_id": f"C{n}", "mois": "2025-02", "heures": "80"} for n in range(7)],
        }
    )
    consolidated()
    rows = read_table(results_dir("essai") / "consolidation" / "indicateurs.parquet")
    persons = rows[rows["territoire"] == "32"].set_index(["indicateur", "modalite"])["_personnes"]
    assert persons["heures_depuis_origine", "ensemble"] == 7
    assert persons["heures_depuis_origine", "TERMINEE"] == persons["taux_realisation", "TERMINEE"] == 1


def test_a_share_of_unknown_status_is_controlled_by_those_of_whom_it_is_not_known() -> None:
    people = [{**TABLES["beneficiaires"][0], "ben_ref": f"B{n}", "prenom": f"Ali{n}"} for n in range(3)]
    own = [{**TABLES["contrats"][0], "ctr_id": f"C{n}", "ben_ref": f"B{n}"} for n in range(3)]
    own[0]["rsa"] = "inconnu"
    months = [{"ctr_id": f"C{n}", "mois": "2025-02", "heures": "80"} for n in range(3)]
    send({"beneficiaires": people, "contrats": own, "heures": months})
    values = consolidated()["32"]
    assert values["part_heures_statut_inconnu", "RSA"] == pytest.approx(1 / 3)
    rows = read_table(results_dir("essai") / "consolidation" / "indicateurs.parquet")
    persons = rows[rows["territoire"] == "32"].set_index(["indicateur", "modalite"])["_personnes"]
    assert persons["part_heures_statut_inconnu", "RSA"] == 1 and persons["part_heures", "RSA"] == 2
    assert persons["part_heures_statut_inconnu", "F"] == 3, "nobody is of unknown sex: that gives nobody away"
    assert values["part_beneficiaires", "RSA"] == 1 and values["part_beneficiaires_totales", "RSA"] == pytest.approx(
        2 / 3
    )
    assert values["part_beneficiaires_statut_inconnu", "RSA"] == pytest.approx(1 / 3)
    assert persons["part_beneficiaires_statut_inconnu", "RSA"] == 1


def test_another_legal_mechanism_is_outside_the_scope() -> None:
    send(changed("operations", mecanisme="RES_IAE"))
    values = consolidated()["32"]
    assert "heures_realisees" not in values.index.get_level_values(0)


def test_who_answers_is_who_sent_an_operation_or_a_total_of_any_kind_and_mechanism() -> None:
    operations = pd.DataFrame({"annee": [2025, 2025, 2024], "structure_id": ["S1", "S1", "S2"]})
    totals = pd.DataFrame({"annee": [2025, 2025], "structure_id": ["S1", "S9"]})
    clean = {"operations": operations, "agregats": totals}
    rows = tables.with_respondents(pd.DataFrame(), clean, dataset_of(2025))
    assert rows.set_index("edition")["valeur"][2025] == 2


def test_no_export_at_all_is_not_an_error() -> None:
    assert consolidated()["32", "structures_repondantes", "ensemble"] == 0


def test_a_table_of_too_few_persons_is_published_without_its_numbers(dataset: Path) -> None:
    send()
    consolidated()
    protect("essai", ["consolidation"])
    rows = read_table(protected_dir("essai") / "consolidation" / "indicateurs.parquet")
    assert not [name for name in rows.columns if name.startswith("_")]
    hidden = rows.set_index(["territoire", "indicateur", "modalite"])
    hours = hidden.loc[("32", "heures_realisees", "ensemble")]
    assert pd.isna(hours["valeur"]) and hours["secret"] == reasons()["heures"]
    assert hidden.loc[("32", "operations", "ensemble"), "valeur"] == 1
    shutil.rmtree(protected_dir("essai"))


def test_the_same_exports_give_the_same_bytes() -> None:
    send()
    send(changed("operations", libelle="Autre opération", op_id="OP1"), structure="S2")
    consolidated()
    folder = results_dir("essai") / "consolidation"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    consolidated()
    assert first == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_structure_without_a_known_seat_is_in_place_in_the_region() -> None:
    clean = {
        "structures": pd.DataFrame(
            {
                "structure_id": ["S1", "S2", "S3"],
                "type_acteur": "FACILITATEUR",
                "commune_insee": ["59350", None, "02691"],
            }
        ),
        "facilitateurs": pd.DataFrame({"structure_id": ["S1", "S2", "S3"], "date_debut": pd.NaT, "date_fin": pd.NaT}),
    }
    world = dataset_of(2025)
    assert tables.in_place(clean, world)[2025] == {"S1", "S2"}
    part = world.editions[0].model_copy(update={"territoire": "31"})
    assert tables.in_place(clean, world.model_copy(update={"editions": [part]}))[2025] == {"S1"}
